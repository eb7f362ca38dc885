//! What a run says of itself.

mod missing;

use super::second::Totals;
use crate::input::{FileReport, InputSummary, Outcome, SkipReason};
use crate::naming::first_named;
use crate::partition::SinkCounts;
use crate::telemetry::Clocks;
use std::collections::BTreeMap;
use undertone_core::baseline::Learned;
use undertone_core::finding::Finding;
use undertone_core::model::{Day, Timestamp};
use undertone_core::score::budget::{Sight, Tail};
use undertone_core::thresholds::ThresholdSet;

/// What a scan found.
#[derive(Debug, Clone)]
pub struct ScanReport {
    /// Alerts, leads and what exceeds the budget, strongest first; with [`super::ScanOptions::keeps_below`] what else
    /// fell short, too.
    pub findings: Vec<Finding>,
    /// What was read.
    pub summary: ScanSummary,
    /// The thresholds under which it was found.
    pub thresholds: ThresholdSet,
}

/// What a scan read.
#[derive(Debug, Clone, Default)]
pub struct ScanSummary {
    /// Inputs read.
    pub files: u64,
    /// Bytes read, decompressed.
    pub bytes: u64,
    /// Rows accepted.
    pub rows_accepted: u64,
    /// Rows rejected, by reason.
    pub rows_rejected: BTreeMap<&'static str, Rejected>,
    /// Well-formed rows of no use, by kind.
    pub rows_ignored: BTreeMap<String, u64>,
    /// Inputs not read, with the reason.
    pub skipped: Vec<(String, String)>,
    /// Inputs read in part, with the reason.
    pub partial: Vec<(String, String)>,
    /// Whether part of what was asked for could not be read: a file cut or damaged, refused by the system, or
    /// beyond a limit.
    pub is_incomplete: bool,
    /// Devices seen.
    pub devices: u64,
    /// Series seen.
    pub series: u64,
    /// Sessions after joining.
    pub sessions: u64,
    /// Days with traffic, summed over devices.
    pub device_days: u64,
    /// First event.
    pub first: Option<Timestamp>,
    /// Last event.
    pub last: Option<Timestamp>,
    /// Sessions by how their app was found.
    pub attribution: BTreeMap<&'static str, u64>,
    /// What telemetry and network logs say of each other's clocks.
    pub clocks: Clocks,
    /// Findings that fell short and that were not asked for ([`super::ScanOptions::keeps_below`]).
    pub below: u64,
    /// Device-days, without a past and with one, that are loud by way of what an implant hardly is: how many there are
    /// scales the shipped reference.
    pub device_days_loud: [u64; 2],
    /// Anything else that a reader should know.
    pub notes: Vec<String>,
}

/// Rows rejected for one reason.
#[derive(Debug, Clone, Default)]
pub struct Rejected {
    /// How many.
    pub count: u64,
    /// First input with such a row.
    pub first_file: String,
    /// Its line (or packet), counted from 1.
    pub first_line: u64,
    /// What was wrong with it.
    pub first_detail: String,
}

/// What a learned baseline did for a scan.
pub(super) fn baseline_note(learned: Option<&Learned>, sight: Sight) -> Option<String> {
    let learned = learned?;
    let is_any = |(first, later): (Option<Tail>, Option<Tail>)| first.is_some() || later.is_some();
    let calibration = match (learned.tails(sight), is_any(learned.tails(learned.sight))) {
        ((_, Some(_)), _) => "its history calibrates the alert budget of phones with a past".to_owned(),
        ((Some(_), None), _) => {
            "its history calibrates the alert budget of phones seen for the first time; for phones with a past it is \
             too short, and the shipped reference serves"
                .to_owned()
        }
        (_, true) => format!(
            "the alert budget keeps the shipped reference: the history was made with {}",
            match learned.sight {
                Sight::Network => "network logs alone",
                Sight::Telemetry => "telemetry that names apps",
            }
        ),
        (_, false) => "the alert budget keeps the shipped reference: the history has too few device-days".to_owned(),
    };
    let (devices, days) = (learned.baseline.devices, learned.baseline.device_days);
    Some(format!("{devices} learned devices ({days} device-days) count as other devices; {calibration}"))
}

/// Days that a fleet's memory leaves out, since only wrong clocks can have seen them.
pub(super) fn late_note(last: Option<(Day, usize)>) -> Option<String> {
    let (last, later) = last.filter(|(_, later)| *later > 0)?;
    Some(format!(
        "{later} days long after {last}, each of one phone alone, are a wrong clock's and not remembered"
    ))
}

