//! Renewal log-likelihood ratio: does a period with jitter, missed check-ins or back-off explain the
//! intervals better than every benign law?
//!
//! Alternative, for an interval `x`, a period `T` and `r = x / T`:
//! `(1 - e) sum_k w_k Normal(r; k, spread_k) + e * background(r)`, maximised over a grid of `T`, jitter,
//! weights and three families:
//! * *missed*: multiples 1..8, `w_k ~ q^(k-1)`, `spread_k = s sqrt(k)` (k independent waits add up);
//! * *uniform*: the same, with the single wait uniform on `1 +- j` instead of Gaussian: every known implant
//!   draws its jitter so, and the bounded support is what tells it from a gamma law;
//! * *back-off*: multiples 1, 2, 4, 8, 16, `spread_k = s k` (the jitter scales with the wait).
//!
//! Null: the best of exponential, lognormal with sigma >= 1, two-phase hyperexponential, and gamma with shape
//! <= 3. The maximum over bursty laws is what keeps people's sessions out; the gamma law is a minimum effect:
//! mildly regular polling is not a beacon. The formula and its measured power: project notes on detection,
//! section 2.4. The alternative is a function of `ln x - ln T` only, so it is tabled once.

use super::Intervals;
use std::sync::LazyLock;

/// Most intervals that are used (the latest): the cost is linear in them.
pub const RENEWAL_INTERVALS_MAX: usize = 256;

/// Steps of `ln r` per unit: 0.8 % in `r`, a quarter of the least jitter on the grid.
const STEPS_PER_UNIT: f64 = 128.0;
/// The table covers `ln r` in -3.5..=3.5, that is `r` from 0.03 to 33 (back-off ends at 16).
const STEPS_EACH_SIDE: i32 = 448;
const ROW: usize = 2 * STEPS_EACH_SIDE as usize + 1;

/// Relative Gaussian jitter (sigma over period) on the grid.
const JITTERS: [f64; 4] = [0.03, 0.08, 0.16, 0.30];
/// Relative uniform jitter (half width over period): about the modes of public profiles (20 %, 37 %, 50 %, 70 %).
const UNIFORM_JITTERS: [f64; 4] = [0.2, 0.37, 0.5, 0.7];
/// Softness of the edges of uniform jitter: latency, and the grid of periods.
const EDGE: f64 = 0.02;
/// Periods tried, equidistant in log.
const PERIODS: i32 = 25;
/// Width (sigma of ln r) of the background that takes foreign events.
const BACKGROUND_SIGMA: f64 = 1.5;

const MULTIPLES: [f64; 8] = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0];
const BACK_OFF: [f64; 5] = [1.0, 2.0, 4.0, 8.0, 16.0];

/// Alternatives on the grid: 16 of missed check-ins and back-off, 8 of uniform jitter.
const ALTERNATIVES: usize = 4 * JITTERS.len() + 2 * UNIFORM_JITTERS.len();

/// `ln f(ln r)` of every alternative, one entry for each step of `ln r`: all alternatives of one interval lie side
/// by side, so that their sums grow together.
static CELLS: LazyLock<Vec<[f64; ALTERNATIVES]>> = LazyLock::new(|| {
    let rows = alternatives();
    let cell = |step: usize| {
        let mut cells = [0.0; ALTERNATIVES];
        cells.iter_mut().zip(&rows).for_each(|(cell, row)| *cell = row.get(step).copied().unwrap_or(0.0));
        cells
    };
    (0..ROW).map(cell).collect()
});

/// [`CELLS`] from their middle in whole units of 1/256: a table of a quarter of the size, and sums that do not depend
/// on their order.
#[expect(
    clippy::cast_possible_truncation,
    reason = "a first look that says which sums to take exactly; clamped"
)]
static ROUGH_CELLS: LazyLock<Vec<Rough<i16>>> = LazyLock::new(|| {
    let rough =
        |cell: f64| ((cell - CELL_MIDDLE).clamp(-CELL_REACH, CELL_REACH) * ROUGH_UNITS).round() as i16;
    let in_lanes = |cells: &[f64; ALTERNATIVES]| {
        let mut lanes = [[0_i16; LANES]; ALTERNATIVES / LANES];
        lanes.as_flattened_mut().iter_mut().zip(cells).for_each(|(lane, cell)| *lane = rough(*cell));
        lanes
    };
    CELLS.iter().map(in_lanes).collect()
});

