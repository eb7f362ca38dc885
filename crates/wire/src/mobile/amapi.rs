//! Android Management API: `BatchUsageLogEvents`, as Pub/Sub delivers and as people store it.
//!
//! Three layouts, told apart by content: one object (often pretty-printed), an array of objects, and lines.
//! Each object is a batch, or a Pub/Sub message around one with the batch as base64 in `data` (push body, pull
//! response, or the bare message). A batch names its device; its rows are its events.

use super::raw::Raw;
use super::row::{self, Unused, missing};
use super::{field, head, phone_event};
use crate::{RecordSink, RejectReason};
use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde::Deserialize;
use undertone_core::model::{
    AppConnection, AppLookup, Platform, Record, Telemetry, TelemetryKind, Timestamp, Transport,
};

/// Value of `Telemetry::source`.
pub const SOURCE: &str = "android_management";

/// Largest document, bytes. Android sends batches of at most 1,200 events, about 400 KiB.
pub const MAX_DOCUMENT_BYTES: usize = 256 << 20;

/// Times a document's length that may be read in all. What is read before an error is read again from the next line on,
/// once for each line inside which the error lies: 5 in a batch that is printed over many lines.
const READINGS_MAX: usize = 16;

const PADDING: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
const STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, PADDING);
const URL_SAFE: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, PADDING);

/// A batch, or any wrapping of a Pub/Sub message.
#[derive(Deserialize)]
#[serde(bound(deserialize = "'de: 'a"))]
struct Envelope<'a> {
    device: Option<Raw<'a>>,
    #[serde(rename = "usageLogEvents")]
    events: Option<Raw<'a>>,
    message: Option<Raw<'a>>,
    #[serde(rename = "receivedMessages")]
    received: Option<Raw<'a>>,
    data: Option<Raw<'a>>,
    attributes: Option<Raw<'a>>,
}

#[derive(Deserialize)]
#[serde(bound(deserialize = "'de: 'a"))]
struct Attributes<'a> {
    #[serde(rename = "notificationType")]
    notification_type: Option<Raw<'a>>,
}

#[derive(Deserialize)]
#[serde(bound(deserialize = "'de: 'a"))]
struct Event<'a> {
    #[serde(rename = "eventTime")]
    time: Option<Raw<'a>>,
    #[serde(rename = "eventType")]
    kind: Option<Raw<'a>>,
    #[serde(rename = "connectEvent")]
    connect: Option<Raw<'a>>,
    #[serde(rename = "dnsEvent")]
    dns: Option<Raw<'a>>,
}

#[derive(Deserialize)]
#[serde(bound(deserialize = "'de: 'a"), rename_all = "camelCase")]
struct Network<'a> {
    destination_ip_address: Option<Raw<'a>>,
    destination_port: Option<Raw<'a>>,
    hostname: Option<Raw<'a>>,
    ip_addresses: Option<Raw<'a>>,
    package_name: Option<Raw<'a>>,
}

/// Reads a document of any layout.
///
/// Rows are events; `line` of a reject is the line in the document at which the object around the event ends
/// or, for text that is no JSON, at which it stands. Events of types that carry nothing here are ignored by
/// their type, messages that are no usage log by their notification type. Damage that would have most of the document
/// read over and over ends it, in one row.
pub fn parse<S: RecordSink + ?Sized>(document: &[u8], sink: &mut S) {
    if document.len() > MAX_DOCUMENT_BYTES {
        return sink.reject(1, RejectReason::LimitReached, "document over 256 MiB");
    }
    let Ok(text) = std::str::from_utf8(head::trimmed(document)) else {
        return sink.reject(1, RejectReason::NotUtf8, "document");
    };
    let mut line = 1;
    let mut rest = text;
    let mut left_bytes = text.len().saturating_mul(READINGS_MAX);
    while !rest.trim_start().is_empty() {
        let mut values = serde_json::Deserializer::from_str(rest).into_iter::<Raw<'_>>();
        let mut read = 0;
        let failed = loop {
            let Some(next) = values.next() else { break None };
            let end = values.byte_offset();
            line += newlines(rest.get(read..end).unwrap_or_default());
            read = end;
            match next {
                Ok(value) => one_or_many(value, line, sink),
                Err(error) => break Some(error),
            }
        };
        let Some(error) = failed else { return };
        if error.is_eof() {
            return sink.reject(line, RejectReason::Truncated, "the document ends inside an object");
        }
        left_bytes = left_bytes.saturating_sub(bytes_before(rest, &error));
        if left_bytes == 0 {
            return sink.reject(line, RejectReason::LimitReached, "too much to read again");
        }
        sink.reject(line, RejectReason::BadJson, "syntax");
        // Lines stand on their own: damage in one is not damage in the next.
        let tail = rest.get(read..).unwrap_or_default().trim_start_matches([' ', '\t', '\r', '\n']);
        line += newlines(rest.get(read..rest.len() - tail.len()).unwrap_or_default());
        let Some((_, next)) = tail.split_once('\n') else { return };
        (rest, line) = (next, line + 1);
    }
}

