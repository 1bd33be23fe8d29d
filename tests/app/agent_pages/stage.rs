//! What these tests begin with: the app, a provider that it may call with two of its APIs brought in, and people in front
//! of browsers.

use http::Method;
use odeus::sandbox;
use serde_json::json;

use crate::support::Answer;
use crate::support::Client;
use crate::support::Options;
use crate::support::Outside;
use crate::support::TestApp;
use crate::support::outside::CLIENT;

/// The CRM, by API key.
pub(crate) const CRM: &str = "sandbox-crm";
/// The calendar, by OAuth.
pub(crate) const CALENDAR: &str = "sandbox-calendar";

/// An app and its outside world.
pub(crate) struct Stage {
    pub(crate) app: TestApp,
    pub(crate) outside: Outside,
}

impl Stage {
    pub(crate) async fn start() -> Self {
        let outside = Outside::start();
        // Where the provider lets people go back to.
        let public_url = Some("http://127.0.0.1".to_owned());
        let app = TestApp::with(Options { allow: vec![outside.address], public_url, ..Options::default() });
        let ada = app.token(&app.cast.ada);
        for key in [CRM, CALENDAR] {
            let body = json!({ "key": key, "document": outside.document(key) });
            let answer = ada.json(Method::POST, "/api/v1/integrations", &body).await;
            assert_eq!(answer.status, 201, "{}", answer.body);
        }
        let client = json!({ "oauth_client": { "client_id": CLIENT.0, "client_secret": CLIENT.1 } });
        let answer = ada.json(Method::PATCH, &format!("/api/v1/integrations/{CALENDAR}"), &client).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        Self { app, outside }
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

    pub(crate) async fn mia(&self) -> Client {
        self.app.signed_in(&self.app.cast.mia).await
    }

    /// What a person does at the provider: chooses themselves, allows. Returns where the browser is sent.
    pub(crate) async fn consent(&self, authorize: &str) -> String {
        let provider = Client::browser_at(self.outside.address, &self.outside.url);
        let page = provider.get(authorize.strip_prefix(&self.outside.url).unwrap()).await;
        let allowed = page.form_of("Allow").submit().await;
        assert_eq!(allowed.status, 303, "{}", allowed.body);
        let (_, back) = allowed.location().split_once("/oauth/").unwrap();
        format!("/oauth/{back}")
    }

    /// How often the provider was asked to do this.
    pub(crate) fn calls(&self, method: &str, path: &str) -> usize {
        self.outside.received_at(path).iter().filter(|(it, ..)| it == method).count()
    }
}

/// The key that may do everything in the CRM.
pub(crate) fn crm_key() -> &'static str {
    sandbox::CRM_KEYS[0].key
}

/// The account behind it, as the provider names it.
pub(crate) fn crm_account() -> &'static str {
    sandbox::CRM_KEYS[0].account
}

/// Connects the CRM by the page of the integration.
pub(crate) async fn connect_crm(browser: &Client, name: &str) {
    let page = browser.get(&format!("/w/acme/integrations/{CRM}")).await;
    let answer = page.form_of("Connect").set("name", name).set("key", crm_key()).submit().await;
    assert_eq!(answer.status, 303, "{}", answer.body);
}

/// An agent made by its page; its address.
pub(crate) async fn agent(browser: &Client, name: &str) -> String {
    let page = browser.get("/w/acme/agents/new").await;
    let answer = page.form_of("Create agent").set("name", name).submit().await;
    assert_eq!(answer.status, 303, "{}", answer.body);
    answer.location().split('?').next().unwrap().to_owned()
}

/// The page that is come to by choosing an integration, then an action of it, as without a script.
pub(crate) async fn picked(browser: &Client, agent: &str, integration: &str, action: &str) -> Answer {
    let page = browser.get(&format!("{agent}?tab=build")).await;
    let page = page.form_of("Show its actions").set("integration", integration).submit().await;
    assert_eq!(page.status, 200, "{}", page.body);
    let page = page.form_of("Choose").set("action", action).submit().await;
    assert_eq!(page.status, 200, "{}", page.body);
    page
}

/// Puts an action on an agent with each caller's own credentials; the address of its form.
pub(crate) async fn add_own(browser: &Client, agent: &str, integration: &str, action: &str) -> String {
    let page = picked(browser, agent, integration, action).await;
    added(browser, agent, page.form_of("Add action").submit().await).await
}

/// Puts an action on an agent with the first connection that may be attached; the address of its form.
pub(crate) async fn add_preselected(browser: &Client, agent: &str, integration: &str, action: &str) -> String {
    let page = picked(browser, agent, integration, action).await;
    let connection = page.attribute("input[name=connection_id]", "value").expect("a connection to attach");
    let form = page.form_of("Add action").set("credentials", "preselected").set("connection_id", &connection);
    added(browser, agent, form.submit().await).await
}

/// The form of the action that was added last.
async fn added(browser: &Client, agent: &str, answer: Answer) -> String {
    assert_eq!(answer.status, 303, "{}", answer.body);
    let page = browser.get(agent).await;
    hrefs(&page, ".row a.stretch").into_iter().rfind(|href| href.contains("/actions/")).unwrap()
}

/// Lets everyone use an agent.
pub(crate) async fn share_with_everyone(browser: &Client, agent: &str) {
    let page = browser.get(&format!("{agent}?tab=build")).await;
    let answer = page.form_of("Share with everyone in Acme").submit().await;
    assert_eq!(answer.status, 303, "{}", answer.body);
}

/// The addresses of the links that a selector finds.
pub(crate) fn hrefs(page: &Answer, selector: &str) -> Vec<String> {
    let html = scraper::Html::parse_document(&page.body);
    let selector = scraper::Selector::parse(selector).unwrap();
    html.select(&selector).filter_map(|link| link.attr("href")).map(str::to_owned).collect()
}
