//! The shipped tails of device-day maxima of clean fleets. Made by `xtask reference`; do not edit.
//!
//! Provisional.

use super::reference::Reference;

/// Phones seen for the first time, honest rare senders left out, with network.
pub(super) const NETWORK_FIRST_DAY: Reference = Reference { threshold_bans: 6.77, rate: 0.1, scale_bans: 0.533, shape: 0.0, device_days: 2400, shared_rate: 0.34 };

/// Phones with a past, honest rare senders counted, with network.
pub(super) const NETWORK_LATER_DAYS: Reference = Reference { threshold_bans: 6.2, rate: 0.03, scale_bans: 0.45, shape: 0.0, device_days: 1200, shared_rate: 0.05 };

/// Phones seen for the first time, honest rare senders left out, with telemetry.
pub(super) const TELEMETRY_FIRST_DAY: Reference = Reference { threshold_bans: 6.91, rate: 0.1, scale_bans: 0.6, shape: 0.0, device_days: 2400, shared_rate: 0.315 };

/// Phones with a past, honest rare senders counted, with telemetry.
pub(super) const TELEMETRY_LATER_DAYS: Reference = Reference { threshold_bans: 6.9, rate: 0.03, scale_bans: 0.72, shape: 0.0, device_days: 1200, shared_rate: 0.05 };
