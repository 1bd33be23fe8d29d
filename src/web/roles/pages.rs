//! What the page of roles shows.

use askama::Template;

use crate::authz::facts::Permission;
use crate::authz::facts::Role;
use crate::domain::people::roles::HeldRole;
use crate::http::page::Shell;

/// The three roles.
#[derive(Debug, Default, Template)]
#[template(path = "roles/index.html")]
pub struct RolesPage {
    /// The frame.
    pub shell: Shell,
    /// The roles, the most powerful first.
    pub roles: Vec<HeldRole>,
    /// How many actions run with a connection that somebody of a role attached; for admins.
    pub attached: Vec<(Role, i64)>,
}

impl RolesPage {
    /// What stops if the role loses the permission, in a few words; nothing if nothing does.
    pub fn stops_without(&self, held: &HeldRole, permission: &Permission) -> String {
        let stands = *permission == Permission::ConfigurePreselectedConnections && held.role != Role::Admin;
        let count = self.attached.iter().find(|(role, _)| *role == held.role).map_or(0, |(_, count)| *count);
        match count {
            1 if stands && holds(held, permission) => "1 action stops without it".to_owned(),
            2.. if stands && holds(held, permission) => format!("{count} actions stop without it"),
            _ => String::new(),
        }
    }
}

/// Whether a role holds a permission.
pub fn holds(held: &HeldRole, permission: &Permission) -> bool {
    held.permissions.contains(*permission)
}

/// What a role is for, whatever its permissions.
pub fn purpose(role: &Role) -> &'static str {
    match role {
        Role::Admin => {
            "Manage people, groups, roles and integrations; share, disable and delete any key; see every run. Holds every \
             permission, always."
        }
        Role::Editor => "Connect tools, share what they own, and build agents for others.",
        Role::Member => "Connect tools, share what they own, and use the agents that are shared with them.",
    }
}

/// A permission's name.
pub fn title(permission: &Permission) -> &'static str {
    match permission {
        Permission::CreateAgents => "Create agents",
        Permission::CreateIntegrations => "Bring in integrations",
        Permission::ConfigurePreselectedConnections => "Preselect connections",
    }
}

/// What a permission allows, in plain words.
pub fn meaning(permission: &Permission) -> &'static str {
    match permission {
        Permission::CreateAgents => {
            "Make agents, put actions on them and share them. Their actions run with each caller’s own credentials."
        }
        Permission::CreateIntegrations => {
            "Add an OpenAPI document as an integration of this workspace, for everyone to connect."
        }
        Permission::ConfigurePreselectedConnections => {
            "Put a connection on an agent’s action, so that everybody who uses the agent acts through it. Only their own \
             connections, and keys that are shared with them to attach."
        }
    }
}

/// How many people have a role, as people say it.
fn people(role: &HeldRole) -> String {
    if role.members == 1 { "1 person".to_owned() } else { format!("{} people", role.members) }
}

/// Every page with `text` wherever there is text, rendered: for the test that looks at them all.
pub fn samples(text: &str) -> Vec<askama::Result<String>> {
    let role = |role: &Role| HeldRole {
        role: *role,
        permissions: Permission::defaults_of(*role).iter().copied().collect(),
        members: 1,
    };
    let roles: Vec<HeldRole> = Role::ALL.iter().map(role).collect();
    let attached = vec![(Role::Editor, 2)];
    vec![
        RolesPage { shell: Shell::sample(text), roles: roles.clone(), attached }.render(),
        RolesPage { roles, ..RolesPage::default() }.render(),
    ]
}
