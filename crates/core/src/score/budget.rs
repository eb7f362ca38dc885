//! The alert budget: how often clean phones show something this strong.
//!
//! The distribution is that of the highest `S` of a device in a day. It comes from the fleet's own history where
//! there is one, else from a reference made by scanning simulated clean fleets (`xtask reference`), and every
//! finding says which.

use crate::finding::Calibration;

/// Exceedances above the tail's threshold from which a tail is fitted.
pub const EXCEEDANCES_MIN: usize = 50;

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
    /// Expected device-days, of 1,000 clean ones, whose highest `S` is at least `weight_bans`. Below the tail's
    /// threshold the rate at the threshold is given: a lower bound, far above any budget.
    pub fn expected_per_1000(&self, weight_bans: f64) -> f64 {
        let excess = (weight_bans - self.threshold_bans).max(0.0) / self.scale_bans;
        let survival = if self.shape.abs() < 1e-9 {
            (-excess).exp()
        } else {
            (1.0 + self.shape * excess).max(0.0).powf(-1.0 / self.shape)
        };
        1000.0 * self.rate * survival
    }

    /// Fits a tail to device-day maxima, robust to a few infected devices: the highest `trim` share is left out of
    /// the fit and counted as if it followed the law below it.
    ///
    /// Exponential excess above the 90 % quantile (the generalised Pareto law of shape 0): a light, two-parameter
    /// tail that a few hundred device-days can carry. `None` with fewer than [`EXCEEDANCES_MIN`] exceedances.
    pub fn fit(maxima: &[f64], trim: f64) -> Option<Self> {
        let mut sorted: Vec<f64> = maxima.iter().copied().filter(|s| s.is_finite()).collect();
        sorted.sort_by(f64::total_cmp);
        let points: Vec<Bin> =
            sorted.into_iter().map(|from_bans| Bin { from_bans, width_bans: 0.0, days: 1 }).collect();
        Self::fit_bins(&points, trim)
    }

    /// [`Tail::fit`] over counted maxima, ascending; device-days lie evenly inside a bin.
    pub(super) fn fit_bins(bins: &[Bin], trim: f64) -> Option<Self> {
        let total: u64 = bins.iter().map(|bin| bin.days).sum();
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "shares of a count")]
        let (from, until) = ((total as f64 * 0.9) as u64, (total as f64 * (1.0 - trim)) as u64);
        let kept = until.saturating_sub(from);
        if kept < EXCEEDANCES_MIN as u64 {
            return None;
        }
        let (mut position, mut threshold, mut last, mut sum) = (0, None, 0.0, 0.0);
        for bin in bins {
            let (first, end) = (from.max(position), until.min(position + bin.days));
            if first < end {
                let threshold = *threshold.get_or_insert(bin.at(first - position));
                sum += (end - first) as f64
                    * (bin.at(first - position).midpoint(bin.at(end - position)) - threshold);
                last = bin.at(end - position) - threshold;
            }
            position += bin.days;
        }
        // Right-censored exponential: the trimmed ones are known only to lie above the last kept (maximum likelihood).
        let scale = ((sum + last * (total - until) as f64) / kept as f64).max(0.05);
        Some(Self {
            threshold_bans: threshold?,
            rate: (total - from) as f64 / total as f64,
            scale_bans: scale,
            shape: 0.0,
            device_days: total,
            calibration: Calibration::History,
        })
    }
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
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

/// The shipped reference: 400 clean simulated phones over one day (`undertone simulate --devices 400 --days 1 --seed
/// 101 --clean`), scanned with and without telemetry.
///
/// Device-day maxima over destinations that at least 1 % of the other phones reach: a server that fewer use cannot be
/// told from a command channel at first sight, is left out here, and every finding's limits say so. `rate` is the share
/// of device-days above 5.5 bans, the scale the mean excess above it (exponential law, maximum likelihood).
pub const fn reference(sight: Sight) -> Tail {
    let (rate, scale_bans) = match sight {
        Sight::Network => (0.0425, 0.29),
        Sight::Telemetry => (0.0625, 0.48),
    };
    Tail {
        threshold_bans: 5.5,
        rate,
        scale_bans,
        shape: 0.0,
        device_days: 400,
        calibration: Calibration::Reference,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_exponential_tail_is_found_again() {
        // Quantiles of an exponential law of scale 0.5: -0.5 ln(1 - u).
        let maxima: Vec<f64> = (0..5000).map(|n| -0.5 * (1.0 - (f64::from(n) + 0.5) / 5000.0).ln()).collect();
        let tail = Tail::fit(&maxima, 0.01).unwrap();
        assert!((tail.scale_bans - 0.5).abs() < 0.02, "{tail:?}");
        // P(S > 4) = exp(-8): 0.335 of 1,000.
        assert!((tail.expected_per_1000(4.0) - 0.335).abs() < 0.1);
        assert_eq!(Tail::fit(&maxima[..100], 0.01), None);
    }

    #[test]
    fn a_few_infected_devices_do_not_move_the_tail() {
        let clean: Vec<f64> = (0..3000).map(|n| -0.5 * (1.0 - (f64::from(n) + 0.5) / 3000.0).ln()).collect();
        let mut infected = clean.clone();
        infected.iter_mut().step_by(40).for_each(|s| *s = 11.0);
        let (a, b) = (Tail::fit(&clean, 0.05).unwrap(), Tail::fit(&infected, 0.05).unwrap());
        let ratio = b.expected_per_1000(4.0) / a.expected_per_1000(4.0);
        // 2.5 % of the device-days at 11 bans: the fit errs to the cautious side, by less than a factor of ten.
        assert!((1.0..10.0).contains(&ratio), "{ratio}");
    }
}
