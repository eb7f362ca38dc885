//! What only the phone reported, of a phone with more records than fit at once.

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

const START_SECS: u64 = 1_777_874_400;
const HOUR_SECS: u64 = 3_600;
const PHONE: &str = "10.0.0.1";
/// Reached while a sensor sees the phone, and while it does not.
const SEEN: &str = "203.0.113.7";
const UNSEEN: &str = "203.0.113.9";

/// Six hours of a phone as a sensor records them, with a check-in every ten minutes.
fn records() -> String {
    let mut rows = String::new();
    for row in 0..12_000_u64 {
        let at = START_SECS + row * 6 * HOUR_SECS / 12_000;
        conn(&mut rows, at, 20_000 + row, &format!("198.51.{}.{}", row % 7, row % 200));
    }
    for check_in in 0..36 {
        conn(&mut rows, START_SECS + check_in * 600, 40_000 + check_in, SEEN);
    }
    rows
}

fn conn(rows: &mut String, at: u64, port: u64, server: &str) {
    writeln!(
        rows,
        r#"{{"_path":"conn","ts":{at}.25,"uid":"C{port}","id.orig_h":"{PHONE}","id.orig_p":{port},"id.resp_h":"{server}","id.resp_p":443,"proto":"tcp","service":"ssl","duration":0.5,"orig_bytes":600,"resp_bytes":900,"conn_state":"SF"}}"#
    )
    .unwrap();
}

/// What the phone reports: the check-ins of those hours, and of eleven more in which no sensor sees it.
fn reports() -> String {
    let mut rows = String::new();
    let seen = (0..36).map(|n| (START_SECS + n * 600, 40_000 + n, SEEN));
    let unseen = (0..132).map(|n| (START_SECS + 7 * HOUR_SECS + n * 300, 50_000 + n, UNSEEN));
    for (at, port, server) in seen.chain(unseen) {
        writeln!(
            rows,
            r#"{{"kind":"connection","ts":{at}.75,"device_id":"phone","app_id":"org.example.app","orig_ip":"{PHONE}","orig_port":{port},"resp_ip":"{server}","resp_port":443,"transport":"tcp","orig_bytes":600,"resp_bytes":900}}"#
        )
        .unwrap();
    }
    rows
}

/// The check-ins to a server that a scan within this memory tells of.
fn check_ins(folder: &Path, memory: &str, server: &str) -> Vec<u64> {
    let output = Command::new(env!("CARGO_BIN_EXE_undertone"))
        .args(["scan", "--all", "--format", "jsonl", "--memory", memory])
        .args([folder.join("conn.log"), folder.join("edr.ndjson")])
        .output()
        .unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{said}");
    let findings = String::from_utf8(output.stdout).unwrap();
    let parsed = findings.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    let of_server = parsed.filter(|finding| finding["destination"]["addresses"][0] == server);
    of_server.map(|finding| finding["events"].as_u64().unwrap()).collect()
}

#[test]
fn what_only_the_phone_reported_counts_in_parts_too() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("conn.log"), records()).unwrap();
    std::fs::write(folder.path().join("edr.ndjson"), reports()).unwrap();
    for memory in ["1G", "64M"] {
        assert_eq!(check_ins(folder.path(), memory, SEEN), [36], "{memory}");
        assert_eq!(check_ins(folder.path(), memory, UNSEEN), [132], "{memory}");
    }
}
