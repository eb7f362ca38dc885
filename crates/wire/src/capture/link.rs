//! Link layers: from a captured frame to its IP packet.

use super::apps::{self, App};
use super::wire::Reader;
use std::rc::Rc;
use undertone_core::model::MacAddr;

/// Tags, labels and encapsulations walked in one frame; more is an attack on the parser, not a network.
const HEADERS_MAX: usize = 8;

/// What a frame carries.
pub(super) enum Network<'a> {
    /// An IP packet.
    Ip(IpFrame<'a>),
    /// A well-formed frame of another kind (ARP, LLDP, ...), by name.
    Other(&'static str),
    /// Cut short or inconsistent.
    Damaged(&'static str),
    /// A link type that is not read, by the reason.
    Refused(&'static str),
}

/// An IP packet in its frame.
pub(super) struct IpFrame<'a> {
    pub(super) packet: &'a [u8],
    /// Link-layer address of the sender; `None` where the link has none or it is all zeros.
    pub(super) sender: Option<MacAddr>,
    /// App that a trailer of the frame names.
    pub(super) app: Option<Rc<App>>,
}

/// Finds the IP packet of a frame. Link types: tcpdump.org/linktypes.html.
pub(super) fn network(link: i32, frame: &[u8]) -> Network<'_> {
    match link {
        0 | 108 => loopback(frame),
        1 => ethernet(frame),
        12 | 14 | 101 | 228 | 229 => raw(frame, None),
        9 | 50 => ppp(frame),
        113 => cooked(frame, 14, 6, 4, 16),
        239 => netfilter_log(frame),
        258 => packet_tap(frame),
        276 => cooked(frame, 0, 12, 11, 20),
        105 | 119 | 127 | 163 => Network::Refused(
            "802.11 frames are not read: capture on the IP or Ethernet side, or decrypt and convert",
        ),
        147..=162 => Network::Refused("private link type (DLT_USER) is not read"),
        189 | 220 | 249 => Network::Refused("USB captures are not read"),
        187 | 201 | 251 | 272 => Network::Refused("Bluetooth captures are not read"),
        _ => Network::Refused("link type is not read: use Ethernet, Linux cooked, raw IP or loopback"),
    }
}

/// BSD null and loopback: an address family in the byte order of the capturing host, or network order.
fn loopback(frame: &[u8]) -> Network<'_> {
    let Some((family, packet)) = frame.split_at_checked(4) else {
        return Network::Damaged("frame shorter than its link header");
    };
    let family: [u8; 4] = family.try_into().unwrap_or_default();
    let family = u32::from_le_bytes(family).min(u32::from_be_bytes(family));
    match family {
        // AF_INET, and AF_INET6 of NetBSD, FreeBSD and Darwin.
        2 | 24 | 28 | 30 => raw(packet, None),
        _ => Network::Other("loopback_other"),
    }
}

/// PPP with or without the address and control bytes of HDLC (RFC 1662), the protocol in one byte or two
/// (RFC 1661 section 6.5).
fn ppp(frame: &[u8]) -> Network<'_> {
    let frame = frame.strip_prefix(&[0xff, 0x03]).unwrap_or(frame);
    match frame {
        [0x00, 0x21 | 0x57, packet @ ..] | [0x21 | 0x57, packet @ ..] => raw(packet, None),
        [_, _, ..] => Network::Other("ppp_control"),
        _ => Network::Damaged("frame shorter than its link header"),
    }
}

