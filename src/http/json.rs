//! JSON bodies and answers of the API.

use std::future::Future;
use std::pin::Pin;

use actix_web::FromRequest;
use actix_web::HttpRequest;
use actix_web::HttpResponse;
use actix_web::dev::Payload;
use actix_web::http::StatusCode;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::http::body;
use crate::http::error::Error;
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
            serde_json::from_slice(&bytes).map(Body).map_err(|error| invalid(&error))
        })
    }
}

fn is_json(content_type: &[u8]) -> bool {
    content_type.to_ascii_lowercase().starts_with(b"application/json")
}

/// A mistake in the shape of the body is as much the caller's as one in its values: 422 with the same form.
fn invalid(error: &serde_json::Error) -> Error {
    if error.is_data() {
        return Error::invalid("body", error);
    }
    Error::bad_request(format!("The body is not JSON: {error}."))
}

/// `?limit=&cursor=` of a list, beside its own filters.
#[derive(Debug, Default, serde::Deserialize)]
pub struct Paging {
    limit: Option<String>,
    cursor: Option<String>,
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

/// A list as the API gives it.
#[derive(Debug, Serialize)]
pub struct List<T> {
    /// The page's rows.
    pub items: Vec<T>,
    /// The cursor of the next page, or null.
    pub next: Option<String>,
}

impl<T> List<T> {
    /// A page of domain things, each made into what the API shows.
    pub fn of<U>(listed: Listed<U>, show: impl FnMut(U) -> T) -> Self {
        let listed = listed.map(show);
        Self { items: listed.items, next: listed.next.map(|cursor| cursor.to_string()) }
    }

    /// A list that is never longer than one page.
    pub fn whole(items: Vec<T>) -> Self {
        Self { items, next: None }
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
