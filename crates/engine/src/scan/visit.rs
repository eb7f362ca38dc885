//! Everything that each device did, joined and attributed but not scored: for questions about the data itself.

use super::grouped::{Grouped, Room};
use super::settings::Settings;
use super::{Recorded, ScanError, ScanOptions, parallel};
use crate::input::{Progress, StopFlag};
use crate::partition::Partitions;
use crate::telemetry;
use std::io;
use std::sync::{Mutex, PoisonError};
use undertone_core::device::{self, DeviceInput};
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
    let partitions = Mutex::new(read.partitions);
    let done = parallel::map(Partitions::COUNT, read.threads, |index| {
        let mut gathered = new();
        if stop.is_stopped() {
            return Ok(gathered);
        }
        let untaken = partitions.lock().unwrap_or_else(PoisonError::into_inner).take(index);
        Grouped::of(&untaken.gather()?).each_device(Room::default(), |id, lists| {
            show(lists, &settings, |traffic| add(&mut gathered, id, traffic));
        });
        Ok(gathered)
    });
    if stop.is_stopped() {
        return Err(ScanError::Interrupted);
    }
    done.into_iter().map(|result: io::Result<S>| result.map_err(ScanError::Storage)).collect()
}

fn show(lists: &mut Lists<'_>, settings: &Settings, add: impl FnOnce(&DeviceInput<'_, '_>)) {
    let sessions = std::mem::take(&mut lists.sessions);
    let messages = std::mem::take(&mut lists.messages);
    let mut joined = device::join::join_grouped(sessions, messages);
    if joined.is_empty() {
        joined = telemetry::connections_of_phone(&lists.telemetry);
    }
    let connections = joined.connections();
    let window_secs = settings.thresholds.global.recent_user_interaction_window_secs;
    let reports = telemetry::Reports::of(&lists.telemetry);
    let view = telemetry::view(&reports, &connections, |_| window_secs);
    add(&DeviceInput {
        connections: &connections,
        apps: &view.apps,
        flags: &view.flags,
        stacks: &view.stacks,
    });
    lists.telemetry.clear();
}
