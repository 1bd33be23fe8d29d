//! Carries each connection of libpq, from a private Unix socket, over TLS to the server.
//!
//! What goes wrong here is told to libpq as an error of the protocol, so that it reaches the log and the person in the
//! words of whoever found it, instead of "server closed the connection unexpectedly".

use std::fs;
use std::fs::DirBuilder;
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use ring::rand::SecureRandom;
use ring::rand::SystemRandom;
use rustls::pki_types::ServerName;
use tokio::io::AsyncReadExt;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpSocket;
use tokio::net::TcpStream;
use tokio::net::UnixListener;
use tokio::net::UnixStream;
use tokio::net::lookup_host;
use tokio::runtime;
use tokio::sync::oneshot;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::db::tls::conninfo::Target;
use crate::db::tls::sign_in;

/// What a client sends to ask for TLS: the length, and the number that stands where a version would.
const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 4, 210, 22, 47];
/// For the TCP connection, and again for the TLS handshake.
const STEP_LIMIT: Duration = Duration::from_secs(10);
/// So that an accept that fails (no more file handles) is not tried in a busy loop.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// Only folders older than this are swept; a younger one may be about to get its socket.
const SWEEP_AGE: Duration = Duration::from_mins(1);

/// Why one connection did not come about.
#[derive(Debug, thiserror::Error)]
enum ConnectError {
    #[error("could not reach {address}: {source}")]
    Unreachable { address: String, source: io::Error },
    #[error("{address} does not answer")]
    Slow { address: String },
    #[error("{address} does not offer TLS; for plain text add sslmode=disable to DATABASE_URL")]
    NoTls { address: String },
    #[error("TLS with {address} failed: {source}")]
    Handshake { address: String, source: io::Error },
}

/// Everything that one connection needs.
pub(super) struct Forwarder {
    target: Target,
    connector: TlsConnector,
}

impl Forwarder {
    pub(super) fn new(target: Target, connector: TlsConnector) -> Self {
        Self { target, connector }
    }

    /// Serves `socket` until the other end of `stopped` is dropped; tells `started` when it listens. Blocks.
    pub(super) fn run(
        self,
        socket: &Path,
        started: oneshot::Sender<io::Result<()>>,
        mut stopped: oneshot::Receiver<()>,
    ) {
        let built = runtime::Builder::new_current_thread().enable_all().build();
        let runtime = match built {
            Ok(runtime) => runtime,
            Err(error) => return started.send(Err(error)).unwrap_or_default(),
        };
        runtime.block_on(async {
            let listener = match UnixListener::bind(socket) {
                Ok(listener) => listener,
                Err(error) => return started.send(Err(error)).unwrap_or_default(),
            };
            if started.send(Ok(())).is_err() {
                return;
            }
            tokio::select! {
                () = self.serve(&listener) => {}
                _ = &mut stopped => {}
            }
        });
    }

