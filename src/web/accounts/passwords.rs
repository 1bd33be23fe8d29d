//! Setting a password by a one-time link: a first one, or a new one. Every session of the person ends with it, and the
//! one who holds the link is signed in (D-50).

use actix_session::Session;
use actix_web::HttpRequest;
use actix_web::HttpResponse;
use actix_web::web::Data;
use actix_web::web::Query;
use diesel::QueryResult;
use diesel::pg::PgConnection;

use crate::db::Db;
use crate::domain::accounts::links;
use crate::domain::accounts::links::Purpose;
use crate::domain::accounts::passwords::Password;
use crate::domain::accounts::passwords::Passwords;
use crate::domain::accounts::sessions;
use crate::domain::accounts::throttle::Guesses;
use crate::domain::accounts::users;
use crate::domain::accounts::users::User;
use crate::domain::people::account_events;
use crate::domain::people::actors::Arrival;
use crate::domain::people::invitations::answers;
use crate::http::error::Error;
use crate::http::form::Fields;
use crate::http::form::Form;
use crate::http::form::Mistakes;
use crate::http::gate::Public;
use crate::http::page;
use crate::http::session;
use crate::http::urls;
use crate::kernel::clock::Clock;
use crate::kernel::clock::Timestamp;
use crate::web::accounts::pages::SetPasswordPage;

#[derive(Debug, serde::Deserialize)]
pub(super) struct Token {
    #[serde(default)]
    token: String,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PasswordForm {
    token: String,
    password: Password,
}

impl Fields for PasswordForm {}

pub(super) async fn edit(
    _: Public,
    Query(Token { token }): Query<Token>,
    session: Session,
    db: Data<Db>,
    clock: Data<Clock>,
) -> Result<HttpResponse, Error> {
    let person = find_person(&db, &token, clock.now()).await?;
    page::show(&SetPasswordPage::new(&session, token, person.email))
}

pub(super) async fn update(
    _: Public,
    Form(form): Form<PasswordForm>,
    req: HttpRequest,
    session: Session,
    db: Data<Db>,
    passwords: Data<Passwords>,
    clock: Data<Clock>,
) -> Result<HttpResponse, Error> {
    let person = find_person(&db, &form.token, clock.now()).await?;
    let mut mistakes = Mistakes::default();
    mistakes.check("password", form.password.check());
    if !mistakes.is_empty() {
        return page::refuse(&SetPasswordPage { mistakes, ..SetPasswordPage::new(&session, form.token, person.email) });
    }
    let hash = passwords.hash(form.password).await?;
    let arrival = Arrival { ip: req.peer_addr().map(|peer| peer.ip()), at: clock.now() };
    let user = person.id;
    let is_invited = db
        .write(move |tx| {
            links::redeem(tx, &form.token, arrival.at)?.ok_or_else(Error::link_used)?;
            users::set_password_hash(tx, user, &hash)?;
            sessions::end_all(tx, user, None)?;
            Guesses::at(&person.email, None).clear(tx)?;
            account_events::record(tx, user, arrival, "user.password_set")?;
            Ok::<_, Error>(answers::is_waited_for(tx, user)?)
        })
        .await?;
    session::sign_in(&req, user)?;
    page::toast(&session, "Your password is set.")?;
    Ok(page::go(if is_invited { urls::INVITATIONS } else { urls::HOME }))
}

async fn find_person(db: &Db, token: &str, now: Timestamp) -> Result<User, Error> {
    let token = token.to_owned();
    db.read(move |conn| Ok::<_, Error>(person_of(conn, &token, now)?)).await?.ok_or_else(Error::link_used)
}

fn person_of(conn: &mut PgConnection, token: &str, now: Timestamp) -> QueryResult<Option<User>> {
    match links::find(conn, token, now)? {
        Some((user, Purpose::SetPassword | Purpose::ResetPassword)) => users::find(conn, user),
        Some((_, Purpose::SignIn)) | None => Ok(None),
    }
}
