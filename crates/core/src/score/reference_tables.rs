//! The shipped tails of device-day maxima of clean fleets. Made by `xtask reference`; do not edit.
//!
//! Seed 101, 400 phones x 1 day, over destinations that at least 1 % of the other phones reach.

use super::reference::Reference;

/// First day, honest rare senders left out, with network.
pub(super) const NETWORK_FIRST_DAY: Reference =
    Reference { threshold_bans: 5.50, rate: 0.0425, scale_bans: 0.29, shape: 0.000, device_days: 400, shared_rate: 0.04 };

/// Third and later days, honest rare senders counted, with network.
pub(super) const NETWORK_LATER_DAYS: Reference =
    Reference { threshold_bans: 5.50, rate: 0.0425, scale_bans: 0.29, shape: 0.000, device_days: 400, shared_rate: 0.04 };

/// First day, honest rare senders left out, with telemetry.
pub(super) const TELEMETRY_FIRST_DAY: Reference =
    Reference { threshold_bans: 5.50, rate: 0.0625, scale_bans: 0.48, shape: 0.000, device_days: 400, shared_rate: 0.04 };

/// Third and later days, honest rare senders counted, with telemetry.
pub(super) const TELEMETRY_LATER_DAYS: Reference =
    Reference { threshold_bans: 5.50, rate: 0.0625, scale_bans: 0.48, shape: 0.000, device_days: 400, shared_rate: 0.04 };
