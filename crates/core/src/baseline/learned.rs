//! What is kept of a fleet to score later days against.
//!
//! Learning must not teach an infection: what one device alone shows is never normal and is kept as a number
//! only, which also keeps personal servers out of a file that people pass around.

use super::{Baseline, HABITS_MAX, Habits};
use crate::model::Day;
use crate::score::budget::{Sight, Tail};
use crate::score::history::FleetMaxima;
use crate::series::stable_hash;
use std::collections::{BTreeMap, BTreeSet};

/// Devices from which something is kept by name.
const DEVICES_MIN: u32 = 2;

/// Most entries that are kept of each kind. What the most devices show is kept first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Destinations.
    pub destinations: usize,
    /// Apps.
    pub apps: usize,
    /// Destinations by app.
    pub app_destinations: usize,
    /// Networking stacks.
    pub stacks: usize,
    /// Networking stacks by app.
    pub app_stacks: usize,
    /// Services by app.
    pub app_services: usize,
    /// Series of phones.
    pub habits: usize,
}

impl Default for Bounds {
    /// What a fleet of a million devices shares, with room to spare; about 100 MB as a file.
    fn default() -> Self {
        Self {
            destinations: 200_000,
            apps: 50_000,
            app_destinations: 400_000,
            stacks: 50_000,
            app_stacks: 200_000,
            app_services: 200_000,
            habits: HABITS_MAX,
        }
    }
}

/// How much one device alone showed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Singles {
    /// Destinations.
    pub destinations: u64,
    /// Apps.
    pub apps: u64,
    /// Destinations by app.
    pub app_destinations: u64,
    /// Networking stacks.
    pub stacks: u64,
    /// Networking stacks by app.
    pub app_stacks: u64,
    /// Services by app.
    pub app_services: u64,
}

/// A learned baseline.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Learned {
    /// The fleet, without what one device alone showed.
    pub baseline: Baseline,
    /// First and last day of the data.
    pub span: Option<(Day, Day)>,
    /// What one device alone showed.
    pub singles: Singles,
    /// Entries left out to stay within bounds.
    pub cut: u64,
    /// Highest `S` of each device-day.
    pub maxima: FleetMaxima,
    /// What each phone did; `None` where it was not kept.
    pub habits: Option<Habits>,
    /// The phones by hash, where what they did is known otherwise; empty where their habits are kept.
    pub phones: BTreeSet<u64>,
    /// What the maxima were made with: those of network logs say nothing of scans with telemetry.
    pub sight: Sight,
}

impl Learned {
    /// What is kept of a settled fleet (see [`Baseline::settle`]).
    pub fn of(
        mut baseline: Baseline,
        (maxima, mut habits): (FleetMaxima, Option<Habits>),
        sight: Sight,
        bounds: Bounds,
    ) -> Self {
        let span = baseline.span();
        let mut cut = 0;
        // How many devices show any of an app's stacks is a number of its own and says nothing of one device.
        baseline.app_stack_devices.retain(|_, devices| *devices >= DEVICES_MIN);
        let singles = Singles {
            destinations: keep(
                &mut baseline.destinations,
                |reach| reach.devices,
                bounds.destinations,
                &mut cut,
            ),
            app_destinations: keep(
                &mut baseline.app_destinations,
                |reach| reach.devices,
                bounds.app_destinations,
                &mut cut,
            ),
            apps: keep(&mut baseline.apps, |reach| reach.devices, bounds.apps, &mut cut),
            stacks: keep(&mut baseline.stacks, |devices| *devices, bounds.stacks, &mut cut),
            app_stacks: keep(&mut baseline.app_stacks, |devices| *devices, bounds.app_stacks, &mut cut),
            app_services: keep(&mut baseline.app_services, |devices| *devices, bounds.app_services, &mut cut),
        };
        // What is kept is what a file of it holds: addresses that one device reaches count in no network.
        baseline.count_networks();
        cut += habits.as_mut().map_or(0, |habits| habits.bound(bounds.habits));
        Self { baseline, span, singles, cut, maxima, habits, phones: BTreeSet::new(), sight }
    }

    /// Whether it was learned of a phone, too.
    pub fn knows(&self, device: &str) -> bool {
        let device = stable_hash(device.as_bytes());
        let is_habitual = self.habits.as_ref().is_some_and(|habits| habits.devices.contains_key(&device));
        is_habitual || self.phones.contains(&device)
    }

    /// The history's tails of phones without and with a past, for scans that see as much as it did; `None` where it is
    /// too short. Fewer devices than a fleet are weighed with shipped priors, and such weights calibrate nothing.
    pub fn tails(&self, sight: Sight) -> (Option<Tail>, Option<Tail>) {
        if self.sight == sight && self.baseline.is_fleet() {
            (self.maxima.first.tail(), self.maxima.later.tail())
        } else {
            (None, None)
        }
    }
}

