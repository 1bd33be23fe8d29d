//! Who is in a group.

use actix_web::HttpResponse;
use actix_web::web::Data;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::api::groups::answers::Addition;
use crate::api::groups::answers::Seat;
use crate::authz::actions::ManagePeople;
use crate::authz::actions::View;
use crate::authz::proof::Authorized;
use crate::db::Db;
use crate::domain::agents::joins;
use crate::domain::people::groups::Group;
use crate::domain::people::groups::roster;
use crate::http::error::Error;
use crate::http::gate::Part;
use crate::http::json;
use crate::http::json::Body;
use crate::http::json::Input;
use crate::http::json::List;
use crate::http::json::Paging;
use crate::http::query::Listing;
use crate::http::query::Unfiltered;
use crate::kernel::ids::GroupId;
use crate::kernel::ids::UserId;
use crate::kernel::text;

/// How many addresses are taken at once.
const ADDRESSES_AT_MOST: usize = 500;

/// People to add.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = GroupMembersInput)]
#[serde(deny_unknown_fields)]
pub(super) struct PeopleInput {
    /// Their e-mail addresses, at most 500.
    emails: Vec<String>,
}

impl Input for PeopleInput {}

/// List a group’s people
///
/// Those added last first.
#[utoipa::path(get, path = "/api/v1/groups/{group}/members", operation_id = "listGroupMembers", tag = "Groups",
    params(("group" = GroupId, Path), Paging),
    responses((status = 200, description = "A page of them", body = List<Seat>)))]
pub(super) async fn list(
    proof: Authorized<View, Group>,
    Listing { filter: Unfiltered {}, page }: Listing<Unfiltered>,
    db: Data<Db>,
) -> Result<HttpResponse, Error> {
    let listed = db.read(move |conn| Ok::<_, Error>(roster::list(conn, &proof, &page)?)).await?;
    Ok(json::ok(&List::of(listed, Seat::of)))
}

/// Add people by their addresses
///
/// Those who are active members are added. The addresses that are nobody’s here come back in `unknown`.
#[utoipa::path(post, path = "/api/v1/groups/{group}/members", operation_id = "addGroupMembers", tag = "Groups",
    params(("group" = GroupId, Path)), request_body = PeopleInput,
    responses(
        (status = 200, description = "Who was added, and which addresses are not known", body = Addition),
        (status = 403, description = "`forbidden`: the caller is no admin", body = json::Problem),
        (status = 422, description = "`invalid`: see `errors`", body = json::Problem)))]
pub(super) async fn paste(
    proof: Authorized<ManagePeople, Group>,
    Body(people): Body<PeopleInput>,
    db: Data<Db>,
) -> Result<HttpResponse, Error> {
    let wanted = text::addresses(&people.emails.join("\n"));
    if wanted.is_empty() || wanted.len() > ADDRESSES_AT_MOST {
        return Err(Error::invalid("emails", format!("Give 1 to {ADDRESSES_AT_MOST} addresses.")));
    }
    let added = db.write(move |tx| Ok::<_, Error>(joins::add_by_address(tx, &proof, &wanted)?)).await?;
    Ok(json::ok(&Addition::of(added)))
}

/// Put a member into a group
///
/// Putting somebody in twice changes nothing.
#[utoipa::path(put, path = "/api/v1/groups/{group}/members/{user}", operation_id = "addGroupMember", tag = "Groups",
    params(("group" = GroupId, Path), ("user" = UserId, Path)),
    responses(
        (status = 204, description = "They are in it"),
        (status = 403, description = "`forbidden`: the caller is no admin", body = json::Problem)))]
pub(super) async fn add(
    proof: Authorized<ManagePeople, Group>,
    Part(user): Part<UserId>,
    db: Data<Db>,
) -> Result<HttpResponse, Error> {
    let is_known = db.write(move |tx| Ok::<_, Error>(joins::add(tx, &proof, user)?)).await?;
    if is_known { Ok(json::gone()) } else { Err(Error::nothing_named("active member")) }
}

/// Take a member out of a group
#[utoipa::path(delete, path = "/api/v1/groups/{group}/members/{user}", operation_id = "removeGroupMember", tag = "Groups",
    params(("group" = GroupId, Path), ("user" = UserId, Path)),
    responses(
        (status = 204, description = "They are out; the next call knows"),
        (status = 403, description = "`forbidden`: the caller is no admin", body = json::Problem)))]
pub(super) async fn remove(
    proof: Authorized<ManagePeople, Group>,
    Part(user): Part<UserId>,
    db: Data<Db>,
) -> Result<HttpResponse, Error> {
    let removed = db.write(move |tx| Ok::<_, Error>(roster::remove(tx, &proof, user)?)).await?;
    if removed { Ok(json::gone()) } else { Err(Error::not_found()) }
}
