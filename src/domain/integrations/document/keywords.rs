//! The keywords of JSON Schema and of OpenAPI's dialects of it: what each holds, and how 3.0's become 2020-12's.

use std::collections::BTreeSet;

use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use crate::domain::integrations::document::source::clean;
use crate::domain::integrations::document::source::is_at_most;
use crate::domain::integrations::document::source::items;

/// The longest text kept from a schema.
pub(super) const MAX_TEXT: usize = 2000;
/// The most that an example, a default or a constant may weigh: some 2 kB.
const MAX_VALUE: usize = 40;
/// The most choices kept; a choice among more is left open.
const MAX_CHOICES: usize = 500;
/// The most that all choices may weigh.
const MAX_CHOICES_WEIGHT: usize = 1500;
/// The most names of one object that are kept.
const MAX_NAMES: usize = 1000;

/// What a keyword holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// One schema.
    Schema,
    /// A list of schemas.
    Schemas,
    /// Schemas by name.
    Named,
    /// No schema.
    Other,
}

/// What the keyword holds.
pub(super) fn kind(key: &str) -> Kind {
    match key {
        "items"
        | "additionalProperties"
        | "propertyNames"
        | "contains"
        | "not"
        | "if"
        | "then"
        | "else"
        | "unevaluatedItems"
        | "unevaluatedProperties" => Kind::Schema,
        "allOf" | "anyOf" | "oneOf" | "prefixItems" => Kind::Schemas,
        "properties" | "patternProperties" | "dependentSchemas" => Kind::Named,
        _ => Kind::Other,
    }
}

/// Whether the keyword only says something to people.
pub(super) fn is_annotation(key: &str) -> bool {
    matches!(
        key,
        "title"
            | "description"
            | "summary"
            | "default"
            | "example"
            | "examples"
            | "deprecated"
            | "readOnly"
            | "writeOnly"
    ) || key.starts_with("x-")
}

/// Whether any keyword among these restricts something.
pub(super) fn say_something(words: &Map<String, Value>) -> bool {
    words.keys().any(|key| kind(key) != Kind::Other) || !plain(words).is_empty()
}

/// The keywords without schemas in them, in 2020-12; what is unknown or of the wrong kind is left out.
pub(super) fn plain(words: &Map<String, Value>) -> Map<String, Value> {
    let mut schema = Map::new();
    for (key, value) in words {
        let value = match key.as_str() {
            "type" => types(value),
            "title" | "description" => value.as_str().map(|text| Value::String(clean(text, MAX_TEXT))),
            "format" | "contentEncoding" | "contentMediaType" | "pattern" => value.as_str().map(Value::from),
            "default" | "const" => Some(value).filter(|value| is_at_most(value, MAX_VALUE)).cloned(),
            "enum" => choices(value),
            "minimum" | "maximum" => value.is_number().then(|| value.clone()),
            "multipleOf" => value.as_f64().filter(|number| *number > 0.0).map(|_| value.clone()),
            "exclusiveMinimum" | "exclusiveMaximum" => exclusive(key, value, words),
            "maxLength" | "minLength" | "maxItems" | "minItems" | "maxProperties" | "minProperties" | "minContains"
            | "maxContains" => value.as_u64().map(Value::from),
            "uniqueItems" | "deprecated" | "writeOnly" => value.as_bool().map(Value::from),
            "required" => names(value),
            "dependentRequired" => dependent(value),
            "examples" => examples(items(Some(value))),
            "example" if !words.contains_key("examples") => examples([value]),
            _ => None,
        };
        let key = if key == "example" { "examples" } else { key.as_str() };
        if let Some(value) = value {
            schema.insert(key.to_owned(), value);
        }
    }
    for (limit, word) in [("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")] {
        if words.get(word) == Some(&Value::Bool(true)) {
            schema.shift_remove(limit);
        }
    }
    schema
}

fn choices(value: &Value) -> Option<Value> {
    let fits = |list: &Vec<Value>| !list.is_empty() && list.len() <= MAX_CHOICES;
    value.as_array().filter(|list| fits(list)).filter(|_| is_at_most(value, MAX_CHOICES_WEIGHT))?;
    Some(value.clone())
}

