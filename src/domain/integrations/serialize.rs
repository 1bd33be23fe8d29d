//! Values as they stand in an address, a header or a form: OpenAPI's styles.
//!
//! Everything but letters, digits and `-._~` is percent-encoded, so that no value can end the part it stands in. What
//! structures a value (commas, brackets of names) is written here and by nothing that a caller gives.

use std::collections::BTreeMap;

use percent_encoding::AsciiSet;
use percent_encoding::NON_ALPHANUMERIC;
use percent_encoding::utf8_percent_encode;
use serde_json::Map;
use serde_json::Value;

use crate::domain::integrations::definition::Parameter;
use crate::domain::integrations::definition::Style;

/// RFC 3986's unreserved characters stay.
const STRICT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
/// With `allowReserved`, those that mean nothing in a query stay as well.
const LOOSE: &AsciiSet = &STRICT
    .remove(b':')
    .remove(b'/')
    .remove(b'?')
    .remove(b'@')
    .remove(b'!')
    .remove(b'$')
    .remove(b'(')
    .remove(b')')
    .remove(b'*')
    .remove(b',')
    .remove(b';');
/// In the fixed parts of a path, those that a path may have stay.
const LITERAL: &AsciiSet = &STRICT
    .remove(b'/')
    .remove(b':')
    .remove(b'@')
    .remove(b'!')
    .remove(b'$')
    .remove(b'&')
    .remove(b'\'')
    .remove(b'(')
    .remove(b')')
    .remove(b'*')
    .remove(b'+')
    .remove(b',')
    .remove(b';')
    .remove(b'=');

/// Percent-encoded.
pub(super) fn encode(text: &str) -> String {
    utf8_percent_encode(text, STRICT).to_string()
}

/// A fixed part of a path, percent-encoded.
pub(super) fn literal(text: &str) -> String {
    utf8_percent_encode(text, LITERAL).to_string()
}

/// A value as text; lists and objects in one are JSON.
pub(super) fn scalar(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => value.to_string(),
    }
}

/// The `simple` style: single texts with commas between, each passed through `each`.
pub(super) fn simple<E>(
    value: &Value,
    explode: bool,
    mut each: impl FnMut(&str) -> Result<String, E>,
) -> Result<String, E> {
    let parts: Result<Vec<String>, E> = match value {
        Value::Array(items) => items.iter().map(|item| each(&scalar(item))).collect(),
        Value::Object(object) => {
            let mut parts = Vec::new();
            for (key, value) in object {
                let (key, value) = (each(key)?, each(&scalar(value))?);
                if explode {
                    parts.push(format!("{key}={value}"));
                } else {
                    parts.extend([key, value]);
                }
            }
            Ok(parts)
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => return each(&scalar(value)),
    };
    Ok(parts?.join(","))
}

/// A query parameter as encoded `name=value` pairs.
pub(super) fn query(parameter: &Parameter, value: &Value) -> Vec<String> {
    let set = if parameter.allow_reserved { LOOSE } else { STRICT };
    pairs(&parameter.name, value, parameter.style, parameter.explode, set)
}

/// An object as a form. Properties whose style the document does not say are written with brackets, as the vendors
/// that nest in forms do.
pub(super) fn form(object: &Map<String, Value>, styles: &BTreeMap<String, (Style, bool)>) -> String {
    let written = object.iter().flat_map(|(name, value)| match styles.get(name) {
        Some((style, explode)) => pairs(name, value, *style, *explode, STRICT),
        None => brackets(name, value),
    });
    written.collect::<Vec<_>>().join("&")
}

fn pairs(name: &str, value: &Value, style: Style, explode: bool, set: &'static AsciiSet) -> Vec<String> {
    let write = |text: &str| utf8_percent_encode(text, set).to_string();
    let pair = |key: &str, value: &str| format!("{}={value}", encode(key));
    let between = match style {
        Style::SpaceDelimited => "%20",
        Style::PipeDelimited => "%7C",
        Style::DeepObject => return brackets(name, value),
        Style::Json => return vec![pair(name, &write(&value.to_string()))],
        Style::Simple | Style::Form => ",",
    };
    match value {
        Value::Array(items) if explode => items.iter().map(|item| pair(name, &write(&scalar(item)))).collect(),
        Value::Object(object) if explode => {
            object.iter().map(|(key, value)| pair(key, &write(&scalar(value)))).collect()
        }
        Value::Array(items) => {
            let texts: Vec<String> = items.iter().map(|item| write(&scalar(item))).collect();
            if texts.is_empty() { Vec::new() } else { vec![pair(name, &texts.join(between))] }
        }
        Value::Object(object) => {
            let texts: Vec<String> =
                object.iter().flat_map(|(key, value)| [write(key), write(&scalar(value))]).collect();
            if texts.is_empty() { Vec::new() } else { vec![pair(name, &texts.join(between))] }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => vec![pair(name, &write(&scalar(value)))],
    }
}

/// `a[b]=c`, `a[]=c` for a list of single values, `a[0][b]=c` for one of objects.
fn brackets(name: &str, value: &Value) -> Vec<String> {
    match value {
        Value::Object(object) => {
            object.iter().flat_map(|(key, value)| brackets(&format!("{name}[{key}]"), value)).collect()
        }
        Value::Array(items) if items.iter().any(|item| item.is_object() || item.is_array()) => {
            items.iter().enumerate().flat_map(|(at, item)| brackets(&format!("{name}[{at}]"), item)).collect()
        }
        Value::Array(items) => items.iter().flat_map(|item| brackets(&format!("{name}[]"), item)).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            vec![format!("{}={}", encode(name), encode(&scalar(value)))]
        }
    }
}
