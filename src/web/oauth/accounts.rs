//! A reconnect that came back as another account (R14): its owner decides, and until then nothing changes.

use actix_session::Session;
use actix_web::HttpResponse;
use actix_web::web::Data;

use crate::authz::actions::View;
use crate::authz::proof::Authorized;
use crate::authz::proof::authorize;
use crate::db::Db;
use crate::domain::connections::Connection;
use crate::domain::integrations::registry::Registry;
use crate::domain::oauth::callback::Landing;
use crate::domain::oauth::callback::held;
use crate::domain::oauth::callback::held::Held;
use crate::domain::runs::usage;
use crate::http::error::Error;
use crate::http::form::Form;
use crate::http::form::Nothing;
use crate::http::page;
use crate::http::page::Section;
use crate::http::page::Shell;
use crate::http::page::Visit;
use crate::http::urls::Urls;
use crate::web::oauth::pages::AccountPage;

pub(super) async fn edit(
    proof: Authorized<View, Held>,
    session: Session,
    db: Data<Db>,
    registry: Data<Registry>,
) -> Result<HttpResponse, Error> {
    let visit = Visit::of(&session);
    let (actor, held) = proof.into_parts();
    let page = db
        .read(move |conn| {
            let definition = registry.find(conn, actor.workspace, &held.integration)?.ok_or_else(Error::not_found)?;
            let connection = authorize::<View, Connection>(conn, actor.clone(), &held.connection)?.into_parts().1;
            let agents = usage::usage(conn, &actor, connection.id)?.agents;
            let shell = Shell::load(conn, &actor, Section::Connections, visit)?;
            Ok::<_, Error>(AccountPage::of(shell, &held, connection, &definition, agents))
        })
        .await?;
    page::show(&page)
}

pub(super) async fn update(
    proof: Authorized<View, Held>,
    Form(Nothing {}): Form<Nothing>,
    session: Session,
    urls: Urls,
    landing: Data<Landing>,
) -> Result<HttpResponse, Error> {
    let (actor, held) = proof.into_parts();
    let connection = landing.accept_held(actor, held.session, held.flow).await?;
    let account = held.account.map(|account| format!(" as {account}")).unwrap_or_default();
    page::toast(
        &session,
        &format!("Connected{account}. If it is on an agent, whoever put it there has to approve that again."),
    )?;
    Ok(page::go(&urls.connection(&connection)))
}

pub(super) async fn destroy(
    proof: Authorized<View, Held>,
    Form(Nothing {}): Form<Nothing>,
    session: Session,
    urls: Urls,
    db: Data<Db>,
) -> Result<HttpResponse, Error> {
    let connection = proof.resource().connection;
    db.write(move |tx| Ok::<_, Error>(held::decline(tx, &proof)?)).await?;
    page::toast(&session, "Nothing has changed. The access that came back is being revoked.")?;
    Ok(page::go(&urls.connection(&connection)))
}
