//! Every way to say no, in one place. Rooms below have small errors of their own; this maps them to a status, a stable
//! code and a sentence for the person. It is rendered by [`render`](crate::http::render), which knows whether a page, a
//! fragment or a program asked.

use actix_web::HttpRequest;
use actix_web::HttpResponse;
use actix_web::ResponseError;
use actix_web::body::BoxBody;
use actix_web::http::StatusCode;
use actix_web::http::uri::PathAndQuery;
use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use crate::authz::policy::Reason;
use crate::authz::proof::Denied;
use crate::db::DbError;
use crate::http::urls;
use crate::http::urls::safe_path;

/// An answer that is not what was asked for. In a box, because every fallible function around here returns one.
#[derive(Debug)]
pub struct Error(Box<Said>);

#[derive(Debug)]
struct Said {
    status: StatusCode,
    code: &'static str,
    title: &'static str,
    detail: String,
    members: Map<String, Value>,
    fields: Vec<(String, String)>,
    retry_after: Option<i64>,
    location: Option<String>,
    /// What is logged, never shown.
    cause: Option<String>,
}

#[expect(clippy::needless_pass_by_value, reason = "whoever reports an error has no use for it afterwards")]
impl Error {
    /// An error with a status, a stable code, a title and a sentence that says what to do.
    pub fn new(status: StatusCode, code: &'static str, title: &'static str, detail: impl ToString) -> Self {
        Self(Box::new(Said {
            status,
            code,
            title,
            detail: detail.to_string(),
            members: Map::new(),
            fields: Vec::new(),
            retry_after: None,
            location: None,
            cause: None,
        }))
    }

    /// 409 with a code of its own.
    pub fn conflict(code: &'static str, title: &'static str, detail: impl ToString) -> Self {
        Self::new(StatusCode::CONFLICT, code, title, detail)
    }

