//! Forms: read after the gate, checked for the session's token, and given back with what was typed when something is
//! wrong.

use std::future::Future;
use std::pin::Pin;

use actix_web::FromRequest;
use actix_web::HttpRequest;
use actix_web::dev::Payload;
use serde::de::DeserializeOwned;

use crate::http::body;
use crate::http::csrf;
use crate::http::error::Error;

/// A form's fields as a struct; it refuses unknown fields (D-71).
pub trait Fields: DeserializeOwned {
    /// The most bytes the form may have.
    const MAX_BYTES: usize = 64 * 1024;
}

/// A form with nothing in it but its button.
#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Nothing {}

impl Fields for Nothing {}

/// A form whose fields are only known at run time: those of an action, or of an integration's credential.
#[derive(Debug)]
pub struct Pairs(pub Vec<(String, String)>);

impl Pairs {
    /// Takes the first field of that name out.
    pub fn take(&mut self, name: &str) -> Option<String> {
        let at = self.0.iter().position(|(field, _)| field == name)?;
        Some(self.0.remove(at).1)
    }
}

impl<'de> serde::Deserialize<'de> for Pairs {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Vec::<(String, String)>::deserialize(deserializer).map(Self)
    }
}

impl Fields for Pairs {
    const MAX_BYTES: usize = 1024 * 1024;
}

/// A form that has been read and carries the session's token.
#[derive(Debug)]
pub struct Form<T>(pub T);

impl<T: Fields + 'static> FromRequest for Form<T> {
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Error>>>>;

    fn from_request(req: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (req, payload) = (req.clone(), payload.take());
        Box::pin(async move {
            let bytes = body::read(payload, T::MAX_BYTES).await?;
            if !bytes.is_empty() && req.headers().get("content-type").is_none_or(|value| !is_form(value.as_bytes())) {
                return Err(Error::unsupported_media("application/x-www-form-urlencoded"));
            }
            let pairs: Vec<(String, String)> = serde_urlencoded::from_bytes(&bytes).map_err(|_invalid| unreadable())?;
            let (tokens, fields): (Vec<_>, Vec<_>) = pairs.into_iter().partition(|(name, _)| name == csrf::FIELD);
            csrf::check_token(&req, tokens.first().map(|(_, token)| token.as_str()))?;
            let fields = serde_urlencoded::to_string(fields).map_err(|_invalid| unreadable())?;
            serde_urlencoded::from_str(&fields).map(Form).map_err(|_invalid| unreadable())
        })
    }
}

fn is_form(content_type: &[u8]) -> bool {
    content_type.to_ascii_lowercase().starts_with(b"application/x-www-form-urlencoded")
}

fn unreadable() -> Error {
    Error::bad_request("The form did not arrive as this page made it. Go back, reload the page and try again.")
}

/// What is wrong with a form, field by field, to be shown beside what was typed.
#[derive(Clone, Debug, Default)]
pub struct Mistakes(Vec<(String, String)>);

#[expect(clippy::needless_pass_by_value, reason = "whoever notes a mistake has no use for its error afterwards")]
impl Mistakes {
    /// Notes a mistake in a field.
    pub fn add(&mut self, field: impl Into<String>, message: impl ToString) {
        self.0.push((field.into(), message.to_string()));
    }

    /// Takes a checked value, or notes what is wrong with it.
    pub fn check<T, E: ToString>(&mut self, field: &str, checked: Result<T, E>) -> Option<T> {
        checked.map_err(|error| self.add(field, error)).ok()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What is wrong with a field.
    pub fn of(&self, field: &str) -> Option<&str> {
        self.0.iter().find(|(name, _)| name == field).map(|(_, message)| message.as_str())
    }

    /// Every mistake, for the summary above the form.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(field, message)| (field.as_str(), message.as_str()))
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }
}
