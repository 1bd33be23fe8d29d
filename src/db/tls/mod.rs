//! TLS to a remote Postgres, which our libpq has not.
//!
//! libpq is built from source without OpenSSL, so that nobody needs it to build Odeus. Such a libpq connects in
//! plain text without a word when `sslmode` is absent or `prefer`. So nobody hands it `DATABASE_URL` directly: for a
//! server on this machine [`secure`] leaves the URL as it is; for a remote one it starts a forwarder. libpq talks to a
//! private Unix socket, and the forwarder talks TLS to the server, with rustls and with the certificate and the
//! name always verified. (`require` in libpq's own words verifies nothing; here it does.) Plain text to a remote
//! host takes an explicit `sslmode=disable`.
//!
//! The forwarder has a thread and a runtime of its own: libpq's calls block, and blocked workers could not forward.

mod conninfo;
#[cfg(test)]
mod conninfo_tests;
mod forwarder;
mod sign_in;
mod trust;

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::thread;

use tokio::sync::oneshot;

use crate::db::tls::conninfo::Conninfo;
use crate::db::tls::conninfo::Route;
use crate::db::tls::forwarder::Forwarder;
use crate::db::tls::forwarder::SocketFolder;

/// Why `DATABASE_URL` cannot be used as it is to be used.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// Not a URL of libpq.
    #[error("DATABASE_URL must read postgres://user:password@host:port/database")]
    NotAUrl,
    /// A part that this forwarder does not do, and that must not be ignored in silence.
    #[error("DATABASE_URL: {0} is not supported here")]
    Unsupported(String),
    /// A part with a value that means nothing.
    #[error("DATABASE_URL: {name} cannot be {value}")]
    Invalid {
        /// Its name.
        name: &'static str,
        /// What it was.
        value: String,
    },
    /// The file of `sslrootcert` could not be used.
    #[error("DATABASE_URL: sslrootcert: no certificate could be read from {path}")]
    RootCertificate {
        /// The file.
        path: PathBuf,
        /// The reason.
        #[source]
        source: Option<Box<dyn std::error::Error + Send + Sync>>,
    },
    /// rustls refused its settings.
    #[error("TLS could not be set up")]
    Setup(#[source] rustls::Error),
    /// No socket, no thread or no runtime.
    #[error("the forwarder to the database could not be started")]
    Start(#[source] io::Error),
    /// Its thread ended at once.
    #[error("the forwarder to the database ended at once")]
    Gone,
}

/// A URL that is safe to give to libpq, as long as this lives. The forwarder, if there is one, ends with it.
pub struct SecuredUrl {
    url: String,
    forwarding: Option<Forwarding>,
}

/// Kept to be dropped: the first ends the thread, the second removes the socket.
struct Forwarding {
    _stop: oneshot::Sender<()>,
    _folder: SocketFolder,
}

impl SecuredUrl {
    /// What libpq is to connect to.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Does a forwarder of ours do the TLS?
    pub fn is_forwarded(&self) -> bool {
        self.forwarding.is_some()
    }
}

/// The URL holds a password.
impl fmt::Debug for SecuredUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SecuredUrl").field("is_forwarded", &self.is_forwarded()).finish_non_exhaustive()
    }
}

/// Decides how to reach the database of `url`, and starts the forwarder if that takes TLS. Does not connect yet:
/// whether the server can be reached and trusted is said by libpq's error, at the first connection.
pub async fn secure(url: &str) -> Result<SecuredUrl, TlsError> {
    let conninfo = Conninfo::parse(url)?;
    let target = match conninfo.route()? {
        Route::Direct(url) => return Ok(SecuredUrl { url, forwarding: None }),
        Route::Tls(target) => target,
    };
    let connector = trust::connector(target.root_certificate.as_deref())?;
    let folder = SocketFolder::make().map_err(TlsError::Start)?;
    let url = conninfo.through(folder.path());
    let forwarder = Forwarder::new(target, connector);
    let (stop, stopped) = oneshot::channel();
    let (started, listening) = oneshot::channel();
    let socket = folder.socket();
    thread::Builder::new()
        .name("postgres-tls".to_owned())
        .spawn(move || forwarder.run(&socket, started, stopped))
        .map_err(TlsError::Start)?;
    match listening.await {
        Ok(Ok(())) => Ok(SecuredUrl { url, forwarding: Some(Forwarding { _stop: stop, _folder: folder }) }),
        Ok(Err(error)) => Err(TlsError::Start(error)),
        Err(_) => Err(TlsError::Gone),
    }
}
