//! What an integration is once its document has been read: how to sign in to it, what it can do, where it lives.
//!
//! The types carry decisions, not OpenAPI: references are gone, styles and places are enums, addresses are parsed.
//! So that what runs later never looks at the document again.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::sync::Arc;

use http::Method;
use serde_json::Value;
use url::Url;

use crate::authz::facts::AuthType;
use crate::domain::integrations::fingerprint::Fingerprint;
use crate::domain::integrations::tenant::Variable;
use crate::domain::integrations::validation::Compiled;
use crate::outbound::origin::Origin;
use crate::outbound::origin::OriginMap;
use crate::outbound::origin::Origins;
use crate::vault::slot::Slot;
use crate::words;

words! {
    /// What an action does to the other side.
    Effect {
        /// It looks.
        Read = "read",
        /// It changes something, and asks for confirmation by default.
        Write = "write",
    }
}

/// An integration: everything its document says that matters here.
#[derive(Clone, Debug)]
pub struct Definition {
    /// Its slug.
    pub key: String,
    /// Its name for people.
    pub name: String,
    /// What it is, in plain text or Markdown; may be empty.
    pub description: String,
    /// The category it is listed under.
    pub category: String,
    /// The name of its icon, where it has one.
    pub icon: Option<String>,
    /// How to authenticate, preferred first, one of a type.
    pub auth: Vec<AuthMethod>,
    /// What it can do.
    pub actions: Vec<ActionDefinition>,
    /// The call that tests a connection.
    pub check: Option<Check>,
    /// How to tell a failure that comes with status 200.
    pub failure: Option<FailureRule>,
    /// What of its servers' addresses each connection says itself.
    pub variable: Option<Arc<Variable>>,
    /// Where in the document each address stands.
    pub(in crate::domain::integrations) addresses: Vec<(String, Url)>,
}

/// One way to authenticate.
#[derive(Clone, Debug)]
pub struct AuthMethod {
    /// Which type it is.
    pub auth_type: AuthType,
    /// Where the credential goes on a request.
    pub slots: Vec<Slot>,
    /// What the person fills in.
    pub fields: Vec<Field>,
    /// The endpoints, for `oauth`.
    pub oauth: Option<OAuthEndpoints>,
    /// The endpoint, for `service_account`.
    pub service_account: Option<ServiceAccountEndpoint>,
}

/// One part of a credential, as a form field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// Its name, in forms and in the API.
    pub name: String,
    /// What people read.
    pub label: String,
    /// Where to find it.
    pub help: Option<String>,
    /// Whether it is hidden while typed. Every field is sealed, this one or not.
    pub secret: bool,
    /// Whether it must be filled in.
    pub required: bool,
    /// Whether it has several lines.
    pub multiline: bool,
}

/// How the client says who it is at the token endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientAuthentication {
    /// In the `Authorization` header.
    Basic,
    /// In the body.
    Post,
}

/// Where an OAuth grant is got, changed and given up.
#[derive(Clone, Debug)]
pub struct OAuthEndpoints {
    /// Where the person is sent.
    pub authorize_url: Url,
    /// Where codes and refresh tokens are exchanged.
    pub token_url: Url,
    /// Where a token is revoked.
    pub revoke_url: Option<Url>,
    /// What is added to the authorize address.
    pub authorize_params: Vec<(String, String)>,
    /// How the client authenticates.
    pub client_authentication: ClientAuthentication,
    /// Whether PKCE is used.
    pub pkce: bool,
    /// The issuer that a callback must name (RFC 9207).
    pub issuer: Option<String>,
    /// What stands between two scopes.
    pub scope_separator: String,
    /// The parameter that carries the scopes.
    pub scope_parameter: String,
    /// Scopes that are asked for though no action needs them, like the one for a refresh token. Providers need not say
    /// that they granted them.
    pub more_scopes: Vec<String>,
    /// What each scope means, for people.
    pub scope_descriptions: BTreeMap<String, String>,
}

