//! What was received, and the faults that a test has asked for.
//!
//! One layer around all routes: it waits or fails where it was told to, adds the headers every answer has, and notes
//! the call. It notes names of headers, never their values, so that reading the log shows no credential.

use actix_web::Error;
use actix_web::HttpMessage;
use actix_web::HttpResponse;
use actix_web::body::BoxBody;
use actix_web::body::MessageBody;
use actix_web::dev::ServiceRequest;
use actix_web::dev::ServiceResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::CACHE_CONTROL;
use actix_web::http::header::CONTENT_SECURITY_POLICY;
use actix_web::http::header::HeaderMap;
use actix_web::http::header::HeaderName;
use actix_web::http::header::HeaderValue;
use actix_web::http::header::REFERRER_POLICY;
use actix_web::http::header::RETRY_AFTER;
use actix_web::http::header::X_CONTENT_TYPE_OPTIONS;
use actix_web::http::header::X_FRAME_OPTIONS;
use actix_web::middleware::Next;
use actix_web::web::Data;
use chrono::DateTime;
use chrono::Utc;
use serde::Serialize;
use serde_json::json;
use std::collections::BTreeMap;
use std::collections::VecDeque;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::time::Duration;

use crate::sandbox::call::header;
use crate::sandbox::world::World;

const CALLS_KEPT: usize = 1000;

