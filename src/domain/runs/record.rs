//! Writes runs down: one statement when a call begins or is turned away, with its audit event, and one when it ends.

use diesel::QueryResult;
use diesel::QueryableByName;
use diesel::RunQueryDsl;
use diesel::pg::PgConnection;
use diesel::sql_types::BigInt;
use diesel::sql_types::Binary;
use diesel::sql_types::Bool;
use diesel::sql_types::Int4;
use diesel::sql_types::Jsonb;
use diesel::sql_types::Nullable;
use diesel::sql_types::Text;
use diesel::sql_types::Timestamptz;
use diesel::sql_types::Uuid;
use serde_json::Value;
use serde_json::json;

use crate::authz::actor::Actor;
use crate::db::prepared::prepared;
use crate::domain::agents::AgentAction;
use crate::domain::integrations::definition::Effect;
use crate::domain::runs::run::Run;
use crate::domain::runs::run::RunStatus;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::AuditId;
use crate::kernel::ids::ConnectionId;
use crate::kernel::ids::RunId;
use crate::kernel::ids::UserId;
use crate::kernel::ids::WorkspaceId;
use crate::kernel::text;

/// The most bytes of an answer's body that are kept.
const MAX_STORED_BODY: usize = 256 * 1024;
const MAX_REQUEST_LINE: usize = 2_000;

/// An idempotency key, and what it stands for.
#[derive(Clone, Debug)]
pub struct Key {
    /// The caller's word.
    pub word: String,
    /// The call it belongs to.
    pub fingerprint: Vec<u8>,
}

/// How a call stands when it is written down first.
#[derive(Clone, Debug)]
pub enum Standing {
    /// It is about to leave. What it costs at most is known: after `deadline` it can only have been lost.
    Begun {
        /// When nobody is at it any more.
        deadline: Timestamp,
    },
    /// It does not leave.
    Ended {
        /// Why.
        status: RunStatus,
        /// The same, for people.
        detail: String,
    },
}

/// A call to write down.
#[derive(Clone, Copy, Debug)]
pub struct Attempt<'a> {
    /// The run's id.
    pub run: RunId,
    /// Who calls.
    pub actor: &'a Actor,
    /// Which action on which agent.
    pub action: &'a AgentAction,
    /// Whether it changes something.
    pub effect: Effect,
    /// The connection and its owner.
    pub connection: Option<(ConnectionId, UserId)>,
    /// The input.
    pub input: &'a Value,
    /// Method and address.
    pub request_line: Option<&'a str>,
    /// The idempotency key.
    pub key: Option<&'a Key>,
    /// When.
    pub at: Timestamp,
    /// How it stands.
    pub standing: &'a Standing,
}

#[derive(QueryableByName)]
struct Written {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

/// `set_config` lasts until the transaction ends: what only looked may be lost with the machine, what changes something
/// must be on disk before it leaves.
const BEGIN: &str = ", run AS (
        INSERT INTO runs (workspace_id, id, user_id, agent_id, agent_action_id, integration, action, effect, credentials,
            connection_id, connection_owner, status, detail, input, idempotency_key, request_fingerprint, request_line,
            response_cut, started_at, deadline_at, finished_at, duration_ms)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17,
            false, $18, $19, $20, CASE WHEN $20 IS NULL THEN NULL ELSE 0 END)
        ON CONFLICT (workspace_id, user_id, idempotency_key) DO NOTHING
        RETURNING id
    ), event AS (
        INSERT INTO audit_events (workspace_id, id, at, actor_id, via, action, object_kind, object_id, connection_id,
            detail, ip)
        SELECT $1, $21, $18, $3, $22, $23, 'run', $2::text, $10, $24, $25 FROM run
    )
    SELECT count(*) AS count,
        set_config('synchronous_commit', CASE WHEN $8 = 'read' THEN 'off' ELSE current_setting('synchronous_commit') END,
            true) AS commits
    FROM run";

