//! Findings against labels, from a file and from a scan.

use crate::support::{findings, names, run};
use std::fs;
use std::path::Path;

/// The alert of the committed findings is the first implant; nothing is the second.
const TRUTH: &str = r#"[
{"device":"d-0007","app":"com.example.torch","domain":"example.net","kind":"https","period_secs":300,
 "jitter":0.1,"miss":0.0,"law":"uniform","events":288},
{"device":"d-0008","domain":"other.example","kind":"dns"}]"#;

fn path(folder: &Path, name: &str) -> String {
    folder.join(name).to_str().unwrap().to_owned()
}

fn json(text: &str) -> serde_json::Value {
    serde_json::from_str(text).unwrap()
}

#[test]
fn stored_findings_are_compared() {
    let folder = tempfile::tempdir().unwrap();
    let (truth, input) = (path(folder.path(), "truth.json"), findings());
    fs::write(&truth, TRUTH).unwrap();
    let eval =
        |more: &[&str]| run(&[&["eval", "--truth", &truth, "--in", input.to_str().unwrap()], more].concat());
    let ended = eval(&["--format", "json", "--device-days", "500"]);
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    let said = json(&ended.stdout);
    assert_eq!(said["recall"]["overall"]["count"], 1);
    assert_eq!(said["recall"]["overall"]["of"], 2);
    // The committed lead is nobody's implant: 1 in 500 device-days.
    assert_eq!(said["false_positives"]["all"]["per_1000"], 2.0);
    assert!(json(&eval(&["--format", "json"]).stdout)["false_positives"].is_null());
    assert!(eval(&[]).stdout.contains("Missed implants: 1"));

    let page = path(folder.path(), "eval.html");
    let ended = eval(&["-o", &page]);
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(0), ""));
    assert!(fs::read_to_string(&page).unwrap().starts_with("<!DOCTYPE html>"));
    assert_eq!(names(folder.path()), ["eval.html", "truth.json"]);
}

#[test]
fn labels_that_cannot_be_read_are_65() {
    let folder = tempfile::tempdir().unwrap();
    let (wrong, input) = (path(folder.path(), "wrong.json"), findings());
    fs::write(&wrong, "{}").unwrap();
    for truth in [wrong, path(folder.path(), "absent.json")] {
        let ended = run(&["eval", "--truth", &truth, "--in", input.to_str().unwrap()]);
        assert_eq!(ended.code, Some(65), "{}", ended.stderr);
    }
}

#[test]
fn a_scan_and_its_stored_findings_compare_alike() {
    let folder = tempfile::tempdir().unwrap();
    let inside = |name: &str| path(folder.path(), name);
    let fleet = inside("fleet");
    let made = run(&["simulate", &fleet, "--devices", "3", "--infected", "2", "--seed", "5"]);
    assert_eq!(made.code, Some(0), "{}", made.stderr);
    let (truth, benign) = (inside("fleet/truth.json"), inside("fleet/rare_benign.json"));
    let labels = ["eval", "--truth", &truth, "--benign", &benign, "--format", "json"];
    let scanned = run(&[&labels[..], &[&fleet]].concat());
    assert_eq!(scanned.code, Some(0), "{}", scanned.stderr);
    let said = json(&scanned.stdout);
    assert_eq!(said["recall"]["overall"]["of"], 2);
    assert_eq!(said["alerts"], 0, "three phones have no error control");
    assert_eq!(said["false_positives"]["all"]["device_days"], said["device_days"]);

    let (findings, summary) = (inside("findings.jsonl"), inside("summary.json"));
    let ended = run(&["scan", &fleet, "--all", "-o", &findings, "--summary", &summary]);
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    let stored = run(&[&labels[..], &["--in", &findings, "--scan-summary", &summary]].concat());
    assert_eq!(stored.code, Some(0), "{}", stored.stderr);
    assert_eq!(json(&stored.stdout), said);
}

/// A connection and its handshake as Zeek's streaming JSON.
fn handshake(number: u32, name: &str, port: u16, ja3: &str) -> String {
    let ends = format!(
        r#""ts":{},"uid":"C{number}","id.orig_h":"10.0.0.7","id.orig_p":40000,"id.resp_h":"203.0.113.{number}","id.resp_p":{port}"#,
        1_777_852_800 + 60 * number
    );
    format!(
        "{{\"_path\":\"conn\",{ends},\"proto\":\"tcp\",\"service\":\"ssl\",\"duration\":1.0,\"orig_bytes\":500,\
         \"resp_bytes\":900,\"conn_state\":\"SF\"}}\n{{\"_path\":\"ssl\",{ends},\"version\":\"TLSv13\",\"server_name\":\"{name}\",\
         \"established\":true,\"ja3\":\"{ja3}\"}}\n"
    )
}

#[test]
fn a_feature_of_implants_alone_is_a_leak_and_ends_with_2() {
    let folder = tempfile::tempdir().unwrap();
    let (truth, logs) = (path(folder.path(), "truth.json"), path(folder.path(), "zeek.log"));
    fs::write(&truth, r#"[{"device":"10.0.0.7","ip":"10.0.0.7","domain":"evil.example","kind":"https"}]"#)
        .unwrap();
    let (bad, good) = ("b".repeat(32), "a".repeat(32));
    let eval = || run(&["eval", "--truth", &truth, "--leaks", &logs, "--format", "json"]);

    let mine = handshake(1, "api.evil.example", 443, &bad);
    fs::write(&logs, mine.clone() + &handshake(2, "api.good.example", 443, &good)).unwrap();
    let leaking = eval();
    assert_eq!(leaking.code, Some(2), "{}", leaking.stderr);
    let leaks = &json(&leaking.stdout)["leaks"];
    assert_eq!((&leaks["is_passed"], &leaks["implants"]), (&false.into(), &1.into()));
    assert_eq!(leaks["features"]["ja3"], 1, "{leaks}");
    assert_eq!(leaks["rules"][0]["value"], bad.as_str());

    // The same stack elsewhere, and nothing is left.
    fs::write(&logs, mine + &handshake(3, "api.good.example", 443, &bad)).unwrap();
    let tight = eval();
    assert_eq!(tight.code, Some(0), "{}", tight.stdout);
    assert_eq!(json(&tight.stdout)["leaks"]["is_passed"], true);
}
