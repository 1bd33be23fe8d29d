//! The way to the first page: of the site, and of a workspace.

use actix_session::Session;
use actix_web::HttpResponse;
use actix_web::web::Data;

use crate::authz::actions::View;
use crate::authz::proof::Authorized;
use crate::db::Db;
use crate::domain::accounts::users;
use crate::domain::people::invitations::answers;
use crate::domain::people::workspaces;
use crate::domain::people::workspaces::Workspace;
use crate::http::error::Error;
use crate::http::gate::SignedIn;
use crate::http::page;
use crate::http::session;
use crate::http::urls;
use crate::http::urls::Urls;
use crate::web::accounts::pages::NoWorkspacePage;

pub(super) async fn show(proof: SignedIn, session: Session, db: Data<Db>) -> Result<HttpResponse, Error> {
    let user = proof.user();
    let (workspaces, person, is_invited) = db
        .read(move |conn| {
            let (workspaces, person) = (workspaces::of_user(conn, user)?, users::find(conn, user)?);
            Ok::<_, Error>((workspaces, person, answers::is_waited_for(conn, user)?))
        })
        .await?;
    if let Some(first) = workspaces.first() {
        return Ok(page::go(&Urls::of(&first.slug).integrations()));
    }
    if is_invited {
        return Ok(page::go(urls::INVITATIONS));
    }
    page::show(&NoWorkspacePage {
        csrf: session::csrf_token(&session).unwrap_or_default(),
        email: person.map(|person| person.email).unwrap_or_default(),
    })
}

pub(super) async fn workspace(proof: Authorized<View, Workspace>) -> HttpResponse {
    page::go(&Urls::of(&proof.resource().slug).integrations())
}
