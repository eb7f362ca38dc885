//! A `flow` event to a session.
//!
//! Suricata counts the bytes of whole frames; Zeek and a session count payload. The payload is estimated by
//! taking off what is not payload. Certain are Ethernet (14 bytes, 4 for each VLAN tag), IP (20 or 40), TCP (20)
//! and UDP or ICMP (8). For the TCP options the event only gives bounds:
//!
//! * A direction that never set PSH, and whose rest fits into options, sent no data.
//! * Timestamps (12 bytes a packet, RFC 7323 appendix A) are on where both sides agreed, as Android, iOS and
//!   Linux do by default. A direction with less than 12 bytes a packet shows that they did not.
//! * The SYN has 20 bytes of options with timestamps (MSS, SACK permitted, window scale), 12 without.
//!
//! Against the payload in the shared captures (2,597 directions of TCP flows with a handshake, frames on
//! Ethernet): exact for 57 %, median error 0, 90th percentile 17 %, sum 1.4 % too high. Frames padded to 60 bytes
//! and other link types are what is left. UDP is exact save for padding.

use undertone_core::model::{ConnState, Report, Session, Timestamp, Transport};

use super::event::Key;
use super::records::{Miss, Row};
use crate::RejectReason;

const FIN: u8 = 0x01;
const SYN: u8 = 0x02;
const RST: u8 = 0x04;
const PSH: u8 = 0x08;

/// Most bytes of TCP options that a packet can have (RFC 9293 section 3.1: a header of at most 60 bytes).
const TCP_OPTIONS_BYTES_MAX: u64 = 40;

/// Bytes of the timestamps option with its padding.
const TIMESTAMPS_BYTES: u64 = 12;

/// Bytes of the options that only a SYN has, beside timestamps, and without them.
const SYN_OPTIONS_BYTES: (u64, u64) = (8, 12);

/// TCP flags of a flow.
#[derive(Debug, Clone, Copy)]
struct Flags {
    to_server: u8,
    to_client: u8,
}

/// What both kinds of event say alike: when, between whom, over what.
fn of_row<'a>(row: Row<'_, 'a>) -> Result<Session<'a>, Miss> {
    let transport = row.transport();
    let (orig, resp) = (row.orig(transport)?, row.resp(transport)?);
    let start = match row.time(Key::FlowStart)? {
        Some(start) => start,
        None => row.at()?,
    };
    Ok(Session {
        uid: row.uid(),
        service: row.text(Key::AppProto).filter(|name| !matches!(*name, "failed" | "unknown")),
        ..Session::between(start, orig, resp, transport)
    })
}

/// The session of a `flow` event.
pub(super) fn session<'a>(row: Row<'_, 'a>) -> Result<Session<'a>, Miss> {
    let known = of_row(row)?;
    let (transport, is_v6) = (known.transport, known.orig.addr.is_ipv6());
    let flags = flags(row)?;
    let orig_pkts = row.count(Key::PktsToServer)?;
    let resp_pkts = row.count(Key::PktsToClient)?;
    let header_bytes = header_bytes(transport, is_v6, row.get(Key::Vlan));
    let half = |bytes: Option<u64>, pkts: Option<u64>, flags: Option<u8>| {
        let pkts = pkts?;
        Some(Half { beyond_bytes: bytes?.saturating_sub(pkts.saturating_mul(header_bytes)), pkts, flags })
    };
    let to_server = half(row.count(Key::BytesToServer)?, orig_pkts, flags.map(|flags| flags.to_server));
    let to_client = half(row.count(Key::BytesToClient)?, resp_pkts, flags.map(|flags| flags.to_client));
    let may_have_timestamps = [&to_server, &to_client].into_iter().flatten().all(Half::may_have_timestamps);
    Ok(Session {
        duration_micros: duration_micros(row, known.start)?,
        orig_bytes: to_server.map(|half| half.payload_bytes(may_have_timestamps)),
        resp_bytes: to_client.map(|half| half.payload_bytes(may_have_timestamps)),
        orig_pkts,
        resp_pkts,
        state: state(transport, flags, resp_pkts),
        handshake: flags.map(|flags| (flags.to_server | flags.to_client) & SYN != 0),
        ..known
    })
}

/// The session of a `netflow` event: one direction, of which the sender alone has counts.
pub(super) fn direction<'a>(row: Row<'_, 'a>) -> Result<Session<'a>, Miss> {
    let known = of_row(row)?;
    let (transport, is_v6) = (known.transport, known.orig.addr.is_ipv6());
    let flags = flags(row)?.map(|flags| flags.to_server);
    let pkts = row.count(Key::NetflowPkts)?;
    let header_bytes = header_bytes(transport, is_v6, row.get(Key::Vlan));
    let half = pkts.zip(row.count(Key::NetflowBytes)?).map(|(pkts, bytes)| Half {
        beyond_bytes: bytes.saturating_sub(pkts.saturating_mul(header_bytes)),
        pkts,
        flags,
    });
    Ok(Session {
        duration_micros: duration_micros(row, known.start)?,
        // The other direction is not at hand: what this one shows of timestamps must do.
        orig_bytes: half.map(|half| half.payload_bytes(half.may_have_timestamps())),
        orig_pkts: pkts,
        report: Report::OneWay,
        ..known
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

/// One direction of a flow.
#[derive(Debug, Clone, Copy)]
struct Half {
    /// Bytes beyond the headers that every packet has.
    beyond_bytes: u64,
    pkts: u64,
    /// TCP flags seen; `None` for other transports.
    flags: Option<u8>,
}

impl Half {
    /// Whether every packet has room for the timestamps option.
    fn may_have_timestamps(&self) -> bool {
        self.beyond_bytes >= self.pkts.saturating_mul(TIMESTAMPS_BYTES)
    }

    /// The payload, estimated as the module says.
    fn payload_bytes(self, has_timestamps: bool) -> u64 {
        let Some(flags) = self.flags else { return self.beyond_bytes };
        if flags & PSH == 0 && self.beyond_bytes <= self.pkts.saturating_mul(TCP_OPTIONS_BYTES_MAX) {
            return 0;
        }
        let (beside, without) = SYN_OPTIONS_BYTES;
        let syns = u64::from(flags & SYN != 0);
        let options = if has_timestamps {
            self.pkts.saturating_mul(TIMESTAMPS_BYTES).saturating_add(beside * syns)
        } else {
            without * syns
        };
        self.beyond_bytes.saturating_sub(options)
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
