//! Where providers send people back to (D-21). Anyone may come here, so nothing is believed before the flow is found and
//! is this person's, in this browser. Each way to fail has its own words; the address, which carries the code, goes no
//! further.

use actix_session::Session;
use actix_web::HttpRequest;
use actix_web::HttpResponse;
use actix_web::http::header;
use actix_web::http::header::HeaderValue;
use actix_web::web::Data;

use crate::authz::actions::View;
use crate::authz::proof::authorize;
use crate::domain::connections::Connection;
use crate::domain::oauth::callback::Arrived;
use crate::domain::oauth::callback::CallbackError;
use crate::domain::oauth::callback::Landed;
use crate::domain::oauth::callback::Landing;
use crate::domain::oauth::flows;
use crate::domain::people::actors;
use crate::domain::people::actors::Arrival;
use crate::http::error::Error;
use crate::http::gate::Public;
use crate::http::page;
use crate::http::session;
use crate::http::urls::Urls;
use crate::kernel::ids::ConnectionId;
use crate::kernel::ids::SessionId;
use crate::kernel::ids::UserId;
use crate::kernel::text;
use crate::web::oauth::pages::EndedPage;

/// What a provider says; everything else in the address is its own business.
#[derive(Debug, Default, PartialEq, Eq)]
struct Said {
    state: String,
    code: Option<String>,
    error: Option<String>,
    iss: Option<String>,
}

/// Where the callback came in.
struct Door {
    slug: String,
    key: String,
    urls: Urls,
    arrival: Arrival,
}

pub(super) async fn show(
    _: Public,
    req: HttpRequest,
    session: Session,
    landing: Data<Landing>,
) -> Result<HttpResponse, Error> {
    let part = |name: &str| text::slug(req.match_info().query(name)).map_err(|_invalid| Error::not_found());
    let (slug, key) = (part("workspace")?, part("integration")?);
    let arrival = Arrival { ip: req.peer_addr().map(|peer| peer.ip()), at: landing.clock.now() };
    let door = Door { urls: Urls::of(&slug), slug, key, arrival };
    let again = door.urls.integration(&door.key);
    let answer = match (session::signed_in(&req), read(req.query_string())) {
        (None, _) => ended(&EndedPage::signed_out(&again)),
        (Some(_), None) => ended(&EndedPage::not_understood(&again)),
        (Some(person), Some(said)) => land(&door, person, said, &session, &landing).await,
    };
    answer.map(|mut response| {
        response.headers_mut().insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
        response
    })
}

/// One `state`, and either one `code` or one `error`; at most one `iss`. Said twice is said by two (D-21, step 1).
fn read(query: &str) -> Option<Said> {
    let mut state = None;
    let mut said = Said::default();
    for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
        let place = match name.as_ref() {
            "state" => &mut state,
            "code" => &mut said.code,
            "error" => &mut said.error,
            "iss" => &mut said.iss,
            _ => continue,
        };
        if place.replace(value.into_owned()).is_some() {
            return None;
        }
    }
    said.state = state.filter(|state| !state.is_empty())?;
    (said.code.is_some() != said.error.is_some()).then_some(said)
}

async fn land(
    door: &Door,
    (user, session_id): (UserId, SessionId),
    said: Said,
    session: &Session,
    landing: &Landing,
) -> Result<HttpResponse, Error> {
    let state = said.state.clone();
    let arrived = Arrived {
        state: said.state,
        code: said.code.map(Into::into),
        error: said.error,
        iss: said.iss,
        integration: door.key.clone(),
        user,
        session: session_id,
    };
    let (slug, arrival) = (door.slug.clone(), door.arrival);
    let landed = landing.land(arrived, move |conn, workspace| {
        let actor = actors::in_workspace(conn, &slug, user, arrival)?;
        Ok(actor.filter(|actor| actor.workspace == workspace))
    });
    match landed.await {
        Ok(Landed::Connected { connection, return_to }) => {
            page::toast(session, &connected_as(door, user, connection, landing).await?)?;
            Ok(page::go(&door.urls.after_connecting(&return_to, &connection)))
        }
        Ok(Landed::Held { flow, .. }) => Ok(page::go(&door.urls.oauth_account(&flow))),
        Err(error @ (CallbackError::Registry(_) | CallbackError::Vault(_) | CallbackError::Database(_))) => {
            Err(error.into())
        }
        Err(error) => ended(&EndedPage::of(&error, back(door, &state, (user, session_id), landing).await?)),
    }
}

/// The way on after a flow that connected nothing. Only its own person, in its own browser, is led back to where they
/// came from, with what they had filled in there.
async fn back(
    door: &Door,
    state: &str,
    (user, session): (UserId, SessionId),
    landing: &Landing,
) -> Result<(&'static str, String), Error> {
    let state = state.to_owned();
    let flow = landing.db.read(move |conn| Ok::<_, Error>(flows::find_ended(conn, &state, user, session)?)).await?;
    let elsewhere = || ("Back to the integration", door.urls.integration(&door.key));
    Ok(flow.map_or_else(elsewhere, |flow| door.urls.before_connecting(&flow)))
}

async fn connected_as(door: &Door, user: UserId, connection: ConnectionId, landing: &Landing) -> Result<String, Error> {
    let (slug, arrival) = (door.slug.clone(), door.arrival);
    let account = landing
        .db
        .read(move |conn| {
            let Some(actor) = actors::in_workspace(conn, &slug, user, arrival)? else { return Ok(None) };
            let connection = authorize::<View, Connection>(conn, actor, &connection)?.into_parts().1;
            Ok::<_, Error>(connection.account)
        })
        .await?;
    Ok(account.map_or_else(|| "Connected.".to_owned(), |account| format!("Connected as {account}.")))
}

fn ended(page: &EndedPage) -> Result<HttpResponse, Error> {
    page::answer(page.status, page)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_callback_says_each_thing_once() {
        let said = read("code=c&state=s&scope=a+b&iss=https%3A%2F%2Fid.example").unwrap();

        assert_eq!((said.state.as_str(), said.code.as_deref()), ("s", Some("c")));
        assert_eq!(said.iss.as_deref(), Some("https://id.example"));
        assert!(read("error=access_denied&state=s").is_some());
        for wrong in [
            "",
            "code=c",
            "state=s",
            "state=&code=c",
            "code=c&state=s&state=s",
            "code=c&code=d&state=s",
            "code=c&error=e&state=s",
            "error=e&error=f&state=s",
            "code=c&state=s&iss=a&iss=b",
        ] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }
}
