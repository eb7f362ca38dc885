//! From an IP packet to its transport: extension headers, fragments and tunnels (`etherparse`).

use super::fragments::{DatagramKey, Fragment, Fragments};
use super::wire::Reader;
use etherparse::{LaxIpSlice, TcpHeaderSlice};
use std::net::IpAddr;
use undertone_core::model::{Endpoint, Timestamp};

/// Tunnels walked inside one another (GTP-U, IP in IP, GRE).
const TUNNELS_MAX: u8 = 3;
const GTP_USER_PORT: u16 = 2152;

/// A transport packet.
pub(super) struct Packet<'a> {
    pub(super) at: Timestamp,
    pub(super) src: Endpoint,
    pub(super) dst: Endpoint,
    pub(super) body: Body<'a>,
}

/// The transport and its payload.
pub(super) enum Body<'a> {
    Tcp(Segment<'a>),
    /// `len`: payload length by the headers; `payload` may be cut by the capture.
    Udp {
        payload: &'a [u8],
        len: u32,
    },
    /// ICMP or `ICMPv6`. `is_reply`: an answer or an error, whose sender did not open the exchange.
    Icmp {
        len: u32,
        is_reply: bool,
    },
}

/// A TCP segment.
#[derive(Clone, Copy)]
pub(super) struct Segment<'a> {
    pub(super) seq: u32,
    pub(super) ack: Option<u32>,
    pub(super) syn: bool,
    pub(super) fin: bool,
    pub(super) rst: bool,
    /// Captured payload; shorter than `len` when the capture cut the packet.
    pub(super) payload: &'a [u8],
    /// Payload length by the IP header.
    pub(super) len: u32,
}

/// Why a packet gave no transport.
pub(super) enum Miss {
    /// Kept for reassembly.
    Fragment,
    /// A transport that is not followed, by name.
    Other(&'static str),
    Damaged(&'static str),
}

/// What walking one packet needs.
pub(super) struct Walk<'s> {
    pub(super) at: Timestamp,
    pub(super) fragments: &'s mut Fragments,
    /// Tunnels entered.
    pub(super) tunnels: u8,
}

/// Walks an IP packet and hands its transport to `visit`.
///
/// Calls itself at most [`TUNNELS_MAX`] times, once for each tunnel or reassembled datagram.
pub(super) fn walk(ip: &[u8], state: &mut Walk<'_>, visit: &mut dyn FnMut(Packet<'_>)) -> Result<(), Miss> {
    let (slice, _) = LaxIpSlice::from_slice(ip).map_err(|_| Miss::Damaged("IP header"))?;
    let payload = slice.payload();
    let (src, dst) = (slice.source_addr(), slice.destination_addr());
    let captured = payload.payload;
    let mut leg =
        Leg { src, dst, protocol: payload.ip_number.0, len: wire_payload_len(&slice, ip, captured) };
    if !payload.fragmented {
        return transport(captured, &leg, state, visit);
    }
    let Some((key, offset_bytes, is_last)) = fragment_of(&slice, &leg) else {
        return Err(Miss::Damaged("fragment header"));
    };
    let fragment = Fragment { at: state.at, offset_bytes, is_last, payload: captured };
    let whole = state.fragments.add(key, &fragment).ok_or(Miss::Fragment)?;
    leg.len = u32::try_from(whole.len()).unwrap_or(u32::MAX);
    transport(&whole, &leg, state, visit)
}

/// One IP hop: who sends to whom, what, and how much.
struct Leg {
    src: IpAddr,
    dst: IpAddr,
    protocol: u8,
    /// Payload length on the wire.
    len: u32,
}

/// The payload length by the IP header, even when the capture holds less.
fn wire_payload_len(slice: &LaxIpSlice<'_>, ip: &[u8], captured: &[u8]) -> u32 {
    let held = u32::try_from(captured.len()).unwrap_or(u32::MAX);
    if !slice.payload().incomplete {
        return held;
    }
    // Bytes before the payload: headers and extensions, all captured.
    let before = ip.len().saturating_sub(captured.len());
    let total = match slice {
        LaxIpSlice::Ipv4(v4) => usize::from(v4.header().total_len()),
        LaxIpSlice::Ipv6(v6) => usize::from(v6.header().payload_length()) + 40,
    };
    u32::try_from(total.saturating_sub(before)).unwrap_or(held).max(held)
}

fn fragment_of(slice: &LaxIpSlice<'_>, leg: &Leg) -> Option<(DatagramKey, usize, bool)> {
    let key = |id| DatagramKey { src: leg.src, dst: leg.dst, protocol: leg.protocol, id };
    match slice {
        LaxIpSlice::Ipv4(v4) => {
            let header = v4.header();
            let offset = usize::from(header.fragments_offset().byte_offset());
            Some((key(u32::from(header.identification())), offset, !header.more_fragments()))
        }
        LaxIpSlice::Ipv6(v6) => {
            let header = v6.extensions().clone().into_iter().find_map(|extension| match extension {
                etherparse::Ipv6ExtensionSlice::Fragment(header) => Some(header),
                _ => None,
            })?;
            let offset = usize::from(header.fragment_offset().byte_offset());
            Some((key(header.identification()), offset, !header.more_fragments()))
        }
    }
}

