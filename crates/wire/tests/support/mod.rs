//! What the capture tests share: a sink that keeps everything, and the folder of sample data.

#![allow(dead_code, unreachable_pub, reason = "each test binary uses its own part of this module")]
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test may fail, and says what it skips")]

pub mod build;

use std::collections::BTreeMap;
use std::path::PathBuf;
use undertone_core::model::{ConnState, Endpoint, ExchangeKind, Record, Timestamp, Transport};
use undertone_wire::capture::{self, CaptureSummary};
use undertone_wire::{RecordSink, RejectReason};

#[derive(Debug, Clone, PartialEq)]
pub struct Session {
    pub uid: String,
    pub start: Timestamp,
    pub duration_micros: u64,
    pub orig: Endpoint,
    pub resp: Endpoint,
    pub transport: Transport,
    pub service: Option<String>,
    pub orig_bytes: u64,
    pub resp_bytes: u64,
    pub orig_pkts: u64,
    pub resp_pkts: u64,
    pub state: ConnState,
    pub handshake: Option<bool>,
    pub app: Option<(i32, Option<String>, Option<String>)>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Exchange {
    pub uid: String,
    pub at: Timestamp,
    pub orig: Endpoint,
    pub resp: Endpoint,
    pub kind: ExchangeKind,
    pub host: Option<String>,
    pub is_proxied: bool,
    pub method: Option<String>,
    pub path: Option<String>,
    pub status: Option<u16>,
    pub orig_bytes: Option<u64>,
    pub resp_bytes: Option<u64>,
    pub user_agent: Option<String>,
    pub ja3: Option<String>,
    pub ja4: Option<String>,
    pub alpn: Option<String>,
    pub subject: Option<String>,
    pub issuer: Option<String>,
    pub qtype: Option<u16>,
    pub rcode: Option<u16>,
    pub answers: Option<String>,
}

/// Keeps every record.
#[derive(Debug, Default, PartialEq)]
pub struct Kept {
    pub sessions: Vec<Session>,
    pub exchanges: Vec<Exchange>,
    pub rejects: Vec<(u64, RejectReason, String)>,
    pub ignored: BTreeMap<String, u64>,
}

impl RecordSink for Kept {
    fn record(&mut self, record: Record<'_>) {
        let text = |value: Option<&str>| value.map(str::to_owned);
        match record {
            Record::Session(s) => self.sessions.push(Session {
                uid: s.uid.to_owned(),
                start: s.start,
                duration_micros: s.duration_micros.unwrap(),
                orig: s.orig,
                resp: s.resp,
                transport: s.transport,
                service: text(s.service),
                orig_bytes: s.orig_bytes.unwrap(),
                resp_bytes: s.resp_bytes.unwrap(),
                orig_pkts: s.orig_pkts.unwrap(),
                resp_pkts: s.resp_pkts.unwrap(),
                state: s.state,
                handshake: s.handshake,
                app: s.app.map(|app| (app.uid, text(app.package), text(app.name))),
            }),
            Record::Exchange(e) => self.exchanges.push(Exchange {
                uid: e.uid.to_owned(),
                at: e.at,
                orig: e.orig,
                resp: e.resp,
                kind: e.kind,
                host: text(e.host),
                is_proxied: e.is_proxied,
                method: text(e.method),
                path: text(e.path),
                status: e.status,
                orig_bytes: e.orig_bytes,
                resp_bytes: e.resp_bytes,
                user_agent: text(e.user_agent),
                ja3: text(e.ja3),
                ja4: text(e.ja4),
                alpn: text(e.alpn),
                subject: text(e.subject),
                issuer: text(e.issuer),
                qtype: e.qtype,
                rcode: e.rcode,
                answers: text(e.answers),
            }),
            other => panic!("a capture gives no {other:?}"),
        }
    }

    fn reject(&mut self, line: u64, reason: RejectReason, detail: &str) {
        self.rejects.push((line, reason, detail.to_owned()));
    }

    fn ignore(&mut self, what: &str) {
        *self.ignored.entry(what.to_owned()).or_default() += 1;
    }
}

impl Kept {
    pub fn of_kind(&self, kind: ExchangeKind) -> Vec<&Exchange> {
        self.exchanges.iter().filter(|exchange| exchange.kind == kind).collect()
    }
}

/// Reads a capture held in memory.
pub fn read(bytes: &[u8]) -> (CaptureSummary, Kept) {
    let mut kept = Kept::default();
    let summary = capture::read(bytes, &mut kept);
    assert_eq!(summary.sessions, kept.sessions.len() as u64);
    assert_eq!(summary.exchanges, kept.exchanges.len() as u64);
    (summary, kept)
}

/// The folder of sample data: `$UNDERTONE_SHARED/data`, or `shared/data` beside the workspace. `None`, with a
/// notice, where it is absent.
pub fn shared_data() -> Option<PathBuf> {
    let root = std::env::var_os("UNDERTONE_SHARED")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared"), PathBuf::from);
    let data = root.join("data");
    if data.is_dir() {
        return Some(data);
    }
    println!("skipped: no sample data at {}", data.display());
    None
}

/// Every capture under a folder of the sample data, by path, sorted.
pub fn captures(folder: &str) -> Vec<(String, Vec<u8>)> {
    let Some(data) = shared_data() else { return Vec::new() };
    let mut found = Vec::new();
    let mut folders = vec![data.join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let name = path.strip_prefix(&data).unwrap().to_string_lossy().into_owned();
            let is_capture = [".pcap", ".pcapng", ".pcapnano"].iter().any(|end| name.ends_with(end));
            if is_capture {
                found.push((name, std::fs::read(&path).unwrap()));
            }
        }
    }
    found.sort();
    found
}
