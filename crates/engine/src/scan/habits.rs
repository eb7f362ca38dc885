//! What each phone did, for runs on later days.

use super::fleet::Fleet;
use super::quiet;
use std::io;
use undertone_core::baseline::{Baseline, COMMON_SHARE, Habits};
use undertone_core::device::DeviceReport;
use undertone_core::series::Destination;

/// The habits of devices, all of which must have been kept; `None` without any day.
///
/// # Errors
/// A temporary file that cannot be read.
pub(super) fn of(fleet: &Fleet, baseline: &Baseline) -> io::Result<Option<Habits>> {
    let Some((last, _)) = fleet.last_day() else { return Ok(None) };
    let mut habits = Habits { is_complete: fleet.totals.folded == 0, ..Habits::until(last) };
    // Of everybody's destinations nobody asks whether they are new on one phone.
    let is_rare = |to: &Destination| {
        f64::from(baseline.others_reaching(to)) <= COMMON_SHARE * f64::from(baseline.others().max(1))
    };
    let add = |habits: &mut Habits, id: &str, report: &DeviceReport| {
        habits.add_device(id, &report.days);
        for reached in report.reached.iter().filter(|reached| is_rare(&reached.destination)) {
            habits.add_series(id, reached.app.as_deref(), &reached.destination, reached.first_day);
        }
    };
    for device in &fleet.devices {
        add(&mut habits, &device.id, &device.report);
        for series in fleet.series_of(device)?.iter().filter(|series| is_rare(&series.key.destination)) {
            let key = &series.key;
            habits.add_judged(&device.id, key.app.as_deref(), &key.destination, series.day);
        }
    }
    for part in 0..quiet::PARTS {
        fleet.each_quiet(part, |id, report| {
            add(&mut habits, id, &report);
            Ok(())
        })?;
    }
    Ok(Some(habits))
}
