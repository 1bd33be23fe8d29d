//! Lets a call begin, or says why not: the policy is asked with the facts of this moment, the sealed secret is read in the
//! same statement (D-33), and one more statement writes down the run and its audit event before anything leaves that
//! changes something or must happen once. A transaction around the two would add two round trips to each run and nothing
//! else: under read committed each statement sees its own moment, with or without it.

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
use crate::domain::integrations::registry::Registry;
use crate::domain::integrations::validation::FieldError;
use crate::domain::runs::admission::Admission;
use crate::domain::runs::admission::admit;
use crate::domain::runs::begun::Begun;
use crate::domain::runs::call::Call;
use crate::domain::runs::call::IntegrationName;
use crate::domain::runs::call::Outcome;
use crate::domain::runs::call::RunError;
use crate::domain::runs::call::has_nul;
use crate::domain::runs::confirmation::Agreement;
use crate::domain::runs::confirmation::Preview;
use crate::domain::runs::confirmation::call_fingerprint;
use crate::domain::runs::ending::sentence;
use crate::domain::runs::hold;
use crate::domain::runs::hold::Hold;
use crate::domain::runs::hold::Listener;
use crate::domain::runs::record;
use crate::domain::runs::record::Attempt;
use crate::domain::runs::record::Key;
use crate::domain::runs::record::Standing;
use crate::domain::runs::repeat;
use crate::domain::runs::run::RunConnection;
use crate::domain::runs::run::RunStatus;
use crate::domain::runs::target::Target;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::ConnectionId;
use crate::kernel::ids::RunId;
use crate::kernel::ids::UserId;
use crate::outbound::request::Request;
use crate::vault::Vault;
use crate::vault::VaultError;

const MAX_KEY: usize = 255;

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
    request: &'a Request,
    request_line: &'a str,
    key: Option<&'a Key>,
    at: Timestamp,
}

struct Admitted {
    run: RunId,
    is_written: bool,
    caller_name: String,
    target: Target,
    /// What leaves instead of the request on the scene, and what is written down of it.
    addressed: Option<(Request, String)>,
}

/// Looks the input over, asks the policy, and writes the call down.
pub fn begin(
    conn: &mut PgConnection,
    registry: &Registry,
    vault: &Vault,
    ask: Ask,
    at: Timestamp,
) -> Result<Beginning, RunError> {
    let (action, digest) = (&ask.action, ask.action.document_digest.as_deref());
    let definition = registry.resolve(conn, ask.actor.workspace, &action.integration, digest)?;
    let Some(definition) = definition.filter(|definition| definition.action(&ask.action.action).is_some()) else {
        return Ok(Beginning::Stop(vanished(conn, &ask, at)?));
    };
    let Some(defined) = definition.action(&ask.action.action) else { return Err(RunError::Stopped) };
    if let Err(errors) = check(&ask.call) {
        return Ok(Beginning::Stop(Outcome::Invalid(errors)));
    }
    let request = match defined.build(&ask.call.input) {
        Ok(request) => request,
        Err(errors) => return Ok(Beginning::Stop(Outcome::Invalid(errors))),
    };
    let request_line = format!("{} {}", request.method(), request.url());
    let key = ask.call.idempotency_key.as_ref().map(|word| Key {
        word: word.clone(),
        fingerprint: call_fingerprint(ask.action.id, ask.call.connection, &ask.call.input),
    });
    let scene = Scene {
        ask: &ask,
        definition: &definition,
        defined,
        request: &request,
        request_line: &request_line,
        key: key.as_ref(),
        at,
    };
    let decided = scene.decide(conn, vault)?;
    let Admitted { run, is_written, caller_name, target, addressed } = match decided {
        Ok(admitted) => admitted,
        Err(outcome) => return Ok(Beginning::Stop(outcome)),
    };
    let Target { owner, owner_name, name, used_at, secret, .. } = target;
    let (request, request_line) = addressed.unwrap_or((request, request_line));
    let tenant = secret.tenant.clone();
    let connection = RunConnection { id: secret.connection, name: Some(name), owner_name: Some(owner_name) };
    let begun =
        Begun { ask, definition, run, at, caller_name, request_line, connection, owner, tenant, used_at, is_written };
    Ok(Beginning::Go { begun: Arc::new(begun), request: Box::new(request), secret: Box::new(secret) })
}

