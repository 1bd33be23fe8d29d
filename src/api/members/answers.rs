//! Members as programs see them.

use serde::Serialize;
use utoipa::ToSchema;

use crate::authz::facts::AuthType;
use crate::authz::facts::Role;
use crate::domain::agents::losses::member::Dependents;
use crate::domain::agents::losses::orphans::Orphans;
use crate::domain::people::members::MemberStatus;
use crate::domain::people::memberships::Membership;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::AgentActionId;
use crate::kernel::ids::AgentId;
use crate::kernel::ids::ConnectionId;
use crate::kernel::ids::UserId;

/// A person in the workspace.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Member {
    id: UserId,
    name: String,
    email: String,
    role: Role,
    status: MemberStatus,
    /// Whether they were invited and have not come yet.
    pending: bool,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When they were here last, in a browser; null for callers who are no admins, and if they never were.
    #[schema(required, value_type = Option<String>, format = DateTime)]
    last_seen_at: Option<Timestamp>,
    /// How many connections they own; null for callers who are no admins.
    #[schema(required)]
    connection_count: Option<i64>,
}

impl Member {
    pub(super) fn of(membership: Membership, is_for_admin: bool) -> Self {
        Self {
            id: membership.user,
            name: membership.name,
            email: membership.email,
            role: membership.role,
            status: membership.status,
            pending: membership.is_pending,
            created_at: membership.created_at,
            last_seen_at: membership.last_seen_at.filter(|_| is_for_admin),
            connection_count: is_for_admin.then_some(membership.connections),
        }
    }
}

/// A member who was just invited.
#[derive(Serialize, ToSchema)]
#[schema(as = InvitedMember)]
pub(super) struct Invited {
    #[serde(flatten)]
    member: Member,
    /// Where they set a password, for you to hand over; null if a mail is on its way. It is shown this once.
    #[schema(required)]
    link: Option<String>,
}

impl Invited {
    pub(super) fn of(membership: Membership, link: Option<String>) -> Self {
        Self { member: Member::of(membership, true), link }
    }
}

/// What stops without a member.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = MemberUsage)]
pub(super) struct Usage {
    connections: OwnedConnections,
    /// How many restricted integrations and actions are open to the person by name.
    grants: i64,
    /// How many other people can act through one of these by a share.
    people: i64,
    /// Agents with actions that stop: the first 200, by name.
    agents: Vec<StoppingAgent>,
    agent_count: i64,
}

#[derive(Debug, Serialize, ToSchema)]
struct OwnedConnections {
    /// They stop, and are deleted.
    oauth: i64,
    /// They stop until an admin adopts them.
    other: i64,
}

#[derive(Debug, Serialize, ToSchema)]
struct StoppingAgent {
    id: AgentId,
    /// Null for whoever may not see the agent.
    #[schema(required)]
    name: Option<String>,
    owner_name: String,
    /// How many of its actions stop.
    actions: i64,
    /// How many people may use it.
    people: i64,
}

impl Usage {
    pub(super) fn of(dependents: Dependents) -> Self {
        let agent = |one: crate::domain::agents::losses::member::StoppingAgent| StoppingAgent {
            id: one.id,
            name: one.is_visible.then_some(one.name),
            owner_name: one.owner_name,
            actions: one.actions,
            people: one.people,
        };
        Self {
            connections: OwnedConnections { oauth: dependents.sign_ins, other: dependents.keys },
            people: dependents.sharers,
            grants: dependents.grants,
            agent_count: dependents.agents.total,
            agents: dependents.agents.map(agent).items,
        }
    }
}

/// What leavers left behind.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Adoptions {
    /// Connections without an active owner: the first 200, those of whoever went last first.
    connections: Vec<LeftConnection>,
    connection_count: i64,
    /// Actions of agents that need a new connection, or that somebody who may attaches theirs again: the first 200.
    actions: Vec<NeedyAction>,
    action_count: i64,
}

#[derive(Debug, Serialize, ToSchema)]
struct LeftConnection {
    id: ConnectionId,
    name: String,
    integration: String,
    auth_type: AuthType,
    owner_name: String,
    #[schema(value_type = String, format = DateTime)]
    left_at: Timestamp,
    /// On how many actions of agents it is preselected.
    actions: i64,
}

#[derive(Debug, Serialize, ToSchema)]
struct NeedyAction {
    id: AgentActionId,
    agent_id: AgentId,
    /// Null for whoever may not see the agent.
    #[schema(required)]
    agent_name: Option<String>,
    /// Who can choose another connection.
    agent_owner_name: String,
    integration: String,
    action: String,
    /// Some of those who own a working connection and may preselect it.
    suppliers: Vec<String>,
}

impl Adoptions {
    pub(super) fn of(orphans: Orphans) -> Self {
        let connections = orphans.connections.map(|one| LeftConnection {
            id: one.id,
            name: one.name,
            integration: one.integration,
            auth_type: one.auth_type,
            owner_name: one.owner_name,
            left_at: one.left_at,
            actions: one.actions,
        });
        let actions = orphans.actions.map(|one| NeedyAction {
            id: one.id,
            agent_id: one.agent,
            agent_name: one.is_visible.then_some(one.agent_name),
            agent_owner_name: one.owner_name,
            integration: one.integration,
            action: one.action,
            suppliers: one.suppliers,
        });
        Self {
            connections: connections.items,
            connection_count: connections.total,
            actions: actions.items,
            action_count: actions.total,
        }
    }
}
