//! What an approval is bound to: all that decides where a request goes and what it says, and no words for people.

use serde_json::Value;
use serde_json::json;

use super::action;
use super::parameter;
use super::taking;
use crate::domain::integrations::definition::ActionDefinition;
use crate::domain::integrations::definition::BodyContent;
use crate::domain::integrations::definition::Spread;
use crate::outbound::origin::OriginMap;

fn of(properties: Value, parameters: Value) -> ActionDefinition {
    let mut operation = taking(properties);
    operation["parameters"] = parameters;
    action("post", "/x", operation)
}

fn base() -> ActionDefinition {
    of(
        json!({ "a": { "type": "string" }, "b": { "type": "integer" } }),
        json!([parameter("q", "query", json!({})), parameter("v", "header", json!({ "schema": { "const": "1" } }))]),
    )
}

#[test]
fn words_for_people_and_order_do_not_count() {
    let mut said = of(
        json!({ "b": { "type": "integer", "title": "B", "deprecated": true }, "a": { "type": "string", "description": "An a", "examples": ["x"] } }),
        json!([
            parameter("v", "header", json!({ "schema": { "const": "1" } })),
            parameter("q", "query", json!({ "description": "What to find", "example": "x" }))
        ]),
    );
    said.name = "Other".to_owned();
    said.description = "Other".to_owned();

    assert_eq!(said.fingerprint(), base().fingerprint());
}

#[test]
fn everything_that_steers_a_request_counts() {
    let properties = json!({ "a": { "type": "string" }, "b": { "type": "integer" } });
    let query = |more: Value| {
        json!([parameter("q", "query", more), parameter("v", "header", json!({ "schema": { "const": "1" } }))])
    };
    let mut others = vec![
        of(json!({ "a": { "type": "string" } }), query(json!({}))),
        of(json!({ "a": { "type": "string" }, "b": { "type": "string" } }), query(json!({}))),
        of(json!({ "a": { "type": "string", "maxLength": 1 }, "b": { "type": "integer" } }), query(json!({}))),
        of(properties.clone(), query(json!({ "in": "header" }))),
        of(properties.clone(), query(json!({ "required": true }))),
        of(properties.clone(), query(json!({ "explode": false }))),
        of(properties.clone(), query(json!({ "allowReserved": true }))),
        of(properties.clone(), query(json!({ "schema": { "const": "2" } }))),
        of(
            properties.clone(),
            json!([
                parameter("q", "query", json!({})),
                parameter("v", "header", json!({ "schema": { "const": "2" } }))
            ]),
        ),
        of(properties, json!([parameter("q", "query", json!({}))])),
    ];
    let mut changed = base();
    changed.method = http::Method::PUT;
    others.push(changed.clone());
    changed = base();
    changed.path = "/y".to_owned();
    others.push(changed.clone());
    changed = base();
    changed.server.set_path("/v2");
    others.push(changed);

    for name in ["a", "b"] {
        changed = base();
        if let Some(BodyContent::Properties { spread, .. }) = changed.body.as_mut().map(|body| &mut body.content) {
            *spread = Some(Spread {
                name: name.to_owned(),
                names: vec![name.to_owned()],
                fixed: Vec::new(),
                defaults: Vec::new(),
            });
        }
        others.push(changed);
    }

    let mut seen = vec![base().fingerprint()];
    for other in others {
        assert!(!seen.contains(&other.fingerprint()), "{other:#?}");
        seen.push(other.fingerprint());
    }
}

#[test]
fn a_mapped_origin_counts() {
    let text = json!({ "openapi": "3.1.0", "info": { "title": "T" }, "servers": [{ "url": "https://api.example.com" }], "paths": { "/x": { "get": {} } } });
    let definition = crate::domain::integrations::document::read(&text.to_string()).unwrap().definition;
    let map = OriginMap::from_pairs([("https://api.example.com", "https://other.example.com")]).unwrap();

    let mapped = definition.clone().mapped(&map);

    assert_ne!(mapped.actions[0].fingerprint(), definition.actions[0].fingerprint());
}

#[test]
fn an_input_that_is_called_like_a_word_for_people_counts() {
    let with =
        |schema: Value| of(json!({ "description": schema, "title": { "type": "string" } }), json!([])).fingerprint();

    assert_ne!(with(json!({ "type": "string" })), with(json!({ "type": "integer" })));
}
