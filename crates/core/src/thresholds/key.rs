//! The thresholds one by one: their names, what they hold, and the range that makes sense.

use super::Thresholds;

/// A threshold, by its name in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ThresholdKey {
    /// [`Thresholds::beacon_interval_variance_threshold`].
    BeaconIntervalVariance,
    /// [`Thresholds::cadence_anomaly_threshold`].
    CadenceAnomaly,
    /// [`Thresholds::https_cadence_anomaly_threshold`].
    HttpsCadenceAnomaly,
    /// [`Thresholds::connection_frequency_threshold`].
    ConnectionFrequency,
    /// [`Thresholds::payload_symmetry_threshold`].
    PayloadSymmetry,
    /// [`Thresholds::payload_entropy_threshold`].
    PayloadEntropy,
    /// [`Thresholds::session_persistence_threshold`].
    SessionPersistence,
    /// [`Thresholds::destination_rarity_threshold`].
    DestinationRarity,
    /// [`Thresholds::notification_wake_frequency_threshold`].
    NotificationWakeFrequency,
    /// [`Thresholds::foreground_state_required`].
    ForegroundStateRequired,
    /// [`Thresholds::recent_user_interaction_window_secs`].
    RecentUserInteractionWindow,
    /// [`Thresholds::dns_information_rate_threshold`].
    DnsInformationRate,
    /// [`Thresholds::sanctioned_resolvers`].
    SanctionedResolvers,
    /// [`Thresholds::alert_budget_per_1000_device_days`].
    AlertBudget,
}

/// What a threshold holds, with the values that make sense, ends included.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Kind {
    /// A number.
    Number {
        /// Least value.
        least: f64,
        /// Greatest value.
        most: f64,
    },
    /// A whole number of seconds.
    Secs {
        /// Least value.
        least: u32,
        /// Greatest value.
        most: u32,
    },
    /// Yes or no.
    Flag,
    /// Addresses, any number.
    Addresses,
}

/// The value of a threshold.
#[derive(Debug, Clone, PartialEq)]
pub enum ThresholdValue {
    /// A number.
    Number(f64),
    /// Seconds.
    Secs(u32),
    /// Yes or no.
    Flag(bool),
    /// Addresses.
    Addresses(Vec<std::net::IpAddr>),
}

impl ThresholdKey {
    /// All, in the order of [`Thresholds`].
    pub const ALL: [Self; 14] = [
        Self::BeaconIntervalVariance,
        Self::CadenceAnomaly,
        Self::HttpsCadenceAnomaly,
        Self::ConnectionFrequency,
        Self::PayloadSymmetry,
        Self::PayloadEntropy,
        Self::SessionPersistence,
        Self::DestinationRarity,
        Self::NotificationWakeFrequency,
        Self::ForegroundStateRequired,
        Self::RecentUserInteractionWindow,
        Self::DnsInformationRate,
        Self::SanctionedResolvers,
        Self::AlertBudget,
    ];

    /// The name in a file: ATT&CK's name in snake case, where it is ATT&CK's.
    pub const fn name(self) -> &'static str {
        match self {
            Self::BeaconIntervalVariance => "beacon_interval_variance_threshold",
            Self::CadenceAnomaly => "cadence_anomaly_threshold",
            Self::HttpsCadenceAnomaly => "https_cadence_anomaly_threshold",
            Self::ConnectionFrequency => "connection_frequency_threshold",
            Self::PayloadSymmetry => "payload_symmetry_threshold",
            Self::PayloadEntropy => "payload_entropy_threshold",
            Self::SessionPersistence => "session_persistence_threshold",
            Self::DestinationRarity => "destination_rarity_threshold",
            Self::NotificationWakeFrequency => "notification_wake_frequency_threshold",
            Self::ForegroundStateRequired => "foreground_state_required",
            Self::RecentUserInteractionWindow => "recent_user_interaction_window_secs",
            Self::DnsInformationRate => "dns_information_rate_threshold",
            Self::SanctionedResolvers => "sanctioned_resolvers",
            Self::AlertBudget => "alert_budget_per_1000_device_days",
        }
    }

    /// The threshold of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|key| key.name() == name)
    }

    /// What it holds. Where a limit is not that of a share or a p-value, it is where the value stops having an effect.
    pub const fn kind(self) -> Kind {
        let (least, most) = match self {
            Self::BeaconIntervalVariance => (0.0, 3.0),
            // A p-value of 0 would switch the evidence off by accident; 1 switches the gate off on purpose.
            Self::CadenceAnomaly | Self::HttpsCadenceAnomaly => (1e-7, 1.0),
            Self::ConnectionFrequency => (1.0, 1e6),
            Self::PayloadSymmetry | Self::SessionPersistence | Self::DestinationRarity => (0.0, 1.0),
            Self::PayloadEntropy => (0.0, 8.0),
            Self::NotificationWakeFrequency => (0.01, 3600.0),
            Self::DnsInformationRate => (1.0, 1e9),
            Self::AlertBudget => (0.001, 1000.0),
            Self::ForegroundStateRequired => return Kind::Flag,
            Self::RecentUserInteractionWindow => return Kind::Secs { least: 0, most: 86_400 },
            Self::SanctionedResolvers => return Kind::Addresses,
        };
        Kind::Number { least, most }
    }

    /// Whether it can only be set for the whole fleet: resolvers belong to the network, the budget to the analyst.
    pub const fn is_global(self) -> bool {
        matches!(self, Self::SanctionedResolvers | Self::AlertBudget)
    }

    /// Whether it decides what is counted while a phone's records are looked at: what comes of them then is of no use
    /// under another value.
    pub const fn acts_while_reading(self) -> bool {
        matches!(self, Self::RecentUserInteractionWindow)
    }
}

