//! Lets a call begin, or says why not: the policy is asked with the facts of this moment, the sealed secret is read in the
//! same statement (D-33, see `admission`), and one more statement writes down the run and its audit event before anything
//! leaves that changes something or must happen once. A transaction around the two would add two round trips to each run and
//! nothing else: under read committed each statement sees its own moment, with or without it.

use std::sync::Arc;

use diesel::pg::PgConnection;
use serde_json::Value;

use crate::authz::actor::Actor;
use crate::authz::facts::CredentialMode;
use crate::authz::policy::Reason;
use crate::domain::agents::AgentAction;
use crate::domain::connections::secrets::AccessSecret;
use crate::domain::integrations::definition::ActionDefinition;
use crate::domain::integrations::definition::Definition;
use crate::domain::integrations::definition::Effect;
use crate::domain::runs::admission;
use crate::domain::runs::admission::Admission;
use crate::domain::runs::begun::Begun;
use crate::domain::runs::call::Call;
use crate::domain::runs::call::IntegrationName;
use crate::domain::runs::call::Outcome;
use crate::domain::runs::call::RunError;
use crate::domain::runs::choices;
use crate::domain::runs::confirmation::Agreement;
use crate::domain::runs::confirmation::Preview;
use crate::domain::runs::ending::sentence;
use crate::domain::runs::hold;
use crate::domain::runs::hold::Hold;
use crate::domain::runs::hold::Listener;
use crate::domain::runs::record;
use crate::domain::runs::record::Attempt;
use crate::domain::runs::record::Key;
use crate::domain::runs::record::Standing;
use crate::domain::runs::repeat;
use crate::domain::runs::run::RunStatus;
use crate::domain::runs::target::Target;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::ConnectionId;
use crate::kernel::ids::RunId;
use crate::kernel::ids::UserId;
use crate::outbound::request::Request;
use crate::vault::Vault;
use crate::vault::VaultError;

/// Who asks for what.
#[derive(Clone, Debug)]
pub struct Ask {
    /// The caller.
    pub actor: Actor,
    /// The action, which the caller may run.
    pub action: AgentAction,
    /// The rest.
    pub call: Call,
}

/// What comes of asking.
#[derive(Debug)]
pub enum Beginning {
    /// It may leave.
    Go {
        /// What is known of it.
        begun: Arc<Begun>,
        /// What leaves.
        request: Box<Request>,
        /// With which credential.
        secret: Box<AccessSecret>,
    },
    /// It does not.
    Stop(Outcome),
}

/// The call on the stage where it is decided: everything that does not depend on the database any more.
#[derive(Clone, Copy, Debug)]
pub(in crate::domain::runs) struct Scene<'a> {
    pub(in crate::domain::runs) ask: &'a Ask,
    pub(in crate::domain::runs) definition: &'a Definition,
    pub(in crate::domain::runs) defined: &'a ActionDefinition,
    pub(in crate::domain::runs) request: &'a Request,
    pub(in crate::domain::runs) request_line: &'a str,
    pub(in crate::domain::runs) key: Option<&'a Key>,
    pub(in crate::domain::runs) at: Timestamp,
}

/// A call that leaves; with the id under which it is written down, if it is.
pub(in crate::domain::runs) struct Admitted {
    pub(in crate::domain::runs) run: Option<RunId>,
    pub(in crate::domain::runs) caller_name: String,
    pub(in crate::domain::runs) target: Box<Target>,
    /// What leaves instead of the request on the scene, and what is written down of it.
    pub(in crate::domain::runs) addressed: Option<(Request, String)>,
}

/// Writes down that the action is on the agent, but the integration does not have it any more.
pub fn vanished(conn: &mut PgConnection, ask: &Ask, at: Timestamp) -> Result<Outcome, RunError> {
    let detail =
        "The integration does not have this action any more. An editor of the agent can take it off.".to_owned();
    let run = RunId::new();
    let attempt = Attempt {
        run,
        actor: &ask.actor,
        action: &ask.action,
        effect: Effect::Write,
        connection: None,
        input: &Value::Null,
        request_line: None,
        key: None,
        at,
        standing: &Standing::Ended { status: RunStatus::Refused, detail: detail.clone() },
    };
    record::begin(conn, &attempt)?;
    Ok(Outcome::Refused { run, reason: None, detail })
}

