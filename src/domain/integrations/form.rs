//! A page's form made from an action's input schema, and the way back.
//!
//! Lists of single values are lines and everything nested is JSON: a page can show and take both without a script. The
//! schema decides at the end, so that a form accepts exactly what the API accepts.

use std::collections::BTreeMap;

use serde_json::Map;
use serde_json::Number;
use serde_json::Value;

use crate::domain::integrations::definition::ActionDefinition;
use crate::domain::integrations::validation::FieldError;

/// Texts that may be longer than this get several lines.
const LONG: u64 = 300;
/// Names under which vendors keep prose.
const PROSE: [&str; 9] =
    ["body", "content", "description", "html", "input", "instructions", "message", "notes", "text"];

/// One field of the form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FormField {
    /// The input's name.
    pub name: String,
    /// What people read.
    pub label: String,
    /// What it means.
    pub help: Option<String>,
    /// What it takes.
    pub kind: FieldKind,
    /// Whether it must be filled in.
    pub required: bool,
    /// What it holds at first.
    pub default: Option<String>,
    /// An example.
    pub example: Option<String>,
    /// Where the value goes: `path`, `query`, `header` or `body`.
    pub location: String,
}

/// What a field takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FieldKind {
    /// One line.
    Text,
    /// Several lines.
    Multiline,
    /// A number.
    Number,
    /// A whole number.
    Integer,
    /// Yes or no.
    Boolean,
    /// One of these.
    Choice(Vec<String>),
    /// A moment.
    DateTime,
    /// A day.
    Date,
    /// One item a line.
    List,
    /// JSON.
    Json,
}

/// The fields, in the order of the document.
pub fn fields(action: &ActionDefinition) -> Vec<FormField> {
    properties(action).map(|(name, schema)| field(action, name, schema)).collect()
}

/// The input from a form's pairs. Pairs that name no input are left out, and so are empty ones.
pub fn input_from_form(action: &ActionDefinition, pairs: &[(String, String)]) -> Result<Value, Vec<FieldError>> {
    let mut input = Map::new();
    let mut errors = Vec::new();
    for (name, schema) in properties(action) {
        let given: Vec<&str> = pairs.iter().filter(|(key, _)| key == name).map(|(_, text)| text.as_str()).collect();
        let text = given.join("\n").replace("\r\n", "\n");
        if text.trim().is_empty() {
            continue;
        }
        match parse(name, schema, &text) {
            Ok(value) => {
                input.insert(name.clone(), value);
            }
            Err(message) => errors.push(FieldError::new(name, message)),
        }
    }
    let input = Value::Object(input);
    let wrong = |error: &FieldError| errors.iter().any(|known| known.field == error.field);
    let more: Vec<FieldError> = match action.validate(&input) {
        // What could not be read is missing as well, which need not be said.
        Err(more) => more.into_iter().filter(|error| !wrong(error)).collect(),
        Ok(()) => Vec::new(),
    };
    errors.extend(more);
    if errors.is_empty() { Ok(input) } else { Err(errors) }
}

/// The texts to fill the form with again.
pub fn form_values(action: &ActionDefinition, input: &Value) -> BTreeMap<String, String> {
    let given = properties(action).filter_map(|(name, schema)| Some((name, schema, input.get(name)?)));
    given.map(|(name, schema, value)| (name.clone(), shown(&kind(name, schema), value))).collect()
}

fn properties(action: &ActionDefinition) -> impl Iterator<Item = (&String, &Value)> {
    action.input_schema.get("properties").and_then(Value::as_object).into_iter().flatten()
}

