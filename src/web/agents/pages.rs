//! The pages of agents: the list, making one, its two faces, and what goes when it goes.

use askama::Template;

use crate::authz::facts::AgentAccess;
use crate::authz::facts::CredentialMode;
use crate::authz::policy::Reason;
use crate::domain::agents::Agent;
use crate::domain::agents::actions::ListedAction;
use crate::domain::agents::shares::AgentShare;
use crate::domain::connections::Connection;
use crate::domain::connections::ConnectionStatus;
use crate::domain::integrations::definition::Effect;
use crate::domain::people::grantee::Grantee;
use crate::domain::people::members::Member;
use crate::domain::runs::Run;
use crate::domain::runs::readiness::Readiness;
use crate::http::form::Mistakes;
use crate::http::look;
use crate::http::look::ActionFace;
use crate::http::page::Shell;
use crate::kernel::ids::AgentActionId;
use crate::kernel::ids::AgentId;
use crate::web::agents::build::Choice;
use crate::web::agents::build::Picker;

pub use crate::web::agents::samples::samples;

/// Every agent that the person may see.
#[derive(Debug, Default, Template)]
#[template(path = "agents/index.html")]
pub struct AgentsPage {
    /// The frame.
    pub shell: Shell,
    /// The agents.
    pub agents: Vec<Agent>,
    /// The address of the next page.
    pub next: Option<String>,
}

/// Making an agent.
#[derive(Debug, Default, Template)]
#[template(path = "agents/new.html")]
pub struct NewAgentPage {
    /// The frame.
    pub shell: Shell,
    /// What was typed.
    pub typed: Settings,
    /// What is wrong with it.
    pub mistakes: Mistakes,
}

/// What an agent says of itself, as typed.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// How it should go about things.
    pub instructions: String,
    /// Whether it is switched on.
    pub is_enabled: bool,
}

impl From<&Agent> for Settings {
    fn from(agent: &Agent) -> Self {
        Self {
            name: agent.name.clone(),
            description: agent.description.clone(),
            instructions: agent.instructions.clone(),
            is_enabled: agent.is_enabled,
        }
    }
}

/// An agent's head, on each page about it.
#[derive(Clone, Debug)]
pub struct Head {
    /// The agent.
    pub agent: Agent,
    /// Whether the person may change it.
    pub may_edit: bool,
}

impl Head {
    pub(super) fn of(agent: &Agent) -> Self {
        let may_edit = agent.is_owner || agent.shared == Some(AgentAccess::Edit);
        Self { agent: agent.clone(), may_edit }
    }

    /// `by you`, `by Eve Editor`.
    fn by(&self) -> String {
        if self.agent.is_owner { "by you".to_owned() } else { format!("by {}", self.agent.owner_name) }
    }
}

/// An agent for whoever uses it.
#[derive(Debug, Template)]
#[template(path = "agents/use.html")]
pub struct UsePage {
    /// The frame.
    pub shell: Shell,
    /// The agent.
    pub head: Head,
    /// Its actions.
    pub actions: Vec<UseRow>,
    /// What the person ran with it lately, and what each was called.
    pub recent: Vec<(Run, ActionFace)>,
}

