//! Counts what happens to the rows of each input.

use super::fault::Fault;
use std::collections::BTreeMap;
use undertone_core::model::Record;
use undertone_wire::mobile::intrusion::{EventRef, IntrusionSequence};
use undertone_wire::{RecordSink, RejectReason};

/// Names of ignored kinds kept for one input; a hostile file could name millions.
const IGNORED_NAMES_MAX: usize = 64;

/// Where the names beyond [`IGNORED_NAMES_MAX`] are counted.
const OTHER: &str = "(other)";

/// Longest text kept from a file, characters.
const TEXT_CHARS_MAX: usize = 120;

/// Rejected rows of one reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejects {
    /// How many.
    pub count: u64,
    /// The first: its line (from 1; packet number in a capture).
    pub first_line: u64,
    /// What was wrong with the first.
    pub first_detail: String,
}

/// Counts of one input.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally {
    /// Well-formed rows: records for undertone, and rows of known form that carry nothing for it (`ignored`).
    pub accepted: u64,
    /// Rows that were rejected, by reason.
    pub rejected: BTreeMap<RejectReason, Rejects>,
    /// Well-formed rows of no use, by kind.
    pub ignored: BTreeMap<String, u64>,
    /// The first rejected row that was found to be of another format than its input: its line, and that format.
    pub other_format: Option<(u64, &'static str)>,
    /// Which events of a numbered log are there.
    pub numbers: IntrusionSequence,
}

impl Tally {
    /// Whether not one row was of a known form.
    pub(super) fn is_useless(&self) -> bool {
        self.accepted == 0 && self.ignored.is_empty()
    }

    /// All rejected rows.
    pub fn rejected_total(&self) -> u64 {
        self.rejected.values().map(|rejects| rejects.count).sum()
    }

    pub(super) fn reject(&mut self, line: u64, reason: RejectReason, detail: &str) {
        let Some(rejects) = self.rejected.get_mut(&reason) else {
            let first = Rejects { count: 1, first_line: line, first_detail: shortened(detail) };
            self.rejected.insert(reason, first);
            return;
        };
        rejects.count += 1;
        if line < rejects.first_line {
            (rejects.first_line, rejects.first_detail) = (line, shortened(detail));
        }
    }

    fn ignore(&mut self, what: &str, count: u64) {
        if let Some(known) = self.ignored.get_mut(what) {
            *known += count;
        } else {
            let name =
                if self.ignored.len() < IGNORED_NAMES_MAX { shortened(what) } else { OTHER.to_owned() };
            *self.ignored.entry(name).or_insert(0) += count;
        }
    }

    /// Adds another count of the same input. The order of merging does not matter for fewer than
    /// [`IGNORED_NAMES_MAX`] kinds.
    pub(super) fn merge(&mut self, other: Self) {
        self.accepted += other.accepted;
        self.numbers.merge(&other.numbers);
        self.other_format = self.other_format.into_iter().chain(other.other_format).min();
        for (what, count) in other.ignored {
            self.ignore(&what, count);
        }
        for (reason, theirs) in other.rejected {
            let Some(ours) = self.rejected.get_mut(&reason) else {
                self.rejected.insert(reason, theirs);
                continue;
            };
            ours.count += theirs.count;
            if theirs.first_line < ours.first_line {
                (ours.first_line, ours.first_detail) = (theirs.first_line, theirs.first_detail);
            }
        }
    }

    /// Counts a fault as one rejected row, if it lost any.
    pub(super) fn fault(&mut self, fault: &Fault, line: u64) {
        if let Some(reason) = fault.reject_reason() {
            self.reject(line, reason, &fault.to_string());
        }
    }
}

fn shortened(text: &str) -> String {
    text.chars().take(TEXT_CHARS_MAX).collect()
}

/// Passes records on and counts.
pub(super) struct Counted<'a, S> {
    pub(super) sink: &'a mut S,
    pub(super) tally: &'a mut Tally,
}

impl<S: RecordSink> RecordSink for Counted<'_, S> {
    fn record(&mut self, record: Record<'_>) {
        self.tally.accepted += 1;
        self.sink.record(record);
    }

    fn reject(&mut self, line: u64, reason: RejectReason, detail: &str) {
        self.tally.reject(line, reason, detail);
        self.sink.reject(line, reason, detail);
    }

    fn ignore(&mut self, what: &str) {
        self.tally.accepted += 1;
        self.tally.ignore(what, 1);
        self.sink.ignore(what);
    }

    fn numbered(&mut self, event: EventRef) {
        self.tally.numbers.observe(event);
        self.sink.numbered(event);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_reject_is_the_one_with_the_lowest_line_in_any_order() {
        let tally_of = |rows: &[(u64, &str)]| {
            let mut tally = Tally::default();
            for (line, detail) in rows {
                tally.reject(*line, RejectReason::BadNumber, detail);
            }
            tally
        };
        let whole = tally_of(&[(3, "c"), (1, "a"), (2, "b")]);
        let mut merged = tally_of(&[(3, "c"), (2, "b")]);
        merged.merge(tally_of(&[(1, "a")]));
        assert_eq!(merged, whole);
        let rejects = &whole.rejected[&RejectReason::BadNumber];
        assert_eq!((rejects.count, rejects.first_line, rejects.first_detail.as_str()), (3, 1, "a"));
    }

    #[test]
    fn ignored_names_are_bounded_and_none_is_lost() {
        let mut tally = Tally::default();
        for index in 0..1000 {
            tally.ignore(&format!("kind-{index}"), 1);
        }
        assert_eq!(tally.ignored.len(), IGNORED_NAMES_MAX + 1);
        assert_eq!(tally.ignored.values().sum::<u64>(), 1000);
    }
}
