//! The demo's people: one workspace, one person for each role, and a link for each to sign in with.

use diesel::pg::PgConnection;

use crate::authz::actor::Actor;
use crate::authz::facts::Role;
use crate::domain::accounts::links;
use crate::domain::accounts::links::Purpose;
use crate::domain::accounts::users;
use crate::domain::people::actors;
use crate::domain::people::actors::Arrival;
use crate::domain::people::members;
use crate::domain::people::workspaces;
use crate::domain::people::workspaces::Workspace;
use crate::kernel::clock::Timestamp;
use crate::vault::Vault;

const SLUG: &str = "acme";

const CAST: [(&str, &str, Role); 4] = [
    ("Ada Admin", "ada@example.com", Role::Admin),
    ("Eve Editor", "eve@example.com", Role::Editor),
    ("Max Member", "max@example.com", Role::Member),
    ("Mia Member", "mia@example.com", Role::Member),
];

/// Somebody to be in the demo.
#[derive(Debug)]
pub struct Guest {
    /// Their name.
    pub name: &'static str,
    /// Their role.
    pub role: Role,
    /// As they act.
    pub actor: Actor,
    /// The token of a one-time link to sign in with.
    pub token: String,
}

/// Makes the workspace and its people where they are not there yet, and a fresh link for each of them.
pub fn invite(tx: &mut PgConnection, vault: &Vault, now: Timestamp) -> anyhow::Result<Vec<Guest>> {
    let workspace = match workspaces::find_by_slug(tx, SLUG)? {
        Some(workspace) => workspace,
        None => workspaces::create(tx, vault, SLUG, "Acme", now)?,
    };
    CAST.into_iter().map(|(name, email, role)| guest(tx, &workspace, (name, email, role), now)).collect()
}

fn guest(
    tx: &mut PgConnection,
    workspace: &Workspace,
    (name, email, role): (&'static str, &str, Role),
    now: Timestamp,
) -> anyhow::Result<Guest> {
    let user = match users::find_by_email(tx, email)? {
        Some(user) => user.id,
        None => users::create(tx, email, name, now)?.id,
    };
    if members::find(tx, workspace.id, user)?.is_none() {
        members::add(tx, workspace.id, user, role, now)?;
    }
    let token = links::create(tx, user, Purpose::SignIn, now)?;
    let actor = actors::in_workspace(tx, SLUG, user, Arrival { ip: None, at: now })?;
    let actor =
        actor.ok_or_else(|| anyhow::anyhow!("{email} is no longer an active member of the demo's workspace"))?;
    Ok(Guest { name, role: actor.role, actor, token })
}