/// Something of every alternative, as many side by side as a register holds of 16 bits.
type Rough<T> = [[T; LANES]; ALTERNATIVES / LANES];
const LANES: usize = 8;

/// Units of a rough cell in one unit of log-likelihood.
const ROUGH_UNITS: f64 = 256.0;
/// Cells reach from -8.65 (a background of sigma 1.5 at 3.5, times a weight of 0.01) to 2.49 (jitter of 0.03 at its
/// peak). What is taken off all of them moves every sum alike.
const CELL_MIDDLE: f64 = -3.0;
const CELL_REACH: f64 = 5.7;
/// So many rough cells are added up in 16 bits: `22 * 5.7 * 256` is below 2^15.
const ROUGH_BLOCK: usize = 22;

/// A share of the intervals: which multiple of the period, and how it spreads.
struct Part {
    multiple: f64,
    weight: f64,
    kernel: Kernel,
    spread: f64,
}

fn alternatives() -> Vec<[f64; ROW]> {
    let mut rows = Vec::new();
    for jitter in JITTERS {
        for (missed, foreign) in [(0.05, 0.05), (0.3, 0.15)] {
            rows.push(row(foreign, &multiples(missed, |k| (normal, jitter * k.sqrt()))));
        }
        for (weights, foreign) in [([0.2; 5], 0.05), ([0.5, 0.25, 0.125, 0.0625, 0.0625], 0.15)] {
            let part =
                |(multiple, weight)| Part { multiple, weight, kernel: normal, spread: jitter * multiple };
            rows.push(row(foreign, &BACK_OFF.into_iter().zip(weights).map(part).collect::<Vec<_>>()));
        }
    }
    for jitter in UNIFORM_JITTERS {
        // The sum of k uniform waits is near a Gaussian of sigma j sqrt(k / 3) from k = 2 on.
        let kernel =
            |k: f64| if k < 1.5 { (uniform as _, jitter) } else { (normal as _, jitter * (k / 3.0).sqrt()) };
        for (missed, foreign) in [(0.01, 0.01), (0.3, 0.1)] {
            rows.push(row(foreign, &multiples(missed, kernel)));
        }
    }
    rows
}

type Kernel = fn(f64, f64, f64) -> f64;

/// Multiples 1..8 of a period of which a share is missed.
fn multiples(missed: f64, kernel: impl Fn(f64) -> (Kernel, f64)) -> Vec<Part> {
    let part = |multiple: f64| {
        let (kernel, spread) = kernel(multiple);
        Part { multiple, weight: (1.0 - missed) * missed.powf(multiple - 1.0), kernel, spread }
    };
    MULTIPLES.into_iter().map(part).collect()
}

/// One row of the table.
fn row(foreign: f64, parts: &[Part]) -> [f64; ROW] {
    let mut cells = [0.0; ROW];
    for (step, cell) in (-STEPS_EACH_SIDE..=STEPS_EACH_SIDE).zip(&mut cells) {
        let ln_r = f64::from(step) / STEPS_PER_UNIT;
        let r = ln_r.exp();
        // Density of ln r is r times the density of r.
        let periodic: f64 = parts.iter().map(|p| p.weight * r * (p.kernel)(r, p.multiple, p.spread)).sum();
        let background = normal(ln_r, 0.0, BACKGROUND_SIGMA);
        *cell = ((1.0 - foreign) * periodic + foreign * background).ln();
    }
    cells
}

/// Uniform density on `mean +- half` with logistic edges of width [`EDGE`].
fn uniform(x: f64, mean: f64, half: f64) -> f64 {
    let edge = |distance: f64| 1.0 / (1.0 + (-distance / EDGE).exp());
    edge(x - mean + half) * edge(mean + half - x) / (2.0 * half)
}

fn normal(x: f64, mean: f64, sigma: f64) -> f64 {
    let z = (x - mean) / sigma;
    (-0.5 * z * z).exp() / (sigma * (2.0 * std::f64::consts::PI).sqrt())
}

/// Maximised log-likelihood of the renewal alternatives less that of the benign laws, on the latest
/// [`RENEWAL_INTERVALS_MAX`] intervals. Above 0 a period explains the intervals better; finite.
pub fn log_ratio(intervals: &Intervals) -> f64 {
    if intervals.len() > RENEWAL_INTERVALS_MAX {
        return log_ratio(&intervals.latest(RENEWAL_INTERVALS_MAX));
    }
    best_alternative(intervals) - best_null(intervals)
}

