//! Deleting a connection: first what that breaks, then the deed (R15).

use actix_session::Session;
use actix_web::HttpResponse;
use actix_web::web::Data;

use crate::authz::actions::Delete;
use crate::authz::proof::Authorized;
use crate::db::Db;
use crate::domain::connections::Connection;
use crate::domain::connections::lifecycle;
use crate::domain::integrations::registry::Registry;
use crate::domain::runs::usage;
use crate::http::error::Error;
use crate::http::form::Form;
use crate::http::form::Nothing;
use crate::http::page;
use crate::http::page::Section;
use crate::http::page::Shell;
use crate::http::page::Visit;
use crate::http::urls::Urls;
use crate::vault::Vault;
use crate::web::connections::pages::Face;
use crate::web::connections::pages::deletion::DeletionPage;
use crate::web::connections::pages::show::Dependents;

pub(super) async fn new(
    proof: Authorized<Delete, Connection>,
    session: Session,
    db: Data<Db>,
    registry: Data<Registry>,
) -> Result<HttpResponse, Error> {
    let visit = Visit::of(&session);
    let (actor, connection) = proof.into_parts();
    let page = db
        .read(move |conn| {
            let definition = registry.find(conn, actor.workspace, &connection.integration)?;
            let dependents = Dependents {
                usage: usage::usage(conn, &actor, connection.id)?,
                agents: usage::agents(conn, &actor, connection.id)?,
                runs: Vec::new(),
            };
            let shell = Shell::load(conn, &actor, Section::Connections, visit)?;
            let face = Face::of(&connection, definition.as_deref());
            Ok::<_, Error>(DeletionPage { shell, connection, face, dependents })
        })
        .await?;
    page::show(&page)
}

pub(super) async fn create(
    proof: Authorized<Delete, Connection>,
    Form(Nothing {}): Form<Nothing>,
    session: Session,
    urls: Urls,
    db: Data<Db>,
    vault: Data<Vault>,
) -> Result<HttpResponse, Error> {
    let said = format!("{} is deleted.", proof.resource().name);
    db.write(move |tx| Ok::<_, Error>(lifecycle::remove(tx, &vault, &proof)?)).await?;
    page::toast(&session, &said)?;
    Ok(page::go(&urls.connections()))
}
