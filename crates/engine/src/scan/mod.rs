//! The batch run: two passes over partitions of devices, one baseline between them.

mod appless;
mod backtest;
mod bounds;
mod cache;
mod coverage;
mod details;
mod devices;
mod fleet;
mod grouped;
mod habits;
mod history;
mod kept;
mod large;
mod parallel;
mod pooled;
mod quiet;
mod report;
mod rotations;
mod second;
mod settings;
mod shares;
mod visit;
mod waiting;

pub use backtest::{Backtest, BacktestDay, BacktestSpan, backtest};
pub use report::{Rejected, ScanReport, ScanSummary};
pub use settings::{read_apps, read_config, read_learned, read_suppressions};
pub use visit::visit;

use crate::identity::{Directory, Inside};
use crate::input::{
    InputPath, Limits, Outcome, Plan, Progress, ReadOptions, StopFlag, read_leases, read_records,
};
use crate::partition::{PartitionSink, Partitions, SinkSettings};
use cache::Slot;
use details::find_details;
use devices::{Device, FirstContext, Window};
use fleet::Fleet;
use second::{Fixed, Second, Tested, Totals};
use settings::Settings;
use shares::Shares;
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use thiserror::Error;
use undertone_core::baseline::{Bounds, Learned};
use undertone_core::device::DeviceReport;
use undertone_core::finding::{Finding, add_context};
use undertone_core::model::Network;
use undertone_core::score::history::FleetMaxima;
use undertone_core::score::{DecideOptions, Tails, decide, reference};
use undertone_core::thresholds::ThresholdSet;
use undertone_wire::mobile::usagestats::UtcOffset;

/// Said where inputs were not read anew.
const FROM_CACHE: &str = "the inputs are as they were: what they hold comes from the cache";
/// Share of the memory cap that packed records may take before they spill; joining and scoring need the rest.
const PACKED_SHARE: u64 = 4;

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
    /// Whether to keep findings that are neither alerts nor leads under any budget: nearly every series is one.
    pub keeps_below: bool,
}

impl ScanOptions {
    /// Memory to stay within unless told otherwise: 1 GiB.
    pub const MEMORY_BYTES: u64 = 1 << 30;

    /// Options to scan inputs with, all else being what it is unless told otherwise.
    pub const fn new(inputs: Vec<InputPath>) -> Self {
        Self {
            inputs,
            threads: 0,
            internal: Vec::new(),
            inventory: Vec::new(),
            apps: None,
            config: None,
            baseline: None,
            utc_offset_secs: 0,
            memory_bytes: Self::MEMORY_BYTES,
            keeps_below: true,
        }
    }
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
    #[error("temporary storage failed")]
    Storage(#[from] io::Error),
}

/// Scans inputs.
///
/// # Errors
/// No usable input, a faulty configuration, an interruption, or a temporary file that cannot be written.
pub fn scan(options: &ScanOptions, progress: &Progress, stop: &StopFlag) -> Result<ScanReport, ScanError> {
    let analysis = Analysis::of(options, Reading::default(), progress, stop)?;
    analysis.decide(analysis.thresholds())
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
    let options = ScanOptions { baseline: None, ..options.clone() };
    let reading = Reading { keeps_all: true, ..Reading::default() };
    let analysis = Analysis::of(&options, reading, progress, stop)?;
    let second = analysis.second_pass(&analysis.settings)?;
    let mut summary = analysis.summary();
    summary.notes.extend(report::late_note(analysis.fleet.last_day()));
    let Totals { device_days, device_days_later: later, .. } = analysis.fleet.totals;
    let maxima = FleetMaxima::of(&second.drafts, device_days - later, later);
    let Fixed { mut baseline, polls, sight, .. } = second.fixed;
    baseline.add_polls(&polls);
    let habits = habits::of(&analysis.fleet, &baseline)?;
    Ok((Learned::of(baseline, (maxima, habits), sight, Bounds::default()), summary))
}

/// How inputs that may be asked for again are read.
#[derive(Debug, Clone, Copy, Default)]
pub struct Reading<'r> {
    /// Thresholds instead of the configuration's.
    pub thresholds: Option<&'r ThresholdSet>,
    /// Folder in which their records are kept from run to run; `None` keeps none.
    pub cache: Option<&'r Path>,
    /// Whether [`Analysis::coverage`] will be asked for: each device then keeps what of its sessions is known.
    pub keeps_seen: bool,
    /// Whether devices without any series that may be a machine's are kept, too: their days are their past.
    pub keeps_all: bool,
}

/// Inputs read, and every device looked at by itself: what is left is to compare and to decide, which does not need
/// the logs and can be done again with other thresholds.
#[derive(Debug)]
pub struct Analysis {
    fleet: Fleet,
    settings: Settings,
    threads: usize,
    keeps_below: bool,
    /// What was read.
    base: ScanSummary,
}

