//! `openapi.json` is what the code does: the same routes, every reference resolved, nothing left without a word.

use std::collections::BTreeSet;

use http::Method;
use odeus::api;
use odeus::http::gate;
use serde_json::Value;
use serde_json::json;

use crate::api::stage::Stage;
use crate::api::stage::agent_with;
use crate::api::stage::connect_crm;
use crate::api::stage::id;
use crate::support::Answer;
use crate::support::TestApp;

const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

fn operations(description: &Value) -> Vec<(String, String, &Value)> {
    let mut found = Vec::new();
    for (path, item) in description["paths"].as_object().unwrap() {
        for method in METHODS {
            if let Some(operation) = item.get(method) {
                found.push((method.to_uppercase(), path.clone(), operation));
            }
        }
    }
    found
}

fn described() -> Value {
    serde_json::to_value(api::description()).unwrap()
}

#[tokio::test]
async fn anyone_can_read_it() {
    let app = TestApp::start();

    let answer = app.anon().get("/api/v1/openapi.json").await;

    assert_eq!((answer.status, answer.header("content-type")), (200, "application/json"));
    assert_eq!(answer.json(), described());
    assert_eq!(answer.json()["openapi"], "3.1.0");
}

#[tokio::test]
async fn it_has_exactly_the_routes_that_there_are() {
    // Routes are there once something was answered.
    TestApp::start().anon().get("/healthz").await;
    let description = described();

    let routes: BTreeSet<(String, String)> = gate::routes()
        .into_iter()
        .filter(|route| route.path.starts_with("/api/v1/"))
        .map(|route| (route.method, route.path))
        .collect();
    let operations: BTreeSet<(String, String)> =
        operations(&description).into_iter().map(|(method, path, _)| (method, path)).collect();

    assert_eq!(operations, routes);
}

