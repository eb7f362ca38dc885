//! Rows of a Zeek TSV log.

use std::cmp::Ordering;

use memchr::memchr_iter;

use super::escape;
use super::field::FIELDS;
use super::header::Header;
use super::log::Log;
use super::marks::each_mark;
use super::records::{Fields, emit};
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
        // Nothing else ends a line that is told to be one.
        Ok(text) => Rows::new(header, log, text, number, sink).read(header.separator),
        Err(_) => sink.reject(number, RejectReason::NotUtf8, "row"),
    }
}

/// Reads many lines under `header`, the first of which has the number `first`: each as [`parse_row`] does, in less
/// time, since what is checked is checked of all of them at once.
pub fn parse_rows<S: RecordSink>(header: &Header, lines: &[u8], first: u64, sink: &mut S) {
    if let (Some(log), Ok(text)) = (header.log, std::str::from_utf8(lines)) {
        Rows::new(header, log, text, first, sink).read(b'\n');
        return;
    }
    let (mut start, mut number) = (0, first);
    for end in memchr_iter(b'\n', lines).chain([lines.len()]) {
        let line = lines.get(start..end).unwrap_or_default();
        parse_row(header, line.strip_suffix(b"\r").unwrap_or(line), number, sink);
        (start, number) = (end + 1, number + 1);
    }
}

/// Rows under one header, cut into cells in one pass over their bytes.
struct Rows<'h, 'a, S> {
    header: &'h Header,
    log: Log,
    spans: Spans<'a>,
    /// The number of the row at hand.
    number: u64,
    sink: &'h mut S,
}

/// Where the cells of the row at hand lie. Nearly every column is wanted, so each is noted, in the slot of its field or
/// in the one slot of all that are not read; text is made of what is asked for.
struct Spans<'a> {
    text: &'a str,
    /// Nothing for a field that is absent. A row that has all columns of its header fills the slots of all of them.
    slots: [(usize, usize); FIELDS + 1],
    /// Bit `i` is set when the cell in slot `i` has anything that an escape may begin with.
    coded: u64,
}

impl<'a> Fields<'a> for &Spans<'a> {
    #[inline]
    fn get(self, slot: usize) -> Option<&'a str> {
        let (start, end) = *self.slots.get(slot)?;
        if start == end { None } else { self.text.get(start..end) }
    }
}

impl<'a> Spans<'a> {
    /// The same as cells, of which some must be decoded.
    fn cells(&self) -> Cells<'a, FIELDS> {
        let mut cells = Cells::new();
        for slot in 0..FIELDS {
            match self.get(slot) {
                Some(text) if self.coded >> slot & 1 == 1 => cells.set_coded(slot, text),
                Some(text) => cells.set(slot, text),
                None => {}
            }
        }
        cells
    }
}

/// How far a row was cut.
#[derive(Clone, Copy, Default)]
struct Place {
    row_start: usize,
    cell_start: usize,
    /// Columns of the row that were cut.
    columns: usize,
    /// Whether the cell at hand has anything that an escape may begin with.
    has_escape: bool,
}

impl<'h, 'a, S: RecordSink> Rows<'h, 'a, S> {
    fn new(header: &'h Header, log: Log, text: &'a str, number: u64, sink: &'h mut S) -> Self {
        let spans = Spans { text, slots: [(0, 0); FIELDS + 1], coded: 0 };
        Self { header, log, spans, number, sink }
    }

    /// Reads all rows; besides the end of the text, `line_end` ends one if it is not the separator.
    fn read(mut self, line_end: u8) {
        let bytes = self.spans.text.as_bytes();
        let header = self.header;
        let mut place = Place::default();
        each_mark(bytes, [header.separator, line_end, b'\\'], |at| match bytes.get(at) {
            Some(mark) if *mark == header.separator => place = self.spans.end_cell(header, place, at),
            Some(b'\\') => place.has_escape = true,
            _ => {
                self.end_row(place, at);
                place = Place { row_start: at + 1, cell_start: at + 1, ..Place::default() };
            }
        });
    }

    #[inline(never)]
    fn end_row(&mut self, place: Place, end: usize) {
        // A line may end as on Windows, and again where a log was copied from there.
        let line = self.spans.text.get(place.row_start..end).unwrap_or_default();
        let kept = line.strip_suffix('\r').unwrap_or(line);
        let kept = kept.strip_suffix('\r').unwrap_or(kept);
        if !kept.is_empty() && !kept.starts_with('#') {
            let place = self.spans.end_cell(self.header, place, place.row_start + kept.len());
            self.give(place.columns, kept.len());
        }
        self.spans.coded = 0;
        self.number += 1;
    }

    /// Hands over the row at hand, of so many columns and bytes.
    fn give(&mut self, columns: usize, bytes: usize) {
        let (reason, detail) = match columns.cmp(&self.header.columns.len()) {
            Ordering::Less => (RejectReason::MissingColumns, "fewer columns than the header names"),
            // Two lines run into one (a cut line that was appended to) have more; no part can be trusted.
            Ordering::Greater => (RejectReason::Malformed, "more columns than the header names"),
            Ordering::Equal if self.spans.coded != 0 => {
                let mut buffer = String::with_capacity(bytes);
                let cells = self.spans.cells();
                emit(self.log, &cells.decode(&mut buffer, escape::decode), self.number, self.sink);
                return;
            }
            Ordering::Equal => {
                emit(self.log, &self.spans, self.number, self.sink);
                return;
            }
        };
        self.sink.reject(self.number, reason, detail);
    }
}

impl Spans<'_> {
    /// Notes the cell that ends here; where the next one begins.
    #[expect(clippy::inline_always, reason = "once for each column: a call costs as much as the work")]
    #[inline(always)]
    fn end_cell(&mut self, header: &Header, place: Place, end: usize) -> Place {
        let Place { row_start, cell_start, columns, has_escape } = place;
        let slot = header.columns.get(columns).map_or(FIELDS, |slot| usize::from(*slot).min(FIELDS));
        let is_there = !header.is_absent(self.text.as_bytes(), cell_start, end);
        if let Some(span) = self.slots.get_mut(slot) {
            *span = if is_there { (cell_start, end) } else { (0, 0) };
        }
        if has_escape && is_there && slot < FIELDS {
            self.coded |= 1 << slot;
        }
        Place { row_start, cell_start: end + 1, columns: columns + 1, has_escape: false }
    }
}
