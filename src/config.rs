//! The environment, read once, as plain values: what is wrong is said in a sentence that names the setting and the mend,
//! before anything is opened. `main` and `app` alone read this, so a room below gets what it needs as an argument.

use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;
use std::net::ToSocketAddrs;
use std::num::NonZeroUsize;
use std::path::Path;
use std::path::PathBuf;
use std::str::FromStr;

use url::Url;

use crate::outbound::guard::Egress;
use crate::outbound::guard::EgressError;
use crate::outbound::origin::OriginError;
use crate::outbound::origin::OriginMap;

/// Connections to the database for each thread that answers requests, when nobody says otherwise.
const CONNECTIONS_PER_WORKER: usize = 4;
const MOST_CONNECTIONS: u32 = 1000;
const MOST_WORKERS: usize = 256;

/// A setting that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// Not an address to listen on.
    #[error("{name} must be an address and a port to listen on, like 127.0.0.1:8080 or 0.0.0.0:8080; it is “{value}”")]
    Address {
        /// The setting.
        name: &'static str,
        /// What it is.
        value: String,
    },
    /// Not a number in its range.
    #[error("{name} must be a whole number from {least} to {most}; it is “{value}”")]
    Number {
        /// The setting.
        name: &'static str,
        /// The smallest.
        least: usize,
        /// The largest.
        most: usize,
        /// What it is.
        value: String,
    },
    /// Fewer connections than threads that need one each.
    #[error(
        "ODEUS_DB_POOL is {pool}, but each of the {workers} workers needs a connection; raise it, or lower ODEUS_WORKERS"
    )]
    PoolTooSmall {
        /// The connections.
        pool: u32,
        /// The workers.
        workers: usize,
    },
    /// Egress that cannot be read.
    #[error(transparent)]
    Egress(#[from] EgressError),
    /// A file that cannot be read.
    #[error("the file {} of ODEUS_ORIGIN_MAP cannot be read; check the path and who may read it", path.display())]
    OriginMapUnreadable {
        /// The file.
        path: PathBuf,
        /// The reason.
        #[source]
        source: std::io::Error,
    },
    /// A file that is no map.
    #[error(
        "the file {} of ODEUS_ORIGIN_MAP must have lines like `https://graph.microsoft.com: https://graph.microsoft.us`; \
         {source}",
        path.display()
    )]
    OriginMapMalformed {
        /// The file.
        path: PathBuf,
        /// The reason.
        #[source]
        source: Box<serde_saphyr::Error>,
    },
    /// An address in the map that has no origin.
    #[error("in the file {} of ODEUS_ORIGIN_MAP, {source}", path.display())]
    OriginMapAddress {
        /// The file.
        path: PathBuf,
        /// The reason.
        #[source]
        source: OriginError,
    },
}

/// An address with a password in it. `Debug` hides it.
#[derive(Clone, PartialEq, Eq)]
pub struct Hidden(String);

impl Hidden {
    /// The address, for the one who connects to it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Hidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hidden(..)")
    }
}

/// What the operator decided.
#[derive(Clone, Debug)]
pub struct Settings {
    /// `ODEUS_ADDR`: where to listen.
    pub addr: SocketAddr,
    /// `ODEUS_PUBLIC_URL`: the address people use.
    pub public_url: Option<String>,
    /// `DATABASE_URL`: a Postgres; without one, the embedded one.
    pub database_url: Option<Hidden>,
    /// `ODEUS_DATA_DIR`: where the embedded database and mails are.
    pub data_dir: PathBuf,
    /// `ODEUS_KEY_FILE`: the key-encryption keys.
    pub key_file: Option<PathBuf>,
    /// `ODEUS_SMTP_URL`: the mail server; without one, mails are files.
    pub smtp_url: Option<Hidden>,
    /// `ODEUS_MAIL_FROM`: who sends.
    pub mail_from: Option<String>,
    /// `ODEUS_EGRESS_ALLOW`: which addresses may be called.
    pub egress: Egress,
    /// `ODEUS_ORIGIN_MAP`: one origin in place of another.
    pub origin_map: OriginMap,
    /// `ODEUS_DB_POOL`: connections to the database.
    pub db_pool: u32,
    /// `ODEUS_WORKERS`: threads that answer requests.
    pub workers: usize,
    /// `ODEUS_LOG`: what is logged.
    pub log: String,
    /// `ODEUS_LOG_FORMAT`: how.
    pub log_format: String,
    /// `ODEUS_METRICS_ADDR`: where `/metrics` is; without one, beside the pages.
    pub metrics_addr: Option<SocketAddr>,
}

impl Settings {
    /// From the process's environment.
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the environment")]
    pub fn from_env() -> Result<Self, SettingsError> {
        Self::from_lookup(|name| std::env::var(name).ok())
    }

