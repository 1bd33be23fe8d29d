//! Who may use an integration and its actions, for admins: deciding it, and who loses what by it.

use askama::Template;
use uuid::Uuid;

use crate::authz::facts::AuthType;
use crate::domain::agents::losses::integration::AccessLosses;
use crate::domain::agents::losses::integration::ScopeLoss;
use crate::domain::integrations::access::Access;
use crate::domain::integrations::access::Audience;
use crate::domain::integrations::access::Scope;
use crate::domain::integrations::definition::Definition;
use crate::domain::integrations::integration::Integration;
use crate::domain::people::groups::Group;
use crate::domain::people::members::Member;
use crate::domain::people::members::MemberStatus;
use crate::http::form::Mistakes;
use crate::http::look;
use crate::http::page::Shell;

/// What is decided on.
#[derive(Clone, Debug, Default)]
pub struct Subject {
    /// The integration's key.
    pub key: String,
    /// Its name.
    pub name: String,
    /// Its icon's name.
    pub icon: String,
    /// The action's key; empty for the integration as a whole.
    pub action: String,
    /// The action's name.
    pub action_name: String,
    /// Whether the integration is on.
    pub is_enabled: bool,
}

impl Subject {
    fn of(integration: &Integration, definition: &Definition, scope: &Scope) -> Self {
        let action = scope.column();
        Self {
            key: integration.key.clone(),
            name: definition.name.clone(),
            icon: definition.icon.clone().unwrap_or_default(),
            action: action.to_owned(),
            action_name: definition.action(action).map_or_else(|| action.to_owned(), |it| it.name.clone()),
            is_enabled: integration.is_enabled,
        }
    }

    fn is_whole(&self) -> bool {
        self.action.is_empty()
    }

    /// What it is called.
    fn title(&self) -> &str {
        if self.is_whole() { &self.name } else { &self.action_name }
    }
}

/// Somebody who is, or could be, named.
#[derive(Clone, Debug)]
pub struct Person {
    /// The id.
    pub id: Uuid,
    /// Whether it is a group.
    pub is_group: bool,
    /// The name.
    pub name: String,
    /// What else says who it is.
    pub detail: String,
}

impl Person {
    /// A person.
    pub fn user(member: &Member) -> Self {
        let detail = match member.status {
            MemberStatus::Active => member.email.clone(),
            MemberStatus::Invited => format!("{}, invited", member.email),
            MemberStatus::Deactivated => format!("{}, deactivated", member.email),
        };
        Self { id: member.user.uuid(), is_group: false, name: member.name.clone(), detail }
    }

    /// A group.
    pub fn group(group: &Group) -> Self {
        let detail = format!("Group, {}", people(group.members));
        Self { id: group.id.uuid(), is_group: true, name: group.name.clone(), detail }
    }

    /// The name of its field.
    fn field(&self) -> &'static str {
        if self.is_group { "group" } else { "user" }
    }
}

/// An action in the list of all.
#[derive(Clone, Debug, Default)]
pub struct ActionRow {
    /// Its key.
    pub key: String,
    /// Its name.
    pub name: String,
    /// For whom it is, where it is restricted.
    pub only: Option<String>,
}

/// A way to connect, in the list of all.
#[derive(Clone, Debug)]
pub struct WayRow {
    /// The way.
    pub auth_type: AuthType,
    /// Whether admins keep it.
    pub is_reserved: bool,
}

/// Who may use it.
#[derive(Debug, Default, Template)]
#[template(path = "integrations/access.html")]
pub struct AccessPage {
    /// The frame.
    pub shell: Shell,
    /// What is decided on.
    pub subject: Subject,
    /// Whether it is to be for everyone.
    pub is_everyone: bool,
    /// For whom it is to be otherwise.
    pub chosen: Vec<Person>,
    /// Who was looked for.
    pub query: String,
    /// Who was found.
    pub found: Vec<Person>,
    /// What is wrong with what was sent.
    pub mistakes: Mistakes,
    /// Every action.
    pub actions: Vec<ActionRow>,
    /// Every way to connect.
    pub ways: Vec<WayRow>,
}

