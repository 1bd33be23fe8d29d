//! Signing in by a one-time link. Looking at the link changes nothing: mail programs and chats open links to preview
//! them, and one that was used up by a preview would be of no use. The button on the page redeems it.

use actix_session::Session;
use actix_web::HttpRequest;
use actix_web::HttpResponse;
use actix_web::web::Data;
use actix_web::web::Query;

use crate::db::Db;
use crate::domain::accounts::links;
use crate::domain::accounts::links::Purpose;
use crate::domain::accounts::users;
use crate::domain::people::account_events;
use crate::domain::people::actors::Arrival;
use crate::http::error::Error;
use crate::http::form::Fields;
use crate::http::form::Form;
use crate::http::gate::Public;
use crate::http::page;
use crate::http::session;
use crate::http::urls;
use crate::kernel::clock::Clock;
use crate::web::accounts::pages::LinkPage;

#[derive(Debug, serde::Deserialize)]
pub(super) struct Token {
    #[serde(default)]
    token: String,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LinkForm {
    token: String,
}

impl Fields for LinkForm {}

pub(super) async fn show(
    _: Public,
    Query(Token { token }): Query<Token>,
    session: Session,
    db: Data<Db>,
    clock: Data<Clock>,
) -> Result<HttpResponse, Error> {
    let (looked, now) = (token.clone(), clock.now());
    let person = db
        .read(move |conn| match links::find(conn, &looked, now)? {
            Some((user, Purpose::SignIn)) => Ok::<_, Error>(users::find(conn, user)?),
            Some((_, Purpose::SetPassword | Purpose::ResetPassword)) | None => Ok(None),
        })
        .await?
        .ok_or_else(Error::link_used)?;
    page::show(&LinkPage { csrf: session::csrf_token(&session).unwrap_or_default(), name: person.name, token })
}

pub(super) async fn redeem(
    _: Public,
    Form(form): Form<LinkForm>,
    req: HttpRequest,
    db: Data<Db>,
    clock: Data<Clock>,
) -> Result<HttpResponse, Error> {
    let arrival = Arrival { ip: req.peer_addr().map(|peer| peer.ip()), at: clock.now() };
    let user = db
        .write(move |tx| {
            let is_for_this = matches!(links::find(tx, &form.token, arrival.at)?, Some((_, Purpose::SignIn)));
            let redeemed = if is_for_this { links::redeem(tx, &form.token, arrival.at)? } else { None };
            let (user, _) = redeemed.ok_or_else(Error::link_used)?;
            account_events::record(tx, user, arrival, "user.signed_in")?;
            Ok::<_, Error>(user)
        })
        .await?;
    session::sign_in(&req, user)?;
    Ok(page::go(urls::HOME))
}
