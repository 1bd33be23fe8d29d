//! Secrets: plaintext lives here and nowhere else. What comes in is a [`input::SecretInput`], what is stored a
//! [`sealed::Sealed`]; in between it exists for the length of one function, and it leaves only on a request to an origin
//! that it was sealed for (R2, R3).
//!
//! Sealing asks the database for the workspace's key. Opening does not: [`Vault::unlock`] brings the key into memory
//! while a connection is at hand, and calls to the outside then hold no connection.

mod attach;
mod call;
mod envelope;
pub mod exchange;
pub mod input;
pub mod keyfile;
pub mod keyring;
mod plain;
pub mod processes;
pub mod rotation;
mod rows;
mod scrub;
pub mod sealed;
pub mod service_account;
pub mod slot;
pub mod stamp;
#[cfg(test)]
mod testing;

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::sync::PoisonError;
use std::sync::RwLock;

use diesel::PgConnection;
use ring::error::Unspecified;

use crate::kernel::clock::Timestamp;
use crate::kernel::ids::NoRandomness;
use crate::kernel::ids::WorkspaceId;
use crate::kernel::ids::WorkspaceKeyId;
use crate::vault::envelope::KeyBytes;
use crate::vault::envelope::WorkspaceKey;
use crate::vault::input::SecretFields;
use crate::vault::input::SecretInput;
use crate::vault::keyring::Keyring;
use crate::vault::plain::Plain;
use crate::vault::rows::WorkspaceKeyRow;
use crate::vault::sealed::Context;
use crate::vault::sealed::Sealed;

pub use crate::vault::call::CallError;
pub use crate::vault::call::Credential;

/// A workspace key stops here, long before random nonces could repeat (D-10).
const MAX_WRAPS: i64 = 1 << 31;

