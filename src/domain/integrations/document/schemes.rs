//! Security schemes: what each asks for, and where it goes on a request.

use std::collections::BTreeMap;

use http::HeaderName;
use serde_json::Value;
use url::Url;

use crate::domain::integrations::definition::Field;
use crate::domain::integrations::document::Problem;
use crate::domain::integrations::document::extension;
use crate::domain::integrations::document::source::Place;
use crate::domain::integrations::document::source::Source;
use crate::domain::integrations::document::source::entries;
use crate::domain::integrations::document::source::prose;
use crate::domain::integrations::request::is_forbidden_header;
use crate::kernel::text;
use crate::outbound::origin::Origin;
use crate::vault::slot::Slot;

/// How many security schemes a document may have.
const MAX_SCHEMES: usize = 50;

/// A security scheme that was understood.
#[derive(Debug)]
pub(super) struct Scheme {
    pub(super) name: String,
    pub(super) pointer: String,
    pub(super) kind: Kind,
}

/// What kind of scheme.
#[derive(Debug)]
pub(super) enum Kind {
    /// One or two values that the person pastes.
    Key { slot: Slot, fields: Vec<Field> },
    /// OAuth 2.0.
    OAuth(Box<Flows>),
    /// Nothing that can be carried over, and why.
    Other(String),
}

/// The flows of an OAuth scheme that matter here.
#[derive(Debug, Default)]
pub(super) struct Flows {
    pub(super) authorize_url: Option<Url>,
    pub(super) token_url: Option<Url>,
    pub(super) scopes: BTreeMap<String, String>,
}

/// Every scheme of the document.
pub(super) fn schemes(source: &mut Source<'_>) -> Result<Vec<Scheme>, Vec<Problem>> {
    let root = source.root();
    let list = root.child("components").and_then(|place| place.child("securitySchemes"));
    let Some(list) = list else { return Ok(Vec::new()) };
    let mut schemes = Vec::new();
    let mut problems = Vec::new();
    if entries(Some(list.value)).count() > MAX_SCHEMES {
        let message = format!("there are more than {MAX_SCHEMES} security schemes; keep those that are used");
        return Err(vec![Problem::new(&list.pointer, message)]);
    }
    for (name, _) in entries(Some(list.value)) {
        let Some(place) = list.child(name) else { continue };
        let scheme = source.resolve(place).and_then(|place| {
            let kind = kind(source, name, &place)?;
            Ok(Scheme { name: name.clone(), pointer: place.pointer, kind })
        });
        match scheme {
            Ok(scheme) => schemes.push(scheme),
            Err(problem) => problems.push(problem),
        }
    }
    if problems.is_empty() { Ok(schemes) } else { Err(problems) }
}

fn kind(source: &mut Source<'_>, name: &str, place: &Place<'_>) -> Result<Kind, Problem> {
    let word = |key: &str| place.value.get(key).and_then(Value::as_str).unwrap_or_default();
    let extension = extension::scheme(source, place)?;
    let about = prose(place.value, "description", 500);
    Ok(match word("type") {
        "apiKey" => api_key(name, word("in"), word("name"), extension, about, &place.pointer)?,
        "http" if word("scheme").eq_ignore_ascii_case("bearer") => {
            let slot = match &extension.prefix {
                Some(prefix) => header_slot(name, "Authorization", prefix, &place.pointer)?,
                None => Slot::Bearer { field: name.to_owned() },
            };
            Kind::Key { slot, fields: vec![field(name, "Access token", extension, about)] }
        }
        "http" if word("scheme").eq_ignore_ascii_case("basic") => basic(extension, about),
        "http" => Kind::Other(format!("HTTP authentication by “{}”", text::cut(word("scheme"), 30))),
        "oauth2" => Kind::OAuth(Box::new(flows(place)?)),
        "openIdConnect" => Kind::Other("OpenID Connect (describe it as oauth2 with its addresses)".to_owned()),
        "mutualTLS" => Kind::Other("a client certificate".to_owned()),
        other => Kind::Other(format!("“{}”", text::cut(other, 30))),
    })
}