fn transport(
    payload: &[u8],
    leg: &Leg,
    state: &mut Walk<'_>,
    visit: &mut dyn FnMut(Packet<'_>),
) -> Result<(), Miss> {
    match leg.protocol {
        6 => tcp(payload, leg, state.at, visit),
        17 => udp(payload, leg, state, visit),
        1 | 58 => {
            let kind = *payload.first().ok_or(Miss::Damaged("ICMP header"))?;
            let is_reply = match leg.protocol {
                1 => !matches!(kind, 8 | 9 | 10 | 13 | 15 | 17),
                _ => !matches!(kind, 128 | 130 | 133 | 135),
            };
            let body = Body::Icmp { len: leg.len.saturating_sub(8), is_reply };
            visit(Packet {
                at: state.at,
                src: Endpoint::new(leg.src, 0),
                dst: Endpoint::new(leg.dst, 0),
                body,
            });
            Ok(())
        }
        4 | 41 => enter(payload, state, visit),
        47 => enter(gre(payload).ok_or(Miss::Other("gre_without_ip"))?, state, visit),
        _ => Err(Miss::Other("other_ip_protocol")),
    }
}

fn tcp(payload: &[u8], leg: &Leg, at: Timestamp, visit: &mut dyn FnMut(Packet<'_>)) -> Result<(), Miss> {
    let header = TcpHeaderSlice::from_slice(payload).map_err(|_| Miss::Damaged("TCP header"))?;
    let head_len = header.slice().len();
    let data = payload.get(head_len..).unwrap_or_default();
    let len = leg.len.saturating_sub(u32::try_from(head_len).unwrap_or(u32::MAX));
    let segment = Segment {
        seq: header.sequence_number(),
        ack: header.ack().then(|| header.acknowledgment_number()),
        syn: header.syn(),
        fin: header.fin(),
        rst: header.rst(),
        payload: data,
        len,
    };
    visit(Packet {
        at,
        src: Endpoint::new(leg.src, header.source_port()),
        dst: Endpoint::new(leg.dst, header.destination_port()),
        body: Body::Tcp(segment),
    });
    Ok(())
}

fn udp(
    payload: &[u8],
    leg: &Leg,
    state: &mut Walk<'_>,
    visit: &mut dyn FnMut(Packet<'_>),
) -> Result<(), Miss> {
    let mut reader = Reader::new(payload);
    let ports = (reader.u16(), reader.u16(), reader.u16(), reader.u16());
    let (Some(src_port), Some(dst_port), Some(total), Some(_)) = ports else {
        return Err(Miss::Damaged("UDP header"));
    };
    // A length of 0 (jumbogram) or beyond the packet leaves the packet's own length.
    let len = match u32::from(total) {
        total if total >= 8 && total <= leg.len => total - 8,
        _ => leg.len.saturating_sub(8),
    };
    let data = reader.rest();
    let data = data.get(..usize::try_from(len).unwrap_or(usize::MAX)).unwrap_or(data);
    if (src_port == GTP_USER_PORT || dst_port == GTP_USER_PORT)
        && let Some(inner) = gtp_user(data)
    {
        return enter(inner, state, visit);
    }
    visit(Packet {
        at: state.at,
        src: Endpoint::new(leg.src, src_port),
        dst: Endpoint::new(leg.dst, dst_port),
        body: Body::Udp { payload: data, len },
    });
    Ok(())
}

fn enter(inner: &[u8], state: &mut Walk<'_>, visit: &mut dyn FnMut(Packet<'_>)) -> Result<(), Miss> {
    if state.tunnels >= TUNNELS_MAX {
        return Err(Miss::Damaged("too many tunnels inside one another"));
    }
    state.tunnels += 1;
    walk(inner, state, visit)
}

/// The user packet of GTP version 1 (3GPP TS 29.281 section 5): `None` for signalling.
fn gtp_user(data: &[u8]) -> Option<&[u8]> {
    const EXTENSIONS_MAX: usize = 8;
    let mut reader = Reader::new(data);
    let flags = reader.u8()?;
    if flags & 0xf0 != 0x30 || reader.u8()? != 255 {
        return None;
    }
    reader.take(6)?;
    if flags & 0x07 != 0 {
        reader.take(3)?;
        let mut next = reader.u8()?;
        for _ in 0..EXTENSIONS_MAX {
            if next == 0 {
                break;
            }
            let words = usize::from(reader.u8()?);
            let content = reader.take((words * 4).checked_sub(1)?)?;
            next = *content.last()?;
        }
    }
    let inner = reader.rest();
    matches!(inner.first()? >> 4, 4 | 6).then_some(inner)
}

/// The IP packet of a GRE header (RFC 2784, RFC 2890); `None` for other contents.
fn gre(payload: &[u8]) -> Option<&[u8]> {
    let mut reader = Reader::new(payload);
    let flags = reader.u16()?;
    if !matches!(reader.u16()?, 0x0800 | 0x86dd) || flags & 7 != 0 {
        return None;
    }
    let optional_words = [0x8000, 0x2000, 0x1000].iter().filter(|bit| flags & **bit != 0).count();
    reader.take(optional_words * 4)?;
    Some(reader.rest())
}
