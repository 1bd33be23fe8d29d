//! The face of an agent for whoever builds it: loads the page, for looking at it and for giving it back with what was
//! typed and what needs a change.

use std::sync::Arc;

use diesel::pg::PgConnection;

use crate::authz::actions::Connect;
use crate::authz::actions::Share;
use crate::authz::actions::Use;
use crate::authz::actions::View;
use crate::authz::actor::Actor;
use crate::authz::facts::ActionFacts;
use crate::authz::facts::AuthType;
use crate::authz::facts::CredentialMode;
use crate::authz::facts::IntegrationFacts;
use crate::authz::facts::Permission;
use crate::authz::policy::Permits;
use crate::authz::proof::Authorized;
use crate::authz::proof::Guarded;
use crate::authz::proof::decide;
use crate::domain::agents::Agent;
use crate::domain::agents::actions;
use crate::domain::agents::actions::ListedAction;
use crate::domain::agents::shares;
use crate::domain::connections;
use crate::domain::connections::Connection;
use crate::domain::connections::ConnectionStatus;
use crate::domain::integrations::definition::ActionDefinition;
use crate::domain::integrations::definition::Definition;
use crate::domain::integrations::definition::Effect;
use crate::domain::integrations::integration;
use crate::domain::integrations::registry::Registry;
use crate::domain::people::groups;
use crate::domain::people::search;
use crate::http::error::Error;
use crate::http::form::Mistakes;
use crate::http::look;
use crate::http::page::Section;
use crate::http::page::Shell;
use crate::http::page::Visit;
use crate::kernel::ids::ConnectionId;
use crate::web::agents::pages::BuildPage;
use crate::web::agents::pages::Head;
use crate::web::agents::pages::People;
use crate::web::agents::pages::Settings;
use crate::web::agents::rows::BuildRow;
use crate::web::agents::rows::described;

/// How many people and how many groups a search shows.
const FOUND_AT_MOST: i64 = 8;

/// What the page is to show beside the agent itself.
#[derive(Clone, Debug, Default)]
pub(super) struct Wish {
    /// The integration of an action to add.
    pub(super) integration: String,
    /// The action to add.
    pub(super) action: String,
    /// Whom to look for.
    pub(super) query: String,
    /// The connection to preselect, where one came for that.
    pub(super) connection: String,
}

/// The way to one more action: an integration, then an action of it, then whose credentials.
#[derive(Clone, Debug, Default)]
pub struct Picker {
    /// The integrations: key and name.
    pub integrations: Vec<(String, String)>,
    /// The one that is chosen, or nothing.
    pub integration: String,
    /// Its actions.
    pub actions: Vec<Offer>,
    /// The one that is chosen.
    pub picked: Option<Picked>,
    /// Whose credentials it is to use.
    pub choice: Choice,
    /// The connection to preselect, where one came for that, or nothing.
    pub connection: String,
    /// What is wrong with what was sent.
    pub mistakes: Mistakes,
}

/// An action that can be put on the agent.
#[derive(Clone, Debug)]
pub struct Offer {
    /// Its key.
    pub key: String,
    /// Its name.
    pub name: String,
    /// Whether the agent has it.
    pub is_there: bool,
    /// Whether it is restricted and not for the person.
    pub is_closed: bool,
}

/// The action that was chosen.
#[derive(Clone, Debug)]
pub struct Picked {
    /// Its key.
    pub key: String,
    /// Its name.
    pub name: String,
    /// What it does.
    pub description: String,
    /// What it does to the other side.
    pub effect: Effect,
}

/// Whose credentials an action is to use.
#[derive(Clone, Debug, Default)]
pub struct Choice {
    /// The integration's name.
    pub integration: String,
    /// Where connections to it are made.
    pub integration_url: String,
    /// Whether the person may preselect connections at all.
    pub may_preselect: bool,
    /// The attached connection that may stay, in words.
    pub kept: Option<String>,
    /// The connections that the person may attach.
    pub attachable: Vec<Attachable>,
    /// `own`, `preselected` or `keep`.
    pub credentials: String,
    /// The connection.
    pub connection: String,
    /// Whether each call is shown before it is sent.
    pub asks_first: bool,
}

/// A connection that may be attached.
#[derive(Clone, Debug)]
pub struct Attachable {
    /// Its id.
    pub id: ConnectionId,
    /// What its owner called it.
    pub name: String,
    /// As whom everyone would act.
    pub acts_as: String,
    /// What kind it is and whose.
    pub detail: String,
    /// Why it does not work, if it does not.
    pub trouble: Option<&'static str>,
}

impl Attachable {
    fn of(connection: &Connection) -> Self {
        let kind = look::auth_type(&connection.auth_type);
        let is_well = connection.status == ConnectionStatus::Active;
        Self {
            id: connection.id,
            name: connection.name.clone(),
            acts_as: connection.account.clone().unwrap_or_else(|| connection.name.clone()),
            detail: format!("{kind}, {}", look::belonging(connection)),
            trouble: (!is_well).then(|| look::status(&connection.status)),
        }
    }
}

