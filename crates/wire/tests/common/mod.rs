//! A sink that counts and keeps, and the folder of shared sample data.

#![expect(clippy::unwrap_used, reason = "a sample that cannot be read fails the test")]
#![allow(dead_code, reason = "each test file uses its part of it")]
#![expect(clippy::print_stderr, reason = "a skipped test says so")]

use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use undertone_core::model::Record;
use undertone_wire::{RecordSink, RejectReason};

/// Counts what a parser says, and keeps each record as text.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) records: Vec<String>,
    pub(crate) rejects: BTreeMap<RejectReason, u64>,
    pub(crate) ignored: BTreeMap<String, u64>,
    /// Line and field of each reject.
    pub(crate) details: Vec<String>,
}

impl Tally {
    pub(crate) fn rejected(&self) -> u64 {
        self.rejects.values().sum()
    }

    pub(crate) fn rows(&self) -> u64 {
        self.records.len() as u64 + self.rejected() + self.ignored.values().sum::<u64>()
    }
}

impl RecordSink for Tally {
    fn record(&mut self, record: Record<'_>) {
        self.records.push(format!("{record:?}"));
    }

    fn reject(&mut self, line: u64, reason: RejectReason, detail: &str) {
        *self.rejects.entry(reason).or_default() += 1;
        self.details.push(format!("{line}: {detail}"));
    }

    fn ignore(&mut self, what: &str) {
        *self.ignored.entry(what.to_owned()).or_default() += 1;
    }
}

/// Runs a check on each record; anything else fails.
pub(crate) struct Check<F> {
    pub(crate) check: F,
    pub(crate) records: u64,
}

impl<F: Fn(&Record<'_>)> RecordSink for Check<F> {
    fn record(&mut self, record: Record<'_>) {
        (self.check)(&record);
        self.records += 1;
    }

    fn reject(&mut self, line: u64, reason: RejectReason, detail: &str) {
        panic!("line {line}: {reason:?} {detail}");
    }

    fn ignore(&mut self, what: &str) {
        panic!("ignored: {what}");
    }
}

/// `data/` of the shared samples: under `UNDERTONE_SHARED`, else beside the workspace. `None` (with a notice)
/// where it is absent.
pub(crate) fn shared_data() -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    let shared = std::env::var_os("UNDERTONE_SHARED").map_or(beside, PathBuf::from).join("data");
    if shared.is_dir() {
        return Some(shared);
    }
    eprintln!("skipped: no sample data at {}", shared.display());
    None
}

/// Every file below a folder, sorted.
pub(crate) fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { folders.push(path) } else { found.push(path) }
        }
    }
    found.sort();
    found
}

/// A file's bytes, decompressed as far as it goes.
pub(crate) fn content(path: &Path) -> Vec<u8> {
    let raw = fs::read(path).unwrap();
    if !raw.starts_with(&[0x1f, 0x8b]) {
        return raw;
    }
    let mut out = Vec::new();
    // A damaged file gives what is before the damage.
    let _damaged = flate2::read::MultiGzDecoder::new(raw.as_slice()).read_to_end(&mut out);
    out
}
