//! One integration: the page, for looking at it and for giving a form on it back.

use actix_session::Session;
use actix_web::HttpResponse;
use actix_web::web::Data;
use actix_web::web::Query;
use diesel::pg::PgConnection;

use crate::authz::actions::Connect;
use crate::authz::actions::View;
use crate::authz::actor::Actor;
use crate::authz::facts::IntegrationFacts;
use crate::authz::policy::Permits;
use crate::authz::policy::Reason;
use crate::authz::proof::Authorized;
use crate::authz::proof::Guarded;
use crate::authz::proof::authorize;
use crate::db::Db;
use crate::domain::connections::visible;
use crate::domain::connections::visible::Filter;
use crate::domain::connections::visible::Which;
use crate::domain::integrations::integration::Integration;
use crate::domain::integrations::registry::Registry;
use crate::http::error::Error;
use crate::http::help;
use crate::http::page;
use crate::http::page::Section;
use crate::http::page::Shell;
use crate::http::page::Visit;
use crate::http::pending::Pending;
use crate::http::pending::PendingFields;
use crate::http::urls::PublicUrl;
use crate::http::urls::Urls;
use crate::kernel::paging::Page;
use crate::web::integrations::pages::show::Attempt;
use crate::web::integrations::pages::show::Closed;
use crate::web::integrations::pages::show::Connections;
use crate::web::integrations::pages::show::IntegrationPage;

/// How many connections of others an admin sees here; the rest stands on the page of all connections.
const OTHERS_AT_MOST: i64 = 50;

#[derive(Debug, serde::Deserialize)]
pub(super) struct Came {
    #[serde(flatten)]
    pending: PendingFields,
    imported: Option<String>,
}

pub(super) async fn show(
    proof: Authorized<View, Integration>,
    Query(came): Query<Came>,
    session: Session,
    db: Data<Db>,
    registry: Data<Registry>,
    public: Data<PublicUrl>,
) -> Result<HttpResponse, Error> {
    let visit = Visit::of(&session);
    let attempt = Attempt { origin: Pending::read(came.pending), ..Attempt::default() };
    let (actor, integration) = proof.into_parts();
    let page = db.read(move |conn| build(conn, &registry, &public, &actor, &integration, visit)).await?;
    page::show(&IntegrationPage { is_fresh: came.imported.is_some(), ..page }.with(attempt))
}

pub(super) async fn back(proof: Authorized<View, Integration>, urls: Urls) -> HttpResponse {
    page::go(&urls.integration(&proof.resource().key))
}

/// The page as it is now, for whoever may see it.
pub(super) async fn load(
    db: &Db,
    registry: &Registry,
    public: &PublicUrl,
    actor: Actor,
    key: String,
    visit: Visit,
) -> Result<IntegrationPage, Error> {
    let (registry, public) = (registry.clone(), public.clone());
    db.read(move |conn| {
        let (actor, integration) = authorize::<View, Integration>(conn, actor, &key)?.into_parts();
        build(conn, &registry, &public, &actor, &integration, visit)
    })
    .await
}

fn build(
    conn: &mut PgConnection,
    registry: &Registry,
    public: &PublicUrl,
    actor: &Actor,
    integration: &Integration,
    visit: Visit,
) -> Result<IntegrationPage, Error> {
    let key = integration.key.as_str();
    let definition = registry.find(conn, actor.workspace, key)?.ok_or_else(Error::not_found)?;
    let (mine, shared) = visible::usable(conn, actor, key)?.into_iter().partition(|one| one.is_owner);
    let mut connections = Connections { mine, shared, ..Connections::default() };
    if actor.is_admin() {
        let of_this = Filter { integration: Some(key.to_owned()), status: None };
        let all = visible::list(conn, actor, Which::All, &of_this, &Page::new(Some(OTHERS_AT_MOST), None))?;
        connections.has_more = all.next.is_some();
        connections.others = all.items.into_iter().filter(|one| !one.is_owner).collect();
    }
    let notes = registry.notes(conn, actor.workspace, key)?;
    let shell = Shell::load(conn, actor, Section::Integrations, visit)?;
    let closed = match <Connect as Permits<IntegrationFacts>>::permits(actor, &integration.facts()) {
        Ok(()) => None,
        Err(reason) => Some(help::sentence(conn, actor, reason)?),
    };
    let reserved = help::sentence(conn, actor, Reason::AuthTypeReserved)?;
    let whose = Closed { actor, integration };
    let page = IntegrationPage::of(shell, public, integration, &definition, connections, (&notes, whose));
    Ok(IntegrationPage { closed, reserved, ..page })
}