impl AccessPage {
    /// The page as it is now, without those who are named.
    pub fn of(shell: Shell, integration: &Integration, definition: &Definition, scope: &Scope, now: &Access) -> Self {
        let row = |key: &String, name: &String| ActionRow {
            key: key.clone(),
            name: name.clone(),
            only: now.actions.get(key).map(only),
        };
        let gone = now.actions.keys().filter(|key| definition.action(key).is_none());
        let ways = definition.auth.iter().map(|method| method.auth_type);
        Self {
            subject: Subject::of(integration, definition, scope),
            actions: definition
                .actions
                .iter()
                .map(|action| row(&action.key, &action.name))
                .chain(gone.map(|key| row(key, key)))
                .collect(),
            ways: ways.map(|auth_type| WayRow { auth_type, is_reserved: now.reserved.contains(&auth_type) }).collect(),
            shell,
            ..Self::default()
        }
    }
}

/// `2 people and 1 group`.
fn only(audience: &Audience) -> String {
    let sets = match audience.groups().len() {
        1 => "1 group".to_owned(),
        more => format!("{more} groups"),
    };
    let users = people(i64::try_from(audience.users().len()).unwrap_or(i64::MAX));
    match (audience.users().is_empty(), audience.groups().is_empty()) {
        (true, true) => "Admins alone".to_owned(),
        (false, true) => users,
        (true, false) => sets,
        (false, false) => format!("{users} and {sets}"),
    }
}

/// `1 person`, `7 people`.
fn people(count: i64) -> String {
    if count == 1 { "1 person".to_owned() } else { format!("{count} people") }
}

/// What a change takes away, before it is made.
#[derive(Debug, Default, Template)]
#[template(path = "integrations/access_review.html")]
pub struct ReviewPage {
    /// The frame.
    pub shell: Shell,
    /// What is decided on.
    pub subject: Subject,
    /// What goes.
    pub losses: AccessLosses,
    /// The names of actions, for those that go.
    pub action_names: Vec<(String, String)>,
    /// What is sent when it is confirmed.
    pub fields: Vec<(&'static str, String)>,
    /// Whether the integration is switched, and to what.
    pub switches: Option<bool>,
    /// Whether the audience changes, and whether to everyone.
    pub opens_to: Option<bool>,
    /// For whom it is to be.
    pub chosen: Vec<Person>,
    /// Which ways to connect admins are to keep, if that changes.
    pub reserves: Option<Vec<AuthType>>,
}

impl ReviewPage {
    /// The page, without what goes.
    pub fn of(shell: Shell, integration: &Integration, definition: &Definition, scope: &Scope) -> Self {
        let names = definition.actions.iter().map(|action| (action.key.clone(), action.name.clone()));
        Self {
            subject: Subject::of(integration, definition, scope),
            action_names: names.collect(),
            shell,
            ..Self::default()
        }
    }

    /// What the change is, as a heading asks it.
    fn question(&self) -> String {
        let title = self.subject.title();
        match (self.switches, self.opens_to, &self.reserves) {
            (Some(false), _, _) => format!("Switch off {title}?"),
            (Some(true), _, _) => format!("Switch on {title}?"),
            (None, Some(true), _) => format!("Open {title} to everyone?"),
            (None, Some(false), _) => format!("Restrict {title}?"),
            (None, None, Some(_)) => format!("Change how {title} is connected?"),
            (None, None, None) => "Nothing changes".to_owned(),
        }
    }

    /// What the button says.
    fn button(&self) -> String {
        let title = self.subject.title();
        match (self.switches, self.opens_to) {
            (Some(false), _) => format!("Switch off {title}"),
            (Some(true), _) => format!("Switch on {title}"),
            (None, Some(true)) => "Open to everyone".to_owned(),
            (None, Some(false)) => format!("Restrict {title}"),
            (None, None) => "Save".to_owned(),
        }
    }

    /// What somebody loses, by name.
    fn thing(&self, loss: &ScopeLoss) -> String {
        let Scope::Action(key) = &loss.scope else { return self.subject.name.clone() };
        let known = self.action_names.iter().find(|(known, _)| known == key);
        known.map_or_else(|| key.clone(), |(_, name)| name.clone())
    }

    /// The ways that admins keep, as people say them.
    fn kept(&self) -> String {
        let ways = self.reserves.iter().flatten().map(look::auth_type).collect::<Vec<_>>();
        if ways.is_empty() { "None; everybody may connect in every way".to_owned() } else { ways.join(", ") }
    }
}

/// `Eve, Max and 3 more`.
fn names(loss: &ScopeLoss) -> String {
    let shown = loss.names.join(", ");
    let rest = loss.people - i64::try_from(loss.names.len()).unwrap_or(0);
    if rest > 0 { format!("{shown} and {rest} more") } else { shown }
}
