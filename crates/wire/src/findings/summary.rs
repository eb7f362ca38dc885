//! The run summary: what was read, what was not and why, as text for people and as JSON for programs.

use super::json::{Shown, write_json_line};
use super::paint::{counted, human_bytes, human_count, human_secs};
use super::text::escaped;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io::{self, Write};
use undertone_core::model::Timestamp;

/// Files and notes of a kind that a short summary names; the JSON names all.
pub const NAMED_MAX: usize = 10;

/// What a run read and found.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RunSummary {
    /// Files read, members of archives included.
    pub files: u64,
    /// Bytes read, decompressed.
    pub bytes: u64,
    /// Rows that became records.
    pub rows_accepted: u64,
    /// Rows that could not be used, by reason.
    pub rows_rejected: BTreeMap<String, RejectedRows>,
    /// Well-formed rows that carry nothing for the detector, by name.
    pub rows_ignored: BTreeMap<String, u64>,
    /// Files not read at all, and why.
    pub skipped: Vec<(String, String)>,
    /// Files read only in part, and why.
    pub partial: Vec<(String, String)>,
    /// Devices seen.
    pub devices: u64,
    /// Series scored.
    pub series: u64,
    /// Sessions made.
    pub sessions: u64,
    /// Days with traffic, summed over devices.
    pub device_days: u64,
    /// First event; `None` without events.
    pub first: Option<Timestamp>,
    /// Last event; `None` without events.
    pub last: Option<Timestamp>,
    /// Sessions by the way in which they got their app.
    pub attribution: BTreeMap<String, u64>,
    /// What telemetry and network logs say of each other's clocks.
    pub clocks: ClockFacts,
    /// What else a reader should know (limits hit, contradictions in the input).
    pub notes: Vec<String>,
    /// Findings and leads shown.
    pub findings: u64,
    /// Of these, alerts.
    pub alerts: u64,
    /// Of these, leads.
    pub leads: u64,
    /// Series below the alert threshold.
    pub below: u64,
    /// Alerts and leads that are suppressed; none of the numbers above counts them.
    pub suppressed: u64,
}

/// What telemetry and network logs say of each other's clocks.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct ClockFacts {
    /// Phones whose clock was held against the sensor's.
    pub compared: u64,
    /// Of them, those that were off by a second or more.
    pub off: u64,
    /// The clock that was off most: seconds that it was ahead, negative where it was behind.
    pub ahead_most_secs: f64,
    /// Phones with telemetry and network logs of which hardly anything came together.
    pub unjoined: u64,
    /// Ids of phones that were off, the first three by name.
    pub off_ids: Vec<String>,
    /// Ids of phones that did not come together, the first three by name.
    pub unjoined_ids: Vec<String>,
}

/// Rows rejected for one reason, with the first example.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RejectedRows {
    /// How many.
    pub count: u64,
    /// File of the first.
    pub first_file: String,
    /// Line, or packet number, of the first.
    pub first_line: u64,
    /// What was wrong with the first.
    pub first_detail: String,
}

impl RunSummary {
    /// Writes one JSON object on one line: `rows_rejected` maps each reason to its count, the first examples
    /// stand in `rejected_examples`.
    ///
    /// # Errors
    /// The output's error.
    pub fn write_json<W: Write>(&self, out: W) -> io::Result<()> {
        write_json_line(out, &SummaryRow::of(self))
    }

    /// Writes a few lines for a person; of the files and notes of a kind, the first `named_max`.
    ///
    /// # Errors
    /// The output's error.
    pub fn write_text<W: Write>(&self, mut out: W, named_max: usize) -> io::Result<()> {
        let count = human_count;
        self.write_reading(&mut out, named_max)?;
        writeln!(
            out,
            "{}, {}, {} series below the alert threshold{}",
            counted(self.alerts, "alert"),
            counted(self.leads, "lead"),
            count(self.below),
            match self.suppressed {
                0 => String::new(),
                hidden => format!("; {} suppressed", count(hidden)),
            }
        )
    }