fn types(value: &Value) -> Option<Value> {
    let is_type = |value: &&Value| {
        let known = ["string", "number", "integer", "boolean", "array", "object", "null"];
        value.as_str().is_some_and(|word| known.contains(&word))
    };
    match value.as_array() {
        Some(list) if list.len() > 16 => None,
        Some(list) => {
            let mut list: Vec<Value> = list.iter().filter(is_type).cloned().collect();
            let mut seen = Vec::new();
            list.retain(|word| {
                !seen.contains(word) && {
                    seen.push(word.clone());
                    true
                }
            });
            if list.is_empty() { None } else { Some(Value::Array(list)) }
        }
        None => Some(value).filter(is_type).cloned(),
    }
}

/// 3.0 says `minimum: 1, exclusiveMinimum: true` where 2020-12 says `exclusiveMinimum: 1`.
fn exclusive(key: &str, value: &Value, words: &Map<String, Value>) -> Option<Value> {
    let limit = if key == "exclusiveMinimum" { "minimum" } else { "maximum" };
    let value = if value == &Value::Bool(true) { words.get(limit)? } else { value };
    value.is_number().then(|| value.clone())
}

fn names(value: &Value) -> Option<Value> {
    let mut seen = BTreeSet::new();
    let names = value.as_array().filter(|list| list.len() <= MAX_NAMES)?.iter().filter_map(Value::as_str);
    let names: Vec<Value> = names.filter(|name| seen.insert(*name)).map(Value::from).collect();
    if names.is_empty() { None } else { Some(Value::Array(names)) }
}

fn dependent(value: &Value) -> Option<Value> {
    let entries = value.as_object().filter(|object| object.len() <= 50 && is_at_most(value, MAX_NAMES))?.iter();
    Some(entries.filter_map(|(key, value)| Some((key.clone(), names(value)?))).collect())
}

/// At most three examples, none of them long.
pub(super) fn examples<'a>(list: impl IntoIterator<Item = &'a Value>) -> Option<Value> {
    let short = list.into_iter().take(20).filter(|example| is_at_most(example, MAX_VALUE));
    let list: Vec<Value> = short.take(3).cloned().collect();
    if list.is_empty() { None } else { Some(Value::Array(list)) }
}

/// Only what decides: for a schema that is too large with all its words.
pub(super) fn bare(mut schema: Map<String, Value>) -> Map<String, Value> {
    schema.retain(|key, value| match key.as_str() {
        "examples" | "title" => false,
        "enum" => value.as_array().is_some_and(|list| list.len() <= 20),
        _ => true,
    });
    if let Some(Value::String(text)) = schema.get_mut("description") {
        *text = clean(text, 150);
    }
    schema
}

/// 3.0's `nullable: true`.
pub(super) fn nullable(schema: Value) -> Value {
    let Value::Object(mut schema) = schema else { return schema };
    if let Some(Value::Array(values)) = schema.get_mut("enum")
        && !values.contains(&Value::Null)
    {
        values.push(Value::Null);
    }
    match schema.get("type").cloned() {
        Some(Value::String(one)) if one != "null" => {
            schema.insert("type".to_owned(), json!([one, "null"]));
        }
        Some(Value::Array(mut list)) if !list.contains(&json!("null")) => {
            list.push(json!("null"));
            schema.insert("type".to_owned(), Value::Array(list));
        }
        _ => {}
    }
    // Alternatives say what they admit themselves, so that null has to stand beside them.
    if ["allOf", "anyOf", "not", "const"].iter().any(|key| schema.contains_key(*key)) {
        let (notes, rules): (Map<_, _>, Map<_, _>) = schema.into_iter().partition(|(key, _)| is_annotation(key));
        let mut either = notes;
        either.insert("anyOf".to_owned(), json!([rules, { "type": "null" }]));
        return Value::Object(either);
    }
    Value::Object(schema)
}
