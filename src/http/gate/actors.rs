//! Who a request claims to be: a browser session in the workspace of the address, or the holder of an API token.

use actix_web::HttpRequest;
use actix_web::http::header;
use actix_web::web::Data;
use diesel::pg::PgConnection;

use crate::authz::actor::Actor;
use crate::db::Db;
use crate::domain::people::actors;
use crate::domain::people::actors::Arrival;
use crate::domain::people::actors::Presented;
use crate::domain::people::actors::Tokens;
use crate::http::csrf;
use crate::http::error::Error;
use crate::http::gate::addressed::part;
use crate::http::session;
use crate::kernel::clock::Clock;
use crate::kernel::ids::UserId;

/// A claim, before the database has been asked.
pub(in crate::http::gate) enum Claim {
    /// By a session.
    Person { slug: String, user: UserId, arrival: Arrival },
    /// By a token.
    Program { token: String, arrival: Arrival },
}

/// What the request's head claims. Addresses under `/api/` know tokens only, so no cookie acts there.
pub(in crate::http::gate) fn claim(req: &HttpRequest) -> Result<Claim, Error> {
    let clock = req.app_data::<Data<Clock>>().ok_or_else(|| Error::internal("no clock in the app"))?;
    let arrival = Arrival { ip: req.peer_addr().map(|peer| peer.ip()), at: clock.now() };
    if req.path().starts_with("/api/") {
        let token = bearer(req).ok_or_else(Error::token_needed)?;
        return Ok(Claim::Program { token, arrival });
    }
    csrf::check_origin(req)?;
    let (user, _) = session::signed_in(req).ok_or_else(|| Error::sign_in_first(req))?;
    let slug = req.match_info().get("workspace").ok_or_else(Error::not_found)?.to_owned();
    Ok(Claim::Person { slug, user, arrival })
}

impl Claim {
    /// The actor, if the claim is true at this moment.
    pub(in crate::http::gate) async fn resolve(self, req: &HttpRequest) -> Result<Actor, Error> {
        match self {
            Self::Person { slug, user, arrival } => {
                let found = move |conn: &mut PgConnection| Ok(actors::by_session(conn, &slug, user, arrival)?);
                part::<Db>(req)?.read(found).await.and_then(|actor: Option<Actor>| actor.ok_or_else(Error::not_found))
            }
            Self::Program { token, arrival } => {
                let actor = part::<Tokens>(req)?.ask(Presented::new(&token, arrival)).await?;
                actor.ok_or_else(Error::token_needed)
            }
        }
    }
}

/// RFC 6750 §2.1.
fn bearer(req: &HttpRequest) -> Option<String> {
    let value = req.headers().get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim().to_owned())
}
