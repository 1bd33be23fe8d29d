//! One call as the handlers see it: the request, its body already read, and the world.

use actix_web::HttpMessage;
use actix_web::HttpRequest;
use actix_web::http::header::HeaderMap;
use actix_web::web::Bytes;
use actix_web::web::Data;
use serde::de::DeserializeOwned;
use url::form_urlencoded;

use crate::sandbox::refusal::ApiError;
use crate::sandbox::trace::Known;
use crate::sandbox::world::World;

/// The longest list that is handed out at once.
pub(crate) const MOST_ITEMS: usize = 100;

/// A request with its body.
pub(crate) struct Call {
    pub(crate) request: HttpRequest,
    pub(crate) world: Data<World>,
    body: Bytes,
}

impl Call {
    pub(crate) fn new(request: HttpRequest, world: Data<World>, body: Bytes) -> Self {
        Self { request, world, body }
    }

    /// A part of the path by the name it has in the route; empty where the route has no such part.
    pub(crate) fn part(&self, name: &str) -> &str {
        self.request.match_info().get(name).unwrap_or_default()
    }

    /// A header as text, where it is there and readable.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        header(self.request.headers(), name)
    }

    /// The parameters behind the question mark.
    pub(crate) fn query(&self) -> Params {
        Params::parse(self.request.query_string().as_bytes())
    }

    /// The fields of a posted form; `None` where the body is something else.
    pub(crate) fn form(&self) -> Option<Params> {
        let is_form = self.request.content_type() == "application/x-www-form-urlencoded";
        is_form.then(|| Params::parse(&self.body))
    }

    /// The JSON body, read as the type that the operation takes.
    pub(crate) fn json<T: DeserializeOwned>(&self) -> Result<T, ApiError> {
        if self.request.content_type() != "application/json" {
            return Err(ApiError::NotJson);
        }
        serde_json::from_slice(&self.body).map_err(ApiError::Unreadable)
    }

    /// Notes for the log who was recognised, and by which kind of credential.
    pub(crate) fn recognise(&self, credential: &'static str, principal: &str) {
        let known = Known { credential, principal: principal.to_owned() };
        self.request.extensions_mut().insert(known);
    }

    /// Whether a browser says that the post comes from another site's page.
    pub(crate) fn is_from_elsewhere(&self) -> bool {
        self.header("sec-fetch-site").is_some_and(|site| site != "same-origin")
    }
}

/// A header as text, where it is there and readable.
pub(crate) fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// Names and values of a query or a form, in the order they came.
#[derive(Default)]
pub(crate) struct Params(Vec<(String, String)>);

impl Params {
    fn parse(encoded: &[u8]) -> Self {
        Self(form_urlencoded::parse(encoded).into_owned().collect())
    }

    /// The first value of that name. One without a value counts as left out (RFC 6749 §3.1).
    pub(crate) fn find(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, value)| key == name && !value.is_empty()).map(|(_, value)| value.as_str())
    }

    /// Whether a name comes twice, which OAuth forbids.
    pub(crate) fn has_repeats(&self) -> bool {
        self.0.iter().enumerate().any(|(at, (key, _))| self.0.iter().skip(at + 1).any(|(later, _)| later == key))
    }

    /// How many items a list shall have: `limit`, or twenty.
    pub(crate) fn limit(&self) -> Result<usize, ApiError> {
        let Some(text) = self.find("limit") else {
            return Ok(20);
        };
        text.parse()
            .ok()
            .filter(|limit| (1..=MOST_ITEMS).contains(limit))
            .ok_or(ApiError::Invalid { field: "limit", message: "must be a whole number from 1 to 100" })
    }
}