/// An action, for whoever uses the agent.
#[derive(Clone, Debug)]
pub struct UseRow {
    /// Its id.
    pub id: AgentActionId,
    /// What it is called.
    pub face: ActionFace,
    /// What it does to the other side.
    pub effect: Option<Effect>,
    /// As whom it runs.
    pub as_whom: String,
    /// What it needs first: the badge's class and words.
    pub need: Option<(&'static str, String)>,
    /// Whether running it has any chance.
    pub is_open: bool,
}

impl UseRow {
    pub(super) fn of(listed: &ListedAction, readiness: &Readiness) -> Self {
        let face = face(listed);
        let (as_whom, need) = words(readiness, &face.integration, listed.action.credentials);
        Self {
            id: listed.action.id,
            effect: listed.definition().map(|it| it.effect),
            as_whom,
            need,
            is_open: !matches!(readiness, Readiness::Refused(_) | Readiness::Gone),
            face,
        }
    }
}

/// What an action of an agent is called.
pub(super) fn face(listed: &ListedAction) -> ActionFace {
    ActionFace::of(listed.integration.as_deref(), &listed.action.integration, &listed.action.action)
}

/// As whom an action runs, and what it needs first.
pub(super) fn words(
    readiness: &Readiness,
    integration: &str,
    mode: CredentialMode,
) -> (String, Option<(&'static str, String)>) {
    let yourself = || "as yourself".to_owned();
    match readiness {
        Readiness::Preselected => ("as a connection that the agent’s builder chose".to_owned(), None),
        Readiness::As(connection) => (as_connection(connection), state(connection)),
        Readiness::Connect => (yourself(), Some(("needs_connection", format!("Needs your {integration}")))),
        Readiness::Choose(count) => (yourself(), Some(("info", format!("Choose which of your {count} connections")))),
        Readiness::Refused(_) | Readiness::Gone => {
            let as_whom = match mode {
                CredentialMode::Own => yourself(),
                CredentialMode::Preselected => "as a connection that the agent’s builder chose".to_owned(),
            };
            (as_whom, Some(("refused", "Cannot run now".to_owned())))
        }
    }
}

fn as_connection(connection: &Connection) -> String {
    let name = connection.account.as_ref().unwrap_or(&connection.name);
    if connection.is_owner {
        format!("as yourself: {name}")
    } else {
        format!("by “{}”, shared by {}", connection.name, connection.owner_name)
    }
}

fn state(connection: &Connection) -> Option<(&'static str, String)> {
    let is_well = connection.status == ConnectionStatus::Active;
    (!is_well).then(|| (connection.status.as_str(), look::status(&connection.status).to_owned()))
}

/// An agent for whoever builds it.
#[derive(Debug, Template)]
#[template(path = "agents/build.html")]
pub struct BuildPage {
    /// The frame.
    pub shell: Shell,
    /// The agent.
    pub head: Head,
    /// What was typed as its settings.
    pub settings: Settings,
    /// What is wrong with them.
    pub settings_mistakes: Mistakes,
    /// Its actions.
    pub actions: Vec<BuildRow>,
    /// The way to one more.
    pub picker: Picker,
    /// Who may use it beside its owner.
    pub shares: Vec<AgentShare>,
    /// Whom to share it with.
    pub people: People,
}

impl BuildPage {
    /// Whether everyone in the workspace may use it already.
    fn is_for_everyone(&self) -> bool {
        self.shares.iter().any(|share| share.grantee == Grantee::Workspace)
    }

    /// Whether that person may use it already.
    fn is_shared_with(&self, member: &Member) -> bool {
        member.user == self.head.agent.owner
            || self.shares.iter().any(|share| share.grantee == Grantee::User(member.user))
    }
}

/// Whether the picker stands at this action.
fn is_picked(picker: &Picker, key: &str) -> bool {
    picker.picked.as_ref().is_some_and(|picked| picked.key == key)
}

/// What a share allows, as people say it.
fn access(access: &AgentAccess) -> &'static str {
    match access {
        AgentAccess::Use => "may use it",
        AgentAccess::Edit => "may edit it",
    }
}

/// A search for people.
#[derive(Clone, Debug, Default)]
pub struct People {
    /// What was typed.
    pub query: String,
    /// Who was found, if somebody was looked for.
    pub found: Option<Vec<Member>>,
    /// Why a share was not made.
    pub mistake: Option<String>,
}

/// An action, for whoever builds the agent.
#[derive(Clone, Debug)]
pub struct BuildRow {
    /// Its id.
    pub id: AgentActionId,
    /// What it is called.
    pub face: ActionFace,
    /// What it does to the other side.
    pub effect: Option<Effect>,
    /// Whether each call is shown before it is sent.
    pub asks_first: bool,
    /// How its credentials stand.
    pub standing: Standing,
}

/// How the credentials of an action stand, for those who edit it.
#[derive(Clone, Debug)]
pub struct Standing {
    /// The badge's class.
    pub class: &'static str,
    /// The badge's words.
    pub words: &'static str,
    /// The connection where the person may see it, or what is wrong.
    pub detail: String,
    /// Whether somebody has to do something.
    pub is_broken: bool,
}

impl BuildRow {
    pub(super) fn of(listed: &ListedAction) -> Self {
        Self {
            id: listed.action.id,
            face: face(listed),
            effect: listed.definition().map(|it| it.effect),
            asks_first: listed.action.requires_confirmation,
            standing: Standing::of(listed),
        }
    }
}

impl Standing {
    pub(super) fn of(listed: &ListedAction) -> Self {
        if listed.definition().is_none() {
            let detail = "The integration does not have this action any more. Remove it.".to_owned();
            return Self { class: "broken", words: "Gone", detail, is_broken: true };
        }
        if listed.action.credentials == CredentialMode::Own {
            return Self { class: "own", words: "Their own credentials", detail: String::new(), is_broken: false };
        }
        let Some(binding) = &listed.binding else {
            let detail = "No connection is attached. Choose one.".to_owned();
            return Self { class: "broken", words: "Broken", detail, is_broken: true };
        };
        let connection = binding.connection.as_ref();
        match binding.trouble {
            None => {
                let detail = connection.map_or_else(|| "a connection that you may not see".to_owned(), named);
                Self { class: "preselected", words: "Preselected", detail, is_broken: false }
            }
            Some(trouble) => Self { class: "broken", words: troubled(trouble), detail: mend(trouble), is_broken: true },
        }
    }
}

/// A connection's name, and whose it is if not the reader's.
fn named(connection: &Connection) -> String {
    if connection.is_owner {
        connection.name.clone()
    } else {
        format!("{} · {}", connection.name, connection.owner_name)
    }
}

/// A connection in one line: what its owner called it, the account behind it, whose it is.
pub(super) fn described(connection: &Connection) -> String {
    let owner = if connection.is_owner { "yours".to_owned() } else { connection.owner_name.clone() };
    match &connection.account {
        Some(account) if *account != connection.name => format!("{} · {account} · {owner}", connection.name),
        Some(_) | None => format!("{} · {owner}", connection.name),
    }
}

/// What does not hold about a binding, in a word or two.
fn troubled(reason: Reason) -> &'static str {
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "a binding fails by these; whatever else it was, it does not hold"
    )]
    match reason {
        Reason::BindingChanged => "Changed: approve again",
        Reason::AttacherGone => "Attacher gone",
        Reason::AttacherNotEntitled => "Attacher may no longer",
        _ => "Broken",
    }
}

