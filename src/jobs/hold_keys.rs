//! Reads the key file again every few seconds and says which keys this process has (D-11), so that another key is rolled out
//! without a restart. A file that cannot be used leaves the keys as they are, and is said in the log.

use std::path::PathBuf;
use std::time::Duration;

use tokio::sync::watch;

use crate::db::Db;
use crate::kernel::clock::Clock;
use crate::vault::Vault;
use crate::vault::processes::Process;
use crate::vault::rotation::RotationError;

const EVERY: Duration = Duration::from_secs(15);

/// What the job works with.
#[derive(Clone)]
pub struct HoldKeys {
    /// The database.
    pub db: Db,
    /// The vault whose keys they are.
    pub vault: Vault,
    /// The time.
    pub clock: Clock,
    /// The file, if there is one.
    pub key_file: Option<PathBuf>,
    /// This process.
    pub process: Process,
}

/// Looks until `stop` turns true, or its sender is gone.
pub async fn run(work: HoldKeys, mut stop: watch::Receiver<bool>) {
    while tokio::time::timeout(EVERY, stop.wait_for(|stopping| *stopping)).await.is_err() {
        work.once().await;
    }
}

impl HoldKeys {
    /// Looks once.
    pub async fn once(&self) {
        say(self.look().await);
    }

    async fn look(&self) -> Result<bool, RotationError> {
        let Self { vault, key_file, process, clock, .. } = self.clone();
        let now = clock.now();
        let looked = self.db.write(move |tx| match key_file {
            Some(path) => vault.reread(tx, &path, &process, now),
            None => Ok(vault.say(tx, &process).map(|()| false)?),
        });
        let looked = looked.await;
        if matches!(looked, Err(RotationError::Keyring(_) | RotationError::Vault(_))) {
            let (vault, process) = (self.vault.clone(), self.process.clone());
            self.db.write(move |tx| Ok::<_, RotationError>(vault.say(tx, &process)?)).await?;
        }
        looked
    }
}

#[expect(clippy::cognitive_complexity, reason = "two lines of log count as much as a page of branches")]
fn say(looked: Result<bool, RotationError>) {
    match looked {
        Ok(true) => tracing::info!("read the key file again; it has changed"),
        Ok(false) => {}
        Err(error) => tracing::error!(%error, "the key file was not read again; the keys stay as they were"),
    }
}
