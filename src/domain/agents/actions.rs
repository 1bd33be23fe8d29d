//! The actions of an agent: putting them on, changing and removing them, and whose credential they use. Nobody points an
//! action at a connection without a proof that they may attach it (R10).

use std::sync::Arc;

use diesel::ExpressionMethods;
use diesel::QueryDsl;
use diesel::QueryableByName;
use diesel::RunQueryDsl;
use diesel::pg::PgConnection;
use diesel::sql_types::Timestamptz;
use diesel::sql_types::Uuid;
use serde_json::json;

use crate::authz::actions::Attach;
use crate::authz::actions::Edit;
use crate::authz::actions::Use;
use crate::authz::actions::View;
use crate::authz::actor::Actor;
use crate::authz::facts::ActionFacts;
use crate::authz::facts::CredentialMode;
use crate::authz::policy::Permits;
use crate::authz::policy::Reason;
use crate::authz::proof::Authorized;
use crate::authz::proof::Denied;
use crate::authz::proof::authorize;
use crate::database_errors;
use crate::db::DbError;
use crate::db::conflict;
use crate::db::prepared::prepared;
use crate::db::schema::agent_actions;
use crate::domain::agents::access::agent_share;
use crate::domain::agents::agent::Agent;
use crate::domain::agents::agent_action::AgentAction;
use crate::domain::agents::agent_action::AgentActionKey;
use crate::domain::agents::agent_action::agent_action_columns;
use crate::domain::agents::binding;
use crate::domain::agents::binding::Binding;
use crate::domain::agents::binding::BindingRow;
use crate::domain::agents::binding::binding_columns;
use crate::domain::agents::binding::binding_joins;
use crate::domain::agents::notices;
use crate::domain::audit;
use crate::domain::connections::Connection;
use crate::domain::integrations::definition::ActionDefinition;
use crate::domain::integrations::definition::Definition;
use crate::domain::integrations::definition::Effect;
use crate::domain::integrations::integration::Integration;
use crate::domain::integrations::registry::Registry;
use crate::domain::integrations::registry::RegistryError;
use crate::kernel::ids::AgentActionId;

/// Whose credential an action is to use.
#[derive(Clone, Copy, Debug)]
pub enum Credentials<'a> {
    /// Each caller's own.
    Own,
    /// This connection, for everyone who may use the agent.
    Preselected(&'a Authorized<Attach, Connection>),
}

impl Credentials<'_> {
    fn mode(self) -> CredentialMode {
        match self {
            Self::Own => CredentialMode::Own,
            Self::Preselected(_) => CredentialMode::Preselected,
        }
    }
}

/// An action to put on an agent.
#[derive(Clone, Debug)]
pub struct NewAction {
    /// The integration's key.
    pub integration: String,
    /// The action's key.
    pub action: String,
    /// Whether each call is shown before it is sent; without a word, actions that change something are.
    pub requires_confirmation: Option<bool>,
}

/// What changes about an action; the rest stays.
#[derive(Clone, Copy, Debug, Default)]
pub struct ActionChanges<'a> {
    /// Whose credential it uses. The connection that is attached already may be given again: that approves it anew.
    pub credentials: Option<Credentials<'a>>,
    /// Whether each call is shown before it is sent.
    pub requires_confirmation: Option<bool>,
}

/// An action could not be put on an agent, or changed.
#[derive(Debug, thiserror::Error)]
pub enum ActionError {
    /// The integration is not there, or not for the actor.
    #[error("There is no such integration here, or it is not open to you.")]
    UnknownIntegration,
    /// The integration has no such action, or not any more.
    #[error("The integration has no such action.")]
    UnknownAction,
    /// The integration, or this action of it, is for others.
    #[error("{0}")]
    NotAllowed(Reason),
    /// It is on the agent already.
    #[error("This action is on the agent already.")]
    AlreadyThere,
    /// The connection is to something else.
    #[error("This connection is for another integration.")]
    OtherIntegration,
    /// The operation does not take this kind of credential.
    #[error("This action cannot be used with a connection of this kind. Choose another one.")]
    AuthTypeNotAdmitted,
    /// The agent or the action was removed meanwhile.
    #[error("This was removed meanwhile.")]
    Gone,
    /// The definition could not be had.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] DbError),
}

database_errors!(ActionError);

/// An action of an agent, with what it does and whose credential it uses.
#[derive(Clone, Debug)]
pub struct ListedAction {
    /// The action on the agent.
    pub action: AgentAction,
    /// The integration, if it is still there.
    pub integration: Option<Arc<Definition>>,
    /// The binding, if the action is `preselected`.
    pub binding: Option<Binding>,
}

