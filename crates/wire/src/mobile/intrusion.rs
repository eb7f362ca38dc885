//! Android Intrusion Logging: NDJSON of the Advanced Protection log (Android 16 and later).
//!
//! One object a line with one key that says what it is. Network events count milliseconds, security events
//! nanoseconds; the unit is told by magnitude. Two shapes of security events exist: a named subtype (real logs)
//! and `tag` with `data` (MVT's documentation); the numbers of `tag` are those of `android.app.admin.SecurityLog`.
//! Files of one phone overlap: a repeated event is a repeated record. [`IntrusionSequence`] counts the events that are
//! missing between the ids.

mod sequence;

pub use sequence::{EventRef, IntrusionSequence, Missing, SequenceKind};

use super::raw::Raw;
use super::row::{self, Unused, missing};
use super::{field, head, phone_event};
use crate::{RecordSink, RejectReason};
use serde::Deserialize;
use undertone_core::model::{
    AppConnection, AppLookup, Platform, Record, Telemetry, TelemetryKind, Transport,
};

/// Value of `Telemetry::source`.
pub const SOURCE: &str = "intrusion_logging";

/// Keys that a line of this source has.
const TOP_KEYS: [&str; 3] = ["dns_event", "connect_event", "security_event"];

/// Tags of `android.app.admin.SecurityLog` that say a state, with their names here.
const TAGS: [(u32, &str); 5] = [
    (210_006, "keyguard_dismissed"),
    (210_007, "keyguard_dismiss_auth_attempt"),
    (210_008, "keyguard_secured"),
    (210_009, "os_startup"),
    (210_010, "os_shutdown"),
];

#[derive(Deserialize)]
#[serde(bound(deserialize = "'de: 'a"))]
struct Line<'a> {
    #[serde(rename = "dns_event")]
    dns: Option<Raw<'a>>,
    #[serde(rename = "connect_event")]
    connect: Option<Raw<'a>>,
    #[serde(rename = "security_event")]
    security: Option<Raw<'a>>,
}

#[derive(Deserialize)]
#[serde(bound(deserialize = "'de: 'a"))]
struct Network<'a> {
    event_id: Option<Raw<'a>>,
    event_time: Option<Raw<'a>>,
    package_name: Option<Raw<'a>>,
    hostname: Option<Raw<'a>>,
    ip_addresses: Option<Raw<'a>>,
    ip_address: Option<Raw<'a>>,
    port: Option<Raw<'a>>,
}

/// Reads one line.
///
/// `number` is the line's number, from 1. An empty line is no row. Any other ends in `record`, `reject` or
/// `ignore`; an unlock makes two records (unlocked, and a person was there). Where it has the id of an event, that is
/// `numbered`.
pub fn parse_line<S: RecordSink + ?Sized>(line: &[u8], number: u64, sink: &mut S) {
    let Some(text) = row::text(line, number, sink) else { return };
    let mut event = None;
    let result = read(text, &mut event, sink);
    row::settle(result, SOURCE, number, sink);
    if let Some(event) = event {
        sink.numbered(event);
    }
}

/// Whether the head of an input is Intrusion Logging: some of its first objects has one of the three top keys.
pub fn sniff(head: &[u8]) -> bool {
    head::objects(head).iter().any(|object| TOP_KEYS.iter().any(|key| object.has(key)))
}

fn read<'a, S: RecordSink + ?Sized>(
    text: &'a str,
    event: &mut Option<EventRef>,
    sink: &mut S,
) -> Result<(), Unused<'a>> {
    let line: Line<'a> = row::object(text)?;
    match (line.dns, line.connect, line.security) {
        (Some(body), None, None) => lookup(&network(body, event)?, sink),
        (None, Some(body), None) => connection(&network(body, event)?, sink),
        (None, None, Some(body)) => security(body, event, sink),
        (None, None, None) => Err(Unused::Ignore(only_key(text))),
        _ => Err(Unused::Reject(RejectReason::Malformed, "two events in one object")),
    }
}

