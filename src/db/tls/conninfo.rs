//! What `DATABASE_URL` says, read exactly as libpq reads it, and the decision between plain text and TLS.
//!
//! Not read by the `url` crate: two parsers that disagree about where the host is would let a URL look local here and
//! be remote there. Whatever is not certainly local counts as remote.

use std::fmt;
use std::net::IpAddr;
use std::path::Path;
use std::path::PathBuf;

use percent_encoding::NON_ALPHANUMERIC;
use percent_encoding::percent_decode_str;
use percent_encoding::percent_encode;
use rustls::pki_types::ServerName;

use crate::db::tls::TlsError;

/// Parameters that cannot be honoured and may not be dropped in silence, each with the values that ask for nothing.
const UNSUPPORTED: [(&str, &[&str]); 10] = [
    ("service", &[]),
    ("servicefile", &[]),
    ("sslcert", &[]),
    ("sslkey", &[]),
    ("sslpassword", &[]),
    ("sslcrl", &[]),
    ("sslcrldir", &[]),
    ("sslcertmode", &["allow", "disable"]),
    ("sslnegotiation", &["postgres"]),
    // rustls speaks nothing older than 1.2 anyway.
    ("ssl_min_protocol_version", &["TLSv1", "TLSv1.1", "TLSv1.2"]),
];

/// Parameters that are about the connection to the server, which is the forwarder's. (`channel_binding` could only be
/// refused by libpq, which sees no TLS; that the server is the right one is known by its certificate.)
const FORWARDERS: [&str; 7] = ["host", "hostaddr", "port", "channel_binding", "tcp_user_timeout", "ssl", "requiressl"];

/// The parts of a libpq URL.
#[derive(Clone)]
pub(super) struct Conninfo {
    original: String,
    /// Decoded, each name once.
    values: Vec<(String, String)>,
}

/// How to get to the server.
#[derive(Debug)]
pub(super) enum Route {
    /// libpq may connect to this URL itself.
    Direct(String),
    /// Over TLS.
    Tls(Target),
}

/// A server that is reached over TLS.
#[derive(Debug, Clone)]
pub(super) struct Target {
    /// What to connect to: a name or an address.
    pub(super) dial: String,
    pub(super) port: u16,
    /// What the certificate must be for.
    pub(super) name: ServerName<'static>,
    /// The authorities to trust in place of the web's.
    pub(super) root_certificate: Option<PathBuf>,
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.name.to_str(), self.port)
    }
}

impl Conninfo {
    pub(super) fn parse(url: &str) -> Result<Self, TlsError> {
        let rest = url.strip_prefix("postgresql://").or_else(|| url.strip_prefix("postgres://"));
        let rest = rest.ok_or(TlsError::NotAUrl)?;
        let mut conninfo = Self { original: url.to_owned(), values: Vec::new() };
        // libpq takes the first of the two signs, and so a password has its `@` encoded.
        let rest = match rest.find(['@', '/']).and_then(|at| rest.split_at_checked(at)) {
            Some((credentials, after)) if after.starts_with('@') => {
                let (user, password) = credentials.split_once(':').unwrap_or((credentials, ""));
                conninfo.set("user", user)?;
                conninfo.set("password", password)?;
                after.strip_prefix('@').unwrap_or(after)
            }
            _ => rest,
        };
        let (rest, parameters) = rest.split_once('?').unwrap_or((rest, ""));
        let (address, database) = rest.split_once('/').unwrap_or((rest, ""));
        conninfo.set_address(address)?;
        conninfo.set("dbname", database)?;
        for parameter in parameters.split('&').filter(|each| !each.is_empty()) {
            let (name, value) = parameter.split_once('=').ok_or(TlsError::NotAUrl)?;
            conninfo.set(&decode(name)?, value)?;
        }
        Ok(conninfo)
    }

    /// Plain text or TLS?
    pub(super) fn route(&self) -> Result<Route, TlsError> {
        self.refuse_unsupported()?;
        let wants_tls = match self.value("sslmode") {
            Some("disable") => Some(false),
            None | Some("allow" | "prefer") => None,
            Some("require" | "verify-ca" | "verify-full") => Some(true),
            Some(other) => {
                return Err(TlsError::Invalid { name: "sslmode", value: other.to_owned() });
            }
        };
        let wants_tls = match (wants_tls, self.value("ssl")) {
            (None, Some("true")) => Some(true),
            (wanted, _) => wanted,
        };
        let Some(dial) = self.value("hostaddr").or_else(|| self.value("host")) else {
            return Ok(Route::Direct(self.at_default_socket()));
        };
        if dial.starts_with(['/', '@']) {
            // A socket has no TLS, and our libpq would refuse the word.
            let url = if wants_tls == Some(true) { self.with_host(dial) } else { self.original.clone() };
            return Ok(Route::Direct(url));
        }
        if wants_tls == Some(false) || (wants_tls.is_none() && is_loopback(dial)) {
            return Ok(Route::Direct(self.original.clone()));
        }
        self.target(dial).map(Route::Tls)
    }

