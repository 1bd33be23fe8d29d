//! Schemas: references, growth, and 3.0 as 2020-12.

use serde_json::Value;
use serde_json::json;

use super::bad;
use super::document;
use super::good;
use super::noted;

/// The property `it` of a body with this schema, in a document of that version with these components.
fn property(version: &str, schema: Value, components: Value) -> Value {
    let text = with_property(version, schema, components);
    good(&text).actions[0].input_schema["properties"]["it"].clone()
}

fn with_property(version: &str, schema: Value, components: Value) -> String {
    let body = json!({ "type": "object", "properties": { "it": schema } });
    let paths = json!({ "/x": { "post": { "operationId": "x", "requestBody": { "content": { "application/json": { "schema": body } } } } } });
    document(paths, json!({ "openapi": version, "components": { "schemas": components } }))
}

#[test]
fn dialects_become_one() {
    for (from, to) in [
        (json!({ "type": "string", "nullable": true }), json!({ "type": ["string", "null"] })),
        (
            json!({ "type": "string", "nullable": true, "enum": ["a"] }),
            json!({ "type": ["string", "null"], "enum": ["a", null] }),
        ),
        (
            json!({ "type": "integer", "minimum": 1, "exclusiveMinimum": true, "maximum": 9, "exclusiveMaximum": false }),
            json!({ "type": "integer", "exclusiveMinimum": 1, "maximum": 9 }),
        ),
        (json!({ "type": "string", "example": "x" }), json!({ "type": "string", "examples": ["x"] })),
        (
            json!({ "nullable": true, "description": "d", "allOf": [{ "type": "string" }] }),
            json!({ "description": "d", "anyOf": [{ "allOf": [{ "type": "string" }] }, { "type": "null" }] }),
        ),
        (
            json!({ "oneOf": [{ "type": "string" }, { "type": "integer" }] }),
            json!({ "anyOf": [{ "type": "string" }, { "type": "integer" }] }),
        ),
        (
            json!({ "type": "string", "xml": {}, "x-y": 1, "discriminator": {}, "externalDocs": {} }),
            json!({ "type": "string" }),
        ),
        (json!({ "items": [{ "type": "string" }] }), json!({ "prefixItems": [{ "type": "string" }] })),
        // What cannot be a schema is left out, so that the rest can be used.
        (
            json!({ "type": "file", "required": true, "maxLength": "5", "enum": [], "pattern": "(", "minimum": "x" }),
            json!({}),
        ),
        (json!({ "type": "string", "pattern": "^(?=a)b" }), json!({ "type": "string" })),
    ] {
        assert_eq!(property("3.0.3", from.clone(), json!({})), to, "{from}");
    }
}

#[test]
fn what_people_read_is_kept() {
    let said = json!({ "type": "string", "title": "T", "description": "D", "default": "a", "examples": ["b"] });

    assert_eq!(property("3.1.0", said.clone(), json!({})), said);
}

#[test]
fn references_are_put_in_place() {
    let components = json!({
        "Name": { "type": "string", "description": "A name" },
        "a/b~c d": { "type": "integer" },
    });

    let plain = property("3.0.3", json!({ "$ref": "#/components/schemas/Name" }), components.clone());
    let said =
        property("3.1.0", json!({ "$ref": "#/components/schemas/Name", "description": "Mine" }), components.clone());
    let rule = property("3.1.0", json!({ "$ref": "#/components/schemas/Name", "maxLength": 3 }), components.clone());
    let odd = property("3.1.0", json!({ "$ref": "#/components/schemas/a~1b~0c%20d" }), components);

    assert_eq!(plain, json!({ "type": "string", "description": "A name" }));
    assert_eq!(said, json!({ "type": "string", "description": "Mine" }));
    assert_eq!(rule, json!({ "allOf": [{ "type": "string", "description": "A name" }, { "maxLength": 3 }] }));
    assert_eq!(odd, json!({ "type": "integer" }));
}

#[test]
fn a_recursive_schema_is_cut_to_an_open_object() {
    let components = json!({
        "Node": { "type": "object", "properties": { "name": { "type": "string" }, "next": { "$ref": "#/components/schemas/Node" } } },
    });

    let node = property("3.1.0", json!({ "$ref": "#/components/schemas/Node" }), components);

    assert_eq!(node["properties"]["next"], json!({ "type": "object" }));
    assert_eq!(node["properties"]["name"], json!({ "type": "string" }));
}

#[test]
fn references_in_circles_end() {
    let components = json!({ "A": { "$ref": "#/components/schemas/B" }, "B": { "$ref": "#/components/schemas/A" },
        "C": { "allOf": [{ "$ref": "#/components/schemas/C" }] } });

    assert_eq!(property("3.1.0", json!({ "$ref": "#/components/schemas/A" }), components.clone()), json!({}));
    assert_eq!(property("3.1.0", json!({ "$ref": "#/components/schemas/C" }), components), json!({ "allOf": [{}] }));
    let parameters =
        json!({ "/x": { "get": { "operationId": "x", "parameters": [{ "$ref": "#/components/parameters/P" }] } } });
    let circle = json!({ "components": { "parameters": { "P": { "$ref": "#/components/parameters/P" } } } });
    assert!(bad(&document(parameters, circle)).1.contains("points back to itself"));
}

