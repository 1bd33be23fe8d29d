//! The `oauth2` crate's HTTP client over ours: same address guard, limits and no redirects as every other call. What
//! comes back to the crate is already judged and normalised (see [`answer`]), so its own errors carry nothing.

use std::pin::Pin;

use http::HeaderValue;
use http::header::ACCEPT;
use http::header::AUTHORIZATION;
use oauth2::AsyncHttpClient;
use oauth2::HttpRequest;
use oauth2::HttpResponse;
use url::Url;

use crate::kernel::clock::Timestamp;
use crate::outbound::client::Client;
use crate::outbound::client::Phase;
use crate::outbound::client::SendError;
use crate::outbound::origin::Origin;
use crate::outbound::origin::Origins;
use crate::outbound::request::Request;
use crate::outbound::request::Response;
use crate::vault::exchange::ExchangeError;
use crate::vault::exchange::answer;
use crate::vault::scrub::Scrub;

/// Sends to one address, which is the only origin allowed.
pub(in crate::vault) struct Sender<'a> {
    client: &'a Client,
    url: &'a Url,
    origins: Origins,
    sent: Scrub,
    now: Option<Timestamp>,
}

impl<'a> Sender<'a> {
    /// A sender of `sent` to `url`.
    pub(in crate::vault) fn new(
        client: &'a Client,
        url: &'a Url,
        sent: Scrub,
        now: Option<Timestamp>,
    ) -> Result<Self, ExchangeError> {
        let origin = Origin::of(url).map_err(|_no_origin| ExchangeError::OutsideOrigins)?;
        Ok(Self { client, url, origins: [origin].into_iter().collect(), sent, now })
    }

    /// Posts a form and gives the tokens of the answer as normalised JSON.
    pub(in crate::vault) async fn post_for_tokens(&self, form: &[(&str, &str)]) -> Result<Vec<u8>, ExchangeError> {
        let response = self.post(encoded(form), None).await?;
        answer::tokens(&response, &self.sent, self.now)
    }

    /// Posts a form and asks only whether it was accepted.
    pub(in crate::vault) async fn post_for_receipt(
        &self,
        form: &[(&str, &str)],
        authorization: Option<HeaderValue>,
    ) -> Result<(), ExchangeError> {
        let response = self.post(encoded(form), authorization).await?;
        answer::receipt(&response, &self.sent, self.now)
    }

    async fn post(&self, form: Vec<u8>, authorization: Option<HeaderValue>) -> Result<Response, ExchangeError> {
        let mut request = Request::new(http::Method::POST, self.url.clone())
            .header(ACCEPT, HeaderValue::from_static("application/json"))
            .body("application/x-www-form-urlencoded", form);
        if let Some(authorization) = authorization {
            request.set_credential_header(AUTHORIZATION, authorization);
        }
        self.client.send(request, &self.origins).await.map_err(|error| self.reason(&error))
    }

    /// What losing the request means for the secrets in it (D-25).
    fn reason(&self, error: &SendError) -> ExchangeError {
        let description = answer::shown(error.to_string(), &self.sent);
        match error {
            SendError::Redirected { .. } => ExchangeError::Redirected,
            SendError::ForeignOrigin { .. }
            | SendError::Blocked(_)
            | SendError::ForbiddenHeader { .. }
            | SendError::RequestTooLarge { .. } => ExchangeError::Refused { error: "not_sent".to_owned(), description },
            SendError::Unresolvable { .. }
            | SendError::Unreachable { .. }
            | SendError::Untrusted { .. }
            | SendError::TimedOut { phase: Phase::Queue, .. } => {
                ExchangeError::Transient { reason: description, retry_after: None }
            }
            SendError::TimedOut { phase: Phase::Head | Phase::Body, .. }
            | SendError::TooLarge { .. }
            | SendError::Inflated { .. }
            | SendError::Malformed { .. }
            | SendError::Broken { .. }
            | SendError::StrayPeer { .. } => ExchangeError::UnknownOutcome,
        }
    }

    async fn exchange(&self, request: HttpRequest) -> Result<HttpResponse, ExchangeError> {
        let (parts, form) = request.into_parts();
        let response = self.post(form, parts.headers.get(AUTHORIZATION).cloned()).await?;
        Ok(HttpResponse::new(answer::tokens(&response, &self.sent, self.now)?))
    }
}

impl<'c> AsyncHttpClient<'c> for Sender<'_> {
    type Error = ExchangeError;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, ExchangeError>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(self.exchange(request))
    }
}

fn encoded(form: &[(&str, &str)]) -> Vec<u8> {
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish().into_bytes()
}
