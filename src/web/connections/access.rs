//! Explains, of a person whom the owner or an admin picks: may they use the connection, by what, or which rules stop them.

use actix_session::Session;
use actix_web::HttpResponse;
use actix_web::web::Data;
use actix_web::web::Query;

use crate::authz::actions::Explain;
use crate::authz::proof::Authorized;
use crate::db::Db;
use crate::domain::connections::Connection;
use crate::domain::integrations::registry::Registry;
use crate::domain::people::memberships;
use crate::domain::runs::explanation;
use crate::domain::runs::explanation::ExplainError;
use crate::http::error::Error;
use crate::http::page;
use crate::http::page::Section;
use crate::http::page::Shell;
use crate::http::page::Visit;
use crate::kernel::ids::UserId;
use crate::kernel::paging::Page;
use crate::web::connections::pages::Face;
use crate::web::connections::pages::access::AccessPage;

/// How many people a search shows.
const FOUND_AT_MOST: i64 = 8;
/// How many actions of agents stand on a page.
const AGENTS_ON_A_PAGE: i64 = 25;

/// What the page is asked to show. An id that is none, or nobody's here, explains nothing and says so.
#[derive(Debug, serde::Deserialize)]
pub(super) struct Asked {
    /// Whom to look for.
    #[serde(default)]
    q: String,
    /// Whom it is about.
    #[serde(default)]
    user: String,
    /// Where the list of agents goes on.
    #[serde(default)]
    after: String,
}

pub(super) async fn show(
    proof: Authorized<Explain, Connection>,
    Query(asked): Query<Asked>,
    session: Session,
    db: Data<Db>,
    registry: Data<Registry>,
) -> Result<HttpResponse, Error> {
    let visit = Visit::of(&session);
    let load = move |conn: &mut diesel::PgConnection| {
        let (actor, connection) = (proof.actor(), proof.resource());
        let query = asked.q.trim();
        let found = if query.is_empty() {
            None
        } else {
            let filter = memberships::Filter { query: query.to_owned(), ..memberships::Filter::default() };
            Some(memberships::list(conn, actor, &filter, &Page::new(Some(FOUND_AT_MOST), None))?.items)
        };
        let after = Page::new(Some(AGENTS_ON_A_PAGE), asked.after.parse().ok());
        let answer = match asked.user.parse::<UserId>() {
            Ok(user) => match explanation::explain(conn, &registry, &proof, user, &after) {
                Ok(answer) => Some(answer),
                Err(ExplainError::NoSuchPerson) => None,
                Err(error) => return Err(error.into()),
            },
            Err(_) => None,
        };
        let definition = registry.find(conn, actor.workspace, &connection.integration)?;
        Ok::<_, Error>(AccessPage {
            shell: Shell::load(conn, actor, Section::Connections, visit)?,
            face: Face::of(connection, definition.as_deref()),
            connection: connection.clone(),
            is_unknown: answer.is_none() && !asked.user.is_empty(),
            is_first: asked.after.is_empty(),
            query: asked.q,
            found,
            answer,
        })
    };
    page::show(&db.read(load).await?)
}
