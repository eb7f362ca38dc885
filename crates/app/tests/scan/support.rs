//! A fleet of phones as Zeek rows, written by hand, and scans of it.

use std::fs;
use std::path::{Path, PathBuf};
use tempfile::TempDir;
use undertone_core::finding::Finding;
use undertone_engine::input::{InputPath, Progress, StopFlag};
use undertone_engine::{ScanOptions, ScanReport, scan};
use undertone_wire::findings::write_jsonl;

/// 2026-05-04T06:00:00Z, a Monday.
pub(crate) const START_SECS: f64 = 1_777_874_400.0;
/// How long the fleet is seen: 8 hours.
pub(crate) const SPAN_SECS: f64 = 8.0 * 3600.0;
/// Phones of the fleet; the last one beacons.
pub(crate) const PHONES: u32 = 40;
/// Where the implant calls: a registrable domain, below a suffix on the Public Suffix List.
pub(crate) const C2_DOMAIN: &str = "example.net";
/// What people use: shared by all phones.
const SITES: u64 = 24;

/// Weyl sequence with the finaliser of `SplitMix64`: the same numbers everywhere.
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// 0..1.
    pub(crate) fn share(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Exponential.
    pub(crate) fn wait(&mut self, mean_secs: f64) -> f64 {
        -mean_secs * (1.0 - self.share()).ln()
    }
}

/// Rows of `conn.log` and `ssl.log`.
#[derive(Default, Clone)]
pub(crate) struct Logs {
    pub(crate) conn: Vec<String>,
    pub(crate) ssl: Vec<String>,
}

/// One TLS connection.
pub(crate) struct Visit<'a> {
    pub(crate) uid: String,
    pub(crate) at: f64,
    pub(crate) phone: u32,
    pub(crate) resp: &'a str,
    pub(crate) host: &'a str,
    pub(crate) secs: f64,
    pub(crate) bytes: (u64, u64),
}

pub(crate) fn phone_addr(phone: u32) -> String {
    format!("10.20.0.{}", phone + 1)
}

impl Visit<'_> {
    fn ends(&self, path: &str) -> String {
        let port = 30_000 + self.uid.bytes().fold(0_u32, |sum, b| (sum * 31 + u32::from(b)) % 20_000);
        format!(
            r#""_path":"{path}","ts":{:.6},"uid":"{}","id.orig_h":"{}","id.orig_p":{port},"id.resp_h":"{}","id.resp_p":443"#,
            self.at,
            self.uid,
            phone_addr(self.phone),
            self.resp
        )
    }

    /// Row of `conn.log` (or `open_conn.log`).
    pub(crate) fn conn(&self, path: &str) -> String {
        format!(
            r#"{{{},"proto":"tcp","service":"ssl","duration":{:.6},"orig_bytes":{},"resp_bytes":{},"conn_state":"SF","local_orig":true,"local_resp":false,"history":"ShADadFf","orig_pkts":9,"resp_pkts":11}}"#,
            self.ends(path),
            self.secs,
            self.bytes.0,
            self.bytes.1
        )
    }

    /// Row of `ssl.log`.
    pub(crate) fn ssl(&self) -> String {
        format!(
            r#"{{{},"version":"TLSv13","server_name":"{}","established":true,"ja3":"0123456789abcdef0123456789abcdef"}}"#,
            self.ends("ssl"),
            self.host
        )
    }
}

impl Logs {
    pub(crate) fn visit(&mut self, visit: &Visit<'_>) {
        self.conn.push(visit.conn("conn"));
        self.ssl.push(visit.ssl());
    }

    /// A person's phone: bursts of visits to what everybody visits.
    pub(crate) fn person(&mut self, phone: u32) {
        let mut dice = Dice::new(1000 + u64::from(phone));
        let mut at = START_SECS + dice.wait(600.0);
        let mut number = 0;
        while at < START_SECS + SPAN_SECS {
            for _ in 0..=(dice.next() % 6) {
                at += dice.wait(8.0);
                let site = dice.next() % SITES;
                self.visit(&Visit {
                    uid: format!("C{phone}p{number}"),
                    at,
                    phone,
                    resp: &format!("203.0.113.{}", site + 1),
                    host: &format!("www.popular-site-{site}.example"),
                    secs: dice.wait(20.0),
                    bytes: (400 + dice.next() % 3000, 2000 + dice.next() % 90_000),
                });
                number += 1;
            }
            at += dice.wait(600.0);
        }
    }

