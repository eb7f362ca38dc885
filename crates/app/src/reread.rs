//! The sessions of a finding as the logs have them, for `undertone explain ID --in FINDINGS PATH...`.

use crate::exit::{Failure, Fault, Outcome};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;
use std::path::PathBuf;
use undertone_core::destination::{is_at_or_below, normal_host};
use undertone_core::finding::Finding;
use undertone_core::model::{
    AppConnection, ConnState, Endpoint, Exchange, Record, Session, Telemetry, TelemetryKind, Timestamp,
};
use undertone_engine::input::{
    self, InputPath, InputSummary, Plan, Progress, ReadOptions, SourceInfo, SourceSink, StopFlag,
    read_records,
};
use undertone_wire::findings::{human_bytes, human_secs};
use undertone_wire::{RecordSink, RejectReason};

/// Rows shown of one session, the first: a session may carry many messages.
const ROWS_MAX: usize = 40;

/// What the logs have of a finding.
pub(crate) struct Read {
    /// What is shown, by time.
    pub(crate) rows: Vec<String>,
    /// What could not be read, in words.
    pub(crate) lost: Vec<String>,
    pub(crate) outcome: Outcome,
}

/// Reads the paths and gives a line a record of the finding's sessions, by time. A finding of phone telemetry alone, or
/// of logs without ids, has no ids of sessions: of it, the latest of what the phone says of the app and the destination,
/// and of what sensors saw between the phone's addresses and the destination.
pub(crate) fn read(finding: &Finding, paths: &[PathBuf]) -> anyhow::Result<Read> {
    let inputs: Vec<InputPath> =
        paths.iter().map(|path| InputPath::from_argument(path.as_os_str())).collect();
    let options = ReadOptions {
        threads: std::thread::available_parallelism().map_or(1, usize::from),
        stop: StopFlag::default(),
        ..ReadOptions::default()
    };
    let progress = Progress::default();
    let plan = Plan::new(&inputs, &options, &progress);
    let wanted = Wanted::of(finding);
    let sink = |_| Rows { wanted: &wanted, source: String::new(), found: BTreeMap::new() };
    let (sinks, summary) = read_records(&plan, &options, sink, &progress);
    let mut read = plan.summary();
    read.merge(summary);
    let outcome = match read.outcome() {
        input::Outcome::Complete => Outcome::Done,
        input::Outcome::Partial => Outcome::Partial,
        input::Outcome::NothingUsable => return Err(nothing_usable(&read)),
    };
    let skipped = read.skipped.iter().map(|one| format!("`{}`: {}", one.name, one.reason));
    let partial = read.partial().map(|(file, loss)| format!("`{}`: {loss}", file.name));
    let lost = if outcome == Outcome::Done { Vec::new() } else { skipped.chain(partial).collect() };
    let mut found: BTreeMap<String, Kept> = BTreeMap::new();
    for (uid, kept) in sinks.into_iter().flat_map(|sink| sink.found) {
        let is_of_session = !uid.is_empty();
        found.entry(uid).or_default().merge(kept, is_of_session);
    }
    Ok(Read { rows: rows(finding, found, read.accepted()), lost, outcome })
}

fn nothing_usable(read: &InputSummary) -> anyhow::Error {
    let why =
        read.skipped.first().map_or_else(String::new, |one| format!(": `{}`: {}", one.name, one.reason));
    Fault::error(Failure::Data, format!("no usable input{why}"))
}

/// What was found of the finding's sessions in so many rows.
fn rows(finding: &Finding, found: BTreeMap<String, Kept>, all: u64) -> Vec<String> {
    if finding.sessions.is_empty() {
        let none = format!(
            "the finding names no sessions, and none of the {all} rows is of this phone, app and destination"
        );
        let told: Vec<String> = found.into_values().flat_map(|kept| kept.rows).map(|row| row.text).collect();
        return if told.is_empty() { vec![none] } else { told };
    }
    let mut rows = Vec::new();
    let mut told = BTreeSet::new();
    for id in finding.sessions.iter().filter(|id| told.insert(id.as_str())) {
        let Some(own) = found.get(id) else {
            rows.push(format!("{id} is not in these logs"));
            continue;
        };
        rows.extend(own.rows.iter().map(|row| format!("{id} {}", row.text)));
        rows.extend(own.is_cut.then(|| format!("{id} and {} more", own.all - own.rows.len())));
    }
    rows
}

/// Which records are the finding's.
struct Wanted<'f> {
    finding: &'f Finding,
    sessions: BTreeSet<&'f str>,
}

impl<'f> Wanted<'f> {
    fn of(finding: &'f Finding) -> Self {
        Self { finding, sessions: finding.sessions.iter().map(String::as_str).collect() }
    }

    /// Whether a connection that the phone reports is the finding's. A file from one phone names no phone.
    fn has(&self, event: &Telemetry<'_>, connection: &AppConnection<'_>) -> bool {
        let Finding { device, app, destination, .. } = self.finding;
        self.takes_rows_without_id(event.at)
            && (event.device_id.is_empty() || event.device_id == device.id)
            && event.app_id == app.id.as_deref()
            && (connection.resp_ip.is_some_and(|addr| destination.addresses.contains(&addr))
                || connection.resp_host.is_some_and(|host| self.is_named(host)))
    }

