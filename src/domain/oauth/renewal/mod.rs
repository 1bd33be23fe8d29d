//! Tokens renew themselves (R14). Inside a process, callers that need the same version join one task; between processes a
//! committed lease decides who asks the provider, and a compare-and-set on the version decides whose answer counts. No
//! database connection is held during the call. The lease runs on the database's clock: it is between processes (D-24). A
//! background job renews what is in use ahead of its end by the same way (D-26); a run does it itself where less than half
//! a minute is left.

pub mod ahead;
mod ask;
mod claim;
mod failure;
mod keep;
mod pauses;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;
use std::time::Instant;

use diesel::RunQueryDsl;
use diesel::pg::PgConnection;
use diesel::sql_types::Uuid;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use futures_util::future::Shared;
use serde_json::json;

use crate::authz::actor::Via;
use crate::authz::facts::AuthType;
use crate::db::Db;
use crate::domain::audit;
use crate::domain::connections::check::Checker;
use crate::domain::connections::lifecycle;
use crate::domain::connections::secrets;
use crate::domain::connections::secrets::AccessSecret;
use crate::domain::integrations::definition::Definition;
use crate::domain::integrations::settings;
use crate::domain::oauth::renewal::claim::Claim;
use crate::domain::oauth::renewal::claim::claim;
use crate::domain::oauth::renewal::pauses::Pause;
use crate::domain::outbox;
use crate::kernel::clock::Clock;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::ConnectionId;
use crate::kernel::ids::WorkspaceId;
use crate::kernel::ids::random_bytes;
use crate::telemetry::Metrics;
use crate::vault::exchange::ExchangeError;

pub use crate::domain::oauth::renewal::failure::RenewError;
pub use crate::domain::oauth::renewal::failure::wait;

/// An access token with less life than this left counts as expired (D-26).
const EXPIRED_BELOW: chrono::Duration = chrono::Duration::seconds(30);
/// How long a caller waits for another process's refresh.
const WAIT_FOR_OTHERS: Duration = Duration::from_secs(25);

/// Why new access is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Renewal {
    /// Only if the old one is about to end.
    Expiring,
    /// The provider did not take it (401), whatever its age.
    Rejected,
}

type Joined = Shared<BoxFuture<'static, Result<(), RenewError>>>;

/// Renews access. Cheap to clone.
#[derive(Clone)]
pub struct Renewer {
    db: Db,
    checker: Checker,
    clock: Clock,
    metrics: Metrics,
    under_way: Arc<Mutex<HashMap<(ConnectionId, i64), Joined>>>,
}

/// One renewal: of which version of which connection.
#[derive(Clone)]
struct Target {
    workspace: WorkspaceId,
    connection: ConnectionId,
    version: i64,
    definition: Arc<Definition>,
}

impl Renewer {
    /// A renewer over the database and the way out, which counts how its renewals end.
    pub fn new(db: Db, checker: Checker, clock: Clock, metrics: Metrics) -> Self {
        Self { db, checker, clock, metrics, under_way: Arc::default() }
    }

    /// `secret` itself while it lives, else new access in its place, its key unlocked.
    pub async fn fresh(
        &self,
        secret: AccessSecret,
        definition: Arc<Definition>,
        why: Renewal,
    ) -> Result<AccessSecret, RenewError> {
        if !is_renewable(secret.auth_type) || (why == Renewal::Expiring && self.lives(&secret)) {
            return Ok(secret);
        }
        let (workspace, connection) = (secret.workspace, secret.connection);
        let target = Target { workspace, connection, version: secret.version, definition };
        match self.join(target).await {
            Ok(()) => {}
            // The provider has trouble, but the old access is good for a few more seconds.
            Err(RenewError::Unreachable(_) | RenewError::Busy { .. } | RenewError::Paused { .. })
                if why == Renewal::Expiring && secret.expires_at.is_some_and(|end| end > self.clock.now()) =>
            {
                return Ok(secret);
            }
            Err(error) => return Err(error),
        }
        let vault = self.checker.vault.clone();
        self.db
            .read(move |conn| {
                let fresh = secrets::load(conn, workspace, connection)?.ok_or(RenewError::Gone)?;
                if let Some(sealed) = &fresh.sealed {
                    vault.unlock(conn, workspace, sealed)?;
                }
                Ok(fresh)
            })
            .await
    }

