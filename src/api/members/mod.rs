//! Members: who is in the workspace, as what. Everybody sees who is active; admins invite, change and deactivate.

mod answers;

use actix_web::HttpResponse;
use actix_web::http::Method;
use actix_web::web::Data;
use actix_web::web::ServiceConfig;
use diesel::pg::PgConnection;
use serde::Deserialize;
use utoipa::OpenApi;
use utoipa::ToSchema;

use crate::api::members::answers::Adoptions;
use crate::api::members::answers::Invited;
use crate::api::members::answers::Member;
use crate::api::members::answers::Usage;
use crate::authz::actions::ManagePeople;
use crate::authz::actions::View;
use crate::authz::actor::Actor;
use crate::authz::facts::Role;
use crate::authz::proof::Authorized;
use crate::authz::proof::Guarded;
use crate::authz::proof::authorize;
use crate::db::Db;
use crate::domain::agents::losses::member::dependents;
use crate::domain::agents::losses::orphans::orphans;
use crate::domain::connections::departures;
use crate::domain::connections::departures::Leaving;
use crate::domain::people::invitations;
use crate::domain::people::invitations::Invitation;
use crate::domain::people::invitations::Way;
use crate::domain::people::members::MemberStatus;
use crate::domain::people::memberships;
use crate::domain::people::memberships::Membership;
use crate::domain::people::standing;
use crate::domain::people::workspaces::Workspace;
use crate::http::error::Error;
use crate::http::gate::route;
use crate::http::json;
use crate::http::json::Body;
use crate::http::json::Input;
use crate::http::json::List;
use crate::http::json::Paging;
use crate::http::query::Listing;
use crate::http::urls;
use crate::http::urls::PublicUrl;
use crate::kernel::ids::UserId;
use crate::vault::Vault;

/// The description of these calls.
#[derive(Debug, OpenApi)]
#[openapi(paths(list, create, show, update, delete, usage, adoptions))]
pub struct Description;

/// Adds the routes.
pub fn routes(cfg: &mut ServiceConfig) {
    route(cfg, Method::GET, "/api/v1/members", list);
    route(cfg, Method::POST, "/api/v1/members", create);
    route(cfg, Method::GET, "/api/v1/members/{user}", show);
    route(cfg, Method::PATCH, "/api/v1/members/{user}", update);
    route(cfg, Method::DELETE, "/api/v1/members/{user}", delete);
    route(cfg, Method::GET, "/api/v1/members/{user}/usage", usage);
    route(cfg, Method::GET, "/api/v1/adoptions", adoptions);
}

#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Filter {
    /// What a word of the name or of the address begins with.
    #[serde(default)]
    q: String,
    /// A role.
    role: Option<Role>,
    /// A state; only admins see those who are deactivated.
    status: Option<MemberStatus>,
}

/// Somebody to invite.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewMember {
    email: String,
    /// Without, one is made from the address. Whoever has an account keeps their name.
    name: Option<String>,
    role: Role,
    /// By `mail`, or by a `link` in the answer, to be handed over; by mail without.
    invite: Option<Way>,
}

impl Input for NewMember {}

/// What changes about a member; the rest stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct MemberChanges {
    role: Option<Role>,
    /// `deactivated` can be undone for a day; `DELETE` is for good.
    status: Option<MemberStatus>,
}

impl Input for MemberChanges {}

/// List members
///
/// Those who came last first; with `q`, in the order of what it found.
#[utoipa::path(get, path = "/api/v1/members", operation_id = "listMembers", tag = "Members", params(Filter, Paging),
    responses((status = 200, description = "A page of them", body = List<Member>)))]
async fn list(
    proof: Authorized<View, Workspace>,
    Listing { filter, page }: Listing<Filter>,
    db: Data<Db>,
) -> Result<HttpResponse, Error> {
    let (actor, _) = proof.into_parts();
    let is_admin = actor.is_admin();
    let filter = memberships::Filter { query: filter.q, role: filter.role, status: filter.status };
    let listed = db.read(move |conn| Ok::<_, Error>(memberships::list(conn, &actor, &filter, &page)?)).await?;
    Ok(json::ok(&List::of(listed, |one| Member::of(one, is_admin))))
}

/// Invite a member
///
/// Whoever has no account yet is a member at once, and comes in by the link of their invitation, which is good for 72 hours;
/// only they can be invited by a link. Whoever has one is `invited` until they accept, signed in: nothing can be shared with
/// them before.
#[utoipa::path(post, path = "/api/v1/members", operation_id = "createMember", tag = "Members", request_body = NewMember,
    responses(
        (status = 201, description = "The member, with the link where that was asked for", body = Invited),
        (status = 403, description = "`forbidden`: the caller is no admin", body = json::Problem),
        (status = 409, description = "`already_member`, `already_invited`, `deactivated`, or `link_unsafe`: they have an account", body = json::Problem),
        (status = 422, description = "`invalid`: see `errors`", body = json::Problem),
        (status = 429, description = "`too_many_requests`: several mails within the hour", body = json::Problem)))]
async fn create(
    proof: Authorized<ManagePeople, Workspace>,
    Body(new): Body<NewMember>,
    db: Data<Db>,
    public: Data<PublicUrl>,
) -> Result<HttpResponse, Error> {
    let way = new.invite.unwrap_or(Way::Mail);
    let new = Invitation { email: new.email, name: new.name, role: new.role, way };
    let invited = db
        .write(move |tx| {
            let invited = invitations::invite(tx, &proof, &new)?;
            let member = shown(tx, proof.actor(), invited.user)?;
            let link = invited.token.map(|token| public.absolute(&urls::set_password_link(&token)));
            Ok::<_, Error>(Invited::of(member, link))
        })
        .await?;
    Ok(json::created(&invited))
}

