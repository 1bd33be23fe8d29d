//! The list of mails, and sending one again.

use actix_session::Session;
use actix_web::HttpResponse;
use actix_web::web::Data;
use actix_web::web::Query;

use crate::authz::actions::ManageMail;
use crate::authz::proof::Authorized;
use crate::db::Db;
use crate::domain::outbox::overview;
use crate::domain::outbox::overview::Retry;
use crate::domain::people::workspaces::Workspace;
use crate::http::error::Error;
use crate::http::form::Form;
use crate::http::form::Nothing;
use crate::http::gate::Part;
use crate::http::page;
use crate::http::page::Section;
use crate::http::page::Shell;
use crate::http::page::Visit;
use crate::http::urls::Urls;
use crate::kernel::ids::OutboxId;
use crate::kernel::paging::Page;
use crate::web::mails::pages::MailsPage;

#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
pub(super) struct IndexQuery {
    progress: String,
    after: String,
}

pub(super) async fn index(
    proof: Authorized<ManageMail, Workspace>,
    Query(query): Query<IndexQuery>,
    session: Session,
    db: Data<Db>,
) -> Result<HttpResponse, Error> {
    let visit = Visit::of(&session);
    let loaded = db.read(move |conn| {
        let (progress, after) = (query.progress.parse().ok(), query.after.parse().ok());
        let listed = overview::list(conn, &proof, progress, &Page::new(None, after))?;
        Ok::<_, Error>(MailsPage {
            shell: Shell::load(conn, proof.actor(), Section::Mails, visit)?,
            progress,
            mails: listed.items,
            next: listed.next.map(|cursor| cursor.to_string()),
            is_later: after.is_some(),
        })
    });
    page::show(&loaded.await?)
}

pub(super) async fn retry(
    proof: Authorized<ManageMail, Workspace>,
    Part(mail): Part<OutboxId>,
    Form(Nothing {}): Form<Nothing>,
    session: Session,
    urls: Urls,
    db: Data<Db>,
) -> Result<HttpResponse, Error> {
    match db.write(move |tx| Ok::<_, Error>(overview::retry(tx, &proof, mail)?)).await? {
        Retry::Due(_) => page::toast(&session, "It is sent again now.")?,
        Retry::Settled(_) => page::toast(&session, "There is nothing to send: it has arrived, or is not needed.")?,
        Retry::Unknown => return Err(Error::not_found()),
    }
    Ok(page::go(&urls.mails()))
}
