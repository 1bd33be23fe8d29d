//! Giving a connection another owner: an admin does it, mostly to adopt what a leaver left behind (D-38). The secret stays
//! where it is and hidden; shares stay, and so do bindings of people who still may. An OAuth connection is its person's and
//! goes to nobody.

use diesel::ExpressionMethods;
use diesel::QueryDsl;
use diesel::RunQueryDsl;
use diesel::pg::PgConnection;
use diesel::sql_types::Uuid;

use crate::authz::actions::Transfer;
use crate::authz::proof::Authorized;
use crate::database_errors;
use crate::db::DbError;
use crate::db::schema::connection_shares;
use crate::domain::audit;
use crate::domain::connections::Connection;
use crate::domain::people::grantee::Grantee;
use crate::kernel::ids::UserId;

/// A connection was not given to another owner.
#[derive(Debug, thiserror::Error)]
pub enum TransferError {
    /// The new owner is nobody here.
    #[error("There is no such active member in this workspace.")]
    UnknownMember,
    /// The old owner is the new one.
    #[error("It belongs to this person already.")]
    SameOwner,
    /// It was changed or deleted meanwhile.
    #[error("The connection changed meanwhile. Look again and try once more.")]
    ChangedMeanwhile,
    /// The database failed.
    #[error(transparent)]
    Database(#[from] DbError),
}

database_errors!(TransferError);

/// Makes `to` the owner. If the connection was suspended because its owner left, it works again as it did before.
pub fn transfer(
    conn: &mut PgConnection,
    proof: &Authorized<Transfer, Connection>,
    to: UserId,
) -> Result<(), TransferError> {
    let (actor, connection) = (proof.actor(), proof.resource());
    if connection.owner == to {
        return Err(TransferError::SameOwner);
    }
    if !Grantee::User(to).is_of(conn, actor.workspace)? {
        return Err(TransferError::UnknownMember);
    }
    let changed = diesel::sql_query(
        "UPDATE connections SET owner_id = $4,
             status = CASE WHEN status = 'suspended' THEN coalesce(suspended_from, 'active') ELSE status END,
             status_reason = CASE WHEN status = 'suspended' THEN NULL ELSE status_reason END, suspended_from = NULL
         WHERE workspace_id = $1 AND id = $2 AND owner_id = $3",
    )
    .bind::<Uuid, _>(actor.workspace)
    .bind::<Uuid, _>(connection.id)
    .bind::<Uuid, _>(connection.owner)
    .bind::<Uuid, _>(to)
    .execute(conn)?;
    if changed == 0 {
        return Err(TransferError::ChangedMeanwhile);
    }
    // A share with its own owner says nothing any more.
    let share = connection_shares::table
        .filter(connection_shares::workspace_id.eq(actor.workspace))
        .filter(connection_shares::connection_id.eq(connection.id))
        .filter(connection_shares::grantee_user.eq(to));
    diesel::delete(share).execute(conn)?;
    let event = audit::Event::new("connection.transferred", "connection", connection.id).connection(connection.id);
    audit::record(conn, actor, event.detail(serde_json::json!({ "from": connection.owner, "to": to })))?;
    Ok(())
}
