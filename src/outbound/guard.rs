//! Where a request may go at all, whatever its origin set says (D-42). An address is judged as the `url` crate parsed it,
//! never as text, since `0x7f.1` and `2130706433` are both 127.0.0.1. The guard is a value, so that a test opens exactly
//! the address of its own server and production code has no test switch.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::net::SocketAddr;
use std::sync::Arc;

use url::Host;
use url::Url;

use crate::outbound::addresses::Kind;
use crate::outbound::addresses::Network;
use crate::outbound::addresses::kind_outside_public;

/// Why an address is not called. The text is for people; it names the host, never a path or a query.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Blocked {
    /// Nothing to call.
    #[error("the address names no host; write it in full, like https://api.example.com")]
    NoHost,
    /// Neither https nor http.
    #[error("the address of {host} begins with {scheme}:, and only https addresses are called")]
    Scheme {
        /// The host.
        host: String,
        /// What the address begins with.
        scheme: String,
    },
    /// A user name or password in the address.
    #[error("the address of {host} has a user name or password in it; take it out")]
    UserInfo {
        /// The host.
        host: String,
    },
    /// Plain http, which anyone on the way can read.
    #[error(
        "{host} is called over plain http, which anyone on the way can read; use https, or ask the operator to allow it \
         with ODEUS_EGRESS_ALLOW"
    )]
    PlainHttp {
        /// The host.
        host: String,
    },
    /// A name that only means something on this machine or network.
    #[error(
        "{host} is a name of this machine or of a local network, which is not called; the operator can allow it with \
         ODEUS_EGRESS_ALLOW"
    )]
    LocalName {
        /// The host.
        host: String,
    },
    /// A name that is no proper host name.
    #[error("{host} is not a proper host name")]
    StrangeName {
        /// The host.
        host: String,
    },
    /// A cloud's metadata service, by name.
    #[error("{host} is a cloud's metadata service, which hands out credentials of the server and is not called")]
    MetadataName {
        /// The host.
        host: String,
    },
    /// An address outside the public internet, written as such or behind a name.
    #[error("{host} leads to {kind}, which is not called; the operator can allow it with ODEUS_EGRESS_ALLOW")]
    NotPublic {
        /// The host.
        host: String,
        /// What its address is. The address itself is left out: it would tell a stranger about the inner network.
        kind: Kind,
    },
    /// Odeus itself, its database or its mail server.
    #[error("{host} leads to Odeus itself or to a service that it runs on, which is not called")]
    Own {
        /// The host.
        host: String,
    },
}

/// An entry of `ODEUS_EGRESS_ALLOW` that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EgressError {
    /// Written as an address on the web.
    #[error("“{0}” in ODEUS_EGRESS_ALLOW is a web address; write only the host and port, like 127.0.0.1:9000")]
    WebAddress(String),
    /// Neither an address, nor a block of addresses, nor a host name.
    #[error(
        "“{0}” in ODEUS_EGRESS_ALLOW is no address, block or host; write 127.0.0.1:9000, 10.2.0.0/16, [::1]:9000 or \
         crm.internal:8443"
    )]
    Unreadable(String),
    /// A port that does not exist.
    #[error("“{0}” in ODEUS_EGRESS_ALLOW has no proper port; ports are 1 to 65535")]
    Port(String),
    /// A block with more bits than the address has.
    #[error("“{0}” in ODEUS_EGRESS_ALLOW has no proper prefix length; IPv4 has up to /32, IPv6 up to /128")]
    Prefix(String),
}

/// Which addresses may be called. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Egress(Arc<Rules>);

