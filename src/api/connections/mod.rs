//! Connections: made where no browser is needed, looked at, tested, changed and deleted.

mod access;
mod answers;
mod creation;
mod fields;
mod shares;
mod transfers;
mod update;

use actix_web::HttpResponse;
use actix_web::http::Method;
use actix_web::web::Data;
use actix_web::web::ServiceConfig;
use serde::Deserialize;
use utoipa::OpenApi;

use crate::api::connections::answers::Connection;
use crate::api::connections::answers::ConnectionTest;
use crate::api::connections::answers::ConnectionUsage;
use crate::authz::actions::Delete;
use crate::authz::actions::Maintain;
use crate::authz::actions::View;
use crate::authz::proof::Authorized;
use crate::db::Db;
use crate::domain::connections::Connection as Saved;
use crate::domain::connections::ConnectionStatus;
use crate::domain::connections::lifecycle;
use crate::domain::connections::visible;
use crate::domain::connections::visible::Which;
use crate::domain::oauth::trial::Trial;
use crate::domain::people::workspaces::Workspace;
use crate::domain::runs::usage;
use crate::http::error::Error;
use crate::http::gate::route;
use crate::http::json;
use crate::http::json::List;
use crate::http::json::Paging;
use crate::http::query::Listing;
use crate::kernel::ids::ConnectionId;
use crate::vault::Vault;

/// The description of these calls.
#[derive(Debug, OpenApi)]
#[openapi(paths(
    list,
    creation::create,
    show,
    update::update,
    delete,
    test,
    show_usage,
    shares::list,
    shares::create,
    shares::update,
    shares::delete,
    shares::restore,
    shares::people,
    access::show,
    transfers::create
))]
pub struct Description;

/// Adds the routes.
pub fn routes(cfg: &mut ServiceConfig) {
    route(cfg, Method::GET, "/api/v1/connections", list);
    route(cfg, Method::POST, "/api/v1/connections", creation::create);
    route(cfg, Method::GET, "/api/v1/connections/{connection}", show);
    route(cfg, Method::PATCH, "/api/v1/connections/{connection}", update::update);
    route(cfg, Method::DELETE, "/api/v1/connections/{connection}", delete);
    route(cfg, Method::POST, "/api/v1/connections/{connection}/test", test);
    route(cfg, Method::GET, "/api/v1/connections/{connection}/usage", show_usage);
    route(cfg, Method::GET, "/api/v1/connections/{connection}/access", access::show);
    route(cfg, Method::GET, "/api/v1/connections/{connection}/people", shares::people);
    route(cfg, Method::GET, "/api/v1/connections/{connection}/shares", shares::list);
    route(cfg, Method::POST, "/api/v1/connections/{connection}/shares", shares::create);
    route(cfg, Method::PATCH, "/api/v1/connections/{connection}/shares/{share}", shares::update);
    route(cfg, Method::DELETE, "/api/v1/connections/{connection}/shares/{share}", shares::delete);
    route(cfg, Method::POST, "/api/v1/connections/{connection}/shares/{share}/restoration", shares::restore);
    route(cfg, Method::POST, "/api/v1/connections/{connection}/transfer", transfers::create);
}

#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Filter {
    /// Which of the visible ones; all without.
    #[param(inline)]
    view: Option<Which>,
    /// An integration’s key.
    integration: Option<String>,
    status: Option<ConnectionStatus>,
}

/// List connections
///
/// Those that the caller may see, the newest first: their own, those shared with them, and for admins all. Of other
/// people’s OAuth connections an admin sees integration, owner and state alone.
#[utoipa::path(get, path = "/api/v1/connections", operation_id = "listConnections", tag = "Connections",
    params(Filter, Paging),
    responses((status = 200, description = "A page of them", body = List<Connection>)))]
async fn list(
    proof: Authorized<View, Workspace>,
    Listing { filter, page }: Listing<Filter>,
    db: Data<Db>,
) -> Result<HttpResponse, Error> {
    let which = filter.view.unwrap_or(Which::All);
    let filter = visible::Filter { integration: filter.integration, status: filter.status };
    let (actor, _) = proof.into_parts();
    let listed = db.read(move |conn| Ok::<_, Error>(visible::list(conn, &actor, which, &filter, &page)?)).await?;
    Ok(json::ok(&List::of(listed, Connection::of)))
}

/// Show a connection
#[utoipa::path(get, path = "/api/v1/connections/{connection}", operation_id = "getConnection", tag = "Connections",
    params(("connection" = ConnectionId, Path)),
    responses((status = 200, description = "The connection", body = Connection)))]
async fn show(proof: Authorized<View, Saved>) -> Result<HttpResponse, Error> {
    let (_, connection) = proof.into_parts();
    Ok(json::ok(&Connection::of(connection)))
}

/// Delete a connection
///
/// For its owner, and for admins. Its secret is gone at once, its tokens are revoked at the provider, and the actions
/// that it was preselected on are refused until somebody chooses another.
#[utoipa::path(delete, path = "/api/v1/connections/{connection}", operation_id = "deleteConnection", tag = "Connections",
    params(("connection" = ConnectionId, Path)),
    responses(
        (status = 204, description = "It is gone"),
        (status = 403, description = "`forbidden`: only the owner or an admin can", body = json::Problem)))]
async fn delete(proof: Authorized<Delete, Saved>, db: Data<Db>, vault: Data<Vault>) -> Result<HttpResponse, Error> {
    db.write(move |tx| Ok::<_, Error>(lifecycle::remove(tx, &vault, &proof)?)).await?;
    Ok(json::gone())
}

/// Test a connection
///
/// Makes the integration’s test call with it, as it is. For its owner.
#[utoipa::path(post, path = "/api/v1/connections/{connection}/test", operation_id = "testConnection", tag = "Connections",
    params(("connection" = ConnectionId, Path)),
    responses(
        (status = 200, description = "How it went; a connection that does not work is no problem of the call", body = ConnectionTest),
        (status = 403, description = "`forbidden`: only the owner can", body = json::Problem)))]
async fn test(proof: Authorized<Maintain, Saved>, trial: Data<Trial>) -> Result<HttpResponse, Error> {
    let outcome = trial.run(proof).await?;
    Ok(json::ok(&ConnectionTest::of(outcome)))
}

/// Show what depends on a connection
///
/// What breaks when it is deleted. For those who may delete it.
#[utoipa::path(get, path = "/api/v1/connections/{connection}/usage", operation_id = "getConnectionUsage", tag = "Connections",
    params(("connection" = ConnectionId, Path)),
    responses(
        (status = 200, description = "What depends on it", body = ConnectionUsage),
        (status = 403, description = "`forbidden`: only the owner or an admin can", body = json::Problem)))]
async fn show_usage(proof: Authorized<Delete, Saved>, db: Data<Db>) -> Result<HttpResponse, Error> {
    let usage = db
        .read(move |conn| {
            let (actor, id) = (proof.actor(), proof.resource().id);
            let agents = usage::agents(conn, actor, id)?;
            Ok::<_, Error>(ConnectionUsage::of(&usage::usage(conn, actor, id)?, agents))
        })
        .await?;
    Ok(json::ok(&usage))
}
