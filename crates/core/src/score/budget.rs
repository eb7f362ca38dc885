//! The alert budget: how often clean phones show something this strong.
//!
//! The distribution is that of the highest `S` of a device in a day. It comes from the fleet's own history where
//! there is one, else from a reference made by scanning simulated clean fleets (`xtask reference`), and every
//! finding says which.

use crate::finding::Calibration;

/// Exceedances above the tail's threshold from which a tail is fitted.
pub const EXCEEDANCES_MIN: usize = 50;
/// Largest share of a history's device-days that may be infected without moving the tail.
pub const INFECTED_MAX: f64 = 0.05;
/// Highest `S`, bans: past the sum of the caps.
const HIGHEST_BANS: f64 = 14.0;
/// Exceedances that are enough: more would only lower the threshold, where the tail has not begun. The share of
/// device-days above the threshold stays between these two.
const EXCEEDANCES_ENOUGH: f64 = 300.0;
/// The same of device-days that are known to be clean: no infection must be told from the tail.
const CLEAN_ENOUGH: f64 = 60.0;
const TAIL_SHARE_MIN: f64 = 0.03;
/// The same of clean device-days, of which few clear the floors once their phones have a past.
const CLEAN_SHARE_MIN: f64 = 0.0125;
const TAIL_SHARE_MAX: f64 = 0.1;
/// A tail is never steeper than this, bans: weights are sums of rounded numbers.
const SCALE_MIN_BANS: f64 = 0.05;
/// Where the excesses of infected device-days may begin, as shares of the range up to the highest weight: a mixture
/// of uniform laws from these on, that is any law that grows with the weight.
const INFECTED_FROM: [f64; 5] = [0.0, 0.25, 0.5, 0.75, 0.875];
/// Gain in log-likelihood that infected device-days must bring to be believed: twice the gain has about a
/// chi-squared law of at most five degrees of freedom, and one clean history in a thousand passes 10.
const GAIN_MIN: f64 = 10.0;
/// How far the estimated share of infected device-days may be above the largest: it has an error of its own.
const MOST_SLACK: f64 = 1.2;
/// Gain in log-likelihood from which a tail is heavier than exponential (one chi-squared in 70), and its largest
/// shape: beyond it, budgets would be kept by alerting on nothing.
const SHAPE_GAIN_MIN: f64 = 3.0;
const SHAPE_MAX: f64 = 0.4;
/// Rounds of expectation and maximisation; it settles in a few dozen.
const ROUNDS_MAX: usize = 200;

/// The upper tail of device-day maxima: `rate` of device-days exceed `threshold_bans`, by how much follows a
/// generalised Pareto law.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tail {
    /// Where the law begins, bans.
    pub threshold_bans: f64,
    /// Share of device-days above it, 0..=1.
    pub rate: f64,
    /// Scale of the excess, bans, > 0.
    pub scale_bans: f64,
    /// Shape: 0 is exponential; positive is heavier.
    pub shape: f64,
    /// Device-days behind it.
    pub device_days: u64,
    /// Where it comes from.
    pub calibration: Calibration,
}

impl Tail {
    /// Expected device-days, of 1,000 clean ones, whose highest `S` is at least `weight_bans`; 1,000 at the
    /// most. Below the tail's threshold its law is continued, which says more than are there: device-days thin out faster
    /// in the tail than before it.
    pub fn expected_per_1000(&self, weight_bans: f64) -> f64 {
        let excess = (weight_bans - self.threshold_bans) / self.scale_bans;
        let survival = if self.shape.abs() < 1e-9 {
            (-excess).exp()
        } else {
            (1.0 + self.shape * excess).max(0.0).powf(-1.0 / self.shape)
        };
        (1000.0 * self.rate * survival).min(1000.0)
    }

    /// Fits a tail to the device-day maxima of a fleet's history, of which up to [`INFECTED_MAX`] may be infected.
    /// `None` with fewer than [`EXCEEDANCES_MIN`] exceedances.
    pub fn fit(maxima: &[f64]) -> Option<Self> {
        Self::fit_bins(&points(maxima), true)
    }

