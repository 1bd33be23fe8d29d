//! Why something was not done to an agent: what belongs beside a field of the form, and everything else.

use actix_web::http::StatusCode;

use crate::authz::proof::Denied;
use crate::db::DbError;
use crate::domain::agents::actions::ActionError;
use crate::domain::agents::agent::AgentError;
use crate::domain::agents::shares::ShareError;
use crate::http::error::Error;

/// Why something was not done.
#[derive(Debug)]
pub(super) enum Refusal {
    /// Something in the form needs a change.
    Field {
        /// Which field.
        field: &'static str,
        /// What is wrong with it.
        message: String,
        /// What the answer is.
        status: StatusCode,
    },
    /// Anything else.
    Other(Error),
}

impl Refusal {
    pub(super) fn field(field: &'static str, message: &(impl ToString + ?Sized)) -> Self {
        Self::Field { field, message: message.to_string(), status: StatusCode::UNPROCESSABLE_ENTITY }
    }

    /// A connection that cannot be attached: which field it is about is known here, unlike in the gate.
    pub(super) fn attaching(denied: Denied) -> Self {
        let field = "connection_id";
        match denied {
            Denied::Hidden => Self::field(field, "This connection is not there for you any more. Choose another one."),
            Denied::Forbidden(reason) => {
                Self::Field { field, message: reason.to_string(), status: StatusCode::FORBIDDEN }
            }
            Denied::Database(error) => Self::Other(error.into()),
        }
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Self::Other(error)
    }
}

impl From<DbError> for Refusal {
    fn from(error: DbError) -> Self {
        Self::Other(error.into())
    }
}

impl From<diesel::result::Error> for Refusal {
    fn from(error: diesel::result::Error) -> Self {
        Self::Other(error.into())
    }
}

impl From<AgentError> for Refusal {
    fn from(error: AgentError) -> Self {
        match error {
            AgentError::Text { field, source } => Self::field(field, &source),
            AgentError::Gone | AgentError::Database(_) => Self::Other(error.into()),
        }
    }
}

impl From<ActionError> for Refusal {
    fn from(error: ActionError) -> Self {
        match error {
            ActionError::UnknownIntegration => Self::field("integration", &error),
            ActionError::NotAllowed(_) => {
                Self::Field { field: "action", message: error.to_string(), status: StatusCode::FORBIDDEN }
            }
            ActionError::UnknownAction | ActionError::AlreadyThere => Self::field("action", &error),
            ActionError::OtherIntegration | ActionError::AuthTypeNotAdmitted => Self::field("connection_id", &error),
            ActionError::Gone | ActionError::Registry(_) | ActionError::Database(_) => Self::Other(error.into()),
        }
    }
}

impl From<ShareError> for Refusal {
    fn from(error: ShareError) -> Self {
        match error {
            ShareError::AlreadyShared | ShareError::UnknownGrantee | ShareError::IsOwner => {
                Self::field("grantee", &error)
            }
            ShareError::Gone | ShareError::Database(_) => Self::Other(error.into()),
        }
    }
}
