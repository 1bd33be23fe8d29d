//! Whom something is shared with: a person, a group, or everyone in the workspace. Connections and agents share alike.

use diesel::ExpressionMethods;
use diesel::QueryDsl;
use diesel::QueryResult;
use diesel::RunQueryDsl;
use diesel::dsl::exists;
use diesel::dsl::select;
use diesel::pg::PgConnection;
use uuid::Uuid;

use crate::db::schema::groups;
use crate::db::schema::memberships;
use crate::domain::people::members::MemberStatus;
use crate::kernel::ids::GroupId;
use crate::kernel::ids::UserId;
use crate::kernel::ids::WorkspaceId;
use crate::words;

words! {
    /// The kinds of grantee.
    GranteeKind {
        /// One person.
        User = "user",
        /// The members of a group.
        Group = "group",
        /// Every member.
        Workspace = "workspace",
    }
}

/// Whom something is shared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Grantee {
    /// One person.
    User(UserId),
    /// The members of a group, whoever they are at the time.
    Group(GroupId),
    /// Every member of the workspace.
    Workspace,
}

impl Grantee {
    /// From what forms and programs send: an id for a person or a group, none for the workspace.
    pub fn new(kind: GranteeKind, id: Option<Uuid>) -> Option<Self> {
        match (kind, id) {
            (GranteeKind::User, Some(id)) => Some(Self::User(id.into())),
            (GranteeKind::Group, Some(id)) => Some(Self::Group(id.into())),
            (GranteeKind::Workspace, None) => Some(Self::Workspace),
            (GranteeKind::User | GranteeKind::Group, None) | (GranteeKind::Workspace, Some(_)) => None,
        }
    }

    /// From the columns `grantee_user` and `grantee_group`; the table's `CHECK` keeps exactly one grantee.
    pub fn from_columns(user: Option<UserId>, group: Option<GroupId>) -> Self {
        user.map(Self::User).or_else(|| group.map(Self::Group)).unwrap_or(Self::Workspace)
    }

    /// Which kind.
    pub fn kind(self) -> GranteeKind {
        match self {
            Self::User(_) => GranteeKind::User,
            Self::Group(_) => GranteeKind::Group,
            Self::Workspace => GranteeKind::Workspace,
        }
    }

    /// The id of the person or the group.
    pub fn id(self) -> Option<Uuid> {
        match self {
            Self::User(id) => Some(id.uuid()),
            Self::Group(id) => Some(id.uuid()),
            Self::Workspace => None,
        }
    }

    /// The column `grantee_user`.
    pub fn user(self) -> Option<UserId> {
        if let Self::User(id) = self { Some(id) } else { None }
    }

    /// The column `grantee_group`.
    pub fn group(self) -> Option<GroupId> {
        if let Self::Group(id) = self { Some(id) } else { None }
    }

    /// The column `grantee_workspace`: true or nothing.
    pub fn everyone(self) -> Option<bool> {
        (self == Self::Workspace).then_some(true)
    }

    /// Whether it is an active member, or a group, of the workspace.
    pub fn is_of(self, conn: &mut PgConnection, workspace: WorkspaceId) -> QueryResult<bool> {
        match self {
            Self::User(id) => {
                let member = memberships::table.find((workspace, id));
                select(exists(member.filter(memberships::status.eq(MemberStatus::Active)))).get_result(conn)
            }
            Self::Group(id) => select(exists(groups::table.find((workspace, id)))).get_result(conn),
            Self::Workspace => Ok(true),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_or_group_needs_an_id_and_the_workspace_takes_none() {
        let id = Uuid::from_u128(7);

        assert_eq!(Grantee::new(GranteeKind::User, Some(id)), Some(Grantee::User(id.into())));
        assert_eq!(Grantee::new(GranteeKind::Workspace, None), Some(Grantee::Workspace));
        assert_eq!(Grantee::new(GranteeKind::Group, None), None);
        assert_eq!(Grantee::new(GranteeKind::Workspace, Some(id)), None);
    }
}