/// What no schema says: Postgres keeps no NUL in a text, and keys are words.
fn check(call: &Call) -> Result<(), Vec<FieldError>> {
    let error = |field: &str, message: &str| vec![FieldError { field: field.to_owned(), message: message.to_owned() }];
    if has_nul(&call.input) {
        return Err(error("", "The input has a character (U+0000) that cannot be stored."));
    }
    let is_word = |key: &String| !key.is_empty() && key.len() <= MAX_KEY && key.chars().all(|c| c.is_ascii_graphic());
    if call.idempotency_key.as_ref().is_some_and(|key| !is_word(key)) {
        return Err(error("idempotency_key", "Use 1 to 255 visible ASCII characters without spaces."));
    }
    Ok(())
}

/// The action is on the agent, but the integration does not have it any more.
fn vanished(conn: &mut PgConnection, ask: &Ask, at: Timestamp) -> Result<Outcome, RunError> {
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
    /// The inner `Err` is an outcome, not a failure: what was written on the way to it stays.
    fn decide(&self, conn: &mut PgConnection, vault: &Vault) -> Result<Result<Admitted, Outcome>, RunError> {
        let (target, caller_name) = match admit(conn, self)? {
            Admission::Admitted { target, caller_name } => (*target, caller_name),
            Admission::Waits(outcome) => return Ok(Err(outcome)),
            Admission::Denied(reason) => return self.refuse(conn, reason).map(Err),
            Admission::Unfit(detail) => return self.turn_away(conn, None, Hold::Refused(detail)).map(Err),
        };
        let addressed = match self.addressed(&target) {
            Ok(addressed) => addressed,
            Err(detail) => return self.turn_away(conn, Some(&target), Hold::Refused(detail)).map(Err),
        };
        // Of a preselected connection the caller learns no address of its own (R11).
        let shown = addressed.as_ref().filter(|_| self.ask.action.credentials == CredentialMode::Own);
        let decided = match shown {
            Some((request, line)) => Scene { request, request_line: line, ..*self }.settle(conn, vault, target)?,
            None => self.settle(conn, vault, target)?,
        };
        Ok(decided.map(|(run, target)| Admitted {
            is_written: run.is_some(),
            run: run.unwrap_or_else(RunId::new),
            caller_name,
            target,
            addressed,
        }))
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

    /// What is decided once the request and the connection are known; with the run, if it is written down already.
    fn settle(
        &self,
        conn: &mut PgConnection,
        vault: &Vault,
        target: Target,
    ) -> Result<Result<(Option<RunId>, Target), Outcome>, RunError> {
        let listener = self.listener(&target);
        let held = hold::by_status(target.secret.status, &listener)
            .or_else(|| hold::by_scopes(self.defined, target.secret.auth_type, &target.scopes, &listener));
        let held = match held {
            Some(held) => Some(held),
            None => self.unlock(conn, vault, &target)?,
        };
        if let Some(held) = held {
            let stored = self.stored(conn)?;
            return match stored {
                Some(outcome) => Ok(Err(outcome)),
                None => self.turn_away(conn, Some(&target), held).map(Err),
            };
        }
        if let Some(unconfirmed) = self.unconfirmed(&target) {
            return Ok(Err(self.stored(conn)?.unwrap_or(unconfirmed)));
        }
        if self.defined.effect == Effect::Read && self.key.is_none() {
            return Ok(Ok((None, target)));
        }
        Ok(self.write(conn, &target)?.map(|run| (Some(run), target)))
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_postgres_cannot_keep_is_refused_before_it_gets_there() {
        let with = |input| check(&Call { input, ..Call::default() });

        assert!(with(json!({"text": "fine"})).is_ok());
        assert!(with(json!({"list": [{"text": "a\0b"}]})).is_err());
        assert!(with(json!({"a\0b": 1})).is_err());
    }

    #[test]
    fn an_idempotency_key_is_a_word() {
        let with = |key: &str| check(&Call { idempotency_key: Some(key.to_owned()), ..Call::default() });

        assert!(with("2c6f0c6e-6a35").is_ok());
        for wrong in ["", "two words", "ü", &"k".repeat(256)] {
            assert!(with(wrong).is_err(), "{wrong}");
        }
    }
}
