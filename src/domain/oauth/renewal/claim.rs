//! Who renews: of all processes, the one that gets the lease. It is committed, so that neither a lost connection nor a
//! restart of the database lets a second one spend the same token (D-24).

use diesel::OptionalExtension;
use diesel::RunQueryDsl;
use diesel::pg::PgConnection;
use diesel::sql_types::BigInt;
use diesel::sql_types::Bool;
use diesel::sql_types::Uuid;

use crate::domain::oauth::renewal::RenewError;
use crate::kernel::ids::ConnectionId;
use crate::kernel::ids::LeaseId;
use crate::kernel::ids::WorkspaceId;

/// What became of the wish to renew.
pub(in crate::domain::oauth::renewal) enum Claim {
    /// Ours to do, under this lease.
    Won(uuid::Uuid),
    /// Somebody has done it.
    Done,
    /// The grant is dead.
    Dead(String),
    /// Somebody is at it.
    Taken,
}

#[derive(diesel::QueryableByName)]
struct Standing {
    #[diesel(sql_type = BigInt)]
    token_version: i64,
    #[diesel(sql_type = Bool)]
    is_dead: bool,
    #[diesel(sql_type = diesel::sql_types::Nullable<diesel::sql_types::Text>)]
    status_reason: Option<String>,
}

/// Asks for the lease on this version.
pub(in crate::domain::oauth::renewal) fn claim(
    tx: &mut PgConnection,
    workspace: WorkspaceId,
    connection: ConnectionId,
    version: i64,
) -> Result<Claim, RenewError> {
    let lease = LeaseId::new().uuid();
    let won = diesel::sql_query(
        "UPDATE connections SET refresh_lease = $4, refresh_lease_until = clock_timestamp() + interval '60 seconds'
         WHERE workspace_id = $1 AND id = $2 AND token_version = $3 AND status = 'active'
           AND (refresh_lease_until IS NULL OR refresh_lease_until < clock_timestamp())",
    )
    .bind::<Uuid, _>(workspace)
    .bind::<Uuid, _>(connection)
    .bind::<BigInt, _>(version)
    .bind::<Uuid, _>(lease)
    .execute(tx)?;
    if won == 1 {
        return Ok(Claim::Won(lease));
    }
    let standing: Option<Standing> = diesel::sql_query(
        "SELECT token_version, status <> 'active' AS is_dead, status_reason FROM connections
         WHERE workspace_id = $1 AND id = $2",
    )
    .bind::<Uuid, _>(workspace)
    .bind::<Uuid, _>(connection)
    .get_result(tx)
    .optional()?;
    let standing = standing.ok_or(RenewError::Gone)?;
    if standing.token_version > version {
        return Ok(Claim::Done);
    }
    if standing.is_dead {
        let reason = standing.status_reason.unwrap_or_else(|| "Its owner has to reconnect it.".to_owned());
        return Ok(Claim::Dead(reason));
    }
    Ok(Claim::Taken)
}
