//! One series, several readings: as a whole, without its long gaps, and stretch by stretch.
//!
//! A beacon of working hours has nights in it, a phone has outages, and a person's evening may bury a rhythm that
//! is clear at night. Each reading is tested; the Cauchy combination keeps the sum honest.

use super::intervals::{INTERVALS_MIN, Intervals};
use bitcode::{Decode, Encode};
use std::ops::Range;

/// An interval is a long gap above this many medians. Missed check-ins up to 8 in a row stay; cutting there
/// removes 0.4 % of exponential and almost no gamma intervals, so it does not make benign series regular.
const GAP_MEDIANS: f64 = 8.0;

/// Most of the intervals that may be gaps for the cut reading: beyond it the median is not the rhythm's.
const GAP_SHARE_MAX: f64 = 0.4;

/// Fewer gaps than this leave the series as it is: a Poisson process has 0.4 % of them.
const GAP_SHARE_MIN: f64 = 0.005;

/// Most stretches that are tested, the latest.
const STRETCHES_MAX: usize = 16;

/// Which reading of the series a result comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
pub enum View {
    /// All intervals.
    Whole,
    /// All intervals except those over 8 medians.
    WithoutGaps,
    /// One stretch between long gaps.
    Stretch,
}

impl View {
    /// Name in findings.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Whole => "whole",
            Self::WithoutGaps => "without_gaps",
            Self::Stretch => "stretch",
        }
    }
}

/// A reading: a sample and its weight in the combination.
#[derive(Debug, Clone, PartialEq)]
pub struct Reading {
    /// Which one.
    pub view: View,
    /// The intervals.
    pub intervals: Intervals,
    /// Weight, > 0.
    pub weight: f64,
}

/// The readings of a sample with this median, the upper one where the count is even.
pub fn readings(whole: Intervals, median_secs: f64) -> Vec<Reading> {
    let secs = whole.secs();
    let limit = GAP_MEDIANS * median_secs;
    let kept = secs.iter().filter(|x| **x <= limit).count();
    let share = (secs.len() - kept) as f64 / secs.len() as f64;
    let mut found = Vec::new();
    if (GAP_SHARE_MIN..=GAP_SHARE_MAX).contains(&share) {
        let stretches = stretches(secs, limit);
        let total: usize = stretches.iter().map(Range::len).sum();
        // A single stretch that is nearly all of the cut reading is no second opinion.
        if stretches.len() > 1 || total * 10 < kept * 9 {
            for stretch in stretches {
                let weight = 0.2 * stretch.len() as f64 / total.max(1) as f64;
                let part = whole.part(stretch);
                found.extend(part.map(|intervals| Reading { view: View::Stretch, intervals, weight }));
            }
        }
        let part = whole.up_to(limit);
        found.extend(part.map(|intervals| Reading { view: View::WithoutGaps, intervals, weight: 0.4 }));
    }
    found.insert(0, Reading { view: View::Whole, intervals: whole, weight: 0.4 });
    found
}

/// The stretches between intervals over the limit that are long enough to be tested; the latest.
fn stretches(secs: &[f64], limit: f64) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut start = 0;
    let gaps = secs.iter().enumerate().filter(|(_, x)| **x > limit).map(|(at, _)| at);
    for gap in gaps.chain([secs.len()]) {
        if gap - start >= INTERVALS_MIN {
            found.push(start..gap);
        }
        start = gap + 1;
    }
    found.drain(..found.len().saturating_sub(STRETCHES_MAX));
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(secs: &[f64]) -> Vec<Reading> {
        let mut sorted = secs.to_vec();
        sorted.sort_by(f64::total_cmp);
        let whole = Intervals::from_secs(secs.iter().copied());
        whole.map(|whole| readings(whole, sorted[secs.len() / 2])).unwrap_or_default()
    }

    fn shape(secs: &[f64]) -> Vec<(View, usize)> {
        read(secs).iter().map(|reading| (reading.view, reading.intervals.len())).collect()
    }

    #[test]
    fn gaps_split_a_series() {
        assert_eq!(shape(&[60.0; 6]), []);
        assert_eq!(shape(&[60.0; 9]), [(View::Whole, 9)]);
        let mut days = vec![60.0; 27];
        days[9] = 50_000.0;
        days[18] = 50_000.0;
        let expected = [
            (View::Whole, 27),
            (View::Stretch, 9),
            (View::Stretch, 8),
            (View::Stretch, 8),
            (View::WithoutGaps, 25),
        ];
        assert_eq!(shape(&days), expected);
        let mut one = vec![60.0; 27];
        one[26] = 50_000.0;
        assert_eq!(shape(&one), [(View::Whole, 27), (View::WithoutGaps, 26)]);
    }

    #[test]
    fn weights_sum_to_one_with_every_view() {
        let mut days = vec![60.0; 30];
        days[10] = 9_999.0;
        days[20] = 9_999.0;
        let sum: f64 = read(&days).iter().map(|r| r.weight).sum();
        assert!((sum - 1.0).abs() < 1e-12);
    }
}
