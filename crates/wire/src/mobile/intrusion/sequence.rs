//! Event ids of Intrusion Logging: what is missing between them.

use std::collections::BTreeMap;
use undertone_core::model::Timestamp;

/// Runs of consecutive ids that are kept per sequence. A log without holes is one run; thousands mean that
/// files are missing throughout, which the counts still show.
const MAX_RUNS: usize = 65_536;

/// Which counter an event's id belongs to: Android numbers the two logs separately.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SequenceKind {
    /// `dns_event` and `connect_event`.
    Network,
    /// `security_event`.
    Security,
}

/// The id of one event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EventRef {
    /// Its counter.
    pub sequence: SequenceKind,
    /// Its number.
    pub id: u64,
    /// When it happened.
    pub at: Timestamp,
}

/// Ids that no file holds, between two that some file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Missing {
    /// The counter.
    pub sequence: SequenceKind,
    /// First missing id.
    pub first_id: u64,
    /// Last missing id.
    pub last_id: u64,
    /// Time of the event before the hole.
    pub after: Timestamp,
    /// Time of the event behind the hole.
    pub before: Timestamp,
}

/// A run of consecutive ids without a hole; the map holds it under its first id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Run {
    last_id: u64,
    first_at: Timestamp,
    last_at: Timestamp,
}

/// Which event ids of one phone were seen, over any number of files.
///
/// Mergeable: `merge` is associative and commutative, and observing the events of two files one by one equals
/// merging what was observed of each. Android restarts the numbers when logging is switched off and on; what is
/// missing then may hide behind ids that come again.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct IntrusionSequence {
    runs: BTreeMap<(SequenceKind, u64), Run>,
    observed: u64,
    dropped: u64,
}

impl Missing {
    /// How many.
    pub const fn count(&self) -> u64 {
        (self.last_id - self.first_id).saturating_add(1)
    }
}

impl IntrusionSequence {
    /// Takes one event.
    pub fn observe(&mut self, event: EventRef) {
        self.observed = self.observed.saturating_add(1);
        self.insert(
            event.sequence,
            event.id,
            Run { last_id: event.id, first_at: event.at, last_at: event.at },
        );
    }

    /// Takes everything that `other` saw.
    pub fn merge(&mut self, other: &Self) {
        self.observed = self.observed.saturating_add(other.observed);
        self.dropped = self.dropped.saturating_add(other.dropped);
        for (&(sequence, first_id), &run) in &other.runs {
            self.insert(sequence, first_id, run);
        }
    }

    /// Events observed, repeated ones included.
    pub const fn observed(&self) -> u64 {
        self.observed
    }

    /// Ids that were not kept because the sequence has too many holes; 0 in any sound log.
    pub const fn dropped(&self) -> u64 {
        self.dropped
    }

    /// The holes, by sequence and id.
    pub fn missing(&self) -> impl Iterator<Item = Missing> {
        let next = self.runs.iter().skip(1);
        let pairs = self.runs.iter().zip(next).filter(|((left, _), (right, _))| left.0 == right.0);
        pairs.map(|((&(sequence, _), left), (&(_, next_id), right))| Missing {
            sequence,
            first_id: left.last_id.saturating_add(1),
            last_id: next_id.saturating_sub(1),
            after: left.last_at,
            before: right.first_at,
        })
    }

    /// Adds a run, joined with those that it overlaps or touches.
    fn insert(&mut self, sequence: SequenceKind, first_id: u64, run: Run) {
        let (mut first_id, mut run) = (first_id, run);
        // Runs never touch, so at most the one before and those that begin inside or right behind can join.
        let before = self.runs.range(..=(sequence, first_id)).next_back();
        if let Some((&key, &left)) =
            before.filter(|(key, left)| key.0 == sequence && left.last_id.saturating_add(1) >= first_id)
        {
            self.runs.remove(&key);
            (first_id, run) = join((key.1, left), (first_id, run));
        }
        while let Some((&key, &right)) = self.runs.range((sequence, first_id)..).next() {
            if key.0 != sequence || key.1 > run.last_id.saturating_add(1) {
                break;
            }
            self.runs.remove(&key);
            (first_id, run) = join((first_id, run), (key.1, right));
        }
        if self.runs.len() < MAX_RUNS {
            self.runs.insert((sequence, first_id), run);
        } else {
            self.dropped = self.dropped.saturating_add((run.last_id - first_id).saturating_add(1));
        }
    }
}

/// Two runs as one; where both know the time of an end, the earlier first and the later last win.
fn join((left_id, left): (u64, Run), (right_id, right): (u64, Run)) -> (u64, Run) {
    let first_at = match left_id.cmp(&right_id) {
        std::cmp::Ordering::Less => left.first_at,
        std::cmp::Ordering::Equal => left.first_at.min(right.first_at),
        std::cmp::Ordering::Greater => right.first_at,
    };
    let last_at = match left.last_id.cmp(&right.last_id) {
        std::cmp::Ordering::Less => right.last_at,
        std::cmp::Ordering::Equal => left.last_at.max(right.last_at),
        std::cmp::Ordering::Greater => left.last_at,
    };
    (left_id.min(right_id), Run { last_id: left.last_id.max(right.last_id), first_at, last_at })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn seen(ids: &[u64]) -> IntrusionSequence {
        let mut sequence = IntrusionSequence::default();
        for &id in ids {
            let at = Timestamp::from_secs(1_781_000_000 + i64::try_from(id).unwrap());
            sequence.observe(EventRef { sequence: SequenceKind::Network, id, at });
        }
        sequence
    }

    fn missing_count(sequence: &IntrusionSequence) -> u64 {
        sequence.missing().map(|hole| hole.count()).fold(0, u64::saturating_add)
    }

    #[test]
    fn holes_are_counted() {
        let mut sequence = seen(&[5, 6, 7, 10, 11, 7, 20]);
        sequence.observe(EventRef {
            sequence: SequenceKind::Security,
            id: 3,
            at: Timestamp::from_secs(1_781_000_000),
        });
        assert_eq!(sequence.observed(), 8);
        assert_eq!(missing_count(&sequence), 2 + 8);
        let first = sequence.missing().next().unwrap();
        assert_eq!((first.first_id, first.last_id), (8, 9));
        assert_eq!(first.before.since(first.after), 3_000_000);
    }

    #[test]
    fn extreme_ids_do_not_overflow() {
        let mut sequence = seen(&[0]);
        let at = Timestamp::from_secs(1_781_000_000);
        for id in [u64::MAX, u64::MAX - 1, 0] {
            sequence.observe(EventRef { sequence: SequenceKind::Network, id, at });
        }
        assert_eq!(missing_count(&sequence), u64::MAX - 2);
    }

    proptest! {
        #[test]
        fn order_and_split_do_not_matter(
            mut ids in prop::collection::vec(0_u64..60, 0..80),
            cut in 0_usize..80,
        ) {
            let whole = seen(&ids);
            let cut = cut.min(ids.len());
            let (left, right) = (seen(&ids[..cut]), seen(&ids[cut..]));
            let mut one = left.clone();
            one.merge(&right);
            let mut other = right;
            other.merge(&left);
            prop_assert_eq!(&one, &whole);
            prop_assert_eq!(&other, &whole);
            ids.sort_unstable();
            let holes = ids.windows(2).map(|pair| (pair[1] - pair[0]).saturating_sub(1)).sum::<u64>();
            prop_assert_eq!(missing_count(&whole), holes);
        }
    }
}
