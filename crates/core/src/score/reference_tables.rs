//! The shipped tails of device-day maxima of clean fleets. Made by `xtask reference`; do not edit.
//!
//! seeds 9201..9208, 300 phones x 3 days, 0 infected, honest rare senders: default, days learned first: 0.

use super::reference::Reference;

/// Phones seen for the first time, honest rare senders left out, with network.
pub(super) const NETWORK_FIRST_DAY: Reference = Reference {
    threshold_bans: 7.51,
    rate: 0.03000,
    scale_bans: 0.447,
    shape: 0.000,
    device_days: 4800,
    shared_rate: 0.38500,
};

/// Phones with a past, honest rare senders counted, with network.
pub(super) const NETWORK_LATER_DAYS: Reference = Reference {
    threshold_bans: 6.14,
    rate: 0.03125,
    scale_bans: 0.593,
    shape: 0.000,
    device_days: 2400,
    shared_rate: 0.05417,
};

/// Phones seen for the first time, honest rare senders left out, with telemetry.
pub(super) const TELEMETRY_FIRST_DAY: Reference = Reference {
    threshold_bans: 7.83,
    rate: 0.03000,
    scale_bans: 0.528,
    shape: 0.000,
    device_days: 4800,
    shared_rate: 0.36833,
};

/// Phones with a past, honest rare senders counted, with telemetry.
pub(super) const TELEMETRY_LATER_DAYS: Reference = Reference {
    threshold_bans: 6.89,
    rate: 0.03125,
    scale_bans: 0.642,
    shape: 0.000,
    device_days: 2400,
    shared_rate: 0.04083,
};
