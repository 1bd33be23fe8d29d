//! Forms: from a schema to fields, from what was typed to an input, and back.

use serde_json::Value;
use serde_json::json;

use super::action;
use super::fields_of;
use super::parameter;
use super::taking;
use crate::domain::integrations::definition::ActionDefinition;
use crate::domain::integrations::form::FieldKind;
use crate::domain::integrations::form::FormField;
use crate::domain::integrations::form::fields;
use crate::domain::integrations::form::form_values;
use crate::domain::integrations::form::input_from_form;

fn all_kinds() -> ActionDefinition {
    let mut operation = taking(json!({
        "summary": { "type": "string", "description": "Its title", "examples": ["Lunch"] },
        "description": { "type": "string" },
        "max_results": { "type": ["integer", "null"], "default": 10, "minimum": 1 },
        "ratio": { "type": "number" },
        "isOpen": { "type": "boolean", "title": "Open?" },
        "level": { "type": "integer", "enum": [1, 2, 3] },
        "start": { "type": "string", "format": "date-time" },
        "day": { "anyOf": [{ "type": "string", "format": "date" }, { "type": "null" }] },
        "tags": { "type": "array", "items": { "type": "string", "examples": ["red"] } },
        "numbers": { "type": "array", "items": { "type": "integer" } },
        "people": { "type": "array", "items": { "type": "object" } },
        "where": { "anyOf": [{ "type": "string" }, { "type": "object" }] },
        "mixed": { "type": ["string", "integer"] },
    }));
    operation["parameters"] = json!([
        parameter("calendarId", "path", json!({ "schema": { "type": "string", "default": "primary" } })),
        parameter("X-Note", "header", json!({ "required": true })),
        parameter("X-Version", "header", json!({ "schema": { "const": "1" } })),
    ]);
    action("post", "/c/{calendarId}", operation)
}

fn found<'f>(fields: &'f [FormField], name: &str) -> &'f FormField {
    fields.iter().find(|field| field.name == name).unwrap()
}

fn typed(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect()
}

#[test]
fn each_input_has_a_field_of_its_kind() {
    let fields = fields(&all_kinds());

    let kinds: Vec<(&str, FieldKind)> = fields.iter().map(|field| (field.name.as_str(), field.kind.clone())).collect();
    assert_eq!(
        kinds,
        [
            ("calendarId", FieldKind::Text),
            ("X-Note", FieldKind::Text),
            ("summary", FieldKind::Text),
            ("description", FieldKind::Multiline),
            ("max_results", FieldKind::Integer),
            ("ratio", FieldKind::Number),
            ("isOpen", FieldKind::Boolean),
            ("level", FieldKind::Choice(vec!["1".to_owned(), "2".to_owned(), "3".to_owned()])),
            ("start", FieldKind::DateTime),
            ("day", FieldKind::Date),
            ("tags", FieldKind::List),
            ("numbers", FieldKind::List),
            ("people", FieldKind::Json),
            ("where", FieldKind::Json),
            ("mixed", FieldKind::Text),
        ]
    );
}

#[test]
fn a_field_says_what_the_document_says() {
    let fields = fields(&all_kinds());

    let calendar = found(&fields, "calendarId");
    assert_eq!((calendar.label.as_str(), calendar.location.as_str()), ("Calendar id", "path"));
    assert_eq!((calendar.default.as_deref(), calendar.required), (Some("primary"), false));
    let note = found(&fields, "X-Note");
    assert_eq!((note.label.as_str(), note.location.as_str(), note.required), ("X Note", "header", true));
    let summary = found(&fields, "summary");
    assert_eq!((summary.help.as_deref(), summary.example.as_deref()), (Some("Its title"), Some("Lunch")));
    assert_eq!(summary.location, "body");
    assert_eq!(found(&fields, "isOpen").label, "Open?");
    assert_eq!(found(&fields, "max_results").label, "Max results");
    assert_eq!(found(&fields, "max_results").default.as_deref(), Some("10"));
    assert_eq!(found(&fields, "tags").example.as_deref(), Some("red"));
}