    /// The same sign-in through the forwarder's socket in `folder`.
    pub(super) fn through(&self, folder: &Path) -> String {
        self.rewritten(&folder.to_string_lossy(), "5432")
    }

    fn target(&self, dial: &str) -> Result<Target, TlsError> {
        let name = self.value("host").filter(|host| !host.starts_with(['/', '@'])).unwrap_or(dial);
        let invalid = |name: &'static str, value: &str| TlsError::Invalid { name, value: value.to_owned() };
        let server = ServerName::try_from(name.to_owned()).ok().ok_or_else(|| invalid("host", name))?;
        let root = self.value("sslrootcert").filter(|path| *path != "system").map(PathBuf::from);
        let port = self.port();
        let port = port.parse().ok().ok_or_else(|| invalid("port", port))?;
        Ok(Target { dial: dial.to_owned(), port, name: server, root_certificate: root })
    }

    /// Names the folder, which libpq would else take from `PGHOST`, which may be remote, or from its own build.
    fn at_default_socket(&self) -> String {
        let debians = Path::new("/var/run/postgresql");
        let is_there = debians.join(format!(".s.PGSQL.{}", self.port())).exists();
        self.with_host(if is_there { "/var/run/postgresql" } else { "/tmp" })
    }

    fn with_host(&self, host: &str) -> String {
        self.rewritten(host, self.port())
    }

    fn port(&self) -> &str {
        self.value("port").unwrap_or("5432")
    }

    fn rewritten(&self, host: &str, port: &str) -> String {
        let database = self.value("dbname").map(encode).unwrap_or_default();
        let mut url = format!("postgres:///{database}?host={}&port={}", encode(host), encode(port));
        for (name, value) in &self.values {
            let is_ours = name == "dbname" || FORWARDERS.contains(&name.as_str());
            let is_about_tcp = name.starts_with("ssl") || name.starts_with("keepalives");
            if !is_ours && !is_about_tcp {
                url.push('&');
                url.push_str(&encode(name).replace("%5F", "_"));
                url.push('=');
                url.push_str(&encode(value));
            }
        }
        url
    }

    fn refuse_unsupported(&self) -> Result<(), TlsError> {
        for name in ["host", "hostaddr", "port"] {
            if self.value(name).is_some_and(|value| value.contains(',')) {
                return Err(TlsError::Unsupported("more than one host".to_owned()));
            }
        }
        let asks =
            |(name, harmless): &&(&str, &[&str])| self.value(name).is_some_and(|value| !harmless.contains(&value));
        match UNSUPPORTED.iter().find(asks) {
            Some((name, _)) => Err(TlsError::Unsupported((*name).to_owned())),
            None => Ok(()),
        }
    }

    fn set_address(&mut self, address: &str) -> Result<(), TlsError> {
        let (host, port) = match address.strip_prefix('[') {
            Some(bracketed) => bracketed.split_once(']').ok_or(TlsError::NotAUrl)?,
            None => address.find(':').and_then(|at| address.split_at_checked(at)).unwrap_or((address, "")),
        };
        self.set("host", host)?;
        match port.strip_prefix(':') {
            Some(port) => self.set("port", port),
            None if port.is_empty() => Ok(()),
            None => Err(TlsError::NotAUrl),
        }
    }

    /// The later one counts, as in libpq.
    fn set(&mut self, name: &str, encoded: &str) -> Result<(), TlsError> {
        let value = decode(encoded)?;
        match self.values.iter_mut().find(|(known, _)| known == name) {
            Some(known) => known.1 = value,
            None if value.is_empty() => {}
            None => self.values.push((name.to_owned(), value)),
        }
        Ok(())
    }

    /// Empty is the same as absent, as in libpq.
    fn value(&self, name: &str) -> Option<&str> {
        let found = self.values.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
    }
}

fn is_loopback(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.to_canonical().is_loopback())
}

fn decode(encoded: &str) -> Result<String, TlsError> {
    let decoded = percent_decode_str(encoded).decode_utf8().ok().ok_or(TlsError::NotAUrl)?;
    if decoded.contains('\0') { Err(TlsError::NotAUrl) } else { Ok(decoded.into_owned()) }
}

fn encode(value: &str) -> String {
    percent_encode(value.as_bytes(), NON_ALPHANUMERIC).to_string()
}