/// Rounded half away from zero, as [`f64::round`] does, which is a call where the processor has no instruction for it.
fn to_steps(ln: f64) -> i32 {
    let exact = ln * STEPS_PER_UNIT;
    #[expect(clippy::cast_possible_truncation, reason = "ln of a finite positive number is within +-745")]
    let whole = exact as i32;
    let rest = exact - f64::from(whole);
    whole + i32::from(rest >= 0.5) - i32::from(rest <= -0.5)
}

/// Log-likelihood of `ln x` under the best alternative.
fn best_alternative(intervals: &Intervals) -> f64 {
    let median = intervals.ln_median();
    let steps: Vec<i32> = intervals.ln().iter().map(|ln| to_steps(ln - median)).collect();
    let mut periods = candidate_periods(intervals);
    periods.sort_unstable();
    periods.dedup();
    // Ascending, so that the rows of the table are walked in one direction: whole sums have no order.
    let ascending: Vec<i32> = intervals.ln_sorted().iter().map(|ln| to_steps(ln - median)).collect();
    let rough: Vec<Rough<i32>> = periods.iter().map(|period| rough_sums(&ascending, *period)).collect();
    let highest = rough.as_flattened().as_flattened().iter().copied().max().unwrap_or(0);
    let least = highest - rough_error(steps.len());
    let cells = CELLS.as_slice();
    let mut best = f64::NEG_INFINITY;
    for (period, sums) in periods.iter().zip(&rough) {
        let sums = sums.as_flattened().iter().enumerate();
        for (alternative, _) in sums.filter(|(_, sum)| **sum >= least) {
            let cell = |step: &i32| cells.get(row_of(step - period)).and_then(|row| row.get(alternative));
            best = best.max(steps.iter().filter_map(cell).sum());
        }
    }
    best
}

/// The log-likelihood of a period under every alternative, in units of 1/256 from [`CELL_MIDDLE`]. `steps`: ascending.
fn rough_sums(steps: &[i32], period: i32) -> Rough<i32> {
    let (first, last) = (period - STEPS_EACH_SIDE, period + STEPS_EACH_SIDE);
    let (below, rest) = steps.split_at(steps.partition_point(|step| *step < first));
    let (inside, above) = rest.split_at(rest.partition_point(|step| *step <= last));
    let cells = ROUGH_CELLS.as_slice();
    let mut sums = Rough::default();
    for (row, beyond) in [(cells.first(), below), (cells.last(), above)] {
        let times = i32::try_from(beyond.len()).unwrap_or(i32::MAX);
        row.into_iter().filter(|_| times > 0).for_each(|row| add(&mut sums, row, times));
    }
    inside.chunks(ROUGH_BLOCK).for_each(|block| add(&mut sums, &block_sums(cells, block, first), 1));
    sums
}

fn add(sums: &mut Rough<i32>, part: &Rough<i16>, times: i32) {
    let pairs = sums.as_flattened_mut().iter_mut().zip(part.as_flattened());
    pairs.for_each(|(sum, part)| *sum += i32::from(*part) * times);
}

/// The sums of a few rows that the table has, of which `first` is the first. A function of its own: beside what makes
/// them wider, the compiler adds up in half registers.
#[inline(never)]
fn block_sums(cells: &[Rough<i16>], block: &[i32], first: i32) -> Rough<i16> {
    let mut sums = Rough::<i16>::default();
    let row_of = |step: &i32| cells.get(usize::try_from(step - first).ok()?);
    for row in block.iter().filter_map(row_of) {
        for (sums, row) in sums.iter_mut().zip(row) {
            sums.iter_mut().zip(row).for_each(|(sum, cell)| *sum = sum.wrapping_add(*cell));
        }
    }
    sums
}

/// By how much two rough sums of `count` cells may seem apart, units: each cell is off by at most half a unit. One
/// more for the rounding of the exact sums.
fn rough_error(count: usize) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX / 2) + 1
}

/// Periods to try, in steps from the median: 25 log steps over the 10 % to 80 % quantile (within 0.2 to 2
/// medians: the period may be the lower mode when most check-ins are missed), and the middle of the tightest
/// half.
fn candidate_periods(intervals: &Intervals) -> Vec<i32> {
    let median = intervals.ln_median();
    let low = (intervals.ln_quantile(0.1) - median).max(0.2_f64.ln());
    let high = (intervals.ln_quantile(0.8) - median).min(2.0_f64.ln());
    let shorth = super::statistics::period_secs(intervals).ln() - median;
    (0..PERIODS)
        .map(|i| to_steps(low + (high - low) * f64::from(i) / f64::from(PERIODS - 1)))
        .chain([to_steps(shorth)])
        .collect()
}

