//! Who is calling: the access token or the API key of a call, checked.

use actix_web::http::header::AUTHORIZATION;

use crate::sandbox::call::Call;
use crate::sandbox::customers;
use crate::sandbox::customers::CrmKey;
use crate::sandbox::oauth::ledger::Subject;
use crate::sandbox::oauth::scope::Scope;
use crate::sandbox::people;
use crate::sandbox::people::Person;
use crate::sandbox::refusal::ApiError;

/// The person behind the call's access token, which must hold the scope.
pub(crate) fn person(call: &Call, needed: Scope) -> Result<&'static Person, ApiError> {
    match subject(call, needed)? {
        Subject::Person(email) => people::find(&email).ok_or(ApiError::UnknownToken),
        Subject::ServiceAccount(_) => Err(ApiError::UnknownToken),
    }
}

/// The service account behind the call's access token, which must hold the scope.
pub(crate) fn service_account(call: &Call, needed: Scope) -> Result<String, ApiError> {
    match subject(call, needed)? {
        Subject::ServiceAccount(email) => Ok(email),
        Subject::Person(_) => Err(ApiError::UnknownToken),
    }
}

/// The CRM key that the call carries.
pub(crate) fn crm_key(call: &Call) -> Result<&'static CrmKey, ApiError> {
    let sent = call.header("x-api-key").ok_or(ApiError::NoKey)?;
    let key = customers::find_key(sent).ok_or(ApiError::UnknownKey)?;
    call.recognise("api_key", key.account);
    Ok(key)
}

fn subject(call: &Call, needed: Scope) -> Result<Subject, ApiError> {
    let token = call
        .header(AUTHORIZATION.as_str())
        .and_then(|value| value.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, token)| token.trim())
        .ok_or(ApiError::NoToken)?;

    let access = call.world.read(|state| state.ledger.find_access(token).cloned()).ok_or(ApiError::UnknownToken)?;
    match &access.subject {
        Subject::Person(email) => call.recognise("bearer", email),
        Subject::ServiceAccount(email) => call.recognise("service_account", email),
    }

    if access.expires_at <= call.world.now() {
        return Err(ApiError::ExpiredToken);
    }
    if !access.scopes.contains(&needed) {
        return Err(ApiError::ScopeMissing(needed));
    }
    Ok(access.subject)
}
