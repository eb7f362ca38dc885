//! The detector on past days, one after the other, each knowing only what was known by then.
//!
//! On each day it sees that day and the six before, as a nightly scan would, and a baseline made of the days before:
//! what phones reached (as [`super::learn`] keeps it), and the highest weight that each phone showed on each of those
//! days when it was that day's turn. The inputs are read once.

use super::cache::Slot;
use super::devices::{Device, Window};
use super::reports_of;
use super::second::second_pass;
use super::settings::Settings;
use super::{Recorded, ScanError, ScanOptions, ScanSummary, Second, verdict};
use crate::input::{Progress, StopFlag};
use std::collections::BTreeMap;
use std::path::Path;
use undertone_core::baseline::{Baseline, Bounds, Learned};
use undertone_core::device::{DeviceReport, Reported};
use undertone_core::finding::Finding;
use undertone_core::model::Day;
use undertone_core::score::budget::Sight;
use undertone_core::score::history::FleetMaxima;
use undertone_core::weigh::HISTORY_DAYS_MIN;

/// A past day.
#[derive(Debug, Clone)]
pub struct BacktestDay {
    /// Which.
    pub day: Day,
    /// Findings of that day, as they would have been made: alerts, leads, the rest; strongest first.
    pub findings: Vec<Finding>,
    /// Devices with traffic on that day.
    pub devices: u64,
    /// Device-days in the baseline, all before that day.
    pub history_device_days: u64,
    /// Whether that history calibrated the alert budget, rather than the shipped reference.
    pub is_calibrated: bool,
}

/// Past days, ascending.
#[derive(Debug, Clone)]
pub struct Backtest {
    /// The days asked for, as far as there is data.
    pub days: Vec<BacktestDay>,
    /// What was read.
    pub summary: ScanSummary,
}

/// Which days, and where records are kept.
#[derive(Debug, Clone, Copy)]
pub struct BacktestSpan<'r> {
    /// First day; the days before it are history.
    pub from: Day,
    /// Last day.
    pub to: Day,
    /// See [`Reading::cache`](super::Reading::cache).
    pub cache: Option<&'r Path>,
}

/// Runs the detector day by day.
///
/// # Errors
/// Those of [`super::scan`].
pub fn backtest(
    options: &ScanOptions,
    span: BacktestSpan<'_>,
    progress: &Progress,
    stop: &StopFlag,
) -> Result<Backtest, ScanError> {
    let settings = Settings { learned: None, ..Settings::read(options)? };
    let BacktestSpan { from, to, cache } = span;
    let mut recorded =
        Recorded::read(options, cache.and_then(|folder| Slot::of(folder, options)), progress, stop)?;
    recorded.check_usable(0)?;
    let mut days = Vec::new();
    let mut history = History::default();
    let mut totals = super::second::Totals::default();
    if let Some((first, last)) = recorded.span() {
        for number in first.number()..=last.number().min(to.number()) {
            let day = Day::from_number(number);
            let fleet = recorded.devices(&settings, Some(Window::ending_on(day)), stop)?;
            let learned = history.learned();
            let history_device_days = learned.as_ref().map_or(0, |learned| learned.baseline.device_days);
            let then = Settings { learned, ..settings.clone() };
            let mut second = second_pass(&fleet, &then, recorded.threads, options.keeps_below)?;
            second.drafts.retain(|draft| draft.day() == day);
            second.tested.retain(|tested, _| *tested == day);
            let active =
                fleet.devices.iter().filter(|device| device.report.days.contains(&day)).count() as u64;
            history.add(day, active, &fleet.devices, &second);
            totals = fleet.totals.clone().latest(totals);
            if number >= from.number() {
                let reports = reports_of(&fleet.devices);
                let is_calibrated =
                    then.learned.as_ref().is_some_and(|l| l.tails(second.sight) != (None, None));
                days.push(BacktestDay {
                    day,
                    findings: verdict(second, active, &then, &reports),
                    devices: active,
                    history_device_days,
                    is_calibrated,
                });
            }
        }
    }
    Ok(Backtest { days, summary: recorded.base.with(&totals) })
}

/// What is known of the days that have passed.
#[derive(Default)]
struct History {
    /// What each device reached, and with which stacks; the rest of its report stays empty.
    reports: BTreeMap<String, DeviceReport>,
    maxima: FleetMaxima,
    sight: Sight,
}

impl History {
    /// The baseline; `None` before the first day.
    fn learned(&self) -> Option<Learned> {
        if self.reports.is_empty() {
            return None;
        }
        let mut baseline = Baseline::default();
        for report in self.reports.values() {
            baseline.add_device(report);
        }
        baseline.settle(self.reports.values());
        Some(Learned::of(baseline, (self.maxima.clone(), None), self.sight, Bounds::default()))
    }

    /// Adds a day that has passed, with what the window that ends on it showed.
    fn add(&mut self, day: Day, active: u64, devices: &[Device], second: &Second) {
        for device in devices.iter().filter(|device| device.report.days.contains(&day)) {
            let known = self.reports.entry(device.id.clone()).or_default();
            known.reached = united(std::mem::take(&mut known.reached), &device.report.reached);
            unite(&mut known.stacks, &device.report.stacks);
            unite(&mut known.app_stacks, &device.report.app_stacks);
            unite(&mut known.app_services, &device.report.app_services);
            unite(&mut known.days, &device.report.days);
        }
        let has_past = |device: &&Device| {
            let days = &device.report.days;
            days.contains(&day) && days.partition_point(|known| *known < day) >= HISTORY_DAYS_MIN as usize
        };
        let later = devices.iter().filter(has_past).count() as u64;
        self.maxima.merge(&FleetMaxima::of(&second.drafts, active - later, later));
        self.sight = second.sight;
    }
}

/// Adds what is not in an ascending list yet.
fn unite<T: Ord + Clone>(known: &mut Vec<T>, more: &[T]) {
    known.extend_from_slice(more);
    known.sort_unstable();
    known.dedup();
}

/// Both lists, each app and destination once, with the first and last day of either.
fn united(known: Vec<Reported>, more: &[Reported]) -> Vec<Reported> {
    let mut all = known;
    all.extend_from_slice(more);
    all.sort_unstable_by(|a, b| (&a.app, &a.destination).cmp(&(&b.app, &b.destination)));
    all.dedup_by(|later, kept| {
        let is_same = later.app == kept.app && later.destination == kept.destination;
        if is_same {
            kept.first_day = kept.first_day.min(later.first_day);
            kept.last_day = kept.last_day.max(later.last_day);
            kept.sightings = kept.sightings.saturating_add(later.sightings);
        }
        is_same
    });
    all
}
