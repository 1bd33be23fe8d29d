//! The request body of an operation: which media type is used, and whether its properties can stand beside the
//! parameters.

use std::collections::BTreeMap;
use std::str::FromStr;

use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use crate::domain::integrations::definition::Encoding;
use crate::domain::integrations::definition::Style;
use crate::domain::integrations::document::Problem;
use crate::domain::integrations::document::keywords;
use crate::domain::integrations::document::schema;
use crate::domain::integrations::document::schema::Allowance;
use crate::domain::integrations::document::source::Place;
use crate::domain::integrations::document::source::Source;
use crate::domain::integrations::document::source::entries;
use crate::domain::integrations::document::source::is_true;
use crate::domain::integrations::document::source::items;
use crate::kernel::text;

/// A body as it was read.
#[derive(Debug)]
pub(super) struct Body {
    pub(super) encoding: Encoding,
    pub(super) content_type: &'static str,
    /// What the document says: `None` where it says nothing.
    pub(super) required: Option<bool>,
    pub(super) schema: Value,
    pub(super) styles: BTreeMap<String, (Style, bool)>,
}

/// The properties of an object body.
#[derive(Debug, Default)]
pub(super) struct Properties {
    pub(super) by_name: Map<String, Value>,
    pub(super) required: Vec<String>,
    /// Alternatives that say only which properties must be there.
    pub(super) alternatives: Vec<Value>,
}

/// The kinds of JSON that are sent under their own name; others are sent as plain JSON.
const JSON_TYPES: [&str; 6] = [
    "application/json",
    "application/json-patch+json",
    "application/merge-patch+json",
    "application/vnd.api+json",
    "application/scim+json",
    "application/ld+json",
];
/// How many properties are looked up in what a media type says about them.
const MAX_SAID: usize = 500;
const FORM: &str = "application/x-www-form-urlencoded";

/// Reads the body. `Err(Ok(why))`: the operation cannot do without what cannot be carried over.
pub(super) fn read(
    source: &mut Source<'_>,
    allowance: &mut Allowance,
    operation: &Place<'_>,
    budget: usize,
) -> Result<Option<Body>, Result<String, Problem>> {
    let Some(place) = operation.child("requestBody") else { return Ok(None) };
    let place = source.resolve(place).map_err(Err)?;
    let Some(content) = place.child("content") else { return Ok(None) };
    let offered: Vec<&String> = entries(Some(content.value)).map(|(media, _)| media).take(50).collect();
    let required = place.value.get("required").and_then(Value::as_bool);
    let Some((media, encoding, content_type)) = choose(&offered) else {
        let names = offered.iter().map(|media| text::cut(media, 60)).collect::<Vec<_>>().join(", ");
        let why = format!("its body is {names}; only JSON and form bodies are sent");
        return if offered.is_empty() { Ok(None) } else { Err(Ok(why)) };
    };
    let Some(media_place) = content.child(media) else { return Ok(None) };
    if encoding == Encoding::Json && !essence(media).eq_ignore_ascii_case(content_type) {
        source.note(&media_place.pointer, "the body is sent as application/json");
    }
    let schema = match media_place.child("schema") {
        Some(place) => schema::convert(source, allowance, &place, budget).map_err(Err)?,
        None => Some(json!({})),
    };
    let Some(mut schema) = schema else { return Err(Ok("the schema of its body is too large".to_owned())) };
    add_examples(&mut schema, media_place.value);
    let styles = if encoding == Encoding::Form { styles(media_place.value) } else { BTreeMap::new() };
    Ok(Some(Body { encoding, content_type, required, schema, styles }))
}

/// An example of the whole body is one of each property that has none of its own.
fn add_examples(schema: &mut Value, media: &Value) {
    let named = entries(media.get("examples")).take(20).find_map(|(_, example)| example.get("value"));
    let Some(example) = media.get("example").or(named).and_then(Value::as_object) else { return };
    let Some(Value::Object(properties)) = schema.get_mut("properties") else { return };
    for (name, value) in example.iter().take(MAX_SAID) {
        if let Some(Value::Object(property)) = properties.get_mut(name)
            && !property.contains_key("examples")
            && let Some(examples) = keywords::examples([value])
        {
            property.insert("examples".to_owned(), examples);
        }
    }
}

