//! What a caller asks for, and every way it can turn out.

use serde_json::Value;

use crate::authz::policy::Reason;
use crate::authz::proof::Denied;
use crate::database_errors;
use crate::db::DbError;
use crate::domain::connections::Connection;
use crate::domain::integrations::definition::Definition;
use crate::domain::integrations::registry::RegistryError;
use crate::domain::integrations::validation::FieldError;
use crate::domain::runs::confirmation::Preview;
use crate::domain::runs::run::Run;
use crate::kernel::ids::ConnectionId;
use crate::kernel::ids::RunId;
use crate::vault::VaultError;

/// A call of an agent's action.
#[derive(Clone, Debug, Default)]
pub struct Call {
    /// The input: an object.
    pub input: Value,
    /// The connection that the caller chose among their own (R8). A preselected action takes no notice of it (R11).
    pub connection: Option<ConnectionId>,
    /// What [`Outcome::NeedsConfirmation`] gave, once the caller has agreed to it.
    pub confirmation: Option<String>,
    /// Makes the call happen once, however often it is sent.
    pub idempotency_key: Option<String>,
}

/// An integration, as callers name it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IntegrationName {
    /// Its key.
    pub key: String,
    /// Its name.
    pub name: String,
}

impl IntegrationName {
    /// That of a definition.
    pub fn of(definition: &Definition) -> Self {
        Self { key: definition.key.clone(), name: definition.name.clone() }
    }
}

/// How a call turned out.
#[derive(Debug)]
pub enum Outcome {
    /// It was sent, or failed on the way; the run says how it ended. The response is whole here, cut where it is stored.
    Finished(Box<Run>),
    /// It had been sent with the same idempotency key before, and this is how it ended.
    Replayed(Box<Run>),
    /// The caller has no connection for it (R9). Nothing was recorded.
    NeedsConnection {
        /// To what they have to connect.
        integration: IntegrationName,
    },
    /// The caller has several connections, and has to say which one to use here from now on. Nothing was recorded.
    NeedsChoice {
        /// For which integration.
        integration: IntegrationName,
        /// The caller's own first, then those shared with them.
        choices: Vec<Connection>,
    },
    /// The caller has to agree to exactly this request. Nothing was recorded.
    NeedsConfirmation {
        /// What would be sent.
        preview: Preview,
        /// What to send along with the same input.
        confirmation: String,
    },
    /// The connection is broken, and nothing else is used in its place (R13).
    NeedsReconnect {
        /// The record of the attempt.
        run: RunId,
        /// For which integration.
        integration: IntegrationName,
        /// The connection, where the caller owns it and can mend it themselves.
        connection: Option<ConnectionId>,
        /// What happened and who can mend it, for people.
        detail: String,
    },
    /// A rule refused it.
    Refused {
        /// The record of the attempt.
        run: RunId,
        /// The rule of the policy, where it was one.
        reason: Option<Reason>,
        /// What happened and who can help, for people.
        detail: String,
    },
    /// The input does not fit. Nothing was recorded.
    Invalid(Vec<FieldError>),
    /// The same call is under way.
    UnderWay {
        /// It.
        run: RunId,
    },
    /// The idempotency key was used for another call.
    KeyReusedWithOtherInput,
}

impl Outcome {
    /// Its name among the counters.
    pub(in crate::domain::runs) fn word(&self) -> &'static str {
        match self {
            Self::Finished(run) => run.status.as_str(),
            Self::Replayed(_) => "replayed",
            Self::NeedsConnection { .. } => "needs_connection",
            Self::NeedsChoice { .. } => "needs_choice",
            Self::NeedsConfirmation { .. } => "needs_confirmation",
            Self::NeedsReconnect { .. } => "needs_reconnect",
            Self::Refused { .. } => "refused",
            Self::Invalid(_) => "invalid",
            Self::UnderWay { .. } => "under_way",
            Self::KeyReusedWithOtherInput => "key_reused",
        }
    }
}

/// The runner could not do its work.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// What the caller was let in for is not theirs any more.
    #[error(transparent)]
    Denied(Denied),
    /// The access is being renewed by someone else, and that takes long. Nothing was sent.
    #[error("the access of the connection is being renewed; try again in {retry_after_seconds} s")]
    Busy {
        /// When to try again.
        retry_after_seconds: i64,
    },
    /// The integration's definition could not be had.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// The secret could not be made ready.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] DbError),
    /// The process is stopping.
    #[error("the call was given up because the process stops")]
    Stopped,
}

database_errors!(RunError);

impl From<Denied> for RunError {
    fn from(denied: Denied) -> Self {
        match denied {
            Denied::Database(error) => error.into(),
            Denied::Hidden | Denied::Forbidden(_) => Self::Denied(denied),
        }
    }
}

/// Whether a text in it has the one character that Postgres keeps in none.
pub(in crate::domain::runs) fn has_nul(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('\0'),
        Value::Array(items) => items.iter().any(has_nul),
        Value::Object(object) => object.iter().any(|(key, value)| key.contains('\0') || has_nul(value)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}