/// Writes the call and its audit event; false if the idempotency key is taken, and then nothing is written.
pub fn begin(conn: &mut PgConnection, attempt: &Attempt<'_>) -> QueryResult<bool> {
    let Attempt { actor, action, .. } = attempt;
    let (status, detail, deadline, finished_at, event) = match attempt.standing {
        Standing::Begun { deadline } => (RunStatus::Begun, None, *deadline, None, "run.begun"),
        Standing::Ended { status, detail } => {
            (*status, Some(detail.as_str()), attempt.at, Some(attempt.at), "run.refused")
        }
    };
    let written: Written = prepared(BEGIN)
        .bind::<Uuid, _>(actor.workspace)
        .bind::<Uuid, _>(attempt.run)
        .bind::<Uuid, _>(actor.user)
        .bind::<Uuid, _>(action.agent)
        .bind::<Uuid, _>(action.id)
        .bind::<Text, _>(&action.integration)
        .bind::<Text, _>(&action.action)
        .bind::<Text, _>(attempt.effect)
        .bind::<Text, _>(action.credentials)
        .bind::<Nullable<Uuid>, _>(attempt.connection.map(|(id, _)| id))
        .bind::<Nullable<Uuid>, _>(attempt.connection.map(|(_, owner)| owner))
        .bind::<Text, _>(status)
        .bind::<Nullable<Text>, _>(detail)
        .bind::<Jsonb, _>(attempt.input)
        .bind::<Nullable<Text>, _>(attempt.key.map(|key| key.word.as_str()))
        .bind::<Nullable<Binary>, _>(attempt.key.map(|key| key.fingerprint.as_slice()))
        .bind::<Nullable<Text>, _>(attempt.request_line.map(|line| text::cut(line, MAX_REQUEST_LINE)))
        .bind::<Timestamptz, _>(attempt.at)
        .bind::<Timestamptz, _>(deadline)
        .bind::<Nullable<Timestamptz>, _>(finished_at)
        .bind::<Uuid, _>(AuditId::new())
        .bind::<Text, _>(actor.via)
        .bind::<Text, _>(event)
        .bind::<Jsonb, _>(audit_detail(action, status, detail))
        .bind::<Nullable<Text>, _>(actor.ip.map(|ip| ip.to_string()))
        .get_result(conn)?;
    Ok(written.count > 0)
}

fn audit_detail(action: &AgentAction, status: RunStatus, detail: Option<&str>) -> Value {
    let mut said = json!({
        "agent": action.agent, "agent_action": action.id, "integration": action.integration, "action": action.action,
        "credentials": action.credentials,
    });
    if let (Some(said), Some(detail)) = (said.as_object_mut(), detail) {
        said.insert("status".to_owned(), json!(status));
        said.insert("why".to_owned(), json!(detail));
    }
    said
}

/// A begun run that has ended.
#[derive(Clone, Copy, Debug)]
pub struct Closing<'a> {
    /// The workspace.
    pub workspace: WorkspaceId,
    /// The run as it is now.
    pub run: &'a Run,
    /// The connection that it used.
    pub connection: ConnectionId,
    /// Whether the provider may have seen the call.
    pub may_have_left: bool,
}

/// One statement, which is its own transaction. A call that cannot have left gives its idempotency key back.
const END: &str = ", run AS (
        UPDATE runs SET status = $3, detail = $4, response_status = $5, response_headers = $6, response_body = $7,
            response_cut = $8, finished_at = $9, duration_ms = $10,
            idempotency_key = CASE WHEN $11 THEN idempotency_key END
        WHERE workspace_id = $1 AND id = $2 AND status = 'begun' RETURNING id
    ), used AS (
        UPDATE connections SET last_used_at = $9
        WHERE workspace_id = $1 AND id = $12 AND $11
          AND (last_used_at IS NULL OR last_used_at < $9 - interval '1 minute')
    )
    SELECT count(*) AS count,
        set_config('synchronous_commit', CASE WHEN $13 = 'read' THEN 'off' ELSE current_setting('synchronous_commit') END,
            true) AS commits
    FROM run";

/// Closes a begun run; false if it was closed meanwhile.
pub fn end(conn: &mut PgConnection, closing: &Closing<'_>) -> QueryResult<bool> {
    let run = closing.run;
    let response = run.content.as_ref().and_then(|content| content.response.as_ref());
    let body = response.map(|response| response.body.as_slice());
    let stored = body.map(|body| body.get(..MAX_STORED_BODY).unwrap_or(body));
    let is_cut = body.is_some_and(|body| body.len() > MAX_STORED_BODY);
    let written: Written = prepared(END)
        .bind::<Uuid, _>(closing.workspace)
        .bind::<Uuid, _>(run.id)
        .bind::<Text, _>(run.status)
        .bind::<Nullable<Text>, _>(run.detail.as_deref())
        .bind::<Nullable<Int4>, _>(response.map(|response| i32::from(response.status)))
        .bind::<Nullable<Jsonb>, _>(response.map(|response| json!(response.headers)))
        .bind::<Nullable<Binary>, _>(stored)
        .bind::<Bool, _>(is_cut)
        .bind::<Nullable<Timestamptz>, _>(run.finished_at)
        .bind::<Nullable<BigInt>, _>(run.duration_ms)
        .bind::<Bool, _>(closing.may_have_left)
        .bind::<Uuid, _>(closing.connection)
        .bind::<Text, _>(run.effect)
        .get_result(conn)?;
    Ok(written.count > 0)
}
