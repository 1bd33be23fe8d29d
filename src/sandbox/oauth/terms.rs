//! What clients show at the token endpoint, and what they are given.

use chrono::DateTime;
use chrono::Duration;
use chrono::Utc;

use crate::sandbox::chance;
use crate::sandbox::chance::NoChance;
use crate::sandbox::oauth::scope::Scopes;

/// Two new tokens, made before the lock is taken.
pub(crate) struct Fresh {
    pub(crate) access: String,
    pub(crate) refresh: String,
}

/// The time, and how long what is given now is good for.
#[derive(Clone, Copy)]
pub(crate) struct Moment {
    pub(crate) now: DateTime<Utc>,
    pub(crate) life: Duration,
}

/// What a client shows to turn a code into tokens.
pub(crate) struct Redemption<'a> {
    pub(crate) code: &'a str,
    pub(crate) client_id: &'a str,
    pub(crate) redirect_uri: &'a str,
    pub(crate) verifier: &'a str,
}

/// What a client shows to have its access token renewed.
pub(crate) struct Renewal<'a> {
    pub(crate) refresh_token: &'a str,
    pub(crate) client_id: &'a str,
    /// Fewer scopes than the grant has, if the client wants fewer.
    pub(crate) scopes: Option<Scopes>,
}

/// Tokens as they leave for the client.
#[derive(Clone)]
pub(crate) struct Issued {
    pub(crate) access_token: String,
    pub(crate) refresh_token: Option<String>,
    pub(crate) scopes: Scopes,
    pub(crate) expires_at: DateTime<Utc>,
}

impl Fresh {
    pub(crate) fn make() -> Result<Self, NoChance> {
        Ok(Self { access: chance::token("sbx_at_")?, refresh: chance::token("sbx_rt_")? })
    }
}
