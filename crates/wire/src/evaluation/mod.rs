//! How well findings agree with labels: recall, false positives, precision, and whether the promised rate of
//! false alerts was kept.
//!
//! The arithmetic ([`evaluate`]) is pure; [`write_text`], [`write_json`] and [`write_html`] only show it. Rules
//! (DESIGN section 8): a finding is an implant's when the device is the same and its domain, address or app too;
//! what was shown and matches no implant is a false positive. Several findings of one implant count once for
//! recall.

mod bands;
mod html;
mod json;
mod labels;
mod leaks;
mod measure;
mod share;
mod svg;
mod tables;
mod text;

pub use bands::Dimension;
pub use html::write_html;
pub use json::write_json;
pub use leaks::{LEAK_SHARE_MAX, LeakReport, LeakRule, Leaks};
pub use measure::evaluate;
pub use share::{Rate, Share};
pub use text::write_text;

use crate::truth::Truth;
use undertone_core::finding::Finding;

/// Findings that a person reads on one day.
pub const READ_PER_DAY: usize = 20;
/// Budgets at which promised and observed false alerts are compared, per 1,000 device-days.
pub const BUDGETS_PER_1000: [f64; 4] = [0.3, 1.0, 3.0, 10.0];

/// What to compare.
#[derive(Debug, Clone, Copy)]
pub struct EvaluationInput<'a> {
    /// Findings in any order: alerts, leads and, best, the rows below the threshold too.
    pub findings: &'a [Finding],
    /// The implants.
    pub truth: &'a [Truth],
    /// Honest senders that are rare: false positives among them are told apart.
    pub rare_benign: &'a [Truth],
    /// Days with traffic, summed over devices; `None` when nobody knows, and then no rate is told.
    pub device_days: Option<u64>,
}

/// How well findings agree with labels.
#[derive(Debug, Clone, PartialEq)]
pub struct Evaluation<'a> {
    /// Findings given, shown or not.
    pub findings: u64,
    /// Of these, alerts.
    pub alerts: u64,
    /// Of these, leads: fewer than 30 devices, ranked without error control. They count as shown.
    pub leads: u64,
    /// Days with traffic, summed over devices.
    pub device_days: Option<u64>,
    /// Every implant in the order of the labels.
    pub implants: Vec<Implant<'a>>,
    /// Implants that were shown at least once.
    pub recall: Share,
    /// Recall by one property at a time, bands in order.
    pub by_dimension: Vec<(Dimension, Vec<(&'a str, Share)>)>,
    /// Recall by the bands of [`Dimension::CROSSED`] together; cells without implants are left out.
    pub cells: Vec<([&'a str; 6], Share)>,
    /// Shown findings that match no implant, strongest first.
    pub false_alerts: Vec<FalseAlert<'a>>,
    /// False among all shown, with and without rare honest senders.
    pub false_discovery: Both<Share>,
    /// True among the strongest [`READ_PER_DAY`] shown of each day, pooled over days.
    pub precision: Share,
    /// Promised against observed false alerts; empty without device-days or without stated expectations.
    pub budgets: Vec<Budget>,
    /// Whether rows below the threshold were given: without them budgets above the run's own are undercounted.
    pub has_rows_below: bool,
    /// What gives implants away in the data itself; `None` when nobody looked.
    pub leaks: Option<LeakReport>,
}

/// A number with every false positive, and without those of rare honest senders.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Both<T> {
    /// With every false positive.
    pub all: T,
    /// Without those that match a label of a rare honest sender.
    pub without_rare: T,
}

/// An implant and what became of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Implant<'a> {
    /// Its label.
    pub truth: &'a Truth,
    /// Findings shown for it.
    pub shown: u64,
    /// Its strongest finding, a shown one before any other; `None` when it left no row at all.
    pub best: Option<&'a Finding>,
}

/// A shown finding that matches no implant.
#[derive(Debug, Clone, PartialEq)]
pub struct FalseAlert<'a> {
    /// The finding.
    pub finding: &'a Finding,
    /// The rare honest sender that it is, where a label says so.
    pub rare: Option<&'a Truth>,
}

/// Promised and observed false alerts at one budget. A device-day counts once, however many of its rows alert.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Budget {
    /// Budget: false device-days promised in 1,000.
    pub per_1000: f64,
    /// The same, for the device-days that were watched.
    pub promised: f64,
    /// Device-days with a false alert at this budget.
    pub observed: Both<Share>,
    /// Mean of the expectation printed with the strongest false alert of each such device-day; about half the
    /// budget when the printed numbers are honest. `None` without any.
    pub printed_mean: Option<f64>,
    /// Implants that alert at this budget.
    pub recall: Share,
}

impl Evaluation<'_> {
    /// Findings shown: alerts and leads.
    pub const fn shown(&self) -> u64 {
        self.alerts + self.leads
    }

    /// False positives in 1,000 device-days; `None` when nobody knows the device-days.
    pub fn false_rate(&self) -> Option<Both<Rate>> {
        let rare = self.false_alerts.iter().filter(|alert| alert.rare.is_some()).count() as u64;
        let all = self.false_alerts.len() as u64;
        let rate = |count, device_days| Rate { count, device_days };
        self.device_days.map(|days| Both { all: rate(all, days), without_rare: rate(all - rare, days) })
    }

    /// What a reader must know before trusting the numbers.
    pub fn notes(&self) -> Vec<&'static str> {
        let mut notes = Vec::new();
        if self.device_days.is_none() {
            notes.push("the device-days are unknown, so no rate is told");
        }
        if self.leads > 0 {
            notes.push("leads are ranked without error control (fewer than 30 devices); they count as shown");
        }
        if !self.has_rows_below && !self.budgets.is_empty() {
            notes.push(
                "no rows below the threshold were given: budgets above the one of the run are undercounted \
                 (scan with --all)",
            );
        }
        notes
    }
}
