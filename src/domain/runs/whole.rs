//! Writes down ended runs that only looked, several in one statement, each with its audit event: what a statement costs
//! by itself is more than what a row costs.

use diesel::QueryResult;
use diesel::RunQueryDsl;
use diesel::pg::PgConnection;
use diesel::sql_types::Array;
use diesel::sql_types::BigInt;
use diesel::sql_types::Binary;
use diesel::sql_types::Bool;
use diesel::sql_types::Int4;
use diesel::sql_types::Jsonb;
use diesel::sql_types::Nullable;
use diesel::sql_types::Text;
use diesel::sql_types::Timestamptz;
use diesel::sql_types::Uuid;
use serde_json::json;

use crate::db::prepared::prepared;
use crate::domain::runs::record;
use crate::domain::runs::record::Closing;
use crate::domain::runs::record::begun_detail;
use crate::domain::runs::record::stored_line;
use crate::kernel::ids::AuditId;

/// One array per column, a place in each per run. A run that is there already was written by a try whose answer was lost.
const WHOLE: &str = ", given AS (
        SELECT * FROM unnest((SELECT $1), (SELECT $2), (SELECT $3), (SELECT $4), (SELECT $5), (SELECT $6), (SELECT $7),
            (SELECT $8), (SELECT $9), (SELECT $10), (SELECT $11), (SELECT $12), (SELECT $13), (SELECT $14), (SELECT $15),
            (SELECT $16), (SELECT $17), (SELECT $18), (SELECT $19), (SELECT $20), (SELECT $21), (SELECT $22),
            (SELECT $23), (SELECT $24), (SELECT $25))
        AS given (workspace_id, id, user_id, agent_id, agent_action_id, integration, action, effect, credentials,
            connection_id, connection_owner, status, detail, input, request_line, response_status, response_headers,
            response_body, response_cut, started_at, finished_at, duration_ms, via, ip, event_id)
    ), run AS (
        INSERT INTO runs (workspace_id, id, user_id, agent_id, agent_action_id, integration, action, effect, credentials,
            connection_id, connection_owner, status, detail, input, request_line, response_status, response_headers,
            response_body, response_cut, started_at, deadline_at, finished_at, duration_ms)
        SELECT workspace_id, id, user_id, agent_id, agent_action_id, integration, action, effect, credentials,
            connection_id, connection_owner, status, detail, input, request_line, response_status, response_headers,
            response_body, response_cut, started_at, started_at, finished_at, duration_ms FROM given
        ON CONFLICT DO NOTHING
        RETURNING workspace_id, id, user_id, connection_id, started_at
    ), event AS (
        INSERT INTO audit_events (workspace_id, id, at, actor_id, via, action, object_kind, object_id, connection_id,
            detail, ip)
        SELECT run.workspace_id, event_id, run.started_at, run.user_id, via, 'run.begun', 'run', run.id::text,
            run.connection_id, event_detail, ip
        FROM run JOIN given ON given.id = run.id
            JOIN unnest((SELECT $2), (SELECT $26)) AS said (id, event_detail) ON said.id = run.id
    )
    SELECT set_config('synchronous_commit', 'off', true)";

/// Writes the runs.
pub fn write(conn: &mut PgConnection, ended: &[Closing]) -> QueryResult<Vec<()>> {
    fn column<'a, T>(ended: &'a [Closing], value: impl Fn(&'a Closing) -> T) -> Vec<T> {
        ended.iter().map(value).collect()
    }
    prepared(WHOLE)
        .bind::<Array<Uuid>, _>(column(ended, |it| it.workspace))
        .bind::<Array<Uuid>, _>(column(ended, |it| it.run.id))
        .bind::<Array<Uuid>, _>(column(ended, |it| it.run.caller))
        .bind::<Array<Uuid>, _>(column(ended, |it| it.run.agent))
        .bind::<Array<Uuid>, _>(column(ended, |it| it.run.agent_action))
        .bind::<Array<Text>, _>(column(ended, |it| it.run.integration.as_str()))
        .bind::<Array<Text>, _>(column(ended, |it| it.run.action.as_str()))
        .bind::<Array<Text>, _>(column(ended, |it| it.run.effect))
        .bind::<Array<Text>, _>(column(ended, |it| it.run.credentials))
        .bind::<Array<Uuid>, _>(column(ended, |it| it.connection))
        .bind::<Array<Uuid>, _>(column(ended, |it| it.connection_owner))
        .bind::<Array<Text>, _>(column(ended, |it| it.run.status))
        .bind::<Array<Nullable<Text>>, _>(column(ended, |it| it.run.detail.as_deref()))
        .bind::<Array<Nullable<Jsonb>>, _>(column(ended, |it| it.content().map(|content| &content.input)))
        .bind::<Array<Nullable<Text>>, _>(column(ended, |it| it.content().and_then(stored_line)))
        .bind::<Array<Nullable<Int4>>, _>(column(ended, |it| it.response().map(|said| i32::from(said.status))))
        .bind::<Array<Nullable<Jsonb>>, _>(column(ended, |it| it.response().map(|said| json!(said.headers))))
        .bind::<Array<Nullable<Binary>>, _>(column(ended, Closing::stored_body))
        .bind::<Array<Bool>, _>(column(ended, Closing::is_cut))
        .bind::<Array<Timestamptz>, _>(column(ended, |it| it.run.started_at))
        .bind::<Array<Nullable<Timestamptz>>, _>(column(ended, |it| it.run.finished_at))
        .bind::<Array<Nullable<BigInt>>, _>(column(ended, |it| it.run.duration_ms))
        .bind::<Array<Text>, _>(column(ended, |it| it.via))
        .bind::<Array<Nullable<Text>>, _>(column(ended, |it| it.ip.map(|ip| ip.to_string())))
        .bind::<Array<Uuid>, _>(column(ended, |_| AuditId::new()))
        .bind::<Array<Jsonb>, _>(column(ended, |it| begun_detail(&it.run)))
        .execute(conn)?;
    for closing in ended.iter().filter(|closing| closing.marks_use) {
        record::mark_use(conn, closing)?;
    }
    Ok(vec![(); ended.len()])
}
