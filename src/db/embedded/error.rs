//! What can go wrong with the private cluster, each case with what to do about it.
//!
//! These sentences are the first thing somebody reads when the demo does not come up, so each names its mend.

use std::io;
use std::path::Path;
use std::path::PathBuf;

/// Why the private cluster is not there.
#[derive(Debug, thiserror::Error)]
pub enum EmbeddedError {
    /// No usable Postgres on this machine.
    #[error(
        "PostgreSQL is not installed here; install it with \"{install}\", or set DATABASE_URL to a database of your own"
    )]
    Missing {
        /// The one command that installs it.
        install: String,
    },
    /// Only releases that are older than what Odeus is written for.
    #[error("PostgreSQL {found} in {bin} is too old, Odeus needs {needed} or newer; install that, or set DATABASE_URL")]
    TooOld {
        /// The major version that is there.
        found: u32,
        /// Where it is.
        bin: PathBuf,
        /// The oldest one that will do.
        needed: u32,
    },
    /// The data was written by another major version, which alone can read it.
    #[error(
        "the database in {data} was made by PostgreSQL {recorded}, and here is only {found}; \
         install PostgreSQL {recorded}, or move the folder away to begin afresh"
    )]
    OtherMajor {
        /// The cluster.
        data: PathBuf,
        /// The major version that made it.
        recorded: u32,
        /// The versions that are installed.
        found: String,
    },
    /// Root must hand the server to another user, who cannot get to the folder.
    #[error(
        "PostgreSQL does not run as root and so runs as \"{user}\", who may not enter {closed}; \
         set ODEUS_DATA_DIR to a folder such as /var/lib/odeus, or run \"chmod o+x {closed}\""
    )]
    Unreachable {
        /// The outermost folder that is closed.
        closed: PathBuf,
        /// The server's user.
        user: String,
    },
    /// A folder that is somebody else's or holds other things.
    #[error("{path} is not a folder of {user} alone; remove it, or set ODEUS_DATA_DIR to another folder")]
    NotOurs {
        /// The folder.
        path: PathBuf,
        /// Whose it should be.
        user: String,
    },
    /// Another process is starting or stopping the cluster and does not come to an end.
    #[error("another process has been starting or stopping the database in {path} for too long; look what holds it")]
    Busy {
        /// The cluster's folder.
        path: PathBuf,
    },
    /// One of Postgres's programs said no.
    #[error("{program} failed: {said}")]
    Program {
        /// The program.
        program: String,
        /// What it printed.
        said: String,
    },
    /// The server ended, or did not become ready.
    #[error("the database server did not start; {log} ends with: {said}")]
    DidNotStart {
        /// The whole log.
        log: PathBuf,
        /// Its last lines.
        said: String,
    },
    /// The operating system said no.
    #[error("could not {act} {path}")]
    System {
        /// What was tried.
        act: &'static str,
        /// With what.
        path: PathBuf,
        /// The reason.
        #[source]
        source: io::Error,
    },
}

/// Names the act and the file that an [`io::Error`] is about.
pub(super) fn failing(act: &'static str, path: &Path) -> impl FnOnce(io::Error) -> EmbeddedError {
    let path = path.to_path_buf();
    move |source| EmbeddedError::System { act, path, source }
}

#[cfg(test)]
mod tests {
    use crate::db::embedded::error::EmbeddedError;

    #[test]
    fn a_missing_postgresql_is_answered_with_the_command_that_installs_it() {
        let error = EmbeddedError::Missing { install: "apt-get install postgresql".to_owned() };

        let said = error.to_string();

        assert!(said.contains("\"apt-get install postgresql\""), "{said}");
        assert!(said.contains("DATABASE_URL"), "{said}");
    }
}
