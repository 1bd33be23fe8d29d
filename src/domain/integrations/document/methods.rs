//! Auth methods: those that `x-odeus` lists, or those that the security requirements amount to.

use std::collections::BTreeSet;

use serde_json::Value;
use url::Url;

use crate::authz::facts::AuthType;
use crate::domain::integrations::definition::AuthMethod;
use crate::domain::integrations::definition::ClientAuthentication;
use crate::domain::integrations::definition::Field;
use crate::domain::integrations::definition::OAuthEndpoints;
use crate::domain::integrations::definition::ServiceAccountEndpoint;
use crate::domain::integrations::document::Problem;
use crate::domain::integrations::document::extension;
use crate::domain::integrations::document::schemes;
use crate::domain::integrations::document::schemes::Kind;
use crate::domain::integrations::document::schemes::Scheme;
use crate::domain::integrations::document::security::Requirement;
use crate::domain::integrations::document::source::Source;
use crate::domain::integrations::document::source::join;
use crate::vault::service_account;
use crate::vault::slot::Slot;

/// The field of an access token: it is filled by the exchange, never by a person.
const ACCESS_TOKEN: &str = "token";
/// What the flow sets itself; a document must not (D-22).
const OWN_PARAMS: [&str; 10] = [
    "client_id",
    "client_secret",
    "redirect_uri",
    "response_type",
    "response_mode",
    "state",
    "nonce",
    "scope",
    "code_challenge",
    "code_challenge_method",
];

/// An auth method, with the schemes it satisfies and the addresses it names.
#[derive(Debug)]
pub(super) struct Method {
    pub(super) auth: AuthMethod,
    pub(super) schemes: BTreeSet<String>,
    pub(super) addresses: Vec<(String, Url)>,
}

/// The methods that `x-odeus.auth` lists.
pub(super) fn declared(source: &mut Source<'_>, list: &[Value], known: &[Scheme]) -> Result<Vec<Method>, Vec<Problem>> {
    let mut methods: Vec<Method> = Vec::new();
    let mut problems = Vec::new();
    for (at, entry) in list.iter().enumerate() {
        let pointer = join(&format!("/{}/auth", extension::KEY), at.to_string());
        let method = extension::auth(source, entry, &pointer).and_then(|auth| one(&auth, known, &pointer));
        match method {
            Ok(method) if methods.iter().any(|other| other.auth.auth_type == method.auth.auth_type) => {
                let message = format!("there are two methods of type {}; keep one", method.auth.auth_type);
                problems.push(Problem::new(&pointer, message));
            }
            Ok(method) => methods.push(method),
            Err(problem) => problems.push(problem),
        }
    }
    if list.is_empty() {
        problems.push(Problem::new("/x-odeus/auth", "the list is empty; name a method, or - type: none"));
    }
    if problems.is_empty() { Ok(methods) } else { Err(problems) }
}

fn one(auth: &extension::Auth, known: &[Scheme], pointer: &str) -> Result<Method, Problem> {
    match auth {
        extension::Auth::Oauth(entry) => oauth(entry, find(known, &entry.scheme, pointer)?, pointer),
        extension::Auth::ServiceAccount { scheme, delegation } => {
            let user = delegation.then(user_field);
            service_account(find(known, scheme, pointer)?, [key_field()].into_iter().chain(user).collect(), pointer)
        }
        extension::Auth::ApiKey { scheme, schemes } => {
            let names: Vec<&String> = scheme.iter().chain(schemes).collect();
            let found = names.iter().map(|name| find(known, name, pointer)).collect::<Result<Vec<_>, _>>()?;
            api_key(&found, pointer)
        }
        extension::Auth::None {} => Ok(none()),
    }
}

fn find<'s>(known: &'s [Scheme], name: &str, pointer: &str) -> Result<&'s Scheme, Problem> {
    known.iter().find(|scheme| scheme.name == name).ok_or_else(|| {
        let names: Vec<&str> = known.iter().map(|scheme| scheme.name.as_str()).collect();
        let message = format!("there is no security scheme “{name}” in components; there are: {}", names.join(", "));
        Problem::new(pointer, message)
    })
}

