//! Who may use or edit an agent.

use actix_web::HttpResponse;
use actix_web::web::Data;
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::api::agents::answers::AgentShare;
use crate::authz::actions::Share;
use crate::authz::facts::AgentAccess;
use crate::authz::proof::Authorized;
use crate::db::Db;
use crate::domain::agents::Agent;
use crate::domain::agents::shares;
use crate::domain::people::grantee::Grantee;
use crate::domain::people::grantee::GranteeKind;
use crate::http::error::Error;
use crate::http::gate::Part;
use crate::http::json;
use crate::http::json::Body;
use crate::http::json::Input;
use crate::http::json::List;
use crate::http::json::Paging;
use crate::http::query::Listing;
use crate::http::query::Unfiltered;
use crate::kernel::ids::AgentId;
use crate::kernel::ids::AgentShareId;
use crate::kernel::paging::Listed;

/// A share to make.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewAgentShare {
    grantee: AgentGranteeInput,
    access: AgentAccess,
}

impl Input for NewAgentShare {}

/// Whom to share with.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct AgentGranteeInput {
    r#type: GranteeKind,
    /// The person or the group; none for the workspace.
    id: Option<Uuid>,
}

/// List an agent’s shares
///
/// For its owner and its editors.
#[utoipa::path(get, path = "/api/v1/agents/{agent}/shares", operation_id = "listAgentShares", tag = "Agents",
    params(("agent" = AgentId, Path), Paging),
    responses(
        (status = 200, description = "A page of them", body = List<AgentShare>),
        (status = 403, description = "`forbidden`: the caller may use it, but not edit it", body = json::Problem)))]
pub(super) async fn list(
    proof: Authorized<Share, Agent>,
    Listing { filter: Unfiltered {}, page }: Listing<Unfiltered>,
    db: Data<Db>,
) -> Result<HttpResponse, Error> {
    let all = db.read(move |conn| Ok::<_, Error>(shares::list(conn, &proof)?)).await?;
    Ok(json::ok(&List::of(Listed::slice(all, &page), AgentShare::of)))
}

/// Share an agent
#[utoipa::path(post, path = "/api/v1/agents/{agent}/shares", operation_id = "createAgentShare", tag = "Agents",
    params(("agent" = AgentId, Path)), request_body = NewAgentShare,
    responses(
        (status = 201, description = "The share", body = AgentShare),
        (status = 403, description = "`forbidden`: the caller may use it, but not edit it", body = json::Problem),
        (status = 409, description = "`already_shared`: take that share away first", body = json::Problem),
        (status = 422, description = "`invalid`: see `errors`", body = json::Problem)))]
pub(super) async fn create(
    proof: Authorized<Share, Agent>,
    Body(new): Body<NewAgentShare>,
    db: Data<Db>,
) -> Result<HttpResponse, Error> {
    let grantee = Grantee::new(new.grantee.r#type, new.grantee.id)
        .ok_or_else(|| Error::invalid("grantee.id", "A user or a group is named by its id; the workspace has none."))?;
    let share = db
        .write(move |tx| {
            let id = shares::add(tx, &proof, grantee, new.access)?;
            let all = shares::list(tx, &proof)?;
            all.into_iter().find(|share| share.id == id).ok_or_else(Error::not_found)
        })
        .await?;
    Ok(json::created(&AgentShare::of(share)))
}

/// Take a share of an agent away
#[utoipa::path(delete, path = "/api/v1/agents/{agent}/shares/{share}", operation_id = "deleteAgentShare", tag = "Agents",
    params(("agent" = AgentId, Path), ("share" = AgentShareId, Path)),
    responses(
        (status = 204, description = "It is gone; the next call knows"),
        (status = 403, description = "`forbidden`: the caller may use it, but not edit it", body = json::Problem)))]
pub(super) async fn delete(
    proof: Authorized<Share, Agent>,
    Part(share): Part<AgentShareId>,
    db: Data<Db>,
) -> Result<HttpResponse, Error> {
    let removed = db.write(move |tx| Ok::<_, Error>(shares::remove(tx, &proof, share)?)).await?;
    if removed { Ok(json::gone()) } else { Err(Error::not_found()) }
}
