//! What happens to a connection after it was made: renamed, switched off and on, used, deleted.

use diesel::ExpressionMethods;
use diesel::QueryDsl;
use diesel::QueryResult;
use diesel::RunQueryDsl;
use diesel::pg::PgConnection;
use diesel::sql_types::Timestamptz;
use diesel::sql_types::Uuid;

use crate::authz::actions::Delete;
use crate::authz::actions::Disable;
use crate::authz::actions::Maintain;
use crate::authz::proof::Authorized;
use crate::database_errors;
use crate::db::DbError;
use crate::db::schema::connections;
use crate::domain::audit;
use crate::domain::connections::connection::Connection;
use crate::domain::connections::connection::ConnectionStatus;
use crate::domain::connections::revocations;
use crate::domain::connections::revocations::Due;
use crate::domain::connections::secrets;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::ConnectionId;
use crate::kernel::ids::WorkspaceId;
use crate::vault::Vault;
use crate::vault::VaultError;
use crate::vault::sealed::Purpose;

/// A change was not made.
#[derive(Debug, thiserror::Error)]
pub enum LifecycleError {
    /// It was deleted or changed meanwhile.
    #[error("the connection changed meanwhile; reload the page and try again")]
    ChangedMeanwhile,
    /// The copy for the revocation could not be sealed.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] DbError),
}

database_errors!(LifecycleError);

/// Gives it another name.
pub fn rename(
    conn: &mut PgConnection,
    proof: &Authorized<Maintain, Connection>,
    name: &str,
) -> Result<(), LifecycleError> {
    let (actor, id) = (proof.actor(), proof.resource().id);
    let changed =
        diesel::update(connections::table.find((actor.workspace, id))).set(connections::name.eq(name)).execute(conn)?;
    one(changed)?;
    audit::record(conn, actor, audit::Event::new("connection.renamed", "connection", id).connection(id))?;
    Ok(())
}

/// Switches it off: no call uses it until it is switched on again.
pub fn disable(conn: &mut PgConnection, proof: &Authorized<Disable, Connection>) -> Result<(), LifecycleError> {
    change_status(conn, proof, ConnectionStatus::Active, ConnectionStatus::Disabled, "connection.disabled")
}

/// Switches it on again.
pub fn enable(conn: &mut PgConnection, proof: &Authorized<Disable, Connection>) -> Result<(), LifecycleError> {
    change_status(conn, proof, ConnectionStatus::Disabled, ConnectionStatus::Active, "connection.enabled")
}

fn change_status(
    conn: &mut PgConnection,
    proof: &Authorized<Disable, Connection>,
    from: ConnectionStatus,
    to: ConnectionStatus,
    action: &'static str,
) -> Result<(), LifecycleError> {
    let (actor, id) = (proof.actor(), proof.resource().id);
    let row = connections::table.find((actor.workspace, id)).filter(connections::status.eq(from));
    let changed = diesel::update(row)
        .set((connections::status.eq(to), connections::status_reason.eq(None::<String>)))
        .execute(conn)?;
    one(changed)?;
    audit::record(conn, actor, audit::Event::new(action, "connection", id).connection(id))?;
    Ok(())
}

/// Deletes it: the secret is gone with this transaction, bindings on it are broken and say so, and the provider is asked
/// in the background to forget the tokens (R15, D-27, D-35).
pub fn remove(
    conn: &mut PgConnection,
    vault: &Vault,
    proof: &Authorized<Delete, Connection>,
) -> Result<(), LifecycleError> {
    let (actor, connection) = (proof.actor(), proof.resource());
    erase(conn, vault, actor.workspace, connection.id, actor.at)?;
    let event = audit::Event::new("connection.deleted", "connection", connection.id).connection(connection.id);
    let detail = serde_json::json!({
        "name": connection.name, "integration": connection.integration, "owner": connection.owner,
    });
    audit::record(conn, actor, event.detail(detail))?;
    Ok(())
}

/// The deletion itself, without its audit event.
pub(in crate::domain::connections) fn erase(
    conn: &mut PgConnection,
    vault: &Vault,
    workspace: WorkspaceId,
    id: ConnectionId,
    now: Timestamp,
) -> Result<(), LifecycleError> {
    queue_revocations(conn, vault, workspace, id, now)?;
    diesel::sql_query(
        "UPDATE bindings SET connection_id = NULL, connection_auth = NULL, connection_owner = NULL, broken_at = $3
         WHERE workspace_id = $1 AND connection_id = $2",
    )
    .bind::<Uuid, _>(workspace)
    .bind::<Uuid, _>(id)
    .bind::<Timestamptz, _>(now)
    .execute(conn)?;
    one(diesel::delete(connections::table.find((workspace, id))).execute(conn)?)
}

/// Keeps sealed copies of an OAuth connection's tokens for the job that revokes them.
fn queue_revocations(
    conn: &mut PgConnection,
    vault: &Vault,
    workspace: WorkspaceId,
    id: ConnectionId,
    now: Timestamp,
) -> Result<(), LifecycleError> {
    use crate::authz::facts::AuthType;

    for purpose in [Purpose::Grant, Purpose::Access] {
        let secret = if purpose == Purpose::Grant {
            secrets::load_grant(conn, workspace, id)?
        } else {
            secrets::load(conn, workspace, id)?
        };
        let Some(secret) = secret.filter(|secret| secret.auth_type == AuthType::Oauth) else { return Ok(()) };
        let Some(sealed) = &secret.sealed else { continue };
        revocations::queue(conn, vault, &secret, (purpose, sealed), &Due::at(now))?;
    }
    Ok(())
}

/// Marks that the grant is dead, unless a newer version came meanwhile; true if this call marked it (R14, D-25).
pub fn mark_needs_reconnect(
    conn: &mut PgConnection,
    workspace: WorkspaceId,
    id: ConnectionId,
    version: i64,
    reason: &str,
) -> QueryResult<bool> {
    let row = connections::table
        .find((workspace, id))
        .filter(connections::token_version.eq(version))
        .filter(connections::status.eq(ConnectionStatus::Active));
    diesel::update(row)
        .set((
            connections::status.eq(ConnectionStatus::NeedsReconnect),
            connections::status_reason.eq(Some(reason)),
            connections::failed_version.eq(Some(version)),
            connections::refresh_lease.eq(None::<uuid::Uuid>),
            connections::refresh_lease_until.eq(None::<Timestamp>),
        ))
        .execute(conn)
        .map(|rows| rows > 0)
}

fn one(changed: usize) -> Result<(), LifecycleError> {
    if changed == 1 { Ok(()) } else { Err(LifecycleError::ChangedMeanwhile) }
}
