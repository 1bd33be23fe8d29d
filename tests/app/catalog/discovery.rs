//! Google's Discovery documents as OpenAPI 3.

use serde_json::Map;
use serde_json::Value;
use serde_json::json;

/// The document in OpenAPI's form. What an operation requires of a body stays at the properties, as
/// `annotations.required` with the operation's id.
pub(crate) fn as_openapi(document: &Value) -> Value {
    let mut paths = Map::new();
    add_methods(document, document, &mut paths);
    let root = document["rootUrl"].as_str().unwrap_or_default().trim_end_matches('/');
    let service = document["servicePath"].as_str().unwrap_or_default().trim_matches('/');
    let server = format!("{root}/{service}");
    json!({
        "openapi": "3.1.0",
        "servers": [{ "url": server.trim_end_matches('/') }],
        "components": { "schemas": schema(&document["schemas"]) },
        "paths": paths,
    })
}

fn add_methods(document: &Value, resource: &Value, paths: &mut Map<String, Value>) {
    for method in resource["methods"].as_object().into_iter().flat_map(Map::values) {
        let path = method["flatPath"].as_str().or(method["path"].as_str()).unwrap_or_default();
        let verb = method["httpMethod"].as_str().unwrap_or_default().to_ascii_lowercase();
        let item = paths.entry(format!("/{path}")).or_insert_with(|| json!({}));
        item[verb] = operation(document, method);
    }
    for resource in resource["resources"].as_object().into_iter().flat_map(Map::values) {
        add_methods(document, resource, paths);
    }
}

fn operation(document: &Value, method: &Value) -> Value {
    let lists = [&method["parameters"], &document["parameters"]];
    let parameters = lists.into_iter().filter_map(Value::as_object).flatten();
    let parameters: Vec<Value> = parameters.map(|(name, parameter)| self::parameter(name, parameter)).collect();
    let scopes = method["scopes"].as_array().into_iter().flatten().map(|scope| json!({ "google": [scope] }));
    let mut operation = json!({
        "operationId": method["id"],
        "deprecated": method["deprecated"] == true,
        "parameters": parameters,
        "security": scopes.collect::<Vec<_>>(),
    });
    if method["request"].is_object() {
        let body = json!({ "application/json": { "schema": schema(&method["request"]) } });
        operation["requestBody"] = json!({ "content": body });
    }
    if method["response"].is_object() {
        let body = json!({ "application/json": { "schema": schema(&method["response"]) } });
        operation["responses"] = json!({ "200": { "content": body } });
    }
    operation
}

fn parameter(name: &str, parameter: &Value) -> Value {
    let mut schema = schema(parameter);
    let object = schema.as_object_mut().unwrap();
    for word in ["location", "repeated", "required"] {
        object.remove(word);
    }
    if parameter["repeated"] == true {
        schema = json!({ "type": "array", "items": schema });
    }
    let is_said = |text: &str| text.starts_with("Required.");
    let required = parameter["required"] == true || parameter["description"].as_str().is_some_and(is_said);
    json!({ "name": name, "in": parameter["location"], "required": required, "schema": schema })
}

/// A schema, or anything with schemas in it: references become whole ones.
fn schema(value: &Value) -> Value {
    match value {
        Value::Object(object) => object
            .iter()
            .map(|(key, value)| match value.as_str() {
                Some(name) if key == "$ref" => (key.clone(), json!(format!("#/components/schemas/{name}"))),
                _ => (key.clone(), schema(value)),
            })
            .collect(),
        Value::Array(list) => list.iter().map(schema).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
    }
}
