//! Where a request may go: exact origins (scheme, host, port), compared after parsing by the same `url` crate that
//! sends. No suffixes, no patterns (D-40).

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use url::Host;
use url::Url;

/// One origin (RFC 6454): `https://api.example.com`, with the port where it is not the scheme's own.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Origin {
    scheme: String,
    host: String,
    port: u16,
}

/// An address that has no origin that a request could go to.
#[derive(Debug, thiserror::Error)]
pub enum OriginError {
    /// Not a URL.
    #[error("“{0}” is not an absolute address like https://api.example.com")]
    NotAnAddress(String),
    /// Not http or https.
    #[error("“{0}” is not an http or https address")]
    Scheme(String),
    /// A user name or password in the address.
    #[error("“{0}” has a user name or password in it; take it out")]
    UserInfo(String),
}

impl Origin {
    /// The origin of an address.
    pub fn of(url: &Url) -> Result<Self, OriginError> {
        if !matches!(url.scheme(), "http" | "https") {
            return Err(OriginError::Scheme(url.to_string()));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(OriginError::UserInfo(url.host_str().unwrap_or_default().to_owned()));
        }
        let (Some(host), Some(port)) = (url.host(), url.port_or_known_default()) else {
            return Err(OriginError::NotAnAddress(url.to_string()));
        };
        let host = match host {
            Host::Domain(name) => name.strip_suffix('.').unwrap_or(name).to_owned(),
            Host::Ipv4(_) | Host::Ipv6(_) => url.host_str().unwrap_or_default().to_owned(),
        };
        if host.is_empty() {
            return Err(OriginError::NotAnAddress(url.to_string()));
        }
        Ok(Self { scheme: url.scheme().to_owned(), host, port })
    }

    /// `http` or `https`.
    pub fn scheme(&self) -> &str {
        &self.scheme
    }

    /// The host as it stands in an address, IPv6 in brackets.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.port
    }
}

impl FromStr for Origin {
    type Err = OriginError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let url = Url::parse(text).map_err(|_invalid| OriginError::NotAnAddress(text.to_owned()))?;
        Self::of(&url)
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme, self.host)?;
        match (self.scheme.as_str(), self.port) {
            ("http", 80) | ("https", 443) => Ok(()),
            (_, port) => write!(f, ":{port}"),
        }
    }
}

impl fmt::Debug for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The exact origins that a secret may be sent to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origins(BTreeSet<Origin>);

impl Origins {
    /// Whether `url` is on one of them.
    pub fn contains(&self, url: &Url) -> bool {
        Origin::of(url).is_ok_and(|origin| self.0.contains(&origin))
    }

    /// Whether `origin` is one of them.
    pub fn contains_origin(&self, origin: &Origin) -> bool {
        self.0.contains(origin)
    }

    /// Each of them, in order.
    pub fn iter(&self) -> impl Iterator<Item = &Origin> {
        self.0.iter()
    }

    /// SHA-256 of the canonical list, one origin a line: what a sealed secret is bound to (D-10).
    pub fn digest(&self) -> [u8; 32] {
        let mut context = ring::digest::Context::new(&ring::digest::SHA256);
        for origin in &self.0 {
            context.update(format!("{origin}\n").as_bytes());
        }
        let digest = context.finish();
        let mut bytes = [0_u8; 32];
        bytes.copy_from_slice(digest.as_ref());
        bytes
    }
}

impl FromIterator<Origin> for Origins {
    fn from_iter<I: IntoIterator<Item = Origin>>(origins: I) -> Self {
        Self(origins.into_iter().collect())
    }
}

/// `ODEUS_ORIGIN_MAP`: one origin in place of another, for national clouds, gateways and self-hosted editions.
#[derive(Clone, Debug, Default)]
pub struct OriginMap(BTreeMap<Origin, Origin>);

impl OriginMap {
    /// Reads pairs of origins.
    pub fn from_pairs<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Self, OriginError> {
        pairs.into_iter().map(|(from, to)| Ok((from.parse()?, to.parse()?))).collect::<Result<_, _>>().map(Self)
    }

    /// Whether every address stays as it is.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The address to use for `url`: the mapped origin, with the same path and query; `url` itself where none is mapped.
    pub fn apply(&self, url: &Url) -> Url {
        let Some(to) = Origin::of(url).ok().and_then(|origin| self.0.get(&origin)) else { return url.clone() };
        let rest = url.as_str().split_once("://").map_or("", |(_, rest)| rest);
        let rest = rest.find(['/', '?', '#']).and_then(|at| rest.get(at..)).unwrap_or_default();
        Url::parse(&format!("{to}{rest}")).unwrap_or_else(|_invalid| url.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_are_compared_whole() {
        let origins: Origins = ["https://api.example.com".parse::<Origin>().unwrap()].into_iter().collect();

        let inside = ["https://api.example.com/v1", "https://API.example.com:443/x?y", "https://api.example.com./"];
        let outside = [
            "http://api.example.com/",
            "https://api.example.com:8443/",
            "https://api.example.com.evil.test/",
            "https://example.com/",
            "https://evil.test/api.example.com",
            "https://x@api.example.com/",
        ];
        for url in inside {
            assert!(origins.contains(&Url::parse(url).unwrap()), "{url}");
        }
        for url in outside {
            assert!(!origins.contains(&Url::parse(url).unwrap()), "{url}");
        }
    }

    #[test]
    fn a_mapped_origin_keeps_path_and_query() {
        let map = OriginMap::from_pairs([("https://graph.microsoft.com", "https://graph.microsoft.us")]).unwrap();
        let url = Url::parse("https://graph.microsoft.com/v1.0/me?x=1").unwrap();

        assert_eq!(map.apply(&url).as_str(), "https://graph.microsoft.us/v1.0/me?x=1");
        let other = Url::parse("https://example.com/").unwrap();
        assert_eq!(map.apply(&other), other);
    }
}
