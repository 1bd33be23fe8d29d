//! What the errors of integrations, connections and OAuth mean to whoever asked. The API shows them as they stand here;
//! pages show most of them beside the form.

use actix_web::http::StatusCode;

use crate::domain::connections::connecting::ConnectError;
use crate::domain::connections::lifecycle::LifecycleError;
use crate::domain::connections::shares::ShareError;
use crate::domain::integrations::custom::ImportError;
use crate::domain::integrations::registry::RegistryError;
use crate::domain::integrations::settings::SettingsError;
use crate::domain::oauth::callback::CallbackError;
use crate::domain::oauth::flows::FlowError;
use crate::domain::oauth::trial::TrialError;
use crate::domain::runs::explanation::ExplainError;
use crate::http::error::Error;

impl From<ConnectError> for Error {
    fn from(error: ConnectError) -> Self {
        match error {
            ConnectError::NotOffered(_) => Self::invalid("auth_type", error),
            ConnectError::NotAllowed(reason) => Self::forbidden(reason),
            ConnectError::BrowserRequired => Self::conflict(
                "browser_required",
                "Connect in the browser",
                "This is connected on the provider's own pages, in a browser.",
            ),
            ConnectError::Fields(fields) => Self::invalid_fields(fields),
            ConnectError::Refused(detail) => {
                Self::new(StatusCode::UNPROCESSABLE_ENTITY, "credential_refused", "Not accepted", detail)
            }
            // The provider's trouble, not ours: a 5xx would stand in the log as our own.
            ConnectError::Unreached(detail) => {
                Self::new(StatusCode::UNPROCESSABLE_ENTITY, "provider_unreachable", "No answer", detail)
            }
            ConnectError::Gone => gone(),
            ConnectError::Vault(error) => Self::internal(error),
            ConnectError::Database(error) => error.into(),
        }
    }
}

impl From<LifecycleError> for Error {
    fn from(error: LifecycleError) -> Self {
        match error {
            LifecycleError::ChangedMeanwhile => gone(),
            LifecycleError::Vault(error) => Self::internal(error),
            LifecycleError::Database(error) => error.into(),
        }
    }
}

impl From<ShareError> for Error {
    fn from(error: ShareError) -> Self {
        match error {
            ShareError::AlreadyShared => Self::conflict("already_shared", "Shared already", error),
            ShareError::UnknownGrantee | ShareError::IsOwner => Self::invalid("grantee", error),
            ShareError::EndsInThePast => Self::invalid("expires_at", error),
            ShareError::HasEnded => Self::conflict("share_ended", "Ended", error),
            ShareError::TooLate => Self::conflict("too_late", "Too late", error),
            ShareError::Gone => gone(),
            ShareError::Database(error) => error.into(),
        }
    }
}

impl From<ExplainError> for Error {
    fn from(error: ExplainError) -> Self {
        match error {
            ExplainError::NoSuchPerson => Self::invalid("user", error),
            ExplainError::Gone => gone(),
            ExplainError::Registry(error) => error.into(),
            ExplainError::Database(error) => error.into(),
        }
    }
}

impl From<FlowError> for Error {
    fn from(error: FlowError) -> Self {
        match error {
            FlowError::NotAllowed(reason) => Self::forbidden(reason),
            FlowError::NoOauth => Self::invalid("auth_type", "This integration does not use OAuth."),
            FlowError::NotSetUp(_) => Self::conflict("oauth_not_set_up", "Not set up yet", error),
            FlowError::Random(error) => Self::internal(error),
            FlowError::Vault(error) => Self::internal(error),
            FlowError::Database(error) => error.into(),
        }
    }
}

impl From<CallbackError> for Error {
    fn from(error: CallbackError) -> Self {
        match error {
            CallbackError::StateUnknown
            | CallbackError::OtherIntegration
            | CallbackError::OtherIssuer
            | CallbackError::Declined(_)
            | CallbackError::Refused { .. }
            | CallbackError::ClientRefused(_)
            | CallbackError::Unreached(_)
            | CallbackError::CheckFailed(_) => Self::conflict("not_connected", "Not connected", error),
            CallbackError::OtherPerson => Self::new(StatusCode::FORBIDDEN, "other_person", "Not yours", error),
            CallbackError::Gone => gone(),
            CallbackError::NotAvailable => Self::not_found(),
            CallbackError::Registry(error) => error.into(),
            CallbackError::Vault(error) => Self::internal(error),
            CallbackError::Database(error) => error.into(),
        }
    }
}

impl From<TrialError> for Error {
    fn from(error: TrialError) -> Self {
        match error {
            TrialError::Gone => gone(),
            TrialError::Failed(cause) => Self::internal(cause),
            TrialError::Registry(error) => error.into(),
            TrialError::Vault(error) => Self::internal(error),
            TrialError::Database(error) => error.into(),
        }
    }
}

impl From<SettingsError> for Error {
    fn from(error: SettingsError) -> Self {
        match error {
            SettingsError::NoOauth => Self::invalid("oauth_client", "This integration does not use OAuth."),
            SettingsError::ClientIdMissing => Self::invalid("oauth_client", "The client id is missing."),
            SettingsError::UnknownGrantee(ref scope) | SettingsError::TooManyGrantees(ref scope) => {
                Self::invalid(scope.field(), error)
            }
            SettingsError::UnknownAction(ref action) => Self::invalid(format!("actions.{action}"), error),
            SettingsError::NotOffered(_) => Self::invalid("reserved_auth_types", error),
            SettingsError::Vault(error) => Self::internal(error),
            SettingsError::Database(error) => error.into(),
        }
    }
}

impl From<ImportError> for Error {
    fn from(error: ImportError) -> Self {
        match error {
            ImportError::Problems(problems) => {
                Self::invalid_fields(problems.into_iter().map(|problem| (problem.pointer, problem.message)))
            }
            ImportError::Key(error) => Self::invalid("key", error),
            ImportError::KeyTaken(_) => Self::conflict("key_taken", "The key is taken", error),
            ImportError::Database(error) => error.into(),
        }
    }
}

impl From<RegistryError> for Error {
    fn from(error: RegistryError) -> Self {
        match error {
            RegistryError::Unreadable(_) => Self::internal(error),
            RegistryError::Database(error) => error.into(),
        }
    }
}

/// 409: what was asked about is not as it was.
fn gone() -> Error {
    Error::conflict(
        "changed_meanwhile",
        "Changed meanwhile",
        "The connection was changed or deleted meanwhile. Reload the page and try again.",
    )
}
