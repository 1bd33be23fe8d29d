//! The vault's two tables: check values of key-encryption keys, and wrapped workspace keys. Nobody else reads them.

use diesel::prelude::*;
use diesel::sql_types::BigInt;
use diesel::sql_types::Uuid as SqlUuid;

use crate::db::schema::keks;
use crate::db::schema::workspace_keys;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::WorkspaceId;
use crate::kernel::ids::WorkspaceKeyId;

/// One wrapped workspace key.
#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = workspace_keys)]
#[diesel(check_for_backend(diesel::pg::Pg))]
pub(in crate::vault) struct WorkspaceKeyRow {
    /// Whose it is.
    pub(in crate::vault) workspace_id: WorkspaceId,
    /// Its id.
    pub(in crate::vault) id: WorkspaceKeyId,
    /// What it is wrapped under.
    pub(in crate::vault) kek_id: String,
    /// The wrapped bytes.
    pub(in crate::vault) wrapped: Vec<u8>,
    /// How many data keys it has wrapped.
    pub(in crate::vault) wraps: i64,
    /// Whether it wraps new ones.
    pub(in crate::vault) active: bool,
    /// When it was made.
    pub(in crate::vault) created_at: Timestamp,
}

/// Every check value, by the key's id.
pub(in crate::vault) fn list_check_values(conn: &mut PgConnection) -> QueryResult<Vec<(String, Vec<u8>)>> {
    keks::table.select((keks::kek_id, keks::check_value)).load(conn)
}

/// Writes a check value down, unless another process was quicker.
pub(in crate::vault) fn insert_check_value(
    conn: &mut PgConnection,
    kek_id: &str,
    check_value: &[u8],
    now: Timestamp,
) -> QueryResult<usize> {
    diesel::insert_into(keks::table)
        .values((keks::kek_id.eq(kek_id), keks::check_value.eq(check_value), keks::created_at.eq(now)))
        .on_conflict_do_nothing()
        .execute(conn)
}

/// The ids of the keys that workspace keys are wrapped under.
pub(in crate::vault) fn list_used_keks(conn: &mut PgConnection) -> QueryResult<Vec<String>> {
    workspace_keys::table.select(workspace_keys::kek_id).distinct().load(conn)
}

/// A new workspace key.
pub(in crate::vault) fn insert_workspace_key(conn: &mut PgConnection, row: &WorkspaceKeyRow) -> QueryResult<usize> {
    diesel::insert_into(workspace_keys::table).values(row).execute(conn)
}

/// The key that seals in a workspace.
pub(in crate::vault) fn find_active(
    conn: &mut PgConnection,
    workspace: WorkspaceId,
) -> QueryResult<Option<WorkspaceKeyRow>> {
    workspace_keys::table
        .filter(workspace_keys::workspace_id.eq(workspace))
        .filter(workspace_keys::active)
        .select(WorkspaceKeyRow::as_select())
        .first(conn)
        .optional()
}

/// One key of a workspace.
pub(in crate::vault) fn find_key(
    conn: &mut PgConnection,
    workspace: WorkspaceId,
    id: WorkspaceKeyId,
) -> QueryResult<Option<WorkspaceKeyRow>> {
    workspace_keys::table.find((workspace, id)).select(WorkspaceKeyRow::as_select()).first(conn).optional()
}

/// Adds to the count of wraps, unless another transaction holds the row: whether it did. Waiting for the row would let
/// two transactions that seal and also write the same connection block each other.
pub(in crate::vault) fn count_wraps(
    conn: &mut PgConnection,
    workspace: WorkspaceId,
    id: WorkspaceKeyId,
    count: i64,
) -> QueryResult<bool> {
    let changed = diesel::sql_query(
        "UPDATE workspace_keys SET wraps = wraps + $3 WHERE workspace_id = $1 AND id = (\
         SELECT id FROM workspace_keys WHERE workspace_id = $1 AND id = $2 FOR NO KEY UPDATE SKIP LOCKED)",
    )
    .bind::<SqlUuid, _>(workspace)
    .bind::<SqlUuid, _>(id)
    .bind::<BigInt, _>(count)
    .execute(conn)?;
    Ok(changed > 0)
}
