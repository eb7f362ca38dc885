//! Connections of each app by hour, with nobody at the phone, for the baseline.

use super::PhoneView;
use hashbrown::HashMap;
use std::collections::BTreeMap;
use undertone_core::baseline::AppHours;
use undertone_core::device::Connection;
use undertone_core::series::EventFlags;

/// Hours kept of each app, the latest: a window is 7 days.
const HOURS_MAX: usize = 8 * 24;

/// By app, the hours in which it connected while it is known that nobody was at the phone.
pub fn app_hours(connections: &[Connection<'_, '_>], view: &PhoneView<'_>) -> BTreeMap<Box<str>, AppHours> {
    let mut found: HashMap<&str, BTreeMap<i32, u32>, foldhash::fast::RandomState> = HashMap::default();
    for (index, connection) in connections.iter().enumerate() {
        let Some(app) = view.apps.get(index).copied().flatten() else { continue };
        if !view.flags.get(index).is_some_and(|flags| flags.has(EventFlags::NO_INTERACTION)) {
            continue;
        }
        let hours = found.entry(app).or_default();
        *hours.entry(connection.session.start.hour()).or_default() += 1;
        if hours.len() > HOURS_MAX {
            hours.pop_first();
        }
    }
    found.into_iter().map(|(app, hours)| (app.into(), hours.into_iter().collect())).collect()
}
