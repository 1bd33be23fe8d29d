//! The server an operation is sent to: the first absolute one of the operation, its path, the document.

use serde_json::Value;
use url::Url;

use crate::domain::integrations::document::Problem;
use crate::domain::integrations::document::source::Place;
use crate::domain::integrations::document::source::join;
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
    let path = url.path().trim_end_matches('/').to_owned();
    url.set_path(&path);
    Ok(Server { url, origin, pointer: pointer.to_owned() })
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