/// The row of a step of `ln r`, of the nearest one beyond the table.
fn row_of(step: i32) -> usize {
    #[expect(clippy::cast_sign_loss, reason = "clamped to 0 or more")]
    let row = (step.clamp(-STEPS_EACH_SIDE, STEPS_EACH_SIDE) + STEPS_EACH_SIDE) as usize;
    row
}

/// Log-likelihood of `ln x` under the best benign law.
fn best_null(intervals: &Intervals) -> f64 {
    let moran = super::statistics::moran(intervals);
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

    fn sample(secs: &[f64]) -> Intervals {
        Intervals::from_secs(secs.iter().copied()).unwrap()
    }

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
    fn equal_intervals_by_hand() {
        // Alternative: all mass at r = 1, sigma 0.03, q 0.05, e 0.05: 0.95 * 0.95 * 1/(0.03 sqrt(2 pi))
        // + 0.05 / (1.5 sqrt(2 pi)). Null: gamma of shape 3: 3 ln 3 - 3 - ln 2 per interval.
        let root = (2.0 * std::f64::consts::PI).sqrt();
        let alternative = (0.95 * 0.95 / (0.03 * root) + 0.05 / (1.5 * root)).ln();
        let null = 3.0 * 3.0_f64.ln() - 3.0 - 2.0_f64.ln();
        let expected = 10.0 * (alternative - null);
        assert!((log_ratio(&sample(&[60.0; 10])) - expected).abs() < 1e-6);
    }

    #[test]
    fn the_first_look_finds_the_best_sum() {
        assert!(CELLS.iter().flatten().all(|cell| (cell - CELL_MIDDLE).abs() <= CELL_REACH));
        assert!(ROUGH_BLOCK as f64 * CELL_REACH * ROUGH_UNITS <= f64::from(i16::MAX));
        for tenths in -40..40 {
            let exact = f64::from(tenths) / 10.0;
            assert_eq!(
                f64::from(to_steps(exact / STEPS_PER_UNIT)).to_bits(),
                (exact.round() + 0.0).to_bits()
            );
        }
        for seed in 1..40_u64 {
            let mut state = seed;
            let mut draw = || {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                (state >> 40) as f64 / f64::from(1 << 24)
            };
            let count = 7 + usize::try_from(seed).unwrap() * 6;
            let secs: Vec<f64> = (0..count).map(|_| 60.0 * (0.5 + draw() * draw())).collect();
            let sample = Intervals::from_secs(secs.into_iter()).unwrap();
            let median = sample.ln_median();
            let steps: Vec<i32> = sample.ln().iter().map(|ln| to_steps(ln - median)).collect();
            let exact = candidate_periods(&sample).into_iter().flat_map(|period| {
                let sum = |alternative: usize| {
                    steps.iter().map(|step| CELLS[row_of(step - period)][alternative]).sum::<f64>()
                };
                (0..ALTERNATIVES).map(sum).collect::<Vec<f64>>()
            });
            assert_eq!(
                exact.fold(f64::NEG_INFINITY, f64::max).to_bits(),
                best_alternative(&sample).to_bits()
            );
        }
    }

    #[test]
    fn missed_check_ins_and_back_off_stay_above_zero() {
        let missed = [60.0, 121.0, 59.0, 180.5, 60.2, 61.0, 119.0, 60.0, 239.0, 60.5, 59.7, 120.0];
        assert!(log_ratio(&sample(&missed)) > 8.0, "{}", log_ratio(&sample(&missed)));
        let back_off = [5.0, 10.0, 20.0, 40.0, 80.0, 5.0, 10.0, 20.0, 40.0, 80.0, 5.0, 10.0, 20.0, 40.0];
        assert!(log_ratio(&sample(&back_off)) > 8.0, "{}", log_ratio(&sample(&back_off)));
    }

    #[test]
    fn two_phases_beat_one_on_two_phases() {
        let bursts: Vec<f64> = (0..40_u8).map(|i| if i % 4 == 3 { 900.0 } else { 3.0 }).collect();
        let intervals = sample(&bursts);
        let exponential = -40.0 * (super::super::statistics::moran(&intervals) + 1.0);
        assert!(hyperexponential(&intervals) > exponential + 20.0);
    }
}