/// The headers of every answer. `form-action` is left out of the policy: browsers hold it against the redirect that
/// follows the consent form too, and that one must leave this origin.
const HEADERS: [(HeaderName, &str); 8] = [
    (
        CONTENT_SECURITY_POLICY,
        "default-src 'none'; style-src 'self'; img-src 'self' data:; base-uri 'none'; frame-ancestors 'none'",
    ),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (X_FRAME_OPTIONS, "DENY"),
    (REFERRER_POLICY, "same-origin"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (HeaderName::from_static("permissions-policy"), "camera=(), geolocation=(), microphone=()"),
    (CACHE_CONTROL, "no-store"),
];

/// One call that the sandbox received.
#[derive(Clone, Debug, Serialize)]
pub struct Received {
    /// When it came.
    pub at: DateTime<Utc>,
    /// Its method.
    pub method: String,
    /// Its path, without what follows the question mark.
    pub path: String,
    /// The kind of credential: `bearer`, `service_account`, `api_key`, `client_basic`, `client_post`, `assertion`,
    /// `unknown` for one that was not recognised, or `none`.
    pub credential: String,
    /// Who it was recognised as: a person, a service account, the account of a key, or an app.
    pub principal: Option<String>,
    /// The names of its headers, in order of the alphabet.
    pub headers: Vec<String>,
    /// The status it was answered with.
    pub status: u16,
}

/// Who a handler recognised; it leaves this in the request for the log.
pub(crate) struct Known {
    pub(crate) credential: &'static str,
    pub(crate) principal: String,
}

/// A fault to show on the next calls.
pub(crate) struct Fault {
    pub(crate) status: StatusCode,
    pub(crate) times: u32,
    /// Only calls whose path begins like this.
    pub(crate) path: String,
    /// The error's name, where the caller wants a certain one.
    pub(crate) error: String,
    pub(crate) retry_after: Option<u32>,
}

/// A wait before each call.
#[derive(Default)]
pub(crate) struct Delay {
    pub(crate) length: Duration,
    /// Only calls whose path begins like this.
    pub(crate) path: String,
}

#[derive(Default)]
struct Notes {
    calls: VecDeque<Received>,
    token_calls: BTreeMap<String, u64>,
    tokens_issued: BTreeMap<String, u64>,
    fault: Option<Fault>,
    delay: Delay,
}

/// The log, the counters and the faults asked for.
#[derive(Default)]
pub(crate) struct Trace(Mutex<Notes>);

impl Trace {
    pub(crate) fn count_token_call(&self, grant: &str) {
        *self.lock().token_calls.entry(grant.to_owned()).or_default() += 1;
    }

    pub(crate) fn count_token_issued(&self, grant: &str) {
        *self.lock().tokens_issued.entry(grant.to_owned()).or_default() += 1;
    }

    pub(crate) fn set_fault(&self, fault: Fault) {
        self.lock().fault = Some(fault);
    }

    pub(crate) fn set_delay(&self, delay: Delay) {
        self.lock().delay = delay;
    }

    /// The calls, the token endpoint's calls by grant type, and those of them that were answered with a token.
    pub(crate) fn log(&self) -> (Vec<Received>, BTreeMap<String, u64>, BTreeMap<String, u64>) {
        let notes = self.lock();
        (notes.calls.iter().cloned().collect(), notes.token_calls.clone(), notes.tokens_issued.clone())
    }

    pub(crate) fn clear_log(&self) {
        let mut notes = self.lock();
        notes.calls.clear();
        notes.token_calls.clear();
        notes.tokens_issued.clear();
    }

    fn note(&self, call: Received) {
        let mut notes = self.lock();
        if notes.calls.len() >= CALLS_KEPT {
            notes.calls.pop_front();
        }
        notes.calls.push_back(call);
    }

    fn delay_for(&self, path: &str) -> Duration {
        let notes = self.lock();
        if path.starts_with(&notes.delay.path) { notes.delay.length } else { Duration::ZERO }
    }

    fn take_fault_for(&self, path: &str) -> Option<HttpResponse> {
        let mut notes = self.lock();
        let fault = notes.fault.as_mut().filter(|fault| path.starts_with(&fault.path) && fault.times > 0)?;
        fault.times -= 1;
        Some(fault.answer(path))
    }

    fn lock(&self) -> MutexGuard<'_, Notes> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Fault {
    fn answer(&self, path: &str) -> HttpResponse {
        let mut response = HttpResponse::build(self.status);
        if let Some(seconds) = self.retry_after {
            response.insert_header((RETRY_AFTER, seconds.to_string()));
        }
        let message = "the sandbox was told to fail here";
        if path.starts_with("/oauth/") {
            response.json(json!({"error": self.error, "error_description": message}))
        } else {
            response.json(json!({"error": {"code": self.error, "message": message}}))
        }
    }
}

/// The layer around all routes.
pub(crate) async fn watch(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let Some(world) = request.app_data::<Data<World>>().cloned() else {
        return Ok(next.call(request).await?.map_into_boxed_body());
    };
    let path = request.path().to_owned();
    if path.starts_with("/control/") {
        return Ok(next.call(request).await?.map_into_boxed_body());
    }

    let mut call = received(&request, &world);
    let delay = world.trace.delay_for(&path);
    if !delay.is_zero() {
        tokio::time::sleep(delay).await;
    }
    let mut response = match world.trace.take_fault_for(&path) {
        Some(fault) => request.into_response(fault),
        None => next.call(request).await?.map_into_boxed_body(),
    };

    for (name, value) in HEADERS {
        let value = HeaderValue::from_static(value);
        response.headers_mut().insert(name, value);
    }
    if let Some(known) = response.request().extensions().get::<Known>() {
        known.credential.clone_into(&mut call.credential);
        call.principal = Some(known.principal.clone());
    }
    call.status = response.status().as_u16();
    world.trace.note(call);
    Ok(response)
}

fn received(request: &ServiceRequest, world: &World) -> Received {
    let mut headers: Vec<String> = request.headers().keys().map(|name| name.as_str().to_owned()).collect();
    headers.sort_unstable();
    Received {
        at: world.now(),
        method: request.method().to_string(),
        path: request.path().to_owned(),
        credential: guess(request.headers()).to_owned(),
        principal: None,
        headers,
        status: 0,
    }
}

fn guess(headers: &HeaderMap) -> &'static str {
    if header(headers, "authorization").is_some() || header(headers, "x-api-key").is_some() {
        "unknown"
    } else {
        "none"
    }
}
