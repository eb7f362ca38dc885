//! Devices after pass 1, within bounds: what a fleet of any size comes to before the second pass.
//!
//! A device without a series that may be a machine's is counted and not kept, or packed where its past is asked for
//! ([`super::quiet`]). Series that may be one's wait packed, in
//! memory or in a file ([`super::waiting`]). Two things grow with traffic all the same: what devices reached, and the
//! marks by which series are compared. Of the first, destinations with the fewest sightings on a device are folded into
//! a count; of the second, those of fewest check-ins of the devices with most of them are not compared with. Which ones
//! depends on all devices together and not on their order.

use super::devices::Device;
use super::quiet::{PackedDevice, Quiet};
use super::second::Totals;
use super::shares::Shares;
use super::waiting::{Mark, Strays};
use crate::partition::SpillFile;
use crate::telemetry::Roles;
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::io;
use undertone_core::baseline::{Baseline, HABIT_DAYS};
use undertone_core::coverage::DeviceSeen;
use undertone_core::device::{DeviceReport, Reported};
use undertone_core::model::{Day, Platform};
use undertone_core::score::days::Assessed;
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
    /// Devices seen on each day.
    devices_on: BTreeMap<Day, u32>,
    shares: Shares,
    /// The others themselves, where they are asked for.
    quiet: Option<Quiet>,
    keeps_seen: bool,
    reached_bytes: usize,
    /// Destinations of fewer sightings on a device are not kept.
    sightings_min: u32,
    /// Packed series in memory, bytes.
    waiting_bytes: usize,
    /// Where those are that found no room.
    file: Option<SpillFile>,
    marks_bytes: usize,
}

impl Fleet {
    /// `keeps_all` keeps devices without series, too: see [`Fleet::each_quiet`].
    pub(super) fn new(shares: Shares, keeps_all: bool, keeps_seen: bool) -> Self {
        Self {
            devices: Vec::new(),
            others: Vec::new(),
            counted: Baseline::default(),
            seen: Vec::new(),
            roles: Roles::default(),
            totals: Totals::default(),
            devices_on: BTreeMap::new(),
            shares,
            quiet: keeps_all.then(|| Quiet::new(shares.quiet)),
            keeps_seen,
            reached_bytes: 0,
            sightings_min: 1,
            waiting_bytes: 0,
            file: None,
            marks_bytes: 0,
        }
    }

    /// Adds a device, its series packed.
    ///
    /// # Errors
    /// A temporary file that cannot be written.
    pub(super) fn add(&mut self, mut device: Device) -> io::Result<()> {
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
        self.totals.folded += fold(&mut device, self.sightings_min);
        let counted = device.report.reached.iter().filter(|entry| entry.sightings >= self.sightings_min);
        self.reached_bytes += counted.map(bytes_of).sum::<usize>();
        for day in &device.report.days {
            *self.devices_on.entry(*day).or_default() += 1;
        }
        if device.waiting.is_empty() {
            if let Some(quiet) = &mut self.quiet {
                quiet.add(&device)?;
            }
            if !device.report.reached.is_empty() {
                self.others.push(device.report.reached);
            }
        } else {
            self.add_waiting(&mut device)?;
            self.devices.push(device);
        }
        if self.reached_bytes > self.shares.reached {
            self.fold();
        }
        // Pruned now and then; what is left in the end is the same.
        if self.marks_bytes > self.shares.marks + self.shares.marks / 4 {
            self.prune();
        }
        Ok(())
    }

    fn add_waiting(&mut self, device: &mut Device) -> io::Result<()> {
        self.marks_bytes += device.waiting.marks().iter().map(Mark::bytes).sum::<usize>();
        if self.waiting_bytes + device.waiting.bytes_here() > self.shares.assessed {
            let file = match self.file.take() {
                Some(file) => file,
                None => SpillFile::create(None)?,
            };
            device.waiting.move_to(self.file.insert(file))?;
        }
        self.waiting_bytes += device.waiting.bytes_here();
        Ok(())
    }

    /// The series of a device.
    ///
    /// # Errors
    /// A temporary file that cannot be read.
    pub(super) fn series_of(&self, device: &Device) -> io::Result<Vec<Assessed>> {
        device.waiting.series(self.file.as_ref())
    }

