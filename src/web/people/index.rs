//! The list of people.

use actix_session::Session;
use actix_web::HttpResponse;
use actix_web::web::Data;
use actix_web::web::Query;
use diesel::QueryResult;
use diesel::pg::PgConnection;

use crate::authz::actions::ManagePeople;
use crate::authz::actions::View;
use crate::authz::actor::Actor;
use crate::authz::facts::Role;
use crate::authz::proof::Authorized;
use crate::authz::proof::authorize;
use crate::db::Db;
use crate::domain::agents::losses::orphans::orphans;
use crate::domain::people::members::MemberStatus;
use crate::domain::people::memberships;
use crate::domain::people::memberships::Filter;
use crate::domain::people::workspaces::Workspace;
use crate::http::error::Error;
use crate::http::page;
use crate::http::page::Section;
use crate::http::page::Shell;
use crate::http::page::Visit;
use crate::http::urls;
use crate::kernel::paging::Page;
use crate::web::people::pages::IndexPage;
use crate::web::people::pages::Invite;

/// The address's query. What is no word of ours narrows nothing.
#[derive(Debug, Default, serde::Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    q: String,
    #[serde(default)]
    role: String,
    #[serde(default)]
    status: String,
    #[serde(default)]
    after: String,
}

pub(super) async fn index(
    proof: Authorized<View, Workspace>,
    Query(asked): Query<Asked>,
    session: Session,
    db: Data<Db>,
) -> Result<HttpResponse, Error> {
    let (visit, (actor, _)) = (Visit::of(&session), proof.into_parts());
    page::show(&db.read(move |conn| load(conn, &actor, asked, visit)).await?)
}

/// The page as it is now.
pub(super) fn load(conn: &mut PgConnection, actor: &Actor, asked: Asked, visit: Visit) -> Result<IndexPage, Error> {
    let filter = Filter { query: asked.q, role: asked.role.parse().ok(), status: asked.status.parse().ok() };
    let listed = memberships::list(conn, actor, &filter, &Page::new(None, asked.after.parse().ok()))?;
    let shell = Shell::load(conn, actor, Section::People, visit)?;
    let next = listed.next.map(|cursor| {
        let (after, role) = (cursor.to_string(), filter.role.map(Role::as_str).unwrap_or_default());
        let status = filter.status.map(MemberStatus::as_str).unwrap_or_default();
        let pairs = [("q", filter.query.as_str()), ("role", role), ("status", status), ("after", &*after)];
        urls::with_queries(&shell.urls.people(), pairs)
    });
    let left_behind = if actor.is_admin() { left_behind(conn, actor)? } else { 0 };
    Ok(IndexPage {
        people: listed.items,
        filter,
        is_first: asked.after.is_empty(),
        next,
        left_behind,
        invite: Invite::default(),
        shell,
    })
}

/// How many things wait for an admin because somebody went.
fn left_behind(conn: &mut PgConnection, actor: &Actor) -> QueryResult<i64> {
    match authorize::<ManagePeople, Workspace>(conn, actor.clone(), &()) {
        Ok(proof) => {
            let orphans = orphans(conn, &proof)?;
            Ok(orphans.connections.total + orphans.actions.total)
        }
        Err(_not_for_them) => Ok(0),
    }
}