/// Where a signed assertion is exchanged for an access token (RFC 7523).
#[derive(Clone, Debug)]
pub struct ServiceAccountEndpoint {
    /// The token endpoint.
    pub token_url: Url,
    /// The scopes of all actions and the check.
    pub scopes: Vec<String>,
}

/// The call that tests a connection.
#[derive(Clone, Debug)]
pub struct Check {
    /// The key of the action.
    pub operation: String,
    /// A JSON pointer into the answer to what is shown as the account.
    pub account: Option<String>,
    /// What the action gets: an object.
    pub input: Value,
}

/// How to tell a failure that comes with status 200.
#[derive(Clone, Debug)]
pub struct FailureRule {
    /// A JSON pointer into the answer.
    pub pointer: String,
    /// The value there that means failure; without one, anything but null does.
    pub equals: Option<Value>,
    /// A JSON pointer to the reason.
    pub message: Option<String>,
}

impl FailureRule {
    /// The reason, if `answer` is a failure: what the provider calls it, or nothing.
    pub fn reason(&self, answer: &Value) -> Option<String> {
        let found = answer.pointer(&self.pointer).filter(|found| match &self.equals {
            Some(value) => *found == value,
            None => !found.is_null(),
        });
        found?;
        let reason = self.message.as_deref().and_then(|pointer| answer.pointer(pointer));
        Some(match reason {
            Some(Value::String(text)) => text.clone(),
            Some(other) => other.to_string(),
            None => String::new(),
        })
    }
}

/// One operation that an agent can run.
#[derive(Clone, Debug)]
pub struct ActionDefinition {
    /// Its `operationId`.
    pub key: String,
    /// Its name for people.
    pub name: String,
    /// What it does; may be empty.
    pub description: String,
    /// Whether it changes something.
    pub effect: Effect,
    /// The HTTP method.
    pub method: Method,
    /// The server's address, without a slash at the end of its path.
    pub server: Url,
    /// The path template, e.g. `/events/{eventId}`.
    pub path: String,
    /// Everything in path, query and headers, the fixed ones included.
    pub parameters: Vec<Parameter>,
    /// The body, if there is one.
    pub body: Option<BodyShape>,
    /// The input: JSON Schema 2020-12 of one flat object, without references.
    pub input_schema: Value,
    /// The least OAuth scopes that suffice.
    pub scopes: Vec<String>,
    /// Every set of OAuth scopes that suffices, as the document lists them.
    pub scope_alternatives: Vec<Vec<String>>,
    /// The auth types that the operation admits.
    pub auth_types: Vec<AuthType>,
    /// What of the server's address each connection says itself. The first label of the host is an example then.
    pub variable: Option<Arc<Variable>>,
    /// The server's origin.
    pub(in crate::domain::integrations) origin: Origin,
    /// What is asked about an address that is only known with the connection.
    pub(in crate::domain::integrations) map: Option<Arc<OriginMap>>,
    /// The schema made ready, at its first use.
    pub(in crate::domain::integrations) compiled: Compiled,
    /// The fingerprint, from its first use on.
    pub(in crate::domain::integrations) fingerprint: Fingerprint,
}

/// One value in path, query or headers.
#[derive(Clone, Debug, PartialEq)]
pub struct Parameter {
    /// Its name, which is its input's name too.
    pub name: String,
    /// Where it goes.
    pub location: Location,
    /// How it is written.
    pub style: Style,
    /// Whether lists and objects are spread.
    pub explode: bool,
    /// Whether the characters that structure an address stay as they are (query only).
    pub allow_reserved: bool,
    /// Whether it must be there.
    pub required: bool,
    /// The value that is always sent; it is then no input.
    pub fixed: Option<Value>,
    /// What a path parameter gets when the input leaves it out.
    pub default: Option<Value>,
}

words! {
    /// Where a parameter goes.
    Location {
        /// A segment of the path, or part of one.
        Path = "path",
        /// The query.
        Query = "query",
        /// A header.
        Header = "header",
    }
}

