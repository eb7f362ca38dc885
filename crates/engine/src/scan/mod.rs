//! The batch run: two passes over partitions of devices, one baseline between them.

mod backtest;
mod bounds;
mod cache;
mod coverage;
mod details;
mod devices;
mod fleet;
mod folding;
mod grouped;
mod habits;
mod history;
mod kept;
mod large;
mod options;
mod parallel;
mod quiet;
mod recorded;
mod report;
mod rotations;
mod second;
mod settings;
mod shares;
mod verdict;
mod visit;
mod waiting;

pub use backtest::{Backtest, BacktestDay, BacktestSpan, backtest};
pub use options::{ScanError, ScanOptions, go_on};
pub use report::{Rejected, ScanReport, ScanSummary};
pub use settings::{read_apps, read_config, read_learned, read_suppressions};
pub use visit::visit;

use crate::input::{Progress, StopFlag};
use cache::Slot;
use fleet::Fleet;
use recorded::{FROM_CACHE, Recorded};
use second::{Fixed, Second, Totals};
use settings::Settings;
use shares::Shares;
use std::path::Path;
use std::sync::OnceLock;
use undertone_core::baseline::{Bounds, Learned};
use undertone_core::score::Depth;
use undertone_core::score::history::FleetMaxima;
use undertone_core::thresholds::ThresholdSet;
use verdict::{summed, verdict};

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
    let fixed = Fixed::of(&analysis.fleet, &analysis.settings, analysis.threads)?;
    let second = analysis.second_pass(&fixed, &analysis.settings)?;
    let mut summary = analysis.summary();
    summary.notes.extend(report::late_note(analysis.fleet.last_day()));
    let Totals { device_days, device_days_later: later, .. } = analysis.fleet.totals;
    let maxima = FleetMaxima::of(&second.drafts, device_days - later, later);
    drop(second);
    let Fixed { mut baseline, polls, sight, rotations, .. } = fixed;
    baseline.add_polls(&polls);
    let habits = habits::of(&analysis.fleet, &baseline, &rotations)?;
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
    depth: Depth,
    /// What was read.
    base: ScanSummary,
    /// What every series is compared with, once it was asked for.
    fixed: OnceLock<Fixed>,
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
        let (shares, depth) = (Shares::of(options.memory_bytes), options.depth());
        if let Some((fleet, mut base)) = kept.as_ref().and_then(|slot| kept::load(slot, shares)) {
            base.notes.push(FROM_CACHE.to_owned());
            let threads = options.worker_threads();
            return Ok(Self { fleet, settings, threads, depth, base, fixed: OnceLock::new() });
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
        Ok(Self { fleet, settings, threads: recorded.threads, depth, base, fixed: OnceLock::new() })
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
        let second = self.second_pass(self.fixed()?, &settings)?;
        let mut summary = self.summary();
        summary.notes.extend(settings.role_notes(&self.fleet.roles));
        summary.notes.extend(report::baseline_note(settings.learned.as_ref(), second.fixed.sight));
        summary.below = second.below;
        summary.device_days_loud = summed(&second, |tested| tested.loud);
        let findings =
            verdict(second, self.fleet.totals.device_days, (&self.fleet, &settings), self.threads)?;
        Ok(ScanReport { findings, summary, thresholds: settings.thresholds })
    }

    fn fixed(&self) -> Result<&Fixed, ScanError> {
        if let Some(made) = self.fixed.get() {
            return Ok(made);
        }
        let made = Fixed::of(&self.fleet, &self.settings, self.threads)?;
        Ok(self.fixed.get_or_init(|| made))
    }

    fn second_pass<'f>(&self, fixed: &'f Fixed, settings: &Settings) -> Result<Second<'f>, ScanError> {
        Ok(second::second_pass(&self.fleet, fixed, settings, self.threads, self.depth)?)
    }

    fn summary(&self) -> ScanSummary {
        self.base.with(&self.fleet.totals)
    }
}
