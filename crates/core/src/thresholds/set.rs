//! Thresholds for everything, for a platform, a role or an app: the most specific wins.

use super::{ThresholdKey, ThresholdValue, Thresholds};
use crate::model::Platform;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// What some platform, role or app has different.
pub type Overrides = BTreeMap<ThresholdKey, ThresholdValue>;

/// What thresholds are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scope<'s> {
    /// Platform of the device.
    pub platform: Platform,
    /// Role of the app, `network_only` when the app is unknown.
    pub role: &'s str,
    /// The app, where known.
    pub app: Option<&'s str>,
}

/// The thresholds of a run.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ThresholdSet {
    /// For everything that nothing below names.
    pub global: Thresholds,
    /// By platform.
    pub platforms: BTreeMap<Platform, Overrides>,
    /// By role.
    pub roles: BTreeMap<Box<str>, Overrides>,
    /// By package name or bundle id.
    pub apps: BTreeMap<Box<str>, Overrides>,
}

impl ThresholdSet {
    /// The thresholds that apply: the app's, else its role's, else the platform's, else the global ones, each
    /// threshold by itself. Borrowed where nothing overrides.
    pub fn for_series(&self, scope: Scope<'_>) -> Cow<'_, Thresholds> {
        let mut found = Cow::Borrowed(&self.global);
        for overrides in self.layers(scope) {
            for (key, value) in overrides {
                found.to_mut().set(*key, value);
            }
        }
        found
    }

    /// Whether the global thresholds hold for everything.
    pub fn is_uniform(&self) -> bool {
        self.platforms.is_empty() && self.roles.is_empty() && self.apps.is_empty()
    }

    /// How long a person's touch explains traffic, seconds, without building the whole set.
    pub fn interaction_window_secs(&self, scope: Scope<'_>) -> u32 {
        let said = self.layers(scope).filter_map(|overrides| {
            match overrides.get(&ThresholdKey::RecentUserInteractionWindow) {
                Some(ThresholdValue::Secs(secs)) => Some(*secs),
                _ => None,
            }
        });
        said.last().unwrap_or(self.global.recent_user_interaction_window_secs)
    }

    /// What applies besides the global thresholds, least specific first.
    fn layers(&self, scope: Scope<'_>) -> impl Iterator<Item = &Overrides> {
        let app = scope.app.and_then(|app| self.apps.get(app));
        [self.platforms.get(&scope.platform), self.roles.get(scope.role), app].into_iter().flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secs(secs: u32) -> Overrides {
        BTreeMap::from([(ThresholdKey::RecentUserInteractionWindow, ThresholdValue::Secs(secs))])
    }

    #[test]
    fn the_most_specific_wins_threshold_by_threshold() {
        let rare = (ThresholdKey::DestinationRarity, ThresholdValue::Number(0.2));
        let mut ios = secs(10);
        ios.extend([rare]);
        let set = ThresholdSet {
            platforms: BTreeMap::from([(Platform::Ios, ios)]),
            roles: BTreeMap::from([("tools".into(), secs(20))]),
            apps: BTreeMap::from([("com.example.a".into(), secs(30))]),
            ..ThresholdSet::default()
        };
        for (platform, role, app, window, rarity) in [
            (Platform::Android, "games", None, 60, 0.01),
            (Platform::Ios, "games", None, 10, 0.2),
            (Platform::Ios, "tools", Some("b"), 20, 0.2),
            (Platform::Android, "tools", Some("com.example.a"), 30, 0.01),
        ] {
            let scope = Scope { platform, role, app };
            let found = set.for_series(scope);
            assert_eq!(found.recent_user_interaction_window_secs, window);
            assert_eq!(set.interaction_window_secs(scope), window);
            assert!((found.destination_rarity_threshold - rarity).abs() < 1e-12);
        }
        let plain = set.for_series(Scope { platform: Platform::Unknown, role: "games", app: None });
        assert!(matches!(plain, Cow::Borrowed(_)));
    }
}
