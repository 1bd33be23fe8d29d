//! Whether a value is one that a vendor's schema takes, read as strictly as a server might: what it does not know, it
//! refuses.

use serde_json::Value;

use crate::catalog::shape::Schema;
use crate::catalog::shape::Shape;
use crate::catalog::shape::type_of;

/// How the value came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Written {
    /// As JSON, which has types.
    Json,
    /// As text, in an address or a form.
    Text,
}

/// What is wrong with `value`.
pub(crate) fn refusals(schema: Schema<'_>, value: &Value, written: Written, at: &str) -> Vec<String> {
    let shape = schema.shape();
    if shape.is_nullable && value.is_null() {
        return Vec::new();
    }
    let mut refusals = Vec::new();
    if shape.is_read_only {
        refusals.push(format!("{at}: only answers have it (readOnly)"));
    }
    let ways = shape.ways(schema);
    let each = ways.iter().map(|way| of_shape(schema, way, value, written, at));
    refusals.extend(each.min_by_key(Vec::len).unwrap_or_default());
    refusals
}

fn of_shape(schema: Schema<'_>, shape: &Shape<'_>, value: &Value, written: Written, at: &str) -> Vec<String> {
    if !shape.types.is_empty() && !shape.types.iter().any(|kind| is_of(kind, value, written)) {
        return vec![format!("{at}: {value} is not {:?}", shape.types)];
    }
    let mut refusals = Vec::new();
    if let Some(choices) = &shape.choices {
        let is_known = choices.iter().any(|choice| {
            *choice == value || (written == Written::Text && value.as_str() == Some(&choice.to_string()))
        });
        if !is_known {
            refusals.push(format!("{at}: {value} is no choice"));
        }
    }
    let number = value.as_f64().or_else(|| value.as_str()?.parse().ok());
    if let Some(number) = number.filter(|_| !shape.types.contains("string"))
        && (shape.minimum.is_some_and(|least| number < least) || shape.maximum.is_some_and(|most| number > most))
    {
        refusals.push(format!("{at}: {value} is out of bounds"));
    }
    if let Some(text) = value.as_str()
        && !is_of_format(shape.format, text)
    {
        refusals.push(format!("{at}: {value} is no {}", shape.format.unwrap_or_default()));
    }
    for (index, item) in value.as_array().into_iter().flatten().enumerate() {
        if let Some(items) = shape.items {
            refusals.extend(self::refusals(schema.with(items), item, written, &format!("{at}[{index}]")));
        }
    }
    if value.is_object() {
        refusals.extend(of_object(schema, shape, value, written, at));
    }
    refusals
}

fn of_object(schema: Schema<'_>, shape: &Shape<'_>, value: &Value, written: Written, at: &str) -> Vec<String> {
    let mut refusals = Vec::new();
    for (name, item) in value.as_object().into_iter().flatten() {
        let at = format!("{at}.{name}");
        match shape.properties.get(name.as_str()).copied().or(shape.additional) {
            Some(known) => refusals.extend(self::refusals(schema.with(known), item, written, &at)),
            None if shape.is_open() => {}
            None => refusals.push(format!("{at} is not known")),
        }
    }
    for name in shape.required.iter().filter(|name| value.get(**name).is_none()) {
        let is_read_only = shape.properties.get(name).is_some_and(|it| schema.with(it).shape().is_read_only);
        if !is_read_only {
            refusals.push(format!("{at}.{name} is missing"));
        }
    }
    refusals
}

fn is_of(kind: &str, value: &Value, written: Written) -> bool {
    let text = value.as_str().filter(|_| written == Written::Text);
    match (kind, text) {
        ("integer", Some(text)) => text.parse::<i64>().is_ok(),
        ("number", Some(text)) => text.parse::<f64>().is_ok(),
        ("boolean", Some(text)) => matches!(text, "true" | "false"),
        ("number", None) => value.is_number(),
        (kind, _) => type_of(value) == kind,
    }
}

fn is_of_format(format: Option<&str>, text: &str) -> bool {
    match format {
        Some("date-time" | "google-datetime") => chrono::DateTime::parse_from_rfc3339(text).is_ok(),
        Some("date") => chrono::NaiveDate::parse_from_str(text, "%Y-%m-%d").is_ok(),
        Some("int32") => text.parse::<i32>().is_ok(),
        Some("int64") => text.parse::<i64>().is_ok(),
        Some("uint32") => text.parse::<u32>().is_ok(),
        Some("uint64") => text.parse::<u64>().is_ok(),
        _ => true,
    }
}
