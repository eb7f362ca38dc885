//! The sample that every timing statistic reads: intervals between check-ins, on the log scale.

/// Fewest intervals that are tested: 8 check-ins.
pub const INTERVALS_MIN: usize = 7;

/// Most intervals that are tested (the latest ones): keeps a series of any length under a millisecond.
pub const INTERVALS_MAX: usize = 2_000;

/// Intervals between check-ins with their logarithms.
///
/// Invariant: at least [`INTERVALS_MIN`] and at most [`INTERVALS_MAX`] intervals, each finite and > 0.
#[derive(Debug, Clone, PartialEq)]
pub struct Intervals {
    secs: Vec<f64>,
    ln: Vec<f64>,
    ln_sorted: Vec<f64>,
    mean_secs: f64,
    mean_ln: f64,
}

/// Ascending by [`f64::total_cmp`], sorted by keys of whole numbers: of those each comparison is one instruction.
pub(super) fn sorted(values: impl Iterator<Item = f64>) -> Vec<f64> {
    // The bits of a negative number descend as it grows; flipping all but the sign turns them round, and back.
    let turn = |bits: i64| bits ^ ((bits >> 63).cast_unsigned() >> 1).cast_signed();
    let mut keys: Vec<i64> = values.map(|value| turn(value.to_bits().cast_signed())).collect();
    keys.sort_unstable();
    keys.into_iter().map(|key| f64::from_bits(turn(key).cast_unsigned())).collect()
}

impl Intervals {
    /// A sample of intervals in seconds, in time order. Values that are not finite or not positive are left
    /// out; only the latest [`INTERVALS_MAX`] are kept. `None` below [`INTERVALS_MIN`].
    pub fn from_secs(secs: impl DoubleEndedIterator<Item = f64>) -> Option<Self> {
        let most = secs.size_hint().1.unwrap_or(INTERVALS_MAX).min(INTERVALS_MAX);
        let latest = secs.rev().filter(|x| x.is_finite() && *x > 0.0).take(INTERVALS_MAX);
        let mut secs = Vec::with_capacity(most);
        secs.extend(latest);
        if secs.len() < INTERVALS_MIN {
            return None;
        }
        secs.reverse();
        let ln: Vec<f64> = secs.iter().map(|x| x.ln()).collect();
        let ln_sorted = sorted(ln.iter().copied());
        Some(Self::with_means(secs, ln, ln_sorted))
    }

    fn with_means(secs: Vec<f64>, ln: Vec<f64>, ln_sorted: Vec<f64>) -> Self {
        let count = secs.len() as f64;
        Self {
            mean_secs: secs.iter().sum::<f64>() / count,
            mean_ln: ln.iter().sum::<f64>() / count,
            secs,
            ln,
            ln_sorted,
        }
    }

    /// The intervals of a range as a sample of their own, without taking logarithms again; `None` below
    /// [`INTERVALS_MIN`].
    pub fn part(&self, range: std::ops::Range<usize>) -> Option<Self> {
        let (secs, ln) = (self.secs.get(range.clone())?, self.ln.get(range)?);
        if secs.len() < INTERVALS_MIN {
            return None;
        }
        Some(Self::with_means(secs.to_vec(), ln.to_vec(), sorted(ln.iter().copied())))
    }

    /// The intervals of at most `limit_secs` as a sample of their own; `None` below [`INTERVALS_MIN`].
    pub fn up_to(&self, limit_secs: f64) -> Option<Self> {
        let (mut secs, mut ln) = (Vec::with_capacity(self.len()), Vec::with_capacity(self.len()));
        for (x, ln_x) in self.secs.iter().zip(&self.ln).filter(|(x, _)| **x <= limit_secs) {
            secs.push(*x);
            ln.push(*ln_x);
        }
        if secs.len() < INTERVALS_MIN {
            return None;
        }
        // The logarithm is monotone: what is cut is the upper end of the sorted sample.
        let ln_sorted = self.ln_sorted.get(..secs.len())?.to_vec();
        Some(Self::with_means(secs, ln, ln_sorted))
    }

    /// How many intervals.
    #[expect(clippy::len_without_is_empty, reason = "never empty by its invariant")]
    pub fn len(&self) -> usize {
        self.secs.len()
    }

    /// Intervals in seconds, in time order.
    pub fn secs(&self) -> &[f64] {
        &self.secs
    }

    /// Natural logarithms of the intervals, in time order.
    pub fn ln(&self) -> &[f64] {
        &self.ln
    }

    /// Natural logarithms of the intervals, ascending.
    pub fn ln_sorted(&self) -> &[f64] {
        &self.ln_sorted
    }

    /// Arithmetic mean, seconds.
    pub fn mean_secs(&self) -> f64 {
        self.mean_secs
    }

    /// Mean of the logarithms.
    pub fn mean_ln(&self) -> f64 {
        self.mean_ln
    }

    /// Logarithm of the `q`-quantile (0..=1, nearest rank).
    pub fn ln_quantile(&self, q: f64) -> f64 {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "0 <= q (len - 1) <= 1999"
        )]
        let rank = (q * (self.len() - 1) as f64).round() as usize;
        self.ln_sorted.get(rank).copied().unwrap_or(self.mean_ln)
    }

    /// Logarithm of the median; the geometric mean of the middle two when the count is even.
    pub fn ln_median(&self) -> f64 {
        let middle = self.len() / 2;
        let upper = self.ln_sorted.get(middle).copied().unwrap_or(self.mean_ln);
        if self.len() % 2 == 1 {
            return upper;
        }
        let lower = middle.checked_sub(1).and_then(|i| self.ln_sorted.get(i)).copied().unwrap_or(upper);
        f64::midpoint(lower, upper)
    }

    /// The latest `count` intervals as a sample of their own; all of them when there are fewer.
    #[must_use]
    pub fn latest(&self, count: usize) -> Self {
        let start = self.len().saturating_sub(count.max(INTERVALS_MIN));
        if start == 0 {
            return self.clone();
        }
        self.part(start..self.len()).unwrap_or_else(|| self.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sorts_as_total_cmp_does() {
        let mut values =
            vec![3.0, -0.0, 0.0, -7.5, 1e-300, -1e300, f64::INFINITY, 2.0, -7.5, f64::NEG_INFINITY];
        values.extend((0..200).map(|i| f64::from(i * 7919 % 211) - 100.0));
        let mut expected = values.clone();
        expected.sort_unstable_by(f64::total_cmp);
        let values = sorted(values.into_iter());
        assert!(values.iter().zip(&expected).all(|(a, b)| a.to_bits() == b.to_bits()));
    }

    #[test]
    fn keeps_what_can_be_measured() {
        let seven = Intervals::from_secs([1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0].into_iter()).unwrap();
        assert_eq!(seven.len(), 7);
        assert!((seven.ln_median() - 8.0_f64.ln()).abs() < 1e-12);
        assert!((seven.mean_ln() - 3.0 * 2.0_f64.ln()).abs() < 1e-12);
        assert!((seven.mean_secs() - 127.0 / 7.0).abs() < 1e-12);
        let bad = [1.0, f64::NAN, 1.0, 0.0, 1.0, -1.0, 1.0, 1.0, 1.0, f64::INFINITY];
        assert_eq!(Intervals::from_secs(bad.into_iter()), None);
        let long = Intervals::from_secs((1..=3_000).map(f64::from)).unwrap();
        assert_eq!(long.len(), INTERVALS_MAX);
        assert!((long.secs()[0] - 1_001.0).abs() < 1e-12);
        assert_eq!(long.latest(256).len(), 256);
    }
}