    /// Fits a tail to device-day maxima that are known to be clean: simulated ones.
    pub fn fit_clean(maxima: &[f64]) -> Option<Self> {
        Self::fit_bins(&points(maxima), false)
    }

    /// [`Tail::fit`] over counted maxima, ascending; device-days lie evenly inside a bin.
    ///
    /// The excess above a high quantile is exponential, or generalised Pareto where that is clearly too light.
    /// Infected device-days show no such decay: they lie anywhere up to the highest weight there is. A mixture of an
    /// exponential law and uniform ones takes them out, only where the data demand it: otherwise what is merely a
    /// tail would be taken for an infection, and too much be promised.
    pub(super) fn fit_bins(bins: &[Bin], may_be_infected: bool) -> Option<Self> {
        let total: u64 = bins.iter().map(|bin| bin.days).sum();
        let (enough, least) = if may_be_infected {
            (EXCEEDANCES_ENOUGH, TAIL_SHARE_MIN)
        } else {
            (CLEAN_ENOUGH, CLEAN_SHARE_MIN)
        };
        let share = (enough / total.max(1) as f64).clamp(least, TAIL_SHARE_MAX);
        let (threshold, excess) = exceedances(bins, total, share);
        let above: f64 = excess.iter().map(|(_, days)| days).sum();
        if above < EXCEEDANCES_MIN as f64 {
            return None;
        }
        let infected = if may_be_infected { infection(&excess, threshold, total as f64) } else { None };
        let (scale, shape, infected) = infected.map_or_else(
            || {
                let (scale, shape) = pareto(&excess);
                (scale, shape, 0.0)
            },
            |(scale, infected)| (scale, 0.0, infected),
        );
        Some(Self {
            threshold_bans: threshold,
            rate: above * (1.0 - infected) / (total as f64 - above * infected),
            scale_bans: scale.max(SCALE_MIN_BANS),
            shape,
            device_days: total,
            calibration: Calibration::History,
        })
    }
}

fn points(maxima: &[f64]) -> Vec<Bin> {
    let mut sorted: Vec<f64> = maxima.iter().copied().filter(|s| s.is_finite()).collect();
    sorted.sort_by(f64::total_cmp);
    sorted.into_iter().map(|from_bans| Bin { from_bans, width_bans: 0.0, days: 1 }).collect()
}

/// The threshold of the tail, and the excesses above it with their device-days. Device-days at 0 have nothing that
/// could alert and are never part of a tail.
fn exceedances(bins: &[Bin], total: u64, share: f64) -> (f64, Vec<(f64, f64)>) {
    let positive: u64 = bins.iter().filter(|bin| bin.from_bans > 0.0).map(|bin| bin.days).sum();
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of a count")]
    let above = ((total as f64 * share).round() as u64).min(positive);
    let from = total - above;
    let (mut position, mut threshold, mut excess) = (0, None, Vec::new());
    for bin in bins {
        let first = from.max(position);
        let end = position + bin.days;
        if first < end {
            let low = bin.at(first - position);
            let threshold = *threshold.get_or_insert(low);
            excess.push((low.midpoint(bin.at(bin.days)) - threshold, (end - first) as f64));
        }
        position = end;
    }
    (threshold.unwrap_or(0.0), excess)
}

fn mean_of(excess: &[(f64, f64)]) -> f64 {
    let days: f64 = excess.iter().map(|(_, days)| days).sum();
    excess.iter().map(|(y, days)| y * days).sum::<f64>() / days
}

fn log_likelihood(excess: &[(f64, f64)], density: impl Fn(f64) -> f64) -> f64 {
    excess.iter().map(|(y, days)| days * density(*y).max(f64::MIN_POSITIVE).ln()).sum()
}

