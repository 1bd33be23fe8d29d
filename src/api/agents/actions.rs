//! The actions of an agent, and whose credentials they use.

use actix_web::HttpResponse;
use actix_web::web::Data;
use diesel::pg::PgConnection;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::api::agents::answers::AgentAction;
use crate::authz::actions::Attach;
use crate::authz::actions::Edit;
use crate::authz::actions::View;
use crate::authz::actor::Actor;
use crate::authz::facts::CredentialMode;
use crate::authz::proof::Authorized;
use crate::authz::proof::Denied;
use crate::authz::proof::authorize;
use crate::db::Db;
use crate::domain::agents::Agent;
use crate::domain::agents::AgentAction as Kept;
use crate::domain::agents::AgentActionKey;
use crate::domain::agents::actions;
use crate::domain::agents::actions::ActionChanges;
use crate::domain::agents::actions::Credentials;
use crate::domain::agents::actions::ListedAction;
use crate::domain::connections::Connection;
use crate::domain::integrations::registry::Registry;
use crate::http::error::Error;
use crate::http::json;
use crate::http::json::Body;
use crate::http::json::Input;
use crate::http::json::List;
use crate::http::json::Paging;
use crate::http::query::Listing;
use crate::http::query::Unfiltered;
use crate::kernel::ids::AgentActionId;
use crate::kernel::ids::AgentId;
use crate::kernel::ids::ConnectionId;
use crate::kernel::paging::Listed;

/// An action to put on an agent.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewAgentAction {
    /// The integration’s key.
    integration: String,
    /// The action’s key in the integration.
    action: String,
    /// Whose credential it uses; each caller’s own without.
    credentials: Option<CredentialMode>,
    /// The connection, for `preselected`.
    connection_id: Option<ConnectionId>,
    /// Whether each call is shown to its caller before it is sent; without, those that change something are.
    requires_confirmation: Option<bool>,
}

impl Input for NewAgentAction {}

/// What changes about an action.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AgentActionChanges {
    credentials: Option<CredentialMode>,
    /// The connection, for `preselected`. The same one again approves it anew.
    connection_id: Option<ConnectionId>,
    requires_confirmation: Option<bool>,
}

impl Input for AgentActionChanges {}

/// List an agent’s actions
///
/// In the order they were put there, with what each takes.
#[utoipa::path(get, path = "/api/v1/agents/{agent}/actions", operation_id = "listAgentActions", tag = "Agents",
    params(("agent" = AgentId, Path), Paging),
    responses((status = 200, description = "A page of them", body = List<AgentAction>)))]
pub(super) async fn list(
    proof: Authorized<View, Agent>,
    Listing { filter: Unfiltered {}, page }: Listing<Unfiltered>,
    db: Data<Db>,
    registry: Data<Registry>,
) -> Result<HttpResponse, Error> {
    let all = db.read(move |conn| Ok::<_, Error>(actions::list(conn, &registry, &proof)?)).await?;
    Ok(json::ok(&List::of(Listed::slice(all, &page), AgentAction::of)))
}

/// Put an action on an agent
///
/// `preselected` needs the permission `configurePreselectedConnections`, and a right to the connection: its owner, an
/// admin (not for OAuth), or a share that says `attach`.
#[utoipa::path(post, path = "/api/v1/agents/{agent}/actions", operation_id = "createAgentAction", tag = "Agents",
    params(("agent" = AgentId, Path)), request_body = NewAgentAction,
    responses(
        (status = 201, description = "The action", body = AgentAction),
        (status = 403, description = "`forbidden`: the caller may not edit the agent, or not attach the connection", body = json::Problem),
        (status = 409, description = "`already_there`", body = json::Problem),
        (status = 422, description = "`invalid`: see `errors`", body = json::Problem)))]
pub(super) async fn create(
    proof: Authorized<Edit, Agent>,
    Body(new): Body<NewAgentAction>,
    db: Data<Db>,
    registry: Data<Registry>,
) -> Result<HttpResponse, Error> {
    let mode = new.credentials.unwrap_or(CredentialMode::Own);
    let listed = db
        .write(move |tx| {
            let (actor, agent) = (proof.actor(), proof.resource().id);
            let attach = attach(tx, actor, mode, new.connection_id)?;
            let wanted = actions::NewAction {
                integration: new.integration,
                action: new.action,
                requires_confirmation: new.requires_confirmation,
            };
            let action = actions::add(tx, &registry, &proof, &wanted, credentials(attach.as_ref()))?;
            load(tx, &registry, actor, AgentActionKey { agent, action })
        })
        .await?;
    Ok(json::created(&AgentAction::of(listed)))
}

