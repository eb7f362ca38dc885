//! Addresses, ports, transports and networks.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr};

/// One end of a connection. The port is 0 where the transport has none (ICMP) or the source does not say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Endpoint {
    /// Address; IPv4-mapped IPv6 addresses are stored as IPv4.
    pub addr: IpAddr,
    /// Port, host byte order.
    pub port: u16,
}

impl Endpoint {
    /// An endpoint in canonical form (IPv4-mapped IPv6 becomes IPv4).
    pub fn new(addr: IpAddr, port: u16) -> Self {
        Self { addr: addr.to_canonical(), port }
    }

    /// True for addresses that no single remote host answers: multicast, broadcast, link-local, unspecified
    /// and loopback. They make no series.
    pub fn is_local_scope(&self) -> bool {
        match self.addr {
            IpAddr::V4(v4) => {
                v4.is_multicast()
                    || v4.is_broadcast()
                    || v4.is_link_local()
                    || v4.is_unspecified()
                    || v4.is_loopback()
            }
            IpAddr::V6(v6) => {
                v6.is_multicast() || v6.is_unicast_link_local() || v6.is_unspecified() || v6.is_loopback()
            }
        }
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        std::net::SocketAddr::new(self.addr, self.port).fmt(f)
    }
}

/// Transport of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Transport {
    /// TCP.
    Tcp,
    /// UDP.
    Udp,
    /// ICMP for IPv4 or IPv6.
    Icmp,
    /// Any other, or not said.
    Other,
}

impl Transport {
    /// Lower-case name as Zeek and Suricata write it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Tcp => "tcp",
            Self::Udp => "udp",
            Self::Icmp => "icmp",
            Self::Other => "other",
        }
    }

    /// The transport of a name in any case (`tcp`, `UDP`, `ipv6-icmp`); other names are [`Transport::Other`].
    pub fn from_name(name: &str) -> Self {
        if name.eq_ignore_ascii_case("tcp") {
            Self::Tcp
        } else if name.eq_ignore_ascii_case("udp") {
            Self::Udp
        } else if name.len() >= 4 && name.to_ascii_lowercase().contains("icmp") {
            Self::Icmp
        } else {
            Self::Other
        }
    }

    /// The transport of an IP protocol number.
    pub const fn from_number(number: u8) -> Self {
        match number {
            6 => Self::Tcp,
            17 => Self::Udp,
            1 | 58 => Self::Icmp,
            _ => Self::Other,
        }
    }
}

/// A link-layer address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MacAddr(pub [u8; 6]);

impl MacAddr {
    /// Parses `aa:bb:cc:dd:ee:ff` or with dashes, any case.
    pub fn parse(text: &str) -> Option<Self> {
        let mut bytes = [0_u8; 6];
        let mut parts = text.split([':', '-']);
        for byte in &mut bytes {
            let part = parts.next()?;
            if part.is_empty() || part.len() > 2 || !part.bytes().all(|b| b.is_ascii_hexdigit()) {
                return None;
            }
            *byte = u8::from_str_radix(part, 16).ok()?;
        }
        parts.next().is_none().then_some(Self(bytes))
    }
}

impl fmt::Display for MacAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [first, rest @ ..] = self.0;
        write!(f, "{first:02x}")?;
        rest.iter().try_for_each(|byte| write!(f, ":{byte:02x}"))
    }
}

/// An IP network: an address and a prefix length.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Network {
    addr: IpAddr,
    prefix_bits: u8,
}

impl Network {
    /// Parses `10.0.0.0/8`, `2001:db8::/32` or a single address.
    pub fn parse(text: &str) -> Option<Self> {
        let (addr, bits) = match text.split_once('/') {
            Some((addr, bits)) => (addr.parse().ok()?, Some(bits.parse::<u8>().ok()?)),
            None => (text.parse::<IpAddr>().ok()?, None),
        };
        let max = if addr.is_ipv4() { 32 } else { 128 };
        let prefix_bits = bits.unwrap_or(max);
        (prefix_bits <= max).then_some(Self { addr, prefix_bits })
    }

