//! What the errors of agents and runs mean to whoever asked.

use crate::domain::agents::actions::ActionError;
use crate::domain::agents::agent::AgentError;
use crate::domain::agents::shares::ShareError;
use crate::domain::runs::RunError;
use crate::http::error::Error;

impl From<AgentError> for Error {
    fn from(error: AgentError) -> Self {
        match error {
            AgentError::Text { field, source } => Self::invalid(field, source),
            AgentError::Gone => gone(),
            AgentError::Database(error) => error.into(),
        }
    }
}

impl From<ActionError> for Error {
    fn from(error: ActionError) -> Self {
        match error {
            ActionError::UnknownIntegration => Self::nothing_named("integration"),
            ActionError::NotAllowed(reason) => Self::forbidden(reason),
            ActionError::UnknownAction => Self::invalid("action", error),
            ActionError::AlreadyThere => Self::conflict("already_there", "On the agent already", error),
            ActionError::OtherIntegration | ActionError::AuthTypeNotAdmitted => Self::invalid("connection_id", error),
            ActionError::Gone => gone(),
            ActionError::Registry(error) => error.into(),
            ActionError::Database(error) => error.into(),
        }
    }
}

impl From<ShareError> for Error {
    fn from(error: ShareError) -> Self {
        match error {
            ShareError::AlreadyShared => Self::conflict("already_shared", "Shared already", error),
            ShareError::UnknownGrantee | ShareError::IsOwner => Self::invalid("grantee", error),
            ShareError::Gone => gone(),
            ShareError::Database(error) => error.into(),
        }
    }
}

impl From<RunError> for Error {
    fn from(error: RunError) -> Self {
        match error {
            RunError::Denied(denied) => denied.into(),
            RunError::Busy { retry_after_seconds } => Self::unavailable(error).retry_after(retry_after_seconds),
            RunError::Registry(error) => error.into(),
            RunError::Vault(error) => Self::internal(error),
            RunError::Database(error) => error.into(),
            RunError::Stopped => Self::unavailable(error),
        }
    }
}

/// 409: what was asked about is not as it was.
fn gone() -> Error {
    let detail = "The agent or its action was changed or deleted meanwhile. Look again and try once more.";
    Error::conflict("changed_meanwhile", "Changed meanwhile", detail)
}
