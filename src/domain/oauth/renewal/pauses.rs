//! Pauses that a token endpoint gets (D-25), kept in the database so that a storm of runs in any number of processes does not
//! hammer one that is busy or down. A pause that the provider asks for holds for all that a workspace connects there; one
//! that follows any other trouble holds for one version of one connection, and doubles with each failure. Both run on the
//! database's clock, as the lease does.

use chrono::Duration;
use diesel::ExpressionMethods;
use diesel::QueryDsl;
use diesel::QueryResult;
use diesel::RunQueryDsl;
use diesel::pg::PgConnection;
use diesel::sql_types::BigInt;
use diesel::sql_types::Double;
use diesel::sql_types::Text;
use diesel::sql_types::Uuid;

use crate::db::schema::refresh_pauses;
use crate::domain::oauth::renewal::Target;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::random_bytes;
use crate::vault::exchange::ExchangeError;

/// After so long without trouble, the next pause is a short one again.
const REMEMBERED: Duration = Duration::minutes(10);

/// Which pause an error asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::domain::oauth::renewal) enum Pause {
    /// The provider said how long.
    Asked(Duration),
    /// One second, doubling to five minutes.
    Growing,
    /// It was not asked at all.
    None,
}

impl Pause {
    pub(in crate::domain::oauth::renewal) fn after(error: &ExchangeError) -> Self {
        match error {
            ExchangeError::Transient { retry_after: Some(wait), .. } if *wait >= Duration::seconds(1) => {
                Self::Asked(*wait)
            }
            ExchangeError::Transient { .. }
            | ExchangeError::UnknownOutcome
            | ExchangeError::Refused { .. }
            | ExchangeError::Redirected
            | ExchangeError::Malformed => Self::Growing,
            ExchangeError::InvalidGrant { .. }
            | ExchangeError::InvalidClient { .. }
            | ExchangeError::KeyUnusable(_)
            | ExchangeError::OutsideOrigins
            | ExchangeError::Vault(_) => Self::None,
        }
    }
}

/// The buckets that hold a renewal up: the connection's own, and its integration's.
pub(in crate::domain::oauth::renewal) fn buckets(target: &Target) -> [String; 2] {
    let own = format!("connection:{}:{}", target.connection, target.version);
    [own, format!("integration:{}", target.definition.key)]
}

/// Writes a pause down.
pub(in crate::domain::oauth::renewal) fn note(tx: &mut PgConnection, target: &Target, pause: Pause) -> QueryResult<()> {
    let [own, whole] = buckets(target);
    match pause {
        Pause::None => Ok(()),
        Pause::Asked(wait) => diesel::sql_query(
            "INSERT INTO refresh_pauses AS p (workspace_id, bucket, failures, until)
             VALUES ($1, $2, 1, clock_timestamp() + $3 * interval '1 second')
             ON CONFLICT (workspace_id, bucket) DO UPDATE SET
                 failures = p.failures + 1, until = greatest(p.until, excluded.until)",
        )
        .bind::<Uuid, _>(target.workspace)
        .bind::<Text, _>(whole)
        .bind::<BigInt, _>(wait.num_seconds())
        .execute(tx)
        .map(drop),
        Pause::Growing => diesel::sql_query(
            "INSERT INTO refresh_pauses AS p (workspace_id, bucket, failures, until)
             VALUES ($1, $2, 1, clock_timestamp() + $3 * interval '1 second')
             ON CONFLICT (workspace_id, bucket) DO UPDATE SET failures = p.failures + 1,
                 until = clock_timestamp() + least(300, power(2, least(p.failures, 9))) * $3 * interval '1 second'",
        )
        .bind::<Uuid, _>(target.workspace)
        .bind::<Text, _>(own)
        .bind::<Double, _>(part())
        .execute(tx)
        .map(drop),
    }
}

/// Removes pauses that ended long ago.
pub(in crate::domain::oauth::renewal) fn sweep(conn: &mut PgConnection, now: Timestamp) -> QueryResult<usize> {
    diesel::delete(refresh_pauses::table.filter(refresh_pauses::until.lt(now - REMEMBERED))).execute(conn)
}

/// Between half and all of it: connections that failed together do not come back together.
fn part() -> f64 {
    let [chance] = random_bytes().unwrap_or([128]);
    0.5 + f64::from(chance) / 510.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_provider_that_says_how_long_is_left_alone_for_so_long() {
        let transient = |retry_after| ExchangeError::Transient { reason: String::new(), retry_after };

        assert_eq!(Pause::after(&transient(Some(Duration::seconds(90)))), Pause::Asked(Duration::seconds(90)));
        assert_eq!(Pause::after(&transient(Some(Duration::zero()))), Pause::Growing);
        assert_eq!(Pause::after(&transient(None)), Pause::Growing);
        assert_eq!(Pause::after(&ExchangeError::OutsideOrigins), Pause::None);
    }
}
