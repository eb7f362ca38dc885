//! Roles of apps: what telemetry says, then the user's file, then the shipped map.

use std::collections::BTreeMap;
use undertone_core::model::Telemetry;
use undertone_core::roles::{ROLE_UNKNOWN, shipped_role};

/// Votes for the role of each app; mergeable.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Roles {
    votes: BTreeMap<Box<str>, BTreeMap<Box<str>, u64>>,
    declared: BTreeMap<Box<str>, Box<str>>,
}

impl Roles {
    /// Roles that the user declares; they win over what telemetry says.
    pub fn declared(declared: BTreeMap<Box<str>, Box<str>>) -> Self {
        Self { votes: BTreeMap::new(), declared }
    }

    /// Counts what the telemetry of a device says.
    pub fn count(&mut self, telemetry: &[Telemetry<'_>]) {
        for event in telemetry {
            if let (Some(app), Some(role)) = (event.app_id, event.role.filter(|role| !role.is_empty())) {
                *self.votes.entry(app.into()).or_default().entry(role.into()).or_default() += 1;
            }
        }
    }

    /// Adds the votes of others.
    pub fn merge(&mut self, other: Self) {
        for (app, roles) in other.votes {
            let known = self.votes.entry(app).or_default();
            roles.into_iter().for_each(|(role, count)| *known.entry(role).or_default() += count);
        }
        self.declared.extend(other.declared);
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
