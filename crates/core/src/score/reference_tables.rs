//! The shipped tails of device-day maxima of clean fleets. Made by `xtask reference`; do not edit.
//!
//! seeds 9201..9208, 300 phones x 3 days, 0 infected, honest rare senders: default, days learned first: 0.

use super::reference::Reference;

/// Phones seen for the first time, honest rare senders left out, with network.
pub(super) const NETWORK_FIRST_DAY: Reference = Reference {
    threshold_bans: 7.53,
    rate: 0.03000,
    scale_bans: 0.422,
    shape: 0.000,
    device_days: 4800,
    loud_rate: 0.41708,
};

/// Phones with a past, honest rare senders counted, with network.
pub(super) const NETWORK_LATER_DAYS: Reference = Reference {
    threshold_bans: 3.51,
    rate: 0.03125,
    scale_bans: 1.995,
    shape: 0.000,
    device_days: 2400,
    loud_rate: 0.00667,
};

/// Phones seen for the first time, honest rare senders left out, with telemetry.
pub(super) const TELEMETRY_FIRST_DAY: Reference = Reference {
    threshold_bans: 7.76,
    rate: 0.03000,
    scale_bans: 0.480,
    shape: 0.000,
    device_days: 4800,
    loud_rate: 0.38854,
};

/// Phones with a past, honest rare senders counted, with telemetry.
pub(super) const TELEMETRY_LATER_DAYS: Reference = Reference {
    threshold_bans: 5.34,
    rate: 0.03125,
    scale_bans: 1.202,
    shape: 0.000,
    device_days: 2400,
    loud_rate: 0.01375,
};
