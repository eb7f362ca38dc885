//! The attribution join: what one phone says, put beside what the network saw of it.

mod apps;
mod clocks;
mod hours;
mod roles;
mod stacks;
mod unseen;

pub use clocks::{ClockSight, Clocks};
pub use hours::app_hours;
pub use roles::Roles;
pub use stacks::app_stacks;
pub use unseen::{Report, Seen, Unseen, add_unseen, connections};

use apps::Apps;
use std::collections::BTreeMap;
use undertone_core::attribution::{
    AttributionMethod, Attributor, ConnectionReport, DeviceReports, LookupReport, SessionFacts,
};
use undertone_core::device::Connection;
use undertone_core::model::{Telemetry, TelemetryKind, Timestamp};
use undertone_core::series::EventFlags;
use undertone_core::timeline::{StateEvent, StateTimeline};

/// What telemetry says of the connections of one device, in their order.
#[derive(Debug, Default)]
pub struct PhoneView<'a> {
    /// App of each connection; `None` where none fits, or where several do.
    pub apps: Vec<Option<&'a str>>,
    /// State at each connection's start.
    pub flags: Vec<EventFlags>,
    /// Networking stack of each connection.
    pub stacks: Vec<Option<&'static str>>,
    /// Connections by how their app was found.
    pub methods: BTreeMap<AttributionMethod, u64>,
    /// The strongest way in which any connection of an app was found.
    pub method_of_app: BTreeMap<Box<str>, AttributionMethod>,
    /// What of both came together.
    pub clock: ClockSight,
}

/// The telemetry of one device, sorted by what it is about.
#[derive(Debug)]
pub struct Reports<'a> {
    connections: Vec<ConnectionReport<'a>>,
    lookups: Vec<LookupReport<'a>>,
    /// Names looked up by whichever app, ascending.
    asked: Vec<&'a str>,
    pushes: BTreeMap<&'a str, Vec<Timestamp>>,
    timeline: StateTimeline,
}

impl<'a> Reports<'a> {
    /// Sorts the telemetry of one device.
    pub fn of(telemetry: &[Telemetry<'a>]) -> Self {
        let (mut connections, mut lookups, mut asked) = (Vec::new(), Vec::new(), Vec::new());
        let mut pushes: BTreeMap<&'a str, Vec<Timestamp>> = BTreeMap::new();
        let mut states = Vec::new();
        for event in telemetry {
            let at = event.at;
            if let TelemetryKind::Lookup(lookup) = &event.kind {
                asked.push(lookup.qname);
            }
            match (&event.kind, event.app_id) {
                (TelemetryKind::Connection(connection), Some(app)) => {
                    connections.push(ConnectionReport { app, at, connection: connection.clone() });
                }
                (TelemetryKind::Lookup(lookup), Some(app)) => {
                    lookups.push(LookupReport { app, at, qname: lookup.qname, answers: lookup.answers });
                }
                (TelemetryKind::Push(_), Some(app)) => pushes.entry(app).or_default().push(at),
                (TelemetryKind::State(change), app) => {
                    states.push(StateEvent { at, state: change.state, app });
                }
                _ => {}
            }
        }
        for times in pushes.values_mut() {
            times.sort_unstable();
        }
        asked.sort_unstable();
        asked.dedup();
        Self { connections, lookups, asked, pushes, timeline: states.into_iter().collect() }
    }

    /// Names that the phone says it looked up, ascending.
    pub fn asked(&self) -> &[&'a str] {
        &self.asked
    }

    /// Single connections that are told with an address.
    fn with_address(&self) -> u64 {
        let all = self.connections.iter().map(|report| &report.connection);
        all.filter(|connection| connection.hits == 1 && connection.resp_ip.is_some()).count() as u64
    }

    fn is_empty(&self) -> bool {
        self.connections.is_empty()
            && self.lookups.is_empty()
            && self.pushes.is_empty()
            && self.timeline.is_empty()
    }
}

/// Leaves each event of one device once, by their times: a feed that is given twice says nothing more. How many went.
pub fn leave_each_once(telemetry: &mut Vec<Telemetry<'_>>) -> u64 {
    let before = telemetry.len();
    // Stable sorting is the one that takes no time where the order is nearly right, as it is here.
    telemetry.sort();
    telemetry.dedup();
    (before - telemetry.len()) as u64
}

/// Joins telemetry with connections. `interaction_window_secs` says how long a person's touch explains an app's
/// traffic.
pub fn view<'r>(
    reports: &'r Reports<'r>,
    connections: &'r [Connection<'r, 'r>],
    interaction_window_secs: impl Fn(Option<&str>) -> u32,
) -> PhoneView<'r> {
    let has_tags = connections.iter().any(|connection| connection.session.app.is_some());
    if reports.is_empty() && !has_tags {
        let methods = BTreeMap::from([(AttributionMethod::None, connections.len() as u64)]);
        return PhoneView { methods, ..PhoneView::default() };
    }
    let facts: Vec<SessionFacts<'r>> = connections.iter().map(facts).collect();
    let join = DeviceReports { connections: &reports.connections, lookups: &reports.lookups };
    let attributor = Attributor::new(&join, &facts);
    let ahead_micros = attributor.skew().map(|skew| skew.micros);
    let skew_micros = ahead_micros.unwrap_or(0);
    let mut view = PhoneView::default();
    view.clock.reports = reports.with_address();
    let stacks = apps::stacks(&reports.connections);
    let mut apps = Apps::of(reports, &stacks, interaction_window_secs);
    let mut methods = [0_u64; AttributionMethod::ALL.len()];
    for facts in &facts {
        let (app, method) = attributor.only_app(facts);
        if let Some(count) = methods.get_mut(method as usize) {
            *count += 1;
        }
        view.clock.add_session(method);
        let about = apps.about(app, method);
        let at = facts.start.plus_micros(skew_micros);
        view.flags
            .push(possible(device_flags(&reports.timeline, at, about.window_secs).with(about.flags_at(at))));
        view.stacks.push(about.stack_at(at));
        view.apps.push(app);
    }
    // A phone that stands for its own sessions says nothing of another clock.
    view.clock.ahead_micros = ahead_micros.filter(|_| view.clock.sessions > 0);
    view.methods = AttributionMethod::ALL.into_iter().zip(methods).filter(|(_, count)| *count > 0).collect();
    view.method_of_app = apps.methods();
    view
}

