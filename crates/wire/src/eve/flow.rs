//! A `flow` event to a session.
//!
//! Suricata counts the bytes of whole frames, Zeek and a session the payload. The payload is estimated: from
//! the frames of a direction, the headers that every packet has are taken off (Ethernet 14 bytes and 4 for each
//! VLAN tag, IP 20 or 40, TCP 20, UDP or ICMP 8), and for TCP the options. What the event does not tell, the
//! size of the TCP options, is taken from what it does: a direction that never set PSH sent no data, so its
//! bytes beyond the headers are options, and options are negotiated for both directions (RFC 7323 section 3.2).

use undertone_core::model::{ConnState, Session, Timestamp, Transport};

use super::event::Key;
use super::records::{Miss, Row};
use crate::RejectReason;

const FIN: u8 = 0x01;
const SYN: u8 = 0x02;
const RST: u8 = 0x04;
const PSH: u8 = 0x08;

/// Most bytes of TCP options that a packet can have (RFC 9293 section 3.1: a header of at most 60 bytes).
const TCP_OPTIONS_BYTES_MAX: u64 = 40;

/// TCP flags of a flow.
#[derive(Debug, Clone, Copy)]
struct Flags {
    to_server: u8,
    to_client: u8,
}

/// The session of a `flow` event.
pub(super) fn session<'a>(row: Row<'_, 'a>) -> Result<Session<'a>, Miss> {
    let transport = row.transport();
    let (orig, resp) = (row.orig(transport)?, row.resp(transport)?);
    let start = match row.time(Key::FlowStart)? {
        Some(start) => start,
        None => row.at()?,
    };
    let flags = flags(row)?;
    let orig_pkts = row.count(Key::PktsToServer)?;
    let resp_pkts = row.count(Key::PktsToClient)?;
    let header_bytes = header_bytes(transport, orig.addr.is_ipv6(), row.get(Key::Vlan));
    let estimate = |bytes: Option<u64>, pkts: Option<u64>, flags: Option<u8>| {
        let beyond = bytes?.saturating_sub(pkts?.saturating_mul(header_bytes));
        Some(payload_bytes(beyond, pkts?, flags))
    };
    Ok(Session {
        uid: row.uid(),
        start,
        duration_micros: duration_micros(row, start)?,
        orig,
        resp,
        transport,
        service: row.text(Key::AppProto).filter(|name| !matches!(*name, "failed" | "unknown")),
        orig_bytes: estimate(row.count(Key::BytesToServer)?, orig_pkts, flags.map(|flags| flags.to_server)),
        resp_bytes: estimate(row.count(Key::BytesToClient)?, resp_pkts, flags.map(|flags| flags.to_client)),
        orig_pkts,
        resp_pkts,
        state: state(transport, flags, resp_pkts),
        handshake: flags.map(|flags| (flags.to_server | flags.to_client) & SYN != 0),
        local_orig: None,
        local_resp: None,
        orig_l2: None,
        is_final: true,
        app: None,
    })
}

/// `end - start`, else `age` in whole seconds. A negative span is no span.
fn duration_micros(row: Row<'_, '_>, start: Timestamp) -> Result<Option<u64>, Miss> {
    if let Some(end) = row.time(Key::FlowEnd)? {
        return Ok(u64::try_from(end.since(start)).ok());
    }
    Ok(row.count(Key::FlowAge)?.map(|secs| secs.saturating_mul(1_000_000)))
}

/// The flags of both directions (hexadecimal); older versions have the sum only, which then stands for both.
fn flags(row: Row<'_, '_>) -> Result<Option<Flags>, Miss> {
    let hex = |text: &str| u8::from_str_radix(text, 16).ok();
    let read = |key| row.parsed(key, RejectReason::BadNumber, hex);
    let both = read(Key::TcpFlags)?;
    let to_server = read(Key::TcpFlagsToServer)?.or(both);
    let to_client = read(Key::TcpFlagsToClient)?.or(both);
    Ok(to_server.zip(to_client).map(|(to_server, to_client)| Flags { to_server, to_client }))
}

/// Bytes of the headers that every packet of the flow has.
fn header_bytes(transport: Transport, is_v6: bool, vlan: Option<&str>) -> u64 {
    let tags = vlan.map_or(0, |list| list.split(',').count());
    let link = 14 + 4 * u64::try_from(tags).unwrap_or(0);
    let ip = if is_v6 { 40 } else { 20 };
    let transport = match transport {
        Transport::Tcp => 20,
        Transport::Udp | Transport::Icmp => 8,
        Transport::Other => 0,
    };
    link + ip + transport
}

/// The payload in the `beyond` bytes that `pkts` packets carry beyond their fixed headers.
fn payload_bytes(beyond: u64, pkts: u64, flags: Option<u8>) -> u64 {
    let is_only_options = beyond <= pkts.saturating_mul(TCP_OPTIONS_BYTES_MAX);
    match flags {
        Some(flags) if flags & PSH == 0 && is_only_options => 0,
        _ => beyond,
    }
}

/// How the connection went. For TCP by the flags of both sides, in Zeek's terms; else by whether there was an
/// answer.
fn state(transport: Transport, flags: Option<Flags>, resp_pkts: Option<u64>) -> ConnState {
    let is_answered = resp_pkts.map(|pkts| pkts > 0);
    let Some(flags) = flags.filter(|_| transport == Transport::Tcp) else {
        return match is_answered {
            Some(true) => ConnState::Established,
            Some(false) => ConnState::Unanswered,
            None => ConnState::Unknown,
        };
    };
    let either = flags.to_server | flags.to_client;
    if either & SYN == 0 {
        ConnState::Midstream
    } else if is_answered == Some(false) || flags.to_client == 0 {
        ConnState::Unanswered
    } else if flags.to_client & SYN == 0 && flags.to_client & RST != 0 {
        ConnState::Rejected
    } else if either & RST != 0 && either & FIN == 0 {
        ConnState::Reset
    } else {
        ConnState::Established
    }
}
