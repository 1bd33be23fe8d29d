//! Clients that speak HTTP as browsers and programs do: their own cookie jar, no redirects followed unasked, the headers
//! that a browser adds by itself.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::Mutex;

use http::HeaderMap;
use http::Method;
use scraper::Html;
use scraper::Selector;
use serde_json::Value;

use crate::support::app::Record;
use crate::support::app::Recorded;
use crate::support::form::Form;

/// The way to an app.
#[derive(Clone)]
pub(super) struct Wire {
    client: reqwest::Client,
    address: SocketAddr,
    host: String,
    origin: String,
    record: Record,
}

impl Wire {
    #[expect(clippy::disallowed_methods, reason = "tests speak to the app from the outside, as a browser does")]
    pub(super) fn new(address: SocketAddr, public_url: &str, record: Record) -> Self {
        rustls::crypto::ring::default_provider().install_default().ok();
        // No authorities: reading the machine's takes longer than most tests, and nothing here is TLS.
        let tls = rustls::ClientConfig::builder()
            .with_root_certificates(rustls::RootCertStore::empty())
            .with_no_client_auth();
        let client = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .tls_backend_preconfigured(tls)
            .build()
            .unwrap();
        let host = public_url.split_once("://").unwrap().1.to_owned();
        Self { client, address, host, origin: public_url.to_owned(), record }
    }
}

/// Who a client is.
#[derive(Clone)]
enum Identity {
    Browser(Arc<Mutex<BTreeMap<String, String>>>),
    Program(String),
}

/// A client of one app. Clones are the same browser.
#[derive(Clone)]
pub(crate) struct Client {
    wire: Wire,
    identity: Identity,
}

impl Client {
    pub(super) fn browser(wire: Wire) -> Self {
        Self { wire, identity: Identity::Browser(Arc::default()) }
    }

    pub(super) fn program(wire: Wire, token: String) -> Self {
        Self { wire, identity: Identity::Program(token) }
    }

    /// A browser in front of an app in a process of its own.
    pub(crate) fn browser_at(address: SocketAddr, public_url: &str) -> Self {
        Self::browser(Wire::new(address, public_url, Record::default()))
    }

    /// A program in front of an app in a process of its own.
    pub(crate) fn program_at(address: SocketAddr, public_url: &str, token: &str) -> Self {
        Self::program(Wire::new(address, public_url, Record::default()), token.to_owned())
    }

    /// Opens an address.
    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.call(Method::GET, path).send().await
    }

    /// Posts fields that no page has a form for.
    pub(crate) async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        self.call(Method::POST, path).fields(fields).send().await
    }

    /// Sends JSON.
    pub(crate) async fn json(&self, method: Method, path: &str, body: &Value) -> Answer {
        self.call(method, path).body("application/json", body.to_string()).send().await
    }

    /// Anything else.
    pub(crate) fn call(&self, method: Method, path: &str) -> Call {
        let mut headers = BTreeMap::from([("host".to_owned(), self.wire.host.clone())]);
        match &self.identity {
            Identity::Program(token) => {
                headers.insert("authorization".to_owned(), format!("Bearer {token}"));
            }
            Identity::Browser(_) => {
                headers.insert("sec-fetch-site".to_owned(), "same-origin".to_owned());
                if method != Method::GET {
                    headers.insert("origin".to_owned(), self.wire.origin.clone());
                }
            }
        }
        Call { client: self.clone(), method, path: path.to_owned(), headers, body: None }
    }

    /// The value of a cookie that the browser keeps.
    pub(crate) fn cookie(&self, name: &str) -> Option<String> {
        match &self.identity {
            Identity::Browser(jar) => jar.lock().unwrap().get(name).cloned(),
            Identity::Program(_) => None,
        }
    }

    /// Puts a cookie into the browser's jar.
    pub(crate) fn set_cookie(&self, name: &str, value: &str) {
        if let Identity::Browser(jar) = &self.identity {
            jar.lock().unwrap().insert(name.to_owned(), value.to_owned());
        }
    }

    fn cookies(&self) -> Option<String> {
        let Identity::Browser(jar) = &self.identity else { return None };
        let jar = jar.lock().unwrap();
        let pairs: Vec<String> = jar.iter().map(|(name, value)| format!("{name}={value}")).collect();
        (!pairs.is_empty()).then(|| pairs.join("; "))
    }

    fn take_cookies(&self, headers: &HeaderMap) {
        let Identity::Browser(jar) = &self.identity else { return };
        let mut jar = jar.lock().unwrap();
        for header in headers.get_all("set-cookie") {
            let header = header.to_str().unwrap();
            let (name, rest) = header.split_once('=').unwrap();
            let value = rest.split(';').next().unwrap();
            if header.contains("Max-Age=0") {
                jar.remove(name)
            } else {
                jar.insert(name.to_owned(), value.to_owned())
            };
        }
    }
}

