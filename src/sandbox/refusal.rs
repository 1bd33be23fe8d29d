//! How the four APIs say no: one shape, `{"error": {"code", "message"}}`, with a name for every situation.

use actix_web::HttpResponse;
use actix_web::ResponseError;
use actix_web::http::StatusCode;
use actix_web::http::header::WWW_AUTHENTICATE;
use serde_json::json;

use crate::sandbox::oauth::scope::Scope;

/// Why an API call is refused.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ApiError {
    #[error("send an access token as Authorization: Bearer")]
    NoToken,
    #[error("the access token is not known here or was revoked")]
    UnknownToken,
    #[error("the access token has expired")]
    ExpiredToken,
    #[error("the access token lacks the scope {}", .0.name())]
    ScopeMissing(Scope),
    #[error("send your API key as X-Api-Key")]
    NoKey,
    #[error("the API key is not known here")]
    UnknownKey,
    #[error("this API key may only read")]
    ReadOnlyKey,
    #[error("there is no such {0}")]
    NotFound(&'static str),
    #[error("{field} {message}")]
    Invalid { field: &'static str, message: &'static str },
    #[error("send a body of type application/json")]
    NotJson,
    #[error("the body cannot be read: {0}")]
    Unreadable(#[source] serde_json::Error),
    #[error("a contact with this email is there already")]
    ContactExists,
}

impl ApiError {
    fn code(&self) -> &'static str {
        match self {
            Self::NoToken => "token_missing",
            Self::UnknownToken => "token_invalid",
            Self::ExpiredToken => "token_expired",
            Self::ScopeMissing(_) => "scope_missing",
            Self::NoKey => "key_missing",
            Self::UnknownKey => "key_invalid",
            Self::ReadOnlyKey => "key_read_only",
            Self::NotFound(_) => "not_found",
            Self::Invalid { .. } => "invalid",
            Self::NotJson => "not_json",
            Self::Unreadable(_) => "unreadable",
            Self::ContactExists => "contact_exists",
        }
    }

    /// The challenge that goes with a 401 or 403 of a token-protected API (RFC 6750 §3).
    fn challenge(&self) -> Option<String> {
        match self {
            Self::NoToken => Some("Bearer realm=\"sandbox\"".to_owned()),
            Self::UnknownToken | Self::ExpiredToken => {
                Some(format!("Bearer realm=\"sandbox\", error=\"invalid_token\", error_description=\"{self}\""))
            }
            Self::ScopeMissing(scope) => {
                Some(format!("Bearer realm=\"sandbox\", error=\"insufficient_scope\", scope=\"{}\"", scope.name()))
            }
            Self::NoKey | Self::UnknownKey => Some("ApiKey realm=\"sandbox\"".to_owned()),
            Self::ReadOnlyKey
            | Self::NotFound(_)
            | Self::Invalid { .. }
            | Self::NotJson
            | Self::Unreadable(_)
            | Self::ContactExists => None,
        }
    }
}

impl ResponseError for ApiError {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::NoToken | Self::UnknownToken | Self::ExpiredToken | Self::NoKey | Self::UnknownKey => {
                StatusCode::UNAUTHORIZED
            }
            Self::ScopeMissing(_) | Self::ReadOnlyKey => StatusCode::FORBIDDEN,
            Self::NotFound(_) => StatusCode::NOT_FOUND,
            Self::Invalid { .. } => StatusCode::UNPROCESSABLE_ENTITY,
            Self::NotJson => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::Unreadable(_) => StatusCode::BAD_REQUEST,
            Self::ContactExists => StatusCode::CONFLICT,
        }
    }

    fn error_response(&self) -> HttpResponse {
        let mut response = HttpResponse::build(self.status_code());
        if let Some(challenge) = self.challenge() {
            response.insert_header((WWW_AUTHENTICATE, challenge));
        }
        let mut error = json!({"code": self.code(), "message": self.to_string()});
        if let (Self::Invalid { field, .. }, Some(members)) = (self, error.as_object_mut()) {
            members.insert("field".to_owned(), json!(field));
        }
        response.json(json!({ "error": error }))
    }
}
