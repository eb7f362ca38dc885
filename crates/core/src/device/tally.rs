//! Values counted before they are copied: a series shows the same few again and again.

use crate::series::{Counts, LatestUids, StableKey};

/// Distinct values held before they go to the counts. More would be slower to search than the counts are.
const HELD_MAX: usize = 8;

/// Counts of the values seen lately.
#[derive(Debug)]
pub(super) struct Tally<K> {
    held: Vec<(K, u32)>,
}

impl<K> Default for Tally<K> {
    fn default() -> Self {
        Self { held: Vec::new() }
    }
}

impl<K: Copy + PartialEq> Tally<K> {
    /// Counts one value. `own` makes the key of the counts of it.
    pub(super) fn add<T: StableKey>(&mut self, value: K, counts: &mut Counts<T>, own: impl Fn(K) -> T) {
        let held = self.held.iter_mut().find(|(known, count)| *known == value && *count < u32::MAX);
        if let Some((_, count)) = held {
            *count += 1;
            return;
        }
        if self.held.len() >= HELD_MAX {
            self.flush(counts, own);
        }
        self.held.push((value, 1));
    }

    /// Gives what is held to the counts.
    pub(super) fn flush<T: StableKey>(&mut self, counts: &mut Counts<T>, own: impl Fn(K) -> T) {
        self.held.drain(..).for_each(|(value, times)| counts.add_times(own(value), times));
    }
}

/// Ids of the latest sessions, copied at the end.
#[derive(Debug, Default)]
pub(super) struct LatestIds<'a> {
    held: Vec<(i64, &'a str)>,
}

impl<'a> LatestIds<'a> {
    /// Notes a session; an empty id is not noted.
    pub(super) fn add(&mut self, at_micros: i64, uid: &'a str) {
        if uid.is_empty() {
            return;
        }
        if self.held.len() >= 8 * LatestUids::CAP {
            LatestUids::keep_latest(&mut self.held);
        }
        self.held.push((at_micros, uid));
    }

    /// The ids; none is held any more.
    pub(super) fn drained(&mut self) -> LatestUids {
        let ids = LatestUids::of(&mut self.held);
        self.held.clear();
        ids
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tally_counts_as_the_counts_do() {
        let values: Vec<u16> = (0..3000_u16).map(|n| n * 7 % 97).collect();
        let mut plain = Counts::default();
        let (mut tallied, mut tally) = (Counts::default(), Tally::default());
        for value in values {
            plain.add(value);
            tally.add(value, &mut tallied, |value| value);
        }
        tally.flush(&mut tallied, |value| value);
        assert_eq!(tallied, plain);
        assert!(plain.is_capped());
    }

    #[test]
    fn the_latest_ids_stay_in_any_order() {
        let names: Vec<String> = (0..200).map(|n| format!("C{}", n % 190)).collect();
        let times: Vec<i64> = (0..200).map(|n| n * 37 % 101).collect();
        let mut plain = LatestUids::default();
        let mut held = LatestIds::default();
        for (at, name) in times.iter().zip(&names) {
            plain.add(*at, name);
            held.add(*at, name);
        }
        assert_eq!(held.drained(), plain);
    }
}
