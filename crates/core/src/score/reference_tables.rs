//! The shipped tails of device-day maxima of clean fleets. Made by `xtask reference`; do not edit.
//!
//! seeds 9201..9212, 300 phones x 3 days, 0 infected, honest rare senders: default, days learned first: 0.

use super::reference::Reference;

/// Phones seen for the first time, honest rare senders left out, with network.
pub(super) const NETWORK_FIRST_DAY: Reference = Reference {
    threshold_bans: 7.81,
    rate: 0.01250,
    scale_bans: 0.502,
    shape: 0.000,
    device_days: 7200,
    loud_rate: 0.46208,
};

/// Phones with a past, honest rare senders counted, with network.
pub(super) const NETWORK_LATER_DAYS: Reference = Reference {
    threshold_bans: 5.02,
    rate: 0.01667,
    scale_bans: 1.120,
    shape: 0.000,
    device_days: 3600,
    loud_rate: 0.43889,
};

/// Phones seen for the first time, honest rare senders left out, with telemetry.
pub(super) const TELEMETRY_FIRST_DAY: Reference = Reference {
    threshold_bans: 8.12,
    rate: 0.01250,
    scale_bans: 0.543,
    shape: 0.000,
    device_days: 7200,
    loud_rate: 0.40556,
};

/// Phones with a past, honest rare senders counted, with telemetry.
pub(super) const TELEMETRY_LATER_DAYS: Reference = Reference {
    threshold_bans: 6.00,
    rate: 0.01667,
    scale_bans: 1.078,
    shape: 0.000,
    device_days: 3600,
    loud_rate: 0.51028,
};
