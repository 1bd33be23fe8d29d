//! Stub.

use std::sync::Arc;

use crate::db::DbError;
use crate::domain::connections::secrets::AccessSecret;
use crate::domain::integrations::definition::Definition;

/// Why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Renewal {
    /// It may have expired.
    Expiring,
    /// The provider said 401.
    Rejected,
}

/// Stub.
#[derive(Debug, thiserror::Error)]
pub enum RenewError {
    /// Dead.
    #[error("{0}")]
    NeedsReconnect(String),
    /// Client refused.
    #[error("{0}")]
    Misconfigured(String),
    /// Another refreshes.
    #[error("a refresh is under way")]
    Busy {
        /// When to come again.
        retry_after_seconds: i64,
    },
    /// Away.
    #[error("{0}")]
    Unreachable(String),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] DbError),
}

/// Stub.
#[derive(Clone)]
pub struct Renewer;

impl Renewer {
    /// Stub.
    #[expect(clippy::unused_async, reason = "a stub")]
    pub async fn fresh(
        &self,
        secret: AccessSecret,
        definition: Arc<Definition>,
        why: Renewal,
    ) -> Result<AccessSecret, RenewError> {
        let _ = (definition, why);
        Ok(secret)
    }
}
