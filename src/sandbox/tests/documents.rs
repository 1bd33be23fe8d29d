//! The `OpenAPI` documents: that they are well formed, and true.

use serde_json::Value;
use std::collections::HashSet;
use url::Url;

use crate::sandbox::documents;
use crate::sandbox::tests::support::started;

const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

fn read(text: &str) -> Value {
    serde_saphyr::from_str(text).unwrap()
}

/// Each operation of a document: method, path, and itself.
fn operations(document: &Value) -> Vec<(String, String, Value)> {
    let mut found = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for method in METHODS {
            if let Some(operation) = item.get(method) {
                found.push((method.to_uppercase(), path.clone(), operation.clone()));
            }
        }
    }
    found
}

#[actix_web::test]
async fn every_operation_leads_to_something() {
    let provider = started();

    for (key, text) in documents(&provider.public_url) {
        let document = read(&text);
        let server = document["servers"][0]["url"].as_str().unwrap();
        let base = Url::parse(server).unwrap().path().to_owned();
        for (method, path, _) in operations(&document) {
            let path = path.replace("{country}", "DE").replace("{year}", "2030");
            let reply = provider.ask(&method, &format!("{base}{path}")).send().await;

            assert!([200, 401].contains(&reply.status), "{key} {method} {path}: {}", reply.status);
        }
    }
}

#[test]
fn operations_say_what_they_do_and_have_names_of_their_own() {
    for (key, text) in documents("http://127.0.0.1:1") {
        let document = read(&text);
        let mut names = HashSet::new();
        for (method, path, operation) in operations(&document) {
            let name = operation["operationId"].as_str().unwrap().to_owned();
            assert!(name.starts_with(char::is_lowercase) && name.chars().all(char::is_alphanumeric));
            assert!(names.insert(name), "{key} {method} {path}");
            for text in ["summary", "description"] {
                assert!(!operation[text].as_str().unwrap().is_empty(), "{key} {method} {path}");
            }
        }
        let check = document["x-odeus"]["check"]["operation"].as_str().unwrap();
        assert!(names.contains(check), "{key}");
        assert_eq!(document["x-odeus"]["key"], key);
    }
}

#[test]
fn schemes_and_scopes_that_are_named_are_declared() {
    for (key, text) in documents("http://127.0.0.1:1") {
        let document = read(&text);
        let schemes = &document["components"]["securitySchemes"];
        for auth in document["x-odeus"]["auth"].as_array().unwrap() {
            if let Some(scheme) = auth["scheme"].as_str() {
                assert!(schemes[scheme].is_object(), "{key} {scheme}");
            }
        }
        for (_, path, operation) in operations(&document) {
            let needs = operation.get("security").unwrap_or(&document["security"]);
            for (scheme, scopes) in needs.as_array().unwrap().iter().flat_map(|need| need.as_object().unwrap()) {
                let flows = schemes[scheme]["flows"].as_object().cloned().unwrap_or_default();
                for scope in scopes.as_array().unwrap() {
                    let name = scope.as_str().unwrap();
                    assert!(flows.values().any(|flow| flow["scopes"][name].is_string()), "{key} {path} {name}");
                }
            }
        }
    }
}

#[test]
fn references_lead_somewhere() {
    for (key, text) in documents("http://127.0.0.1:1") {
        let document = read(&text);
        for line in text.lines() {
            let Some((_, rest)) = line.split_once("\"#/") else {
                continue;
            };
            let (target, _) = rest.split_once('"').unwrap();

            assert!(document.pointer(&format!("/{target}")).is_some(), "{key} {target}");
        }
    }
}

#[test]
fn every_address_is_the_sandboxs_own() {
    for (key, text) in documents("http://127.0.0.1:1/") {
        assert!(!text.contains("https://"), "{key}");
        assert!(!text.contains("127.0.0.1:1//"), "{key}");
    }
}

#[actix_web::test]
async fn documents_can_be_downloaded() {
    let provider = started();

    for (key, text) in documents(&provider.public_url) {
        let reply = provider.ask("GET", &format!("/documents/{key}.yaml")).send().await;

        assert_eq!(reply.body, text);
    }
    let unknown = provider.ask("GET", "/documents/else.yaml").send().await;
    assert_eq!(unknown.status, 404);
}
