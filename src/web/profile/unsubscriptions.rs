//! The link below a mail that turns its kind off (RFC 8058). Mail programs post to it by themselves, without cookies and
//! from anywhere; people open it and press the button. Looking at it changes nothing, because programs that check links
//! look at them.

use actix_web::HttpRequest;
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::web::Query;

use crate::db::Db;
use crate::domain::people::actors::Arrival;
use crate::domain::people::mail_preferences::links;
use crate::domain::people::mail_preferences::links::Subscription;
use crate::http::error::Error;
use crate::http::gate::LinkHolder;
use crate::http::page;
use crate::http::urls;
use crate::http::urls::Urls;
use crate::kernel::clock::Clock;
use crate::vault::Vault;
use crate::web::profile::mail_pages::UnsubscribePage;

#[derive(Debug, serde::Deserialize)]
pub(super) struct Token {
    #[serde(default)]
    token: String,
}

pub(super) async fn show(
    _: LinkHolder,
    Query(Token { token }): Query<Token>,
    db: Data<Db>,
    vault: Data<Vault>,
) -> Result<HttpResponse, Error> {
    let (vault, read) = (vault.get_ref().clone(), token.clone());
    let found = db.read(move |conn| Ok::<_, Error>(links::find(conn, &vault, &read)?)).await?;
    page::show(&asking(found.ok_or_else(unknown)?, &token))
}

/// The body is not read: a mail program sends `List-Unsubscribe=One-Click`, the button sends nothing, and the link says it
/// all.
pub(super) async fn create(
    _: LinkHolder,
    Query(Token { token }): Query<Token>,
    req: HttpRequest,
    db: Data<Db>,
    vault: Data<Vault>,
    clock: Data<Clock>,
) -> Result<HttpResponse, Error> {
    let arrival = Arrival { ip: req.peer_addr().map(|peer| peer.ip()), at: clock.now() };
    let (vault, read) = (vault.get_ref().clone(), token.clone());
    let found = db
        .write(move |tx| {
            let found = links::find(tx, &vault, &read)?.ok_or_else(unknown)?;
            links::turn_off(tx, &found, arrival)?;
            Ok::<_, Error>(found)
        })
        .await?;
    page::show(&UnsubscribePage { is_done: true, ..asking(found, &token) })
}

fn asking(found: Subscription, token: &str) -> UnsubscribePage {
    UnsubscribePage {
        kind: found.kind,
        workspace: found.workspace_name,
        email: found.email,
        link: urls::unsubscribe_link(token),
        preferences: Urls::of(&found.slug).profile_part("mails"),
        is_done: false,
    }
}

fn unknown() -> Error {
    let detail = "This link is cut off, or from before you left the workspace. Sign in, and choose your mails on your \
                  profile page.";
    Error::new(StatusCode::NOT_FOUND, "not_found", "This link does not turn anything off", detail)
}