/// Linux netfilter log, as `tcpdump` on a phone or a VPN gateway writes it: attributes with their length, the
/// packet in the one of type 9 (`NFULA_PAYLOAD`).
fn netfilter_log(frame: &[u8]) -> Network<'_> {
    let mut reader = Reader::new(frame);
    let Some([family, 0, _, _]) = reader.take(4) else {
        return Network::Damaged("frame shorter than its link header");
    };
    if !matches!(family, 2 | 10) {
        return Network::Other("netfilter_log_other");
    }
    loop {
        // Length and type are in the byte order of the capturing host; both are below 256 or told by the order.
        let Some(&[a, b, c, d]) = reader.take(4) else {
            return Network::Damaged("netfilter log without a packet");
        };
        let little = (u16::from_le_bytes([a, b]), u16::from_le_bytes([c, d]) & 0x7fff);
        let big = (u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d]) & 0x7fff);
        let (length, kind) = if little.1 < 256 { little } else { big };
        let Some(size) = usize::from(length).checked_sub(4) else {
            return Network::Damaged("netfilter log attribute cut short");
        };
        if kind == 9 {
            let rest = reader.rest();
            return raw(rest.get(..size).unwrap_or(rest), None);
        }
        if reader.take(size.next_multiple_of(4)).is_none() {
            return Network::Damaged("netfilter log attribute cut short");
        }
    }
}

/// Apple's packet tap (`rvi0` of an iPhone, `pktap` of a Mac): a header that says its length and the link type
/// inside (Darwin, `bsd/net/pktap.h`, little-endian).
fn packet_tap(frame: &[u8]) -> Network<'_> {
    let word = |at: usize| {
        let bytes = frame.get(at..at + 4).and_then(|bytes| bytes.try_into().ok()).map(u32::from_le_bytes);
        bytes.and_then(|word| usize::try_from(word).ok())
    };
    let (Some(length), Some(link)) = (word(0), word(8)) else {
        return Network::Damaged("frame shorter than its link header");
    };
    match (frame.get(length..), i32::try_from(link)) {
        (Some(inner), Ok(link)) if length >= 12 && link != 258 => network(link, inner),
        _ => Network::Damaged("packet tap header cut short"),
    }
}

fn ethernet(frame: &[u8]) -> Network<'_> {
    let mut reader = Reader::new(frame);
    let (Some(_), Some(sender), Some(kind)) = (reader.take(6), reader.take(6), reader.u16()) else {
        return Network::Damaged("frame shorter than its link header");
    };
    let mut found = by_ethertype(kind, reader);
    if let Network::Ip(ip) = &mut found {
        ip.sender = mac(sender);
        ip.app = apps::trailer(frame).map(Rc::new);
    }
    found
}

/// Linux cooked, versions 1 and 2: where the protocol, the address and its length are, and the header's size.
fn cooked(frame: &[u8], kind_at: usize, addr_at: usize, addr_len_at: usize, size: usize) -> Network<'_> {
    let Some((header, payload)) = frame.split_at_checked(size) else {
        return Network::Damaged("frame shorter than its link header");
    };
    let kind = Reader::new(header.get(kind_at..).unwrap_or_default()).u16().unwrap_or_default();
    // Version 1 has a length of two bytes, whose low byte tells.
    let addr_len = header.get(if size == 16 { addr_len_at + 1 } else { addr_len_at }).copied();
    let mut found = by_ethertype(kind, Reader::new(payload));
    if let Network::Ip(ip) = &mut found
        && addr_len == Some(6)
    {
        ip.sender = header.get(addr_at..addr_at + 6).and_then(mac);
    }
    found
}

/// Walks VLAN tags, MPLS labels and `PPPoE` down to IP.
fn by_ethertype(mut kind: u16, mut reader: Reader<'_>) -> Network<'_> {
    for _ in 0..HEADERS_MAX {
        match kind {
            0x0800 | 0x86dd => return raw(reader.rest(), None),
            0x8100 | 0x88a8 | 0x9100 | 0x9200 => {
                let (Some(_), Some(inner)) = (reader.u16(), reader.u16()) else {
                    return Network::Damaged("VLAN tag cut short");
                };
                kind = inner;
            }
            0x8847 | 0x8848 => {
                let Some(label) = reader.u32() else { return Network::Damaged("MPLS label cut short") };
                // The bottom of the stack has no type; the first nibble tells IP.
                if label & 0x100 != 0 {
                    return raw(reader.rest(), None);
                }
            }
            0x8864 => {
                let Some(header) = reader.take(8) else { return Network::Damaged("PPPoE header cut short") };
                kind = match header {
                    [.., 0x00, 0x21] => 0x0800,
                    [.., 0x00, 0x57] => 0x86dd,
                    _ => return Network::Other("pppoe_control"),
                };
            }
            0x0806 => return Network::Other("arp"),
            _ => return Network::Other("frame_without_ip"),
        }
    }
    Network::Damaged("too many link headers")
}

fn raw(packet: &[u8], sender: Option<MacAddr>) -> Network<'_> {
    match packet.first().map(|byte| byte >> 4) {
        Some(4 | 6) => Network::Ip(IpFrame { packet, sender, app: None }),
        Some(_) => Network::Damaged("not an IP packet where one is announced"),
        None => Network::Damaged("frame shorter than its link header"),
    }
}

