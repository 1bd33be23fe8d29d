//! Inputs made of the schema's own words: examples, defaults, choices.

use serde_json::Map;
use serde_json::Value;

fn first<'s>(schema: &'s Value, key: &str) -> Option<&'s Value> {
    schema[key].as_array().and_then(|list| list.first())
}

fn stated(schema: &Value) -> Option<&Value> {
    let stated = first(schema, "examples").or_else(|| schema.get("default")).or_else(|| first(schema, "enum"));
    stated.or_else(|| schema.get("const"))
}

fn properties(schema: &Value) -> impl Iterator<Item = (&String, &Value)> {
    schema["properties"].as_object().into_iter().flatten()
}

fn must(schema: &Value, name: &str) -> bool {
    schema["required"].as_array().into_iter().flatten().any(|required| required == name)
}

/// A value of the schema.
pub(crate) fn sample(schema: &Value) -> Value {
    if let Some(value) = stated(schema) {
        return value.clone();
    }
    if let Some(one) = first(schema, "anyOf").or_else(|| first(schema, "allOf")) {
        return sample(one);
    }
    match (schema["type"].as_str(), schema["format"].as_str()) {
        (_, Some("date-time")) => return Value::from("2026-05-04T10:00:00Z"),
        (_, Some("date")) => return Value::from("2026-05-04"),
        (_, Some("email")) => return Value::from("ada@example.com"),
        (_, Some("uri")) => return Value::from("https://example.com/"),
        _ => {}
    }
    match schema["type"].as_str() {
        Some("object") => required(schema),
        Some("array") => Value::Array(schema.get("items").map(sample).into_iter().collect()),
        Some("integer" | "number") => schema.get("minimum").cloned().unwrap_or_else(|| Value::from(1)),
        Some("boolean") => Value::from(true),
        _ => Value::from("text"),
    }
}

/// What must be there and no more.
pub(crate) fn required(schema: &Value) -> Value {
    let mut object: Map<String, Value> = properties(schema)
        .filter(|(name, _)| must(schema, name))
        .map(|(name, schema)| (name.clone(), sample(schema)))
        .collect();
    // Alternatives that say which of the properties must be there.
    if let Some(one) = first(schema, "anyOf") {
        for (name, property) in properties(schema).filter(|(name, _)| must(one, name)) {
            object.insert(name.clone(), sample(property));
        }
    }
    Value::Object(object)
}

/// Every input, and inside of an object without an example every property.
pub(crate) fn whole(schema: &Value) -> Value {
    properties(schema).map(|(name, schema)| (name.clone(), full(schema))).collect()
}

fn full(schema: &Value) -> Value {
    match (stated(schema), schema["type"].as_str()) {
        (None, Some("object")) if schema.get("properties").is_some() => whole(schema),
        (None, Some("array")) => Value::Array(schema.get("items").map(full).into_iter().collect()),
        _ => sample(schema),
    }
}

/// Whether one can see how such a value looks.
pub(crate) fn is_exemplified(schema: &Value) -> bool {
    if stated(schema).is_some() {
        return true;
    }
    match schema["type"].as_str() {
        Some("boolean" | "integer" | "number") => true,
        Some("array") => schema.get("items").is_some_and(is_exemplified),
        Some("object") => properties(schema).filter(|(name, _)| must(schema, name)).all(|(_, it)| is_exemplified(it)),
        _ => {
            let parts = ["anyOf", "allOf"].iter().filter_map(|word| first(schema, word));
            let format =
                schema["format"].as_str().is_some_and(|it| matches!(it, "email" | "date" | "date-time" | "uri"));
            format || parts.clone().any(is_exemplified)
        }
    }
}
