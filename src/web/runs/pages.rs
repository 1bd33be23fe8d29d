//! The pages of runs: the list, and one of them.

use askama::Template;
use serde_json::json;

use crate::authz::facts::CredentialMode;
use crate::domain::integrations::definition::Effect;
use crate::domain::runs::Run;
use crate::domain::runs::RunStatus;
use crate::domain::runs::run::RunConnection;
use crate::domain::runs::run::RunContent;
use crate::domain::runs::run::RunResponse;
use crate::domain::runs::visible::Which;
use crate::http::answer::Answer;
use crate::http::look;
use crate::http::look::ActionFace;
use crate::http::page::Shell;
use crate::http::urls;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::AgentActionId;
use crate::kernel::ids::AgentId;
use crate::kernel::ids::ConnectionId;
use crate::kernel::ids::RunId;
use crate::kernel::ids::UserId;

/// What ran.
#[derive(Debug, Template)]
#[template(path = "runs/index.html")]
pub struct RunsPage {
    /// The frame.
    pub shell: Shell,
    /// Which runs.
    pub which: Which,
    /// The agent they are narrowed to, or nothing.
    pub agent: String,
    /// How they ended, or nothing.
    pub status: String,
    /// The agents to narrow to: id and name.
    pub agents: Vec<(String, String)>,
    /// The runs, and what each action is called.
    pub runs: Vec<(Run, ActionFace)>,
    /// The cursor of the next page.
    pub next: Option<String>,
    /// Whether this is not the first page.
    pub is_later: bool,
}

impl Default for RunsPage {
    fn default() -> Self {
        Self {
            shell: Shell::default(),
            which: Which::Mine,
            agent: String::new(),
            status: String::new(),
            agents: Vec::new(),
            runs: Vec::new(),
            next: None,
            is_later: false,
        }
    }
}

impl RunsPage {
    /// The tabs: word, words, address.
    fn tabs(&self) -> Vec<(Which, &'static str, String)> {
        let every = [(Which::Mine, "Mine"), (Which::OnMyConnections, "On my connections"), (Which::All, "All")];
        let shown = every.into_iter().filter(|(which, _)| *which != Which::All || self.shell.is_admin());
        shown.map(|(which, words)| (which, words, self.address(which, ""))).collect()
    }

    /// The same list of other runs, or from another place on.
    fn address(&self, which: Which, after: &str) -> String {
        let word = if which == Which::Mine { "" } else { which.as_str() };
        let pairs = [("view", word), ("agent", &*self.agent), ("status", &*self.status), ("after", after)];
        urls::with_queries(&self.shell.urls.runs(), pairs)
    }

    /// The address of the next page, if there is one.
    fn next_address(&self) -> Option<String> {
        self.next.as_ref().map(|after| self.address(self.which, after))
    }

    /// The address of the first page.
    fn first_address(&self) -> String {
        self.address(self.which, "")
    }

    /// Whether the list is narrowed.
    fn is_narrowed(&self) -> bool {
        !self.agent.is_empty() || !self.status.is_empty()
    }
}

/// The outcomes to narrow to: word and words.
fn outcomes() -> impl Iterator<Item = (&'static str, &'static str)> {
    // The others are asked of the caller before anything is written down.
    let never = [RunStatus::NeedsConnection, RunStatus::NeedsConfirmation];
    let every = RunStatus::ALL.iter().filter(move |status| !never.contains(status));
    every.map(|status| (status.as_str(), look::run_status(status)))
}

/// As whom a run acted, for whoever looks at it: the record says the connection to those only who may know it (R11).
pub fn as_whom(run: &Run) -> String {
    let chosen = "a connection that the agent’s builder chose";
    match (&run.connection, run.credentials) {
        (None, CredentialMode::Preselected) => chosen.to_owned(),
        (None, CredentialMode::Own) if run.is_caller => "yourself".to_owned(),
        (None, CredentialMode::Own) => "themselves".to_owned(),
        (Some(connection), mode) => {
            let name =
                connection.name.as_deref().map_or_else(|| "a deleted connection".to_owned(), |it| format!("“{it}”"));
            let whose = match (&connection.owner_name, run.owns_connection) {
                (_, true) => "yours".to_owned(),
                (Some(owner), false) => format!("{owner}’s"),
                (None, false) => "of somebody who left".to_owned(),
            };
            match mode {
                CredentialMode::Own => format!("{name}, {whose}"),
                CredentialMode::Preselected => format!("{name}, {whose}, preselected"),
            }
        }
    }
}

