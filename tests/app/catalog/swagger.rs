//! Swagger 2.0 as OpenAPI 3, as far as a comparison needs it.

use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use crate::catalog::shape::resolved;

/// The document in OpenAPI's form.
pub(crate) fn as_openapi(document: &Value) -> Value {
    let mut paths = Map::new();
    for (path, item) in document["paths"].as_object().into_iter().flatten() {
        let own = item.as_object().into_iter().flatten().filter(|(word, _)| *word != "parameters");
        let item: Map<String, Value> =
            own.map(|(verb, value)| (verb.clone(), operation(document, item, value))).collect();
        paths.insert(path.clone(), Value::Object(item));
    }
    let base = document["basePath"].as_str().unwrap_or_default();
    let host = document["host"].as_str().unwrap_or_default();
    json!({
        "openapi": "3.0.0",
        "servers": [{ "url": format!("https://{host}{base}").trim_end_matches('/') }],
        "definitions": document["definitions"],
        "paths": paths,
    })
}

fn operation(document: &Value, item: &Value, operation: &Value) -> Value {
    let lists = [&item["parameters"], &operation["parameters"]];
    let all: Vec<&Value> = lists.into_iter().filter_map(Value::as_array).flatten().collect();
    let all: Vec<&Value> = all.into_iter().map(|parameter| resolved(document, parameter)).collect();
    let is_in = |parameter: &Value, place: &str| parameter["in"] == place;
    let parameters = all.iter().filter(|it| !is_in(it, "formData") && !is_in(it, "body"));
    let mut converted = json!({
        "operationId": operation["operationId"],
        "deprecated": operation["deprecated"] == true,
        "parameters": parameters.map(|parameter| self::parameter(parameter)).collect::<Vec<_>>(),
        "security": operation["security"],
        "responses": responses(&operation["responses"]),
    });
    let fields: Vec<&&Value> = all.iter().filter(|it| is_in(it, "formData")).collect();
    let schema = match all.iter().find(|it| is_in(it, "body")) {
        Some(body) => Some(body["schema"].clone()),
        None if fields.is_empty() => None,
        None => Some(form(&fields)),
    };
    if let Some(schema) = schema {
        let stated = operation.get("consumes").or_else(|| document.get("consumes"));
        let media = stated.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
        let content: Map<String, Value> = media.map(|it| (it.to_owned(), json!({ "schema": schema }))).collect();
        converted["requestBody"] = json!({ "content": content });
    }
    converted
}

fn responses(responses: &Value) -> Value {
    let responses = responses.as_object().into_iter().flatten().map(|(status, response)| {
        (status.clone(), json!({ "content": { "application/json": { "schema": response["schema"] } } }))
    });
    responses.collect()
}

fn form(fields: &[&&Value]) -> Value {
    let properties: Map<String, Value> = fields
        .iter()
        .map(|field| (field["name"].as_str().unwrap_or_default().to_owned(), parameter(field)["schema"].clone()))
        .collect();
    let required: Vec<&Value> = fields.iter().filter(|it| it["required"] == true).map(|it| &it["name"]).collect();
    json!({ "type": "object", "properties": properties, "required": required })
}

fn parameter(parameter: &Value) -> Value {
    let mut schema = parameter.clone();
    let object = schema.as_object_mut().unwrap();
    for word in ["name", "in", "required", "description", "collectionFormat"] {
        object.remove(word);
    }
    let explode = parameter["collectionFormat"] == "multi";
    let required = &parameter["required"];
    json!({
        "name": parameter["name"], "in": parameter["in"], "required": required, "explode": explode, "schema": schema,
    })
}
