//! MobileEDR NDJSON: undertone's own telemetry format, for any EDR or mobile threat defence product.
//!
//! One object a line. `docs/mobile-edr.md` is the guide for those who write it and `docs/mobile-edr.schema.json`
//! its JSON Schema. Fields keep the names that they have there.

use super::field::{address, instant, integer, text};
use super::head;
use super::raw::Raw;
use super::row::{self, Unused, missing};
use crate::json::{Cursor, Fault};
use crate::{RecordSink, RejectReason};
use serde::Deserialize;
use undertone_core::model::{
    AppConnection, AppLookup, AppUsage, NetworkingStack, Platform, Push, Record, StateChange, StateKind,
    Telemetry, TelemetryKind, Timestamp, Transport,
};

/// Value of `source` in rows that do not name their own.
pub const SOURCE: &str = "mobile_edr";

/// The kinds of row.
pub const KINDS: [&str; 5] = ["connection", "lookup", "state", "usage", "push"];

/// Every field of a row, of any kind.
pub const FIELDS: [&str; 27] = [
    "kind",
    "ts",
    "device_id",
    "platform",
    "app_id",
    "app_name",
    "role",
    "uid",
    "source",
    "transport",
    "resp_ip",
    "resp_port",
    "resp_host",
    "orig_ip",
    "orig_port",
    "orig_is_tunnel",
    "orig_bytes",
    "resp_bytes",
    "end_ts",
    "stack",
    "qname",
    "answers",
    "state",
    "from",
    "to",
    "set",
    "bytes",
];

#[derive(Default, Deserialize)]
#[serde(bound(deserialize = "'de: 'a"))]
struct Row<'a> {
    kind: Option<Raw<'a>>,
    ts: Option<Raw<'a>>,
    device_id: Option<Raw<'a>>,
    platform: Option<Raw<'a>>,
    app_id: Option<Raw<'a>>,
    app_name: Option<Raw<'a>>,
    role: Option<Raw<'a>>,
    uid: Option<Raw<'a>>,
    source: Option<Raw<'a>>,
    transport: Option<Raw<'a>>,
    resp_ip: Option<Raw<'a>>,
    resp_port: Option<Raw<'a>>,
    resp_host: Option<Raw<'a>>,
    orig_ip: Option<Raw<'a>>,
    orig_port: Option<Raw<'a>>,
    orig_is_tunnel: Option<Raw<'a>>,
    orig_bytes: Option<Raw<'a>>,
    resp_bytes: Option<Raw<'a>>,
    end_ts: Option<Raw<'a>>,
    stack: Option<Raw<'a>>,
    qname: Option<Raw<'a>>,
    answers: Option<Raw<'a>>,
    state: Option<Raw<'a>>,
    from: Option<Raw<'a>>,
    to: Option<Raw<'a>>,
    set: Option<Raw<'a>>,
    bytes: Option<Raw<'a>>,
}

impl<'a> Row<'a> {
    /// Reads a row. The reader of JSON lines is several times as fast as a general one; what it does not take is left
    /// to the latter, which says exactly what is wrong.
    fn of(text: &'a str) -> Result<Self, Unused<'a>> {
        let mut row = Self::default();
        let mut line = Cursor::new(text);
        let read = line.object(|key, value| {
            let Some(slot) = row.slot(key) else { return value.skip() };
            // A field that is there twice.
            if slot.is_some() {
                return Err(Fault::Stop);
            }
            *slot = Raw::read(value)?;
            Ok(())
        });
        if read.and_then(|()| line.end()).is_ok() { Ok(row) } else { row::object(text) }
    }

    fn slot(&mut self, key: &str) -> Option<&mut Option<Raw<'a>>> {
        Some(match key {
            "kind" => &mut self.kind,
            "ts" => &mut self.ts,
            "device_id" => &mut self.device_id,
            "platform" => &mut self.platform,
            "app_id" => &mut self.app_id,
            "app_name" => &mut self.app_name,
            "role" => &mut self.role,
            "uid" => &mut self.uid,
            "source" => &mut self.source,
            "transport" => &mut self.transport,
            "resp_ip" => &mut self.resp_ip,
            "resp_port" => &mut self.resp_port,
            "resp_host" => &mut self.resp_host,
            "orig_ip" => &mut self.orig_ip,
            "orig_port" => &mut self.orig_port,
            "orig_is_tunnel" => &mut self.orig_is_tunnel,
            "orig_bytes" => &mut self.orig_bytes,
            "resp_bytes" => &mut self.resp_bytes,
            "end_ts" => &mut self.end_ts,
            "stack" => &mut self.stack,
            "qname" => &mut self.qname,
            "answers" => &mut self.answers,
            "state" => &mut self.state,
            "from" => &mut self.from,
            "to" => &mut self.to,
            "set" => &mut self.set,
            "bytes" => &mut self.bytes,
            _ => return None,
        })
    }
}

/// Reads one line.
///
/// `number` is the line's number, from 1. An empty line is no row. Any other ends in exactly one call of
/// `record`, `reject` or `ignore` (a kind or state that is not known here). Unknown fields are skipped.
pub fn parse_line<S: RecordSink + ?Sized>(line: &[u8], number: u64, sink: &mut S) {
    if let Some(text) = row::text(line, number, sink) {
        let result = Row::of(text).and_then(|row| read(&row, sink));
        row::settle(result, SOURCE, number, sink);
    }
}

