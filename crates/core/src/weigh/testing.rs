//! A series to be weighed in tests.

use super::Case;
use crate::baseline::{Baseline, Declared, Past, Peers, Polls, RoleHours, Shape};
use crate::model::{Day, Platform};
use crate::score::machine::Machine;
use crate::series::{Destination, Event, Events, Profile, SeriesKey, Service};
use crate::thresholds::Thresholds;

/// Check-ins at so many instants, microseconds, of which nothing else is known.
pub(crate) fn check_ins(at_micros: impl Iterator<Item = i64>) -> Events {
    let event = |at_micros| Event { at_micros, ..Event::default() };
    Events::of(at_micros.map(event).collect())
}

/// Everything that a case borrows.
pub(super) struct Scene {
    pub(super) key: SeriesKey,
    pub(super) profile: Profile,
    pub(super) machine: Machine,
    pub(super) baseline: Baseline,
    pub(super) declared: Declared,
    pub(super) peers: Peers,
    pub(super) polls: Polls,
    pub(super) app_hours: Vec<(i32, u32)>,
    pub(super) role_hours: RoleHours,
    pub(super) thresholds: Thresholds,
    pub(super) role: &'static str,
}

impl Scene {
    /// `com.a`, a tool, to `x.example` over a service; nothing is known of anything else.
    pub(super) fn over(service: Service) -> Self {
        let destination = Destination::Domain("x.example".into());
        Self {
            key: SeriesKey { app: Some("com.a".into()), destination, service },
            profile: Profile::default(),
            machine: Machine::default(),
            baseline: Baseline::default(),
            declared: Declared::default(),
            peers: Peers::default(),
            polls: Polls::default(),
            app_hours: Vec::new(),
            role_hours: RoleHours::default(),
            thresholds: Thresholds::default(),
            role: "tools",
        }
    }

    pub(super) fn case(&self) -> Case<'_> {
        Case {
            key: &self.key,
            profile: &self.profile,
            machine: &self.machine,
            features: Shape::of(&self.profile, &self.machine).in_fleet(&self.key.destination, &self.baseline),
            platform: Platform::Android,
            is_appliance: false,
            members: &[],
            role: self.role,
            device: 0,
            day: Day::from_number(0),
            past: Past::default(),
            baseline: &self.baseline,
            learned: None,
            declared: &self.declared,
            peers: &self.peers,
            polls: &self.polls,
            app_hours: &self.app_hours,
            role_hours: &self.role_hours,
            thresholds: &self.thresholds,
            internal: &[],
        }
    }
}
