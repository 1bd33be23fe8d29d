//! `x-odeus`: what OpenAPI cannot say.
//!
//! A key that is not known is noted and not refused, so that a document written for a later version can be read.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Map;
use serde_json::Value;

use crate::domain::integrations::definition::Effect;
use crate::domain::integrations::document::Problem;
use crate::domain::integrations::document::source::Place;
use crate::domain::integrations::document::source::Source;
use crate::domain::integrations::document::source::entries;
use crate::domain::integrations::document::source::join;
use crate::kernel::text;

/// Its name.
pub(super) const KEY: &str = "x-odeus";

/// At the root of the document.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Root {
    pub(super) key: Option<String>,
    pub(super) category: Option<String>,
    pub(super) icon: Option<String>,
    pub(super) auth: Option<Vec<Value>>,
    pub(super) check: Option<Check>,
    pub(super) failure: Option<Failure>,
}

/// The call that tests a connection.
#[derive(Debug, Deserialize)]
pub(super) struct Check {
    pub(super) operation: String,
    pub(super) account: Option<String>,
    #[serde(default)]
    pub(super) input: Map<String, Value>,
}

/// Answers with status 200 that are failures.
#[derive(Debug, Deserialize)]
pub(super) struct Failure {
    pub(super) pointer: String,
    pub(super) equals: Option<Value>,
    pub(super) message: Option<String>,
}

/// One auth method.
#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Auth {
    Oauth(Box<OAuth>),
    ServiceAccount {
        scheme: String,
        /// Whether the account can be made to act as a person.
        #[serde(default)]
        delegation: bool,
    },
    ApiKey {
        scheme: Option<String>,
        #[serde(default)]
        schemes: Vec<String>,
    },
    None {},
}

/// An auth method of type `oauth`.
#[derive(Debug, Deserialize)]
pub(super) struct OAuth {
    pub(super) scheme: String,
    /// Asked for beside what the actions need.
    #[serde(default)]
    pub(super) scopes: Vec<String>,
    #[serde(default)]
    pub(super) authorize_params: BTreeMap<String, Value>,
    pub(super) revoke_url: Option<String>,
    #[serde(default)]
    pub(super) client_authentication: ClientWord,
    pub(super) pkce: Option<bool>,
    pub(super) issuer: Option<String>,
    pub(super) scope_separator: Option<String>,
    pub(super) scope_parameter: Option<String>,
}

/// How the client authenticates.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum ClientWord {
    #[default]
    Basic,
    Post,
}

/// At a security scheme.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Scheme {
    pub(super) label: Option<String>,
    pub(super) help: Option<String>,
    pub(super) prefix: Option<String>,
    pub(super) multiline: bool,
    pub(super) username: Part,
    pub(super) password: Part,
}

/// One field of a basic scheme.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Part {
    pub(super) label: Option<String>,
    pub(super) help: Option<String>,
    pub(super) required: Option<bool>,
}

/// At a variable of a server's address.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Variable {
    pub(super) label: Option<String>,
    pub(super) help: Option<String>,
}

/// At an operation.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Operation {
    pub(super) effect: Option<Effect>,
    /// The property of the body whose own properties are inputs.
    pub(super) spread: Option<String>,
}

const ROOT: &[&str] = &["key", "category", "icon", "auth", "check", "failure"];
const SCHEME: &[&str] = &["label", "help", "prefix", "multiline", "username", "password"];

/// What the root says.
pub(super) fn root(source: &mut Source<'_>) -> Result<Root, Problem> {
    let place = source.root();
    read(source, &place, ROOT)
}

/// What a security scheme says.
pub(super) fn scheme(source: &mut Source<'_>, place: &Place<'_>) -> Result<Scheme, Problem> {
    read(source, place, SCHEME)
}

/// What an operation says.
pub(super) fn operation(source: &mut Source<'_>, place: &Place<'_>) -> Result<Operation, Problem> {
    read(source, place, &["effect", "spread"])
}

/// What a variable of a server's address says: where it says anything, each connection gives it.
pub(super) fn variable(variable: &Value, pointer: &str) -> Result<Option<Variable>, Problem> {
    variable.get(KEY).map(|value| typed(value, pointer)).transpose()
}

/// One entry of `auth`.
pub(super) fn auth(source: &mut Source<'_>, value: &Value, pointer: &str) -> Result<Auth, Problem> {
    let known: &[&str] = match value.get("type").and_then(Value::as_str) {
        Some("oauth") => &[
            "type",
            "scheme",
            "scopes",
            "authorize_params",
            "revoke_url",
            "client_authentication",
            "pkce",
            "issuer",
            "scope_separator",
            "scope_parameter",
        ],
        Some("api_key") => &["type", "scheme", "schemes"],
        Some("service_account") => &["type", "scheme", "delegation"],
        _ => &["type"],
    };
    note_unknown(source, value, pointer, known);
    typed(value, pointer)
}

fn read<T: DeserializeOwned + Default>(source: &mut Source<'_>, at: &Place<'_>, known: &[&str]) -> Result<T, Problem> {
    let Some(place) = at.child(KEY) else { return Ok(T::default()) };
    note_unknown(source, place.value, &place.pointer, known);
    typed(place.value, &place.pointer)
}

fn note_unknown(source: &mut Source<'_>, value: &Value, pointer: &str, known: &[&str]) {
    for (key, _) in entries(Some(value)) {
        if !known.contains(&key.as_str()) {
            let message =
                format!("“{}” is not known here and is left out; known are {}", text::cut(key, 60), known.join(", "));
            source.note(&join(pointer, key), message);
        }
    }
}

fn typed<T: DeserializeOwned>(value: &Value, pointer: &str) -> Result<T, Problem> {
    serde_json::from_value(value.clone()).map_err(|error| Problem::new(pointer, error.to_string()))
}
