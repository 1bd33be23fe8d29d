//! Connections as programs see them. There is no member here that a secret could stand in (R2).

use serde::Serialize;
use utoipa::ToSchema;

use crate::authz::facts::AuthType;
use crate::authz::facts::ShareAccess;
use crate::domain::agents::Agent;
use crate::domain::connections::ConnectionStatus;
use crate::domain::oauth::trial::Outcome;
use crate::domain::runs::usage::Usage;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::AgentId;
use crate::kernel::ids::ConnectionId;
use crate::kernel::ids::UserId;

/// A saved authentication link to an integration. Its credential cannot be read by anyone.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Connection {
    id: ConnectionId,
    /// The integration’s key.
    integration: String,
    auth_type: AuthType,
    name: String,
    /// The account behind it, as the provider names it.
    #[schema(required)]
    account: Option<String>,
    /// The name that it has in the provider’s addresses, where each connection has one of its own.
    #[schema(required)]
    tenant: Option<String>,
    status: ConnectionStatus,
    /// What happened and what to do, where it does not work.
    #[schema(required)]
    status_reason: Option<String>,
    owner: Owner,
    /// What a share gives the caller, if one does.
    #[schema(required)]
    access: Option<ShareAccess>,
    /// When the last of these shares ends; null is never.
    #[schema(required, value_type = Option<String>, format = DateTime)]
    access_until: Option<Timestamp>,
    /// The OAuth scopes that were granted.
    scopes: Vec<String>,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// To the minute.
    #[schema(required, value_type = Option<String>, format = DateTime)]
    last_used_at: Option<Timestamp>,
}

/// Whose a connection is.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ConnectionOwner)]
struct Owner {
    id: UserId,
    name: String,
}

impl Connection {
    pub(super) fn of(connection: crate::domain::connections::Connection) -> Self {
        Self {
            id: connection.id,
            tenant: connection.tenant,
            integration: connection.integration,
            auth_type: connection.auth_type,
            name: connection.name,
            account: connection.account,
            status: connection.status,
            status_reason: connection.status_reason,
            owner: Owner { id: connection.owner, name: connection.owner_name },
            access: connection.shared,
            access_until: connection.shared_until,
            scopes: connection.scopes,
            created_at: connection.created_at,
            last_used_at: connection.last_used_at,
        }
    }
}

/// How a test call went.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ConnectionTest {
    /// Whether the connection works, as far as was tried.
    ok: bool,
    /// What happened, for people.
    detail: String,
    #[schema(value_type = String, format = DateTime)]
    checked_at: Timestamp,
}

impl ConnectionTest {
    pub(super) fn of(outcome: Outcome) -> Self {
        Self { ok: outcome.is_ok, detail: outcome.detail, checked_at: outcome.at }
    }
}

/// What depends on a connection, and breaks when it is deleted.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ConnectionUsage {
    /// The agents that it is preselected on and that the caller may see.
    agents: Vec<UsingAgent>,
    /// How many agents it is preselected on, those that the caller may not see among them.
    agent_count: i64,
    /// The workflows that use it.
    workflows: Vec<UsingWorkflow>,
    /// How often it is shared.
    shares: i64,
    /// How many other people can act through it, by a share or through an agent.
    people: i64,
    runs_last_30_days: i64,
}

#[derive(Debug, Serialize, ToSchema)]
struct UsingAgent {
    id: AgentId,
    name: String,
}

#[derive(Debug, Serialize, ToSchema)]
struct UsingWorkflow {
    id: String,
    name: String,
}

impl ConnectionUsage {
    pub(super) fn of(usage: &Usage, agents: Vec<Agent>) -> Self {
        Self {
            agents: agents.into_iter().map(|agent| UsingAgent { id: agent.id, name: agent.name }).collect(),
            agent_count: usage.agents,
            workflows: Vec::new(),
            shares: usage.shares,
            people: usage.people,
            runs_last_30_days: usage.recent_runs,
        }
    }
}