    /// The same without what was found.
    ///
    /// # Errors
    /// The output's error.
    pub fn write_reading<W: Write>(&self, mut out: W, named_max: usize) -> io::Result<()> {
        let count = human_count;
        writeln!(
            out,
            "read {} ({}): {} accepted, {} rejected, {} ignored",
            counted(self.files, "file"),
            human_bytes(self.bytes),
            counted(self.rows_accepted, "row"),
            count(self.rows_rejected.values().map(|rejected| rejected.count).sum()),
            count(self.rows_ignored.values().sum()),
        )?;
        for (reason, rejected) in &self.rows_rejected {
            writeln!(
                out,
                "  rejected {}: {}, first at {}:{} ({})",
                escaped(reason),
                count(rejected.count),
                escaped(&rejected.first_file),
                rejected.first_line,
                escaped(&rejected.first_detail)
            )?;
        }
        write_files(&mut out, "read in part", &self.partial, named_max)?;
        write_files(&mut out, "skipped", &self.skipped, named_max)?;
        let span = match (self.first, self.last) {
            (Some(first), Some(last)) => format!(" over {}, {first} to {last}", covered(first, last)),
            _ => String::new(),
        };
        writeln!(
            out,
            "{}, {} series, {}{span}",
            counted(self.devices, "device"),
            count(self.series),
            counted(self.sessions, "session")
        )?;
        if !self.attribution.is_empty() {
            let parts: Vec<_> = self
                .attribution
                .iter()
                .map(|(method, n)| format!("{} {}", escaped(method), count(*n)))
                .collect();
            writeln!(out, "sessions by how their app is known: {}", parts.join(", "))?;
        }
        for note in self.notes.iter().take(named_max) {
            writeln!(out, "note: {}", escaped(note))?;
        }
        if let more @ 1.. = self.notes.len().saturating_sub(named_max) {
            writeln!(out, "note: and {more} more, all with --verbose or in --summary")?;
        }
        Ok(())
    }
}

/// Reads `device_days` from what [`RunSummary::write_json`] wrote; other keys are passed over.
///
/// # Errors
/// JSON of another shape.
pub fn parse_device_days(bytes: &[u8]) -> Result<u64, serde_json::Error> {
    #[derive(Deserialize)]
    struct Row {
        device_days: u64,
    }
    serde_json::from_slice::<Row>(bytes).map(|row| row.device_days)
}

/// Hours covered, as people say them.
pub(super) fn covered(first: Timestamp, last: Timestamp) -> String {
    human_secs(last.since(first) as f64 / 1e6)
}

fn write_files<W: Write>(
    out: &mut W,
    what: &str,
    files: &[(String, String)],
    named_max: usize,
) -> io::Result<()> {
    for (path, why) in files.iter().take(named_max) {
        writeln!(out, "  {what} {}: {}", escaped(path), escaped(why))?;
    }
    match files.len().saturating_sub(named_max) {
        0 => Ok(()),
        more => writeln!(out, "  {what} and {more} more, all with --verbose or in --summary"),
    }
}

#[derive(Serialize)]
struct SummaryRow<'a> {
    files: u64,
    bytes: u64,
    rows_accepted: u64,
    rows_rejected: BTreeMap<&'a str, u64>,
    rejected_examples: BTreeMap<&'a str, ExampleRow<'a>>,
    rows_ignored: &'a BTreeMap<String, u64>,
    skipped: Vec<FileRow<'a>>,
    partial: Vec<FileRow<'a>>,
    devices: u64,
    series: u64,
    sessions: u64,
    device_days: u64,
    first: Option<Shown<Timestamp>>,
    last: Option<Shown<Timestamp>>,
    hours: Option<f64>,
    attribution: &'a BTreeMap<String, u64>,
    clocks: &'a ClockFacts,
    notes: &'a [String],
    findings: u64,
    alerts: u64,
    leads: u64,
    below: u64,
    suppressed: u64,
}

#[derive(Serialize)]
struct ExampleRow<'a> {
    file: &'a str,
    line: u64,
    detail: &'a str,
}

#[derive(Serialize)]
struct FileRow<'a> {
    path: &'a str,
    reason: &'a str,
}

impl<'a> SummaryRow<'a> {
    fn of(summary: &'a RunSummary) -> Self {
        let files = |rows: &'a [(String, String)]| {
            rows.iter().map(|(path, reason)| FileRow { path, reason }).collect()
        };
        let examples = summary.rows_rejected.iter().map(|(reason, rejected)| {
            let example = ExampleRow {
                file: &rejected.first_file,
                line: rejected.first_line,
                detail: &rejected.first_detail,
            };
            (reason.as_str(), example)
        });
        let hours = summary.first.zip(summary.last).map(|(first, last)| last.since(first) as f64 / 3.6e9);
        Self {
            files: summary.files,
            bytes: summary.bytes,
            rows_accepted: summary.rows_accepted,
            rows_rejected: summary
                .rows_rejected
                .iter()
                .map(|(reason, r)| (reason.as_str(), r.count))
                .collect(),
            rejected_examples: examples.collect(),
            rows_ignored: &summary.rows_ignored,
            skipped: files(&summary.skipped),
            partial: files(&summary.partial),
            devices: summary.devices,
            series: summary.series,
            sessions: summary.sessions,
            device_days: summary.device_days,
            first: summary.first.map(Shown),
            last: summary.last.map(Shown),
            hours: hours.map(|hours| super::json::round_to(hours, 3)),
            attribution: &summary.attribution,
            clocks: &summary.clocks,
            notes: &summary.notes,
            findings: summary.findings,
            alerts: summary.alerts,
            leads: summary.leads,
            below: summary.below,
            suppressed: summary.suppressed,
        }
    }
}