impl ListedAction {
    /// What it does, if the integration still has it.
    pub fn definition(&self) -> Option<&ActionDefinition> {
        self.integration.as_deref()?.action(&self.action.action)
    }
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(embed)]
    action: AgentAction,
    #[diesel(embed)]
    binding: BindingRow,
}

/// The actions of an agent, in the order they were put there.
pub fn list(
    conn: &mut PgConnection,
    registry: &Registry,
    proof: &Authorized<View, Agent>,
) -> Result<Vec<ListedAction>, ActionError> {
    let actor = proof.actor();
    let rows: Vec<Row> = prepared(concat!(
        "SELECT ",
        agent_action_columns!("$1", "$2"),
        ", ",
        binding_columns!("$1", "$3"),
        " FROM agent_actions aa JOIN agents a ON a.workspace_id = aa.workspace_id AND a.id = aa.agent_id ",
        binding_joins!(),
        " WHERE aa.workspace_id = $1 AND aa.agent_id = $4 ORDER BY aa.created_at, aa.id"
    ))
    .bind::<Uuid, _>(actor.workspace)
    .bind::<Uuid, _>(actor.user)
    .bind::<Timestamptz, _>(actor.at)
    .bind::<Uuid, _>(proof.resource().id)
    .load(conn)?;
    rows.into_iter().map(|row| listed(conn, registry, actor, row)).collect()
}

/// One action of an agent, as a list shows it.
pub fn describe(
    conn: &mut PgConnection,
    registry: &Registry,
    proof: &Authorized<View, AgentAction>,
) -> Result<ListedAction, ActionError> {
    let (actor, action) = (proof.actor(), proof.resource());
    let binding: BindingRow = prepared(concat!(
        "SELECT ",
        binding_columns!("$1", "$2"),
        " FROM agent_actions aa ",
        binding_joins!(),
        " WHERE aa.workspace_id = $1 AND aa.id = $3"
    ))
    .bind::<Uuid, _>(actor.workspace)
    .bind::<Timestamptz, _>(actor.at)
    .bind::<Uuid, _>(action.id)
    .get_result(conn)?;
    listed(conn, registry, actor, Row { action: action.clone(), binding })
}

fn listed(conn: &mut PgConnection, registry: &Registry, actor: &Actor, row: Row) -> Result<ListedAction, ActionError> {
    let integration = registry.find(conn, actor.workspace, &row.action.integration)?;
    let definition = integration.as_deref().and_then(|it| it.action(&row.action.action));
    let present = definition.map(ActionDefinition::fingerprint);
    let binding = match row.action.credentials {
        CredentialMode::Own => None,
        CredentialMode::Preselected => binding::seen(conn, actor, &row.binding, present.as_ref())?,
    };
    Ok(ListedAction { action: row.action, integration, binding })
}

/// Puts an action on an agent.
pub fn add(
    conn: &mut PgConnection,
    registry: &Registry,
    proof: &Authorized<Edit, Agent>,
    new: &NewAction,
    credentials: Credentials<'_>,
) -> Result<AgentActionId, ActionError> {
    let (actor, agent) = (proof.actor(), proof.resource());
    reach(conn, actor, &new.integration, &new.action)?;
    let integration = registry.find(conn, actor.workspace, &new.integration)?.ok_or(ActionError::UnknownIntegration)?;
    let definition = integration.action(&new.action).ok_or(ActionError::UnknownAction)?;
    let requires_confirmation = new.requires_confirmation.unwrap_or(definition.effect == Effect::Write);
    let id = AgentActionId::new();
    diesel::insert_into(agent_actions::table)
        .values((
            agent_actions::workspace_id.eq(actor.workspace),
            agent_actions::id.eq(id),
            agent_actions::agent_id.eq(agent.id),
            agent_actions::integration.eq(&new.integration),
            agent_actions::action.eq(&new.action),
            agent_actions::credentials.eq(credentials.mode()),
            agent_actions::requires_confirmation.eq(requires_confirmation),
            agent_actions::created_at.eq(actor.at),
        ))
        .execute(conn)
        .map_err(named)?;
    let detail = json!({
        "agent": agent.id, "integration": new.integration, "action": new.action,
        "credentials": credentials.mode(), "requires_confirmation": requires_confirmation,
    });
    audit::record(conn, actor, audit::Event::new("agent_action.added", "agent_action", id).detail(detail))?;
    match credentials {
        Credentials::Own => {
            let key = AgentActionKey { agent: agent.id, action: id };
            notices::tell_callers(conn, actor, key, &new.integration)?;
        }
        Credentials::Preselected(attach) => bind(conn, id, &integration, definition, attach)?,
    }
    Ok(id)
}