/// Show a member
#[utoipa::path(get, path = "/api/v1/members/{user}", operation_id = "getMember", tag = "Members",
    params(("user" = UserId, Path)),
    responses((status = 200, description = "The member", body = Member)))]
async fn show(proof: Authorized<View, Membership>) -> HttpResponse {
    let (actor, membership) = proof.into_parts();
    json::ok(&Member::of(membership, actor.is_admin()))
}

/// Change a member’s role or state
///
/// It holds from the next call. Deactivating stops sessions, tokens, shares and every connection of theirs; OAuth
/// connections are deleted after a day, the others wait to be adopted. The last active admin stays.
#[utoipa::path(patch, path = "/api/v1/members/{user}", operation_id = "updateMember", tag = "Members",
    params(("user" = UserId, Path)), request_body = MemberChanges,
    responses(
        (status = 200, description = "The member as it is now", body = Member),
        (status = 403, description = "`forbidden`: the caller is no admin", body = json::Problem),
        (status = 409, description = "`last_admin`, `not_accepted`, or `changed_meanwhile`", body = json::Problem),
        (status = 422, description = "`invalid`: see `errors`", body = json::Problem)))]
async fn update(
    proof: Authorized<ManagePeople, Membership>,
    Body(changes): Body<MemberChanges>,
    db: Data<Db>,
    vault: Data<Vault>,
) -> Result<HttpResponse, Error> {
    let member = db
        .write(move |tx| {
            let person = proof.resource();
            if let Some(role) = changes.role {
                standing::change_role(tx, &proof, role)?;
            }
            match changes.status.filter(|status| *status != person.status) {
                Some(MemberStatus::Invited) => {
                    return Err(Error::invalid("status", "Nobody is made an invited member."));
                }
                Some(MemberStatus::Deactivated) => departures::deactivate(tx, &vault, &proof, Leaving::ForNow)?,
                Some(MemberStatus::Active) => departures::reactivate(tx, &proof)?,
                None => {}
            }
            // Whoever took their own rights away is told what is, all the same.
            let after = Membership::load(tx, proof.actor(), &person.user)?.ok_or_else(Error::not_found)?;
            Ok::<_, Error>(Member::of(after, true))
        })
        .await?;
    Ok(json::ok(&member))
}

/// Deactivate a member for good
///
/// As by `PATCH`, and at once: their OAuth connections are deleted and their tokens revoked, and what was shared with them,
/// and their places in groups, are taken away. The member stays on record and can be reactivated, without these. Of somebody
/// who is `invited` the invitation is taken back, and nothing stays.
#[utoipa::path(delete, path = "/api/v1/members/{user}", operation_id = "deleteMember", tag = "Members",
    params(("user" = UserId, Path)),
    responses(
        (status = 204, description = "They are out; the next call knows"),
        (status = 403, description = "`forbidden`: the caller is no admin", body = json::Problem),
        (status = 409, description = "`last_admin`, or `changed_meanwhile`: deactivated already", body = json::Problem)))]
async fn delete(
    proof: Authorized<ManagePeople, Membership>,
    db: Data<Db>,
    vault: Data<Vault>,
) -> Result<HttpResponse, Error> {
    db.write(move |tx| {
        match proof.resource().status {
            MemberStatus::Invited => invitations::withdraw(tx, &proof)?,
            MemberStatus::Active | MemberStatus::Deactivated => {
                departures::deactivate(tx, &vault, &proof, Leaving::ForGood)?;
            }
        }
        Ok::<_, Error>(())
    })
    .await?;
    Ok(json::gone())
}

/// Say what stops without a member
///
/// Their connections, and the agents with actions that run with one of these or with one that they attached.
#[utoipa::path(get, path = "/api/v1/members/{user}/usage", operation_id = "getMemberUsage", tag = "Members",
    params(("user" = UserId, Path)),
    responses(
        (status = 200, description = "What depends on them", body = Usage),
        (status = 403, description = "`forbidden`: the caller is no admin", body = json::Problem)))]
async fn usage(proof: Authorized<ManagePeople, Membership>, db: Data<Db>) -> Result<HttpResponse, Error> {
    let dependents = db.read(move |conn| Ok::<_, Error>(dependents(conn, &proof)?)).await?;
    Ok(json::ok(&Usage::of(dependents)))
}

/// Say what leavers left behind
///
/// Connections that an admin can adopt (`POST /connections/{connection}/transfer`), and actions of agents that need a new
/// connection, with some of those who could supply one: the first 200 of each, and how many there are.
#[utoipa::path(get, path = "/api/v1/adoptions", operation_id = "getAdoptions", tag = "Members",
    responses(
        (status = 200, description = "What waits for an admin", body = Adoptions),
        (status = 403, description = "`forbidden`: the caller is no admin", body = json::Problem)))]
async fn adoptions(proof: Authorized<ManagePeople, Workspace>, db: Data<Db>) -> Result<HttpResponse, Error> {
    let orphans = db.read(move |conn| Ok::<_, Error>(orphans(conn, &proof)?)).await?;
    Ok(json::ok(&Adoptions::of(orphans)))
}

fn shown(conn: &mut PgConnection, actor: &Actor, user: UserId) -> Result<Membership, Error> {
    Ok(authorize::<View, Membership>(conn, actor.clone(), &user)?.into_parts().1)
}
