//! Statistics of interval regularity. All are functions of the ratios of intervals only, so their null
//! distribution depends on nothing but the number of intervals and the shape of the null law.

use super::Intervals;
use bitcode::{Decode, Encode};
use std::f64::consts::LN_2;

/// A statistic of a sample of intervals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
pub enum Statistic {
    /// `ln(mean / geometric mean)`: the likelihood ratio of gamma against exponential intervals (Moran
    /// 1951, J. R. Stat. Soc. B 13:147). Near-optimal for pure jitter. Small is regular.
    Moran,
    /// Width of the tightest half of the log-intervals (Grubel 1988, Ann. Stat. 16:619). Survives gaps and
    /// up to half of foreign events. Small is regular.
    Shorth50,
    /// Width of the tightest three quarters of the log-intervals. Small is regular.
    Shorth75,
    /// Entropy of the log-intervals in bins of a third of an octave around the median, in bits. Few
    /// distinct rhythms have little entropy. Small is regular.
    Entropy,
    /// Width of the tightest half of the log-ratios of successive intervals: small for schedules that grow,
    /// drift or switch rhythm now and then. Small is regular.
    Succession,
    /// Log-likelihood ratio of a renewal process with missed check-ins or back-off against the best of four
    /// benign laws (see [`super::renewal`]). Large is regular.
    Renewal,
}

impl Statistic {
    /// Every statistic, in table order.
    pub const ALL: [Self; 6] =
        [Self::Moran, Self::Shorth50, Self::Shorth75, Self::Entropy, Self::Succession, Self::Renewal];

    /// Those that cost a sort and no more; [`Statistic::Renewal`] is computed where one of them looks regular.
    pub const CHEAP: [Self; 5] =
        [Self::Moran, Self::Shorth50, Self::Shorth75, Self::Entropy, Self::Succession];

    /// Name in findings.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Moran => "moran",
            Self::Shorth50 => "shorth_50",
            Self::Shorth75 => "shorth_75",
            Self::Entropy => "log_interval_entropy",
            Self::Succession => "succession",
            Self::Renewal => "renewal_log_ratio",
        }
    }

    /// Weight in the combination of a reading: double for the two that real jitter laws are told by.
    pub const fn weight(self) -> f64 {
        match self {
            Self::Moran | Self::Renewal => 2.0,
            Self::Shorth50 | Self::Entropy => 1.0,
            Self::Shorth75 | Self::Succession => 0.5,
        }
    }

    /// Value of the statistic on a sample.
    pub fn value(self, intervals: &Intervals) -> f64 {
        match self {
            Self::Moran => moran(intervals),
            Self::Shorth50 => shorth(intervals.ln_sorted(), 1, 2).width,
            Self::Shorth75 => shorth(intervals.ln_sorted(), 3, 4).width,
            Self::Entropy => log_interval_entropy(intervals),
            Self::Succession => succession(intervals),
            Self::Renewal => super::renewal::log_ratio(intervals),
        }
    }
}

/// `ln(mean) - mean(ln)`, >= 0; 0 for equal intervals, Euler's 0.577 on average for a Poisson process.
pub fn moran(intervals: &Intervals) -> f64 {
    (intervals.mean_secs().ln() - intervals.mean_ln()).max(0.0)
}

/// The tightest part of a sample.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Shorth {
    /// Lowest value inside.
    pub low: f64,
    /// Highest value less the lowest.
    pub width: f64,
}

/// The tightest `ceil(len * numerator / denominator)` values of an ascending sample; zero width when empty.
pub fn shorth(sorted: &[f64], numerator: usize, denominator: usize) -> Shorth {
    let size = (sorted.len() * numerator).div_ceil(denominator.max(1)).max(1);
    let highs = sorted.iter().skip(size - 1);
    sorted
        .iter()
        .zip(highs)
        .map(|(low, high)| Shorth { low: *low, width: high - low })
        .min_by(|a, b| a.width.total_cmp(&b.width))
        .unwrap_or(Shorth { low: 0.0, width: 0.0 })
}

/// Bins of a third of an octave on each side of the median: 13 octaves, a factor of 8,192.
const BINS_EACH_SIDE: i32 = 40;

/// Entropy in bits of the histogram of `3 log2(x / median)`.
///
/// Each value is shared by its two nearest bins in proportion to its distance (linear binning), so the
/// statistic is continuous: no edge of a bin decides a p-value. Values beyond 13 octaves count in the last bin.
pub fn log_interval_entropy(intervals: &Intervals) -> f64 {
    const BINS: usize = 2 * BINS_EACH_SIDE as usize + 2;
    let median = intervals.ln_median();
    let mut bins = [0.0_f64; BINS];
    let limit = f64::from(BINS_EACH_SIDE);
    for ln in intervals.ln() {
        let position = (3.0 / LN_2 * (ln - median)).clamp(-limit, limit) + limit;
        #[expect(clippy::cast_possible_truncation, reason = "0 <= position <= 80")]
        let whole = position as i32;
        let share = position - f64::from(whole);
        let bin = usize::try_from(whole).unwrap_or(0);
        if let Some([left, right]) = bins.get_mut(bin..bin + 2) {
            *left += 1.0 - share;
            *right += share;
        }
    }
    let count = intervals.len() as f64;
    let entropy: f64 = bins.iter().filter(|b| **b > 0.0).map(|b| -b / count * (b / count).log2()).sum();
    entropy.max(0.0)
}

