//! Reads what a token endpoint answered. Providers differ from RFC 6749 in ways that matter: errors under status 200
//! (GitHub, Slack), form-encoded bodies (GitHub), lists of scopes with commas, error codes of their own. All of it is
//! brought into one form here, before the `oauth2` crate parses it (D-25).

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::DateTime;
use chrono::Duration;
use serde_json::Map;
use serde_json::Value;

use crate::kernel::clock::Timestamp;
use crate::kernel::text;
use crate::outbound::request::Response;
use crate::vault::exchange::ExchangeError;
use crate::vault::scrub::Scrub;

type Object = Map<String, Value>;

const MAX_WAIT: Duration = Duration::hours(1);

/// Codes that say: this grant is dead.
const DEAD_GRANT: [&str; 13] = [
    "invalid_grant",
    "bad_verification_code",
    "bad_refresh_token",
    "bad_auth_code",
    "invalid_code",
    "code_already_used",
    "code_expired",
    "invalid_refresh_token",
    "token_revoked",
    "token_expired",
    "interaction_required",
    "login_required",
    "consent_required",
];
/// Codes that say: our registration is wrong.
const WRONG_CLIENT: [&str; 8] = [
    "invalid_client",
    "unauthorized_client",
    "incorrect_client_credentials",
    "bad_client_secret",
    "bad_client_id",
    "invalid_client_id",
    "invalid_client_secret",
    "client_not_found",
];
/// Codes that say: later.
const LATER: [&str; 8] = [
    "temporarily_unavailable",
    "server_error",
    "slow_down",
    "ratelimited",
    "rate_limited",
    "internal_error",
    "service_unavailable",
    "request_timeout",
];

/// The tokens of an answer, as the JSON object of RFC 6749 §5.1, with `subject` in place of the ID token.
pub(in crate::vault) fn tokens(
    response: &Response,
    sent: &Scrub,
    now: Option<Timestamp>,
) -> Result<Vec<u8>, ExchangeError> {
    let mut object = accepted(response, sent, now)?.ok_or(ExchangeError::Malformed)?;
    // Slack puts the tokens of a person beside those of the app.
    if !object.contains_key("access_token")
        && let Some(Value::Object(user)) = object.remove("authed_user")
    {
        object = user;
    }
    let access = text_of(&object, "access_token").ok_or(ExchangeError::Malformed)?;
    let kind = text_of(&object, "token_type").unwrap_or("bearer").to_ascii_lowercase();
    if matches!(kind.as_str(), "mac" | "dpop" | "pop") {
        return Err(ExchangeError::Malformed);
    }
    let mut plain = Object::new();
    plain.insert("access_token".to_owned(), Value::from(access));
    plain.insert("token_type".to_owned(), Value::from("bearer"));
    if let Some(refresh) = text_of(&object, "refresh_token") {
        plain.insert("refresh_token".to_owned(), Value::from(refresh));
    }
    if let Some(seconds) = object.get("expires_in").and_then(seconds) {
        plain.insert("expires_in".to_owned(), Value::from(seconds));
    }
    if let Some(scope) = object.get("scope").and_then(scope) {
        plain.insert("scope".to_owned(), Value::from(scope));
    }
    if let Some(subject) = text_of(&object, "id_token").and_then(subject) {
        plain.insert("subject".to_owned(), Value::from(subject));
    }
    serde_json::to_vec(&plain).map_err(|_unwritable| ExchangeError::Malformed)
}

/// Whether a request that has no tokens as its answer was accepted.
pub(in crate::vault) fn receipt(
    response: &Response,
    sent: &Scrub,
    now: Option<Timestamp>,
) -> Result<(), ExchangeError> {
    accepted(response, sent, now).map(|_object| ())
}

/// Foreign text that may be shown: without what was sent, without control characters, at most 200 characters.
pub(in crate::vault) fn shown(text: String, sent: &Scrub) -> String {
    text::cut(&sent.clean_text(text), 199)
}

