//! Closes runs that nobody is at any more: the process died between sending and writing down what came back. What became
//! of them is not known, and they are never run again by themselves.

use chrono::Duration;
use diesel::Connection;
use diesel::ExpressionMethods;
use diesel::QueryDsl;
use diesel::QueryResult;
use diesel::RunQueryDsl;
use diesel::pg::PgConnection;
use serde_json::json;

use crate::authz::actor::Via;
use crate::db::schema::runs;
use crate::domain::audit;
use crate::domain::runs::run::RunStatus;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::ConnectionId;
use crate::kernel::ids::RunId;
use crate::kernel::ids::WorkspaceId;

/// Rows of one transaction.
const BATCH: i64 = 200;

const DETAIL: &str = "Odeus stopped before the answer was written down, so it is not known whether this was done. Look there \
    before you run it again.";

/// Closes up to a batch of lost runs in one transaction; returns how many. Processes that sweep at the same time take
/// different ones.
pub fn sweep(conn: &mut PgConnection, now: Timestamp) -> QueryResult<usize> {
    conn.transaction(|tx| close_lost(tx, now))
}

fn close_lost(tx: &mut PgConnection, now: Timestamp) -> QueryResult<usize> {
    let lost: Vec<(WorkspaceId, RunId, Option<ConnectionId>, Timestamp)> = runs::table
        .filter(runs::status.eq(RunStatus::Begun))
        .filter(runs::deadline_at.lt(now))
        .order(runs::deadline_at)
        .limit(BATCH)
        .for_update()
        .skip_locked()
        .select((runs::workspace_id, runs::id, runs::connection_id, runs::started_at))
        .load(tx)?;
    for (workspace, run, connection, started_at) in &lost {
        let duration: Duration = now - *started_at;
        diesel::update(runs::table.find((workspace, run)))
            .set((
                runs::status.eq(RunStatus::Unknown),
                runs::detail.eq(DETAIL),
                runs::finished_at.eq(now),
                runs::duration_ms.eq(duration.num_milliseconds()),
            ))
            .execute(tx)?;
        let event = audit::Event::new("run.lost", "run", run).detail(json!({ "status": RunStatus::Unknown }));
        let event = match connection {
            Some(connection) => event.connection(*connection),
            None => event,
        };
        audit::record_unattended(tx, *workspace, Via::System, now, event)?;
    }
    Ok(lost.len())
}
