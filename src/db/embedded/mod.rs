//! The database that comes with Odeus: a private cluster of an installed Postgres.
//!
//! It is real Postgres, so the demo, the tests and a small installation run on the same database as a large one, and it
//! costs nothing to build. It listens on a Unix socket only: no port to clash with, no password to keep. Who may
//! enter the socket's folder is who may in (`place`).
//!
//! **Who stops it.** The last one. The first process starts the server, later ones share it, and the server ends
//! with the last of them, in whatever way that ended (`server`). A second process takes the server as it is: its
//! `durability` and `max_connections` are those of the first.
//!
//! Tests: `tests/app/embedded.rs`.

mod cluster;
mod error;
mod installation;
mod place;
mod server;
mod server_user;
mod wait;

use std::fs::File;
use std::path::PathBuf;
use std::process::Child;

use percent_encoding::NON_ALPHANUMERIC;
use percent_encoding::percent_encode;

pub use crate::db::embedded::error::EmbeddedError;
use crate::db::embedded::installation::Installation;
use crate::db::embedded::place::Place;
pub use crate::db::embedded::place::reachable_folder;

/// Does what was committed survive a loss of power?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// Yes.
    Durable,
    /// No, and so commits do not wait for the disk: for tests. A kill of ours loses none, a kill of the
    /// server may lose the last.
    Throwaway,
}

/// How the cluster is to be.
#[derive(Debug, Clone)]
pub struct EmbeddedOptions {
    /// The cluster's own folder; made when it is not there.
    pub data_dir: PathBuf,
    /// Durable, but for tests.
    pub durability: Durability,
    /// For all processes that share it.
    pub max_connections: u16,
}

/// A running private cluster. It runs until the last process that has one of these drops it, or ends in any way.
#[derive(Debug)]
pub struct Embedded {
    place: Place,
    /// The pipe that keeps the server up; `None` once let go.
    alive: Option<File>,
    /// Shared with all who use the server, so that the last one knows it is the last.
    holders: File,
    /// The shell, if we started it.
    child: Option<Child>,
}

impl Embedded {
    /// Starts the cluster, making it first when it is new, or shares the one that runs. Blocks: a first start
    /// takes a second or two, a later one a tenth.
    pub fn start(options: &EmbeddedOptions) -> Result<Self, EmbeddedError> {
        let place = Place::prepare(&options.data_dir)?;
        let _starting = wait::lock(&place.starting(), place.user())?;
        let holders = wait::lock_shared(&place.holders(), place.user())?;
        place.furnish()?;
        if let Some(alive) = server::adopt(&place)? {
            return Ok(Self { place, alive: Some(alive), holders, child: None });
        }
        let recorded = cluster::recorded_major(&place);
        let installation = Installation::find(&place.data(), recorded)?;
        if recorded.is_none() {
            cluster::create(&place, &installation, options.durability)?;
        }
        let (alive, child) = server::launch(&place, &installation, options)?;
        Ok(Self { place, alive: Some(alive), holders, child: Some(child) })
    }

    /// A libpq URL of `database` in this cluster, as its superuser. The database `odeus` is always there.
    pub fn url(&self, database: &str) -> String {
        let folder = percent_encode(self.place.socket_folder().as_os_str().as_encoded_bytes(), NON_ALPHANUMERIC);
        let database = percent_encode(database.as_bytes(), NON_ALPHANUMERIC);
        format!("postgres:///{database}?host={folder}&port=5432&user={}", cluster::ROLE)
    }

    /// Lets go of the cluster, and waits for the server's end if nobody else uses it. Dropping does the same.
    pub fn stop(self) {
        drop(self);
    }
}

impl Drop for Embedded {
    fn drop(&mut self) {
        drop(self.alive.take());
        // Exclusive now, if we were the last; and a next one waits in `start` until the server is gone.
        let is_last = self.holders.unlock().is_ok() && self.holders.try_lock().is_ok();
        if is_last {
            server::wait_for_end(&self.place, self.child.take());
            self.place.clear();
        }
    }
}