    /// Visits from a time on to the end of the span: `next` gives each, by its number and time, and the wait after it.
    pub(crate) fn visits<'v>(&mut self, mut at: f64, mut next: impl FnMut(u32, f64) -> (Visit<'v>, f64)) {
        let mut number = 0;
        while at < START_SECS + SPAN_SECS {
            let (visit, wait) = next(number, at);
            self.visit(&visit);
            number += 1;
            at += wait;
        }
    }

    /// An app that everybody has and that polls by itself, about every 5 minutes: what a rhythm is compared with.
    pub(crate) fn poll(&mut self, phone: u32) {
        let mut dice = Dice::new(5000 + u64::from(phone));
        self.visits(START_SECS + 300.0 * dice.share(), |number, at| {
            let visit = Visit {
                uid: format!("C{phone}w{number}"),
                at,
                phone,
                resp: "203.0.113.200",
                host: "weather.example.org",
                secs: 1.0 + dice.share(),
                bytes: (500 + dice.next() % 400, 3000 + dice.next() % 9000),
            };
            (visit, 285.0 + 30.0 * dice.share())
        });
    }

    /// An implant: every 60 s, 20 % jitter either way, a few hundred bytes.
    pub(crate) fn beacon(&mut self, phone: u32) {
        let (mut dice, host) = (Dice::new(7), format!("api.{C2_DOMAIN}"));
        self.visits(START_SECS + 40.0, |number, at| {
            let visit = Visit {
                uid: format!("C{phone}b{number}"),
                at,
                phone,
                resp: "198.51.100.77",
                host: &host,
                secs: 0.4 + dice.share() * 0.2,
                bytes: (310 + dice.next() % 8, 640 + dice.next() % 8),
            };
            (visit, 60.0 * (0.8 + 0.4 * dice.share()))
        });
    }

    /// So many phones, none with an implant.
    pub(crate) fn people(phones: u32) -> Self {
        let mut logs = Self::default();
        for phone in 0..phones {
            logs.person(phone);
            logs.poll(phone);
        }
        logs
    }

    /// All phones, none with an implant.
    pub(crate) fn clean() -> Self {
        Self::people(PHONES)
    }

    /// All phones; the last one also beacons.
    pub(crate) fn fleet() -> Self {
        let mut logs = Self::clean();
        logs.beacon(PHONES - 1);
        logs
    }

    /// Writes both logs to a new folder.
    pub(crate) fn folder(&self) -> TempDir {
        let folder = tempfile::tempdir().unwrap();
        write(&folder.path().join("conn.log"), &self.conn);
        write(&folder.path().join("ssl.log"), &self.ssl);
        folder
    }
}

pub(crate) fn write(path: &Path, lines: &[String]) {
    fs::write(path, lines.join("\n") + "\n").unwrap();
}

pub(crate) fn options(paths: &[PathBuf]) -> ScanOptions {
    ScanOptions { threads: 1, ..ScanOptions::new(paths.iter().cloned().map(InputPath::Path).collect()) }
}

pub(crate) fn run(options: &ScanOptions) -> ScanReport {
    scan(options, &Progress::default(), &StopFlag::default()).unwrap()
}

pub(crate) fn scan_folder(folder: &Path) -> ScanReport {
    run(&options(&[folder.to_owned()]))
}

/// All findings, those below the threshold too, as they are written.
pub(crate) fn jsonl(report: &ScanReport) -> String {
    let findings: Vec<&Finding> = report.findings.iter().collect();
    let mut out = Vec::new();
    write_jsonl(&mut out, &findings).unwrap();
    String::from_utf8(out).unwrap()
}
