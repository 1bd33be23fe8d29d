//! The server an operation is sent to: the first absolute one of the operation, its path, the document.

use std::sync::Arc;

use serde_json::Value;
use url::Url;

use crate::domain::integrations::document::Problem;
use crate::domain::integrations::document::extension;
use crate::domain::integrations::document::source::Place;
use crate::domain::integrations::document::source::join;
use crate::domain::integrations::tenant::Variable;
use crate::kernel::text;
use crate::outbound::label::Label;
use crate::outbound::origin::Origin;

/// How many servers, and variables of one, are looked at.
const MAX_SERVERS: usize = 20;
/// The longest address of a server.
const MAX_ADDRESS: usize = 2000;

/// A server's address and where it stands.
#[derive(Clone, Debug)]
pub(super) struct Server {
    pub(super) url: Url,
    pub(super) origin: Origin,
    pub(super) pointer: String,
    pub(super) variable: Option<Arc<Variable>>,
}

/// The server that counts at the first of `places` that lists any.
pub(super) fn server(places: &[&Place<'_>]) -> Result<Server, Problem> {
    for place in places {
        let Some(list) = place.child("servers") else { continue };
        let Some(servers) = list.value.as_array().filter(|servers| !servers.is_empty()) else { continue };
        let mut first = None;
        for (at, server) in servers.iter().take(MAX_SERVERS).enumerate() {
            let pointer = join(&join(&list.pointer, at.to_string()), "url");
            match address(server, &pointer) {
                Ok(server) => return Ok(server),
                Err(problem) => first = first.or(Some(problem)),
            }
        }
        if let Some(problem) = first {
            return Err(problem);
        }
    }
    let message = "there is no server; add servers with the address of the API, like - url: https://api.example.com";
    Err(Problem::new("/servers", message))
}

fn address(server: &Value, pointer: &str) -> Result<Server, Problem> {
    let template = server.get("url").and_then(Value::as_str).unwrap_or_default();
    if template.len() > MAX_ADDRESS {
        return Err(Problem::new(pointer, "the address is too long"));
    }
    let variable = variable(server, template, pointer)?;
    let text = with_defaults(template, server);
    let Ok(mut url) = Url::parse(&text) else {
        let message = format!(
            "“{template}” is not a whole address; the document comes without one of its own, so write it out, like \
             https://api.example.com{}",
            if template.starts_with('/') { template } else { "" }
        );
        return Err(Problem::new(pointer, message));
    };
    let origin = Origin::of(&url).map_err(|error| Problem::new(pointer, error.to_string()))?;
    if url.query().is_some() || url.fragment().is_some() {
        let message = format!("“{text}” has a ? or # in it; a server's address ends with its path");
        return Err(Problem::new(pointer, message));
    }
    if text.contains(['{', '}']) {
        return Err(Problem::new(pointer, format!("“{text}” has a variable without a default; give it one")));
    }
    if variable.is_some() && url.host_str().is_none_or(|host| host.split('.').count() < 3) {
        return Err(Problem::new(
            pointer,
            "a name that each connection says itself stands before the vendor's own domain",
        ));
    }
    let path = url.path().trim_end_matches('/').to_owned();
    url.set_path(&path);
    Ok(Server { url, origin, pointer: pointer.to_owned(), variable: variable.map(Arc::new) })
}

/// The variable that each connection says itself: one, and the first label of the host (D-40).
fn variable(server: &Value, template: &str, pointer: &str) -> Result<Option<Variable>, Problem> {
    let variables = server.get("variables").and_then(Value::as_object);
    let mut found = None;
    for (name, about) in variables.into_iter().flatten().take(MAX_SERVERS) {
        let Some(words) = extension::variable(about, pointer)? else { continue };
        let wrong = |message: String| Err(Problem::new(pointer, message));
        if found.is_some() {
            return wrong("two variables are for each connection to say; there can be one".to_owned());
        }
        let place = format!("{{{name}}}");
        let is_first_label = template.split_once("://").is_some_and(|(_, rest)| rest.starts_with(&format!("{place}.")));
        if !is_first_label || template.matches(&place).count() != 1 {
            return wrong(format!(
                "“{place}” is for each connection to say, so it has to be the first part of the host"
            ));
        }
        let example = about.get("default").and_then(Value::as_str).unwrap_or_default();
        if let Err(error) = example.parse::<Label>() {
            return wrong(format!("the default of “{place}” is the example that people see: {error}"));
        }
        let help = words.help.or_else(|| about.get("description").and_then(Value::as_str).map(str::to_owned));
        let choices = about.get("enum").and_then(Value::as_array).into_iter().flatten();
        let choices = choices.filter_map(Value::as_str).take(MAX_SERVERS).map(str::to_owned).collect();
        let label = text::cut(&words.label.unwrap_or_else(|| name.clone()), 100);
        let help = help.map(|help| text::cut(&help, 500));
        found = Some(Variable { name: name.clone(), label, help, choices });
    }
    Ok(found)
}

fn with_defaults(template: &str, server: &Value) -> String {
    let variables = server.get("variables").and_then(Value::as_object);
    variables.into_iter().flatten().take(MAX_SERVERS).fold(template.to_owned(), |text, (name, variable)| {
        let default = match variable.get("default") {
            Some(Value::String(text)) => text.clone(),
            Some(Value::Number(number)) => number.to_string(),
            _ => return text,
        };
        text.replace(&format!("{{{name}}}"), &default)
    })
}
