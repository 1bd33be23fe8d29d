//! The grid of all integrations.

use actix_session::Session;
use actix_web::HttpResponse;
use actix_web::web::Data;
use actix_web::web::Query;

use crate::authz::actions::View;
use crate::authz::proof::Authorized;
use crate::db::Db;
use crate::domain::connections::ConnectionStatus;
use crate::domain::connections::visible;
use crate::domain::connections::visible::Filter;
use crate::domain::connections::visible::Which;
use crate::domain::integrations::integration;
use crate::domain::integrations::registry::Registry;
use crate::domain::people::workspaces::Workspace;
use crate::http::error::Error;
use crate::http::page;
use crate::http::page::Section;
use crate::http::page::Shell;
use crate::http::page::Visit;
use crate::kernel::paging::Page;
use crate::web::integrations::pages::index::Found;
use crate::web::integrations::pages::index::IndexPage;
use crate::web::integrations::pages::index::Sought;

/// How many connections are named that wait for the person.
const WAITING_AT_MOST: i64 = 3;

pub(super) async fn index(
    proof: Authorized<View, Workspace>,
    Query(sought): Query<Sought>,
    session: Session,
    db: Data<Db>,
    registry: Data<Registry>,
) -> Result<HttpResponse, Error> {
    let visit = Visit::of(&session);
    let page = db
        .read(move |conn| {
            let actor = proof.actor();
            let dead = Filter { status: Some(ConnectionStatus::NeedsReconnect), integration: None };
            let page = Page::new(Some(WAITING_AT_MOST), None);
            let found = Found {
                integrations: integration::list(conn, &registry, actor)?,
                standings: visible::standings(conn, actor)?,
                waiting: visible::list(conn, actor, Which::Mine, &dead, &page)?.items,
            };
            let shell = Shell::load(conn, actor, Section::Integrations, visit)?;
            Ok::<_, Error>(IndexPage::of(shell, actor, sought, &found))
        })
        .await?;
    page::show(&page)
}
