//! What given data can show, element by element of ATT&CK: which phones have what is needed for each, and why the
//! others do not. Absent data is no evidence, so a finding that is missing means little where this says "cannot see".

use crate::attack::Element;
use crate::baseline::FLEET_DEVICES_MIN;
use crate::model::Platform;
use bitcode::{Decode, Encode};
use std::collections::BTreeMap;

/// Check-ins that a rhythm needs.
const CHECK_INS_MIN: u64 = 8;
/// Sessions with sizes, or requests with paths, from which either says something.
const SAMPLES_MIN: u64 = 6;

/// What is known of one device's sessions, in sessions unless said otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Encode, Decode)]
pub struct DeviceSeen {
    /// All.
    pub sessions: u64,
    /// Whose app is known.
    pub with_app: u64,
    /// For which it is known whether the device was locked.
    pub with_lock_state: u64,
    /// For which it is known whether the app was on the screen.
    pub with_app_state: u64,
    /// For which it is known whether somebody used the device shortly before.
    pub with_interaction: u64,
    /// With bytes sent or received.
    pub with_sizes: u64,
    /// With a duration.
    pub with_durations: u64,
    /// With a name of the server (TLS, HTTP or DNS).
    pub with_names: u64,
    /// With a fingerprint of the TLS client or a user agent.
    pub with_stacks: u64,
    /// HTTP requests with a path.
    pub requests_with_paths: u64,
    /// DNS queries.
    pub lookups: u64,
    /// Push messages that telemetry tells of.
    pub pushes: u64,
    /// Most sessions or messages of one web series.
    pub web_check_ins: u64,
    /// Most sessions or messages of one series that is not web.
    pub other_check_ins: u64,
}

impl DeviceSeen {
    /// Adds what is known of another part of the same device.
    pub fn add(&mut self, part: Self) {
        self.sessions += part.sessions;
        self.with_app += part.with_app;
        self.with_lock_state += part.with_lock_state;
        self.with_app_state += part.with_app_state;
        self.with_interaction += part.with_interaction;
        self.with_sizes += part.with_sizes;
        self.with_durations += part.with_durations;
        self.with_names += part.with_names;
        self.with_stacks += part.with_stacks;
        self.requests_with_paths += part.requests_with_paths;
        self.lookups += part.lookups;
        self.pushes += part.pushes;
        self.web_check_ins = self.web_check_ins.max(part.web_check_ins);
        self.other_check_ins = self.other_check_ins.max(part.other_check_ins);
    }
}

/// What surrounds the devices.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Surroundings {
    /// Whether services are declared for any app or role.
    pub declares_services: bool,
    /// Whether destinations are.
    pub declares_destinations: bool,
    /// Devices that a learned baseline adds.
    pub learned_devices: u32,
}

/// How much of the fleet something is known for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fact {
    /// What, as `lock state`.
    pub what: &'static str,
    /// Where it comes from, for whoever lacks it.
    pub source: &'static str,
    /// Devices for which it is known at least once.
    pub devices: u64,
    /// Sessions for which it is; `None` for what is no matter of sessions.
    pub sessions: Option<u64>,
}

/// Which devices an element can be measured on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ElementCoverage {
    /// The element.
    pub element: Element,
    /// Devices that have what is needed.
    pub covered: u64,
    /// Devices that it is for: the timing elements are each of one platform.
    pub devices: u64,
    /// Why the others are not covered, in devices; each device once, by the first thing that it lacks.
    pub reasons: BTreeMap<&'static str, u64>,
}

impl ElementCoverage {
    /// Share of the devices, 0..=1; `None` without any.
    pub fn share(&self) -> Option<f64> {
        (self.devices > 0).then(|| self.covered as f64 / self.devices as f64)
    }
}

/// What a run could see.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Coverage {
    /// Devices.
    pub devices: u64,
    /// Their sessions.
    pub sessions: u64,
    /// Whether there are devices enough for comparison.
    pub is_fleet: bool,
    /// What is known of how many devices.
    pub facts: Vec<Fact>,
    /// Elements, in the order of [`Element::ALL`].
    pub elements: Vec<ElementCoverage>,
}

