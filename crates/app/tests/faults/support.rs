//! Runs the binary with bounded memory and time, and makes small Zeek logs.

use serde_json::Value;
use std::fmt::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use tempfile::TempDir;

/// Address space that a run may take, KiB: a scan that needs more than that for a few megabytes is not bounded.
const MEMORY_KIB: u32 = 4_000_000;
/// Seconds after which a run hangs. None of these takes more than a few on an idle machine.
const HANG_SECS: u32 = 120;

/// 2026-05-04T06:00:00Z.
pub(crate) const START_SECS: i64 = 1_777_874_400;

/// How a scan ended.
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    /// The run summary; null where none was written.
    pub(crate) summary: Value,
}

impl Ended {
    pub(crate) fn accepted(&self) -> u64 {
        self.summary["rows_accepted"].as_u64().unwrap()
    }

    /// All rejected rows.
    pub(crate) fn rejected(&self) -> u64 {
        let reasons = self.summary["rows_rejected"].as_object().unwrap();
        reasons.values().map(|rows| rows.as_u64().unwrap()).sum()
    }

    /// Checks the exit code and the accepted rows.
    pub(crate) fn expect(&self, code: i32, accepted: u64) {
        assert_eq!(self.code, Some(code), "{}", self.stderr);
        assert_eq!(self.accepted(), accepted, "{}", self.stderr);
    }
}

/// A shell line that becomes the binary, under the limits, with what comes before it.
pub(crate) fn shell(before: &str, args: &[&str]) -> Command {
    let mut command = Command::new("bash");
    let binary = env!("CARGO_BIN_EXE_undertone");
    command
        .args([
            "-c",
            &format!("ulimit -v {MEMORY_KIB}; {before} exec timeout -k 5 {HANG_SECS} '{binary}' \"$@\""),
        ])
        .arg("undertone")
        .args(args)
        .stdin(Stdio::null());
    command
}

/// Whether this machine has a tool; says that the test is skipped where it has not.
pub(crate) fn has(tool: &str, probe: &[&str]) -> bool {
    let found = Command::new(tool).args(probe).stdout(Stdio::null()).stderr(Stdio::null()).status();
    let is_there = found.is_ok_and(|status| status.success());
    if !is_there {
        println!("skipped: no usable {tool} here");
    }
    is_there
}

/// Scans paths, all findings as JSON Lines.
pub(crate) fn scan(paths: &[&Path]) -> Ended {
    scan_with("", &[], paths)
}

/// Scans paths with a shell prefix and further arguments.
pub(crate) fn scan_with(before: &str, args: &[&str], paths: &[&Path]) -> Ended {
    let folder = tempfile::tempdir().unwrap();
    let summary = folder.path().join("summary.json");
    let mut all = vec!["scan", "--all", "--format", "jsonl", "--summary", summary.to_str().unwrap()];
    all.extend(args);
    all.extend(paths.iter().map(|path| path.to_str().unwrap()));
    let output = shell(before, &all).output().unwrap();
    ended(output, &summary)
}

pub(crate) fn ended(output: Output, summary: &Path) -> Ended {
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(!stderr.contains("panicked"), "{stderr}");
    assert_ne!(output.status.code(), Some(124), "it hangs: {stderr}");
    Ended {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr,
        summary: std::fs::read(summary)
            .ok()
            .map_or(Value::Null, |text| serde_json::from_slice(&text).unwrap()),
    }
}

/// Rows of a `conn` log as JSON.
#[derive(Clone, Copy)]
pub(crate) struct Rows<'a> {
    pub(crate) count: i64,
    pub(crate) from_secs: i64,
    pub(crate) every_secs: i64,
    pub(crate) phone: &'a str,
    pub(crate) server: &'a str,
    /// Prefix of the ids; the row's number follows.
    pub(crate) uid: &'a str,
}

impl Default for Rows<'_> {
    fn default() -> Self {
        Self {
            count: 200,
            from_secs: START_SECS,
            every_secs: 60,
            phone: "10.20.0.7",
            server: "203.0.113.9",
            uid: "C",
        }
    }
}

impl Rows<'_> {
    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        for row in 0..self.count {
            let Self { phone, server, uid, .. } = self;
            let at = self.from_secs + row * self.every_secs + row * 7 % 3;
            writeln!(
                text,
                r#"{{"_path":"conn","ts":{at}.25,"uid":"{uid}{row}","id.orig_h":"{phone}","id.orig_p":{},"id.resp_h":"{server}","id.resp_p":443,"proto":"tcp","service":"ssl","duration":1.5,"orig_bytes":{},"resp_bytes":700,"conn_state":"SF","history":"ShADadFf","orig_pkts":9,"resp_pkts":8}}"#,
                20_000 + row % 40_000,
                300 + row % 5
            )
            .unwrap();
        }
        text
    }
}

/// A folder with one log of `rows`.
pub(crate) fn folder(rows: Rows<'_>) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("conn.log"), rows.text()).unwrap();
    folder
}

/// Names in a folder, sorted, odd ones with their odd bytes replaced.
pub(crate) fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut names: Vec<_> =
        entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}
