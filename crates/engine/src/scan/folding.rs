//! What stays of devices where not all fits: the bounds of a [`Fleet`](super::fleet::Fleet).

use super::devices::Device;
use super::shares::Shares;
use std::cmp::Reverse;
use std::collections::BTreeMap;
use undertone_core::device::{DeviceReport, Reported};
use undertone_core::model::Day;
use undertone_core::score::days::Assessed;
use undertone_core::series::{Destination, SeriesKey};

/// What an entry takes here and in the baseline, besides its texts, bytes: both are trees or lists of these.
const ENTRY_BYTES: usize = 2 * size_of::<Reported>() + 48;
/// What an assessed series takes besides its profile, bytes.
const SERIES_BYTES: usize = size_of::<Assessed>() + 400;

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
pub(super) fn least_that_fits<'r>(
    entries: impl Iterator<Item = &'r Reported>,
    least: u32,
    room: usize,
) -> (u32, usize) {
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
pub(super) fn fold(device: &mut Device, least: u32) -> u64 {
    let waiting = &device.waiting;
    fold_but(&mut device.report.reached, least, |destination| waiting.asks_for(destination))
}

pub(super) fn fold_but(
    reached: &mut Vec<Reported>,
    least: u32,
    is_asked: impl Fn(&Destination) -> bool,
) -> u64 {
    let before = reached.len();
    reached.retain(|entry| entry.sightings >= least || is_asked(&entry.destination));
    let folded = before - reached.len();
    if folded > 0 {
        reached.shrink_to_fit();
    }
    folded as u64
}

/// Which of several series, with their bytes, stay so that all fit: those that come first.
pub(super) fn fitting<T: Ord>(series: &[(T, usize)], mut room: usize) -> Vec<bool> {
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
pub(super) fn marks_ranked(device: &Device) -> Vec<((u32, &str), usize)> {
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

pub(super) fn bytes_of(entry: &Reported) -> usize {
    let app = entry.app.as_ref().map_or(0, |app| app.len());
    ENTRY_BYTES + 2 * (app + entry.destination.text_bytes() + 16)
}

fn bytes_of_series(series: &Assessed) -> usize {
    SERIES_BYTES + series.profile.bytes()
}
