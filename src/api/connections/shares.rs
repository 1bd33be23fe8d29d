//! Who may use a connection beside its owner.

use actix_web::HttpResponse;
use actix_web::web::Data;
use serde::Deserialize;
use serde::Deserializer;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::authz::actions::Share;
use crate::authz::facts::ShareAccess;
use crate::authz::proof::Authorized;
use crate::db::Db;
use crate::domain::connections::Connection;
use crate::domain::connections::shares;
use crate::domain::connections::shares::Changes;
use crate::domain::connections::shares::End;
use crate::domain::connections::shares::Person;
use crate::domain::connections::shares::Way;
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
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::ConnectionId;
use crate::kernel::ids::ShareId;
use crate::kernel::ids::UserId;

/// A share of a connection.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ConnectionShare {
    id: ShareId,
    grantee: ConnectionGrantee,
    access: ShareAccess,
    /// When it stops by itself; null is never.
    #[schema(required, value_type = Option<String>, format = DateTime)]
    expires_at: Option<Timestamp>,
    /// Whether it has stopped.
    has_ended: bool,
    /// The name of whoever shared it.
    #[schema(required)]
    created_by: Option<String>,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

/// Whom it is for.
#[derive(Debug, Serialize, ToSchema)]
struct ConnectionGrantee {
    r#type: GranteeKind,
    /// The person or the group; null for the workspace.
    #[schema(required)]
    id: Option<Uuid>,
    #[schema(required)]
    name: Option<String>,
}

impl ConnectionShare {
    fn of(share: shares::ConnectionShare) -> Self {
        let grantee =
            ConnectionGrantee { r#type: share.grantee.kind(), id: share.grantee.id(), name: share.grantee_name };
        Self {
            id: share.id,
            grantee,
            access: share.access,
            expires_at: share.expires_at,
            has_ended: share.has_ended,
            created_by: share.created_by_name,
            created_at: share.created_at,
        }
    }
}

/// Somebody who can use a connection that is not theirs.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ConnectionPerson {
    id: UserId,
    name: String,
    email: String,
    /// The most that a share gives them.
    access: ShareAccess,
    /// Every living share that reaches them, the strongest first.
    through: Vec<ConnectionWay>,
}

/// A share that reaches a person.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ConnectionWay {
    share: ShareId,
    /// How: directly, by a group of theirs, or with everyone.
    r#type: GranteeKind,
    /// The group’s name.
    #[schema(required)]
    group: Option<String>,
    access: ShareAccess,
    #[schema(required, value_type = Option<String>, format = DateTime)]
    expires_at: Option<Timestamp>,
}

impl ConnectionWay {
    pub(super) fn of(way: Way) -> Self {
        Self {
            share: way.share,
            r#type: way.grantee.kind(),
            group: way.group_name,
            access: way.access,
            expires_at: way.expires_at,
        }
    }
}

impl ConnectionPerson {
    fn of(person: Person) -> Self {
        let access = person.ways.iter().map(|way| way.access).max().unwrap_or(ShareAccess::Use);
        Self {
            id: person.user,
            name: person.name,
            email: person.email,
            access,
            through: person.ways.into_iter().map(ConnectionWay::of).collect(),
        }
    }
}

/// A share to make.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewConnectionShare {
    grantee: ConnectionGranteeInput,
    access: ShareAccess,
    /// When it stops by itself; never without.
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Timestamp>,
}

impl Input for NewConnectionShare {}

/// Whom to share with.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ConnectionGranteeInput {
    r#type: GranteeKind,
    /// The person or the group; none for the workspace.
    id: Option<Uuid>,
}

/// What changes about a share.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ConnectionShareChanges {
    access: Option<ShareAccess>,
    /// When it stops by itself; null is never.
    #[serde(default, deserialize_with = "end")]
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: End,
}

impl Input for ConnectionShareChanges {}

/// A member that is there, be it null.
fn end<'de, D: Deserializer<'de>>(deserializer: D) -> Result<End, D::Error> {
    Ok(Option::deserialize(deserializer)?.map_or(End::Never, End::At))
}

/// List a connection’s shares
///
/// For its owner and for admins, newest first; those that have ended among them. An OAuth connection has none.
#[utoipa::path(get, path = "/api/v1/connections/{connection}/shares", operation_id = "listConnectionShares",
    tag = "Connections", params(("connection" = ConnectionId, Path), Paging),
    responses(
        (status = 200, description = "A page of them", body = List<ConnectionShare>),
        (status = 403, description = "`forbidden`: only the owner or an admin can, and nobody of an OAuth connection",
            body = json::Problem)))]
pub(super) async fn list(
    proof: Authorized<Share, Connection>,
    Listing { filter: Unfiltered {}, page }: Listing<Unfiltered>,
    db: Data<Db>,
) -> Result<HttpResponse, Error> {
    let listed = db.read(move |conn| Ok::<_, Error>(shares::list(conn, &proof, &page)?)).await?;
    Ok(json::ok(&List::of(listed, ConnectionShare::of)))
}

#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Sought {
    /// What a word of the name or of the address begins with.
    q: Option<String>,
}

/// List who can use a connection
///
/// The active members beside its owner whom a living share reaches, and through which. For its owner and for admins.
#[utoipa::path(get, path = "/api/v1/connections/{connection}/people", operation_id = "listConnectionPeople",
    tag = "Connections", params(("connection" = ConnectionId, Path), Sought, Paging),
    responses(
        (status = 200, description = "A page of them", body = List<ConnectionPerson>),
        (status = 403, description = "`forbidden`: only the owner or an admin can, and nobody of an OAuth connection",
            body = json::Problem)))]