/// Scale of the exponential part and share of the exceedances that are infected, by expectation and maximisation;
/// `None` where the data do not demand an infection, or demand more than one may be.
fn infection(excess: &[(f64, f64)], threshold: f64, total: f64) -> Option<(f64, f64)> {
    let above: f64 = excess.iter().map(|(_, days)| days).sum();
    let mean = mean_of(excess).max(SCALE_MIN_BANS);
    let range = (HIGHEST_BANS - threshold).max(1.0);
    let most = INFECTED_MAX * total / above;
    let uniform = |from: f64, y: f64| if y >= from * range { 1.0 / (range * (1.0 - from)) } else { 0.0 };
    let foreign = |weights: &[f64; INFECTED_FROM.len()], y: f64| -> f64 {
        INFECTED_FROM.iter().zip(weights).map(|(from, weight)| weight * uniform(*from, y)).sum()
    };
    let mut scale = mean / 2.0;
    let mut weights = [most.min(0.5) / 2.0 / INFECTED_FROM.len() as f64; INFECTED_FROM.len()];
    for _ in 0..ROUNDS_MAX {
        let infected: f64 = weights.iter().sum();
        let (mut clean, mut sum) = (0.0, 0.0);
        let mut next = [0.0; INFECTED_FROM.len()];
        for (y, days) in excess {
            let own = (1.0 - infected) * (-y / scale).exp() / scale;
            let all = own + foreign(&weights, *y);
            if all <= 0.0 {
                continue;
            }
            clean += days * own / all;
            sum += days * own / all * y;
            for ((next, weight), from) in next.iter_mut().zip(weights).zip(INFECTED_FROM) {
                *next += days * weight * uniform(from, *y) / all / above;
            }
        }
        scale = (sum / clean.max(1.0)).max(SCALE_MIN_BANS);
        weights = next;
    }
    let infected: f64 = weights.iter().sum();
    let (heavy_scale, heavy_shape) = pareto(excess);
    let without = log_likelihood(excess, |y| pareto_density(y, heavy_scale, heavy_shape));
    let with =
        log_likelihood(excess, |y| (1.0 - infected) * (-y / scale).exp() / scale + foreign(&weights, y));
    (with - without > GAIN_MIN && infected <= MOST_SLACK * most).then_some((scale, infected))
}

/// Scale and shape of the generalised Pareto law by probability-weighted moments (Hosking and Wallis 1987). Only a
/// tail that is clearly heavier than exponential gets a shape: what seems lighter may merely have been seen too
/// briefly.
fn pareto(excess: &[(f64, f64)]) -> (f64, f64) {
    let above: f64 = excess.iter().map(|(_, days)| days).sum();
    let mean = mean_of(excess).max(SCALE_MIN_BANS);
    let (mut position, mut weighted) = (0.0, 0.0);
    for (y, days) in excess {
        weighted += days * y * (1.0 - (position + days / 2.0) / above);
        position += days;
    }
    weighted /= above;
    let spread = mean - 2.0 * weighted;
    if spread <= 0.0 {
        return (mean, 0.0);
    }
    let (shape, scale) = (2.0 - mean / spread, 2.0 * mean * weighted / spread);
    if shape <= 0.0 || scale <= 0.0 {
        return (mean, 0.0);
    }
    let shape = shape.min(SHAPE_MAX);
    let heavy = log_likelihood(excess, |y| pareto_density(y, scale, shape));
    let plain = log_likelihood(excess, |y| pareto_density(y, mean, 0.0));
    if heavy - plain > SHAPE_GAIN_MIN { (scale, shape) } else { (mean, 0.0) }
}

fn pareto_density(excess: f64, scale: f64, shape: f64) -> f64 {
    if shape < 1e-9 {
        return (-excess / scale).exp() / scale;
    }
    (1.0 + shape * excess / scale).powf(-1.0 / shape - 1.0) / scale
}

/// Device-days whose maxima lie in `from_bans ..= from_bans + width_bans`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bin {
    pub(super) from_bans: f64,
    pub(super) width_bans: f64,
    pub(super) days: u64,
}

