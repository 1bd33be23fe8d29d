//! The pages of people: what they show.

use std::sync::Arc;

use askama::Template;

use crate::authz::facts::Role;
use crate::domain::agents::losses::listed::FirstOf;
use crate::domain::agents::losses::member::Dependents;
use crate::domain::agents::losses::orphans::LeftConnection;
use crate::domain::agents::losses::orphans::NeedyAction;
use crate::domain::integrations::definition::Definition;
use crate::domain::people::invitations::Way;
use crate::domain::people::members::MemberStatus;
use crate::domain::people::memberships::Filter;
use crate::domain::people::memberships::Membership;
use crate::http::form::Mistakes;
use crate::http::look::ActionFace;
use crate::http::page::Shell;

pub use crate::web::people::samples::samples;

/// Everybody.
#[derive(Debug, Default, Template)]
#[template(path = "people/index.html")]
pub struct IndexPage {
    /// The frame.
    pub shell: Shell,
    /// The people of this page.
    pub people: Vec<Membership>,
    /// What the list is narrowed to.
    pub filter: Filter,
    /// Whether this is the first page.
    pub is_first: bool,
    /// The address of the next page.
    pub next: Option<String>,
    /// How many things wait for an admin because somebody went.
    pub left_behind: i64,
    /// The form to invite people.
    pub invite: Invite,
}

/// The form to invite people, as typed, and what came of it.
#[derive(Clone, Debug)]
pub struct Invite {
    /// The addresses, or those that were refused.
    pub emails: String,
    /// What they will be.
    pub role: Role,
    /// How it reaches them.
    pub way: Way,
    /// What is wrong with the form.
    pub mistakes: Mistakes,
    /// How many were invited by mail, where others were refused.
    pub mailed: i64,
    /// The links to hand over.
    pub links: Vec<Handover>,
    /// Who was not invited, and why.
    pub refused: Vec<(String, String)>,
}

impl Default for Invite {
    fn default() -> Self {
        Self {
            emails: String::new(),
            role: Role::Member,
            way: Way::Mail,
            mistakes: Mistakes::default(),
            mailed: 0,
            links: Vec::new(),
            refused: Vec::new(),
        }
    }
}

/// A link that an admin hands over.
#[derive(Clone, Debug)]
pub struct Handover {
    /// Whom it is for.
    pub email: String,
    /// The link, shown this once.
    pub link: String,
}

impl Invite {
    fn is_open(&self) -> bool {
        !self.mistakes.is_empty() || !self.refused.is_empty() || !self.links.is_empty()
    }
}

impl IndexPage {
    fn is_narrowed(&self) -> bool {
        !self.filter.query.is_empty() || self.filter.role.is_some() || self.filter.status.is_some()
    }

    fn is_role(&self, role: Role) -> bool {
        self.filter.role == Some(role)
    }

    fn is_status(&self, status: MemberStatus) -> bool {
        self.filter.status == Some(status)
    }
}

/// One person.
#[derive(Debug, Default, Template)]
#[template(path = "people/show.html")]
pub struct PersonPage {
    /// The frame.
    pub shell: Shell,
    /// The person.
    pub person: Option<Membership>,
    /// Whether it is who looks.
    pub is_self: bool,
    /// Why something was not done.
    pub refusal: Option<String>,
    /// A link to hand over.
    pub link: Option<Handover>,
}

/// What stops when somebody goes.
#[derive(Debug, Default, Template)]
#[template(path = "people/deactivation.html")]
pub struct DeactivationPage {
    /// The frame.
    pub shell: Shell,
    /// The person.
    pub person: Option<Membership>,
    /// What depends on them.
    pub dependents: Dependents,
    /// Why it was not done.
    pub refusal: Option<String>,
}

/// What leavers left behind.
#[derive(Debug, Default, Template)]
#[template(path = "people/adoptions.html")]
pub struct AdoptionsPage {
    /// The frame.
    pub shell: Shell,
    /// Keys to adopt.
    pub connections: FirstOf<LeftRow>,
    /// Actions that need a connection.
    pub actions: FirstOf<NeedyRow>,
}

/// A key to adopt.
#[derive(Clone, Debug)]
pub struct LeftRow {
    /// The key.
    pub left: LeftConnection,
    /// Its integration's name.
    pub integration: String,
    /// Its integration's icon.
    pub icon: String,
    /// Who is to get it, as typed.
    pub email: String,
    /// What is wrong with that.
    pub mistakes: Mistakes,
}

impl LeftRow {
    pub(super) fn of(left: LeftConnection, definitions: &[Arc<Definition>], me: &str) -> Self {
        let definition = definitions.iter().find(|one| one.key == left.integration);
        Self {
            integration: definition.map_or_else(|| left.integration.clone(), |one| one.name.clone()),
            icon: definition.and_then(|one| one.icon.clone()).unwrap_or_default(),
            email: me.to_owned(),
            mistakes: Mistakes::default(),
            left,
        }
    }

    /// The id of its field.
    pub(super) fn field(&self) -> String {
        format!("email-{}", self.left.id)
    }
}

/// An action that needs a connection.
#[derive(Clone, Debug)]
pub struct NeedyRow {
    /// The action.
    pub needy: NeedyAction,
    /// What it is called.
    pub face: ActionFace,
}

impl NeedyRow {
    pub(super) fn of(needy: NeedyAction, definitions: &[Arc<Definition>]) -> Self {
        let definition = definitions.iter().find(|one| one.key == needy.integration);
        Self { face: ActionFace::of(definition.map(Arc::as_ref), &needy.integration, &needy.action), needy }
    }

    /// `Ada, Eve and others can supply one`.
    fn help(&self) -> String {
        match self.needy.suppliers.as_slice() {
            [] => format!("Nobody who may preselect has connected {} yet", self.face.integration),
            [one] => format!("{one} could supply one"),
            [first, second] => format!("{first} or {second} could supply one"),
            [first, second, ..] => format!("{first}, {second} or others could supply one"),
        }
    }
}

/// A person's state: the word for its badge, and as people say it.
fn state(person: &Membership) -> (&'static str, &'static str) {
    match person.status {
        MemberStatus::Deactivated => ("deactivated", "Deactivated"),
        MemberStatus::Invited => ("info", "Invited"),
        MemberStatus::Active if person.is_pending => ("info", "Invited"),
        MemberStatus::Active => ("active", "Active"),
    }
}

/// `3 connections`.
fn connections(count: i64) -> String {
    match count {
        0 => "no connections".to_owned(),
        1 => "1 connection".to_owned(),
        more => format!("{more} connections"),
    }
}

/// `1 person`, `3 people`.
fn people(count: i64) -> String {
    if count == 1 { "1 person".to_owned() } else { format!("{count} people") }
}