/// Keeps what several devices show, at most `most` entries, those of most devices first; adds what was left out to
/// `cut`. Returns how many entries one device alone shows.
fn keep<K: Ord + Clone, V>(
    map: &mut BTreeMap<K, V>,
    devices: impl Fn(&V) -> u32,
    most: usize,
    cut: &mut u64,
) -> u64 {
    let before = map.len();
    map.retain(|_, value| devices(value) >= DEVICES_MIN);
    let singles = (before - map.len()) as u64;
    if map.len() > most {
        let mut ranked: Vec<(u32, K)> =
            map.iter().map(|(key, value)| (devices(value), key.clone())).collect();
        ranked.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
        for (_, key) in ranked.drain(most..) {
            map.remove(&key);
            *cut += 1;
        }
    }
    singles
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::device::{DeviceReport, Reported};
    use crate::series::Destination;

    fn report(reached: &[(&str, &str)]) -> DeviceReport {
        let day = Day::from_number(1);
        let reached = reached.iter().map(|(app, domain)| Reported {
            app: Some((*app).into()),
            destination: domain_of(domain),
            first_day: day,
            last_day: day,
            sightings: 1,
        });
        DeviceReport {
            reached: reached.collect(),
            days: vec![day],
            stacks: vec!["okhttp".into()],
            ..DeviceReport::default()
        }
    }

    fn domain_of(name: &str) -> Destination {
        Destination::Domain(name.into())
    }

    fn fleet(devices: u32) -> Baseline {
        let mut reports = Vec::new();
        for n in 0..devices {
            let home = format!("home{n}.example");
            let mut reached = vec![("cloud", home.as_str()), ("chat", "chat.example")];
            if n == 0 {
                reached.push(("torch", "c2.example"));
            }
            reports.push(report(&reached));
        }
        let mut baseline = Baseline::default();
        for report in &reports {
            baseline.add_device(report);
        }
        baseline.settle(reports.iter());
        baseline
    }

    fn learn(baseline: Baseline) -> Learned {
        Learned::of(baseline, (FleetMaxima::default(), None), Sight::Telemetry, Bounds::default())
    }

    #[test]
    fn what_one_device_shows_is_a_number_and_never_normal() {
        let learned = learn(fleet(10));
        assert_eq!(learned.baseline.destinations.len(), 1);
        assert_eq!(learned.baseline.apps.len(), 2);
        let singles = Singles { destinations: 11, apps: 1, app_destinations: 11, ..Singles::default() };
        assert_eq!(learned.singles, singles);
        let mut later = Baseline::default();
        later.add_device(&report(&[("torch", "c2.example")]));
        later.merge(learned.baseline);
        assert_eq!(later.others_reaching(&domain_of("c2.example")), 0);
        assert_eq!(later.app_standing("torch").other_devices, 0);
        assert_eq!(later.others(), 10);
    }

    #[test]
    fn an_app_with_a_server_for_each_person_stays_one() {
        let learned = learn(fleet(10));
        let mut later = Baseline::default();
        later.add_device(&report(&[("cloud", "home99.example"), ("chat", "chat.example")]));
        later.merge(learned.baseline);
        assert!(later.app_standing("cloud").is_self_hosted);
        assert!(!later.app_standing("chat").is_self_hosted);
        assert_eq!(later.others_reaching(&domain_of("chat.example")), 10);
    }

    #[test]
    fn bounds_keep_what_most_devices_show_and_count_the_rest() {
        let mut baseline = Baseline::default();
        for n in 0..6 {
            let names: Vec<String> = (n..6).map(|m| format!("d{m}.example")).collect();
            let reached: Vec<(&str, &str)> = names.iter().map(|name| ("a", name.as_str())).collect();
            baseline.add_device(&report(&reached));
        }
        let bounds = Bounds { destinations: 2, ..Bounds::default() };
        let learned = Learned::of(baseline, (FleetMaxima::default(), None), Sight::Network, bounds);
        let kept: Vec<&Destination> = learned.baseline.destinations.keys().collect();
        assert_eq!(kept, [&domain_of("d4.example"), &domain_of("d5.example")]);
        assert_eq!((learned.cut, learned.singles.destinations), (3, 1));
    }

    #[test]
    fn a_history_of_other_sight_is_no_calibration() {
        let mut maxima = FleetMaxima::default();
        maxima.later.add(0, 1800);
        maxima.later.add(60, 150);
        maxima.later.add(70, 50);
        let learned = Learned::of(fleet(40), (maxima, None), Sight::Telemetry, Bounds::default());
        assert!(matches!(learned.tails(Sight::Telemetry), (None, Some(_))));
        assert_eq!(learned.tails(Sight::Network), (None, None));
    }
}
