//! `/oauth/token`: codes, refresh tokens and signed assertions become access tokens.

use actix_web::HttpResponse;
use actix_web::http::header::PRAGMA;
use serde_json::json;

use crate::sandbox::call::Call;
use crate::sandbox::call::Params;
use crate::sandbox::oauth::assertion;
use crate::sandbox::oauth::client::authenticate;
use crate::sandbox::oauth::refusal::OauthError;
use crate::sandbox::oauth::scope;
use crate::sandbox::oauth::terms::Fresh;
use crate::sandbox::oauth::terms::Issued;
use crate::sandbox::oauth::terms::Moment;
use crate::sandbox::oauth::terms::Redemption;
use crate::sandbox::oauth::terms::Renewal;

pub(crate) const JWT_BEARER: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

/// `POST`: answers with tokens, or says why not.
pub(crate) fn exchange(call: &Call) -> Result<HttpResponse, OauthError> {
    let form = call.form().ok_or(OauthError::InvalidRequest("send a form: application/x-www-form-urlencoded"))?;
    if form.has_repeats() {
        return Err(OauthError::InvalidRequest("a parameter came twice"));
    }
    let grant_type = form.find("grant_type").ok_or(OauthError::InvalidRequest("grant_type is missing"))?;
    let act = match grant_type {
        "authorization_code" => redeem,
        "refresh_token" => renew,
        JWT_BEARER => admit,
        _ => return Err(OauthError::UnsupportedGrantType),
    };

    call.world.trace.count_token_call(grant_type);
    let issued = act(call, &form)?;
    call.world.trace.count_token_issued(grant_type);
    Ok(answer(call, &issued))
}

fn redeem(call: &Call, form: &Params) -> Result<Issued, OauthError> {
    let client = authenticate(call, form)?;
    let shown = Redemption {
        code: needed(form, "code", "code is missing")?,
        client_id: &client.id,
        redirect_uri: needed(form, "redirect_uri", "redirect_uri is missing")?,
        verifier: needed(form, "code_verifier", "code_verifier is missing")?,
    };
    let fresh = Fresh::make()?;
    let moment = moment(call);
    call.world.write(|state| state.ledger.redeem(&shown, fresh, moment))
}

fn renew(call: &Call, form: &Params) -> Result<Issued, OauthError> {
    let client = authenticate(call, form)?;
    let scopes = match form.find("scope") {
        Some(text) => Some(scope::read(text).ok_or(OauthError::InvalidScope("a scope is unknown"))?),
        None => None,
    };
    let shown = Renewal {
        refresh_token: needed(form, "refresh_token", "refresh_token is missing")?,
        client_id: &client.id,
        scopes,
    };
    let fresh = Fresh::make()?;
    let moment = moment(call);
    let rotation = call.world.rotation;
    call.world.write(|state| state.ledger.renew(shown, fresh, moment, rotation))
}

/// The assertion is the credential: no client shows a secret here (RFC 7523 §2.1).
fn admit(call: &Call, form: &Params) -> Result<Issued, OauthError> {
    let moment = moment(call);
    let shown = needed(form, "assertion", "assertion is missing")?;
    let claims = assertion::check(shown, &call.world.public_url, moment.now)?;
    call.recognise("assertion", &claims.client_email);

    let asked = form.find("scope").or(claims.scope.as_deref());
    let scopes = asked
        .and_then(scope::read)
        .filter(|scopes| scopes.iter().all(|scope| !scope.is_for_people()))
        .ok_or(OauthError::InvalidScope("name a scope that a service account can have, like warehouse.read"))?;
    let fresh = Fresh::make()?;
    Ok(call.world.write(|state| state.ledger.admit(&claims.client_email, scopes, fresh, moment)))
}

fn needed<'a>(form: &'a Params, name: &str, complaint: &'static str) -> Result<&'a str, OauthError> {
    form.find(name).ok_or(OauthError::InvalidRequest(complaint))
}

fn moment(call: &Call) -> Moment {
    Moment { now: call.world.now(), life: call.world.access_token_life }
}

fn answer(call: &Call, issued: &Issued) -> HttpResponse {
    let mut body = json!({
        "access_token": issued.access_token,
        "token_type": "Bearer",
        "expires_in": (issued.expires_at - call.world.now()).num_seconds(),
        "scope": scope::list(&issued.scopes),
    });
    if let (Some(token), Some(members)) = (&issued.refresh_token, body.as_object_mut()) {
        members.insert("refresh_token".to_owned(), json!(token));
    }
    HttpResponse::Ok().insert_header((PRAGMA, "no-cache")).json(body)
}
