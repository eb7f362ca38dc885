//! Suppressions on the way to the reader: findings are marked, and records that do nothing are told.

use crate::terminal::Console;
use std::path::Path;
use undertone_core::finding::{Finding, RecordUse, Suppression, suppress};
use undertone_engine::{ScanError, read_suppressions};
use undertone_wire::findings::text::escaped;

/// The suppressions of a run; none where no file was named.
#[derive(Debug, Default)]
pub(crate) struct Suppressions {
    records: Option<Vec<Suppression>>,
}

impl Suppressions {
    /// Reads the file, where one is named.
    ///
    /// # Errors
    /// Every problem of the file.
    pub(crate) fn read(path: Option<&Path>) -> Result<Self, ScanError> {
        let records = path.map(read_suppressions).transpose().map_err(ScanError::Config)?;
        Ok(Self { records })
    }

    /// Marks the findings that are suppressed. Returns what is to be said of records that hide nothing or have
    /// expired. Without a file, marks of an earlier run stay.
    pub(crate) fn apply(&self, findings: &mut [Finding]) -> Vec<String> {
        let Some(records) = &self.records else { return Vec::new() };
        let uses = suppress(records, findings);
        records.iter().zip(uses).filter_map(|(record, found)| note(record, found)).collect()
    }

    /// Says on stderr how many findings are suppressed, and the notes.
    pub(crate) fn tell(&self, findings: &[Finding], notes: &[String], console: &Console) {
        if self.records.is_none() {
            return;
        }
        let hidden = findings.iter().filter(|finding| finding.suppressed.is_some()).count();
        console.say(|out| {
            writeln!(out, "{hidden} of {} findings suppressed", findings.len())?;
            notes.iter().try_for_each(|note| writeln!(out, "note: {}", escaped(note)))
        });
    }
}

/// What is to be said of a record that does not do its work.
fn note(record: &Suppression, found: RecordUse) -> Option<String> {
    let id = record.id();
    let ends = record.expires.map_or_else(String::new, |day| format!(" on {day}"));
    match found {
        RecordUse { hides: 0, too_late: 0 } => {
            Some(format!("suppression {id} hides nothing ({})", record.reason))
        }
        RecordUse { too_late: 0, .. } => None,
        RecordUse { hides, too_late } => Some(format!(
            "suppression {id} expired{ends}: {too_late} later findings that it would hide are shown, {hides} \
             earlier ones are hidden ({})",
            record.reason
        )),
    }
}
