//! Everything that each device did, joined and attributed but not scored: for questions about the data itself.

use super::devices::{joined_of, platform};
use super::grouped::{Grouped, Room};
use super::settings::Settings;
use super::{Recorded, ScanError, ScanOptions, go_on, parallel};
use crate::input::{Progress, StopFlag};
use crate::partition::Partitions;
use crate::telemetry::{self, Roles};
use std::io;
use std::sync::{Mutex, PoisonError};
use undertone_core::device::DeviceInput;
use undertone_core::model::Platform;
use undertone_wire::packed::Lists;

/// Reads inputs and shows each device once to `add`, which gathers into values that `new` makes. The values come
/// back in an order that depends on the devices' names only.
///
/// # Errors
/// Those of [`super::scan`].
pub fn visit<S: Send>(
    options: &ScanOptions,
    progress: &Progress,
    stop: &StopFlag,
    new: impl Fn() -> S + Sync,
    add: impl Fn(&mut S, &str, &DeviceInput<'_, '_>) + Sync,
) -> Result<Vec<S>, ScanError> {
    let settings = Settings::read(options)?;
    let read = Recorded::read(options, None, progress, stop)?;
    let (partitions, alone) = (Mutex::new(read.partitions), Mutex::new(()));
    let done = parallel::map(Partitions::COUNT, read.threads, |index| {
        let mut gathered = new();
        if stop.is_stopped() {
            return Ok(gathered);
        }
        let untaken = partitions.lock().unwrap_or_else(PoisonError::into_inner).take(index);
        let fits = read.shares.fits(untaken.bytes(), read.threads);
        // Held while phones are looked at that do not fit a thread's share: they are never divided here.
        let _one_at_a_time = (!fits).then(|| alone.lock().unwrap_or_else(PoisonError::into_inner));
        Grouped::of(&untaken.gather()?).each_device(Room::default(), |id, lists| {
            let platform = platform(id, &lists.telemetry, &read.directory);
            show(lists, (&settings, platform), |traffic| add(&mut gathered, id, traffic));
        });
        Ok(gathered)
    });
    go_on(stop)?;
    done.into_iter().map(|result: io::Result<S>| result.map_err(ScanError::Storage)).collect()
}

fn show(
    lists: &mut Lists<'_>,
    (settings, platform): (&Settings, Platform),
    add: impl FnOnce(&DeviceInput<'_, '_>),
) {
    let joined = joined_of(lists);
    let roles = Roles::of(&lists.telemetry);
    let connections = joined.connections();
    let reports = telemetry::Reports::of(&lists.telemetry);
    let view = telemetry::view(&reports, &connections, |app| {
        settings.interaction_window_secs(platform, &roles, app)
    });
    add(&DeviceInput {
        connections: &connections,
        apps: &view.apps,
        flags: &view.flags,
        stacks: &view.stacks,
        asked: reports.asked(),
        internal: &settings.internal,
    });
    lists.telemetry.clear();
}
