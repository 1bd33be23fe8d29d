//! Sharing, changing a share, taking it away, and putting back exactly what was taken away a moment ago.

use chrono::Duration;
use diesel::ExpressionMethods;
use diesel::OptionalExtension;
use diesel::PgExpressionMethods;
use diesel::QueryDsl;
use diesel::QueryResult;
use diesel::RunQueryDsl;
use diesel::pg::PgConnection;
use diesel::sql_types::Timestamptz;
use diesel::sql_types::Uuid;
use serde_json::json;

use crate::authz::actions::Share;
use crate::authz::facts::ShareAccess;
use crate::authz::proof::Authorized;
use crate::db::conflict;
use crate::db::schema::connection_shares;
use crate::db::schema::removed_connection_shares;
use crate::domain::audit;
use crate::domain::connections::connection::Connection;
use crate::domain::connections::shares::ConnectionShare;
use crate::domain::connections::shares::Row;
use crate::domain::connections::shares::ShareError;
use crate::domain::connections::shares::find;
use crate::domain::connections::shares::rows_of;
use crate::domain::connections::shares::told;
use crate::domain::outbox::Kind;
use crate::domain::outbox::fan_outs;
use crate::domain::people::grantee::Grantee;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::GroupId;
use crate::kernel::ids::ShareId;
use crate::kernel::ids::UserId;

/// For how long what was taken away can be put back: the ten seconds that the page offers it, and two for the way.
pub const UNDO_WITHIN: Duration = Duration::seconds(12);

/// How long the row of a share that was taken away is kept.
const KEPT: Duration = Duration::hours(1);

/// What changes about a share; the rest stays.
#[derive(Clone, Copy, Debug, Default)]
pub struct Changes {
    /// What it allows.
    pub access: Option<ShareAccess>,
    /// When it stops.
    pub end: End,
}

/// When a share is to stop by itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum End {
    /// When it would have.
    #[default]
    AsItWas,
    /// Never.
    Never,
    /// Then.
    At(Timestamp),
}

/// Shares the connection.
pub fn add(
    conn: &mut PgConnection,
    proof: &Authorized<Share, Connection>,
    grantee: Grantee,
    access: ShareAccess,
    expires_at: Option<Timestamp>,
) -> Result<ShareId, ShareError> {
    let (actor, connection) = (proof.actor(), proof.resource());
    if grantee == Grantee::User(connection.owner) {
        return Err(ShareError::IsOwner);
    }
    if expires_at.is_some_and(|end| end <= actor.at) {
        return Err(ShareError::EndsInThePast);
    }
    if !grantee.is_of(conn, actor.workspace)? {
        return Err(ShareError::UnknownGrantee);
    }
    clear_ended(conn, proof, grantee)?;
    let id = ShareId::new();
    diesel::insert_into(connection_shares::table)
        .values((
            connection_shares::workspace_id.eq(actor.workspace),
            connection_shares::id.eq(id),
            connection_shares::connection_id.eq(connection.id),
            connection_shares::connection_auth.eq(connection.auth_type),
            connection_shares::grantee_user.eq(grantee.user()),
            connection_shares::grantee_group.eq(grantee.group()),
            connection_shares::grantee_workspace.eq(grantee.everyone()),
            connection_shares::access.eq(access),
            connection_shares::expires_at.eq(expires_at),
            connection_shares::created_by.eq(actor.user),
            connection_shares::created_at.eq(actor.at),
        ))
        .execute(conn)
        .map_err(named)?;
    record(conn, proof, "connection.shared", id, grantee, access, expires_at)?;
    told::tell_of(conn, proof, id, grantee)?;
    Ok(id)
}

