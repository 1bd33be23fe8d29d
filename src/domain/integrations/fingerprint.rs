//! What an approval of an action is bound to (R12, D-36): where its requests go and what can stand in them.
//!
//! Words for people are left out, so that a better description does not take agents out of work.

use std::sync::OnceLock;

use ring::digest::SHA256;
use ring::digest::digest;
use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use crate::domain::integrations::definition::ActionDefinition;
use crate::domain::integrations::definition::BodyContent;
use crate::domain::integrations::definition::BodyShape;
use crate::domain::integrations::definition::Parameter;
use crate::domain::integrations::definition::Spread;

/// Keywords that say something to people and restrict nothing.
const WORDS: [&str; 4] = ["title", "description", "examples", "deprecated"];
/// Keywords that hold schemas by name, where a name may look like a keyword.
const NAMED: [&str; 3] = ["properties", "patternProperties", "dependentSchemas"];
/// Keywords that hold values of the input, which are no schemas.
const VALUES: [&str; 5] = ["const", "enum", "default", "required", "dependentRequired"];

/// A fingerprint, computed once: every run of a preselected action compares it. A clone computes its own, because it may be
/// changed before it is used.
#[derive(Debug, Default)]
pub(in crate::domain::integrations) struct Fingerprint(OnceLock<[u8; 32]>);

impl Clone for Fingerprint {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl ActionDefinition {
    /// SHA-256 over method, origin, path, parameters, fixed values, body and input schema, in canonical form.
    pub fn fingerprint(&self) -> [u8; 32] {
        *self.fingerprint.0.get_or_init(|| self.compute_fingerprint())
    }

    fn compute_fingerprint(&self) -> [u8; 32] {
        let mut parameters: Vec<Value> = self.parameters.iter().map(parameter).collect();
        parameters.sort_by_cached_key(canonical);
        let form = json!({
            "method": self.method.as_str(),
            "origin": self.origin.to_string(),
            "path": format!("{}{}", self.server.path().trim_end_matches('/'), self.path),
            "parameters": parameters,
            "body": self.body.as_ref().map(body),
            "input": without_words(&self.input_schema),
        });
        let hash = digest(&SHA256, canonical(&form).as_bytes());
        let mut bytes = [0_u8; 32];
        bytes.copy_from_slice(hash.as_ref());
        bytes
    }
}

fn parameter(parameter: &Parameter) -> Value {
    json!({
        "in": parameter.location,
        "name": parameter.name,
        "style": parameter.style,
        "explode": parameter.explode,
        "reserved": parameter.allow_reserved,
        "required": parameter.required,
        "fixed": parameter.fixed,
        "default": parameter.default,
    })
}

fn body(body: &BodyShape) -> Value {
    let content = match &body.content {
        BodyContent::Whole(name) => json!({ "whole": name }),
        BodyContent::Properties { names, fixed, defaults, spread } => {
            let mut content = properties(names, fixed, defaults);
            if let Some(Spread { name, names, fixed, defaults }) = spread {
                let inside = properties(names, fixed, defaults);
                content.insert("spread".to_owned(), json!({ "name": name, "content": inside }));
            }
            Value::Object(content)
        }
    };
    let styles: Map<String, Value> =
        body.styles.iter().map(|(name, style)| (name.clone(), json!([style.0, style.1]))).collect();
    json!({
        "encoding": body.encoding,
        "type": body.content_type,
        "required": body.required,
        "content": content,
        "styles": styles,
    })
}

/// What is not there is left out, so that what was approved before there was such a thing stays approved.
fn properties(names: &[String], fixed: &[(String, Value)], defaults: &[(String, Value)]) -> Map<String, Value> {
    let mut names = names.to_vec();
    names.sort();
    let object = |pairs: &[(String, Value)]| Value::Object(pairs.iter().cloned().collect());
    let mut content = Map::from_iter([("names".to_owned(), json!(names)), ("fixed".to_owned(), object(fixed))]);
    if !defaults.is_empty() {
        content.insert("defaults".to_owned(), object(defaults));
    }
    content
}

fn without_words(schema: &Value) -> Value {
    match schema {
        Value::Object(keywords) => {
            let kept = keywords.iter().filter(|(key, _)| !WORDS.contains(&key.as_str()));
            kept.map(|(key, value)| (key.clone(), keyword(key, value))).collect()
        }
        Value::Array(schemas) => schemas.iter().map(without_words).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => schema.clone(),
    }
}

fn keyword(key: &str, value: &Value) -> Value {
    match value.as_object() {
        Some(schemas) if NAMED.contains(&key) => {
            schemas.iter().map(|(name, schema)| (name.clone(), without_words(schema))).collect()
        }
        _ if VALUES.contains(&key) => value.clone(),
        _ => without_words(value),
    }
}

/// JSON with the keys of objects in order.
fn canonical(value: &Value) -> String {
    match value {
        Value::Object(object) => {
            let mut entries: Vec<String> =
                object.iter().map(|(key, value)| format!("{}:{}", json!(key), canonical(value))).collect();
            entries.sort();
            format!("{{{}}}", entries.join(","))
        }
        Value::Array(items) => format!("[{}]", items.iter().map(canonical).collect::<Vec<_>>().join(",")),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.to_string(),
    }
}
