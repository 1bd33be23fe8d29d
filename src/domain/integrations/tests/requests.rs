//! Requests, and what nobody can make of them (D-41).

use serde_json::Value;
use serde_json::json;

use super::action;
use super::fields_of;
use super::parameter;
use super::taking;
use crate::domain::integrations::definition::ActionDefinition;

fn url(action: &ActionDefinition, input: Value) -> String {
    action.build(&input).unwrap_or_else(|errors| panic!("{errors:#?}")).url().to_string()
}

fn query_url(parameter: Value, value: Value) -> String {
    let name = parameter["name"].as_str().unwrap().to_owned();
    let action = action("get", "/x", json!({ "parameters": [parameter] }));
    url(&action, json!({ name: value })).replace("https://api.example.com/v1/x", "")
}

fn path_action() -> ActionDefinition {
    action("get", "/c/{id}/events", json!({ "parameters": [parameter("id", "path", json!({}))] }))
}

fn body_text(action: &ActionDefinition, input: Value) -> Option<String> {
    let request = action.build(&input).unwrap_or_else(|errors| panic!("{errors:#?}"));
    request.body_bytes().map(|bytes| String::from_utf8(bytes.to_vec()).unwrap())
}

fn header<'r>(request: &'r crate::outbound::request::Request, name: &str) -> Option<&'r str> {
    let found = request.headers().iter().find(|(header, _)| header == name);
    found.map(|(_, value)| value.to_str().unwrap())
}

#[test]
fn a_path_segment_is_encoded_as_one() {
    let action = path_action();

    for (value, path) in [
        ("primary", "primary"),
        ("ada@example.com", "ada%40example.com"),
        ("a b?c#d&e=f;g", "a%20b%3Fc%23d%26e%3Df%3Bg"),
        ("é日", "%C3%A9%E6%97%A5"),
        ("...", "..."),
        ("@evil.test", "%40evil.test"),
    ] {
        assert_eq!(url(&action, json!({ "id": value })), format!("https://api.example.com/v1/c/{path}/events"));
    }
}

#[test]
fn a_path_segment_that_leads_elsewhere_is_refused() {
    let action = path_action();

    for value in [
        "",
        ".",
        "..",
        "../x",
        "..%2f",
        "%2e",
        "%2e%2e",
        "%2E%2E",
        "a/b",
        "//evil.test",
        "/",
        "\\",
        "..\\..",
        "a%00",
        "a\0",
        "a\r\nX: y",
        "a\tb",
        "\u{7f}",
        "100%",
    ] {
        let errors = action.build(&json!({ "id": value })).expect_err(value);

        assert_eq!(fields_of(&errors), ["id"], "{value:?}");
    }
}

#[test]
fn a_path_segment_of_another_kind_is_refused_or_written_simply() {
    let of = |schema: Value| {
        action("get", "/c/{id}", json!({ "parameters": [parameter("id", "path", json!({ "schema": schema }))] }))
    };
    let list = of(json!({ "type": "array", "items": { "type": "string" } }));

    assert_eq!(url(&of(json!({ "type": "integer" })), json!({ "id": 7 })), "https://api.example.com/v1/c/7");
    assert_eq!(url(&list, json!({ "id": ["a", "b c"] })), "https://api.example.com/v1/c/a,b%20c");
    for value in [json!([]), json!(["a", ".."]), json!(["a", ""]), json!(["a/../b"])] {
        assert!(list.build(&json!({ "id": value })).is_err(), "{value}");
    }
    assert!(of(json!({})).build(&json!({ "id": null })).is_err());
    assert!(of(json!({})).build(&json!({ "id": { "a": "/" } })).is_err());
}

#[test]
fn parts_of_a_segment_keep_what_is_around_them() {
    let parameters = json!([parameter("a", "path", json!({})), parameter("b", "path", json!({}))]);
    let action = action("get", "/find(q='{a}')/{b}.json/delta()", json!({ "parameters": parameters }));

    assert_eq!(
        url(&action, json!({ "a": "it's", "b": "x" })),
        "https://api.example.com/v1/find(q='it%27s')/x.json/delta()"
    );
}