/// The body of an answer that is no refusal, if it is an object.
fn accepted(response: &Response, sent: &Scrub, now: Option<Timestamp>) -> Result<Option<Object>, ExchangeError> {
    let status = response.status;
    match status {
        300..=399 => return Err(ExchangeError::Redirected),
        408 | 425 | 429 | 500.. => {
            let reason = format!("it answered {status}");
            return Err(ExchangeError::Transient { reason, retry_after: retry_after(response, now) });
        }
        _ => {}
    }
    let object = object(&response.body);
    let is_success = (200..300).contains(&status);
    if let Some((code, description)) = object.as_ref().and_then(|object| named_error(object, is_success)) {
        return Err(refusal(code, description, sent, retry_after(response, now)));
    }
    if !is_success {
        return Err(refusal(format!("http_{status}"), String::new(), sent, None));
    }
    Ok(object)
}

/// The body as an object: JSON, or a form (GitHub without `Accept`).
fn object(body: &[u8]) -> Option<Object> {
    if let Ok(Value::Object(object)) = serde_json::from_slice(body) {
        return Some(object);
    }
    let text = std::str::from_utf8(body).ok()?.trim();
    let is_form = text.contains('=') && !text.contains(['<', '{', '[', ' ', '\n']);
    if !is_form {
        return None;
    }
    Some(url::form_urlencoded::parse(text.as_bytes()).map(|(name, value)| (name.into_owned(), value.into())).collect())
}

/// The code and description of an error, wherever the provider puts them.
fn named_error(object: &Object, is_success: bool) -> Option<(String, String)> {
    let described = |object: &Object| {
        let names = ["error_description", "message", "reason", "error_msg"];
        names.iter().find_map(|name| text_of(object, name)).unwrap_or_default().to_owned()
    };
    match object.get("error") {
        Some(Value::String(code)) if !code.is_empty() => return Some((code.clone(), described(object))),
        Some(Value::Object(inner)) => {
            let code = text_of(inner, "type").or_else(|| text_of(inner, "code")).unwrap_or("error");
            return Some((code.to_owned(), described(inner)));
        }
        _ => {}
    }
    let is_refused = !is_success || object.get("ok") == Some(&Value::Bool(false));
    let code = text_of(object, "status").or_else(|| text_of(object, "code")).or_else(|| text_of(object, "errorCode"));
    is_refused.then_some((code?.to_owned(), described(object)))
}

fn refusal(code: String, description: String, sent: &Scrub, retry_after: Option<Duration>) -> ExchangeError {
    let error = text::cut(&sent.clean_text(code), 80);
    let description = shown(description, sent);
    let is_one_of = |codes: &[&str]| codes.contains(&error.to_ascii_lowercase().as_str());
    if is_one_of(&DEAD_GRANT) {
        ExchangeError::InvalidGrant { description: if description.is_empty() { error } else { description } }
    } else if is_one_of(&WRONG_CLIENT) {
        ExchangeError::InvalidClient { description: if description.is_empty() { error } else { description } }
    } else if is_one_of(&LATER) {
        ExchangeError::Transient { reason: format!("it answered “{error}”"), retry_after }
    } else {
        ExchangeError::Refused { error, description }
    }
}

/// `Retry-After` in seconds or as a date, an hour at most (D-25).
fn retry_after(response: &Response, now: Option<Timestamp>) -> Option<Duration> {
    let (_, value) = response.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("retry-after"))?;
    let wait = match value.trim().parse::<u32>() {
        Ok(seconds) => Duration::seconds(i64::from(seconds)),
        Err(_a_date) => DateTime::parse_from_rfc2822(value.trim()).ok()?.to_utc() - now?,
    };
    Some(wait.clamp(Duration::zero(), MAX_WAIT))
}

fn text_of<'a>(object: &'a Object, name: &str) -> Option<&'a str> {
    object.get(name).and_then(Value::as_str).filter(|text| !text.is_empty())
}

