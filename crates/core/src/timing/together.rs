//! One faint rhythm on several phones.
//!
//! Command and control that checks in every few hours shows a phone a handful of intervals, too few to test. Its
//! operator chose one pace for all: the intervals of all phones, put end to end, are one series of it. Where nothing
//! regular happens they are as irregular together as each alone: intervals drawn from the benign laws, in any order, are
//! intervals drawn from the benign laws, and phones of different paces only scatter more. So the nulls of one series
//! hold for the whole.
//!
//! What does not hold by itself is that the phones are independent: something that reaches all of them at once (a push, a
//! meeting) gives every phone the same intervals. Phones whose instants coincide count as one.

use super::{Options, TimingTest, Verdict, assess};

/// Instants of one phone from which it says something: two intervals.
pub const STARTS_MIN: usize = 3;
/// The latest instants of one phone that are used, so that no phone outweighs the others.
pub const STARTS_MAX: usize = 16;
/// Phones below which nothing is put together: two may share a habit.
pub const PHONES_MIN: usize = 3;
/// Phones that are put together at the most.
const PHONES_MAX: usize = 64;
/// Instants of two phones this close are one moment, microseconds.
const MOMENT_MICROS: i64 = 60_000_000;
/// Share of a phone's instants in moments of another from which the two are one.
const SAME_SHARE: f64 = 0.5;

/// A rhythm of several phones.
#[derive(Debug, Clone, PartialEq)]
pub struct Together {
    /// The test of all intervals.
    pub test: TimingTest,
    /// Phones that were put together.
    pub phones: u32,
}

/// How far a phone's own median interval may be from the pool's period, as a factor: check-ins are missed, and few
/// intervals have a loose median.
const FIT_MIN: f64 = 0.5;
const FIT_MAX: f64 = 2.5;

impl Together {
    /// Whether the instants of a phone (microseconds, ascending) are at the pace of the pool.
    pub fn fits(&self, times: &[i64]) -> bool {
        let mut intervals: Vec<i64> = times.windows(2).map(|pair| pair[1].saturating_sub(pair[0])).collect();
        intervals.sort_unstable();
        let Some(median) = intervals.get(intervals.len() / 2) else { return false };
        let ratio = *median as f64 / 1e6 / self.test.period_secs;
        times.len() >= STARTS_MIN && (FIT_MIN..=FIT_MAX).contains(&ratio)
    }
}

/// Tests the instants (microseconds, ascending) of several phones as one series; the order of the phones is of no
/// consequence. `None` with fewer than [`PHONES_MIN`] phones of their own instants, or too few check-ins.
pub fn together(phones: &[&[i64]]) -> Option<Together> {
    let apart = independent(phones);
    if apart.len() < PHONES_MIN {
        return None;
    }
    match assess(&end_to_end(&apart), &Options::default()) {
        Verdict::Tested(test) => {
            Some(Together { test, phones: u32::try_from(apart.len()).unwrap_or(u32::MAX) })
        }
        Verdict::Insufficient { .. } => None,
    }
}

/// Those with instants enough that do not coincide with another's, those of most instants first.
fn independent<'t>(phones: &[&'t [i64]]) -> Vec<&'t [i64]> {
    let latest = |times: &&'t [i64]| times.get(times.len().saturating_sub(STARTS_MAX)..).unwrap_or_default();
    let mut sorted: Vec<&[i64]> =
        phones.iter().map(latest).filter(|times| times.len() >= STARTS_MIN).collect();
    sorted.sort_unstable_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
    let mut apart: Vec<&[i64]> = Vec::new();
    for times in sorted {
        if apart.len() < PHONES_MAX && !apart.iter().any(|other| coincide(times, other)) {
            apart.push(times);
        }
    }
    apart
}

fn coincide(times: &[i64], other: &[i64]) -> bool {
    let is_close = |at: &&i64| {
        let after = other.partition_point(|known| known < *at);
        let near = other.get(after.saturating_sub(1)..(after + 1).min(other.len())).unwrap_or_default();
        near.iter().any(|known| known.abs_diff(**at) <= MOMENT_MICROS.unsigned_abs())
    };
    times.iter().filter(is_close).count() as f64 >= SAME_SHARE * times.len() as f64
}

/// The intervals of each after those of the one before.
fn end_to_end(phones: &[&[i64]]) -> Vec<i64> {
    let mut all = vec![0];
    let mut end = 0_i64;
    for pair in phones.iter().flat_map(|times| times.windows(2)) {
        if let [before, after] = pair {
            end = end.saturating_add(after.saturating_sub(*before));
            all.push(end);
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = 3_600_000_000;

    /// Check-ins from a phase on, so many, with the jitter of a fixed row of numbers.
    fn phone(phase: i64, count: i64, period: i64) -> Vec<i64> {
        (0..count).map(|n| phase * 7 * HOUR / 11 + n * period + (n * n + phase) % 5 * period / 40).collect()
    }

    fn of(phones: &[Vec<i64>]) -> Option<Together> {
        together(&phones.iter().map(Vec::as_slice).collect::<Vec<_>>())
    }

    #[test]
    fn four_intervals_on_each_of_five_phones_are_a_rhythm() {
        let phones: Vec<Vec<i64>> = (0..5).map(|n| phone(n, 5, 4 * HOUR)).collect();
        let found = of(&phones).unwrap();
        assert_eq!((found.phones, found.test.events), (5, 21));
        assert!(found.test.p_value < 1e-4, "{}", found.test.p_value);
        assert!((found.test.period_secs / 14_400.0 - 1.0).abs() < 0.1);
        assert!(found.fits(&phones[0]) && !found.fits(&phone(1, 5, HOUR)) && !found.fits(&phones[0][..2]));
        let mut reversed = phones.clone();
        reversed.reverse();
        assert_eq!(of(&reversed), Some(found));
    }

    #[test]
    fn people_are_as_irregular_together_as_alone() {
        // Intervals of an exponential law; the numbers are Knuth's (MMIX), their upper halves.
        let mut state = 7_u64;
        let mut uniform = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            f64::from((state >> 32) as u32) / f64::from(u32::MAX)
        };
        let mut visits = |phone: i64| -> Vec<i64> {
            let mut at = phone * 5 * HOUR;
            #[expect(clippy::cast_possible_truncation, reason = "microseconds of a day")]
            let mut next = || {
                at += (-uniform().max(1e-9).ln() * 3.6e9) as i64;
                at
            };
            (0..8).map(|_| next()).collect()
        };
        let phones: Vec<Vec<i64>> = (0..5).map(&mut visits).collect();
        let found = of(&phones).unwrap();
        assert!(found.test.p_value > 0.01, "{found:?}");
    }

    #[test]
    fn phones_that_are_reached_at_once_count_as_one() {
        let times = phone(1, 6, 4 * HOUR);
        let late = |secs: i64| times.iter().map(|at| at + secs * 1_000_000).collect::<Vec<_>>();
        assert_eq!(of(&[late(0), late(5), late(9), late(20)]), None);
        assert_eq!(of(&[phone(1, 6, HOUR), phone(2, 6, HOUR)]), None);
        assert_eq!(of(&[phone(1, 2, HOUR), phone(2, 2, HOUR), phone(3, 2, HOUR)]), None);
    }
}