/// A share that has ended makes room for a new one.
fn clear_ended(conn: &mut PgConnection, proof: &Authorized<Share, Connection>, grantee: Grantee) -> QueryResult<()> {
    let (actor, connection) = (proof.actor(), proof.resource());
    let ended = connection_shares::table
        .filter(connection_shares::workspace_id.eq(actor.workspace))
        .filter(connection_shares::connection_id.eq(connection.id))
        .filter(connection_shares::grantee_user.is_not_distinct_from(grantee.user()))
        .filter(connection_shares::grantee_group.is_not_distinct_from(grantee.group()))
        .filter(connection_shares::grantee_workspace.is_not_distinct_from(grantee.everyone()))
        .filter(connection_shares::expires_at.le(actor.at));
    diesel::delete(ended).execute(conn).map(drop)
}

/// Changes what a living share allows, or when it ends.
pub fn change(
    conn: &mut PgConnection,
    proof: &Authorized<Share, Connection>,
    id: ShareId,
    changes: Changes,
) -> Result<(), ShareError> {
    let actor = proof.actor();
    let share = find(conn, proof, id)?.ok_or(ShareError::Gone)?;
    if share.has_ended {
        return Err(ShareError::HasEnded);
    }
    let access = changes.access.unwrap_or(share.access);
    let expires_at = match changes.end {
        End::AsItWas => share.expires_at,
        End::Never => None,
        End::At(end) => Some(end),
    };
    if expires_at.is_some_and(|end| end <= actor.at) {
        return Err(ShareError::EndsInThePast);
    }
    let row = connection_shares::table.find((actor.workspace, id));
    let rows = diesel::update(row.filter(connection_shares::connection_id.eq(proof.resource().id)))
        .set((connection_shares::access.eq(access), connection_shares::expires_at.eq(expires_at)))
        .execute(conn)?;
    if rows == 0 {
        return Err(ShareError::Gone);
    }
    record(conn, proof, "connection.share_changed", id, share.grantee, access, expires_at)?;
    Ok(())
}

/// Takes a share away, and keeps what it was for [`restore`]; false if there is none with that id.
pub fn remove(conn: &mut PgConnection, proof: &Authorized<Share, Connection>, id: ShareId) -> Result<bool, ShareError> {
    let (actor, connection) = (proof.actor(), proof.resource());
    let Some(share) = find(conn, proof, id)? else { return Ok(false) };
    // One statement: two who take it away at the same time keep one row.
    let removed = diesel::sql_query(
        "WITH gone AS (DELETE FROM connection_shares WHERE workspace_id = $1 AND connection_id = $2 AND id = $3
            RETURNING workspace_id, id, connection_id, connection_auth, grantee_user, grantee_group, grantee_workspace,
                access, expires_at, created_by, created_at)
         INSERT INTO removed_connection_shares SELECT gone.*, $4, $5 FROM gone
         ON CONFLICT (workspace_id, id) DO UPDATE SET access = EXCLUDED.access, expires_at = EXCLUDED.expires_at,
            removed_by = EXCLUDED.removed_by, removed_at = EXCLUDED.removed_at",
    )
    .bind::<Uuid, _>(actor.workspace)
    .bind::<Uuid, _>(connection.id)
    .bind::<Uuid, _>(id)
    .bind::<Uuid, _>(actor.user)
    .bind::<Timestamptz, _>(actor.at)
    .execute(conn)?;
    if removed == 0 {
        return Ok(false);
    }
    record(conn, proof, "connection.unshared", id, share.grantee, share.access, share.expires_at)?;
    told::tell_of_loss(conn, proof, id, share.grantee)?;
    Ok(true)
}

/// What the actor took away and can still put back, if that share is it.
pub fn removed(
    conn: &mut PgConnection,
    proof: &Authorized<Share, Connection>,
    id: ShareId,
) -> QueryResult<Option<ConnectionShare>> {
    let actor = proof.actor();
    let row: Option<Row> = diesel::sql_query(concat!(
        rows_of!("removed_connection_shares"),
        "AND s.id = $4 AND s.removed_by = $5 AND s.removed_at > $6"
    ))
    .bind::<Uuid, _>(actor.workspace)
    .bind::<Uuid, _>(proof.resource().id)
    .bind::<Timestamptz, _>(actor.at)
    .bind::<Uuid, _>(id)
    .bind::<Uuid, _>(actor.user)
    .bind::<Timestamptz, _>(actor.at - UNDO_WITHIN)
    .get_result(conn)
    .optional()?;
    Ok(row.map(ConnectionShare::from))
}

