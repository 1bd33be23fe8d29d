//! Stub.

use std::sync::Arc;

use diesel::pg::PgConnection;

use crate::database_errors;
use crate::db::DbError;
use crate::domain::integrations::catalog;
use crate::domain::integrations::definition::Definition;
use crate::kernel::ids::WorkspaceId;

/// A definition could not be had.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    /// No longer reads.
    #[error("the document of the integration “{0}” cannot be read any more; import it again")]
    Unreadable(String),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] DbError),
}

database_errors!(RegistryError);

/// Stub.
#[derive(Clone)]
pub struct Registry;

impl Registry {
    /// Stub.
    pub fn find(
        &self,
        conn: &mut PgConnection,
        workspace: WorkspaceId,
        key: &str,
    ) -> Result<Option<Arc<Definition>>, RegistryError> {
        let _ = (conn, workspace);
        Ok(catalog::builtin().iter().find(|definition| definition.key == key).cloned())
    }
}