    /// Whether a session is the finding's.
    fn has_session(&self, session: &Session<'_>) -> bool {
        if !session.uid.is_empty() {
            return self.sessions.contains(session.uid);
        }
        self.takes_rows_without_id(session.start) && self.is_between(session.orig, session.resp, None)
    }

    /// Whether a message is the finding's.
    fn has_message(&self, message: &Exchange<'_>) -> bool {
        if !message.uid.is_empty() {
            return self.sessions.contains(message.uid);
        }
        self.takes_rows_without_id(message.at) && self.is_between(message.orig, message.resp, message.host)
    }

    /// Whether a row without an id can be of the finding: it has no ids, and the row is of its time.
    fn takes_rows_without_id(&self, at: Timestamp) -> bool {
        self.sessions.is_empty() && (self.finding.first_seen..=self.finding.last_seen).contains(&at)
    }

    /// Whether one end is the phone and the other the destination, by address and port or by the name asked for. Which
    /// end a sensor took for the first is not asked: it may have missed the opening.
    fn is_between(&self, orig: Endpoint, resp: Endpoint, host: Option<&str>) -> bool {
        let Finding { device, destination, .. } = self.finding;
        [(orig, resp), (resp, orig)].iter().any(|(phone, other)| {
            device.addresses.contains(&phone.addr)
                && (destination.addresses.contains(&other.addr) && destination.ports.contains(&other.port)
                    || host.is_some_and(|host| self.is_named(host)))
        })
    }

    fn is_named(&self, host: &str) -> bool {
        let destination = &self.finding.destination;
        let host = normal_host(host);
        destination.name.as_deref() == Some(&*host)
            || destination.domain.as_deref().is_some_and(|domain| is_at_or_below(&host, domain))
    }
}

/// A record of the finding, by time.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Row {
    at_micros: i64,
    text: String,
}

/// Rows of one session, or all that a phone says, under no id.
#[derive(Default)]
struct Kept {
    /// Of a session the first, of a phone the latest.
    rows: BTreeSet<Row>,
    /// Rows in all.
    all: usize,
    is_cut: bool,
}

impl Kept {
    fn add(&mut self, row: Row, is_of_session: bool) {
        self.all += 1;
        self.rows.insert(row);
        if self.rows.len() > ROWS_MAX {
            self.is_cut = true;
            if is_of_session {
                self.rows.pop_last()
            } else {
                self.rows.pop_first()
            };
        }
    }

    fn merge(&mut self, other: Self, is_of_session: bool) {
        let all = self.all + other.all;
        self.is_cut |= other.is_cut;
        other.rows.into_iter().for_each(|row| self.add(row, is_of_session));
        self.all = all;
    }
}

/// Keeps what is the finding's.
struct Rows<'w> {
    wanted: &'w Wanted<'w>,
    source: String,
    /// By the session's id.
    found: BTreeMap<String, Kept>,
}

impl RecordSink for Rows<'_> {
    fn record(&mut self, record: Record<'_>) {
        let (uid, at, text) = match &record {
            Record::Session(session) if self.wanted.has_session(session) => {
                (session.uid, session.start, session_text(session))
            }
            Record::Exchange(message) if self.wanted.has_message(message) => {
                (message.uid, message.at, message_text(message))
            }
            Record::Telemetry(event) => match &event.kind {
                TelemetryKind::Connection(connection) if self.wanted.has(event, connection) => {
                    ("", event.at, connection_text(connection))
                }
                _ => return,
            },
            _ => return,
        };
        let text = format!("{at} {text} [{}]", self.source);
        let row = Row { at_micros: at.micros(), text };
        self.found.entry(uid.to_owned()).or_default().add(row, !uid.is_empty());
    }

    fn reject(&mut self, _line: u64, _reason: RejectReason, _detail: &str) {}

    fn ignore(&mut self, _what: &str) {}
}

impl SourceSink for Rows<'_> {
    fn begin_source(&mut self, source: &SourceInfo<'_>) {
        if self.source != source.name {
            source.name.clone_into(&mut self.source);
        }
    }
}

fn connection_text(connection: &AppConnection<'_>) -> String {
    let port = connection.resp_port.map_or_else(String::new, |port| format!(":{port}"));
    let to = connection.resp_host.map(str::to_owned).or(connection.resp_ip.map(|addr| addr.to_string()));
    let mut parts = vec![format!("to {}{port}", to.unwrap_or_else(|| "an unknown address".to_owned()))];
    parts.extend(
        connection.resp_ip.filter(|_| connection.resp_host.is_some()).map(|addr| format!("at {addr}")),
    );
    parts.extend(connection.orig_bytes.map(|bytes| format!("{} sent", human_bytes(bytes))));
    parts.extend(connection.resp_bytes.map(|bytes| format!("{} received", human_bytes(bytes))));
    parts.join(", ")
}

