//! The share dialog.

use std::collections::HashMap;

use askama::Template;

use crate::authz::facts::ShareAccess;
use crate::domain::agents::Agent;
use crate::domain::agents::losses::share::Loss;
use crate::domain::connections::Connection;
use crate::domain::connections::shares::ConnectionShare;
use crate::domain::connections::shares::Person;
use crate::domain::connections::shares::Way;
use crate::domain::people::grantee::Grantee;
use crate::domain::people::groups::Group;
use crate::domain::people::members::Member;
use crate::http::form::Mistakes;
use crate::http::page::Shell;
use crate::kernel::ids::ShareId;
use crate::kernel::text;
use crate::web::connections::pages::Face;

/// Who may use a connection.
#[derive(Debug, Template)]
#[template(path = "connections/shares.html")]
pub struct SharesPage {
    /// The frame.
    pub shell: Shell,
    /// The connection.
    pub connection: Connection,
    /// Its integration.
    pub face: Face,
    /// Whether the person may preselect it on agents, for an OAuth connection.
    pub may_attach: bool,
    /// The agents on which they can: those that they may change.
    pub agents: Vec<Agent>,
    /// What there is to do; nothing for an OAuth connection.
    pub dialog: Option<Dialog>,
}

/// What there is to do.
#[derive(Debug, Default)]
pub struct Dialog {
    /// Who was looked for.
    pub query: String,
    /// Whom it can be shared with.
    pub offers: Vec<Offer>,
    /// What was typed.
    pub typed: Typed,
    /// The shares of this page.
    pub shares: Vec<Row>,
    /// Whether this is the first page of them.
    pub is_first: bool,
    /// The cursor of the next.
    pub next: Option<String>,
    /// Whose ways were looked for.
    pub who: String,
    /// Who can use it, of this page.
    pub people: Vec<Person>,
    /// Whether this is the first page of them.
    pub is_first_of_people: bool,
    /// The cursor of the next.
    pub next_people: Option<String>,
    /// What was taken away a moment ago.
    pub removed: Option<ConnectionShare>,
}

/// What was typed into the form, and what is wrong with it.
#[derive(Debug, Default)]
pub struct Typed {
    /// The choice.
    pub grantee: String,
    /// What it is to allow.
    pub access: Option<ShareAccess>,
    /// When it is to end.
    pub ends: String,
    /// What is wrong.
    pub mistakes: Mistakes,
}

/// Somebody whom it can be shared with.
#[derive(Clone, Debug)]
pub struct Offer {
    /// Who.
    pub grantee: Grantee,
    /// Their name; none for everyone.
    pub name: String,
    /// What else says who they are.
    pub detail: String,
    /// What they have already.
    pub held: Option<ShareAccess>,
    /// Whether the connection is theirs.
    pub is_owner: bool,
}

impl Offer {
    /// A person.
    pub fn of_person(member: &Member) -> Self {
        Self {
            grantee: Grantee::User(member.user),
            name: member.name.clone(),
            detail: member.email.clone(),
            held: None,
            is_owner: false,
        }
    }

    /// A group.
    pub fn of_group(group: &Group) -> Self {
        let detail = format!("{} {}", group.members, if group.members == 1 { "person" } else { "people" });
        Self { grantee: Grantee::Group(group.id), name: group.name.clone(), detail, held: None, is_owner: false }
    }

    /// The whole workspace.
    pub fn everyone() -> Self {
        Self {
            grantee: Grantee::Workspace,
            name: String::new(),
            detail: "Whoever is a member, now and later".to_owned(),
            held: None,
            is_owner: false,
        }
    }

    /// As the form sends it.
    fn value(&self) -> String {
        match self.grantee.id() {
            Some(id) => format!("{}:{id}", self.grantee.kind()),
            None => self.grantee.kind().to_string(),
        }
    }

    fn is_open(&self) -> bool {
        self.held.is_none() && !self.is_owner
    }
}

/// A share, and what goes with it.
#[derive(Clone, Debug)]
pub struct Row {
    /// The share.
    pub share: ConnectionShare,
    /// What goes with it.
    pub loss: Loss,
}

impl Row {
    fn is_group(&self) -> bool {
        matches!(self.share.grantee, Grantee::Group(_))
    }