impl Coverage {
    /// The coverage of devices.
    pub fn of(devices: &[(Platform, DeviceSeen)], around: Surroundings) -> Self {
        let others = u64::from(around.learned_devices);
        let is_fleet = devices.len() as u64 + others >= u64::from(FLEET_DEVICES_MIN);
        Self {
            devices: devices.len() as u64,
            sessions: devices.iter().map(|(_, seen)| seen.sessions).sum(),
            is_fleet,
            facts: facts(devices),
            elements: Element::ALL.into_iter().map(|e| element(e, devices, is_fleet, around)).collect(),
        }
    }
}

/// A fact: what, where it comes from, and how many sessions of a device know it.
type FactOf = (&'static str, &'static str, fn(&DeviceSeen) -> u64);

const FACTS: [FactOf; 9] = [
    ("app", "phone telemetry that lists connections, or a declared mapping", |seen| seen.with_app),
    ("lock state", "mobile EDR, Intrusion Logging, usagestats", |seen| seen.with_lock_state),
    ("foreground or background", "mobile EDR, usagestats", |seen| seen.with_app_state),
    ("user interaction", "mobile EDR, usagestats", |seen| seen.with_interaction),
    ("server name", "Zeek ssl/http/dns/quic, EVE, capture", |seen| seen.with_names),
    ("bytes", "Zeek conn, EVE flow, capture, mobile EDR, PCAPdroid", |seen| seen.with_sizes),
    ("duration", "Zeek conn, EVE flow, capture, mobile EDR, PCAPdroid", |seen| seen.with_durations),
    ("TLS fingerprint or user agent", "Zeek ssl with JA3 or JA4, http; EVE; capture", |seen| {
        seen.with_stacks
    }),
    ("push messages", "mobile EDR", |seen| seen.pushes),
];

fn facts(devices: &[(Platform, DeviceSeen)]) -> Vec<Fact> {
    let known = devices.iter().filter(|(platform, _)| *platform != Platform::Unknown).count() as u64;
    let platform =
        Fact { what: "platform", source: "inventory or phone telemetry", devices: known, sessions: None };
    let counted = FACTS.into_iter().map(|(what, source, count)| Fact {
        what,
        source,
        devices: devices.iter().filter(|(_, seen)| count(seen) > 0).count() as u64,
        sessions: (what != "push messages").then(|| devices.iter().map(|(_, seen)| count(seen)).sum()),
    });
    std::iter::once(platform).chain(counted).collect()
}

fn element(
    element: Element,
    devices: &[(Platform, DeviceSeen)],
    is_fleet: bool,
    around: Surroundings,
) -> ElementCoverage {
    let mut found = ElementCoverage { element, covered: 0, devices: 0, reasons: BTreeMap::new() };
    for (platform, seen) in devices {
        let Some(lacks) = lacks(element, *platform, seen, is_fleet, around) else { continue };
        found.devices += 1;
        match lacks {
            None => found.covered += 1,
            Some(reason) => *found.reasons.entry(reason).or_default() += 1,
        }
    }
    found
}

/// What a device lacks for an element: `None` when the element is not for it, `Some(None)` when it lacks nothing.
#[expect(clippy::option_option, reason = "three answers: not for it, lacks nothing, lacks this")]
fn lacks(
    element: Element,
    platform: Platform,
    seen: &DeviceSeen,
    is_fleet: bool,
    around: Surroundings,
) -> Option<Option<&'static str>> {
    let any = seen.web_check_ins.max(seen.other_check_ins);
    let is_ios = platform == Platform::Ios;
    let rules: &[(bool, &'static str)] = match element {
        Element::BeaconIntervalVarianceThreshold if is_ios => return None,
        Element::BeaconIntervalVarianceThreshold => &[(any >= CHECK_INS_MIN, FEW_CHECK_INS)],
        Element::CadenceAnomalyThreshold | Element::HttpsCadenceAnomalyThreshold
            if platform == Platform::Android =>
        {
            return None;
        }
        Element::CadenceAnomalyThreshold => {
            &[(is_ios, NO_PLATFORM), (seen.other_check_ins >= CHECK_INS_MIN, FEW_CHECK_INS)]
        }
        Element::HttpsCadenceAnomalyThreshold => {
            &[(is_ios, NO_PLATFORM), (seen.web_check_ins >= CHECK_INS_MIN, FEW_CHECK_INS)]
        }
        Element::ConnectionFrequencyThreshold => &[(seen.sessions > 0, NO_SESSIONS), (is_fleet, NO_FLEET)],
        Element::PayloadSymmetryThreshold => &[(seen.with_sizes >= SAMPLES_MIN, NO_SIZES)],
        Element::PayloadEntropyThreshold => &[(seen.requests_with_paths >= SAMPLES_MIN, NO_PATHS)],
        Element::SessionPersistenceThreshold => &[(seen.with_durations > 0, NO_DURATIONS)],
        Element::AppNetworkBehaviorBaseline => {
            &[(seen.with_app > 0, NO_APP), (around.declares_services || seen.with_names > 0, NO_NAMES)]
        }
        Element::AppNetworkRoleBaseline => {
            &[(seen.with_app > 0, NO_APP), (is_fleet || around.declares_destinations, NO_FLEET)]
        }
        Element::NotificationWakeFrequencyThreshold => {
            &[(seen.with_app > 0, NO_APP), (seen.pushes > 0, NO_PUSHES)]
        }
    };
    Some(rules.iter().find(|(holds, _)| !holds).map(|(_, reason)| *reason))
}

