//! Writes runs down: one statement when a call begins or is turned away, with its audit event, and one when it ends. Calls
//! that only look and are quick get one for both, in `ledger`.

use std::net::IpAddr;
use std::sync::Arc;

use chrono::Duration;
use diesel::BoolExpressionMethods;
use diesel::ExpressionMethods;
use diesel::QueryDsl;
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
use crate::authz::actor::Via;
use crate::authz::facts::CredentialMode;
use crate::db::prepared::prepared;
use crate::db::schema::connections;
use crate::domain::agents::AgentAction;
use crate::domain::integrations::definition::Effect;
use crate::domain::runs::run::Run;
use crate::domain::runs::run::RunContent;
use crate::domain::runs::run::RunResponse;
use crate::domain::runs::run::RunStatus;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::AgentActionId;
use crate::kernel::ids::AgentId;
use crate::kernel::ids::AuditId;
use crate::kernel::ids::ConnectionId;
use crate::kernel::ids::RunId;
use crate::kernel::ids::UserId;
use crate::kernel::ids::WorkspaceId;
use crate::kernel::text;

/// The most bytes of an answer's body that are kept.
const MAX_STORED_BODY: usize = 256 * 1024;
const MAX_REQUEST_LINE: usize = 2_000;
/// How long after its beginning nobody is at a run any more: longer than the runner gives all of it together.
const LOST_AFTER_SECONDS: i64 = 65;

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

impl Standing {
    /// About to leave at this moment.
    pub fn begun_at(at: Timestamp) -> Self {
        Self::Begun { deadline: at + Duration::seconds(LOST_AFTER_SECONDS) }
    }
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

/// What the audit event of a call says.
pub(in crate::domain::runs) fn begun_detail(run: &Run) -> Value {
    detail_of(run.agent, run.agent_action, &run.integration, &run.action, run.credentials)
}

fn detail_of(
    agent: AgentId,
    agent_action: AgentActionId,
    integration: &str,
    action: &str,
    credentials: CredentialMode,
) -> Value {
    json!({
        "agent": agent, "agent_action": agent_action, "integration": integration, "action": action,
        "credentials": credentials,
    })
}

/// Method and address, as they are kept.
pub(in crate::domain::runs) fn stored_line(content: &RunContent) -> Option<String> {
    content.request_line.as_deref().map(|line| text::cut(line, MAX_REQUEST_LINE))
}

fn audit_detail(action: &AgentAction, status: RunStatus, detail: Option<&str>) -> Value {
    let mut said = detail_of(action.agent, action.id, &action.integration, &action.action, action.credentials);
    if let (Some(said), Some(detail)) = (said.as_object_mut(), detail) {
        said.insert("status".to_owned(), json!(status));
        said.insert("why".to_owned(), json!(detail));
    }
    said
}

/// A run that has ended, and what its record takes beside what its caller sees.
#[derive(Clone, Debug)]
pub struct Closing {
    /// The workspace.
    pub workspace: WorkspaceId,
    /// The run as it is now.
    pub run: Arc<Run>,
    /// The connection that it used.
    pub connection: ConnectionId,
    /// Its owner.
    pub connection_owner: UserId,
    /// Whether the provider may have seen the call.
    pub may_have_left: bool,
    /// Whether the connection has to be marked as used; it is, to the minute.
    pub marks_use: bool,
    /// How its caller came.
    pub via: Via,
    /// From where.
    pub ip: Option<IpAddr>,
}

impl Closing {
    pub(in crate::domain::runs) fn content(&self) -> Option<&RunContent> {
        self.run.content.as_ref()
    }

    pub(in crate::domain::runs) fn response(&self) -> Option<&RunResponse> {
        self.content()?.response.as_ref()
    }

    /// The beginning of the body, which is what is kept of it.
    pub(in crate::domain::runs) fn stored_body(&self) -> Option<&[u8]> {
        let body = self.response()?.body.as_slice();
        Some(body.get(..MAX_STORED_BODY).unwrap_or(body))
    }

    pub(in crate::domain::runs) fn is_cut(&self) -> bool {
        self.response().is_some_and(|response| response.body.len() > MAX_STORED_BODY)
    }
}

/// One statement, which is its own transaction. A call that cannot have left gives its idempotency key back.
const END: &str = ", run AS (
        UPDATE runs SET status = $3, detail = $4, response_status = $5, response_headers = $6, response_body = $7,
            response_cut = $8, finished_at = $9, duration_ms = $10,
            idempotency_key = CASE WHEN $11 THEN idempotency_key END
        WHERE workspace_id = $1 AND id = $2 AND status = 'begun' RETURNING id
    )
    SELECT count(*) AS count,
        set_config('synchronous_commit', CASE WHEN $12 = 'read' THEN 'off' ELSE current_setting('synchronous_commit') END,
            true) AS commits
    FROM run";

/// Closes a begun run; false if it was closed meanwhile, or had not been written down.
pub fn end(conn: &mut PgConnection, closing: &Closing) -> QueryResult<bool> {
    let (run, response) = (&closing.run, closing.response());
    let written: Written = prepared(END)
        .bind::<Uuid, _>(closing.workspace)
        .bind::<Uuid, _>(run.id)
        .bind::<Text, _>(run.status)
        .bind::<Nullable<Text>, _>(run.detail.as_deref())
        .bind::<Nullable<Int4>, _>(response.map(|response| i32::from(response.status)))
        .bind::<Nullable<Jsonb>, _>(response.map(|response| json!(response.headers)))
        .bind::<Nullable<Binary>, _>(closing.stored_body())
        .bind::<Bool, _>(closing.is_cut())
        .bind::<Nullable<Timestamptz>, _>(run.finished_at)
        .bind::<Nullable<BigInt>, _>(run.duration_ms)
        .bind::<Bool, _>(closing.may_have_left)
        .bind::<Text, _>(run.effect)
        .get_result(conn)?;
    if closing.marks_use {
        mark_use(conn, closing)?;
    }
    Ok(written.count > 0)
}

/// Marks the connection as used. Apart from the run's own statement, which so needs no lock that other runs wait for.
pub(in crate::domain::runs) fn mark_use(conn: &mut PgConnection, closing: &Closing) -> QueryResult<()> {
    let used = connections::table.find((closing.workspace, closing.connection));
    let at = closing.run.finished_at;
    diesel::update(used.filter(connections::last_used_at.is_null().or(connections::last_used_at.lt(at))))
        .set(connections::last_used_at.eq(at))
        .execute(conn)
        .map(drop)
}
