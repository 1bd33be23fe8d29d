//! Deleting a group: first who loses what, then it goes.

use actix_session::Session;
use actix_web::HttpResponse;
use actix_web::web::Data;

use crate::authz::actions::ManagePeople;
use crate::authz::proof::Authorized;
use crate::db::Db;
use crate::domain::agents::losses::group::reach;
use crate::domain::integrations::registry::Registry;
use crate::domain::people::groups;
use crate::domain::people::groups::Group;
use crate::http::error::Error;
use crate::http::form::Form;
use crate::http::form::Nothing;
use crate::http::page;
use crate::http::page::Section;
use crate::http::page::Shell;
use crate::http::page::Visit;
use crate::http::urls::Urls;
use crate::web::groups::pages::DeletionPage;
use crate::web::groups::show;

pub(super) async fn new(
    proof: Authorized<ManagePeople, Group>,
    session: Session,
    db: Data<Db>,
    registry: Data<Registry>,
) -> Result<HttpResponse, Error> {
    let visit = Visit::of(&session);
    let page = db.read(move |conn| {
        let reach = reach(conn, &proof)?;
        let given = show::given(conn, &registry, proof.actor(), reach)?;
        let shell = Shell::load(conn, proof.actor(), Section::People, visit)?;
        Ok::<_, Error>(DeletionPage { shell, group: Some(proof.resource().clone()), given })
    });
    page::show(&page.await?)
}

pub(super) async fn create(
    proof: Authorized<ManagePeople, Group>,
    Form(Nothing {}): Form<Nothing>,
    session: Session,
    urls: Urls,
    db: Data<Db>,
) -> Result<HttpResponse, Error> {
    let said = format!("The group “{}” is deleted.", proof.resource().name);
    db.write(move |tx| Ok::<_, Error>(groups::remove(tx, &proof)?)).await?;
    page::toast(&session, &said)?;
    Ok(page::go(&urls.groups()))
}