/// Reads one line of an NDJSON feed. An empty line is no row.
pub fn parse_line<S: RecordSink + ?Sized>(line: &[u8], number: u64, sink: &mut S) {
    let Some(text) = row::text(line, number, sink) else { return };
    match serde_json::from_str(text) {
        Ok(value) => one_or_many(value, number, sink),
        Err(_) => sink.reject(number, RejectReason::BadJson, "syntax"),
    }
}

/// Whether the head of an input is of this source: some of its first objects is a batch, or a Pub/Sub message
/// whose notification type or payload is Android Management's.
pub fn sniff(head: &[u8]) -> bool {
    head::objects(head).iter().any(|object| {
        object.has("usageLogEvents")
            || [object.get("message"), object.get("receivedMessages")].into_iter().flatten().any(is_message)
            || object.has("data") && is_bare_message(object)
    })
}

fn is_message(value: &[u8]) -> bool {
    head::objects(value).iter().any(|object| {
        is_bare_message(object)
            || object.get("message").is_some_and(|inner| head::objects(inner).iter().any(is_bare_message))
    })
}

fn is_bare_message(object: &head::ObjectHead<'_>) -> bool {
    let names_type = object.get("attributes").is_some_and(|attributes| {
        head::objects(attributes).iter().any(|inner| inner.has("notificationType"))
    });
    names_type || object.get("data").is_some_and(holds_batch)
}

/// Whether the first bytes of a base64 payload are a batch's or another resource's of the API.
fn holds_batch(data: &[u8]) -> bool {
    const LOOKED_AT: usize = 1024;
    let whole = data.len().min(LOOKED_AT) / 4 * 4;
    let Some(payload) = data.get(..whole).and_then(|data| STANDARD.decode(data).ok()) else { return false };
    [&b"usageLogEvents"[..], b"enterprises/"]
        .iter()
        .any(|mark| memchr::memmem::find(&payload, mark).is_some())
}

/// Bytes that were read before an error, at least one.
fn bytes_before(text: &str, error: &serde_json::Error) -> usize {
    let lines_before = error.line().saturating_sub(1);
    let last = lines_before.checked_sub(1);
    let line_at = last.and_then(|last| memchr::memchr_iter(b'\n', text.as_bytes()).nth(last));
    line_at.map_or(0, |at| at + 1) + error.column().max(1)
}

fn newlines(text: &str) -> u64 {
    memchr::memchr_iter(b'\n', text.as_bytes()).count() as u64
}

/// An envelope or an array of them.
fn one_or_many<S: RecordSink + ?Sized>(value: Raw<'_>, line: u64, sink: &mut S) {
    if !value.json().starts_with('[') {
        return envelope(value, line, sink);
    }
    match value.every_item() {
        Some(items) => {
            for item in items {
                envelope(item, line, sink);
            }
        }
        None => sink.reject(line, RejectReason::BadJson, "syntax"),
    }
}

fn envelope<S: RecordSink + ?Sized>(value: Raw<'_>, line: u64, sink: &mut S) {
    let result = match row::object::<Envelope<'_>>(value.json()) {
        Err(unused) => Err(unused),
        Ok(Envelope { received: Some(received), .. }) => match received.every_item() {
            None => Err(Unused::Reject(RejectReason::BadJson, "receivedMessages")),
            Some(items) => {
                for item in items {
                    received_message(item, line, sink);
                }
                Ok(())
            }
        },
        Ok(Envelope { message: Some(message), .. }) => message_body(message, line, sink),
        Ok(outer) => batch_or_data(&outer, line, sink),
    };
    row::settle(result, SOURCE, line, sink);
}

/// An item of a pull response: `{ackId, message}`.
fn received_message<S: RecordSink + ?Sized>(item: Raw<'_>, line: u64, sink: &mut S) {
    let result = row::object::<Envelope<'_>>(item.json())
        .and_then(|outer| outer.message.ok_or(missing("message")))
        .and_then(|message| message_body(message, line, sink));
    row::settle(result, SOURCE, line, sink);
}

fn message_body<'a, S: RecordSink + ?Sized>(
    message: Raw<'a>,
    line: u64,
    sink: &mut S,
) -> Result<(), Unused<'a>> {
    batch_or_data(&row::object::<Envelope<'a>>(message.json())?, line, sink)
}