/// Why the vault did not do it. No variant carries a secret or its size.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// The key file has another key under an id that the database knows.
    #[error(
        "the key “{0}” in the key file is not the one that this database was used with; put the right key file back"
    )]
    WrongKey(String),
    /// Something is wrapped under a key that the key file does not have.
    #[error(
        "secrets in the database are sealed under the key “{0}”, which the key file does not have; put the key file back that has it"
    )]
    UnknownKey(String),
    /// The active key was taken out of use.
    #[error(
        "the key “{0}”, which the key file marks `active`, was retired; mark another one active, or make one with `odeus keys new`"
    )]
    RetiredKey(String),
    /// No key was made for the workspace.
    #[error("the workspace {0} has no key; it was not made by `odeus workspace create`")]
    NoWorkspaceKey(WorkspaceId),
    /// The workspace's key does not unwrap: the row was changed.
    #[error("the key of workspace {0} does not unwrap: its row was changed or moved; restore it from a backup")]
    DamagedWorkspaceKey(WorkspaceId),
    /// The workspace's key was used 2^31 times.
    #[error("the key of workspace {0} is used up and must be replaced")]
    UsedUp(WorkspaceId),
    /// Opening without [`Vault::unlock`] before.
    #[error("the workspace's key was not unlocked before the secret was used")]
    Locked,
    /// A sealed secret does not open here: moved, damaged, for other origins, or not sealed by us.
    #[error("the stored secret cannot be read here; it has to be entered again")]
    Unreadable,
    /// The opened secret has another shape than was asked for.
    #[error("the stored secret has not the parts that are needed; it has to be entered again")]
    NotFields,
    /// Too long to be sealed.
    #[error("the secret is too long")]
    TooLong,
    /// A secret may not move to another workspace, another integration or other origins.
    #[error("a secret cannot be moved to another workspace, integration or origin; it has to be entered again")]
    Bound,
    /// No random bytes.
    #[error(transparent)]
    Randomness(#[from] NoRandomness),
    /// The database did not answer.
    #[error("the vault's tables cannot be reached")]
    Database(#[from] diesel::result::Error),
}

/// The one place that opens secrets. Cheap to clone.
#[derive(Clone)]
pub struct Vault(Arc<Inner>);

struct Inner {
    keyring: RwLock<Arc<Keyring>>,
    keys: RwLock<HashMap<(WorkspaceId, WorkspaceKeyId), Arc<WorkspaceKey>>>,
}

impl Vault {
    /// A vault over these keys.
    pub fn new(keyring: Keyring) -> Self {
        Self(Arc::new(Inner { keyring: RwLock::new(Arc::new(keyring)), keys: RwLock::default() }))
    }

    /// The keys it was made with, or that were read since.
    pub fn keyring(&self) -> Arc<Keyring> {
        Arc::clone(&self.0.keyring.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn take_keyring(&self, keyring: Keyring) {
        *self.0.keyring.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(keyring);
    }

    /// Whether the key file is the one that this database was used with (D-13). A key that is new to the database is
    /// written down. `conn` must see the workspace keys of every workspace.
    pub fn verify(&self, conn: &mut PgConnection, now: Timestamp) -> Result<(), VaultError> {
        Self::verify_keyring(conn, &self.keyring(), now)
    }

    fn verify_keyring(conn: &mut PgConnection, keyring: &Keyring, now: Timestamp) -> Result<(), VaultError> {
        let known = rows::list_check_values(conn)?;
        if rows::is_retired(conn, keyring.active())? {
            return Err(VaultError::RetiredKey(keyring.active().to_owned()));
        }
        for (id, check_value) in &known {
            if keyring.find(id).is_some_and(|kek| !kek.answers_to(check_value)) {
                return Err(VaultError::WrongKey(id.clone()));
            }
        }
        if let Some(missing) = rows::list_used_keks(conn)?.into_iter().find(|id| keyring.find(id).is_none()) {
            return Err(VaultError::UnknownKey(missing));
        }
        for kek in keyring.keks().iter().filter(|kek| known.iter().all(|(id, _)| id != kek.id())) {
            rows::insert_check_value(conn, kek.id(), &kek.check_value(), now)?;
        }
        Ok(())
    }

    /// Makes the key of a new workspace.
    pub fn create_workspace_key(
        &self,
        conn: &mut PgConnection,
        workspace: WorkspaceId,
        now: Timestamp,
    ) -> Result<(), VaultError> {
        let keyring = self.keyring();
        let kek = keyring.active_kek().ok_or_else(|| VaultError::UnknownKey(String::new()))?;
        if !rows::share_kek(conn, kek.id())? {
            return Err(VaultError::RetiredKey(kek.id().to_owned()));
        }
        let id = WorkspaceKeyId::new();
        let bytes = envelope::fresh_key()?;
        let bound = workspace_key_bound(workspace, id, kek.id());
        let row = WorkspaceKeyRow {
            workspace_id: workspace,
            id,
            kek_id: kek.id().to_owned(),
            wrapped: envelope::encrypt(kek.key(), &bound, bytes.as_slice())?,
            wraps: 0,
            active: true,
            created_at: now,
        };
        rows::insert_workspace_key(conn, &row)?;
        Ok(())
    }

    /// Seals one secret text.
    pub fn seal(
        &self,
        conn: &mut PgConnection,
        context: &Context<'_>,
        secret: SecretInput,
    ) -> Result<Sealed, VaultError> {
        let plain = Plain::of(&secret);
        drop(secret);
        self.seal_plain(conn, context, &plain)
    }

    /// Seals named parts together.
    pub fn seal_fields(
        &self,
        conn: &mut PgConnection,
        context: &Context<'_>,
        fields: SecretFields,
    ) -> Result<Sealed, VaultError> {
        self.seal_plain(conn, context, &fields.into_plain()?)
    }

    /// Seals the same secret for another purpose, row or version: a grant that a renewal left as it was, the copy for a
    /// revocation. Never for another workspace, another integration or other origins (R3).
    pub fn reseal(
        &self,
        conn: &mut PgConnection,
        sealed: &Sealed,
        from: &Context<'_>,
        to: &Context<'_>,
    ) -> Result<Sealed, VaultError> {
        let bound = |context: &Context<'_>| (context.workspace, context.integration.to_owned(), context.auth_type);
        if bound(from) != bound(to) || from.origins != to.origins {
            return Err(VaultError::Bound);
        }
        self.unlock(conn, from.workspace, sealed)?;
        let plain = self.open(from, sealed)?;
        self.seal_plain(conn, to, &plain)
    }

    /// Brings the key that a sealed secret names into memory, so that using the secret later needs no connection.
    pub fn unlock(&self, conn: &mut PgConnection, workspace: WorkspaceId, sealed: &Sealed) -> Result<(), VaultError> {
        let id = envelope::key_id(sealed)?;
        if self.cached(workspace, id).is_some() {
            return Ok(());
        }
        let row = rows::find_key(conn, workspace, id)?.ok_or(VaultError::Unreadable)?;
        self.unwrap_key(&row)?;
        Ok(())
    }

    /// Whether the secret can be used without a connection, see [`Vault::unlock`].
    pub fn is_unlocked(&self, workspace: WorkspaceId, sealed: &Sealed) -> bool {
        envelope::key_id(sealed).is_ok_and(|id| self.cached(workspace, id).is_some())
    }

    /// Opens without a connection.
    fn open(&self, context: &Context<'_>, sealed: &Sealed) -> Result<Plain, VaultError> {
        self.cached(context.workspace, envelope::key_id(sealed)?).ok_or(VaultError::Locked)?.open(context, sealed)
    }

    fn seal_plain(&self, conn: &mut PgConnection, context: &Context<'_>, plain: &Plain) -> Result<Sealed, VaultError> {
        let workspace = context.workspace;
        let row = rows::find_active(conn, workspace)?.ok_or(VaultError::NoWorkspaceKey(workspace))?;
        if row.wraps >= MAX_WRAPS {
            return Err(VaultError::UsedUp(workspace));
        }
        let key = match self.cached(workspace, row.id) {
            Some(key) => key,
            None => self.unwrap_key(&row)?,
        };
        let sealed = key.seal(context, plain)?;
        let count = key.take_count();
        if !rows::count_wraps(conn, workspace, key.id(), count)? {
            key.return_count(count);
        }
        Ok(sealed)
    }

    fn cached(&self, workspace: WorkspaceId, id: WorkspaceKeyId) -> Option<Arc<WorkspaceKey>> {
        self.0.keys.read().unwrap_or_else(PoisonError::into_inner).get(&(workspace, id)).map(Arc::clone)
    }

    #[cfg(test)]
    fn keep(&self, key: WorkspaceKey, workspace: WorkspaceId) -> Arc<WorkspaceKey> {
        let key = Arc::new(key);
        self.0.keys.write().unwrap().insert((workspace, key.id()), Arc::clone(&key));
        key
    }

    fn unwrap_key(&self, row: &WorkspaceKeyRow) -> Result<Arc<WorkspaceKey>, VaultError> {
        let key = WorkspaceKey::new(row.workspace_id, row.id, &self.unwrapped(row)?)
            .map_err(|Unspecified| VaultError::DamagedWorkspaceKey(row.workspace_id))?;
        let mut keys = self.0.keys.write().unwrap_or_else(PoisonError::into_inner);
        Ok(Arc::clone(keys.entry((row.workspace_id, row.id)).or_insert_with(|| Arc::new(key))))
    }

    fn unwrapped(&self, row: &WorkspaceKeyRow) -> Result<KeyBytes, VaultError> {
        let damaged = || VaultError::DamagedWorkspaceKey(row.workspace_id);
        let keyring = self.keyring();
        let kek = keyring.find(&row.kek_id).ok_or_else(|| VaultError::UnknownKey(row.kek_id.clone()))?;
        let bound = workspace_key_bound(row.workspace_id, row.id, kek.id());
        let bytes = envelope::decrypt(kek.key(), &bound, &row.wrapped).ok_or_else(damaged)?;
        envelope::key_bytes(&bytes).ok_or_else(damaged)
    }
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Vault(..)")
    }
}

fn workspace_key_bound(workspace: WorkspaceId, id: WorkspaceKeyId, kek_id: &str) -> Vec<u8> {
    envelope::bound(&[b"odeus/wk/v1", workspace.uuid().as_bytes(), id.uuid().as_bytes(), kek_id.as_bytes()])
}

#[cfg(test)]
mod tests;