pub(super) async fn people(
    proof: Authorized<Share, Connection>,
    Listing { filter, page }: Listing<Sought>,
    db: Data<Db>,
) -> Result<HttpResponse, Error> {
    let query = filter.q.unwrap_or_default();
    let listed = db.read(move |conn| Ok::<_, Error>(shares::people(conn, &proof, &query, &page)?)).await?;
    Ok(json::ok(&List::of(listed, ConnectionPerson::of)))
}

/// Share a connection
///
/// For its owner and for admins. Everyone who gains access by it is told by mail.
#[utoipa::path(post, path = "/api/v1/connections/{connection}/shares", operation_id = "createConnectionShare",
    tag = "Connections", params(("connection" = ConnectionId, Path)), request_body = NewConnectionShare,
    responses(
        (status = 201, description = "The share", body = ConnectionShare),
        (status = 403, description = "`forbidden`: only the owner or an admin can, and nobody shares an OAuth connection",
            body = json::Problem),
        (status = 409, description = "`already_shared`: change that share, or take it away first", body = json::Problem),
        (status = 422, description = "`invalid`: see `errors`", body = json::Problem)))]
pub(super) async fn create(
    proof: Authorized<Share, Connection>,
    Body(new): Body<NewConnectionShare>,
    db: Data<Db>,
) -> Result<HttpResponse, Error> {
    let grantee = Grantee::new(new.grantee.r#type, new.grantee.id)
        .ok_or_else(|| Error::invalid("grantee.id", "A user or a group is named by its id; the workspace has none."))?;
    let share = db
        .write(move |tx| {
            let id = shares::add(tx, &proof, grantee, new.access, new.expires_at)?;
            shares::find(tx, &proof, id)?.ok_or_else(Error::not_found)
        })
        .await?;
    Ok(json::created(&ConnectionShare::of(share)))
}

/// Change a share of a connection
///
/// What it allows, and when it ends. One that has ended is made anew instead.
#[utoipa::path(patch, path = "/api/v1/connections/{connection}/shares/{share}", operation_id = "updateConnectionShare",
    tag = "Connections", params(("connection" = ConnectionId, Path), ("share" = ShareId, Path)),
    request_body = ConnectionShareChanges,
    responses(
        (status = 200, description = "The share as it is now", body = ConnectionShare),
        (status = 403, description = "`forbidden`: only the owner or an admin can", body = json::Problem),
        (status = 409, description = "`share_ended`; `changed_meanwhile`", body = json::Problem),
        (status = 422, description = "`invalid`: see `errors`", body = json::Problem)))]
pub(super) async fn update(
    proof: Authorized<Share, Connection>,
    Part(share): Part<ShareId>,
    Body(changes): Body<ConnectionShareChanges>,
    db: Data<Db>,
) -> Result<HttpResponse, Error> {
    let changes = Changes { access: changes.access, end: changes.expires_at };
    let share = db
        .write(move |tx| {
            shares::find(tx, &proof, share)?.ok_or_else(Error::not_found)?;
            shares::change(tx, &proof, share, changes)?;
            shares::find(tx, &proof, share)?.ok_or_else(Error::not_found)
        })
        .await?;
    Ok(json::ok(&ConnectionShare::of(share)))
}

/// Take a share of a connection away
#[utoipa::path(delete, path = "/api/v1/connections/{connection}/shares/{share}", operation_id = "deleteConnectionShare",
    tag = "Connections", params(("connection" = ConnectionId, Path), ("share" = ShareId, Path)),
    responses(
        (status = 204, description = "It is gone; the next call knows"),
        (status = 403, description = "`forbidden`: only the owner or an admin can", body = json::Problem)))]
pub(super) async fn delete(
    proof: Authorized<Share, Connection>,
    Part(share): Part<ShareId>,
    db: Data<Db>,
) -> Result<HttpResponse, Error> {
    let removed = db.write(move |tx| Ok::<_, Error>(shares::remove(tx, &proof, share)?)).await?;
    if removed { Ok(json::gone()) } else { Err(Error::not_found()) }
}

/// Put back a share that was taken away
///
/// For whoever took it away, within ten seconds: it is exactly what it was, and nobody is told.
#[utoipa::path(post, path = "/api/v1/connections/{connection}/shares/{share}/restoration",
    operation_id = "restoreConnectionShare", tag = "Connections",
    params(("connection" = ConnectionId, Path), ("share" = ShareId, Path)),
    responses(
        (status = 200, description = "The share, as it was", body = ConnectionShare),
        (status = 403, description = "`forbidden`: only the owner or an admin can", body = json::Problem),
        (status = 409, description = "`too_late`; `already_shared`: it was shared with them anew", body = json::Problem)))]
pub(super) async fn restore(
    proof: Authorized<Share, Connection>,
    Part(share): Part<ShareId>,
    db: Data<Db>,
) -> Result<HttpResponse, Error> {
    let restored = db
        .write(move |tx| {
            shares::restore(tx, &proof, share)?;
            shares::find(tx, &proof, share)?.ok_or_else(Error::not_found)
        })
        .await?;
    Ok(json::ok(&ConnectionShare::of(restored)))
}