    fn lives(&self, secret: &AccessSecret) -> bool {
        secret.sealed.is_some() && secret.expires_at.is_none_or(|end| end - self.clock.now() > EXPIRED_BELOW)
    }

    /// Joins the renewal of this version, or begins it. It runs in a task of its own, so that a caller who goes away
    /// does not stop it (D-29).
    async fn join(&self, target: Target) -> Result<(), RenewError> {
        let key = (target.connection, target.version);
        let joined = {
            let mut under_way = self.under_way.lock().unwrap_or_else(PoisonError::into_inner);
            under_way.entry(key).or_insert_with(|| self.begin(target)).clone()
        };
        joined.await
    }

    fn begin(&self, target: Target) -> Joined {
        let this = self.clone();
        let key = (target.connection, target.version);
        let task = tokio::spawn(async move {
            let outcome = this.renew(&target).await;
            this.metrics.refresh(outcome.as_ref().map_or_else(RenewError::word, |()| "renewed"));
            this.under_way.lock().unwrap_or_else(PoisonError::into_inner).remove(&key);
            outcome
        });
        async move { task.await.unwrap_or_else(|_stopping| Err(RenewError::Failed("the process stops".to_owned()))) }
            .boxed()
            .shared()
    }

    async fn renew(&self, target: &Target) -> Result<(), RenewError> {
        let since = Instant::now();
        loop {
            match self.claim(target).await? {
                Claim::Won(lease) => return self.renew_under(target, lease).await,
                Claim::Done => return Ok(()),
                Claim::Dead(reason) => return Err(RenewError::NeedsReconnect(reason)),
                Claim::Paused(seconds) => return Err(RenewError::Paused { retry_after_seconds: seconds }),
                Claim::Taken if since.elapsed() > WAIT_FOR_OTHERS => {
                    return Err(RenewError::Busy { retry_after_seconds: 5 });
                }
                Claim::Taken => tokio::time::sleep(jitter()).await,
            }
        }
    }

    async fn claim(&self, target: &Target) -> Result<Claim, RenewError> {
        let target = target.clone();
        self.db.write(move |tx| claim(tx, &target)).await
    }

    /// Asks the provider and keeps what it says. What may have been spent without an answer is tried once more (D-25).
    async fn renew_under(&self, target: &Target, lease: uuid::Uuid) -> Result<(), RenewError> {
        let asked = match self.ask(target).await {
            Err(ask::AskError::Exchange(ExchangeError::UnknownOutcome)) => {
                tokio::time::sleep(Duration::from_secs(2)).await;
                self.ask(target).await
            }
            other => other,
        };
        match asked {
            Ok(tokens) => self.keep(target, tokens).await,
            Err(ask::AskError::Renew(error)) => {
                self.release(target, lease, Pause::None).await?;
                Err(error)
            }
            Err(ask::AskError::Exchange(error)) => self.decide(target, lease, error).await,
        }
    }

