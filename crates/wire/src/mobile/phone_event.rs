//! What the logs of one phone have in common: events without a device id, and the keyguard's states.

use crate::RecordSink;
use std::net::IpAddr;
use undertone_core::model::{
    AppConnection, Platform, Record, StateChange, StateKind, Telemetry, TelemetryKind, Timestamp, Transport,
};

/// States that Android's keyguard and system events say, by event name.
const KEYGUARD_STATES: [(&str, &[StateKind]); 5] = [
    ("keyguard_secured", &[StateKind::Locked]),
    ("keyguard_dismissed", &[StateKind::Unlocked, StateKind::UserInteraction]),
    // Right or wrong, somebody tried.
    ("keyguard_dismiss_auth_attempt", &[StateKind::UserInteraction]),
    ("os_startup", &[StateKind::Boot]),
    ("os_shutdown", &[StateKind::Shutdown]),
];

/// The states that an Android security event says, by its lower-case name.
pub(crate) fn keyguard_states(name: &str) -> Option<&'static [StateKind]> {
    KEYGUARD_STATES.iter().find(|(known, _)| *known == name).map(|(_, states)| *states)
}

/// An event of a device that the source does not name, without app.
pub(crate) fn of_device<'a>(
    at: Timestamp,
    platform: Platform,
    source: &'a str,
    kind: TelemetryKind<'a>,
) -> Telemetry<'a> {
    Telemetry {
        at,
        device_id: "",
        platform,
        app_id: None,
        app_name: None,
        role: None,
        uid: None,
        source,
        kind,
    }
}

/// A connection of which only transport and responder are known.
pub(crate) const fn connection<'a>(transport: Transport, resp_ip: Option<IpAddr>) -> AppConnection<'a> {
    AppConnection {
        transport,
        resp_ip,
        resp_port: None,
        resp_host: None,
        orig_ip: None,
        orig_port: None,
        orig_is_tunnel: false,
        orig_bytes: None,
        resp_bytes: None,
        end: None,
        stack: None,
        hits: 1,
    }
}

/// Sends states of the whole device, all of one instant.
pub(crate) fn emit_states<S: RecordSink + ?Sized>(
    at: Timestamp,
    device_id: &str,
    source: &str,
    states: &[StateKind],
    sink: &mut S,
) {
    for &state in states {
        let kind = TelemetryKind::State(StateChange { state });
        let event = of_device(at, Platform::Android, source, kind);
        sink.record(Record::Telemetry(Telemetry { device_id, ..event }));
    }
}

/// The package of a process name: `pkg:service` and `pkg:sandboxed_process0:...` belong to `pkg`.
pub(crate) fn package(process: &str) -> Option<&str> {
    let package = process.split(':').next().unwrap_or_default().trim();
    (!package.is_empty()).then_some(package)
}
