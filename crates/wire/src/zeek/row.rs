//! Rows of a Zeek TSV log.

use std::cmp::Ordering;

use memchr::memchr_iter;

use super::escape;
use super::field::{FIELDS, Field};
use super::header::Header;
use super::log::Log;
use super::marks::{each_bit, each_block};
use super::records::{Fields, emit};
use crate::cells::Cells;
use crate::text::trim_line_end;
use crate::{RecordSink, RejectReason};

/// Columns that are sets or vectors in Zeek.
const LISTS: [Field; 4] = [Field::Service, Field::Answers, Field::MsgTypes, Field::Topics];

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
    match simdutf8::basic::from_utf8(line) {
        // Nothing else ends a line that is told to be one.
        Ok(text) => Rows::new(header, log, text, number, sink).read(header.separator),
        Err(_) => sink.reject(number, RejectReason::NotUtf8, "row"),
    }
}

/// Reads many lines under `header`, the first of which has the number `first`: each as [`parse_row`] does, in less
/// time, since what is checked is checked of all of them at once.
pub fn parse_rows<S: RecordSink>(header: &Header, lines: &[u8], first: u64, sink: &mut S) {
    if let (Some(log), Ok(text)) = (header.log, simdutf8::basic::from_utf8(lines)) {
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
    /// The number of the row at hand.
    number: u64,
    sink: &'h mut S,
}

/// How far a row was cut. While bytes are walked nothing is done at a separator but to note its place: what a cell
/// says is found when it is asked for, which half of the columns never are.
#[derive(Clone, Copy, Default)]
struct Place {
    /// Columns that were cut.
    columns: usize,
    /// Whether the row has anything that an escape may begin with.
    has_escape: bool,
}

impl Place {
    /// Notes where the column behind this place starts. `starts` has room for that of each column and for the end of the
    /// last; what a row has beyond is not noted.
    #[inline]
    fn end_cell(&mut self, starts: &mut [usize], at: usize) {
        self.columns += 1;
        if let Some(start) = starts.get_mut(self.columns) {
            *start = at + 1;
        }
    }
}

/// A row that has all columns of its header.
#[derive(Clone, Copy)]
struct Cut<'r, 'a> {
    header: &'r Header,
    text: &'a str,
    /// Where each column starts, and behind the last one where one more would.
    starts: &'r [usize],
}

impl<'a> Fields<'a> for Cut<'_, 'a> {
    #[expect(clippy::inline_always, reason = "the column of a slot that is known is one load")]
    #[inline(always)]
    fn get(self, slot: usize) -> Option<&'a str> {
        let [start, next] = *self.starts.get(self.header.column_of(slot)..)?.first_chunk::<2>()?;
        let cell = self.text.get(start..next.wrapping_sub(1))?;
        if cell.is_empty() || self.header.is_absent(cell) { None } else { Some(cell) }
    }
}

impl<'a> Cut<'_, 'a> {
    /// Whether a slot holds a list whose members are not separated by commas, as everybody who reads one takes them to be.
    fn is_list(self, slot: usize) -> bool {
        self.header.set_separator.is_some() && LISTS.iter().any(|list| list.slot() == slot)
    }

    fn decode(self, slot: usize, text: &str, out: &mut String) {
        match &self.header.set_separator {
            Some(separator) if self.is_list(slot) => {
                for (at, member) in text.split(separator.as_str()).enumerate() {
                    if at > 0 {
                        out.push(',');
                    }
                    escape::decode(member, out);
                }
            }
            _ => escape::decode(text, out),
        }
    }

    /// The same as cells, of which some must be decoded.
    fn cells(self) -> Cells<'a, FIELDS> {
        let mut cells = Cells::new();
        for slot in 0..FIELDS {
            match self.get(slot) {
                Some(text) if text.contains('\\') || self.is_list(slot) => cells.set_coded(slot, text),
                Some(text) => cells.set(slot, text),
                None => {}
            }
        }
        cells
    }
}

impl<'h, 'a, S: RecordSink> Rows<'h, 'a, S> {
    fn new(header: &'h Header, log: Log, text: &'a str, number: u64, sink: &'h mut S) -> Self {
        Self { header, log, text, number, sink }
    }

    /// Reads all rows; besides the end of the text, `line_end` ends one if it is not the separator.
    fn read(mut self, line_end: u8) {
        let (bytes, separator) = (self.text.as_bytes(), self.header.separator);
        let mut starts = vec![0; self.header.columns.len() + 1];
        let starts = starts.as_mut_slice();
        let mut place = Place::default();
        each_block(bytes, separator, [line_end, b'\\'], |base, marks| {
            let mut separators = marks.separators;
            each_bit(marks.others, |other| {
                let before = separators & ((1 << other) - 1);
                separators ^= before;
                each_bit(before, |bit| place.end_cell(starts, base + bit));
                if bytes.get(base + other) == Some(&b'\\') {
                    place.has_escape = true;
                } else {
                    self.end_row(starts, place, base + other);
                    place = Place::default();
                    starts.iter_mut().take(1).for_each(|start| *start = base + other + 1);
                }
            });
            each_bit(separators, |bit| place.end_cell(starts, base + bit));
        });
    }

    #[inline(never)]
    fn end_row(&mut self, starts: &mut [usize], mut place: Place, end: usize) {
        // A line may end as on Windows, and again for each time that a log was copied from there.
        let line = starts.first().and_then(|start| self.text.get(*start..end)).unwrap_or_default();
        let kept = line.trim_end_matches('\r');
        if !kept.is_empty() && !kept.starts_with('#') {
            place.end_cell(starts, end - (line.len() - kept.len()));
            self.give(starts, place, kept.len());
        }
        self.number += 1;
    }

    /// Hands over a row of so many bytes.
    fn give(&mut self, starts: &[usize], place: Place, bytes: usize) {
        let cut = Cut { header: self.header, text: self.text, starts };
        let (reason, detail) = match place.columns.cmp(&self.header.columns.len()) {
            Ordering::Less => (RejectReason::MissingColumns, "fewer columns than the header names"),
            // Two lines run into one (a cut line that was appended to) have more; no part can be trusted.
            Ordering::Greater => (RejectReason::Malformed, "more columns than the header names"),
            Ordering::Equal if place.has_escape || self.header.set_separator.is_some() => {
                let mut buffer = String::with_capacity(bytes);
                let cells = cut.cells();
                emit(
                    self.log,
                    &cells.decode(&mut buffer, |slot, text, out| cut.decode(slot, text, out)),
                    self.number,
                    self.sink,
                );
                return;
            }
            Ordering::Equal => {
                emit(self.log, cut, self.number, self.sink);
                return;
            }
        };
        self.sink.reject(self.number, reason, detail);
    }
}