#[test]
fn a_reference_to_the_outside_or_to_nothing_is_refused() {
    for (reference, part) in [
        ("https://evil.example/schema.json", "points outside of the document"),
        ("other.yaml#/X", "points outside of the document"),
        ("file:///etc/passwd", "points outside of the document"),
        ("#/components/schemas/Missing", "points to nothing in this document"),
        ("#Anchor", "points to nothing in this document"),
    ] {
        let (pointer, message) = bad(&with_property("3.1.0", json!({ "$ref": reference }), json!({})));

        assert!(message.contains(part), "{reference}: {message}");
        assert_eq!(pointer, "/paths/~1x/post/requestBody/content/application~1json/schema");
    }
}

#[test]
fn a_schema_that_would_explode_is_cut_and_still_says_the_most_important() {
    // Each level names the next ten times: 10^12 values if all were written out.
    let mut components = serde_json::Map::new();
    for level in 0..12 {
        let next = json!({ "$ref": format!("#/components/schemas/L{}", level + 1) });
        let properties: serde_json::Map<String, Value> = (0..10).map(|at| (format!("p{at}"), next.clone())).collect();
        components.insert(format!("L{level}"), json!({ "type": "object", "properties": properties }));
    }
    components.insert("L12".to_owned(), json!({ "type": "string" }));

    let schema = property("3.1.0", json!({ "$ref": "#/components/schemas/L0" }), Value::Object(components));

    assert_eq!(schema["properties"]["p0"]["type"], "object");
    assert!(schema.to_string().len() < 100_000);
}

#[test]
fn a_long_chain_of_references_does_not_exhaust_the_stack() {
    let mut components = serde_json::Map::new();
    for at in 0..20_000 {
        components
            .insert(format!("L{at}"), json!({ "allOf": [{ "$ref": format!("#/components/schemas/L{}", at + 1) }] }));
    }
    components.insert("L20000".to_owned(), json!({ "type": "string" }));

    property("3.1.0", json!({ "$ref": "#/components/schemas/L0" }), Value::Object(components));
}

#[test]
fn what_only_answers_have_is_no_input() {
    let schema = json!({ "type": "object", "required": ["id", "name", "at"], "properties": {
        "id": { "type": "string", "readOnly": true }, "name": { "type": "string" }, "at": { "$ref": "#/components/schemas/At" } } });

    let property = property("3.0.3", schema, json!({ "At": { "type": "string", "readOnly": true } }));

    assert_eq!(
        property,
        json!({ "type": "object", "required": ["name"], "properties": { "name": { "type": "string" } } })
    );
}

#[test]
fn what_is_cut_is_never_used_to_narrow() {
    let components = json!({ "N": { "type": "object", "properties": { "n": { "$ref": "#/components/schemas/N" } } } });
    let schema =
        json!({ "not": { "$ref": "#/components/schemas/N" }, "if": { "type": "string" }, "then": { "minLength": 1 } });

    let property = property("3.1.0", schema, components);

    assert_eq!(property, json!({ "if": { "type": "string" }, "then": { "minLength": 1 } }));
}

#[test]
fn what_thousands_refer_to_is_not_copied_thousands_of_times() {
    let choices: Vec<String> = (0..20_000).map(|at| format!("choice {at}")).collect();
    let components = json!({ "schemas": {
        "Choice": { "type": "string", "enum": choices },
        "Said": { "type": "string", "description": "d".repeat(500_000), "example": "e".repeat(500_000), "default": "f".repeat(500_000) },
    } });
    let schema = json!({ "type": "object", "properties": {
        "choice": { "$ref": "#/components/schemas/Choice" }, "said": { "$ref": "#/components/schemas/Said" } } });
    let operation = json!({ "post": { "requestBody": { "content": { "application/json": { "schema": schema } } } } });
    let paths: serde_json::Map<String, Value> = (0..1000).map(|at| (format!("/{at}"), operation.clone())).collect();

    let definition = good(&document(Value::Object(paths), json!({ "components": components })));

    let size: usize = definition.actions.iter().map(|action| action.input_schema.to_string().len()).sum();
    assert_eq!(definition.actions.len(), 1000);
    assert!(size < 5_000_000, "{size}");
    assert_eq!(definition.actions[0].input_schema["properties"]["choice"], json!({ "type": "string" }));
}

#[test]
fn an_operation_with_more_parameters_than_anybody_fills_in_is_left_out() {
    let parameters: Vec<Value> =
        (0..301).map(|at| json!({ "name": format!("p{at}"), "in": "query", "schema": {} })).collect();
    let paths = json!({ "/x": { "get": { "parameters": parameters } }, "/y": { "get": {} } });

    let (definition, notes) = noted(&document(paths, json!({})));

    assert_eq!(definition.actions.len(), 1);
    assert!(notes[0].message.contains("too many parameters"), "{notes:#?}");
}
