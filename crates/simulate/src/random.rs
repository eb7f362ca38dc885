//! The source of chance: xoshiro256++ (Blackman and Vigna 2018) seeded by `SplitMix64`, and the laws drawn from it.
//!
//! Written here rather than taken from a library because a fleet must have the same bytes for the same seed in
//! every later version; libraries promise that for the generator but not for the distributions. `libm` is used
//! instead of the platform's own functions for the same reason.

use crate::number::{count, index, micros, signed, unsigned};

/// A stream of random numbers.
#[derive(Debug, Clone)]
pub(crate) struct Rng([u64; 4]);

/// One step of `SplitMix64` as a mixing function.
pub(crate) fn mix(value: u64) -> u64 {
    let mut z = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// A number that depends on every part, in order.
pub(crate) fn mix_all(parts: &[u64]) -> u64 {
    parts.iter().fold(0x7565_6e64, |state, part| mix(state ^ mix(*part)))
}

impl Rng {
    /// The stream named by `parts` (seed, device, purpose): other purposes never shift its numbers.
    pub(crate) fn stream(parts: &[u64]) -> Self {
        let mut state = mix_all(parts);
        let mut next = || {
            state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            mix(state)
        };
        Self([next(), next(), next(), next()])
    }

    /// The next 64 bits.
    pub(crate) fn bits(&mut self) -> u64 {
        let s = &mut self.0;
        let result = s[0].wrapping_add(s[3]).rotate_left(23).wrapping_add(s[0]);
        let shifted = s[1] << 17;
        s[2] ^= s[0];
        s[3] ^= s[1];
        s[1] ^= s[2];
        s[0] ^= s[3];
        s[2] ^= shifted;
        s[3] = s[3].rotate_left(45);
        result
    }

    /// Uniform in 0..1.
    pub(crate) fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / 9_007_199_254_740_992.0
    }

    /// Uniform integer in 0..n; 0 when `n` is 0.
    pub(crate) fn below(&mut self, n: u64) -> u64 {
        // Multiply-shift (Lemire 2019) without rejection: the bias is below n / 2^64.
        u64::try_from((u128::from(self.bits()) * u128::from(n)) >> 64).unwrap_or(0)
    }

    /// Uniform integer in `low..high`; `low` when the range is empty.
    pub(crate) fn range(&mut self, low: i64, high: i64) -> i64 {
        low.saturating_add(signed(self.below(unsigned(high.saturating_sub(low)))))
    }

    /// Uniform float in `low..high`.
    pub(crate) fn uniform(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    /// True with probability `p`.
    pub(crate) fn chance(&mut self, p: f64) -> bool {
        self.unit() < p
    }

    /// An element of a table, uniformly. `items` is one of the crate's tables, never empty.
    pub(crate) fn pick<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        debug_assert!(!items.is_empty());
        &items[index(self.below(items.len() as u64))]
    }

    /// A word of a table, uniformly.
    pub(crate) fn word(&mut self, words: &[&'static str]) -> &'static str {
        self.pick::<&'static str>(words)
    }

    /// An element of a table of (weight, item), by weight.
    pub(crate) fn weighted<'a, T>(&mut self, items: &'a [(f64, T)]) -> &'a T {
        let total: f64 = items.iter().map(|(weight, _)| weight).sum();
        let mut left = self.unit() * total;
        for (weight, item) in items {
            left -= weight;
            if left < 0.0 {
                return item;
            }
        }
        &items[items.len() - 1].1
    }

    /// Standard normal (Box and Muller 1958).
    pub(crate) fn normal(&mut self) -> f64 {
        let radius = libm::sqrt(-2.0 * libm::log(1.0 - self.unit()));
        radius * libm::cos(core::f64::consts::TAU * self.unit())
    }

    /// Exponential with the given mean.
    pub(crate) fn exponential(&mut self, mean: f64) -> f64 {
        -mean * libm::log(1.0 - self.unit())
    }

    /// Lognormal with the given median and sigma of the logarithm.
    pub(crate) fn lognormal(&mut self, median: f64, sigma: f64) -> f64 {
        median * libm::exp(sigma * self.normal())
    }

    /// Poisson count (Knuth's product method; means here are below 100).
    pub(crate) fn poisson(&mut self, mean: f64) -> u64 {
        let floor = libm::exp(-mean.min(100.0));
        let mut product = self.unit();
        let mut events = 0;
        while product > floor {
            product *= self.unit();
            events += 1;
        }
        events
    }

    /// Exponential waiting time in microseconds, at least 1.
    pub(crate) fn wait(&mut self, mean_secs: f64) -> i64 {
        micros(self.exponential(mean_secs)).max(1)
    }

    /// Uniform time in microseconds between two numbers of seconds.
    pub(crate) fn secs(&mut self, low: f64, high: f64) -> i64 {
        micros(self.uniform(low, high))
    }

    /// A lognormal size in bytes.
    pub(crate) fn bytes(&mut self, median: f64, sigma: f64) -> u64 {
        count(self.lognormal(median, sigma))
    }

    /// An index into a list ranked by popularity: Zipf's law with exponent 1, approximated by a log-uniform rank.
    pub(crate) fn zipf(&mut self, len: usize) -> usize {
        let rank = libm::exp(self.unit() * libm::log(len as f64 + 1.0)) - 1.0;
        index(count(rank)).min(len.saturating_sub(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn xoshiro_matches_its_reference() {
        // First outputs of xoshiro256++ from the state 1, 2, 3, 4 (reference C code by Blackman and Vigna).
        let mut rng = Rng([1, 2, 3, 4]);
        let first: Vec<u64> = (0..4).map(|_| rng.bits()).collect();
        assert_eq!(first, [41_943_041, 58_720_359, 3_588_806_011_781_223, 3_591_011_842_654_386]);
    }

    #[test]
    fn laws_have_their_means() {
        let mut rng = Rng::stream(&[7]);
        let mean = |draw: &mut dyn FnMut() -> f64| (0..20_000).map(|_| draw()).sum::<f64>() / 20_000.0;
        assert!((mean(&mut || rng.unit()) - 0.5).abs() < 0.01);
        assert!((mean(&mut || rng.exponential(3.0)) - 3.0).abs() < 0.1);
        assert!(mean(&mut || rng.normal()).abs() < 0.03);
        assert!((mean(&mut || rng.poisson(2.5) as f64) - 2.5).abs() < 0.06);
        assert!((0..1000).all(|_| rng.zipf(10) < 10 && rng.below(3) < 3 && rng.range(-5, 5) < 5));
    }
}
