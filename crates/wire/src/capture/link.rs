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
        113 => cooked(frame, 14, 6, 4, 16),
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
        for link in [105, 119, 127] {
            assert!(matches!(network(link, &frame), Network::Refused(why) if why.starts_with("802.11")));
        }
    }
}