/// The methods that the operations' requirements amount to; the one that most operations take comes first of its type.
pub(super) fn derived(source: &mut Source<'_>, known: &[Scheme], requirements: &[Requirement]) -> Vec<Method> {
    let mut counted: Vec<(&Requirement, usize)> = Vec::new();
    for requirement in requirements {
        match counted.iter_mut().find(|(other, _)| other.names() == requirement.names()) {
            Some((_, count)) => *count += 1,
            None => counted.push((requirement, 1)),
        }
    }
    // Of equals, the one with less to fill in: vendors offer a token by basic authentication as well.
    let is_basic = |name: &str| {
        let scheme = known.iter().find(|scheme| scheme.name == name);
        scheme.is_some_and(|scheme| matches!(&scheme.kind, Kind::Key { slot: Slot::Basic { .. }, .. }))
    };
    counted
        .sort_by_key(|(requirement, count)| (std::cmp::Reverse(*count), requirement.names().into_iter().any(is_basic)));
    let mut methods: Vec<Method> = Vec::new();
    for (requirement, _) in counted {
        match from_requirement(known, requirement) {
            // A second way of one type has no place; operations that take nothing else are noted by themselves.
            Ok(method) if methods.iter().any(|other| other.auth.auth_type == method.auth.auth_type) => {}
            Ok(method) => methods.push(method),
            Err(problem) => source.note(&problem.pointer, problem.message),
        }
    }
    // What asks for nothing is offered last.
    methods.sort_by_key(|method| method.auth.auth_type == AuthType::None);
    methods
}

fn from_requirement(known: &[Scheme], requirement: &Requirement) -> Result<Method, Problem> {
    let pointer = requirement.pointer();
    let names = requirement.names();
    let found = names.iter().map(|name| find(known, name, pointer)).collect::<Result<Vec<_>, _>>()?;
    match found.as_slice() {
        [] => Ok(none()),
        [scheme] if matches!(scheme.kind, Kind::OAuth(_)) => {
            let entry = extension::OAuth {
                scheme: scheme.name.clone(),
                scopes: Vec::new(),
                authorize_params: std::collections::BTreeMap::new(),
                revoke_url: None,
                client_authentication: extension::ClientWord::Basic,
                pkce: None,
                issuer: None,
                scope_separator: None,
                scope_parameter: None,
            };
            oauth(&entry, scheme, &scheme.pointer)
        }
        several => api_key(several, pointer),
    }
}

fn oauth(entry: &extension::OAuth, scheme: &Scheme, pointer: &str) -> Result<Method, Problem> {
    let Kind::OAuth(flows) = &scheme.kind else {
        return Err(Problem::new(pointer, format!("“{}” is no oauth2 scheme", scheme.name)));
    };
    let (Some(authorize_url), Some(token_url)) = (flows.authorize_url.clone(), flows.token_url.clone()) else {
        let message = format!(
            "“{}” has no authorizationCode flow with authorizationUrl and tokenUrl; other OAuth flows cannot be \
             carried over, since a person has to consent",
            scheme.name
        );
        return Err(Problem::new(&scheme.pointer, message));
    };
    let at = |key: &str| join(pointer, key);
    let revoke_url = entry.revoke_url.as_deref().map(|text| schemes::url(text, &at("revoke_url"))).transpose()?;
    let separator = entry.scope_separator.clone().unwrap_or_else(|| " ".to_owned());
    if separator.is_empty() || separator.len() > 3 || separator.chars().any(char::is_control) {
        return Err(Problem::new(&at("scope_separator"), "the separator should be one to three visible characters"));
    }
    let flow = |key: &str| join(&join(&join(&scheme.pointer, "flows"), "authorizationCode"), key);
    let mut addresses = vec![(flow("authorizationUrl"), authorize_url.clone()), (flow("tokenUrl"), token_url.clone())];
    addresses.extend(revoke_url.clone().map(|url| (at("revoke_url"), url)));
    let endpoints = OAuthEndpoints {
        authorize_url,
        token_url,
        revoke_url,
        authorize_params: authorize_params(entry, &at("authorize_params"))?,
        client_authentication: match entry.client_authentication {
            extension::ClientWord::Basic => ClientAuthentication::Basic,
            extension::ClientWord::Post => ClientAuthentication::Post,
        },
        pkce: entry.pkce.unwrap_or(true),
        issuer: entry.issuer.clone(),
        scope_separator: separator,
        scope_parameter: scope_parameter(entry, &at("scope_parameter"))?,
        more_scopes: entry.scopes.clone(),
        scope_descriptions: flows.scopes.clone(),
    };
    Ok(Method {
        auth: AuthMethod { oauth: Some(endpoints), ..bearer(AuthType::Oauth) },
        schemes: BTreeSet::from([scheme.name.clone()]),
        addresses,
    })
}

/// Slack asks for a person's own rights in `user_scope`; `scope` would ask for the app's.
fn scope_parameter(entry: &extension::OAuth, pointer: &str) -> Result<String, Problem> {
    let name = entry.scope_parameter.as_deref().unwrap_or("scope");
    if name == "scope" || name == "user_scope" {
        return Ok(name.to_owned());
    }
    Err(Problem::new(pointer, "the scopes can go into “scope” or, as Slack has it, “user_scope”"))
}

