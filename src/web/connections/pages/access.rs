//! What one person may do with a connection, and why.

use askama::Template;

use crate::authz::facts::AuthType;
use crate::authz::facts::ShareAccess;
use crate::domain::connections::Connection;
use crate::domain::connections::shares::Way;
use crate::domain::people::members::MemberStatus;
use crate::domain::people::memberships::Membership;
use crate::domain::runs::explanation::Explanation;
use crate::domain::runs::explanation::Standing;
use crate::http::page::Shell;
use crate::http::urls;
use crate::kernel::ids::UserId;
use crate::web::connections::pages::Face;
use crate::web::connections::pages::shares::how;

/// What one person may do with a connection, and why.
#[derive(Debug, Template)]
#[template(path = "connections/access.html")]
pub struct AccessPage {
    /// The frame.
    pub shell: Shell,
    /// The connection.
    pub connection: Connection,
    /// Its integration.
    pub face: Face,
    /// Who was looked for.
    pub query: String,
    /// Who was found, if somebody was looked for.
    pub found: Option<Vec<Membership>>,
    /// Whether the person asked about is nobody here.
    pub is_unknown: bool,
    /// What they may do.
    pub answer: Option<Explanation>,
    /// Whether this is the first page of agents.
    pub is_first: bool,
}

impl AccessPage {
    /// The page, about somebody.
    fn about(&self, user: &UserId) -> String {
        urls::with_queries(&self.address(), [("user", &*user.to_string())])
    }

    /// The page, further down the list of agents.
    fn further(&self, user: &UserId, after: &str) -> String {
        urls::with_queries(&self.address(), [("user", &*user.to_string()), ("after", after)])
    }

    fn address(&self) -> String {
        self.shell.urls.connection_part(&self.connection.id, "access")
    }

    fn is_oauth(&self) -> bool {
        self.connection.auth_type == AuthType::Oauth
    }

    /// What is said at once. It claims nothing of agents that are not on this page, or not for this reader.
    fn verdict(&self, answer: &Explanation) -> String {
        let name = &answer.person.name;
        let runs = answer.agents.items.iter().any(|through| through.stopped_by.is_empty());
        let is_whole = self.is_first && answer.agents.next.is_none() && (self.connection.is_owner || !self.is_oauth());
        match (answer.may_use(), runs) {
            (true, _) => format!("{name} can use it"),
            (false, true) => format!("{name} cannot use it directly, but acts through an agent"),
            (false, false) if is_whole => format!("{name} cannot use it"),
            (false, false) => format!("{name} cannot use it directly"),
        }
    }
}

/// By what they may use it, in a sentence.
fn by(answer: &Explanation) -> String {
    if answer.is_owner {
        return "It is theirs.".to_owned();
    }
    answer.ways.first().map(|way| format!("It is shared with them {}.", how(way))).unwrap_or_default()
}

/// By what they may attach it, in words.
fn attaches(standing: Standing) -> &'static str {
    match standing {
        Standing::Owner => "Yes, as its owner",
        Standing::Admin => "Yes, as a workspace admin",
        Standing::Share => "Yes, a share says so",
    }
}

/// What a share allows, in words.
fn allows(way: &Way) -> &'static str {
    match way.access {
        ShareAccess::Use => "use it",
        ShareAccess::Attach => "use and attach it",
    }
}

/// Whether somebody is deactivated, which is said beside their name.
fn is_deactivated(person: &Membership) -> bool {
    person.status == MemberStatus::Deactivated
}