    /// Its end, as a date field has it.
    fn last_day(&self) -> String {
        self.share.expires_at.map(|at| at.format("%Y-%m-%d").to_string()).unwrap_or_default()
    }

    /// Who loses what when it is taken away.
    fn consequence(&self) -> String {
        let loss = &self.loss;
        let mut said = Vec::new();
        if loss.people > 0 {
            said.push(format!("{} lose{} it", names(loss), if loss.people == 1 && !loss.is_more { "s" } else { "" }));
        }
        if loss.weaker > 0 {
            said.push(format!("{} can no longer attach it", people(loss.weaker, loss.is_more)));
        }
        if said.is_empty() {
            said.push("nobody loses it: everyone here has it another way".to_owned());
        }
        let agents = i64::try_from(loss.agents.len()).unwrap_or(i64::MAX).saturating_add(loss.hidden_agents);
        if agents > 0 {
            let named: Vec<&str> = loss.agents.iter().map(|(_, name)| name.as_str()).take(3).collect();
            let plural = if agents == 1 { " stops" } else { "s stop" };
            let named = if named.is_empty() { String::new() } else { format!(": {}", named.join(", ")) };
            said.push(format!("{agents} agent{plural}{named}"));
        }
        said.join(" · ")
    }
}

/// `Max Member`, `Max Member and Mia Member`, `Max Member, Mia Member and 3 others`.
fn names(loss: &Loss) -> String {
    let shown = i64::try_from(loss.names.len()).unwrap_or(i64::MAX);
    let others = loss.people - shown;
    if loss.is_more {
        return format!("{} and at least {others} others", loss.names.join(", "));
    }
    text::listed(&loss.names, others)
}

fn people(count: i64, is_more: bool) -> String {
    let least = if is_more { "at least " } else { "" };
    format!("{least}{count} {}", if count == 1 { "person" } else { "people" })
}

/// What a share allows, as people say it.
pub fn may(access: &ShareAccess) -> &'static str {
    match access {
        ShareAccess::Use => "may use it",
        ShareAccess::Attach => "may use and attach it",
    }
}

/// How a share reaches a person: `directly`, `by Sales`, `with everyone`.
pub fn how(way: &Way) -> String {
    match way.grantee {
        Grantee::User(_) => "directly".to_owned(),
        Grantee::Group(_) => format!("by {}", way.group_name.as_deref().unwrap_or("a group")),
        Grantee::Workspace => "with everyone".to_owned(),
    }
}

impl Dialog {
    /// The rows of the list.
    pub fn rows(shares: Vec<ConnectionShare>, mut losses: HashMap<ShareId, Loss>) -> Vec<Row> {
        let row = |share: ConnectionShare| Row { loss: losses.remove(&share.id).unwrap_or_default(), share };
        shares.into_iter().map(row).collect()
    }

    fn is_typed(&self, access: ShareAccess) -> bool {
        self.typed.access.unwrap_or(ShareAccess::Use) == access
    }
}

impl SharesPage {
    /// What that person may do, and why.
    fn explain(&self, person: &Person) -> String {
        let path = self.shell.urls.connection_part(&self.connection.id, "access");
        crate::http::urls::with_queries(&path, [("user", &*person.user.to_string())])
    }

    /// The page, narrowed.
    fn at(&self, name: &str, value: &str) -> String {
        let path = self.shell.urls.connection_part(&self.connection.id, "shares");
        crate::http::urls::with_queries(&path, [(name, value)])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(people: i64, names: &[&str]) -> String {
        let names = names.iter().map(ToString::to_string).collect();
        super::names(&Loss { people, names, ..Loss::default() })
    }

    #[test]
    fn who_loses_it_is_named_as_people_say_it() {
        assert_eq!(said(1, &["Max"]), "Max");
        assert_eq!(said(2, &["Max", "Mia"]), "Max and Mia");
        assert_eq!(said(3, &["Ada", "Max", "Mia"]), "Ada, Max and Mia");
        assert_eq!(said(4, &["Ada", "Max", "Mia"]), "Ada, Max, Mia and 1 other");
        assert_eq!(said(9, &["Ada", "Max", "Mia"]), "Ada, Max, Mia and 6 others");
    }
}