impl Thresholds {
    /// The value of a threshold.
    pub fn get(&self, key: ThresholdKey) -> ThresholdValue {
        use ThresholdKey as K;
        ThresholdValue::Number(match key {
            K::BeaconIntervalVariance => self.beacon_interval_variance_threshold,
            K::CadenceAnomaly => self.cadence_anomaly_threshold,
            K::HttpsCadenceAnomaly => self.https_cadence_anomaly_threshold,
            K::ConnectionFrequency => self.connection_frequency_threshold,
            K::PayloadSymmetry => self.payload_symmetry_threshold,
            K::PayloadEntropy => self.payload_entropy_threshold,
            K::SessionPersistence => self.session_persistence_threshold,
            K::DestinationRarity => self.destination_rarity_threshold,
            K::NotificationWakeFrequency => self.notification_wake_frequency_threshold,
            K::DnsInformationRate => self.dns_information_rate_threshold,
            K::AlertBudget => self.alert_budget_per_1000_device_days,
            K::ForegroundStateRequired => return ThresholdValue::Flag(self.foreground_state_required),
            K::RecentUserInteractionWindow => {
                return ThresholdValue::Secs(self.recent_user_interaction_window_secs);
            }
            K::SanctionedResolvers => return ThresholdValue::Addresses(self.sanctioned_resolvers.clone()),
        })
    }

    /// Sets a threshold; says whether the value was of its kind and in its range. Nothing changes if not.
    pub fn set(&mut self, key: ThresholdKey, value: &ThresholdValue) -> bool {
        match (key.kind(), value) {
            (Kind::Number { least, most }, ThresholdValue::Number(number))
                if (least..=most).contains(number) =>
            {
                self.number_mut(key).is_some_and(|slot| {
                    *slot = *number;
                    true
                })
            }
            (Kind::Secs { least, most }, ThresholdValue::Secs(secs)) if (least..=most).contains(secs) => {
                self.recent_user_interaction_window_secs = *secs;
                true
            }
            (Kind::Flag, ThresholdValue::Flag(flag)) => {
                self.foreground_state_required = *flag;
                true
            }
            (Kind::Addresses, ThresholdValue::Addresses(addresses)) => {
                self.sanctioned_resolvers.clone_from(addresses);
                true
            }
            _ => false,
        }
    }

    fn number_mut(&mut self, key: ThresholdKey) -> Option<&mut f64> {
        use ThresholdKey as K;
        Some(match key {
            K::BeaconIntervalVariance => &mut self.beacon_interval_variance_threshold,
            K::CadenceAnomaly => &mut self.cadence_anomaly_threshold,
            K::HttpsCadenceAnomaly => &mut self.https_cadence_anomaly_threshold,
            K::ConnectionFrequency => &mut self.connection_frequency_threshold,
            K::PayloadSymmetry => &mut self.payload_symmetry_threshold,
            K::PayloadEntropy => &mut self.payload_entropy_threshold,
            K::SessionPersistence => &mut self.session_persistence_threshold,
            K::DestinationRarity => &mut self.destination_rarity_threshold,
            K::NotificationWakeFrequency => &mut self.notification_wake_frequency_threshold,
            K::DnsInformationRate => &mut self.dns_information_rate_threshold,
            K::AlertBudget => &mut self.alert_budget_per_1000_device_days,
            K::ForegroundStateRequired | K::RecentUserInteractionWindow | K::SanctionedResolvers => {
                return None;
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attack::Element;

    #[test]
    fn every_element_with_a_number_is_a_threshold() {
        let baselines = [Element::AppNetworkBehaviorBaseline, Element::AppNetworkRoleBaseline];
        for element in Element::ALL.into_iter().filter(|element| !baselines.contains(element)) {
            assert!(ThresholdKey::from_name(element.config_key()).is_some(), "{element:?}");
        }
    }

    #[test]
    fn defaults_are_in_range_and_what_is_set_is_got() {
        let defaults = Thresholds::default();
        for key in ThresholdKey::ALL {
            let other = match defaults.get(key) {
                ThresholdValue::Number(_) => ThresholdValue::Number(1.0),
                ThresholdValue::Secs(_) => ThresholdValue::Secs(7),
                ThresholdValue::Flag(flag) => ThresholdValue::Flag(!flag),
                ThresholdValue::Addresses(_) => ThresholdValue::Addresses(vec![[9, 9, 9, 9].into()]),
            };
            let mut changed = defaults.clone();
            assert!(changed.set(key, &defaults.get(key)), "{key:?}");
            assert!(changed.set(key, &other), "{key:?}");
            assert_eq!(changed.get(key), other);
            let untouched = ThresholdKey::ALL.into_iter().filter(|k| changed.get(*k) == defaults.get(*k));
            assert!(untouched.count() >= ThresholdKey::ALL.len() - 1, "{key:?}");
        }
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        let mut thresholds = Thresholds::default();
        for value in [-0.1, 3.1, f64::NAN, f64::INFINITY] {
            assert!(!thresholds.set(ThresholdKey::BeaconIntervalVariance, &ThresholdValue::Number(value)));
        }
        assert!(!thresholds.set(ThresholdKey::ForegroundStateRequired, &ThresholdValue::Secs(1)));
        assert_eq!(thresholds, Thresholds::default());
    }
}
