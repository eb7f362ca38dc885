//! Devices after pass 1, within bounds: what a fleet of any size comes to before the second pass.
//!
//! A device without a series that may be a machine's is counted and not kept, or packed where its past is asked for
//! ([`super::quiet`]). Series that may be one's wait packed, in
//! memory or in a file ([`super::waiting`]). Two things grow with traffic all the same: what devices reached, and the
//! marks by which series are compared. Of the first, destinations with the fewest sightings on a device are folded into
//! a count; of the second, those of fewest check-ins of the devices with most of them are not compared with. Which ones
//! depends on all devices together and not on their order.

use super::devices::Device;
use super::folding::{bytes_of, fitting, fold, fold_but, fold_report, least_that_fits, marks_ranked};
use super::quiet::{PackedDevice, Quiet};
use super::second::Totals;
use super::shares::Shares;
use super::waiting::{Mark, Strays};
use crate::partition::SpillFile;
use crate::telemetry::Roles;
use std::collections::BTreeMap;
use std::io;
use undertone_core::baseline::{Baseline, HABIT_DAYS};
use undertone_core::coverage::DeviceSeen;
use undertone_core::device::{DeviceReport, Reported};
use undertone_core::model::{Day, Platform};
use undertone_core::score::days::Assessed;

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
        for day in device.report.days_seen() {
            *self.devices_on.entry(day).or_default() += 1;
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
                None => SpillFile::create()?,
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
