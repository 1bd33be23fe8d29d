//! Changing the password. It asks for the old one, counts wrong ones like a sign-in does, and ends every other session:
//! whoever took the old password is out (D-50).

use actix_session::Session;
use actix_web::HttpRequest;
use actix_web::HttpResponse;
use actix_web::web::Data;

use crate::authz::actions::View;
use crate::authz::actor::Actor;
use crate::authz::proof::Authorized;
use crate::db::Db;
use crate::domain::accounts::passwords::Password;
use crate::domain::accounts::passwords::Passwords;
use crate::domain::accounts::sessions;
use crate::domain::accounts::throttle::Guesses;
use crate::domain::accounts::users;
use crate::domain::people::account_events;
use crate::domain::people::actors::Arrival;
use crate::domain::people::workspaces::Workspace;
use crate::http::error::Error;
use crate::http::form::Fields;
use crate::http::form::Form;
use crate::http::form::Mistakes;
use crate::http::page;
use crate::http::page::Visit;
use crate::http::session;
use crate::http::urls::Urls;
use crate::web::profile::pages::ProfilePage;
use crate::web::profile::show;

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PasswordForm {
    current_password: Option<Password>,
    password: Password,
}

impl Fields for PasswordForm {}

pub(super) async fn update(
    proof: Authorized<View, Workspace>,
    Form(form): Form<PasswordForm>,
    req: HttpRequest,
    session: Session,
    db: Data<Db>,
    passwords: Data<Passwords>,
) -> Result<HttpResponse, Error> {
    let mut mistakes = Mistakes::default();
    mistakes.check("password", form.password.check());
    if mistakes.is_empty() {
        verify(&db, &passwords, proof.actor(), form.current_password, &mut mistakes).await?;
    }
    if !mistakes.is_empty() {
        let page = show::load(&db, proof.actor(), Visit::of(&session), show::current(&req)).await?;
        return page::refuse(&ProfilePage { password_mistakes: mistakes, ..page });
    }
    let hash = passwords.hash(form.password).await?;
    let (actor, workspace) = proof.into_parts();
    let user = actor.user;
    db.write(move |tx| {
        users::set_password_hash(tx, user, &hash)?;
        sessions::end_all(tx, user, None)?;
        account_events::record(tx, user, Arrival { ip: actor.ip, at: actor.at }, "user.password_set")?;
        Ok::<_, Error>(())
    })
    .await?;
    // This browser goes on, behind a new key.
    session::sign_in(&req, user)?;
    page::toast(&session, "Your password is changed. You are signed out everywhere else.")?;
    Ok(page::go(&Urls::of(&workspace.slug).profile()))
}

/// Whether the old password is right; somebody who never set one has none to give.
async fn verify(
    db: &Db,
    passwords: &Passwords,
    actor: &Actor,
    given: Option<Password>,
    mistakes: &mut Mistakes,
) -> Result<(), Error> {
    let (user, ip, now) = (actor.user, actor.ip, actor.at);
    let person = db.read(move |conn| Ok::<_, Error>(users::find(conn, user)?)).await?.ok_or_else(Error::not_found)?;
    let Some(hash) = person.password_hash else { return Ok(()) };
    let guesses = Guesses::at(&person.email, ip);
    let looked = guesses.clone();
    if let Some(wait) = db.read(move |conn| Ok::<_, Error>(looked.wait(conn, now)?)).await? {
        return Err(Error::too_many(
            wait.num_seconds() + 1,
            "Too many wrong passwords. Wait a little, then try again.",
        ));
    }
    let given = given.unwrap_or_else(|| Password::from(String::new()));
    let is_right = passwords.verify(given, Some(hash)).await?;
    db.write(move |tx| {
        if is_right { guesses.clear(tx) } else { guesses.count(tx, now) }?;
        Ok::<_, Error>(())
    })
    .await?;
    if !is_right {
        mistakes.add("current_password", "This is not your current password.");
    }
    Ok(())
}