fn facts<'a>(connection: &Connection<'a, 'a>) -> SessionFacts<'a> {
    let session = connection.session;
    SessionFacts {
        start: session.start,
        orig: session.orig,
        resp: session.resp,
        transport: session.transport,
        host: connection.messages().find_map(|message| message.host),
        reported_app: session.app.and_then(|tag| tag.package.or(tag.name)),
    }
}

/// Nothing is on the screen of a locked phone for long: the word that the app left it was lost, and its state is unknown.
fn possible(flags: EventFlags) -> EventFlags {
    if flags.has(EventFlags::LOCKED) { flags.without(EventFlags::FOREGROUND) } else { flags }
}

/// State of the device at a time of the phone's clock. What is unknown sets nothing.
fn device_flags(timeline: &StateTimeline, at: Timestamp, window_secs: i64) -> EventFlags {
    let mut flags = EventFlags::default();
    flags = match timeline.locked_at(at) {
        Some(true) => flags.with(EventFlags::LOCKED),
        Some(false) => flags.with(EventFlags::UNLOCKED),
        None => flags,
    };
    match timeline.secs_since_interaction(at) {
        Some(secs) if secs <= window_secs => flags.with(EventFlags::INTERACTION),
        Some(_) => flags.with(EventFlags::NO_INTERACTION),
        None => flags,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use undertone_core::device::join::join;
    use undertone_core::model::{AppTag, Endpoint, Platform, Session, StateChange, StateKind, Transport};

    #[test]
    fn no_app_is_on_the_screen_of_a_locked_phone() {
        let event = |secs, app_id, state| Telemetry {
            at: Timestamp::from_secs(secs),
            device_id: "d",
            platform: Platform::Android,
            app_id,
            app_name: None,
            role: None,
            uid: None,
            source: "edr",
            kind: TelemetryKind::State(StateChange { state }),
        };
        // The app's going to the background is missing.
        let telemetry = [
            event(10, Some("com.a"), StateKind::Foreground),
            event(60, None, StateKind::Locked),
            event(600, None, StateKind::Unlocked),
        ];
        let end = |port| Endpoint::new("192.0.2.1".parse().unwrap(), port);
        let sessions = [20, 120, 610].map(|secs| Session {
            app: Some(AppTag { uid: 1, package: Some("com.a"), name: None }),
            ..Session::between(Timestamp::from_secs(secs), end(40_000), end(443), Transport::Tcp)
        });
        let joined = join(sessions.to_vec(), Vec::new());
        let connections = joined.connections();
        let reports = Reports::of(&telemetry);
        let flags = view(&reports, &connections, |_| 30).flags;
        let is_on_screen: Vec<bool> = flags.iter().map(|flags| flags.has(EventFlags::FOREGROUND)).collect();
        assert_eq!(is_on_screen, [true, false, true]);
        assert!(flags[1].has(EventFlags::LOCKED));
    }
}