fn authorize_params(entry: &extension::OAuth, pointer: &str) -> Result<Vec<(String, String)>, Problem> {
    let mut params = Vec::new();
    for (name, value) in &entry.authorize_params {
        if OWN_PARAMS.contains(&name.to_ascii_lowercase().as_str()) {
            let message = format!("“{name}” is set by the sign-in itself; take it out");
            return Err(Problem::new(&join(pointer, name), message));
        }
        let text = match value {
            Value::String(text) => text.clone(),
            Value::Number(_) | Value::Bool(_) => value.to_string(),
            Value::Null | Value::Array(_) | Value::Object(_) => {
                return Err(Problem::new(&join(pointer, name), "this should be a text"));
            }
        };
        params.push((name.clone(), text));
    }
    Ok(params)
}

/// The key as it comes from the vendor.
fn key_field() -> Field {
    Field {
        name: service_account::CREDENTIALS.to_owned(),
        label: "Service account key".to_owned(),
        help: Some("The JSON key as the vendor hands it out.".to_owned()),
        secret: true,
        required: true,
        multiline: true,
    }
}

/// Whom the account acts as, where the vendor's admin lets it (Google calls this domain-wide delegation).
fn user_field() -> Field {
    let help = "The e-mail address of a person in your company whose data is meant. An admin there has to allow it: \
                domain-wide delegation, with this integration's scopes. Leave it empty for the account's own data.";
    Field {
        name: service_account::ACT_AS.to_owned(),
        label: "Act as (a user's e-mail address)".to_owned(),
        help: Some(help.to_owned()),
        secret: false,
        required: false,
        multiline: false,
    }
}

fn service_account(scheme: &Scheme, fields: Vec<Field>, pointer: &str) -> Result<Method, Problem> {
    let Kind::OAuth(flows) = &scheme.kind else {
        return Err(Problem::new(pointer, format!("“{}” is no oauth2 scheme", scheme.name)));
    };
    let Some(token_url) = flows.token_url.clone() else {
        return Err(Problem::new(&scheme.pointer, "a service account needs the flow's tokenUrl; add it"));
    };
    Ok(Method {
        addresses: vec![(join(&scheme.pointer, "flows"), token_url.clone())],
        auth: AuthMethod {
            fields,
            service_account: Some(ServiceAccountEndpoint { token_url, scopes: Vec::new() }),
            ..bearer(AuthType::ServiceAccount)
        },
        schemes: BTreeSet::from([scheme.name.clone()]),
    })
}

fn api_key(found: &[&Scheme], pointer: &str) -> Result<Method, Problem> {
    let mut method = AuthMethod { auth_type: AuthType::ApiKey, ..none().auth };
    for scheme in found {
        match &scheme.kind {
            Kind::Key { slot, fields } => {
                method.slots.push(slot.clone());
                method.fields.extend(fields.iter().cloned());
            }
            Kind::OAuth(_) => {
                let message = format!("“{}” is an oauth2 scheme, which cannot be a key or go with one", scheme.name);
                return Err(Problem::new(pointer, message));
            }
            Kind::Other(what) => {
                let message = format!("“{}” asks for {what}, which cannot be carried over", scheme.name);
                return Err(Problem::new(&scheme.pointer, message));
            }
        }
    }
    if method.slots.is_empty() {
        return Err(Problem::new(pointer, "name the scheme of the key"));
    }
    let targets: BTreeSet<String> = method.slots.iter().map(target).collect();
    if targets.len() < method.slots.len() {
        return Err(Problem::new(pointer, "two of the keys go to the same place; one request can carry only one"));
    }
    Ok(Method {
        auth: method,
        schemes: found.iter().map(|scheme| scheme.name.clone()).collect(),
        addresses: Vec::new(),
    })
}

/// The place that a slot fills, so that two do not fill the same.
fn target(slot: &Slot) -> String {
    match slot {
        Slot::Bearer { .. } | Slot::Basic { .. } => "header authorization".to_owned(),
        Slot::Header { name, .. } => format!("header {}", name.to_ascii_lowercase()),
        Slot::Query { name, .. } => format!("query {name}"),
    }
}

fn bearer(auth_type: AuthType) -> AuthMethod {
    AuthMethod { auth_type, slots: vec![Slot::Bearer { field: ACCESS_TOKEN.to_owned() }], ..none().auth }
}

fn none() -> Method {
    Method {
        auth: AuthMethod {
            auth_type: AuthType::None,
            slots: Vec::new(),
            fields: Vec::new(),
            oauth: None,
            service_account: None,
        },
        schemes: BTreeSet::new(),
        addresses: Vec::new(),
    }
}
