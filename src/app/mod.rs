//! Puts the house together: opens what the settings name, builds the parts, binds the port, starts the jobs. It is the
//! only file that knows everybody, and nobody knows it, so that every other file can be read by itself.

mod parts;

use std::io;
use std::net::SocketAddr;
use std::net::TcpListener;
use std::path::PathBuf;
use std::time::Duration;

use actix_htmx::HtmxMiddleware;
use actix_web::HttpServer;
use actix_web::dev::Server;
use actix_web::middleware::Compress;
use actix_web::middleware::from_fn;
use actix_web::web::ServiceConfig;
use actix_web::web::scope;

use crate::api;
use crate::config::Settings;
use crate::db::Db;
use crate::db::DbError;
use crate::db::database::Database;
use crate::db::database::DatabaseError;
use crate::domain::accounts::passwords::PasswordError;
use crate::domain::runs::runner::Runner;
use crate::http::assets;
use crate::http::headers;
use crate::http::metrics;
use crate::http::probes;
use crate::http::render;
use crate::http::serving::Ending;
use crate::http::serving::Servers;
use crate::http::session;
use crate::http::urls::InvalidPublicUrl;
use crate::http::urls::PublicUrl;
use crate::jobs::Jobs;
use crate::kernel::clock::Clock;
use crate::kernel::text;
use crate::mail::transport::MailSettings;
use crate::mail::transport::MailSettingsError;
use crate::mail::transport::Transport;
use crate::mail::transport::Way;
use crate::outbound::client::ClientError;
use crate::telemetry::TelemetryError;
use crate::vault::Vault;
use crate::vault::VaultError;
use crate::vault::keyring::Keyring;
use crate::vault::keyring::KeyringError;
use crate::web;

pub use crate::app::parts::Parts;

/// How long requests under way may take to end, once no new ones are taken.
const REQUESTS_END_WITHIN_SECONDS: u64 = 25;
/// How long jobs and calls may take to end. With the wait for load balancers it stays under 65 s.
const WORK_ENDS_WITHIN: Duration = Duration::from_secs(55);