impl Analysis {
    /// Reads inputs.
    ///
    /// # Errors
    /// Those of [`scan`].
    pub fn of(
        options: &ScanOptions,
        reading: Reading<'_>,
        progress: &Progress,
        stop: &StopFlag,
    ) -> Result<Self, ScanError> {
        let mut settings = Settings::read(options)?;
        if let Some(thresholds) = reading.thresholds {
            settings.thresholds = thresholds.clone();
        }
        let records = reading.cache.and_then(|folder| Slot::of(folder, options, stop));
        let kept = records.as_ref().map(|records| kept::slot(records, &settings));
        let (shares, keeps_below) = (Shares::of(options.memory_bytes), options.keeps_below);
        if let Some((fleet, mut base)) = kept.as_ref().and_then(|slot| kept::load(slot, shares)) {
            base.notes.push(FROM_CACHE.to_owned());
            return Ok(Self { fleet, settings, threads: threads(options), keeps_below, base });
        }
        let mut recorded = Recorded::read(options, records, progress, stop)?;
        recorded.keeps_seen = reading.keeps_seen;
        recorded.keeps_all = reading.keeps_all || kept.is_some();
        let fleet = recorded.devices(&settings, None, stop)?;
        recorded.check_usable(fleet.totals.devices)?;
        let mut base = recorded.base;
        if let Some(slot) = kept
            && let Err(error) = kept::store(&slot, &fleet, &base)
        {
            base.notes.push(format!("nothing was kept for the next run: {error}"));
        }
        Ok(Self { fleet, settings, threads: recorded.threads, keeps_below, base })
    }

    /// The thresholds that were asked for.
    pub fn thresholds(&self) -> &ThresholdSet {
        &self.settings.thresholds
    }

    /// Findings under thresholds. `recent_user_interaction_window_secs` decides while the inputs are read, so a change
    /// of it shows nothing here ([`Analysis::of`] must be asked again).
    ///
    /// # Errors
    /// A temporary file that cannot be read.
    pub fn decide(&self, thresholds: &ThresholdSet) -> Result<ScanReport, ScanError> {
        let settings = Settings { thresholds: thresholds.clone(), ..self.settings.clone() };
        let second = self.second_pass(&settings)?;
        let mut summary = self.summary();
        summary.notes.extend(report::baseline_note(settings.learned.as_ref(), second.fixed.sight));
        summary.below = second.below;
        summary.device_days_loud = summed(&second, |tested| tested.loud);
        let findings =
            verdict(second, self.fleet.totals.device_days, (&self.fleet, &settings), self.threads)?;
        Ok(ScanReport { findings, summary })
    }

    fn second_pass(&self, settings: &Settings) -> Result<Second, ScanError> {
        Ok(second::second_pass(&self.fleet, settings, self.threads, self.keeps_below)?)
    }

    fn summary(&self) -> ScanSummary {
        self.base.with(&self.fleet.totals)
    }
}

/// What each device comes to, by its id.
type ReportsById<'r> = BTreeMap<&'r str, &'r DeviceReport>;

fn reports_of(devices: &[Device]) -> ReportsById<'_> {
    devices.iter().map(|device| (device.id.as_str(), &device.report)).collect()
}

/// Sums over the days, without a past and with one.
fn summed(second: &Second, of: fn(&Tested) -> [u64; 2]) -> [u64; 2] {
    second.tested.values().map(of).fold([0; 2], |[a, b], [first, later]| [a + first, b + later])
}

/// Device-days of phones without and with a past. A learned baseline may know a past that the inputs do not: all
/// device-days are split as those are that have series.
fn days_by_past(second: &Second, device_days: u64) -> (u64, u64) {
    let [first, later] = summed(second, |tested| tested.devices);
    let later = (device_days * later).checked_div(first + later).unwrap_or(0);
    (device_days - later, later)
}

/// Floors, budget and leads of what was found on so many device-days.
///
/// # Errors
/// A temporary file that cannot be read.
fn verdict(
    second: Second,
    device_days: u64,
    (fleet, settings): (&Fleet, &Settings),
    threads: usize,
) -> io::Result<Vec<Finding>> {
    let (days_first, days_later) = days_by_past(&second, device_days);
    let [loud_first, loud_later] = summed(&second, |tested| tested.loud);
    let Second { drafts, tested, fixed, shortened, .. } = second;
    let (first, later) = settings.learned.as_ref().map_or((None, None), |known| known.tails(fixed.sight));
    let tails = Tails {
        first: first.unwrap_or_else(|| reference::first(fixed.sight).in_fleet(loud_first, days_first)),
        later: later.unwrap_or_else(|| reference::later(fixed.sight).in_fleet(loud_later, days_later)),
    };
    let options = DecideOptions {
        is_fleet: fixed.baseline.is_fleet(),
        tails,
        budget_per_1000: settings.thresholds.global.alert_budget_per_1000_device_days,
    };
    let tested = tested.iter().map(|(day, tested)| (*day, tested.devices.iter().sum())).collect();
    let mut findings = decide(drafts, &tested, &options);
    find_details(&mut findings, &shortened, (&options, threads), |number| {
        Ok(fixed.device(fleet, settings, number, false)?.drafts)
    })?;
    bounds::tell(&mut findings, fleet);
    add_context(&mut findings, &fixed.baseline, &settings.thresholds, &reports_of(&fleet.devices));
    Ok(findings)
}

