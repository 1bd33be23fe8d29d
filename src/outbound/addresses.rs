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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn kind(address: &str) -> Option<Kind> {
        kind_outside_public(address.parse().unwrap())
    }

    #[test]
    fn public_addresses_pass() {
        let public = [
            "1.1.1.1",
            "8.8.8.8",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "126.255.255.255",
            "128.0.0.0",
            "169.253.255.255",
            "169.255.0.0",
            "172.15.255.255",
            "172.32.0.0",
            "192.0.1.0",
            "192.0.3.0",
            "192.88.98.255",
            "192.88.100.0",
            "192.167.255.255",
            "192.169.0.0",
            "198.17.255.255",
            "198.20.0.0",
            "198.51.99.255",
            "198.51.101.0",
            "203.0.112.255",
            "203.0.114.0",
            "223.255.255.255",
            "168.63.129.15",
            "168.63.129.17",
            "2606:4700:4700::1111",
            "2001:200::1",
            "2001:4860:4860::8888",
            "2001:db7:ffff::1",
            "2001:db9::1",
            "2003::1",
            "2a00:1450::1",
            "3ffe:ffff::1",
            "3fff:1000::1",
        ];
        for address in public {
            assert_eq!(kind(address), None, "{address}");
        }
    }

    /// Both ends of each block of Appendix B.
    #[test]
    fn both_ends_of_every_ipv4_block_are_refused() {
        let blocks = [
            ("0.0.0.0", "0.255.255.255", Kind::ThisMachine),
            ("10.0.0.0", "10.255.255.255", Kind::Private),
            ("100.64.0.0", "100.127.255.255", Kind::Private),
            ("127.0.0.0", "127.255.255.255", Kind::ThisMachine),
            ("169.254.0.0", "169.254.255.255", Kind::LinkLocal),
            ("172.16.0.0", "172.31.255.255", Kind::Private),
            ("192.0.0.0", "192.0.0.255", Kind::Reserved),
            ("192.0.2.0", "192.0.2.255", Kind::Reserved),
            ("192.88.99.0", "192.88.99.255", Kind::Reserved),
            ("192.168.0.0", "192.168.255.255", Kind::Private),
            ("198.18.0.0", "198.19.255.255", Kind::Reserved),
            ("198.51.100.0", "198.51.100.255", Kind::Reserved),
            ("203.0.113.0", "203.0.113.255", Kind::Reserved),
            ("224.0.0.0", "239.255.255.255", Kind::Reserved),
            ("240.0.0.0", "255.255.255.255", Kind::Reserved),
        ];
        for (first, last, expected) in blocks {
            assert_eq!(kind(first), Some(expected), "{first}");
            assert_eq!(kind(last), Some(expected), "{last}");
        }
    }

    /// The forms that the standard library's own tests let through (Appendix A).
    #[test]
    fn awkward_addresses_are_refused() {
        let awkward = [
            ("::ffff:169.254.169.254", Kind::Metadata),
            ("::ffff:127.0.0.1", Kind::ThisMachine),
            ("::ffff:10.0.0.1", Kind::Private),
            ("::ffff:8.8.8.8", Kind::Reserved),
            ("::127.0.0.1", Kind::Reserved),
            ("64:ff9b::7f00:1", Kind::Reserved),
            ("64:ff9b:1::a9fe:a9fe", Kind::Reserved),
            ("2002:7f00:1::", Kind::Reserved),
            ("2001:0:7f00:1::", Kind::Reserved),
            ("2001:db8::1", Kind::Reserved),
            ("2001:2::1", Kind::Reserved),
            ("3fff::1", Kind::Reserved),
            ("3fff:fff:ffff::1", Kind::Reserved),
            ("5f00::1", Kind::Reserved),
            ("100::1", Kind::Reserved),
            ("fec0::1", Kind::Reserved),
            ("ff02::1", Kind::Reserved),
            ("fe80::1", Kind::LinkLocal),
            ("febf:ffff::1", Kind::LinkLocal),
            ("fc00::1", Kind::Private),
            ("fdff:ffff::1", Kind::Private),
            ("::1", Kind::ThisMachine),
            ("::", Kind::ThisMachine),
            ("1fff::1", Kind::Reserved),
            ("4000::1", Kind::Reserved),
            ("169.254.169.254", Kind::Metadata),
            ("168.63.129.16", Kind::Metadata),
            ("192.0.0.192", Kind::Metadata),
            ("100.100.100.200", Kind::Metadata),
            ("fd00:ec2::254", Kind::Metadata),
            ("192.88.99.1", Kind::Reserved),
        ];
        for (address, expected) in awkward {
            assert_eq!(kind(address), Some(expected), "{address}");
        }
    }

    proptest! {
        #[test]
        fn no_dress_makes_an_ipv4_address_callable(bits: u32) {
            let v4 = Ipv4Addr::from(bits);
            let low = u128::from(bits);
            let dresses = [
                v4.to_ipv6_mapped(),
                Ipv6Addr::from(low),
                Ipv6Addr::from((0x0064_ff9b_u128 << 96) | low),
                Ipv6Addr::from((0x2002_u128 << 112) | (low << 80)),
                Ipv6Addr::from((0x2001_u128 << 112) | low),
            ];
            for dress in dresses {
                prop_assert!(kind_outside_public(IpAddr::V6(dress)).is_some(), "{dress}");
            }
        }

        #[test]
        fn all_outside_the_global_block_is_refused(bits: u128) {
            let address = Ipv6Addr::from(bits);
            prop_assert!(bits >> 125 == 1 || kind_outside_public(IpAddr::V6(address)).is_some(), "{address}");
        }

        #[test]
        fn what_the_standard_library_calls_inner_is_refused(bits: u32) {
            let address = Ipv4Addr::from(bits);
            let is_inner = address.is_private() || address.is_loopback() || address.is_link_local()
                || address.is_broadcast() || address.is_documentation() || address.is_multicast();
            prop_assert!(!is_inner || kind_outside_public(IpAddr::V4(address)).is_some(), "{address}");
        }
    }
}
