//! Browser sessions through actix-session, stored in our own table (D-50). The cookie's value is 256 random bits; the
//! signature that the crate adds needs a key but protects nothing here, so the key is a constant: a forged signature
//! still has to name a session that exists.

use std::collections::BTreeMap;
use std::collections::HashMap;

use actix_session::Session;
use actix_session::SessionExt;
use actix_session::SessionMiddleware;
use actix_session::config::BrowserSession;
use actix_session::config::CookieContentSecurity;
use actix_session::storage::LoadError;
use actix_session::storage::SaveError;
use actix_session::storage::SessionKey;
use actix_session::storage::SessionStore;
use actix_session::storage::UpdateError;
use actix_web::HttpRequest;
use actix_web::cookie::Key;
use actix_web::cookie::SameSite;
use actix_web::cookie::time::Duration;

use crate::db::Db;
use crate::db::DbError;
use crate::domain::accounts::sessions;
use crate::domain::accounts::sessions::NewSession;
use crate::http::error::Error;
use crate::http::urls::PublicUrl;
use crate::kernel::clock::Clock;
use crate::kernel::ids::SessionId;
use crate::kernel::ids::UserId;
use crate::kernel::ids::random_token;

const USER: &str = "user";
const CSRF: &str = "csrf";
const IP: &str = "ip";
const AGENT: &str = "agent";
/// Put in by [`Store::load`], never stored.
const ID: &str = "id";

/// Where sessions are kept.
#[derive(Clone)]
pub struct Store {
    db: Db,
    clock: Clock,
}

/// The middleware. Under an https address the cookie is `__Host-sid` and Secure.
pub fn middleware(db: Db, clock: Clock, public: &PublicUrl) -> SessionMiddleware<Store> {
    let secure = public.is_https();
    SessionMiddleware::builder(Store { db, clock }, Key::from(&[0x6f; 64]))
        .cookie_name(if secure { "__Host-sid" } else { "sid" }.to_owned())
        .cookie_secure(secure)
        .cookie_http_only(true)
        .cookie_same_site(SameSite::Lax)
        .cookie_path("/".to_owned())
        .cookie_content_security(CookieContentSecurity::Signed)
        .session_lifecycle(BrowserSession::default())
        .build()
}

/// Who is signed in with this request, and in which session.
pub fn signed_in(req: &HttpRequest) -> Option<(UserId, SessionId)> {
    let session = req.get_session();
    let user: UserId = session.get(USER).ok().flatten()?;
    let id: SessionId = session.get(ID).ok().flatten()?;
    Some((user, id))
}

/// The token that the session's forms carry.
pub fn csrf_token(session: &Session) -> Option<String> {
    session.get(CSRF).ok().flatten()
}

/// Signs `user` in: a new session behind a new cookie, whatever was there before.
pub fn sign_in(req: &HttpRequest, user: UserId) -> Result<(), Error> {
    let session = req.get_session();
    session.clear();
    session.renew();
    let put = |key: &str, value: String| session.insert(key, value).map_err(|error| Error::internal(error.to_string()));
    put(USER, user.to_string())?;
    put(CSRF, random_token().map_err(|error| Error::internal(error.to_string()))?)?;
    put(IP, req.peer_addr().map(|peer| peer.ip().to_string()).unwrap_or_default())?;
    let agent = req.headers().get("user-agent").and_then(|value| value.to_str().ok()).unwrap_or_default();
    put(AGENT, crate::kernel::text::cut(agent, 200))
}

/// Signs out: the row goes, and the cookie with it.
pub fn sign_out(session: &Session) {
    session.purge();
}

type State = HashMap<String, String>;

impl SessionStore for Store {
    async fn load(&self, session_key: &SessionKey) -> Result<Option<State>, LoadError> {
        let (key, now) = (session_key.as_ref().to_owned(), self.clock.now());
        let found = self.db.read(move |conn| Ok::<_, DbError>(sessions::find(conn, &key, now)?)).await;
        let Some(session) = found.map_err(|error| LoadError::Other(error.into()))? else { return Ok(None) };
        let mut state: State =
            serde_json::from_value(session.state).map_err(|error| LoadError::Deserialization(error.into()))?;
        // actix-session keeps every value as JSON.
        state.insert(ID.to_owned(), format!("\"{}\"", session.id));
        Ok(Some(state))
    }

    async fn save(&self, state: State, _ttl: &Duration) -> Result<SessionKey, SaveError> {
        let failed = |error: anyhow::Error| SaveError::Other(error);
        let key = random_token().map_err(|error| failed(error.into()))?;
        let session = NewSession {
            user: user_of(&state),
            ip: text_of(&state, IP),
            user_agent: text_of(&state, AGENT),
            state: stored(state),
        };
        let (stored_key, now) = (key.clone(), self.clock.now());
        self.db
            .read(move |conn| Ok::<_, DbError>(sessions::begin(conn, &stored_key, session, now)?))
            .await
            .map_err(|error| failed(error.into()))?;
        SessionKey::try_from(key).map_err(|error| failed(error.into()))
    }

    async fn update(&self, session_key: SessionKey, state: State, _ttl: &Duration) -> Result<SessionKey, UpdateError> {
        let (key, user, kept) = (session_key.as_ref().to_owned(), user_of(&state), stored(state));
        // If it was ended meanwhile, it stays ended, and the cookie names nothing.
        let updated = self.db.read(move |conn| Ok::<_, DbError>(sessions::update(conn, &key, user, kept)?)).await;
        updated.map_err(|error| UpdateError::Other(error.into()))?;
        Ok(session_key)
    }

    async fn update_ttl(&self, _: &SessionKey, _: &Duration) -> Result<(), anyhow::Error> {
        Ok(())
    }

    async fn delete(&self, session_key: &SessionKey) -> Result<(), anyhow::Error> {
        let key = session_key.as_ref().to_owned();
        self.db.read(move |conn| Ok::<_, DbError>(sessions::end(conn, &key)?)).await?;
        Ok(())
    }
}

fn stored(state: State) -> BTreeMap<String, String> {
    state.into_iter().filter(|(key, _)| key != ID).collect()
}

fn text_of(state: &State, key: &str) -> Option<String> {
    state.get(key).and_then(|json| serde_json::from_str(json).ok())
}

fn user_of(state: &State) -> Option<UserId> {
    text_of(state, USER)?.parse().ok()
}
