//! Who a token acts as.

use actix_web::HttpResponse;
use actix_web::http::Method;
use actix_web::web::Data;
use actix_web::web::ServiceConfig;
use serde::Serialize;
use utoipa::OpenApi;
use utoipa::ToSchema;

use crate::authz::actions::View;
use crate::authz::facts::Permission;
use crate::authz::facts::Role;
use crate::authz::proof::Authorized;
use crate::db::Db;
use crate::domain::people::members;
use crate::domain::people::workspaces::Workspace;
use crate::http::error::Error;
use crate::http::gate::route;
use crate::http::json;
use crate::kernel::ids::UserId;
use crate::kernel::ids::WorkspaceId;

/// The description of these calls.
#[derive(Debug, OpenApi)]
#[openapi(paths(show))]
pub struct Description;

/// Adds the routes.
pub fn routes(cfg: &mut ServiceConfig) {
    route(cfg, Method::GET, "/api/v1/me", show);
}

/// The member that a token acts as.
#[derive(Debug, Serialize, ToSchema)]
struct Me {
    /// The person.
    user: MeUser,
    /// Where they act.
    workspace: MeWorkspace,
    /// What they are there.
    role: Role,
    /// What their role may do beyond its name. An admin holds every permission.
    permissions: Vec<Permission>,
}

#[derive(Debug, Serialize, ToSchema)]
struct MeUser {
    id: UserId,
    name: String,
    email: String,
}

#[derive(Debug, Serialize, ToSchema)]
struct MeWorkspace {
    id: WorkspaceId,
    /// Its name in addresses of pages.
    slug: String,
    name: String,
}

/// Show who the token acts as
#[utoipa::path(get, path = "/api/v1/me", operation_id = "getMe", tag = "Me",
    responses((status = 200, description = "The member, with what they may do", body = Me)))]
async fn show(proof: Authorized<View, Workspace>, db: Data<Db>) -> Result<HttpResponse, Error> {
    let (actor, workspace) = proof.into_parts();
    let (id, user) = (actor.workspace, actor.user);
    let member = db.read(move |conn| Ok::<_, Error>(members::find(conn, id, user)?)).await?;
    let member = member.ok_or_else(Error::token_needed)?;
    Ok(json::ok(&Me {
        user: MeUser { id: member.user, name: member.name, email: member.email },
        workspace: MeWorkspace { id: workspace.id, slug: workspace.slug, name: workspace.name },
        role: actor.role,
        permissions: actor.permissions.iter().collect(),
    }))
}
