//! The database of one process: somebody's Postgres, or the embedded one. Either way something has to live as long as the
//! connections do, so both are one value.

use std::path::Path;

use crate::db;
use crate::db::Db;
use crate::db::DbError;
use crate::db::SchemaError;
use crate::db::embedded::Durability;
use crate::db::embedded::Embedded;
use crate::db::embedded::EmbeddedError;
use crate::db::embedded::EmbeddedOptions;
use crate::db::embedded::reachable_folder;
use crate::db::tls;
use crate::db::tls::SecuredUrl;
use crate::db::tls::TlsError;

/// Connections of the embedded database beside the pool's: for commands while the server runs.
const SPARE_CONNECTIONS: u16 = 20;

/// Why there is no database. Each says what to do.
#[derive(Debug, thiserror::Error)]
pub enum DatabaseError {
    /// The embedded database does not run.
    #[error(transparent)]
    Embedded(#[from] EmbeddedError),
    /// `DATABASE_URL` cannot be used.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The database does not answer.
    #[error(transparent)]
    Database(#[from] DbError),
    /// The schema is not ours.
    #[error(transparent)]
    Schema(#[from] SchemaError),
}

/// A pool, and whatever keeps it reachable for as long as this lives.
pub struct Database {
    /// The pool.
    pub db: Db,
    keeper: Keeper,
}

/// Kept to be dropped after the pool.
enum Keeper {
    Embedded { _cluster: Embedded },
    Secured { _url: SecuredUrl },
}

impl Database {
    /// The database at a URL, never in plain text over a network unless the URL says so.
    pub async fn at(url: &str, pool: u32) -> Result<Self, DatabaseError> {
        let secured = tls::secure(url).await?;
        let db = Db::connect(secured.url(), pool)?;
        Ok(Self { db, keeper: Keeper::Secured { _url: secured } })
    }

    /// The embedded database in this folder, made when it is not there.
    pub async fn embedded(folder: &Path, pool: u32) -> Result<Self, DatabaseError> {
        let data_dir = reachable_folder(folder);
        if std::path::absolute(folder).is_ok_and(|wanted| wanted != data_dir) {
            tracing::warn!(path = %data_dir.display(), "the embedded database is in {}", data_dir.display());
        }
        let max_connections = u16::try_from(pool).unwrap_or(u16::MAX).saturating_add(SPARE_CONNECTIONS);
        let options = EmbeddedOptions { data_dir, durability: Durability::Durable, max_connections };
        let cluster = tokio::task::spawn_blocking(move || Embedded::start(&options)).await;
        let cluster = cluster.map_err(|_stopping| DbError::Stopped)??;
        let db = Db::connect(&cluster.url("odeus"), pool)?;
        Ok(Self { db, keeper: Keeper::Embedded { _cluster: cluster } })
    }

    /// Brings the schema up to date; returns how many steps that took.
    pub async fn migrate(&self) -> Result<usize, DatabaseError> {
        self.db.read(|conn| Ok(db::migrate(conn)?)).await
    }

    /// The embedded database is Odeus' own, so it is migrated; another one is its operator's, who says when.
    pub async fn prepare(&self) -> Result<(), DatabaseError> {
        match self.keeper {
            Keeper::Embedded { .. } => self.migrate().await.map(drop),
            Keeper::Secured { .. } => self.db.read(|conn| Ok(db::verify_schema(conn)?)).await,
        }
    }
}