    async fn serve(self, listener: &UnixListener) {
        let forwarder = Arc::new(self);
        loop {
            match listener.accept().await {
                Ok((client, _)) => {
                    let forwarder = Arc::clone(&forwarder);
                    tokio::spawn(async move { forwarder.forward(client).await });
                }
                Err(error) => {
                    tracing::warn!(%error, "could not accept a connection to the database");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }

    async fn forward(&self, mut client: UnixStream) {
        match self.connect().await {
            Ok(server) => {
                exchange(client, server).await.unwrap_or_else(|error| note_broken(&error));
            }
            Err(error) => {
                tracing::warn!(%error, "no TLS connection to the database");
                drop(refuse(&mut client, &error).await);
            }
        }
    }

    async fn connect(&self) -> Result<TlsStream<TcpStream>, ConnectError> {
        let address = self.target.to_string();
        let slow = |_| ConnectError::Slow { address: address.clone() };
        let unreachable = |source| ConnectError::Unreachable { address: address.clone(), source };
        let mut tcp = timeout(STEP_LIMIT, self.dial()).await.map_err(slow)?.map_err(unreachable)?;
        let answer = timeout(STEP_LIMIT, ask_for_tls(&mut tcp)).await.map_err(slow)?.map_err(unreachable)?;
        if answer != b'S' {
            return Err(ConnectError::NoTls { address: address.clone() });
        }
        let handshake = self.connector.connect(self.name(), tcp);
        timeout(STEP_LIMIT, handshake)
            .await
            .map_err(slow)?
            .map_err(|source| ConnectError::Handshake { address: address.clone(), source })
    }

    fn name(&self) -> ServerName<'static> {
        self.target.name.clone()
    }

    async fn dial(&self) -> io::Result<TcpStream> {
        let mut failed = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
        for address in lookup_host((self.target.dial.as_str(), self.target.port)).await? {
            let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
            // libpq would do both; on a Unix socket it cannot.
            socket.set_keepalive(true)?;
            socket.set_nodelay(true)?;
            match socket.connect(address).await {
                Ok(stream) => return Ok(stream),
                Err(error) => failed = error,
            }
        }
        Err(failed)
    }
}

/// Reads one byte and no more: what else came in plain text would be for an attacker to choose, and now fails the
/// handshake.
async fn ask_for_tls(tcp: &mut TcpStream) -> io::Result<u8> {
    tcp.write_all(&SSL_REQUEST).await?;
    tcp.read_u8().await
}

/// Ends when either side does: neither libpq nor the server goes on with half a connection.
/// An end in the middle is seen by libpq, which tells it better.
fn note_broken(error: &io::Error) {
    tracing::debug!(%error, "a connection to the database broke");
}

async fn exchange(client: UnixStream, server: TlsStream<TcpStream>) -> io::Result<()> {
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = tokio::io::split(server);
    let up = async {
        tokio::io::copy(&mut from_client, &mut to_server).await?;
        to_server.shutdown().await
    };
    let down = async {
        sign_in::pass(&mut from_server, &mut to_client).await?;
        tokio::io::copy(&mut from_server, &mut to_client).await?;
        to_client.shutdown().await
    };
    tokio::select! {
        done = up => done,
        done = down => done,
    }
}

/// Reads what libpq opens with, since it looks for an answer only afterwards, and answers with an error.
async fn refuse(client: &mut UnixStream, error: &ConnectError) -> io::Result<()> {
    let mut opening = [0; 1024];
    timeout(STEP_LIMIT, client.read(&mut opening)).await??;
    // 08001: the client could not establish the connection.
    let body = format!("SFATAL\0VFATAL\0C08001\0M{error}\0\0");
    client.write_all(&sign_in::message(b'E', body.as_bytes())).await?;
    client.shutdown().await
}

/// A folder that we alone may enter, with the socket for libpq; removed with this.
#[derive(Debug)]
pub(super) struct SocketFolder(PathBuf);

impl SocketFolder {
    /// Makes one, under a name that nobody can guess and take first. Sweeps those of processes that were killed.
    pub(super) fn make() -> io::Result<Self> {
        let mut chance = [0; 8];
        SystemRandom::new()
            .fill(&mut chance)
            .ok()
            .ok_or_else(|| io::Error::other("the system gives no random bytes"))?;
        let name = format!("{PREFIX}{:016x}", u64::from_ne_bytes(chance));
        let temporary = std::env::temp_dir();
        // A socket's address has room for about a hundred bytes.
        let parent = if temporary.as_os_str().len() < 60 { temporary } else { PathBuf::from("/tmp") };
        sweep(&parent);
        let folder = parent.join(name);
        DirBuilder::new().mode(0o700).create(&folder)?;
        Ok(Self(folder))
    }

    /// For `host=`.
    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    /// The socket that libpq looks for, for port 5432.
    pub(super) fn socket(&self) -> PathBuf {
        self.0.join(SOCKET)
    }
}

impl Drop for SocketFolder {
    fn drop(&mut self) {
        remove(&self.0);
    }
}

const PREFIX: &str = "odeus-tls-";
const SOCKET: &str = ".s.PGSQL.5432";

fn sweep(parent: &Path) {
    for entry in fs::read_dir(parent).into_iter().flatten().flatten() {
        let is_old = || Some(entry.metadata().ok()?.modified().ok()?.elapsed().ok()? > SWEEP_AGE);
        if entry.file_name().to_string_lossy().starts_with(PREFIX) && is_old() == Some(true) {
            let folder = entry.path();
            let tried = std::os::unix::net::UnixStream::connect(folder.join(SOCKET));
            // Nobody listens any more. (That of another user says something else.)
            if tried.is_err_and(|error| error.kind() == io::ErrorKind::ConnectionRefused) {
                remove(&folder);
            }
        }
    }
}

/// What stays is a socket without a listener in a closed folder, and harms nobody.
fn remove(folder: &Path) {
    fs::remove_file(folder.join(SOCKET)).unwrap_or_default();
    fs::remove_dir(folder).unwrap_or_default();
}
