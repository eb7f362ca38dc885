//! The series of one device, each weighed against the fleet.

use super::{OfDay, OfDevice};
use crate::scan::devices::Device;
use crate::scan::rotations::Rotations;
use crate::scan::settings::Settings;
use crate::telemetry::Roles;
use std::collections::BTreeMap;
use undertone_core::attribution::AttributionMethod;
use undertone_core::baseline::{Baseline, Past, Peers, Polls, RoleHours, Shape};
use undertone_core::model::Day;
use undertone_core::score::days::Assessed;
use undertone_core::score::{Depth, Scored, ScoredDevice, drafts, reference, weigh_case};
use undertone_core::series::{Destination, SeriesKey};
use undertone_core::thresholds::Scope;
use undertone_core::weigh::Case;

/// One device's series against the rest of the fleet.
pub(super) struct Context<'c> {
    pub(super) baseline: &'c Baseline,
    pub(super) rotations: &'c [Rotations],
    pub(super) peers: &'c Peers,
    pub(super) polls: &'c Polls,
    pub(super) roles: &'c Roles,
    pub(super) role_hours: &'c RoleHours,
    pub(super) settings: &'c Settings,
}

impl Context<'_> {
    pub(super) fn device(
        &self,
        number: usize,
        device: &Device,
        assessed: Vec<Assessed>,
        depth: Depth,
    ) -> OfDevice {
        let rotations = self.rotations.get(number).filter(|found| !found.assessed.is_empty());
        // What a rotation tells of its members depends on what all of them weigh.
        let weighed_to = if rotations.is_some() { Depth::Full } else { depth };
        let score = |series, members: &[_]| self.score_series((number, device), series, members, weighed_to);
        let mut scored: Vec<Scored> = assessed.into_iter().map(|series| score(series, &[])).collect();
        if let Some(found) = rotations {
            let series = found.assessed.iter();
            scored.extend(series.map(|series| score(series.clone(), found.members(&series.key))));
        }
        let mut days: BTreeMap<Day, OfDay> = BTreeMap::new();
        for series in &scored {
            let day = days.entry(series.day).or_default();
            day.has_past = series.has_past;
            day.is_loud |= series.is_loud;
        }
        let of = ScoredDevice {
            id: &device.id,
            platform: device.platform,
            addresses: &device.report.addresses,
            is_fleet: self.baseline.is_fleet(),
        };
        OfDevice { found: drafts(of, scored, depth), days, is_shortened: false }
    }

    /// The days before: those of the inputs, and those that the learned baseline remembers.
    fn past(&self, device: &Device, series: &Assessed, members: &[(Destination, u32)]) -> Past {
        let here = Past {
            device_days: count_before(&device.report.days, series.day),
            series_days: series.days_before,
            days_judged: series.days_judged,
            has_gaps: device.left_out > 0,
            is_place_known: device.report.reached.iter().any(|reached| {
                reached.destination == series.key.destination && reached.first_day < series.day
            }),
            open_since: None,
        };
        let learned = self.settings.learned.as_ref().and_then(|learned| learned.habits.as_ref());
        let known = learned.and_then(|known| {
            let past_of = |key: &SeriesKey| {
                known.past(&device.id, key, self.baseline.is_everybodys(&key.destination), series.day)
            };
            Some(past_of(&series.key)?.or(past_of_most(&series.key, members, past_of)))
        });
        known.map_or(here, |known| known.or(here))
    }

    fn score_series(
        &self,
        (number, device): (usize, &Device),
        series: Assessed,
        members: &[(Destination, u32)],
        depth: Depth,
    ) -> Scored {
        let app = series.key.app.as_deref();
        let role = self.roles.role_of(app);
        let attribution = app
            .and_then(|app| device.method_of_app.get(app))
            .copied()
            .unwrap_or(AttributionMethod::None)
            .as_str();
        let scope = Scope { platform: device.platform, role, app };
        let thresholds = self.settings.thresholds.for_series(scope);
        let past = self.past(device, &series, members);
        let case = Case {
            key: &series.key,
            profile: &series.profile,
            machine: &series.machine,
            features: Shape::of(&series.profile, &series.machine)
                .in_fleet(&series.key.destination, self.baseline),
            platform: device.platform,
            is_appliance: device.is_appliance && self.baseline.is_fleet(),
            members,
            role,
            device: u32::try_from(number).unwrap_or(u32::MAX),
            day: series.day,
            past,
            baseline: self.baseline,
            learned: self.settings.learned.as_ref().map(|learned| &learned.baseline),
            declared: &self.settings.declared,
            peers: self.peers,
            polls: self.polls,
            app_hours: app.and_then(|app| device.report.app_hours.get(app)).map_or(&[][..], Vec::as_slice),
            role_hours: self.role_hours,
            thresholds: &thresholds,
            internal: &self.settings.internal,
        };
        let has_past = case.has_past();
        let reach = (!series.key.destination.is_group()).then_some(case.features.reach);
        let (weighed, role) = (weigh_case(&case, depth), role.to_owned());
        // What cameras poll tells nothing of how many of the phones' apps do.
        let is_loud = !case.is_appliance && reference::is_loud(&weighed, has_past, past, reach);
        Scored {
            members: members.iter().map(|(destination, _)| destination.clone()).collect(),
            attribution,
            role,
            key: series.key,
            day: series.day,
            is_loud,
            has_past,
            profile: series.profile,
            machine: series.machine,
            weighed,
        }
    }
}

/// A group has no past of its own where it was none before: what is known of the places to which most of its starts go is
/// known of it.
fn past_of_most(
    group: &SeriesKey,
    members: &[(Destination, u32)],
    past_of: impl Fn(&SeriesKey) -> Option<Past>,
) -> Past {
    let all: u64 = members.iter().map(|(_, starts)| u64::from(*starts)).sum();
    let (mut seen, mut judged) = (0, 0);
    for (destination, starts) in members {
        let past = past_of(&SeriesKey { destination: destination.clone(), ..group.clone() });
        seen += past.filter(|past| past.series_days > 0).map_or(0, |_| u64::from(*starts));
        judged += past.filter(|past| past.days_judged > 0).map_or(0, |_| u64::from(*starts));
    }
    let is_most = |starts: u64| u32::from(2 * starts > all);
    Past { series_days: is_most(seen), days_judged: is_most(judged), ..Past::default() }
}

/// Days of an ascending list before a day.
fn count_before(days: &[Day], day: Day) -> u32 {
    u32::try_from(days.partition_point(|known| *known < day)).unwrap_or(u32::MAX)
}
