//! The shipped reference: device-day maxima of simulated clean fleets, fitted to the fleet at hand.
//!
//! Fleets differ in how many of their apps poll small places on a rhythm, and a reference made of one kind of fleet
//! promises too little or too much for another. What a fleet can tell of itself, without trusting that it is clean,
//! is how often its phones reach a moderate height by way of destinations that several phones share: an implant has
//! one place and few victims. That scales the reference's rate; the law of the excess stays.

use super::Draft;
use super::budget::{Sight, Tail};
use super::reference_tables;
use crate::finding::Calibration;
use crate::model::Day;
use std::collections::BTreeSet;

/// Share of the other phones from which a destination is shared.
pub const SHARED_REACH: f64 = 0.01;
/// The height, bans: low enough that a few dozen phones tell something, high enough that it takes a machine whose
/// destination is not everybody's.
pub const SHARED_BANS: f64 = 4.0;
/// Device-days over the height that the reference is worth against the fleet's own: simulated worlds differ by about
/// as much as their mean, which is the spread of a Gamma law of this shape.
const PRIOR_DEVICE_DAYS: f64 = 1.0;
/// How far the rate is moved at the most.
const FACTOR_MIN: f64 = 0.03;
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
    /// Share of device-days that reach [`SHARED_BANS`] by way of a destination that several phones share.
    pub(super) shared_rate: f64,
}

/// The reference for phones seen for the first time: without the rare regular self-hosted senders. A server that
/// hardly anybody else uses cannot be told from a command channel at first sight, and every finding's limits say so.
pub const fn first(sight: Sight) -> Reference {
    match sight {
        Sight::Network => reference_tables::NETWORK_FIRST_DAY,
        Sight::Telemetry => reference_tables::TELEMETRY_FIRST_DAY,
    }
}

/// The reference for phones whose days before are known: rare regular self-hosted senders are known by then, and count.
pub const fn later(sight: Sight) -> Reference {
    match sight {
        Sight::Network => reference_tables::NETWORK_LATER_DAYS,
        Sight::Telemetry => reference_tables::TELEMETRY_LATER_DAYS,
    }
}

impl Reference {
    /// The tail for a fleet: `drafts` are its findings, of `device_days` device-days of the same kind.
    pub fn in_fleet<'s>(&self, drafts: impl Iterator<Item = &'s Draft>, device_days: u64) -> Tail {
        let mut over: BTreeSet<(&str, Day)> = BTreeSet::new();
        for draft in drafts.filter(|draft| draft.is_shared && draft.clears_floors()) {
            if draft.total() >= SHARED_BANS {
                over.insert((draft.finding.device.id.as_str(), draft.day()));
            }
        }
        self.scaled(over.len() as u64, device_days)
    }

    /// The tail where so many of `device_days` reach the height by way of a shared destination: the rate's posterior
    /// mean under a Gamma prior around the reference's.
    fn scaled(&self, over: u64, device_days: u64) -> Tail {
        let expected = self.shared_rate * device_days as f64;
        let factor = (PRIOR_DEVICE_DAYS + over as f64) / (PRIOR_DEVICE_DAYS + expected);
        Tail {
            threshold_bans: self.threshold_bans,
            rate: (self.rate * factor.clamp(FACTOR_MIN, FACTOR_MAX)).min(1.0),
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
        shared_rate: 0.07,
    };

    #[test]
    fn a_fleet_like_the_reference_keeps_it() {
        assert!((REFERENCE.scaled(70, 1000).rate - 0.1).abs() < 1e-9);
        // One phone is no fleet to learn from: (1 + 0) / (1 + 0.07).
        assert!((REFERENCE.scaled(0, 1).rate - 0.1 / 1.07).abs() < 1e-9);
    }

    #[test]
    fn a_quiet_fleet_needs_less_and_a_loud_one_more() {
        // (1 + 0) / (1 + 21) of the rate; at scale 0.5 that is 0.5 ln 22 = 1.5 bans.
        let quiet = REFERENCE.scaled(0, 300);
        assert!((quiet.rate - 0.1 / 22.0).abs() < 1e-9);
        let usual = REFERENCE.scaled(21, 300);
        assert!(
            (quiet.expected_per_1000(7.0) - usual.expected_per_1000(7.0 + 0.5 * 22.0_f64.ln())).abs() < 1e-9
        );
        assert!((REFERENCE.scaled(300, 300).rate - 0.1 * FACTOR_MAX).abs() < 1e-9);
        assert!((REFERENCE.scaled(0, 1_000_000).rate - 0.1 * FACTOR_MIN).abs() < 1e-9);
    }
}
