//! Who is in a workspace, as what.

use diesel::ExpressionMethods;
use diesel::JoinOnDsl;
use diesel::OptionalExtension;
use diesel::QueryDsl;
use diesel::QueryResult;
use diesel::Queryable;
use diesel::QueryableByName;
use diesel::RunQueryDsl;
use diesel::pg::PgConnection;
use diesel::sql_types::Text;
use diesel::sql_types::Uuid;

use crate::authz::actor::Via;
use crate::authz::facts::Role;
use crate::database_errors;
use crate::db::DbError;
use crate::db::conflict;
use crate::db::schema::memberships;
use crate::db::schema::users;
use crate::domain::audit;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::UserId;
use crate::kernel::ids::WorkspaceId;
use crate::words;

words! {
    /// Whether a membership counts.
    MemberStatus {
        /// It does.
        Active = "active",
        /// Not yet: they have an account and have not accepted.
        Invited = "invited",
        /// Not any more: no session, token, share or binding of theirs works.
        Deactivated = "deactivated",
    }
}

/// A person in a workspace.
#[derive(Clone, Debug, Queryable, QueryableByName)]
pub struct Member {
    /// The person.
    #[diesel(sql_type = Uuid)]
    pub user: UserId,
    /// Their name.
    #[diesel(sql_type = Text)]
    pub name: String,
    /// Their address.
    #[diesel(sql_type = Text)]
    pub email: String,
    /// Their role.
    #[diesel(sql_type = Text)]
    pub role: Role,
    /// Whether it counts.
    #[diesel(sql_type = Text)]
    pub status: MemberStatus,
}

/// A person could not be added.
#[derive(Debug, thiserror::Error)]
pub enum MemberError {
    /// They are in the workspace already.
    #[error("this person is a member already")]
    AlreadyMember,
    /// The database failed.
    #[error(transparent)]
    Database(#[from] DbError),
}

database_errors!(MemberError);

/// Makes a person a member. For the operator's command line.
pub fn add(
    conn: &mut PgConnection,
    workspace: WorkspaceId,
    user: UserId,
    role: Role,
    now: Timestamp,
) -> Result<(), MemberError> {
    let already = |error: diesel::result::Error| {
        if conflict::is(&error, "memberships_pkey") { MemberError::AlreadyMember } else { error.into() }
    };
    diesel::insert_into(memberships::table)
        .values((
            memberships::workspace_id.eq(workspace),
            memberships::user_id.eq(user),
            memberships::role.eq(role),
            memberships::status.eq(MemberStatus::Active),
            memberships::created_at.eq(now),
        ))
        .execute(conn)
        .map_err(already)?;
    let event = audit::Event::new("member.added", "user", user).detail(serde_json::json!({ "role": role }));
    audit::record_unattended(conn, workspace, Via::Command, now, event)?;
    Ok(())
}

/// The active admins, by name; at most `limit`. Everybody may know who can help.
pub fn admins(conn: &mut PgConnection, workspace: WorkspaceId, limit: i64) -> QueryResult<Vec<(UserId, String)>> {
    memberships::table
        .inner_join(users::table.on(users::id.eq(memberships::user_id)))
        .filter(memberships::workspace_id.eq(workspace))
        .filter(memberships::status.eq(MemberStatus::Active))
        .filter(memberships::role.eq(Role::Admin))
        .order((users::name, users::id))
        .limit(limit)
        .select((users::id, users::name))
        .load(conn)
}

/// The members with these ids, whatever their status, by name.
pub fn with_ids(conn: &mut PgConnection, workspace: WorkspaceId, ids: &[UserId]) -> QueryResult<Vec<Member>> {
    memberships::table
        .inner_join(users::table.on(users::id.eq(memberships::user_id)))
        .filter(memberships::workspace_id.eq(workspace))
        .filter(memberships::user_id.eq_any(ids))
        .order((users::name, users::id))
        .select((users::id, users::name, users::email, memberships::role, memberships::status))
        .load(conn)
}

/// The member with this id, whatever their status.
pub fn find(conn: &mut PgConnection, workspace: WorkspaceId, user: UserId) -> QueryResult<Option<Member>> {
    memberships::table
        .inner_join(users::table.on(users::id.eq(memberships::user_id)))
        .filter(memberships::workspace_id.eq(workspace))
        .filter(memberships::user_id.eq(user))
        .select((users::id, users::name, users::email, memberships::role, memberships::status))
        .first(conn)
        .optional()
}