/// Show an action of an agent
#[utoipa::path(get, path = "/api/v1/agents/{agent}/actions/{action}", operation_id = "getAgentAction", tag = "Agents",
    params(("agent" = AgentId, Path), ("action" = AgentActionId, Path)),
    responses((status = 200, description = "The action", body = AgentAction)))]
pub(super) async fn show(
    proof: Authorized<View, Kept>,
    db: Data<Db>,
    registry: Data<Registry>,
) -> Result<HttpResponse, Error> {
    let listed = db.read(move |conn| Ok::<_, Error>(actions::describe(conn, &registry, &proof)?)).await?;
    Ok(json::ok(&AgentAction::of(listed)))
}

/// Change an action of an agent
///
/// What `createAgentAction` needs, this needs as well.
#[utoipa::path(patch, path = "/api/v1/agents/{agent}/actions/{action}", operation_id = "updateAgentAction", tag = "Agents",
    params(("agent" = AgentId, Path), ("action" = AgentActionId, Path)), request_body = AgentActionChanges,
    responses(
        (status = 200, description = "The action as it is now", body = AgentAction),
        (status = 403, description = "`forbidden`: the caller may not edit the agent, or not attach the connection", body = json::Problem),
        (status = 422, description = "`invalid`: see `errors`", body = json::Problem)))]
pub(super) async fn update(
    proof: Authorized<Edit, Kept>,
    Body(changes): Body<AgentActionChanges>,
    db: Data<Db>,
    registry: Data<Registry>,
) -> Result<HttpResponse, Error> {
    // A connection alone is meant for an action that has one.
    let at_present = changes.connection_id.map(|_| proof.resource().credentials);
    let mode = changes.credentials.or(at_present);
    let listed = db
        .write(move |tx| {
            let (actor, key) = (proof.actor(), proof.resource().key());
            let attach = mode.map(|mode| attach(tx, actor, mode, changes.connection_id)).transpose()?;
            let changes = ActionChanges {
                credentials: attach.as_ref().map(|attach| credentials(attach.as_ref())),
                requires_confirmation: changes.requires_confirmation,
            };
            actions::change(tx, &registry, &proof, changes)?;
            load(tx, &registry, actor, key)
        })
        .await?;
    Ok(json::ok(&AgentAction::of(listed)))
}

/// Take an action off an agent
#[utoipa::path(delete, path = "/api/v1/agents/{agent}/actions/{action}", operation_id = "deleteAgentAction", tag = "Agents",
    params(("agent" = AgentId, Path), ("action" = AgentActionId, Path)),
    responses(
        (status = 204, description = "It is gone"),
        (status = 403, description = "`forbidden`: the caller may not edit the agent", body = json::Problem)))]
pub(super) async fn delete(proof: Authorized<Edit, Kept>, db: Data<Db>) -> Result<HttpResponse, Error> {
    db.write(move |tx| Ok::<_, Error>(actions::remove(tx, &proof)?)).await?;
    Ok(json::gone())
}

/// The proof that the actor may attach what is preselected (R10); none for `own`.
fn attach(
    conn: &mut PgConnection,
    actor: &Actor,
    mode: CredentialMode,
    connection: Option<ConnectionId>,
) -> Result<Option<Authorized<Attach, Connection>>, Error> {
    match (mode, connection) {
        (CredentialMode::Own, None) => Ok(None),
        (CredentialMode::Own, Some(_)) => {
            Err(Error::invalid("connection_id", "An action with `own` credentials has no connection of its own."))
        }
        (CredentialMode::Preselected, None) => Err(Error::invalid("connection_id", "This is missing.")),
        (CredentialMode::Preselected, Some(id)) => match authorize(conn, actor.clone(), &id) {
            Ok(proof) => Ok(Some(proof)),
            Err(Denied::Hidden) => Err(Error::nothing_named("connection")),
            Err(denied @ (Denied::Forbidden(_) | Denied::Database(_))) => Err(denied.into()),
        },
    }
}

fn credentials(attach: Option<&Authorized<Attach, Connection>>) -> Credentials<'_> {
    attach.map_or(Credentials::Own, Credentials::Preselected)
}

fn load(
    conn: &mut PgConnection,
    registry: &Registry,
    actor: &Actor,
    key: AgentActionKey,
) -> Result<ListedAction, Error> {
    let proof = authorize::<View, Kept>(conn, actor.clone(), &key)?;
    Ok(actions::describe(conn, registry, &proof)?)
}
