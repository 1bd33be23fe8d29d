//! The three ways to tokens: a code, a refresh token, a service account's key. The first two go through the `oauth2`
//! crate, the third signs its own request.

use oauth2::AuthType;
use oauth2::AuthorizationCode;
use oauth2::Client as Registration;
use oauth2::ClientId;
use oauth2::ClientSecret;
use oauth2::EndpointNotSet;
use oauth2::EndpointSet;
use oauth2::ExtraTokenFields;
use oauth2::PkceCodeChallenge;
use oauth2::PkceCodeVerifier;
use oauth2::RedirectUrl;
use oauth2::RefreshToken;
use oauth2::RequestTokenError;
use oauth2::StandardRevocableToken;
use oauth2::StandardTokenResponse;
use oauth2::TokenResponse;
use oauth2::TokenUrl;
use oauth2::basic::BasicErrorResponse;
use oauth2::basic::BasicRevocationErrorResponse;
use oauth2::basic::BasicTokenIntrospectionResponse;
use oauth2::basic::BasicTokenType;
use url::Url;

use crate::kernel::clock::Timestamp;
use crate::kernel::ids::random_token;
use crate::outbound::client::Client;
use crate::vault::Vault;
use crate::vault::VaultError;
use crate::vault::exchange::Bound;
use crate::vault::exchange::ClientAuthentication;
use crate::vault::exchange::ExchangeError;
use crate::vault::exchange::TokenEndpoint;
use crate::vault::exchange::TokenSet;
use crate::vault::exchange::assertion;
use crate::vault::exchange::sender::Sender;
use crate::vault::input::SecretInput;
use crate::vault::scrub::Scrub;
use crate::vault::service_account::ACT_AS;
use crate::vault::service_account::CREDENTIALS;
use crate::vault::service_account::Key;

/// The part of a sealed grant that holds the refresh token.
const TOKEN: &str = "token";

/// What the answer has beside the standard members, once it is normalised.
#[derive(Debug, serde::Serialize, serde::Deserialize)]
struct Beside {
    subject: Option<String>,
}

impl ExtraTokenFields for Beside {}

type Answer = StandardTokenResponse<Beside, BasicTokenType>;
type OauthClient = Registration<
    BasicErrorResponse,
    Answer,
    BasicTokenIntrospectionResponse,
    StandardRevocableToken,
    BasicRevocationErrorResponse,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointSet,
>;

impl Vault {
    /// A fresh PKCE pair (RFC 7636): the verifier, to be sealed with the flow, and its S256 challenge.
    pub fn new_pkce(&self) -> Result<(SecretInput, String), VaultError> {
        let verifier = random_token()?;
        let challenge = PkceCodeChallenge::from_code_verifier_sha256(&PkceCodeVerifier::new(verifier.clone()));
        Ok((SecretInput::from(verifier), challenge.as_str().to_owned()))
    }

    /// Turns an authorization code into tokens.
    pub async fn exchange_code(
        &self,
        client: &Client,
        endpoint: &TokenEndpoint<'_>,
        code: SecretInput,
        verifier: Option<Bound<'_>>,
        redirect_uri: &str,
        now: Timestamp,
    ) -> Result<TokenSet, ExchangeError> {
        let verifier = verifier.map(|verifier| self.open_text_for(endpoint.token_url, verifier)).transpose()?;
        let (registration, mut sent) = self.registration(endpoint)?;
        let redirect_uri = RedirectUrl::new(redirect_uri.to_owned()).map_err(|_not_a_url| {
            let description = "our own redirect address is not an address; check ODEUS_PUBLIC_URL".to_owned();
            ExchangeError::Refused { error: "not_sent".to_owned(), description }
        })?;
        let registration = registration.set_redirect_uri(redirect_uri);
        sent.add(code.expose());
        let mut request = registration.exchange_code(AuthorizationCode::new(code.expose().to_owned()));
        if let Some(verifier) = verifier {
            sent.add(verifier.expose());
            request = request.set_pkce_verifier(PkceCodeVerifier::new(verifier.expose().to_owned()));
        }
        let sender = Sender::new(client, endpoint.token_url, sent, Some(now))?;
        let answer = request.request_async(&sender).await.map_err(reason)?;
        Ok(token_set(&answer, now))
    }