/// Whether the head of an input is MobileEDR NDJSON: some of its first objects has `ts`, and either a known
/// `kind`, or any `kind` with a `device_id`.
pub fn sniff(head: &[u8]) -> bool {
    head::objects(head).iter().any(|object| {
        object.has("ts")
            && (object.is_one_of("kind", &KINDS) || object.has("kind") && object.has("device_id"))
    })
}

fn read<'a, S: RecordSink + ?Sized>(row: &Row<'a>, sink: &mut S) -> Result<(), Unused<'a>> {
    let kind = text(row.kind).ok_or(missing("kind"))?;
    if !KINDS.contains(&kind.as_ref()) {
        return Err(Unused::Ignore(kind));
    }
    let device_id = text(row.device_id).ok_or(missing("device_id"))?;
    let (host, qname, app_id) = (text(row.resp_host), text(row.qname), text(row.app_id));
    let answers = row.answers.map(Raw::joined).unwrap_or_default();
    let at = match (kind.as_ref(), row.from) {
        ("usage", Some(_)) => instant(row.from, "from")?,
        _ => instant(row.ts, "ts")?,
    }
    .ok_or(missing("ts"))?;
    let kind = match kind.as_ref() {
        "connection" => TelemetryKind::Connection(connection(row, at, host.as_deref())?),
        "lookup" => {
            let qname = qname.as_deref().ok_or(missing("qname"))?;
            TelemetryKind::Lookup(AppLookup { qname, answers: &answers })
        }
        "state" => TelemetryKind::State(state(row, app_id.is_some())?),
        "usage" => TelemetryKind::Usage(usage(row, at)?),
        _ => TelemetryKind::Push(Push { bytes: integer(row.bytes, "bytes")? }),
    };
    let (app_name, role, source) = (text(row.app_name), text(row.role), text(row.source));
    sink.record(Record::Telemetry(Telemetry {
        at,
        device_id: &device_id,
        platform: text(row.platform).map_or(Platform::Unknown, |name| Platform::from_name(&name)),
        app_id: app_id.as_deref(),
        app_name: app_name.as_deref(),
        role: role.as_deref(),
        uid: integer(row.uid, "uid")?,
        source: source.as_deref().unwrap_or(SOURCE),
        kind,
    }));
    Ok(())
}

fn connection<'h>(
    row: &Row<'_>,
    at: Timestamp,
    host: Option<&'h str>,
) -> Result<AppConnection<'h>, Unused<'static>> {
    let resp_ip = address(row.resp_ip, "resp_ip")?;
    if resp_ip.is_none() && host.is_none() {
        return Err(missing("resp_ip or resp_host"));
    }
    let end = instant(row.end_ts, "end_ts")?;
    if end.is_some_and(|end| end < at) {
        return Err(Unused::Reject(RejectReason::BadTimestamp, "end_ts before ts"));
    }
    Ok(AppConnection {
        transport: text(row.transport).map_or(Transport::Other, |name| Transport::from_name(&name)),
        resp_ip,
        resp_port: integer(row.resp_port, "resp_port")?,
        resp_host: host,
        orig_ip: address(row.orig_ip, "orig_ip")?,
        orig_port: integer(row.orig_port, "orig_port")?,
        orig_is_tunnel: row.orig_is_tunnel.and_then(Raw::truth).unwrap_or(false),
        orig_bytes: integer(row.orig_bytes, "orig_bytes")?,
        resp_bytes: integer(row.resp_bytes, "resp_bytes")?,
        end,
        stack: text(row.stack).map(|name| NetworkingStack::from_name(&name.to_ascii_lowercase())),
        hits: 1,
    })
}

fn state<'a>(row: &Row<'a>, has_app: bool) -> Result<StateChange, Unused<'a>> {
    let name = text(row.state).ok_or(missing("state"))?;
    let Some(state) = StateKind::from_name(&name.to_ascii_lowercase()) else {
        return Err(Unused::Ignore(format!("state:{name}").into()));
    };
    let is_of_app = matches!(
        state,
        StateKind::Foreground
            | StateKind::Background
            | StateKind::ForegroundServiceStart
            | StateKind::ForegroundServiceStop
    );
    if is_of_app && !has_app { Err(missing("app_id")) } else { Ok(StateChange { state }) }
}

fn usage(row: &Row<'_>, from: Timestamp) -> Result<AppUsage, Unused<'static>> {
    let to = instant(row.to, "to")?.ok_or(missing("to"))?;
    if to < from {
        return Err(Unused::Reject(RejectReason::BadTimestamp, "to before from"));
    }
    Ok(AppUsage {
        to,
        orig_bytes: integer(row.orig_bytes, "orig_bytes")?,
        resp_bytes: integer(row.resp_bytes, "resp_bytes")?,
        is_foreground: text(row.set).and_then(|set| match set.to_ascii_lowercase().as_str() {
            "foreground" => Some(true),
            "background" | "default" => Some(false),
            _ => None,
        }),
    })
}
