//! The page before the provider's own (D-20): it says where one is going and what will be asked, and a link goes there.
//! A form may not: browsers differ on whether `form-action 'self'` also holds for the redirect that follows. Whoever comes
//! without the flow's `state` cannot go on, and starts again.

use actix_session::Session;
use actix_web::HttpResponse;
use actix_web::web::Data;
use actix_web::web::Query;
use diesel::pg::PgConnection;

use crate::authz::actions::View;
use crate::authz::actor::Actor;
use crate::authz::proof::Authorized;
use crate::authz::proof::authorize;
use crate::db::Db;
use crate::domain::connections::Connection;
use crate::domain::integrations::registry::Registry;
use crate::domain::oauth::flows::Flow;
use crate::http::error::Error;
use crate::http::page;
use crate::http::page::Section;
use crate::http::page::Shell;
use crate::http::page::Visit;
use crate::web::oauth::pages::FlowPage;

#[derive(Debug, serde::Deserialize)]
pub(super) struct FlowQuery {
    #[serde(default)]
    state: String,
}

pub(super) async fn show(
    proof: Authorized<View, Flow>,
    Query(FlowQuery { state }): Query<FlowQuery>,
    session: Session,
    db: Data<Db>,
    registry: Data<Registry>,
) -> Result<HttpResponse, Error> {
    let visit = Visit::of(&session);
    let (actor, flow) = proof.into_parts();
    let page = db.read(move |conn| build(conn, &registry, &actor, (&flow, &state), visit)).await?;
    page::show(&page)
}

fn build(
    conn: &mut PgConnection,
    registry: &Registry,
    actor: &Actor,
    (flow, state): (&Flow, &str),
    visit: Visit,
) -> Result<FlowPage, Error> {
    let definition = registry.find(conn, actor.workspace, &flow.integration)?.ok_or_else(Error::not_found)?;
    let account = match &flow.reconnects {
        Some(id) => authorize::<View, Connection>(conn, actor.clone(), id)?.into_parts().1.account,
        None => None,
    };
    let shell = Shell::load(conn, actor, Section::Integrations, visit)?;
    Ok(FlowPage::of(shell, (flow, state), &definition, account))
}