/// What is to be done about it, for an editor.
fn mend(reason: Reason) -> String {
    #[expect(clippy::wildcard_enum_match_arm, reason = "any other reason says itself what to do")]
    match reason {
        Reason::BindingBroken => "The connection was deleted. Choose another one.".to_owned(),
        Reason::BindingChanged => {
            "The action is not what it was when the connection was attached. Look at it and approve it again."
                .to_owned()
        }
        Reason::AttacherGone => {
            "Whoever attached the connection is no longer an active member. Choose a connection again.".to_owned()
        }
        Reason::AttacherNotEntitled => {
            "Whoever attached the connection may not do so any more. Somebody who may has to approve it again."
                .to_owned()
        }
        other => other.to_string(),
    }
}

/// Changing an action.
#[derive(Debug, Template)]
#[template(path = "agents/action_edit.html")]
pub struct ActionEditPage {
    /// The frame.
    pub shell: Shell,
    /// The agent's id.
    pub agent: AgentId,
    /// The agent's name.
    pub agent_name: String,
    /// The action as it is.
    pub row: BuildRow,
    /// What it does.
    pub description: String,
    /// Whose credentials it uses, as chosen.
    pub choice: Choice,
    /// What is wrong with the choice.
    pub mistakes: Mistakes,
}

/// What goes when an agent or an action goes.
#[derive(Debug, Default, Template)]
#[template(path = "agents/deletion.html")]
pub struct DeletionPage {
    /// The frame.
    pub shell: Shell,
    /// What goes.
    pub name: String,
    /// What kind of thing it is: `agent` or `action`.
    pub kind: &'static str,
    /// What the button says.
    pub button: &'static str,
    /// The way back: name and address.
    pub back: (String, String),
    /// Where the form goes.
    pub target: String,
    /// What stops or is lost.
    pub consequences: Vec<String>,
    /// What stays.
    pub stays: String,
}
