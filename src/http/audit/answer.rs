//! An entry of the log as programs see it, one by one and in files.

use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::authz::actor::Via;
use crate::domain::audit::entries::Entry;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::AgentId;
use crate::kernel::ids::AuditId;
use crate::kernel::ids::ConnectionId;
use crate::kernel::ids::UserId;

/// Who did what to what, when and from where.
#[derive(Debug, Serialize, ToSchema)]
pub struct AuditEntry {
    id: AuditId,
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// Who; null where it was a job or the operator’s command line.
    #[schema(required)]
    actor: Option<AuditActor>,
    /// By which way they came.
    via: Via,
    /// What happened.
    #[schema(example = "connection.created")]
    action: String,
    object: AuditObject,
    /// The connection that was used or changed.
    #[schema(required)]
    connection: Option<AuditConnection>,
    /// The agent on which or through which it happened.
    #[schema(required)]
    agent: Option<AuditAgent>,
    /// What else was written down; its members depend on the action.
    #[schema(value_type = Object)]
    detail: Value,
    /// The address they came from.
    #[schema(required)]
    ip: Option<String>,
}

/// Who did it.
#[derive(Debug, Serialize, ToSchema)]
struct AuditActor {
    id: UserId,
    /// Null once their account is gone.
    #[schema(required)]
    name: Option<String>,
}

/// What it happened to.
#[derive(Debug, Serialize, ToSchema)]
struct AuditObject {
    /// The kind of thing.
    #[schema(example = "connection")]
    kind: String,
    /// Its id, or its key.
    id: String,
    /// What it is called now, or was called when it went.
    #[schema(required)]
    name: Option<String>,
}

/// The connection that was used.
#[derive(Debug, Serialize, ToSchema)]
struct AuditConnection {
    id: ConnectionId,
    /// Null once it is deleted.
    #[schema(required)]
    name: Option<String>,
    #[schema(required)]
    owner_name: Option<String>,
}

/// The agent that was run or changed.
#[derive(Debug, Serialize, ToSchema)]
struct AuditAgent {
    id: AgentId,
    /// Null once it is deleted.
    #[schema(required)]
    name: Option<String>,
}

impl AuditEntry {
    /// As it was read.
    pub fn of(entry: Entry) -> Self {
        let connection = entry.connection.map(|id| AuditConnection {
            id,
            name: entry.connection_name,
            owner_name: entry.connection_owner,
        });
        Self {
            id: entry.id,
            at: entry.at,
            actor: entry.actor.map(|id| AuditActor { id, name: entry.actor_name }),
            via: entry.via,
            action: entry.action,
            object: AuditObject { kind: entry.object_kind, id: entry.object_id, name: entry.object_name },
            connection,
            agent: entry.agent.map(|id| AuditAgent { id, name: entry.agent_name }),
            detail: entry.detail,
            ip: entry.ip,
        }
    }
}
