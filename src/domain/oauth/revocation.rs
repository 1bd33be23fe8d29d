//! Tokens of deleted connections, and of reconnects that were not accepted, taken back at the provider in the background (D-27). The local effect was immediate; this
//! is the courtesy that follows, tried for a day.

use chrono::Duration;
use diesel::ExpressionMethods;
use diesel::OptionalExtension;
use diesel::QueryDsl;
use diesel::QueryableByName;
use diesel::RunQueryDsl;
use diesel::pg::PgConnection;
use diesel::sql_types::Array;
use diesel::sql_types::BigInt;
use diesel::sql_types::Binary;
use diesel::sql_types::Text;
use diesel::sql_types::Timestamptz;
use diesel::sql_types::Uuid;

use crate::authz::facts::AuthType;
use crate::db::Db;
use crate::db::DbError;
use crate::db::schema::integration_settings;
use crate::db::schema::revocations;
use crate::domain::connections::check::Checker;
use crate::domain::connections::connection::ConnectionStatus;
use crate::domain::connections::departures;
use crate::domain::connections::lifecycle::LifecycleError;
use crate::domain::connections::secrets;
use crate::domain::connections::secrets::AccessSecret;
use crate::domain::integrations::registry::Registry;
use crate::domain::integrations::registry::RegistryError;
use crate::domain::oauth::endpoint::Registration;
use crate::kernel::clock::Clock;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::ConnectionId;
use crate::kernel::ids::RevocationId;
use crate::kernel::ids::WorkspaceId;
use crate::vault::VaultError;
use crate::vault::sealed::Purpose;
use crate::vault::sealed::Sealed;

const LIFE: Duration = Duration::hours(24);

/// The job could not go on.
#[derive(Debug, thiserror::Error)]
pub enum RevocationError {
    /// A definition could not be read.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// A leaver's connection could not be deleted.
    #[error(transparent)]
    Leaver(#[from] LifecycleError),
    /// A secret could not be opened.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] DbError),
}

crate::database_errors!(RevocationError);

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Uuid)]
    workspace_id: WorkspaceId,
    #[diesel(sql_type = Uuid)]
    id: RevocationId,
    #[diesel(sql_type = Uuid)]
    connection_id: ConnectionId,
    #[diesel(sql_type = Text)]
    integration: String,
    #[diesel(sql_type = BigInt)]
    version: i64,
    #[diesel(sql_type = Array<Text>)]
    origins: Vec<String>,
    #[diesel(sql_type = Binary)]
    sealed: Sealed,
}

/// Revokes. Cheap to clone.
#[derive(Clone)]
pub struct Revoker {
    /// The database.
    pub db: Db,
    /// The vault and the way out.
    pub checker: Checker,
    /// The time.
    pub clock: Clock,
    /// The definitions.
    pub registry: Registry,
}

struct Task {
    row: (WorkspaceId, RevocationId),
    secret: AccessSecret,
    registration: Option<Registration>,
}

impl Revoker {
    /// Tries what is due; returns how many were tried.
    pub async fn run_once(&self) -> Result<usize, RevocationError> {
        self.take_leavers().await?;
        let (registry, vault, now) = (self.registry.clone(), self.checker.vault.clone(), self.clock.now());
        let tasks = self
            .db
            .write(move |tx| {
                let rows = claim(tx, now)?;
                rows.into_iter()
                    .map(|row| {
                        vault.unlock(tx, row.workspace_id, &row.sealed)?;
                        let registration = registration(tx, &registry, &vault, &row)?;
                        Ok(Task { row: (row.workspace_id, row.id), secret: secret(row), registration })
                    })
                    .collect::<Result<Vec<_>, RevocationError>>()
            })
            .await?;
        let count = tasks.len();
        for task in tasks {
            if self.revoke(&task).await {
                let row = task.row;
                self.db
                    .write(move |tx| {
                        diesel::delete(revocations::table.find(row)).execute(tx)?;
                        Ok::<_, RevocationError>(())
                    })
                    .await?;
            }
        }
        Ok(count)
    }

