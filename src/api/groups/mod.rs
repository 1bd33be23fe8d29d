//! Groups: named sets of members. Every member sees them, admins change them.

mod answers;
mod roster;

use actix_web::HttpResponse;
use actix_web::http::Method;
use actix_web::web::Data;
use actix_web::web::ServiceConfig;
use serde::Deserialize;
use utoipa::OpenApi;
use utoipa::ToSchema;

use crate::api::groups::answers::Group;
use crate::api::groups::answers::Usage;
use crate::authz::actions::ManagePeople;
use crate::authz::actions::View;
use crate::authz::actor::Actor;
use crate::authz::proof::Authorized;
use crate::authz::proof::authorize;
use crate::db::Db;
use crate::domain::agents::losses::group::reach;
use crate::domain::people::groups;
use crate::domain::people::groups::Group as Kept;
use crate::domain::people::workspaces::Workspace;
use crate::http::error::Error;
use crate::http::gate::route;
use crate::http::json;
use crate::http::json::Body;
use crate::http::json::Input;
use crate::http::json::List;
use crate::http::json::Paging;
use crate::http::query::Listing;
use crate::kernel::ids::GroupId;

/// The description of these calls.
#[derive(Debug, OpenApi)]
#[openapi(paths(list, create, show, update, delete, usage, roster::list, roster::paste, roster::add, roster::remove))]
pub struct Description;

/// Adds the routes.
pub fn routes(cfg: &mut ServiceConfig) {
    route(cfg, Method::GET, "/api/v1/groups", list);
    route(cfg, Method::POST, "/api/v1/groups", create);
    route(cfg, Method::GET, "/api/v1/groups/{group}", show);
    route(cfg, Method::PATCH, "/api/v1/groups/{group}", update);
    route(cfg, Method::DELETE, "/api/v1/groups/{group}", delete);
    route(cfg, Method::GET, "/api/v1/groups/{group}/usage", usage);
    route(cfg, Method::GET, "/api/v1/groups/{group}/members", roster::list);
    route(cfg, Method::POST, "/api/v1/groups/{group}/members", roster::paste);
    route(cfg, Method::PUT, "/api/v1/groups/{group}/members/{user}", roster::add);
    route(cfg, Method::DELETE, "/api/v1/groups/{group}/members/{user}", roster::remove);
}

/// What a group is called.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = GroupInput)]
#[serde(deny_unknown_fields)]
struct GroupInput {
    /// No other group of the workspace has it.
    name: String,
}

impl Input for GroupInput {}

#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Filter {
    /// What a word of the name begins with.
    #[serde(default)]
    q: String,
}

/// List groups
///
/// By name. Every member sees which groups there are.
#[utoipa::path(get, path = "/api/v1/groups", operation_id = "listGroups", tag = "Groups", params(Filter, Paging),
    responses((status = 200, description = "A page of them", body = List<Group>)))]
async fn list(
    proof: Authorized<View, Workspace>,
    Listing { filter, page }: Listing<Filter>,
    db: Data<Db>,
) -> Result<HttpResponse, Error> {
    let (actor, _) = proof.into_parts();
    let listed = db.read(move |conn| Ok::<_, Error>(groups::list(conn, &actor, &filter.q, &page)?)).await?;
    Ok(json::ok(&List::of(listed, Group::of)))
}

/// Make a group
#[utoipa::path(post, path = "/api/v1/groups", operation_id = "createGroup", tag = "Groups", request_body = GroupInput,
    responses(
        (status = 201, description = "The group, without members", body = Group),
        (status = 403, description = "`forbidden`: the caller is no admin", body = json::Problem),
        (status = 409, description = "`name_taken`: there is a group with that name", body = json::Problem),
        (status = 422, description = "`invalid`: see `errors`", body = json::Problem)))]
async fn create(
    proof: Authorized<ManagePeople, Workspace>,
    Body(new): Body<GroupInput>,
    db: Data<Db>,
) -> Result<HttpResponse, Error> {
    let group = db
        .write(move |tx| {
            let id = groups::create(tx, &proof, &new.name)?;
            shown(tx, proof.actor(), id)
        })
        .await?;
    Ok(json::created(&Group::of(group)))
}

/// Show a group
#[utoipa::path(get, path = "/api/v1/groups/{group}", operation_id = "getGroup", tag = "Groups",
    params(("group" = GroupId, Path)),
    responses((status = 200, description = "The group", body = Group)))]
async fn show(proof: Authorized<View, Kept>) -> HttpResponse {
    let (_, group) = proof.into_parts();
    json::ok(&Group::of(group))
}

/// Rename a group
#[utoipa::path(patch, path = "/api/v1/groups/{group}", operation_id = "updateGroup", tag = "Groups",
    params(("group" = GroupId, Path)), request_body = GroupInput,
    responses(
        (status = 200, description = "The group as it is now", body = Group),
        (status = 403, description = "`forbidden`: the caller is no admin", body = json::Problem),
        (status = 409, description = "`name_taken`: there is a group with that name", body = json::Problem),
        (status = 422, description = "`invalid`: see `errors`", body = json::Problem)))]
async fn update(
    proof: Authorized<ManagePeople, Kept>,
    Body(changes): Body<GroupInput>,
    db: Data<Db>,
) -> Result<HttpResponse, Error> {
    let group = db
        .write(move |tx| {
            groups::rename(tx, &proof, &changes.name)?;
            shown(tx, proof.actor(), proof.resource().id)
        })
        .await?;
    Ok(json::ok(&Group::of(group)))
}

/// Delete a group
///
/// With everything that is shared with it; its people lose what they had through it alone. `usage` says what that is.
#[utoipa::path(delete, path = "/api/v1/groups/{group}", operation_id = "deleteGroup", tag = "Groups",
    params(("group" = GroupId, Path)),
    responses(
        (status = 204, description = "It is gone; the next call knows"),
        (status = 403, description = "`forbidden`: the caller is no admin", body = json::Problem)))]
async fn delete(proof: Authorized<ManagePeople, Kept>, db: Data<Db>) -> Result<HttpResponse, Error> {
    db.write(move |tx| Ok::<_, Error>(groups::remove(tx, &proof)?)).await?;
    Ok(json::gone())
}

/// Say what a group gives
///
/// To which connections, agents and integrations, at most 200 of each, and how many people have each by this group alone:
/// they lose it with the group.
#[utoipa::path(get, path = "/api/v1/groups/{group}/usage", operation_id = "getGroupUsage", tag = "Groups",
    params(("group" = GroupId, Path)),
    responses(
        (status = 200, description = "What it gives", body = Usage),
        (status = 403, description = "`forbidden`: the caller is no admin", body = json::Problem)))]
async fn usage(proof: Authorized<ManagePeople, Kept>, db: Data<Db>) -> Result<HttpResponse, Error> {
    let reach = db.read(move |conn| Ok::<_, Error>(reach(conn, &proof)?)).await?;
    Ok(json::ok(&Usage::of(reach)))
}

fn shown(conn: &mut diesel::pg::PgConnection, actor: &Actor, id: GroupId) -> Result<Kept, Error> {
    Ok(authorize::<View, Kept>(conn, actor.clone(), &id)?.into_parts().1)
}
