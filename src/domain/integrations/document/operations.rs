//! Operations, each read into an action.

use std::collections::BTreeSet;

use http::Method;
use serde_json::Value;

use crate::authz::facts::AuthType;
use crate::domain::integrations::definition::ActionDefinition;
use crate::domain::integrations::definition::Effect;
use crate::domain::integrations::definition::Location;
use crate::domain::integrations::definition::Parameter;
use crate::domain::integrations::document::Problem;
use crate::domain::integrations::document::body;
use crate::domain::integrations::document::extension;
use crate::domain::integrations::document::input;
use crate::domain::integrations::document::methods;
use crate::domain::integrations::document::parameters;
use crate::domain::integrations::document::parameters::Taken;
use crate::domain::integrations::document::schema::Allowance;
use crate::domain::integrations::document::security;
use crate::domain::integrations::document::security::Requirement;
use crate::domain::integrations::document::servers;
use crate::domain::integrations::document::servers::Server;
use crate::domain::integrations::document::source::Place;
use crate::domain::integrations::document::source::Source;
use crate::domain::integrations::document::source::entries;
use crate::domain::integrations::document::source::join;
use crate::domain::integrations::document::source::prose;
use crate::domain::integrations::document::source::weight;
use crate::domain::integrations::fingerprint::Fingerprint;
use crate::domain::integrations::request;
use crate::domain::integrations::validation::Compiled;
use crate::kernel::text;

/// The longest path template.
const MAX_PATH: usize = 1000;

/// An operation, not yet read.
pub(super) struct Operation<'a> {
    pub(super) method: Method,
    pub(super) path: &'a str,
    pub(super) item: Place<'a>,
    pub(super) place: Place<'a>,
}

/// Why an operation is no action.
pub(super) enum Unfit {
    /// It cannot be carried over; the others can.
    Lost(String),
    /// The document is wrong.
    Wrong(Problem),
}

impl From<Result<String, Problem>> for Unfit {
    fn from(why: Result<String, Problem>) -> Self {
        match why {
            Ok(why) => Self::Lost(why),
            Err(problem) => Self::Wrong(problem),
        }
    }
}

/// What all operations share while they are read.
pub(super) struct Shared<'m> {
    pub(super) methods: &'m [methods::Method],
    pub(super) taken: Taken,
    pub(super) allowance: Allowance,
    /// About how much the schema of the next input may weigh.
    pub(super) budget: usize,
    pub(super) keys: BTreeSet<String>,
}

/// Every operation, in the order of the document.
pub(super) fn list<'a>(source: &Source<'a>) -> Result<Vec<Operation<'a>>, Problem> {
    let root = source.root();
    let Some(paths) = root.child("paths") else {
        return Err(Problem::new("/paths", "there are no paths; add the operations that you need"));
    };
    let Some(object) = paths.value.as_object() else {
        return Err(Problem::new("/paths", "paths should be an object like /events: {get: …}"));
    };
    let mut operations = Vec::new();
    for (path, value) in object.iter().filter(|(path, _)| !path.starts_with("x-")) {
        let item = source.resolve(Place { value, pointer: join(&paths.pointer, path) })?;
        for (word, value) in entries(Some(item.value)) {
            let Some(method) = method(word) else { continue };
            let place = Place { value, pointer: join(&item.pointer, word) };
            // A fragment is never sent. It tells apart what an API does at one address, as GraphQL does everything.
            let path = path.split('#').next().unwrap_or_default();
            operations.push(Operation { method, path, item: item.clone(), place });
        }
    }
    Ok(operations)
}

fn method(word: &str) -> Option<Method> {
    Some(match word {
        "get" => Method::GET,
        "put" => Method::PUT,
        "post" => Method::POST,
        "delete" => Method::DELETE,
        "patch" => Method::PATCH,
        "head" => Method::HEAD,
        "options" => Method::OPTIONS,
        "trace" => Method::TRACE,
        _ => return None,
    })
}

