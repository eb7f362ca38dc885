//! ATT&CK for Mobile v19: the technique, detection strategies and analytics that undertone implements.
//!
//! Source: `mobile-attack` v19.1 (2026-05-12), objects DET0685, DET0620 and their analytics.

use crate::model::Platform;

/// Version of the ATT&CK matrix that the ids below come from.
pub const ATTACK_VERSION: &str = "19.1";

/// A detection analytic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Analytic {
    /// Android, Web Protocols.
    An1681,
    /// iOS, Web Protocols.
    An1682,
    /// Android, Application Layer Protocol.
    An1793,
    /// iOS, Application Layer Protocol.
    An1794,
}

impl Analytic {
    /// The id, `AN1793`.
    pub const fn id(self) -> &'static str {
        match self {
            Self::An1681 => "AN1681",
            Self::An1682 => "AN1682",
            Self::An1793 => "AN1793",
            Self::An1794 => "AN1794",
        }
    }
}

/// A technique with the strategy and (where the platform is known) the analytic that detects it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Attack {
    /// Technique id.
    pub technique: &'static str,
    /// Technique name.
    pub name: &'static str,
    /// Detection strategy id.
    pub strategy: &'static str,
    /// Analytic; `None` when the platform is unknown.
    pub analytic: Option<Analytic>,
}

/// What a finding maps to, most specific first: the web child technique where the channel is web, and its
/// parent always. An unknown platform gives no analytic.
pub fn attacks_of(platform: Platform, is_web: bool) -> Vec<Attack> {
    let pick = |android, ios| match platform {
        Platform::Android => Some(android),
        Platform::Ios => Some(ios),
        Platform::Unknown => None,
    };
    let parent = Attack {
        technique: "T1437",
        name: "Application Layer Protocol",
        strategy: "DET0685",
        analytic: pick(Analytic::An1793, Analytic::An1794),
    };
    if !is_web {
        return vec![parent];
    }
    let child = Attack {
        technique: "T1437.001",
        name: "Web Protocols",
        strategy: "DET0620",
        analytic: pick(Analytic::An1681, Analytic::An1682),
    };
    vec![child, parent]
}

/// A mutable element of the analytics, by ATT&CK's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Element {
    /// Acceptable periodicity variance (AN1793, AN1681).
    BeaconIntervalVarianceThreshold,
    /// Acceptable deviation in protocol communication timing (AN1794).
    CadenceAnomalyThreshold,
    /// Acceptable deviation in recurring web traffic timing (AN1682).
    HttpsCadenceAnomalyThreshold,
    /// Anomalous connection rates (AN1793).
    ConnectionFrequencyThreshold,
    /// Acceptable ratio between request and response sizes (AN1681).
    PayloadSymmetryThreshold,
    /// Encoded or structured payload content (AN1793).
    PayloadEntropyThreshold,
    /// Long-lived sessions (AN1794, AN1682).
    SessionPersistenceThreshold,
    /// Expected mapping of application functionality to protocol usage (AN1794).
    AppNetworkBehaviorBaseline,
    /// Expected mapping between application category and endpoints (AN1681).
    AppNetworkRoleBaseline,
    /// Background wake events (AN1682).
    NotificationWakeFrequencyThreshold,
}

impl Element {
    /// All ten elements.
    pub const ALL: [Self; 10] = [
        Self::BeaconIntervalVarianceThreshold,
        Self::CadenceAnomalyThreshold,
        Self::HttpsCadenceAnomalyThreshold,
        Self::ConnectionFrequencyThreshold,
        Self::PayloadSymmetryThreshold,
        Self::PayloadEntropyThreshold,
        Self::SessionPersistenceThreshold,
        Self::AppNetworkBehaviorBaseline,
        Self::AppNetworkRoleBaseline,
        Self::NotificationWakeFrequencyThreshold,
    ];

    /// ATT&CK's name of the element.
    pub const fn name(self) -> &'static str {
        match self {
            Self::BeaconIntervalVarianceThreshold => "BeaconIntervalVarianceThreshold",
            Self::CadenceAnomalyThreshold => "CadenceAnomalyThreshold",
            Self::HttpsCadenceAnomalyThreshold => "HTTPSCadenceAnomalyThreshold",
            Self::ConnectionFrequencyThreshold => "ConnectionFrequencyThreshold",
            Self::PayloadSymmetryThreshold => "PayloadSymmetryThreshold",
            Self::PayloadEntropyThreshold => "PayloadEntropyThreshold",
            Self::SessionPersistenceThreshold => "SessionPersistenceThreshold",
            Self::AppNetworkBehaviorBaseline => "AppNetworkBehaviorBaseline",
            Self::AppNetworkRoleBaseline => "AppNetworkRoleBaseline",
            Self::NotificationWakeFrequencyThreshold => "NotificationWakeFrequencyThreshold",
        }
    }

    /// Key of the element in a thresholds file.
    pub const fn config_key(self) -> &'static str {
        match self {
            Self::BeaconIntervalVarianceThreshold => "beacon_interval_variance_threshold",
            Self::CadenceAnomalyThreshold => "cadence_anomaly_threshold",
            Self::HttpsCadenceAnomalyThreshold => "https_cadence_anomaly_threshold",
            Self::ConnectionFrequencyThreshold => "connection_frequency_threshold",
            Self::PayloadSymmetryThreshold => "payload_symmetry_threshold",
            Self::PayloadEntropyThreshold => "payload_entropy_threshold",
            Self::SessionPersistenceThreshold => "session_persistence_threshold",
            Self::AppNetworkBehaviorBaseline => "app_network_behavior_baseline",
            Self::AppNetworkRoleBaseline => "app_network_role_baseline",
            Self::NotificationWakeFrequencyThreshold => "notification_wake_frequency_threshold",
        }
    }

    /// The timing element that fits a platform and channel: each analytic names its own.
    pub const fn timing(platform: Platform, is_web: bool) -> Self {
        match (platform, is_web) {
            (Platform::Ios, true) => Self::HttpsCadenceAnomalyThreshold,
            (Platform::Ios, false) => Self::CadenceAnomalyThreshold,
            _ => Self::BeaconIntervalVarianceThreshold,
        }
    }
}
