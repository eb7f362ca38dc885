//! Where parsers put what they read.

use crate::mobile::intrusion::EventRef;
use undertone_core::model::Record;

/// Receives what a parser reads from one input.
///
/// Records borrow from the bytes being parsed, so a sink copies what it keeps.
pub trait RecordSink {
    /// Takes one record.
    fn record(&mut self, record: Record<'_>);

    /// Counts one row that could not be used. `line` counts from 1 within what the parser was given (a line
    /// number, or a packet number in a capture); `detail` says what was wrong in a few words.
    fn reject(&mut self, line: u64, reason: RejectReason, detail: &str);

    /// Counts one well-formed row that carries nothing for undertone (an EVE `stats` event, an unknown
    /// telemetry kind), by its name.
    fn ignore(&mut self, what: &str);

    /// Takes note of the number that a log gives an event, whether it becomes a record or not: what is missing between
    /// the numbers is missing from the log.
    fn numbered(&mut self, _event: EventRef) {}
}

/// Why a row was rejected. A closed set: the run summary counts by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RejectReason {
    /// The line is longer than the limit.
    LineTooLong,
    /// The bytes are not UTF-8 where text is needed.
    NotUtf8,
    /// The line is not JSON.
    BadJson,
    /// JSON nested deeper than the limit.
    TooDeep,
    /// Fewer columns than the header names.
    MissingColumns,
    /// A field that the row cannot do without is absent.
    MissingField,
    /// A time that cannot be read or is out of range.
    BadTimestamp,
    /// An address that cannot be read.
    BadAddress,
    /// A number that cannot be read or is out of range.
    BadNumber,
    /// A row before any header.
    NoHeader,
    /// A packet or block of a capture that is cut short or inconsistent.
    BadPacket,
    /// The input ends in the middle of a row, block or compressed member.
    Truncated,
    /// Damage in a compressed stream or an archive.
    Damaged,
    /// A limit on size, ratio, entries or nesting was reached; the rest was not read.
    LimitReached,
    /// Well formed, but of a kind that is not read (frames of a radio or USB capture).
    Unsupported,
    /// Anything else that the format forbids.
    Malformed,
}

impl RejectReason {
    /// All.
    pub const ALL: [Self; 16] = [
        Self::LineTooLong,
        Self::NotUtf8,
        Self::BadJson,
        Self::TooDeep,
        Self::MissingColumns,
        Self::MissingField,
        Self::BadTimestamp,
        Self::BadAddress,
        Self::BadNumber,
        Self::NoHeader,
        Self::BadPacket,
        Self::Truncated,
        Self::Damaged,
        Self::LimitReached,
        Self::Unsupported,
        Self::Malformed,
    ];

    /// The reason of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.as_str() == name)
    }

    /// Name in the run summary, `snake_case`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::LineTooLong => "line_too_long",
            Self::NotUtf8 => "not_utf8",
            Self::BadJson => "bad_json",
            Self::TooDeep => "too_deep",
            Self::MissingColumns => "missing_columns",
            Self::MissingField => "missing_field",
            Self::BadTimestamp => "bad_timestamp",
            Self::BadAddress => "bad_address",
            Self::BadNumber => "bad_number",
            Self::NoHeader => "no_header",
            Self::BadPacket => "bad_packet",
            Self::Truncated => "truncated",
            Self::Damaged => "damaged",
            Self::LimitReached => "limit_reached",
            Self::Unsupported => "unsupported",
            Self::Malformed => "malformed",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_is_found_by_its_name() {
        for (place, reason) in RejectReason::ALL.into_iter().enumerate() {
            assert_eq!(reason as usize, place, "the list is in the order of the type, and leaves none out");
            assert_eq!(RejectReason::from_name(reason.as_str()), Some(reason));
        }
        let last = RejectReason::Malformed;
        assert_eq!(RejectReason::ALL.len(), last as usize + 1);
    }
}
