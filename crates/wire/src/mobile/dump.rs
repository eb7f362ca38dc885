//! Text of `dumpsys`, alone or inside a bug report: sections, lines and `key=value` pairs.

use super::head;
use super::row::MAX_LINE_BYTES;
use crate::{RecordSink, RejectReason};

/// Mark of a section in a full `dumpsys` and in a bug report. A priority may stand before the name:
/// `DUMP OF SERVICE HIGH meminfo:`.
const SECTION: &[u8] = b"DUMP OF SERVICE ";

/// Whether the head of an input is a bug report or a full `dumpsys`, which may hold any number of sources.
pub fn sniff(head: &[u8]) -> bool {
    let head = head::trimmed(head);
    memchr::memmem::find(head, SECTION).is_some()
        || head.starts_with(b"== dumpstate: ")
        || memchr::memmem::find(head, b"\n== dumpstate: ").is_some()
        || head.starts_with(b"Currently running services:")
}

/// A part of a dump and the number of its first line, from 1.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Part<'a> {
    /// Its bytes.
    pub(crate) text: &'a [u8],
    /// Line number of its first line in the whole.
    pub(crate) first_line: u64,
}

/// The parts of a dump that belong to a service: the bodies of its sections, or the whole where the text has
/// no sections at all.
pub(crate) fn service<'a>(text: &'a [u8], name: &str) -> Vec<Part<'a>> {
    let mut found = Vec::new();
    let mut has_sections = false;
    let mut line = 1;
    let mut at = 0;
    let mut open: Option<(usize, u64)> = None;
    for start in memchr::memmem::find_iter(text, SECTION) {
        let is_line_start = start == 0 || text.get(start - 1) == Some(&b'\n');
        if !is_line_start {
            continue;
        }
        has_sections = true;
        line += newlines(text.get(at..start));
        at = start;
        if let Some((from, first_line)) = open.take() {
            found.extend(text.get(from..start).map(|text| Part { text, first_line }));
        }
        let rest = text.get(start + SECTION.len()..).unwrap_or_default();
        let end = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
        if section_name(rest.get(..end).unwrap_or_default()) == name.as_bytes() {
            open = Some((start + SECTION.len() + end, line));
        }
    }
    if let Some((from, first_line)) = open {
        found.extend(text.get(from..).map(|text| Part { text, first_line }));
    }
    if !has_sections {
        found.push(Part { text, first_line: 1 });
    }
    found
}

/// `usagestats` of `HIGH usagestats:`.
fn section_name(heading: &[u8]) -> &[u8] {
    let heading = heading.trim_ascii();
    let heading = heading.strip_suffix(b":").unwrap_or(heading);
    heading.rsplit(|byte| *byte == b' ').next().unwrap_or(heading)
}

fn newlines(text: Option<&[u8]>) -> u64 {
    memchr::memchr_iter(b'\n', text.unwrap_or_default()).count() as u64
}

/// The lines of a part with their numbers. Lines over 1 MiB are rejected here. Lines are bytes: labels of apps
/// need not be UTF-8, and only the fields that are read must be.
pub(crate) fn lines<'a, S: RecordSink + ?Sized>(
    part: Part<'a>,
    sink: &mut S,
    mut take: impl FnMut(u64, Line<'a>, &mut S),
) {
    for (number, line) in (part.first_line..).zip(part.text.split(|byte| *byte == b'\n')) {
        if line.len() > MAX_LINE_BYTES {
            sink.reject(number, RejectReason::LineTooLong, "line over 1 MiB");
        } else {
            take(number, Line(line), sink);
        }
    }
}

/// One line of a dump.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Line<'a>(&'a [u8]);

impl<'a> Line<'a> {
    /// Without surrounding white space.
    pub(crate) fn trimmed(self) -> &'a [u8] {
        self.0.trim_ascii()
    }

    /// Leading spaces.
    pub(crate) fn indent(self) -> usize {
        self.0.iter().take_while(|byte| **byte == b' ').count()
    }

    /// The value of `key=value`; the key starts the line or follows a space, the value ends at a space, or at
    /// the closing quote where it is quoted. `None` also where the value is not UTF-8.
    pub(crate) fn value(self, key: &str) -> Option<&'a str> {
        let mut from = 0;
        loop {
            let rest = self.0.get(from..)?;
            let at = from + memchr::memmem::find(rest, key.as_bytes())?;
            from = at + key.len();
            let starts_word = at == 0 || self.0.get(at - 1).is_some_and(u8::is_ascii_whitespace);
            if !starts_word || self.0.get(from) != Some(&b'=') {
                continue;
            }
            let value = self.0.get(from + 1..)?;
            let value = match value.strip_prefix(b"\"") {
                Some(quoted) => quoted.get(..memchr::memchr(b'"', quoted)?)?,
                None => value.split(u8::is_ascii_whitespace).next()?,
            };
            return std::str::from_utf8(value).ok();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_are_found_with_their_line_numbers() {
        let text = b"== dumpstate: x\nDUMP OF SERVICE HIGH usagestats:\na\nb\nDUMP OF SERVICE package:\nc\n\
                     not DUMP OF SERVICE usagestats:\nDUMP OF SERVICE usagestats:\nd";
        let parts = service(text, "usagestats");
        assert_eq!(parts.len(), 2);
        assert_eq!((parts[0].text, parts[0].first_line), (&b"\na\nb\n"[..], 2));
        assert_eq!((parts[1].text, parts[1].first_line), (&b"\nd"[..], 8));
        assert!(service(text, "netstats").is_empty());
        assert_eq!(service(b"UID stats:", "netstats").len(), 1);
    }

    #[test]
    fn values_are_whole_words() {
        let line = Line(br#" time="2026-09-26 23:10:00" type=A taskRootPackage=no package=com.x class=y "#);
        assert_eq!(line.value("time"), Some("2026-09-26 23:10:00"));
        assert_eq!(line.value("package"), Some("com.x"));
        assert_eq!(line.value("Package"), None);
        assert_eq!(Line(b"time=\"open").value("time"), None);
        assert_eq!(line.indent(), 1);
    }
}
