//! Thresholds, by ATT&CK's names for its mutable elements (DESIGN section 5).
//!
//! ATT&CK gives neither units nor values: both are ours, and each default says where it comes from.

mod key;
mod set;

pub use key::{Kind, ThresholdKey, ThresholdValue};
pub use set::{Overrides, Scope, ThresholdSet};

use std::net::IpAddr;

/// The thresholds that apply to one series.
#[derive(Debug, Clone, PartialEq)]
pub struct Thresholds {
    /// Largest robust dispersion of intervals that still counts as a rhythm, ratio, 0..=3. Default 1.0: clockwork
    /// is 0, a Poisson process about 1.5, uniform jitter of 70 % about 0.7.
    pub beacon_interval_variance_threshold: f64,
    /// Largest p-value of a rhythm that counts for non-web channels on iOS, 0..=1. Default 0.01.
    pub cadence_anomaly_threshold: f64,
    /// Largest p-value of a rhythm that counts for web channels on iOS, 0..=1. Default 0.01.
    pub https_cadence_anomaly_threshold: f64,
    /// Ratio to the usual rate (connections per active hour) from which a rate is anomalous, >= 1. Default 4.
    pub connection_frequency_threshold: f64,
    /// Largest asymmetry `|up - down| / (up + down)` that counts as symmetric, 0..=1. Default 0.5.
    pub payload_symmetry_threshold: f64,
    /// Bits per character of paths and queries from which content counts as encoded, 0..=8. Default 4.2: English
    /// paths lie near 3.5, base64 of 40 characters near 4.8.
    pub payload_entropy_threshold: f64,
    /// Share of the observed hours that a series is connected from which it is persistent, 0..=1. Default 0.5.
    pub session_persistence_threshold: f64,
    /// Largest share of the other devices that reach a destination for it to be rare, 0..=1. Default 0.01.
    pub destination_rarity_threshold: f64,
    /// Wakes per hour by push from which they are frequent, > 0. Default 3: Apple documents 2 to 3 silent pushes an
    /// hour as the most that apps should expect.
    pub notification_wake_frequency_threshold: f64,
    /// Whether an app's traffic is expected while it is in the foreground only. Default true.
    pub foreground_state_required: bool,
    /// How long a person's touch explains traffic, seconds. Default 60.
    pub recent_user_interaction_window_secs: u32,
    /// Unique information in names below one domain from which it is a channel, bits per hour. Default 4,000;
    /// published detectors work from 20,000 (0.7 bytes a second) on far busier links.
    pub dns_information_rate_threshold: f64,
    /// Resolvers that devices may use; empty means any.
    pub sanctioned_resolvers: Vec<IpAddr>,
    /// Expected false alerts in 1,000 device-days that an alert may have, > 0. Default 1.
    pub alert_budget_per_1000_device_days: f64,
}

impl Default for Thresholds {
    fn default() -> Self {
        Self {
            beacon_interval_variance_threshold: 1.0,
            cadence_anomaly_threshold: 0.01,
            https_cadence_anomaly_threshold: 0.01,
            connection_frequency_threshold: 4.0,
            payload_symmetry_threshold: 0.5,
            payload_entropy_threshold: 4.2,
            session_persistence_threshold: 0.5,
            destination_rarity_threshold: 0.01,
            notification_wake_frequency_threshold: 3.0,
            foreground_state_required: true,
            recent_user_interaction_window_secs: 60,
            dns_information_rate_threshold: 4000.0,
            sanctioned_resolvers: Vec::new(),
            alert_budget_per_1000_device_days: 1.0,
        }
    }
}