words! {
    /// How a parameter is written (OpenAPI's `style`).
    Style {
        /// Values with commas between; path and headers.
        Simple = "simple",
        /// `name=value`; the query's default.
        Form = "form",
        /// Values with spaces between.
        SpaceDelimited = "spaceDelimited",
        /// Values with bars between.
        PipeDelimited = "pipeDelimited",
        /// `name[key]=value`.
        DeepObject = "deepObject",
        /// JSON as text (a parameter with `content`).
        Json = "json",
    }
}

words! {
    /// How a body is written.
    Encoding {
        /// `application/json` or one of its kin.
        Json = "json",
        /// `application/x-www-form-urlencoded`.
        Form = "form",
    }
}

/// A request body.
#[derive(Clone, Debug, PartialEq)]
pub struct BodyShape {
    /// How it is written.
    pub encoding: Encoding,
    /// Its `Content-Type`.
    pub content_type: &'static str,
    /// Whether an empty one is sent when the input has nothing for it.
    pub required: bool,
    /// Which inputs make it.
    pub content: BodyContent,
    /// How single properties of a form are written, where the document says.
    pub styles: BTreeMap<String, (Style, bool)>,
}

/// Which inputs make a body.
#[derive(Clone, Debug, PartialEq)]
pub enum BodyContent {
    /// The body is an object of these inputs, and of these fixed values.
    Properties {
        /// The inputs.
        names: Vec<String>,
        /// What is always sent.
        fixed: Vec<(String, Value)>,
        /// What is sent of required inputs that are left out.
        defaults: Vec<(String, Value)>,
        /// A property that is an object of further inputs.
        spread: Option<Spread>,
    },
    /// The body is this one input.
    Whole(String),
}

/// A property of a body whose own properties are inputs beside the others, like a GraphQL query's `variables`.
#[derive(Clone, Debug, PartialEq)]
pub struct Spread {
    /// The property.
    pub name: String,
    /// The inputs.
    pub names: Vec<String>,
    /// What is always sent in it.
    pub fixed: Vec<(String, Value)>,
    /// What is sent in it of required inputs that are left out.
    pub defaults: Vec<(String, Value)>,
}

impl Definition {
    /// Whether its name, key, category or description has the text in it, in capitals or not.
    pub fn mentions(&self, text: &str) -> bool {
        let text = text.trim().to_lowercase();
        [&self.name, &self.key, &self.category, &self.description].iter().any(|it| it.to_lowercase().contains(&text))
    }

    /// The action with that key.
    pub fn action(&self, key: &str) -> Option<&ActionDefinition> {
        self.actions.iter().find(|action| action.key == key)
    }

    /// The method of that type.
    pub fn method(&self, auth_type: AuthType) -> Option<&AuthMethod> {
        self.auth.iter().find(|method| method.auth_type == auth_type)
    }

    /// The origins of all servers: where a secret may go.
    pub fn api_origins(&self) -> Origins {
        self.actions.iter().map(ActionDefinition::origin).collect()
    }

    /// Every server, authorize, token and revoke address with its place in the document, for the egress guard.
    pub fn addresses(&self) -> Vec<(String, Url)> {
        self.addresses.clone()
    }

    /// What a person is asked to consent to: the scopes of all actions, and those that come along.
    pub fn asked_scopes(&self) -> Vec<String> {
        let own = self.scopes();
        let oauth = self.auth.iter().find_map(|method| method.oauth.as_ref());
        let more = oauth.map_or(&[][..], |oauth| oauth.more_scopes.as_slice());
        union([own.as_slice(), more])
    }

    /// The least OAuth scopes of all actions, the check's among them, in the order of the document.
    pub fn scopes(&self) -> Vec<String> {
        union(self.actions.iter().map(|action| action.scopes.as_slice()))
    }
}

impl ActionDefinition {
    /// Where its requests go.
    pub fn origin(&self) -> Origin {
        self.origin.clone()
    }
}

/// All words of `lists`, once each, in the order of their first mention.
pub(in crate::domain::integrations) fn union<'a>(lists: impl IntoIterator<Item = &'a [String]>) -> Vec<String> {
    let mut seen = BTreeSet::new();
    lists.into_iter().flatten().filter(|word| seen.insert(word.as_str())).cloned().collect()
}
