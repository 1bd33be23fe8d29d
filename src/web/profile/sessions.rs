//! Ending one's own sessions: one, or all but this one.

use actix_session::Session;
use actix_web::HttpRequest;
use actix_web::HttpResponse;
use actix_web::web::Data;

use crate::authz::actions::View;
use crate::authz::proof::Authorized;
use crate::db::Db;
use crate::domain::accounts::sessions;
use crate::domain::people::account_events;
use crate::domain::people::actors::Arrival;
use crate::domain::people::workspaces::Workspace;
use crate::http::error::Error;
use crate::http::form::Fields;
use crate::http::form::Form;
use crate::http::form::Nothing;
use crate::http::page;
use crate::http::urls::Urls;
use crate::kernel::ids::SessionId;
use crate::web::profile::show;

#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SessionForm {
    session: SessionId,
}

impl Fields for SessionForm {}

pub(super) async fn end(
    proof: Authorized<View, Workspace>,
    Form(form): Form<SessionForm>,
    session: Session,
    db: Data<Db>,
) -> Result<HttpResponse, Error> {
    let (actor, workspace) = proof.into_parts();
    db.write(move |tx| {
        if sessions::end_one(tx, actor.user, form.session)? {
            account_events::record(tx, actor.user, Arrival { ip: actor.ip, at: actor.at }, "user.signed_out")?;
        }
        Ok::<_, Error>(())
    })
    .await?;
    page::toast(&session, "That session is signed out.")?;
    Ok(page::go(&Urls::of(&workspace.slug).profile()))
}

pub(super) async fn end_others(
    proof: Authorized<View, Workspace>,
    Form(Nothing {}): Form<Nothing>,
    req: HttpRequest,
    session: Session,
    db: Data<Db>,
) -> Result<HttpResponse, Error> {
    let (actor, workspace) = proof.into_parts();
    let current = show::current(&req);
    db.write(move |tx| {
        sessions::end_all(tx, actor.user, current)?;
        account_events::record(tx, actor.user, Arrival { ip: actor.ip, at: actor.at }, "user.signed_out_elsewhere")?;
        Ok::<_, Error>(())
    })
    .await?;
    page::toast(&session, "You are signed out everywhere else.")?;
    Ok(page::go(&Urls::of(&workspace.slug).profile()))
}
