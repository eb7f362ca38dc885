//! The shipped tails of device-day maxima of clean fleets. Made by `xtask reference`; do not edit.
//!
//! seeds 9201..9212, 300 phones x 3 days, 0 infected, honest rare senders: default, days learned first: 0.

use super::reference::{FACTOR_MIN_FIRST, FACTOR_MIN_LATER, Reference};

/// Phones seen for the first time, honest rare senders left out, with network.
pub(super) const NETWORK_FIRST_DAY: Reference = Reference {
    threshold_bans: 6.24,
    rate: 0.01667,
    scale_bans: 0.432,
    shape: 0.000,
    device_days: 3600,
    loud_rate: 0.36972,
    factor_min: FACTOR_MIN_FIRST,
};

/// Phones with a past, honest rare senders counted from their second day on, with network.
pub(super) const NETWORK_LATER_DAYS: Reference = Reference {
    threshold_bans: 3.31,
    rate: 0.01667,
    scale_bans: 1.047,
    shape: 0.000,
    device_days: 3600,
    loud_rate: 0.32500,
    factor_min: FACTOR_MIN_LATER,
};

/// Phones seen for the first time, honest rare senders left out, with telemetry.
pub(super) const TELEMETRY_FIRST_DAY: Reference = Reference {
    threshold_bans: 6.24,
    rate: 0.01667,
    scale_bans: 0.569,
    shape: 0.000,
    device_days: 3600,
    loud_rate: 0.26444,
    factor_min: FACTOR_MIN_FIRST,
};

/// Phones with a past, honest rare senders counted from their second day on, with telemetry.
pub(super) const TELEMETRY_LATER_DAYS: Reference = Reference {
    threshold_bans: 3.90,
    rate: 0.01667,
    scale_bans: 1.083,
    shape: 0.000,
    device_days: 3600,
    loud_rate: 0.41444,
    factor_min: FACTOR_MIN_LATER,
};