fn field(action: &ActionDefinition, name: &str, schema: &Value) -> FormField {
    let text = |key: &str| schema.get(key).and_then(Value::as_str).map(str::to_owned);
    let kind = kind(name, schema);
    let required = action.input_schema.get("required").and_then(Value::as_array);
    let location = action.parameters.iter().find(|parameter| parameter.name == name && parameter.fixed.is_none());
    let example = schema.get("examples").and_then(|list| list.get(0)).or_else(|| item_example(schema));
    FormField {
        name: name.to_owned(),
        label: text("title").unwrap_or_else(|| label(name)),
        help: text("description"),
        required: required.is_some_and(|names| names.iter().any(|required| required == name)),
        default: schema.get("default").filter(|value| !value.is_null()).map(|value| shown(&kind, value)),
        example: example.map(|value| shown(&kind, value)),
        location: location.map_or("body", |parameter| parameter.location.as_str()).to_owned(),
        kind,
    }
}

fn item_example(schema: &Value) -> Option<&Value> {
    schema.get("items")?.get("examples")?.get(0)
}

/// `maxResults` and `max_results` as “Max results”.
fn label(name: &str) -> String {
    let mut words = String::new();
    let mut before = ' ';
    for c in name.chars() {
        match c {
            '_' | '-' | '.' | '[' | ']' | '$' => words.push(' '),
            _ if c.is_uppercase() && before.is_lowercase() => {
                words.push(' ');
                words.extend(c.to_lowercase());
            }
            _ => words.push(c),
        }
        before = c;
    }
    let words = words.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut letters = words.chars();
    letters.next().map_or_else(|| name.to_owned(), |first| first.to_uppercase().chain(letters).collect())
}

/// The alternatives of a value without null, with what stands beside them; the value itself where there are none.
fn single(schema: &Value) -> &Value {
    for key in ["anyOf", "allOf"] {
        let parts = schema.get(key).and_then(Value::as_array);
        let parts: Vec<&Value> = parts.into_iter().flatten().filter(|part| types(part) != ["null"]).collect();
        if let ([one], None) = (parts.as_slice(), schema.get("type")) {
            return single(one);
        }
    }
    schema
}

