//! Agents: named helpers with actions, used by the people they are shared with.

mod actions;
mod answers;
mod shares;

use actix_web::HttpResponse;
use actix_web::http::Method;
use actix_web::web::Data;
use actix_web::web::ServiceConfig;
use diesel::pg::PgConnection;
use serde::Deserialize;
use utoipa::OpenApi;
use utoipa::ToSchema;

use crate::api::agents::answers::Agent;
use crate::authz::actions::CreateAgent;
use crate::authz::actions::Delete;
use crate::authz::actions::Edit;
use crate::authz::actions::View;
use crate::authz::actor::Actor;
use crate::authz::proof::Authorized;
use crate::authz::proof::authorize;
use crate::db::Db;
use crate::domain::agents::Agent as Kept;
use crate::domain::agents::agent;
use crate::domain::agents::agent::AgentChanges;
use crate::domain::agents::visible;
use crate::domain::people::workspaces::Workspace;
use crate::http::error::Error;
use crate::http::gate::route;
use crate::http::json;
use crate::http::json::Body;
use crate::http::json::Input;
use crate::http::json::List;
use crate::http::json::Paging;
use crate::http::query::Listing;
use crate::http::query::Unfiltered;
use crate::kernel::ids::AgentId;

/// The description of these calls.
#[derive(Debug, OpenApi)]
#[openapi(paths(
    list,
    create,
    show,
    update,
    delete,
    shares::list,
    shares::create,
    shares::delete,
    actions::list,
    actions::create,
    actions::show,
    actions::update,
    actions::delete
))]
pub struct Description;

/// Adds the routes.
pub fn routes(cfg: &mut ServiceConfig) {
    route(cfg, Method::GET, "/api/v1/agents", list);
    route(cfg, Method::POST, "/api/v1/agents", create);
    route(cfg, Method::GET, "/api/v1/agents/{agent}", show);
    route(cfg, Method::PATCH, "/api/v1/agents/{agent}", update);
    route(cfg, Method::DELETE, "/api/v1/agents/{agent}", delete);
    route(cfg, Method::GET, "/api/v1/agents/{agent}/shares", shares::list);
    route(cfg, Method::POST, "/api/v1/agents/{agent}/shares", shares::create);
    route(cfg, Method::DELETE, "/api/v1/agents/{agent}/shares/{share}", shares::delete);
    route(cfg, Method::GET, "/api/v1/agents/{agent}/actions", actions::list);
    route(cfg, Method::POST, "/api/v1/agents/{agent}/actions", actions::create);
    route(cfg, Method::GET, "/api/v1/agents/{agent}/actions/{action}", actions::show);
    route(cfg, Method::PATCH, "/api/v1/agents/{agent}/actions/{action}", actions::update);
    route(cfg, Method::DELETE, "/api/v1/agents/{agent}/actions/{action}", actions::delete);
}

/// An agent to make.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewAgent {
    name: String,
    /// What it is for.
    #[serde(default)]
    description: String,
    /// How it should go about things.
    #[serde(default)]
    instructions: String,
    /// Whether its actions can be run; true without.
    enabled: Option<bool>,
}

impl Input for NewAgent {}

/// What changes about an agent.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = AgentChanges)]
#[serde(deny_unknown_fields)]
struct Changes {
    name: Option<String>,
    description: Option<String>,
    instructions: Option<String>,
    enabled: Option<bool>,
}

impl Input for Changes {}

/// List agents
///
/// Those that the caller made and those shared with them, the newest first.
#[utoipa::path(get, path = "/api/v1/agents", operation_id = "listAgents", tag = "Agents", params(Paging),
    responses((status = 200, description = "A page of them", body = List<Agent>)))]
async fn list(
    proof: Authorized<View, Workspace>,
    Listing { filter: Unfiltered {}, page }: Listing<Unfiltered>,
    db: Data<Db>,
) -> Result<HttpResponse, Error> {
    let (actor, _) = proof.into_parts();
    let listed = db.read(move |conn| Ok::<_, Error>(visible::list(conn, &actor, &page)?)).await?;
    Ok(json::ok(&List::of(listed, Agent::of)))
}

/// Make an agent
///
/// Needs the permission `createAgents`. It is private to its maker until it is shared.
#[utoipa::path(post, path = "/api/v1/agents", operation_id = "createAgent", tag = "Agents", request_body = NewAgent,
    responses(
        (status = 201, description = "The agent", body = Agent),
        (status = 403, description = "`forbidden`: the permission is missing", body = json::Problem),
        (status = 422, description = "`invalid`: see `errors`", body = json::Problem)))]
async fn create(
    proof: Authorized<CreateAgent, Workspace>,
    Body(new): Body<NewAgent>,
    db: Data<Db>,
) -> Result<HttpResponse, Error> {
    let kept = db
        .write(move |tx| {
            let NewAgent { name, description, instructions, enabled } = new;
            let id = agent::create(tx, &proof, &agent::NewAgent { name, description, instructions })?;
            if enabled == Some(false) {
                let proof = authorize::<Edit, Kept>(tx, proof.actor().clone(), &id)?;
                agent::update(tx, &proof, &AgentChanges { is_enabled: enabled, ..AgentChanges::default() })?;
            }
            load(tx, proof.actor(), id)
        })
        .await?;
    Ok(json::created(&Agent::of(kept)))
}

/// Show an agent
#[utoipa::path(get, path = "/api/v1/agents/{agent}", operation_id = "getAgent", tag = "Agents",
    params(("agent" = AgentId, Path)),
    responses((status = 200, description = "The agent", body = Agent)))]
async fn show(proof: Authorized<View, Kept>) -> Result<HttpResponse, Error> {
    let (_, kept) = proof.into_parts();
    Ok(json::ok(&Agent::of(kept)))
}

/// Change an agent
#[utoipa::path(patch, path = "/api/v1/agents/{agent}", operation_id = "updateAgent", tag = "Agents",
    params(("agent" = AgentId, Path)), request_body = Changes,
    responses(
        (status = 200, description = "The agent as it is now", body = Agent),
        (status = 403, description = "`forbidden`: the caller may use it, but not edit it", body = json::Problem),
        (status = 422, description = "`invalid`: see `errors`", body = json::Problem)))]
async fn update(
    proof: Authorized<Edit, Kept>,
    Body(changes): Body<Changes>,
    db: Data<Db>,
) -> Result<HttpResponse, Error> {
    let Changes { name, description, instructions, enabled } = changes;
    let changes = AgentChanges { name, description, instructions, is_enabled: enabled };
    let kept = db
        .write(move |tx| {
            agent::update(tx, &proof, &changes)?;
            load(tx, proof.actor(), proof.resource().id)
        })
        .await?;
    Ok(json::ok(&Agent::of(kept)))
}

/// Delete an agent
///
/// With its actions and shares. What it ran stays on record.
#[utoipa::path(delete, path = "/api/v1/agents/{agent}", operation_id = "deleteAgent", tag = "Agents",
    params(("agent" = AgentId, Path)),
    responses(
        (status = 204, description = "It is gone"),
        (status = 403, description = "`forbidden`: only the owner can", body = json::Problem)))]
async fn delete(proof: Authorized<Delete, Kept>, db: Data<Db>) -> Result<HttpResponse, Error> {
    db.write(move |tx| Ok::<_, Error>(agent::delete(tx, &proof)?)).await?;
    Ok(json::gone())
}

fn load(conn: &mut PgConnection, actor: &Actor, id: AgentId) -> Result<Kept, Error> {
    Ok(authorize::<View, Kept>(conn, actor.clone(), &id)?.into_parts().1)
}