#[test]
fn dots_that_come_together_from_two_values_do_not_climb() {
    let parameters = json!([parameter("a", "path", json!({})), parameter("b", "path", json!({}))]);
    let action = action("get", "/x/{a}{b}/y", json!({ "parameters": parameters }));

    assert!(action.build(&json!({ "a": ".", "b": "." })).is_err());
    assert_eq!(url(&action, json!({ "a": "...", "b": "z" })), "https://api.example.com/v1/x/...z/y");
}

#[test]
fn query_parameters_are_written_in_their_style() {
    let list = json!({ "type": "array", "items": { "type": ["string", "integer"] } });
    let object = json!({ "type": "object" });
    let of = |schema: &Value, more: Value| {
        let mut more = more;
        more["schema"] = schema.clone();
        parameter("p", "query", more)
    };

    for (parameter, value, query) in [
        (of(&json!({}), json!({})), json!("a b&c=d+é"), "?p=a%20b%26c%3Dd%2B%C3%A9"),
        (of(&json!({}), json!({})), json!(true), "?p=true"),
        (of(&json!({}), json!({})), json!(2.5), "?p=2.5"),
        (of(&list, json!({})), json!(["a", 1]), "?p=a&p=1"),
        (of(&list, json!({})), json!([]), ""),
        (of(&list, json!({ "explode": false })), json!(["a,b", 1]), "?p=a%2Cb,1"),
        (of(&list, json!({ "style": "spaceDelimited" })), json!(["a", "b"]), "?p=a%20b"),
        (of(&list, json!({ "style": "pipeDelimited" })), json!(["a", "b"]), "?p=a%7Cb"),
        (of(&object, json!({})), json!({ "a": 1, "b": "x" }), "?a=1&b=x"),
        (of(&object, json!({ "explode": false })), json!({ "a": 1, "b": "x" }), "?p=a,1,b,x"),
        (of(&object, json!({ "style": "deepObject" })), json!({ "a": { "b": 1 } }), "?p%5Ba%5D%5Bb%5D=1"),
        (of(&list, json!({ "style": "deepObject" })), json!(["a", "b"]), "?p%5B%5D=a&p%5B%5D=b"),
        (of(&json!({}), json!({ "allowReserved": true })), json!("a/b:c&d"), "?p=a/b:c%26d"),
        (
            json!({ "name": "p", "in": "query", "content": { "application/json": { "schema": {} } } }),
            json!({ "a": [1] }),
            "?p=%7B%22a%22%3A%5B1%5D%7D",
        ),
    ] {
        assert_eq!(query_url(parameter.clone(), value), query, "{parameter}");
    }
}

#[test]
fn names_of_query_parameters_cannot_break_out() {
    assert_eq!(query_url(parameter("$filter&x=1#", "query", json!({})), json!("a")), "?%24filter%26x%3D1%23=a");
}

#[test]
fn what_is_left_out_is_not_sent() {
    let optional = json!([
        parameter("q", "query", json!({ "schema": { "default": "d" } })),
        parameter("X-A", "header", json!({}))
    ]);
    let action = action("get", "/x", json!({ "parameters": optional }));

    let request = action.build(&json!({})).unwrap();

    assert_eq!(request.url().as_str(), "https://api.example.com/v1/x");
    assert_eq!(header(&request, "x-a"), None);
    assert_eq!(header(&request, "accept"), Some("application/json, */*;q=0.5"));
}

#[test]
fn headers_take_one_printable_line() {
    let action = action("get", "/x", json!({ "parameters": [parameter("X-Note", "header", json!({}))] }));

    assert_eq!(header(&action.build(&json!({ "X-Note": "Hi: there" })).unwrap(), "x-note"), Some("Hi: there"));
    let long = "x".repeat(1025);
    for value in ["a\r\nSet-Cookie: x", "a\nb", "a\0", "a\tb", "é", long.as_str()] {
        let errors = action.build(&json!({ "X-Note": value })).unwrap_err();

        assert_eq!(fields_of(&errors), ["X-Note"], "{value:?}");
    }
}