fn types(schema: &Value) -> Vec<&str> {
    match schema.get("type") {
        Some(Value::String(one)) => vec![one],
        Some(Value::Array(several)) => several.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

fn kind(name: &str, schema: &Value) -> FieldKind {
    let schema = single(schema);
    if let Some(choices) = choices(schema) {
        return FieldKind::Choice(choices);
    }
    let types: Vec<&str> = types(schema).into_iter().filter(|word| *word != "null").collect();
    match types.as_slice() {
        ["boolean"] => FieldKind::Boolean,
        ["integer"] => FieldKind::Integer,
        ["number"] => FieldKind::Number,
        ["array"] if schema.get("items").is_some_and(|items| is_scalar(single(items))) => FieldKind::List,
        ["string"] => text_kind(name, schema),
        several if !several.is_empty() && !several.iter().any(|word| matches!(*word, "array" | "object")) => {
            FieldKind::Text
        }
        _ => FieldKind::Json,
    }
}

fn text_kind(name: &str, schema: &Value) -> FieldKind {
    match schema.get("format").and_then(Value::as_str) {
        Some("date-time") => return FieldKind::DateTime,
        Some("date") => return FieldKind::Date,
        Some("textarea" | "multiline" | "markdown" | "html") => return FieldKind::Multiline,
        _ => {}
    }
    let longest = schema.get("maxLength").and_then(Value::as_u64);
    let is_prose = PROSE.contains(&name) && longest.is_none_or(|longest| longest > LONG);
    if is_prose { FieldKind::Multiline } else { FieldKind::Text }
}

fn choices(schema: &Value) -> Option<Vec<String>> {
    let only = schema.get("const").map(std::slice::from_ref);
    let values = only.or_else(|| schema.get("enum").and_then(Value::as_array).map(Vec::as_slice))?;
    let scalars = values.iter().filter(|value| !value.is_null());
    let texts: Option<Vec<String>> =
        scalars.map(|value| if value.is_object() || value.is_array() { None } else { Some(plain(value)) }).collect();
    texts.filter(|texts| !texts.is_empty())
}

fn is_scalar(schema: &Value) -> bool {
    let types = types(schema);
    choices(schema).is_some() || (!types.is_empty() && !types.iter().any(|word| matches!(*word, "array" | "object")))
}

fn parse(name: &str, schema: &Value, text: &str) -> Result<Value, String> {
    let schema = single(schema);
    let line = text.trim();
    match kind(name, schema) {
        FieldKind::Multiline => Ok(Value::from(text)),
        FieldKind::Text | FieldKind::Choice(_) | FieldKind::Integer | FieldKind::Number | FieldKind::Boolean => {
            scalar(schema, line)
        }
        FieldKind::Date => Ok(Value::from(line)),
        FieldKind::DateTime => Ok(Value::from(moment(line))),
        FieldKind::List => {
            let items = schema.get("items").map_or(&Value::Null, single);
            let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
            lines.map(|line| scalar(items, line)).collect()
        }
        FieldKind::Json => match serde_json::from_str(text) {
            Ok(value) => Ok(value),
            // Some inputs are a text or something nested; a text is then typed as it is.
            Err(_) if takes_text(schema) && !line.starts_with(['{', '[', '"']) => Ok(Value::from(line)),
            Err(error) => Err(format!("This is not valid JSON (line {}, column {}).", error.line(), error.column())),
        },
    }
}

fn takes_text(schema: &Value) -> bool {
    let of_any = schema.get("anyOf").and_then(Value::as_array);
    types(schema).contains(&"string")
        || (schema.get("type").is_none() && of_any.is_none())
        || of_any.is_some_and(|parts| parts.iter().any(takes_text))
}

/// One value of the first type that the text can be.
fn scalar(schema: &Value, text: &str) -> Result<Value, String> {
    let values = schema.get("enum").and_then(Value::as_array).into_iter().flatten().chain(schema.get("const"));
    if let Some(value) = values.into_iter().find(|value| plain(value) == text) {
        return Ok(value.clone());
    }
    let types = types(schema);
    if types.contains(&"string") || types.is_empty() {
        return Ok(Value::from(text));
    }
    let parsed = types.iter().find_map(|word| match *word {
        "boolean" => boolean(text).map(Value::Bool),
        "integer" => text.parse::<i64>().ok().map(Value::from).or_else(|| text.parse::<u64>().ok().map(Value::from)),
        "number" => number(text).map(Value::Number),
        _ => None,
    });
    parsed.ok_or_else(|| {
        let wanted = if types.contains(&"number") {
            "a number, like 2.5"
        } else if types.contains(&"integer") {
            "a whole number, like 25"
        } else {
            "true or false"
        };
        format!("This should be {wanted}.")
    })
}

fn boolean(text: &str) -> Option<bool> {
    match text {
        "true" | "on" | "yes" | "1" => Some(true),
        "false" | "off" | "no" | "0" => Some(false),
        _ => None,
    }
}

fn number(text: &str) -> Option<Number> {
    let whole = text.parse::<i64>().ok().map(Number::from);
    whole.or_else(|| text.parse::<f64>().ok().and_then(Number::from_f64))
}

/// A browser's `2026-05-04T10:00` has no offset; it is meant in UTC, as the page says.
fn moment(text: &str) -> String {
    let digits = |text: &str| text.chars().all(|c| c.is_ascii_digit() || matches!(c, '-' | 'T' | ':'));
    match (text.len(), text.get(10..11)) {
        (16, Some("T")) if digits(text) => format!("{text}:00Z"),
        (19, Some("T")) if digits(text) => format!("{text}Z"),
        _ => text.to_owned(),
    }
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn shown(kind: &FieldKind, value: &Value) -> String {
    match (kind, value) {
        (FieldKind::List, Value::Array(items)) => items.iter().map(plain).collect::<Vec<_>>().join("\n"),
        // A text that looks like JSON would be read as JSON again.
        (FieldKind::Json, Value::String(text)) if serde_json::from_str::<Value>(text).is_ok() => value.to_string(),
        (_, Value::String(text)) => text.clone(),
        (_, Value::Array(_) | Value::Object(_)) => serde_json::to_string_pretty(value).unwrap_or_default(),
        (_, other) => other.to_string(),
    }
}
