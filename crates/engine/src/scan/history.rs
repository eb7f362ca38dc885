//! What a fleet was known by before a day: what each phone reached on the days that have passed, and what they showed.
//!
//! Every phone's past lies packed in one of [`PARTS`] parts by its id, in memory or in a temporary file, and is written
//! anew with each day: windows overlap, and a phone must be counted once. Only one part is unpacked at a time. What a
//! baseline is made of has a share of memory: as in a fleet, destinations of the fewest sightings on a phone go first.

use super::fleet::Fleet;
use super::folding::{BySightings, fold_report};
use super::quiet::{PARTS, decoded, part_of};
use super::second::Second;
use super::shares::Shares;
use crate::partition::Regroup;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use undertone_core::baseline::{Baseline, Bounds, Learned};
use undertone_core::device::{DeviceReport, Reported, unite_reached};
use undertone_core::model::Day;
use undertone_core::score::budget::Sight;
use undertone_core::score::history::FleetMaxima;
use undertone_core::series::stable_hash;
use undertone_core::weigh::HISTORY_DAYS_MIN;

/// What is known of the days that have passed.
pub(super) struct History {
    /// What each device reached, and with which stacks; the rest of its report stays empty.
    reports: Regroup,
    /// The same, summed up: from [`History::settle`] to [`History::learned`].
    baseline: Option<Baseline>,
    /// The devices that it is of, by hash; as long as it.
    phones: BTreeSet<u64>,
    maxima: FleetMaxima,
    sight: Sight,
    shares: Shares,
    /// Destinations of fewer sightings on a device are not kept.
    sightings_min: u32,
    /// How many of them there were.
    pub(super) folded: u64,
}

/// Devices of a part, by their ids.
type Part = BTreeMap<String, DeviceReport>;

impl History {
    /// Nothing is known yet.
    pub(super) fn new(shares: Shares) -> Self {
        Self {
            reports: Regroup::new(PARTS, shares.quiet),
            baseline: None,
            phones: BTreeSet::new(),
            maxima: FleetMaxima::default(),
            sight: Sight::default(),
            shares,
            sightings_min: 1,
            folded: 0,
        }
    }

    /// The baseline; `None` before the first day with devices.
    pub(super) fn learned(&mut self) -> Option<Learned> {
        let baseline = self.baseline.take()?;
        let learned = Learned::of(baseline, (self.maxima.clone(), None), self.sight, Bounds::default());
        Some(Learned { phones: std::mem::take(&mut self.phones), ..learned })
    }

    /// Adds a day that has passed, with what the window that ends on it showed; how many devices had traffic on it.
    ///
    /// # Errors
    /// A temporary file that cannot be written or read.
    pub(super) fn add(&mut self, day: Day, fleet: &Fleet, second: &Second<'_>) -> io::Result<u64> {
        let mut of_part: Vec<Vec<usize>> = vec![Vec::new(); PARTS];
        for (number, device) in fleet.devices.iter().enumerate() {
            if let Some(part) = of_part.get_mut(part_of(&device.id)) {
                part.push(number);
            }
        }
        let mut next = Regroup::new(PARTS, self.shares.quiet);
        let mut bytes = BySightings::default();
        let (mut active, mut later) = (0, 0);
        for (part, numbers) in of_part.into_iter().enumerate() {
            let mut known = self.part(part)?;
            let mut see = |id: &str, report: &DeviceReport| {
                if !report.days_seen().any(|seen| seen == day) {
                    return;
                }
                let before = report.days.partition_point(|known| *known < day);
                active += 1;
                later += u64::from(before >= HISTORY_DAYS_MIN as usize);
                let past = known.remove(id).unwrap_or_default();
                known.insert(id.to_owned(), united(past, report));
            };
            for device in numbers.into_iter().filter_map(|number| fleet.devices.get(number)) {
                see(&device.id, &device.report);
            }
            fleet.each_quiet(part, |id, report| {
                see(id, &report);
                Ok(())
            })?;
            self.reports.drop_part(part);
            for one in known {
                one.1.reached.iter().for_each(|entry| bytes.add(entry));
                next.push(part, 0, &bitcode::encode(&one))?;
            }
        }
        self.reports = next;
        (self.sightings_min, _) = bytes.least_that_fits(self.sightings_min, self.shares.reached);
        self.maxima.merge(&FleetMaxima::of(&second.drafts, active - later, later));
        self.sight = second.fixed.sight;
        Ok(active)
    }

    /// Sums up what is known, for the next day.
    ///
    /// # Errors
    /// A temporary file that cannot be read.
    pub(super) fn settle(&mut self) -> io::Result<()> {
        let (mut baseline, mut folded) = (Baseline::default(), 0);
        for part in 0..PARTS {
            for (id, report) in &self.part_folded(part, &mut folded)? {
                self.phones.insert(stable_hash(id.as_bytes()));
                baseline.add_device(report);
            }
        }
        let mut failed = Ok(());
        baseline.settle_reached((0..PARTS).flat_map(|part| {
            let reports = self.part_folded(part, &mut 0).unwrap_or_else(|error| {
                failed = Err(error);
                Part::default()
            });
            reports.into_values().map(|report| report.reached)
        }));
        self.folded += folded;
        self.baseline = (baseline.devices > 0).then_some(baseline);
        failed
    }

    /// The devices of a part.
    fn part(&self, part: usize) -> io::Result<Part> {
        self.part_folded(part, &mut 0)
    }

    /// The devices of a part, without what they reached too seldom; adds how much that was.
    fn part_folded(&self, part: usize, folded: &mut u64) -> io::Result<Part> {
        let mut devices = Part::new();
        self.reports.each_record(part, |_, record| {
            let (id, mut report): (String, DeviceReport) = decoded(record)?;
            *folded += fold_report(&mut report, self.sightings_min, |_| false);
            devices.insert(id, report);
            Ok(())
        })?;
        Ok(devices)
    }
}

/// What was known of a device and what a window shows of it, without what a baseline does not ask for.
fn united(known: DeviceReport, more: &DeviceReport) -> DeviceReport {
    DeviceReport {
        reached: united_reached(known.reached, &more.reached),
        stacks: both(known.stacks, &more.stacks),
        app_stacks: both(known.app_stacks, &more.app_stacks),
        app_services: both(known.app_services, &more.app_services),
        days: both(known.days, &more.days),
        hours: both(known.hours, &more.hours),
        apps: both(known.apps, &more.apps),
        ..DeviceReport::default()
    }
}

/// Adds what is not in an ascending list yet.
fn both<T: Ord + Clone>(mut known: Vec<T>, more: &[T]) -> Vec<T> {
    known.extend_from_slice(more);
    known.sort_unstable();
    known.dedup();
    known
}

/// Both lists. Windows overlap: of the sightings the larger number is one that was seen, their sum is not.
fn united_reached(mut known: Vec<Reported>, more: &[Reported]) -> Vec<Reported> {
    known.extend_from_slice(more);
    unite_reached(&mut known, u32::max);
    known
}
