//! Which mails one wants from this workspace.

use std::collections::BTreeSet;

use actix_session::Session;
use actix_web::HttpResponse;
use actix_web::web::Data;

use crate::authz::actions::View;
use crate::authz::proof::Authorized;
use crate::db::Db;
use crate::domain::outbox::Kind;
use crate::domain::people::mail_preferences;
use crate::domain::people::workspaces::Workspace;
use crate::http::error::Error;
use crate::http::form::Form;
use crate::http::form::Pairs;
use crate::http::page;
use crate::http::page::Section;
use crate::http::page::Shell;
use crate::http::page::Visit;
use crate::http::urls::Urls;
use crate::web::profile::mail_pages::MailsPage;

pub(super) async fn show(
    proof: Authorized<View, Workspace>,
    session: Session,
    db: Data<Db>,
) -> Result<HttpResponse, Error> {
    let visit = Visit::of(&session);
    let (actor, _) = proof.into_parts();
    let loaded = db.read(move |conn| {
        let off = mail_preferences::off(conn, actor.workspace, actor.user)?;
        Ok::<_, Error>(MailsPage { shell: Shell::load(conn, &actor, Section::Profile, visit)?, off })
    });
    page::show(&loaded.await?)
}

/// A box that is not ticked is not sent, so what is off is what is missing.
pub(super) async fn update(
    proof: Authorized<View, Workspace>,
    Form(Pairs(fields)): Form<Pairs>,
    session: Session,
    urls: Urls,
    db: Data<Db>,
) -> Result<HttpResponse, Error> {
    let mut off: BTreeSet<Kind> = Kind::ALL.iter().copied().filter(|kind| kind.is_optional()).collect();
    for (name, value) in fields {
        let kind = value.parse().map_err(|_unknown| Error::bad_request("There is no such kind of mail."))?;
        if name != "on" {
            return Err(Error::bad_request("The form did not arrive as this page made it. Reload it and try again."));
        }
        off.remove(&kind);
    }
    let (actor, _) = proof.into_parts();
    db.write(move |tx| Ok::<_, Error>(mail_preferences::save(tx, &actor, &off)?)).await?;
    page::toast(&session, "Saved.")?;
    Ok(page::go(&urls.profile_part("mails")))
}
