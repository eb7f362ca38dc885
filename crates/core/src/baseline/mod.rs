//! What is normal: the mergeable fleet summary that series are scored against (DESIGN section 6).
//!
//! Counted in devices, so that a device however loud is one voice; every question leaves the asking device out
//! (device folds of one), so that an implant never vouches for itself.

mod declared;
mod features;
mod habits;
mod learned;
mod merge;
mod networks;
mod peers;
mod polls;
mod usage;

pub use declared::{Declarations, Declared, Verdict};
pub use features::{Features, Shape};
pub use habits::{DaySet, HABIT_DAYS, HABITS_MAX, Habit, Habits, Past};
pub use learned::{Bounds, Learned, Singles};
pub use peers::{Peer, PeerFeature, Peers, Subject, Surprise};
pub use polls::{Earlier, Poll, Polls};
pub use usage::{AppHours, RoleHours, UsualHour};

use crate::device::{DeviceReport, Reported};
use crate::model::Day;
use crate::series::{Destination, Service};
use crate::timing::together::PHONES_MIN;
use merge::unite_reach;
pub use networks::Networks;
use std::collections::BTreeMap;

/// Devices from which a fleet speaks for itself; below, shipped priors serve (DESIGN section 7).
pub const FLEET_DEVICES_MIN: u32 = 30;
/// Share of the other devices from which a destination is everybody's.
pub const COMMON_SHARE: f64 = 0.05;
/// Devices that an app must be on before its habits are the app's rather than one person's.
const APP_DEVICES_MIN: u32 = 3;
/// Personal domains that an app reaches on one device at the most for them to be its owner's servers.
const PERSONAL_DOMAINS_MAX: u32 = 3;
/// Other devices at the most that reach a destination of a rotation, and as a share: an operator has a few victims.
const ROTATION_OTHERS_MAX: u32 = 2;
const ROTATION_OTHERS_SHARE: f64 = 0.03;
/// Devices at the most that share a destination for it to be a personal one.
const PERSONAL_DEVICES_MAX: u32 = 2;

/// How far something reaches in the fleet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reach {
    /// Devices that show it.
    pub devices: u32,
    /// Devices that go there on a rhythm, or keep a connection: see [`Baseline::add_polls`].
    pub polled: u32,
    /// First day on which any did.
    pub first_day: Day,
    /// Last day on which any did.
    pub last_day: Day,
}

impl Reach {
    fn one(first_day: Day, last_day: Day) -> Self {
        Self { devices: 1, polled: 0, first_day, last_day }
    }
}

/// What one app does across the fleet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct AppReach {
    /// Devices on which the app connects at all.
    pub devices: u32,
    /// Devices on which it reaches one to three personal domains (see [`Baseline::settle`]).
    pub personal_devices: u32,
}

/// The fleet summary. `merge` is associative and commutative: each device is in exactly one part. A learned
/// summary's devices count as other ones.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Baseline {
    /// Devices.
    pub devices: u32,
    /// Days with traffic, summed over devices.
    pub device_days: u64,
    /// Destinations.
    pub destinations: BTreeMap<Destination, Reach>,
    /// Apps.
    pub apps: BTreeMap<Box<str>, AppReach>,
    /// Destinations by app.
    pub app_destinations: BTreeMap<(Box<str>, Destination), Reach>,
    /// TLS fingerprints and user-agent families, in devices.
    pub stacks: BTreeMap<Box<str>, u32>,
    /// Fingerprints, user-agent families and networking libraries of each app, in devices.
    pub app_stacks: BTreeMap<(Box<str>, Box<str>), u32>,
    /// Devices on which any of an app's stacks is known.
    pub app_stack_devices: BTreeMap<Box<str>, u32>,
    /// Services of each app, in devices.
    pub app_services: BTreeMap<(Box<str>, Service), u32>,
    /// Nameless addresses by network; of a stored summary see [`Baseline::count_networks`].
    pub networks: Networks,
}

impl Baseline {
    /// Adds one device. Each device must be added once.
    pub fn add_device(&mut self, report: &DeviceReport) {
        self.count_device(report);
        self.add_reached(&report.reached);
    }

