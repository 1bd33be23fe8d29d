//! Reads an OpenAPI 3.0 or 3.1 document into a definition.
//!
//! The document comes from a stranger and is data (D-70): nothing in it is fetched, and its size, depth and growth are
//! bounded. What is wrong with it is said with the place and the mend; what is right but cannot be carried over is left
//! out with a note, so that a vendor's own description can be imported as it is.

mod body;
mod extension;
mod input;
mod keywords;
mod methods;
mod operations;
mod parameters;
mod schema;
mod schemes;
mod security;
mod servers;
mod source;
mod text;
mod version;

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::Value;
use url::Url;

use crate::authz::facts::AuthType;
use crate::domain::integrations::definition::ActionDefinition;
use crate::domain::integrations::definition::AuthMethod;
use crate::domain::integrations::definition::Check;
use crate::domain::integrations::definition::Definition;
use crate::domain::integrations::definition::FailureRule;
use crate::domain::integrations::definition::union;
use crate::domain::integrations::document::extension::Root;
use crate::domain::integrations::document::methods::Method;
use crate::domain::integrations::document::operations::Operation;
use crate::domain::integrations::document::operations::Shared;
use crate::domain::integrations::document::operations::Unfit;
use crate::domain::integrations::document::parameters::Taken;
use crate::domain::integrations::document::schema::Allowance;
use crate::domain::integrations::document::security::Requirement;
use crate::domain::integrations::document::source::Source;
use crate::domain::integrations::document::source::prose;
use crate::domain::integrations::tenant::Variable;
use crate::kernel::text as plain;
use crate::vault::slot::Slot;

/// How many operations a document may have.
const MAX_ACTIONS: usize = 2000;
/// About how much all schemas together may weigh: some 100 MB.
const MAX_WEIGHT: usize = 400_000;
/// About how much one schema may weigh, at least and at most.
const WEIGHT_OF_ONE: (usize, usize) = (300, 1500);

/// Something in a document that is wrong, or that could not be carried over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// A JSON pointer, or “line 12, column 3” where the text itself is wrong.
    pub pointer: String,
    /// What is wrong and the mend.
    pub message: String,
}

impl Problem {
    fn new(pointer: &str, message: impl Into<String>) -> Self {
        Self { pointer: pointer.to_owned(), message: message.into() }
    }
}

/// A document that was read.
#[derive(Clone, Debug)]
pub struct Document {
    /// The integration.
    pub definition: Definition,
    /// What could not be carried over.
    pub notes: Vec<Problem>,
}

/// Reads JSON or YAML.
pub fn read(text: &str) -> Result<Document, Vec<Problem>> {
    let root = text::parse(text).map_err(|problem| vec![problem])?;
    version::check(&root).map_err(|problem| vec![problem])?;
    let mut source = Source::new(&root);
    let extension = extension::root(&mut source).map_err(|problem| vec![problem])?;
    let operations = operations::list(&source).map_err(|problem| vec![problem])?;
    if operations.len() > MAX_ACTIONS {
        let message =
            format!("{} operations are too many; keep those that you need, at most {MAX_ACTIONS}", operations.len());
        return Err(vec![Problem::new("/paths", message)]);
    }
    let schemes = schemes::schemes(&mut source)?;
    let requirements: Vec<Vec<Requirement>> =
        operations.iter().map(|operation| security::requirements(&source, &operation.place, &schemes)).collect();
    let methods = match &extension.auth {
        Some(list) => methods::declared(&mut source, list, &schemes)?,
        None => methods::derived(&mut source, &schemes, &requirements.concat()),
    };
    let (actions, addresses) = actions(&mut source, &methods, &operations, &requirements)?;
    let definition = definition(&root, extension, methods, actions, addresses)?;
    Ok(Document { definition, notes: source.take_notes() })
}

type Addresses = Vec<(String, Url)>;

