//! Who acts, in which workspace, from where and when: resolved once per request, carried by every proof.

use std::net::IpAddr;

use crate::authz::facts::Permission;
use crate::authz::facts::Role;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::UserId;
use crate::kernel::ids::WorkspaceId;
use crate::words;

words! {
    /// By which way an actor came.
    Via {
        /// Signed in, in a browser.
        Page = "page",
        /// With an API token.
        Token = "token",
        /// The operator's command line.
        Command = "command",
        /// A background job.
        System = "system",
    }
}

/// The permissions of one role, as a set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Permissions(u8);

impl Permissions {
    /// Whether the set has `permission`.
    pub fn contains(self, permission: Permission) -> bool {
        self.0 & permission.bit() != 0
    }

    /// Those in the set, in the order of [`Permission::ALL`].
    pub fn iter(self) -> impl Iterator<Item = Permission> {
        Permission::ALL.iter().copied().filter(move |permission| self.contains(*permission))
    }

    /// What a role holds, given what admins switched on for it: an admin holds every permission, always.
    pub fn of(role: Role, switched_on: impl IntoIterator<Item = Permission>) -> Self {
        match role {
            Role::Admin => Permission::ALL.iter().copied().collect(),
            Role::Editor | Role::Member => switched_on.into_iter().collect(),
        }
    }
}

impl FromIterator<Permission> for Permissions {
    fn from_iter<I: IntoIterator<Item = Permission>>(permissions: I) -> Self {
        Self(permissions.into_iter().fold(0, |bits, permission| bits | permission.bit()))
    }
}

/// An active member of a workspace who asks for something.
#[derive(Clone, Debug)]
pub struct Actor {
    /// The workspace that everything happens in.
    pub workspace: WorkspaceId,
    /// The person.
    pub user: UserId,
    /// Their role there.
    pub role: Role,
    /// What the role may do beyond its name.
    pub permissions: Permissions,
    /// The way they came.
    pub via: Via,
    /// The address they came from.
    pub ip: Option<IpAddr>,
    /// When they asked; what they write carries this time.
    pub at: Timestamp,
}

impl Actor {
    /// Whether they are a workspace admin.
    pub fn is_admin(&self) -> bool {
        self.role == Role::Admin
    }

    /// Whether their role holds `permission`.
    pub fn holds(&self, permission: Permission) -> bool {
        self.permissions.contains(permission)
    }
}
