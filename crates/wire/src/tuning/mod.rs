//! Findings before and after a change of thresholds, as what differs.

mod json;
#[cfg(test)]
mod tests;
mod text;

pub use json::{write_backtest_json, write_comparison_json};
pub use text::{write_backtest_text, write_comparison_text};

use crate::truth::Truth;
use std::collections::BTreeMap;
use undertone_core::finding::Finding;
use undertone_core::model::Day;

/// Findings made under some thresholds, in their order.
#[derive(Debug, Clone, Copy)]
pub struct Made<'f> {
    /// All of them, those below the threshold, too.
    pub findings: &'f [Finding],
    /// Days with traffic, summed over devices.
    pub device_days: u64,
}

/// How many findings there are.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Counts {
    /// Alerts.
    pub alerts: u64,
    /// Leads.
    pub leads: u64,
    /// Rows below the threshold.
    pub below: u64,
    /// Alerts and leads by day.
    pub by_day: BTreeMap<Day, u64>,
    /// Alerts that clean phones are expected to bring in as many device-days: the largest expectation printed with an
    /// alert, times the device-days. `None` for leads, which promise nothing.
    pub expected_false: Option<f64>,
    /// With labels: implants of which at least one finding is shown, and shown findings that are no implant's.
    pub judged: Option<Judged>,
}

/// Counts against labels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Judged {
    /// Implants shown at least once.
    pub found: u64,
    /// Implants in all.
    pub implants: u64,
    /// Shown findings that match none.
    pub wrong: u64,
}

impl Counts {
    /// Counts findings; suppressed ones count as any other, since thresholds do not know them.
    pub fn of(made: Made<'_>, truth: Option<&[Truth]>) -> Self {
        let mut counts = Self::default();
        let mut largest: Option<f64> = None;
        for finding in made.findings {
            match (finding.alert, finding.lead) {
                (true, _) => counts.alerts += 1,
                (false, true) => counts.leads += 1,
                (false, false) => counts.below += 1,
            }
            if is_shown(finding) {
                *counts.by_day.entry(finding.day).or_default() += 1;
            }
            if finding.alert {
                let expected = finding.expected_false_per_1000_device_days.unwrap_or(0.0);
                largest = Some(largest.map_or(expected, |known| known.max(expected)));
            }
        }
        counts.expected_false = if counts.leads > 0 {
            None
        } else {
            Some(largest.unwrap_or(0.0) * made.device_days as f64 / 1000.0)
        };
        counts.judged = truth.map(|truth| judged(made.findings, truth));
        counts
    }
}

fn judged(findings: &[Finding], truth: &[Truth]) -> Judged {
    let shown: Vec<&Finding> = findings.iter().filter(|finding| is_shown(finding)).collect();
    let is_found = |implant: &&Truth| shown.iter().any(|finding| implant.matches(finding));
    let is_wrong = |finding: &&&Finding| !truth.iter().any(|implant| implant.matches(finding));
    Judged {
        found: truth.iter().filter(is_found).count() as u64,
        implants: truth.len() as u64,
        wrong: shown.iter().filter(is_wrong).count() as u64,
    }
}

fn is_shown(finding: &Finding) -> bool {
    finding.alert || finding.lead
}

/// A finding that is shown both before and after, at another place or weight.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Moved<'f> {
    /// As it was.
    pub before: &'f Finding,
    /// As it is.
    pub after: &'f Finding,
    /// Places in the list, from 1.
    pub ranks: (u64, u64),
}

/// What differs.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Difference<'f> {
    /// Shown after and not before; with what it was before, where there was a row.
    pub new: Vec<(&'f Finding, Option<&'f Finding>)>,
    /// Shown before and not after; with what it is after, where there is a row.
    pub gone: Vec<(&'f Finding, Option<&'f Finding>)>,
    /// Shown in both, with another weight.
    pub moved: Vec<Moved<'f>>,
    /// Shown in both, with the same weight.
    pub same: u64,
}

impl<'f> Difference<'f> {
    /// What differs between two runs over the same inputs.
    pub fn of(before: &'f [Finding], after: &'f [Finding]) -> Self {
        let index = |findings: &'f [Finding]| -> BTreeMap<&'f str, (u64, &'f Finding)> {
            findings.iter().zip(1..).map(|(finding, rank)| (finding.id.as_str(), (rank, finding))).collect()
        };
        let (was, is) = (index(before), index(after));
        let mut found = Self::default();
        for (finding, rank) in after.iter().zip(1..).filter(|(finding, _)| is_shown(finding)) {
            match was.get(finding.id.as_str()) {
                Some((old_rank, old)) if is_shown(old) => {
                    if (old.weight_bans - finding.weight_bans).abs() < 5e-4 && old.alert == finding.alert {
                        found.same += 1;
                    } else {
                        found.moved.push(Moved { before: old, after: finding, ranks: (*old_rank, rank) });
                    }
                }
                known => found.new.push((finding, known.map(|(_, old)| *old))),
            }
        }
        for finding in before.iter().filter(|finding| is_shown(finding)) {
            let now = is.get(finding.id.as_str()).map(|(_, now)| *now);
            if !now.is_some_and(is_shown) {
                found.gone.push((finding, now));
            }
        }
        found
    }
}

/// What was changed, and what came of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison<'f> {
    /// Keys with their values before and after.
    pub settings: Vec<Changed>,
    /// Counts before.
    pub before: Counts,
    /// Counts after.
    pub after: Counts,
    /// What differs.
    pub difference: Difference<'f>,
}

/// A threshold that was changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changed {
    /// Key, with its scope.
    pub name: String,
    /// What it is now.
    pub value: String,
}

/// One past day of a backtest.
#[derive(Debug, Clone, PartialEq)]
pub struct PastDay {
    /// Which.
    pub day: Day,
    /// Devices with traffic.
    pub devices: u64,
    /// Device-days known before.
    pub history_device_days: u64,
    /// Whether they calibrate the budget.
    pub is_calibrated: bool,
    /// What was found.
    pub counts: Counts,
    /// Findings shown that were shown on an earlier day, too: the same device, app and destination.
    pub repeated: u64,
}