impl Bin {
    /// The maximum below which `days` of the bin lie.
    fn at(&self, days: u64) -> f64 {
        self.from_bans + self.width_bans * days as f64 / self.days as f64
    }
}

/// What a tail was made with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Sight {
    /// Network logs only.
    #[default]
    Network,
    /// With telemetry that names apps.
    Telemetry,
}

impl Sight {
    /// `network` or `telemetry`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Network => "network",
            Self::Telemetry => "telemetry",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Quantiles of an exponential law: -scale ln(1 - u).
    fn exponential(count: u32, scale: f64) -> Vec<f64> {
        let at = |n| (f64::from(n) + 0.5) / f64::from(count);
        (0..count).map(|n| -scale * (1.0 - at(n)).ln()).collect()
    }

    #[test]
    fn an_exponential_tail_is_found_again() {
        let maxima = exponential(5000, 0.5);
        for tail in [Tail::fit(&maxima).unwrap(), Tail::fit_clean(&maxima).unwrap()] {
            assert!((tail.scale_bans - 0.5).abs() < 0.02, "{tail:?}");
            // P(S > 4) = exp(-8): 0.335 of 1,000.
            assert!((tail.expected_per_1000(4.0) - 0.335).abs() < 0.1);
        }
        assert_eq!(Tail::fit(&maxima[..100]), None);
    }

    #[test]
    fn up_to_a_twentieth_infected_does_not_move_the_tail() {
        for infected_per_mille in [1_u32, 5, 10, 25, 50] {
            for (low, high) in [(11.0, 11.0), (8.0, 11.0), (4.0, 11.0)] {
                let mut maxima = exponential(3000, 0.4);
                let infected = 3 * infected_per_mille;
                for n in 0..infected {
                    let place = (n * 3000 / infected) as usize;
                    maxima[place] = low + (high - low) * f64::from(n) / f64::from(infected);
                }
                let tail = Tail::fit(&maxima).unwrap();
                // The weight with exactly one false device-day in 1,000: -0.4 ln(0.001).
                let ratio = tail.expected_per_1000(0.4 * 1000.0_f64.ln());
                let case = format!("{infected_per_mille} of 1,000 from {low} to {high}: {ratio} {tail:?}");
                // Three infected device-days alone cannot be told from a tail: the fit then errs to the cautious side.
                let most = if infected_per_mille == 1 { 5.0 } else { 2.0 };
                assert!((0.45..most).contains(&ratio), "{case}");
            }
        }
    }

    #[test]
    fn a_heavy_tail_is_not_taken_for_an_infection() {
        // Generalised Pareto law of shape 0.2: honest, and to be promised as seen.
        let pareto = |n| 0.4 / 0.2 * ((1.0 - (f64::from(n) + 0.5) / 4000.0_f64).powf(-0.2) - 1.0);
        let maxima: Vec<f64> = (0..4000).map(pareto).collect();
        let tail = Tail::fit(&maxima).unwrap();
        for per_1000 in [10.0, 3.0, 1.0] {
            let weight = 0.4 / 0.2 * ((per_1000 / 1000.0_f64).powf(-0.2) - 1.0);
            let ratio = tail.expected_per_1000(weight) / per_1000;
            assert!((0.4..2.5).contains(&ratio), "{per_1000}: {ratio} {tail:?}");
        }
    }

    #[test]
    fn device_days_without_anything_are_no_tail() {
        let mut maxima = vec![0.0; 9500];
        maxima.extend(exponential(500, 0.4).iter().map(|y| 2.5 + y));
        let tail = Tail::fit(&maxima).unwrap();
        assert!(tail.threshold_bans >= 2.5 && (tail.scale_bans - 0.4).abs() < 0.05, "{tail:?}");
        assert!((tail.expected_per_1000(2.5 + 0.4 * 50.0_f64.ln()) - 1.0).abs() < 0.3);
    }
}
