//! Where a request may go at all, whatever its origin set says (D-42). An address is judged as the `url` crate parsed it,
//! never as text, since `0x7f.1` and `2130706433` are both 127.0.0.1. The guard is a value, so that a test opens exactly
//! the address of its own server and production code has no test switch.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::net::SocketAddr;
use std::sync::Arc;

use url::Host;
use url::Url;

pub use crate::outbound::allowlist::EgressError;

use crate::outbound::addresses::Kind;
use crate::outbound::addresses::kind_outside_public;
use crate::outbound::allowlist::Allowed;
use crate::outbound::allowlist::read_list;

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

/// Which addresses may be called. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Egress(Arc<Rules>);

#[derive(Clone, Debug, Default)]
struct Rules {
    allowed: Vec<Allowed>,
    own: Vec<SocketAddr>,
}

impl Egress {
    /// The public internet over https, and nothing else.
    pub fn strict() -> Self {
        Self(Arc::default())
    }

    /// The public internet, and the places of a list as in `ODEUS_EGRESS_ALLOW`: addresses, blocks and host names, each
    /// with a port or for all ports. These may be called over plain http as well.
    pub fn allowing(list: &str) -> Result<Self, EgressError> {
        Ok(Self(Arc::new(Rules { allowed: read_list(list)?, own: Vec::new() })))
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
        let allowed = self.0.allowed.iter().filter_map(Allowed::port);
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
        self.0.allowed.iter().any(|allowed| allowed.is_for(port) && allowed.holds(address))
    }

    fn names(&self, host: &str, port: Option<u16>) -> bool {
        self.0.allowed.iter().any(|allowed| allowed.is_for(port) && allowed.names(without_dot(host)))
    }
}

const METADATA_NAMES: [&str; 3] = ["metadata.google.internal", "metadata.goog", "metadata.azure.com"];

/// Last labels that lead to this machine or its network.
const LOCAL_TOPS: [&str; 4] = ["localhost", "local", "internal", "localdomain"];

