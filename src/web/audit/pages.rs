//! The log's page: what it shows.

use askama::Template;

use crate::authz::actor::Via;
use crate::domain::audit::KINDS;
use crate::domain::audit::entries::Entry;
use crate::http::audit::export;
use crate::http::audit::export::Definitions;
use crate::http::audit::query::Asked;
use crate::http::audit::words;
use crate::http::audit::words::Sentence;
use crate::http::form::Mistakes;
use crate::http::page::Shell;
use crate::http::urls;
use crate::http::urls::Urls;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::AgentId;

/// Who did what.
#[derive(Debug, Default, Template)]
#[template(path = "audit/index.html")]
pub struct AuditPage {
    /// The frame.
    pub shell: Shell,
    /// What the log is narrowed to, as it was said.
    pub asked: Asked,
    /// The address of the person it is narrowed to, where they are known.
    pub person: Option<String>,
    /// What cannot be understood.
    pub mistakes: Mistakes,
    /// The entries.
    pub rows: Vec<Row>,
    /// The cursor of the next page.
    pub next: Option<String>,
    /// Whether this is not the first page.
    pub is_later: bool,
}

/// One entry.
#[derive(Clone, Debug)]
pub struct Row {
    /// When.
    pub at: Timestamp,
    /// What it says.
    pub sentence: Sentence,
    /// Whose face stands beside it; nobody's where it was a job or the command line.
    pub face: Option<String>,
    /// Where its thing is, while it exists and can be looked at.
    pub object_url: Option<String>,
    /// The connection: what it was there for, its name and owner, and where it is.
    pub connection: Option<(&'static str, String, Option<String>)>,
    /// What else was written down.
    pub extras: Vec<(String, String)>,
    /// The word in the log.
    pub action: String,
    /// From where they came.
    pub place: String,
    /// What else happened to its thing.
    pub history_url: String,
}

impl Row {
    /// The row of an entry; `open` are the agents that can be looked at.
    pub(super) fn of(entry: &Entry, urls: &Urls, definitions: &Definitions, open: &[AgentId]) -> Self {
        let names = |integration: &str, action: &str| export::action_name(definitions, integration, action);
        let sentence = Sentence::of(entry, &names);
        Self {
            at: entry.at,
            sentence: match definitions.get(&entry.object_id) {
                Some(definition) if entry.object_kind == "integration" => {
                    Sentence { object: definition.name.clone(), ..sentence }
                }
                _ => sentence,
            },
            face: entry.actor_name.clone(),
            object_url: object_url(entry, urls, definitions, open),
            connection: connection(entry, urls),
            extras: words::extras(entry),
            action: entry.action.clone(),
            place: place(entry),
            history_url: urls.audit_of(&entry.object_id),
        }
    }
}

/// Only what is still there is a link, and of agents those that open for whoever reads: a dead end says nothing.
fn object_url(entry: &Entry, urls: &Urls, definitions: &Definitions, open: &[AgentId]) -> Option<String> {
    let agent = entry.agent.filter(|agent| open.contains(agent));
    match entry.object_kind.as_str() {
        "integration" => definitions.contains_key(&entry.object_id).then(|| urls.integration(&entry.object_id)),
        _ if !entry.is_there => None,
        "connection" => entry.object_id.parse().ok().map(|id| urls.connection(&id)),
        "run" => entry.object_id.parse().ok().map(|id| urls.run(&id)),
        "group" => entry.object_id.parse().ok().map(|id| urls.group(&id)),
        "agent" => agent.map(|agent| urls.agent(&agent)),
        "agent_action" => Some(urls.agent_action(&agent?, &entry.object_id.parse().ok()?)),
        _ => None,
    }
}

/// The connection that was used; not once more where the sentence is about it.
fn connection(entry: &Entry, urls: &Urls) -> Option<(&'static str, String, Option<String>)> {
    let id = entry.connection.filter(|_| entry.object_kind != "connection")?;
    let role = if entry.object_kind == "run" { "as" } else { "connection" };
    Some(match (&entry.connection_name, &entry.connection_owner) {
        (Some(name), Some(owner)) => (role, format!("{name} ({owner})"), Some(urls.connection(&id))),
        (Some(name), None) => (role, name.clone(), Some(urls.connection(&id))),
        (None, _) => (role, "a connection that is gone".to_owned(), None),
    })
}

fn place(entry: &Entry) -> String {
    let way = match entry.via {
        Via::Page => "",
        Via::Token => "by API token",
        Via::Command => "on the command line",
        Via::System => "by itself",
    };
    match (&entry.ip, way) {
        (Some(ip), "") => format!("from {ip}"),
        (Some(ip), way) => format!("{way}, from {ip}"),
        (None, way) => way.to_owned(),
    }
}

impl AuditPage {
    /// The kinds to narrow to: word and words.
    fn kinds() -> impl Iterator<Item = (&'static str, String)> {
        KINDS.iter().map(|kind| (*kind, words::kind(kind)))
    }

    /// What stands in the person's field: the address, where the words have led to one person.
    fn actor_field(&self) -> &str {
        self.person.as_deref().unwrap_or(&self.asked.actor)
    }

    /// A date has a field of its own; a time that an address brought is kept as it was written.
    fn date_field(text: &str) -> &'static str {
        let is_date = text.is_empty() || text.parse::<chrono::NaiveDate>().is_ok();
        if is_date { "date" } else { "text" }
    }

    /// The same list from another place on.
    fn address(&self, after: &str) -> String {
        let pairs = self.asked.pairs().into_iter().chain([("after", after)]);
        urls::with_queries(&self.shell.urls.audit(), pairs)
    }

    /// The address of the first page.
    fn first_address(&self) -> String {
        self.address("")
    }

    /// The address of the next page, if there is one.
    fn next_address(&self) -> Option<String> {
        self.next.as_deref().map(|after| self.address(after))
    }

    /// The same as a file.
    fn file_address(&self, format: &str) -> String {
        urls::with_queries(&self.shell.urls.audit_file(format), self.asked.pairs())
    }
}

/// Every page with `text` wherever there is text, rendered: for the test that looks at them all.
pub fn samples(text: &str) -> Vec<askama::Result<String>> {
    let some = || text.to_owned();
    let sentence = || Sentence { who: some(), verb: some(), object: some(), rest: some() };
    let row = Row {
        at: Timestamp::default(),
        sentence: sentence(),
        face: Some(some()),
        object_url: Some("/w/acme/connections".to_owned()),
        connection: Some(("as", some(), Some("/w/acme/connections".to_owned()))),
        extras: vec![(some(), some())],
        action: some(),
        place: some(),
        history_url: Urls::of("acme").audit_of(text),
    };
    let bare =
        Row { face: None, object_url: None, connection: Some(("as", some(), None)), extras: Vec::new(), ..row.clone() };
    let asked = || Asked { actor: some(), object: some(), kind: some(), since: some(), until: some() };
    let mut mistakes = Mistakes::default();
    for field in ["actor", "object", "kind", "since", "until"] {
        mistakes.add(field, text);
    }
    let shell = || Shell::sample(text);
    vec![
        AuditPage {
            shell: shell(),
            asked: asked(),
            person: Some(some()),
            mistakes: Mistakes::default(),
            rows: vec![row, bare],
            next: Some(some()),
            is_later: true,
        }
        .render(),
        AuditPage { shell: shell(), asked: asked(), mistakes, ..AuditPage::default() }.render(),
        AuditPage { shell: shell(), asked: asked(), ..AuditPage::default() }.render(),
        AuditPage::default().render(),
    ]
}