    /// Adds what one device reached; the rest of it is added by [`Baseline::count_device`].
    pub fn add_reached(&mut self, reached: &[Reported]) {
        self.networks.add(reached);
        let mut last: Option<&Destination> = None;
        let mut by_destination: Vec<&Reported> = reached.iter().collect();
        by_destination.sort_by(|a, b| a.destination.cmp(&b.destination));
        for reported in by_destination {
            let reach = Reach::one(reported.first_day, reported.last_day);
            if last == Some(&reported.destination) {
                if let Some(known) = self.destinations.get_mut(&reported.destination) {
                    known.first_day = known.first_day.min(reach.first_day);
                    known.last_day = known.last_day.max(reach.last_day);
                }
            } else {
                unite_reach(
                    &mut self.destinations,
                    reported.destination.clone(),
                    reach,
                    &u32::saturating_add,
                );
            }
            last = Some(&reported.destination);
            if let Some(app) = &reported.app {
                let key = (app.clone(), reported.destination.clone());
                unite_reach(&mut self.app_destinations, key, reach, &u32::saturating_add);
            }
        }
    }

    /// Adds one device without what it reached: see [`Baseline::add_reached`].
    pub fn count_device(&mut self, report: &DeviceReport) {
        self.devices += 1;
        self.device_days += report.days.len() as u64;
        let reached = report.reached.iter().filter_map(|reached| reached.app.as_deref());
        let mut apps: Vec<&str> = reached.chain(report.apps.iter().map(AsRef::as_ref)).collect();
        apps.sort_unstable();
        apps.dedup();
        for app in apps {
            self.apps.entry(app.into()).or_default().devices += 1;
        }
        for stack in &report.stacks {
            *self.stacks.entry(stack.clone()).or_default() += 1;
        }
        let mut last: Option<&str> = None;
        for (app, stack) in &report.app_stacks {
            *self.app_stacks.entry((app.clone(), stack.clone())).or_default() += 1;
            if last != Some(app) {
                *self.app_stack_devices.entry(app.clone()).or_default() += 1;
                last = Some(app);
            }
        }
        for pair in &report.app_services {
            *self.app_services.entry(pair.clone()).or_default() += 1;
        }
    }

    /// Counts the networks by what the addresses in them say, which is all that a stored summary knows of them: a
    /// device that reaches two addresses of a network then counts twice.
    pub fn count_networks(&mut self) {
        self.networks = Networks::of_counted(&self.destinations, &self.app_destinations);
    }

    /// Whether the fleet is large enough to speak for itself.
    pub fn is_fleet(&self) -> bool {
        self.devices >= FLEET_DEVICES_MIN
    }

    /// Devices besides one that is counted in it.
    pub fn others(&self) -> u32 {
        self.devices.saturating_sub(1)
    }

    /// Other devices that reach a destination; of a nameless address in everybody's network, that network.
    pub fn others_reaching(&self, destination: &Destination) -> u32 {
        if self.is_in_common_network(destination) {
            return self.networks.devices(destination).saturating_sub(1);
        }
        self.others_reaching_itself(destination)
    }

    /// Other devices that reach this very destination.
    pub fn others_reaching_itself(&self, destination: &Destination) -> u32 {
        self.destinations.get(destination).map_or(0, |reach| reach.devices.saturating_sub(1))
    }

    /// Other devices on which the app reaches a destination, or the network of an address as above.
    pub fn others_reaching_by(&self, app: &str, destination: &Destination) -> u32 {
        if self.is_in_common_network(destination) {
            return self.networks.devices_by(app, destination).saturating_sub(1);
        }
        let key = (Box::from(app), destination.clone());
        self.app_destinations.get(&key).map_or(0, |reach| reach.devices.saturating_sub(1))
    }

    /// Counts on how many devices each destination is polled, for a summary that outlives the polls.
    pub fn add_polls(&mut self, polls: &Polls) {
        for (destination, reach) in &mut self.destinations {
            reach.polled = polls.devices(destination, None);
        }
        for ((app, destination), reach) in &mut self.app_destinations {
            reach.polled = polls.devices(destination, Some(app));
        }
    }

