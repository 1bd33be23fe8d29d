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

/// A JWT that asks for `scopes` at `audience`, good for an hour, to act as `user` where there is one.
///
/// The RFC wants a subject. Google takes one to mean "act as this person" (domain-wide delegation), so a key in Google's
/// form names none unless that is meant.
pub(in crate::vault) fn sign(
    key: &Key,
    audience: &Url,
    scopes: &[String],
    user: Option<&SecretInput>,
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
    let own = (!key.is_vendor_file).then_some(account.email.as_str());
    if let Some(subject) = user.map(SecretInput::expose).or(own) {
        set(&mut claims, "sub", subject);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vault::testing::EC_KEY;
    use crate::vault::testing::RSA_KEY;
    use ring::signature::ECDSA_P256_SHA256_FIXED;
    use ring::signature::KeyPair;
    use ring::signature::RSA_PKCS1_2048_8192_SHA256;
    use ring::signature::UnparsedPublicKey;
    use ring::signature::VerificationAlgorithm;
    use serde_json::Value;

    struct Read {
        head: Value,
        claims: Value,
    }

    fn key(value: &Value) -> Key {
        Key::parse(&SecretInput::from(value.to_string())).unwrap()
    }

    fn signed(key: &Key, scopes: &[&str]) -> String {
        signed_for(key, scopes, None)
    }

    fn signed_for(key: &Key, scopes: &[&str], user: Option<&str>) -> String {
        let user = user.map(|user| SecretInput::from(user.to_owned()));
        let url = Url::parse("https://oauth2.googleapis.com/token").unwrap();
        let scopes: Vec<String> = scopes.iter().map(|scope| (*scope).to_owned()).collect();
        let now = chrono::DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        sign(key, &url, &scopes, user.as_ref(), now).unwrap().expose().to_owned()
    }

    fn verified(token: &str, algorithm: &'static dyn VerificationAlgorithm, public: &[u8]) -> Read {
        let (message, signature) = token.rsplit_once('.').unwrap();
        let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
        UnparsedPublicKey::new(algorithm, public).verify(message.as_bytes(), &signature).unwrap();
        let (head, claims) = message.split_once('.').unwrap();
        let read = |part| serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap();
        Read { head: read(head), claims: read(claims) }
    }

    #[test]
    fn a_vendors_rsa_key_signs_as_google_wants_it() {
        let key = key(&json!({
            "type": "service_account", "client_email": "bot@p.example", "private_key": RSA_KEY, "private_key_id": "k1",
        }));
        let Signer::Rsa(pair) = &key.signer else { panic!("an RSA key") };

        let token = signed(&key, &["https://a/calendar", "https://a/drive"]);

        let read = verified(&token, &RSA_PKCS1_2048_8192_SHA256, pair.public().as_ref());
        assert_eq!(read.head, json!({"alg": "RS256", "typ": "JWT", "kid": "k1"}));
        let mut claims = read.claims;
        assert_eq!(claims.as_object_mut().unwrap().remove("jti").unwrap().as_str().unwrap().len(), 43);
        assert_eq!(
            claims,
            json!({
                "iss": "bot@p.example", "aud": "https://oauth2.googleapis.com/token",
                "iat": 1_800_000_000, "exp": 1_800_003_600, "scope": "https://a/calendar https://a/drive",
            })
        );
    }

    #[test]
    fn a_key_that_acts_as_a_person_names_them_as_google_wants_it() {
        // https://developers.google.com/identity/protocols/oauth2/service-account#authorizingrequests: `sub` is the
        // e-mail address of the user for whom the application asks for delegated access.
        let key = key(&json!({"type": "service_account", "client_email": "bot@p.example", "private_key": RSA_KEY}));
        let Signer::Rsa(pair) = &key.signer else { panic!("an RSA key") };

        let token = signed_for(&key, &["https://a/gmail"], Some("ada@example.com"));

        let claims = verified(&token, &RSA_PKCS1_2048_8192_SHA256, pair.public().as_ref()).claims;
        assert_eq!((&claims["iss"], &claims["sub"]), (&json!("bot@p.example"), &json!("ada@example.com")));
    }

    #[test]
    fn a_bare_ec_key_pair_signs_as_the_rfc_wants_it() {
        let key = key(&json!({"client_id": "app-1", "private_key": EC_KEY}));
        let Signer::Ec(pair) = &key.signer else { panic!("an EC key") };

        let token = signed(&key, &[]);

        let read = verified(&token, &ECDSA_P256_SHA256_FIXED, pair.public_key().as_ref());
        assert_eq!(read.head, json!({"alg": "ES256", "typ": "JWT"}));
        assert_eq!((&read.claims["iss"], &read.claims["sub"]), (&json!("app-1"), &json!("app-1")));
        assert_eq!(read.claims.get("scope"), None);
    }
}
