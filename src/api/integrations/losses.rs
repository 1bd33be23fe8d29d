//! What would go with a change of access, as programs see it.

use serde::Serialize;
use utoipa::ToSchema;

use crate::authz::facts::AuthType;
use crate::domain::agents::losses::integration::AccessLosses;
use crate::domain::agents::losses::integration::LosingAgent;
use crate::domain::agents::losses::integration::ReservedConnections;
use crate::domain::agents::losses::integration::ScopeLoss;
use crate::domain::agents::losses::integration::WaitingConnection;
use crate::domain::integrations::access::Scope;
use crate::kernel::ids::AgentId;
use crate::kernel::ids::ConnectionId;

/// The answer to a change that was not made.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = IntegrationPreview)]
pub(super) struct Losses {
    losses: AccessLossesOf,
}

/// Who would lose what. Whoever has it in another way too, keeps it; admins lose nothing.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = IntegrationLosses)]
struct AccessLossesOf {
    /// How many people lose something, each counted once.
    people: i64,
    /// The integration itself, where somebody loses it.
    #[schema(required)]
    integration: Option<Loss>,
    /// Single actions, for people who keep the integration.
    actions: Vec<ActionLoss>,
    /// The agents on which they run its actions, at most 50.
    agents: Vec<AgentLoss>,
    /// How many agents there are.
    agent_count: i64,
    /// Their own connections, which stay and wait, at most 50.
    connections: Vec<Waiting>,
    /// How many connections there are.
    connection_count: i64,
    /// Connections that work on and whose owners cannot give them another secret any more.
    reserved: Vec<Reserved>,
}

#[derive(Debug, Serialize, ToSchema)]
struct Loss {
    /// How many people lose it.
    people: i64,
    /// The first of their names.
    names: Vec<String>,
}

#[derive(Debug, Serialize, ToSchema)]
struct ActionLoss {
    /// The action's key.
    key: String,
    /// How many people lose it.
    people: i64,
    /// The first of their names.
    names: Vec<String>,
}

#[derive(Debug, Serialize, ToSchema)]
struct AgentLoss {
    id: AgentId,
    /// Null for whoever may not see the agent.
    #[schema(required)]
    name: Option<String>,
    owner_name: String,
    /// How many of its actions somebody loses.
    actions: i64,
    /// How many people lose one of them.
    people: i64,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WaitingConnection)]
struct Waiting {
    id: ConnectionId,
    /// Null for a sign-in: what its owner called it is theirs.
    #[schema(required)]
    name: Option<String>,
    auth_type: AuthType,
    owner_name: String,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ReservedConnections)]
struct Reserved {
    auth_type: AuthType,
    connections: i64,
}

impl Losses {
    pub(super) fn of(losses: AccessLosses) -> Self {
        let (mut integration, mut actions) = (None, Vec::new());
        for ScopeLoss { scope, people, names } in losses.scopes {
            match scope {
                Scope::Whole => integration = Some(Loss { people, names }),
                Scope::Action(key) => actions.push(ActionLoss { key, people, names }),
            }
        }
        let losses = AccessLossesOf {
            people: losses.people,
            integration,
            actions,
            agents: losses.agents.into_iter().map(AgentLoss::of).collect(),
            agent_count: losses.agents_in_all,
            connections: losses.connections.into_iter().map(Waiting::of).collect(),
            connection_count: losses.connections_in_all,
            reserved: losses.reserved.into_iter().map(Reserved::of).collect(),
        };
        Self { losses }
    }
}

impl AgentLoss {
    fn of(agent: LosingAgent) -> Self {
        Self {
            id: agent.id,
            name: agent.is_visible.then_some(agent.name),
            owner_name: agent.owner_name,
            actions: agent.actions,
            people: agent.people,
        }
    }
}

impl Waiting {
    fn of(connection: WaitingConnection) -> Self {
        let WaitingConnection { id, name, auth_type, owner_name, .. } = connection;
        Self { id, name, auth_type, owner_name }
    }
}

impl Reserved {
    fn of(reserved: ReservedConnections) -> Self {
        Self { auth_type: reserved.auth_type, connections: reserved.connections }
    }
}
