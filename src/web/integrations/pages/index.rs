//! The grid: what one has connected first, then everything else, by category and name.

use std::collections::BTreeSet;
use std::sync::Arc;

use askama::Template;

use crate::authz::actions::Connect;
use crate::authz::actor::Actor;
use crate::authz::facts::AuthType;
use crate::authz::facts::IntegrationFacts;
use crate::authz::policy::Permits;
use crate::authz::proof::Guarded;
use crate::domain::connections::Connection;
use crate::domain::connections::ConnectionStatus;
use crate::domain::connections::visible::Standing;
use crate::domain::integrations::definition::Definition;
use crate::domain::integrations::integration::Integration;
use crate::http::page::Shell;
use crate::web::integrations::pages::plain;

/// How much of a description a card shows.
const CARD_TEXT: usize = 140;

/// How many of an integration's actions it is found by.
const SEARCHED_ACTIONS: usize = 200;

/// What the grid is narrowed to.
#[derive(Clone, Debug, Default, serde::Deserialize)]
pub struct Sought {
    /// Words that must be there.
    #[serde(default)]
    pub q: String,
    /// A category.
    #[serde(default)]
    pub category: String,
}

/// What the grid is made of.
#[derive(Debug)]
pub struct Found {
    /// All that the person may see.
    pub integrations: Vec<(Integration, Arc<Definition>)>,
    /// What they have connected.
    pub standings: Vec<Standing>,
    /// Their connections that wait for them.
    pub waiting: Vec<Connection>,
}

/// The grid.
#[derive(Debug, Default, Template)]
#[template(path = "integrations/index.html")]
pub struct IndexPage {
    /// The frame.
    pub shell: Shell,
    /// What it is narrowed to.
    pub sought: Sought,
    /// Every category that there is.
    pub categories: Vec<String>,
    /// The cards, in groups.
    pub groups: Vec<Group>,
    /// Connections that wait for the person.
    pub waiting: Vec<Waiting>,
}

/// A connection that waits for its owner.
#[derive(Clone, Debug)]
pub struct Waiting {
    /// The connection.
    pub connection: Connection,
    /// The integration's name.
    pub integration: String,
}

/// Cards under one heading.
#[derive(Clone, Debug, Default)]
pub struct Group {
    /// The heading.
    pub title: &'static str,
    /// The cards.
    pub cards: Vec<Card>,
}

/// One integration.
#[derive(Clone, Debug, Default)]
pub struct Card {
    /// Its key.
    pub key: String,
    /// Its name.
    pub name: String,
    /// Its category.
    pub category: String,
    /// Its icon's name.
    pub icon: String,
    /// What it is.
    pub text: String,
    /// Whether the workspace brought it in.
    pub is_custom: bool,
    /// Whether it is restricted and not for the person.
    pub is_closed: bool,
    /// How many actions it has.
    pub actions: usize,
    /// How many connections to it the person may use.
    pub connections: i64,
    /// Its state for the person: the word as in code, and as people say it.
    pub badge: Option<(&'static str, &'static str)>,
    /// Other words that it is found by.
    pub words: String,
}

impl IndexPage {
    /// Sorts what was found, and leaves out what was not sought.
    pub fn of(shell: Shell, actor: &Actor, sought: Sought, found: &Found) -> Self {
        let categories: BTreeSet<&str> = found.integrations.iter().map(|(_, one)| one.category.as_str()).collect();
        let categories = categories.into_iter().map(str::to_owned).collect();
        let name_of = |key: &str| {
            let known = found.integrations.iter().find(|(integration, _)| integration.key == key);
            known.map_or_else(|| key.to_owned(), |(_, definition)| definition.name.clone())
        };
        let waiting = found.waiting.iter();
        let waiting = waiting.map(|one| Waiting { integration: name_of(&one.integration), connection: one.clone() });
        let waiting = waiting.collect();
        let fitting = found.integrations.iter().filter(|(_, one)| sought.fits(one));
        let cards = fitting.map(|(integration, definition)| {
            let standings = found.standings.iter().filter(|one| one.integration == integration.key);
            card(actor, integration, definition, &standings.collect::<Vec<_>>())
        });
        let (mine, mut others): (Vec<Card>, Vec<Card>) = cards.partition(|card| card.connections > 0);
        others.sort_by_cached_key(|card| (card.category.clone(), card.name.to_lowercase()));
        let groups = [("Connected", mine), ("Not connected yet", others)];
        let groups = groups.into_iter().filter(|(_, cards)| !cards.is_empty());
        let groups = groups.map(|(title, cards)| Group { title, cards });
        Self { categories, waiting, groups: groups.collect(), shell, sought }
    }

