//! Every 30 seconds: what has ended is removed, runs that a dead process left are closed, and tokens of deleted connections
//! are revoked at their provider. Each piece is a statement of its own that any number of processes may run
//! at the same time, and one that fails does not hold the others up.

use std::time::Duration;

use diesel::QueryResult;
use diesel::pg::PgConnection;
use tokio::sync::watch;

use crate::db::Db;
use crate::db::DbError;
use crate::domain::accounts::links;
use crate::domain::accounts::sessions;
use crate::domain::accounts::throttle;
use crate::domain::connections::shares;
use crate::domain::oauth::flows;
use crate::domain::oauth::renewal;
use crate::domain::oauth::revocation::Revoker;
use crate::domain::runs::drafts;
use crate::domain::runs::sweep as runs;
use crate::kernel::clock::Clock;
use crate::kernel::clock::Timestamp;

const EVERY: Duration = Duration::from_secs(30);

/// One kind of thing that ends: its name in the log, and what removes it.
type Piece = (&'static str, fn(&mut PgConnection, Timestamp) -> QueryResult<usize>);

const PIECES: [Piece; 8] = [
    ("sessions", sessions::sweep),
    ("one-time links", links::sweep),
    ("throttles", throttle::sweep),
    ("OAuth flows", flows::sweep),
    ("pauses of token endpoints", renewal::sweep),
    ("inputs kept for a confirmation", drafts::sweep),
    ("shares that were taken away", shares::sweep),
    ("runs", runs::sweep),
];

/// Sweeps until `stop` turns true, or its sender is gone.
pub async fn run(db: Db, clock: Clock, revoker: Revoker, mut stop: watch::Receiver<bool>) {
    loop {
        once(&db, clock.now()).await;
        if let Err(error) = revoker.run_once().await {
            tracing::warn!(%error, "tokens wait to be revoked; the next sweep tries again");
        }
        // Stopped, or nobody is left to say so: the end, either way.
        if tokio::time::timeout(EVERY, stop.wait_for(|stopping| *stopping)).await.is_ok() {
            return;
        }
    }
}

/// Removes what has ended by `now`.
pub async fn once(db: &Db, now: Timestamp) {
    for (name, sweep) in PIECES {
        let swept = db.write(move |tx| sweep(tx, now).map_err(DbError::from)).await;
        if let Err(error) = swept {
            tracing::warn!(%error, "{name} could not be swept; the next sweep tries again");
        }
    }
}
