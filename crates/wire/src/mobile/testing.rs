//! A sink that writes down what it gets, for tests.

use super::intrusion::{EventRef, IntrusionSequence};
use crate::{RecordSink, RejectReason};
use undertone_core::model::{AppConnection, Lease, Record, Telemetry, TelemetryKind};

/// Everything that a parser said, each record as one line of text.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    pub(crate) telemetry: Vec<String>,
    pub(crate) leases: Vec<String>,
    pub(crate) rejects: Vec<(u64, RejectReason, String)>,
    pub(crate) ignored: Vec<String>,
    pub(crate) numbers: IntrusionSequence,
}

impl Seen {
    /// How many rows ended how: records, rejects, ignored.
    pub(crate) fn counts(&self) -> (usize, usize, usize) {
        (self.telemetry.len() + self.leases.len(), self.rejects.len(), self.ignored.len())
    }
}

impl RecordSink for Seen {
    fn record(&mut self, record: Record<'_>) {
        match record {
            Record::Telemetry(event) => self.telemetry.push(telemetry(&event)),
            Record::Lease(row) => self.leases.push(lease(&row)),
            other => panic!("no parser here makes {other:?}"),
        }
    }

    fn reject(&mut self, line: u64, reason: RejectReason, detail: &str) {
        self.rejects.push((line, reason, detail.to_owned()));
    }

    fn ignore(&mut self, what: &str) {
        self.ignored.push(what.to_owned());
    }

    fn numbered(&mut self, event: EventRef) {
        self.numbers.observe(event);
    }
}

fn or_dash<T: ToString>(value: Option<T>) -> String {
    value.map_or_else(|| "-".to_owned(), |value| value.to_string())
}

fn telemetry(event: &Telemetry<'_>) -> String {
    let kind = match &event.kind {
        TelemetryKind::Connection(row) => connection(row),
        TelemetryKind::Lookup(row) => format!("lookup {} [{}]", row.qname, row.answers),
        TelemetryKind::State(row) => format!("state {:?}", row.state),
        TelemetryKind::Usage(row) => format!(
            "usage to {} {}/{} foreground {}",
            row.to,
            or_dash(row.orig_bytes),
            or_dash(row.resp_bytes),
            or_dash(row.is_foreground)
        ),
        TelemetryKind::Push(row) => format!("push {}", or_dash(row.bytes)),
    };
    format!(
        "{} {}|{}|{}|{}|{}|{} {} {kind}",
        event.at,
        event.device_id,
        event.platform.as_str(),
        or_dash(event.app_id),
        or_dash(event.app_name),
        or_dash(event.role),
        or_dash(event.uid),
        event.source,
    )
}

fn connection(row: &AppConnection<'_>) -> String {
    format!(
        "{} {}:{} {} from {}:{}{} {}/{} end {} {} x{}",
        row.transport.as_str(),
        or_dash(row.resp_ip),
        or_dash(row.resp_port),
        or_dash(row.resp_host),
        or_dash(row.orig_ip),
        or_dash(row.orig_port),
        if row.orig_is_tunnel { " tunnel" } else { "" },
        or_dash(row.orig_bytes),
        or_dash(row.resp_bytes),
        or_dash(row.end),
        or_dash(row.stack.map(undertone_core::model::NetworkingStack::as_str)),
        row.hits,
    )
}

fn lease(row: &Lease<'_>) -> String {
    format!(
        "{} {} {} {}..{} {:?} {}",
        or_dash(row.device_id),
        or_dash(row.addr),
        or_dash(row.mac),
        or_dash(row.from),
        or_dash(row.to),
        row.platform,
        or_dash(row.owner),
    )
}
