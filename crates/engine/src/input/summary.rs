//! What a run read, and what it could not.

use super::fault::{Fault, SkipReason};
use super::tally::Tally;
use std::collections::BTreeMap;
use undertone_wire::RejectReason;
use undertone_wire::format::{DocumentFormat, Format, LineFormat};
use undertone_wire::mobile::intrusion::IntrusionSequence;

/// An input that was not read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skipped {
    /// Name for reports.
    pub name: String,
    /// Why.
    pub reason: SkipReason,
}

/// One input that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileReport {
    /// Position among all inputs of the plan.
    pub index: usize,
    /// Name for reports: the path, with `!` before the name of an archive entry.
    pub name: String,
    /// What its content is.
    pub format: Format,
    /// Bytes that the parser got, decompressed.
    pub bytes: u64,
    /// Its rows.
    pub tally: Tally,
    /// Why it ended early or what was odd about it.
    pub fault: Option<Fault>,
}

impl FileReport {
    /// Whether it can hold traffic or telemetry. An inventory only says whose they are.
    pub fn can_hold_evidence(&self) -> bool {
        self.format != Format::Document(DocumentFormat::Inventory)
    }

    /// Whether it holds telemetry of one phone that it does not name.
    pub fn names_no_phone(&self) -> bool {
        use DocumentFormat::{BugReport, NetStats, PcapdroidCsv, UsageStats};
        use LineFormat::{AppPrivacyReport, IntrusionLogging};
        let is_nameless = matches!(
            self.format,
            Format::Lines(IntrusionLogging | AppPrivacyReport)
                | Format::Document(PcapdroidCsv | UsageStats | NetStats | BugReport)
        );
        is_nameless && self.tally.accepted > 0
    }

    /// What of it was lost, in words; `None` where it was read. Rows that are rejected here and there were read; where
    /// they are more than the others, something is wrong with the whole input. Rows of another format are another feed,
    /// and lost however few they are.
    pub fn loss(&self) -> Option<String> {
        let fault = self.fault.as_ref().filter(|fault| fault.loses_rows()).map(ToString::to_string);
        fault
            .or_else(|| {
                let (rejected, accepted) = (self.tally.rejected_total(), self.tally.accepted);
                // A capture counts packets that are no use, and of the others sessions.
                let most = if self.format == Format::Capture { 0 } else { rejected.saturating_sub(1) };
                let is_bad = rejected > 0 && accepted <= most;
                is_bad.then(|| match accepted {
                    0 => format!("none of its rows could be used, {rejected} rejected"),
                    _ => format!("{rejected} of {} rows rejected", rejected + accepted),
                })
            })
            .or_else(|| {
                let (line, other) = self.tally.other_format?;
                let ours = self.format.as_str();
                Some(format!("began as {ours}, and rows of {other} (from line {line} on) were rejected"))
            })
    }
}

/// Whether everything that was asked for was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Every known input was read to its end.
    Complete,
    /// Part of the input could not be read; the rest was.
    Partial,
    /// No input could be used: none of a known format, or not one record in any of them but inventories.
    NothingUsable,
}

/// What a run read, and what it could not.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct InputSummary {
    /// Inputs read, in the order of the plan.
    pub files: Vec<FileReport>,
    /// Inputs not read.
    pub skipped: Vec<Skipped>,
    /// Whether the run was ended before everything was read.
    pub interrupted: bool,
}

impl InputSummary {
    /// Adds what another phase of the same plan read.
    pub fn merge(&mut self, other: Self) {
        self.files.extend(other.files);
        self.files.sort_by_key(|file| file.index);
        self.skipped.extend(other.skipped);
        self.interrupted |= other.interrupted;
    }

    /// Records accepted, all inputs.
    pub fn accepted(&self) -> u64 {
        self.files.iter().map(|file| file.tally.accepted).sum()
    }

    /// Which events of numbered logs are there, all inputs: files that name no phone are of one.
    pub fn numbers(&self) -> IntrusionSequence {
        let mut all = IntrusionSequence::default();
        for file in &self.files {
            all.merge(&file.tally.numbers);
        }
        all
    }

    /// Decompressed bytes read, all inputs.
    pub fn bytes(&self) -> u64 {
        self.files.iter().map(|file| file.bytes).sum()
    }

    /// Rows rejected by reason, all inputs. An input that a fault kept from being read at all counts as one row.
    pub fn rejected(&self) -> BTreeMap<RejectReason, u64> {
        let mut sums = BTreeMap::new();
        for file in &self.files {
            for (reason, rejects) in &file.tally.rejected {
                *sums.entry(*reason).or_insert(0) += rejects.count;
            }
        }
        for skipped in &self.skipped {
            if let SkipReason::Fault(fault) = &skipped.reason
                && let Some(reason) = fault.reject_reason()
            {
                *sums.entry(reason).or_insert(0) += 1;
            }
        }
        sums
    }

    /// Well-formed rows of no use by kind, all inputs.
    pub fn ignored(&self) -> BTreeMap<&str, u64> {
        let mut sums = BTreeMap::new();
        for (what, count) in self.files.iter().flat_map(|file| &file.tally.ignored) {
            *sums.entry(what.as_str()).or_insert(0) += count;
        }
        sums
    }

    /// Inputs of which something was lost, each with what it was.
    pub fn partial(&self) -> impl Iterator<Item = (&FileReport, String)> {
        self.files.iter().filter_map(|file| Some((file, file.loss()?)))
    }

    /// Whether everything that was asked for was read; see [`FileReport::loss`].
    pub fn outcome(&self) -> Outcome {
        if self.files.iter().filter(|file| file.can_hold_evidence()).all(|file| file.tally.is_useless()) {
            Outcome::NothingUsable
        } else if self.interrupted
            || self.partial().next().is_some()
            || self.skipped.iter().any(|skipped| skipped.reason.is_loss())
        {
            Outcome::Partial
        } else {
            Outcome::Complete
        }
    }
}