    /// 404: it is not there, or not for this person.
    pub fn not_found() -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "not_found",
            "Nothing here",
            "There is nothing at this address, or it is not visible to you. Whoever gave you the link can tell you which.",
        )
    }

    /// 404 about something that a body names, which is not there or not for this person: the same sentence for both.
    pub fn nothing_named(what: &str) -> Self {
        let detail = format!("There is no such {what} here, or it is not visible to you.");
        Self::new(StatusCode::NOT_FOUND, "not_found", "Nothing here", detail)
    }

    /// 405.
    pub fn method_not_allowed() -> Self {
        let detail = "This address does not take that method; “Allow” says which ones it takes.";
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", "Wrong method", detail)
    }

    /// 403, with the reason.
    pub fn forbidden(reason: Reason) -> Self {
        Self::new(StatusCode::FORBIDDEN, "forbidden", "Not allowed", reason)
    }

    /// 303 to the sign-in page, which leads back; for a fragment, htmx is told to go there.
    pub fn sign_in_first(req: &HttpRequest) -> Self {
        let back = req.uri().path_and_query().map(PathAndQuery::as_str).and_then(safe_path);
        let back = back.filter(|_| req.method() == actix_web::http::Method::GET);
        let mut error = Self::new(StatusCode::SEE_OTHER, "sign_in_first", "Sign in", "Sign in to go on.");
        error.0.location = Some(match back {
            Some(back) if back != urls::HOME => urls::sign_in_then(&back),
            Some(_) | None => urls::SIGN_IN.to_owned(),
        });
        error
    }

    /// 401: no token, or one that is not known.
    pub fn token_needed() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "unauthorized",
            "Token needed",
            "Send an API token as “Authorization: Bearer odeus_…”. You make one on your profile page.",
        )
    }

    /// 403: sent by another site.
    pub fn cross_site() -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "cross_site",
            "Refused",
            "This request came from another site, so nothing was done. Open Odeus itself and try again.",
        )
    }

    /// 403: the form belongs to a session that has ended.
    pub fn form_expired() -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "form_expired",
            "This page is out of date",
            "You were signed out or signed in again since this page was loaded, so nothing was done. Go back, reload \
             the page and try again.",
        )
    }

    /// 400.
    pub fn bad_request(detail: impl ToString) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad_request", "Not understood", detail)
    }

    /// 410: a one-time link that has served, or is too old.
    pub fn link_used() -> Self {
        Self::new(
            StatusCode::GONE,
            "link_used",
            "This link no longer works",
            "It was used already, or it is too old. Ask for a new one on the sign-in page, by “Forgot your password?”.",
        )
    }

    /// 413.
    pub fn too_large(max_bytes: usize) -> Self {
        let detail = format!("This is too large: at most {} KiB.", max_bytes / 1024);
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", "Too large", detail)
    }

    /// 408.
    pub fn too_slow() -> Self {
        Self::new(
            StatusCode::REQUEST_TIMEOUT,
            "too_slow",
            "Too slow",
            "The request took too long to arrive. Try again.",
        )
    }

    /// 415.
    pub fn unsupported_media(expected: &str) -> Self {
        let detail = format!("Send this as {expected}.");
        Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", "Wrong content type", detail)
    }

    /// 422 about one field.
    pub fn invalid(field: impl Into<String>, message: impl ToString) -> Self {
        Self::invalid_fields([(field.into(), message.to_string())])
    }

    /// 422 about several fields.
    pub fn invalid_fields(fields: impl IntoIterator<Item = (String, String)>) -> Self {
        let mut error = Self::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "invalid",
            "Something needs a change",
            "Some of this cannot be used as it is; see “errors”.",
        );
        error.0.fields = fields.into_iter().collect();
        error
    }

    /// 429.
    pub fn too_many(wait_seconds: i64, detail: impl ToString) -> Self {
        let mut error = Self::new(StatusCode::TOO_MANY_REQUESTS, "too_many_requests", "Please wait", detail);
        error.0.retry_after = Some(wait_seconds.max(1));
        error
    }

    /// 503, to be tried again shortly.
    pub fn unavailable(cause: impl ToString) -> Self {
        let mut error = Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "unavailable",
            "Just a moment",
            "Odeus cannot reach its database right now. Nothing was lost; try again in a few seconds.",
        );
        error.0.retry_after = Some(2);
        error.0.cause = Some(cause.to_string());
        error
    }

    /// 500. The cause is logged, not shown.
    pub fn internal(cause: impl ToString) -> Self {
        let mut error = Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal",
            "Something went wrong",
            "This is our fault, and it has been noted. Try again; if it stays, give your operator the request's number.",
        );
        error.0.cause = Some(cause.to_string());
        error
    }

    /// Adds a member of its own to the problem document.
    #[must_use]
    pub fn with(mut self, member: &str, value: impl Into<Value>) -> Self {
        self.0.members.insert(member.to_owned(), value.into());
        self
    }

    /// Says when to try again.
    #[must_use]
    pub fn retry_after(mut self, seconds: i64) -> Self {
        self.0.retry_after = Some(seconds.max(1));
        self
    }

    /// When to try again, in seconds.
    pub(in crate::http) fn wait_seconds(&self) -> Option<i64> {
        self.0.retry_after
    }

    /// Where to go instead.
    pub(in crate::http) fn location(&self) -> Option<&str> {
        self.0.location.as_deref()
    }

    /// The title.
    pub fn title(&self) -> &'static str {
        self.0.title
    }

    /// The sentence for the person.
    pub fn detail(&self) -> &str {
        &self.0.detail
    }

    /// The status.
    pub fn status(&self) -> StatusCode {
        self.0.status
    }

    /// The stable code.
    pub fn code(&self) -> &'static str {
        self.0.code
    }

    /// RFC 9457.
    pub(in crate::http) fn problem(&self, request_id: &str) -> Value {
        let mut problem = json!({
            "type": "about:blank", "title": self.0.title, "status": self.0.status.as_u16(), "code": self.0.code,
            "detail": self.0.detail, "request_id": request_id,
        });
        if let Some(problem) = problem.as_object_mut() {
            if !self.0.fields.is_empty() {
                let errors = self.0.fields.iter().map(|(field, message)| json!({ "field": field, "message": message }));
                problem.insert("errors".to_owned(), errors.collect());
            }
            problem.extend(self.0.members.clone());
        }
        problem
    }
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.0.code, self.0.cause.as_deref().unwrap_or(&self.0.detail))
    }
}

impl std::error::Error for Error {}

impl ResponseError for Error {
    fn status_code(&self) -> StatusCode {
        self.0.status
    }

    /// The bare status; `render` makes the rest.
    fn error_response(&self) -> HttpResponse<BoxBody> {
        HttpResponse::new(self.0.status)
    }
}

impl From<DbError> for Error {
    fn from(error: DbError) -> Self {
        match error {
            DbError::Unavailable(cause) => Self::unavailable(cause),
            DbError::Stopped => Self::unavailable("stopping"),
            DbError::Query(cause) => Self::internal(format!("the database refused a statement: {cause}")),
        }
    }
}

impl From<diesel::result::Error> for Error {
    fn from(error: diesel::result::Error) -> Self {
        DbError::from(error).into()
    }
}

impl From<Denied> for Error {
    fn from(denied: Denied) -> Self {
        match denied {
            Denied::Hidden => Self::not_found(),
            Denied::Forbidden(reason) => Self::forbidden(reason),
            Denied::Database(error) => error.into(),
        }
    }
}
