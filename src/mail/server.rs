//! Which mail server, and how safely it is spoken to, read from one URL.

use std::net::IpAddr;

use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::TlsParameters;
use lettre::transport::smtp::extension::ClientId;
use percent_encoding::percent_decode_str;
use url::Url;

const SUBMISSION: u16 = 587;
const SUBMISSION_OVER_TLS: u16 = 465;
const RELAY: u16 = 25;

/// Why a mail server's URL cannot be used. Names no part of the URL: it may hold a password.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// It cannot be read.
    #[error("{0}")]
    Url(&'static str),
    /// TLS cannot be set up for its host.
    #[error("TLS cannot be set up for its host")]
    Tls(#[source] lettre::transport::smtp::Error),
}

/// A mail server, and how to sign in there.
pub(super) struct Server {
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) security: Security,
    pub(super) hello: ClientId,
    pub(super) credentials: Option<Credentials>,
}

/// When TLS begins.
pub(super) enum Security {
    /// Never: this machine, or the operator's word.
    Off,
    /// After the greeting, before anything is said.
    StartTls(TlsParameters),
    /// Before the greeting.
    TlsFromTheFirstByte(TlsParameters),
}

impl Server {
    /// Reads `smtp[s]://user:password@host:port/name?tls=none`, as lettre does but for one thing: to another machine, TLS is
    /// the default and must be switched off in words.
    pub(super) fn from_url(url: &str) -> Result<Self, ServerError> {
        let url = Url::parse(url).map_err(|_unreadable| ServerError::Url("it is not a URL"))?;
        let host = url.host_str().filter(|host| !host.is_empty()).ok_or(ServerError::Url("it names no host"))?;
        let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        let (security, port) = security(&url, &host)?;
        Ok(Self {
            port: url.port().unwrap_or(port),
            security,
            hello: hello(&url)?,
            credentials: credentials(&url)?,
            host,
        })
    }
}

fn security(url: &Url, host: &str) -> Result<(Security, u16), ServerError> {
    let parameters = || TlsParameters::new(host.to_owned()).map_err(ServerError::Tls);
    let mut wanted = None;
    for (key, value) in url.query_pairs() {
        if key != "tls" {
            return Err(ServerError::Url("the only parameter is `tls`"));
        }
        wanted = Some(value.into_owned());
    }
    let usual = if is_this_machine(host) { "none" } else { "required" };
    match (url.scheme(), wanted.as_deref()) {
        ("smtps", None | Some("required")) => Ok((Security::TlsFromTheFirstByte(parameters()?), SUBMISSION_OVER_TLS)),
        ("smtp", wanted) => match wanted.unwrap_or(usual) {
            "required" => Ok((Security::StartTls(parameters()?), SUBMISSION)),
            "none" => Ok((Security::Off, RELAY)),
            _ => Err(ServerError::Url("`tls` is `required` or `none`")),
        },
        ("smtps", Some(_)) => Err(ServerError::Url("smtps:// is always TLS")),
        (_, _) => Err(ServerError::Url("it begins with smtp:// or smtps://")),
    }
}

fn is_this_machine(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost") || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

fn hello(url: &Url) -> Result<ClientId, ServerError> {
    let name = url.path().trim_matches('/');
    if name.is_empty() {
        return Ok(ClientId::default());
    }
    let fits = name.chars().all(|c| c.is_ascii_alphanumeric() || ".-[]:".contains(c));
    if fits { Ok(ClientId::Domain(name.to_owned())) } else { Err(ServerError::Url("its path is no host name")) }
}

fn credentials(url: &Url) -> Result<Option<Credentials>, ServerError> {
    let Some(password) = url.password() else { return Ok(None) };
    let plain = |text: &str| {
        let text = percent_decode_str(text).decode_utf8();
        text.map(String::from).map_err(|_not_text| ServerError::Url("its user or password is not UTF-8"))
    };
    Ok(Some(Credentials::new(plain(url.username())?, plain(password)?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_machine_gets_tls_unless_it_is_switched_off() {
        let read = |url: &str| {
            let server = Server::from_url(url).unwrap();
            let tls = match server.security {
                Security::Off => "off",
                Security::StartTls(_) => "starttls",
                Security::TlsFromTheFirstByte(_) => "tls",
            };
            (tls, server.port)
        };

        assert_eq!(read("smtp://mail.example.com"), ("starttls", 587));
        assert_eq!(read("smtp://ada:x@mail.example.com:2525"), ("starttls", 2525));
        assert_eq!(read("smtp://10.0.0.1:25"), ("starttls", 25));
        assert_eq!(read("smtp://mail.example.com?tls=none"), ("off", 25));
        assert_eq!(read("smtps://mail.example.com"), ("tls", 465));
        assert_eq!(read("smtp://localhost:1025"), ("off", 1025));
        assert_eq!(read("smtp://127.0.0.1"), ("off", 25));
        assert_eq!(read("smtp://[::1]:1025"), ("off", 1025));
        assert_eq!(read("smtp://localhost?tls=required"), ("starttls", 587));
        for wrong in [
            "mail.example.com:25",
            "http://mail.example.com",
            "smtp://",
            "smtp://x?tls=maybe",
            "smtps://x?tls=none",
            "smtp://x?starttls=no",
            "smtp://x/a%0Ab",
        ] {
            assert!(Server::from_url(wrong).is_err(), "{wrong}");
        }
    }
}
