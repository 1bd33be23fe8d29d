//! Actions at work: requests, forms, fingerprints.
#![expect(clippy::needless_pass_by_value, reason = "`json!` literals read best where they stand")]

mod fingerprints;
mod forms;
mod requests;
mod tenants;

use serde_json::Value;
use serde_json::json;

use crate::domain::integrations::definition::ActionDefinition;
use crate::domain::integrations::document;
use crate::domain::integrations::validation::FieldError;

/// The action of a document with this operation alone.
fn action(method: &str, path: &str, operation: Value) -> ActionDefinition {
    let document = json!({
        "openapi": "3.1.0",
        "info": { "title": "Things", "version": "1" },
        "servers": [{ "url": "https://api.example.com/v1" }],
        "paths": { path: { method: operation } },
    });
    let read = document::read(&document.to_string()).unwrap_or_else(|problems| panic!("{problems:#?}"));
    assert_eq!(read.notes, vec![]);
    read.definition.actions.into_iter().next().unwrap()
}

fn parameter(name: &str, place: &str, more: Value) -> Value {
    let mut parameter =
        json!({ "name": name, "in": place, "required": place == "path", "schema": { "type": "string" } });
    parameter.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    parameter
}

/// An operation that takes an object with these properties.
fn taking(properties: Value) -> Value {
    let schema = json!({ "type": "object", "properties": properties });
    json!({ "requestBody": { "required": true, "content": { "application/json": { "schema": schema } } } })
}

fn fields_of(errors: &[FieldError]) -> Vec<&str> {
    errors.iter().map(|error| error.field.as_str()).collect()
}
