//! What the tests of the API begin with: an app, a provider that it may call, and tokens.

use http::Method;
use odeus::sandbox;
use serde_json::Value;
use serde_json::json;

use crate::support::Answer;
use crate::support::Client;
use crate::support::Options;
use crate::support::Outside;
use crate::support::TestApp;
use crate::support::cast::Person;

pub(crate) const INTEGRATIONS: &str = "/api/v1/integrations";
pub(crate) const CONNECTIONS: &str = "/api/v1/connections";
pub(crate) const AGENTS: &str = "/api/v1/agents";

/// An app and its outside world.
pub(crate) struct Stage {
    pub(crate) app: TestApp,
    pub(crate) outside: Outside,
}

impl Stage {
    pub(crate) fn start() -> Self {
        let outside = Outside::start();
        let app = TestApp::with(Options { allow: vec![outside.address], ..Options::default() });
        Self { app, outside }
    }

    /// With some of the provider's APIs brought in by Ada.
    pub(crate) async fn with(keys: &[&str]) -> Self {
        let stage = Self::start();
        let ada = stage.ada();
        for key in keys {
            let body = json!({ "key": key, "document": stage.outside.document(key) });
            let answer = ada.json(Method::POST, INTEGRATIONS, &body).await;
            assert_eq!(answer.status, 201, "{key}: {}", answer.body);
        }
        stage
    }

    pub(crate) fn ada(&self) -> Client {
        self.token(|cast| &cast.ada)
    }

    pub(crate) fn eve(&self) -> Client {
        self.token(|cast| &cast.eve)
    }

    pub(crate) fn max(&self) -> Client {
        self.token(|cast| &cast.max)
    }

    pub(crate) fn mia(&self) -> Client {
        self.token(|cast| &cast.mia)
    }

    pub(crate) fn mallory(&self) -> Client {
        self.token(|cast| &cast.mallory)
    }

    fn token(&self, who: impl Fn(&crate::support::cast::Cast) -> &Person) -> Client {
        self.app.token(who(&self.app.cast))
    }
}

/// The CRM's key that may do everything.
pub(crate) fn crm_key() -> &'static str {
    sandbox::CRM_KEYS[0].key
}

/// A connection to the CRM, by key.
pub(crate) async fn connect_crm(client: &Client, name: &str) -> Value {
    let body = json!({
        "integration": "sandbox-crm", "auth_type": "api_key", "name": name, "fields": { "key": crm_key() },
    });
    made(&client.json(Method::POST, CONNECTIONS, &body).await)
}

/// An agent with one action of the CRM.
pub(crate) async fn agent_with(client: &Client, action: &Value) -> (String, String) {
    let agent = id(&made(&client.json(Method::POST, AGENTS, &json!({ "name": "Helper" })).await));
    let action = id(&made(&client.json(Method::POST, &format!("{AGENTS}/{agent}/actions"), action).await));
    (agent, action)
}

/// The body of a 201.
pub(crate) fn made(answer: &Answer) -> Value {
    assert_eq!(answer.status, 201, "{}", answer.body);
    answer.json()
}

/// The body of a 200.
pub(crate) fn shown(answer: &Answer) -> Value {
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(answer.header("content-type"), "application/json");
    answer.json()
}

/// The items of a list, where there is no other page.
pub(crate) fn items(answer: &Answer) -> Vec<Value> {
    let list = shown(answer);
    assert_eq!(list.as_object().unwrap().keys().collect::<Vec<_>>(), ["items", "next"]);
    assert_eq!(list["next"], Value::Null);
    list["items"].as_array().unwrap().clone()
}

/// Some member of each.
pub(crate) fn pluck<'a>(items: &'a [Value], member: &str) -> Vec<&'a str> {
    items.iter().map(|item| item[member].as_str().unwrap()).collect()
}

/// An `id`.
pub(crate) fn id(thing: &Value) -> String {
    thing["id"].as_str().unwrap().to_owned()
}

/// The names of its members, in the order of the alphabet.
pub(crate) fn members(value: &Value) -> Vec<String> {
    let mut names: Vec<String> = value.as_object().unwrap().keys().cloned().collect();
    names.sort();
    names
}

/// A problem document of RFC 9457 with this status and code.
pub(crate) fn problem(answer: &Answer, status: u16, code: &str) -> Value {
    assert_eq!(answer.status, status, "{}", answer.body);
    assert_eq!(answer.header("content-type"), "application/problem+json");
    let problem = answer.json();
    assert_eq!((&problem["status"], &problem["code"]), (&json!(status), &json!(code)), "{problem}");
    for member in ["type", "title", "detail", "request_id"] {
        assert!(!problem[member].as_str().unwrap().is_empty(), "{member}: {problem}");
    }
    assert_eq!(problem["request_id"], answer.header("x-request-id"));
    problem
}

/// The fields that a 422 names.
pub(crate) fn wrong_fields(answer: &Answer) -> Vec<String> {
    let problem = problem(answer, 422, "invalid");
    let errors = problem["errors"].as_array().unwrap();
    errors
        .iter()
        .map(|error| {
            assert_eq!(members(error), ["field", "message"]);
            error["field"].as_str().unwrap().to_owned()
        })
        .collect()
}
