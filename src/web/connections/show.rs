//! One connection: the page, for looking at it and for saying how something on it went.

use actix_session::Session;
use actix_web::HttpResponse;
use actix_web::web::Data;
use actix_web::web::Query;
use diesel::pg::PgConnection;

use crate::authz::actions::View;
use crate::authz::actor::Actor;
use crate::authz::facts::AuthType;
use crate::authz::proof::Authorized;
use crate::authz::proof::authorize;
use crate::db::Db;
use crate::domain::connections::Connection;
use crate::domain::integrations::registry::Registry;
use crate::domain::runs::usage;
use crate::domain::runs::visible;
use crate::domain::runs::visible::Filter;
use crate::domain::runs::visible::Which;
use crate::http::error::Error;
use crate::http::page;
use crate::http::page::Section;
use crate::http::page::Shell;
use crate::http::page::Visit;
use crate::http::pending::Pending;
use crate::http::pending::PendingFields;
use crate::http::urls::Urls;
use crate::kernel::ids::ConnectionId;
use crate::kernel::paging::Page;
use crate::web::connections::pages::show::ConnectionPage;
use crate::web::connections::pages::show::Dependents;
use crate::web::connections::pages::show::Rights;

/// How many of its latest runs are shown.
const RUNS_AT_MOST: i64 = 5;

pub(super) async fn show(
    proof: Authorized<View, Connection>,
    Query(pending): Query<PendingFields>,
    session: Session,
    db: Data<Db>,
    registry: Data<Registry>,
) -> Result<HttpResponse, Error> {
    let visit = Visit::of(&session);
    let (actor, connection) = proof.into_parts();
    let page = db.read(move |conn| build(conn, &registry, &actor, connection, visit)).await?;
    page::show(&ConnectionPage { pending: Pending::read(pending), ..page })
}

pub(super) async fn back(proof: Authorized<View, Connection>, urls: Urls) -> HttpResponse {
    page::go(&urls.connection(&proof.resource().id))
}

/// The page as it is now, for whoever may see it.
pub(super) async fn load(
    db: &Db,
    registry: &Registry,
    actor: Actor,
    id: ConnectionId,
    visit: Visit,
) -> Result<ConnectionPage, Error> {
    let registry = registry.clone();
    db.read(move |conn| {
        let (actor, connection) = authorize::<View, Connection>(conn, actor, &id)?.into_parts();
        build(conn, &registry, &actor, connection, visit)
    })
    .await
}

fn build(
    conn: &mut PgConnection,
    registry: &Registry,
    actor: &Actor,
    connection: Connection,
    visit: Visit,
) -> Result<ConnectionPage, Error> {
    let definition = registry.find(conn, actor.workspace, &connection.integration)?;
    let rights = Rights::of(actor, &connection);
    let is_known = connection.is_owner || (actor.is_admin() && connection.auth_type != AuthType::Oauth);
    let dependents = if is_known { Some(dependents(conn, actor, connection.id)?) } else { None };
    let shell = Shell::load(conn, actor, Section::Connections, visit)?;
    Ok(ConnectionPage::of(shell, connection, definition.as_deref(), rights, dependents))
}

fn dependents(conn: &mut PgConnection, actor: &Actor, id: ConnectionId) -> Result<Dependents, Error> {
    let of_this = Filter { connection: Some(id), ..Filter::default() };
    Ok(Dependents {
        usage: usage::usage(conn, actor, id)?,
        agents: usage::agents(conn, actor, id)?,
        runs: visible::list(conn, actor, Which::OnMyConnections, &of_this, &Page::new(Some(RUNS_AT_MOST), None))?.items,
    })
}
