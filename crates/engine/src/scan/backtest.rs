//! The detector on past days, one after the other, each knowing only what was known by then.
//!
//! On each day it sees that day and the six before, as a nightly scan would, and a baseline made of the days before:
//! what phones reached (as [`super::learn`] keeps it), and the highest weight that each phone showed on each of those
//! days when it was that day's turn. The inputs are read once. What is known of the days before lies in a temporary file
//! where it does not fit ([`super::history`]).

use super::cache::Slot;
use super::history::History;
use super::second::{Fixed, second_pass};
use super::settings::Settings;
use super::{Recorded, ScanError, ScanOptions, ScanSummary, go_on, verdict};
use crate::input::{Progress, StopFlag};
use std::path::Path;
use undertone_core::finding::Finding;
use undertone_core::model::Day;
use undertone_core::score::days::Window;

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
    /// The days asked for that hold records.
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
        Recorded::read(options, cache.and_then(|folder| Slot::of(folder, options, stop)), progress, stop)?;
    recorded.check_usable(0)?;
    let mut days = Vec::new();
    let mut history = History::new(recorded.shares);
    let mut totals = super::second::Totals::default();
    // Not every day from the first to the last: one wrong clock may put millions of days between them.
    let mut seen = recorded.partitions.days()?.into_iter().take_while(|day| *day <= to).peekable();
    while let Some(day) = seen.next() {
        let fleet = recorded.devices(&settings, Some(Window::ending_on(day)), stop)?;
        let learned = history.learned();
        let history_device_days = learned.as_ref().map_or(0, |learned| learned.baseline.device_days);
        let then = Settings { learned, ..settings.clone() };
        let fixed = Fixed::of(&fleet, &then, recorded.threads)?;
        let mut second = second_pass(&fleet, &fixed, &then, recorded.threads, options.depth())?;
        second.drafts.retain(|draft| draft.day() == day);
        second.tested.retain(|tested, _| *tested == day);
        let devices = history.add(day, &fleet, &second)?;
        totals = fleet.totals.clone().latest(totals);
        if day >= from {
            let is_calibrated = then.learned.as_ref().is_some_and(|l| l.tails(fixed.sight) != (None, None));
            days.push(BacktestDay {
                day,
                findings: verdict(second, devices, (&fleet, &then), recorded.threads)?,
                devices,
                history_device_days,
                is_calibrated,
            });
        }
        // The day's fleet and what it was compared with make room for what the next is compared with.
        drop((fleet, fixed, then));
        if seen.peek().is_some() {
            history.settle()?;
        }
        go_on(stop)?;
    }
    totals.folded = totals.folded.max(history.folded);
    Ok(Backtest { days, summary: recorded.base.with(&totals) })
}
