//! Renewal ahead of time (D-26), so that a run finds access that lives. Only what is worth it: a connection that was used
//! within a day; or, where a provider may end what nobody uses, one that was used within three months, once a week. The rest
//! is renewed by the run that comes to need it. What is due is taken and put off in one statement, so that any number of
//! processes share the work, and the renewal itself is the runner's: the same lease, the same compare-and-set.

use std::sync::Arc;

use chrono::Duration;
use diesel::ExpressionMethods;
use diesel::QueryDsl;
use diesel::QueryResult;
use diesel::QueryableByName;
use diesel::RunQueryDsl;
use diesel::pg::PgConnection;
use diesel::sql_types::BigInt;
use diesel::sql_types::Bool;
use diesel::sql_types::Nullable;
use diesel::sql_types::Text;
use diesel::sql_types::Timestamptz;
use diesel::sql_types::Uuid;
use futures_util::future::join_all;

use crate::authz::facts::AuthType;
use crate::database_errors;
use crate::db::DbError;
use crate::db::schema::connections;
use crate::domain::integrations::definition::Definition;
use crate::domain::integrations::registry::Registry;
use crate::domain::integrations::registry::RegistryError;
use crate::domain::oauth::renewal::Renewer;
use crate::domain::oauth::renewal::Target;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::ConnectionId;
use crate::kernel::ids::WorkspaceId;

/// Renewals of one pass, all at the same time. A pass then lasts no longer than one renewal may.
const BATCH: i64 = 10;
/// A connection that was used so recently is kept ready.
const IN_USE: Duration = Duration::days(1);
/// How long access may have ended before the grant is used once, so that it does not end for want of use.
const IDLE: Duration = Duration::days(7);
/// What nobody has used for so long is left to itself.
const FORGOTTEN: Duration = Duration::days(90);
/// When a renewal that did not come about is looked at again; the token endpoint's pauses are kept besides.
const AGAIN: Duration = Duration::minutes(1);
/// When a connection of an integration whose OAuth client is refused is looked at again.
const AFTER_REFUSED_CLIENT: Duration = Duration::minutes(5);

/// The pass could not be made.
#[derive(Debug, thiserror::Error)]
pub enum AheadError {
    /// A definition could not be read.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] DbError),
}

database_errors!(AheadError);

/// What a pass did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pass {
    /// How many connections it renewed, or tried to.
    pub tried: usize,
    /// Whether more may be due already.
    pub is_full: bool,
}

/// A connection whose time has come.
#[derive(Debug, QueryableByName)]
struct Due {
    #[diesel(sql_type = Uuid)]
    workspace_id: WorkspaceId,
    #[diesel(sql_type = Uuid)]
    id: ConnectionId,
    #[diesel(sql_type = Text)]
    integration: String,
    #[diesel(sql_type = Text)]
    auth_type: AuthType,
    #[diesel(sql_type = BigInt)]
    token_version: i64,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    access_expires_at: Option<Timestamp>,
    #[diesel(sql_type = Timestamptz)]
    used_at: Timestamp,
    #[diesel(sql_type = Bool)]
    owner_is_active: bool,
    #[diesel(sql_type = Bool)]
    client_is_refused: bool,
}

/// What becomes of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Plan {
    Renew,
    Later(Timestamp),
    Never,
}

impl Renewer {
    /// Renews what is due and worth it, holding no connection to the database meanwhile.
    pub async fn renew_ahead(&self, registry: &Registry) -> Result<Pass, AheadError> {
        let (registry, now) = (registry.clone(), self.clock.now());
        let (seen, targets) = self.db.write(move |tx| take(tx, &registry, now)).await?;
        let tried = targets.len();
        join_all(targets.into_iter().map(|target| self.renew_one(target))).await;
        Ok(Pass { tried, is_full: i64::try_from(seen).is_ok_and(|seen| seen >= BATCH) })
    }

    /// How it went is in the counters and in the connection's row; a run that needs it meanwhile joins it.
    async fn renew_one(&self, target: Target) {
        let id = target.connection;
        if let Err(error) = self.join(target).await {
            tracing::info!(connection.id = %id, %error, "access was not renewed ahead of time");
        }
    }
}

/// Takes up to a batch of what is due and puts each off; those worth it are given back.
fn take(tx: &mut PgConnection, registry: &Registry, now: Timestamp) -> Result<(usize, Vec<Target>), AheadError> {
    let due = list_due(tx, now)?;
    let seen = due.len();
    let mut targets = Vec::new();
    for due in due {
        let plan = plan(&due, now);
        put_off(tx, &due, plan, now)?;
        if plan == Plan::Renew
            && let Some(definition) = find(tx, registry, &due)?
        {
            let Due { workspace_id: workspace, id: connection, token_version: version, .. } = due;
            targets.push(Target { workspace, connection, version, definition });
        }
    }
    Ok((seen, targets))
}