fn api_key(
    name: &str,
    place: &str,
    at: &str,
    extension: extension::Scheme,
    about: Option<String>,
    pointer: &str,
) -> Result<Kind, Problem> {
    let slot = match place {
        "header" => header_slot(name, at, extension.prefix.as_deref().unwrap_or_default(), pointer)?,
        "query" if !at.is_empty() => Slot::Query { field: name.to_owned(), name: at.to_owned() },
        "cookie" => return Ok(Kind::Other("a key in a cookie".to_owned())),
        _ => return Err(Problem::new(pointer, "an apiKey scheme needs in: header or in: query, and a name")),
    };
    Ok(Kind::Key { slot, fields: vec![field(name, "API key", extension, about)] })
}

fn header_slot(field: &str, name: &str, prefix: &str, pointer: &str) -> Result<Slot, Problem> {
    let may_hold_a_key = name.eq_ignore_ascii_case("authorization") || !is_forbidden_header(name);
    if !may_hold_a_key || name.parse::<HeaderName>().is_err() {
        let message =
            format!("a key cannot go into the header “{}”; name the header that the API reads", text::cut(name, 60));
        return Err(Problem::new(pointer, message));
    }
    if prefix.len() > 60 || !prefix.chars().all(|c| c == ' ' || c.is_ascii_graphic()) {
        return Err(Problem::new(pointer, "the prefix has characters that a header cannot hold"));
    }
    Ok(Slot::Header { field: field.to_owned(), name: name.to_owned(), prefix: prefix.to_owned() })
}

fn field(name: &str, label: &str, extension: extension::Scheme, about: Option<String>) -> Field {
    Field {
        name: name.to_owned(),
        label: extension.label.map_or_else(|| label.to_owned(), |label| text::cut(&label, 100)),
        help: extension.help.or(about),
        secret: true,
        required: true,
        multiline: extension.multiline,
    }
}

fn basic(extension: extension::Scheme, about: Option<String>) -> Kind {
    let part = |name: &str, label: &str, part: extension::Part, help: Option<String>, secret: bool| Field {
        name: name.to_owned(),
        label: part.label.map_or_else(|| label.to_owned(), |label| text::cut(&label, 100)),
        help: part.help.or(help),
        secret,
        required: part.required.unwrap_or(true),
        multiline: false,
    };
    let label = extension.label.unwrap_or_else(|| "Password".to_owned());
    let fields = vec![
        part("username", "User name", extension.username, None, false),
        part("password", &label, extension.password, extension.help.or(about), true),
    ];
    Kind::Key { slot: Slot::Basic { username: "username".to_owned(), password: "password".to_owned() }, fields }
}

fn flows(place: &Place<'_>) -> Result<Flows, Problem> {
    let flow = |name: &str| place.child("flows").and_then(|flows| flows.child(name));
    let (code, client) = (flow("authorizationCode"), flow("clientCredentials"));
    let address = |flow: Option<&Place<'_>>, key: &str| -> Result<Option<Url>, Problem> {
        let Some(place) = flow.and_then(|flow| flow.child(key)) else { return Ok(None) };
        url(place.value.as_str().unwrap_or_default(), &place.pointer).map(Some)
    };
    let authorize_url = address(code.as_ref(), "authorizationUrl")?;
    let token_url = match address(code.as_ref(), "tokenUrl")? {
        Some(url) => Some(url),
        None => address(client.as_ref(), "tokenUrl")?,
    };
    let mut scopes = BTreeMap::new();
    for flow in [&client, &code].into_iter().flatten() {
        for (scope, about) in entries(flow.value.get("scopes")) {
            scopes.insert(scope.clone(), text::cut(about.as_str().unwrap_or_default(), 500));
        }
    }
    Ok(Flows { authorize_url, token_url, scopes })
}

/// An absolute http or https address.
pub(super) fn url(text: &str, pointer: &str) -> Result<Url, Problem> {
    let wrong = |message: String| Problem::new(pointer, message);
    let url = Url::parse(text).map_err(|error| {
        wrong(format!("“{}” is not a whole address ({error}); write it out with https://", text::cut(text, 100)))
    })?;
    Origin::of(&url).map_err(|error| wrong(error.to_string()))?;
    Ok(url)
}
