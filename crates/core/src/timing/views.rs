//! One series, several readings: as a whole, without its long gaps, and stretch by stretch.
//!
//! A beacon of working hours has nights in it, a phone has outages, and a person's evening may bury a rhythm that
//! is clear at night. Each reading is tested; the Cauchy combination keeps the sum honest.

use super::intervals::INTERVALS_MIN;

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
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
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

/// A reading: intervals in seconds and its weight in the combination.
#[derive(Debug, Clone, PartialEq)]
pub struct Reading {
    /// Which one.
    pub view: View,
    /// Intervals, seconds, in time order; at least 7.
    pub secs: Vec<f64>,
    /// Weight, > 0.
    pub weight: f64,
}

/// The readings of a series of intervals (seconds, in time order); empty below 7 intervals.
pub fn readings(secs: &[f64]) -> Vec<Reading> {
    let mut found = Vec::new();
    if secs.len() < INTERVALS_MIN {
        return found;
    }
    found.push(Reading { view: View::Whole, secs: secs.to_vec(), weight: 0.4 });
    let limit = GAP_MEDIANS * median(secs);
    let kept: Vec<f64> = secs.iter().copied().filter(|x| *x <= limit).collect();
    let cut = secs.len() - kept.len();
    let share = cut as f64 / secs.len() as f64;
    if !(GAP_SHARE_MIN..=GAP_SHARE_MAX).contains(&share) {
        return found;
    }
    let stretches: Vec<&[f64]> =
        secs.split(|x| *x > limit).filter(|stretch| stretch.len() >= INTERVALS_MIN).collect();
    let stretches = &stretches[stretches.len().saturating_sub(STRETCHES_MAX)..];
    let total: usize = stretches.iter().map(|stretch| stretch.len()).sum();
    // A single stretch that is nearly all of the cut reading is no second opinion.
    if stretches.len() > 1 || total * 10 < kept.len() * 9 {
        for stretch in stretches {
            let weight = 0.2 * stretch.len() as f64 / total.max(1) as f64;
            found.push(Reading { view: View::Stretch, secs: stretch.to_vec(), weight });
        }
    }
    if kept.len() >= INTERVALS_MIN {
        found.push(Reading { view: View::WithoutGaps, secs: kept, weight: 0.4 });
    }
    found
}

fn median(values: &[f64]) -> f64 {
    let mut values = values.to_vec();
    let middle = values.len() / 2;
    if values.is_empty() {
        return 0.0;
    }
    *values.select_nth_unstable_by(middle, f64::total_cmp).1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(secs: &[f64]) -> Vec<(View, usize)> {
        readings(secs).iter().map(|r| (r.view, r.secs.len())).collect()
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
        let sum: f64 = readings(&days).iter().map(|r| r.weight).sum();
        assert!((sum - 1.0).abs() < 1e-12);
    }
}
