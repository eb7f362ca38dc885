//! The shipped reference: device-day maxima of simulated clean fleets, fitted to the fleet at hand.
//!
//! Fleets differ in how many of their apps poll small places on a rhythm, and a reference made of one kind of fleet
//! promises too little or too much for another. What a fleet can tell of itself, without trusting that it is clean,
//! is on how many device-days something is loud that an implant hardly is. On phones seen for the first time those are
//! destinations that several phones share: an implant has one place and few victims. On phones with a past those are
//! series that were there on days before, weighed as if they were not: what is new on an honest phone is of their kind.
//! An implant that is new is none of them, and one that is old makes the fleet look louder, which is the safe side. That
//! scales the reference's rate; the law of the excess stays.

use super::budget::{Sight, Tail};
use super::sum::Weighed;
use super::{FLOOR_A_BANS, FLOOR_B_BANS, reference_tables};
use crate::baseline::Past;
use crate::finding::Calibration;

/// Share of the other phones from which a destination is shared.
const SHARED_REACH: f64 = 0.01;
/// The heights, bans, for phones without a past and with one. Low enough that a few dozen phones tell something, high
/// enough that it takes a machine whose destination is not everybody's.
const LOUD_BANS: f64 = 4.0;
const LOUD_OF_KNOWN_BANS: f64 = 6.5;
/// Device-days over the height that the reference is worth against the fleet's own: simulated worlds differ by about
/// as much as their mean, which is the spread of a Gamma law of this shape.
const PRIOR_DEVICE_DAYS: f64 = 1.0;
/// How far down the rate is moved at the most for phones seen for the first time, and for those with a past: however
/// quiet what is known on a fleet's phones, apps are installed and move their servers on all of them, and that does not
/// show before it happens.
pub(super) const FACTOR_MIN_FIRST: f64 = 0.03;
pub(super) const FACTOR_MIN_LATER: f64 = 0.5;
/// How far up.
const FACTOR_MAX: f64 = 3.0;

/// A shipped tail, as `xtask reference` writes it.
#[derive(Debug, Clone, Copy)]
pub struct Reference {
    /// Where the tail begins, bans.
    pub(super) threshold_bans: f64,
    /// Share of device-days above it.
    pub(super) rate: f64,
    /// Scale of the excess, bans.
    pub(super) scale_bans: f64,
    /// Its shape.
    pub(super) shape: f64,
    /// Device-days behind it.
    pub(super) device_days: u64,
    /// Share of device-days that are loud by way of what an implant hardly is: see [`is_loud`].
    pub(super) loud_rate: f64,
    /// How far down a quiet fleet moves the rate at the most.
    pub(super) factor_min: f64,
}

/// The reference for phones seen for the first time: without the rare regular self-hosted senders. A server that
/// hardly anybody else uses cannot be told from a command channel at first sight, and every finding's limits say so.
pub const fn first(sight: Sight) -> Reference {
    match sight {
        Sight::Network => reference_tables::NETWORK_FIRST_DAY,
        Sight::Telemetry => reference_tables::TELEMETRY_FIRST_DAY,
    }
}

/// The reference for phones whose days before are known: rare regular self-hosted senders are known by then, and count,
/// but on the day on which they begin: that is their first sight.
pub const fn later(sight: Sight) -> Reference {
    match sight {
        Sight::Network => reference_tables::NETWORK_LATER_DAYS,
        Sight::Telemetry => reference_tables::TELEMETRY_LATER_DAYS,
    }
}

/// Whether a series makes a day of its phone a loud one: see above. `reach` is the share of the other phones at its
/// destination, `None` for a group.
pub fn is_loud(weighed: &Weighed, has_past: bool, past: Past, reach: Option<f64>) -> bool {
    let is_telling =
        if has_past { past.series_days > 0 } else { reach.is_some_and(|reach| reach >= SHARED_REACH) };
    let least = if has_past { LOUD_OF_KNOWN_BANS } else { LOUD_BANS };
    is_telling
        && weighed.stage_a >= FLOOR_A_BANS
        && weighed.stage_b_at_first_sight >= FLOOR_B_BANS
        && weighed.stage_a + weighed.stage_b_at_first_sight >= least
}

impl Reference {
    /// The tail for a fleet of which `loud` of `device_days` device-days of the same kind are loud: the rate's posterior
    /// mean under a Gamma prior around the reference's.
    pub fn in_fleet(&self, loud: u64, device_days: u64) -> Tail {
        let expected = self.loud_rate * device_days as f64;
        let factor = (PRIOR_DEVICE_DAYS + loud as f64) / (PRIOR_DEVICE_DAYS + expected);
        Tail {
            threshold_bans: self.threshold_bans,
            rate: (self.rate * factor.clamp(self.factor_min, FACTOR_MAX)).min(1.0),
            scale_bans: self.scale_bans,
            shape: self.shape,
            device_days: self.device_days,
            calibration: Calibration::Reference,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REFERENCE: Reference = Reference {
        threshold_bans: 6.0,
        rate: 0.1,
        scale_bans: 0.5,
        shape: 0.0,
        device_days: 1000,
        loud_rate: 0.07,
        factor_min: FACTOR_MIN_FIRST,
    };

    #[test]
    fn a_fleet_like_the_reference_keeps_it() {
        assert!((REFERENCE.in_fleet(70, 1000).rate - 0.1).abs() < 1e-9);
        // One phone is no fleet to learn from: (1 + 0) / (1 + 0.07).
        assert!((REFERENCE.in_fleet(0, 1).rate - 0.1 / 1.07).abs() < 1e-9);
    }

    #[test]
    fn a_quiet_fleet_needs_less_and_a_loud_one_more() {
        // (1 + 0) / (1 + 21) of the rate; at scale 0.5 that is 0.5 ln 22 = 1.5 bans.
        let quiet = REFERENCE.in_fleet(0, 300);
        assert!((quiet.rate - 0.1 / 22.0).abs() < 1e-9);
        let usual = REFERENCE.in_fleet(21, 300);
        assert!(
            (quiet.expected_per_1000(7.0) - usual.expected_per_1000(7.0 + 0.5 * 22.0_f64.ln())).abs() < 1e-9
        );
        assert!((REFERENCE.in_fleet(300, 300).rate - 0.1 * FACTOR_MAX).abs() < 1e-9);
        assert!((REFERENCE.in_fleet(0, 1_000_000).rate - 0.1 * FACTOR_MIN_FIRST).abs() < 1e-9);
    }
}
