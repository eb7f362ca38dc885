//! The sessions of a finding as the logs have them, for `undertone explain ID --in FINDINGS PATH...`.

use std::collections::BTreeSet;
use std::fmt::Display;
use std::path::PathBuf;
use undertone_core::finding::Finding;
use undertone_core::model::{ConnState, Exchange, Record, Session};
use undertone_engine::input::{
    InputPath, Plan, Progress, ReadOptions, SourceInfo, SourceSink, StopFlag, read_records,
};
use undertone_wire::findings::{human_bytes, human_secs};
use undertone_wire::{RecordSink, RejectReason};

/// Rows kept of one session: a session may carry many messages.
const ROWS_MAX: usize = 40;

/// Reads the paths and gives a line a record of the finding's sessions, by time.
pub(crate) fn rows(finding: &Finding, paths: &[PathBuf]) -> Vec<String> {
    let wanted: BTreeSet<String> = finding.sessions.iter().cloned().collect();
    let inputs: Vec<InputPath> =
        paths.iter().map(|path| InputPath::from_argument(path.as_os_str())).collect();
    let options = ReadOptions {
        threads: std::thread::available_parallelism().map_or(1, usize::from),
        stop: StopFlag::default(),
        ..ReadOptions::default()
    };
    let progress = Progress::default();
    let plan = Plan::new(&inputs, &options, &progress);
    let sink = |_| Rows { wanted: wanted.clone(), ..Rows::default() };
    let (sinks, _summary) = read_records(&plan, &options, sink, &progress);
    let mut found: Vec<(i64, String, String)> = sinks.into_iter().flat_map(|sink| sink.found).collect();
    found.sort();
    found.dedup();
    let mut rows = Vec::new();
    for id in &finding.sessions {
        if rows.iter().any(|row: &String| row.starts_with(id.as_str())) {
            continue;
        }
        let own: Vec<_> = found.iter().filter(|(_, uid, _)| uid == id).collect();
        rows.extend(own.iter().take(ROWS_MAX).map(|(_, uid, text)| format!("{uid} {text}")));
        match own.len() {
            0 => rows.push(format!("{id} is not in these logs")),
            all => rows.extend((all > ROWS_MAX).then(|| format!("{id} and {} more", all - ROWS_MAX))),
        }
    }
    rows
}

/// Keeps what belongs to the wanted sessions.
#[derive(Default)]
struct Rows {
    wanted: BTreeSet<String>,
    source: String,
    found: Vec<(i64, String, String)>,
}

impl RecordSink for Rows {
    fn record(&mut self, record: Record<'_>) {
        let (uid, at, text) = match &record {
            Record::Session(session) => (session.uid, session.start, session_text(session)),
            Record::Exchange(message) => (message.uid, message.at, message_text(message)),
            Record::Telemetry(_) | Record::Lease(_) => return,
        };
        // An id past the cap of one session is dropped below; here the bound is on all of them.
        if self.wanted.contains(uid) && self.found.len() < 64 * ROWS_MAX {
            self.found.push((at.micros(), uid.to_owned(), format!("{at} {text} [{}]", self.source)));
        }
    }

    fn reject(&mut self, _line: u64, _reason: RejectReason, _detail: &str) {}

    fn ignore(&mut self, _what: &str) {}
}

impl SourceSink for Rows {
    fn begin_source(&mut self, source: &SourceInfo<'_>) {
        if self.source != source.name {
            source.name.clone_into(&mut self.source);
        }
    }
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
