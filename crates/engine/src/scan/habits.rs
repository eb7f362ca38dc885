//! What each phone did, for runs on later days.

use super::devices::Device;
use undertone_core::baseline::{Baseline, Habits};
use undertone_core::series::Destination;

/// Share of the phones that reach a destination from which nobody asks whether it is new on one of them.
const COMMON_SHARE: f64 = 0.05;

/// The habits of the devices; `None` without any day.
pub(super) fn of(devices: &[Device], baseline: &Baseline) -> Option<Habits> {
    let last = devices.iter().filter_map(|device| device.report.days.last()).max()?;
    let mut habits = Habits::until(*last);
    let is_rare = |to: &Destination| {
        f64::from(baseline.others_reaching(to)) <= COMMON_SHARE * f64::from(baseline.others().max(1))
    };
    for device in devices {
        habits.add_device(&device.id, &device.report.days);
        for reached in device.report.reached.iter().filter(|reached| is_rare(&reached.destination)) {
            habits.add_series(&device.id, reached.app.as_deref(), &reached.destination, reached.first_day);
        }
        for series in device.assessed.iter().filter(|series| is_rare(&series.key.destination)) {
            let key = &series.key;
            habits.add_judged(&device.id, key.app.as_deref(), &key.destination, series.day);
        }
    }
    Some(habits)
}