    /// Devices of a learned summary that go to a destination on a rhythm.
    pub fn polling(&self, destination: &Destination) -> u32 {
        self.destinations.get(destination).map_or(0, |reach| reach.polled)
    }

    /// Devices that polled a destination before a day, of a summary in which the asking device did not.
    pub fn polled_before(&self, destination: &Destination, app: Option<&str>, day: Day) -> Earlier {
        let before = |reach: Option<&Reach>| {
            reach.filter(|reach| reach.first_day < day).map_or(0, |reach| reach.polled)
        };
        let with_app = app.map(|app| (Box::from(app), destination.clone()));
        let phones = before(self.destinations.get(destination));
        Earlier {
            phones,
            with_app: with_app.map_or(0, |key| before(self.app_destinations.get(&key))),
            of_no_known_app: if self.apps.is_empty() { phones } else { 0 },
        }
    }

    /// What [`Baseline::others_reaching`] tells of, in words.
    pub fn reached_label(&self, destination: &Destination) -> String {
        let network = networks::label(destination).filter(|_| self.is_in_common_network(destination));
        network.unwrap_or_else(|| destination.to_string())
    }

    /// Whether a destination is a nameless address of a network that is everybody's.
    fn is_in_common_network(&self, destination: &Destination) -> bool {
        let others = self.networks.devices(destination).saturating_sub(1);
        self.is_fleet() && self.is_common(others)
    }

    /// Whether a destination is one that everybody goes to.
    pub fn is_everybodys(&self, destination: &Destination) -> bool {
        self.is_common(self.others_reaching(destination))
    }

    /// Whether what so many other devices reach is everybody's.
    fn is_common(&self, others: u32) -> bool {
        f64::from(others) >= COMMON_SHARE * f64::from(self.others())
    }

    /// Share of the other devices that show a stack (TLS fingerprint or user-agent family); `None` in an empty
    /// fleet.
    pub fn stack_share(&self, stack: &str) -> Option<f64> {
        let others = self.others();
        let devices = self.stacks.get(stack).map_or(0, |devices| devices.saturating_sub(1));
        (others > 0).then(|| f64::from(devices) / f64::from(others))
    }

    /// Other devices on which an app is known to use a stack, and those on which any of its stacks is known.
    pub fn others_using(&self, app: &str, stack: &str) -> (u32, u32) {
        let key = (Box::from(app), Box::from(stack));
        let using = self.app_stacks.get(&key).map_or(0, |devices| devices.saturating_sub(1));
        let known = self.app_stack_devices.get(app).map_or(0, |devices| devices.saturating_sub(1));
        (using, known)
    }

