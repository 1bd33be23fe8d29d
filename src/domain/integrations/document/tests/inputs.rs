//! Inputs: parameters and bodies as one flat object.

use serde_json::Value;
use serde_json::json;

use super::document;
use super::good;
use super::noted;
use crate::domain::integrations::definition::ActionDefinition;
use crate::domain::integrations::definition::BodyContent;
use crate::domain::integrations::definition::Encoding;

fn operation(operation: Value) -> String {
    let mut operation = operation;
    operation["operationId"] = json!("x");
    document(json!({ "/x": { "post": operation } }), json!({}))
}

fn action(value: Value) -> ActionDefinition {
    good(&operation(value)).actions.remove(0)
}

fn json_body(schema: Value, required: bool) -> Value {
    json!({ "required": required, "content": { "application/json": { "schema": schema } } })
}

#[test]
fn parameters_and_body_stand_beside_each_other() {
    let action = action(json!({
        "parameters": [{ "name": "q", "in": "query", "description": "What to find", "schema": { "type": "string", "description": "other" }, "example": "x" },
                       { "name": "X-Note", "in": "header", "required": true, "schema": { "type": "string" } }],
        "requestBody": json_body(json!({ "type": "object", "required": ["name"], "properties": { "name": { "type": "string" }, "size": { "type": "integer" } } }), true),
    }));

    assert_eq!(
        action.input_schema,
        json!({
            "type": "object",
            "properties": {
                "q": { "type": "string", "description": "What to find", "examples": ["x"] },
                "X-Note": { "type": "string" },
                "name": { "type": "string" },
                "size": { "type": "integer" },
            },
            "required": ["X-Note", "name"],
            "additionalProperties": false,
        })
    );
}

#[test]
fn a_body_whose_names_clash_stands_under_body() {
    let action = action(json!({
        "parameters": [{ "name": "id", "in": "query", "schema": { "type": "string" } }],
        "requestBody": json_body(json!({ "type": "object", "properties": { "id": { "type": "integer" } } }), true),
    }));

    assert_eq!(action.input_schema["properties"]["body"]["properties"]["id"]["type"], "integer");
    assert_eq!(action.input_schema["required"], json!(["body"]));
    assert_eq!(action.body.unwrap().content, BodyContent::Whole("body".to_owned()));
}

#[test]
fn a_body_that_is_no_object_stands_under_body() {
    for schema in [
        json!({ "type": "array", "items": { "type": "string" } }),
        json!({ "type": "object", "additionalProperties": { "type": "string" } }),
        json!({ "type": "object" }),
        json!({ "oneOf": [{ "type": "object", "properties": { "a": {} } }, { "type": "object", "properties": { "b": {} } }] }),
        json!({}),
    ] {
        let action = action(json!({ "requestBody": json_body(schema.clone(), false) }));

        assert_eq!(action.body.unwrap().content, BodyContent::Whole("body".to_owned()), "{schema}");
        assert_eq!(action.input_schema.get("required"), None);
    }
}

#[test]
fn parts_of_a_body_are_put_together() {
    let schema = json!({ "allOf": [
        { "type": "object", "required": ["a"], "properties": { "a": { "type": "string" } } },
        { "properties": { "b": { "type": "integer" } }, "anyOf": [{ "required": ["b"] }, { "required": ["a"] }] },
        { "properties": { "c": {} }, "oneOf": [{ "properties": { "d": { "type": "boolean" } } }, { "type": "string" }] },
    ] });

    let schema = action(json!({ "requestBody": json_body(schema, true) })).input_schema;

    let names: Vec<&String> = schema["properties"].as_object().unwrap().keys().collect();
    assert_eq!(names, ["a", "b", "c", "d"]);
    assert_eq!(schema["required"], json!(["a"]));
    assert_eq!(schema["anyOf"], json!([{ "required": ["b"] }, { "required": ["a"] }]));
}

#[test]
fn an_optional_body_asks_for_its_properties_only_when_it_is_there() {
    let schema = json!({ "type": "object", "required": ["a"], "properties": { "a": { "type": "string" }, "b": { "type": "string" } } });

    let optional = action(json!({ "requestBody": json_body(schema.clone(), false) }));
    let unsaid = action(json!({ "requestBody": { "content": { "application/json": { "schema": schema } } } }));

    assert!(optional.validate(&json!({})).is_ok());
    assert_eq!(optional.validate(&json!({ "b": "x" })).unwrap_err()[0].field, "a");
    assert_eq!(unsaid.input_schema["required"], json!(["a"]));
}

