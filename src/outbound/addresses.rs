//! Which addresses are the public internet, and what the others are. The tables are those of D-42, written out instead of
//! taken from the standard library, whose tests let mapped, translated and metadata addresses through. IPv6 is decided
//! the safe way round: what is not known to be public is not.

use std::fmt;
use std::net::IpAddr;
use std::net::Ipv4Addr;
use std::net::Ipv6Addr;

/// What an address is that is not part of the public internet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Loopback, or "this host".
    ThisMachine,
    /// Private use, shared address space of providers, unique local.
    Private,
    /// Link-local.
    LinkLocal,
    /// Where a cloud hands its machines their credentials.
    Metadata,
    /// Reserved, multicast, documentation, translated: nothing that answers there is public.
    Reserved,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ThisMachine => "an address of the machine itself",
            Self::Private => "a private address",
            Self::LinkLocal => "a link-local address",
            Self::Metadata => "an address of a cloud's metadata service",
            Self::Reserved => "an address outside the public internet",
        })
    }
}

/// A block of addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    prefix: u8,
}

impl Network {
    /// The block of the addresses that share their first `prefix` bits with `address`; `None` where it has fewer bits.
    pub fn new(address: IpAddr, prefix: u8) -> Option<Self> {
        let bits = if address.is_ipv4() { 32 } else { 128 };
        (prefix <= bits).then_some(Self { address, prefix })
    }

    /// The block of one address.
    pub fn single(address: IpAddr) -> Self {
        Self { address, prefix: if address.is_ipv4() { 32 } else { 128 } }
    }

    const fn v4(a: u8, b: u8, c: u8, prefix: u8) -> Self {
        Self { address: IpAddr::V4(Ipv4Addr::new(a, b, c, 0)), prefix }
    }

    const fn v6(first: u16, second: u16, prefix: u8) -> Self {
        Self { address: IpAddr::V6(Ipv6Addr::new(first, second, 0, 0, 0, 0, 0, 0)), prefix }
    }

    /// Whether `address` is in it. IPv4 and IPv6 never match each other.
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.address, address) {
            (IpAddr::V4(ours), IpAddr::V4(theirs)) => {
                let differing = u32::from(ours) ^ u32::from(theirs);
                differing.checked_shr(32_u32.saturating_sub(u32::from(self.prefix))).unwrap_or(0) == 0
            }
            (IpAddr::V6(ours), IpAddr::V6(theirs)) => {
                let differing = u128::from(ours) ^ u128::from(theirs);
                differing.checked_shr(128_u32.saturating_sub(u32::from(self.prefix))).unwrap_or(0) == 0
            }
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
        }
    }
}

/// Azure's is public address space, Oracle's and Alibaba's lie in blocks of another kind: so they are named.
const METADATA: [IpAddr; 5] = [
    IpAddr::V4(Ipv4Addr::new(169, 254, 169, 254)),
    IpAddr::V4(Ipv4Addr::new(168, 63, 129, 16)),
    IpAddr::V4(Ipv4Addr::new(192, 0, 0, 192)),
    IpAddr::V4(Ipv4Addr::new(100, 100, 100, 200)),
    IpAddr::V6(Ipv6Addr::new(0xfd00, 0x0ec2, 0, 0, 0, 0, 0, 0x0254)),
];

const V4: [(Network, Kind); 15] = [
    (Network::v4(0, 0, 0, 8), Kind::ThisMachine),
    (Network::v4(10, 0, 0, 8), Kind::Private),
    (Network::v4(100, 64, 0, 10), Kind::Private),
    (Network::v4(127, 0, 0, 8), Kind::ThisMachine),
    (Network::v4(169, 254, 0, 16), Kind::LinkLocal),
    (Network::v4(172, 16, 0, 12), Kind::Private),
    (Network::v4(192, 0, 0, 24), Kind::Reserved),
    (Network::v4(192, 0, 2, 24), Kind::Reserved),
    (Network::v4(192, 88, 99, 24), Kind::Reserved),
    (Network::v4(192, 168, 0, 16), Kind::Private),
    (Network::v4(198, 18, 0, 15), Kind::Reserved),
    (Network::v4(198, 51, 100, 24), Kind::Reserved),
    (Network::v4(203, 0, 113, 24), Kind::Reserved),
    (Network::v4(224, 0, 0, 4), Kind::Reserved),
    (Network::v4(240, 0, 0, 4), Kind::Reserved),
];

/// The only IPv6 block that is handed out for the public internet; all else is refused.
const V6_GLOBAL: Network = Network::v6(0x2000, 0, 3);

const V6_EXCEPT: [Network; 4] = [
    Network::v6(0x2001, 0, 23),
    Network::v6(0x2001, 0x0db8, 32),
    Network::v6(0x2002, 0, 16),
    Network::v6(0x3fff, 0, 20),
];

const V6_UNIQUE_LOCAL: Network = Network::v6(0xfc00, 0, 7);
const V6_LINK_LOCAL: Network = Network::v6(0xfe80, 0, 10);

/// What `address` is, if it is not part of the public internet; `None` if it is.
pub fn kind_outside_public(address: IpAddr) -> Option<Kind> {
    if METADATA.contains(&address) {
        return Some(Kind::Metadata);
    }
    match address {
        IpAddr::V4(_) => V4.iter().find(|(network, _)| network.contains(address)).map(|(_, kind)| *kind),
        IpAddr::V6(v6) => kind_of_v6(v6),
    }
}

fn kind_of_v6(v6: Ipv6Addr) -> Option<Kind> {
    let address = IpAddr::V6(v6);
    if V6_GLOBAL.contains(address) && !V6_EXCEPT.iter().any(|network| network.contains(address)) {
        return None;
    }
    // A mapped address is refused whatever it maps; what it maps only makes the message better.
    if let Some(mapped) = v6.to_ipv4_mapped() {
        return Some(kind_outside_public(IpAddr::V4(mapped)).unwrap_or(Kind::Reserved));
    }
    Some(if v6.is_loopback() || v6.is_unspecified() {
        Kind::ThisMachine
    } else if V6_UNIQUE_LOCAL.contains(address) {
        Kind::Private
    } else if V6_LINK_LOCAL.contains(address) {
        Kind::LinkLocal
    } else {
        Kind::Reserved
    })
}
