//! Commands that need every phone's past, under the floods that a scan stands: `backtest`, `tune` with its cache,
//! `baseline learn`.

use crate::flood::{Flood, PHONE, SERVER};
use crate::memory::{BESIDE_KB, measured};
use std::path::Path;
use std::process::Stdio;
use undertone_simulate::{FleetOptions, write_fleet};

const MEMORY_MIB: u64 = 64;

/// Runs a command on a flood; what it wrote to standard output and said. `None` where nothing measures.
fn within(folder: &Path, args: &[&str]) -> Option<(String, String)> {
    let peak = folder.join("peak");
    let output = measured(&peak)
        .args(args)
        .args(["--memory", &format!("{MEMORY_MIB}M"), "--threads", "2"])
        .arg(folder.join("flood.log"))
        .env("TMPDIR", folder)
        .stdin(Stdio::null())
        .output()
        .map_err(|error| println!("skipped: no python3 to measure with ({error})"))
        .ok()?;
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{args:?}: {said}");
    let peak_kb: u64 = std::fs::read_to_string(peak).unwrap().parse().unwrap();
    println!("{args:?}: peak {peak_kb} KiB");
    assert!(peak_kb <= MEMORY_MIB * 1024 + BESIDE_KB, "{args:?}: {peak_kb} KiB: {said}");
    Some((String::from_utf8(output.stdout).unwrap(), said))
}

/// All three commands within memory; the beacon is found on both days, and what was left out is said.
fn holds(flood: Flood, note: &str) {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    flood.write(std::fs::File::create(at("flood.log")).unwrap()).unwrap();
    let (past, base, cache) = (at("past.jsonl"), at("base.json"), at("cache"));
    let Some((_, said)) = within(folder.path(), &["backtest", "--no-cache", "--all", "-o", &past]) else {
        return;
    };
    assert!(said.contains(note), "`{note}` is not said: {said}");
    let found = std::fs::read_to_string(past).unwrap();
    let days = ["2026-05-04", "2026-05-05"];
    for day in days.map(|day| format!("\"day\":\"{day}\"")) {
        let is_beacon = |line: &&str| line.contains(&day) && line.contains(SERVER) && line.contains(PHONE);
        assert!(found.lines().any(|line| is_beacon(&line)), "the flood hides the beacon of {day}: {said}");
    }
    let tune = ["tune", "--cache", &cache, "--set", "payload_symmetry_threshold=0.3"];
    let first = within(folder.path(), &tune).unwrap();
    let second = within(folder.path(), &tune).unwrap();
    assert_eq!(first.0, second.0, "what was kept says something else: {}", second.1);
    assert!(second.1.contains("comes from the cache"), "{}", second.1);
    within(folder.path(), &["baseline", "learn", "-o", &base]);
    assert!(std::fs::metadata(base).unwrap().len() > 0);
}

const FOLDED: &str = "destinations that a device reached a few times are not compared";

#[test]
fn the_past_of_very_many_phones() {
    let flood = Flood { rows: 80_000, phones: 10_000_000, per_destination: 1, has_names: false, days: 2 };
    holds(flood, FOLDED);
}

#[test]
fn the_past_of_one_phone_with_very_many_series() {
    holds(Flood { rows: 100_000, phones: 1, per_destination: 1, has_names: false, days: 2 }, FOLDED);
}

#[test]
fn the_past_of_one_phone_with_very_many_connections_to_one_server() {
    let flood = Flood { rows: 150_000, phones: 1, per_destination: 150_000, has_names: false, days: 2 };
    holds(flood, "records of a phone with too many of them to one destination, the oldest, are left out");
}

/// A phone that is looked at in parts is one phone: of those with an app no more reach a destination than have it.
#[test]
fn a_phone_in_parts_counts_once() {
    let folder = tempfile::tempdir().unwrap();
    let fleet = folder.path().join("flood.log");
    let options = FleetOptions { devices: 34, days: 2, seed: 4, infected: 2, ..FleetOptions::default() };
    write_fleet(&options, &fleet).unwrap();
    let Some((findings, _)) = within(folder.path(), &["scan", "--all", "--format", "jsonl"]) else { return };
    let mut shares = 0;
    for line in findings.lines() {
        let finding: serde_json::Value = serde_json::from_str(line).unwrap();
        let texts = finding["evidence"].as_array().unwrap().iter().map(|item| item["text"].as_str().unwrap());
        for text in texts.filter(|text| text.contains("other phones with") && text.contains(" % of ")) {
            shares += 1;
            let share: f64 = text.split(' ').next().unwrap().parse().unwrap();
            assert!(share <= 100.0, "{text}");
        }
        let usual = &finding["app_usual"];
        for reached in usual["destinations"].as_array().into_iter().flatten() {
            assert!(reached["others"].as_u64() <= usual["others"].as_u64(), "{usual}");
        }
    }
    assert!(shares > 100, "only {shares} findings say how many phones reach something");
}
