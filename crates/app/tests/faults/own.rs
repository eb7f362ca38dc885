//! What undertone wrote or is set up with lies among the logs: each file is named and skipped, and changes nothing.

use crate::support::shell;
use std::collections::BTreeMap;
use std::path::Path;
use undertone_simulate::{FleetOptions, write_fleet};

/// Every format, with what files of it are told by; the name of the file says nothing.
const FORMATS: [(&str, &str); 11] = [
    ("table", "unknown content"),
    ("jsonl", "findings, which"),
    ("csv", "findings as CSV"),
    ("ocsf", "names undertone"),
    ("ecs", "names undertone"),
    ("bulk", "names undertone"),
    ("cef", "names undertone"),
    ("stix", "names undertone"),
    ("navigator", "names undertone"),
    ("sigma", "names undertone"),
    ("html", "names undertone"),
];

fn run(args: &[&str]) -> Vec<u8> {
    let output = shell("", args).output().unwrap();
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

fn scan(folder: &Path, to: &Path) -> (String, serde_json::Value) {
    let summary = to.with_extension("summary");
    let said = [folder, &summary].map(|path| path.to_str().unwrap());
    let findings = run(&["scan", "--all", "--format", "jsonl", "--summary", said[1], said[0]]);
    let summary = std::fs::read_to_string(&summary).unwrap();
    (String::from_utf8(findings).unwrap(), serde_json::from_str(&summary).unwrap())
}

#[test]
fn own_files_among_the_logs_are_named_and_change_nothing() {
    let place = tempfile::tempdir().unwrap();
    let (logs, own) = (place.path().join("logs"), place.path().join("logs/own"));
    let options = FleetOptions { devices: 5, days: 2, seed: 5, infected: 1, ..FleetOptions::default() };
    write_fleet(&options, &logs).unwrap();
    let (before, summary_before) = scan(&logs, &place.path().join("before"));
    let at = |name: &str| own.join(name).to_str().unwrap().to_owned();
    let (logs_at, truth) = (logs.to_str().unwrap(), logs.join("truth.json").to_str().unwrap().to_owned());

    // Outside of the logs until all are made.
    let made = place.path().join("made");
    std::fs::create_dir(&made).unwrap();
    let to = |name: &str| made.join(name).to_str().unwrap().to_owned();
    let mut expected: BTreeMap<String, &str> = BTreeMap::new();
    let outputs: Vec<String> = FORMATS.iter().map(|(format, _)| format!("{format}:{}", to(format))).collect();
    let mut args = vec!["scan", "--all", "--summary"];
    let run_summary = to("run");
    args.extend([run_summary.as_str(), logs_at]);
    args.extend(outputs.iter().flat_map(|output| ["-o", output]));
    run(&args);
    expected.extend(FORMATS.iter().map(|(format, kind)| ((*format).to_owned(), *kind)));
    run(&["baseline", "learn", logs_at, "-o", &to("learned")]);
    let first: serde_json::Value = serde_json::from_str(before.lines().next().unwrap()).unwrap();
    let id = first["id"].as_str().unwrap();
    run(&["suppress", "add", "--file", &to("known"), "--from", &to("jsonl"), id, "--reason", "known"]);
    run(&["eval", "--truth", &truth, "--in", &to("jsonl"), "--format", "json", "-o", &to("eval")]);
    let print = |name: &str, args: &[&str]| std::fs::write(made.join(name), run(args)).unwrap();
    print("default", &["check", "--print-default"]);
    let set = ["--set", "payload_symmetry_threshold=0.4", "--format", "json", "--no-cache"];
    print("tune", &[&["tune", logs_at][..], &set].concat());
    print("backtest", &["backtest", logs_at, "--format", "json", "--cache", &to("cache")]);
    print("coverage", &["export", "coverage", logs_at, "--format", "json"]);
    std::fs::write(made.join("apps"), "com.example.a: weather\n").unwrap();
    std::fs::write(made.join("schema"), include_str!("../../../../docs/finding.schema.json")).unwrap();
    std::fs::copy(&truth, made.join("labels")).unwrap();
    let others = [
        ("run", "summary of a run"),
        ("learned", "--baseline"),
        ("known", "--suppress"),
        ("eval", "an evaluation"),
        ("default", "--config"),
        ("tune", "a report of `tune`"),
        ("backtest", "backtest"),
        ("coverage", "coverage"),
        ("apps", "--apps"),
        ("schema", "names undertone"),
        ("labels", "labels"),
    ];
    expected.extend(others.map(|(name, kind)| (name.to_owned(), kind)));
    std::fs::rename(&made, &own).unwrap();

    let (after, summary) = scan(&logs, &place.path().join("after"));
    assert!(before == after, "own files change what is found");
    for count in ["files", "rows_accepted", "devices", "series"] {
        assert_eq!(summary[count], summary_before[count], "{count}");
    }
    let skipped = summary["skipped"].as_array().unwrap();
    let reason = |name: &str| {
        let is_it = |row: &&serde_json::Value| row.to_string().contains(&at(name));
        skipped.iter().find(is_it).map(ToString::to_string)
    };
    let named = |(name, kind): (&String, &&str)| reason(name).is_some_and(|text| text.contains(*kind));
    let unnamed: Vec<_> =
        expected.iter().filter(|entry| !named(*entry)).map(|(name, _)| (name, reason(name))).collect();
    assert!(unnamed.is_empty(), "{unnamed:?}");
    let caches = std::fs::read_dir(own.join("cache")).unwrap().count();
    assert!(caches > 0);
    assert_eq!(skipped.iter().filter(|row| row.to_string().contains("a cache of")).count(), caches);
}
