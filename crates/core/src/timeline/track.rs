//! One yes-or-no state over time.

use super::TRUST_SPAN_MICROS;
use crate::model::Timestamp;

/// A span in which a state is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// Its first instant.
    pub from: Timestamp,
    /// The first instant behind it.
    pub to: Timestamp,
    /// The state.
    pub value: bool,
}

/// Statements about one state. Invariant, after `settle`: ascending by time and value, no repeats.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Track {
    statements: Vec<(Timestamp, bool)>,
}

impl Track {
    /// Adds a statement; `settle` must follow.
    pub(super) fn push(&mut self, at: Timestamp, value: bool) {
        self.statements.push((at, value));
    }

    /// Adds the statements of `other`; `settle` must follow.
    pub(super) fn merge(&mut self, other: &Self) {
        self.statements.extend_from_slice(&other.statements);
    }

    /// Sorts, drops repeats and keeps the latest `max` statements. Returns whether any was cut off.
    pub(super) fn settle(&mut self, max: usize) -> bool {
        self.statements.sort_unstable();
        self.statements.dedup();
        let surplus = self.statements.len().saturating_sub(max);
        self.statements.drain(..surplus);
        surplus > 0
    }

    /// The state at `at`; `breaks` end every state before them.
    pub(super) fn at(&self, at: Timestamp, breaks: &Self) -> Option<bool> {
        let last = self.last_index(at)?;
        let (stated, value) = *self.statements.get(last)?;
        let is_contradicted = last
            .checked_sub(1)
            .and_then(|before| self.statements.get(before))
            .is_some_and(|(before, _)| *before == stated);
        let is_broken = breaks
            .last_index(at)
            .and_then(|index| breaks.statements.get(index))
            .is_some_and(|(broken, _)| *broken > stated);
        let is_stale = at.since(stated) > TRUST_SPAN_MICROS;
        (!is_contradicted && !is_broken && !is_stale).then_some(value)
    }

    /// The spans in which the state is known; neighbours of one value are one span.
    pub(super) fn spans(&self, breaks: &Self) -> Vec<Span> {
        let mut spans: Vec<Span> = Vec::new();
        for (index, &(from, value)) in self.statements.iter().enumerate() {
            let next = self.statements.get(index + 1).map(|(at, _)| *at);
            let before = index.checked_sub(1).and_then(|before| self.statements.get(before));
            if next == Some(from) || before.is_some_and(|(at, _)| *at == from) {
                continue;
            }
            let broken = breaks.statements.partition_point(|(at, _)| *at <= from);
            let broken = breaks.statements.get(broken).map(|(at, _)| *at);
            // The state is still trusted at the last instant of the trust span.
            let trusted = from.plus_micros(TRUST_SPAN_MICROS).plus_micros(1);
            let to = [next, broken].into_iter().flatten().fold(trusted, Timestamp::min);
            match spans.last_mut() {
                Some(last) if last.to == from && last.value == value => last.to = to,
                _ => spans.push(Span { from, to, value }),
            }
        }
        spans
    }

    /// Index of the last statement at or before `at`.
    fn last_index(&self, at: Timestamp) -> Option<usize> {
        self.statements.partition_point(|(stated, _)| *stated <= at).checked_sub(1)
    }
}
