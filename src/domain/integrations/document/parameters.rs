//! Parameters of an operation: where each goes, how it is written, what is fixed.

use serde_json::Map;
use serde_json::Value;

use http::HeaderName;

use crate::domain::integrations::definition::Location;
use crate::domain::integrations::definition::Parameter;
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
use crate::domain::integrations::document::source::join;
use crate::domain::integrations::document::source::prose;
use crate::domain::integrations::request::is_forbidden_header;
use crate::kernel::text;

/// How many parameters an operation may have, with its path's.
const MAX_PARAMETERS: usize = 300;

/// A parameter and the schema of its input.
#[derive(Debug)]
pub(super) struct Read {
    pub(super) parameter: Parameter,
    pub(super) schema: Value,
}

/// Why a parameter is left out.
enum Unfit {
    /// It is not meant to be sent by the operation; nothing is lost.
    Ignored(&'static str),
    /// It cannot be carried over.
    Lost(String),
}

/// Headers and query parameters that carry the credential, which no action may set.
#[derive(Debug, Default)]
pub(super) struct Taken {
    pub(super) headers: Vec<String>,
    pub(super) query: Vec<String>,
}

/// Whether an operation has more parameters than are read.
pub(super) fn are_too_many(item: &Place<'_>, own: &Place<'_>) -> bool {
    let count = |place: &Place<'_>| items(place.value.get("parameters")).len();
    count(item) + count(own) > MAX_PARAMETERS
}

/// The places of an operation's parameters: the path's, with the operation's own in place of those of the same name.
pub(super) fn places<'a>(source: &Source<'a>, item: &Place<'a>, own: &Place<'a>) -> Result<Vec<Place<'a>>, Problem> {
    let mut places: Vec<Place<'a>> = Vec::new();
    let identity = |place: &Place<'a>| (place.value.get("in"), place.value.get("name"));
    for list in [item, own].into_iter().filter_map(|place| place.child("parameters")) {
        for (at, value) in items(Some(list.value)).iter().enumerate() {
            let place = source.resolve(Place { value, pointer: join(&list.pointer, at.to_string()) })?;
            match places.iter_mut().find(|other| identity(other) == identity(&place)) {
                Some(other) => *other = place,
                None => places.push(place),
            }
        }
    }
    Ok(places)
}

/// Reads one. `Ok(None)`: left out, with a note. `Err(Ok(why))`: the operation cannot do without it.
pub(super) fn read(
    source: &mut Source<'_>,
    allowance: &mut Allowance,
    taken: &Taken,
    place: &Place<'_>,
    budget: usize,
) -> Result<Option<Read>, Result<String, Problem>> {
    let name = place.value.get("name").and_then(Value::as_str).unwrap_or_default();
    let shown = text::cut(name, 60);
    let parameter = match outline(name, place.value) {
        Ok(parameter) => parameter,
        Err(why) => return left_out(source, place, &shown, why),
    };
    let schema = input_schema(source, allowance, place, budget).map_err(Err)?;
    let Some(schema) = schema else { return Err(Ok(format!("the schema of “{shown}” is too large"))) };
    let parameter = with_values(parameter, &schema);
    match refused_header(&parameter, taken) {
        Some(why) => left_out(source, place, &shown, why),
        None => Ok(Some(Read { parameter, schema })),
    }
}

fn left_out(
    source: &mut Source<'_>,
    place: &Place<'_>,
    shown: &str,
    why: Unfit,
) -> Result<Option<Read>, Result<String, Problem>> {
    match why {
        Unfit::Ignored(why) => source.note(&place.pointer, format!("“{shown}” is left out: {why}")),
        Unfit::Lost(why) if is_true(place.value, "required") => {
            return Err(Ok(format!("it needs “{shown}”, and {why}")));
        }
        Unfit::Lost(why) => source.note(&place.pointer, format!("“{shown}” is left out: {why}")),
    }
    Ok(None)
}

