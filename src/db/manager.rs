//! Opens the pool's connections and says whether one is still good. r2d2 asks before each use, which costs a round trip;
//! a connection that worked a moment ago is taken at its word, and if it broke since, its one user is told and it is gone.

use std::ops::Deref;
use std::ops::DerefMut;
use std::time::Duration;
use std::time::Instant;

use diesel::pg::PgConnection;
use diesel::r2d2::ConnectionManager;
use diesel::r2d2::Error;
use diesel::r2d2::ManageConnection;
use diesel::r2d2::R2D2Connection;

/// How long after its last use a connection is asked again.
const TRUSTED_FOR: Duration = Duration::from_secs(1);

/// A connection and when it was used last.
pub(in crate::db) struct Kept {
    conn: PgConnection,
    used: Instant,
}

impl Deref for Kept {
    type Target = PgConnection;

    fn deref(&self) -> &PgConnection {
        &self.conn
    }
}

impl DerefMut for Kept {
    fn deref_mut(&mut self) -> &mut PgConnection {
        &mut self.conn
    }
}

/// Opens connections to one database.
#[derive(Debug)]
pub(in crate::db) struct Manager(ConnectionManager<PgConnection>);

impl Manager {
    /// To the database at `url`.
    pub(in crate::db) fn new(url: &str) -> Self {
        Self(ConnectionManager::new(url))
    }
}

impl ManageConnection for Manager {
    type Connection = Kept;
    type Error = Error;

    fn connect(&self) -> Result<Kept, Error> {
        Ok(Kept { conn: self.0.connect()?, used: Instant::now() })
    }

    fn is_valid(&self, kept: &mut Kept) -> Result<(), Error> {
        if kept.used.elapsed() < TRUSTED_FOR { Ok(()) } else { kept.conn.ping().map_err(Error::QueryError) }
    }

    /// Asked whenever a connection comes back.
    fn has_broken(&self, kept: &mut Kept) -> bool {
        kept.used = Instant::now();
        std::thread::panicking() || kept.conn.is_broken()
    }
}
