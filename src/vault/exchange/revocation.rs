//! Asks a provider to forget a token (RFC 7009, D-27).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::HeaderValue;
use url::Url;
use url::form_urlencoded::byte_serialize;
use zeroize::Zeroizing;

use crate::outbound::client::Client;
use crate::vault::Vault;
use crate::vault::exchange::Bound;
use crate::vault::exchange::ClientAuthentication;
use crate::vault::exchange::ExchangeError;
use crate::vault::exchange::TokenEndpoint;
use crate::vault::exchange::sender::Sender;
use crate::vault::scrub::Scrub;
use crate::vault::sealed::Purpose;

impl Vault {
    /// Asks the provider to forget the token in the part `field`. A token that the provider does not know, or no
    /// longer, is a success. The client secret must be sealed for the revocation address too.
    pub async fn revoke(
        &self,
        client: &Client,
        revoke_url: &Url,
        endpoint: &TokenEndpoint<'_>,
        token: Bound<'_>,
        field: &str,
    ) -> Result<(), ExchangeError> {
        let hint = hint(token.1.purpose);
        let token = self.open_field_for(revoke_url, token, field)?;
        let secret = endpoint.client_secret.map(|secret| self.open_text_for(revoke_url, secret)).transpose()?;
        let mut sent = Scrub::default();
        sent.add(token.expose());
        if let Some(secret) = &secret {
            sent.add(secret.expose());
        }
        let mut form = vec![("token", token.expose())];
        form.extend(hint.map(|hint| ("token_type_hint", hint)));
        let mut authorization = None;
        match (endpoint.authentication, &secret) {
            (ClientAuthentication::Basic, Some(secret)) => {
                authorization = Some(basic(endpoint.client_id, secret.expose())?);
            }
            (ClientAuthentication::Post, Some(secret)) => {
                form.extend([("client_id", endpoint.client_id), ("client_secret", secret.expose())]);
            }
            (_, None) => form.push(("client_id", endpoint.client_id)),
        }
        let sender = Sender::new(client, revoke_url, sent, None)?;
        match sender.post_for_receipt(&form, authorization).await {
            Err(ExchangeError::InvalidGrant { .. }) => Ok(()),
            Err(ExchangeError::Refused { error, .. }) if error == "invalid_token" => Ok(()),
            outcome => outcome,
        }
    }
}

fn hint(purpose: Purpose) -> Option<&'static str> {
    match purpose {
        Purpose::Access => Some("access_token"),
        Purpose::Grant => Some("refresh_token"),
        Purpose::ClientSecret | Purpose::FlowVerifier | Purpose::Revocation => None,
    }
}

/// `client_secret_basic`: both are form-encoded before they are joined (RFC 6749 §2.3.1).
fn basic(client_id: &str, secret: &str) -> Result<HeaderValue, ExchangeError> {
    let encode = |text: &str| Zeroizing::new(byte_serialize(text.as_bytes()).collect::<String>());
    let pair = Zeroizing::new(format!("{}:{}", *encode(client_id), *encode(secret)));
    let value = Zeroizing::new(format!("Basic {}", STANDARD.encode(&*pair)));
    HeaderValue::from_str(&value).map_err(|_not_ascii| ExchangeError::Malformed)
}