fn essence(media: &str) -> &str {
    media.split(';').next().unwrap_or_default().trim()
}

/// JSON before its kin before forms.
fn choose<'m>(offered: &[&'m String]) -> Option<(&'m String, Encoding, &'static str)> {
    let find =
        |fits: &dyn Fn(&str) -> bool| offered.iter().copied().find(|media| fits(&essence(media).to_ascii_lowercase()));
    if let Some(media) = find(&|media| media == "application/json") {
        return Some((media, Encoding::Json, "application/json"));
    }
    if let Some(media) = find(&|media| media.ends_with("+json") || media == "text/json") {
        let own = JSON_TYPES.into_iter().find(|own| own.eq_ignore_ascii_case(essence(media)));
        return Some((media, Encoding::Json, own.unwrap_or("application/json")));
    }
    find(&|media| media == FORM).map(|media| (media, Encoding::Form, FORM))
}

fn styles(media: &Value) -> BTreeMap<String, (Style, bool)> {
    let stated = entries(media.get("encoding")).take(MAX_SAID).filter_map(|(name, encoding)| {
        let style = Style::from_str(encoding.get("style")?.as_str()?).ok()?;
        let explode = encoding.get("explode").and_then(Value::as_bool).unwrap_or(style == Style::Form);
        Some((name.clone(), (style, explode)))
    });
    stated.collect()
}

/// The properties of an object body that can stand beside parameters; `None` where the body is no object, or one whose
/// properties are not known by name.
pub(super) fn properties(schema: &Value) -> Option<Properties> {
    let mut found = Properties::default();
    if !collect(schema, &mut found) || found.by_name.is_empty() {
        return None;
    }
    found.required.retain(|name| found.by_name.contains_key(name));
    Some(found)
}

/// Adds what `schema` says; whether it can be an object at all.
fn collect(schema: &Value, found: &mut Properties) -> bool {
    let is_object = match schema.get("type") {
        None => true,
        Some(Value::Array(types)) => types.contains(&json!("object")),
        Some(one) => one == "object",
    };
    if !is_object {
        return false;
    }
    for (name, property) in entries(schema.get("properties")) {
        add(&mut found.by_name, name, property);
    }
    for name in items(schema.get("required")).iter().filter_map(Value::as_str) {
        if !found.required.iter().any(|known| known == name) {
            found.required.push(name.to_owned());
        }
    }
    if !items(schema.get("allOf")).iter().all(|part| collect(part, found)) {
        return false;
    }
    let alternatives = items(schema.get("anyOf"));
    if alternatives.iter().all(says_only_what_is_required) {
        found.alternatives.extend(alternatives.iter().filter(|_| alternatives.len() > 1).cloned());
        return true;
    }
    let before = found.by_name.len();
    for alternative in alternatives {
        let mut other = Properties::default();
        if collect(alternative, &mut other) {
            for (name, property) in &other.by_name {
                if !found.by_name.contains_key(name) {
                    found.by_name.insert(name.clone(), property.clone());
                }
            }
        }
    }
    // With nothing in common, alternatives are told apart as wholes.
    before > 0
}

fn says_only_what_is_required(alternative: &Value) -> bool {
    alternative.as_object().is_some_and(|words| {
        words.contains_key("required")
            && words.keys().all(|key| matches!(key.as_str(), "required" | "title" | "description"))
    })
}

fn add(properties: &mut Map<String, Value>, name: &str, property: &Value) {
    match properties.get_mut(name) {
        None => {
            properties.insert(name.to_owned(), property.clone());
        }
        Some(known) if known == property => {}
        Some(known) => {
            let mut both = Map::new();
            for key in ["title", "description", "default", "examples"] {
                if let Some(value) = property.get(key).or_else(|| known.get(key)) {
                    both.insert(key.to_owned(), value.clone());
                }
            }
            both.insert("allOf".to_owned(), json!([known.take(), property]));
            *known = Value::Object(both);
        }
    }
}

/// Whether the schema has a value that it always is.
pub(super) fn fixed(property: &Value) -> Option<&Value> {
    property.get("const").filter(|_| !is_true(property, "readOnly"))
}
