//! The comparison and the stand-in find what they are for: planted mistakes, one at a time.

use std::sync::Arc;

use serde_json::Value;
use serde_json::json;

use crate::catalog::answers;
use crate::catalog::documents::Document;
use crate::catalog::operations;
use crate::catalog::rules;
use crate::catalog::samples;
use crate::catalog::standin;
use crate::catalog::vendors;
use crate::catalog::vendors::Vendor;

const DOCUMENT: &str = r"
openapi: 3.1.0
info: {title: Notes, version: v1, description: Keep notes and find them again.}
servers: [{url: 'https://api.notes.example/v1'}]
x-odeus:
  key: notes
  category: Notes
  auth: [{type: oauth, scheme: notes}]
  check: {operation: listNotes, account: /owner}
components:
  securitySchemes:
    notes:
      type: oauth2
      flows:
        authorizationCode:
          authorizationUrl: https://notes.example/authorize
          tokenUrl: https://notes.example/token
          scopes: {notes.read: See all your notes, notes.write: Add to your notes}
paths:
  /people/me/notes:
    get:
      operationId: listNotes
      summary: List notes
      description: Lists the notes of the account, newest first. Returns the id and the text of each.
      parameters:
        - {name: max, in: query, description: How many to return., schema: {type: integer, maximum: 50, default: 10}}
        - {name: label, in: query, description: Only with these labels., schema: {type: array, items: {type: string}}}
      responses: {'200': {description: The notes.}}
      security: [{notes: [notes.read]}]
  /people/me/notes/{noteId}:
    put:
      operationId: changeNote
      summary: Change a note
      description: Puts another text in place of a note's. Returns the note as it is afterwards.
      parameters:
        - {name: noteId, in: path, required: true, description: The note., schema: {type: string, examples: [n1]}}
        - {name: revision, in: query, required: true, description: Which one., schema: {type: string, examples: [r1]}}
      requestBody:
        required: true
        content:
          application/json:
            schema:
              type: object
              required: [text]
              properties:
                text: {type: string, description: The text., examples: [Milk]}
                colour: {type: string, description: Its colour., enum: [red, blue]}
                due: {type: object, description: When., properties: {day: {type: string, format: date, description: The day., examples: ['2026-05-04']}}}
      responses: {'200': {description: The note.}}
      security: [{notes: [notes.write]}]
";

/// The same API as its vendor describes it, in Google's form.
fn described() -> Value {
    let note = json!({
        "type": "object",
        "properties": {
            "id": {"type": "string", "readOnly": true},
            "text": {"type": "string", "annotations": {"required": ["notes.put"]}},
            "colour": {"type": "string", "enum": ["red", "blue", "green"]},
            "due": {"$ref": "Due"},
        },
    });
    let person = json!({"type": "string", "location": "path", "required": true});
    let list = json!({
        "id": "notes.list", "path": "people/{personId}/notes", "httpMethod": "GET", "scopes": ["notes.read", "notes.write"],
        "response": {"properties": {"owner": {"type": "string"}, "notes": {"type": "array", "items": {"$ref": "Note"}}}},
        "parameters": {
            "personId": person,
            "max": {"type": "integer", "location": "query", "maximum": "50"},
            "label": {"type": "string", "location": "query", "repeated": true},
        },
    });
    let put = json!({
        "id": "notes.put", "path": "people/{personId}/notes/{id}", "httpMethod": "PUT", "scopes": ["notes.write"],
        "parameters": {
            "personId": person,
            "id": {"type": "string", "location": "path", "required": true},
            "revision": {"type": "string", "location": "query", "required": true},
        },
        "request": {"$ref": "Note"},
    });
    json!({
        "kind": "discovery#restDescription", "rootUrl": "https://api.notes.example/", "servicePath": "v1/",
        "schemas": {"Note": note, "Due": {"type": "object", "properties": {"day": {"type": "string", "format": "date"}}}},
        "resources": {"notes": {"methods": {"list": list, "put": put}}},
    })
}

