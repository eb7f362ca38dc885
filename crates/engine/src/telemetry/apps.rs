//! What telemetry says of each app, looked up once for all of its connections.

use super::Reports;
use hashbrown::HashMap;
use std::collections::BTreeMap;
use undertone_core::attribution::{AttributionMethod, ConnectionReport};
use undertone_core::model::Timestamp;
use undertone_core::series::EventFlags;
use undertone_core::timeline::{AppState, AppTimeline};

/// How soon after a push an app's session counts as woken by it.
const WAKE_MICROS: i64 = 10_000_000;
/// A session is matched to the stack of a report of the same app within this time.
const STACK_MICROS: i64 = 2_000_000;

/// Walked only where the order does not matter.
type ByName<K, V> = HashMap<K, V, foldhash::fast::RandomState>;

/// The networking stack of a report.
type StackAt = (Timestamp, &'static str);

/// Networking stacks by app, each ascending by time.
pub(super) fn stacks<'a>(reports: &[ConnectionReport<'a>]) -> ByName<&'a str, Vec<StackAt>> {
    let mut by_app: ByName<&'a str, Vec<StackAt>> = HashMap::default();
    for report in reports {
        if let Some(stack) = report.connection.stack {
            by_app.entry(report.app).or_default().push((report.at, stack.as_str()));
        }
    }
    by_app.values_mut().for_each(|stacks| stacks.sort_unstable());
    by_app
}

/// The apps of one device that connections were found for.
pub(super) struct Apps<'r, W> {
    reports: &'r Reports<'r>,
    stacks: &'r ByName<&'r str, Vec<StackAt>>,
    window_secs: W,
    /// `None` is for the connections without an app.
    by_name: ByName<Option<&'r str>, About<'r>>,
}

/// What telemetry says of one app.
#[derive(Clone, Copy)]
pub(super) struct About<'r> {
    /// How long a person's touch explains its traffic.
    pub(super) window_secs: i64,
    /// The strongest way in which any of its connections was found.
    method: AttributionMethod,
    /// Its pushes, ascending.
    pushes: &'r [Timestamp],
    timeline: Option<AppTimeline<'r>>,
    /// Its networking stacks, ascending by time.
    stacks: &'r [StackAt],
}

impl<'r, W: Fn(Option<&str>) -> u32> Apps<'r, W> {
    /// Nothing looked up yet.
    pub(super) fn of(
        reports: &'r Reports<'r>,
        stacks: &'r ByName<&'r str, Vec<StackAt>>,
        window_secs: W,
    ) -> Self {
        Self { reports, stacks, window_secs, by_name: HashMap::default() }
    }

    /// What is known of the app of a connection that was found by `method`.
    pub(super) fn about(&mut self, app: Option<&'r str>, method: AttributionMethod) -> About<'r> {
        let about = self.by_name.entry(app).or_insert_with(|| About {
            window_secs: i64::from((self.window_secs)(app)),
            method,
            pushes: app.and_then(|app| self.reports.pushes.get(app)).map_or(&[], Vec::as_slice),
            timeline: app.and_then(|app| self.reports.timeline.of_app(app)),
            stacks: app.and_then(|app| self.stacks.get(app)).map_or(&[], Vec::as_slice),
        });
        about.method = about.method.min(method);
        *about
    }

    /// The strongest way in which a connection of each app was found.
    pub(super) fn methods(self) -> BTreeMap<Box<str>, AttributionMethod> {
        let named = self.by_name.into_iter();
        named.filter_map(|(app, about)| Some((app?.into(), about.method))).collect()
    }
}

impl About<'_> {
    /// State of the app at a time of the phone's clock. What is unknown sets nothing.
    pub(super) fn flags_at(&self, at: Timestamp) -> EventFlags {
        let state = match self.timeline.and_then(|timeline| timeline.state_at(at)) {
            Some(AppState::Foreground) => EventFlags::FOREGROUND,
            Some(AppState::ForegroundService) => EventFlags::FOREGROUND_SERVICE,
            Some(AppState::Background) => EventFlags::BACKGROUND,
            None => EventFlags::default(),
        };
        let before = self.pushes.partition_point(|push| *push <= at);
        let last = before.checked_sub(1).and_then(|last| self.pushes.get(last));
        let is_woken = last.is_some_and(|push| at.since(*push) <= WAKE_MICROS);
        if is_woken { state.with(EventFlags::AFTER_PUSH) } else { state }
    }

    /// The networking stack of the report that is nearest in time, if it is near.
    pub(super) fn stack_at(&self, at: Timestamp) -> Option<&'static str> {
        let after = self.stacks.partition_point(|(time, _)| *time < at);
        let near = [after.checked_sub(1), Some(after)]
            .into_iter()
            .flatten()
            .filter_map(|index| self.stacks.get(index));
        let (time, stack) = near.min_by_key(|(time, _)| time.since(at).abs())?;
        (time.since(at).abs() <= STACK_MICROS).then_some(*stack)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_strongest_method_is_told_wherever_it_stands() {
        use AttributionMethod::{Address, FiveTuple, Name};
        for order in [[Name, FiveTuple, Address], [FiveTuple, Name, Address], [Address, Name, FiveTuple]] {
            let (reports, stacks) = (Reports::of(&[]), ByName::default());
            let mut apps = Apps::of(&reports, &stacks, |_| 30);
            for method in order {
                apps.about(Some("com.a"), method);
            }
            apps.about(Some("com.b"), Name);
            let found = apps.methods();
            assert_eq!((found["com.a"], found["com.b"]), (FiveTuple, Name));
        }
    }
}
