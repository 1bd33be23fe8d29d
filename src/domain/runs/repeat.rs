//! A call that is sent again with the same idempotency key happens once: while it runs, the second is told so;
//! afterwards it gets the first one's result, if its caller may still run the action and see the run.

use chrono::Duration;
use diesel::ExpressionMethods;
use diesel::OptionalExtension;
use diesel::QueryDsl;
use diesel::RunQueryDsl;
use diesel::pg::PgConnection;

use crate::authz::actions::View;
use crate::authz::actor::Actor;
use crate::authz::proof::authorize;
use crate::db::schema::runs;
use crate::domain::runs::call::Outcome;
use crate::domain::runs::call::RunError;
use crate::domain::runs::record::Key;
use crate::domain::runs::run::Run;
use crate::domain::runs::run::RunStatus;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::RunId;

/// How long a key stands for its call.
const HOURS: i64 = 24;

/// What the key means for another call with it; `None` if it is free. Whoever asks has passed the policy already.
pub fn find(conn: &mut PgConnection, actor: &Actor, key: &Key, now: Timestamp) -> Result<Option<Outcome>, RunError> {
    let stored: Option<(RunId, RunStatus, Option<Vec<u8>>, Timestamp)> = runs::table
        .filter(runs::workspace_id.eq(actor.workspace))
        .filter(runs::user_id.eq(actor.user))
        .filter(runs::idempotency_key.eq(&key.word))
        .select((runs::id, runs::status, runs::request_fingerprint, runs::started_at))
        .first(conn)
        .optional()?;
    let Some((run, status, fingerprint, started_at)) = stored else { return Ok(None) };
    if started_at <= now - Duration::hours(HOURS) && status != RunStatus::Begun {
        let expired = runs::table.find((actor.workspace, run));
        diesel::update(expired).set(runs::idempotency_key.eq(None::<String>)).execute(conn)?;
        return Ok(None);
    }
    if fingerprint.as_ref() != Some(&key.fingerprint) {
        return Ok(Some(Outcome::KeyReusedWithOtherInput));
    }
    if status == RunStatus::Begun {
        return Ok(Some(Outcome::UnderWay { run }));
    }
    let (_, run) = authorize::<View, Run>(conn, actor.clone(), &run)?.into_parts();
    Ok(Some(Outcome::Replayed(Box::new(run))))
}
