//! The benign laws: the best of four of them is the null.

use super::super::Intervals;
use super::super::statistics::moran;

/// Log-likelihood of `ln x` under the best benign law.
pub(super) fn best_null(intervals: &Intervals) -> f64 {
    let moran = moran(intervals);
    let count = intervals.len() as f64;
    // All four with the Jacobian of ln x, in which the arithmetic mean cancels.
    let exponential = -count * (moran + 1.0);
    let variance = intervals.ln().iter().map(|ln| (ln - intervals.mean_ln()).powi(2)).sum::<f64>() / count;
    let sigma2 = variance.max(1.0);
    let lognormal = -0.5 * count * ((2.0 * std::f64::consts::PI * sigma2).ln() + variance / sigma2);
    let shape = gamma_shape(moran).min(GAMMA_SHAPE_MAX);
    let gamma = count * (shape * (shape.ln() - moran - 1.0) - ln_gamma(shape));
    let hyperexponential =
        if moran > HYPEREXPONENTIAL_MORAN_MIN { hyperexponential(intervals) } else { exponential };
    exponential.max(lognormal).max(gamma).max(hyperexponential)
}

/// The minimum effect: gamma intervals of shape 3 (coefficient of variation 0.577) are not yet a beacon.
const GAMMA_SHAPE_MAX: f64 = 3.0;

/// Samples less dispersed than this (exponential: 0.577) have no second phase to find.
const HYPEREXPONENTIAL_MORAN_MIN: f64 = 0.4;

/// Maximum-likelihood shape of a gamma law from `ln(mean / geometric mean)`: Minka 2002, "Estimating a gamma
/// distribution", equation 15 (within 1.5 % of the exact solution).
fn gamma_shape(moran: f64) -> f64 {
    let s = moran.max(1e-9);
    (3.0 - s + ((s - 3.0).powi(2) + 24.0 * s).sqrt()) / (12.0 * s)
}

/// Logarithm of the gamma function for `x > 0`: Stirling's series after shifting `x` above 8 (error < 1e-10).
fn ln_gamma(x: f64) -> f64 {
    let mut shift = 0.0;
    let mut y = x;
    while y < 8.0 {
        shift += y.ln();
        y += 1.0;
    }
    let z = 1.0 / (y * y);
    let series = (1.0 / 12.0 - z * (1.0 / 360.0 - z * (1.0 / 1260.0 - z / 1680.0))) / y;
    (y - 0.5) * y.ln() - y + 0.5 * (2.0 * std::f64::consts::PI).ln() + series - shift
}

/// Log-likelihood of `ln x` under a two-phase hyperexponential law after 15 steps of expectation
/// maximisation from the two halves of the sample.
fn hyperexponential(intervals: &Intervals) -> f64 {
    let secs = intervals.secs();
    let count = secs.len() as f64;
    let median = intervals.ln_median().exp();
    let mean_of = |is_low: bool| {
        let half = secs.iter().filter(|x| (**x <= median) == is_low);
        let (sum, count) = half.fold((0.0, 0_u32), |(sum, count), x| (sum + x, count + 1));
        sum / f64::from(count.max(1))
    };
    let total: f64 = secs.iter().sum();
    let mut phase = [(0.5, mean_of(true)), (0.5, mean_of(false).max(median))];
    for step in 1..=HYPEREXPONENTIAL_STEPS {
        let (n0, s0) = first_phase(secs, Odds::of(phase));
        let (n1, s1) = (count - n0, total - s0);
        if step == HYPEREXPONENTIAL_STEPS || n0 < 0.5 || n1 < 0.5 || s0 <= 0.0 || s1 <= 0.0 {
            break;
        }
        phase = [(n0 / count, s0 / n0), (n1 / count, s1 / n1)];
    }
    // Of the phases that the last step began with. The density is that of the first phase over its share.
    let ([(w0, m0), _], odds) = (phase, Odds::of(phase));
    let ln_rest = |x: &f64| odds.ln_of(*x).max(0.0) - logistic(odds.ln_of(*x).abs()).ln();
    let ln_density = secs.iter().fold(0.0, |sum, x| sum + ln_rest(x)) - total / m0;
    ln_density + count * ((w0 / m0).ln() + intervals.mean_ln())
}

/// By how much likelier an interval is of the second phase than of the first: `ln` of it grows with the interval.
#[derive(Clone, Copy)]
struct Odds {
    ln_at_0: f64,
    rate: f64,
}

