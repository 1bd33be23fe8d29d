//! What becomes of a leaver's connections (R15, D-38). All of them stop in the transaction that ends the membership. OAuth
//! connections act as the person: they are deleted, with their tokens revoked, after a day in which a mistake can be undone,
//! or at once. The others wait for an admin to adopt them.

use chrono::Duration;
use diesel::ExpressionMethods;
use diesel::QueryDsl;
use diesel::QueryableByName;
use diesel::RunQueryDsl;
use diesel::pg::PgConnection;
use diesel::sql_types::Text;
use diesel::sql_types::Timestamptz;
use diesel::sql_types::Uuid;

use crate::authz::actions::ManagePeople;
use crate::authz::actor::Via;
use crate::authz::facts::AuthType;
use crate::authz::proof::Authorized;
use crate::database_errors;
use crate::db::DbError;
use crate::db::schema::oauth_flows;
use crate::domain::audit;
use crate::domain::connections::lifecycle;
use crate::domain::connections::lifecycle::LifecycleError;
use crate::domain::people::memberships::Membership;
use crate::domain::people::standing;
use crate::domain::people::standing::StandingError;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::ConnectionId;
use crate::kernel::ids::WorkspaceId;
use crate::vault::Vault;

/// How long a leaver's OAuth connections are kept, stopped, before they are deleted.
pub const GRACE: Duration = Duration::hours(24);
/// How many of them one sweep deletes.
const SWEPT_AT_MOST: i64 = 50;

/// How somebody goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leaving {
    /// It can be undone: nothing is deleted for a day.
    ForNow,
    /// OAuth connections are deleted and revoked at once; what was given to the person is taken away.
    ForGood,
}

/// Somebody could not be deactivated or reactivated.
#[derive(Debug, thiserror::Error)]
pub enum DepartureError {
    /// The membership stays as it is.
    #[error(transparent)]
    Standing(#[from] StandingError),
    /// A connection could not be deleted.
    #[error(transparent)]
    Connection(#[from] LifecycleError),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] DbError),
}

database_errors!(DepartureError);

#[derive(QueryableByName)]
struct Stopped {
    #[diesel(sql_type = Uuid)]
    id: ConnectionId,
    #[diesel(sql_type = Text)]
    auth_type: AuthType,
}

/// Deactivates a member: they are out, and all their connections stop, with this transaction.
pub fn deactivate(
    conn: &mut PgConnection,
    vault: &Vault,
    proof: &Authorized<ManagePeople, Membership>,
    leaving: Leaving,
) -> Result<(), DepartureError> {
    let (actor, person) = (proof.actor(), proof.resource());
    standing::end(conn, proof)?;
    let stopped: Vec<Stopped> = diesel::sql_query(
        "UPDATE connections SET suspended_from = status, status = 'suspended',
             status_reason = 'Its owner is no longer an active member of the workspace.'
         WHERE workspace_id = $1 AND owner_id = $2 AND status <> 'suspended' RETURNING id, auth_type",
    )
    .bind::<Uuid, _>(actor.workspace)
    .bind::<Uuid, _>(person.user)
    .load(conn)?;
    let flows = oauth_flows::table
        .filter(oauth_flows::workspace_id.eq(actor.workspace))
        .filter(oauth_flows::user_id.eq(person.user));
    diesel::delete(flows).execute(conn)?;
    let mut deleted = Vec::new();
    if leaving == Leaving::ForGood {
        standing::strip(conn, proof)?;
        for connection in stopped.iter().filter(|one| one.auth_type == AuthType::Oauth) {
            lifecycle::erase(conn, vault, actor.workspace, connection.id, actor.at)?;
            deleted.push(connection.id);
        }
    }
    let suspended: Vec<ConnectionId> = stopped.iter().map(|one| one.id).filter(|id| !deleted.contains(id)).collect();
    let detail = serde_json::json!({ "suspended": suspended, "deleted": deleted });
    audit::record(conn, actor, audit::Event::new("member.deactivated", "user", person.user).detail(detail))?;
    Ok(())
}

/// Takes a member up again, in the role they had: their connections that are still there are as they were.
pub fn reactivate(conn: &mut PgConnection, proof: &Authorized<ManagePeople, Membership>) -> Result<(), DepartureError> {
    let (actor, person) = (proof.actor(), proof.resource());
    standing::resume(conn, proof)?;
    diesel::sql_query(
        "UPDATE connections SET status = coalesce(suspended_from, 'active'), suspended_from = NULL, status_reason = NULL
         WHERE workspace_id = $1 AND owner_id = $2 AND status = 'suspended'",
    )
    .bind::<Uuid, _>(actor.workspace)
    .bind::<Uuid, _>(person.user)
    .execute(conn)?;
    audit::record(conn, actor, audit::Event::new("member.reactivated", "user", person.user))?;
    Ok(())
}

#[derive(QueryableByName)]
struct Left {
    #[diesel(sql_type = Uuid)]
    workspace_id: WorkspaceId,
    #[diesel(sql_type = Uuid)]
    id: ConnectionId,
}

/// Deletes the OAuth connections of those who left more than a day ago; returns how many. Two sweeps at a time share them.
pub fn sweep(tx: &mut PgConnection, vault: &Vault, now: Timestamp) -> Result<usize, LifecycleError> {
    let left: Vec<Left> = diesel::sql_query(
        "SELECT c.workspace_id, c.id FROM memberships m
         JOIN connections c ON c.workspace_id = m.workspace_id AND c.owner_id = m.user_id AND c.auth_type = 'oauth'
         WHERE m.status = 'deactivated' AND m.deactivated_at <= $1
         ORDER BY m.deactivated_at LIMIT $2 FOR UPDATE OF c SKIP LOCKED",
    )
    .bind::<Timestamptz, _>(now - GRACE)
    .bind::<diesel::sql_types::BigInt, _>(SWEPT_AT_MOST)
    .load(tx)?;
    for Left { workspace_id, id } in &left {
        lifecycle::erase(tx, vault, *workspace_id, *id, now)?;
        let event = audit::Event::new("connection.deleted", "connection", *id).connection(*id);
        let event = event.detail(serde_json::json!({ "because": "its owner left" }));
        audit::record_unattended(tx, *workspace_id, Via::System, now, event)?;
    }
    Ok(left.len())
}
