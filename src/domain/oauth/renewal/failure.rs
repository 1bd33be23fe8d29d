//! Why there is no new access.

use crate::db::DbError;
use crate::vault::VaultError;

/// There is no new access.
#[derive(Clone, Debug, thiserror::Error)]
pub enum RenewError {
    /// The grant is dead: the owner reconnects.
    #[error("{0}")]
    NeedsReconnect(String),
    /// The integration's OAuth client is refused: an admin mends it.
    #[error("{0}")]
    Misconfigured(String),
    /// Another process is at it and takes long.
    #[error("the access is being renewed")]
    Busy {
        /// When to try again.
        retry_after_seconds: i64,
    },
    /// The token endpoint asked for a pause, or has had trouble, and is left alone until it is over (D-25).
    #[error("The provider could not renew the access a moment ago and is left alone. Try again in {}.", wait(*.retry_after_seconds))]
    Paused {
        /// When to try again.
        retry_after_seconds: i64,
    },
    /// The provider could not be asked; the grant may well be alive.
    #[error("{0}")]
    Unreachable(String),
    /// The connection is gone.
    #[error("the connection was deleted")]
    Gone,
    /// The vault or the database failed.
    #[error("{0}")]
    Failed(String),
}

impl RenewError {
    /// Its name among the counters.
    pub(in crate::domain::oauth::renewal) fn word(&self) -> &'static str {
        match self {
            Self::NeedsReconnect(_) => "needs_reconnect",
            Self::Misconfigured(_) => "misconfigured",
            Self::Busy { .. } => "busy",
            Self::Paused { .. } => "paused",
            Self::Unreachable(_) => "unreachable",
            Self::Gone => "gone",
            Self::Failed(_) => "failed",
        }
    }
}

/// A wait, for people.
pub fn wait(seconds: i64) -> String {
    match seconds {
        1 => "a second".to_owned(),
        2..=119 => format!("{seconds} seconds"),
        _ => format!("{} minutes", (seconds + 59) / 60),
    }
}

impl From<DbError> for RenewError {
    fn from(error: DbError) -> Self {
        Self::Failed(error.to_string())
    }
}

impl From<diesel::result::Error> for RenewError {
    fn from(error: diesel::result::Error) -> Self {
        Self::Failed(DbError::from(error).to_string())
    }
}

impl From<VaultError> for RenewError {
    fn from(error: VaultError) -> Self {
        Self::Failed(error.to_string())
    }
}
