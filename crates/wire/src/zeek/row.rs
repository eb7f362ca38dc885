//! Rows of a Zeek TSV log.

use std::cmp::Ordering;

use memchr::memchr_iter;

use super::escape;
use super::field::FIELDS;
use super::header::{Header, UNREAD};
use super::log::Log;
use super::marks::each_mark;
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
    text: &'a str,
    /// What the columns of the row at hand say.
    cells: Cells<'a, FIELDS>,
    /// Where the row at hand begins, and the cell at hand.
    row_start: usize,
    cell_start: usize,
    /// Columns of the row that were cut.
    columns: usize,
    /// Whether the cell at hand has anything that an escape may begin with.
    has_escape: bool,
    number: u64,
    sink: &'h mut S,
}

impl<'h, 'a, S: RecordSink> Rows<'h, 'a, S> {
    fn new(header: &'h Header, log: Log, text: &'a str, first: u64, sink: &'h mut S) -> Self {
        Self {
            header,
            log,
            text,
            cells: Cells::new(),
            row_start: 0,
            cell_start: 0,
            columns: 0,
            has_escape: false,
            number: first,
            sink,
        }
    }

    /// Reads all rows; besides the end of the text, `line_end` ends one if it is not the separator.
    fn read(mut self, line_end: u8) {
        let bytes = self.text.as_bytes();
        let separator = self.header.separator;
        each_mark(bytes, [separator, line_end, b'\\'], |at| match bytes.get(at) {
            Some(mark) if *mark == separator => self.end_cell(at),
            Some(b'\n') | None => self.end_row(at),
            Some(_) => self.has_escape = true,
        });
    }

    /// Takes the cell that ends here, if the header's plan wants it.
    #[inline]
    fn end_cell(&mut self, end: usize) {
        let slot = self.header.columns.get(self.columns).copied().unwrap_or(UNREAD);
        if slot != UNREAD {
            let cell = self.text.get(self.cell_start..end).unwrap_or_default();
            if !self.header.is_absent(cell) {
                self.cells.set(usize::from(slot), cell);
                if self.has_escape {
                    self.cells.set_coded(usize::from(slot), cell);
                }
            }
        }
        self.columns += 1;
        self.cell_start = end + 1;
        self.has_escape = false;
    }

    fn end_row(&mut self, end: usize) {
        // A line may end as on Windows, and again where a log was copied from there.
        let line = self.text.get(self.row_start..end).unwrap_or_default();
        let kept = line.strip_suffix('\r').unwrap_or(line);
        let kept = kept.strip_suffix('\r').unwrap_or(kept);
        if !kept.is_empty() && !kept.starts_with('#') {
            self.end_cell(self.row_start + kept.len());
            self.give(kept.len());
        }
        self.cells.clear();
        (self.row_start, self.cell_start) = (end + 1, end + 1);
        (self.columns, self.has_escape) = (0, false);
        self.number += 1;
    }

    /// Hands over the row at hand, of so many bytes.
    fn give(&mut self, bytes: usize) {
        let reason = match self.columns.cmp(&self.header.columns.len()) {
            Ordering::Less => (RejectReason::MissingColumns, "fewer columns than the header names"),
            // Two lines run into one (a cut line that was appended to) have more; no part can be trusted.
            Ordering::Greater => (RejectReason::Malformed, "more columns than the header names"),
            Ordering::Equal if self.cells.is_coded() => {
                let mut buffer = String::with_capacity(bytes);
                emit(self.log, &self.cells.decode(&mut buffer, escape::decode), self.number, self.sink);
                return;
            }
            Ordering::Equal => {
                emit(self.log, &self.cells, self.number, self.sink);
                return;
            }
        };
        self.sink.reject(self.number, reason.0, reason.1);
    }
}
