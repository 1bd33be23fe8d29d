//! Forged requests are refused twice (D-58): by where the browser says they come from, before the body is read, and by a
//! token of the session in every form. The first alone guards the forms of people who are not signed in: they have no
//! session yet that a token could live in.

use actix_session::SessionExt;
use actix_web::HttpRequest;
use actix_web::http::Method;
use actix_web::http::header;
use actix_web::web::Data;

use crate::http::error::Error;
use crate::http::session;
use crate::http::urls::PublicUrl;

/// The name of the form field, and with `X-` of the header.
pub const FIELD: &str = "csrf";
const HEADER: &str = "x-csrf";

/// Refuses what another site sent: `Sec-Fetch-Site` decides alone where it is there, else `Origin` must be ours, and a
/// request that changes something and has neither is refused.
pub fn check_origin(req: &HttpRequest) -> Result<(), Error> {
    if matches!(*req.method(), Method::GET | Method::HEAD | Method::OPTIONS) {
        return Ok(());
    }
    let header = |name: &str| req.headers().get(name).map(|value| value.to_str().unwrap_or_default());
    let is_ours = match (header("sec-fetch-site"), header(header::ORIGIN.as_str())) {
        (Some(site), _) => site == "same-origin",
        (None, Some(origin)) => {
            req.app_data::<Data<PublicUrl>>().is_some_and(|public| public.origin().to_string() == origin)
        }
        (None, None) => false,
    };
    if is_ours { Ok(()) } else { Err(Error::cross_site()) }
}

/// Whether the form (or the header that htmx sends) carries the session's token; without a session there is none to carry.
pub fn check_token(req: &HttpRequest, field: Option<&str>) -> Result<(), Error> {
    let Some(expected) = session::csrf_token(&req.get_session()) else { return Ok(()) };
    let given = field.or_else(|| req.headers().get(HEADER).and_then(|value| value.to_str().ok())).unwrap_or_default();
    if same(given.as_bytes(), expected.as_bytes()) { Ok(()) } else { Err(Error::form_expired()) }
}

fn same(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len() && a.iter().zip(b).fold(0_u8, |difference, (a, b)| difference | (a ^ b)) == 0
}
