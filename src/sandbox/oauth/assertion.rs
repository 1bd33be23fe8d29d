//! A service account's signed assertion (RFC 7523), checked with its public key.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::DateTime;
use chrono::Utc;
use ring::signature::RSA_PKCS1_2048_8192_SHA256;
use ring::signature::UnparsedPublicKey;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::sandbox::oauth::refusal::OauthError;
use crate::sandbox::service_account;

const LONGEST_LIFE_S: i64 = 3600;
const SKEW_S: i64 = 60;

/// What an assertion says, once its signature is known to be good.
pub(crate) struct Claims {
    pub(crate) client_email: String,
    pub(crate) scope: Option<String>,
}

#[derive(Deserialize)]
struct Head {
    alg: String,
    kid: Option<String>,
}

#[derive(Deserialize)]
struct Said {
    iss: String,
    sub: Option<String>,
    aud: Audience,
    exp: i64,
    iat: Option<i64>,
    nbf: Option<i64>,
    scope: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Many(Vec<String>),
}

/// Checks signature, issuer, audience and times.
pub(crate) fn check(assertion: &str, issuer: &str, now: DateTime<Utc>) -> Result<Claims, OauthError> {
    let said = signed(assertion)?;
    if said.iss != service_account::CLIENT_EMAIL {
        return Err(OauthError::InvalidGrant("iss is not a service account"));
    }
    if said.sub.is_some_and(|sub| sub != said.iss) {
        return Err(OauthError::InvalidGrant("the service account may not act for others"));
    }
    let token_endpoint = format!("{issuer}/oauth/token");
    let is_for_us = |audience: &String| *audience == token_endpoint || audience == issuer;
    let for_us = match &said.aud {
        Audience::One(audience) => is_for_us(audience),
        Audience::Many(audiences) => audiences.iter().any(is_for_us),
    };
    if !for_us {
        return Err(OauthError::InvalidGrant("aud is not this token endpoint"));
    }
    let now = now.timestamp();
    if said.exp <= now - SKEW_S {
        return Err(OauthError::InvalidGrant("the assertion has expired"));
    }
    let begins = said.iat.unwrap_or(now);
    let is_long =
        said.exp.saturating_sub(begins) > LONGEST_LIFE_S || said.exp.saturating_sub(now) > LONGEST_LIFE_S + SKEW_S;
    if is_long {
        return Err(OauthError::InvalidGrant("exp is more than an hour after iat"));
    }
    if begins > now + SKEW_S || said.nbf.is_some_and(|start| start > now + SKEW_S) {
        return Err(OauthError::InvalidGrant("the assertion is not yet valid"));
    }
    Ok(Claims { client_email: said.iss, scope: said.scope })
}

/// The claims of an assertion whose RS256 signature is good.
fn signed(assertion: &str) -> Result<Said, OauthError> {
    let broken = || OauthError::InvalidGrant("the assertion is not a signed JWT");
    let (message, signature) = assertion.rsplit_once('.').ok_or_else(broken)?;
    let (head, said) = message.split_once('.').ok_or_else(broken)?;

    let head: Head = decode(head).ok_or_else(broken)?;
    if head.alg != "RS256" {
        return Err(OauthError::InvalidGrant("the assertion must use RS256"));
    }
    if head.kid.is_some_and(|kid| kid != service_account::KEY_ID) {
        return Err(OauthError::InvalidGrant("the key in kid is not known"));
    }
    let signature = URL_SAFE_NO_PAD.decode(signature).ok();
    let signature = signature.ok_or_else(broken)?;
    let key = service_account::public_key().ok_or_else(broken)?;
    UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, key)
        .verify(message.as_bytes(), &signature)
        .ok()
        .ok_or(OauthError::InvalidGrant("the signature is wrong"))?;
    decode(said).ok_or_else(broken)
}

fn decode<T: DeserializeOwned>(part: &str) -> Option<T> {
    let bytes = URL_SAFE_NO_PAD.decode(part).ok()?;
    serde_json::from_slice(&bytes).ok()
}
