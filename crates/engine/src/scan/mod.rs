//! The batch run: two passes over partitions of devices, one baseline between them.

mod devices;
mod parallel;
mod report;
mod second;

pub use report::{Rejected, ScanReport, ScanSummary};

use crate::identity::{Directory, Inside, LeaseBook};
use crate::input::{
    InputPath, Limits, Outcome, Plan, Progress, ReadOptions, StopFlag, read_leases, read_records,
};
use crate::partition::{PartitionSink, Partitions, SinkSettings};
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use thiserror::Error;
use undertone_core::model::Network;
use undertone_core::score::{DecideOptions, budget, decide};
use undertone_core::thresholds::Thresholds;
use undertone_wire::mobile::usagestats::UtcOffset;

/// Share of the memory cap that packed records may take before they spill; joining and scoring need the rest.
const PACKED_SHARE: u64 = 6;

/// What to scan, and how.
#[derive(Debug, Clone)]
pub struct ScanOptions {
    /// Files, folders, standard input.
    pub inputs: Vec<InputPath>,
    /// Threads; 0 takes the available cores.
    pub threads: usize,
    /// Networks that are inside, besides private ones.
    pub internal: Vec<Network>,
    /// Device inventories; an inventory among the inputs is recognised as well.
    pub inventory: Vec<PathBuf>,
    /// Roles of apps.
    pub apps: Option<PathBuf>,
    /// Thresholds.
    pub config: Option<PathBuf>,
    /// Learned or declared baseline.
    pub baseline: Option<PathBuf>,
    /// Offset from UTC of texts that give local time without a zone.
    pub utc_offset_secs: i32,
    /// Memory to stay within, bytes.
    pub memory_bytes: u64,
}

/// Why a scan gave nothing.
#[derive(Debug, Error)]
pub enum ScanError {
    /// Nothing that could be read; the summary says why.
    #[error("no usable input")]
    NoUsableInput(Box<ScanSummary>),
    /// Configuration.
    #[error("{0}")]
    Config(String),
    /// Ended early.
    #[error("interrupted")]
    Interrupted,
    /// Reading back or spilling failed.
    #[error("temporary storage failed: {0}")]
    Storage(#[from] io::Error),
}

/// Scans inputs.
///
/// # Errors
/// No usable input, a faulty configuration, an interruption, or a temporary file that cannot be written.
pub fn scan(options: &ScanOptions, progress: &Progress, stop: &StopFlag) -> Result<ScanReport, ScanError> {
    let threads = match options.threads {
        0 => std::thread::available_parallelism().map_or(1, usize::from),
        threads => threads,
    };
    let read = ReadOptions {
        threads,
        limits: Limits::default(),
        utc_offset: Some(UtcOffset::from_secs(options.utc_offset_secs)),
        stop: stop.clone(),
    };
    let inventories = options.inventory.iter().map(|path| InputPath::Path(path.clone()));
    let paths: Vec<InputPath> = options.inputs.iter().cloned().chain(inventories).collect();
    let plan = Plan::new(&paths, &read, progress);
    let mut input = plan.summary();
    let (book, leases) = read_leases(&plan, &read, LeaseBook::default(), progress);
    input.merge(leases);
    let directory = Directory::new(book.unwrap_or_default());
    let budget_bytes = usize::try_from(options.memory_bytes / PACKED_SHARE).unwrap_or(usize::MAX);
    let settings =
        Arc::new(SinkSettings::new(directory, Inside::new(options.internal.clone()), budget_bytes, None));
    let (sinks, records) =
        read_records(&plan, &read, |_| PartitionSink::new(Arc::clone(&settings)), progress);
    input.merge(records);
    if stop.is_stopped() {
        return Err(ScanError::Interrupted);
    }
    let outcome = input.outcome();
    let (partitions, seen) = Partitions::new(Arc::clone(&settings), sinks)?;
    let devices = devices::first_pass(partitions, &settings.directory, threads, stop)?;
    let thresholds = Thresholds::default();
    let second = second::second_pass(devices, &thresholds, threads);
    if stop.is_stopped() {
        return Err(ScanError::Interrupted);
    }
    let findings = decide(
        second.scored,
        &DecideOptions {
            is_fleet: second.baseline.is_fleet(),
            tail: budget::reference(second.sight),
            budget_per_1000: thresholds.alert_budget_per_1000_device_days,
        },
    );
    let summary = report::summarise(&input, &seen, &second.totals, settings.directory.notes());
    if outcome == Outcome::NothingUsable && !report::is_merely_empty(&input) {
        return Err(ScanError::NoUsableInput(Box::new(summary)));
    }
    Ok(ScanReport { findings, summary })
}
