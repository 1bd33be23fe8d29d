//! The lists: one's own, those shared with one, and for admins all.

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
use crate::domain::integrations::registry::Registry;
use crate::domain::people::workspaces::Workspace;
use crate::http::error::Error;
use crate::http::page;
use crate::http::page::Section;
use crate::http::page::Shell;
use crate::http::page::Visit;
use crate::kernel::paging::Page;
use crate::web::connections::pages::index::Found;
use crate::web::connections::pages::index::IndexPage;
use crate::web::connections::pages::index::Sought;

/// How many stand on a page.
const ON_A_PAGE: i64 = 50;
/// How many are named that wait for the person.
const WAITING_AT_MOST: i64 = 3;

/// The address's query. What is no word of ours narrows nothing.
#[derive(Debug, serde::Deserialize)]
pub(super) struct Asked {
    view: Option<String>,
    integration: Option<String>,
    status: Option<String>,
    cursor: Option<String>,
}

pub(super) async fn index(
    proof: Authorized<View, Workspace>,
    Query(asked): Query<Asked>,
    session: Session,
    db: Data<Db>,
    registry: Data<Registry>,
) -> Result<HttpResponse, Error> {
    let visit = Visit::of(&session);
    let page = db
        .read(move |conn| {
            let actor = proof.actor();
            let sought = sought(asked, actor.is_admin());
            let page = Page::new(Some(ON_A_PAGE), sought.cursor);
            let filter = Filter { integration: sought.integration.clone(), status: sought.status };
            let dead = Filter { status: Some(ConnectionStatus::NeedsReconnect), integration: None };
            let few = Page::new(Some(WAITING_AT_MOST), None);
            let found = Found {
                connections: visible::list(conn, actor, sought.view, &filter, &page)?,
                waiting: visible::list(conn, actor, Which::Mine, &dead, &few)?.items,
                standings: visible::standings(conn, actor)?,
                definitions: registry.list(conn, actor.workspace)?,
            };
            let shell = Shell::load(conn, actor, Section::Connections, visit)?;
            Ok::<_, Error>(IndexPage::of(shell, sought, found))
        })
        .await?;
    page::show(&page)
}

/// What is asked for, as far as the person may ask for it.
fn sought(asked: Asked, is_admin: bool) -> Sought {
    let given = |text: Option<String>| text.filter(|text| !text.is_empty());
    let view = given(asked.view).and_then(|word| word.parse().ok()).unwrap_or(Which::Mine);
    Sought {
        view: if view == Which::All && !is_admin { Which::Mine } else { view },
        integration: given(asked.integration),
        status: given(asked.status).and_then(|word| word.parse().ok()),
        cursor: given(asked.cursor).and_then(|text| text.parse().ok()),
    }
}
