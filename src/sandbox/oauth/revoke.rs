//! `/oauth/revoke`: an app gives back a token it no longer wants (RFC 7009).

use actix_web::HttpResponse;

use crate::sandbox::call::Call;
use crate::sandbox::oauth::client::authenticate;
use crate::sandbox::oauth::refusal::OauthError;

/// `POST`: ends the grant of a refresh token, or one access token.
pub(crate) fn revoke(call: &Call) -> Result<HttpResponse, OauthError> {
    let form = call.form().ok_or(OauthError::InvalidRequest("send a form: application/x-www-form-urlencoded"))?;
    if form.has_repeats() {
        return Err(OauthError::InvalidRequest("a parameter came twice"));
    }
    let client = authenticate(call, &form)?;
    let token = form.find("token").ok_or(OauthError::InvalidRequest("token is missing"))?;

    call.world.write(|state| state.ledger.revoke(token, &client.id))?;
    Ok(HttpResponse::Ok().finish())
}