    /// From anything that knows the settings by name. An empty one counts as not set: that is how container files say it.
    pub fn from_lookup(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, SettingsError> {
        let lookup = |name: &str| lookup(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty());
        let workers = match lookup("ODEUS_WORKERS") {
            Some(value) => number("ODEUS_WORKERS", &value, MOST_WORKERS)?,
            None => std::thread::available_parallelism().map_or(2, NonZeroUsize::get).min(MOST_WORKERS),
        };
        let addr = lookup("ODEUS_ADDR").unwrap_or_else(|| "127.0.0.1:8080".to_owned());
        let metrics_addr = lookup("ODEUS_METRICS_ADDR");
        Ok(Self {
            addr: address("ODEUS_ADDR", &addr)?,
            public_url: lookup("ODEUS_PUBLIC_URL").map(|url| url.trim_end_matches('/').to_owned()),
            database_url: lookup("DATABASE_URL").map(Hidden),
            data_dir: lookup("ODEUS_DATA_DIR").unwrap_or_else(|| ".odeus".to_owned()).into(),
            key_file: lookup("ODEUS_KEY_FILE").map(PathBuf::from),
            smtp_url: lookup("ODEUS_SMTP_URL").map(Hidden),
            mail_from: lookup("ODEUS_MAIL_FROM"),
            egress: Egress::allowing(&lookup("ODEUS_EGRESS_ALLOW").unwrap_or_default())?,
            origin_map: lookup("ODEUS_ORIGIN_MAP")
                .map(|path| origin_map(Path::new(&path)))
                .transpose()?
                .unwrap_or_default(),
            db_pool: pool(lookup("ODEUS_DB_POOL"), workers)?,
            workers,
            log: lookup("ODEUS_LOG").unwrap_or_else(|| "info,actix_server=warn".to_owned()),
            log_format: lookup("ODEUS_LOG_FORMAT").unwrap_or_else(|| "text".to_owned()),
            metrics_addr: metrics_addr.map(|value| address("ODEUS_METRICS_ADDR", &value)).transpose()?,
        })
    }
}

impl Settings {
    /// Where Odeus itself is, and what it runs on: never to be called on a user's behalf, whatever is allowed.
    pub fn own_addresses(&self) -> Vec<SocketAddr> {
        let services = [(&self.database_url, 5432), (&self.smtp_url, 25)];
        let services = services.into_iter().filter_map(|(url, port)| {
            let url = Url::parse(url.as_ref()?.expose()).ok()?;
            (url.host_str()?.trim_matches(['[', ']']), url.port().unwrap_or(port)).to_socket_addrs().ok()
        });
        let own = [Some(self.addr), self.metrics_addr].into_iter().flatten();
        own.chain(services.flatten()).collect()
    }
}

fn address(name: &'static str, value: &str) -> Result<SocketAddr, SettingsError> {
    let value = value.strip_prefix("localhost:").map_or_else(|| value.to_owned(), |port| format!("127.0.0.1:{port}"));
    value.parse().map_err(|_unreadable| SettingsError::Address { name, value })
}

fn number<N: FromStr + PartialOrd + From<u8> + TryFrom<usize>>(
    name: &'static str,
    value: &str,
    most: usize,
) -> Result<N, SettingsError> {
    let fits = |number: &N| *number >= N::from(1) && N::try_from(most).is_ok_and(|most| *number <= most);
    let outside = || SettingsError::Number { name, least: 1, most, value: value.to_owned() };
    value.parse().ok().filter(fits).ok_or_else(outside)
}

fn pool(value: Option<String>, workers: usize) -> Result<u32, SettingsError> {
    let most = usize::try_from(MOST_CONNECTIONS).unwrap_or(usize::MAX);
    let Some(value) = value else {
        return Ok(u32::try_from(workers * CONNECTIONS_PER_WORKER).unwrap_or(MOST_CONNECTIONS).min(MOST_CONNECTIONS));
    };
    let pool = number("ODEUS_DB_POOL", &value, most)?;
    let is_enough = usize::try_from(pool).is_ok_and(|pool| pool >= workers);
    if is_enough { Ok(pool) } else { Err(SettingsError::PoolTooSmall { pool, workers }) }
}

fn origin_map(path: &Path) -> Result<OriginMap, SettingsError> {
    let text = std::fs::read_to_string(path)
        .map_err(|source| SettingsError::OriginMapUnreadable { path: path.to_owned(), source })?;
    // A file of comments alone maps nothing.
    let pairs: Option<BTreeMap<String, String>> = serde_saphyr::from_str(&text)
        .map_err(|source| SettingsError::OriginMapMalformed { path: path.to_owned(), source: Box::new(source) })?;
    let pairs = pairs.unwrap_or_default();
    OriginMap::from_pairs(pairs.iter().map(|(from, to)| (from.as_str(), to.as_str())))
        .map_err(|source| SettingsError::OriginMapAddress { path: path.to_owned(), source })
}
