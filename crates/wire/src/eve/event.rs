//! One EVE line to cells.

use super::records::emit;
use crate::cells::Cells;
use crate::json::{self, Cursor, Fault, Scalar};
use crate::text::{clip, trim_line_end};
use crate::{RecordSink, RejectReason};

/// A field that is read. Sections that never occur together share fields of the same meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Key {
    Timestamp,
    FlowId,
    SrcIp,
    SrcPort,
    DestIp,
    DestPort,
    Proto,
    AppProto,
    Vlan,
    FlowStart,
    FlowEnd,
    FlowAge,
    FlowState,
    NetflowBytes,
    NetflowPkts,
    BytesToServer,
    BytesToClient,
    PktsToServer,
    PktsToClient,
    TcpFlags,
    TcpFlagsToServer,
    TcpFlagsToClient,
    Hostname,
    Url,
    Method,
    UserAgent,
    Status,
    Length,
    Sni,
    Ja3,
    Ja4,
    Subject,
    Issuer,
    ServerAlpn,
    ClientAlpn,
    /// QUIC's list of TLS extensions, as written.
    Extensions,
    DnsType,
    Rrname,
    Rrtype,
    Rcode,
    Rdata,
    /// DNS lists, as written.
    Queries,
    Answers,
    Grouped,
    Helo,
    MailFrom,
    Command,
    CommandData,
    CompletionCode,
    Topic,
    Opcode,
    ClientMac,
    AssignedIp,
    ClientIp,
    DhcpType,
    LeaseTime,
}

/// How many keys there are.
pub(super) const KEYS: usize = Key::LeaseTime as usize + 1;

/// The fields of one event.
pub(super) type EventCells<'a> = Cells<'a, KEYS>;

/// A section: the keys that are read in it.
type Section = &'static [(&'static str, Key)];

const COMMON: Section = &[
    ("timestamp", Key::Timestamp),
    ("flow_id", Key::FlowId),
    ("src_ip", Key::SrcIp),
    ("src_port", Key::SrcPort),
    ("dest_ip", Key::DestIp),
    ("dest_port", Key::DestPort),
    ("proto", Key::Proto),
    ("app_proto", Key::AppProto),
    ("vlan", Key::Vlan),
];

const FLOW: Section = &[
    ("start", Key::FlowStart),
    ("end", Key::FlowEnd),
    ("age", Key::FlowAge),
    ("state", Key::FlowState),
    ("bytes_toserver", Key::BytesToServer),
    ("bytes_toclient", Key::BytesToClient),
    ("pkts_toserver", Key::PktsToServer),
    ("pkts_toclient", Key::PktsToClient),
];

const NETFLOW: Section = &[
    ("start", Key::FlowStart),
    ("end", Key::FlowEnd),
    ("age", Key::FlowAge),
    ("bytes", Key::NetflowBytes),
    ("pkts", Key::NetflowPkts),
];

const TCP: Section = &[
    ("tcp_flags", Key::TcpFlags),
    ("tcp_flags_ts", Key::TcpFlagsToServer),
    ("tcp_flags_tc", Key::TcpFlagsToClient),
];

const HTTP: Section = &[
    ("hostname", Key::Hostname),
    ("url", Key::Url),
    ("http_method", Key::Method),
    ("http_user_agent", Key::UserAgent),
    ("status", Key::Status),
    ("length", Key::Length),
];

/// TLS and QUIC.
const TLS: Section = &[
    ("sni", Key::Sni),
    ("ja3", Key::Ja3),
    ("ja4", Key::Ja4),
    ("subject", Key::Subject),
    ("issuerdn", Key::Issuer),
    ("server_alpns", Key::ServerAlpn),
    ("client_alpns", Key::ClientAlpn),
    ("alpn", Key::ClientAlpn),
    ("ua", Key::UserAgent),
    ("extensions", Key::Extensions),
];

const DNS: Section = &[
    ("type", Key::DnsType),
    ("rrname", Key::Rrname),
    ("rrtype", Key::Rrtype),
    ("rcode", Key::Rcode),
    ("rdata", Key::Rdata),
    ("queries", Key::Queries),
    ("query", Key::Queries),
    ("answers", Key::Answers),
    ("grouped", Key::Grouped),
];

const SMTP: Section = &[("helo", Key::Helo), ("mail_from", Key::MailFrom)];

const FTP: Section = &[
    ("command", Key::Command),
    ("command_data", Key::CommandData),
    ("completion_code", Key::CompletionCode),
];

const WEBSOCKET: Section = &[("opcode", Key::Opcode)];

const DHCP: Section = &[
    ("client_mac", Key::ClientMac),
    ("assigned_ip", Key::AssignedIp),
    ("client_ip", Key::ClientIp),
    ("dhcp_type", Key::DhcpType),
    ("lease_time", Key::LeaseTime),
    ("hostname", Key::Hostname),
];

/// An event type that is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Flow,
    Netflow,
    Http,
    Tls,
    Quic,
    Dns,
    Smtp,
    Ftp,
    Mqtt,
    WebSocket,
    Dhcp,
}

impl Kind {
    fn from_event_type(name: &str) -> Option<Self> {
        Some(match name {
            "flow" => Self::Flow,
            "netflow" => Self::Netflow,
            "http" => Self::Http,
            "tls" => Self::Tls,
            "quic" => Self::Quic,
            "dns" => Self::Dns,
            "smtp" => Self::Smtp,
            "ftp" => Self::Ftp,
            "mqtt" => Self::Mqtt,
            "websocket" => Self::WebSocket,
            "dhcp" => Self::Dhcp,
            _ => return None,
        })
    }
}

/// What was read of one event.
struct Event<'a> {
    kind: Option<Kind>,
    type_name: &'a str,
    cells: EventCells<'a>,
}

