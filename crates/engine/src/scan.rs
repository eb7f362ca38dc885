//! Stand-in for the engine's public API until the engine lands: it finds no usable input anywhere.

use crate::input::{InputPath, Progress, StopFlag};
use std::collections::BTreeMap;
use std::path::PathBuf;
use thiserror::Error;
use undertone_core::finding::Finding;
use undertone_core::model::{Network, Timestamp};

/// What to scan, and how.
#[derive(Debug, Clone)]
pub struct ScanOptions {
    /// Files, folders, standard input.
    pub inputs: Vec<InputPath>,
    /// Threads; 0 = available cores.
    pub threads: usize,
    /// Networks that are inside.
    pub internal: Vec<Network>,
    /// Device inventories.
    pub inventory: Vec<PathBuf>,
    /// Roles of apps.
    pub apps: Option<PathBuf>,
    /// Thresholds.
    pub config: Option<PathBuf>,
    /// Learned baseline.
    pub baseline: Option<PathBuf>,
    /// Offset of times without a zone.
    pub utc_offset_secs: i32,
    /// Memory to stay within.
    pub memory_bytes: u64,
}

/// What a scan found.
#[derive(Debug, Clone)]
pub struct ScanReport {
    /// All scored rows.
    pub findings: Vec<Finding>,
    /// What was read.
    pub summary: ScanSummary,
}

/// What a scan read.
#[derive(Debug, Clone, Default)]
pub struct ScanSummary {
    /// Files.
    pub files: u64,
    /// Bytes.
    pub bytes: u64,
    /// Rows accepted.
    pub rows_accepted: u64,
    /// Rows rejected.
    pub rows_rejected: BTreeMap<&'static str, Rejected>,
    /// Rows ignored.
    pub rows_ignored: BTreeMap<String, u64>,
    /// Files not read.
    pub skipped: Vec<(String, String)>,
    /// Files read in part.
    pub partial: Vec<(String, String)>,
    /// Devices.
    pub devices: u64,
    /// Series.
    pub series: u64,
    /// Sessions.
    pub sessions: u64,
    /// Device-days.
    pub device_days: u64,
    /// First event.
    pub first: Option<Timestamp>,
    /// Last event.
    pub last: Option<Timestamp>,
    /// Sessions by attribution.
    pub attribution: BTreeMap<&'static str, u64>,
    /// Notes.
    pub notes: Vec<String>,
}

/// Rows rejected for one reason.
#[derive(Debug, Clone, Default)]
pub struct Rejected {
    /// How many.
    pub count: u64,
    /// First file.
    pub first_file: String,
    /// First line.
    pub first_line: u64,
    /// What was wrong.
    pub first_detail: String,
}

/// Why a scan gave nothing.
#[derive(Debug, Error)]
pub enum ScanError {
    /// Nothing to read.
    #[error("no usable input")]
    NoUsableInput(Box<ScanSummary>),
    /// Configuration.
    #[error("{0}")]
    Config(String),
    /// Ended early.
    #[error("interrupted")]
    Interrupted,
    /// Input or output failed.
    #[error(transparent)]
    Io(#[from] std::io::Error),
}

/// Scans.
///
/// # Errors
/// [`ScanError`].
pub fn scan(_options: &ScanOptions, _progress: &Progress, _stop: &StopFlag) -> Result<ScanReport, ScanError> {
    Err(ScanError::NoUsableInput(Box::default()))
}