fn session_text(session: &Session<'_>) -> String {
    let mut parts = vec![format!("{} -> {}", session.orig, session.resp)];
    parts.extend(session.service.map(str::to_owned));
    parts.extend(session.orig_bytes.map(|bytes| format!("{} sent", human_bytes(bytes))));
    parts.extend(session.resp_bytes.map(|bytes| format!("{} received", human_bytes(bytes))));
    parts.extend(session.duration_micros.map(|micros| human_secs(micros as f64 / 1e6)));
    parts.push(state_words(session.state).to_owned());
    parts.join(", ")
}

const fn state_words(state: ConnState) -> &'static str {
    match state {
        ConnState::Established => "established",
        ConnState::Reset => "reset",
        ConnState::Unanswered => "unanswered",
        ConnState::Rejected => "rejected",
        ConnState::Midstream => "seen from the middle",
        ConnState::Unknown => "state unknown",
    }
}

fn message_text(message: &Exchange<'_>) -> String {
    let named = |name: &str, value: Option<&dyn Display>| value.map(|value| format!("{name} {value}"));
    let parts = [
        named("host", message.host.as_ref().map(|value| value as &dyn Display)),
        named("method", message.method.as_ref().map(|value| value as &dyn Display)),
        named("path", message.path.as_ref().map(|value| value as &dyn Display)),
        named("status", message.status.as_ref().map(|value| value as &dyn Display)),
        named("agent", message.user_agent.as_ref().map(|value| value as &dyn Display)),
        named("type", message.qtype.as_ref().map(|value| value as &dyn Display)),
        named("answers", message.answers.as_ref().map(|value| value as &dyn Display)),
        named("ja3", message.ja3.as_ref().map(|value| value as &dyn Display)),
        named("ja4", message.ja4.as_ref().map(|value| value as &dyn Display)),
        named("subject", message.subject.as_ref().map(|value| value as &dyn Display)),
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    format!("{}: {}", message.kind.as_str(), parts.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use undertone_core::finding::{FindingDestination, FindingDevice};
    use undertone_core::model::{ExchangeKind, Transport};

    fn end(text: &str, port: u16) -> Endpoint {
        Endpoint::new(text.parse().unwrap(), port)
    }

    fn finding(sessions: &[&str]) -> Finding {
        let device =
            FindingDevice { addresses: vec!["10.0.0.7".parse().unwrap()], ..FindingDevice::default() };
        let destination = FindingDestination {
            domain: Some("c2.example".to_owned()),
            addresses: vec!["192.0.2.1".parse().unwrap()],
            ports: vec![443],
            ..FindingDestination::default()
        };
        let (first_seen, last_seen) = (Timestamp::from_secs(100), Timestamp::from_secs(200));
        let sessions = sessions.iter().map(|id| (*id).to_owned()).collect();
        Finding { device, destination, first_seen, last_seen, sessions, ..Finding::default() }
    }

    /// Places of the records that are shown.
    fn shown(finding: &Finding, records: Vec<Record<'_>>) -> Vec<usize> {
        let wanted = Wanted::of(finding);
        let mut places = Vec::new();
        for (at, record) in records.into_iter().enumerate() {
            let mut rows = Rows { wanted: &wanted, source: String::new(), found: BTreeMap::new() };
            rows.record(record);
            places.extend(rows.found.pop_first().map(|_| at));
        }
        places
    }

    #[test]
    fn rows_without_an_id_are_the_findings_where_phone_place_and_time_agree() {
        let session = |uid, secs, phone: &str, to: &str, port| {
            let at = Timestamp::from_secs(secs);
            let between = Session::between(at, end(phone, 40_000), end(to, port), Transport::Tcp);
            Record::Session(Session { uid, ..between })
        };
        let lookup = |uid, phone: &str, host| {
            let (orig, resp) = (end(phone, 5353), end("10.0.0.1", 53));
            let at = Timestamp::from_secs(150);
            let message = Exchange::new(ExchangeKind::Dns, uid, at, orig, resp);
            Record::Exchange(Exchange { host: Some(host), ..message })
        };
        let records = || {
            vec![
                session("", 150, "10.0.0.7", "192.0.2.1", 443),
                session("", 150, "10.0.0.8", "192.0.2.1", 443),
                session("", 150, "10.0.0.7", "192.0.2.2", 443),
                session("", 150, "10.0.0.7", "192.0.2.1", 80),
                session("", 250, "10.0.0.7", "192.0.2.1", 443),
                session("C1", 150, "10.0.0.7", "192.0.2.1", 443),
                lookup("", "10.0.0.7", "a.C2.example"),
                lookup("", "10.0.0.8", "a.c2.example"),
                lookup("", "10.0.0.7", "other.example"),
                lookup("C1", "10.0.0.7", "other.example"),
            ]
        };
        assert_eq!(shown(&finding(&[]), records()), [0, 6]);
        assert_eq!(shown(&finding(&["C1"]), records()), [5, 9]);
    }
}