/// Threads to work with.
fn threads(options: &ScanOptions) -> usize {
    match options.threads {
        0 => std::thread::available_parallelism().map_or(1, usize::from),
        threads => threads,
    }
}

/// Inputs, read and packed by device.
struct Recorded {
    partitions: Partitions,
    directory: Arc<Directory>,
    /// What was read.
    base: ScanSummary,
    is_usable: bool,
    threads: usize,
    shares: Shares,
    keeps_seen: bool,
    keeps_all: bool,
}

impl Recorded {
    fn read(
        options: &ScanOptions,
        slot: Option<Slot>,
        progress: &Progress,
        stop: &StopFlag,
    ) -> Result<Self, ScanError> {
        let threads = threads(options);
        let read = ReadOptions {
            threads,
            limits: Limits::default(),
            utc_offset: Some(UtcOffset::from_secs(options.utc_offset_secs)),
            stop: stop.clone(),
        };
        let inventories = options.inventory.iter().map(|path| InputPath::Path(path.clone()));
        let paths: Vec<InputPath> = options.inputs.iter().cloned().chain(inventories).collect();
        let plan = Plan::new(&paths, &read, progress);
        // Without the inventory that was asked for, addresses that change hands would mix phones.
        let refused = plan.refused(&options.inventory);
        if !refused.is_empty() {
            return Err(ScanError::Config(refused));
        }
        let mut input = plan.summary();
        // Leases may take as much again while they are gathered, and far less once they are sorted.
        let packed_bytes = usize::try_from(options.memory_bytes / PACKED_SHARE).unwrap_or(usize::MAX);
        let inside = Inside::new(options.internal.clone());
        let sink = Arc::new(SinkSettings::new(inside, packed_bytes, None));
        let new_sink = |directory| PartitionSink::new(Arc::clone(&sink), directory);
        let (first, leases) = read_leases(&plan, &read, new_sink(Arc::default()), progress);
        input.merge(leases);
        let directory = Arc::new(Directory::new(sink.take_leases()));
        let shares = Shares::of(options.memory_bytes);
        let recorded = |partitions, directory, base, is_usable| {
            let (keeps_seen, keeps_all) = (false, false);
            Self { partitions, directory, base, is_usable, threads, shares, keeps_seen, keeps_all }
        };
        if let Some((partitions, mut base)) = slot.as_ref().and_then(|slot| slot.load(&sink, &directory)) {
            base.notes.push(FROM_CACHE.to_owned());
            return Ok(recorded(partitions, directory, base, true));
        }
        let (mut sinks, records) = read_records(&plan, &read, |_| new_sink(Arc::clone(&directory)), progress);
        input.merge(records);
        sinks.extend(first);
        if stop.is_stopped() {
            return Err(ScanError::Interrupted);
        }
        let (partitions, seen) = Partitions::new(Arc::clone(&sink), directory, sinks)?;
        let directory = Arc::clone(partitions.directory());
        let mut base = report::summarise(&input, &seen, directory.notes());
        let is_usable = input.outcome() != Outcome::NothingUsable || report::is_merely_empty(&input);
        if let Some(slot) = slot.filter(|_| is_usable)
            && let Err(error) = slot.store(&partitions, &base)
        {
            base.notes.push(format!("nothing was kept for the next run: {error}"));
        }
        Ok(recorded(partitions, directory, base, is_usable))
    }

    /// Pass 1, over everything or over a window of it.
    fn devices(
        &mut self,
        settings: &Settings,
        window: Option<Window>,
        stop: &StopFlag,
    ) -> Result<Fleet, ScanError> {
        let context = FirstContext {
            directory: &self.directory,
            settings,
            window,
            shares: self.shares,
            keeps_seen: self.keeps_seen,
            keeps_all: self.keeps_all,
        };
        let fleet = devices::first_pass(&mut self.partitions, context, self.threads, stop)?;
        if stop.is_stopped() { Err(ScanError::Interrupted) } else { Ok(fleet) }
    }

    fn check_usable(&self, devices: u64) -> Result<(), ScanError> {
        if self.is_usable {
            return Ok(());
        }
        let totals = Totals { devices, ..Totals::default() };
        Err(ScanError::NoUsableInput(Box::new(self.base.with(&totals))))
    }
}
