//! Documents as people write them, good and bad.
#![expect(clippy::needless_pass_by_value, reason = "`json!` literals read best where they stand")]

mod auth;
mod inputs;
mod schemas;

use serde_json::Value;
use serde_json::json;

use super::*;
use crate::domain::integrations::definition::Effect;

/// A document with these paths, and `more` at its root.
fn document(paths: Value, more: Value) -> String {
    let mut root = json!({
        "openapi": "3.1.0",
        "info": { "title": "Things", "version": "1" },
        "servers": [{ "url": "https://api.example.com/v1/" }],
        "paths": paths,
    });
    root.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    root.to_string()
}

fn good(text: &str) -> Definition {
    let document = read(text).unwrap_or_else(|problems| panic!("{problems:#?}"));
    assert_eq!(document.notes, vec![]);
    document.definition
}

fn noted(text: &str) -> (Definition, Vec<Problem>) {
    let document = read(text).unwrap_or_else(|problems| panic!("{problems:#?}"));
    (document.definition, document.notes)
}

/// The one problem of a bad document: its pointer and message.
fn bad(text: &str) -> (String, String) {
    let problems = read(text).expect_err("it should be refused");
    assert_eq!(problems.len(), 1, "{problems:#?}");
    (problems[0].pointer.clone(), problems[0].message.clone())
}

fn get_things() -> Value {
    json!({ "/things": { "get": { "operationId": "listThings" } } })
}

#[test]
fn a_document_is_read_in_both_versions_and_both_syntaxes() {
    let yaml = |version: &str| {
        format!(
            "openapi: {version}\ninfo:\n  title: My Things!\n  version: '1'\n  description: All of them.\nservers:\n  \
             - url: https://api.example.com/v1/\npaths:\n  /things/{{id}}:\n    get:\n      operationId: getThing\n      \
             summary: Get a thing\n      description: Gets one.\n      parameters:\n        - {{name: id, in: path, \
             required: true, schema: {{type: string}}}}\n      responses:\n        200: {{description: ok}}\n"
        )
    };
    let json = |version: &str| serde_json::to_string(&text::parse(&yaml(version)).unwrap()).unwrap();

    for text in [yaml("3.0.3"), yaml("3.1.0"), json("3.0.0"), json("3.1.1")] {
        let definition = good(&text);

        assert_eq!(definition.key, "my-things");
        assert_eq!(definition.name, "My Things!");
        assert_eq!(definition.description, "All of them.");
        assert_eq!(definition.category, "Custom");
        assert_eq!(definition.addresses().len(), 1);
        assert_eq!(definition.addresses()[0].0, "/servers/0/url");
        let action = definition.action("getThing").unwrap();
        assert_eq!((action.name.as_str(), action.description.as_str()), ("Get a thing", "Gets one."));
        assert_eq!(action.server.as_str(), "https://api.example.com/v1");
        assert_eq!(action.effect, Effect::Read);
        assert_eq!(action.auth_types, vec![AuthType::None]);
    }
}

#[test]
fn the_extension_says_what_openapi_cannot() {
    let definition = good(&document(
        json!({ "/me": { "get": { "operationId": "me" } }, "/find": { "post": { "operationId": "find", "x-odeus": { "effect": "read" } } } }),
        json!({ "x-odeus": {
            "key": "my-tool", "category": "Files", "icon": "box",
            "check": { "operation": "me", "account": "/user/email" },
            "failure": { "pointer": "/ok", "equals": false, "message": "/error" },
        }}),
    ));

    assert_eq!((definition.key.as_str(), definition.category.as_str()), ("my-tool", "Files"));
    assert_eq!(definition.icon.as_deref(), Some("box"));
    assert_eq!(definition.check.as_ref().unwrap().account.as_deref(), Some("/user/email"));
    assert_eq!(definition.action("find").unwrap().effect, Effect::Read);
    let failure = definition.failure.unwrap();
    assert_eq!(failure.reason(&json!({ "ok": false, "error": "not_authed" })).as_deref(), Some("not_authed"));
    assert_eq!(failure.reason(&json!({ "ok": true })), None);
}

