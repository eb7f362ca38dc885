//! Zeek logs as JSON lines: plain, with `_path` (json-streaming-logs) or with `@stream`.

use super::field::{FIELDS, Field};
use super::log::Log;
use super::records::emit;
use crate::cells::Cells;
use crate::json::{self, Cursor, Fault, Scalar};
use crate::mobile::edr;
use crate::text::{clip, trim_line_end};
use crate::{RecordSink, RejectReason, eve};

/// Reads one line and hands `sink` exactly one record, reject or ignored row. Empty lines are no rows.
///
/// The log is the one that `_path` or `@stream` names, else the one whose fields the row has.
pub fn parse_line<S: RecordSink>(line: &[u8], number: u64, sink: &mut S) {
    let line = trim_line_end(line);
    if line.is_empty() {
        return;
    }
    let Ok(text) = simdutf8::basic::from_utf8(line) else {
        sink.reject(number, RejectReason::NotUtf8, "line");
        return;
    };
    let mut cells = Cells::new();
    let mut path = "";
    if let Err(fault) = read(text, &mut cells, &mut path) {
        let (reason, detail) = fault.reject();
        sink.reject(number, reason, detail);
        return;
    }
    let Some(log) = Log::identify(path, cells.filled()) else {
        if path.is_empty() && cells.filled() == 0 {
            sink.reject(number, RejectReason::MissingField, "ts");
        } else if path.is_empty() && (edr::sniff(line) || eve::sniff(line)) {
            // Another feed behind this one: it would be read if it came by itself.
            sink.reject(number, RejectReason::Malformed, "no row of a Zeek log");
        } else {
            sink.ignore(if path.is_empty() { "zeek log without path" } else { clip(path) });
        }
        return;
    };
    if cells.is_coded() {
        let mut buffer = String::with_capacity(text.len());
        emit(log, &cells.decode(&mut buffer, |_, text, out| json::decode(text, out)), number, sink);
    } else {
        emit(log, &cells, number, sink);
    }
}

/// Fills the cells from the line.
fn read<'a>(text: &'a str, cells: &mut Cells<'a, FIELDS>, path: &mut &'a str) -> Result<(), Fault> {
    let mut line = Cursor::new(text);
    line.object(|key, value| {
        if let Some(field) = Field::from_name(key) {
            match value.value()? {
                Scalar::Absent => {}
                Scalar::Plain(text) => cells.set(field.slot(), text),
                Scalar::Coded(text) => cells.set_coded(field.slot(), text),
            }
            return Ok(());
        }
        if key == "id" && value.peek() == Some(b'{') {
            // How `zq` and some shippers write the record that Zeek flattens.
            return value.object(|key, value| {
                let field = match key {
                    "orig_h" => Field::OrigH,
                    "orig_p" => Field::OrigP,
                    "resp_h" => Field::RespH,
                    "resp_p" => Field::RespP,
                    _ => return value.skip(),
                };
                match value.value()? {
                    Scalar::Absent => {}
                    Scalar::Plain(text) => cells.set(field.slot(), text),
                    Scalar::Coded(text) => cells.set_coded(field.slot(), text),
                }
                Ok(())
            });
        }
        if key == "_path" || key == "@stream" {
            if let Scalar::Plain(text) = value.value()? {
                *path = text;
            }
            return Ok(());
        }
        value.skip()
    })?;
    line.end()
}

/// Whether an input that starts with `head` (which may end anywhere) is Zeek JSON, by the keys of its first
/// line.
///
/// Phone telemetry has `ts` and `uid`, too, but names a `kind` and a `device_id`.
pub fn sniff(head: &[u8]) -> bool {
    let keys = json::first_keys(head);
    let has = |wanted: &str| keys.contains(&wanted);
    if has("event_type") || has("device_id") || has("kind") {
        return false;
    }
    let names_log = has("_path") || has("@stream");
    let is_connection = has("id.orig_h") || has("id_orig_h");
    // Logs without connections: dhcp, x509, files, stats, weird, known_hosts, ...
    let others =
        ["uid", "uids", "fuid", "peer", "fingerprint", "certificate.version", "ts_delta", "mac", "notice"];
    is_connection || (has("ts") && (names_log || others.iter().any(|key| has(key))))
}
