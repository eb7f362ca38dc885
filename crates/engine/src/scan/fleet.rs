//! Devices after pass 1, within bounds: what a fleet of any size comes to before the second pass.
//!
//! A device without a series that may be a machine's is counted and not kept. Two things grow with traffic all the
//! same: what devices reached, and the profiles of series that may be machines'. Of the first, destinations with the
//! fewest sightings on a device are folded into a count; of the second, those least like a machine of the devices with
//! most of them. Which ones depends on all devices together and not on their order.

use super::devices::{Assessed, Device};
use super::second::Totals;
use super::shares::Shares;
use crate::telemetry::Roles;
use std::cmp::Reverse;
use std::collections::BTreeMap;
use undertone_core::baseline::Baseline;
use undertone_core::coverage::DeviceSeen;
use undertone_core::device::Reported;
use undertone_core::model::{Day, Platform};
use undertone_core::series::{Destination, SeriesKey};

/// What an entry takes here and in the baseline, besides its texts, bytes: both are trees or lists of these.
const ENTRY_BYTES: usize = 2 * size_of::<Reported>() + 48;
/// What an assessed series takes besides its profile, bytes.
const SERIES_BYTES: usize = size_of::<Assessed>() + 400;

/// Devices after pass 1.
#[derive(Debug, Default)]
pub(super) struct Fleet {
    /// Those with series that may be machines', ascending by id.
    pub(super) devices: Vec<Device>,
    /// What the others reached.
    others: Vec<Vec<Reported>>,
    /// All devices, without what they reached.
    pub(super) counted: Baseline,
    /// Platform of each device, and what of its sessions is known.
    pub(super) seen: Vec<(Platform, DeviceSeen)>,
    /// Roles that telemetry says.
    pub(super) roles: Roles,
    pub(super) totals: Totals,
    shares: Shares,
    keeps_all: bool,
    keeps_seen: bool,
    reached_bytes: usize,
    /// Destinations of fewer sightings on a device are not kept.
    sightings_min: u32,
    assessed_bytes: usize,
}

impl Fleet {
    pub(super) fn new(shares: Shares, keeps_all: bool, keeps_seen: bool) -> Self {
        Self {
            devices: Vec::new(),
            others: Vec::new(),
            counted: Baseline::default(),
            seen: Vec::new(),
            roles: Roles::default(),
            totals: Totals::default(),
            shares,
            keeps_all,
            keeps_seen,
            reached_bytes: 0,
            sightings_min: 1,
            assessed_bytes: 0,
        }
    }

    /// Adds a device.
    pub(super) fn add(&mut self, mut device: Device) {
        self.counted.count_device(&device.report);
        self.totals.add(&device);
        if self.keeps_seen {
            self.seen.push((device.platform, device.seen));
        }
        self.roles.merge(std::mem::take(&mut device.roles));
        if device.sightings_min > self.sightings_min {
            self.sightings_min = device.sightings_min;
            self.fold();
        }
        self.totals.folded += fold(&mut device.report.reached, &device.assessed, self.sightings_min);
        let counted = device.report.reached.iter().filter(|entry| entry.sightings >= self.sightings_min);
        self.reached_bytes += counted.map(bytes_of).sum::<usize>();
        self.assessed_bytes += device.assessed.iter().map(bytes_of_series).sum::<usize>();
        if device.assessed.is_empty() && !self.keeps_all {
            self.keep_reached(device.report.reached);
        } else {
            self.devices.push(device);
        }
        if self.reached_bytes > self.shares.reached {
            self.fold();
        }
        // Pruned now and then; what is left in the end is the same.
        if self.assessed_bytes > self.shares.assessed + self.shares.assessed / 4 {
            self.prune();
        }
    }

    /// The fleet once all devices are in.
    pub(super) fn settled(mut self) -> Self {
        if self.assessed_bytes > self.shares.assessed {
            self.prune();
        }
        // Series that went ask for nothing any more.
        self.fold_all();
        self.devices.sort_by(|a, b| a.id.cmp(&b.id));
        self
    }

    /// Whether every device is here as pass 1 left it.
    pub(super) fn is_whole(&self) -> bool {
        let Totals { left_out, folded, pruned, .. } = self.totals;
        self.keeps_all && left_out + folded + pruned == 0
    }

    /// What each device reached.
    pub(super) fn reached(&self) -> impl Iterator<Item = &[Reported]> {
        self.devices
            .iter()
            .map(|device| device.report.reached.as_slice())
            .chain(self.others.iter().map(Vec::as_slice))
    }

    /// Raises the least number of sightings until the rest fits. What is asked for is not counted: the number must
    /// not depend on which series are at hand.
    fn fold(&mut self) {
        let counted = self.reached().flatten();
        let (least, bytes) = least_that_fits(counted, self.sightings_min, self.shares.reached);
        (self.sightings_min, self.reached_bytes) = (least, bytes);
        self.fold_all();
    }

    fn fold_all(&mut self) {
        let (least, mut folded) = (self.sightings_min, 0);
        for device in &mut self.devices {
            folded += fold(&mut device.report.reached, &device.assessed, least);
        }
        for reached in &mut self.others {
            folded += fold(reached, &[], least);
        }
        self.others.retain(|reached| !reached.is_empty());
        self.totals.folded += folded;
    }

    /// Keeps what a device without series that may be machines' reached, and nothing else of it.
    fn keep_reached(&mut self, reached: Vec<Reported>) {
        if !reached.is_empty() {
            self.others.push(reached);
        }
    }

