//! A connection's name.

use actix_session::Session;
use actix_web::HttpResponse;
use actix_web::web::Data;

use crate::authz::actions::Maintain;
use crate::authz::proof::Authorized;
use crate::db::Db;
use crate::domain::connections::Connection;
use crate::domain::connections::lifecycle;
use crate::http::error::Error;
use crate::http::form::Fields;
use crate::http::form::Form;
use crate::http::form::Mistakes;
use crate::http::page;
use crate::http::page::Section;
use crate::http::page::Shell;
use crate::http::page::Visit;
use crate::http::urls::Urls;
use crate::kernel::text;
use crate::web::connections::pages::forms::NamePage;

#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NameForm {
    name: String,
}

impl Fields for NameForm {}

pub(super) async fn edit(
    proof: Authorized<Maintain, Connection>,
    session: Session,
    db: Data<Db>,
) -> Result<HttpResponse, Error> {
    let name = proof.resource().name.clone();
    page::show(&load(proof, &db, &session, name, Mistakes::default()).await?)
}

pub(super) async fn update(
    proof: Authorized<Maintain, Connection>,
    Form(form): Form<NameForm>,
    session: Session,
    urls: Urls,
    db: Data<Db>,
) -> Result<HttpResponse, Error> {
    let mut mistakes = Mistakes::default();
    let Some(name) = mistakes.check("name", text::name(&form.name)) else {
        return page::refuse(&load(proof, &db, &session, form.name, mistakes).await?);
    };
    let back = urls.connection(&proof.resource().id);
    let said = format!("Renamed to {name}.");
    db.write(move |tx| Ok::<_, Error>(lifecycle::rename(tx, &proof, &name)?)).await?;
    page::toast(&session, &said)?;
    Ok(page::go(&back))
}

async fn load(
    proof: Authorized<Maintain, Connection>,
    db: &Db,
    session: &Session,
    name: String,
    mistakes: Mistakes,
) -> Result<NamePage, Error> {
    let visit = Visit::of(session);
    let (actor, connection) = proof.into_parts();
    db.read(move |conn| {
        let shell = Shell::load(conn, &actor, Section::Connections, visit)?;
        Ok(NamePage { shell, id: connection.id, before: connection.name, name, mistakes })
    })
    .await
}