/// A lifetime, also as text or with a fraction. Nothing for zero: providers mean "does not expire" by it.
fn seconds(value: &Value) -> Option<u64> {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => return None,
    };
    let whole = text.trim().split('.').next()?.parse::<u32>().ok()?;
    (whole > 0).then_some(u64::from(whole))
}

/// Scopes with spaces between them, also from a list or with commas.
fn scope(value: &Value) -> Option<String> {
    let words: Vec<&str> = match value {
        Value::String(text) if text.contains(' ') => {
            text.split_whitespace().map(|word| word.trim_end_matches(',')).collect()
        }
        Value::String(text) => text.split(',').filter(|word| !word.is_empty()).collect(),
        Value::Array(items) => items.iter().filter_map(Value::as_str).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => return None,
    };
    (!words.is_empty()).then(|| words.join(" "))
}

/// Issuer and subject of an ID token. It came from the token endpoint itself, over TLS; its signature is not looked at.
fn subject(id_token: &str) -> Option<String> {
    let claims = URL_SAFE_NO_PAD.decode(id_token.split('.').nth(1)?.trim_end_matches('=')).ok()?;
    let Ok(Value::Object(claims)) = serde_json::from_slice(&claims) else { return None };
    let subject = format!("{} {}", text_of(&claims, "iss")?, text_of(&claims, "sub")?);
    (subject.len() <= 500).then_some(subject)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn response(status: u16, body: &str) -> Response {
        let headers = vec![("retry-after".to_owned(), "90".to_owned())];
        Response { status, headers, body: body.into(), duration: std::time::Duration::ZERO }
    }

    fn read(status: u16, body: &str) -> Result<Value, ExchangeError> {
        let mut sent = Scrub::default();
        sent.add("refresh-token-1");
        tokens(&response(status, body), &sent, None).map(|json| serde_json::from_slice(&json).unwrap())
    }

    #[test]
    fn answers_of_all_kinds_become_one() {
        let plain = json!({"access_token": "a", "token_type": "bearer"});
        let full = json!({
            "access_token": "a", "token_type": "bearer", "refresh_token": "r", "expires_in": 3600, "scope": "x y",
        });
        let bodies = [
            (r#"{"access_token":"a","token_type":"Bearer","refresh_token":null,"expires_in":null,"scope":""}"#, &plain),
            (r#"{"access_token":"a","expires_in":0}"#, &plain),
            (r#"{"ok":true,"access_token":"a","token_type":"bot"}"#, &plain),
            (r#"{"ok":true,"authed_user":{"id":"U1","access_token":"a","token_type":"user"}}"#, &plain),
            ("access_token=a&token_type=bearer&scope=", &plain),
            ("access_token=a&token_type=BEARER&refresh_token=r&expires_in=3600&scope=x%2Cy", &full),
            (r#"{"access_token":"a","refresh_token":"r","expires_in":"3600","scope":["x","y"]}"#, &full),
            (r#"{"access_token":"a","refresh_token":"r","expires_in":3600.7,"scope":"x, y"}"#, &full),
            (r#"{"access_token":"a","refresh_token":"r","expires_in":3600,"scope":"x  y"}"#, &full),
        ];

        for (body, wanted) in bodies {
            assert_eq!(&read(200, body).unwrap(), wanted, "{body}");
        }
        assert_eq!(read(201, r#"{"access_token":"a"}"#).unwrap(), plain);
    }

    #[test]
    fn an_id_token_names_the_account() {
        let claims = URL_SAFE_NO_PAD.encode(r#"{"iss":"https://i.test","sub":"42","email":"a@b.c"}"#);
        let body = json!({"access_token": "a", "id_token": format!("e30.{claims}.sig")}).to_string();

        assert_eq!(read(200, &body).unwrap()["subject"], "https://i.test 42");
        assert_eq!(read(200, r#"{"access_token":"a","id_token":"x.y.z"}"#).unwrap().get("subject"), None);
    }

    #[test]
    fn a_named_error_is_that_error_whatever_the_status() {
        let dead = [
            (200, r#"{"error":"bad_refresh_token","error_description":"gone"}"#),
            (200, "error=bad_verification_code&error_description=gone"),
            (200, r#"{"ok":false,"error":"invalid_refresh_token","message":"gone"}"#),
            (400, r#"{"error":"invalid_grant","error_description":"gone"}"#),
            (400, r#"{"status":"BAD_REFRESH_TOKEN","message":"gone"}"#),
            (401, r#"{"error":{"type":"invalid_grant","message":"gone"}}"#),
        ];
        let wrong = [(401, r#"{"error":"invalid_client"}"#), (200, r#"{"ok":false,"error":"bad_client_secret"}"#)];

        for (status, body) in dead {
            let answer = read(status, body);
            assert!(
                matches!(&answer, Err(ExchangeError::InvalidGrant { description }) if description == "gone"),
                "{body}"
            );
        }
        for (status, body) in wrong {
            assert!(matches!(read(status, body), Err(ExchangeError::InvalidClient { .. })), "{body}");
        }
        assert!(matches!(
            read(400, r#"{"error":"invalid_scope","error_description":"no"}"#),
            Err(ExchangeError::Refused { error, description }) if error == "invalid_scope" && description == "no"
        ));
        assert!(matches!(
            read(404, "<html>nothing here</html>"),
            Err(ExchangeError::Refused { error, description }) if error == "http_404" && description.is_empty()
        ));
    }

    #[test]
    fn busy_and_down_are_for_later() {
        for (status, body) in [(429, ""), (503, "<html>"), (500, r#"{"error":"invalid_grant"}"#)] {
            assert!(matches!(
                read(status, body),
                Err(ExchangeError::Transient { retry_after: Some(wait), .. }) if wait == Duration::seconds(90)
            ));
        }
        assert!(matches!(read(200, r#"{"ok":false,"error":"ratelimited"}"#), Err(ExchangeError::Transient { .. })));
        assert!(matches!(read(302, ""), Err(ExchangeError::Redirected)));
    }

    #[test]
    fn a_wait_is_an_hour_at_most_and_may_be_a_date() {
        let now = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        let wait = |value: &str, now| {
            let headers = vec![("retry-after".to_owned(), value.to_owned())];
            retry_after(&Response { headers, ..response(503, "") }, now)
        };
        let date = (now + Duration::minutes(5)).to_rfc2822().replace("+0000", "GMT");

        assert_eq!(wait("86400", Some(now)), Some(MAX_WAIT));
        assert_eq!(wait(&date, Some(now)), Some(Duration::minutes(5)));
        assert_eq!(wait(&date, None), None);
        assert_eq!(wait("soon", Some(now)), None);
    }

    #[test]
    fn garbage_is_malformed_and_never_quoted() {
        for body in
            ["", "null", "[1]", "CANARY", "<html>CANARY=1</html>", r#"{"token":"CANARY"}"#, r#"{"access_token":7}"#]
        {
            let error = read(200, body).unwrap_err();
            assert!(matches!(error, ExchangeError::Malformed), "{body}");
            assert!(!format!("{error} {error:?}").contains("CANARY"));
        }
        assert!(matches!(read(200, r#"{"access_token":"a","token_type":"DPoP"}"#), Err(ExchangeError::Malformed)));
    }

    #[test]
    fn a_description_is_cut_and_holds_nothing_that_was_sent() {
        let long = format!("a\\r\\nb refresh-token-1 {}", "x".repeat(500));
        let body = format!(r#"{{"error":"invalid_grant","error_description":"{long}"}}"#);

        let Err(ExchangeError::InvalidGrant { description }) = read(400, &body) else { panic!("a dead grant") };

        assert!(description.starts_with("ab [removed] xxx"), "{description}");
        assert_eq!(description.chars().count(), 200);
    }
}