/// The page as it is now.
pub(super) fn load(
    conn: &mut PgConnection,
    registry: &Registry,
    actor: &Actor,
    agent: &Agent,
    wish: &Wish,
    visit: Visit,
) -> Result<BuildPage, Error> {
    let view: Authorized<View, Agent> = decide(actor.clone(), agent.clone())?;
    let share: Authorized<Share, Agent> = decide(actor.clone(), agent.clone())?;
    let listed = actions::list(conn, registry, &view)?;
    let shell = Shell::load(conn, actor, Section::Agents, visit)?;
    let (found, groups) = match wish.query.trim() {
        "" => (None, Vec::new()),
        query => (
            Some(search::members(conn, actor, query, FOUND_AT_MOST)?),
            groups::search(conn, actor, query, FOUND_AT_MOST)?,
        ),
    };
    Ok(BuildPage {
        head: Head::of(agent),
        settings: Settings::from(agent),
        settings_mistakes: Mistakes::default(),
        picker: picker(conn, registry, actor, &shell, wish, &listed)?,
        actions: listed.iter().map(BuildRow::of).collect(),
        shares: shares::list(conn, &share)?,
        people: People { query: wish.query.clone(), found, groups, mistake: None },
        shell,
    })
}

fn picker(
    conn: &mut PgConnection,
    registry: &Registry,
    actor: &Actor,
    shell: &Shell,
    wish: &Wish,
    listed: &[ListedAction],
) -> Result<Picker, Error> {
    // What one may not use oneself, one cannot put on an agent.
    let mut visible = integration::list(conn, registry, actor)?;
    visible.retain(|(it, _)| <Connect as Permits<IntegrationFacts>>::permits(actor, &it.facts()).is_ok());
    let integrations = visible.iter().map(|(_, it)| (it.key.clone(), it.name.clone())).collect();
    let connection = wish.connection.clone();
    let chosen = visible.into_iter().find(|(it, _)| it.key == wish.integration);
    let Some((seen, definition)) = chosen else {
        return Ok(Picker { integrations, connection, ..Picker::default() });
    };
    let is_there = |action: &ActionDefinition| {
        listed.iter().any(|it| it.action.integration == definition.key && it.action.action == action.key)
    };
    let is_closed =
        |it: &ActionDefinition| <Use as Permits<ActionFacts>>::permits(actor, &seen.action_facts(&it.key)).is_err();
    let offer = |it: &ActionDefinition| Offer {
        key: it.key.clone(),
        name: it.name.clone(),
        is_there: is_there(it),
        is_closed: is_closed(it),
    };
    let defined = definition.action(&wish.action).filter(|action| !is_there(action) && !is_closed(action));
    let choice = match defined {
        Some(defined) => choice(conn, actor, shell, &definition, defined)?.preferring(&connection),
        None => Choice::default(),
    };
    let picked = defined.map(|it| Picked {
        key: it.key.clone(),
        name: it.name.clone(),
        description: it.description.clone(),
        effect: it.effect,
    });
    Ok(Picker {
        integrations,
        integration: definition.key.clone(),
        actions: definition.actions.iter().map(offer).collect(),
        picked,
        choice,
        connection,
        mistakes: Mistakes::default(),
    })
}

impl Choice {
    /// With this connection preselected, if it is one that may be attached.
    fn preferring(self, connection: &str) -> Self {
        if self.attachable.iter().any(|one| one.id.to_string() == connection) {
            let credentials = CredentialMode::Preselected.to_string();
            return Self { credentials, connection: connection.to_owned(), ..self };
        }
        self
    }
}

/// Whose credentials a new action could use. What may be attached is asked of the policy, connection by connection (R10).
fn choice(
    conn: &mut PgConnection,
    actor: &Actor,
    shell: &Shell,
    definition: &Arc<Definition>,
    defined: &ActionDefinition,
) -> Result<Choice, Error> {
    let may_preselect = actor.holds(Permission::ConfigurePreselectedConnections);
    let attachable = if may_preselect { connections::attachable(conn, actor, &definition.key)? } else { Vec::new() };
    let fits = |it: &&Connection| admits(&defined.auth_types, it);
    Ok(Choice {
        integration: definition.name.clone(),
        integration_url: shell.urls.integration(&definition.key),
        may_preselect,
        kept: None,
        attachable: attachable.iter().filter(fits).map(Attachable::of).collect(),
        credentials: CredentialMode::Own.to_string(),
        connection: String::new(),
        asks_first: defined.effect == Effect::Write,
    })
}

fn admits(auth_types: &[AuthType], connection: &Connection) -> bool {
    auth_types.contains(&connection.auth_type)
}

/// Whose credentials an action that is there could use, with what it uses now chosen.
pub(super) fn choice_of(
    conn: &mut PgConnection,
    actor: &Actor,
    shell: &Shell,
    listed: &ListedAction,
) -> Result<Choice, Error> {
    let action = &listed.action;
    let present = match (&listed.integration, listed.definition()) {
        (Some(definition), Some(defined)) => choice(conn, actor, shell, definition, defined)?,
        (Some(_) | None, _) => Choice::default(),
    };
    let asks_first = action.requires_confirmation;
    let Some(binding) = listed.binding.as_ref().filter(|_| action.credentials == CredentialMode::Preselected) else {
        return Ok(Choice { asks_first, ..present });
    };
    let attached = binding.connection.as_ref();
    let connection = attached.map(|it| it.id.to_string()).unwrap_or_default();
    let kept = binding.trouble.is_none().then(|| match attached {
        Some(connection) => described(connection),
        None => "a connection that you may not see".to_owned(),
    });
    let credentials = if kept.is_some() { "keep".to_owned() } else { CredentialMode::Preselected.to_string() };
    Ok(Choice { kept, credentials, connection, asks_first, ..present })
}
