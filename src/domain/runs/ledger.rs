//! Writes down how calls ended. A call that is on record already is closed there. A quick call that only looks is written
//! down whole, together with the others that have ended in the meantime: what is being written makes the next ones wait,
//! so that the busier it is, the more of them share a statement, and nobody waits for company.

use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::time::sleep;

use crate::db::Db;
use crate::db::DbError;
use crate::db::batched::Batched;
use crate::domain::runs::begun::Begun;
use crate::domain::runs::record;
use crate::domain::runs::record::Closing;
use crate::domain::runs::whole;

/// Waits between tries to write down how a run ended, while the database is away.
const PAUSES: [Duration; 3] = [Duration::from_millis(200), Duration::from_secs(1), Duration::from_secs(3)];

/// What stands in the record of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Record {
    /// That it began.
    Begun,
    /// Nothing.
    Absent,
    /// That it began, or nothing: the database did not say.
    Doubtful,
}

/// The ledger. Cheap to clone; its task ends with the last clone.
#[derive(Clone)]
pub struct Ledger {
    db: Db,
    whole: Batched<Closing, ()>,
}

impl Ledger {
    /// A ledger in `db`, kept by a task of its own in the runtime `home`.
    pub fn open(db: Db, home: &Handle) -> Self {
        let whole = Batched::open(db.clone(), home, whole::write);
        Self { db, whole }
    }

    /// Writes down a call that is under way.
    pub async fn begin(&self, begun: Arc<Begun>) -> Record {
        let written = self.db.read(move |conn| Ok::<_, DbError>(begun.write(conn)?)).await;
        if written.is_ok() { Record::Begun } else { Record::Doubtful }
    }

    /// Writes down how the run ended. The call has left: whatever happens to the record, its caller is told what came
    /// back, and the sweep closes what stays open.
    pub async fn close(&self, closing: Closing, record: Record) {
        let mut written = self.write(&closing, record).await;
        for pause in PAUSES {
            if !matches!(written, Err(DbError::Unavailable(_))) {
                break;
            }
            sleep(pause).await;
            written = self.write(&closing, record).await;
        }
        match written {
            Ok(true) => {}
            Ok(false) => {
                tracing::warn!(run.id = %closing.run.id, "run {} had been closed before it ended", closing.run.id);
            }
            Err(error) => log_unwritten(&closing, &error),
        }
    }

    async fn write(&self, closing: &Closing, record: Record) -> Result<bool, DbError> {
        if record != Record::Absent {
            let begun = closing.clone();
            let is_closed = self.db.read(move |conn| Ok::<_, DbError>(record::end(conn, &begun)?)).await?;
            if is_closed || record == Record::Begun {
                return Ok(is_closed);
            }
        }
        self.write_whole(closing.clone()).await.map(|()| true)
    }

    /// Returns once an ended run that only looked is written down. It may be lost with the database's machine within the
    /// second after (`synchronous_commit`).
    pub async fn write_whole(&self, closing: Closing) -> Result<(), DbError> {
        self.whole.ask(closing).await
    }
}

fn log_unwritten(closing: &Closing, error: &DbError) {
    let run = closing.run.id;
    tracing::error!(run.id = %run, %error, "could not write down how run {run} ended");
}
