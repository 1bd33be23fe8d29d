//! What becomes of a membership: another role, an end, a new beginning. The last active admin stays; a trigger holds that
//! against two who give up at the same time. What an end does to connections is said one room further on
//! (`connections::departures`).

use diesel::ExpressionMethods;
use diesel::QueryDsl;
use diesel::QueryResult;
use diesel::RunQueryDsl;
use diesel::pg::PgConnection;

use crate::authz::actions::ManagePeople;
use crate::authz::facts::Role;
use crate::authz::proof::Authorized;
use crate::database_errors;
use crate::db::DbError;
use crate::db::conflict;
use crate::db::schema::api_tokens;
use crate::db::schema::connection_shares;
use crate::db::schema::group_members;
use crate::db::schema::integration_grants;
use crate::db::schema::memberships;
use crate::domain::accounts::sessions;
use crate::domain::audit;
use crate::domain::people::members::MemberStatus;
use crate::domain::people::memberships::Membership;
use crate::domain::people::workspaces;
use crate::kernel::clock::Timestamp;

/// A membership could not be changed.
#[derive(Debug, thiserror::Error)]
pub enum StandingError {
    /// Nobody would be left to manage the workspace.
    #[error("This is the workspace’s last active admin. Make somebody else an admin first.")]
    LastAdmin,
    /// Only they can make themselves a member, and what never began cannot end.
    #[error("This person has not accepted the invitation yet. It can be withdrawn.")]
    NotAccepted,
    /// It was changed meanwhile.
    #[error("This person’s membership was changed meanwhile. Look again and try once more.")]
    ChangedMeanwhile,
    /// The database failed.
    #[error(transparent)]
    Database(#[from] DbError),
}

database_errors!(StandingError);

/// Gives somebody another role. It holds from their next call.
pub fn change_role(
    conn: &mut PgConnection,
    proof: &Authorized<ManagePeople, Membership>,
    role: Role,
) -> Result<(), StandingError> {
    let (actor, person) = (proof.actor(), proof.resource());
    if person.role == role {
        return Ok(());
    }
    let row = memberships::table.find((actor.workspace, person.user)).filter(memberships::role.eq(person.role));
    one(diesel::update(row).set(memberships::role.eq(role)).execute(conn).map_err(named)?)?;
    let detail = serde_json::json!({ "from": person.role, "to": role });
    audit::record(conn, actor, audit::Event::new("member.role_changed", "user", person.user).detail(detail))?;
    Ok(())
}

/// Ends the membership for now: no session, token, share or binding of theirs works from this transaction's end on.
/// API tokens are gone for good, so that nothing forgotten wakes up with its owner.
pub(in crate::domain) fn end(
    conn: &mut PgConnection,
    proof: &Authorized<ManagePeople, Membership>,
) -> Result<(), StandingError> {
    let (actor, person) = (proof.actor(), proof.resource());
    change_status(conn, proof, MemberStatus::Active, MemberStatus::Deactivated)?;
    let tokens = api_tokens::table
        .filter(api_tokens::workspace_id.eq(actor.workspace))
        .filter(api_tokens::user_id.eq(person.user));
    diesel::delete(tokens).execute(conn)?;
    // A session is for every workspace that the person is in; it goes where it opens none any more.
    if workspaces::of_user(conn, person.user)?.is_empty() {
        sessions::end_all(conn, person.user, None)?;
    }
    Ok(())
}

/// Takes what was given to the person away: shares with them, access to integrations, and their places in groups.
pub(in crate::domain) fn strip(
    conn: &mut PgConnection,
    proof: &Authorized<ManagePeople, Membership>,
) -> QueryResult<()> {
    let (actor, person) = (proof.actor(), proof.resource());
    let shares = connection_shares::table
        .filter(connection_shares::workspace_id.eq(actor.workspace))
        .filter(connection_shares::grantee_user.eq(person.user));
    diesel::delete(shares).execute(conn)?;
    let agents = crate::db::schema::agent_shares::table
        .filter(crate::db::schema::agent_shares::workspace_id.eq(actor.workspace))
        .filter(crate::db::schema::agent_shares::grantee_user.eq(person.user));
    diesel::delete(agents).execute(conn)?;
    let grants = integration_grants::table
        .filter(integration_grants::workspace_id.eq(actor.workspace))
        .filter(integration_grants::grantee_user.eq(person.user));
    diesel::delete(grants).execute(conn)?;
    let seats = group_members::table
        .filter(group_members::workspace_id.eq(actor.workspace))
        .filter(group_members::user_id.eq(person.user));
    diesel::delete(seats).execute(conn)?;
    Ok(())
}

/// Takes the membership up again, in the role it had.
pub(in crate::domain) fn resume(
    conn: &mut PgConnection,
    proof: &Authorized<ManagePeople, Membership>,
) -> Result<(), StandingError> {
    change_status(conn, proof, MemberStatus::Deactivated, MemberStatus::Active)
}

fn change_status(
    conn: &mut PgConnection,
    proof: &Authorized<ManagePeople, Membership>,
    from: MemberStatus,
    to: MemberStatus,
) -> Result<(), StandingError> {
    let (actor, person) = (proof.actor(), proof.resource());
    if person.status == MemberStatus::Invited {
        return Err(StandingError::NotAccepted);
    }
    let ended: Option<Timestamp> = (to == MemberStatus::Deactivated).then_some(actor.at);
    let row = memberships::table.find((actor.workspace, person.user)).filter(memberships::status.eq(from));
    let changed = diesel::update(row)
        .set((memberships::status.eq(to), memberships::deactivated_at.eq(ended)))
        .execute(conn)
        .map_err(named)?;
    one(changed)
}

fn one(changed: usize) -> Result<(), StandingError> {
    if changed == 1 { Ok(()) } else { Err(StandingError::ChangedMeanwhile) }
}

fn named(error: diesel::result::Error) -> StandingError {
    if conflict::is(&error, "memberships_last_admin") { StandingError::LastAdmin } else { error.into() }
}