/// The first key of an object of unknown kind.
fn only_key(text: &str) -> std::borrow::Cow<'_, str> {
    let objects = head::objects(text.as_bytes());
    let key = objects.first().and_then(|object| object.keys().next()).unwrap_or_default();
    String::from_utf8_lossy(key)
}

/// The body of a network event, its id noted.
fn network<'a>(body: Raw<'a>, event: &mut Option<EventRef>) -> Result<Network<'a>, Unused<'a>> {
    let body: Network<'a> = row::object(body.json())?;
    *event = event_ref(SequenceKind::Network, body.event_id, body.event_time);
    Ok(body)
}

/// Id and time of an event, where both can be read.
fn event_ref(sequence: SequenceKind, id: Option<Raw<'_>>, time: Option<Raw<'_>>) -> Option<EventRef> {
    Some(EventRef { sequence, id: id?.integer()?, at: time?.instant()? })
}

fn lookup<S: RecordSink + ?Sized>(body: &Network<'_>, sink: &mut S) -> Result<(), Unused<'static>> {
    let qname = field::text(body.hostname).ok_or(missing("hostname"))?;
    let answers = body.ip_addresses.map(Raw::joined).unwrap_or_default();
    emit_network(body, TelemetryKind::Lookup(AppLookup { qname: &qname, answers: &answers }), sink)
}

fn connection<S: RecordSink + ?Sized>(body: &Network<'_>, sink: &mut S) -> Result<(), Unused<'static>> {
    let ip = field::address(body.ip_address, "ip_address")?.ok_or(missing("ip_address"))?;
    let resp_port = field::integer(body.port, "port")?;
    // The log holds TCP connects, successful or failed, and nothing else.
    let connection = AppConnection { resp_port, ..phone_event::connection(Transport::Tcp, Some(ip)) };
    emit_network(body, TelemetryKind::Connection(connection), sink)
}

fn emit_network<S: RecordSink + ?Sized>(
    body: &Network<'_>,
    kind: TelemetryKind<'_>,
    sink: &mut S,
) -> Result<(), Unused<'static>> {
    let at = field::instant(body.event_time, "event_time")?.ok_or(missing("event_time"))?;
    let package = field::text(body.package_name);
    let app_id = package.as_deref().and_then(phone_event::package);
    let event = phone_event::of_device(at, Platform::Android, SOURCE, kind);
    sink.record(Record::Telemetry(Telemetry { app_id, ..event }));
    Ok(())
}

#[derive(Deserialize)]
#[serde(bound(deserialize = "'de: 'a"))]
struct Security<'a> {
    event_id: Option<Raw<'a>>,
    event_time: Option<Raw<'a>>,
    tag: Option<Raw<'a>>,
}

fn security<'a, S: RecordSink + ?Sized>(
    body: Raw<'a>,
    event: &mut Option<EventRef>,
    sink: &mut S,
) -> Result<(), Unused<'a>> {
    let row: Security<'a> = row::object(body.json())?;
    *event = event_ref(SequenceKind::Security, row.event_id, row.event_time);
    let name = match row.tag {
        Some(tag) => {
            let number = tag.integer::<u32>().ok_or(Unused::Reject(RejectReason::BadNumber, "tag"))?;
            match TAGS.iter().find(|(known, _)| *known == number) {
                Some((_, name)) => (*name).to_owned(),
                None => return Err(Unused::Ignore(format!("tag:{number}").into())),
            }
        }
        None => subtype(body.json()).ok_or(missing("subtype"))?,
    };
    let Some(states) = phone_event::keyguard_states(&name) else { return Err(Unused::Ignore(name.into())) };
    let at = field::instant(row.event_time, "event_time")?.ok_or(missing("event_time"))?;
    phone_event::emit_states(at, "", SOURCE, states, sink);
    Ok(())
}

/// The name of a security event's subtype: the one key beside id and time, an object where the subtype has
/// fields. The first wins.
fn subtype(json: &str) -> Option<String> {
    let objects = head::objects(json.as_bytes());
    let key = objects.first()?.keys().find(|key| !matches!(*key, b"event_id" | b"event_time"))?;
    Some(String::from_utf8_lossy(key).into_owned())
}
