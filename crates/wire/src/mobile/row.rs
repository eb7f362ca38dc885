//! What every line-based source does alike: bounds, encoding, and how a row ends.

use crate::{RecordSink, RejectReason};
use std::borrow::Cow;

/// Longest line, bytes. A telemetry row is under 4 KiB; more is damage or an attack.
pub(crate) const MAX_LINE_BYTES: usize = 1 << 20;

/// Longest name handed to [`RecordSink::ignore`], bytes: names come from the input.
const MAX_NAME_BYTES: usize = 64;

/// Why a row made no record.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Unused<'a> {
    /// The row is bad.
    Reject(RejectReason, &'static str),
    /// The row is well formed and of no use; its name.
    Ignore(Cow<'a, str>),
}

/// The row has no field that it cannot do without.
pub(crate) const fn missing<'a>(field: &'static str) -> Unused<'a> {
    Unused::Reject(RejectReason::MissingField, field)
}

/// The text of a line without byte order mark and surrounding white space. `None` for an empty line, which is
/// no row, and for a line that was rejected here.
pub(crate) fn text<'a, S: RecordSink + ?Sized>(line: &'a [u8], number: u64, sink: &mut S) -> Option<&'a str> {
    if line.len() > MAX_LINE_BYTES {
        sink.reject(number, RejectReason::LineTooLong, "line over 1 MiB");
        return None;
    }
    let line = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line);
    let Ok(text) = simdutf8::basic::from_utf8(line) else {
        sink.reject(number, RejectReason::NotUtf8, "line");
        return None;
    };
    let text = text.trim();
    (!text.is_empty()).then_some(text)
}

/// A JSON object of a line as `T`. Arrays are refused: serde would read them as objects without names.
pub(crate) fn object<'a, T: serde::Deserialize<'a>>(text: &'a str) -> Result<T, Unused<'a>> {
    if !text.starts_with('{') {
        return Err(Unused::Reject(RejectReason::BadJson, "not an object"));
    }
    serde_json::from_str(text).map_err(|error| {
        let detail = match error.classify() {
            serde_json::error::Category::Eof => "cut short",
            serde_json::error::Category::Data => "a field twice or of a wrong shape",
            _ => "syntax",
        };
        Unused::Reject(RejectReason::BadJson, detail)
    })
}

/// Tells the sink of a row that made no record.
pub(crate) fn settle<S: RecordSink + ?Sized>(
    result: Result<(), Unused<'_>>,
    source: &str,
    number: u64,
    sink: &mut S,
) {
    match result {
        Ok(()) => {}
        Err(Unused::Reject(reason, detail)) => sink.reject(number, reason, detail),
        Err(Unused::Ignore(name)) => sink.ignore(&ignored_name(source, &name)),
    }
}

/// `source:name`, the name cut to a bounded length.
fn ignored_name(source: &str, name: &str) -> String {
    let mut end = name.len().min(MAX_NAME_BYTES);
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    format!("{source}:{}", name.get(..end).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ignored_names_are_bounded_on_a_character() {
        let name = ignored_name("s", &"é".repeat(100));
        assert_eq!(name.len(), 2 + 64);
        assert_eq!(ignored_name("s", "a"), "s:a");
    }
}