#[test]
fn fixed_values_are_no_inputs() {
    let action = action(json!({
        "parameters": [
            { "name": "X-Version", "in": "header", "schema": { "const": "2022-11-28" } },
            { "name": "Accept", "in": "header", "schema": { "type": "string", "const": "application/vnd.x+json" } },
            { "name": "kind", "in": "query", "required": true, "schema": { "type": "string", "enum": ["only"] } },
            { "name": "maybe", "in": "query", "schema": { "type": "string", "enum": ["only"] } },
        ],
        "requestBody": json_body(json!({ "type": "object", "required": ["type"], "properties": { "type": { "const": "folder" }, "name": {} } }), true),
    }));

    let names: Vec<&String> = action.input_schema["properties"].as_object().unwrap().keys().collect();
    assert_eq!(names, ["maybe", "name"]);
    assert_eq!(action.parameters.iter().filter(|parameter| parameter.fixed.is_some()).count(), 3);
    let fixed = vec![("type".to_owned(), json!("folder"))];
    assert_eq!(
        action.body.unwrap().content,
        BodyContent::Properties { names: vec!["name".to_owned()], fixed, defaults: vec![], spread: None }
    );
}

#[test]
fn a_default_saves_filling_in_what_is_required() {
    let paths = json!({ "/c/{id}": { "get": { "operationId": "x", "parameters": [
        { "name": "id", "in": "path", "required": true, "schema": { "type": "string", "default": "primary" } }] } } });

    let action = good(&document(paths, json!({}))).actions.remove(0);

    assert_eq!(action.input_schema.get("required"), None);
    assert_eq!(action.build(&json!({})).unwrap().url().path(), "/v1/c/primary");
}

#[test]
fn an_operation_s_own_parameter_comes_before_the_path_s() {
    let paths = json!({ "/x": {
        "parameters": [{ "name": "a", "in": "query", "schema": { "type": "string" } }, { "name": "b", "in": "query", "schema": {} }],
        "get": { "operationId": "x", "parameters": [{ "name": "a", "in": "query", "schema": { "type": "integer" } }] },
    } });

    let action = good(&document(paths, json!({}))).actions.remove(0);

    assert_eq!(action.input_schema["properties"], json!({ "a": { "type": "integer" }, "b": {} }));
}

#[test]
fn parameters_that_cannot_be_sent_are_left_out_or_take_the_operation_with_them() {
    let parameter = |name: &str, place: &str, required: bool| json!({ "name": name, "in": place, "required": required, "schema": { "type": "string" } });
    for (name, place) in
        [("sid", "cookie"), ("Host", "header"), ("X-Forwarded-For", "header"), ("a b", "header"), ("m", "matrix")]
    {
        let optional =
            document(json!({ "/x": { "get": { "parameters": [parameter(name, place, false)] } } }), json!({}));
        let (definition, notes) = noted(&optional);
        assert_eq!(definition.actions[0].parameters, vec![], "{name}");
        assert_eq!(notes.len(), 1);

        let required =
            json!({ "/x": { "get": { "parameters": [parameter(name, place, true)] } }, "/y": { "get": {} } });
        let (definition, notes) = noted(&document(required, json!({})));
        assert_eq!(definition.actions.len(), 1, "{name}");
        assert!(notes[0].message.contains(&format!("it needs “{name}”")), "{notes:#?}");
    }
}

#[test]
fn headers_that_odeus_decides_are_ignored_even_if_required() {
    let more = json!({ "security": [{ "k": [] }], "components": { "securitySchemes": { "k": { "type": "apiKey", "in": "header", "name": "X-Key" } } } });
    for name in ["Authorization", "Content-Type", "Accept", "x-key"] {
        let parameters = json!([{ "name": name, "in": "header", "required": true, "schema": { "type": "string" } }]);

        let (definition, notes) =
            noted(&document(json!({ "/x": { "get": { "parameters": parameters } } }), more.clone()));

        assert_eq!(definition.actions[0].parameters, vec![], "{name}");
        assert_eq!(notes.len(), 1);
    }
}

#[test]
fn a_variable_that_is_not_described_is_text_and_one_too_many_is_left_out() {
    let parameters = json!([{ "name": "other", "in": "path", "schema": {} }]);

    let (definition, notes) =
        noted(&document(json!({ "/x/{id}": { "get": { "parameters": parameters } } }), json!({})));

    assert_eq!(definition.actions[0].input_schema["properties"], json!({ "id": { "type": "string" } }));
    assert_eq!(definition.actions[0].input_schema["required"], json!(["id"]));
    assert_eq!(notes.len(), 2);
}

