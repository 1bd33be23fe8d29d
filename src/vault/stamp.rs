//! Stamps: words that Odeus gives out in an address and recognises when they come back, as in the link that turns a kind of
//! mail off. A stamp is an HMAC under a key that is derived from the workspace's, so nothing is stored for it, nobody can
//! make one, and it holds as long as the workspace's key does.

use diesel::PgConnection;

use crate::kernel::ids::WorkspaceId;
use crate::kernel::ids::WorkspaceKeyId;
use crate::vault::Vault;
use crate::vault::VaultError;
use crate::vault::rows;

/// What a stamp is made of: the key that made it, and the HMAC.
pub const STAMP_LEN: usize = 16 + 32;

impl Vault {
    /// Stamps `words` of a workspace. `purpose` keeps stamps for one thing from being taken for another.
    pub fn stamp(
        &self,
        conn: &mut PgConnection,
        workspace: WorkspaceId,
        purpose: &str,
        words: &[u8],
    ) -> Result<Vec<u8>, VaultError> {
        let row = rows::find_active(conn, workspace)?.ok_or(VaultError::NoWorkspaceKey(workspace))?;
        let key = match self.cached(workspace, row.id) {
            Some(key) => key,
            None => self.unwrap_key(&row)?,
        };
        Ok([row.id.uuid().as_bytes().as_slice(), &key.stamp(purpose, words)].concat())
    }

    /// Whether `stamp` is one that was made of these words.
    pub fn recognises(
        &self,
        conn: &mut PgConnection,
        workspace: WorkspaceId,
        purpose: &str,
        words: &[u8],
        stamp: &[u8],
    ) -> Result<bool, VaultError> {
        let Some((id, tag)) = stamp.split_first_chunk::<16>() else { return Ok(false) };
        let id = WorkspaceKeyId::from(uuid::Uuid::from_bytes(*id));
        let key = match self.cached(workspace, id) {
            Some(key) => key,
            None => match rows::find_key(conn, workspace, id)? {
                Some(row) => self.unwrap_key(&row)?,
                None => return Ok(false),
            },
        };
        Ok(key.has_stamped(purpose, words, tag))
    }
}
