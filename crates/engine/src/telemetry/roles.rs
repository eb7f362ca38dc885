//! Roles of apps: what telemetry says, then the user's file, then the shipped map.

use bitcode::{Decode, Encode};
use hashbrown::HashMap;
use std::collections::BTreeMap;
use undertone_core::model::Telemetry;
use undertone_core::roles::{ROLE_UNKNOWN, shipped_role};

/// Votes for the role of each app; mergeable.
#[derive(Debug, Clone, Default, PartialEq, Eq, Encode, Decode)]
pub struct Roles {
    votes: BTreeMap<Box<str>, BTreeMap<Box<str>, u64>>,
    declared: BTreeMap<Box<str>, Box<str>>,
}

impl Roles {
    /// Roles that the user declares; they win over what telemetry says.
    pub fn declared(declared: BTreeMap<Box<str>, Box<str>>) -> Self {
        Self { votes: BTreeMap::new(), declared }
    }

    /// What the telemetry of a device says.
    pub fn of(telemetry: &[Telemetry<'_>]) -> Self {
        // Rows repeat their app's role: only sums are copied.
        let mut sums: HashMap<(&str, &str), u64, foldhash::fast::RandomState> = HashMap::default();
        for event in telemetry {
            if let (Some(app), Some(role)) = (event.app_id, event.role.filter(|role| !role.is_empty())) {
                *sums.entry((app, role)).or_default() += 1;
            }
        }
        let mut roles = Self::default();
        for ((app, role), count) in sums {
            *roles.votes.entry(app.into()).or_default().entry(role.into()).or_default() += count;
        }
        roles
    }

    /// Adds the votes of others.
    pub fn merge(&mut self, other: Self) {
        for (app, roles) in other.votes {
            let known = self.votes.entry(app).or_default();
            for (role, count) in roles {
                *known.entry(role).or_default() += count;
            }
        }
        self.declared.extend(other.declared);
    }

    /// Whether an app has the role, by the user's word or by telemetry.
    pub fn has(&self, role: &str) -> bool {
        let voted = self.votes.values().any(|roles| roles.contains_key(role));
        voted || self.declared.values().any(|declared| declared.as_ref() == role)
    }

    /// The role of an app when only one phone's telemetry is at hand: the user's word, else that phone's.
    pub fn role_beside<'r>(&'r self, phone: &'r Self, app: Option<&'r str>) -> &'r str {
        let declared = app.and_then(|app| self.declared.get(app));
        declared.map_or_else(|| phone.role_of(app), AsRef::as_ref)
    }

    /// The role of an app; `network_only` for an unknown app, `unknown` for an app of no known role.
    pub fn role_of<'r>(&'r self, app: Option<&'r str>) -> &'r str {
        let Some(app) = app else { return ROLE_UNKNOWN };
        let most = |roles: &'r BTreeMap<Box<str>, u64>| {
            roles.iter().max_by(|(role_a, a), (role_b, b)| a.cmp(b).then_with(|| role_b.cmp(role_a)))
        };
        let declared = self.declared.get(app).map(AsRef::as_ref);
        let voted = || self.votes.get(app).and_then(most).map(|(role, _)| role.as_ref());
        declared.or_else(voted).or_else(|| shipped_role(app)).unwrap_or("unknown")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use undertone_core::model::{Platform, Push, TelemetryKind, Timestamp};

    fn said(app: &'static str, role: &'static str) -> Telemetry<'static> {
        Telemetry {
            at: Timestamp::from_secs(0),
            device_id: "d",
            platform: Platform::Android,
            app_id: Some(app),
            app_name: None,
            role: Some(role),
            uid: None,
            source: "test",
            kind: TelemetryKind::Push(Push::default()),
        }
    }

    #[test]
    fn the_users_word_beats_telemetry_which_beats_the_shipped_map() {
        let phone = Roles::of(&[said("com.whatsapp", "tools"), said("a", "games"), said("b", "games")]);
        let mut all = Roles::declared(BTreeMap::from([("a".into(), "weather".into())]));
        assert_eq!(all.role_beside(&phone, Some("a")), "weather");
        assert_eq!(all.role_beside(&phone, Some("b")), "games");
        all.merge(phone);
        for (app, role) in [
            (Some("a"), "weather"),
            (Some("b"), "games"),
            (Some("com.whatsapp"), "tools"),
            (Some("com.apple.mobilesafari"), "browser"),
            (Some("com.example.torch"), "unknown"),
            (None, "network_only"),
        ] {
            assert_eq!(all.role_of(app), role, "{app:?}");
        }
    }
}