fn mac(bytes: &[u8]) -> Option<MacAddr> {
    let bytes: [u8; 6] = bytes.try_into().ok()?;
    (bytes != [0; 6]).then_some(MacAddr(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first_byte(link: i32, frame: &[u8]) -> Option<u8> {
        match network(link, frame) {
            Network::Ip(ip) => ip.packet.first().copied(),
            _ => None,
        }
    }

    #[test]
    fn ip_is_found_under_each_link() {
        let with = |head: &[u8]| [head, &[0x45, 0, 0, 20]].concat();
        let ethernet = [2_u8, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2];
        assert_eq!(first_byte(1, &with(&[&ethernet[..], &[8, 0]].concat())), Some(0x45));
        let double_tag = [0x88, 0xa8, 0, 1, 0x81, 0, 0, 2, 8, 0];
        assert_eq!(first_byte(1, &with(&[&ethernet[..], &double_tag].concat())), Some(0x45));
        let labels = [0x88, 0x47, 0, 0, 0, 9, 0, 0, 1, 9];
        assert_eq!(first_byte(1, &with(&[&ethernet[..], &labels].concat())), Some(0x45));
        let pppoe = [0x88, 0x64, 0x11, 0, 0, 1, 0, 22, 0, 0x21];
        assert_eq!(first_byte(1, &with(&[&ethernet[..], &pppoe].concat())), Some(0x45));
        assert_eq!(first_byte(113, &with(&[0, 0, 0, 1, 0, 6, 1, 2, 3, 4, 5, 6, 0, 0, 8, 0])), Some(0x45));
        assert_eq!(
            first_byte(276, &with(&[8, 0, 0, 0, 0, 0, 0, 2, 0, 1, 0, 6, 1, 2, 3, 4, 5, 6, 0, 0])),
            Some(0x45)
        );
        for head in [&[0xff, 3, 0, 0x21][..], &[0, 0x21], &[0x21]] {
            assert_eq!(first_byte(9, &with(head)), Some(0x45));
        }
        let attributes = [2, 0, 0, 0, 5, 0, 10, 0, b'x', 0, 0, 0, 8, 0, 9, 0];
        assert_eq!(first_byte(239, &with(&attributes)), Some(0x45));
        let tap = [&[16, 0, 0, 0, 1, 0, 0, 0, 12, 0, 0, 0][..], &[0; 4]].concat();
        assert_eq!(first_byte(258, &with(&tap)), Some(0x45));
        for link in [101, 12, 14, 228] {
            assert_eq!(first_byte(link, &with(&[])), Some(0x45));
        }
        assert_eq!(first_byte(0, &with(&[2, 0, 0, 0])), Some(0x45));
        assert_eq!(first_byte(108, &with(&[0, 0, 0, 2])), Some(0x45));
    }

    #[test]
    fn endless_tags_and_radio_are_refused() {
        let mut frame = vec![0_u8; 12];
        frame.extend([0x81, 0, 0, 1].repeat(100));
        assert!(matches!(network(1, &frame), Network::Damaged(_)));
        assert!(matches!(network(258, &[12, 0, 0, 0, 1, 0, 0, 0, 2, 1, 0, 0]), Network::Damaged(_)));
        assert!(matches!(network(239, &[2, 0, 0, 0, 4, 0, 1]), Network::Damaged(_)));
        for link in [105, 119, 127] {
            assert!(matches!(network(link, &frame), Network::Refused(why) if why.starts_with("802.11")));
        }
    }
}