/// A batch as it is, or the one in the base64 of a message.
fn batch_or_data<'a, S: RecordSink + ?Sized>(
    outer: &Envelope<'a>,
    line: u64,
    sink: &mut S,
) -> Result<(), Unused<'a>> {
    if outer.events.is_some() {
        return batch(outer, line, sink);
    }
    let attributes = outer.attributes.and_then(|raw| row::object::<Attributes<'_>>(raw.json()).ok());
    let notification = attributes.and_then(|attributes| field::text(attributes.notification_type));
    if let Some(other) = notification.filter(|name| name != "USAGE_LOGS") {
        return Err(Unused::Ignore(other));
    }
    let Some(data) = field::text(outer.data) else { return Err(Unused::Ignore("no_usage_log".into())) };
    let Ok(payload) = STANDARD.decode(data.as_bytes()).or_else(|_| URL_SAFE.decode(data.as_bytes())) else {
        return Err(Unused::Reject(RejectReason::Malformed, "data is not base64"));
    };
    let Ok(payload) = String::from_utf8(payload) else {
        return Err(Unused::Reject(RejectReason::NotUtf8, "data"));
    };
    // Names in here must not outlive the payload, so the row ends here.
    let result = row::object::<Envelope<'_>>(payload.trim()).and_then(|inner| match inner.events {
        Some(_) => batch(&inner, line, sink),
        None => Err(Unused::Ignore("no_usage_log".into())),
    });
    row::settle(result, SOURCE, line, sink);
    Ok(())
}

fn batch<'a, S: RecordSink + ?Sized>(
    batch: &Envelope<'a>,
    line: u64,
    sink: &mut S,
) -> Result<(), Unused<'a>> {
    let device = field::text(batch.device).ok_or(missing("device"))?;
    let events = batch.events.and_then(Raw::every_item);
    let events = events.ok_or(Unused::Reject(RejectReason::BadJson, "usageLogEvents"))?;
    if events.is_empty() {
        return Err(Unused::Ignore("empty_batch".into()));
    }
    for raw in events {
        let result = row::object(raw.json()).and_then(|row| event(&row, device_id(&device), sink));
        row::settle(result, SOURCE, line, sink);
    }
    Ok(())
}

/// The device's own id in a resource name: `3a1b` of `enterprises/LC01/devices/3a1b`.
pub fn device_id(name: &str) -> &str {
    match name.strip_prefix("enterprises/") {
        Some(_) => name.rsplit('/').next().unwrap_or(name),
        None => name,
    }
}

fn event<'a, S: RecordSink + ?Sized>(row: &Event<'a>, device: &str, sink: &mut S) -> Result<(), Unused<'a>> {
    let name = field::text(row.kind).ok_or(missing("eventType"))?;
    let at = field::instant(row.time, "eventTime")?.ok_or(missing("eventTime"))?;
    match name.as_ref() {
        "CONNECT" => connect(row.connect.ok_or(missing("connectEvent"))?, at, device, sink),
        "DNS" => lookup(row.dns.ok_or(missing("dnsEvent"))?, at, device, sink),
        _ => match phone_event::keyguard_states(&name.to_ascii_lowercase()) {
            Some(states) => {
                phone_event::emit_states(at, device, SOURCE, states, sink);
                Ok(())
            }
            None => Err(Unused::Ignore(name)),
        },
    }
}

fn connect<'a, S: RecordSink + ?Sized>(
    body: Raw<'a>,
    at: Timestamp,
    device: &str,
    sink: &mut S,
) -> Result<(), Unused<'a>> {
    let body: Network<'a> = row::object(body.json())?;
    let ip = field::address(body.destination_ip_address, "destinationIpAddress")?;
    let ip = ip.ok_or(missing("destinationIpAddress"))?;
    let resp_port = field::integer(body.destination_port, "destinationPort")?;
    let connection = AppConnection { resp_port, ..phone_event::connection(Transport::Tcp, Some(ip)) };
    emit(&body, at, device, TelemetryKind::Connection(connection), sink);
    Ok(())
}

fn lookup<'a, S: RecordSink + ?Sized>(
    body: Raw<'a>,
    at: Timestamp,
    device: &str,
    sink: &mut S,
) -> Result<(), Unused<'a>> {
    let body: Network<'a> = row::object(body.json())?;
    let qname = field::text(body.hostname).ok_or(missing("hostname"))?;
    let answers = body.ip_addresses.map(Raw::joined).unwrap_or_default();
    emit(&body, at, device, TelemetryKind::Lookup(AppLookup { qname: &qname, answers: &answers }), sink);
    Ok(())
}

fn emit<S: RecordSink + ?Sized>(
    body: &Network<'_>,
    at: Timestamp,
    device_id: &str,
    kind: TelemetryKind<'_>,
    sink: &mut S,
) {
    let package = field::text(body.package_name);
    let app_id = package.as_deref().and_then(phone_event::package);
    let event = phone_event::of_device(at, Platform::Android, SOURCE, kind);
    sink.record(Record::Telemetry(Telemetry { device_id, app_id, ..event }));
}
