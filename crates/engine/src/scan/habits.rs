//! What each phone did, for runs on later days.

use super::fleet::Fleet;
use super::quiet;
use super::rotations::Rotations;
use std::io;
use undertone_core::baseline::{Baseline, HABITS_MAX, Habits};
use undertone_core::device::DeviceReport;
use undertone_core::score::days::Assessed;
use undertone_core::series::{Destination, SeriesKey};

/// The habits of devices, all of which must have been kept; `None` without any day.
///
/// # Errors
/// A temporary file that cannot be read.
pub(super) fn of(fleet: &Fleet, baseline: &Baseline, rotations: &[Rotations]) -> io::Result<Option<Habits>> {
    let Some((last, _)) = fleet.last_day() else { return Ok(None) };
    let has_common = fleet.reached().map(<[_]>::len).sum::<usize>() <= HABITS_MAX;
    let is_kept = |to: &Destination| has_common || !baseline.is_everybodys(to);
    let is_complete = fleet.totals.folded == 0;
    let mut habits = Habits { is_complete, has_common, ..Habits::until(last) };
    each_report(fleet, |id, report| {
        habits.add_device(id, &report.days);
        for reached in report.reached.iter().filter(|reached| is_kept(&reached.destination)) {
            habits.add_series(id, reached.app.as_deref(), &reached.destination, reached.first_day);
        }
    })?;
    for (device, rotations) in fleet.devices.iter().zip(rotations) {
        for (key, day) in rotations.driven() {
            habits.add_judged(&device.id, key, day);
        }
        let judged = |series: &&Assessed| is_kept(&series.key.destination) && series.is_judged();
        for series in fleet.series_of(device)?.iter().filter(judged) {
            habits.add_judged(&device.id, &series.key, series.day);
            for addr in series.profile.addresses.keys().copied() {
                // Whoever sees a later day without the lookup of the day before sees the address only.
                let nameless = SeriesKey { destination: Destination::Address(addr), ..series.key.clone() };
                habits.add_judged(&device.id, &nameless, series.day);
            }
        }
    }
    Ok(Some(habits))
}

fn each_report(fleet: &Fleet, mut see: impl FnMut(&str, &DeviceReport)) -> io::Result<()> {
    fleet.devices.iter().for_each(|device| see(&device.id, &device.report));
    for part in 0..quiet::PARTS {
        fleet.each_quiet(part, |id, report| {
            see(id, &report);
            Ok(())
        })?;
    }
    Ok(())
}