/// Width of the tightest half of `ln(x[i+1] / x[i])`.
pub fn succession(intervals: &Intervals) -> f64 {
    let ln = intervals.ln();
    let ratios = super::intervals::sorted(ln.windows(2).map(|pair| pair[1] - pair[0]));
    shorth(&ratios, 1, 2).width
}

/// Robust dispersion of the intervals: width of their tightest half over its middle, scaled so that it equals
/// the coefficient of variation for Gaussian jitter (the tightest half of a Gaussian is 1.349 sigma wide).
///
/// 0 is clockwork; uniform jitter of +-j gives about `0.74 j`; a Poisson process gives about 1.5. At most
/// `2 / 1.349`. Gaps, missed check-ins and foreign events up to half of the sample do not change it much.
pub fn dispersion(intervals: &Intervals) -> f64 {
    let sorted: Vec<f64> = intervals.ln_sorted().iter().map(|ln| ln.exp()).collect();
    let half = shorth(&sorted, 1, 2);
    half.width / (1.349 * (half.low + half.width / 2.0))
}

/// The interval that most check-ins keep: the middle of the tightest half, seconds.
pub fn period_secs(intervals: &Intervals) -> f64 {
    let half = shorth(intervals.ln_sorted(), 1, 2);
    (half.low + half.width / 2.0).exp()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(secs: &[f64]) -> Intervals {
        Intervals::from_secs(secs.iter().copied()).unwrap()
    }

    fn check(statistic: Statistic, secs: &[f64], expected: f64) {
        let value = statistic.value(&sample(secs));
        assert!((value - expected).abs() < 1e-9, "{statistic:?}: {value}, expected {expected}");
    }

    /// 1, 2, 4, ..., 64: mean 127/7, geometric mean 8.
    const DOUBLING: [f64; 7] = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0];
    /// Six of 60 s and one of 600 s.
    const ONE_GAP: [f64; 7] = [60.0, 60.0, 60.0, 600.0, 60.0, 60.0, 60.0];

    #[test]
    fn moran_by_hand() {
        check(Statistic::Moran, &DOUBLING, (127.0_f64 / 56.0).ln());
        check(Statistic::Moran, &[5.0; 9], 0.0);
        // Mean 960/7, geometric mean 60 * 10^(1/7).
        check(Statistic::Moran, &ONE_GAP, (960.0_f64 / 420.0).ln() - 10.0_f64.ln() / 7.0);
    }

    #[test]
    fn shorths_by_hand() {
        // The tightest 4 of 7 span three doublings, the tightest 6 of 7 five.
        check(Statistic::Shorth50, &DOUBLING, 3.0 * LN_2);
        check(Statistic::Shorth75, &DOUBLING, 5.0 * LN_2);
        check(Statistic::Shorth50, &ONE_GAP, 0.0);
        check(Statistic::Shorth75, &ONE_GAP, 0.0);
    }

    #[test]
    fn entropy_by_hand() {
        // Seven values, three bins apart each: log2(7).
        check(Statistic::Entropy, &DOUBLING, 7.0_f64.log2());
        check(Statistic::Entropy, &[5.0; 9], 0.0);
        // Half a bin off the median shares itself over two bins: weights 6.5/7 and 0.5/7.
        let mut secs = [60.0; 7];
        secs[0] = 60.0 * (LN_2 / 6.0).exp();
        let (a, b) = (6.5_f64 / 7.0, 0.5_f64 / 7.0);
        check(Statistic::Entropy, &secs, -a * a.log2() - b * b.log2());
    }

    #[test]
    fn succession_sees_growth_as_regular() {
        check(Statistic::Succession, &DOUBLING, 0.0);
        check(Statistic::Succession, &ONE_GAP, 0.0);
        // Ratios of 1, 2, 1, 4, 1, 8, 1 in octaves: +1, -1, +2, -2, +3, -3: tightest three span 2 octaves...
        // sorted -3, -2, -1, 1, 2, 3: {-3, -2, -1} has width 2.
        check(Statistic::Succession, &[1.0, 2.0, 1.0, 4.0, 1.0, 8.0, 1.0], 2.0 * LN_2);
    }

    #[test]
    fn dispersion_and_period_by_hand() {
        // Tightest 4 of 57..=63 is 3 s wide; the first such is 57..=60, its middle 58.5.
        let secs = [57.0, 58.0, 59.0, 60.0, 61.0, 62.0, 63.0];
        assert!((dispersion(&sample(&secs)) - 3.0 / (1.349 * 58.5)).abs() < 1e-9);
        assert!((period_secs(&sample(&ONE_GAP)) - 60.0).abs() < 1e-9);
        assert!(dispersion(&sample(&ONE_GAP)).abs() < 1e-12);
    }
}
