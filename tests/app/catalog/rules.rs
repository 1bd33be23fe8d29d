//! What every document of the catalogue has to say, whoever its vendor is.

use std::fs;
use std::path::Path;

use odeus::authz::facts::AuthType;
use odeus::domain::integrations::definition::ActionDefinition;
use odeus::domain::integrations::definition::Effect;
use odeus::domain::integrations::form;
use serde_json::Value;

use crate::catalog::documents::Document;
use crate::catalog::documents::FOLDER;
use crate::catalog::documents::Operation;
use crate::catalog::known;
use crate::catalog::samples;
use crate::catalog::shape::Schema;
use crate::catalog::shape::resolved;

/// How deep the parts of an input have to be described.
const DEPTH: usize = 4;

/// What a document leaves to be wished, each with the place.
pub(crate) fn wishes(document: &Document) -> Vec<String> {
    let mut wishes: Vec<String> =
        document.notes.iter().map(|note| format!("the loader leaves something out: {note}")).collect();
    wishes.extend(of_root(document));
    wishes.extend(of_check(document));
    wishes.extend(of_oauth(document));
    for operation in document.operations() {
        let Some(action) = document.definition.action(operation.id) else {
            wishes.push(format!("{} {} is no action: its operationId?", operation.method, operation.path));
            continue;
        };
        let own = of_words(&operation, action).into_iter().chain(of_inputs(document, &operation, action));
        let own = own.chain(of_scopes(document, &operation)).chain(of_requests(action));
        wishes.extend(own.map(|wish| format!("{}: {wish}", action.key)));
    }
    wishes
}

fn of_root(document: &Document) -> Vec<String> {
    let mut wishes = Vec::new();
    let definition = &document.definition;
    if definition.key != document.key {
        wishes.push(format!("its key is {}, its file's name another", definition.key));
    }
    if definition.description.len() < 20 || !definition.description.ends_with('.') {
        wishes.push("info.description says in a sentence what one can do with it".to_owned());
    }
    if definition.category == "Custom" {
        wishes.push("x-odeus.category is missing".to_owned());
    }
    if let Some(icon) = &definition.icon {
        let project = Path::new(env!("CARGO_MANIFEST_DIR"));
        let served = fs::read_to_string(project.join("src/http/assets.rs")).unwrap();
        let file = format!("icons/{icon}.svg");
        if !project.join("static").join(&file).is_file() || !served.contains(&format!("\"{file}\"")) {
            wishes.push(format!("static/{file} is not there, or src/http/assets.rs does not serve it"));
        }
    }
    let listed = fs::read_to_string(Path::new(FOLDER).join("mod.rs")).unwrap();
    if !listed.contains(&format!("(\"{0}\", include_str!(\"{0}.yaml\"))", document.key)) {
        wishes.push("catalog/mod.rs does not list it".to_owned());
    }
    for (pointer, url) in definition.addresses() {
        if url.scheme() != "https" {
            wishes.push(format!("{pointer}: {url} is not https"));
        }
    }
    wishes
}

fn of_check(document: &Document) -> Vec<String> {
    let definition = &document.definition;
    let reason = known::WITHOUT_CHECK.iter().find(|(key, _)| *key == document.key);
    let Some(check) = &definition.check else {
        return if reason.is_some() { Vec::new() } else { vec!["x-odeus.check is missing".to_owned()] };
    };
    let Some(action) = definition.action(&check.operation) else {
        return vec![format!("x-odeus.check names {}, which is no action", check.operation)];
    };
    let mut wishes = Vec::new();
    if reason.is_some() {
        wishes.push("it has a check; take it out of WITHOUT_CHECK".to_owned());
    }
    if action.effect != Effect::Read {
        wishes.push("x-odeus.check changes something".to_owned());
    }
    if let Err(errors) = action.build(&check.input) {
        wishes.push(format!("x-odeus.check cannot be built: {errors:?}"));
    }
    for method in &definition.auth {
        if !action.auth_types.contains(&method.auth_type) {
            wishes.push(format!("x-odeus.check does not work for {}", method.auth_type));
        }
        let is_nameless = known::WITHOUT_ACCOUNT.iter().any(|(key, _)| *key == document.key);
        if method.auth_type != AuthType::None && check.account.is_none() && !is_nameless {
            wishes.push("x-odeus.check.account is missing: people see by it which account it is".to_owned());
        }
    }
    wishes
}

