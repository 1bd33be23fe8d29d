//! Levers for tests: expire, revoke, slow down, fail, and read what was received.
//!
//! They are mounted only where the options say so, and stay out of the log and of the faults they cause.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use serde_json::json;
use std::time::Duration;

use crate::sandbox::call::Call;
use crate::sandbox::call::Params;
use crate::sandbox::refusal::ApiError;
use crate::sandbox::trace::Delay;
use crate::sandbox::trace::Fault;

/// `POST /control/expire-tokens`: every access token given so far has expired; refresh tokens stay good.
pub(crate) fn expire_tokens(call: &Call) -> HttpResponse {
    let now = call.world.now();
    let expired = call.world.write(|state| state.ledger.expire_all(now));
    HttpResponse::Ok().json(json!({ "expired": expired }))
}

/// `POST /control/revoke/{email}`: the person takes back all access they gave.
pub(crate) fn revoke(call: &Call) -> HttpResponse {
    let email = call.part("email");
    let ended = call.world.write(|state| state.ledger.end_all_of(email));
    HttpResponse::Ok().json(json!({ "ended": ended }))
}

/// `POST /control/slow?ms=&path=`: calls wait that long before they are answered; `ms=0` ends it.
pub(crate) fn slow(call: &Call) -> Result<HttpResponse, ApiError> {
    let query = call.query();
    let length = Duration::from_millis(number(&query, "ms")?.unwrap_or(0).into());
    let path = query.find("path").unwrap_or("/").to_owned();
    call.world.trace.set_delay(Delay { length, path });
    Ok(HttpResponse::NoContent().finish())
}

/// `POST /control/fail?status=&times=&path=&error=&retry_after=`: the next calls are answered with that status.
pub(crate) fn fail(call: &Call) -> Result<HttpResponse, ApiError> {
    let query = call.query();
    let status = number(&query, "status")?
        .and_then(|status| u16::try_from(status).ok())
        .and_then(|status| StatusCode::from_u16(status).ok())
        .filter(|status| !status.is_informational())
        .ok_or(ApiError::Invalid { field: "status", message: "must be an HTTP status from 200" })?;
    call.world.trace.set_fault(Fault {
        status,
        times: number(&query, "times")?.unwrap_or(1),
        path: query.find("path").unwrap_or("/").to_owned(),
        error: query.find("error").unwrap_or("temporarily_unavailable").to_owned(),
        retry_after: number(&query, "retry_after")?,
    });
    Ok(HttpResponse::NoContent().finish())
}

/// `GET /control/log`: the calls received, and counts of the token endpoint's calls by grant type.
pub(crate) fn show_log(call: &Call) -> HttpResponse {
    let (calls, token_calls, tokens_issued) = call.world.trace.log();
    HttpResponse::Ok().json(json!({
        "calls": calls,
        "token_calls": token_calls,
        "tokens_issued": tokens_issued,
    }))
}

/// `DELETE /control/log`: forgets the calls and sets the counts to nothing.
pub(crate) fn clear_log(call: &Call) -> HttpResponse {
    call.world.trace.clear_log();
    HttpResponse::NoContent().finish()
}

fn number(query: &Params, name: &'static str) -> Result<Option<u32>, ApiError> {
    let Some(text) = query.find(name) else {
        return Ok(None);
    };
    text.parse().ok().map(Some).ok_or(ApiError::Invalid { field: name, message: "must be a whole number" })
}
