//! Tokens that nobody here needs any more, each queued with a sealed copy of its own for the job that takes it back at its
//! provider (D-27). Queueing is part of the transaction in which the token is forgotten, or held for later.

use diesel::ExpressionMethods;
use diesel::QueryDsl;
use diesel::QueryResult;
use diesel::RunQueryDsl;
use diesel::pg::PgConnection;

use crate::db::schema::revocations;
use crate::domain::connections::secrets::AccessSecret;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::FlowId;
use crate::kernel::ids::RevocationId;
use crate::kernel::ids::WorkspaceId;
use crate::vault::Vault;
use crate::vault::VaultError;
use crate::vault::sealed::Purpose;
use crate::vault::sealed::Sealed;

/// When a token is taken back.
#[derive(Debug)]
pub struct Due<'a> {
    /// Not before.
    pub at: Timestamp,
    /// When it was queued.
    pub now: Timestamp,
    /// The flow that may still want it.
    pub held_by: Option<FlowId>,
    /// Whose it is; while another connection of the workspace is that account's, it is left to end by itself, because some
    /// providers end all that an account has given together with one token.
    pub account: Option<&'a str>,
}

impl Due<'_> {
    /// At once.
    pub fn at(now: Timestamp) -> Self {
        Self { at: now, now, held_by: None, account: None }
    }
}

/// Queues one token of `secret`'s connection and version.
pub fn queue(
    conn: &mut PgConnection,
    vault: &Vault,
    secret: &AccessSecret,
    (purpose, sealed): (Purpose, &Sealed),
    due: &Due<'_>,
) -> Result<(), VaultError> {
    let from = secret.context_for(purpose, secret.version);
    let to = secret.context_for(Purpose::Revocation, secret.version);
    // A secret that cannot be opened cannot be revoked; that must not keep anyone from deleting it.
    let copy = match vault.reseal(conn, sealed, &from, &to) {
        Err(VaultError::Unreadable | VaultError::UnknownKey(_) | VaultError::DamagedWorkspaceKey(_)) => return Ok(()),
        other => other?,
    };
    diesel::insert_into(revocations::table)
        .values((
            revocations::workspace_id.eq(secret.workspace),
            revocations::id.eq(RevocationId::new()),
            revocations::connection_id.eq(secret.connection),
            revocations::integration.eq(&secret.integration),
            revocations::version.eq(secret.version),
            revocations::origins.eq(secret.origins.iter().map(ToString::to_string).collect::<Vec<_>>()),
            revocations::sealed.eq(copy),
            revocations::attempts.eq(0),
            revocations::next_at.eq(due.at),
            revocations::created_at.eq(due.now),
            revocations::held_by.eq(due.held_by),
            revocations::account.eq(due.account),
        ))
        .execute(conn)?;
    Ok(())
}

/// The flow's tokens are wanted after all; gives how many were still to be had. One that is being taken back is not.
pub fn keep(conn: &mut PgConnection, workspace: WorkspaceId, flow: FlowId) -> QueryResult<usize> {
    let of_flow = revocations::table
        .filter(revocations::workspace_id.eq(workspace))
        .filter(revocations::held_by.eq(flow))
        .filter(revocations::attempts.eq(0));
    diesel::delete(of_flow).execute(conn)
}

/// The flow's tokens are not wanted: they are due now.
pub fn hasten(conn: &mut PgConnection, workspace: WorkspaceId, flow: FlowId, now: Timestamp) -> QueryResult<usize> {
    let of_flow = revocations::table
        .filter(revocations::workspace_id.eq(workspace))
        .filter(revocations::held_by.eq(flow))
        .filter(revocations::attempts.eq(0));
    diesel::update(of_flow).set(revocations::next_at.eq(now)).execute(conn)
}