    /// D-25: what an error of the token endpoint means.
    async fn decide(&self, target: &Target, lease: uuid::Uuid, error: ExchangeError) -> Result<(), RenewError> {
        let name = &target.definition.name;
        match error {
            ExchangeError::InvalidGrant { .. } | ExchangeError::KeyUnusable(_) => {
                let reason = format!("{name} no longer accepts this connection. Its owner has to reconnect it.");
                self.bury(target, reason).await
            }
            ExchangeError::InvalidClient { description } => {
                self.release(target, lease, Pause::None).await?;
                let (workspace, key) = (target.workspace, target.definition.key.clone());
                let reason = format!("{name} does not accept this workspace's OAuth client: {description}");
                let said = reason.clone();
                self.db
                    .write(move |tx| Ok::<_, RenewError>(settings::mark_misconfigured(tx, workspace, &key, &said)?))
                    .await?;
                Err(RenewError::Misconfigured(format!("{reason}. A workspace admin has to correct it.")))
            }
            other @ (ExchangeError::Transient { .. }
            | ExchangeError::UnknownOutcome
            | ExchangeError::Refused { .. }
            | ExchangeError::Redirected
            | ExchangeError::Malformed
            | ExchangeError::OutsideOrigins
            | ExchangeError::Vault(_)) => {
                self.release(target, lease, Pause::after(&other)).await?;
                Err(RenewError::Unreachable(format!("{name} could not renew the access: {other}.")))
            }
        }
    }

    /// Marks the grant dead and tells the owner once; unless a newer version came meanwhile, which then counts.
    async fn bury(&self, target: &Target, reason: String) -> Result<(), RenewError> {
        let (workspace, id, version) = (target.workspace, target.connection, target.version);
        let (said, now) = (reason.clone(), self.clock.now());
        let buried = self
            .db
            .write(move |tx| {
                let marked = lifecycle::mark_needs_reconnect(tx, workspace, id, version, &said)?;
                if marked {
                    tell_owner(tx, workspace, id, version, now)?;
                    let event = audit::Event::new("connection.needs_reconnect", "connection", id).connection(id);
                    audit::record_unattended(tx, workspace, Via::System, now, event)?;
                }
                let row = secrets::load(tx, workspace, id)?.ok_or(RenewError::Gone)?;
                Ok::<_, RenewError>(row.version == version)
            })
            .await?;
        if buried { Err(RenewError::NeedsReconnect(reason)) } else { Ok(()) }
    }

    /// Gives the lease back, and the token endpoint its pause, in one transaction: who comes next sees both.
    async fn release(&self, target: &Target, lease: uuid::Uuid, pause: Pause) -> Result<(), RenewError> {
        let target = target.clone();
        self.db
            .write(move |tx| {
                pauses::note(tx, &target, pause)?;
                diesel::sql_query(
                    "UPDATE connections SET refresh_lease = NULL, refresh_lease_until = NULL
                     WHERE workspace_id = $1 AND id = $2 AND refresh_lease = $3",
                )
                .bind::<Uuid, _>(target.workspace)
                .bind::<Uuid, _>(target.connection)
                .bind::<Uuid, _>(lease)
                .execute(tx)?;
                Ok(())
            })
            .await
    }
}

/// Removes pauses that ended long ago.
pub fn sweep(conn: &mut PgConnection, now: Timestamp) -> diesel::QueryResult<usize> {
    pauses::sweep(conn, now)
}

fn is_renewable(auth_type: AuthType) -> bool {
    matches!(auth_type, AuthType::Oauth | AuthType::ServiceAccount)
}

/// One mail for each version that died (R14).
fn tell_owner(
    tx: &mut PgConnection,
    workspace: WorkspaceId,
    id: ConnectionId,
    version: i64,
    now: Timestamp,
) -> Result<(), RenewError> {
    use diesel::QueryDsl;

    use crate::db::schema::connections;

    let owner = connections::table.find((workspace, id)).select(connections::owner_id).first(tx)?;
    let mail = outbox::NewMail {
        workspace: Some(workspace),
        user: owner,
        kind: outbox::Kind::NeedsReconnect,
        dedupe_key: format!("needs_reconnect:{id}:{version}"),
        payload: json!({ "connection": id }),
    };
    outbox::enqueue(tx, mail, now)?;
    Ok(())
}

/// 50 to 400 ms.
fn jitter() -> Duration {
    let byte = random_bytes::<1>().map_or(128, |[byte]| u64::from(byte));
    Duration::from_millis(50 + byte * 350 / 255)
}
