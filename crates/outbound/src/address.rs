//! Which addresses are public, and what the others are for.
//!
//! The table follows the IANA registries of special-purpose addresses for IPv4 and IPv6 (RFC 6890 and
//! its successors) and adds multicast, reserved space and the well-known metadata services of clouds.
//! In IPv6 only 2000::/3 has ever been given out (RFC 4291 section 2.4), so all else is refused unseen.

use crate::Network;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// What can open a range that is not public.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RangeKind {
    /// This machine: opened by the development setting or by the allow-list.
    Loopback,
    /// A private network: opened by the allow-list.
    Private,
    /// Opened by nothing: no honest receiver lives there.
    Closed,
}

/// A range of addresses that is not public.
#[derive(Debug)]
pub(crate) struct Range {
    pub(crate) network: Network,
    pub(crate) kind: RangeKind,
    pub(crate) name: &'static str,
}

use RangeKind::{Closed, Loopback, Private};

/// The first range that holds an address counts, so the metadata services come before the private
/// networks that surround them.
const RANGES: &[Range] = &[
    v4([100, 100, 100, 200], 32, Closed, "cloud metadata"),
    v4([168, 63, 129, 16], 32, Closed, "cloud platform"),
    v6([0xfd00, 0x0ec2, 0, 0, 0, 0, 0, 0x0254], 128, Closed, "cloud metadata"),
    v6([0xfd20, 0x00ce, 0, 0, 0, 0, 0, 0x0254], 128, Closed, "cloud metadata"),
    //
    v4([0, 0, 0, 0], 8, Closed, "this network"),
    v4([10, 0, 0, 0], 8, Private, "private"),
    v4([100, 64, 0, 0], 10, Private, "shared address space"),
    v4([127, 0, 0, 0], 8, Loopback, "loopback"),
    v4([169, 254, 0, 0], 16, Closed, "link-local"),
    v4([172, 16, 0, 0], 12, Private, "private"),
    v4([192, 0, 0, 0], 24, Closed, "protocol assignments"),
    v4([192, 0, 2, 0], 24, Closed, "documentation"),
    v4([192, 31, 196, 0], 24, Closed, "AS112"),
    v4([192, 52, 193, 0], 24, Closed, "multicast tunnelling"),
    v4([192, 88, 99, 0], 24, Closed, "6to4 relay"),
    v4([192, 168, 0, 0], 16, Private, "private"),
    v4([192, 175, 48, 0], 24, Closed, "AS112"),
    v4([198, 18, 0, 0], 15, Closed, "benchmarking"),
    v4([198, 51, 100, 0], 24, Closed, "documentation"),
    v4([203, 0, 113, 0], 24, Closed, "documentation"),
    v4([224, 0, 0, 0], 4, Closed, "multicast"),
    v4([240, 0, 0, 0], 4, Closed, "reserved and broadcast"),
    //
    v6([0, 0, 0, 0, 0, 0, 0, 0], 128, Closed, "unspecified"),
    v6([0, 0, 0, 0, 0, 0, 0, 1], 128, Loopback, "loopback"),
    v6([0, 0, 0, 0, 0, 0, 0, 0], 96, Closed, "IPv4-compatible"),
    v6([0, 0, 0, 0, 0, 0xffff, 0, 0], 96, Closed, "IPv4-mapped"),
    v6([0, 0, 0, 0, 0xffff, 0, 0, 0], 96, Closed, "IPv4-translated"),
    v6([0x0064, 0xff9b, 0, 0, 0, 0, 0, 0], 96, Closed, "NAT64"),
    v6([0x0064, 0xff9b, 1, 0, 0, 0, 0, 0], 48, Closed, "local NAT64"),
    v6([0x0100, 0, 0, 0, 0, 0, 0, 0], 64, Closed, "discard"),
    v6([0x2001, 0, 0, 0, 0, 0, 0, 0], 32, Closed, "Teredo"),
    v6([0x2001, 0, 0, 0, 0, 0, 0, 0], 23, Closed, "protocol assignments"),
    v6([0x2001, 0x0db8, 0, 0, 0, 0, 0, 0], 32, Closed, "documentation"),
    v6([0x2002, 0, 0, 0, 0, 0, 0, 0], 16, Closed, "6to4"),
    v6([0x2620, 0x004f, 0x8000, 0, 0, 0, 0, 0], 48, Closed, "AS112"),
    v6([0x3fff, 0, 0, 0, 0, 0, 0, 0], 20, Closed, "documentation"),
    v6([0x5f00, 0, 0, 0, 0, 0, 0, 0], 16, Closed, "segment routing"),
    v6([0xfc00, 0, 0, 0, 0, 0, 0, 0], 7, Private, "unique local"),
    v6([0xfe80, 0, 0, 0, 0, 0, 0, 0], 10, Closed, "link-local"),
    v6([0xfec0, 0, 0, 0, 0, 0, 0, 0], 10, Closed, "site-local"),
    v6([0xff00, 0, 0, 0, 0, 0, 0, 0], 8, Closed, "multicast"),
];