fn of_oauth(document: &Document) -> Vec<String> {
    let mut wishes = Vec::new();
    for method in &document.definition.auth {
        let Some(oauth) = &method.oauth else { continue };
        let asked = document.definition.actions.iter().flat_map(|action| action.scope_alternatives.iter().flatten());
        let asked: Vec<&String> = asked.collect();
        for scope in &asked {
            if oauth.scope_descriptions.get(*scope).is_none_or(|about| about.len() < 8) {
                wishes.push(format!("the scope {scope} is not explained"));
            }
        }
        for scope in oauth.scope_descriptions.keys().filter(|scope| !asked.contains(scope)) {
            wishes.push(format!("no operation asks for the scope {scope}"));
        }
    }
    wishes.dedup();
    wishes
}

fn of_words(operation: &Operation<'_>, action: &ActionDefinition) -> Vec<String> {
    let mut wishes = Vec::new();
    let name = operation.value["summary"].as_str().unwrap_or_default();
    let is_name = (4..=60).contains(&name.chars().count()) && !name.ends_with('.');
    if !is_name || !name.starts_with(char::is_uppercase) {
        wishes.push(format!("summary “{name}” is what people choose by: a few words, like “Create an event”"));
    }
    if action.description.len() < 40 || !action.description.ends_with(['.', ')', '`']) {
        wishes.push("description is what an agent chooses by: whole sentences, with what comes back".to_owned());
    }
    let looks = matches!(operation.method, "get" | "head");
    match (looks, action.effect) {
        (true, Effect::Write) => wishes.push("a GET does not change anything".to_owned()),
        (false, Effect::Read) if operation.method != "post" => {
            wishes.push(format!("a {} changes something", operation.method));
        }
        _ => {}
    }
    wishes
}

fn of_inputs(document: &Document, operation: &Operation<'_>, action: &ActionDefinition) -> Vec<String> {
    let mut wishes = Vec::new();
    for field in form::fields(action) {
        if field.help.is_none() {
            wishes.push(format!("{} is not described", field.name));
        }
    }
    let required = action.input_schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
    for name in required {
        if !samples::is_exemplified(&action.input_schema["properties"][name]) {
            wishes.push(format!("{name} is required and has no example, default or choices"));
        }
    }
    let body = operation.value.get("requestBody").map(|body| resolved(&document.root, body));
    let schemas = body.and_then(|body| body["content"].as_object()).into_iter().flatten();
    for (_, media) in schemas {
        let schema = Schema { root: &document.root, value: &media["schema"], operation: "" };
        undescribed(schema, "body", 0, &mut wishes);
    }
    wishes
}

fn undescribed(schema: Schema<'_>, at: &str, depth: usize, wishes: &mut Vec<String>) {
    if depth > DEPTH {
        return;
    }
    let shape = schema.shape();
    for (name, property) in &shape.properties {
        let at = format!("{at}.{name}");
        let own = property["description"].as_str().or(resolved(schema.root, property)["description"].as_str());
        if own.is_none_or(|text| text.len() < 4) {
            wishes.push(format!("{at} is not described"));
        }
        undescribed(schema.with(property), &at, depth + 1, wishes);
    }
    if let Some(items) = shape.items {
        undescribed(schema.with(items), &format!("{at}[]"), depth + 1, wishes);
    }
}

fn of_scopes(document: &Document, operation: &Operation<'_>) -> Vec<String> {
    let is_meant = |id: &str| id == "*" || id == operation.id;
    let is_without = known::WITHOUT_SCOPES.iter().any(|(key, id, _)| *key == document.key && is_meant(id));
    let lists = document.scopes(operation);
    if lists.iter().any(Vec::is_empty) && !is_without {
        return vec!["no OAuth scope is named".to_owned()];
    }
    Vec::new()
}

/// A request can be made of the examples alone, with all inputs and with no more than must be.
fn of_requests(action: &ActionDefinition) -> Vec<String> {
    let mut wishes = Vec::new();
    for input in [samples::required(&action.input_schema), samples::whole(&action.input_schema)] {
        if let Err(errors) = action.build(&input) {
            wishes.push(format!("its examples make no request: {errors:?} in {input}"));
        }
    }
    wishes
}
