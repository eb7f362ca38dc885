//! Floods through a pipe: peak memory, what is said, and what is found.

use crate::flood::{Flood, PHONE, SERVER};
use std::path::Path;
use std::process::{Command, Stdio};

/// What the process takes besides what `--memory` is for: the program, threads, blocks that are read, the public
/// suffix list. A scan of one line takes about 15 MB; allocators keep some of what was freed.
pub(crate) const BESIDE_KB: u64 = 64 * 1024;

struct Scanned {
    findings: String,
    said: String,
    peak_kb: u64,
}

/// The binary, and the kernel asked afterwards how much memory it took at the most.
pub(crate) fn measured(peak: &Path) -> Command {
    let mut command = Command::new("python3");
    command.args([
        "-c",
        "import resource, subprocess, sys\n\
         code = subprocess.call(sys.argv[2:])\n\
         open(sys.argv[1], 'w').write(str(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss))\n\
         sys.exit(code)",
    ]);
    command.arg(peak).arg(env!("CARGO_BIN_EXE_undertone"));
    command
}

/// Scans a flood from a pipe; `None` where the kernel does not say how much memory a process took.
fn scan(memory: &str, flood: Flood) -> Option<Scanned> {
    let folder = tempfile::tempdir().unwrap();
    let (out, peak) = (folder.path().join("findings.jsonl"), folder.path().join("peak"));
    let mut child = measured(&peak)
        .args(["scan", "-", "--memory", memory, "--threads", "2", "--all", "-o"])
        .arg(format!("jsonl:{}", out.display()))
        .env("TMPDIR", folder.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| println!("skipped: no python3 to measure with ({error})"))
        .ok()?;
    flood.write(child.stdin.take().unwrap()).unwrap();
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{said}");
    let peak_kb = std::fs::read_to_string(peak).unwrap().parse().unwrap();
    Some(Scanned { findings: std::fs::read_to_string(out).unwrap(), said, peak_kb })
}

/// The flood stays within the memory given, says what it did not keep, and leaves the beacon where it is.
fn holds(memory_mib: u64, flood: Flood, notes: &[&str]) {
    let Some(scanned) = scan(&format!("{memory_mib}M"), flood) else { return };
    println!("peak {} KiB\n{}", scanned.peak_kb, scanned.said);
    assert!(scanned.peak_kb <= memory_mib * 1024 + BESIDE_KB, "{} KiB: {}", scanned.peak_kb, scanned.said);
    for note in notes {
        assert!(scanned.said.contains(note), "`{note}` is not said: {}", scanned.said);
    }
    let beacon = scanned.findings.lines().find(|line| line.contains(SERVER) && line.contains(PHONE));
    let Some(beacon) = beacon else { panic!("the flood hides the beacon: {}", scanned.said) };
    // What may be different for what was left out says so itself: who reads a finding need not have seen the run.
    let beacon: serde_json::Value = serde_json::from_str(beacon).unwrap();
    let limits: Vec<&str> =
        beacon["limits"].as_array().unwrap().iter().map(|limit| limit.as_str().unwrap()).collect();
    let is_told = |limit: &str| limits.iter().any(|known| known.contains(limit));
    let is_said = |note: &str| scanned.said.contains(note);
    let is_compared_in_part = is_said(FOLDED) || is_said("others are not compared with them");
    let of_phones = "not compared with all that other phones reach";
    assert_eq!(is_told(of_phones), is_compared_in_part, "{limits:?}");
    assert_eq!(is_told("records of this phone are left out"), is_said(LEFT_OUT), "{limits:?}");
}

const FOLDED: &str = "destinations that a device reached a few times are not compared";
const LEFT_OUT: &str =
    "records of a phone with too many of them to one destination, the oldest, are left out";

#[test]
fn one_phone_with_very_many_series() {
    holds(64, Flood { rows: 300_000, phones: 1, per_destination: 1, has_names: false, days: 1 }, &[FOLDED]);
}

#[test]
fn one_phone_with_very_many_names() {
    holds(64, Flood { rows: 250_000, phones: 1, per_destination: 1, has_names: true, days: 1 }, &[FOLDED]);
}

#[test]
fn one_phone_with_very_many_regular_series() {
    let flood = Flood { rows: 300_000, phones: 1, per_destination: 8, has_names: false, days: 1 };
    holds(64, flood, &["series, the least regular of the phones with most of them, are not weighed"]);
}

#[test]
fn one_phone_with_very_many_connections_to_one_server() {
    let flood = Flood { rows: 400_000, phones: 1, per_destination: 400_000, has_names: false, days: 1 };
    holds(64, flood, &[LEFT_OUT]);
}

#[test]
fn many_phones_with_many_series() {
    holds(
        64,
        Flood { rows: 300_000, phones: 1000, per_destination: 1, has_names: false, days: 1 },
        &[FOLDED],
    );
}

#[test]
fn very_many_phones() {
    holds(
        64,
        Flood { rows: 300_000, phones: 10_000_000, per_destination: 1, has_names: false, days: 1 },
        &[FOLDED],
    );
}

/// What is kept does not depend on how many threads there are.
#[test]
fn bounds_cut_the_same_with_any_number_of_threads() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("flood.log");
    let flood = Flood { rows: 120_000, phones: 40, per_destination: 6, has_names: true, days: 1 };
    flood.write(std::fs::File::create(&log).unwrap()).unwrap();
    let scan = |threads: &str| {
        let output = Command::new(env!("CARGO_BIN_EXE_undertone"))
            .args(["scan", "--memory", "64M", "--all", "--format", "jsonl", "--threads", threads])
            .arg(&log)
            .stdin(Stdio::null())
            .output()
            .unwrap();
        (output.stdout, String::from_utf8(output.stderr).unwrap())
    };
    let (one, three) = (scan("1"), scan("3"));
    assert_eq!(one.1, three.1);
    assert!(one.0 == three.0, "findings differ: {}", one.1);
}