const GLOBAL_IPV6: Network = Network::of(IpAddr::V6(Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0)), 3);
const UNASSIGNED_IPV6: Range = v6([0; 8], 0, Closed, "unassigned");

const fn v4([a, b, c, d]: [u8; 4], bits: u8, kind: RangeKind, name: &'static str) -> Range {
    Range { network: Network::of(IpAddr::V4(Ipv4Addr::new(a, b, c, d)), bits), kind, name }
}

const fn v6(s: [u16; 8], bits: u8, kind: RangeKind, name: &'static str) -> Range {
    let first = Ipv6Addr::new(s[0], s[1], s[2], s[3], s[4], s[5], s[6], s[7]);
    Range { network: Network::of(IpAddr::V6(first), bits), kind, name }
}

/// The range that an address belongs to; none if it is public.
pub(crate) fn range_of(address: IpAddr) -> Option<&'static Range> {
    RANGES.iter().find(|range| range.network.contains(address)).or_else(|| unassigned(address))
}

fn unassigned(address: IpAddr) -> Option<&'static Range> {
    (address.is_ipv6() && !GLOBAL_IPV6.contains(address)).then_some(&UNASSIGNED_IPV6)
}

/// The one range that a whole network belongs to; none if it reaches beyond or is public.
pub(crate) fn range_around(network: Network) -> Option<&'static Range> {
    RANGES.iter().find(|range| range.network.covers(network))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_range_is_written_without_bits_beyond_its_prefix() {
        for range in RANGES {
            let text = range.network.to_string();
            let text = if text.contains('/') {
                text
            } else {
                format!("{text}/{}", if text.contains(':') { 128 } else { 32 })
            };
            assert_eq!(text.parse(), Ok(range.network), "{}", range.name);
        }
    }

    #[test]
    fn the_neighbours_of_special_ranges_are_public() {
        for address in [
            "1.1.1.1",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "126.255.255.255",
            "128.0.0.0",
            "168.63.129.17",
            "169.253.255.255",
            "169.255.0.0",
            "172.15.255.255",
            "172.32.0.0",
            "192.0.1.0",
            "192.167.255.255",
            "192.169.0.0",
            "198.17.255.255",
            "198.20.0.0",
            "223.255.255.255",
            "2001:200::",
            "2001:db7:ffff::",
            "2001:db9::",
            "2003::",
            "2606:4700::1111",
            "2a00:1450::200e",
            "3ffe:ffff::",
            "2000::",
        ] {
            assert!(range_of(address.parse().unwrap()).is_none(), "{address}");
        }
    }

    #[test]
    fn a_metadata_service_inside_a_private_network_is_not_private_but_closed() {
        for address in ["100.100.100.200", "fd00:ec2::254", "fd20:ce::254"] {
            assert_eq!(range_of(address.parse().unwrap()).map(|range| range.kind), Some(Closed), "{address}");
        }
    }
}