/// A request to be sent.
pub(crate) struct Call {
    client: Client,
    method: Method,
    path: String,
    headers: BTreeMap<String, String>,
    body: Option<String>,
}

impl Call {
    /// Sets a header, in place of the one that the client would send.
    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.insert(name.to_owned(), value.to_owned());
        self
    }

    /// Leaves a header out.
    pub(crate) fn without(mut self, name: &str) -> Self {
        self.headers.remove(name);
        self
    }

    /// A form's fields.
    pub(crate) fn fields(self, fields: &[(&str, &str)]) -> Self {
        let body = serde_urlencoded::to_string(fields).unwrap();
        self.body("application/x-www-form-urlencoded", body)
    }

    /// A body.
    pub(crate) fn body(mut self, content_type: &str, body: String) -> Self {
        self.body = Some(body);
        self.header("content-type", content_type)
    }

    pub(crate) async fn send(self) -> Answer {
        let Self { client, method, path, headers, body } = self;
        let mut request = client.wire.client.request(method.clone(), format!("http://{}{path}", client.wire.address));
        for (name, value) in headers {
            request = request.header(name, value);
        }
        if let Some(cookies) = client.cookies() {
            request = request.header("cookie", cookies);
        }
        if let Some(body) = body {
            request = request.body(body);
        }
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        client.take_cookies(&headers);
        let body = response.bytes().await.unwrap();
        let body = String::from_utf8_lossy(&body).into_owned();
        let what = format!("{method} {path}");
        client.wire.record.lock().unwrap().push(Recorded { status, what, bytes: format!("{headers:?}\n{body}") });
        Answer { status, headers, body, path, client }
    }
}

/// What came back.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
    pub(super) path: String,
    pub(super) client: Client,
}

impl Answer {
    /// A header, or nothing.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map(|value| value.to_str().unwrap()).unwrap_or_default()
    }

    /// A cookie that the browser keeps after this answer.
    pub(crate) fn client_cookie(&self, name: &str) -> Option<String> {
        self.client.cookie(name)
    }

    /// Where a redirect leads.
    pub(crate) fn location(&self) -> &str {
        self.header("location")
    }

    /// Goes where the redirect leads, as long as there is one.
    pub(crate) async fn follow(self) -> Self {
        let mut answer = self;
        for _ in 0..5 {
            if !(300..400).contains(&answer.status) {
                break;
            }
            answer = answer.client.get(answer.location()).await;
        }
        answer
    }

    /// The body as JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }

    /// The texts of what a selector finds, with the spaces of a reader.
    pub(crate) fn texts(&self, selector: &str) -> Vec<String> {
        let page = Html::parse_document(&self.body);
        let selector = Selector::parse(selector).unwrap();
        let found = page.select(&selector);
        found
            .map(|element| element.text().collect::<String>().split_whitespace().collect::<Vec<_>>().join(" "))
            .collect()
    }

    /// The text of the one thing that a selector finds.
    pub(crate) fn text(&self, selector: &str) -> String {
        let mut found = self.texts(selector);
        assert_eq!(found.len(), 1, "“{selector}” finds {found:?} in {}", self.body);
        found.remove(0)
    }

    /// Whether the page shows this text anywhere.
    pub(crate) fn shows(&self, text: &str) -> bool {
        self.texts("body").iter().any(|body| body.contains(text))
    }

    /// An attribute of the first thing that a selector finds.
    pub(crate) fn attribute(&self, selector: &str, name: &str) -> Option<String> {
        let page = Html::parse_document(&self.body);
        page.select(&Selector::parse(selector).unwrap()).next()?.attr(name).map(str::to_owned)
    }

    /// The form that a selector finds, filled as the page filled it.
    pub(crate) fn form(&self, selector: &str) -> Form {
        Form::read(self, selector)
    }

    /// The form whose submit button says this.
    pub(crate) fn form_of(&self, button: &str) -> Form {
        Form::of_button(self, button)
    }
}
