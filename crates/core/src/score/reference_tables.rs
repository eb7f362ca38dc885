//! The shipped tails of device-day maxima of clean fleets. Made by `xtask reference`; do not edit.
//!
//! seeds 9201..9208, 300 phones x 3 days, 0 infected, honest rare senders: default, days learned first: 0.

use super::reference::Reference;

/// Phones seen for the first time, honest rare senders left out, with network.
pub(super) const NETWORK_FIRST_DAY: Reference = Reference {
    threshold_bans: 7.42,
    rate: 0.03000,
    scale_bans: 0.436,
    shape: 0.000,
    device_days: 4800,
    shared_rate: 0.38333,
};

/// Phones with a past, honest rare senders counted, with network.
pub(super) const NETWORK_LATER_DAYS: Reference = Reference {
    threshold_bans: 6.13,
    rate: 0.03125,
    scale_bans: 0.592,
    shape: 0.000,
    device_days: 2400,
    shared_rate: 0.05333,
};

/// Phones seen for the first time, honest rare senders left out, with telemetry.
pub(super) const TELEMETRY_FIRST_DAY: Reference = Reference {
    threshold_bans: 7.67,
    rate: 0.03000,
    scale_bans: 0.504,
    shape: 0.000,
    device_days: 4800,
    shared_rate: 0.37479,
};

/// Phones with a past, honest rare senders counted, with telemetry.
pub(super) const TELEMETRY_LATER_DAYS: Reference = Reference {
    threshold_bans: 6.82,
    rate: 0.03125,
    scale_bans: 0.640,
    shape: 0.000,
    device_days: 2400,
    shared_rate: 0.04542,
};
