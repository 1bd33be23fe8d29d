//! Bringing in an integration by its OpenAPI document.

use http::Method;
use serde_json::Value;
use serde_json::json;

use crate::api::stage::INTEGRATIONS;
use crate::api::stage::Stage;
use crate::api::stage::made;
use crate::api::stage::members;
use crate::api::stage::problem;
use crate::api::stage::shown;
use crate::api::stage::wrong_fields;
use crate::support::TestApp;

/// The most bytes a document may have.
const LIMIT: usize = 5 * 1024 * 1024;

fn document(server: &str) -> Value {
    json!({
        "openapi": "3.1.0",
        "info": { "title": "Tiny", "version": "1" },
        "servers": [{ "url": server }],
        "paths": { "/ping": { "get": { "operationId": "ping", "summary": "Ping", "responses": { "200": { "description": "Pong" } } } } },
    })
}

#[tokio::test]
async fn all_four_documents_of_the_sandbox_come_in() {
    let keys = ["sandbox-calendar", "sandbox-crm", "sandbox-warehouse", "sandbox-holidays"];
    let stage = Stage::with(&keys).await;

    let mut types = Vec::new();
    for key in keys {
        let integration = shown(&stage.max().get(&format!("{INTEGRATIONS}/{key}")).await);
        assert!(!integration["actions"].as_array().unwrap().is_empty());
        types.push(integration["auth_types"].clone());
    }

    assert_eq!(types, [json!(["oauth"]), json!(["api_key"]), json!(["service_account"]), json!(["none"])]);
}

#[tokio::test]
async fn a_document_is_taken_as_an_object_and_as_text() {
    let app = TestApp::start();
    let eve = app.token(&app.cast.eve);
    let document = document("https://api.example.com/v1");

    let answer = eve.json(Method::POST, INTEGRATIONS, &json!({ "key": "as-object", "document": document })).await;
    let as_object = made(&answer);
    let text = document.to_string();
    let as_text = made(&eve.json(Method::POST, INTEGRATIONS, &json!({ "key": "as-text", "document": text })).await);
    let unnamed = made(&eve.json(Method::POST, INTEGRATIONS, &json!({ "document": text })).await);

    assert!(members(&as_object).contains(&"notes".to_owned()));
    assert_eq!((&as_object["key"], &as_object["custom"]), (&json!("as-object"), &json!(true)));
    assert_eq!(as_object["actions"], as_text["actions"]);
    assert_eq!(unnamed["key"], "tiny");
}

#[tokio::test]
async fn the_permission_is_needed() {
    let app = TestApp::start();
    let body = json!({ "key": "tiny", "document": document("https://api.example.com") });

    let refused = app.token(&app.cast.max).json(Method::POST, INTEGRATIONS, &body).await;

    let detail = problem(&refused, 403, "forbidden")["detail"].as_str().unwrap().to_owned();
    assert!(detail.contains("createIntegrations"), "{detail}");
}

#[tokio::test]
async fn a_key_stands_for_one_integration() {
    let app = TestApp::start();
    let eve = app.token(&app.cast.eve);
    let import = async |key: &str| {
        let body = json!({ "key": key, "document": document("https://api.example.com") });
        eve.json(Method::POST, INTEGRATIONS, &body).await
    };

    made(&import("tiny").await);
    problem(&import("tiny").await, 409, "key_taken");
    problem(&import("slack").await, 409, "key_taken");
    assert_eq!(wrong_fields(&import("Not A Key").await), ["key"]);
}

#[tokio::test]
async fn what_is_wrong_in_a_document_is_said_with_the_place() {
    let app = TestApp::start();
    let eve = app.token(&app.cast.eve);
    let import = async |document: Value| {
        wrong_fields(&eve.json(Method::POST, INTEGRATIONS, &json!({ "key": "tiny", "document": document })).await)
    };

    let mut nameless = document("https://api.example.com");
    nameless["info"]["title"] = json!("");
    assert_eq!(import(nameless).await, ["document/info/title"]);
    assert_eq!(import(json!("a: [")).await, ["document"]);
    assert_eq!(import(json!({ "swagger": "2.0" })).await.len(), 1);
    for no_document in [json!(7), json!(["openapi"]), json!(null)] {
        assert_eq!(import(no_document).await, ["document"]);
    }
}

#[tokio::test]
async fn addresses_that_are_not_called_are_refused() {
    let app = TestApp::start();
    let eve = app.token(&app.cast.eve);

    for server in [
        "http://api.example.com",
        "https://localhost/v1",
        "https://intranet/v1",
        "https://127.0.0.1/v1",
        "https://10.1.2.3/v1",
        "https://[::ffff:169.254.169.254]/latest",
        "https://metadata.google.internal/v1",
    ] {
        let body = json!({ "key": "tiny", "document": document(server) });
        let answer = eve.json(Method::POST, INTEGRATIONS, &body).await;

        assert_eq!(wrong_fields(&answer), ["document/servers/0/url"], "{server}");
    }
}

#[tokio::test]
async fn a_document_may_have_five_mebibytes() {
    let app = TestApp::start();
    let eve = app.token(&app.cast.eve);
    let sized = |bytes: usize| {
        let mut document = document("https://api.example.com");
        let rest = document.to_string().len() + r#","x-filler":"""#.len();
        document["x-filler"] = json!("x".repeat(bytes - rest));
        assert_eq!(document.to_string().len(), bytes);
        document
    };
    let text = sized(LIMIT).to_string();
    made(&eve.json(Method::POST, INTEGRATIONS, &json!({ "key": "large", "document": text })).await);
    let answer = eve.json(Method::POST, INTEGRATIONS, &json!({ "key": "larger", "document": sized(LIMIT + 1) })).await;
    assert_eq!(wrong_fields(&answer), ["document"]);
    let answer = eve.json(Method::POST, INTEGRATIONS, &json!({ "key": "x", "document": "x".repeat(3 * LIMIT) })).await;
    problem(&answer, 413, "too_large");
}
