//! Reads `ODEUS_EGRESS_ALLOW`. What cannot be read for certain is an error at the start of the server: a guard that
//! skipped an entry, or took it for something else, would be found out too late.

use std::net::IpAddr;

use url::Host;

use crate::outbound::addresses::Network;

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

/// One entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::outbound) struct Allowed {
    place: Place,
    port: Option<u16>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Place {
    Network(Network),
    Name(String),
}

impl Allowed {
    /// The port that it is for; `None` for all.
    pub(in crate::outbound) fn port(&self) -> Option<u16> {
        self.port
    }

    /// Whether it is for `port`, where `None` is a port that no entry has.
    pub(in crate::outbound) fn is_for(&self, port: Option<u16>) -> bool {
        self.port.is_none() || self.port == port
    }

    /// Whether it is an address or a block with `address` in it.
    pub(in crate::outbound) fn holds(&self, address: IpAddr) -> bool {
        match &self.place {
            Place::Network(network) => network.contains(address),
            Place::Name(_) => false,
        }
    }

    /// Whether it is the name `host`.
    pub(in crate::outbound) fn names(&self, host: &str) -> bool {
        match &self.place {
            Place::Name(name) => name.eq_ignore_ascii_case(host),
            Place::Network(_) => false,
        }
    }
}

/// The entries of a list, with commas or white space between them.
pub(in crate::outbound) fn read_list(list: &str) -> Result<Vec<Allowed>, EgressError> {
    let entries = list.split([',', ' ', '\t', '\r', '\n']).filter(|entry| !entry.is_empty());
    entries.map(read_entry).collect()
}

/// `address`, `address/prefix` or a host name, each with `:port` behind it or not; IPv6 with a port in brackets.
fn read_entry(entry: &str) -> Result<Allowed, EgressError> {
    if entry.contains("://") {
        return Err(EgressError::WebAddress(entry.to_owned()));
    }
    let (place, port) = split_port(entry)?;
    let (host, prefix) = split_prefix(place).ok_or_else(|| EgressError::Unreadable(entry.to_owned()))?;
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

/// The prefix length may stand inside the brackets or behind them. Only IPv6 has brackets.
fn split_prefix(place: &str) -> Option<(&str, Option<&str>)> {
    let Some(bracketed) = place.strip_prefix('[') else {
        return Some(place.split_once('/').map_or((place, None), |(host, prefix)| (host, Some(prefix))));
    };
    let (inside, behind) = bracketed.split_once(']')?;
    let parts = match (inside.split_once('/'), behind.strip_prefix('/')) {
        (None, Some(prefix)) => (inside, Some(prefix)),
        (Some((host, prefix)), None) if behind.is_empty() => (host, Some(prefix)),
        (None, None) if behind.is_empty() => (inside, None),
        (_, _) => return None,
    };
    parts.0.contains(':').then_some(parts)
}

/// A host name as it will stand in an address; `None` for anything that the `url` crate reads as something else.
fn read_name(text: &str) -> Option<String> {
    let is_plain = text.chars().all(|c| c.is_alphanumeric() || matches!(c, '.' | '-' | '_'));
    match Host::parse(text) {
        Ok(Host::Domain(name)) if is_plain => Some(name.strip_suffix('.').unwrap_or(&name).to_owned()),
        Ok(Host::Domain(_) | Host::Ipv4(_) | Host::Ipv6(_)) | Err(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place_of(entry: &str) -> (String, Option<u16>) {
        let read = read_list(entry).unwrap();
        assert_eq!(read.len(), 1, "{entry}");
        (format!("{:?}", read[0].place), read[0].port)
    }

    #[test]
    fn an_entry_is_an_address_a_block_or_a_name_with_a_port_or_without() {
        let network = |address: &str, prefix| {
            format!("{:?}", Place::Network(Network::new(address.parse().unwrap(), prefix).unwrap()))
        };
        let name = |name: &str| format!("{:?}", Place::Name(name.to_owned()));
        let cases = [
            ("127.0.0.1", network("127.0.0.1", 32), None),
            ("127.0.0.1:9000", network("127.0.0.1", 32), Some(9000)),
            ("10.2.0.0/16", network("10.2.0.0", 16), None),
            ("10.2.0.0/16:8443", network("10.2.0.0", 16), Some(8443)),
            ("0.0.0.0/0", network("0.0.0.0", 0), None),
            ("::1", network("::1", 128), None),
            ("[::1]", network("::1", 128), None),
            ("[::1]:9000", network("::1", 128), Some(9000)),
            ("fd00::/8", network("fd00::", 8), None),
            ("fd00::/8:443", network("fd00::", 8), Some(443)),
            ("[fd00::]/8", network("fd00::", 8), None),
            ("[fd00::]/8:443", network("fd00::", 8), Some(443)),
            ("[fd00::/8]:443", network("fd00::", 8), Some(443)),
            ("fe80::1:9000", network("fe80::1:9000", 128), None),
            ("localhost:9000", name("localhost"), Some(9000)),
            ("crm.internal", name("crm.internal"), None),
            ("CRM.Internal.:8443", name("crm.internal"), Some(8443)),
            ("bücher.example:80", name("xn--bcher-kva.example"), Some(80)),
        ];
        for (entry, place, port) in cases {
            assert_eq!(place_of(entry), (place, port), "{entry}");
        }
    }

    #[test]
    fn entries_are_parted_by_commas_and_white_space() {
        assert_eq!(read_list(" 127.0.0.1:9000, 10.2.0.0/16\n[::1]:9000,").unwrap().len(), 3);
        assert_eq!(read_list("").unwrap().len(), 0);
    }

    #[test]
    fn an_entry_that_is_not_certain_is_refused() {
        type Refusal = fn(String) -> EgressError;
        let cases: [(&str, Refusal); 23] = [
            ("http://127.0.0.1:9000", EgressError::WebAddress),
            ("127.0.0.1:0", EgressError::Port),
            ("127.0.0.1:65536", EgressError::Port),
            ("127.0.0.1:", EgressError::Port),
            ("localhost:http", EgressError::Port),
            ("10.0.0.0/33", EgressError::Prefix),
            ("10.0.0.0/", EgressError::Prefix),
            ("10.0.0.0/8/8", EgressError::Prefix),
            ("fd00::/129", EgressError::Prefix),
            ("127.1", EgressError::Unreadable),
            ("0x7f.0.0.1", EgressError::Unreadable),
            ("2130706433", EgressError::Unreadable),
            ("10.2", EgressError::Unreadable),
            ("*.example.com", EgressError::Unreadable),
            ("*", EgressError::Unreadable),
            ("example.com/8", EgressError::Unreadable),
            ("example.com/path:80", EgressError::Unreadable),
            ("ann@example.com:80", EgressError::Unreadable),
            ("[::1:9000", EgressError::Unreadable),
            ("[localhost]:9000", EgressError::Unreadable),
            ("[127.0.0.1]:9000", EgressError::Unreadable),
            ("[::1]x:9000", EgressError::Unreadable),
            ("fe80::1%eth0", EgressError::Unreadable),
        ];
        for (entry, error) in cases {
            assert_eq!(read_list(entry).unwrap_err(), error(entry.to_owned()), "{entry}");
        }
    }
}