    /// What a rotation of a device may be made of.
    ///
    /// # Errors
    /// A temporary file that cannot be read.
    pub(super) fn strays_of(&self, device: &Device) -> io::Result<Strays> {
        device.waiting.strays(self.file.as_ref())
    }

    /// Room for details of findings that wait for the alert budget, bytes.
    pub(super) fn details_room(&self) -> usize {
        self.shares.details
    }

    /// The last day of the fleet, from which its memory counts back. A day that only one phone saw, so far behind the last
    /// one that several saw that nothing of theirs would be left, is a wrong clock. The second value is the number of
    /// days that are later.
    pub(super) fn last_day(&self) -> Option<(Day, usize)> {
        let last = *self.devices_on.keys().next_back()?;
        let shared = self.devices_on.iter().rev().find(|(_, devices)| **devices > 1);
        let shared = shared.map_or(last, |(day, _)| *day).number();
        let is_near = |day: &Day| day.number() < shared.saturating_add(HABIT_DAYS);
        let near = *self.devices_on.keys().rev().find(|day| is_near(day))?;
        Some((near, self.devices_on.keys().rev().take_while(|day| **day > near).count()))
    }

    /// The fleet once all devices are in.
    pub(super) fn settled(mut self) -> Self {
        if self.marks_bytes > self.shares.marks {
            self.prune();
        }
        self.devices.sort_by(|a, b| a.id.cmp(&b.id));
        self
    }

    /// Whether every device is here as pass 1 left it.
    pub(super) fn is_whole(&self) -> bool {
        let Totals { left_out, folded, pruned, unmarked, strays_cut, .. } = self.totals;
        self.quiet.is_some() && left_out + folded + pruned + unmarked + strays_cut == 0
    }

    /// Devices without series in a part of [`super::quiet::PARTS`], if they were kept, with what they reached often enough.
    ///
    /// # Errors
    /// A temporary file that cannot be read, or what `show` says.
    pub(super) fn each_quiet(
        &self,
        part: usize,
        mut show: impl FnMut(&str, DeviceReport) -> io::Result<()>,
    ) -> io::Result<()> {
        self.each_packed(part, |packed| {
            let (id, mut report) = packed.unpacked()?;
            fold_report(&mut report, self.sightings_min, |_| false);
            show(&id, report)
        })
    }

    /// The same, packed.
    pub(super) fn each_packed(
        &self,
        part: usize,
        show: impl FnMut(PackedDevice) -> io::Result<()>,
    ) -> io::Result<()> {
        self.quiet.as_ref().map_or(Ok(()), |quiet| quiet.each(part, show))
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
            folded += fold(device, least);
        }
        for reached in &mut self.others {
            folded += fold_but(reached, least, |_| false);
        }
        self.others.retain(|reached| !reached.is_empty());
        self.totals.folded += folded;
    }

    /// Leaves out marks until the others fit.
    fn prune(&mut self) {
        let ranks: Vec<_> = self.devices.iter().flat_map(marks_ranked).collect();
        let mut stays = fitting(&ranks, self.shares.marks).into_iter();
        for device in &mut self.devices {
            self.totals.unmarked += device.waiting.retain_marks(|_| stays.next().unwrap_or(true));
        }
        let left = self.devices.iter().flat_map(|device| device.waiting.marks());
        self.marks_bytes = left.map(Mark::bytes).sum();
    }
}

/// Keeps one device that is looked at in parts within the bounds of all.
pub(super) fn keep_within(device: &mut Device, shares: Shares) {
    let series = &device.assessed;
    if series.iter().map(bytes_of_series).sum::<usize>() > shares.assessed {
        let mut stays = fitting(&series_ranked(device), shares.assessed).into_iter();
        let before = series.len();
        device.assessed.retain(|_| stays.next().unwrap_or(true));
        device.pruned += (before - device.assessed.len()) as u64;
    }
    let report = &mut device.report;
    if report.reached.iter().map(bytes_of).sum::<usize>() > shares.reached {
        let (least, _) = least_that_fits(report.reached.iter(), device.sightings_min, shares.reached);
        device.sightings_min = least;
        let mut asked: Vec<&Destination> = device.assessed.iter().map(|one| &one.key.destination).collect();
        asked.sort_unstable();
        let is_asked = |destination: &Destination| asked.binary_search(&destination).is_ok();
        device.folded += fold_report(report, least, is_asked);
    }
}

