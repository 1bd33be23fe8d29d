//! What the three roles may do.

use actix_web::HttpResponse;
use actix_web::http::Method;
use actix_web::web::Data;
use actix_web::web::ServiceConfig;
use serde::Deserialize;
use serde::Serialize;
use utoipa::OpenApi;
use utoipa::ToSchema;

use crate::authz::actions::ManagePeople;
use crate::authz::actions::View;
use crate::authz::facts::Permission;
use crate::authz::facts::Role;
use crate::authz::proof::Authorized;
use crate::db::Db;
use crate::domain::people::roles;
use crate::domain::people::roles::HeldRole;
use crate::domain::people::workspaces::Workspace;
use crate::http::error::Error;
use crate::http::gate::Part;
use crate::http::gate::route;
use crate::http::json;
use crate::http::json::Body;
use crate::http::json::Input;
use crate::http::json::List;
use crate::http::json::Paging;
use crate::http::query::Listing;
use crate::http::query::Unfiltered;
use crate::kernel::paging::Listed;

/// The description of these calls.
#[derive(Debug, OpenApi)]
#[openapi(paths(list, update))]
pub struct Description;

/// Adds the routes.
pub fn routes(cfg: &mut ServiceConfig) {
    route(cfg, Method::GET, "/api/v1/roles", list);
    route(cfg, Method::PATCH, "/api/v1/roles/{role}", update);
}

/// A role, and what it may do.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RoleDetail)]
struct Detail {
    role: Role,
    /// What it may do beyond its name. An admin holds every permission, always.
    permissions: Vec<Permission>,
    /// How many active members have it.
    member_count: i64,
}

impl Detail {
    fn of(held: HeldRole) -> Self {
        Self { role: held.role, permissions: held.permissions.iter().collect(), member_count: held.members }
    }
}

/// What a role may do from now on.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct RoleChanges {
    /// These, and no others.
    permissions: Vec<Permission>,
}

impl Input for RoleChanges {}

/// List the roles
///
/// The three that there are, the most powerful first.
#[utoipa::path(get, path = "/api/v1/roles", operation_id = "listRoles", tag = "Roles", params(Paging),
    responses((status = 200, description = "All of them", body = List<Detail>)))]
async fn list(
    proof: Authorized<View, Workspace>,
    Listing { filter: Unfiltered {}, page }: Listing<Unfiltered>,
    db: Data<Db>,
) -> Result<HttpResponse, Error> {
    let (actor, _) = proof.into_parts();
    let all = db.read(move |conn| Ok::<_, Error>(roles::list(conn, &actor)?)).await?;
    Ok(json::ok(&List::of(Listed::slice(all, &page), Detail::of)))
}

/// Switch a role’s permissions
///
/// What a role loses holds from the next call, also for the connections that its people attached to agents.
#[utoipa::path(patch, path = "/api/v1/roles/{role}", operation_id = "updateRole", tag = "Roles",
    params(("role" = Role, Path)), request_body = RoleChanges,
    responses(
        (status = 200, description = "The role as it is now", body = Detail),
        (status = 403, description = "`forbidden`: the caller is no admin", body = json::Problem),
        (status = 422, description = "`invalid`: see `errors`; an admin holds every permission", body = json::Problem)))]
async fn update(
    proof: Authorized<ManagePeople, Workspace>,
    Part(role): Part<Role>,
    Body(changes): Body<RoleChanges>,
    db: Data<Db>,
) -> Result<HttpResponse, Error> {
    let held = db
        .write(move |tx| {
            roles::change(tx, &proof, role, changes.permissions.into_iter().collect())?;
            let all = roles::list(tx, proof.actor())?;
            all.into_iter().find(|held| held.role == role).ok_or_else(Error::not_found)
        })
        .await?;
    Ok(json::ok(&Detail::of(held)))
}