    /// Whether the network holds the address; families never mix.
    pub fn contains(&self, addr: IpAddr) -> bool {
        fn equal_prefix<const N: usize>(left: [u8; N], right: [u8; N], bits: u8) -> bool {
            let whole = usize::from(bits / 8);
            let rest = bits % 8;
            left.iter().zip(&right).take(whole).all(|(a, b)| a == b)
                && (rest == 0
                    || left.get(whole).zip(right.get(whole)).is_some_and(|(a, b)| (a ^ b) >> (8 - rest) == 0))
        }
        match (self.addr, addr) {
            (IpAddr::V4(net), IpAddr::V4(addr)) => {
                equal_prefix(net.octets(), addr.octets(), self.prefix_bits)
            }
            (IpAddr::V6(net), IpAddr::V6(addr)) => {
                equal_prefix(net.octets(), addr.octets(), self.prefix_bits)
            }
            _ => false,
        }
    }

    /// Whether an address is inside: by its kind, or in a network that is said to be.
    pub fn is_inside(addr: IpAddr, internal: &[Self]) -> bool {
        Self::is_inside_by_kind(addr) || internal.iter().any(|network| network.contains(addr))
    }

    /// Whether an address is inside by its kind alone: RFC 1918, RFC 4193, 100.64.0.0/10 and `fe80::/10`.
    pub fn is_inside_by_kind(addr: IpAddr) -> bool {
        match addr {
            IpAddr::V4(v4) => v4.is_private() || is_shared(v4),
            IpAddr::V6(v6) => v6.is_unique_local() || v6.is_unicast_link_local(),
        }
    }
}

/// 100.64.0.0/10, carrier-grade NAT (RFC 6598).
fn is_shared(v4: Ipv4Addr) -> bool {
    let [a, b, ..] = v4.octets();
    a == 100 && b & 0xc0 == 64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_hold_their_addresses() {
        let check = |net: &str, addr: &str| Network::parse(net).unwrap().contains(addr.parse().unwrap());
        assert!(check("10.20.0.0/14", "10.23.255.255"));
        assert!(!check("10.20.0.0/14", "10.24.0.0"));
        assert!(check("0.0.0.0/0", "8.8.8.8"));
        assert!(!check("0.0.0.0/0", "::1"));
        assert!(check("2001:db8::/33", "2001:db8:7fff::1"));
        assert!(!check("2001:db8::/33", "2001:db8:8000::1"));
        assert!(check("192.0.2.7", "192.0.2.7"));
        for bad in ["10.0.0.0/33", "x", "::/129", "10.0.0.0/"] {
            assert_eq!(Network::parse(bad), None);
        }
    }

    #[test]
    fn inside_is_what_is_said_to_be() {
        let internal = [Network::parse("198.51.100.0/24").unwrap()];
        let inside = |addr: &str| Network::is_inside(addr.parse().unwrap(), &internal);
        assert_eq!(["198.51.100.7", "10.0.0.1", "203.0.113.1"].map(inside), [true, true, false]);
    }

    #[test]
    fn inside_is_private_shared_or_link_local() {
        for (addr, inside) in [
            ("10.1.2.3", true),
            ("100.64.0.1", true),
            ("100.128.0.1", false),
            ("fd00::1", true),
            ("fe80::1", true),
            ("8.8.8.8", false),
        ] {
            assert_eq!(Network::is_inside_by_kind(addr.parse().unwrap()), inside, "{addr}");
        }
    }

    #[test]
    fn mac_addresses_round_trip() {
        assert_eq!(MacAddr::parse("AA-bb-0c-dd-ee-ff").unwrap().to_string(), "aa:bb:0c:dd:ee:ff");
        assert_eq!(MacAddr::parse("aa:bb:cc:dd:ee"), None);
        assert_eq!(MacAddr::parse("aa:bb:cc:dd:ee:f+"), None);
    }
}
