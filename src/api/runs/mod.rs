//! Runs: an agent's action executed, with exactly the right person's rights, and the record of it.

mod answers;
mod calls;
mod first;

use actix_web::HttpResponse;
use actix_web::http::Method;
use actix_web::web::Data;
use actix_web::web::ServiceConfig;
use serde::Deserialize;
use utoipa::OpenApi;

use crate::api::runs::answers::Run;
use crate::authz::actions::View;
use crate::authz::proof::Authorized;
use crate::db::Db;
use crate::domain::people::workspaces::Workspace;
use crate::domain::runs::Run as Recorded;
use crate::domain::runs::RunStatus;
use crate::domain::runs::visible;
use crate::domain::runs::visible::Which;
use crate::http::error::Error;
use crate::http::gate::route;
use crate::http::json;
use crate::http::json::List;
use crate::http::json::Paging;
use crate::http::query::Listing;
use crate::kernel::ids::AgentId;
use crate::kernel::ids::ConnectionId;
use crate::kernel::ids::RunId;

/// The description of these calls.
#[derive(Debug, OpenApi)]
#[openapi(paths(calls::create, list, show))]
pub struct Description;

/// Adds the routes.
pub fn routes(cfg: &mut ServiceConfig) {
    route(cfg, Method::POST, "/api/v1/agents/{agent}/actions/{action}/runs", calls::create);
    route(cfg, Method::GET, "/api/v1/runs", list);
    route(cfg, Method::GET, "/api/v1/runs/{run}", show);
}

#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Filter {
    /// Which of the visible ones; all without.
    #[param(inline)]
    view: Option<Which>,
    /// An agent.
    agent: Option<AgentId>,
    /// A connection.
    connection: Option<ConnectionId>,
    status: Option<RunStatus>,
}

/// List runs
///
/// Those that the caller ran, those that used a connection of theirs, and for admins all; the newest first.
#[utoipa::path(get, path = "/api/v1/runs", operation_id = "listRuns", tag = "Runs", params(Filter, Paging),
    responses((status = 200, description = "A page of them, without what was sent and answered", body = List<Run>)))]
async fn list(
    proof: Authorized<View, Workspace>,
    Listing { filter, page }: Listing<Filter>,
    db: Data<Db>,
) -> Result<HttpResponse, Error> {
    let Filter { view, agent, connection, status } = filter;
    let (which, filter) = (view.unwrap_or(Which::All), visible::Filter { agent, connection, status });
    let (actor, _) = proof.into_parts();
    let listed = db.read(move |conn| Ok::<_, Error>(visible::list(conn, &actor, which, &filter, &page)?)).await?;
    Ok(json::ok(&List::of(listed, Run::of)))
}

/// Show a run
///
/// What was sent and what came back is for its caller alone.
#[utoipa::path(get, path = "/api/v1/runs/{run}", operation_id = "getRun", tag = "Runs", params(("run" = RunId, Path)),
    responses((status = 200, description = "The run", body = Run)))]
async fn show(proof: Authorized<View, Recorded>) -> Result<HttpResponse, Error> {
    let (_, run) = proof.into_parts();
    Ok(json::ok(&Run::of(run)))
}