impl Scene<'_> {
    /// Whether the call leaves as it is, with nothing to be asked or written before.
    pub(in crate::domain::runs) fn may_leave(&self, vault: &Vault, target: &Target) -> bool {
        let is_open = target.secret.sealed.as_ref().is_none_or(|it| vault.is_unlocked(self.ask.actor.workspace, it));
        self.defined.effect == Effect::Read
            && self.key.is_none()
            && self.defined.variable.is_none()
            && is_open
            && self.held(target).is_none()
            && self.unconfirmed(target).is_none()
    }

    /// The inner `Err` is an outcome, not a failure: what was written on the way to it stays.
    pub(in crate::domain::runs) fn settle(
        &self,
        conn: &mut PgConnection,
        vault: &Vault,
        admission: Admission,
    ) -> Result<Result<Admitted, Outcome>, RunError> {
        let integration = || IntegrationName::of(self.definition);
        let (target, caller_name) = match admission {
            Admission::Admitted { target, caller_name, is_new_choice } => {
                if is_new_choice {
                    choices::remember(conn, &self.ask.actor, &self.ask.action, target.secret.connection)?;
                }
                (target, caller_name)
            }
            Admission::Connect => return Ok(Err(Outcome::NeedsConnection { integration: integration() })),
            Admission::Choose => {
                let choices = admission::choices(conn, self)?;
                return Ok(Err(Outcome::NeedsChoice { integration: integration(), choices }));
            }
            Admission::Denied(reason) => return self.refuse(conn, reason).map(Err),
            Admission::Unfit(detail) => return self.turn_away(conn, None, Hold::Refused(detail)).map(Err),
        };
        let addressed = match self.addressed(&target) {
            Ok(addressed) => addressed,
            Err(detail) => return self.turn_away(conn, Some(&target), Hold::Refused(detail)).map(Err),
        };
        // Of a preselected connection the caller learns no address of its own (R11).
        let shown = addressed.as_ref().filter(|_| self.ask.action.credentials == CredentialMode::Own);
        let concluded = match shown {
            Some((request, line)) => Scene { request, request_line: line, ..*self }.conclude(conn, vault, &target)?,
            None => self.conclude(conn, vault, &target)?,
        };
        Ok(concluded.map(|run| Admitted { run, caller_name, target, addressed }))
    }

    /// The request at the connection's own address, where each connection has one.
    fn addressed(&self, target: &Target) -> Result<Option<(Request, String)>, String> {
        if self.defined.variable.is_none() {
            return Ok(None);
        }
        let request = self.defined.build_for(target.secret.tenant.as_ref(), &self.ask.call.input);
        let request = request.map_err(|errors| errors.into_iter().map(|error| error.message).collect::<String>())?;
        let line = match self.ask.action.credentials {
            CredentialMode::Own => format!("{} {}", request.method(), request.url()),
            CredentialMode::Preselected => self.request_line.to_owned(),
        };
        Ok(Some((request, line)))
    }

    /// What is decided once the request and the connection are known; with the run, if it has to be written down and is.
    fn conclude(
        &self,
        conn: &mut PgConnection,
        vault: &Vault,
        target: &Target,
    ) -> Result<Result<Option<RunId>, Outcome>, RunError> {
        let held = match self.held(target) {
            Some(held) => Some(held),
            None => self.unlock(conn, vault, target)?,
        };
        if let Some(held) = held {
            let stored = self.stored(conn)?;
            return match stored {
                Some(outcome) => Ok(Err(outcome)),
                None => self.turn_away(conn, Some(target), held).map(Err),
            };
        }
        if let Some(unconfirmed) = self.unconfirmed(target) {
            return Ok(Err(self.stored(conn)?.unwrap_or(unconfirmed)));
        }
        if self.defined.effect == Effect::Read && self.key.is_none() {
            return Ok(Ok(None));
        }
        Ok(self.write(conn, target)?.map(Some))
    }

    fn held(&self, target: &Target) -> Option<Hold> {
        let listener = self.listener(target);
        hold::by_status(target.secret.status, &listener)
            .or_else(|| hold::by_scopes(self.defined, target.secret.auth_type, &target.scopes, &listener))
    }

    fn listener<'t>(&'t self, target: &'t Target) -> Listener<'t> {
        Listener {
            credentials: self.ask.action.credentials,
            is_owner: target.owner == self.ask.actor.user,
            integration: &self.definition.name,
            connection: &target.name,
            owner: &target.owner_name,
        }
    }

    /// Opening needs no connection to the database afterwards.
    fn unlock(&self, conn: &mut PgConnection, vault: &Vault, target: &Target) -> Result<Option<Hold>, RunError> {
        let Some(sealed) = &target.secret.sealed else { return Ok(None) };
        match vault.unlock(conn, self.ask.actor.workspace, sealed) {
            Ok(()) => Ok(None),
            Err(VaultError::Database(error)) => Err(error.into()),
            Err(error) => {
                tracing::error!(connection.id = %target.secret.connection, %error, "a stored secret cannot be used");
                Ok(Some(Hold::Refused(sentence(&error.to_string()))))
            }
        }
    }

    fn stored(&self, conn: &mut PgConnection) -> Result<Option<Outcome>, RunError> {
        self.key.map_or(Ok(None), |key| repeat::find(conn, &self.ask.actor, key, self.at))
    }

    fn unconfirmed(&self, target: &Target) -> Option<Outcome> {
        if !self.ask.action.requires_confirmation {
            return None;
        }
        let agreement = Agreement {
            user: self.ask.actor.user,
            action: self.ask.action.id,
            fingerprint: &self.defined.fingerprint(),
            connection: target.secret.connection,
            input: &self.ask.call.input,
        };
        let confirmation = agreement.word();
        if self.ask.call.confirmation.as_ref() == Some(&confirmation) {
            return None;
        }
        Some(Outcome::NeedsConfirmation { preview: Preview::of(self.request), confirmation })
    }

    fn write(&self, conn: &mut PgConnection, target: &Target) -> Result<Result<RunId, Outcome>, RunError> {
        let run = RunId::new();
        let standing = Standing::begun_at(self.at);
        let attempt = self.attempt(run, Some(target), &standing);
        if record::begin(conn, &attempt)? {
            return Ok(Ok(run));
        }
        // The key is taken: by a call that counts, or by one whose day is over.
        if let Some(outcome) = self.stored(conn)? {
            return Ok(Err(outcome));
        }
        Ok(if record::begin(conn, &attempt)? { Ok(run) } else { Err(Outcome::KeyReusedWithOtherInput) })
    }

    fn refuse(&self, conn: &mut PgConnection, reason: Reason) -> Result<Outcome, RunError> {
        let detail = reason.to_string();
        let run = self.turned_away(conn, None, (RunStatus::Refused, &detail))?;
        Ok(Outcome::Refused { run, reason: Some(reason), detail })
    }

    fn turn_away(&self, conn: &mut PgConnection, target: Option<&Target>, hold: Hold) -> Result<Outcome, RunError> {
        match hold {
            Hold::Refused(detail) => {
                let run = self.turned_away(conn, target, (RunStatus::Refused, &detail))?;
                Ok(Outcome::Refused { run, reason: None, detail })
            }
            Hold::NeedsReconnect(detail) => {
                let run = self.turned_away(conn, target, (RunStatus::NeedsReconnect, &detail))?;
                let integration = IntegrationName::of(self.definition);
                let connection = target.and_then(|it| mendable(self.ask, it.secret.connection, it.owner));
                Ok(Outcome::NeedsReconnect { run, integration, connection, detail })
            }
        }
    }

    /// Writes down that the call does not leave, without its key: once what is wrong is mended, it may come again.
    fn turned_away(
        &self,
        conn: &mut PgConnection,
        target: Option<&Target>,
        (status, detail): (RunStatus, &str),
    ) -> Result<RunId, RunError> {
        let run = RunId::new();
        let standing = Standing::Ended { status, detail: detail.to_owned() };
        record::begin(conn, &Attempt { key: None, ..self.attempt(run, target, &standing) })?;
        Ok(run)
    }

    fn attempt<'s>(&'s self, run: RunId, target: Option<&Target>, standing: &'s Standing) -> Attempt<'s> {
        Attempt {
            run,
            actor: &self.ask.actor,
            action: &self.ask.action,
            effect: self.defined.effect,
            connection: target.map(|target| (target.secret.connection, target.owner)),
            input: &self.ask.call.input,
            request_line: Some(self.request_line),
            key: self.key,
            at: self.at,
            standing,
        }
    }
}

/// The connection, where its caller can mend it themselves. Not for a preselected action: it is not named there (R11).
pub(in crate::domain::runs) fn mendable(ask: &Ask, connection: ConnectionId, owner: UserId) -> Option<ConnectionId> {
    let is_theirs = ask.action.credentials == CredentialMode::Own && owner == ask.actor.user;
    is_theirs.then_some(connection)
}