const VENDOR: Vendor = Vendor {
    key: "notes",
    files: &["notes.json"],
    base: None,
    scopes_are_alternatives: false,
    credentials: &[],
    renamed: &[],
};

fn roots() -> [Arc<Value>; 1] {
    [Arc::new(vendors::read("notes.json", &described().to_string()))]
}

/// What the comparison finds where `from` stands for `to` in the document.
fn found(from: &str, to: &str) -> Vec<String> {
    assert!(from.is_empty() || DOCUMENT.contains(from), "{from} is not in the document");
    let document = Document::read("notes", DOCUMENT.replacen(from, to, 1));
    let mut found = operations::differences(&document, &VENDOR, &roots());
    found.extend(answers::differences(&document, &VENDOR, &roots()));
    found
}

fn finds(from: &str, to: &str, difference: &str) {
    let found = found(from, to);
    assert!(found.iter().any(|it| it.contains(difference)), "“{difference}” is not among {found:#?}");
}

#[test]
fn a_document_that_is_true_to_its_vendor_has_no_differences() {
    assert_eq!(found("", ""), Vec::<String>::new());
}

#[test]
fn a_wrong_path_method_or_host_is_found() {
    finds(
        "/people/me/notes/{noteId}:",
        "/people/me/note/{noteId}:",
        "changeNote: the vendor has no path /people/me/note/",
    );
    finds("    put:", "    patch:", "changeNote: the vendor has no PATCH");
    finds("api.notes.example/v1'", "api.notes.example/v2'", "is not at https://api.notes.example/v1");
    finds("api.notes.example/v1'", "notes.example/v1'", "is not at https://api.notes.example/v1");
}

#[test]
fn a_wrong_parameter_is_found() {
    finds("name: max,", "name: most,", "query most: the vendor has no such parameter");
    finds("schema: {type: integer, maximum: 50, default: 10}", "schema: {type: string}", "query max: it is string");
    finds("maximum: 50", "maximum: 99", "query max: the vendor's maximum is 50");
    finds("{type: array, items: {type: string}}", "{type: string}", "query label: it is string, the vendor's is array");
    finds("items: {type: string}", "items: {type: boolean}", "query label[]: it is boolean");
    finds("description: Only with these labels.,", "description: Only these., explode: false,", "it is written as");
}

#[test]
fn a_missing_required_parameter_or_property_is_found() {
    let revision = "        - {name: revision, in: query, required: true, description: Which one., schema: {type: string, examples: [r1]}}\n";
    finds(revision, "", "query revision: the vendor requires it");
    finds(
        "name: revision, in: query, required: true",
        "name: revision, in: query",
        "query revision: the vendor requires it",
    );
    finds("              required: [text]\n", "", "body.text: the vendor requires it");
}

#[test]
fn an_unknown_wrong_or_unsettable_property_is_found() {
    finds("text: {type: string, d", "text: {type: integer, d", "body.text: it is integer, the vendor's is string");
    finds("                colour:", "                color:", "body.color: the vendor has no such property");
    finds("                colour:", "                id:", "body.id: the vendor only answers with it");
    finds("enum: [red, blue]", "enum: [red, pink]", "body.colour: \"pink\" is no choice");
    finds(", enum: [red, blue]", "", "body.colour: the choices are not said");
    finds("properties: {day:", "properties: {date:", "body.due.date: the vendor has no such property");
    finds("format: date,", "format: date-time,", "body.due.day: its format is date-time");
}

#[test]
fn wrong_scopes_are_found() {
    finds(
        "security: [{notes: [notes.write]}]",
        "security: [{notes: [notes.read]}]",
        "scope notes.read: the vendor lists none",
    );
}

#[test]
fn an_account_that_is_not_in_the_answer_is_found() {
    finds("account: /owner", "account: /user", "listNotes: the vendor's answer has no /user");
    finds("account: /owner", "account: /owner/name", "the vendor's answer has no /owner/name");
    assert_eq!(found("account: /owner", "account: /notes/0/id"), Vec::<String>::new());
}