fn outline(name: &str, value: &Value) -> Result<Parameter, Unfit> {
    let lost = |why: &str| Err(Unfit::Lost(why.to_owned()));
    let place = value.get("in").and_then(Value::as_str).unwrap_or_default();
    let location = match place {
        "path" => Location::Path,
        "query" => Location::Query,
        "header" => Location::Header,
        "cookie" => return lost("cookies are never sent"),
        other => return Err(Unfit::Lost(format!("“{}” is no place for a parameter", text::cut(other, 30)))),
    };
    if name.is_empty() || name.len() > 200 || name.chars().any(char::is_control) {
        return lost("its name cannot be sent");
    }
    let stated = value.get("style").and_then(Value::as_str);
    let style = match (location, stated) {
        _ if value.get("content").is_some() => Style::Json,
        (Location::Path | Location::Header, None | Some("simple")) => Style::Simple,
        (Location::Query, None | Some("form")) => Style::Form,
        (Location::Query, Some("spaceDelimited")) => Style::SpaceDelimited,
        (Location::Query, Some("pipeDelimited")) => Style::PipeDelimited,
        (Location::Query, Some("deepObject")) => Style::DeepObject,
        (_, Some(other)) => return Err(Unfit::Lost(format!("the style {} is not written here", text::cut(other, 30)))),
    };
    let explode = value.get("explode").and_then(Value::as_bool).unwrap_or(style == Style::Form);
    Ok(Parameter {
        name: name.to_owned(),
        location,
        style,
        explode,
        allow_reserved: is_true(value, "allowReserved"),
        required: location == Location::Path || is_true(value, "required"),
        fixed: None,
        default: None,
    })
}

/// The schema of the parameter's input, with what the parameter itself says to people.
fn input_schema(
    source: &Source<'_>,
    allowance: &mut Allowance,
    place: &Place<'_>,
    budget: usize,
) -> Result<Option<Value>, Problem> {
    let content = place.child("content").and_then(|content| {
        let (media, _) = entries(Some(content.value)).next()?;
        let media = content.child(media)?;
        media.child("schema")
    });
    let schema = match content.or_else(|| place.child("schema")) {
        Some(place) => schema::convert(source, allowance, &place, budget)?,
        None => Some(Value::Object(Map::new())),
    };
    let Some(Value::Object(mut schema)) = schema else { return Ok(schema) };
    if let Some(text) = prose(place.value, "description", keywords::MAX_TEXT) {
        schema.insert("description".to_owned(), Value::String(text));
    }
    if is_true(place.value, "deprecated") {
        schema.insert("deprecated".to_owned(), Value::Bool(true));
    }
    let named = entries(place.value.get("examples")).take(20).filter_map(|(_, example)| example.get("value"));
    if let Some(examples) = keywords::examples(place.value.get("example").into_iter().chain(named)) {
        schema.insert("examples".to_owned(), examples);
    }
    Ok(Some(Value::Object(schema)))
}

/// With the fixed value or the default that the schema gives.
fn with_values(mut parameter: Parameter, schema: &Value) -> Parameter {
    let only = match items(schema.get("enum")) {
        [one] if parameter.required => Some(one),
        _ => None,
    };
    parameter.fixed = schema.get("const").or(only).cloned();
    // An optional one is left out instead: what the provider takes then is the provider's to change.
    parameter.default = schema.get("default").filter(|_| parameter.required).filter(|value| !value.is_null()).cloned();
    parameter
}

fn refused_header(parameter: &Parameter, taken: &Taken) -> Option<Unfit> {
    let name = parameter.name.to_ascii_lowercase();
    match parameter.location {
        Location::Query => {
            taken.query.contains(&parameter.name).then_some(Unfit::Ignored("the connection's key goes there"))
        }
        Location::Header if taken.headers.contains(&name) || name == "authorization" => {
            Some(Unfit::Ignored("the connection's credential goes there"))
        }
        Location::Header if name == "content-type" => Some(Unfit::Ignored("the body decides it")),
        Location::Header if name == "accept" && parameter.fixed.is_none() => {
            Some(Unfit::Ignored("JSON is always asked for"))
        }
        Location::Header if is_forbidden_header(&name) || name.parse::<HeaderName>().is_err() => {
            Some(Unfit::Lost("no action may set this header".to_owned()))
        }
        Location::Path | Location::Header => None,
    }
}
