//! Signed assertions for an access token (RFC 7523 §2.1), by `ring`, so that the private key stays inside it.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::Duration;
use ring::error::Unspecified;
use ring::rand::SystemRandom;
use ring::signature::RSA_PKCS1_SHA256;
use serde_json::json;
use url::Url;

use crate::kernel::clock::Timestamp;
use crate::kernel::ids::random_token;
use crate::vault::VaultError;
use crate::vault::exchange::ExchangeError;
use crate::vault::input::SecretInput;
use crate::vault::service_account::Key;
use crate::vault::service_account::KeyError;
use crate::vault::service_account::Signer;

const LIFETIME: Duration = Duration::hours(1);

/// A JWT that asks for `scopes` at `audience`, good for an hour.
///
/// The RFC wants a subject. Google takes one to mean "act as this person", so a key in Google's form names none.
pub(in crate::vault) fn sign(
    key: &Key,
    audience: &Url,
    scopes: &[String],
    now: Timestamp,
) -> Result<SecretInput, ExchangeError> {
    let account = &key.account;
    let mut head = json!({"alg": key.signer.algorithm(), "typ": "JWT"});
    if let Some(id) = &account.key_id {
        set(&mut head, "kid", id);
    }
    let mut claims = json!({
        "iss": account.email,
        "aud": audience.as_str(),
        "iat": now.timestamp(),
        "exp": (now + LIFETIME).timestamp(),
        "jti": random_token().map_err(VaultError::from)?,
    });
    if !key.is_vendor_file {
        set(&mut claims, "sub", &account.email);
    }
    if !scopes.is_empty() {
        set(&mut claims, "scope", &scopes.join(" "));
    }
    let encode = |part: &serde_json::Value| URL_SAFE_NO_PAD.encode(part.to_string());
    let message = format!("{}.{}", encode(&head), encode(&claims));
    let signature = key.signer.sign(message.as_bytes()).map_err(|Unspecified| KeyError::Unsupported)?;
    Ok(SecretInput::from(format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))))
}

fn set(object: &mut serde_json::Value, name: &str, value: &str) {
    if let Some(object) = object.as_object_mut() {
        object.insert(name.to_owned(), value.into());
    }
}

impl Signer {
    fn algorithm(&self) -> &'static str {
        match self {
            Self::Rsa(_) => "RS256",
            Self::Ec(_) => "ES256",
        }
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Unspecified> {
        let random = SystemRandom::new();
        match self {
            Self::Rsa(pair) => {
                let mut signature = vec![0; pair.public().modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature)?;
                Ok(signature)
            }
            Self::Ec(pair) => Ok(pair.sign(&random, message)?.as_ref().to_vec()),
        }
    }
}