#[test]
fn the_stand_in_takes_what_is_right_and_refuses_what_is_not() {
    let document = Document::read("notes", DOCUMENT.to_owned());
    let action = document.definition.action("changeNote").unwrap();
    let request = action.build(&samples::whole(&action.input_schema)).unwrap();
    assert_eq!(standin::refusals(&request, &VENDOR, &roots()), Vec::<String>::new());
    assert_eq!(request.url().as_str(), "https://api.notes.example/v1/people/me/notes/n1?revision=r1");

    let refused = |change: &dyn Fn(&mut Value)| {
        let mut described = described();
        change(&mut described);
        let roots = [Arc::new(vendors::read("notes.json", &described.to_string()))];
        standin::refusals(&request, &VENDOR, &roots).join("; ")
    };
    let put = "/resources/notes/methods/put";
    let set = |described: &mut Value, pointer: &str, value: Value| *described.pointer_mut(pointer).unwrap() = value;

    assert!(refused(&|it| set(it, &format!("{put}/path"), json!("notes/{id}"))).contains("there is no PUT"));
    assert!(refused(&|it| set(it, &format!("{put}/parameters"), json!({}))).contains("query revision is not known"));
    let at = json!({"type": "integer", "location": "query", "required": true});
    assert!(refused(&|it| set(it, &format!("{put}/parameters/revision"), at.clone())).contains("\"r1\" is not"));
    assert!(
        refused(&|it| it["resources"]["notes"]["methods"]["put"]["parameters"]["more"] = at.clone())
            .contains("query more is missing")
    );
    assert!(
        refused(&|it| set(it, "/schemas/Note/properties/colour", json!({"type": "integer"}))).contains("body.colour")
    );
    assert!(
        refused(&|it| it["schemas"]["Note"]["required"] = json!(["id", "owner"])).contains("body.owner is missing")
    );
    assert!(
        refused(&|it| set(it, "/schemas/Due/properties", json!({"hour": {"type": "string"}})))
            .contains("body.due.day is not known")
    );
}

#[test]
fn what_people_and_agents_need_is_missed_where_it_is_not() {
    let wishes = |from: &str, to: &str| {
        assert!(DOCUMENT.contains(from), "{from}");
        rules::wishes(&Document::read("notes", DOCUMENT.replacen(from, to, 1))).join("\n")
    };

    assert_eq!(wishes("notes", "notes"), "catalog/mod.rs does not list it");
    assert!(wishes("  check: {operation: listNotes, account: /owner}\n", "").contains("x-odeus.check is missing"));
    assert!(wishes("operation: listNotes, account: /owner", "operation: listNotes").contains("account is missing"));
    assert!(wishes("summary: Change a note", "summary: change").contains("changeNote: summary"));
    assert!(
        wishes(
            "      description: Lists the notes of the account, newest first. Returns the id and the text of each.\n",
            ""
        )
        .contains("listNotes: description")
    );
    assert!(wishes("description: How many to return.,", "").contains("listNotes: max is not described"));
    assert!(wishes("description: The day., ", "").contains("body.due.day is not described"));
    assert!(wishes(", examples: [n1]", "").contains("noteId is required and has no example"));
    assert!(wishes("{notes: [notes.read]}", "{notes: []}").contains("listNotes: no OAuth scope is named"));
    assert!(wishes("notes.write: Add to your notes", "notes.write: ''").contains("notes.write is not explained"));
    assert!(wishes("notes.write: Add", "notes.all: All your notes, notes.write: Add").contains("the scope notes.all"));
    assert!(
        wishes("      operationId: listNotes", "      x-odeus: {effect: write}\n      operationId: listNotes")
            .contains("a GET does not")
    );
    assert!(wishes("  category: Notes\n", "  category: Notes\n  icon: nothere\n").contains("static/icons/nothere.svg"));
    assert!(
        wishes("  category: Notes\n", "  category: Notes\n  colour: red\n").contains("the loader leaves something out")
    );
}