#[test]
fn every_reference_leads_somewhere() {
    fn check(root: &Value, value: &Value) {
        match value {
            Value::Object(object) => {
                if let Some(Value::String(reference)) = object.get("$ref") {
                    let pointer = reference.strip_prefix('#').unwrap();
                    assert!(root.pointer(pointer).is_some(), "{reference} leads nowhere");
                }
                object.values().for_each(|value| check(root, value));
            }
            Value::Array(items) => items.iter().for_each(|value| check(root, value)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
    let description = described();

    check(&description, &description);
}

#[test]
fn every_call_says_what_it_does_what_it_takes_and_how_it_can_fail() {
    let description = described();
    let mut taken = BTreeSet::new();
    for (method, path, operation) in operations(&description) {
        let call = format!("{method} {path}");
        assert!(taken.insert(operation["operationId"].as_str().unwrap()), "{call}: its name is taken");
        assert!(operation["summary"].as_str().is_some_and(|summary| !summary.is_empty()), "{call}: no summary");
        let responses = operation["responses"].as_object().unwrap();
        if !path.ends_with("/openapi.json") {
            for status in ["401", "503"] {
                assert!(responses.contains_key(status), "{call}: no {status}");
            }
        }
        assert_eq!(path.contains('{'), responses.contains_key("404") && path.contains('{'), "{call}");
        let in_path: BTreeSet<&str> = path.split('/').filter_map(|step| step.strip_prefix('{')).collect();
        let parameters = operation["parameters"].as_array().map(Vec::as_slice).unwrap_or_default();
        let named = parameters.iter().filter(|parameter| parameter["in"] == "path");
        let named: BTreeSet<String> =
            named.map(|parameter| format!("{}}}", parameter["name"].as_str().unwrap())).collect();
        assert_eq!(named, in_path.into_iter().map(str::to_owned).collect(), "{call}: parameters");
        for (status, response) in responses {
            let is_problem = status.starts_with(['4', '5']);
            let content = response.get("content").and_then(Value::as_object);
            let kinds: Vec<&String> = content.into_iter().flatten().map(|(kind, _)| kind).collect();
            let expected: &[&str] = match (is_problem, status.as_str()) {
                (true, _) => &["application/problem+json"],
                (false, "204") => &[],
                (false, _) if path.rsplit('.').next() == Some("csv") => &["text/csv"],
                (false, _) if path.rsplit('.').next() == Some("jsonl") => &["application/x-ndjson"],
                (false, _) => &["application/json"],
            };
            assert_eq!(kinds, expected, "{call}: {status}");
        }
    }
}

#[test]
fn it_takes_a_bearer_token() {
    let description = described();

    assert_eq!(description["components"]["securitySchemes"]["token"]["scheme"], "bearer");
    assert_eq!(description["security"], serde_json::json!([{ "token": [] }]));
    assert_eq!(description["paths"]["/api/v1/openapi.json"]["get"]["security"], serde_json::json!([{}]));
}

#[test]
fn a_body_that_refuses_unknown_fields_says_so() {
    let description = described();
    for (method, path, operation) in operations(&description) {
        let body = &operation["requestBody"];
        if body.is_null() {
            continue;
        }
        let schema = &body["content"]["application/json"]["schema"];
        let schema =
            schema["$ref"].as_str().and_then(|at| description.pointer(at.strip_prefix('#')?)).unwrap_or(schema);

        assert_eq!(schema["additionalProperties"], false, "{method} {path}");
    }
}

/// Holds an answer against what the description says of it.
fn assert_described(description: &Value, call: &str, answer: &Answer) {
    let (method, path) = call.split_once(' ').unwrap();
    let status = answer.status.to_string();
    let response = &description["paths"][path][method.to_lowercase()]["responses"][&status];
    assert!(!response.is_null(), "{call}: {status} is not described: {}", answer.body);
    let Some(content) = response.get("content") else {
        assert_eq!(answer.body, "", "{call}");
        return;
    };
    let mut schema = content[answer.header("content-type")]["schema"].clone();
    assert!(!schema.is_null(), "{call}: {status} is no {}", answer.header("content-type"));
    schema["components"] = description["components"].clone();
    if answer.status < 300 {
        // A member that nobody described is a mistake as well; a problem may bring its own.
        schema["unevaluatedProperties"] = json!(false);
    }
    let validator = jsonschema::options().with_draft(jsonschema::Draft::Draft202012).build(&schema).unwrap();
    let errors: Vec<String> = validator.iter_errors(&answer.json()).map(|error| format!("{error}")).collect();
    assert!(errors.is_empty(), "{call}: {errors:?} in {}", answer.body);
}

#[tokio::test]
async fn answers_are_what_it_says() {
    let description = described();
    let stage = Stage::with(&["sandbox-crm", "sandbox-calendar"]).await;
    let eve = stage.eve();
    let connection = id(&connect_crm(&eve, "Sales").await);
    let (agent, action) = agent_with(&eve, &json!({ "integration": "sandbox-crm", "action": "listContacts" })).await;
    let everyone = json!({ "grantee": { "type": "workspace" }, "access": "use" });
    let contact = json!({ "integration": "sandbox-crm", "action": "createContact" });
    let wrong = json!({ "integration": "sandbox-crm", "auth_type": "api_key", "fields": { "key": "x" } });
    let mut run = String::new();
    let calls: [(&str, Value); 21] = [
        ("GET /api/v1/me", Value::Null),
        ("GET /api/v1/integrations", Value::Null),
        ("GET /api/v1/integrations/{integration}", Value::Null),
        ("POST /api/v1/integrations", json!({ "document": { "openapi": "3.1.0" } })),
        ("GET /api/v1/connections", Value::Null),
        ("GET /api/v1/connections/{connection}", Value::Null),
        ("POST /api/v1/connections", wrong),
        ("PATCH /api/v1/connections/{connection}", json!({ "name": "Sales EU" })),
        ("POST /api/v1/connections/{connection}/test", Value::Null),
        ("GET /api/v1/connections/{connection}/usage", Value::Null),
        ("GET /api/v1/agents", Value::Null),
        ("PATCH /api/v1/agents/{agent}", json!({ "description": "Helps" })),
        ("POST /api/v1/agents/{agent}/shares", everyone),
        ("GET /api/v1/agents/{agent}/shares", Value::Null),
        ("POST /api/v1/agents/{agent}/actions", contact),
        ("GET /api/v1/agents/{agent}/actions", Value::Null),
        ("POST /api/v1/agents/{agent}/actions/{action}/runs", json!({})),
        ("GET /api/v1/runs", Value::Null),
        ("GET /api/v1/runs/{run}", Value::Null),
        ("DELETE /api/v1/agents/{agent}/actions/{action}", Value::Null),
        ("DELETE /api/v1/connections/{connection}", Value::Null),
    ];

    for (call, body) in calls {
        let (method, pattern) = call.split_once(' ').unwrap();
        let samples = [
            ("{integration}", "sandbox-crm"),
            ("{connection}", &connection),
            ("{agent}", &agent),
            ("{action}", &action),
            ("{run}", &run),
        ];
        let path = samples.iter().fold(pattern.to_owned(), |path, (name, sample)| path.replace(name, sample));
        let request = eve.call(Method::from_bytes(method.as_bytes()).unwrap(), &path);
        let request = if body.is_null() { request } else { request.body("application/json", body.to_string()) };
        let answer = request.send().await;

        assert_described(&description, call, &answer);
        if pattern.ends_with("/actions/{action}/runs") {
            run = id(&answer.json());
        }
    }
    for settings in ["sandbox-crm", "sandbox-calendar"] {
        let answer = stage.ada().get(&format!("/api/v1/integrations/{settings}")).await;
        assert_described(&description, "GET /api/v1/integrations/{integration}", &answer);
    }
    assert_described(&description, "GET /api/v1/me/mails", &stage.ada().get("/api/v1/me/mails").await);
    assert_described(&description, "GET /api/v1/mails", &stage.ada().get("/api/v1/mails").await);
    assert_described(&description, "GET /api/v1/audit", &stage.ada().get("/api/v1/audit?limit=100").await);
    stage.app.mails().await;
}
