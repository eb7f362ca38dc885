//! The batch run: two passes over partitions of devices, one baseline between them.

mod devices;
mod parallel;
mod report;
mod second;
mod settings;
mod visit;

pub use report::{Rejected, ScanReport, ScanSummary};
pub use settings::{read_apps, read_config, read_learned};
pub use visit::visit;

use crate::identity::{Directory, Inside, LeaseBook};
use crate::input::{
    InputPath, InputSummary, Limits, Outcome, Plan, Progress, ReadOptions, StopFlag, read_leases,
    read_records,
};
use crate::partition::{PartitionSink, Partitions, SinkCounts, SinkSettings};
use devices::FirstContext;
use second::Second;
use settings::Settings;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use thiserror::Error;
use undertone_core::baseline::{Bounds, Learned};
use undertone_core::finding::add_context;
use undertone_core::model::Network;
use undertone_core::score::history::Maxima;
use undertone_core::score::{DecideOptions, budget, decide};
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
    /// Thresholds and declared baselines.
    pub config: Option<PathBuf>,
    /// Learned baseline.
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
    /// Configuration: every problem, each with its file and line.
    #[error("{}", .0.join("; "))]
    Config(Vec<String>),
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
    let settings = Settings::read(options)?;
    let Analysis { second, mut summary } = analyse(options, &settings, progress, stop)?;
    let history = settings.learned.as_ref().and_then(|learned| learned.tail(second.sight));
    summary.notes.extend(report::baseline_note(settings.learned.as_ref(), history.is_some()));
    let mut findings = decide(
        second.scored,
        &DecideOptions {
            is_fleet: second.baseline.is_fleet(),
            tail: history.unwrap_or_else(|| budget::reference(second.sight)),
            budget_per_1000: settings.thresholds.global.alert_budget_per_1000_device_days,
        },
    );
    add_context(&mut findings, &second.baseline, &settings.thresholds);
    Ok(ScanReport { findings, summary })
}

/// Learns a baseline from inputs; a baseline among the options is not part of it.
///
/// # Errors
/// Those of [`scan`].
pub fn learn(
    options: &ScanOptions,
    progress: &Progress,
    stop: &StopFlag,
) -> Result<(Learned, ScanSummary), ScanError> {
    let settings = Settings { learned: None, ..Settings::read(options)? };
    let Analysis { second, summary } = analyse(options, &settings, progress, stop)?;
    let maxima = Maxima::of(&second.scored, second.baseline.device_days);
    Ok((Learned::of(second.baseline, maxima, second.sight, Bounds::default()), summary))
}

/// Everything but the verdict.
struct Analysis {
    second: Second,
    summary: ScanSummary,
}

/// Inputs, read.
struct Input {
    partitions: Partitions,
    sink: Arc<SinkSettings>,
    summary: InputSummary,
    seen: SinkCounts,
    threads: usize,
}

fn read(options: &ScanOptions, progress: &Progress, stop: &StopFlag) -> Result<Input, ScanError> {
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
    let mut summary = plan.summary();
    let (book, leases) = read_leases(&plan, &read, LeaseBook::default(), progress);
    summary.merge(leases);
    let directory = Directory::new(book.unwrap_or_default());
    let budget_bytes = usize::try_from(options.memory_bytes / PACKED_SHARE).unwrap_or(usize::MAX);
    let sink =
        Arc::new(SinkSettings::new(directory, Inside::new(options.internal.clone()), budget_bytes, None));
    let (sinks, records) = read_records(&plan, &read, |_| PartitionSink::new(Arc::clone(&sink)), progress);
    summary.merge(records);
    if stop.is_stopped() {
        return Err(ScanError::Interrupted);
    }
    let (partitions, seen) = Partitions::new(Arc::clone(&sink), sinks)?;
    Ok(Input { partitions, sink, summary, seen, threads })
}

fn analyse(
    options: &ScanOptions,
    settings: &Settings,
    progress: &Progress,
    stop: &StopFlag,
) -> Result<Analysis, ScanError> {
    let Input { partitions, sink, summary: input, seen, threads } = read(options, progress, stop)?;
    let outcome = input.outcome();
    let context = FirstContext { directory: &sink.directory, settings };
    let devices = devices::first_pass(partitions, context, threads, stop)?;
    let second = second::second_pass(devices, settings, threads);
    if stop.is_stopped() {
        return Err(ScanError::Interrupted);
    }
    let summary = report::summarise(&input, &seen, &second.totals, sink.directory.notes());
    if outcome == Outcome::NothingUsable && !report::is_merely_empty(&input) {
        return Err(ScanError::NoUsableInput(Box::new(summary)));
    }
    Ok(Analysis { second, summary })
}