#[derive(Clone, Debug, Default)]
struct Rules {
    allowed: Vec<Allowed>,
    own: Vec<SocketAddr>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Allowed {
    place: Place,
    port: Option<u16>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Place {
    Network(Network),
    Name(String),
}

impl Egress {
    /// The public internet over https, and nothing else.
    pub fn strict() -> Self {
        Self(Arc::default())
    }

    /// The public internet, and the places of a list as in `ODEUS_EGRESS_ALLOW`: addresses, blocks and host names, each
    /// with a port or for all ports. These may be called over plain http as well.
    pub fn allowing(list: &str) -> Result<Self, EgressError> {
        let entries = list.split([',', ' ', '\t', '\r', '\n']).filter(|entry| !entry.is_empty());
        let allowed = entries.map(read_entry).collect::<Result<_, _>>()?;
        Ok(Self(Arc::new(Rules { allowed, own: Vec::new() })))
    }

    /// The same, but never `own`: the addresses that Odeus listens on, its database and its mail server, even where the
    /// list opens them. An unspecified address stands for its port anywhere outside the public internet.
    #[must_use]
    pub fn sparing(&self, own: impl IntoIterator<Item = SocketAddr>) -> Self {
        let own = self.0.own.iter().copied().chain(own).collect();
        Self(Arc::new(Rules { allowed: self.0.allowed.clone(), own }))
    }

    /// Refuses what can be refused without asking DNS: scheme, user name, local names, addresses written as such.
    pub fn check_url(&self, url: &Url) -> Result<(), Blocked> {
        let (Some(host), Some(text)) = (url.host(), url.host_str()) else { return Err(Blocked::NoHost) };
        if !matches!(url.scheme(), "https" | "http") {
            return Err(Blocked::Scheme { host: text.to_owned(), scheme: url.scheme().to_owned() });
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(Blocked::UserInfo { host: text.to_owned() });
        }
        let port = url.port_or_known_default();
        let is_allowed = match host {
            Host::Domain(name) => self.check_name(name, port)?,
            Host::Ipv4(v4) => self.check_address(text, port, IpAddr::V4(v4))?,
            Host::Ipv6(v6) => self.check_address(text, port, IpAddr::V6(v6))?,
        };
        if url.scheme() == "http" && !is_allowed {
            return Err(Blocked::PlainHttp { host: text.to_owned() });
        }
        Ok(())
    }

    /// Refuses all of the addresses behind `host` if any of them is refused (D-42).
    pub fn check_addresses(&self, host: &str, port: u16, addresses: &[IpAddr]) -> Result<(), Blocked> {
        self.check_resolved(host, Some(port), addresses)
    }

    /// The same for a port that no rule mentions, where `port` is `None`.
    pub(in crate::outbound) fn check_resolved(
        &self,
        host: &str,
        port: Option<u16>,
        addresses: &[IpAddr],
    ) -> Result<(), Blocked> {
        addresses.iter().try_for_each(|address| self.check_address(host, port, *address).map(|_is_allowed| ()))
    }

    /// The ports that a rule mentions. For all others the answer does not depend on the port.
    pub(in crate::outbound) fn ports(&self) -> BTreeSet<u16> {
        let allowed = self.0.allowed.iter().filter_map(|allowed| allowed.port);
        allowed.chain(self.0.own.iter().map(SocketAddr::port)).collect()
    }

    /// Whether the list names it; public names are not on the list and pass.
    fn check_name(&self, name: &str, port: Option<u16>) -> Result<bool, Blocked> {
        if self.names(name, port) {
            return Ok(true);
        }
        let host = name.to_owned();
        let name = without_dot(name);
        if name.split('.').any(str::is_empty) {
            return Err(Blocked::StrangeName { host });
        }
        if METADATA_NAMES.contains(&name) {
            return Err(Blocked::MetadataName { host });
        }
        let is_local = match name.rsplit_once('.') {
            None => true,
            Some((_, top)) => LOCAL_TOPS.contains(&top),
        };
        if is_local { Err(Blocked::LocalName { host }) } else { Ok(false) }
    }

    /// Whether the list names it; public addresses are not on the list and pass.
    fn check_address(&self, host: &str, port: Option<u16>, address: IpAddr) -> Result<bool, Blocked> {
        let kind = kind_outside_public(address);
        if port.is_some_and(|port| self.is_own(address, port, kind)) {
            return Err(Blocked::Own { host: host.to_owned() });
        }
        if self.holds(address, port) {
            return Ok(true);
        }
        match kind {
            None => Ok(false),
            // Who allows a name trusts its DNS with the inner network, but not with the server's own credentials.
            Some(Kind::ThisMachine | Kind::Private) if self.names(host, port) => Ok(true),
            Some(kind) => Err(Blocked::NotPublic { host: host.to_owned(), kind }),
        }
    }

    fn is_own(&self, address: IpAddr, port: u16, kind: Option<Kind>) -> bool {
        self.0
            .own
            .iter()
            .any(|own| own.port() == port && (own.ip() == address || (own.ip().is_unspecified() && kind.is_some())))
    }

    fn holds(&self, address: IpAddr, port: Option<u16>) -> bool {
        self.0.allowed.iter().any(|allowed| match &allowed.place {
            Place::Network(network) => allowed.is_for(port) && network.contains(address),
            Place::Name(_) => false,
        })
    }

    fn names(&self, host: &str, port: Option<u16>) -> bool {
        self.0.allowed.iter().any(|allowed| match &allowed.place {
            Place::Name(name) => allowed.is_for(port) && name.eq_ignore_ascii_case(without_dot(host)),
            Place::Network(_) => false,
        })
    }
}

impl Allowed {
    fn is_for(&self, port: Option<u16>) -> bool {
        self.port.is_none() || self.port == port
    }
}

const METADATA_NAMES: [&str; 3] = ["metadata.google.internal", "metadata.goog", "metadata.azure.com"];

/// Last labels that lead to this machine or its network.
const LOCAL_TOPS: [&str; 4] = ["localhost", "local", "internal", "localdomain"];

/// One trailing dot is the same name.
fn without_dot(name: &str) -> &str {
    name.strip_suffix('.').unwrap_or(name)
}

/// `address`, `address/prefix` or a host name, each with `:port` behind it or not; IPv6 with a port in brackets.
fn read_entry(entry: &str) -> Result<Allowed, EgressError> {
    if entry.contains("://") {
        return Err(EgressError::WebAddress(entry.to_owned()));
    }
    let (place, port) = split_port(entry)?;
    let (host, prefix) = match place.split_once('/') {
        Some((host, prefix)) => (host, Some(prefix)),
        None => (place, None),
    };
    let host = host.strip_prefix('[').map_or(host, |rest| rest.strip_suffix(']').unwrap_or(rest));
    let place = match (host.parse::<IpAddr>(), prefix) {
        (Ok(address), None) => Place::Network(Network::single(address)),
        (Ok(address), Some(prefix)) => {
            let network = prefix.parse().ok().and_then(|prefix| Network::new(address, prefix));
            Place::Network(network.ok_or_else(|| EgressError::Prefix(entry.to_owned()))?)
        }
        (Err(_), None) => Place::Name(read_name(host).ok_or_else(|| EgressError::Unreadable(entry.to_owned()))?),
        (Err(_), Some(_)) => return Err(EgressError::Unreadable(entry.to_owned())),
    };
    Ok(Allowed { place, port })
}

/// The port is what stands behind the last colon, if that colon is not inside an IPv6 address.
fn split_port(entry: &str) -> Result<(&str, Option<u16>), EgressError> {
    let Some((place, port)) = entry.rsplit_once(':') else { return Ok((entry, None)) };
    if place.contains(':') && !place.contains(']') && !place.contains('/') {
        return Ok((entry, None));
    }
    if port.contains([']', '/']) {
        return Ok((entry, None));
    }
    match port.parse() {
        Ok(0) | Err(_) => Err(EgressError::Port(entry.to_owned())),
        Ok(port) => Ok((place, Some(port))),
    }
}

/// A host name as it will stand in an address; `None` for anything that the `url` crate reads as something else.
fn read_name(text: &str) -> Option<String> {
    let is_plain = text.chars().all(|c| c.is_alphanumeric() || matches!(c, '.' | '-' | '_'));
    match Host::parse(text) {
        Ok(Host::Domain(name)) if is_plain => Some(without_dot(&name).to_owned()),
        Ok(Host::Domain(_) | Host::Ipv4(_) | Host::Ipv6(_)) | Err(_) => None,
    }
}
