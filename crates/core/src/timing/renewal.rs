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

mod alternatives;
mod benign;

use super::Intervals;
use alternatives::{CELLS, ROUGH_BLOCK, ROUGH_CELLS, Rough, STEPS_EACH_SIDE, STEPS_PER_UNIT, row_of};
use benign::best_null;

/// Most intervals that are used (the latest): the cost is linear in them.
pub const RENEWAL_INTERVALS_MAX: usize = 256;

/// Periods tried, equidistant in log.
const PERIODS: i32 = 25;

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

#[cfg(test)]
mod tests {
    use super::alternatives::{ALTERNATIVES, CELL_MIDDLE, CELL_REACH, ROUGH_UNITS};
    use super::*;

    fn sample(secs: &[f64]) -> Intervals {
        Intervals::from_secs(secs.iter().copied()).unwrap()
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
}
