//! Which keys each serving process has read (D-11). A process says so when it starts and every few seconds from then on;
//! one that has said nothing for a minute is taken for dead. Both on the database's clock, as it is between processes.

use diesel::QueryResult;
use diesel::QueryableByName;
use diesel::RunQueryDsl;
use diesel::pg::PgConnection;
use diesel::sql_types::Array;
use diesel::sql_types::BigInt;
use diesel::sql_types::Text;
use diesel::sql_types::Uuid;

use crate::kernel::ids::ProcessId;
use crate::vault::keyring::Keyring;

/// Held, shared, by whoever comes in or reads other keys, and alone by whoever changes what is wrapped: a process comes in
/// either before, and is counted, or after, and sees what is wrapped then.
const KEYS_CHANGE: i64 = 7_233_151;

/// One serving process.
#[derive(Clone, Debug)]
pub struct Process {
    /// Its id.
    pub id: ProcessId,
    /// What people know it by: the machine, its address there, the number of the process.
    pub name: String,
}

/// A process that lives, as it was last heard of.
#[derive(Debug, QueryableByName)]
pub(in crate::vault) struct Living {
    /// What people know it by.
    #[diesel(sql_type = Text)]
    pub(in crate::vault) name: String,
    /// The keys that it has read.
    #[diesel(sql_type = Array<Text>)]
    pub(in crate::vault) kek_ids: Vec<String>,
    /// The one that it wraps with.
    #[diesel(sql_type = Text)]
    pub(in crate::vault) active: String,
    /// For how long it has said nothing.
    #[diesel(sql_type = BigInt)]
    pub(in crate::vault) silent_seconds: i64,
}

impl Living {
    /// Its name, and since when it is silent if that is long.
    pub(in crate::vault) fn described(&self) -> String {
        match self.silent_seconds {
            ..=20 => self.name.clone(),
            seconds => format!("{} (last heard of {seconds} s ago; it counts for a minute)", self.name),
        }
    }
}

/// Lets processes come in together, until the transaction ends.
pub(in crate::vault) fn share(tx: &mut PgConnection) -> QueryResult<()> {
    lock(tx, "SELECT pg_advisory_xact_lock_shared($1)")
}

/// Keeps others from coming in, until the transaction ends.
pub(in crate::vault) fn exclude(tx: &mut PgConnection) -> QueryResult<()> {
    lock(tx, "SELECT pg_advisory_xact_lock($1)")
}

fn lock(tx: &mut PgConnection, sql: &str) -> QueryResult<()> {
    diesel::sql_query(sql).bind::<BigInt, _>(KEYS_CHANGE).execute(tx).map(drop)
}

/// Says which keys a process has read.
pub(in crate::vault) fn note(conn: &mut PgConnection, process: &Process, keyring: &Keyring) -> QueryResult<()> {
    diesel::sql_query("DELETE FROM process_keys WHERE seen_at < clock_timestamp() - interval '1 hour'")
        .execute(conn)?;
    diesel::sql_query(
        "INSERT INTO process_keys (process_id, name, kek_ids, active, started_at, seen_at)
         VALUES ($1, $2, $3, $4, clock_timestamp(), clock_timestamp())
         ON CONFLICT (process_id) DO UPDATE SET
             kek_ids = excluded.kek_ids, active = excluded.active, seen_at = excluded.seen_at",
    )
    .bind::<Uuid, _>(process.id)
    .bind::<Text, _>(&process.name)
    .bind::<Array<Text>, _>(keyring.ids().collect::<Vec<_>>())
    .bind::<Text, _>(keyring.active())
    .execute(conn)
    .map(drop)
}

/// Forgets a process that ends.
pub fn forget(conn: &mut PgConnection, process: &Process) -> QueryResult<()> {
    diesel::sql_query("DELETE FROM process_keys WHERE process_id = $1")
        .bind::<Uuid, _>(process.id)
        .execute(conn)
        .map(drop)
}

/// The processes that live.
pub(in crate::vault) fn list_living(conn: &mut PgConnection) -> QueryResult<Vec<Living>> {
    diesel::sql_query(
        "SELECT name, kek_ids, active, extract(epoch FROM clock_timestamp() - seen_at)::bigint AS silent_seconds
         FROM process_keys WHERE seen_at > clock_timestamp() - interval '1 minute' ORDER BY started_at",
    )
    .load(conn)
}