#[test]
fn a_failure_can_be_that_something_is_there() {
    let failure = json!({ "pointer": "/errors", "message": "/errors/0/message" });
    let definition = good(&document(get_things(), json!({ "x-odeus": { "failure": failure } })));

    let failure = definition.failure.unwrap();

    let answer = json!({ "errors": [{ "message": "Entity not found" }], "data": null });
    assert_eq!(failure.reason(&answer).as_deref(), Some("Entity not found"));
    assert_eq!(failure.reason(&json!({ "data": {} })), None);
    assert_eq!(failure.reason(&json!({ "data": {}, "errors": null })), None);
}

#[test]
fn actions_at_one_address_are_told_apart_by_a_fragment_that_is_never_sent() {
    let paths =
        json!({ "/graphql#a": { "post": { "operationId": "a" } }, "/graphql#b": { "post": { "operationId": "b" } } });

    let definition = good(&document(paths, json!({})));

    for key in ["a", "b"] {
        let request = definition.action(key).unwrap().build(&json!({})).unwrap();
        assert_eq!(request.url().as_str(), "https://api.example.com/v1/graphql");
    }
}

#[test]
fn other_documents_are_named() {
    let swagger = bad(r#"{"swagger": "2.0", "paths": {}}"#);
    assert_eq!(swagger.0, "/swagger");
    assert!(swagger.1.contains("Swagger 2.0") && swagger.1.contains("convert"), "{}", swagger.1);

    for (text, part) in [
        ("openapi: 3.2.0\n", "OpenAPI 3.2.0 is not read"),
        ("kind: discovery#restDescription\n", "Google Discovery"),
        ("a: 1\n", "begin with openapi"),
        ("- 1\n", "no OpenAPI document"),
        ("asyncapi: 2.0.0\n", "no OpenAPI document"),
    ] {
        assert!(bad(text).1.contains(part), "{text}: {}", bad(text).1);
    }
}

#[test]
fn what_is_missing_is_said_with_its_place() {
    let without = |key: &str| {
        let mut root: Value = serde_json::from_str(&document(get_things(), json!({}))).unwrap();
        root.as_object_mut().unwrap().remove(key);
        root.to_string()
    };

    assert_eq!(bad(&without("info")).0, "/info/title");
    assert_eq!(bad(&without("paths")).0, "/paths");
    assert_eq!(bad(&without("servers")).0, "/servers");
    assert_eq!(bad(&document(json!({}), json!({}))).1, "there is no operation here that can be carried over");
}

#[test]
fn a_server_must_be_a_whole_address() {
    let with = |server: Value| document(get_things(), json!({ "servers": [server] }));

    let (pointer, message) = bad(&with(json!({ "url": "/v1" })));
    assert_eq!(pointer, "/servers/0/url");
    assert!(message.contains("not a whole address"), "{message}");
    for url in [
        "ftp://x.example/",
        "https://u:p@x.example/",
        "https://x.example/?a=1",
        "https://{sub}.x.example",
        "javascript:1",
    ] {
        assert_eq!(bad(&with(json!({ "url": url }))).0, "/servers/0/url", "{url}");
    }
    let variables = json!({ "url": "https://{sub}.example.com/{v}", "variables": { "sub": { "default": "api" }, "v": { "default": 2 } } });
    assert_eq!(good(&with(variables)).actions[0].server.as_str(), "https://api.example.com/2");
}

#[test]
fn the_nearest_server_counts() {
    let server = |url: &str| json!([{ "url": url }]);
    let definition = good(&document(
        json!({ "/a": {
            "servers": server("https://path.example.com"),
            "get": { "operationId": "a" },
            "post": { "operationId": "b", "servers": [{ "url": "/relative" }, { "url": "https://own.example.com" }] },
        }, "/c": { "get": { "operationId": "c" } } }),
        json!({}),
    ));

    let servers: Vec<String> = definition.actions.iter().map(|action| action.origin().to_string()).collect();
    assert_eq!(servers, ["https://path.example.com", "https://own.example.com", "https://api.example.com"]);
    assert_eq!(definition.api_origins().iter().count(), 3);
    assert_eq!(definition.addresses().len(), 3);
}

#[test]
fn a_mapped_definition_goes_elsewhere_as_a_whole() {
    let map = crate::outbound::origin::OriginMap::from_pairs([("https://api.example.com", "https://eu.example.org")])
        .unwrap();

    let mapped = good(&document(get_things(), json!({}))).mapped(&map);

    assert_eq!(mapped.actions[0].origin().to_string(), "https://eu.example.org");
    assert_eq!(mapped.actions[0].server.as_str(), "https://eu.example.org/v1");
    assert_eq!(mapped.addresses()[0].1.as_str(), "https://eu.example.org/v1");
}

#[test]
fn a_wrong_extension_is_said_with_its_place() {
    let with = |extension: Value| bad(&document(get_things(), json!({ "x-odeus": extension })));

    assert_eq!(with(json!({ "key": "No Slug" })).0, "/x-odeus/key");
    assert_eq!(with(json!({ "key": 1 })).0, "/x-odeus");
    assert_eq!(with(json!({ "check": { "operation": "other" } })).0, "/x-odeus/check/operation");
    assert_eq!(with(json!({ "check": { "operation": "listThings", "input": { "x": 1 } } })).0, "/x-odeus/check/input");
    assert_eq!(with(json!({ "check": { "operation": "listThings", "account": "id" } })).0, "/x-odeus/check/account");
    assert_eq!(with(json!({ "failure": { "pointer": "ok", "equals": false } })).0, "/x-odeus/failure/pointer");
}

#[test]
fn an_unknown_word_of_the_extension_is_noted() {
    let (_, notes) = noted(&document(get_things(), json!({ "x-odeus": { "kye": "a" } })));

    assert_eq!(notes.len(), 1);
    assert_eq!(notes[0].pointer, "/x-odeus/kye");
}

#[test]
fn an_operation_that_cannot_be_carried_over_is_noted_and_the_others_stay() {
    let upload =
        json!({ "requestBody": { "content": { "multipart/form-data": { "schema": {} } } }, "operationId": "upload" });
    let (definition, notes) = noted(&document(
        json!({
            "/a": { "get": { "operationId": "a" }, "post": upload, "trace": { "operationId": "t" } },
            "/b": { "get": { "operationId": "a" } },
            "/../c": { "get": { "operationId": "c" } },
            "/d?x=1": { "get": { "operationId": "d" } },
            "/e//f": { "get": { "operationId": "e" } },
            "/g": { "get": { "operationId": "has space" } },
        }),
        json!({}),
    ));

    let keys: Vec<&str> = definition.actions.iter().map(|action| action.key.as_str()).collect();
    assert_eq!(keys, ["a"]);
    assert_eq!(notes.len(), 7, "{notes:#?}");
    assert!(notes[0].message.contains("POST /a cannot be carried over: its body is multipart/form-data"), "{notes:#?}");
    assert_eq!(notes[0].pointer, "/paths/~1a/post");
}

#[test]
fn names_are_made_where_the_document_has_none() {
    let definition = good(&document(
        json!({ "/things/{id}/parts": { "delete": { "parameters": [{ "name": "id", "in": "path", "schema": {} }] } },
                "/x": { "get": { "operationId": "things/listAll_now" } } }),
        json!({ "info": { "title": "9 Ünïcode 日本" } }),
    ));

    assert_eq!(definition.actions[0].key, "delete_things_id_parts");
    assert_eq!(definition.actions[0].name, "Delete things id parts");
    assert_eq!(definition.actions[0].effect, Effect::Write);
    assert_eq!(definition.actions[1].name, "Things list all now");
    assert_eq!(definition.key, "api-9-n-code");
}

#[test]
fn texts_are_cleaned() {
    let definition = good(&document(
        json!({ "/x": { "get": { "operationId": "x", "summary": "a\u{202E}b\nc", "description": "one\n\ttwo\u{0007}" } } }),
        json!({}),
    ));

    assert_eq!(definition.actions[0].name, "abc");
    assert_eq!(definition.actions[0].description, "one\n  two");
}

#[test]
fn too_many_operations_are_refused() {
    let paths: serde_json::Map<String, Value> =
        (0..=MAX_ACTIONS).map(|at| (format!("/{at}"), json!({ "get": {} }))).collect();

    assert!(bad(&document(Value::Object(paths), json!({}))).1.contains("too many"));
}
