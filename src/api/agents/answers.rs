//! Agents, their shares and their actions as programs see them.

use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::authz::facts::AgentAccess;
use crate::authz::facts::CredentialMode;
use crate::domain::agents;
use crate::domain::agents::actions::ListedAction;
use crate::domain::agents::shares;
use crate::domain::integrations::definition::Effect;
use crate::domain::people::grantee::GranteeKind;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::AgentActionId;
use crate::kernel::ids::AgentId;
use crate::kernel::ids::AgentShareId;
use crate::kernel::ids::ConnectionId;
use crate::kernel::ids::UserId;

/// A named helper with actions.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Agent {
    id: AgentId,
    name: String,
    /// What it is for; may be empty.
    description: String,
    /// How it should go about things; may be empty.
    instructions: String,
    /// Whether its actions can be run.
    enabled: bool,
    owner: Owner,
    /// What the caller may do: its owner edits it.
    access: AgentAccess,
    /// How many actions it has.
    action_count: i64,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
}

/// Who made an agent.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AgentOwner)]
struct Owner {
    id: UserId,
    name: String,
}

impl Agent {
    pub(super) fn of(agent: agents::Agent) -> Self {
        let shared = agent.shared.unwrap_or(AgentAccess::Use);
        Self {
            id: agent.id,
            name: agent.name,
            description: agent.description,
            instructions: agent.instructions,
            enabled: agent.is_enabled,
            owner: Owner { id: agent.owner, name: agent.owner_name },
            access: if agent.is_owner { AgentAccess::Edit } else { shared },
            action_count: agent.actions,
            created_at: agent.created_at,
            updated_at: agent.updated_at,
        }
    }
}

/// A share of an agent.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct AgentShare {
    id: AgentShareId,
    grantee: AgentGrantee,
    access: AgentAccess,
    /// The name of whoever shared it.
    #[schema(required)]
    created_by: Option<String>,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

/// Whom it is for.
#[derive(Debug, Serialize, ToSchema)]
struct AgentGrantee {
    r#type: GranteeKind,
    /// The person or the group; null for the workspace.
    #[schema(required)]
    id: Option<Uuid>,
    #[schema(required)]
    name: Option<String>,
}

impl AgentShare {
    pub(super) fn of(share: shares::AgentShare) -> Self {
        let grantee = AgentGrantee { r#type: share.grantee.kind(), id: share.grantee.id(), name: share.grantee_name };
        Self {
            id: share.id,
            grantee,
            access: share.access,
            created_by: share.created_by_name,
            created_at: share.created_at,
        }
    }
}

/// An action on an agent.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct AgentAction {
    id: AgentActionId,
    /// The integration’s key.
    integration: String,
    /// The action’s key in the integration.
    action: String,
    /// What people call it; null where the integration does not have it any more.
    #[schema(required)]
    name: Option<String>,
    #[schema(required)]
    description: Option<String>,
    #[schema(required)]
    effect: Option<Effect>,
    /// What `input` of a run has to be: JSON Schema 2020-12 of one flat object.
    #[schema(required, value_type = Option<Object>)]
    input_schema: Option<Value>,
    /// Whose credential it uses: each caller’s own, or a preselected connection.
    credentials: CredentialMode,
    /// The preselected connection, for those who may see it.
    #[schema(required)]
    connection: Option<BoundConnection>,
    /// Why it cannot be run as it is, and who can mend that.
    #[schema(required)]
    trouble: Option<String>,
    /// Whether each call is shown to its caller before it is sent.
    requires_confirmation: bool,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

/// A preselected connection.
#[derive(Debug, Serialize, ToSchema)]
struct BoundConnection {
    id: ConnectionId,
    name: String,
}

impl AgentAction {
    pub(super) fn of(listed: ListedAction) -> Self {
        let definition = listed.definition();
        let vanished = "The integration does not have this action any more.";
        let trouble = listed.binding.as_ref().and_then(|binding| binding.trouble).map(|reason| reason.to_string());
        let connection = listed.binding.as_ref().and_then(|binding| binding.connection.as_ref());
        let connection = connection.map(|it| BoundConnection { id: it.id, name: it.name.clone() });
        Self {
            name: definition.map(|action| action.name.clone()),
            description: definition.map(|action| action.description.clone()),
            effect: definition.map(|action| action.effect),
            input_schema: definition.map(|action| action.input_schema.clone()),
            trouble: if definition.is_some() { trouble } else { Some(vanished.to_owned()) },
            connection,
            id: listed.action.id,
            integration: listed.action.integration,
            action: listed.action.action,
            credentials: listed.action.credentials,
            requires_confirmation: listed.action.requires_confirmation,
            created_at: listed.action.created_at,
        }
    }
}