/// The action, and the server it uses.
pub(super) fn action(
    source: &mut Source<'_>,
    shared: &mut Shared<'_>,
    operation: &Operation<'_>,
    requirements: &[Requirement],
) -> Result<(ActionDefinition, Server), Unfit> {
    let place = &operation.place;
    if operation.path.len() > MAX_PATH {
        return Err(Unfit::Lost("its path is too long".to_owned()));
    }
    if operation.method == Method::TRACE {
        return Err(Unfit::Lost("TRACE is never sent".to_owned()));
    }
    let auth_types = security::admitted(shared.methods, requirements);
    if auth_types.is_empty() {
        return Err(Unfit::Lost(security::unmet(requirements)));
    }
    let key = key(operation)?;
    if shared.keys.contains(&key) {
        return Err(Unfit::Lost(format!("its operationId “{key}” is another operation's as well")));
    }
    let root = source.root();
    let server = servers::server(&[place, &operation.item, &root]).map_err(Unfit::Wrong)?;
    let extension::Operation { effect, spread } = extension::operation(source, place).map_err(Unfit::Wrong)?;
    let read = read_parameters(source, shared, operation)?;
    let body = body::read(source, &mut shared.allowance, place, shared.budget)?;
    let input = input::assemble(read, body, spread.as_deref()).map_err(Unfit::Lost)?;
    let scope_alternatives = scopes(shared.methods, &auth_types, requirements);
    let looks = matches!(operation.method, Method::GET | Method::HEAD);
    let action = ActionDefinition {
        name: prose(place.value, "summary", 200).map_or_else(|| title(&key), |name| text::cut(&name, 200)),
        description: prose(place.value, "description", 4000).unwrap_or_default(),
        effect: effect.unwrap_or(if looks { Effect::Read } else { Effect::Write }),
        method: operation.method.clone(),
        server: server.url.clone(),
        origin: server.origin.clone(),
        variable: server.variable.clone(),
        map: None,
        path: operation.path.to_owned(),
        parameters: input.parameters,
        body: input.body,
        input_schema: input.schema,
        scopes: security::least(&scope_alternatives),
        scope_alternatives,
        auth_types,
        compiled: Compiled::default(),
        fingerprint: Fingerprint::default(),
        key: key.clone(),
    };
    shared.keys.insert(key);
    Ok((action, server))
}

fn scopes(methods: &[methods::Method], admitted: &[AuthType], requirements: &[Requirement]) -> Vec<Vec<String>> {
    let by_token = |method: &&methods::Method| {
        let auth_type = method.auth.auth_type;
        matches!(auth_type, AuthType::Oauth | AuthType::ServiceAccount) && admitted.contains(&auth_type)
    };
    let method = methods.iter().find(by_token);
    method.map(|method| security::scopes(&method.schemes, requirements)).unwrap_or_default()
}

/// The parameters that can be sent, with one for each variable of the path.
fn read_parameters(
    source: &mut Source<'_>,
    shared: &mut Shared<'_>,
    operation: &Operation<'_>,
) -> Result<Vec<parameters::Read>, Unfit> {
    let variables = request::variables(operation.path)
        .ok_or_else(|| Unfit::Lost("its path is not one that a request can be sent to".to_owned()))?;
    if parameters::are_too_many(&operation.item, &operation.place) {
        return Err(Unfit::Lost("it has too many parameters".to_owned()));
    }
    let mut read = Vec::new();
    for place in parameters::places(source, &operation.item, &operation.place).map_err(Unfit::Wrong)? {
        let one = parameters::read(source, &mut shared.allowance, &shared.taken, &place, shared.budget)?;
        let Some(one) = one else { continue };
        shared.budget = shared.budget.saturating_sub(weight(&one.schema));
        let is_path = one.parameter.location == Location::Path;
        if is_path && !variables.contains(&one.parameter.name.as_str()) {
            source.note(&place.pointer, format!("“{}” is left out: the path has no such variable", one.parameter.name));
        } else {
            read.push(one);
        }
    }
    for name in variables {
        let is_known = |one: &parameters::Read| one.parameter.location == Location::Path && one.parameter.name == name;
        if !read.iter().any(is_known) {
            source.note(&operation.place.pointer, format!("the path's “{name}” is not described; it is taken as text"));
            let schema = serde_json::json!({ "type": "string" });
            read.push(parameters::Read { parameter: Parameter::path(name), schema });
        }
    }
    Ok(read)
}

fn key(operation: &Operation<'_>) -> Result<String, Unfit> {
    let stated = operation.place.value.get("operationId").and_then(Value::as_str);
    let key = match stated {
        Some(key) => key.trim().to_owned(),
        None => derived_key(operation),
    };
    let fits = (1..=150).contains(&key.len()) && key.chars().all(|c| c.is_ascii_graphic() && !"\"'<>\\`".contains(c));
    if fits {
        return Ok(key);
    }
    let key = text::cut(&key, 60);
    Err(Unfit::Lost(format!("its operationId “{key}” should be 1 to 150 letters, digits and signs without spaces")))
}

fn derived_key(operation: &Operation<'_>) -> String {
    let path = operation.path.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let words: Vec<&str> = path.collect();
    format!("{}_{}", operation.method.as_str().to_ascii_lowercase(), words.join("_"))
}

/// A key as words: `issues/create-comment` is “Issues create comment”, `listEvents` “List events”.
fn title(key: &str) -> String {
    let mut words = String::with_capacity(key.len() + 8);
    let mut before = ' ';
    for c in key.chars() {
        if !c.is_ascii_alphanumeric() {
            words.push(' ');
        } else if c.is_ascii_uppercase() && before.is_ascii_lowercase() {
            words.push(' ');
            words.push(c.to_ascii_lowercase());
        } else {
            words.push(c);
        }
        before = c;
    }
    let mut letters = words.split_whitespace().collect::<Vec<_>>().join(" ");
    if let Some(first) = letters.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    letters
}
