//! What of a device's sessions is known, counted while the device is at hand.

use super::{Analysis, ScanError, ScanSummary};
use crate::telemetry::PhoneView;
use undertone_core::coverage::{Coverage, DeviceSeen, Surroundings};
use undertone_core::device::{Connection, SeriesDays};
use undertone_core::model::{ExchangeKind, Telemetry, TelemetryKind};
use undertone_core::series::{EventFlags, StateTally};

impl Analysis {
    /// What the inputs could show and could not.
    ///
    /// # Errors
    /// A temporary file that cannot be read.
    pub fn coverage(&self) -> Result<(Coverage, ScanSummary), ScanError> {
        let declared = &self.settings.declared;
        let around = Surroundings {
            declares_services: !declared.services.apps.is_empty() || !declared.services.roles.is_empty(),
            declares_destinations: !declared.destinations.apps.is_empty()
                || !declared.destinations.roles.is_empty(),
            learned_devices: self.settings.learned.as_ref().map_or(0, |learned| learned.baseline.devices),
        };
        let second = self.second_pass(&self.settings)?;
        Ok((Coverage::of(&self.fleet.seen, around), self.summary(&second)))
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
    let count = |is: fn(&Connection<'_, '_>) -> bool| connections.iter().filter(|one| is(one)).count() as u64;
    let messages = || connections.iter().flat_map(Connection::messages);
    let most = |is_web: bool| {
        let of_kind = series.iter().filter(|series| series.key.service.is_web() == is_web);
        let events = of_kind.map(|series| {
            series.days.values().map(|day| day.starts.total().max(day.messages.total())).sum::<u64>()
        });
        events.max().unwrap_or(0)
    };
    let is_push = |event: &&Telemetry<'_>| matches!(event.kind, TelemetryKind::Push(_));
    DeviceSeen {
        sessions: connections.len() as u64,
        with_app: view.apps.iter().flatten().count() as u64,
        with_lock_state: states.lock_known(),
        with_app_state: states.app_known(),
        with_interaction: states.interaction_known(),
        with_sizes: count(|one| one.session.orig_bytes.is_some() || one.session.resp_bytes.is_some()),
        with_durations: count(|one| one.session.duration_micros.is_some()),
        with_names: count(|one| one.messages().any(|message| message.host.is_some_and(|h| !h.is_empty()))),
        with_stacks: count(|one| {
            one.messages().any(|m| m.ja4.is_some() || m.ja3.is_some() || m.user_agent.is_some())
        }),
        requests_with_paths: messages()
            .filter(|message| message.kind == ExchangeKind::Http && message.path.is_some())
            .count() as u64,
        lookups: messages().filter(|message| message.kind == ExchangeKind::Dns).count() as u64,
        pushes: telemetry.iter().filter(is_push).count() as u64,
        web_check_ins: most(true),
        other_check_ins: most(false),
    }
}
