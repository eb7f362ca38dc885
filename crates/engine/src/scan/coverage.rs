//! What of a device's sessions is known, counted while the device is at hand.

use super::{Analysis, ScanSummary};
use crate::telemetry::PhoneView;
use undertone_core::coverage::{Coverage, DeviceSeen, Surroundings};
use undertone_core::device::{Connection, SeriesDays};
use undertone_core::model::{ExchangeKind, Telemetry, TelemetryKind};
use undertone_core::series::{EventFlags, StateTally};

impl Analysis {
    /// What the inputs could show and could not.
    pub fn coverage(&self) -> (Coverage, ScanSummary) {
        let declared = &self.settings.declared;
        let around = Surroundings {
            declares_services: !declared.services.apps.is_empty() || !declared.services.roles.is_empty(),
            declares_destinations: !declared.destinations.apps.is_empty()
                || !declared.destinations.roles.is_empty(),
            learned_devices: self.settings.learned.as_ref().map_or(0, |learned| learned.baseline.devices),
        };
        (Coverage::of(&self.fleet.seen, around), self.summary())
    }
}

/// Counts what is known.
pub(super) fn seen(
    connections: &[Connection<'_, '_>],
    view: &PhoneView<'_>,
    telemetry: &[Telemetry<'_>],
    series: &[SeriesDays],
) -> DeviceSeen {
    let mut states = StateTally::default();
    view.flags.iter().for_each(|flags: &EventFlags| states.add(*flags));
    let most = |is_web: bool| {
        let of_kind = series.iter().filter(|series| series.key.service.is_web() == is_web);
        let events = of_kind.map(|series| {
            series.days.iter().map(|(_, day)| day.starts.total().max(day.messages.total())).sum::<u64>()
        });
        events.max().unwrap_or(0)
    };
    let is_push = |event: &&Telemetry<'_>| matches!(event.kind, TelemetryKind::Push(_));
    let mut seen = DeviceSeen {
        sessions: connections.len() as u64,
        with_app: view.apps.iter().flatten().count() as u64,
        with_lock_state: states.lock_known(),
        with_app_state: states.app_known(),
        with_interaction: states.interaction_known(),
        pushes: telemetry.iter().filter(is_push).count() as u64,
        web_check_ins: most(true),
        other_check_ins: most(false),
        ..DeviceSeen::default()
    };
    for connection in connections {
        count(&mut seen, connection);
    }
    seen
}

/// Counts what is known of one connection: all at once, since a device's connections do not fit in a cache.
fn count(seen: &mut DeviceSeen, connection: &Connection<'_, '_>) {
    let (mut has_name, mut has_stack) = (false, false);
    for message in connection.messages() {
        has_name |= message.host.is_some_and(|host| !host.is_empty());
        has_stack |= message.ja4.is_some() || message.ja3.is_some() || message.user_agent.is_some();
        seen.requests_with_paths += u64::from(message.kind == ExchangeKind::Http && message.path.is_some());
        seen.lookups += u64::from(message.kind == ExchangeKind::Dns);
    }
    let session = connection.session;
    seen.with_sizes += u64::from(session.orig_bytes.is_some() || session.resp_bytes.is_some());
    seen.with_durations += u64::from(session.duration_micros.is_some());
    seen.with_names += u64::from(has_name);
    seen.with_stacks += u64::from(has_stack);
}
