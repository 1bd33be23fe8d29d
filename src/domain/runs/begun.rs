//! A call that may leave, from then until it has come back.

use std::sync::Arc;

use diesel::QueryResult;
use diesel::pg::PgConnection;

use crate::authz::facts::CredentialMode;
use crate::domain::integrations::definition::ActionDefinition;
use crate::domain::integrations::definition::Definition;
use crate::domain::integrations::definition::Effect;
use crate::domain::runs::beginning::Ask;
use crate::domain::runs::ending::Asked;
use crate::domain::runs::record;
use crate::domain::runs::record::Attempt;
use crate::domain::runs::record::Standing;
use crate::domain::runs::run::Run;
use crate::domain::runs::run::RunConnection;
use crate::domain::runs::run::RunContent;
use crate::domain::runs::run::RunResponse;
use crate::domain::runs::run::RunStatus;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::RunId;
use crate::kernel::ids::UserId;
use crate::outbound::label::Label;
use crate::outbound::request::Request;
use crate::outbound::request::Response;

/// A call that may leave.
#[derive(Clone, Debug)]
pub struct Begun {
    /// Who asked for what.
    pub ask: Ask,
    /// The integration.
    pub definition: Arc<Definition>,
    /// The run.
    pub run: RunId,
    /// When it began.
    pub at: Timestamp,
    /// The caller's name.
    pub caller_name: String,
    /// Method and address.
    pub request_line: String,
    /// The connection.
    pub connection: RunConnection,
    /// Its owner.
    pub owner: UserId,
    /// The name that it has in its provider's addresses.
    pub tenant: Option<Label>,
    /// When it was used last, to the minute.
    pub used_at: Option<Timestamp>,
    /// Whether it stands in the record already. What changes something does, and what must happen once; a call that only
    /// looks may leave before (see `runner`).
    pub is_written: bool,
}

impl Begun {
    /// Whether it changes something.
    pub fn effect(&self) -> Effect {
        self.defined().map_or(Effect::Write, |defined| defined.effect)
    }

    /// What is called, for the words about it.
    pub fn asked(&self) -> Asked<'_> {
        Asked { integration: &self.definition.name, effect: self.effect(), failure: self.definition.failure.as_ref() }
    }

    fn defined(&self) -> Option<&ActionDefinition> {
        self.definition.action(&self.ask.action.action)
    }

    /// The request once more; it was built before, so there is one.
    pub(in crate::domain::runs) fn build(&self) -> Option<Request> {
        self.defined()?.build_for(self.tenant.as_ref(), &self.ask.call.input).ok()
    }

    /// Writes down a call that left before.
    pub fn write(&self, conn: &mut PgConnection) -> QueryResult<bool> {
        let attempt = Attempt {
            run: self.run,
            actor: &self.ask.actor,
            action: &self.ask.action,
            effect: self.effect(),
            connection: Some((self.connection.id, self.owner)),
            input: &self.ask.call.input,
            request_line: Some(&self.request_line),
            key: None,
            at: self.at,
            standing: &Standing::begun_at(self.at),
        };
        record::begin(conn, &attempt)
    }

    /// The run as its caller sees it.
    pub(in crate::domain::runs) fn into_run(self, response: Option<Response>) -> Run {
        let effect = self.effect();
        let action = self.ask.action;
        let owns_connection = self.owner == self.ask.actor.user;
        let may_know = owns_connection || action.credentials == CredentialMode::Own;
        let response =
            response.map(|it| RunResponse { status: it.status, headers: it.headers, body: it.body, is_cut: false });
        Run {
            id: self.run,
            caller: self.ask.actor.user,
            caller_name: self.caller_name,
            agent: action.agent,
            agent_name: Some(action.agent_name),
            agent_action: action.id,
            integration: action.integration,
            action: action.action,
            effect,
            credentials: action.credentials,
            status: RunStatus::Begun,
            detail: None,
            connection: Some(self.connection).filter(|_| may_know),
            content: Some(RunContent { input: self.ask.call.input, request_line: Some(self.request_line), response }),
            started_at: self.at,
            finished_at: None,
            duration_ms: None,
            is_caller: true,
            owns_connection,
        }
    }
}
