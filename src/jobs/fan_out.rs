//! Writes the mails of what many people are to be told of, step by step. Any number of processes may do it at the same
//! time; one that dies in a step has not done it.

use std::time::Duration;

use diesel::QueryResult;
use diesel::pg::PgConnection;
use tokio::sync::watch;
use tracing::warn;

use crate::db::Db;
use crate::db::DbError;
use crate::domain::agents;
use crate::domain::connections::shares;
use crate::domain::outbox::fan_outs;
use crate::domain::outbox::fan_outs::Subject;
use crate::kernel::clock::Clock;
use crate::kernel::clock::Timestamp;

const IDLE: Duration = Duration::from_secs(1);

/// Takes step after step until `stop` turns true, or its sender is gone.
pub async fn run(db: Db, clock: Clock, mut stop: watch::Receiver<bool>) {
    while !*stop.borrow() && stop.has_changed().is_ok() {
        if !once(&db, clock.now()).await {
            // Both an answer and a lost sender mean stop; the loop's head looks.
            tokio::time::timeout(IDLE, stop.wait_for(|stopping| *stopping)).await.ok();
        }
    }
}

/// Takes one step of what is due at `now`; false if there is none.
pub async fn once(db: &Db, now: Timestamp) -> bool {
    let stepped = db.write(move |tx| step(tx, now).map_err(DbError::from)).await;
    stepped.unwrap_or_else(|error| {
        warn!(error = %error, "people wait to be told: the next step could not be taken");
        false
    })
}

/// One step, in the transaction `tx`; false if nothing is due.
pub fn step(tx: &mut PgConnection, now: Timestamp) -> QueryResult<bool> {
    let Some(fan_out) = fan_outs::claim(tx, now)? else { return Ok(false) };
    let people = match fan_out.subject {
        Subject::Connection => shares::step(tx, &fan_out, now)?,
        Subject::Agent => agents::told::step(tx, &fan_out)?,
    };
    fan_outs::advance(tx, &fan_out, &people, now)?;
    Ok(true)
}