fn list_due(tx: &mut PgConnection, now: Timestamp) -> QueryResult<Vec<Due>> {
    diesel::sql_query(
        "SELECT c.workspace_id, c.id, c.integration, c.auth_type, c.token_version, c.access_expires_at,
             coalesce(c.last_used_at, c.created_at) AS used_at, m.status = 'active' AS owner_is_active,
             EXISTS (SELECT 1 FROM integration_settings s WHERE s.workspace_id = c.workspace_id
                 AND s.integration = c.integration AND s.misconfigured_reason IS NOT NULL) AS client_is_refused
         FROM connections c
             JOIN memberships m ON m.workspace_id = c.workspace_id AND m.user_id = c.owner_id
         WHERE c.status = 'active' AND c.renew_at <= $1
         ORDER BY c.renew_at LIMIT $2 FOR NO KEY UPDATE OF c SKIP LOCKED",
    )
    .bind::<Timestamptz, _>(now)
    .bind::<BigInt, _>(BATCH)
    .load(tx)
}

fn plan(due: &Due, now: Timestamp) -> Plan {
    let unused = now - due.used_at;
    if !due.owner_is_active || unused > FORGOTTEN {
        return Plan::Never;
    }
    if due.auth_type == AuthType::Oauth && due.client_is_refused {
        return Plan::Later(now + AFTER_REFUSED_CLIENT);
    }
    if unused <= IN_USE {
        return Plan::Renew;
    }
    match due.access_expires_at.map(|end| end + IDLE) {
        Some(next) if due.auth_type == AuthType::Oauth && next <= now => Plan::Renew,
        Some(next) if due.auth_type == AuthType::Oauth => Plan::Later(next),
        Some(_) | None => Plan::Never,
    }
}

fn put_off(tx: &mut PgConnection, due: &Due, plan: Plan, now: Timestamp) -> QueryResult<()> {
    let next = match plan {
        Plan::Renew => Some(now + AGAIN),
        Plan::Later(at) => Some(at),
        Plan::Never => None,
    };
    diesel::update(connections::table.find((due.workspace_id, due.id)))
        .set(connections::renew_at.eq(next))
        .execute(tx)
        .map(drop)
}

/// The definition; none if it is gone or cannot be read, which must not hold the others up.
fn find(tx: &mut PgConnection, registry: &Registry, due: &Due) -> Result<Option<Arc<Definition>>, AheadError> {
    match registry.find(tx, due.workspace_id, &due.integration) {
        Ok(definition) => Ok(definition),
        Err(error @ RegistryError::Database(_)) => Err(error.into()),
        Err(error) => {
            tracing::warn!(connection.id = %due.id, %error, "an integration cannot be read");
            Ok(None)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn due(auth_type: AuthType, unused: Duration, ended: Duration) -> (Due, Timestamp) {
        let now = Timestamp::from_timestamp(1_800_000_000, 0).unwrap();
        let due = Due {
            workspace_id: WorkspaceId::new(),
            id: ConnectionId::new(),
            integration: "sample".to_owned(),
            auth_type,
            token_version: 1,
            access_expires_at: Some(now - ended),
            used_at: now - unused,
            owner_is_active: true,
            client_is_refused: false,
        };
        (due, now)
    }

    #[test]
    fn what_is_in_use_is_renewed_and_what_nobody_uses_once_a_week() {
        let plan_of = |auth_type, unused, ended| {
            let (due, now) = due(auth_type, unused, ended);
            match plan(&due, now) {
                Plan::Later(at) => Plan::Later(Timestamp::UNIX_EPOCH + (at - now)),
                plan @ (Plan::Renew | Plan::Never) => plan,
            }
        };
        let (soon, days) = (Duration::minutes(-5), Duration::days);

        assert_eq!(plan_of(AuthType::Oauth, days(1), soon), Plan::Renew);
        assert_eq!(plan_of(AuthType::ServiceAccount, days(1), soon), Plan::Renew);
        let in_a_week = Timestamp::UNIX_EPOCH + days(7) + Duration::minutes(5);
        assert_eq!(plan_of(AuthType::Oauth, days(2), soon), Plan::Later(in_a_week));
        assert_eq!(plan_of(AuthType::Oauth, days(90), days(7)), Plan::Renew);
        assert_eq!(plan_of(AuthType::Oauth, days(91), days(7)), Plan::Never);
        assert_eq!(plan_of(AuthType::ServiceAccount, days(2), days(7)), Plan::Never);
    }

    #[test]
    fn nobodys_connection_and_a_refused_client_are_left_alone() {
        let (mut left, now) = due(AuthType::Oauth, Duration::zero(), Duration::zero());
        left.owner_is_active = false;
        assert_eq!(plan(&left, now), Plan::Never);

        let (mut refused, now) = due(AuthType::Oauth, Duration::zero(), Duration::zero());
        refused.client_is_refused = true;
        assert_eq!(plan(&refused, now), Plan::Later(now + AFTER_REFUSED_CLIENT));
    }
}
