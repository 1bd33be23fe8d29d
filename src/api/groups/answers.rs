//! Groups as programs see them.

use serde::Serialize;
use utoipa::ToSchema;

use crate::authz::facts::AgentAccess;
use crate::authz::facts::Role;
use crate::authz::facts::ShareAccess;
use crate::domain::agents::losses::group::Reach;
use crate::domain::people::groups;
use crate::domain::people::groups::roster;
use crate::domain::people::members::MemberStatus;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::AgentId;
use crate::kernel::ids::ConnectionId;
use crate::kernel::ids::GroupId;
use crate::kernel::ids::UserId;

/// A named set of members.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Group {
    id: GroupId,
    name: String,
    /// How many active members are in it.
    member_count: i64,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

impl Group {
    pub(super) fn of(group: groups::Group) -> Self {
        Self { id: group.id, name: group.name, member_count: group.members, created_at: group.created_at }
    }
}

/// Somebody in a group.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = GroupMember)]
pub(super) struct Seat {
    id: UserId,
    name: String,
    email: String,
    role: Role,
    status: MemberStatus,
    #[schema(value_type = String, format = DateTime)]
    added_at: Timestamp,
}

impl Seat {
    pub(super) fn of(seat: roster::Seat) -> Self {
        let roster::Seat { user: id, name, email, role, status, added_at } = seat;
        Self { id, name, email, role, status, added_at }
    }
}

/// What came of adding people by their addresses.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = GroupMembersAdded)]
pub(super) struct Addition {
    /// Who was not in the group before.
    added: Vec<AddedPerson>,
    /// How many were in it already.
    already: usize,
    /// The addresses that no active member of the workspace has.
    unknown: Vec<String>,
}

#[derive(Debug, Serialize, ToSchema)]
struct AddedPerson {
    id: UserId,
    name: String,
}

impl Addition {
    pub(super) fn of(added: roster::Added) -> Self {
        let person = |(id, name)| AddedPerson { id, name };
        let people = added.people.into_iter().map(person).collect();
        Self { added: people, already: added.already, unknown: added.unknown }
    }
}

/// What a group gives its people.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = GroupUsage)]
pub(super) struct Usage {
    /// The first 200, by name.
    connections: Vec<ReachedConnection>,
    connection_count: i64,
    /// The first 200, by name.
    agents: Vec<ReachedAgent>,
    agent_count: i64,
    /// Those that are restricted, as a whole or one action, and open to the group; the first 200.
    integrations: Vec<ReachedIntegration>,
    integration_count: i64,
    /// How many actions of agents are refused without the group: whoever attached their connection may do so only by it.
    stopping_actions: i64,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = GroupConnection)]
struct ReachedConnection {
    id: ConnectionId,
    name: String,
    integration: String,
    access: ShareAccess,
    /// How many people have it by this group alone.
    losing: i64,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = GroupAgent)]
struct ReachedAgent {
    id: AgentId,
    /// Null for whoever may not see the agent.
    #[schema(required)]
    name: Option<String>,
    owner_name: String,
    access: AgentAccess,
    /// How many people have it by this group alone.
    losing: i64,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = GroupIntegration)]
struct ReachedIntegration {
    key: String,
    /// The action's key, where it is open to the group by itself; null for the integration as a whole.
    #[schema(required)]
    action: Option<String>,
    /// How many people have it by this group alone.
    losing: i64,
}

impl Usage {
    pub(super) fn of(reach: Reach) -> Self {
        let connections = reach.connections.map(|one| ReachedConnection {
            id: one.id,
            name: one.name,
            integration: one.integration,
            access: one.access,
            losing: one.losing,
        });
        let agents = reach.agents.map(|one| ReachedAgent {
            id: one.id,
            name: one.is_visible.then_some(one.name),
            owner_name: one.owner_name,
            access: one.access,
            losing: one.losing,
        });
        let integrations = reach.integrations.map(|one| ReachedIntegration {
            key: one.key,
            action: (!one.action.is_empty()).then_some(one.action),
            losing: one.losing,
        });
        Self {
            connections: connections.items,
            connection_count: connections.total,
            agents: agents.items,
            agent_count: agents.total,
            integrations: integrations.items,
            integration_count: integrations.total,
            stopping_actions: reach.stopping_actions,
        }
    }
}