    /// Counts, once all devices are in, on how many devices each app reaches a personal domain: one that at most two
    /// devices share. An app that reaches many of those on one device (a browser) has none of its own.
    pub fn settle<'r>(&mut self, reports: impl Iterator<Item = &'r DeviceReport>) {
        self.settle_reached(reports.map(|report| report.reached.as_slice()));
    }

    /// The same with what each device reached.
    pub fn settle_reached(&mut self, devices: impl Iterator<Item = impl AsRef<[Reported]>>) {
        let mut counts: BTreeMap<Box<str>, u32> = BTreeMap::new();
        for reached in devices {
            let mut personal: BTreeMap<&str, u32> = BTreeMap::new();
            for reported in reached.as_ref() {
                let (Some(app), Destination::Domain(_)) = (&reported.app, &reported.destination) else {
                    continue;
                };
                let fleet_wide =
                    self.destinations.get(&reported.destination).map_or(0, |reach| reach.devices);
                if fleet_wide <= PERSONAL_DEVICES_MAX {
                    *personal.entry(app).or_default() += 1;
                }
            }
            let few = personal.into_iter().filter(|(_, domains)| *domains <= PERSONAL_DOMAINS_MAX);
            few.for_each(|(app, _)| *counts.entry(app.into()).or_default() += 1);
        }
        for (app, devices) in counts {
            self.apps.entry(app).or_default().personal_devices = devices;
        }
    }

    /// Whether hardly any other device reaches a destination, so that it may be one of a rotation.
    pub fn may_rotate(&self, destination: &Destination) -> bool {
        let few = f64::from(ROTATION_OTHERS_MAX).max(ROTATION_OTHERS_SHARE * f64::from(self.others()));
        self.is_fleet() && f64::from(self.others_reaching(destination)) <= few
    }

    /// Whether several devices reach a destination, and few of the fleet: so that they may share what made them.
    pub fn is_shared_by_few(&self, destination: &Destination) -> bool {
        let others = self.others_reaching(destination);
        self.is_fleet() && others as usize + 1 >= PHONES_MIN && !self.is_common(others)
    }

    /// How an app stands in the fleet, besides one device that has it.
    pub fn app_standing(&self, app: &str) -> AppStanding {
        let reach = self.apps.get(app).copied().unwrap_or_default();
        let devices = reach.devices.saturating_sub(1);
        let has_own_servers = f64::from(reach.personal_devices) >= 0.5 * f64::from(reach.devices);
        AppStanding { other_devices: devices, is_self_hosted: devices >= APP_DEVICES_MIN && has_own_servers }
    }

    /// First and last day on which anything was reached.
    pub fn span(&self) -> Option<(Day, Day)> {
        let days = self.destinations.values().map(|reach| (reach.first_day, reach.last_day));
        days.reduce(|(a, b), (first, last)| (a.min(first), b.max(last)))
    }
}

/// How an app stands in the fleet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AppStanding {
    /// Other devices that have it.
    pub other_devices: u32,
    /// On at least half of its devices the app reaches a domain that at most two devices share: each person's copy
    /// talks to a server of their own (cloud, home automation, mail).
    pub is_self_hosted: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) fn report(app: &str, domains: &[&str]) -> DeviceReport {
        let day = Day::from_number(1);
        let reached = domains.iter().map(|domain| Reported {
            app: Some(app.into()),
            destination: Destination::Domain((*domain).into()),
            first_day: day,
            last_day: day,
            sightings: 1,
        });
        DeviceReport { reached: reached.collect(), days: vec![day], ..DeviceReport::default() }
    }

    #[test]
    fn reach_leaves_the_asking_device_out() {
        let mut baseline = Baseline::default();
        baseline.add_device(&report("a", &["common.example", "own.example"]));
        baseline.add_device(&report("a", &["common.example"]));
        let others = |domain: &str| baseline.others_reaching(&Destination::Domain(domain.into()));
        assert_eq!((others("common.example"), others("own.example")), (1, 0));
        assert_eq!(baseline.app_standing("a"), AppStanding { other_devices: 1, is_self_hosted: false });
    }

    #[test]
    fn who_polled_is_known_of_a_summary_that_outlives_the_polls() {
        let mut baseline = Baseline::default();
        for _ in 0..2 {
            baseline.add_device(&report("a", &["common.example"]));
        }
        let to = Destination::Domain("common.example".into());
        let poll = Poll {
            device: 1,
            app: Some("a".into()),
            destination: to.clone(),
            reaching: 2,
            period_secs: None,
            first_day: Day::from_number(1),
            is_pooled: false,
        };
        baseline.add_polls(&Polls::new([poll]));
        let before = |app, day| baseline.polled_before(&to, Some(app), Day::from_number(day));
        assert_eq!(before("a", 2), Earlier { phones: 1, with_app: 1, of_no_known_app: 0 });
        assert_eq!(before("b", 2), Earlier { phones: 1, with_app: 0, of_no_known_app: 0 });
        assert_eq!(before("a", 1), Earlier::default());
    }

    #[test]
    fn one_server_of_their_own_per_device_is_the_habit_of_a_self_hosted_app() {
        let mut baseline = Baseline::default();
        let reports: Vec<DeviceReport> =
            (0..6).map(|n| report("com.example.cloud", &[&format!("home{n}.example")])).collect();
        for report in &reports {
            baseline.add_device(report);
        }
        baseline.settle(reports.iter());
        assert!(baseline.app_standing("com.example.cloud").is_self_hosted);
    }
}
