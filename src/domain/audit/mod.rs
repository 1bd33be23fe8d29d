//! Who did what to what, when and from where: written in the transaction of the act, from the proof that allowed it
//! (R16), so that the log cannot name another.

pub mod entries;

use diesel::ExpressionMethods;
use diesel::QueryResult;
use diesel::RunQueryDsl;
use diesel::pg::PgConnection;
use serde_json::Value;

use crate::authz::actor::Actor;
use crate::authz::actor::Via;
use crate::db::schema::audit_events;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::AuditId;
use crate::kernel::ids::ConnectionId;
use crate::kernel::ids::WorkspaceId;

/// The kinds of things that something happens to.
pub const KINDS: [&str; 12] = [
    "agent",
    "agent_action",
    "connection",
    "group",
    "integration",
    "invitation",
    "mail",
    "role",
    "run",
    "token",
    "user",
    "workspace",
];

/// What happened.
#[derive(Debug)]
pub struct Event {
    /// `noun.past_participle`: `connection.created`.
    pub action: &'static str,
    /// The kind of thing it happened to.
    pub object_kind: &'static str,
    /// Its id, or its key.
    pub object_id: String,
    /// The connection that was used or changed.
    pub connection: Option<ConnectionId>,
    /// What else is worth knowing; never a secret.
    pub detail: Value,
}

impl Event {
    /// An event without details.
    #[expect(clippy::needless_pass_by_value, reason = "ids are as small as references to them")]
    pub fn new(action: &'static str, object_kind: &'static str, object_id: impl ToString) -> Self {
        Self {
            action,
            object_kind,
            object_id: object_id.to_string(),
            connection: None,
            detail: Value::Object(serde_json::Map::new()),
        }
    }

    /// Names the connection.
    #[must_use]
    pub fn connection(mut self, connection: ConnectionId) -> Self {
        self.connection = Some(connection);
        self
    }

    /// Adds details, a JSON object.
    #[must_use]
    pub fn detail(mut self, detail: Value) -> Self {
        self.detail = detail;
        self
    }
}

/// Writes what `actor` did.
pub fn record(conn: &mut PgConnection, actor: &Actor, event: Event) -> QueryResult<()> {
    diesel::insert_into(audit_events::table)
        .values((
            audit_events::workspace_id.eq(actor.workspace.uuid()),
            audit_events::id.eq(AuditId::new().uuid()),
            audit_events::at.eq(actor.at),
            audit_events::actor_id.eq(Some(actor.user.uuid())),
            audit_events::via.eq(actor.via.as_str()),
            audit_events::action.eq(event.action),
            audit_events::object_kind.eq(event.object_kind),
            audit_events::object_id.eq(event.object_id),
            audit_events::connection_id.eq(event.connection.map(ConnectionId::uuid)),
            audit_events::detail.eq(event.detail),
            audit_events::ip.eq(actor.ip.map(|ip| ip.to_string())),
        ))
        .execute(conn)
        .map(drop)
}

/// Writes what happened without a person: by a job, or by the operator's command line.
pub fn record_unattended(
    conn: &mut PgConnection,
    workspace: WorkspaceId,
    via: Via,
    at: Timestamp,
    event: Event,
) -> QueryResult<()> {
    diesel::insert_into(audit_events::table)
        .values((
            audit_events::workspace_id.eq(workspace.uuid()),
            audit_events::id.eq(AuditId::new().uuid()),
            audit_events::at.eq(at),
            audit_events::via.eq(via.as_str()),
            audit_events::action.eq(event.action),
            audit_events::object_kind.eq(event.object_kind),
            audit_events::object_id.eq(event.object_id),
            audit_events::connection_id.eq(event.connection.map(ConnectionId::uuid)),
            audit_events::detail.eq(event.detail),
        ))
        .execute(conn)
        .map(drop)
}
