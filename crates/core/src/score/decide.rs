//! From drafts to findings: the alert budget, and what a finding is worth beside all others.

use super::budget::Tail;
use super::draft::Draft;
use super::significant;
use crate::evidence::Evidence;
use crate::finding::{Calibration, Confidence, Finding, Severity};
use crate::model::Day;
use std::collections::BTreeMap;

/// How the reason begins of a finding that clears both floors and only exceeds the budget: with a larger budget it
/// would alert.
pub const OVER_BUDGET: &str = "clean phones show something this strong";
/// What the reference leaves out.
const FIRST_SIGHT: &str = "a server that hardly any other phone uses (one's own cloud, home automation) can look like this when it \
     is first seen; the expectation leaves those out";

/// How to decide.
#[derive(Debug, Clone, Copy)]
pub struct DecideOptions {
    /// Whether there are devices enough for error control; else findings are leads.
    pub is_fleet: bool,
    /// Device-day maxima of clean phones.
    pub tails: Tails,
    /// Expected false alerts per 1,000 device-days that an alert may have.
    pub budget_per_1000: f64,
}

/// How high clean phones reach.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tails {
    /// Phones seen for the first time.
    pub first: Tail,
    /// Phones with a past.
    pub later: Tail,
}

/// Turns drafts into findings, all of them, sorted: alerts, leads, the rest; strongest first. `tested` is how many
/// devices had any series to score on each day.
pub fn decide(drafts: Vec<Draft>, tested: &BTreeMap<Day, u64>, options: &DecideOptions) -> Vec<Finding> {
    let mut findings: Vec<Finding> = drafts.into_iter().map(|draft| decided(draft, options)).collect();
    if options.is_fleet {
        q_values(&mut findings, tested);
    }
    findings.sort_by(|a, b| {
        (b.alert, b.lead)
            .cmp(&(a.alert, a.lead))
            .then(b.weight_bans.total_cmp(&a.weight_bans))
            .then_with(|| a.id.cmp(&b.id))
    });
    findings
}

/// Gives a finding that was decided from a shortened draft ([`Draft::shorten`]) what was left out, from the same draft
/// in full.
pub fn complete(finding: &mut Finding, draft: Draft, options: &DecideOptions) {
    let q_value = finding.q_value;
    *finding = Finding { q_value, ..decided(draft, options) };
}

fn decided(draft: Draft, options: &DecideOptions) -> Finding {
    let tail = if draft.has_past { &options.tails.later } else { &options.tails.first };
    let Draft { mut finding, knows_state, has_past, .. } = draft;
    if options.is_fleet {
        let expected = tail.expected_per_1000(finding.weight_bans);
        if finding.below_because.is_none() && expected > options.budget_per_1000 {
            // What is over it by less than a digit must not read as if it were not.
            let (told, budget) = (significant(expected), options.budget_per_1000);
            let more = if told > budget { "" } else { "slightly more than " };
            finding.below_because = Some(format!(
                "{OVER_BUDGET} {more}{told} times in 1,000 device-days; the budget is {budget}"
            ));
        }
        finding.alert = finding.below_because.is_none();
        finding.expected_false_per_1000_device_days = Some(significant(expected));
        finding.calibration = Some(tail.calibration);
        let is_first_sight = !has_past || finding.evidence.iter().any(Evidence::is_newness);
        if is_first_sight && tail.calibration == Calibration::Reference {
            finding.limits.push(FIRST_SIGHT.to_owned());
        }
    } else {
        finding.lead = finding.below_because.is_none();
    }
    finding.severity = severity(finding.alert, finding.lead, finding.weight_bans);
    finding.confidence = confidence(&finding, knows_state);
    finding
}

/// Benjamini-Hochberg over the device-day maxima of each day.
fn q_values(findings: &mut [Finding], tested: &BTreeMap<Day, u64>) {
    let mut days: BTreeMap<Day, BTreeMap<String, f64>> = BTreeMap::new();
    for finding in findings.iter() {
        let p = finding.expected_false_per_1000_device_days.unwrap_or(1000.0) / 1000.0;
        let least = days.entry(finding.day).or_default().entry(finding.device.id.clone()).or_insert(1.0);
        *least = least.min(p);
    }
    let mut q_of: BTreeMap<(Day, String), f64> = BTreeMap::new();
    for (day, devices) in days {
        let mut ranked: Vec<(f64, String)> = devices.into_iter().map(|(device, p)| (p, device)).collect();
        ranked.sort_by(|a, b| a.0.total_cmp(&b.0).then_with(|| a.1.cmp(&b.1)));
        let count = tested.get(&day).copied().unwrap_or(0).max(ranked.len() as u64) as f64;
        let mut least = 1.0_f64;
        for (rank, (p, device)) in ranked.into_iter().enumerate().rev() {
            least = least.min(p * count / (rank + 1) as f64);
            q_of.insert((day, device), least);
        }
    }
    for finding in findings {
        finding.q_value = q_of.get(&(finding.day, finding.device.id.clone())).map(|q| significant(*q));
    }
}

fn severity(alert: bool, lead: bool, weight: f64) -> Severity {
    match (alert, lead) {
        (true, _) if weight >= 9.0 => Severity::Critical,
        (true, _) if weight >= 7.0 => Severity::High,
        (true, _) => Severity::Medium,
        (_, true) if weight >= 6.0 => Severity::Medium,
        (_, true) => Severity::Low,
        _ => Severity::Info,
    }
}

/// High with app, state and own history known; one missing of them is medium, and so are two.
fn confidence(finding: &Finding, knows_state: bool) -> Confidence {
    if !finding.alert {
        return Confidence::Low;
    }
    let missing =
        [finding.app.id.is_none(), !knows_state, finding.calibration == Some(Calibration::Reference)];
    match missing.into_iter().filter(|is| *is).count() {
        0 => Confidence::High,
        1 | 2 => Confidence::Medium,
        _ => Confidence::Low,
    }
}
