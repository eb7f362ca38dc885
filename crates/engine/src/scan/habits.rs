//! What each phone did, for runs on later days.

use super::fleet::Fleet;
use std::io;
use undertone_core::baseline::{Baseline, COMMON_SHARE, Habits};
use undertone_core::series::Destination;

/// The habits of devices, all of which must have been kept; `None` without any day.
///
/// # Errors
/// A temporary file that cannot be read.
pub(super) fn of(fleet: &Fleet, baseline: &Baseline) -> io::Result<Option<Habits>> {
    let devices = &fleet.devices;
    let Some(last) = devices.iter().filter_map(|device| device.report.days.last()).max() else {
        return Ok(None);
    };
    let mut habits = Habits { is_complete: fleet.totals.folded == 0, ..Habits::until(*last) };
    // Of everybody's destinations nobody asks whether they are new on one phone.
    let is_rare = |to: &Destination| {
        f64::from(baseline.others_reaching(to)) <= COMMON_SHARE * f64::from(baseline.others().max(1))
    };
    for device in devices {
        habits.add_device(&device.id, &device.report.days);
        for reached in device.report.reached.iter().filter(|reached| is_rare(&reached.destination)) {
            habits.add_series(&device.id, reached.app.as_deref(), &reached.destination, reached.first_day);
        }
        for series in fleet.series_of(device)?.iter().filter(|series| is_rare(&series.key.destination)) {
            let key = &series.key;
            habits.add_judged(&device.id, key.app.as_deref(), &key.destination, series.day);
        }
    }
    Ok(Some(habits))
}
