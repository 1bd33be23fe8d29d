//! JSON bodies and answers of the API. What is wrong with a body is said with the field, and never with the value: it may
//! be a secret in the wrong place.

use std::future::Future;
use std::pin::Pin;

use actix_web::FromRequest;
use actix_web::HttpRequest;
use actix_web::HttpResponse;
use actix_web::dev::Payload;
use actix_web::http::StatusCode;
use serde::Serialize;
use serde::de::DeserializeOwned;
use utoipa::ToSchema;

use crate::http::body;
use crate::http::error::Error;
use crate::http::unique::Unique;
use crate::kernel::paging::Cursor;
use crate::kernel::paging::Listed;
use crate::kernel::paging::Page;

/// A body as a struct; it refuses unknown fields (D-71).
pub trait Input: DeserializeOwned {
    /// The most bytes the body may have.
    const MAX_BYTES: usize = 256 * 1024;
}

/// A JSON body that has been read.
#[derive(Debug)]
pub struct Body<T>(pub T);

impl<T: Input + 'static> FromRequest for Body<T> {
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Error>>>>;

    fn from_request(req: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (req, payload) = (req.clone(), payload.take());
        Box::pin(async move {
            let is_json = req.headers().get("content-type").is_some_and(|value| is_json(value.as_bytes()));
            if !is_json {
                return Err(Error::unsupported_media("application/json"));
            }
            let bytes = body::read(payload, T::MAX_BYTES).await?;
            parse(&bytes).map(Body)
        })
    }
}

fn is_json(content_type: &[u8]) -> bool {
    content_type.to_ascii_lowercase().starts_with(b"application/json")
}

fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Error> {
    read::<Unique>(bytes)?;
    read(bytes)
}

fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Error> {
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let parsed = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        let path = error.path().to_string();
        let inner = error.into_inner();
        if inner.is_data() { misfit(&path, &inner.to_string()) } else { not_json(&inner) }
    })?;
    deserializer.end().map_err(|error| not_json(&error))?;
    Ok(parsed)
}

fn not_json(error: &serde_json::Error) -> Error {
    Error::bad_request(format!("The body is not JSON (line {}, column {}).", error.line(), error.column()))
}

/// What serde says about a field, as 422 with the field's name: a mistake in the shape of a body or a query is as much
/// the caller's as one in its values. Of serde's sentence only what was expected is kept.
pub(in crate::http) fn misfit(path: &str, sentence: &str) -> Error {
    let named = |start: &str| sentence.strip_prefix(start)?.split('`').next();
    let path = path.trim_start_matches('.').trim_end_matches(".?");
    let inside = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
    let end = sentence.rfind(" at line ").unwrap_or(sentence.len());
    let expected = sentence.get(..end).and_then(|text| text.rsplit_once("expected ")).map(|(_, expected)| expected);
    if let Some(name) = named("missing field `") {
        return Error::invalid(inside(name), "This is missing.");
    }
    if let Some(name) = named("duplicate field `") {
        return Error::invalid(inside(name), "This stands here twice.");
    }
    let field = if path.is_empty() { "body" } else { path };
    if named("unknown field `").is_some() {
        let known = expected.map(|known| format!(" It can be {known}.")).unwrap_or_default();
        return Error::invalid(field, format!("There is no such field.{known}"));
    }
    if sentence.starts_with("UUID parsing failed") {
        return Error::invalid(field, "This is not an id.");
    }
    Error::invalid(field, format!("This should be {}.", kind(expected.unwrap_or("struct"))))
}

/// What serde expected, in the words of JSON.
fn kind(expected: &str) -> &str {
    match expected {
        "i32" | "i64" | "u8" | "u16" | "u32" | "u64" => "a whole number",
        "a boolean" => "true or false",
        "a sequence" => "a list",
        "a map" => "an object",
        other if other.starts_with("struct") => "an object",
        other => other,
    }
}

/// `?limit=&cursor=` of a list, beside its own filters.
#[derive(Debug, Default, serde::Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Paging {
    /// The most items in the answer, from 1 to 100; 50 without.
    #[param(value_type = Option<i64>, minimum = 1, maximum = 100)]
    pub(in crate::http) limit: Option<String>,
    /// `next` of the page before.
    pub(in crate::http) cursor: Option<String>,
}

