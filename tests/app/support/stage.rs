//! The pages' stage: an app, a provider that it may call, and what that provider offers brought in by the pages' own
//! forms.

use odeus::sandbox;
use tokio::io::AsyncReadExt;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use url::Url;

use crate::support::Answer;
use crate::support::Client;
use crate::support::Options;
use crate::support::Outside;
use crate::support::TestApp;
use crate::support::outside::CLIENT;

/// The addresses that most tests go to.
pub(crate) const CALENDAR: &str = "/w/acme/integrations/sandbox-calendar";
pub(crate) const CRM: &str = "/w/acme/integrations/sandbox-crm";
pub(crate) const CONNECTIONS: &str = "/w/acme/connections";
pub(crate) const IMPORT: &str = "/w/acme/integrations/import";

/// What a person answers at the provider.
#[derive(Clone, Copy)]
pub(crate) enum Decision {
    /// Yes, as this person.
    Allow(&'static str),
    /// No.
    Deny,
}

/// An app and its outside world.
pub(crate) struct Stage {
    pub(crate) app: TestApp,
    pub(crate) outside: Outside,
}

impl Stage {
    /// With these of the provider's APIs brought in by Ada, and with an OAuth client for the calendar.
    pub(crate) async fn with(keys: &[&str]) -> Self {
        Self::with_options(keys, Options::default()).await
    }

    pub(crate) async fn with_options(keys: &[&str], options: Options) -> Self {
        let outside = Outside::start();
        // The provider knows its client by this address, whatever port the app gets.
        let public_url = Some("http://127.0.0.1".to_owned());
        let app = TestApp::with(Options { allow: vec![outside.address], public_url, ..options });
        let stage = Self { app, outside };
        let ada = stage.app.signed_in(&stage.app.cast.ada).await;
        for key in keys {
            let form = ada.get(IMPORT).await.form_of("Import");
            let answer = form.set("document", &stage.outside.document(key)).submit().await;
            assert_eq!(answer.status, 303, "{key}: {}", answer.body);
        }
        if keys.contains(&"sandbox-calendar") {
            let form = ada.get(CALENDAR).await.form_of("Save client");
            let answer = form.set("client_id", CLIENT.0).set("client_secret", CLIENT.1).submit().await;
            assert_eq!(answer.status, 303, "{}", answer.body);
        }
        stage
    }

    pub(crate) async fn ada(&self) -> Client {
        self.app.signed_in(&self.app.cast.ada).await
    }

    pub(crate) async fn eve(&self) -> Client {
        self.app.signed_in(&self.app.cast.eve).await
    }

    pub(crate) async fn max(&self) -> Client {
        self.app.signed_in(&self.app.cast.max).await
    }

    /// Begins to connect the calendar; the address at the provider that the page leads to.
    pub(crate) async fn set_out(&self, client: &Client) -> String {
        let answer = client.get(CALENDAR).await.form_of("Connect").submit().await;
        leads_to(&answer.follow().await)
    }

    /// Answers at the provider; the way back, as a path of ours.
    pub(crate) async fn decide(&self, authorize: &str, decision: Decision) -> String {
        let url = Url::parse(authorize).unwrap();
        let mut form: Vec<(String, String)> = url.query_pairs().into_owned().collect();
        match decision {
            Decision::Allow(person) => {
                form.push(("decision".to_owned(), "allow".to_owned()));
                form.push(("person".to_owned(), person.to_owned()));
            }
            Decision::Deny => form.push(("decision".to_owned(), "deny".to_owned())),
        }
        let body = serde_urlencoded::to_string(form).unwrap();
        let back = Url::parse(&self.post(url.path(), &body).await).unwrap();
        format!("{}?{}", back.path(), back.query().unwrap())
    }

    /// Connects the calendar as somebody at the provider; the new connection's page.
    pub(crate) async fn connect_calendar(&self, client: &Client, person: &'static str) -> String {
        let back = self.decide(&self.set_out(client).await, Decision::Allow(person)).await;
        let answer = client.get(&back).await;
        assert_eq!(answer.status, 303, "{}", answer.body);
        answer.location().to_owned()
    }

    /// Posts a form to the provider, as its own page does; where the answer leads.
    async fn post(&self, path: &str, body: &str) -> String {
        let mut stream = TcpStream::connect(self.outside.address).await.unwrap();
        let (host, length) = (self.outside.address, body.len());
        let request = format!(
            "POST {path} HTTP/1.1\r\nhost: {host}\r\norigin: http://{host}\r\nconnection: close\r\n\
             content-type: application/x-www-form-urlencoded\r\ncontent-length: {length}\r\n\r\n{body}"
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        let location = answer.lines().find_map(|line| line.strip_prefix("location: "));
        location.unwrap_or_else(|| panic!("no way back: {answer}")).trim().to_owned()
    }
}

/// Where the page before the provider's own leads to.
pub(crate) fn leads_to(page: &Answer) -> String {
    assert_eq!(page.status, 200, "{}", page.body);
    page.attribute("a[rel=noreferrer]", "href").unwrap_or_else(|| panic!("no way to the provider: {}", page.body))
}

/// The CRM's key that may do everything.
pub(crate) fn crm_key() -> &'static str {
    sandbox::CRM_KEYS[0].key
}

/// Connects the CRM by key; the new connection's page.
pub(crate) async fn connect_crm(client: &Client, name: &str) -> String {
    let form = client.get(CRM).await.form_of("Connect");
    let answer = form.set("key", crm_key()).set("name", name).submit().await;
    assert_eq!(answer.status, 303, "{}", answer.body);
    answer.location().to_owned()
}
