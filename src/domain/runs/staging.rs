//! A call before it begins: looked over by itself, and then by the answer of the policy. A call that only looks goes on from
//! here at once; what has to be read or written before any other leaves is in `beginning`.

use std::sync::Arc;

use diesel::pg::PgConnection;

use crate::domain::integrations::definition::Definition;
use crate::domain::integrations::validation::FieldError;
use crate::domain::runs::admission;
use crate::domain::runs::admission::Admission;
use crate::domain::runs::admission::Answer;
use crate::domain::runs::admission::Question;
use crate::domain::runs::beginning::Admitted;
use crate::domain::runs::beginning::Ask;
use crate::domain::runs::beginning::Beginning;
use crate::domain::runs::beginning::Scene;
use crate::domain::runs::begun::Begun;
use crate::domain::runs::call::Call;
use crate::domain::runs::call::Outcome;
use crate::domain::runs::call::RunError;
use crate::domain::runs::call::has_nul;
use crate::domain::runs::confirmation::call_fingerprint;
use crate::domain::runs::record::Key;
use crate::domain::runs::run::RunConnection;
use crate::domain::runs::target::Target;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::RunId;
use crate::outbound::request::Request;
use crate::vault::Vault;

const MAX_KEY: usize = 255;

/// A call that fits its action.
#[derive(Debug)]
pub struct Staged {
    ask: Ask,
    definition: Arc<Definition>,
    request: Request,
    request_line: String,
    key: Option<Key>,
    at: Timestamp,
}

/// What comes of looking a call over.
#[derive(Debug)]
pub enum Staging {
    /// The policy may be asked.
    Staged(Box<Staged>),
    /// The input does not fit.
    Stop(Outcome),
    /// The action is on the agent, but the integration does not have it any more.
    Vanished(Box<Ask>),
}

/// What follows from the answer of the policy.
#[derive(Debug)]
pub enum Step {
    /// It leaves at once, and nothing has to be written before.
    Leave(Beginning),
    /// Something has to be read or written first, see [`Staged::settle`].
    Settle(Box<Staged>, Admission),
}

/// Looks the input over.
pub fn stage(definition: Option<Arc<Definition>>, ask: Ask, at: Timestamp) -> Staging {
    let Some(definition) = definition else { return Staging::Vanished(Box::new(ask)) };
    let Some(defined) = definition.action(&ask.action.action) else { return Staging::Vanished(Box::new(ask)) };
    if let Err(errors) = check(&ask.call) {
        return Staging::Stop(Outcome::Invalid(errors));
    }
    let request = match defined.build(&ask.call.input) {
        Ok(request) => request,
        Err(errors) => return Staging::Stop(Outcome::Invalid(errors)),
    };
    let request_line = format!("{} {}", request.method(), request.url());
    let key = ask.call.idempotency_key.as_ref().map(|word| Key {
        word: word.clone(),
        fingerprint: call_fingerprint(ask.action.id, ask.call.connection, &ask.call.input),
    });
    Staging::Staged(Box::new(Staged { ask, definition, request, request_line, key, at }))
}

impl Staged {
    /// What the policy needs to know.
    pub fn question(&self) -> Result<Question, RunError> {
        Ok(admission::question(&self.ask, self.scene()?.defined))
    }

    /// Asks the policy, with the answer to that question. A call that only looks may leave then, if nothing holds it.
    pub fn decide(self: Box<Self>, vault: &Vault, answer: Answer) -> Result<Step, RunError> {
        let scene = self.scene()?;
        let admission = admission::decide(&scene, answer)?;
        let leaves = match &admission {
            Admission::Admitted { target, is_new_choice, .. } => !is_new_choice && scene.may_leave(vault, target),
            Admission::Connect | Admission::Choose | Admission::Denied(_) | Admission::Unfit(_) => false,
        };
        Ok(match admission {
            Admission::Admitted { target, caller_name, .. } if leaves => {
                Step::Leave(self.go(Admitted { run: None, caller_name, target, addressed: None }))
            }
            Admission::Admitted { .. }
            | Admission::Connect
            | Admission::Choose
            | Admission::Denied(_)
            | Admission::Unfit(_) => Step::Settle(self, admission),
        })
    }

    /// Writes down what comes of it, which for a call that changes something is that it leaves.
    pub fn settle(
        self: Box<Self>,
        conn: &mut PgConnection,
        vault: &Vault,
        admission: Admission,
    ) -> Result<Beginning, RunError> {
        Ok(match self.scene()?.settle(conn, vault, admission)? {
            Ok(admitted) => self.go(admitted),
            Err(outcome) => Beginning::Stop(outcome),
        })
    }

    fn scene(&self) -> Result<Scene<'_>, RunError> {
        Ok(Scene {
            ask: &self.ask,
            definition: &self.definition,
            defined: self.definition.action(&self.ask.action.action).ok_or(RunError::Stopped)?,
            request: &self.request,
            request_line: &self.request_line,
            key: self.key.as_ref(),
            at: self.at,
        })
    }

    fn go(self: Box<Self>, admitted: Admitted) -> Beginning {
        let Self { ask, definition, request, request_line, at, .. } = *self;
        let Admitted { run, caller_name, target, addressed } = admitted;
        let Target { owner, owner_name, name, used_at, secret, .. } = *target;
        let (request, request_line) = addressed.unwrap_or((request, request_line));
        let tenant = secret.tenant.clone();
        let connection = RunConnection { id: secret.connection, name: Some(name), owner_name: Some(owner_name) };
        let (is_written, run) = (run.is_some(), run.unwrap_or_else(RunId::new));
        let begun = Begun {
            ask,
            definition,
            run,
            at,
            caller_name,
            request_line,
            connection,
            owner,
            tenant,
            used_at,
            is_written,
        };
        Beginning::Go { begun: Arc::new(begun), request: Box::new(request), secret: Box::new(secret) }
    }
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
