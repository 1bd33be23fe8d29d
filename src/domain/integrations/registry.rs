//! Every integration's definition, read once: the built-in ones at start, a workspace's own ones when first asked for.
//! Definitions are no rights, so they may be kept; a custom one is kept under its document's digest, which the database
//! is asked for each time.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::PoisonError;
use std::sync::RwLock;

use diesel::ExpressionMethods;
use diesel::OptionalExtension;
use diesel::QueryDsl;
use diesel::RunQueryDsl;
use diesel::pg::PgConnection;

use crate::database_errors;
use crate::db::DbError;
use crate::db::schema::custom_integrations;
use crate::domain::integrations::catalog;
use crate::domain::integrations::definition::Definition;
use crate::domain::integrations::document;
use crate::domain::integrations::document::Problem;
use crate::kernel::ids::WorkspaceId;
use crate::outbound::origin::OriginMap;

/// A definition could not be had.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    /// A stored document no longer reads: it was changed behind our back, or an older version took what this one refuses.
    #[error("the document of the integration “{0}” cannot be read any more; import it again")]
    Unreadable(String),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] DbError),
}

database_errors!(RegistryError);

/// A custom document as it was read, under its digest.
#[derive(Clone)]
struct Read {
    digest: Vec<u8>,
    definition: Arc<Definition>,
    notes: Arc<[Problem]>,
}

type Kept = HashMap<(WorkspaceId, String), Read>;

/// The definitions. Cheap to clone.
#[derive(Clone)]
pub struct Registry(Arc<Inner>);

struct Inner {
    map: OriginMap,
    builtin: Vec<Arc<Definition>>,
    custom: RwLock<Kept>,
}

impl Registry {
    /// The built-in integrations, with their addresses mapped.
    pub fn new(map: OriginMap) -> Self {
        let mapped = |definition: &Arc<Definition>| {
            // Where nothing is mapped, one copy of the catalogue is enough.
            if map.is_empty() { Arc::clone(definition) } else { Arc::new(definition.as_ref().clone().mapped(&map)) }
        };
        let builtin = catalog::builtin().iter().map(mapped).collect();
        Self(Arc::new(Inner { map, builtin, custom: RwLock::default() }))
    }

    /// The definition behind a key in a workspace.
    pub fn find(
        &self,
        conn: &mut PgConnection,
        workspace: WorkspaceId,
        key: &str,
    ) -> Result<Option<Arc<Definition>>, RegistryError> {
        if self.is_builtin(key) {
            return self.resolve(conn, workspace, key, None);
        }
        let digest: Option<Vec<u8>> = custom_integrations::table
            .find((workspace, key))
            .select(custom_integrations::digest)
            .first(conn)
            .optional()?;
        self.resolve(conn, workspace, key, digest.as_deref())
    }

    /// The definition behind a key whose present document is known by its digest: no question to the database, unless it
    /// was not read in this process yet.
    pub fn resolve(
        &self,
        conn: &mut PgConnection,
        workspace: WorkspaceId,
        key: &str,
        digest: Option<&[u8]>,
    ) -> Result<Option<Arc<Definition>>, RegistryError> {
        if let Some(definition) = self.known(workspace, key, digest) {
            return Ok(Some(definition));
        }
        digest.map(|digest| Ok(self.custom(conn, workspace, key, digest.to_vec())?.definition)).transpose()
    }

    /// The same, if it is known without asking the database.
    pub fn known(&self, workspace: WorkspaceId, key: &str, digest: Option<&[u8]>) -> Option<Arc<Definition>> {
        if let Some(definition) = self.0.builtin.iter().find(|definition| definition.key == key) {
            return Some(definition.clone());
        }
        Some(self.kept(&(workspace, key.to_owned()), digest?)?.definition)
    }

    /// What of a custom integration's document could not be carried over; nothing for a built-in one.
    pub fn notes(
        &self,
        conn: &mut PgConnection,
        workspace: WorkspaceId,
        key: &str,
    ) -> Result<Arc<[Problem]>, RegistryError> {
        let digest: Option<Vec<u8>> = custom_integrations::table
            .find((workspace, key))
            .select(custom_integrations::digest)
            .first(conn)
            .optional()?;
        match digest {
            Some(digest) if !self.is_builtin(key) => Ok(self.custom(conn, workspace, key, digest)?.notes),
            Some(_) | None => Ok(Arc::default()),
        }
    }

    /// All definitions of a workspace, by name.
    pub fn list(&self, conn: &mut PgConnection, workspace: WorkspaceId) -> Result<Vec<Arc<Definition>>, RegistryError> {
        let custom: Vec<(String, Vec<u8>)> = custom_integrations::table
            .filter(custom_integrations::workspace_id.eq(workspace))
            .select((custom_integrations::key, custom_integrations::digest))
            .load(conn)?;
        let mut all = self.0.builtin.clone();
        for (key, digest) in custom {
            match self.custom(conn, workspace, &key, digest) {
                Ok(read) => all.push(read.definition),
                // One document that no longer reads must not take the list down; its own page says what to do.
                Err(RegistryError::Unreadable(key)) => {
                    tracing::warn!(%key, "left an unreadable integration out of a list");
                }
                Err(error @ RegistryError::Database(_)) => return Err(error),
            }
        }
        all.sort_by_cached_key(|definition| definition.name.to_lowercase());
        Ok(all)
    }

    /// Whether a key is a built-in integration's.
    pub fn is_builtin(&self, key: &str) -> bool {
        self.0.builtin.iter().any(|definition| definition.key == key)
    }

    fn kept(&self, place: &(WorkspaceId, String), digest: &[u8]) -> Option<Read> {
        let kept = self.0.custom.read().unwrap_or_else(PoisonError::into_inner).get(place).cloned();
        kept.filter(|read| read.digest == digest)
    }

    fn custom(
        &self,
        conn: &mut PgConnection,
        workspace: WorkspaceId,
        key: &str,
        digest: Vec<u8>,
    ) -> Result<Read, RegistryError> {
        let place = (workspace, key.to_owned());
        if let Some(read) = self.kept(&place, &digest) {
            return Ok(read);
        }
        let text: String =
            custom_integrations::table.find((workspace, key)).select(custom_integrations::document).first(conn)?;
        let unreadable = |_problems| RegistryError::Unreadable(key.to_owned());
        let document = document::read(&text).map_err(unreadable)?;
        let mut definition = document.definition.mapped(&self.0.map);
        key.clone_into(&mut definition.key);
        let read = Read { digest, definition: Arc::new(definition), notes: document.notes.into() };
        let mut kept = self.0.custom.write().unwrap_or_else(PoisonError::into_inner);
        kept.insert(place, read.clone());
        Ok(read)
    }
}
