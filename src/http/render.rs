//! How an error looks: a problem document for programs, a toast for a fragment, a page for people. What nobody who asked
//! can mend is logged here, once, under the request's id.

use std::fmt::Write;

use actix_web::HttpMessage;
use actix_web::HttpRequest;
use actix_web::HttpResponse;
use actix_web::body::BoxBody;
use actix_web::body::MessageBody;
use actix_web::dev::ServiceRequest;
use actix_web::dev::ServiceResponse;
use actix_web::error::InternalError;
use actix_web::http::StatusCode;
use actix_web::http::header;
use actix_web::http::header::HeaderValue;
use actix_web::middleware::Next;
use askama::Template;
use serde_json::Value;
use serde_json::json;

use crate::http::error::Error;
use crate::http::gate;
use crate::http::headers::RequestId;

/// Who asked, as far as the answer's shape depends on it.
struct Asker {
    request_id: String,
    is_program: bool,
    is_fragment: bool,
}

impl Asker {
    fn of(req: &HttpRequest) -> Self {
        let headers = req.headers();
        Self {
            request_id: req.extensions().get::<RequestId>().map(ToString::to_string).unwrap_or_default(),
            is_program: req.path().starts_with("/api/"),
            is_fragment: headers.contains_key("hx-request") && !headers.contains_key("hx-boosted"),
        }
    }
}

/// Turns an [`Error`] into what the asker understands. Anything else that failed (actix's own 404s and 405s, the session
/// store) gets the same face.
pub async fn render(
    req: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let asker = Asker::of(req.request());
    let response = match next.call(req).await {
        Ok(response) => response.map_into_boxed_body(),
        // Handlers answer; only what stands around them fails like this, and that is the session store.
        Err(error) => {
            let response = show(&Error::unavailable(&error), &asker);
            return Err(InternalError::from_response(error, response).into());
        }
    };
    let status = response.status();
    let is_plain_failure = matches!(status, StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED);
    let rendered = match response.response().error() {
        Some(error) => match error.as_error::<Error>() {
            Some(error) => show(error, &asker),
            None if status.is_client_error() => show(&misunderstood(status), &asker),
            None => show(&Error::internal(error), &asker),
        },
        None if is_plain_failure && !response.headers().contains_key(header::CONTENT_TYPE) => {
            unrouted(response.request().path(), &asker)
        }
        None => return Ok(response),
    };
    Ok(response.into_response(rendered))
}

/// Nothing takes this request. Programs are told whether the address or the method is wrong.
fn unrouted(path: &str, asker: &Asker) -> HttpResponse {
    let methods = if asker.is_program { gate::methods_at(path) } else { Vec::new() };
    if methods.is_empty() {
        return show(&Error::not_found(), asker);
    }
    let mut response = show(&Error::method_not_allowed(), asker);
    if let Ok(allowed) = HeaderValue::from_str(&methods.join(", ")) {
        response.headers_mut().insert(header::ALLOW, allowed);
    }
    response
}

/// What actix itself refused: a query that cannot be read.
fn misunderstood(status: StatusCode) -> Error {
    let detail = "The address of this request cannot be understood. Go back and try again from the page before.";
    Error::new(status, "bad_request", "Not understood", detail)
}

fn show(error: &Error, asker: &Asker) -> HttpResponse {
    let request_id = &asker.request_id;
    if error.status().is_server_error() {
        let code = error.code();
        tracing::error!(request.id = %request_id, code, cause = %error, "answered {} to a request", error.status());
    }
    let mut response = HttpResponse::build(error.status());
    if let Some(seconds) = error.wait_seconds() {
        response.insert_header((header::RETRY_AFTER, seconds));
    }
    if asker.is_program {
        if error.status() == StatusCode::UNAUTHORIZED {
            response.insert_header((header::WWW_AUTHENTICATE, "Bearer"));
        }
        return response.content_type("application/problem+json").body(error.problem(request_id).to_string());
    }
    response.insert_header((header::VARY, "HX-Request"));
    if let Some(location) = error.location() {
        if asker.is_fragment {
            return HttpResponse::Ok().insert_header(("HX-Redirect", location)).finish();
        }
        return response.insert_header((header::LOCATION, location)).finish();
    }
    if asker.is_fragment {
        let toast = json!({ "toast": { "tone": "danger", "message": error.detail() } });
        return response.insert_header(("HX-Trigger", ascii_json(&toast))).finish();
    }
    let page = ErrorPage { status: error.status().as_u16(), title: error.title(), detail: error.detail(), request_id };
    match page.render() {
        Ok(html) => response.content_type("text/html; charset=utf-8").body(html),
        Err(_) => response.body(error.detail().to_owned()),
    }
}

/// JSON for a header: everything outside ASCII escaped.
pub(in crate::http) fn ascii_json(value: &Value) -> String {
    value.to_string().chars().fold(String::new(), |mut text, c| {
        if c.is_ascii() {
            text.push(c);
        } else {
            for unit in c.encode_utf16(&mut [0_u16; 2]) {
                // Writing to a String cannot fail.
                write!(text, "\\u{unit:04x}").ok();
            }
        }
        text
    })
}

#[derive(Template)]
#[template(path = "layout/error.html")]
struct ErrorPage<'a> {
    status: u16,
    title: &'a str,
    detail: &'a str,
    request_id: &'a str,
}
