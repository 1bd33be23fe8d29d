//! The built-in documents: all load, and say enough for people and programs to use them.

use serde_json::Map;
use serde_json::Value;

use super::*;
use crate::domain::integrations::definition::ActionDefinition;
use crate::domain::integrations::definition::Effect;
use crate::domain::integrations::form;

fn properties(schema: &Value) -> impl Iterator<Item = (&String, &Value)> {
    schema.get("properties").and_then(Value::as_object).into_iter().flatten()
}

/// A value made of the schema's own words: an example, a default, a choice, or the same of what it must contain.
fn sample(schema: &Value) -> Value {
    let from_list = |key: &str| schema.get(key).and_then(|list| list.get(0));
    let stated = from_list("examples")
        .or_else(|| schema.get("default"))
        .or_else(|| from_list("enum"))
        .or_else(|| schema.get("const"));
    if let Some(value) = stated {
        return value.clone();
    }
    if let Some(one) = schema.get("anyOf").or_else(|| schema.get("allOf")).and_then(|list| list.get(0)) {
        return sample(one);
    }
    match schema.get("type").and_then(Value::as_str) {
        Some("object") => Value::Object(required(schema)),
        Some("array") => Value::Array(schema.get("items").map(sample).into_iter().collect()),
        Some("integer" | "number") => schema.get("minimum").cloned().unwrap_or_else(|| Value::from(1)),
        Some("boolean") => Value::from(true),
        _ => Value::from("text"),
    }
}

fn required(schema: &Value) -> Map<String, Value> {
    // Of alternatives that say what must be there, the first.
    let lists = [schema.get("required"), schema.pointer("/anyOf/0/required")];
    let names = lists.into_iter().flatten().filter_map(Value::as_array).flatten();
    let must = |name: &str| names.clone().any(|required| required == name);
    properties(schema).filter(|(name, _)| must(name)).map(|(name, schema)| (name.clone(), sample(schema))).collect()
}

fn whole(action: &ActionDefinition) -> Value {
    properties(&action.input_schema).map(|(name, schema)| (name.clone(), sample(schema))).collect()
}

#[test]
fn every_document_loads_without_problems_or_notes() {
    for &(key, text) in DOCUMENTS {
        let document = document::read(text).unwrap_or_else(|problems| panic!("{key}: {problems:#?}"));

        assert_eq!(document.notes, vec![], "{key}");
        assert_eq!(document.definition.key, *key);
    }
    assert_eq!(builtin().len(), DOCUMENTS.len());
}

#[test]
fn every_integration_says_what_it_is_and_how_it_is_tested() {
    for definition in builtin() {
        let key = &definition.key;
        assert!(!definition.description.is_empty(), "{key}");
        assert!(!definition.auth.is_empty() && !definition.actions.is_empty(), "{key}");
        let check = definition.check.as_ref().unwrap_or_else(|| panic!("{key} has no check"));
        let action = definition.action(&check.operation).unwrap();
        assert_eq!(action.effect, Effect::Read, "{key}: a check only looks");
        assert!(action.build(&check.input).is_ok(), "{key}");
        for method in &definition.auth {
            assert!(action.auth_types.contains(&method.auth_type), "{key}: the check works for {}", method.auth_type);
        }
        for (pointer, url) in definition.addresses() {
            assert_eq!(url.scheme(), "https", "{key} {pointer}");
        }
    }
}

#[test]
fn every_action_and_every_input_is_described() {
    for definition in builtin() {
        for action in &definition.actions {
            let name = format!("{} {}", definition.key, action.key);
            assert!(!action.description.is_empty(), "{name}");
            assert!(!action.auth_types.is_empty(), "{name}");
            for field in form::fields(action) {
                assert!(field.help.is_some(), "{name} {}", field.name);
            }
        }
    }
}

#[test]
fn every_action_s_request_can_be_built_from_its_examples() {
    for definition in builtin() {
        for action in &definition.actions {
            for input in [Value::Object(required(&action.input_schema)), whole(action)] {
                let request =
                    action.build(&input).unwrap_or_else(|errors| panic!("{} {input}: {errors:#?}", action.key));

                assert!(definition.api_origins().contains(request.url()), "{}", request.url());
                let pairs: Vec<(String, String)> = form::form_values(action, &input).into_iter().collect();
                let again = form::input_from_form(action, &pairs);
                assert_eq!(again.as_ref(), Ok(&input), "{} {}", definition.key, action.key);
            }
        }
    }
}

#[test]
fn every_scope_that_is_asked_for_is_explained() {
    for definition in builtin() {
        let oauth = definition.auth.iter().find_map(|method| method.oauth.as_ref());
        for scope in oauth.map(|oauth| (oauth, definition.scopes())).into_iter().flat_map(|(oauth, scopes)| {
            scopes.into_iter().map(|scope| (scope.clone(), oauth.scope_descriptions.contains_key(&scope)))
        }) {
            assert!(scope.1, "{}: {}", definition.key, scope.0);
        }
    }
}
