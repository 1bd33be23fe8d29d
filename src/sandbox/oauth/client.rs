//! Which app is asking: its secret in the header or in the form, and where it may be answered.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use url::Url;
use url::form_urlencoded;

use crate::sandbox::Client;
use crate::sandbox::call::Call;
use crate::sandbox::call::Params;
use crate::sandbox::chance::fingerprint;
use crate::sandbox::oauth::refusal::OauthError;

impl Client {
    /// Whether a redirect address lies at or under the registered one, on the same origin.
    ///
    /// Both are compared as parsed addresses, so that neither `..` nor a longer host name passes.
    pub(crate) fn may_be_answered_at(&self, address: &Url) -> bool {
        let Ok(registered) = Url::parse(&self.redirect_prefix) else {
            return false;
        };
        address.origin().is_tuple()
            && address.origin() == registered.origin()
            && address.username().is_empty()
            && address.password().is_none()
            && address.fragment().is_none()
            && is_at_or_under(address.path(), registered.path())
    }
}

fn is_at_or_under(path: &str, registered: &str) -> bool {
    path == registered || path.strip_prefix(registered.trim_end_matches('/')).is_some_and(|rest| rest.starts_with('/'))
}

/// The app behind a call to the token or revocation endpoint, by `client_secret_basic` or `client_secret_post`.
pub(crate) fn authenticate<'a>(call: &'a Call, form: &Params) -> Result<&'a Client, OauthError> {
    let (kind, id, secret) = if let Some((id, secret)) = basic(call)? {
        refuse_second_way(form, &id)?;
        ("client_basic", id, secret)
    } else {
        let (id, secret) = posted(form).ok_or(OauthError::InvalidClient)?;
        ("client_post", id, secret)
    };

    let client = call
        .world
        .clients
        .iter()
        .find(|client| client.id == id)
        // Fingerprints are compared, not secrets: how long it takes says nothing about the secret.
        .filter(|client| fingerprint(&client.secret) == fingerprint(&secret))
        .ok_or(OauthError::InvalidClient)?;
    call.recognise(kind, &client.id);
    Ok(client)
}

fn refuse_second_way(form: &Params, id: &str) -> Result<(), OauthError> {
    if form.find("client_secret").is_some() {
        return Err(OauthError::InvalidRequest("the client shows its secret in two ways"));
    }
    if form.find("client_id").is_some_and(|other| other != id) {
        return Err(OauthError::InvalidRequest("client_id is not the client in the header"));
    }
    Ok(())
}

fn posted(form: &Params) -> Option<(String, String)> {
    let id = form.find("client_id")?;
    let secret = form.find("client_secret")?;
    Some((id.to_owned(), secret.to_owned()))
}

/// Id and secret from `Authorization: Basic`, each decoded as a form value (RFC 6749 §2.3.1).
fn basic(call: &Call) -> Result<Option<(String, String)>, OauthError> {
    let Some((scheme, encoded)) = call.header("authorization").and_then(|value| value.split_once(' ')) else {
        return Ok(None);
    };
    if !scheme.eq_ignore_ascii_case("basic") {
        return Err(OauthError::InvalidClient);
    }
    let decoded = STANDARD
        .decode(encoded.trim())
        .ok()
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .ok_or(OauthError::InvalidClient)?;
    let (id, secret) = decoded.split_once(':').ok_or(OauthError::InvalidClient)?;
    Ok(Some((form_decoded(id), form_decoded(secret))))
}

fn form_decoded(value: &str) -> String {
    // A single value, so its own `=` and `&` must not be taken for separators.
    let escaped = value.replace('=', "%3D").replace('&', "%26");
    form_urlencoded::parse(escaped.as_bytes()).map(|(value, _)| value.into_owned()).collect()
}