    /// Leaves out series that may be machines' until the others fit.
    fn prune(&mut self) {
        let stays = fitting(&self.devices.iter().flat_map(ranked).collect::<Vec<_>>(), self.shares.assessed);
        let mut stays = stays.into_iter();
        for device in &mut self.devices {
            let before = device.assessed.len();
            device.assessed.retain(|_| stays.next().unwrap_or(true));
            device.assessed.shrink_to_fit();
            self.totals.pruned += (before - device.assessed.len()) as u64;
        }
        for device in self.devices.extract_if(.., |device| device.assessed.is_empty()).collect::<Vec<_>>() {
            self.keep_reached(device.report.reached);
        }
        let left = self.devices.iter().flat_map(|device| &device.assessed);
        self.assessed_bytes = left.map(bytes_of_series).sum();
    }
}

/// Keeps one device within the bounds of all: what it leaves out, the fleet would, too.
pub(super) fn keep_within(device: &mut Device, shares: Shares) {
    let series = &device.assessed;
    if series.iter().map(bytes_of_series).sum::<usize>() > shares.assessed {
        let mut stays = fitting(&ranked(device), shares.assessed).into_iter();
        let before = series.len();
        device.assessed.retain(|_| stays.next().unwrap_or(true));
        device.pruned += (before - device.assessed.len()) as u64;
    }
    let report = &mut device.report;
    if report.reached.iter().map(bytes_of).sum::<usize>() > shares.reached {
        let mut apps: Vec<Box<str>> = report.reached.iter().filter_map(|entry| entry.app.clone()).collect();
        apps.append(&mut report.apps);
        apps.sort_unstable();
        apps.dedup();
        report.apps = apps;
        let (least, _) = least_that_fits(report.reached.iter(), device.sightings_min, shares.reached);
        device.sightings_min = least;
        device.folded += fold(&mut report.reached, &device.assessed, least);
    }
}

/// The least number of sightings, from `least` on, with which entries fit, and their bytes.
fn least_that_fits<'r>(
    entries: impl Iterator<Item = &'r Reported>,
    mut least: u32,
    room: usize,
) -> (u32, usize) {
    let mut bytes: BTreeMap<u32, usize> = BTreeMap::new();
    for entry in entries.filter(|entry| entry.sightings >= least) {
        *bytes.entry(entry.sightings).or_default() += bytes_of(entry);
    }
    let mut all: usize = bytes.values().sum();
    for (sightings, bytes) in bytes {
        if all <= room {
            break;
        }
        all -= bytes;
        least = sightings.saturating_add(1);
    }
    (least, all)
}

/// Leaves out what has too few sightings; how many went. What one of the device's own series asks for stays.
fn fold(reached: &mut Vec<Reported>, assessed: &[Assessed], least: u32) -> u64 {
    if reached.iter().all(|entry| entry.sightings >= least) {
        return 0;
    }
    let mut asked: Vec<&Destination> = assessed.iter().map(|series| &series.key.destination).collect();
    asked.sort_unstable();
    let before = reached.len();
    reached.retain(|entry| entry.sightings >= least || asked.binary_search(&&entry.destination).is_ok());
    reached.shrink_to_fit();
    (before - reached.len()) as u64
}

/// Which of several series, with their bytes, stay so that all fit: those that come first.
fn fitting(series: &[(Rank<'_>, usize)], mut room: usize) -> Vec<bool> {
    let mut ranked: Vec<usize> = (0..series.len()).collect();
    ranked.sort_unstable_by(|a, b| series.get(*a).cmp(&series.get(*b)));
    let mut stays = vec![false; series.len()];
    for place in ranked {
        let bytes = series.get(place).map_or(0, |(_, bytes)| *bytes);
        if bytes > room {
            break;
        }
        room -= bytes;
        if let Some(slot) = stays.get_mut(place) {
            *slot = true;
        }
    }
    stays
}

/// Order in which series stay: each device's first before any device's second, so that a device cannot crowd out
/// another; of one device those to one destination before groups, those with a rhythm, those of most check-ins.
type Rank<'a> = (u32, InDevice<'a>, &'a str);
type InDevice<'a> = (bool, Reverse<bool>, Reverse<u64>, &'a SeriesKey, Day);

fn in_device(series: &Assessed) -> InDevice<'_> {
    let Assessed { key, day, machine, .. } = series;
    (key.destination.is_group(), Reverse(machine.is_machine_driven()), Reverse(machine.check_ins), key, *day)
}

/// The series of a device with their ranks and bytes, in their order.
fn ranked(device: &Device) -> Vec<(Rank<'_>, usize)> {
    let mut order: Vec<(InDevice<'_>, usize)> = device.assessed.iter().map(in_device).zip(0..).collect();
    order.sort_unstable();
    let mut ranks: Vec<(usize, Rank<'_>)> = (0..)
        .zip(order)
        .map(|(position, (in_device, place))| (place, (position, in_device, device.id.as_str())))
        .collect();
    ranks.sort_unstable_by_key(|(place, _)| *place);
    let ranks = ranks.into_iter().map(|(_, rank)| rank);
    ranks.zip(&device.assessed).map(|(rank, series)| (rank, bytes_of_series(series))).collect()
}

fn bytes_of(entry: &Reported) -> usize {
    let app = entry.app.as_ref().map_or(0, |app| app.len());
    let destination = match &entry.destination {
        Destination::Domain(name) | Destination::Group(name) => name.len() + 16,
        Destination::Address(_) => 0,
    };
    ENTRY_BYTES + 2 * (app + destination)
}

fn bytes_of_series(series: &Assessed) -> usize {
    SERIES_BYTES + series.profile.bytes()
}