/// Changes an action.
pub fn change(
    conn: &mut PgConnection,
    registry: &Registry,
    proof: &Authorized<Edit, AgentAction>,
    changes: ActionChanges<'_>,
) -> Result<(), ActionError> {
    let (actor, action) = (proof.actor(), proof.resource());
    let mode = changes.credentials.map_or(action.credentials, Credentials::mode);
    let requires_confirmation = changes.requires_confirmation.unwrap_or(action.requires_confirmation);
    let rows = diesel::update(agent_actions::table.find((actor.workspace, action.id)))
        .set((agent_actions::credentials.eq(mode), agent_actions::requires_confirmation.eq(requires_confirmation)))
        .execute(conn)?;
    if rows == 0 {
        return Err(ActionError::Gone);
    }
    let detail = json!({ "agent": action.agent, "credentials": mode, "requires_confirmation": requires_confirmation });
    audit::record(conn, actor, audit::Event::new("agent_action.changed", "agent_action", action.id).detail(detail))?;
    match changes.credentials {
        None => {}
        Some(Credentials::Own) => {
            binding::detach(conn, actor, action.id)?;
            if action.credentials == CredentialMode::Preselected {
                notices::tell_callers(conn, actor, action.key(), &action.integration)?;
            }
        }
        Some(Credentials::Preselected(attach)) => {
            reach(conn, actor, &action.integration, &action.action)?;
            let integration = registry.find(conn, actor.workspace, &action.integration)?;
            let integration = integration.ok_or(ActionError::UnknownIntegration)?;
            let definition = integration.action(&action.action).ok_or(ActionError::UnknownAction)?;
            bind(conn, action.id, &integration, definition, attach)?;
        }
    }
    Ok(())
}

/// Takes an action off its agent, with its binding.
pub fn remove(conn: &mut PgConnection, proof: &Authorized<Edit, AgentAction>) -> Result<(), ActionError> {
    let (actor, action) = (proof.actor(), proof.resource());
    let removed = diesel::delete(agent_actions::table.find((actor.workspace, action.id))).execute(conn)?;
    if removed == 0 {
        return Err(ActionError::Gone);
    }
    let detail = json!({ "agent": action.agent, "integration": action.integration, "action": action.action });
    audit::record(conn, actor, audit::Event::new("agent_action.removed", "agent_action", action.id).detail(detail))?;
    Ok(())
}

/// Only what the actor may use themselves can be put on an agent, or given a connection there.
fn reach(conn: &mut PgConnection, actor: &Actor, integration: &str, action: &str) -> Result<(), ActionError> {
    let seen = match authorize::<View, Integration>(conn, actor.clone(), &integration.to_owned()) {
        Ok(proof) => proof.into_parts().1,
        Err(Denied::Hidden | Denied::Forbidden(_)) => return Err(ActionError::UnknownIntegration),
        Err(Denied::Database(error)) => return Err(error.into()),
    };
    <Use as Permits<ActionFacts>>::permits(actor, &seen.action_facts(action)).map_err(ActionError::NotAllowed)
}

fn bind(
    conn: &mut PgConnection,
    action: AgentActionId,
    integration: &Definition,
    definition: &ActionDefinition,
    proof: &Authorized<Attach, Connection>,
) -> Result<(), ActionError> {
    let (actor, connection) = (proof.actor(), proof.resource());
    if connection.integration != integration.key {
        return Err(ActionError::OtherIntegration);
    }
    if !definition.auth_types.contains(&connection.auth_type) {
        return Err(ActionError::AuthTypeNotAdmitted);
    }
    binding::attach(conn, action, proof, &definition.fingerprint()).map_err(named)?;
    let event = audit::Event::new("binding.attached", "agent_action", action).connection(connection.id);
    audit::record(conn, actor, event)?;
    notices::tell_owner(conn, actor, action, connection)?;
    Ok(())
}

fn named(error: diesel::result::Error) -> ActionError {
    match conflict::constraint(&error) {
        Some("agent_actions_once") => ActionError::AlreadyThere,
        Some("agent_actions_workspace_id_agent_id_fkey" | "bindings_connection_in_use") => ActionError::Gone,
        Some(_) | None => error.into(),
    }
}