#[test]
fn what_is_typed_becomes_an_input() {
    let pairs = typed(&[
        ("csrf", "x"),
        ("X-Note", " hi "),
        ("summary", "Lunch"),
        ("description", "one\r\ntwo\r\n"),
        ("max_results", "5"),
        ("ratio", "2.50"),
        ("isOpen", "on"),
        ("level", "2"),
        ("start", "2026-05-04T10:00"),
        ("day", "2026-05-04"),
        ("tags", "a\r\n\r\n b \r\n"),
        ("numbers", "1\n2"),
        ("people", "[{\"email\": \"x\"}]"),
        ("where", "Zürich"),
        ("mixed", "7"),
    ]);

    let input = input_from_form(&all_kinds(), &pairs).unwrap();

    assert_eq!(
        input,
        json!({
            "X-Note": "hi", "summary": "Lunch", "description": "one\ntwo\n", "max_results": 5, "ratio": 2.5, "isOpen": true, "level": 2,
            "start": "2026-05-04T10:00:00Z", "day": "2026-05-04", "tags": ["a", "b"], "numbers": [1, 2], "people": [{ "email": "x" }],
            "where": "Zürich", "mixed": "7",
        })
    );
}

#[test]
fn an_empty_field_is_left_out_and_a_required_one_asked_for() {
    let errors = input_from_form(&all_kinds(), &typed(&[("X-Note", "  "), ("summary", "")])).unwrap_err();

    assert_eq!(fields_of(&errors), ["X-Note"]);
    assert_eq!(
        input_from_form(&all_kinds(), &typed(&[("X-Note", "a"), ("summary", "")])).unwrap(),
        json!({ "X-Note": "a" })
    );
}

#[test]
fn a_bad_field_has_one_clear_message() {
    for (name, text, message) in [
        ("max_results", "many", "This should be a whole number, like 25."),
        ("max_results", "0", "This is too small: at least 1."),
        ("ratio", "x", "This should be a number, like 2.5."),
        ("isOpen", "maybe", "This should be true or false."),
        ("level", "9", "Choose one of these: 1, 2, 3."),
        ("numbers", "1\nx", "This should be a whole number, like 25."),
        ("people", "[{", "This is not valid JSON (line 1, column 2)."),
        ("people", "7", "This should be a list."),
    ] {
        let errors = input_from_form(&all_kinds(), &typed(&[("X-Note", "a"), (name, text)])).unwrap_err();

        assert_eq!((fields_of(&errors), errors[0].message.as_str()), (vec![name], message), "{text}");
    }
}

#[test]
fn a_list_can_come_as_several_pairs() {
    let input = input_from_form(&all_kinds(), &typed(&[("X-Note", "a"), ("tags", "x"), ("tags", "y")])).unwrap();

    assert_eq!(input["tags"], json!(["x", "y"]));
}

#[test]
fn a_form_filled_again_gives_the_same_input() {
    let action = all_kinds();
    for input in [
        json!({ "X-Note": "a" }),
        json!({
            "X-Note": "hi", "description": "one\ntwo", "max_results": 5, "ratio": 2.5, "isOpen": false, "level": 3, "start": "2026-05-04T10:00:00+02:00",
            "tags": ["a", "b"], "numbers": [], "people": [{ "email": "x", "n": [1] }], "where": { "a": null }, "mixed": "7",
        }),
        json!({ "X-Note": "hi", "where": "12" }),
        json!({ "X-Note": "hi", "where": "\"quoted\"" }),
        json!({ "X-Note": "hi", "where": "plain" }),
    ] {
        let pairs: Vec<(String, String)> = form_values(&action, &input).into_iter().collect();

        let mut expected = input.clone();
        // An empty list and none are the same to a form.
        if expected.get("numbers") == Some(&Value::Array(Vec::new())) {
            expected.as_object_mut().unwrap().shift_remove("numbers");
        }
        assert_eq!(input_from_form(&action, &pairs).unwrap(), expected);
    }
}

#[test]
fn what_is_nested_is_shown_over_several_lines() {
    let values = form_values(&all_kinds(), &json!({ "people": [{ "email": "x" }], "tags": ["a", "b"] }));

    assert_eq!(values["people"], "[\n  {\n    \"email\": \"x\"\n  }\n]");
    assert_eq!(values["tags"], "a\nb");
}