const FEW_CHECK_INS: &str = "no series with 8 check-ins";
const NO_PLATFORM: &str = "platform unknown: inventory or telemetry says it";
const NO_SESSIONS: &str = "no sessions";
const NO_FLEET: &str = "fewer than 30 phones to compare with";
const NO_SIZES: &str = "fewer than 6 sessions with bytes";
const NO_PATHS: &str = "fewer than 6 clear HTTP requests with paths";
const NO_DURATIONS: &str = "no session says how long it was";
const NO_APP: &str = "app unknown: phone telemetry names it";
const NO_NAMES: &str = "no server names";
const NO_PUSHES: &str = "no push events: only mobile EDR has them";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_device_is_covered_or_lacks_one_thing() {
        let full = DeviceSeen {
            sessions: 100,
            with_app: 90,
            with_sizes: 100,
            with_durations: 100,
            with_names: 80,
            requests_with_paths: 6,
            pushes: 1,
            web_check_ins: 50,
            other_check_ins: 3,
            ..DeviceSeen::default()
        };
        let bare = DeviceSeen { sessions: 7, web_check_ins: 7, with_sizes: 5, ..DeviceSeen::default() };
        let devices = [(Platform::Android, full), (Platform::Ios, full), (Platform::Unknown, bare)];
        let coverage = Coverage::of(&devices, Surroundings::default());
        let of = |element| coverage.elements.iter().find(|found| found.element == element).unwrap();
        for (element, covered, devices) in [
            (Element::BeaconIntervalVarianceThreshold, 1, 2),
            (Element::HttpsCadenceAnomalyThreshold, 1, 2),
            (Element::CadenceAnomalyThreshold, 0, 2),
            (Element::ConnectionFrequencyThreshold, 0, 3),
            (Element::PayloadSymmetryThreshold, 2, 3),
            (Element::PayloadEntropyThreshold, 2, 3),
            (Element::SessionPersistenceThreshold, 2, 3),
            (Element::AppNetworkBehaviorBaseline, 2, 3),
            (Element::AppNetworkRoleBaseline, 0, 3),
            (Element::NotificationWakeFrequencyThreshold, 2, 3),
        ] {
            let found = of(element);
            assert_eq!((found.covered, found.devices), (covered, devices), "{element:?}");
            assert_eq!(found.covered + found.reasons.values().sum::<u64>(), found.devices);
        }
        assert_eq!(of(Element::HttpsCadenceAnomalyThreshold).reasons, BTreeMap::from([(NO_PLATFORM, 1)]));
        let lock = coverage.facts.iter().find(|fact| fact.what == "lock state").unwrap();
        assert_eq!((lock.devices, lock.sessions), (0, Some(0)));
        // A learned fleet or a declaration stands in for phones of this run.
        let around =
            Surroundings { declares_destinations: true, learned_devices: 27, ..Surroundings::default() };
        let more = Coverage::of(&devices, around);
        assert!(more.is_fleet && !coverage.is_fleet);
        assert_eq!(more.elements[3].covered, 3);
    }
}
