//! What a caller is shown before an action that changes something is sent, and the word by which they agree to exactly
//! that (D-41): a hash over who, which action as it is now, which connection and which input. An input that was changed
//! afterwards, by whomever, has another word.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::digest::Context;
use ring::digest::SHA256;
use serde_json::Value;

use crate::kernel::ids::AgentActionId;
use crate::kernel::ids::ConnectionId;
use crate::kernel::ids::UserId;
use crate::outbound::request::Request;

/// The exact request, without the credential. It is the same for every connection, so it tells nothing of one (R11).
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Preview {
    /// The HTTP method.
    pub method: String,
    /// The address.
    pub url: String,
    /// The headers, in order.
    pub headers: Vec<(String, String)>,
    /// The body, if there is one; JSON is indented.
    pub body: Option<String>,
}

impl Preview {
    /// That of a request.
    pub fn of(request: &Request) -> Self {
        let header = |(name, value): &(http::HeaderName, http::HeaderValue)| {
            (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())
        };
        Self {
            method: request.method().to_string(),
            url: request.url().to_string(),
            headers: request.headers().iter().map(header).collect(),
            body: request.body_bytes().map(readable),
        }
    }
}

fn readable(body: &[u8]) -> String {
    let indented = serde_json::from_slice::<Value>(body).and_then(|json| serde_json::to_string_pretty(&json));
    indented.unwrap_or_else(|_not_json| String::from_utf8_lossy(body).into_owned())
}

/// What is agreed to.
#[derive(Clone, Copy, Debug)]
pub struct Agreement<'a> {
    /// Who agrees.
    pub user: UserId,
    /// To which action on which agent.
    pub action: AgentActionId,
    /// What that action is at present.
    pub fingerprint: &'a [u8; 32],
    /// With which connection.
    pub connection: ConnectionId,
    /// With which input.
    pub input: &'a Value,
}

impl Agreement<'_> {
    /// The word for it.
    pub fn word(&self) -> String {
        let mut context = Context::new(&SHA256);
        context.update(b"odeus/confirmation/v1");
        context.update(self.user.uuid().as_bytes());
        context.update(self.action.uuid().as_bytes());
        context.update(self.fingerprint);
        context.update(self.connection.uuid().as_bytes());
        canonical(&mut context, self.input);
        URL_SAFE_NO_PAD.encode(context.finish())
    }
}

/// What an idempotency key stands for: the same key with anything else in it is another call (R-40).
pub fn call_fingerprint(action: AgentActionId, connection: Option<ConnectionId>, input: &Value) -> Vec<u8> {
    let mut context = Context::new(&SHA256);
    context.update(b"odeus/call/v1");
    context.update(action.uuid().as_bytes());
    match connection {
        Some(connection) => context.update(connection.uuid().as_bytes()),
        None => context.update(&[0]),
    }
    canonical(&mut context, input);
    context.finish().as_ref().to_vec()
}

/// Feeds JSON with the keys of objects in order, each part with its kind and length before it.
fn canonical(context: &mut Context, value: &Value) {
    match value {
        Value::Object(object) => {
            let mut entries: Vec<_> = object.iter().collect();
            entries.sort_by_key(|(key, _)| key.as_str());
            length(context, b'o', entries.len());
            for (key, value) in entries {
                text(context, b'k', key);
                canonical(context, value);
            }
        }
        Value::Array(items) => {
            length(context, b'a', items.len());
            for item in items {
                canonical(context, item);
            }
        }
        Value::String(string) => text(context, b's', string),
        Value::Number(number) => text(context, b'n', &number.to_string()),
        Value::Bool(true) => context.update(b"t"),
        Value::Bool(false) => context.update(b"f"),
        Value::Null => context.update(b"0"),
    }
}

fn text(context: &mut Context, kind: u8, text: &str) {
    length(context, kind, text.len());
    context.update(text.as_bytes());
}

fn length(context: &mut Context, kind: u8, length: usize) {
    context.update(&[kind]);
    context.update(&length.to_be_bytes());
}

#[cfg(test)]
mod tests {
    use http::HeaderName;
    use http::HeaderValue;
    use http::Method;
    use serde_json::json;
    use url::Url;
    use uuid::Uuid;

    use super::*;

    fn id<T: From<Uuid>>(number: u128) -> T {
        Uuid::from_u128(number).into()
    }

    #[test]
    fn the_word_holds_for_the_same_input_however_it_is_ordered() {
        let [one, other] =
            [json!({"a": 1, "b": {"c": [true, null], "d": "x"}}), json!({"b": {"d": "x", "c": [true, null]}, "a": 1})];
        let word =
            |input| Agreement { user: id(1), action: id(2), fingerprint: &[3; 32], connection: id(4), input }.word();

        assert_eq!(word(&one), word(&other));
        assert_eq!(word(&one).len(), 43);
    }

    #[test]
    fn the_word_changes_with_everything_that_was_shown() {
        let input = json!({"amount": "10"});
        let shown = Agreement { user: id(1), action: id(2), fingerprint: &[3; 32], connection: id(4), input: &input };

        let others = [
            Agreement { user: id(9), ..shown },
            Agreement { action: id(9), ..shown },
            Agreement { fingerprint: &[9; 32], ..shown },
            Agreement { connection: id(9), ..shown },
            Agreement { input: &json!({"amount": 10}), ..shown },
            Agreement { input: &json!({"amount": "10", "to": "mallory"}), ..shown },
            Agreement { input: &json!({"amount": "1", "0": ""}), ..shown },
        ];

        for other in others {
            assert_ne!(other.word(), shown.word(), "{other:?}");
        }
    }

    #[test]
    fn a_preview_shows_the_request_and_no_credential() {
        let url = Url::parse("https://api.example.com/v1/events?day=mon").unwrap();
        let mut request = Request::new(Method::POST, url)
            .header(HeaderName::from_static("x-note"), HeaderValue::from_static("hi"))
            .body("application/json", br#"{"a":1}"#.to_vec());
        request.set_credential_header(http::header::AUTHORIZATION, HeaderValue::from_static("Bearer CANARY"));
        request.set_credential_query("key", "CANARY");

        let preview = Preview::of(&request);

        assert_eq!(preview.url, "https://api.example.com/v1/events?day=mon");
        assert_eq!(preview.body.as_deref(), Some("{\n  \"a\": 1\n}"));
        assert_eq!(preview.headers.first(), Some(&("x-note".to_owned(), "hi".to_owned())));
        assert!(!format!("{preview:?}").contains("CANARY"));
    }
}