impl Paging {
    /// The page it asks for.
    pub fn page(&self) -> Result<Page, Error> {
        let limit = self.limit.as_deref().map(str::parse::<i64>).transpose();
        let limit = limit.ok().filter(|limit| limit.is_none_or(|limit| (1..=100).contains(&limit)));
        let limit = limit.ok_or_else(|| Error::invalid("limit", "This must be a number from 1 to 100."))?;
        let after = self.cursor.as_deref().map(str::parse::<Cursor>).transpose();
        Ok(Page::new(limit, after.map_err(|error| Error::invalid("cursor", error))?))
    }
}

/// A page of a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct List<T> {
    /// The page's items.
    pub items: Vec<T>,
    /// The `cursor` of the next page; null on the last one.
    #[schema(required)]
    pub next: Option<String>,
}

impl<T> List<T> {
    /// A page of domain things, each made into what the API shows.
    pub fn of<U>(listed: Listed<U>, show: impl FnMut(U) -> T) -> Self {
        let listed = listed.map(show);
        Self { items: listed.items, next: listed.next.map(|cursor| cursor.to_string()) }
    }
}

/// 200 with JSON.
pub fn ok(body: &impl Serialize) -> HttpResponse {
    HttpResponse::Ok().json(body)
}

/// 201 with JSON.
pub fn created(body: &impl Serialize) -> HttpResponse {
    HttpResponse::build(StatusCode::CREATED).json(body)
}

/// 204.
pub fn gone() -> HttpResponse {
    HttpResponse::NoContent().finish()
}

/// Why a request was not done, as `application/problem+json` (RFC 9457). Some codes bring members of their own, which
/// stand beside these.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "it describes what `Error` writes")]
pub struct Problem {
    /// Always `about:blank`: `code` tells problems apart.
    r#type: String,
    /// The code in a few words.
    title: String,
    /// The HTTP status.
    status: u16,
    /// What a program looks at; it does not change.
    #[schema(example = "not_found")]
    code: String,
    /// What happened and what to do, for people.
    detail: String,
    /// The number under which the request stands in the server's log.
    request_id: String,
    /// Each field that needs a change.
    errors: Option<Vec<FieldProblem>>,
}

/// What is wrong with one field.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "it describes what `Error` writes")]
pub struct FieldProblem {
    /// The field, or the way to it: `grantee.id`, `fields.api_key`, `input.title`.
    field: String,
    /// What to do about it.
    message: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only reading it is tested")]
    struct Sample {
        name: String,
        inner: Option<Inner>,
    }

    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only reading it is tested")]
    struct Inner {
        count: u8,
        id: Option<crate::kernel::ids::AgentId>,
    }

    fn problem(body: &str) -> String {
        format!("{:?}", parse::<Sample>(body.as_bytes()).unwrap_err())
    }

    #[test]
    fn a_wrong_field_is_named_with_the_way_to_it() {
        for (body, field, message) in [
            (r#"{"name": "a", "nmae": 1}"#, "nmae", "There is no such field. It can be `name` or `inner`."),
            ("{}", "name", "This is missing."),
            (r#"{"name": "a", "inner": {}}"#, "inner.count", "This is missing."),
            (r#"{"name": "a", "inner": {"count": 1, "x": 2}}"#, "inner.x", "There is no such field."),
            (r#"{"name": "a", "inner": {"count": -1}}"#, "inner.count", "This should be a whole number."),
            (r#"{"name": "a", "inner": {"count": 1, "id": "7"}}"#, "inner.id", "This is not an id."),
            (r#"{"name": "a", "name": "b"}"#, "name", "This stands here twice."),
            (r#"{"name": 7}"#, "name", "This should be a string."),
            (r#"{"name": "a", "inner": {"count": 1, "count": 2}}"#, "inner.count", "This stands here twice."),
            (r#"{"name": [{"deep": {"a": 1, "a": 2}}]}"#, "name[0].deep.a", "This stands here twice."),
            (r#""x""#, "body", "This should be an object."),
        ] {
            let said = problem(body);

            assert!(said.contains(&format!("(\"{field}\", \"{message}")), "{body}: {said}");
        }
    }

    #[test]
    fn a_value_in_the_wrong_place_is_not_repeated() {
        let said = problem(r#"{"name": "a", "inner": "CANARY, expected CANARY"}"#);

        assert!(!said.contains("CANARY"), "{said}");
    }

    #[test]
    fn what_is_no_json_is_no_mistake_in_a_field() {
        for body in ["{", r#"{"name": "a"} {}"#, ""] {
            assert!(problem(body).contains("bad_request"), "{body}");
        }
    }
}
