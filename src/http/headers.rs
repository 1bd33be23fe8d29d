//! What every answer carries (D-59), the request's id, and the refusal of requests for another host (D-53).

use std::fmt;

use actix_web::HttpMessage;
use actix_web::HttpResponse;
use actix_web::body::BoxBody;
use actix_web::body::MessageBody;
use actix_web::dev::ServiceRequest;
use actix_web::dev::ServiceResponse;
use actix_web::error::InternalError;
use actix_web::http::StatusCode;
use actix_web::http::header;
use actix_web::http::header::HeaderMap;
use actix_web::http::header::HeaderName;
use actix_web::http::header::HeaderValue;
use actix_web::middleware::Next;
use actix_web::web::Data;
use tracing::Instrument;

use crate::http::urls::PublicUrl;
use crate::kernel::ids::RunId;

/// The number under which a request stands in the log.
#[derive(Clone, Debug)]
pub struct RequestId(String);

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
     font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; object-src 'none'; frame-ancestors 'none'";

const ALWAYS: [(&str, &str); 8] = [
    ("content-security-policy", CONTENT_SECURITY_POLICY),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    ("permissions-policy", "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()"),
    // `no-referrer` would make browsers send `Origin: null` with our own forms.
    ("referrer-policy", "same-origin"),
    ("cache-control", "no-store"),
];

/// Gives the request its id and the answer its headers, whatever the answer is. What a handler set itself stays.
pub async fn add(
    req: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let id = RunId::new().uuid().simple().to_string();
    let public = req.app_data::<Data<PublicUrl>>().cloned();
    req.extensions_mut().insert(RequestId(id.clone()));
    let is_https = public.as_ref().is_some_and(|public| public.is_https());
    let is_ours = is_probe(req.path()) || public.is_some_and(|public| is_for(&req, &public));
    let span = tracing::info_span!("request", request.id = %id, method = %req.method(), path = req.path());
    let answered = if is_ours {
        next.call(req).instrument(span).await.map(ServiceResponse::map_into_boxed_body)
    } else {
        Ok(req.into_response(misdirected()))
    };
    match answered {
        Ok(mut response) => {
            complete(response.headers_mut(), &id, is_https);
            Ok(response)
        }
        Err(error) => {
            let mut response = error.error_response();
            complete(response.headers_mut(), &id, is_https);
            Err(InternalError::from_response(error, response).into())
        }
    }
}

fn misdirected() -> HttpResponse {
    HttpResponse::build(StatusCode::MISDIRECTED_REQUEST)
        .content_type("text/plain; charset=utf-8")
        .body("This Odeus answers under its public address only. Its operator sets that with ODEUS_PUBLIC_URL.\n")
}

fn complete(headers: &mut HeaderMap, id: &str, is_https: bool) {
    for (name, value) in ALWAYS {
        set_if_absent(headers, HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    if is_https {
        let year = HeaderValue::from_static("max-age=31536000; includeSubDomains");
        set_if_absent(headers, header::STRICT_TRANSPORT_SECURITY, year);
    }
    if let Ok(value) = HeaderValue::from_str(id) {
        headers.insert(HeaderName::from_static("x-request-id"), value);
    }
}

fn set_if_absent(headers: &mut HeaderMap, name: HeaderName, value: HeaderValue) {
    if !headers.contains_key(&name) {
        headers.insert(name, value);
    }
}

/// Load balancers and Prometheus come by address.
fn is_probe(path: &str) -> bool {
    matches!(path, "/healthz" | "/readyz" | "/metrics")
}

fn is_for(req: &ServiceRequest, public: &PublicUrl) -> bool {
    let host = req.uri().authority().map(|authority| authority.as_str().to_owned());
    let host = host.or_else(|| req.headers().get(header::HOST)?.to_str().ok().map(str::to_owned));
    let Some(host) = host else { return false };
    format!("{}://{host}", public.origin().scheme())
        .parse::<crate::outbound::origin::Origin>()
        .is_ok_and(|origin| origin == *public.origin())
}
