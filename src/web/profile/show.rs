//! Loads the page, for looking at it and for giving it back with what needs a change.

use actix_session::Session;
use actix_web::HttpRequest;
use actix_web::HttpResponse;
use actix_web::web::Data;

use crate::authz::actions::View;
use crate::authz::actor::Actor;
use crate::authz::proof::Authorized;
use crate::db::Db;
use crate::domain::accounts::sessions;
use crate::domain::accounts::users;
use crate::domain::people::tokens;
use crate::domain::people::workspaces::Workspace;
use crate::http::error::Error;
use crate::http::page;
use crate::http::page::Section;
use crate::http::page::Shell;
use crate::http::page::Visit;
use crate::http::session;
use crate::kernel::ids::SessionId;
use crate::web::profile::pages::ProfilePage;

pub(super) async fn show(
    proof: Authorized<View, Workspace>,
    req: HttpRequest,
    session: Session,
    db: Data<Db>,
) -> Result<HttpResponse, Error> {
    page::show(&load(&db, proof.actor(), Visit::of(&session), current(&req)).await?)
}

/// The session of this request, to be marked in the list.
pub(super) fn current(req: &HttpRequest) -> Option<SessionId> {
    session::signed_in(req).map(|(_, id)| id)
}

/// The page as it is now.
pub(super) async fn load(
    db: &Db,
    actor: &Actor,
    visit: Visit,
    current: Option<SessionId>,
) -> Result<ProfilePage, Error> {
    let actor = actor.clone();
    db.read(move |conn| {
        let person = users::find(conn, actor.user)?.ok_or_else(Error::not_found)?;
        Ok(ProfilePage {
            shell: Shell::load(conn, &actor, Section::Profile, visit)?,
            name: person.name,
            email: person.email,
            has_password: person.password_hash.is_some(),
            sessions: sessions::list(conn, actor.user, actor.at)?,
            current,
            tokens: tokens::list(conn, &actor)?,
            ..ProfilePage::default()
        })
    })
    .await
}
