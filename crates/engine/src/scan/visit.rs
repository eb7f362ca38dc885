//! Everything that each device did, joined and attributed but not scored: for questions about the data itself.

use super::devices::{DeviceRecords, records_by_device};
use super::settings::Settings;
use super::{ScanError, ScanOptions, parallel, read};
use crate::input::{Progress, StopFlag};
use crate::partition::Partitions;
use crate::telemetry;
use std::io;
use std::sync::{Mutex, PoisonError};
use undertone_core::device::{self, DeviceInput};

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
    let read = read(options, progress, stop)?;
    let partitions = Mutex::new(read.partitions);
    let done = parallel::map(Partitions::COUNT, read.threads, |index| {
        let mut gathered = new();
        if stop.is_stopped() {
            return Ok(gathered);
        }
        let taken = partitions.lock().unwrap_or_else(PoisonError::into_inner).take(index)?;
        for (id, records) in records_by_device(&taken) {
            show(records, &settings, |traffic| add(&mut gathered, id, traffic));
        }
        Ok(gathered)
    });
    if stop.is_stopped() {
        return Err(ScanError::Interrupted);
    }
    done.into_iter().map(|result: io::Result<S>| result.map_err(ScanError::Storage)).collect()
}

fn show(records: DeviceRecords<'_>, settings: &Settings, add: impl FnOnce(&DeviceInput<'_, '_>)) {
    let mut joined = device::join::join(records.sessions, records.messages);
    if joined.connections.is_empty() {
        joined.connections = telemetry::connections_of_phone(&records.telemetry);
    }
    let window_secs = settings.thresholds.global.recent_user_interaction_window_secs;
    let reports = telemetry::Reports::of(&records.telemetry);
    let view = telemetry::view(&reports, &joined.connections, |_| window_secs);
    add(&DeviceInput {
        connections: &joined.connections,
        apps: &view.apps,
        flags: &view.flags,
        stacks: &view.stacks,
    });
}
