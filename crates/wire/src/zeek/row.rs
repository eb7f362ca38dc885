//! A row of a Zeek TSV log.

use memchr::{memchr, memchr_iter};

use super::escape;
use super::field::FIELDS;
use super::header::{Header, UNREAD};
use super::records::emit;
use crate::cells::Cells;
use crate::text::trim_line_end;
use crate::{RecordSink, RejectReason};

/// Reads one line under `header` and hands `sink` exactly one record, reject or ignored row.
///
/// Comment lines (`#close`) and empty lines are no rows and are passed over. `number` is the line's number, for
/// the reject.
pub fn parse_row<S: RecordSink>(header: &Header, line: &[u8], number: u64, sink: &mut S) {
    let line = trim_line_end(line);
    if line.is_empty() || line.starts_with(b"#") {
        return;
    }
    let Some(log) = header.log else {
        sink.ignore(header.name());
        return;
    };
    let Ok(text) = std::str::from_utf8(line) else {
        sink.reject(number, RejectReason::NotUtf8, "row");
        return;
    };
    let mut cells = Cells::new();
    let has_escapes = memchr(b'\\', line).is_some();
    if let Err((reason, detail)) = split(header, text, has_escapes, &mut cells) {
        sink.reject(number, reason, detail);
        return;
    }
    if cells.is_coded() {
        let mut buffer = String::with_capacity(text.len());
        emit(log, &cells.decode(&mut buffer, escape::decode), number, sink);
    } else {
        emit(log, &cells, number, sink);
    }
}

/// Cuts the row into the cells that the header's plan wants.
fn split<'a>(
    header: &Header,
    text: &'a str,
    has_escapes: bool,
    cells: &mut Cells<'a, FIELDS>,
) -> Result<(), (RejectReason, &'static str)> {
    let mut ends = memchr_iter(header.separator, text.as_bytes());
    let mut start = 0;
    let mut is_last = false;
    for &slot in &header.columns {
        if is_last {
            return Err((RejectReason::MissingColumns, "fewer columns than the header names"));
        }
        let end = ends.next().unwrap_or_else(|| {
            is_last = true;
            text.len()
        });
        if slot != UNREAD {
            let cell = text.get(start..end).unwrap_or_default();
            if cell != header.unset_field && cell != header.empty_field {
                if has_escapes && cell.contains('\\') {
                    cells.set_coded(usize::from(slot), cell);
                } else {
                    cells.set(usize::from(slot), cell);
                }
            }
        }
        start = end + 1;
    }
    // Two lines run into one (a cut line that was appended to) have more columns; no part can be trusted.
    if is_last { Ok(()) } else { Err((RejectReason::Malformed, "more columns than the header names")) }
}
