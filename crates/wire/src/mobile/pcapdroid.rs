//! PCAPdroid's connection list as CSV.
//!
//! The app does not quote. A comma in an app label or in `Info` shifts columns, so rows are anchored on both
//! sides: the columns before the free texts count from the left, those behind them from the right. `Status` is
//! localised and not used; digits follow the phone's language. Older versions lack columns, so columns are
//! found by name. In VPN mode `SrcIP` and `SrcPort` are the tunnel's side, which no network sees; the file does
//! not say its mode, so the originator is always taken for the tunnel's.

mod columns;

use self::columns::{Columns, Fields};
use super::row::{self, Unused, missing};
use super::{clock, head, phone_event, raw};
use crate::{RecordSink, RejectReason};
use std::borrow::Cow;
use undertone_core::model::{
    AppConnection, AppLookup, Platform, Record, Telemetry, TelemetryKind, Timestamp, Transport,
};

/// Value of `Telemetry::source`.
pub const SOURCE: &str = "pcapdroid";

/// Reads the lines of one file in their order.
#[derive(Debug, Default)]
pub struct PcapdroidCsv {
    columns: Option<Columns>,
}

impl PcapdroidCsv {
    /// A reader that waits for the header.
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads one line. `number` is the line's number, from 1. The header (also a repeated one, from files put
    /// together) and empty lines are no rows. A row makes one record, a DNS row two: connection and lookup.
    pub fn parse_line<S: RecordSink + ?Sized>(&mut self, line: &[u8], number: u64, sink: &mut S) {
        let Some(text) = row::text(line, number, sink) else { return };
        if let Some(columns) = Columns::from_header(text) {
            self.columns = Some(columns);
            return;
        }
        let result = match &self.columns {
            None => Err(Unused::Reject(RejectReason::NoHeader, "row before the header")),
            Some(columns) => columns.split(text).and_then(|fields| read(&fields, sink)),
        };
        row::settle(result, SOURCE, number, sink);
    }
}

/// Whether the head of an input is PCAPdroid's CSV: its first line is the header.
pub fn sniff(head: &[u8]) -> bool {
    let first = head::trimmed(head).split(|byte| *byte == b'\n').next().unwrap_or_default();
    std::str::from_utf8(first).is_ok_and(|line| Columns::from_header(line.trim()).is_some())
}

fn read<'a, S: RecordSink + ?Sized>(fields: &Fields<'a>, sink: &mut S) -> Result<(), Unused<'a>> {
    let at = instant(fields.first_seen, "FirstSeen")?.ok_or(missing("FirstSeen"))?;
    let end = instant(fields.last_seen, "LastSeen")?;
    if end.is_some_and(|end| end < at) {
        return Err(Unused::Reject(RejectReason::BadTimestamp, "LastSeen before FirstSeen"));
    }
    let number = integer::<u8>(fields.ip_proto, "IPProto")?;
    let is_dns = fields.proto.is_some_and(|proto| proto.eq_ignore_ascii_case("dns"));
    let name = fields.info.filter(|info| is_name(info));
    let connection = AppConnection {
        transport: number.map_or(Transport::Other, Transport::from_number),
        resp_ip: Some(address(fields.dst_ip, "DstIp")?.ok_or(missing("DstIp"))?),
        resp_port: integer(fields.dst_port, "DstPort")?,
        // The name in a DNS row is what was asked, not who was asked.
        resp_host: name.filter(|_| !is_dns),
        orig_ip: address(fields.src_ip, "SrcIP")?,
        orig_port: integer(fields.src_port, "SrcPort")?,
        orig_is_tunnel: true,
        orig_bytes: integer(fields.bytes_sent, "BytesSent")?,
        resp_bytes: integer(fields.bytes_rcvd, "BytesRcvd")?,
        end,
        stack: None,
        hits: 1,
    };
    let event = Telemetry {
        app_id: fields.package.and_then(phone_event::package),
        app_name: fields.app,
        // -1 is PCAPdroid's "unknown".
        uid: integer(fields.uid, "UID")?.filter(|uid: &i32| *uid >= 0),
        ..phone_event::of_device(at, Platform::Android, SOURCE, TelemetryKind::Connection(connection))
    };
    let lookup = name.filter(|_| is_dns).map(|qname| Telemetry {
        kind: TelemetryKind::Lookup(AppLookup { qname, answers: "" }),
        ..event.clone()
    });
    sink.record(Record::Telemetry(event));
    if let Some(lookup) = lookup {
        sink.record(Record::Telemetry(lookup));
    }
    Ok(())
}

/// Whether `Info` is a host name; it may also be a URL path or a text.
fn is_name(info: &str) -> bool {
    info.contains('.')
        && info.len() <= 253
        && raw::address(info).is_none()
        && info
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_') || byte >= 0x80)
}

fn instant(text: Option<&str>, field: &'static str) -> Result<Option<Timestamp>, Unused<'static>> {
    let Some(text) = text else { return Ok(None) };
    clock::parse(&ascii_digits(text)).map(Some).ok_or(Unused::Reject(RejectReason::BadTimestamp, field))
}

fn integer<T: std::str::FromStr>(
    text: Option<&str>,
    field: &'static str,
) -> Result<Option<T>, Unused<'static>> {
    let Some(text) = text else { return Ok(None) };
    ascii_digits(text).parse().map(Some).map_err(|_| Unused::Reject(RejectReason::BadNumber, field))
}

fn address(text: Option<&str>, field: &'static str) -> Result<Option<std::net::IpAddr>, Unused<'static>> {
    let Some(text) = text else { return Ok(None) };
    raw::address(text).map(Some).ok_or(Unused::Reject(RejectReason::BadAddress, field))
}

/// Code points of digit zero in the scripts that Android prints numbers in; nine more follow each (Unicode,
/// general category Nd): Arabic-Indic, extended Arabic-Indic, Devanagari, Bengali, Gurmukhi, Gujarati, Tamil,
/// Telugu, Kannada, Malayalam, Thai, Lao, Myanmar, Khmer.
const ZEROS: [u32; 14] = [
    0x0660, 0x06f0, 0x0966, 0x09e6, 0x0a66, 0x0ae6, 0x0be6, 0x0c66, 0x0ce6, 0x0d66, 0x0e50, 0x0ed0, 0x1040,
    0x17e0,
];

/// `text` with the digits of any of those scripts as ASCII, and U+2212 (minus) as `-`.
fn ascii_digits(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        return Cow::Borrowed(text);
    }
    let ascii = |symbol: char| {
        let code = u32::from(symbol);
        let zero = ZEROS.iter().find(|zero| (**zero..**zero + 10).contains(&code));
        match zero.and_then(|zero| char::from_digit(code - zero, 10)) {
            Some(digit) => digit,
            None if symbol == '\u{2212}' => '-',
            None => symbol,
        }
    };
    Cow::Owned(text.chars().filter(|symbol| !matches!(symbol, '\u{200e}' | '\u{200f}')).map(ascii).collect())
}
