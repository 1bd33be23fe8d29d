//! Signing in with a password, and signing out.
//!
//! Guesses are looked at twice, before the work and after it: of many at the same moment, those that end after the limit
//! was reached learn nothing, right or wrong (D-57).

use std::net::IpAddr;

use actix_session::Session;
use actix_web::HttpRequest;
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header;
use actix_web::web::Data;
use actix_web::web::Query;
use chrono::Duration;

use crate::db::Db;
use crate::domain::accounts::passwords::Password;
use crate::domain::accounts::passwords::Passwords;
use crate::domain::accounts::throttle::Guesses;
use crate::domain::accounts::users;
use crate::domain::people::account_events;
use crate::domain::people::actors::Arrival;
use crate::http::error::Error;
use crate::http::form::Fields;
use crate::http::form::Form;
use crate::http::form::Nothing;
use crate::http::gate::Public;
use crate::http::page;
use crate::http::session;
use crate::http::urls;
use crate::http::urls::safe_path;
use crate::kernel::clock::Clock;
use crate::kernel::ids::UserId;
use crate::web::accounts::pages::SignInPage;

const WRONG: &str = "E-mail or password is wrong.";

#[derive(Debug, serde::Deserialize)]
pub(super) struct Next {
    next: Option<String>,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SignInForm {
    email: String,
    password: Password,
    next: Option<String>,
}

impl Fields for SignInForm {}

pub(super) async fn new(
    _: Public,
    Query(query): Query<Next>,
    req: HttpRequest,
    session: Session,
) -> Result<HttpResponse, Error> {
    let next = query.next.as_deref().and_then(safe_path);
    if session::signed_in(&req).is_some() {
        return Ok(page::go(next.as_deref().unwrap_or(urls::HOME)));
    }
    page::show(&SignInPage::new(&session, next))
}

pub(super) async fn create(
    _: Public,
    Form(form): Form<SignInForm>,
    req: HttpRequest,
    session: Session,
    db: Data<Db>,
    passwords: Data<Passwords>,
    clock: Data<Clock>,
) -> Result<HttpResponse, Error> {
    let next = form.next.as_deref().and_then(safe_path);
    let email = form.email.trim().to_ascii_lowercase();
    let ip = req.peer_addr().map(|peer| peer.ip());
    let outcome = attempt(&db, &passwords, &clock, (&email, form.password, ip)).await?;
    let page = SignInPage { email: form.email, ..SignInPage::new(&session, next.clone()) };
    match outcome {
        Outcome::In(user) => {
            session::sign_in(&req, user)?;
            Ok(page::go(next.as_deref().unwrap_or(urls::HOME)))
        }
        Outcome::Wrong => page::refuse(&page.saying(WRONG.to_owned())),
        Outcome::Wait(wait) => {
            let seconds = wait.num_seconds() + 1;
            let said = format!("Too many tries that were wrong. Wait {}, then try again.", in_words(seconds));
            let mut response = page::answer(StatusCode::TOO_MANY_REQUESTS, &page.saying(said))?;
            response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
            Ok(response)
        }
    }
}

enum Outcome {
    In(UserId),
    Wrong,
    Wait(Duration),
}

async fn attempt(
    db: &Db,
    passwords: &Passwords,
    clock: &Clock,
    (email, password, ip): (&str, Password, Option<IpAddr>),
) -> Result<Outcome, Error> {
    let (address, now) = (email.to_owned(), clock.now());
    let guesses = Guesses::at(email, ip);
    let looked = guesses.clone();
    let (wait, user) =
        db.read(move |conn| Ok::<_, Error>((looked.wait(conn, now)?, users::find_by_email(conn, &address)?))).await?;
    if let Some(wait) = wait {
        return Ok(Outcome::Wait(wait));
    }
    let known = user.as_ref().map(|user| user.id);
    let is_right = passwords.verify(password, user.and_then(|user| user.password_hash)).await?;
    let now = clock.now();
    db.write(move |tx| {
        if let Some(wait) = guesses.wait(tx, now)? {
            return Ok(Outcome::Wait(wait));
        }
        let Some(user) = known.filter(|_| is_right) else {
            guesses.count(tx, now)?;
            return Ok(Outcome::Wrong);
        };
        guesses.clear(tx)?;
        account_events::record(tx, user, Arrival { ip, at: now }, "user.signed_in")?;
        Ok::<_, Error>(Outcome::In(user))
    })
    .await
}

fn in_words(seconds: i64) -> String {
    match seconds {
        1 => "a second".to_owned(),
        2..=90 => format!("{seconds} seconds"),
        _ => format!("{} minutes", seconds / 60 + 1),
    }
}

/// Signing out of a session that has ended already is no mistake, so anyone may.
pub(super) async fn end(_: Public, Form(Nothing {}): Form<Nothing>, session: Session) -> HttpResponse {
    session::sign_out(&session);
    let mut response = page::go(urls::SIGN_IN);
    // Not the cookies: that would end other sites' under the same name.
    let clear = header::HeaderValue::from_static(r#""cache", "storage""#);
    response.headers_mut().insert(header::HeaderName::from_static("clear-site-data"), clear);
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_said_in_words() {
        assert_eq!(in_words(1), "a second");
        assert_eq!(in_words(60), "60 seconds");
        assert_eq!(in_words(600), "11 minutes");
    }
}
