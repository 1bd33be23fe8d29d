//! The pages of groups: what they show.

use std::sync::Arc;

use askama::Template;

use crate::authz::facts::AgentAccess;
use crate::authz::facts::ShareAccess;
use crate::domain::agents::losses::group::Reach;
use crate::domain::agents::losses::group::ReachedAgent;
use crate::domain::agents::losses::group::ReachedConnection;
use crate::domain::integrations::definition::Definition;
use crate::domain::people::groups::Group;
use crate::domain::people::groups::roster::Seat;
use crate::domain::people::members::Member;
use crate::domain::people::members::MemberStatus;
use crate::http::form::Mistakes;
use crate::http::page::Shell;
use crate::kernel::ids::AgentId;
use crate::kernel::ids::ConnectionId;

pub use crate::web::groups::samples::samples;

/// Every group.
#[derive(Debug, Default, Template)]
#[template(path = "groups/index.html")]
pub struct IndexPage {
    /// The frame.
    pub shell: Shell,
    /// The groups of this page.
    pub groups: Vec<Group>,
    /// What was looked for.
    pub query: String,
    /// Whether this is the first page.
    pub is_first: bool,
    /// The address of the next page.
    pub next: Option<String>,
    /// What was typed as the name of a new group.
    pub name: String,
    /// What is wrong with it.
    pub mistakes: Mistakes,
}

/// One group.
#[derive(Debug, Default, Template)]
#[template(path = "groups/show.html")]
pub struct ShowPage {
    /// The frame.
    pub shell: Shell,
    /// The group.
    pub group: Option<Group>,
    /// Its name, as typed.
    pub name: String,
    /// What is wrong with that.
    pub name_mistakes: Mistakes,
    /// Its people, of this page.
    pub seats: Vec<Seat>,
    /// Whether this is the first page.
    pub is_first: bool,
    /// The address of the next page.
    pub next: Option<String>,
    /// Who was looked for.
    pub query: String,
    /// Who was found, if somebody was looked for.
    pub found: Option<Vec<Offer>>,
    /// What was pasted, or what is left of it.
    pub addresses: String,
    /// What is wrong with it.
    pub paste_mistakes: Mistakes,
    /// The addresses that are nobody's here.
    pub unknown: Vec<String>,
    /// What was done of what was pasted.
    pub done: Option<String>,
    /// What the group gives; for admins.
    pub given: Option<Given>,
}

/// Somebody who can be put into the group.
#[derive(Clone, Debug)]
pub struct Offer {
    /// The person.
    pub member: Member,
    /// Whether they are in it.
    pub is_seated: bool,
}

/// What goes when a group goes.
#[derive(Debug, Default, Template)]
#[template(path = "groups/deletion.html")]
pub struct DeletionPage {
    /// The frame.
    pub shell: Shell,
    /// The group.
    pub group: Option<Group>,
    /// What it gives.
    pub given: Given,
}

/// What a group gives its members.
#[derive(Clone, Debug, Default)]
pub struct Given {
    /// The things, connections first.
    pub things: Vec<Thing>,
    /// How many there are.
    pub total: i64,
    /// What is not named: how many things of which kind, of how many.
    pub cut: Vec<(usize, i64, &'static str)>,
    /// How many actions of agents stop without the group.
    pub stopping_actions: i64,
}

/// Something that a group has access to.
#[derive(Clone, Debug)]
pub struct Thing {
    /// What it is.
    pub kind: Kind,
    /// What it is called.
    pub name: String,
    /// What else is worth knowing.
    pub detail: String,
    /// How many people have it by this group alone.
    pub losing: i64,
}

/// What kind of thing it is, and where it is to be seen.
#[derive(Clone, Debug)]
pub enum Kind {
    /// A connection, with its integration's icon, name and key.
    Connection(ConnectionId, (String, String, String)),
    /// An agent, if the person may see it.
    Agent(Option<AgentId>),
    /// An integration, with its icon and key.
    Integration(String, String),
}

impl Given {
    /// What is reached, by the names that people know.
    pub fn of(reach: Reach, definitions: &[Arc<Definition>]) -> Self {
        let definition = |key: &str| definitions.iter().find(|one| one.key == key);
        let face = |key: &str| {
            let known = definition(key);
            let icon = known.and_then(|it| it.icon.clone()).unwrap_or_default();
            (icon, known.map_or_else(|| key.to_owned(), |it| it.name.clone()))
        };
        let total = reach.connections.total + reach.agents.total + reach.integrations.total;
        let cut = |named: Option<usize>, total, kind| named.map(|named| (named, total, kind));
        let cut = [
            cut(reach.connections.cut(), reach.connections.total, "connections"),
            cut(reach.agents.cut(), reach.agents.total, "agents"),
            cut(reach.integrations.cut(), reach.integrations.total, "integrations"),
        ];
        let connections = reach.connections.items.into_iter().map(|one| connection(one, &face));
        let agents = reach.agents.items.into_iter().map(agent);
        let integrations = reach.integrations.items.into_iter().map(|one| {
            let (icon, integration) = face(&one.key);
            let action = definition(&one.key).and_then(|it| it.action(&one.action)).map(|it| it.name.clone());
            let (name, detail) = if one.action.is_empty() {
                (integration, "Restricted integration".to_owned())
            } else {
                (action.unwrap_or(one.action), format!("Restricted action of {integration}"))
            };
            Thing { kind: Kind::Integration(icon, one.key), name, detail, losing: one.losing }
        });
        let things = connections.chain(agents).chain(integrations).collect();
        Self { things, total, cut: cut.into_iter().flatten().collect(), stopping_actions: reach.stopping_actions }
    }
}

fn connection(one: ReachedConnection, face: &impl Fn(&str) -> (String, String)) -> Thing {
    let (icon, integration) = face(&one.integration);
    let access = match one.access {
        ShareAccess::Use => "use",
        ShareAccess::Attach => "attach",
    };
    Thing {
        detail: format!("{integration}, of {}; may {access}", one.owner_name),
        kind: Kind::Connection(one.id, (icon, integration, one.integration)),
        name: one.name,
        losing: one.losing,
    }
}

/// An agent that the person may not see has no name here.
fn agent(one: ReachedAgent) -> Thing {
    let access = match one.access {
        AgentAccess::Use => "use",
        AgentAccess::Edit => "edit",
    };
    let detail = format!("Agent of {}; may {access}", one.owner_name);
    if one.is_visible {
        return Thing { kind: Kind::Agent(Some(one.id)), name: one.name, detail, losing: one.losing };
    }
    let name = format!("An agent of {}", one.owner_name);
    Thing { kind: Kind::Agent(None), name, detail: format!("Private to its people; may {access}"), losing: one.losing }
}

impl Thing {
    /// `3 people lose it`.
    fn loss(&self) -> String {
        match self.losing {
            0 => "nobody loses it".to_owned(),
            1 => "1 person loses it".to_owned(),
            more => format!("{more} people lose it"),
        }
    }
}

/// How many people are in a group, as people say it.
fn people(group: &Group) -> String {
    match group.members {
        0 => "No members yet".to_owned(),
        1 => "1 member".to_owned(),
        more => format!("{more} members"),
    }
}
