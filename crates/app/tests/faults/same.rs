//! Nothing of the surroundings reaches a finding: clock, zone, locale, environment, threads, order of files.

use crate::support::{Ended, scan_with, shell};
use std::path::Path;
use tempfile::TempDir;
use undertone_simulate::{FleetOptions, write_fleet};

/// A small fleet in its formats: Zeek logs, EDR, other phones' files, inventory.
fn fleet() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let options = FleetOptions { devices: 6, days: 1, seed: 5, infected: 1, ..FleetOptions::default() };
    write_fleet(&options, &folder.path().join("fleet")).unwrap();
    folder
}

fn scan_in(before: &str, args: &[&str], paths: &[&Path]) -> Ended {
    let ended = scan_with(before, args, paths);
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert!(!ended.stdout.is_empty());
    ended
}

#[test]
fn surroundings_threads_and_order_change_nothing() {
    let folder = fleet();
    let fleet = folder.path().join("fleet");
    let usual = scan_in("unset TZ LANG LC_ALL;", &["--threads", "1"], &[&fleet]);
    let surroundings = [
        "export TZ=Pacific/Kiritimati LANG=de_DE.UTF-8 LC_ALL=tr_TR.UTF-8;",
        "export TZ=America/St_Johns LC_ALL=C COLUMNS=7 TERM=dumb NO_COLOR=1 CLICOLOR_FORCE=1 RUST_LOG=trace;",
        "export UNDERTONE_THREADS=9 UNDERTONE_CONFIG=/none RUST_BACKTRACE=1 HOME=/none XDG_CONFIG_HOME=/none;",
        "cd /;",
    ];
    for (before, threads) in surroundings.into_iter().zip(["2", "3", "0", "2"]) {
        let other = scan_in(before, &["--threads", threads], &[&fleet]);
        assert_eq!(other.stdout, usual.stdout, "{before}");
        // Where a locale is missing, the shell says so.
        let said = other.stderr.lines().filter(|line| !line.contains("setlocale"));
        assert!(said.eq(usual.stderr.lines()), "{before} {}", other.stderr);
        assert_eq!(other.summary, usual.summary, "{before}");
    }
    let mut parts: Vec<_> = std::fs::read_dir(&fleet).unwrap().map(|entry| entry.unwrap().path()).collect();
    parts.sort();
    let forward: Vec<&Path> = parts.iter().map(AsRef::as_ref).collect();
    let backward: Vec<&Path> = forward.iter().rev().copied().collect();
    assert_eq!(scan_in("", &[], &forward).stdout, usual.stdout);
    assert_eq!(scan_in("", &["--threads", "2"], &backward).stdout, usual.stdout);
}

#[test]
fn the_clock_of_the_machine_changes_nothing() {
    let folder = fleet();
    let fleet = folder.path().join("fleet");
    // Nothing here can set the clock; two runs a second apart and in another second of the day stand for it.
    let first = scan_in("", &[], &[&fleet]);
    std::thread::sleep(std::time::Duration::from_millis(1100));
    assert_eq!(scan_in("", &[], &[&fleet]).stdout, first.stdout);
    for format in ["csv", "ocsf", "ecs", "bulk", "cef", "stix", "navigator", "sigma", "table"] {
        let out = |name: &str| {
            let path = folder.path().join(name);
            let target = format!("{format}:{}", path.display());
            let ended = shell("", &["scan", "-o", &target, fleet.to_str().unwrap()]).output().unwrap();
            assert_eq!(ended.status.code(), Some(0));
            std::fs::read(path).unwrap()
        };
        assert_eq!(out("one"), out("two"), "{format}");
    }
}
