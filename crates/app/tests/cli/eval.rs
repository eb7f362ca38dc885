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
