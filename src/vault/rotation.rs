//! Another key-encryption key, while servers run (D-11): every process reads it, it is made the active one, the workspace
//! keys are wrapped anew, and the old one is retired. Each step refuses until the one before it is done everywhere, and
//! names the process or the key that is in the way. What is wrapped are keys of 32 bytes, a row or few for each workspace;
//! no secret is touched.

use std::path::Path;

use diesel::pg::PgConnection;

use crate::database_errors;
use crate::db::DbError;
use crate::kernel::clock::Timestamp;
use crate::vault::Vault;
use crate::vault::VaultError;
use crate::vault::envelope;
use crate::vault::keyring::Keyring;
use crate::vault::keyring::KeyringError;
use crate::vault::processes;
use crate::vault::processes::Process;
use crate::vault::rows;
use crate::vault::workspace_key_bound;

/// Workspace keys of one transaction.
const BATCH: i64 = 100;

/// Why a step is not taken. Each says what to do.
#[derive(Debug, thiserror::Error)]
pub enum RotationError {
    /// The key file does not have it.
    #[error("the key file has no key “{0}”; `odeus keys list` shows those that it has")]
    NotThere(String),
    /// A server could not read what is wrapped by it.
    #[error(
        "the server {process} has not read the key “{key}”: put it into the key file of that server, which reads it again every 15 seconds, and try again"
    )]
    Unread {
        /// The key.
        key: String,
        /// The process.
        process: String,
    },
    /// It was taken out of use.
    #[error("the key “{0}” was retired and does not come back; make a fresh one with `odeus keys new`")]
    Retired(String),
    /// It is the one that wraps.
    #[error("“{0}” is the key that wraps; make another one the active key first, with `odeus keys activate`")]
    Active(String),
    /// A server wraps with it.
    #[error(
        "the server {process} still wraps with “{key}”: run `odeus keys activate` for its key file too, which it reads again every 15 seconds, and try again"
    )]
    StillActive {
        /// The key.
        key: String,
        /// The process.
        process: String,
    },
    /// Something is wrapped by it.
    #[error("{count} workspace key(s) are wrapped by “{key}”; run `odeus keys rotate` first")]
    StillWraps {
        /// The key.
        key: String,
        /// How many.
        count: i64,
    },
    /// The key file cannot be read or written.
    #[error(transparent)]
    Keyring(#[from] KeyringError),
    /// The vault did not do it.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] DbError),
}

database_errors!(RotationError);

/// How far a rotation is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Workspace keys that this step wrapped anew.
    pub rewrapped: usize,
    /// Those that are still wrapped by another key: to be done, or held by somebody at this moment.
    pub left: i64,
}

impl Vault {
    /// A process begins to serve: its keys are this database's, and from now on it counts among those that have to hold a
    /// key before that is used. Within a transaction.
    pub fn come_in(&self, tx: &mut PgConnection, process: &Process, now: Timestamp) -> Result<(), VaultError> {
        processes::share(tx)?;
        self.verify(tx, now)?;
        processes::note(tx, process, &self.keyring())?;
        Ok(())
    }

    /// Reads the key file again, and says which keys this process has now; whether they are others than before. A file that
    /// cannot be used changes nothing. Within a transaction.
    pub fn reread(
        &self,
        tx: &mut PgConnection,
        path: &Path,
        process: &Process,
        now: Timestamp,
    ) -> Result<bool, RotationError> {
        let fresh = Keyring::read(path)?;
        let is_other = !fresh.is_same(&self.keyring());
        processes::share(tx)?;
        if is_other {
            Self::verify_keyring(tx, &fresh, now)?;
            self.take_keyring(fresh);
        }
        self.say(tx, process)?;
        Ok(is_other)
    }

    /// Says which keys this process has.
    pub fn say(&self, conn: &mut PgConnection, process: &Process) -> Result<(), VaultError> {
        Ok(processes::note(conn, process, &self.keyring())?)
    }

    /// Whether a key of the file may become the one that wraps: every server has read it.
    pub fn may_activate(&self, tx: &mut PgConnection, id: &str) -> Result<(), RotationError> {
        processes::exclude(tx)?;
        if self.keyring().find(id).is_none() {
            return Err(RotationError::NotThere(id.to_owned()));
        }
        if rows::is_retired(tx, id)? {
            return Err(RotationError::Retired(id.to_owned()));
        }
        read_everywhere(tx, id)
    }

    /// Wraps up to a batch of workspace keys anew, with the active key. Any number of times, from anywhere, until nothing
    /// is left; a process that dies in between leaves whole rows. Within a transaction.
    pub fn rewrap(&self, tx: &mut PgConnection) -> Result<Progress, RotationError> {
        let keyring = self.keyring();
        let kek = keyring.active_kek().ok_or_else(|| VaultError::UnknownKey(String::new()))?;
        processes::exclude(tx)?;
        if rows::is_retired(tx, kek.id())? {
            return Err(RotationError::Retired(kek.id().to_owned()));
        }
        read_everywhere(tx, kek.id())?;
        let batch = rows::list_wrapped_otherwise(tx, kek.id(), BATCH)?;
        for row in &batch {
            let bytes = self.unwrapped(row)?;
            let bound = workspace_key_bound(row.workspace_id, row.id, kek.id());
            let wrapped = envelope::encrypt(kek.key(), &bound, bytes.as_slice())?;
            rows::rewrap(tx, row, kek.id(), &wrapped)?;
        }
        Ok(Progress { rewrapped: batch.len(), left: rows::count_wrapped_otherwise(tx, kek.id())? })
    }

    /// Takes a key out of use for good; from then on the database refuses to have anything wrapped by it. Within a
    /// transaction.
    pub fn retire(&self, tx: &mut PgConnection, id: &str, now: Timestamp) -> Result<(), RotationError> {
        processes::exclude(tx)?;
        let keyring = self.keyring();
        if keyring.active() == id {
            return Err(RotationError::Active(id.to_owned()));
        }
        if !rows::lock_kek(tx, id)? {
            return Err(RotationError::NotThere(id.to_owned()));
        }
        let count = rows::count_wrapped_by(tx, id)?;
        if count > 0 {
            return Err(RotationError::StillWraps { key: id.to_owned(), count });
        }
        if let Some(process) = processes::list_living(tx)?.iter().find(|process| process.active == id) {
            return Err(RotationError::StillActive { key: id.to_owned(), process: process.described() });
        }
        Ok(rows::retire(tx, id, now)?)
    }
}

fn read_everywhere(tx: &mut PgConnection, id: &str) -> Result<(), RotationError> {
    match processes::list_living(tx)?.iter().find(|process| process.kek_ids.iter().all(|held| held != id)) {
        Some(process) => Err(RotationError::Unread { key: id.to_owned(), process: process.described() }),
        None => Ok(()),
    }
}