/// Leaves out what a device reached too seldom, but not that its apps are there; how many went.
pub(super) fn fold_report(
    report: &mut DeviceReport,
    least: u32,
    is_asked: impl Fn(&Destination) -> bool,
) -> u64 {
    if report.reached.iter().all(|entry| entry.sightings >= least) {
        return 0;
    }
    report.apps.extend(report.reached.iter().filter_map(|entry| entry.app.clone()));
    report.apps.sort_unstable();
    report.apps.dedup();
    fold_but(&mut report.reached, least, is_asked)
}

/// The least number of sightings, from `least` on, with which entries fit, and their bytes.
fn least_that_fits<'r>(entries: impl Iterator<Item = &'r Reported>, least: u32, room: usize) -> (u32, usize) {
    let mut bytes = BySightings::default();
    entries.filter(|entry| entry.sightings >= least).for_each(|entry| bytes.add(entry));
    bytes.least_that_fits(least, room)
}

/// Bytes of entries by their sightings.
#[derive(Debug, Default)]
pub(super) struct BySightings(BTreeMap<u32, usize>);

impl BySightings {
    pub(super) fn add(&mut self, entry: &Reported) {
        *self.0.entry(entry.sightings).or_default() += bytes_of(entry);
    }

    /// See [`least_that_fits`].
    pub(super) fn least_that_fits(&self, mut least: u32, room: usize) -> (u32, usize) {
        let mut all: usize = self.0.values().sum();
        for (sightings, bytes) in &self.0 {
            if all <= room {
                break;
            }
            all -= bytes;
            least = sightings.saturating_add(1);
        }
        (least, all)
    }
}

/// Leaves out what has too few sightings on a device; how many went. What one of its own series asks for stays.
fn fold(device: &mut Device, least: u32) -> u64 {
    let waiting = &device.waiting;
    fold_but(&mut device.report.reached, least, |destination| waiting.asks_for(destination))
}

fn fold_but(reached: &mut Vec<Reported>, least: u32, is_asked: impl Fn(&Destination) -> bool) -> u64 {
    let before = reached.len();
    reached.retain(|entry| entry.sightings >= least || is_asked(&entry.destination));
    let folded = before - reached.len();
    if folded > 0 {
        reached.shrink_to_fit();
    }
    folded as u64
}

/// Which of several series, with their bytes, stay so that all fit: those that come first.
fn fitting<T: Ord>(series: &[(T, usize)], mut room: usize) -> Vec<bool> {
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

/// Order in which marks stay: each device's first before any device's second, so that a device cannot crowd out
/// another; of one device those of most check-ins.
fn marks_ranked(device: &Device) -> Vec<((u32, &str), usize)> {
    let marks = device.waiting.marks();
    let mut order: Vec<(Reverse<u64>, &SeriesKey, usize)> =
        marks.iter().zip(0..).map(|(mark, place)| (Reverse(mark.check_ins), &mark.key, place)).collect();
    order.sort_unstable();
    let mut ranks: Vec<(usize, u32)> = order.into_iter().map(|(_, _, place)| place).zip(0..).collect();
    ranks.sort_unstable();
    ranks.into_iter().zip(marks).map(|((_, rank), mark)| ((rank, device.id.as_str()), mark.bytes())).collect()
}

/// Order in which the series of one device stay: those with a rhythm before others, of alike ones those of most
/// check-ins.
type InDevice<'a> = (Reverse<bool>, Reverse<u64>, &'a SeriesKey, Day);

fn in_device(series: &Assessed) -> InDevice<'_> {
    let Assessed { key, day, machine, .. } = series;
    (Reverse(machine.is_machine_driven()), Reverse(machine.check_ins), key, *day)
}

fn series_ranked(device: &Device) -> Vec<(InDevice<'_>, usize)> {
    device.assessed.iter().map(|series| (in_device(series), bytes_of_series(series))).collect()
}

fn bytes_of(entry: &Reported) -> usize {
    let app = entry.app.as_ref().map_or(0, |app| app.len());
    ENTRY_BYTES + 2 * (app + entry.destination.text_bytes() + 16)
}

fn bytes_of_series(series: &Assessed) -> usize {
    SERIES_BYTES + series.profile.bytes()
}