/// Whose credentials, in a word, for lists.
fn mode(run: &Run) -> &'static str {
    match run.credentials {
        CredentialMode::Own => "Own",
        CredentialMode::Preselected => "Preselected",
    }
}

/// One run.
#[derive(Debug, Template)]
#[template(path = "runs/show.html")]
pub struct RunPage {
    /// The frame.
    pub shell: Shell,
    /// The run.
    pub run: Run,
    /// What its action is called.
    pub face: ActionFace,
    /// What came back, for the caller.
    pub answer: Option<Answer>,
    /// What was sent, for the caller.
    pub input: Option<Answer>,
    /// Whether the connection can be looked at: it is there, and the person's own or they are an admin.
    pub connection_url: Option<String>,
    /// Where the caller brings it back to life, so that the call goes on.
    pub mend_url: Option<String>,
}

/// Every page with `text` wherever there is text, rendered: for the test that looks at them all.
pub fn samples(text: &str) -> Vec<askama::Result<String>> {
    let run = sample(text);
    let foreign = Run { agent_name: None, content: None, is_caller: false, ..run.clone() };
    let face = || ActionFace {
        name: text.to_owned(),
        key: "sample".to_owned(),
        integration: text.to_owned(),
        icon: text.to_owned(),
    };
    let list = RunsPage {
        shell: Shell::sample(text),
        which: Which::All,
        agent: text.to_owned(),
        status: text.to_owned(),
        agents: vec![(text.to_owned(), text.to_owned())],
        runs: vec![(run.clone(), face()), (foreign.clone(), face())],
        next: Some(text.to_owned()),
        is_later: true,
    };
    let response = run.content.as_ref().and_then(|content| content.response.as_ref());
    let page = |run: &Run, answer, input, connection_url: Option<String>| RunPage {
        shell: Shell::sample(text),
        run: run.clone(),
        face: face(),
        answer,
        input,
        mend_url: connection_url.clone(),
        connection_url,
    };
    let answer = response.map(|it| Answer::of(&it.body, it.is_cut));
    let input = Some(Answer::of_json(&json!({ text: text })));
    vec![
        list.render(),
        RunsPage::default().render(),
        RunsPage { which: Which::OnMyConnections, ..RunsPage::default() }.render(),
        page(&run, answer, input, Some("/w/acme/connections".to_owned())).render(),
        page(&foreign, Some(Answer::of(text.as_bytes(), false)), None, None).render(),
    ]
}

fn sample(text: &str) -> Run {
    let some = || text.to_owned();
    let body = json!({ text: [{ text: text, "n": 1 }], "list": [text, { text: null }] }).to_string().into_bytes();
    let response = RunResponse { status: 200, headers: vec![(some(), some())], body, is_cut: true };
    Run {
        id: RunId::new(),
        caller: UserId::new(),
        caller_name: some(),
        agent: AgentId::new(),
        agent_name: Some(some()),
        agent_action: AgentActionId::new(),
        integration: some(),
        action: some(),
        effect: Effect::Write,
        credentials: CredentialMode::Preselected,
        status: RunStatus::Unknown,
        detail: Some(some()),
        connection: Some(RunConnection { id: ConnectionId::new(), name: Some(some()), owner_name: Some(some()) }),
        content: Some(RunContent {
            input: json!({ text: text }),
            request_line: Some(some()),
            response: Some(response),
        }),
        started_at: Timestamp::default(),
        finished_at: Some(Timestamp::default()),
        duration_ms: Some(61_000),
        is_caller: true,
        owns_connection: false,
    }
}
