//! From a statistic to a p-value: tables made by `cargo run --release -p xtask -- nulls`.
//!
//! For each statistic and number of intervals the table holds, per level p, the score below which a share p of
//! series falls under the *most regular* of the null laws at that level; so the p-value is the largest over
//! the union of nulls. A score is small for regular series: the logarithm of the widths and of Moran (their
//! lower tail is a power law), the entropy itself, the negative log-likelihood ratio.

use super::null_tables::{INTERVAL_COUNTS, LEVELS, SCORES};
use super::statistics::Statistic;
use std::sync::LazyLock;

/// Unit of the table's integers.
const SCORE_UNIT: f64 = 1e-4;

/// Smallest width whose logarithm is taken.
const WIDTH_MIN: f64 = 1e-12;

impl Statistic {
    /// The value on the scale of the tables; small is regular.
    pub fn score(self, value: f64) -> f64 {
        match self {
            Self::Moran | Self::Shorth50 | Self::Shorth75 | Self::Succession => value.max(WIDTH_MIN).ln(),
            Self::Entropy => value,
            Self::Renewal => -value,
        }
    }

    /// The p-value of a value on `intervals` intervals: the share of benign series that look as regular or
    /// more, under the least favourable null law; from 2.5e-7 (below 5e-4 a fitted tail) to 0.9.
    ///
    /// Fewer intervals than the tables have are read as the fewest (7), more as the most.
    pub fn p_value(self, value: f64, intervals: usize) -> f64 {
        self.p_value_at(value, TableRow::of(intervals))
    }

    /// [`Statistic::p_value`] at a place of the tables that is found once for all statistics of a sample.
    pub(super) fn p_value_at(self, value: f64, TableRow { row, share }: TableRow) -> f64 {
        let index = Self::ALL.iter().position(|s| *s == self).unwrap_or(0);
        let Some(table) = SCORES.get(index) else { return super::combine::P_MAX };
        let at = |level: usize| {
            let lower = table.get(row).and_then(|r| r.get(level)).copied().unwrap_or(0);
            let upper = table.get(row + 1).and_then(|r| r.get(level)).copied().unwrap_or(lower);
            (f64::from(lower) + share * f64::from(upper - lower)) * SCORE_UNIT
        };
        widen_tail(interpolate(self.score(value), at))
    }
}

/// Where the fitted tail is anchored: 400 of 200,000 draws.
const TAIL_ANCHOR_P: f64 = 2e-3;

/// The scale of the fitted tail has a standard error of `1 / sqrt(400)` = 5 %; two of them are given away. Without
/// this, one million fresh draws at 11 intervals gave 1.6 times the nominal share at 1e-4.
const TAIL_WIDENING: f64 = 1.1;

/// Raises a p below the anchor by the uncertainty of the tail: 1e-4 becomes 1.3e-4, 1e-7 becomes 2.5e-7.
fn widen_tail(p: f64) -> f64 {
    if p >= TAIL_ANCHOR_P { p } else { TAIL_ANCHOR_P * (p / TAIL_ANCHOR_P).powf(1.0 / TAIL_WIDENING) }
}

/// The table row at or below a number of intervals, and how far (0..=1, in the logarithm) towards the next.
#[derive(Debug, Clone, Copy)]
pub(super) struct TableRow {
    row: usize,
    share: f64,
}

impl TableRow {
    pub(super) fn of(intervals: usize) -> Self {
        let row = INTERVAL_COUNTS.partition_point(|count| usize::from(*count) <= intervals).saturating_sub(1);
        let count = |row: usize| INTERVAL_COUNTS.get(row).map(|count| f64::from(*count).ln());
        let share = match (count(row), count(row + 1)) {
            (Some(lower), Some(upper)) => (((intervals as f64).ln() - lower) / (upper - lower)).max(0.0),
            _ => 0.0,
        };
        Self { row, share }
    }
}

static LN_LEVELS: LazyLock<[f64; LEVELS.len()]> = LazyLock::new(|| LEVELS.map(f64::ln));

/// The level of a score: log-linear between table levels, which are descending in p and in score.
fn interpolate(score: f64, at: impl Fn(usize) -> f64) -> f64 {
    let level = |i: usize| LEVELS.get(i).copied().unwrap_or(super::combine::P_MIN);
    let mut above = at(0);
    if score >= above {
        return level(0);
    }
    for i in 1..LEVELS.len() {
        let below = at(i);
        if score >= below {
            let share = if above > below { (score - below) / (above - below) } else { 1.0 };
            let ln_level = |i: usize| LN_LEVELS.get(i).copied().unwrap_or(f64::NEG_INFINITY);
            return (ln_level(i) + share * (ln_level(i - 1) - ln_level(i))).exp();
        }
        above = below;
    }
    level(LEVELS.len() - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_descend() {
        assert!(LEVELS.windows(2).all(|pair| pair[0] > pair[1]));
        assert!(INTERVAL_COUNTS.windows(2).all(|pair| pair[0] < pair[1]));
        for table in &SCORES {
            for row in table {
                assert!(row.windows(2).all(|pair| pair[0] >= pair[1]), "{row:?}");
            }
        }
    }

    #[test]
    fn p_is_monotone_in_the_value_and_in_range() {
        for statistic in Statistic::ALL {
            for intervals in [0, 7, 13, 100, 1_999, 2_000, 1_000_000] {
                let mut last = 0.0;
                for step in -60..60 {
                    let score = f64::from(step) / 4.0;
                    let value = match statistic {
                        Statistic::Renewal => -score,
                        Statistic::Entropy => score,
                        _ => score.exp(),
                    };
                    let p = statistic.p_value(value, intervals);
                    assert!((1e-7..=0.9).contains(&p) && p >= last, "{statistic:?} {intervals} {value}: {p}");
                    last = p;
                }
            }
        }
    }

    #[test]
    fn the_tail_is_widened_by_hand() {
        // 2e-3 * (1e-4 / 2e-3)^(1/1.1) = 2e-3 * 20^-0.90909 = 1.3131e-4; nothing changes from the anchor up.
        assert!((widen_tail(1e-4) - 1.3131e-4).abs() < 1e-8);
        assert!((widen_tail(1e-7) - 2.46e-7).abs() < 1e-9);
        assert!((widen_tail(2e-3) - 2e-3).abs() < 1e-12 && (widen_tail(0.3) - 0.3).abs() < 1e-12);
    }

    #[test]
    fn agrees_with_published_gamma_thresholds() {
        // Notes on detection, section 2.3: with a Gamma(3) null the 1e-3 threshold of Moran is .024, .053, .075
        // and .106 at 11, 23, 39 and 99 intervals (2e4 draws, independent code).
        for (intervals, threshold) in [(11, 0.024), (23, 0.053), (39, 0.075), (99, 0.106)] {
            let p = Statistic::Moran.p_value(threshold, intervals);
            assert!((3e-4..=3e-3).contains(&p), "{intervals}: {p}");
        }
    }
}