/// Why Odeus does not start. Each says what to do.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// No key file is named.
    #[error(
        "ODEUS_KEY_FILE is not set, and without keys no secret can be kept; name a file, and make it with `odeus keys new`"
    )]
    NoKeyFile,
    /// The key file cannot be used.
    #[error(transparent)]
    Keyring(#[from] KeyringError),
    /// The keys are not this database's.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// No address that people could use.
    #[error(
        "ODEUS_PUBLIC_URL is not set, and {0} is no address that people can use; set it to the one they type, like \
         https://odeus.example.com"
    )]
    NoPublicUrl(SocketAddr),
    /// The public address cannot be one.
    #[error(transparent)]
    PublicUrl(#[from] InvalidPublicUrl),
    /// There is no database to work with.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// The mail settings cannot be used.
    #[error(transparent)]
    Mail(#[from] MailSettingsError),
    /// No client to the outside.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// No password hasher.
    #[error(transparent)]
    Passwords(#[from] PasswordError),
    /// No log or no counters.
    #[error(transparent)]
    Telemetry(#[from] TelemetryError),
    /// The port is not free, or not ours to take.
    #[error("cannot listen on {addr}; is another program there? ODEUS_ADDR and ODEUS_METRICS_ADDR choose the ports")]
    Listen {
        /// The address.
        addr: SocketAddr,
        /// The reason.
        #[source]
        source: io::Error,
    },
    /// Threads or sockets failed.
    #[error("the server cannot be started")]
    Server(#[source] io::Error),
}

impl From<diesel::result::Error> for StartError {
    fn from(error: diesel::result::Error) -> Self {
        DbError::from(error).into()
    }
}

impl From<DbError> for StartError {
    fn from(error: DbError) -> Self {
        Self::Database(error.into())
    }
}

/// `DATABASE_URL`, or the embedded database under the data dir.
pub async fn open_database(settings: &Settings) -> Result<Database, StartError> {
    Ok(match &settings.database_url {
        Some(url) => Database::at(url.expose(), settings.db_pool).await?,
        None => Database::embedded(&settings.data_dir.join("pg"), settings.db_pool).await?,
    })
}

/// The vault over the key file, if it is the one that this database was used with (D-13).
pub async fn open_vault(key_file: Option<&PathBuf>, db: &Db, clock: &Clock) -> Result<Vault, StartError> {
    let vault = Vault::new(Keyring::read(key_file.ok_or(StartError::NoKeyFile)?)?);
    let (verified, now) = (vault.clone(), clock.now());
    db.read(move |conn| Ok::<_, StartError>(verified.verify(conn, now)?)).await?;
    Ok(vault)
}

/// The address people use: the configured one, or where Odeus listens, if that is an address at all.
pub fn public_url(settings: &Settings) -> Result<PublicUrl, StartError> {
    match &settings.public_url {
        Some(url) => Ok(PublicUrl::parse(url)?),
        None if settings.addr.ip().is_unspecified() => Err(StartError::NoPublicUrl(settings.addr)),
        None => Ok(PublicUrl::parse(&format!("http://{}", settings.addr))?),
    }
}

/// The way mails go: to the mail server, or into files under the data dir.
pub fn transport(settings: &Settings, public: &PublicUrl) -> Result<Transport, StartError> {
    let from = settings.mail_from.clone().unwrap_or_else(|| {
        let by_name = text::email(&format!("odeus@{}", public.origin().host()));
        format!("Odeus <{}>", by_name.unwrap_or_else(|_no_name| "odeus@localhost".to_owned()))
    });
    let way = match &settings.smtp_url {
        Some(url) => Way::Smtp(url.expose().to_owned()),
        None => Way::Files(settings.data_dir.join("mail")),
    };
    Ok(Transport::new(MailSettings { from, way })?)
}

/// Where to listen, and with how much.
pub struct Doors {
    /// The socket for people and programs.
    pub listener: TcpListener,
    /// The socket for Prometheus alone; without one, `/metrics` is beside the pages.
    pub metrics: Option<TcpListener>,
    /// Threads that answer.
    pub workers: usize,
    /// Connections in the pool.
    pub pool: u32,
}

impl Doors {
    /// Binds the sockets that the settings name.
    pub fn bind(settings: &Settings) -> Result<Self, StartError> {
        let bind = |addr| TcpListener::bind(addr).map_err(|source| StartError::Listen { addr, source });
        Ok(Self {
            listener: bind(settings.addr)?,
            metrics: settings.metrics_addr.map(bind).transpose()?,
            workers: settings.workers,
            pool: settings.db_pool,
        })
    }
}

/// The app on its sockets.
pub struct App {
    servers: Servers,
    runner: Runner,
}

impl App {
    /// Takes the sockets. It answers once it runs.
    pub fn build(parts: &Parts, doors: Doors) -> Result<Self, StartError> {
        let has_metrics = doors.metrics.is_none();
        let mut servers = vec![main_server(parts.clone(), doors.listener, has_metrics, doors.workers, doors.pool)?];
        if let Some(listener) = doors.metrics {
            servers.push(metrics_server(parts.clone(), listener)?);
        }
        Ok(Self { servers: Servers::new(servers, parts.readiness.clone()), runner: parts.runner.clone() })
    }

    /// Answers until `stop` says how to end. Calls under way are finished whoever waits for them: a token that a provider
    /// has given, and that is not written down, is lost (D-29).
    pub async fn run(self, jobs: Jobs, stop: impl Future<Output = Ending>) -> Result<(), StartError> {
        let Self { servers, runner } = self;
        let finish = async |ending| {
            if ending == Ending::AtOnce {
                return;
            }
            let calls = tokio::time::timeout(WORK_ENDS_WITHIN, runner.idle());
            let ((), ended) = tokio::join!(jobs.finish(WORK_ENDS_WITHIN), calls);
            if ended.is_err() {
                tracing::warn!("stopped before every call had ended; the sweep of the next process closes them");
            }
        };
        servers.run(stop, finish).await.map_err(StartError::Server)
    }
}

fn main_server(
    parts: Parts,
    listener: TcpListener,
    has_metrics: bool,
    workers: usize,
    pool: u32,
) -> Result<Server, StartError> {
    // As many threads as connections: waiting is then a fair queue, and p99 a tenth of what it is with more.
    let blocking = usize::try_from(pool).unwrap_or(usize::MAX) / workers.max(1);
    let server = HttpServer::new(move || {
        let shared = parts.clone();
        let pages = scope("").configure(web::routes);
        let sessions = session::middleware(parts.db.clone(), parts.clock.clone(), &parts.public);
        #[expect(clippy::disallowed_methods, reason = "the scope holds what the gate added, and asks for sessions")]
        actix_web::App::new()
            .configure(|cfg| shared.share(cfg))
            .configure(|cfg| routes(cfg, has_metrics))
            .service(pages.wrap(sessions))
            .wrap(HtmxMiddleware)
            .wrap(from_fn(render::render))
            .wrap(from_fn(headers::add))
            .wrap(Compress::default())
            .wrap(from_fn(metrics::count))
    });
    Ok(server
        .workers(workers)
        .worker_max_blocking_threads(blocking.max(1))
        .shutdown_timeout(REQUESTS_END_WITHIN_SECONDS)
        .disable_signals()
        .listen(listener)
        .map_err(StartError::Server)?
        .run())
}

fn metrics_server(parts: Parts, listener: TcpListener) -> Result<Server, StartError> {
    let server = HttpServer::new(move || {
        let shared = parts.clone();
        actix_web::App::new()
            .configure(|cfg| shared.share(cfg))
            .configure(metrics::routes)
            .configure(probes::routes)
            .wrap(from_fn(headers::add))
    });
    let server = server.workers(1).shutdown_timeout(1).disable_signals();
    Ok(server.listen(listener).map_err(StartError::Server)?.run())
}

/// Every route that knows no session: a static file or a probe must not wait for the database.
fn routes(cfg: &mut ServiceConfig, has_metrics: bool) {
    assets::routes(cfg);
    probes::routes(cfg);
    if has_metrics {
        metrics::routes(cfg);
    }
    api::routes(cfg);
}
