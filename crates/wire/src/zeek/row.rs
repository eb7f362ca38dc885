//! A row of a Zeek TSV log.

use memchr::{memchr, memchr_iter};

use super::escape;
use super::field::FIELDS;
use super::header::{Header, UNREAD};
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
        Ok(text) => parse_text(header, log, text, number, &mut Cells::new(), sink),
        Err(_) => sink.reject(number, RejectReason::NotUtf8, "row"),
    }
}

/// Reads many lines under `header`, the first of which has the number `first`: each as [`parse_row`] does, in less
/// time, since what is checked is checked of all of them at once.
pub fn parse_rows<S: RecordSink>(header: &Header, lines: &[u8], first: u64, sink: &mut S) {
    let text = std::str::from_utf8(lines).ok();
    let mut cells = Cells::new();
    let (mut start, mut number) = (0, first);
    for end in memchr_iter(b'\n', lines).chain([lines.len()]) {
        match (header.log, text.and_then(|text| text.get(start..end))) {
            (Some(log), Some(line)) => {
                let line = line.strip_suffix('\r').unwrap_or(line);
                let line = line.strip_suffix('\r').unwrap_or(line);
                if !line.is_empty() && !line.starts_with('#') {
                    parse_text(header, log, line, number, &mut cells, sink);
                }
            }
            _ => {
                let line = lines.get(start..end).unwrap_or_default();
                parse_row(header, line.strip_suffix(b"\r").unwrap_or(line), number, sink);
            }
        }
        (start, number) = (end + 1, number + 1);
    }
}

/// Reads a line that is a row, without its end. `cells` is only a place to work in.
fn parse_text<'a, S: RecordSink>(
    header: &Header,
    log: Log,
    line: &'a str,
    number: u64,
    cells: &mut Cells<'a, FIELDS>,
    sink: &mut S,
) {
    cells.clear();
    let has_escapes = memchr(b'\\', line.as_bytes()).is_some();
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

/// Cuts the row into the cells that the header's plan wants.
fn split<'a>(
    header: &Header,
    text: &'a str,
    has_escapes: bool,
    cells: &mut Cells<'a, FIELDS>,
) -> Result<(), (RejectReason, &'static str)> {
    let mut ends = Separators::new(header.separator, text.as_bytes());
    let absent = header.absent_starts();
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
            // The first byte tells most cells apart without a call to compare them.
            let may_be_absent = cell.as_bytes().first().is_none_or(|first| absent.contains(first));
            if !(may_be_absent && header.is_absent(cell)) {
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

/// The positions of one byte, eight bytes at a time.
///
/// Columns are a few bytes wide, so a search that starts anew at each column pays mostly for starting.
struct Separators<'a> {
    bytes: &'a [u8],
    /// The separator in every byte of a word.
    pattern: u64,
    /// Where the word after the current one starts.
    next: usize,
    /// The high bit of each byte of the current word that is a separator, not yet given out.
    found: u64,
}

impl<'a> Separators<'a> {
    fn new(separator: u8, bytes: &'a [u8]) -> Self {
        Self { bytes, pattern: u64::from_le_bytes([separator; 8]), next: 0, found: 0 }
    }

    /// The next eight bytes; past the end, bytes that are no separator.
    fn word(&self) -> Option<u64> {
        let rest = self.bytes.get(self.next..).filter(|rest| !rest.is_empty())?;
        if let Some(word) = rest.first_chunk::<8>() {
            return Some(u64::from_le_bytes(*word));
        }
        let mut word = (!self.pattern).to_le_bytes();
        word.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
        Some(u64::from_le_bytes(word))
    }
}

impl Iterator for Separators<'_> {
    type Item = usize;

    #[inline]
    fn next(&mut self) -> Option<usize> {
        const LOW_BITS: u64 = 0x7f7f_7f7f_7f7f_7f7f;
        while self.found == 0 {
            let differing = self.word()? ^ self.pattern;
            self.next += 8;
            // A byte is zero when neither its high bit nor a carry out of its low bits is set: exact for every
            // byte, as no carry crosses into the next one.
            self.found = !(((differing & LOW_BITS) + LOW_BITS) | differing | LOW_BITS);
        }
        let at = self.found.trailing_zeros() / 8;
        self.found &= self.found - 1;
        usize::try_from(at).ok().map(|at| self.next - 8 + at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn separators_are_found_as_memchr_finds_them() {
        let mut text = Vec::new();
        for index in 0..700_u32 {
            let all: Vec<usize> = memchr::memchr_iter(b'\t', &text).collect();
            assert_eq!(Separators::new(b'\t', &text).collect::<Vec<_>>(), all, "{text:?}");
            // Tabs beside their neighbours in value and the high bytes that fool carries.
            let choice = usize::try_from(index.wrapping_mul(2_654_435_761) >> 29).unwrap();
            text.push(b"\t\t\x08\x0a\x89\xff\x00\x01"[choice]);
        }
    }
}
