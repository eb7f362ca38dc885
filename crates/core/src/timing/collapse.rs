//! From connection instants to check-ins: bursts of parallel connections are one check-in.
//!
//! Events closer than a dead time to the event before them join its burst; a check-in is the first instant of
//! a burst. No dead time suits all: parallel connections come within 0.1 to 2 s, and real implants poll every
//! 1 to 3 s. So three are tried, and each is tested where its check-ins are clearly apart.

use super::intervals::INTERVALS_MAX;

/// Dead times, microseconds: 0.1 s, 0.5 s, and at least 2 s (5 % of the median interval where that is more).
const DEAD_TIMES_MICROS: [i64; 3] = [100_000, 500_000, 2_000_000];

/// Share of the median interval that the longest dead time takes: 1/20.
const MEDIAN_DIVISOR: i64 = 20;

/// A scale is tested where the median interval is at least this many dead times. Collapsing removes short
/// intervals, which makes a Poisson process look regular (down to a coefficient of variation of 0.51 at one
/// event per dead time); at 4 the law that is left is still less regular than the gamma null.
const MEDIAN_DEAD_TIMES_MIN: i64 = 4;

/// A scale is tested where three of four intervals are at least this long, microseconds: real implants poll every 1 to
/// 3 s at the fastest. What comes faster is one attempt after the other: parallel connections and fallbacks come a timer
/// apart (250 ms in RFC 8305), which is as regular as anything.
const PERIOD_MIN_MICROS: i64 = 900_000;

/// Check-ins at one scale.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckIns {
    /// Dead time, microseconds.
    pub dead_time_micros: i64,
    /// First instants of the bursts, ascending, microseconds; at most 2,001, the latest.
    pub at_micros: Vec<i64>,
    /// Bursts, those before the latest 2,001 included.
    pub total: usize,
    /// Upper median of the intervals between them, microseconds; 0 below two instants.
    pub median_micros: i64,
}

/// Collapses ascending instants at one dead time; keeps the latest 2,001 check-ins.
pub fn collapse(times: &[i64], dead_time_micros: i64) -> Vec<i64> {
    collapse_and_count(times, dead_time_micros).0
}

/// The same, with how many there are in all.
fn collapse_and_count(times: &[i64], dead_time_micros: i64) -> (Vec<i64>, usize) {
    let pairs = times.iter().zip(times.iter().skip(1));
    let apart = pairs.filter(|(before, at)| at.saturating_sub(**before) > dead_time_micros);
    let mut at_micros = Vec::with_capacity(times.len());
    at_micros.extend(times.first().into_iter().chain(apart.map(|(_, at)| at)));
    let total = at_micros.len();
    at_micros.drain(..total.saturating_sub(INTERVALS_MAX + 1));
    (at_micros, total)
}

/// Check-ins at every scale that can be tested: those whose dead time is over a quarter of the median interval are left
/// out. Instants of whole seconds come spread within their second: what was together there stays apart, which only looks
/// less regular.
pub fn scales(times: &[i64]) -> Vec<CheckIns> {
    let mut found = Vec::with_capacity(DEAD_TIMES_MICROS.len());
    let (mut quartile, mut median, mut count) = (0, 0, 0);
    for dead_time in DEAD_TIMES_MICROS {
        let is_longest = dead_time == DEAD_TIMES_MICROS[2];
        let dead_time = if is_longest { dead_time.max(median / MEDIAN_DIVISOR) } else { dead_time };
        let (at_micros, total) = collapse_and_count(times, dead_time);
        // A longer dead time only takes check-ins away: as many are the same.
        if total != count {
            (quartile, median) = quartile_and_median(&at_micros);
            count = total;
        }
        let is_apart = median >= MEDIAN_DEAD_TIMES_MIN.saturating_mul(dead_time);
        if is_apart && quartile >= PERIOD_MIN_MICROS {
            found.push(CheckIns { dead_time_micros: dead_time, at_micros, total, median_micros: median });
        }
    }
    found
}

/// Lower quartile and median of the intervals, microseconds; 0 below two instants.
fn quartile_and_median(times: &[i64]) -> (i64, i64) {
    let mut intervals: Vec<i64> =
        times.iter().zip(times.iter().skip(1)).map(|(a, b)| b.saturating_sub(*a)).collect();
    if intervals.is_empty() {
        return (0, 0);
    }
    let middle = intervals.len() / 2;
    let (below, median, _) = intervals.select_nth_unstable(middle);
    let median = *median;
    let quarter = below.len() / 2;
    let quartile = if below.is_empty() { median } else { *below.select_nth_unstable(quarter).1 };
    (quartile, median)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attempts_a_timer_apart_are_no_check_ins() {
        // Two connections 400 ms apart, again and again after minutes of nobody's rhythm.
        let times: Vec<i64> = (0..20)
            .flat_map(|n: i64| {
                let at = n * 60_000_000 + n * n * 7_000_000;
                [at, at + 400_000]
            })
            .collect();
        let check_ins: Vec<usize> = scales(&times).iter().map(|scale| scale.at_micros.len()).collect();
        assert_eq!(check_ins, [20, 20]);
        // Whoever polls every second is tested.
        let fast: Vec<i64> = (0..100).map(|n| n * 1_000_000).collect();
        assert!(!scales(&fast).is_empty());
    }

    #[test]
    fn scales_that_are_cut_off_are_told_apart_by_what_they_had() {
        // A sixth of the intervals are retries after 0.3 s.
        let times: Vec<i64> = (0..4096).map(|n| (n - n / 6) * 60_000_000 + n / 6 * 300_000).collect();
        let totals: Vec<usize> = scales(&times).iter().map(|scale| scale.total).collect();
        assert_eq!(totals, [4096, 3414, 3414]);
        assert!(scales(&times).iter().all(|scale| scale.at_micros.len() == INTERVALS_MAX + 1));
    }

    #[test]
    fn bursts_become_their_first_instant() {
        let times = [0, 50_000, 90_000, 300_000, 10_000_000, 10_400_000, 20_000_000];
        assert_eq!(collapse(&times, 100_000), [0, 300_000, 10_000_000, 10_400_000, 20_000_000]);
        assert_eq!(collapse(&times, 500_000), [0, 10_000_000, 20_000_000]);
        assert_eq!(collapse(&[], 1), [0_i64; 0]);
        assert_eq!(collapse(&[7, 7, 7], 0), [7]);
    }

    #[test]
    fn fast_polling_is_tested_at_the_fine_scales_only() {
        let times: Vec<i64> = (0..20).map(|i| i * 1_500_000).collect();
        let tested: Vec<i64> = scales(&times).iter().map(|s| s.dead_time_micros).collect();
        assert_eq!(tested, [100_000]);
        let slow: Vec<i64> = (0..20).map(|i| i * 300_000_000).collect();
        let tested: Vec<i64> = scales(&slow).iter().map(|s| s.dead_time_micros).collect();
        assert_eq!(tested, [100_000, 500_000, 15_000_000]);
    }

    #[test]
    fn retries_are_check_ins_but_for_a_dead_time_that_is_longer() {
        // Every 300 s a try and two retries after 6 and 12 s.
        let times: Vec<i64> =
            (0..10).flat_map(|i| [0, 6, 12].map(|retry| (i * 300 + retry) * 1_000_000)).collect();
        let check_ins = scales(&times);
        assert!(check_ins.iter().all(|s| s.at_micros.len() == 30), "the median of 6 s hides them here");
        let (apart, _): (Vec<i64>, Vec<i64>) = times.iter().partition(|t| **t % 300_000_000 == 0);
        assert_eq!(collapse(&times, 15_000_000), apart);
    }
}
