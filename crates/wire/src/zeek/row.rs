//! A row of a Zeek TSV log.

use memchr::{memchr, memchr_iter};
use std::cmp::Ordering;

use super::escape;
use super::field::FIELDS;
use super::header::Header;
use super::log::Log;
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
    match std::str::from_utf8(line) {
        Ok(text) => parse_text(header, log, (text, has_escapes(line)), number, &mut Cells::new(), sink),
        Err(_) => sink.reject(number, RejectReason::NotUtf8, "row"),
    }
}

/// Reads many lines under `header`, the first of which has the number `first`: each as [`parse_row`] does, in less
/// time, since what is checked is checked of all of them at once.
pub fn parse_rows<S: RecordSink>(header: &Header, lines: &[u8], first: u64, sink: &mut S) {
    let text = std::str::from_utf8(lines).ok();
    // Most blocks have none: one search over all of them.
    let may_have_escapes = has_escapes(lines);
    let mut cells = Cells::new();
    let (mut start, mut number) = (0, first);
    for end in memchr_iter(b'\n', lines).chain([lines.len()]) {
        if let (Some(log), Some(line)) = (header.log, text.and_then(|text| text.get(start..end))) {
            let line = line.strip_suffix('\r').unwrap_or(line);
            let line = line.strip_suffix('\r').unwrap_or(line);
            if !line.is_empty() && !line.starts_with('#') {
                let has_escapes = may_have_escapes && has_escapes(line.as_bytes());
                parse_text(header, log, (line, has_escapes), number, &mut cells, sink);
            }
        } else {
            let line = lines.get(start..end).unwrap_or_default();
            parse_row(header, line.strip_suffix(b"\r").unwrap_or(line), number, sink);
        }
        (start, number) = (end + 1, number + 1);
    }
}

/// Whether there is anything that an escape may begin with.
fn has_escapes(bytes: &[u8]) -> bool {
    memchr(b'\\', bytes).is_some()
}

/// Reads a line that is a row, without its end, of which is known whether it may hold escapes. `cells` is only a place
/// to work in.
fn parse_text<'a, S: RecordSink>(
    header: &Header,
    log: Log,
    (line, has_escapes): (&'a str, bool),
    number: u64,
    cells: &mut Cells<'a, FIELDS>,
    sink: &mut S,
) {
    cells.clear();
    if let Err((reason, detail)) = split(header, line, has_escapes, cells) {
        sink.reject(number, reason, detail);
        return;
    }
    if cells.is_coded() {
        let mut buffer = String::with_capacity(line.len());
        emit(log, &cells.decode(&mut buffer, escape::decode), number, sink);
    } else {
        emit(log, cells, number, sink);
    }
}

/// Columns that are cut at once: no log of Zeek's own has more than about forty.
const COLUMNS_AT_ONCE: usize = 64;

/// Cuts the row into the cells that the header's plan wants.
fn split<'a>(
    header: &Header,
    text: &'a str,
    has_escapes: bool,
    cells: &mut Cells<'a, FIELDS>,
) -> Result<(), (RejectReason, &'static str)> {
    let columns = header.columns.len();
    let mut known = [0_usize; COLUMNS_AT_ONCE];
    let mut more = Vec::new();
    let ends = if columns <= COLUMNS_AT_ONCE {
        &mut known[..columns]
    } else {
        more.resize(columns, 0);
        more.as_mut_slice()
    };
    let found = column_ends(header.separator, text.as_bytes(), ends);
    // Two lines run into one (a cut line that was appended to) have more columns; no part can be trusted.
    match found.cmp(&columns) {
        Ordering::Less => {
            return Err((RejectReason::MissingColumns, "fewer columns than the header names"));
        }
        Ordering::Greater => return Err((RejectReason::Malformed, "more columns than the header names")),
        Ordering::Equal => {}
    }
    let absent = header.absent_starts();
    for &(column, slot) in &header.reads {
        let Some(&end) = ends.get(column) else { break };
        let start = column.checked_sub(1).and_then(|before| ends.get(before)).map_or(0, |end| end + 1);
        let cell = text.get(start..end).unwrap_or_default();
        // The first byte tells most cells apart without a call to compare them.
        let may_be_absent = cell.as_bytes().first().is_none_or(|first| absent.contains(first));
        if !(may_be_absent && header.is_absent(cell)) {
            cells.set(slot, cell);
            if has_escapes && cell.contains('\\') {
                cells.set_coded(slot, cell);
            }
        }
    }
    Ok(())
}

/// Where each column ends, and how many columns there are; ends that find no room are only counted.
///
/// Eight bytes at a time: columns are a few bytes wide, so a search that starts anew at each pays mostly for starting.
fn column_ends(separator: u8, bytes: &[u8], ends: &mut [usize]) -> usize {
    let pattern = u64::from_le_bytes([separator; 8]);
    let mut count = 0;
    let mut put = |end: usize| {
        if let Some(slot) = ends.get_mut(count) {
            *slot = end;
        }
        count += 1;
    };
    let (words, rest) = bytes.as_chunks::<8>();
    let mut base = 0;
    for word in words {
        let mut found = zero_bytes(u64::from_le_bytes(*word) ^ pattern);
        while found != 0 {
            put(base + (found.trailing_zeros() / 8) as usize);
            found &= found - 1;
        }
        base += 8;
    }
    for (at, _) in rest.iter().enumerate().filter(|(_, byte)| **byte == separator) {
        put(base + at);
    }
    put(bytes.len());
    count
}

/// The high bit of each byte that is zero. A byte is zero when neither its high bit nor a carry out of its low bits is
/// set: exact for every byte, as no carry crosses into the next one.
fn zero_bytes(word: u64) -> u64 {
    const LOW_BITS: u64 = 0x7f7f_7f7f_7f7f_7f7f;
    !(((word & LOW_BITS) + LOW_BITS) | word | LOW_BITS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn separators_are_found_as_memchr_finds_them() {
        let mut text = Vec::new();
        for index in 0..700_u32 {
            let all: Vec<usize> = memchr_iter(b'\t', &text).chain([text.len()]).collect();
            for room in [0, all.len() / 2, all.len(), all.len() + 3] {
                let mut ends = vec![usize::MAX; room];
                assert_eq!(column_ends(b'\t', &text, &mut ends), all.len(), "{text:?}");
                assert!(ends.iter().zip(&all).all(|(end, known)| end == known), "{text:?}");
            }
            // Tabs beside their neighbours in value and the high bytes that fool carries.
            let choice = usize::try_from(index.wrapping_mul(2_654_435_761) >> 29).unwrap();
            text.push(b"\t\t\x08\x0a\x89\xff\x00\x01"[choice]);
        }
    }
}
