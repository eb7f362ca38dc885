//! The fleet's own history of device-day maxima, kept as counts: what the alert budget is calibrated with.

use super::Draft;
use super::budget::{Bin, Tail};
use crate::model::Day;
use std::collections::BTreeMap;

/// Width of a bin, bans: an eighth of the scale of the tails that clean fleets show (about 0.4).
pub const BIN_BANS: f64 = 0.05;
/// Highest bin: above the sum of the caps (13.5 bans).
pub const BIN_MAX: u16 = 280;

/// How many device-days had a highest `S` in each bin. Bin `b` holds `S` from `b * BIN_BANS` on; bin 0 holds
/// everything lower, too, and device-days on which nothing was machine-driven.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Maxima {
    bins: BTreeMap<u16, u64>,
}

/// The maxima of a fleet: of phones seen for the first time, and of phones whose days before are known. The two are
/// weighed differently ([`crate::weigh::HISTORY_DAYS_MIN`]), so that neither calibrates the other.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FleetMaxima {
    /// Days of phones without a past.
    pub first: Maxima,
    /// Days of phones with a past.
    pub later: Maxima,
}

impl FleetMaxima {
    /// The maxima of drafts. `first` and `later` are how many days with traffic the phones had together.
    pub fn of(drafts: &[Draft], first: u64, later: u64) -> Self {
        let of = |has_past, days| Maxima::of(drafts.iter().filter(|s| s.has_past == has_past), days);
        Self { first: of(false, first), later: of(true, later) }
    }

    /// Adds the maxima of other device-days.
    pub fn merge(&mut self, other: &Self) {
        self.first.merge(&other.first);
        self.later.merge(&other.later);
    }

    /// Device-days in all.
    pub fn device_days(&self) -> u64 {
        self.first.device_days().saturating_add(self.later.device_days())
    }
}

impl Maxima {
    /// The maxima of scored series that clear the floors of an alert: no other could be a false one. `device_days` is
    /// how many days with traffic all devices had together: days without any such series count as 0.
    fn of<'s>(drafts: impl Iterator<Item = &'s Draft>, device_days: u64) -> Self {
        let mut highest: BTreeMap<(&str, Day), f64> = BTreeMap::new();
        for draft in drafts.filter(|draft| draft.clears_floors()) {
            let total = draft.total();
            let known = highest.entry((draft.finding.device.id.as_str(), draft.day())).or_insert(total);
            *known = known.max(total);
        }
        let mut maxima = Self::default();
        for weight in highest.values() {
            maxima.add(bin_of(*weight), 1);
        }
        let silent = device_days.saturating_sub(highest.len() as u64);
        if silent > 0 {
            maxima.add(0, silent);
        }
        maxima
    }

    fn merge(&mut self, other: &Self) {
        other.bins().for_each(|(bin, days)| self.add(bin, days));
    }

    /// Adds device-days to a bin; a bin past the last counts as the last.
    pub fn add(&mut self, bin: u16, device_days: u64) {
        let days = self.bins.entry(bin.min(BIN_MAX)).or_default();
        *days = days.saturating_add(device_days);
    }

    /// Bins with device-days in them, ascending.
    pub fn bins(&self) -> impl Iterator<Item = (u16, u64)> {
        self.bins.iter().map(|(bin, days)| (*bin, *days))
    }

    /// Device-days in all.
    pub fn device_days(&self) -> u64 {
        self.bins.values().fold(0, |sum, days| sum.saturating_add(*days))
    }

    /// The tail of the history; `None` with too few device-days for one (see [`Tail::fit`]).
    pub fn tail(&self) -> Option<Tail> {
        let bins = self.bins().map(|(bin, days)| Bin {
            from_bans: f64::from(bin) * BIN_BANS,
            // What is at most 0 has no width above it.
            width_bans: if bin == 0 { 0.0 } else { BIN_BANS },
            days,
        });
        Tail::fit_bins(&bins.collect::<Vec<_>>(), true)
    }
}

fn bin_of(weight: f64) -> u16 {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0..=280 after the clamp")]
    let bin = (weight / BIN_BANS).floor().clamp(0.0, f64::from(BIN_MAX)) as u16;
    bin
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Calibration;

    /// Maxima of an exponential law of scale 0.4 above 3 bans on every tenth day, nothing on the others.
    fn history(device_days: u32) -> (Maxima, Vec<f64>) {
        let raw: Vec<f64> = (0..device_days)
            .map(|n| {
                let u = (f64::from(n) + 0.5) / f64::from(device_days);
                if u < 0.9 { 0.0 } else { 3.0 - 0.4 * ((1.0 - u) / 0.1).ln() }
            })
            .collect();
        let mut maxima = Maxima::default();
        for weight in &raw {
            maxima.add(bin_of(*weight), 1);
        }
        (maxima, raw)
    }

    #[test]
    fn counts_give_the_tail_that_the_numbers_give() {
        let (maxima, raw) = history(4000);
        assert_eq!(maxima.device_days(), 4000);
        let (counted, exact) = (maxima.tail().unwrap(), Tail::fit(&raw).unwrap());
        assert!((counted.scale_bans - exact.scale_bans).abs() < 0.02, "{counted:?} {exact:?}");
        // 300 of 4,000 are above it: 3 - 0.4 ln(0.075 / 0.1).
        assert!((counted.threshold_bans - 3.115).abs() <= BIN_BANS, "{counted:?}");
        assert_eq!(counted.calibration, Calibration::History);
        // P(S > 5) = 0.1 exp(-2 / 0.4): 0.67 of 1,000.
        let expected = counted.expected_per_1000(5.0);
        assert!(expected > 0.5 && expected < 0.9, "{expected}");
    }

    #[test]
    fn few_device_days_give_no_tail() {
        assert!(history(490).0.tail().is_none());
        assert!(history(520).0.tail().is_some());
        assert!(Maxima::default().tail().is_none());
    }

    #[test]
    fn weights_out_of_the_range_are_kept_at_its_ends() {
        assert_eq!([-3.0, 0.0, 0.05, 99.0, f64::NAN].map(bin_of), [0, 0, 1, BIN_MAX, 0]);
    }
}