    /// Turns the refresh token in `grant` (part `token`) into new tokens.
    pub async fn refresh(
        &self,
        client: &Client,
        endpoint: &TokenEndpoint<'_>,
        grant: Bound<'_>,
        now: Timestamp,
    ) -> Result<TokenSet, ExchangeError> {
        let token = self.open_field_for(endpoint.token_url, grant, TOKEN)?;
        let (registration, mut sent) = self.registration(endpoint)?;
        sent.add(token.expose());
        let sender = Sender::new(client, endpoint.token_url, sent, Some(now))?;
        let token = RefreshToken::new(token.expose().to_owned());
        let answer = registration.exchange_refresh_token(&token).request_async(&sender).await.map_err(reason)?;
        Ok(token_set(&answer, now))
    }

    /// Turns the service account's key in `key` (part `credentials`) into an access token (RFC 7523), for the person in
    /// its part `act_as` where there is one.
    pub async fn mint(
        &self,
        client: &Client,
        token_url: &Url,
        key: Bound<'_>,
        scopes: &[String],
        now: Timestamp,
    ) -> Result<TokenSet, ExchangeError> {
        let mut parts = self.open_fields_for(token_url, key)?;
        let key = Key::parse(&parts.take(CREDENTIALS).ok_or(VaultError::NotFields)?)?;
        let user = parts.take(ACT_AS);
        let assertion = assertion::sign(&key, token_url, scopes, user.as_ref(), now)?;
        let mut sent = Scrub::default();
        sent.add(assertion.expose());
        let mut form =
            vec![("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"), ("assertion", assertion.expose())];
        // The RFC asks for scopes here, Google in the assertion; each ignores the other place.
        let scope = scopes.join(" ");
        if !scope.is_empty() {
            form.push(("scope", &scope));
        }
        let sender = Sender::new(client, token_url, sent, Some(now))?;
        let answer = sender.post_for_tokens(&form).await?;
        let answer: Answer = serde_json::from_slice(&answer).map_err(|_quotes_the_tokens| ExchangeError::Malformed)?;
        Ok(token_set(&answer, now))
    }

    fn registration(&self, endpoint: &TokenEndpoint<'_>) -> Result<(OauthClient, Scrub), ExchangeError> {
        let mut sent = Scrub::default();
        let mut registration = Registration::new(ClientId::new(endpoint.client_id.to_owned()))
            .set_token_uri(TokenUrl::from_url(endpoint.token_url.clone()))
            .set_auth_type(match endpoint.authentication {
                ClientAuthentication::Basic => AuthType::BasicAuth,
                ClientAuthentication::Post => AuthType::RequestBody,
            });
        if let Some(secret) = endpoint.client_secret {
            let secret = self.open_text_for(endpoint.token_url, secret)?;
            sent.add(secret.expose());
            registration = registration.set_client_secret(ClientSecret::new(secret.expose().to_owned()));
        }
        Ok((registration, sent))
    }
}

/// Our own error out of the crate's. Its `Parse` carries the raw answer, so it is never looked into (D-15).
fn reason(error: RequestTokenError<ExchangeError, BasicErrorResponse>) -> ExchangeError {
    match error {
        RequestTokenError::Request(error) => error,
        RequestTokenError::ServerResponse(_) | RequestTokenError::Parse(..) | RequestTokenError::Other(_) => {
            ExchangeError::Malformed
        }
    }
}

fn token_set(answer: &Answer, now: Timestamp) -> TokenSet {
    TokenSet {
        access: SecretInput::from(answer.access_token().secret().clone()),
        refresh: answer.refresh_token().map(|token| SecretInput::from(token.secret().clone())),
        expires_in: answer.expires_in().and_then(|life| chrono::Duration::from_std(life).ok()),
        scopes: answer.scopes().map(|scopes| scopes.iter().map(|scope| scope.as_str().to_owned()).collect()),
        subject: answer.extra_fields().subject.clone(),
        requested_at: now,
    }
}