/// Reads one line and hands `sink` its records (several for a DNS event with several questions), one reject, or
/// one ignored row. Empty lines are no rows.
///
/// Reading stops at an `event_type` that is not read: what follows it is not looked at.
pub fn parse_line<S: RecordSink>(line: &[u8], number: u64, sink: &mut S) {
    let line = trim_line_end(line);
    if line.is_empty() {
        return;
    }
    let Ok(text) = simdutf8::basic::from_utf8(line) else {
        sink.reject(number, RejectReason::NotUtf8, "line");
        return;
    };
    let mut event = Event { kind: None, type_name: "", cells: Cells::new() };
    match event.read(text) {
        Ok(()) | Err(Fault::Stop) => {}
        Err(fault) => {
            let (reason, detail) = fault.reject();
            sink.reject(number, reason, detail);
            return;
        }
    }
    let Some(kind) = event.kind else {
        if event.type_name.is_empty() {
            sink.reject(number, RejectReason::MissingField, "event_type");
        } else {
            sink.ignore(clip(event.type_name));
        }
        return;
    };
    if event.cells.is_coded() {
        let mut buffer = String::with_capacity(text.len());
        emit(kind, &event.cells.decode(&mut buffer, |_, text, out| json::decode(text, out)), number, sink);
    } else {
        emit(kind, &event.cells, number, sink);
    }
}

impl<'a> Event<'a> {
    fn read(&mut self, text: &'a str) -> Result<(), Fault> {
        let mut line = Cursor::new(text);
        line.object(|key, value| self.read_member(key, value))?;
        line.end()
    }

    fn read_member(&mut self, key: &'a str, value: &mut Cursor<'a>) -> Result<(), Fault> {
        match key {
            "event_type" => {
                if let Scalar::Plain(name) = value.value()? {
                    self.type_name = name;
                    self.kind = Kind::from_event_type(name);
                    if self.kind.is_none() {
                        return Err(Fault::Stop);
                    }
                }
                Ok(())
            }
            "flow" => self.read_section(FLOW, value),
            "netflow" => self.read_section(NETFLOW, value),
            "tcp" => self.read_section(TCP, value),
            "http" => self.read_section(HTTP, value),
            "tls" | "quic" => self.read_section(TLS, value),
            "dns" => self.read_section(DNS, value),
            "smtp" => self.read_section(SMTP, value),
            "ftp" => self.read_section(FTP, value),
            "mqtt" => self.read_mqtt(value),
            "websocket" => self.read_section(WEBSOCKET, value),
            "dhcp" => self.read_section(DHCP, value),
            _ => self.read_field(COMMON, key, value),
        }
    }

    fn read_section(&mut self, section: Section, value: &mut Cursor<'a>) -> Result<(), Fault> {
        if value.peek() != Some(b'{') {
            return value.skip();
        }
        value.object(|key, value| self.read_field(section, key, value))
    }

    fn read_field(&mut self, section: Section, key: &str, value: &mut Cursor<'a>) -> Result<(), Fault> {
        let Some((_, field)) = section.iter().find(|(known, _)| *known == key) else {
            return value.skip();
        };
        let slot = *field as usize;
        match field {
            Key::Ja3 if value.peek() == Some(b'{') => {
                return value.object(|key, value| match key {
                    "hash" => self.set(slot, value),
                    _ => value.skip(),
                });
            }
            Key::Queries | Key::Answers | Key::Grouped | Key::Vlan | Key::Extensions => {
                if let Some(nested) = value.nested()? {
                    self.cells.set(slot, nested);
                }
                return Ok(());
            }
            _ => {}
        }
        self.set(slot, value)
    }

    fn set(&mut self, slot: usize, value: &mut Cursor<'a>) -> Result<(), Fault> {
        match value.value()? {
            Scalar::Absent => {}
            Scalar::Plain(text) => self.cells.set(slot, text),
            Scalar::Coded(text) => self.cells.set_coded(slot, text),
        }
        Ok(())
    }

    /// MQTT names the message by the key of its object; of several in one event the first read one counts.
    fn read_mqtt(&mut self, value: &mut Cursor<'a>) -> Result<(), Fault> {
        if value.peek() != Some(b'{') {
            return value.skip();
        }
        value.object(|key, value| {
            let is_first = self.cells.get(Key::Method as usize).is_none();
            if !is_first || !matches!(key, "connect" | "publish" | "subscribe" | "unsubscribe") {
                return value.skip();
            }
            self.cells.set(Key::Method as usize, key);
            if value.peek() != Some(b'{') {
                return value.skip();
            }
            value.object(|key, value| match key {
                "topic" => self.set(Key::Topic as usize, value),
                "topics" => self.read_topics(value),
                _ => value.skip(),
            })
        })
    }

    /// The first topic of a list of names or of `{"topic": name}`.
    fn read_topics(&mut self, value: &mut Cursor<'a>) -> Result<(), Fault> {
        if value.peek() != Some(b'[') {
            return value.skip();
        }
        value.list(|item| {
            if self.cells.get(Key::Topic as usize).is_some() {
                return item.skip();
            }
            if item.peek() != Some(b'{') {
                return self.set(Key::Topic as usize, item);
            }
            item.object(|key, value| match key {
                "topic" => self.set(Key::Topic as usize, value),
                _ => value.skip(),
            })
        })
    }
}

/// Whether an input that starts with `head` (which may end anywhere) is EVE, by the keys of its first line.
pub fn sniff(head: &[u8]) -> bool {
    let keys = json::first_keys(head);
    let has = |wanted: &str| keys.contains(&wanted);
    has("event_type") && (has("timestamp") || has("flow_id") || has("src_ip"))
}
