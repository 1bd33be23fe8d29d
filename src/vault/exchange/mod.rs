//! Traffic with token endpoints: codes, refreshes, signed assertions and revocations. Tokens come out as
//! [`SecretInput`], to be sealed; what a server says about an error comes out cut short and without what was sent to it,
//! never as the raw body (D-15).
//!
//! Each secret that goes there must be sealed for the address's origin, so that a token address that somebody edits
//! later gets nothing (R3). Everything here needs [`Vault::unlock`] before, for each sealed secret it is given.

mod answer;
mod assertion;
mod revocation;
mod sender;
#[cfg(test)]
mod tests;
mod tokens;

use chrono::Duration;
use url::Url;

use crate::kernel::clock::Timestamp;
use crate::vault::Vault;
use crate::vault::VaultError;
use crate::vault::input::SecretFields;
use crate::vault::input::SecretInput;
use crate::vault::sealed::Context;
use crate::vault::sealed::Sealed;
use crate::vault::service_account::KeyError;
use crate::words;

words! {
    /// How a client shows who it is at a token endpoint (RFC 6749 §2.3.1).
    ClientAuthentication {
        /// `client_secret_basic`.
        Basic = "basic",
        /// `client_secret_post`.
        Post = "post",
    }
}

/// A sealed secret and what it was sealed for.
pub type Bound<'a> = (&'a Sealed, Context<'a>);

/// A token endpoint and our registration there.
#[derive(Clone, Copy, Debug)]
pub struct TokenEndpoint<'a> {
    /// Its address.
    pub token_url: &'a Url,
    /// Our id there.
    pub client_id: &'a str,
    /// Our secret there, if there is one.
    pub client_secret: Option<Bound<'a>>,
    /// How the secret is shown.
    pub authentication: ClientAuthentication,
}

/// What a token endpoint gave.
#[derive(Debug)]
pub struct TokenSet {
    /// The access token; to be sealed as the field `token`.
    pub access: SecretInput,
    /// The refresh token, if one came; to be sealed as the field `token`. None on a refresh: the old one stays.
    pub refresh: Option<SecretInput>,
    /// How long the access token lives, counted from `requested_at`.
    pub expires_in: Option<Duration>,
    /// What was granted, if the server said so.
    pub scopes: Option<Vec<String>>,
    /// Whose tokens they are, as `<issuer> <subject>` of an ID token. A hint to notice another account by, no proof.
    pub subject: Option<String>,
    /// When they were asked for.
    pub requested_at: Timestamp,
}

/// Why there are no tokens (D-25).
#[derive(Debug, thiserror::Error)]
pub enum ExchangeError {
    /// The code or refresh token is dead.
    #[error("the provider no longer accepts the grant: {description}")]
    InvalidGrant {
        /// The provider's words, cut and cleaned.
        description: String,
    },
    /// Our registration is wrong, not the person's grant.
    #[error("the provider does not accept the OAuth client: {description}")]
    InvalidClient {
        /// The provider's words, cut and cleaned.
        description: String,
    },
    /// Any other refusal.
    #[error("the request for tokens was refused with “{error}”: {description}")]
    Refused {
        /// The error code; `http_<status>` without one; `not_sent` where we did not let the request out.
        error: String,
        /// The provider's words, cut and cleaned.
        description: String,
    },
    /// Busy or down, or not reached at all: the same may work later.
    #[error("the provider cannot be reached at the moment: {reason}")]
    Transient {
        /// What was in the way.
        reason: String,
        /// How long the provider asks to wait, an hour at most.
        retry_after: Option<Duration>,
    },
    /// The request may have arrived and the answer was lost: a single-use token may be spent.
    #[error("the provider's answer was lost on the way")]
    UnknownOutcome,
    /// A redirect, which would take the secrets elsewhere.
    #[error("the provider's token address answered with a redirect, which is never followed")]
    Redirected,
    /// An answer that has no tokens and no error in it.
    #[error("the provider's answer is not one of a token endpoint")]
    Malformed,
    /// A secret is not sealed for the address's origin. Nothing was opened.
    #[error("the address is not on one of the origins that the secret may be sent to")]
    OutsideOrigins,
    /// A secret could not be opened.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// The service account's key cannot sign.
    #[error(transparent)]
    KeyUnusable(#[from] KeyError),
}

impl Vault {
    /// Opens a secret that is on its way to `url`, if it may go there.
    fn open_text_for(&self, url: &Url, (sealed, context): Bound<'_>) -> Result<SecretInput, ExchangeError> {
        if !context.origins.contains(url) {
            return Err(ExchangeError::OutsideOrigins);
        }
        Ok(self.open(&context, sealed)?.into_text()?)
    }

    /// The same for a secret with named parts.
    fn open_fields_for(&self, url: &Url, (sealed, context): Bound<'_>) -> Result<SecretFields, ExchangeError> {
        if !context.origins.contains(url) {
            return Err(ExchangeError::OutsideOrigins);
        }
        Ok(self.open(&context, sealed)?.into_fields()?)
    }

    /// The same for one of its parts.
    fn open_field_for(&self, url: &Url, secret: Bound<'_>, field: &str) -> Result<SecretInput, ExchangeError> {
        Ok(self.open_fields_for(url, secret)?.take(field).ok_or(VaultError::NotFields)?)
    }
}