#[test]
fn the_media_type_that_can_be_written_best_is_used() {
    let body = |media: &[&str]| {
        let content: serde_json::Map<String, Value> = media
            .iter()
            .map(|media| ((*media).to_owned(), json!({ "schema": { "type": "object", "properties": { "a": {} } } })))
            .collect();
        let (definition, notes) = noted(&operation(json!({ "requestBody": { "content": content } })));
        let body = definition.actions[0].body.clone().unwrap();
        (body.encoding, body.content_type, notes.len())
    };

    assert_eq!(
        body(&["multipart/form-data", "application/json; charset=utf-8"]),
        (Encoding::Json, "application/json", 0)
    );
    assert_eq!(
        body(&["application/x-www-form-urlencoded", "application/json"]),
        (Encoding::Json, "application/json", 0)
    );
    assert_eq!(body(&["application/merge-patch+json"]), (Encoding::Json, "application/merge-patch+json", 0));
    assert_eq!(body(&["application/vnd.acme+json"]), (Encoding::Json, "application/json", 1));
    assert_eq!(
        body(&["text/plain", "application/x-www-form-urlencoded"]),
        (Encoding::Form, "application/x-www-form-urlencoded", 0)
    );
}

#[test]
fn an_example_of_the_body_is_one_of_its_properties() {
    let body = json!({ "content": { "application/json": {
        "schema": { "type": "object", "properties": { "a": { "type": "string" }, "b": { "type": "string", "example": "own" } } },
        "examples": { "one": { "value": { "a": "x", "b": "y" } } },
    } } });

    let schema = action(json!({ "requestBody": body })).input_schema;

    assert_eq!(schema["properties"]["a"]["examples"], json!(["x"]));
    assert_eq!(schema["properties"]["b"]["examples"], json!(["own"]));
}

#[test]
fn a_default_of_the_body_saves_filling_in_what_is_required() {
    let action = action(json!({ "requestBody": json_body(json!({
        "type": "object",
        "required": ["path", "limit"],
        "properties": { "path": { "type": "string", "default": "" }, "limit": { "type": "integer" }, "all": { "type": "boolean", "default": true } },
    }), true) }));
    let sent = |input: Value| -> Value {
        serde_json::from_slice(action.build(&input).unwrap().body_bytes().unwrap()).unwrap()
    };

    assert_eq!(action.input_schema["required"], json!(["limit"]));
    assert_eq!(sent(json!({ "limit": 1 })), json!({ "limit": 1, "path": "" }));
    assert_eq!(sent(json!({ "limit": 1, "path": "/a" })), json!({ "path": "/a", "limit": 1 }));
}

fn query(variables: Value) -> Value {
    json!({
        "x-odeus": { "spread": "variables" },
        "requestBody": json_body(json!({
            "type": "object",
            "required": ["query", "variables"],
            "properties": { "query": { "const": "query ($id: ID!) { thing(id: $id) { name } }" }, "variables": variables },
        }), true),
    })
}

#[test]
fn the_properties_of_a_spread_one_are_inputs_beside_the_others() {
    let action = action(query(json!({
        "type": "object",
        "required": ["id", "kind"],
        "properties": { "id": { "type": "string" }, "first": { "type": "integer" }, "kind": { "const": "thing" } },
    })));

    let names: Vec<&String> = action.input_schema["properties"].as_object().unwrap().keys().collect();
    assert_eq!(names, ["id", "first"]);
    assert_eq!(action.input_schema["required"], json!(["id"]));
    let request = action.build(&json!({ "first": 5, "id": "a" })).unwrap();
    let body: Value = serde_json::from_slice(request.body_bytes().unwrap()).unwrap();
    let sent = json!({
        "query": "query ($id: ID!) { thing(id: $id) { name } }",
        "variables": { "id": "a", "first": 5, "kind": "thing" },
    });
    assert_eq!(body, sent);
}

#[test]
fn what_is_fixed_beside_or_inside_a_spread_one_cannot_be_given() {
    let action = action(query(json!({
        "type": "object",
        "required": ["id", "kind"],
        "properties": { "id": { "type": "string" }, "kind": { "const": "thing" } },
    })));

    for name in ["query", "variables", "kind"] {
        let errors = action.build(&json!({ "id": "a", name: "mutation { deleteAll }" })).unwrap_err();
        assert_eq!(errors[0].field, name);
    }
}

#[test]
fn what_cannot_be_spread_leaves_the_operation_out_and_says_so() {
    let unknown = json!({ "type": "string" });
    let clashing = json!({ "type": "object", "properties": { "q": { "type": "string" } } });
    let mut with_q = query(clashing);
    with_q["parameters"] = json!([{ "name": "q", "in": "query", "schema": { "type": "string" } }]);
    for (wrong, said) in [(query(unknown), "no “variables”"), (with_q, "twice what “q” is")] {
        let mut wrong = wrong;
        wrong["operationId"] = json!("wrong");
        let paths = json!({ "/wrong": { "post": wrong }, "/x": { "get": { "operationId": "x" } } });

        let (definition, notes) = noted(&document(paths, json!({})));

        assert!(definition.action("wrong").is_none());
        assert!(notes[0].message.contains(said), "{notes:?}");
    }
}
