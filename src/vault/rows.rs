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

/// Whether a key was taken out of use.
pub(in crate::vault) fn is_retired(conn: &mut PgConnection, kek_id: &str) -> QueryResult<bool> {
    diesel::select(diesel::dsl::exists(keks::table.find(kek_id).filter(keks::retired_at.is_not_null())))
        .get_result(conn)
}

/// Whether a key may wrap: it is known and in use, and stays so until the transaction ends.
pub(in crate::vault) fn share_kek(conn: &mut PgConnection, kek_id: &str) -> QueryResult<bool> {
    let row = keks::table.find(kek_id).filter(keks::retired_at.is_null()).select(keks::kek_id).for_share();
    row.first::<String>(conn).optional().map(|found| found.is_some())
}

/// Keeps a key from being used to wrap until the transaction ends: whether it is known.
pub(in crate::vault) fn lock_kek(conn: &mut PgConnection, kek_id: &str) -> QueryResult<bool> {
    let row = keks::table.find(kek_id).select(keks::kek_id).for_update();
    row.first::<String>(conn).optional().map(|found| found.is_some())
}

/// Takes a key out of use.
pub(in crate::vault) fn retire(conn: &mut PgConnection, kek_id: &str, now: Timestamp) -> QueryResult<()> {
    let row = keks::table.find(kek_id).filter(keks::retired_at.is_null());
    diesel::update(row).set(keks::retired_at.eq(Some(now))).execute(conn).map(drop)
}

/// How many workspace keys a key wraps.
pub(in crate::vault) fn count_wrapped_by(conn: &mut PgConnection, kek_id: &str) -> QueryResult<i64> {
    workspace_keys::table.filter(workspace_keys::kek_id.eq(kek_id)).count().get_result(conn)
}

/// How many workspace keys another key wraps.
pub(in crate::vault) fn count_wrapped_otherwise(conn: &mut PgConnection, kek_id: &str) -> QueryResult<i64> {
    workspace_keys::table.filter(workspace_keys::kek_id.ne(kek_id)).count().get_result(conn)
}

/// Workspace keys that another key wraps, but for those that somebody holds; held until the transaction ends.
pub(in crate::vault) fn list_wrapped_otherwise(
    conn: &mut PgConnection,
    kek_id: &str,
    limit: i64,
) -> QueryResult<Vec<WorkspaceKeyRow>> {
    workspace_keys::table
        .filter(workspace_keys::kek_id.ne(kek_id))
        .order((workspace_keys::workspace_id, workspace_keys::id))
        .limit(limit)
        .for_no_key_update()
        .skip_locked()
        .select(WorkspaceKeyRow::as_select())
        .load(conn)
}

/// Puts the same workspace key under another key.
pub(in crate::vault) fn rewrap(
    conn: &mut PgConnection,
    row: &WorkspaceKeyRow,
    kek_id: &str,
    wrapped: &[u8],
) -> QueryResult<()> {
    diesel::update(workspace_keys::table.find((row.workspace_id, row.id)))
        .set((workspace_keys::kek_id.eq(kek_id), workspace_keys::wrapped.eq(wrapped)))
        .execute(conn)
        .map(drop)
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
