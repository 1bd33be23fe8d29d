//! Who renews: of all processes, the one that gets the lease. It is committed, so that neither a lost connection nor a
//! restart of the database lets a second one spend the same token (D-24).

use diesel::OptionalExtension;
use diesel::RunQueryDsl;
use diesel::pg::PgConnection;
use diesel::sql_types::BigInt;
use diesel::sql_types::Bool;
use diesel::sql_types::Text;
use diesel::sql_types::Uuid;

use crate::domain::oauth::renewal::RenewError;
use crate::domain::oauth::renewal::Target;
use crate::domain::oauth::renewal::pauses;
use crate::kernel::ids::LeaseId;

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
    /// The token endpoint is left alone for so many seconds (D-25).
    Paused(i64),
}

#[derive(diesel::QueryableByName)]
struct Standing {
    #[diesel(sql_type = BigInt)]
    token_version: i64,
    #[diesel(sql_type = Bool)]
    is_dead: bool,
    #[diesel(sql_type = diesel::sql_types::Nullable<Text>)]
    status_reason: Option<String>,
    #[diesel(sql_type = Bool)]
    is_taken: bool,
    #[diesel(sql_type = diesel::sql_types::Nullable<BigInt>)]
    paused_seconds: Option<i64>,
}

/// Asks for the lease on this version.
pub(in crate::domain::oauth::renewal) fn claim(tx: &mut PgConnection, target: &Target) -> Result<Claim, RenewError> {
    let Target { workspace, connection, version, .. } = *target;
    let [own, whole] = pauses::buckets(target);
    let lease = LeaseId::new().uuid();
    let won = diesel::sql_query(
        "UPDATE connections SET refresh_lease = $4, refresh_lease_until = clock_timestamp() + interval '60 seconds'
         WHERE workspace_id = $1 AND id = $2 AND token_version = $3 AND status = 'active'
           AND (refresh_lease_until IS NULL OR refresh_lease_until < clock_timestamp())
           AND NOT EXISTS (SELECT 1 FROM refresh_pauses p
               WHERE p.workspace_id = $1 AND p.bucket IN ($5, $6) AND p.until > clock_timestamp())",
    )
    .bind::<Uuid, _>(workspace)
    .bind::<Uuid, _>(connection)
    .bind::<BigInt, _>(version)
    .bind::<Uuid, _>(lease)
    .bind::<Text, _>(&own)
    .bind::<Text, _>(&whole)
    .execute(tx)?;
    if won == 1 {
        return Ok(Claim::Won(lease));
    }
    let standing: Option<Standing> = diesel::sql_query(
        "SELECT token_version, status <> 'active' AS is_dead, status_reason,
             coalesce(refresh_lease_until > clock_timestamp(), false) AS is_taken,
             (SELECT ceil(extract(epoch FROM max(p.until) - clock_timestamp()))::bigint FROM refresh_pauses p
              WHERE p.workspace_id = $1 AND p.bucket IN ($3, $4) AND p.until > clock_timestamp()) AS paused_seconds
         FROM connections WHERE workspace_id = $1 AND id = $2",
    )
    .bind::<Uuid, _>(workspace)
    .bind::<Uuid, _>(connection)
    .bind::<Text, _>(&own)
    .bind::<Text, _>(&whole)
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
    Ok(match standing.paused_seconds {
        Some(seconds) if !standing.is_taken => Claim::Paused(seconds.max(1)),
        Some(_) | None => Claim::Taken,
    })
}
