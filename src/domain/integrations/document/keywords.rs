//! The keywords of JSON Schema and of OpenAPI's dialects of it: what each holds, and how 3.0's become 2020-12's.

use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use crate::domain::integrations::document::source::clean;
use crate::domain::integrations::document::source::items;

/// The longest text kept from a schema.
pub(super) const MAX_TEXT: usize = 2000;
/// The longest example kept, as JSON.
const MAX_EXAMPLE: usize = 2000;

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
            "default" | "const" => Some(value.clone()),
            "enum" => value.as_array().filter(|list| !list.is_empty()).map(|_| value.clone()),
            "minimum" | "maximum" => value.is_number().then(|| value.clone()),
            "multipleOf" => value.as_f64().filter(|number| *number > 0.0).map(|_| value.clone()),
            "exclusiveMinimum" | "exclusiveMaximum" => exclusive(key, value, words),
            "maxLength" | "minLength" | "maxItems" | "minItems" | "maxProperties" | "minProperties" | "minContains"
            | "maxContains" => value.as_u64().map(Value::from),
            "uniqueItems" | "deprecated" | "writeOnly" => value.as_bool().map(Value::from),
            "required" => names(value),
            "dependentRequired" => dependent(value),
            "examples" => examples(items(Some(value))),
            "example" if !words.contains_key("examples") => examples(std::slice::from_ref(value)),
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

fn types(value: &Value) -> Option<Value> {
    let is_type = |value: &&Value| {
        let known = ["string", "number", "integer", "boolean", "array", "object", "null"];
        value.as_str().is_some_and(|word| known.contains(&word))
    };
    match value.as_array() {
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
    let mut names: Vec<Value> = Vec::new();
    for name in value.as_array()?.iter().filter(|name| name.is_string()) {
        if !names.contains(name) {
            names.push(name.clone());
        }
    }
    Some(Value::Array(names)).filter(|names| names != &json!([]))
}

fn dependent(value: &Value) -> Option<Value> {
    let entries = value.as_object()?.iter();
    Some(entries.filter_map(|(key, value)| Some((key.clone(), names(value)?))).collect())
}

/// At most three examples, none of them long.
pub(super) fn examples(list: &[Value]) -> Option<Value> {
    let short = list.iter().filter(|example| example.to_string().len() <= MAX_EXAMPLE);
    let list: Vec<Value> = short.take(3).cloned().collect();
    if list.is_empty() { None } else { Some(Value::Array(list)) }
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
