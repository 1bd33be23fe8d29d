//! The vendors' own descriptions: where they are, and each read into the same form, OpenAPI 3.
//!
//! They are data about somebody else's API and no part of Odeus, so they lie beside the project, in `../shared/specs`
//! (or where `ODEUS_SPECS` says). Where they are not, the comparison says so and is left out; in CI that is a failure.

use std::ffi::OsString;
use std::fs::File;
use std::io::Read;
use std::path::PathBuf;

use flate2::read::GzDecoder;
use serde_json::Value;
use serde_json::json;

use crate::catalog::discovery;
use crate::catalog::swagger;

/// Which description a document of the catalogue is compared with.
pub(crate) struct Vendor {
    /// The document.
    pub(crate) key: &'static str,
    /// The descriptions: its own, and those of other services of the vendor's that it calls as well.
    pub(crate) files: &'static [&'static str],
    /// What of our address stands for the vendor's server, where the description does not say it or says another.
    pub(crate) base: Option<&'static str>,
    /// Whether the scopes that a method lists are alternatives to each other, not needed all together.
    pub(crate) scopes_are_alternatives: bool,
    /// Parameters of the vendor's that carry the credential.
    pub(crate) credentials: &'static [&'static str],
    /// Scopes that have another name today: the description's, and today's.
    pub(crate) renamed: &'static [(&'static str, &'static str)],
}

const fn vendor(key: &'static str, files: &'static [&'static str]) -> Vendor {
    Vendor { key, files, base: None, scopes_are_alternatives: false, credentials: &[], renamed: &[] }
}

const SLACK_SCOPES: &[(&str, &str)] = &[
    ("chat:write:user", "chat:write"),
    ("chat:write:bot", "chat:write"),
    ("conversations:history", "channels:history"),
    ("conversations:read", "channels:read"),
    ("conversations:write", "channels:write"),
    ("files:write:user", "files:write"),
];

/// Every document that has a description to be compared with.
pub(crate) const VENDORS: &[Vendor] = &[
    vendor("bigquery", &["google-bigquery-v2.json.gz"]),
    vendor("github", &["github.json.gz"]),
    vendor("gmail", &["google-gmail-v1.json.gz"]),
    vendor("google-calendar", &["google-calendar-v3.json.gz"]),
    vendor("google-contacts", &["google-people-v1.json.gz"]),
    vendor("google-docs", &["google-docs-v1.json.gz", "google-drive-v3.json.gz"]),
    vendor("google-drive", &["google-drive-v3.json.gz"]),
    vendor("google-sheets", &["google-sheets-v4.json.gz"]),
    vendor("google-tasks", &["google-tasks-v1.json.gz"]),
    Vendor { base: Some("https://{site}.atlassian.net"), ..vendor("jira", &["jira-v3.json.gz"]) },
    vendor("microsoft-teams", &["microsoft-graph.json.gz"]),
    vendor("microsoft-to-do", &["microsoft-graph.json.gz"]),
    vendor("notion", &["notion.json.gz"]),
    vendor("onedrive", &["microsoft-graph.json.gz"]),
    vendor("openai", &["openai.json.gz"]),
    vendor("outlook-calendar", &["microsoft-graph.json.gz"]),
    vendor("outlook-mail", &["microsoft-graph.json.gz"]),
    Vendor {
        scopes_are_alternatives: true,
        credentials: &["token"],
        renamed: SLACK_SCOPES,
        ..vendor("slack", &["slack.json.gz"])
    },
    vendor("stripe", &["stripe.yaml.gz"]),
];

/// The vendors' descriptions of documents that are in the catalogue under no name yet.
pub(crate) fn of(key: &str) -> Option<&'static Vendor> {
    VENDORS.iter().find(|vendor| vendor.key == key)
}

/// The folder of the descriptions; `None` where there is none.
pub(crate) fn folder() -> Option<PathBuf> {
    let named = environment("ODEUS_SPECS").map(PathBuf::from);
    let folder = named.unwrap_or_else(|| PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/specs")));
    folder.is_dir().then_some(folder)
}

/// Whether the descriptions must be there.
pub(crate) fn are_required() -> bool {
    environment("CI").is_some_and(|value| !value.is_empty() && value != "false")
}

#[expect(
    clippy::disallowed_methods,
    reason = "where the tests' data is, and whether this is CI, is no setting of Odeus"
)]
fn environment(name: &str) -> Option<OsString> {
    std::env::var_os(name)
}

/// Says on the terminal, whatever the tests' output goes through, that something was left out.
pub(crate) fn tell_skipped(what: &str) {
    use std::io::Write;
    let written = writeln!(
        std::io::stderr(),
        "SKIPPED: {what}: no vendors' descriptions in ../shared/specs (ODEUS_SPECS names another folder)"
    );
    assert!(written.is_ok());
}

/// A vendor's description as OpenAPI 3.
pub(crate) fn open(file: &str) -> Option<Value> {
    let mut text = String::new();
    GzDecoder::new(File::open(folder()?.join(file)).ok()?).read_to_string(&mut text).unwrap();
    Some(read(file, &text))
}

/// The same, of its text.
pub(crate) fn read(file: &str, text: &str) -> Value {
    let root: Value = if file.contains(".json") {
        serde_json::from_str(text).unwrap()
    } else {
        serde_saphyr::from_str(text).unwrap_or_else(|error| panic!("{file}: {error}"))
    };
    if root["kind"] == "discovery#restDescription" {
        discovery::as_openapi(&root)
    } else if root["swagger"] == "2.0" {
        swagger::as_openapi(&root)
    } else {
        graph_actions(root)
    }
}

/// Graph's metadata writes the parameters of actions with a capital, its documentation and its SDKs without. And what is
/// created has its id from Graph, though the conversion of the metadata makes it a required property.
fn graph_actions(mut root: Value) -> Value {
    for (name, schema) in root["components"]["schemas"].as_object_mut().into_iter().flatten() {
        if let Some(Value::Array(required)) = schema.get_mut("required").filter(|_| name.ends_with("-create")) {
            required.retain(|required| required != "id");
        }
    }
    // A message can be created from its MIME text as well, and only that is in the metadata; the reference has both:
    // https://learn.microsoft.com/graph/api/user-post-messages
    if let Some(content) = root.pointer_mut("/paths/~1me~1messages/post/requestBody/content") {
        *content =
            json!({"application/json": {"schema": {"$ref": "#/components/schemas/microsoft.graph.message-create"}}});
    }
    let is_action =
        |operation: &Value| operation["summary"].as_str().is_some_and(|summary| summary.starts_with("Invoke action"));
    for item in root["paths"].as_object_mut().into_iter().flat_map(|paths| paths.values_mut()) {
        let Some(post) = item.get_mut("post").filter(|post| is_action(post)) else { continue };
        let body = post.pointer_mut("/requestBody/content/application~1json/schema/properties");
        let Some(Value::Object(properties)) = body else { continue };
        let lower = std::mem::take(properties).into_iter().map(|(name, value)| {
            let (first, rest) = name.split_at(1);
            (format!("{}{rest}", first.to_ascii_lowercase()), value)
        });
        properties.extend(lower);
    }
    root
}
