//! A request on its way out. Credentials enter by two doors of their own, which only the vault uses, and are never
//! shown: `Debug` and [`Request::url`] leave them out.

use std::fmt;
use std::time::Duration;

use http::HeaderName;
use http::HeaderValue;
use http::Method;
use url::Url;

/// Header names and values, in order.
pub(in crate::outbound) type Headers = Vec<(HeaderName, HeaderValue)>;

/// A request to the outside, without any notion of who sends it.
pub struct Request {
    method: Method,
    url: Url,
    headers: Headers,
    body: Option<Vec<u8>>,
    credential_headers: Headers,
    credential_query: Vec<(String, String)>,
}

impl Request {
    /// A request with nothing but a method and an address.
    pub fn new(method: Method, url: Url) -> Self {
        Self {
            method,
            url,
            headers: Vec::new(),
            body: None,
            credential_headers: Vec::new(),
            credential_query: Vec::new(),
        }
    }

    /// Adds a plain header.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    /// Sets the body and its `Content-Type`.
    #[must_use]
    pub fn body(mut self, content_type: &'static str, body: Vec<u8>) -> Self {
        self.headers.push((http::header::CONTENT_TYPE, HeaderValue::from_static(content_type)));
        self.body = Some(body);
        self
    }

    /// Adds a header that carries a credential; it replaces a plain one of that name.
    pub fn set_credential_header(&mut self, name: HeaderName, mut value: HeaderValue) {
        value.set_sensitive(true);
        self.headers.retain(|(plain, _)| plain != name);
        self.credential_headers.push((name, value));
    }

    /// Adds a query parameter that carries a credential.
    pub fn set_credential_query(&mut self, name: &str, value: &str) {
        self.credential_query.push((name.to_owned(), value.to_owned()));
    }

    /// The method.
    pub fn method(&self) -> &Method {
        &self.method
    }

    /// The address, without credentials.
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// The plain headers, in order.
    pub fn headers(&self) -> &[(HeaderName, HeaderValue)] {
        &self.headers
    }

    /// The body, if there is one.
    pub fn body_bytes(&self) -> Option<&[u8]> {
        self.body.as_deref()
    }

    /// Everything, for the client that sends it.
    pub(in crate::outbound) fn into_parts(self) -> (Method, Url, Headers, Option<Vec<u8>>) {
        let mut url = self.url;
        for (name, value) in &self.credential_query {
            url.query_pairs_mut().append_pair(name, value);
        }
        let carried = self.credential_headers;
        let mut headers = self.headers;
        headers.retain(|(plain, _)| carried.iter().all(|(name, _)| name != plain));
        headers.extend(carried);
        (self.method, url, headers, self.body)
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.headers.iter().map(|(name, _)| name.as_str()).collect();
        f.debug_struct("Request")
            .field("method", &self.method)
            .field("host", &self.url.host_str())
            .field("path", &self.url.path())
            .field("headers", &names)
            .finish_non_exhaustive()
    }
}

/// What came back, after decompression, within the limits.
#[derive(Debug)]
pub struct Response {
    /// The HTTP status.
    pub status: u16,
    /// The headers that are on the allow-list of D-46, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
    /// From the first byte sent to the last received.
    pub duration: Duration,
}