impl Odds {
    fn of([(w0, m0), (w1, m1)]: [(f64, f64); 2]) -> Self {
        Self { ln_at_0: (w1 * m0 / (w0 * m1)).ln(), rate: 1.0 / m0 - 1.0 / m1 }
    }

    fn ln_of(self, x: f64) -> f64 {
        x * self.rate + self.ln_at_0
    }
}

/// How many intervals are of the first phase, and the sum of them.
fn first_phase(secs: &[f64], odds: Odds) -> (f64, f64) {
    // Four sums side by side: one would wait for itself.
    let (mut counts, mut sums) = ([0.0; 4], [0.0; 4]);
    for block in secs.chunks(4) {
        for ((x, count), sum) in block.iter().zip(&mut counts).zip(&mut sums) {
            let share = logistic(-odds.ln_of(*x));
            *count += share;
            *sum += share * x;
        }
    }
    (counts.iter().sum(), sums.iter().sum())
}

/// `1 / (1 + e^-y)`, within 1e-9 of it in proportion for `|y| <= 40` and beyond that as there. Of arithmetic alone, so that
/// several are worked out at once.
#[inline]
fn logistic(y: f64) -> f64 {
    /// 1.5 * 2^52: a number of up to 2^51 that is added to it is rounded to a whole one, in the low bits.
    const ROUNDER: f64 = 6_755_399_441_055_744.0;
    let y = y.clamp(-40.0, 40.0);
    // e^-y = 2^k e^r with |r| <= ln(2) / 2, and e^r by its series up to the eighth power.
    let rounded = -y * std::f64::consts::LOG2_E + ROUNDER;
    let r = -y - (rounded - ROUNDER) * std::f64::consts::LN_2;
    let series = 1.0 / 6.0
        + r * (1.0 / 24.0 + r * (1.0 / 120.0 + r * (1.0 / 720.0 + r * (1.0 / 5040.0 + r / 40_320.0))));
    let exp_r = 1.0 + r * (1.0 + r * (0.5 + r * series));
    // The low bits of what was rounded are k; in the place of an exponent they are the factor 2^k.
    let power = f64::from_bits((rounded.to_bits() << 52).wrapping_add(1.0_f64.to_bits()));
    1.0 / (1.0 + exp_r * power)
}

/// Steps of expectation maximisation; the null tables were made with as many.
const HYPEREXPONENTIAL_STEPS: u32 = 15;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_logistic_of_arithmetic_alone_is_the_exact_one() {
        for step in -4_100..=4_100 {
            let y = f64::from(step) / 100.0;
            let exact = 1.0 / (1.0 + (-y.clamp(-40.0, 40.0)).exp());
            assert!((logistic(y) / exact - 1.0).abs() < 1e-9, "{y}: {} for {exact}", logistic(y));
        }
        assert!(logistic(f64::INFINITY) > 0.999);
        assert!(logistic(f64::NEG_INFINITY) < 1e-9);
    }

    #[test]
    fn ln_gamma_of_known_points() {
        // Gamma(1) = Gamma(2) = 1, Gamma(5) = 24, Gamma(1/2) = sqrt(pi).
        for (x, expected) in [(1.0, 0.0), (2.0, 0.0), (5.0, 24.0_f64.ln()), (0.5, 0.572_364_942_924_7)] {
            assert!((ln_gamma(x) - expected).abs() < 1e-9, "{x}: {}", ln_gamma(x));
        }
    }

    #[test]
    fn gamma_shape_inverts_moran() {
        // ln k - digamma(k): k = 1 gives 0.577216, k = 3 gives ln 3 - (3/2 - 0.577216) = 0.175828.
        assert!((gamma_shape(0.577_216) - 1.0).abs() < 0.015);
        assert!((gamma_shape(0.175_828) - 3.0).abs() < 0.045);
    }

    #[test]
    fn two_phases_beat_one_on_two_phases() {
        let bursts: Vec<f64> = (0..40_u8).map(|i| if i % 4 == 3 { 900.0 } else { 3.0 }).collect();
        let intervals = Intervals::from_secs(bursts.into_iter()).unwrap();
        let exponential = -40.0 * (moran(&intervals) + 1.0);
        assert!(hyperexponential(&intervals) > exponential + 20.0);
    }
}