/// What was read, before any device was looked at.
pub(super) fn summarise(input: &InputSummary, seen: &SinkCounts, mut notes: Vec<String>) -> ScanSummary {
    if seen.inbound > 0 {
        notes.push(format!(
            "{} connections or messages came from outside to a device and make no series",
            seen.inbound
        ));
    }
    if let Some(kept) = seen.claims.kept {
        notes.push(format!(
            "memory: the addresses that telemetry gives of {kept} phones, the first by name, found room: traffic of the \
             others may stay under its address; --memory gives more"
        ));
    }
    if seen.claims.crowded > 0 {
        notes.push(format!(
            "{} phones give more addresses in their telemetry than one may: some traffic may stay under its address",
            seen.claims.crowded
        ));
    }
    notes.extend(seen.silences());
    notes.extend(nameless_note(input));
    notes.extend(missing::notes(&input.numbers()));
    ScanSummary {
        files: input.files.len() as u64,
        bytes: input.bytes(),
        rows_accepted: input.accepted(),
        rows_rejected: rejected(input),
        rows_ignored: input.ignored().into_iter().map(|(what, count)| (what.to_owned(), count)).collect(),
        skipped: input
            .skipped
            .iter()
            .map(|skipped| (skipped.name.clone(), skipped.reason.to_string()))
            .collect(),
        partial: input.partial().map(|(file, loss)| (file.name.clone(), loss)).collect(),
        is_incomplete: input.outcome() == Outcome::Partial,
        first: seen.span.map(|(first, _)| first),
        last: seen.span.map(|(_, last)| last),
        notes,
        ..ScanSummary::default()
    }
}

impl ScanSummary {
    /// The same, with what the devices came to.
    pub(super) fn with(&self, totals: &Totals) -> Self {
        let mut summary = self.clone();
        summary.notes.extend(totals.clocks.notes());
        summary.notes.extend(bound_notes(totals));
        summary.notes.extend(duplicates_note(totals.duplicates));
        summary.devices = totals.devices;
        summary.series = totals.series;
        summary.sessions = totals.sessions;
        summary.device_days = totals.device_days;
        summary.attribution =
            totals.methods.iter().map(|(method, count)| (method.as_str(), *count)).collect();
        summary.clocks.clone_from(&totals.clocks);
        summary
    }
}

/// Files that name no phone, where there are several: whether they are of one, only their owner knows.
fn nameless_note(input: &InputSummary) -> Option<String> {
    let nameless = input.files.iter().filter(|file| file.names_no_phone());
    let names: Vec<&str> = nameless.map(|file| file.name.as_str()).collect();
    (names.len() > 1).then(|| {
        format!(
            "{} files name no phone and count as those of one: {}; scan those of different phones one by one",
            names.len(),
            first_named(names.iter().copied(), names.len() as u64)
        )
    })
}

/// Records that were left out because another said the same.
fn duplicates_note(duplicates: u64) -> Option<String> {
    match duplicates {
        0 => None,
        1 => Some("1 record said what another had said and counts once".to_owned()),
        _ => Some(format!("{duplicates} records said what another had said and count once")),
    }
}

/// What hit a bound of memory, and what that means.
fn bound_notes(totals: &Totals) -> Vec<String> {
    let hits = [
        (totals.folded, "destinations that a device reached a few times are not compared across devices"),
        (totals.pruned, "series, the least regular of the phones with most of them, are not weighed"),
        (
            totals.unmarked,
            "series of the phones with most of them are weighed, but others are not compared with them",
        ),
        (totals.strays_cut, "destinations of phones with very many are not looked at for a rotation"),
        (
            totals.left_out,
            "records of a phone with too many of them to one destination, the oldest, are left out",
        ),
        (totals.cut, "addresses or client fingerprints of phones with very many are left out"),
    ];
    let hits = hits.into_iter().filter(|(count, _)| *count > 0);
    hits.map(|(count, what)| format!("memory: {count} {what}; --memory gives more room")).collect()
}

/// Rejected rows by reason, each with its first example in the order of the inputs.
fn rejected(input: &InputSummary) -> BTreeMap<&'static str, Rejected> {
    let mut found: BTreeMap<&'static str, Rejected> = BTreeMap::new();
    for file in &input.files {
        for (reason, rejects) in &file.tally.rejected {
            let known = found.entry(reason.as_str()).or_insert_with(|| Rejected {
                count: 0,
                first_file: file.name.clone(),
                first_line: rejects.first_line,
                first_detail: rejects.first_detail.clone(),
            });
            known.count += rejects.count;
        }
    }
    for skipped in &input.skipped {
        if let SkipReason::Fault(fault) = &skipped.reason
            && let Some(reason) = fault.reject_reason()
        {
            let known = found.entry(reason.as_str()).or_insert_with(|| Rejected {
                count: 0,
                first_file: skipped.name.clone(),
                first_line: 0,
                first_detail: fault.to_string(),
            });
            known.count += 1;
        }
    }
    found
}

/// Whether there was simply nothing in the inputs: an empty log is no error. An inventory alone is no log.
pub(super) fn is_merely_empty(input: &InputSummary) -> bool {
    let has_rows = input.files.iter().any(|file| !file.tally.rejected.is_empty());
    let all_empty = input.skipped.iter().all(|skipped| matches!(skipped.reason, SkipReason::Empty));
    let is_any = input.files.iter().any(FileReport::can_hold_evidence) || !input.skipped.is_empty();
    !has_rows && all_empty && is_any
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_record_is_told_in_the_singular() {
        assert_eq!(duplicates_note(0), None);
        let one = duplicates_note(1);
        assert_eq!(one.as_deref(), Some("1 record said what another had said and counts once"));
        let two = duplicates_note(2);
        assert_eq!(two.as_deref(), Some("2 records said what another had said and count once"));
    }
}
