//! The pages of agents: the list, making one, its two faces, and what goes when it goes.

use askama::Template;

use crate::authz::facts::AgentAccess;
use crate::domain::agents::Agent;
use crate::domain::agents::shares::AgentShare;
use crate::domain::people::grantee::Grantee;
use crate::domain::people::groups::Group;
use crate::domain::people::members::Member;
use crate::domain::runs::Run;
use crate::http::form::Mistakes;
use crate::http::look::ActionFace;
use crate::http::page::Shell;
use crate::kernel::ids::AgentId;
use crate::web::agents::build::Choice;
use crate::web::agents::build::Picker;
use crate::web::agents::rows::BuildRow;
use crate::web::agents::rows::UseRow;

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
    /// What was found, with everyone in the workspace at the end: what each may do already, or an offer.
    fn offers(&self) -> Vec<Offer> {
        let found = self.people.found.iter().flatten().map(|member| Offer {
            grantee: Grantee::User(member.user),
            name: member.name.clone(),
            detail: member.email.clone(),
            held: None,
        });
        let groups = self.people.groups.iter().map(|group| Offer {
            grantee: Grantee::Group(group.id),
            name: group.name.clone(),
            detail: format!("{} {}", group.members, if group.members == 1 { "person" } else { "people" }),
            held: None,
        });
        let mut offers: Vec<Offer> = groups.chain(found).collect();
        for offer in &mut offers {
            let share = self.shares.iter().find(|share| share.grantee == offer.grantee);
            offer.held = if offer.grantee == Grantee::User(self.head.agent.owner) {
                Some("owns it")
            } else {
                share.map(|share| access(share.access))
            };
        }
        offers
    }

    /// Everyone, unless they have it already.
    fn everyone(&self) -> Option<Offer> {
        let is_there = self.shares.iter().any(|share| share.grantee == Grantee::Workspace);
        let everyone = Offer { grantee: Grantee::Workspace, name: String::new(), detail: String::new(), held: None };
        (!is_there).then_some(everyone)
    }
}

/// Somebody whom an agent can be shared with.
#[derive(Clone, Debug)]
struct Offer {
    grantee: Grantee,
    /// Their name; none for everyone.
    name: String,
    /// What else says who they are.
    detail: String,
    /// What they may do already.
    held: Option<&'static str>,
}

impl Offer {
    fn kind(&self) -> &'static str {
        self.grantee.kind().as_str()
    }

    /// A name for the parts of its form, which stands on the page once for each.
    fn key(&self) -> String {
        self.grantee.id().map_or_else(|| "everyone".to_owned(), |id| id.to_string())
    }

    /// Whom a reader hears of: `Max Member`, `the group Sales`, `everyone in Acme`.
    fn whom(&self, workspace: &str) -> String {
        match self.grantee {
            Grantee::User(_) => self.name.clone(),
            Grantee::Group(_) => format!("the group {}", self.name),
            Grantee::Workspace => format!("everyone in {workspace}"),
        }
    }
}

/// Whether the picker stands at this action.
fn is_picked(picker: &Picker, key: &str) -> bool {
    picker.picked.as_ref().is_some_and(|picked| picked.key == key)
}

/// What a share allows, as people say it.
fn access(access: AgentAccess) -> &'static str {
    match access {
        AgentAccess::Use => "may use it",
        AgentAccess::Edit => "may edit it",
    }
}

/// A search for people and groups.
#[derive(Clone, Debug, Default)]
pub struct People {
    /// What was typed.
    pub query: String,
    /// Who was found, if somebody was looked for.
    pub found: Option<Vec<Member>>,
    /// Which groups were found.
    pub groups: Vec<Group>,
    /// Why a share was not made.
    pub mistake: Option<String>,
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
