//! The test that an owner asks for. How it went is shown on the connection's page, in the answer itself: it is not kept.

use actix_session::Session;
use actix_web::HttpResponse;
use actix_web::web::Data;

use crate::authz::actions::Maintain;
use crate::authz::proof::Authorized;
use crate::db::Db;
use crate::domain::connections::Connection;
use crate::domain::integrations::registry::Registry;
use crate::domain::oauth::trial::Trial;
use crate::http::error::Error;
use crate::http::form::Form;
use crate::http::form::Nothing;
use crate::http::page;
use crate::http::page::Visit;
use crate::web::connections::pages::show::ConnectionPage;
use crate::web::connections::show;

pub(super) async fn create(
    proof: Authorized<Maintain, Connection>,
    Form(Nothing {}): Form<Nothing>,
    session: Session,
    db: Data<Db>,
    registry: Data<Registry>,
    trial: Data<Trial>,
) -> Result<HttpResponse, Error> {
    let (actor, id) = (proof.actor().clone(), proof.resource().id);
    let tested = Some(trial.run(proof).await?);
    let page = show::load(&db, &registry, actor, id, Visit::of(&session)).await?;
    page::show(&ConnectionPage { tested, ..page })
}