    /// Deletes the connections of those who left a day ago; their tokens are revoked with the others.
    async fn take_leavers(&self) -> Result<(), RevocationError> {
        let (vault, now) = (self.checker.vault.clone(), self.clock.now());
        self.db.write(move |tx| Ok(departures::sweep(tx, &vault, now).map(drop)?)).await
    }

    /// Whether nothing more is to be done: the provider forgot the token, or offers no way to tell it.
    async fn revoke(&self, task: &Task) -> bool {
        let Some(registration) = &task.registration else { return true };
        let Some((endpoints, url)) =
            registration.endpoints().and_then(|endpoints| Some((endpoints, endpoints.revoke_url.as_ref()?)))
        else {
            return true;
        };
        let Some(sealed) = &task.secret.sealed else { return true };
        let token = (sealed, task.secret.context_for(Purpose::Revocation, task.secret.version));
        let endpoint = registration.at(&endpoints.token_url);
        let revoked = self.checker.vault.revoke(&self.checker.client, url, &endpoint, token, "token").await;
        if let Err(error) = &revoked {
            tracing::warn!(connection.id = %task.secret.connection, "a token was not revoked yet: {error}");
        }
        revoked.is_ok()
    }
}

/// Takes what is due and puts it off, so that a crash or another process does not try it at the same time.
fn claim(tx: &mut PgConnection, now: Timestamp) -> diesel::QueryResult<Vec<Row>> {
    diesel::delete(revocations::table.filter(revocations::created_at.lt(now - LIFE))).execute(tx)?;
    // The account that was not accepted here has a connection of its own, which must not end with it.
    diesel::sql_query(
        "DELETE FROM revocations r USING connections c
         WHERE r.next_at <= $1 AND r.account IS NOT NULL AND c.workspace_id = r.workspace_id
           AND c.integration = r.integration AND c.auth_type = 'oauth' AND c.account = r.account",
    )
    .bind::<Timestamptz, _>(now)
    .execute(tx)?;
    diesel::sql_query(
        "UPDATE revocations SET attempts = attempts + 1, next_at = $1 + least(attempts + 1, 60) * interval '1 minute'
         WHERE (workspace_id, id) IN (
             SELECT workspace_id, id FROM revocations WHERE next_at <= $1
             ORDER BY next_at LIMIT 10 FOR UPDATE SKIP LOCKED)
         RETURNING workspace_id, id, connection_id, integration, version, origins, sealed",
    )
    .bind::<Timestamptz, _>(now)
    .load(tx)
}

fn registration(
    tx: &mut PgConnection,
    registry: &Registry,
    vault: &crate::vault::Vault,
    row: &Row,
) -> Result<Option<Registration>, RevocationError> {
    let Some(definition) = registry.find(tx, row.workspace_id, &row.integration)? else { return Ok(None) };
    let client: Option<(Option<String>, Option<Sealed>, i32)> = integration_settings::table
        .find((row.workspace_id, &row.integration))
        .select((
            integration_settings::oauth_client_id,
            integration_settings::oauth_client_secret,
            integration_settings::oauth_client_generation,
        ))
        .first(tx)
        .optional()?;
    let Some((Some(id), secret, generation)) = client else { return Ok(None) };
    if let Some(secret) = &secret {
        vault.unlock(tx, row.workspace_id, secret)?;
    }
    Ok(Registration::new(row.workspace_id, definition, id, secret, generation))
}

fn secret(row: Row) -> AccessSecret {
    AccessSecret {
        workspace: row.workspace_id,
        connection: row.connection_id,
        integration: row.integration,
        auth_type: AuthType::Oauth,
        status: ConnectionStatus::Active,
        version: row.version,
        origins: secrets::parse_origins(&row.origins),
        // What is sent to revoke goes to the provider's own address, which is the same for all.
        tenant: None,
        sealed: Some(row.sealed),
        expires_at: None,
    }
}
