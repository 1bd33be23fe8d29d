//! What somebody who has an account answers to an invitation. Nobody else answers for them: they are found by their own id,
//! from their own session, and until they accept the membership gives them nothing and shows them nothing but its
//! workspace's name.

use diesel::ExpressionMethods;
use diesel::JoinOnDsl;
use diesel::NullableExpressionMethods;
use diesel::QueryDsl;
use diesel::QueryResult;
use diesel::Queryable;
use diesel::RunQueryDsl;
use diesel::dsl::exists;
use diesel::dsl::select;
use diesel::pg::PgConnection;

use crate::authz::actor::Actor;
use crate::authz::actor::Permissions;
use crate::authz::actor::Via;
use crate::authz::facts::Role;
use crate::db::schema::memberships;
use crate::db::schema::users;
use crate::db::schema::workspaces;
use crate::domain::audit;
use crate::domain::people::actors::Arrival;
use crate::domain::people::members::MemberStatus;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::UserId;
use crate::kernel::ids::WorkspaceId;

/// An invitation that waits for an answer, as its person sees it.
#[derive(Clone, Debug, Queryable)]
pub struct Open {
    /// The workspace.
    pub workspace: WorkspaceId,
    /// Its name in addresses.
    pub slug: String,
    /// Its name.
    pub name: String,
    /// What they would be.
    pub role: Role,
    /// Who invited them, if they still have an account.
    pub inviter: Option<String>,
    /// When.
    pub at: Timestamp,
}

/// The person's invitations, the latest first.
pub fn open(conn: &mut PgConnection, user: UserId) -> QueryResult<Vec<Open>> {
    memberships::table
        .inner_join(workspaces::table.on(workspaces::id.eq(memberships::workspace_id)))
        .left_join(users::table.on(memberships::invited_by.eq(users::id.nullable())))
        .filter(memberships::user_id.eq(user))
        .filter(memberships::status.eq(MemberStatus::Invited))
        .order((memberships::created_at.desc(), memberships::workspace_id))
        .select((
            workspaces::id,
            workspaces::slug,
            workspaces::name,
            memberships::role,
            users::name.nullable(),
            memberships::created_at,
        ))
        .load(conn)
}

/// Whether an invitation waits for the person's answer.
pub fn is_waited_for(conn: &mut PgConnection, user: UserId) -> QueryResult<bool> {
    let waiting =
        memberships::table.filter(memberships::user_id.eq(user)).filter(memberships::status.eq(MemberStatus::Invited));
    select(exists(waiting)).get_result(conn)
}

/// Makes the person a member; false if the invitation was withdrawn meanwhile.
pub fn accept(conn: &mut PgConnection, user: UserId, workspace: WorkspaceId, arrival: Arrival) -> QueryResult<bool> {
    let invited = memberships::table.find((workspace, user)).filter(memberships::status.eq(MemberStatus::Invited));
    let changed = diesel::update(invited)
        .set((memberships::status.eq(MemberStatus::Active), memberships::created_at.eq(arrival.at)))
        .execute(conn)?;
    noted(conn, changed, &guest(user, workspace, arrival), "member.joined")
}

/// Takes the invitation off the table; false if it was withdrawn meanwhile.
pub fn decline(conn: &mut PgConnection, user: UserId, workspace: WorkspaceId, arrival: Arrival) -> QueryResult<bool> {
    let invited = memberships::table.find((workspace, user)).filter(memberships::status.eq(MemberStatus::Invited));
    let changed = diesel::delete(invited).execute(conn)?;
    noted(conn, changed, &guest(user, workspace, arrival), "member.declined")
}

fn noted(conn: &mut PgConnection, changed: usize, guest: &Actor, action: &'static str) -> QueryResult<bool> {
    if changed == 1 {
        audit::record(conn, guest, audit::Event::new(action, "user", guest.user))?;
    }
    Ok(changed == 1)
}

/// Whoever answers, for the log: nobody that a rule would let do anything.
fn guest(user: UserId, workspace: WorkspaceId, arrival: Arrival) -> Actor {
    Actor {
        workspace,
        user,
        role: Role::Member,
        permissions: Permissions::default(),
        via: Via::Page,
        ip: arrival.ip,
        at: arrival.at,
    }
}
