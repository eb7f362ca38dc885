//! The device's awake clock: time in which it was on line and not in a silence shared by all of its apps.
//!
//! A phone that sleeps or is out of coverage stops every check-in. On the wall clock that is a long interval
//! in the middle of a rhythm; on the awake clock it is none.

use bitcode::{Decode, Encode};
use std::collections::BTreeMap;

/// Most gaps that a clock keeps; the longest are kept, since they distort intervals most.
const GAPS_MAX: usize = 10_000;

/// A clock that stands still in given gaps.
#[derive(Debug, Clone, PartialEq, Eq, Default, Encode, Decode)]
pub struct AwakeClock {
    /// Start of a gap to (its end, time asleep before it), microseconds. Disjoint.
    gaps: BTreeMap<i64, (i64, i64)>,
    /// When the device was last seen, microseconds; `None` where only the gaps are known.
    last: Option<i64>,
}

impl AwakeClock {
    /// A clock that stands still in the given gaps (start, end; microseconds; any order, may overlap; empty and
    /// reversed ones are ignored). Above 10,000 gaps the longest are kept.
    pub fn from_gaps(gaps: impl IntoIterator<Item = (i64, i64)>) -> Self {
        let mut gaps: Vec<(i64, i64)> = gaps.into_iter().filter(|(start, end)| start < end).collect();
        if gaps.len() > GAPS_MAX {
            gaps.sort_unstable_by_key(|(start, end)| (start.saturating_sub(*end), *start));
            gaps.truncate(GAPS_MAX);
        }
        gaps.sort_unstable();
        let mut merged: Vec<(i64, i64)> = Vec::new();
        for (start, end) in gaps {
            match merged.last_mut() {
                Some(last) if start <= last.1 => last.1 = last.1.max(end),
                _ => merged.push((start, end)),
            }
        }
        let mut asleep = 0_i64;
        let entry = |(start, end): (i64, i64)| {
            let before = asleep;
            asleep = asleep.saturating_add(end.saturating_sub(start));
            (start, (end, before))
        };
        Self { gaps: merged.into_iter().map(entry).collect(), last: None }
    }

    /// A clock that stands still in every silence of the whole device longer than `silence_micros`.
    ///
    /// `activity`: instants at which *any* app of the device was seen, ascending. A silence must be longer than the
    /// intervals that are to be measured: on an idle phone the series itself is the activity. The whole silence is
    /// cut, so that what is left of the interval across it depends on the phone and not on this limit: intervals
    /// that all end up as long as the limit would look like clockwork.
    pub fn from_activity(activity: &[i64], silence_micros: i64) -> Self {
        let pairs = activity.iter().zip(activity.iter().skip(1));
        let gaps = pairs
            .filter(|(before, after)| after.saturating_sub(**before) > silence_micros)
            .map(|(before, after)| (*before, *after));
        Self { last: activity.last().copied(), ..Self::from_gaps(gaps) }
    }

    /// When the device was last seen up to an instant, microseconds; `None` where only the gaps are known.
    pub fn last_seen_by(&self, end: i64) -> Option<i64> {
        let last = self.last?.min(end);
        let gap = self.gaps.range(..last).next_back().filter(|(_, (gap_end, _))| last < *gap_end);
        Some(gap.map_or(last, |(start, _)| *start))
    }

    /// Awake time at an instant, microseconds: the instant less all time asleep before it. An instant inside a
    /// gap has the time of the gap's start. Never decreasing.
    pub fn awake_micros(&self, at: i64) -> i64 {
        match self.gaps.range(..=at).next_back() {
            None => at,
            Some((start, (end, before))) => {
                let inside = at.min(*end).saturating_sub(*start);
                at.saturating_sub(*before).saturating_sub(inside)
            }
        }
    }

    /// Awake times of many instants, in their order.
    pub fn awake(&self, times: &[i64]) -> Vec<i64> {
        times.iter().map(|at| self.awake_micros(*at)).collect()
    }

    /// Time asleep between two instants, microseconds.
    pub fn asleep_micros(&self, from: i64, to: i64) -> i64 {
        let wall = to.saturating_sub(from);
        wall.saturating_sub(self.awake_micros(to).saturating_sub(self.awake_micros(from))).max(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stands_still_in_gaps() {
        let clock = AwakeClock::from_gaps([(30, 40), (10, 20), (15, 25), (7, 7), (9, 3)]);
        // Asleep 10..25 and 30..40.
        let table =
            [(0, 0), (9, 9), (10, 10), (12, 10), (25, 10), (26, 11), (30, 15), (35, 15), (40, 15), (50, 25)];
        for (at, awake) in table {
            assert_eq!(clock.awake_micros(at), awake, "at {at}");
        }
        assert_eq!(clock.asleep_micros(0, 50), 25);
        assert_eq!(clock.asleep_micros(12, 32), 15);
        assert_eq!(AwakeClock::default().awake(&[5, 6]), [5, 6]);
    }

    #[test]
    fn silence_of_the_whole_device_is_sleep() {
        let clock = AwakeClock::from_activity(&[0, 5, 10, 100, 105], 20);
        assert_eq!(clock.awake(&[10, 30, 60, 100, 105]), [10, 10, 10, 10, 15]);
    }

    #[test]
    fn a_device_was_last_seen_before_its_silence() {
        let clock = AwakeClock::from_activity(&[0, 5, 10, 100, 105], 20);
        let table = [(3, 3), (10, 10), (50, 10), (99, 10), (100, 100), (103, 103), (400, 105)];
        for (end, seen) in table {
            assert_eq!(clock.last_seen_by(end), Some(seen), "by {end}");
        }
        assert_eq!(AwakeClock::from_gaps([(1, 2)]).last_seen_by(9), None);
    }

    #[test]
    fn never_decreases() {
        let clock = AwakeClock::from_gaps((0..50).map(|i| (i * 7, i * 7 + i % 9)));
        let times: Vec<i64> = (-10..400).collect();
        let awake = clock.awake(&times);
        assert!(awake.windows(2).all(|pair| pair[0] <= pair[1]));
        assert_eq!(clock.awake_micros(i64::MIN), i64::MIN);
    }
}
