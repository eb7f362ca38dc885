//! Inputs, read and packed by device: what pass 1 works on.

use super::cache::Slot;
use super::devices::{self, FirstContext};
use super::fleet::Fleet;
use super::options::{ScanError, ScanOptions, go_on};
use super::report::{self, ScanSummary};
use super::second::Totals;
use super::settings::Settings;
use super::shares::Shares;
use crate::identity::{Directory, Inside};
use crate::input::{
    InputPath, Limits, Outcome, Plan, Progress, ReadOptions, StopFlag, read_leases, read_records,
};
use crate::partition::{ClaimsCut, PartitionSink, Partitions, SinkSettings};
use std::sync::Arc;
use undertone_core::score::days::Window;
use undertone_wire::mobile::usagestats::UtcOffset;

/// Said where inputs were not read anew.
pub(super) const FROM_CACHE: &str = "the inputs are as they were: what they hold comes from the cache";
/// Share of the memory cap that packed records may take before they spill; joining and scoring need the rest.
const PACKED_SHARE: u64 = 4;

/// Inputs, read and packed by device.
pub(super) struct Recorded {
    pub(super) partitions: Partitions,
    pub(super) directory: Arc<Directory>,
    /// What was read.
    pub(super) base: ScanSummary,
    is_usable: bool,
    pub(super) threads: usize,
    pub(super) shares: Shares,
    pub(super) keeps_seen: bool,
    pub(super) keeps_all: bool,
}

impl Recorded {
    pub(super) fn read(
        options: &ScanOptions,
        slot: Option<Slot>,
        progress: &Progress,
        stop: &StopFlag,
    ) -> Result<Self, ScanError> {
        // Leases may take as much again while they are gathered, and far less once they are sorted.
        let packed_bytes = usize::try_from(options.memory_bytes / PACKED_SHARE).unwrap_or(usize::MAX);
        let threads = options.worker_threads();
        let readers = threads.min(SinkSettings::sinks_within(packed_bytes));
        let read = read_options(options, readers, stop);
        let plan = plan_of(options, &read, progress)?;
        let mut input = plan.summary();
        let inside = Inside::new(options.internal.clone());
        let new_settings = || Arc::new(SinkSettings::new(inside.clone(), packed_bytes, readers));
        let sink = new_settings();
        let new_sink = |directory| PartitionSink::new(Arc::clone(&sink), directory);
        let (first, leases) = read_leases(&plan, &read, new_sink(Arc::default()), progress);
        input.merge(leases);
        let directory = Arc::new(Directory::new(sink.take_leases()));
        let shares = Shares::of(options.memory_bytes);
        let recorded = |partitions, directory, base, is_usable| {
            let (keeps_seen, keeps_all) = (false, false);
            Self { partitions, directory, base, is_usable, threads, shares, keeps_seen, keeps_all }
        };
        // With a budget of its own: what a damaged file filled of it before the damage is gone again.
        let load = |slot: &Slot| slot.load(&new_settings(), &directory);
        if let Some((partitions, mut base)) = slot.as_ref().and_then(load) {
            base.notes.push(FROM_CACHE.to_owned());
            return Ok(recorded(partitions, directory, base, true));
        }
        let (mut sinks, records) = read_records(&plan, &read, |_| new_sink(Arc::clone(&directory)), progress);
        input.merge(records);
        sinks.extend(first);
        go_on(stop)?;
        let (partitions, seen) = Partitions::new(Arc::clone(&sink), directory, sinks)?;
        let directory = Arc::clone(partitions.directory());
        let mut base = report::summarise(&input, &seen, directory.notes());
        let is_usable = input.outcome() != Outcome::NothingUsable || report::is_merely_empty(&input);
        // More memory would know better whose some records are.
        let is_settled = seen.claims == ClaimsCut::default() && !directory.is_cut();
        if let Some(slot) = slot.filter(|_| is_usable && is_settled)
            && let Err(error) = slot.store(&partitions, &base)
        {
            base.notes.push(format!("nothing was kept for the next run: {error}"));
        }
        Ok(recorded(partitions, directory, base, is_usable))
    }

    /// Pass 1, over everything or over a window of it.
    pub(super) fn devices(
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
        go_on(stop).map(|()| fleet)
    }

    pub(super) fn check_usable(&self, devices: u64) -> Result<(), ScanError> {
        if self.is_usable {
            return Ok(());
        }
        let totals = Totals { devices, ..Totals::default() };
        Err(ScanError::NoUsableInput(Box::new(self.base.with(&totals))))
    }
}

fn read_options(options: &ScanOptions, threads: usize, stop: &StopFlag) -> ReadOptions {
    ReadOptions {
        threads,
        limits: Limits::default(),
        utc_offset: Some(UtcOffset::from_secs(options.utc_offset_secs)),
        stop: stop.clone(),
    }
}

/// All inputs, inventories with them. Without the inventory that was asked for, addresses that change hands would mix
/// phones.
fn plan_of(options: &ScanOptions, read: &ReadOptions, progress: &Progress) -> Result<Plan, ScanError> {
    let inventories = options.inventory.iter().map(|path| InputPath::Path(path.clone()));
    let paths: Vec<InputPath> = options.inputs.iter().cloned().chain(inventories).collect();
    let plan = Plan::new(&paths, read, progress);
    let refused = plan.refused(&options.inventory);
    if refused.is_empty() { Ok(plan) } else { Err(ScanError::Config(refused)) }
}