#[test]
fn fixed_values_are_always_sent_and_cannot_be_given() {
    let parameters = json!([
        parameter("X-Version", "header", json!({ "schema": { "const": "2022-11-28" } })),
        parameter("Accept", "header", json!({ "schema": { "const": "application/vnd.x+json" } })),
        parameter("fields", "query", json!({ "schema": { "const": "id,name" } })),
        parameter("kind", "path", json!({ "schema": { "enum": ["things"] } })),
    ]);
    let action = action("get", "/{kind}", json!({ "parameters": parameters }));

    let request = action.build(&json!({})).unwrap();

    assert_eq!(request.url().as_str(), "https://api.example.com/v1/things?fields=id%2Cname");
    assert_eq!(header(&request, "x-version"), Some("2022-11-28"));
    assert_eq!(header(&request, "accept"), Some("application/vnd.x+json"));
    for name in ["X-Version", "fields", "kind"] {
        assert_eq!(fields_of(&action.build(&json!({ name: "other" })).unwrap_err()), [name]);
    }
}

#[test]
fn a_json_body_is_made_of_its_inputs() {
    let mut operation = taking(
        json!({ "name": { "type": "string" }, "tags": { "type": "array" }, "none": { "type": ["null", "string"] } }),
    );
    operation["parameters"] = json!([parameter("q", "query", json!({}))]);
    let action = action("post", "/x", operation);

    let request = action.build(&json!({ "tags": [1], "q": "z", "name": "a", "none": null })).unwrap();

    assert_eq!(request.url().query(), Some("q=z"));
    assert_eq!(request.body_bytes(), Some(&br#"{"name":"a","tags":[1],"none":null}"#[..]));
    assert_eq!(header(&request, "content-type"), Some("application/json"));
    assert_eq!(body_text(&action, json!({})).as_deref(), Some("{}"));
}

#[test]
fn a_body_that_may_be_left_out_is() {
    let body =
        json!({ "content": { "application/json": { "schema": { "type": "object", "properties": { "a": {} } } } } });
    let optional = action("post", "/x", json!({ "requestBody": body }));
    let list = json!({ "content": { "application/json": { "schema": { "type": "array" } } } });
    let whole = action("post", "/x", json!({ "requestBody": list }));

    assert_eq!(body_text(&optional, json!({})), None);
    assert_eq!(body_text(&whole, json!({})), None);
    assert_eq!(body_text(&whole, json!({ "body": [1, 2] })).as_deref(), Some("[1,2]"));
}

#[test]
fn a_form_nests_with_brackets_unless_the_document_says_otherwise() {
    let form = |encoding: Value| {
        let schema =
            json!({ "type": "object", "properties": { "name": {}, "tags": {}, "items": {}, "meta": {}, "on": {} } });
        let content = json!({ "application/x-www-form-urlencoded": { "schema": schema, "encoding": encoding } });
        action("post", "/x", json!({ "requestBody": { "content": content } }))
    };
    let input = json!({
        "name": "A & B", "tags": ["x", "y"], "items": [{ "price": 1 }, { "price": 2, "more": [3] }], "meta": { "k]": "v", "o": { "p": null } }, "on": true,
    });

    assert_eq!(
        body_text(&form(json!({})), input).unwrap().replace("%5B", "[").replace("%5D", "]"),
        "name=A%20%26%20B&tags[]=x&tags[]=y&items[0][price]=1&items[1][price]=2&items[1][more][]=3&meta[k]]=v&meta[o][p]=&on=true"
    );
    let stated = form(json!({ "tags": { "style": "form", "explode": false }, "meta": { "style": "deepObject" } }));
    assert_eq!(
        body_text(&stated, json!({ "tags": ["x", "y"], "meta": { "a": 1 } })).as_deref(),
        Some("tags=x,y&meta%5Ba%5D=1")
    );
    let request = stated.build(&json!({ "name": "x" })).unwrap();
    assert_eq!(header(&request, "content-type"), Some("application/x-www-form-urlencoded"));
}

#[test]
fn an_input_that_does_not_fit_is_told_field_by_field() {
    let mut operation = taking(json!({
        "kind": { "type": "string", "enum": ["a", "b"] },
        "size": { "type": "integer", "minimum": 1, "maximum": 9 },
        "people": { "type": "array", "maxItems": 2, "items": { "type": "object", "required": ["email"], "properties": { "email": { "type": "string" } } } },
        "when": { "anyOf": [{ "type": "object", "required": ["date"] }, { "type": "null" }] },
        "code": { "type": "string", "pattern": "^[0-9]+$", "maxLength": 3 },
    }));
    operation["parameters"] = json!([parameter("q", "query", json!({ "required": true }))]);
    let action = action("post", "/x", operation);
    let told = |input: Value| {
        let errors = action.validate(&input).unwrap_err();
        assert_eq!(errors.len(), 1, "{errors:#?}");
        (errors[0].field.clone(), errors[0].message.clone())
    };
    let with = |name: &str, value: Value| json!({ "q": "x", name: value });
    let pair = |field: &str, message: &str| (field.to_owned(), message.to_owned());

    assert_eq!(told(json!({})), pair("q", "Please fill this in."));
    assert_eq!(told(with("other", json!(1))), pair("other", "There is no such input."));
    assert_eq!(told(with("kind", json!("c"))), pair("kind", "Choose one of these: a, b."));
    assert_eq!(told(with("size", json!("1"))), pair("size", "This should be a whole number."));
    assert_eq!(told(with("size", json!(0))), pair("size", "This is too small: at least 1."));
    assert_eq!(told(with("size", json!(10))), pair("size", "This is too large: at most 9."));
    assert_eq!(told(with("people", json!([{ "email": "x" }, {}]))), pair("people.1.email", "Please fill this in."));
    assert_eq!(told(with("people", json!({}))), pair("people", "This should be a list."));
    assert_eq!(told(with("when", json!({}))), pair("when.date", "Please fill this in."));
    assert_eq!(told(with("when", json!(1))), pair("when", "This fits none of the forms it can have."));
    assert_eq!(told(with("code", json!("x"))).0, "code");
    assert_eq!(told(json!([])).0, "");
}

#[test]
fn a_pattern_that_would_take_for_ever_is_answered_at_once() {
    let action = action("post", "/x", taking(json!({ "a": { "type": "string", "pattern": "^(a+)+$" } })));

    let errors = action.validate(&json!({ "a": format!("{}!", "a".repeat(50_000)) })).unwrap_err();

    assert_eq!(fields_of(&errors), ["a"]);
}

mod any_value {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn stays_in_its_segment_and_on_the_origin(value in "\\PC{0,12}|[./%\\\\a\\x00-\\x1f@:?#]{0,8}") {
            let action = path_action();
            if let Ok(request) = action.build(&json!({ "id": value })) {
                let url = request.url();
                prop_assert_eq!(url.origin().ascii_serialization(), "https://api.example.com");
                let segments: Vec<&str> = url.path_segments().unwrap().collect();
                prop_assert_eq!(segments.len(), 4);
                prop_assert_eq!((segments[0], segments[1], segments[3]), ("v1", "c", "events"));
                let decoded = percent_encoding::percent_decode_str(segments[2]).decode_utf8().unwrap();
                prop_assert_eq!(decoded, value);
                prop_assert!(url.query().is_none() && url.fragment().is_none());
            }
        }

        #[test]
        fn stays_in_its_query_parameter(value in "\\PC{0,12}|[&=#?+%\\[\\]\\x00-\\x1f]{0,8}") {
            let action = action("get", "/x", json!({ "parameters": [parameter("q", "query", json!({}))] }));
            let request = action.build(&json!({ "q": value })).unwrap();
            let pairs: Vec<(String, String)> = request.url().query_pairs().into_owned().collect();
            prop_assert_eq!(pairs, vec![("q".to_owned(), value)]);
        }
    }
}