/// One trailing dot is the same name.
fn without_dot(name: &str) -> &str {
    name.strip_suffix('.').unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    fn is_refused(egress: &Egress, text: &str) -> bool {
        egress.check_url(&url(text)).is_err()
    }

    fn not_public(host: &str, kind: Kind) -> Blocked {
        Blocked::NotPublic { host: host.to_owned(), kind }
    }

    #[test]
    fn public_https_passes_on_any_port() {
        let egress = Egress::strict();

        for text in [
            "https://api.example.com/v1?x=1",
            "https://api.example.com.:8443/",
            "https://8.8.8.8/",
            "https://[2606:4700::1]:444/",
        ] {
            assert_eq!(egress.check_url(&url(text)), Ok(()), "{text}");
        }
    }

    #[test]
    fn an_address_is_judged_as_it_was_parsed() {
        let forms = "
            https://127.0.0.1/ https://127.1/ https://0x7f.1/ https://2130706433/ https://0177.0.0.1/
            https://0x7f000001/ https://①②⑦.⓪.⓪.①/ https://127.0.0.1./ https://0/ https://[::1]/
            https://[::]/ https://[::ffff:127.0.0.1]/ https://[::ffff:7f00:1]/ https://[::127.0.0.1]/
            https://[64:ff9b::127.0.0.1]/ https://[2002:7f00:1::]/ https://[fe80::1]/
            https://[fd00:ec2::254]/ https://169.254.169.254/latest/meta-data https://100.100.100.200/
            https://168.63.129.16/ https://192.0.0.192/ https://10.0.0.1:8443/ https://0.0.0.0/
            https://255.255.255.255/";
        for form in forms.split_whitespace() {
            assert!(matches!(Egress::strict().check_url(&url(form)), Err(Blocked::NotPublic { .. })), "{form}");
        }
    }

    #[test]
    fn local_and_metadata_names_are_refused() {
        let names = "
            https://localhost/ https://LOCALHOST./ https://a.localhost/ https://printer.local/
            https://db.internal/ https://db.internal./ https://intranet/ https://intranet.:8443/
            https://metadata/ https://metadata.google.internal/ https://metadata.google.internal./
            https://metadata.azure.com/ https://METADATA.goog/ https://localhost.localdomain/
            https://localhost../ https://.example.com/ https://a..example.com/ https://ⓛocalhost/
            https://local%68ost/";
        for name in names.split_whitespace() {
            assert!(is_refused(&Egress::strict(), name), "{name}");
        }
        assert!(!is_refused(&Egress::strict(), "https://internal.example.com/"));
    }

    #[test]
    fn other_schemes_user_names_and_plain_http_are_refused() {
        let strict = Egress::strict();
        let host = || "api.example.com".to_owned();

        let scheme = Blocked::Scheme { host: host(), scheme: "ftp".to_owned() };
        assert_eq!(strict.check_url(&url("ftp://api.example.com/")), Err(scheme));
        assert_eq!(strict.check_url(&url("file:///etc/passwd")), Err(Blocked::NoHost));
        assert_eq!(strict.check_url(&url("data:text/plain,x")), Err(Blocked::NoHost));
        assert_eq!(strict.check_url(&url("https://ann@api.example.com/")), Err(Blocked::UserInfo { host: host() }));
        assert_eq!(strict.check_url(&url("https://:pw@api.example.com/")), Err(Blocked::UserInfo { host: host() }));
        assert_eq!(strict.check_url(&url("http://api.example.com/")), Err(Blocked::PlainHttp { host: host() }));
    }

    #[test]
    fn an_allowed_address_may_be_called_on_its_port_and_over_plain_http() {
        let egress = Egress::allowing("127.0.0.1:9000, 10.2.0.0/16, [::1]:9000, 8.8.8.8:80").unwrap();

        let allowed = "
            http://127.0.0.1:9000/ https://127.0.0.1:9000/ http://127.1:9000/ http://[::1]:9000/
            http://10.2.3.4/ https://10.2.255.255:1234/ http://8.8.8.8/ https://8.8.8.8/";
        let refused = "
            http://127.0.0.1/ http://127.0.0.1:9001/ https://127.0.0.1/ http://127.0.0.2:9000/
            http://[::1]/ http://[::ffff:127.0.0.1]:9000/ http://10.3.0.0/ http://localhost:9000/
            http://8.8.8.8:8080/ http://ann@127.0.0.1:9000/ ftp://10.2.3.4/";
        for text in allowed.split_whitespace() {
            assert_eq!(egress.check_url(&url(text)), Ok(()), "{text}");
        }
        for text in refused.split_whitespace() {
            assert!(is_refused(&egress, text), "{text}");
        }
    }

    #[test]
    fn an_allowed_name_may_be_called_on_its_port_only() {
        let egress = Egress::allowing("localhost:9000,crm.internal").unwrap();
        let inner = ["127.0.0.1".parse().unwrap(), "::1".parse().unwrap()];

        assert!(!is_refused(&egress, "http://localhost:9000/"));
        assert!(!is_refused(&egress, "http://LocalHost.:9000/"));
        assert!(!is_refused(&egress, "http://crm.internal:81/"));
        assert!(is_refused(&egress, "http://localhost:9001/"));
        assert!(is_refused(&egress, "http://a.localhost:9000/"));
        assert!(is_refused(&egress, "http://127.0.0.1:9000/"));
        assert_eq!(egress.check_addresses("localhost", 9000, &inner), Ok(()));
        let refused = not_public("localhost", Kind::ThisMachine);
        assert_eq!(egress.check_addresses("localhost", 9001, &inner), Err(refused));
    }

    #[test]
    fn an_allowed_name_does_not_open_the_metadata_service() {
        let egress = Egress::allowing("crm.internal").unwrap();

        for address in ["169.254.169.254", "169.254.1.1", "100.100.100.200", "224.0.0.1"] {
            assert!(egress.check_addresses("crm.internal", 80, &[address.parse().unwrap()]).is_err(), "{address}");
        }
    }

    #[test]
    fn one_refused_address_refuses_them_all() {
        let addresses = ["8.8.8.8".parse().unwrap(), "10.0.0.1".parse().unwrap()];

        let checked = Egress::strict().check_addresses("api.example.com", 443, &addresses);

        assert_eq!(checked, Err(not_public("api.example.com", Kind::Private)));
        assert_eq!(Egress::strict().check_addresses("api.example.com", 443, &addresses[..1]), Ok(()));
    }

    #[test]
    fn our_own_addresses_are_refused_even_where_the_list_opens_them() {
        let own = ["10.2.0.5:5432".parse().unwrap(), "0.0.0.0:8080".parse().unwrap(), "8.8.4.4:25".parse().unwrap()];
        let egress = Egress::allowing("10.2.0.0/16,127.0.0.0/8,database.internal").unwrap().sparing(own);

        for text in ["http://10.2.0.5:5432/", "http://127.0.0.1:8080/", "http://10.2.0.9:8080/", "https://8.8.4.4:25/"]
        {
            assert!(matches!(egress.check_url(&url(text)), Err(Blocked::Own { .. })), "{text}");
        }
        for text in ["http://10.2.0.5:5433/", "http://127.0.0.1:8081/", "https://8.8.8.8:8080/"] {
            assert_eq!(egress.check_url(&url(text)), Ok(()), "{text}");
        }
        assert!(egress.check_addresses("database.internal", 5432, &["10.2.0.5".parse().unwrap()]).is_err());
    }

    #[test]
    fn a_refusal_names_the_host_and_the_way_out_but_not_the_inner_address() {
        let refused = Egress::strict().check_addresses("crm.example.com", 443, &["10.9.8.7".parse().unwrap()]);

        let (text, debug) = (refused.as_ref().unwrap_err().to_string(), format!("{refused:?}"));
        assert!(text.contains("crm.example.com") && text.contains("ODEUS_EGRESS_ALLOW"), "{text}");
        assert!(!text.contains("10.9.8.7") && !debug.contains("10.9.8.7"), "{text} {debug}");
    }
}