    /// The grid narrowed to another category.
    fn narrowed(&self, category: &str) -> String {
        let pairs = [("q", self.sought.q.trim()), ("category", category)];
        let query: Vec<(&str, &str)> = pairs.into_iter().filter(|(_, value)| !value.is_empty()).collect();
        let query = serde_urlencoded::to_string(query).unwrap_or_default();
        if query.is_empty() {
            self.shell.urls.integrations()
        } else {
            format!("{}?{query}", self.shell.urls.integrations())
        }
    }

    fn is_narrowed(&self) -> bool {
        !self.sought.q.trim().is_empty() || !self.sought.category.is_empty()
    }
}

impl Sought {
    fn fits(&self, definition: &Definition) -> bool {
        if !self.category.is_empty() && self.category != definition.category {
            return false;
        }
        let text = format!("{} {} {}", definition.name, definition.category, words(definition)).to_lowercase();
        self.q.to_lowercase().split_whitespace().all(|word| text.contains(word))
    }
}

/// What else an integration is found by, here and in the browser: all that it says of itself, and its actions.
fn words(definition: &Definition) -> String {
    let actions = definition.actions.iter().take(SEARCHED_ACTIONS).map(|action| action.name.as_str());
    let all: Vec<&str> = std::iter::once(definition.description.as_str()).chain(actions).collect();
    all.join(" ")
}

fn card(actor: &Actor, integration: &Integration, definition: &Definition, standings: &[&Standing]) -> Card {
    let is_closed = <Connect as Permits<IntegrationFacts>>::permits(actor, &integration.facts()).is_err();
    Card {
        key: definition.key.clone(),
        name: definition.name.clone(),
        category: definition.category.clone(),
        icon: definition.icon.clone().unwrap_or_default(),
        text: plain(&definition.description, CARD_TEXT),
        is_custom: integration.is_custom,
        actions: definition.actions.len(),
        connections: standings.iter().map(|one| one.count).sum(),
        badge: badge((integration, is_closed), definition, standings),
        is_closed,
        words: words(definition),
    }
}

/// What the person has to know first: what waits for them, then what works, then what is not possible yet.
fn badge(
    (integration, is_closed): (&Integration, bool),
    definition: &Definition,
    standings: &[&Standing],
) -> Option<(&'static str, &'static str)> {
    let has = |is_owner: bool, status: ConnectionStatus| {
        standings.iter().any(|one| one.is_owner == is_owner && one.status == status)
    };
    let needs_client = definition.auth.iter().all(|method| method.auth_type == AuthType::Oauth);
    let states = [
        (!integration.is_enabled, ("disabled", "Switched off")),
        (is_closed, ("disabled", "Restricted")),
        (has(true, ConnectionStatus::NeedsReconnect), ("needs_reconnect", "Needs you")),
        (integration.misconfigured_reason.is_some(), ("misconfigured", "Client refused")),
        (has(true, ConnectionStatus::Active), ("active", "Connected")),
        (has(false, ConnectionStatus::Active), ("active", "Shared with you")),
        (has(true, ConnectionStatus::Misconfigured), ("misconfigured", "Misconfigured")),
        (has(true, ConnectionStatus::Suspended), ("suspended", "Suspended")),
        (has(true, ConnectionStatus::Disabled), ("disabled", "Disabled")),
        (needs_client && integration.oauth_client_id.is_none(), ("idle", "Not set up")),
    ];
    states.into_iter().find(|(is_so, _)| *is_so).map(|(_, badge)| badge)
}
