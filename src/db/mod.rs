//! The database: a pool whose size equals the threads that may block on it, and the two ways to use a connection,
//! [`Db::read`] and [`Db::write`].

pub mod batched;
pub mod conflict;
pub mod database;
pub mod embedded;
mod manager;
pub mod prepared;
pub mod schema;
pub mod tls;

use std::sync::Arc;
use std::time::Duration;

use diesel::Connection;
use diesel::pg::PgConnection;
use diesel::r2d2::Pool;
use diesel_migrations::EmbeddedMigrations;
use diesel_migrations::MigrationHarness;
use diesel_migrations::embed_migrations;
use tokio::sync::Semaphore;

use crate::db::manager::Manager;

/// The migrations, in the binary.
pub const MIGRATIONS: EmbeddedMigrations = embed_migrations!();

const WAIT_FOR_CONNECTION: Duration = Duration::from_secs(2);

/// What can go wrong between Odeus and its database.
#[derive(Debug, thiserror::Error)]
pub enum DbError {
    /// No connection came free in time, or the database is away. Try again shortly.
    #[error("the database does not answer")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The database refused a statement.
    #[error("the database refused a statement")]
    Query(#[source] diesel::result::Error),
    /// The process is stopping.
    #[error("the work was given up because the process stops")]
    Stopped,
}

impl From<diesel::result::Error> for DbError {
    fn from(error: diesel::result::Error) -> Self {
        if conflict::is_connection_lost(&error) { Self::Unavailable(Box::new(error)) } else { Self::Query(error) }
    }
}

/// Lets `?` turn a query's error into the error's own `Database` variant.
#[macro_export]
macro_rules! database_errors {
    ($($error:ty),+ $(,)?) => {$(
        impl From<diesel::result::Error> for $error {
            fn from(error: diesel::result::Error) -> Self {
                Self::Database(error.into())
            }
        }
    )+};
}

/// The pool. Cheap to clone.
#[derive(Clone)]
pub struct Db {
    pool: Pool<Manager>,
    /// As many turns as connections: who waits, waits in order. r2d2 wakes whom it likes, and threads that wait in it
    /// fight over the processors (p99 ten times as long).
    turns: Arc<Semaphore>,
}

impl Db {
    /// A pool of `size` connections to `url`, opened as they are needed.
    pub fn connect(url: &str, size: u32) -> Result<Self, DbError> {
        let pool = Pool::builder()
            .max_size(size)
            .min_idle(Some(0))
            .connection_timeout(WAIT_FOR_CONNECTION)
            .build(Manager::new(url))
            .map_err(|error| DbError::Unavailable(Box::new(error)))?;
        let turns = Arc::new(Semaphore::new(usize::try_from(size).unwrap_or(Semaphore::MAX_PERMITS)));
        Ok(Self { pool, turns })
    }

    /// Runs `f` once with a connection, on a thread that may block.
    pub async fn read<T, E, F>(&self, f: F) -> Result<T, E>
    where
        F: FnOnce(&mut PgConnection) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<DbError> + Send + 'static,
    {
        let turn = tokio::time::timeout(WAIT_FOR_CONNECTION, Arc::clone(&self.turns).acquire_owned());
        let turn =
            turn.await.map_err(|late| DbError::Unavailable(Box::new(late)))?.map_err(|_closed| DbError::Stopped)?;
        let pool = self.pool.clone();
        let work = move || {
            let _turn = turn;
            let mut conn = pool.get().map_err(|error| DbError::Unavailable(Box::new(error)))?;
            f(&mut conn)
        };
        tokio::task::spawn_blocking(work).await.map_err(|_stopping| DbError::Stopped)?
    }

    /// Runs `f` once in a transaction that is committed when it returns `Ok`.
    pub async fn write<T, E, F>(&self, f: F) -> Result<T, E>
    where
        F: FnOnce(&mut PgConnection) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<DbError> + From<diesel::result::Error> + Send + 'static,
    {
        self.read(move |conn| conn.transaction(f)).await
    }

    /// How many connections are in use, and how many wait for work.
    pub fn occupancy(&self) -> (u32, u32) {
        let state = self.pool.state();
        (state.connections - state.idle_connections, state.idle_connections)
    }
}

/// A migration did not go through, or the schema is not ours.
#[derive(Debug, thiserror::Error)]
pub enum SchemaError {
    /// A migration failed.
    #[error("a migration failed: {0}")]
    Failed(Box<dyn std::error::Error + Send + Sync>),
    /// The database knows migrations that this version does not.
    #[error("the database was migrated by a newer Odeus; run that version, or restore a backup from before")]
    Newer,
    /// Migrations are missing.
    #[error("the database lacks {0} migration(s); run `odeus migrate` first")]
    Older(usize),
}

/// Brings the schema up to date; returns how many steps that took. Two at once wait for each other.
pub fn migrate(conn: &mut PgConnection) -> Result<usize, SchemaError> {
    use diesel::RunQueryDsl;

    let failed = |error: diesel::result::Error| SchemaError::Failed(Box::new(error));
    diesel::sql_query("SELECT pg_advisory_lock(7233150)").execute(conn).map_err(failed)?;
    let ran = conn.run_pending_migrations(MIGRATIONS).map(|versions| versions.len()).map_err(SchemaError::Failed);
    diesel::sql_query("SELECT pg_advisory_unlock(7233150)").execute(conn).map_err(failed)?;
    ran
}

/// Whether the schema is exactly what this version knows.
pub fn verify_schema(conn: &mut PgConnection) -> Result<(), SchemaError> {
    use diesel::migration::MigrationSource;

    let known: Vec<Box<dyn diesel::migration::Migration<diesel::pg::Pg>>> =
        MIGRATIONS.migrations().map_err(SchemaError::Failed)?;
    let known: std::collections::BTreeSet<String> =
        known.iter().map(|migration| migration.name().version().to_string()).collect();
    let pending = conn.pending_migrations(MIGRATIONS).map_err(SchemaError::Failed)?;
    if !pending.is_empty() {
        return Err(SchemaError::Older(pending.len()));
    }
    let applied = conn.applied_migrations().map_err(SchemaError::Failed)?;
    if applied.iter().all(|version| known.contains(&version.to_string())) { Ok(()) } else { Err(SchemaError::Newer) }
}