type RemovedRow = (
    Option<UserId>,
    Option<GroupId>,
    Option<bool>,
    crate::authz::facts::AuthType,
    ShareAccess,
    Option<Timestamp>,
    UserId,
    Timestamp,
);

/// Puts back exactly what the actor took away a moment ago: the same share, by whom and when it was made. Nobody is told
/// that it went, and nobody again that it came; only whom a mail had not reached by then.
pub fn restore(conn: &mut PgConnection, proof: &Authorized<Share, Connection>, id: ShareId) -> Result<(), ShareError> {
    use crate::db::schema::removed_connection_shares as gone;

    let (actor, connection) = (proof.actor(), proof.resource());
    let kept = gone::table
        .find((actor.workspace, id))
        .filter(gone::connection_id.eq(connection.id))
        .filter(gone::removed_by.eq(actor.user))
        .filter(gone::removed_at.gt(actor.at - UNDO_WITHIN));
    let rows: Vec<RemovedRow> = diesel::delete(kept)
        .returning((
            gone::grantee_user,
            gone::grantee_group,
            gone::grantee_workspace,
            gone::connection_auth,
            gone::access,
            gone::expires_at,
            gone::created_by,
            gone::created_at,
        ))
        .get_results(conn)?;
    let Some((user, group, everyone, auth_type, access, expires_at, created_by, created_at)) = rows.into_iter().next()
    else {
        return Err(ShareError::TooLate);
    };
    diesel::insert_into(connection_shares::table)
        .values((
            connection_shares::workspace_id.eq(actor.workspace),
            connection_shares::id.eq(id),
            connection_shares::connection_id.eq(connection.id),
            connection_shares::connection_auth.eq(auth_type),
            connection_shares::grantee_user.eq(user),
            connection_shares::grantee_group.eq(group),
            connection_shares::grantee_workspace.eq(everyone),
            connection_shares::access.eq(access),
            connection_shares::expires_at.eq(expires_at),
            connection_shares::created_by.eq(created_by),
            connection_shares::created_at.eq(created_at),
        ))
        .execute(conn)
        .map_err(named)?;
    let grantee = Grantee::from_columns(user, group);
    record(conn, proof, "connection.share_restored", id, grantee, access, expires_at)?;
    fan_outs::cancel(conn, actor.workspace, Kind::AccessRemoved, id.uuid())?;
    told::tell_of(conn, proof, id, grantee)?;
    Ok(())
}

/// Forgets what was taken away long before `now`.
pub fn sweep(conn: &mut PgConnection, now: Timestamp) -> QueryResult<usize> {
    let old = removed_connection_shares::table.filter(removed_connection_shares::removed_at.lt(now - KEPT));
    diesel::delete(old).execute(conn)
}

fn record(
    conn: &mut PgConnection,
    proof: &Authorized<Share, Connection>,
    action: &'static str,
    share: ShareId,
    grantee: Grantee,
    access: ShareAccess,
    expires_at: Option<Timestamp>,
) -> QueryResult<()> {
    let id = proof.resource().id;
    let detail = json!({
        "share": share, "grantee": grantee.kind(), "grantee_id": grantee.id(), "access": access, "expires_at": expires_at,
    });
    audit::record(conn, proof.actor(), audit::Event::new(action, "connection", id).connection(id).detail(detail))
}

fn named(error: diesel::result::Error) -> ShareError {
    match conflict::constraint(&error) {
        Some("connection_shares_user_once" | "connection_shares_group_once" | "connection_shares_workspace_once") => {
            ShareError::AlreadyShared
        }
        Some(
            "connection_shares_workspace_id_grantee_user_fkey" | "connection_shares_workspace_id_grantee_group_fkey",
        ) => ShareError::UnknownGrantee,
        Some(_) if conflict::is_missing_reference(&error) => ShareError::Gone,
        Some(_) | None => error.into(),
    }
}