/// Every operation that can be carried over, and the addresses of their servers.
fn actions(
    source: &mut Source<'_>,
    methods: &[Method],
    operations: &[Operation<'_>],
    requirements: &[Vec<Requirement>],
) -> Result<(Vec<ActionDefinition>, Addresses), Vec<Problem>> {
    let allowance = Allowance::new();
    let mut shared = Shared { methods, taken: taken(methods), allowance, budget: 0, keys: BTreeSet::new() };
    let mut left = MAX_WEIGHT;
    let mut actions = Vec::new();
    let mut addresses = Addresses::new();
    let mut problems: Vec<Problem> = Vec::new();
    for (at, (operation, requirements)) in operations.iter().zip(requirements).enumerate() {
        // Most inputs are small, so that a large one may take more than its part.
        let (least, most) = WEIGHT_OF_ONE;
        shared.budget = (left * 2 / (operations.len() - at)).clamp(least, most);
        match operations::action(source, &mut shared, operation, requirements) {
            Ok((action, server)) => {
                if !addresses.iter().any(|(pointer, _)| *pointer == server.pointer) {
                    addresses.push((server.pointer, server.url));
                }
                left = left.saturating_sub(source::weight(&action.input_schema));
                actions.push(action);
            }
            Err(Unfit::Lost(why)) => {
                let name = format!("{} {}", operation.method, operation.path);
                source.note(&operation.place.pointer, format!("{name} cannot be carried over: {why}"));
            }
            Err(Unfit::Wrong(problem)) if problems.contains(&problem) => {}
            Err(Unfit::Wrong(problem)) => problems.push(problem),
        }
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    if actions.is_empty() {
        let mut problems = vec![Problem::new("/paths", "there is no operation here that can be carried over")];
        problems.extend(source.take_notes());
        return Err(problems);
    }
    Ok((actions, addresses))
}

/// Where the methods' credentials go.
fn taken(methods: &[Method]) -> Taken {
    let mut taken = Taken::default();
    for slot in methods.iter().flat_map(|method| &method.auth.slots) {
        match slot {
            Slot::Bearer { .. } | Slot::Basic { .. } => {}
            Slot::Header { name, .. } => taken.headers.push(name.to_ascii_lowercase()),
            Slot::Query { name, .. } => taken.query.push(name.clone()),
        }
    }
    taken
}

fn definition(
    root: &Value,
    extension: Root,
    methods: Vec<Method>,
    actions: Vec<ActionDefinition>,
    mut addresses: Addresses,
) -> Result<Definition, Vec<Problem>> {
    let mut problems = Vec::new();
    let info = root.get("info").unwrap_or(&Value::Null);
    let name = prose(info, "title", 100).map(|title| plain::cut(&title, 100)).unwrap_or_default();
    if name.is_empty() {
        problems.push(Problem::new("/info/title", "the title is missing; give the integration a name"));
    }
    let key = match &extension.key {
        Some(key) => plain::slug(key).unwrap_or_else(|error| {
            problems.push(Problem::new("/x-odeus/key", error.to_string()));
            String::new()
        }),
        None => derived_key(&name),
    };
    let check = extension.check.map(|check| check_of(check, &actions, &mut problems));
    let failure = extension.failure.map(|failure| failure_of(failure, &mut problems));
    let variable = variable_of(&actions, &methods, &mut problems);
    if !problems.is_empty() {
        return Err(problems);
    }
    let scopes = union(actions.iter().map(|action| action.scopes.as_slice()));
    let mut auth = Vec::new();
    for Method { auth: mut method, addresses: own, .. } in methods {
        addresses.extend(own);
        if let Some(endpoint) = &mut method.service_account {
            endpoint.scopes.clone_from(&scopes);
        }
        if let Some(variable) = &variable {
            method.fields.insert(0, variable.field());
        }
        auth.push(method);
    }
    // A way to authenticate that no action takes helps nobody.
    auth.retain(|method: &AuthMethod| actions.iter().any(|action| action.auth_types.contains(&method.auth_type)));
    Ok(Definition {
        key,
        name,
        description: prose(info, "description", 2000).unwrap_or_default(),
        category: extension.category.map_or_else(|| "Custom".to_owned(), |word| plain::cut(&word, 40)),
        icon: extension.icon.map(|word| plain::cut(&word, 40)),
        auth,
        actions,
        check,
        failure,
        variable,
        addresses,
    })
}

/// What each connection says of the servers' addresses: the same for all of them.
fn variable_of(actions: &[ActionDefinition], methods: &[Method], problems: &mut Vec<Problem>) -> Option<Arc<Variable>> {
    let mut variables = actions.iter().filter_map(|action| action.variable.as_ref());
    let first = variables.next()?;
    let mut wrong = |message: &str| problems.push(Problem::new("/servers", message));
    if variables.any(|other| other != first) {
        wrong("the servers' variables differ; a connection says one thing for all of them");
    }
    let by_token = |method: &Method| matches!(method.auth.auth_type, AuthType::Oauth | AuthType::ServiceAccount);
    if methods.iter().any(by_token) {
        wrong("a server with a variable that each connection says goes with a key or without authentication only");
    }
    if methods.iter().flat_map(|method| &method.auth.fields).any(|field| field.name == first.name) {
        wrong("the variable has the name of a part of the credential; call it something else");
    }
    Some(Arc::clone(first))
}

fn check_of(check: extension::Check, actions: &[ActionDefinition], problems: &mut Vec<Problem>) -> Check {
    let input = Value::Object(check.input);
    match actions.iter().find(|action| action.key == check.operation) {
        None => {
            let message =
                format!("there is no action “{}”; name the operationId of a call that only looks", check.operation);
            problems.push(Problem::new("/x-odeus/check/operation", message));
        }
        Some(action) => {
            for error in action.validate(&input).err().unwrap_or_default() {
                let message = format!("{}: {}", error.field, error.message);
                problems.push(Problem::new("/x-odeus/check/input", message));
            }
        }
    }
    if let Some(pointer) = &check.account {
        check_pointer(pointer, "/x-odeus/check/account", problems);
    }
    Check { operation: check.operation, account: check.account, input }
}

fn failure_of(failure: extension::Failure, problems: &mut Vec<Problem>) -> FailureRule {
    check_pointer(&failure.pointer, "/x-odeus/failure/pointer", problems);
    if let Some(pointer) = &failure.message {
        check_pointer(pointer, "/x-odeus/failure/message", problems);
    }
    FailureRule { pointer: failure.pointer, equals: failure.equals, message: failure.message }
}

fn check_pointer(pointer: &str, at: &str, problems: &mut Vec<Problem>) {
    if !pointer.is_empty() && !pointer.starts_with('/') {
        problems.push(Problem::new(at, "this should be a JSON pointer, beginning with a slash, like /user/email"));
    }
}

/// A slug from the title.
fn derived_key(title: &str) -> String {
    let words = title.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let mut key = words.collect::<Vec<_>>().join("-").to_ascii_lowercase();
    if !key.starts_with(|c: char| c.is_ascii_lowercase()) {
        key.insert_str(0, "api-");
    }
    key.truncate(40);
    let key = key.trim_end_matches('-');
    if key.len() < 2 { "api".to_owned() } else { key.to_owned() }
}
