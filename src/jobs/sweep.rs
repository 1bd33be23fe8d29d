//! Every 30 seconds: what has ended is removed. Each piece is a statement of its own that any number of processes may run
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
use crate::domain::oauth::flows;
use crate::kernel::clock::Clock;
use crate::kernel::clock::Timestamp;

const EVERY: Duration = Duration::from_secs(30);

/// One kind of thing that ends: its name in the log, and what removes it.
type Piece = (&'static str, fn(&mut PgConnection, Timestamp) -> QueryResult<usize>);

const PIECES: [Piece; 4] = [
    ("sessions", sessions::sweep),
    ("one-time links", links::sweep),
    ("throttles", throttle::sweep),
    ("OAuth flows", flows::sweep),
];

/// Sweeps until `stop` turns true, or its sender is gone.
pub async fn run(db: Db, clock: Clock, mut stop: watch::Receiver<bool>) {
    loop {
        once(&db, clock.now()).await;
        // Stopped, or nobody is left to say so: the end, either way.
        if tokio::time::timeout(EVERY, stop.wait_for(|stopping| *stopping)).await.is_ok() {
            return;
        }
    }
}

/// Removes what has ended by `now`.
pub async fn once(db: &Db, now: Timestamp) {
    for (name, sweep) in PIECES {
        match db.read(move |conn| Ok::<_, DbError>(sweep(conn, now)?)).await {
            Ok(0) => {}
            Ok(count) => tracing::debug!(count, "swept {name}"),
            Err(error) => tracing::warn!(%error, "{name} could not be swept; the next sweep tries again"),
        }
    }
}
