//! Every command that writes: no room, no temporary folder, Ctrl-C. It says so, and leaves what was there.

use crate::ending::{end_of, interrupt, interrupt_early, wait_until_it_listens};
use crate::support::{Rows, has, names, shell};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;
use tempfile::TempDir;
use undertone_simulate::{FleetOptions, write_fleet};
use undertone_wire::findings::Format;

/// A fleet, what a scan of it found, and an old file at each place where a command writes.
struct Place {
    folder: TempDir,
    /// Id of the first finding.
    id: String,
}

const OLD: [&str; 6] =
    ["summary.json", "baseline.json", "report.html", "past.jsonl", "eval.html", "known.yaml"];

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let options = FleetOptions { devices: 6, days: 1, seed: 5, infected: 1, ..FleetOptions::default() };
        write_fleet(&options, &folder.path().join("fleet")).unwrap();
        let place = Self { folder, id: String::new() };
        let scanned = shell("", &["scan", "--all", "-o", &place.at("findings.jsonl"), &place.at("fleet")]);
        assert!({ scanned }.output().unwrap().status.success());
        let findings = std::fs::read_to_string(place.path("findings.jsonl")).unwrap();
        let first: serde_json::Value = serde_json::from_str(findings.lines().next().unwrap()).unwrap();
        for name in OLD {
            // A file of suppressions has to be one to be added to.
            std::fs::write(place.path(name), if name == "known.yaml" { "# old\n" } else { "old" }).unwrap();
        }
        std::fs::create_dir_all(place.path("cache")).unwrap();
        Self { id: first["id"].as_str().unwrap().to_owned(), ..place }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn at(&self, name: &str) -> String {
        self.path(name).to_str().unwrap().to_owned()
    }
}

#[test]
fn every_command_that_finds_no_room_says_so_and_leaves_the_old_file() {
    let place = Place::new();
    let at = |name: &str| place.at(name);
    let before = names(place.folder.path());
    let (fleet, findings) = (at("fleet"), at("findings.jsonl"));
    let commands: [Vec<String>; 7] = [
        vec!["scan".into(), fleet.clone(), "--summary".into(), at("summary.json")],
        vec!["baseline".into(), "learn".into(), fleet.clone(), "-o".into(), at("baseline.json")],
        vec!["convert".into(), "--in".into(), findings.clone(), "-o".into(), at("report.html")],
        vec![
            "backtest".into(),
            fleet.clone(),
            "--all".into(),
            "--no-cache".into(),
            "-o".into(),
            at("past.jsonl"),
        ],
        vec![
            "eval".into(),
            "--in".into(),
            findings.clone(),
            "--truth".into(),
            at("fleet/truth.json"),
            "-o".into(),
            at("eval.html"),
        ],
        vec![
            "suppress".into(),
            "add".into(),
            "--file".into(),
            at("known.yaml"),
            "--from".into(),
            findings.clone(),
            place.id.clone(),
            "--reason".into(),
            "our own".into(),
        ],
        vec!["simulate".into(), at("new"), "--devices".into(), "5".into(), "--days".into(), "1".into()],
    ];
    for command in &commands {
        let args: Vec<&str> = command.iter().map(String::as_str).collect();
        let ended = shell("trap '' XFSZ; ulimit -f 0;", &args).output().unwrap();
        let said = String::from_utf8_lossy(&ended.stderr);
        assert_eq!(ended.status.code(), Some(74), "{command:?}: {said}");
        assert!(said.contains("cannot write"), "{command:?}: {said}");
        assert_eq!(names(place.folder.path()), before, "{command:?} leaves something");
    }
    for name in OLD {
        let text = std::fs::read_to_string(place.path(name)).unwrap();
        assert!(text.trim_start_matches("# ").trim_end() == "old", "{name} is not what it was: {text}");
    }
    // What is only kept to be faster next time is no failure, and half of it does not stay.
    let setting = ["tune", &fleet, "--set", "payload_symmetry_threshold=0.3", "--cache", &at("cache")];
    let ended = shell("trap '' XFSZ; ulimit -f 0;", &setting).output().unwrap();
    let said = String::from_utf8_lossy(&ended.stderr);
    assert_eq!(ended.status.code(), Some(0), "{said}");
    assert!(said.contains("nothing was kept for the next run"), "{said}");
    assert!(names(&place.path("cache")).is_empty());
}

#[test]
fn half_a_fleet_does_not_stay() {
    let folder = tempfile::tempdir().unwrap();
    let simulate = |out: &Path| {
        Command::new(env!("CARGO_BIN_EXE_undertone"))
            .args(["simulate", out.to_str().unwrap(), "--devices", "5000", "--days", "30"])
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap()
    };
    let mut child = simulate(&folder.path().join("fleet"));
    wait_until_it_listens(&child);
    // Once there are rows it is in the middle of writing.
    while !folder.path().join("fleet/truth.json").exists() {
        assert!(child.try_wait().unwrap().is_none(), "it ended before it was interrupted");
        std::thread::sleep(Duration::from_millis(10));
    }
    interrupt(&child);
    assert_eq!(end_of(&mut child), Some(130));
    assert!(names(folder.path()).is_empty());

    // A folder that was there stays, empty.
    let full = tempfile::tempdir().unwrap();
    let args = ["simulate", full.path().to_str().unwrap(), "--devices", "5", "--days", "1"];
    let ended = shell("trap '' XFSZ; ulimit -f 8;", &args).output().unwrap();
    assert_eq!(ended.status.code(), Some(74), "{}", String::from_utf8_lossy(&ended.stderr));
    assert!(names(full.path()).is_empty());
}

/// `scan a.jsonl -o a.jsonl` is a slip, and what it would destroy is evidence; whatever the command and the output.
#[test]
fn logs_are_not_overwritten() {
    let place = Place::new();
    let folder = place.folder.path();
    let logs = folder.join("logs.jsonl");
    std::fs::write(&logs, Rows::default().text()).unwrap();
    let (logs, findings) = (place.at("logs.jsonl"), place.at("findings.jsonl"));
    let telemetry = place.at("fleet/edr/2026-05-04/mobile-edr.ndjson");
    let csv = format!("csv:{logs}");
    let commands: [&[&str]; 6] = [
        &["scan", &logs, "-o", &logs],
        &["scan", &logs, "--summary", &logs],
        &["scan", &place.at("fleet"), "-o", &telemetry],
        &["baseline", "learn", &logs, "-o", &logs],
        &["backtest", &logs, "--no-cache", "-o", &csv],
        &["convert", "--in", &findings, "-o", &logs],
    ];
    let read = |path: &str| std::fs::read(path).unwrap();
    let before = (read(&logs), read(&telemetry));
    for command in commands {
        let ended = shell("", command).output().unwrap();
        let said = String::from_utf8_lossy(&ended.stderr);
        assert_eq!(ended.status.code(), Some(74), "{command:?}: {said}");
        assert!(said.contains("is not overwritten"), "{command:?}: {said}");
    }
    assert!(before == (read(&logs), read(&telemetry)), "a log is not what it was");
    // Outputs of earlier runs are no logs: each is written again.
    for format in Format::ALL {
        let out = format!("{}:{}", format.name(), place.at("again"));
        for _ in 0..2 {
            let ended = shell("", &["convert", "--in", &findings, "-o", &out]).output().unwrap();
            assert_eq!(ended.status.code(), Some(0), "{out}: {}", String::from_utf8_lossy(&ended.stderr));
        }
    }
}

/// Where the system starts no thread (there is address space for three such stacks and for all else), there are fewer.
#[test]
fn threads_that_cannot_be_started_are_done_without() {
    let folder = crate::support::folder(Rows::default());
    let path = folder.path().to_str().unwrap();
    let scan = |before: &str, threads: &str| {
        shell(before, &["scan", "--all", "--format", "jsonl", "--threads", threads, path]).output().unwrap()
    };
    let one = scan("", "1");
    let many = scan("ulimit -v 6000000; export RUST_MIN_STACK=1610612736;", "256");
    assert_eq!(many.status.code(), Some(0), "{}", String::from_utf8_lossy(&many.stderr));
    assert!(!one.stdout.is_empty() && one.stdout == many.stdout);
    assert_eq!(scan("", "100000").status.code(), Some(64));
}

/// In the middle of writing its fleet, a demo looks at nothing: Ctrl-C ends it at once, and the fleet goes.
#[test]
fn half_a_demo_does_not_stay() {
    let folder = tempfile::tempdir().unwrap();
    for millis in [0, 100, 300] {
        let mut child = Command::new(env!("CARGO_BIN_EXE_undertone"))
            .args(["demo", "--devices", "500"])
            .env("TMPDIR", folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        wait_until_it_listens(&child);
        while folder.path().read_dir().unwrap().count() == 0 {
            assert!(child.try_wait().unwrap().is_none(), "it ended before it was interrupted");
            std::thread::sleep(Duration::from_millis(5));
        }
        std::thread::sleep(Duration::from_millis(millis));
        interrupt(&child);
        assert_eq!(end_of(&mut child), Some(130));
        assert!(names(folder.path()).is_empty(), "{:?}", names(folder.path()));
    }
}

/// Whatever a command was doing: it says that it was interrupted, and no half of an output stays.
#[test]
fn ctrl_c_ends_every_long_command() {
    let input = crate::ending::too_much();
    let input = input.path().to_str().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (out, cache) = (at("out.jsonl"), at("cache"));
    let commands: [&[&str]; 5] = [
        &["backtest", input, "--no-cache", "-o", &out],
        &["tune", input, "--cache", &cache, "--set", "payload_symmetry_threshold=0.3"],
        &["baseline", "learn", input, "-o", &out],
        &["export", "coverage", input],
        &["demo"],
    ];
    for command in commands {
        interrupt_early(
            Command::new(env!("CARGO_BIN_EXE_undertone")).args(command).env("TMPDIR", folder.path()),
        );
        assert!(names(folder.path()).is_empty(), "{command:?} leaves {:?}", names(folder.path()));
    }
}

#[test]
fn a_temporary_folder_that_is_not_there_is_said() {
    let input = crate::ending::too_much();
    let args = ["scan", "--memory", "64M", "--format", "jsonl", input.path().to_str().unwrap()];
    let ended = shell("export TMPDIR=/nonexistent/undertone;", &args).output().unwrap();
    let said = String::from_utf8_lossy(&ended.stderr);
    assert_eq!(ended.status.code(), Some(74), "{said}");
    assert!(said.contains("temporary storage failed") && ended.stdout.is_empty(), "{said}");
    assert!(said.contains("`/nonexistent/undertone`"), "{said}");
    let ended = shell("export TMPDIR=/nonexistent/undertone;", &["demo"]).output().unwrap();
    let said = String::from_utf8_lossy(&ended.stderr);
    assert_eq!(ended.status.code(), Some(74), "{said}");
}

/// `| head` ends what writes, in any format, without a word.
#[test]
fn nobody_reads() {
    let place = Place::new();
    let findings = place.at("findings.jsonl");
    for format in Format::ALL {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let args = ["convert", "--in", &findings, "--all", "--format", format.name()];
        let ended = shell("", &args).stdout(writer).output().unwrap();
        let said = String::from_utf8_lossy(&ended.stderr);
        assert!(ended.status.success() && said.is_empty(), "{}: {said}", format.name());
    }
}

#[test]
fn ctrl_c_ends_the_wait_for_a_pipe_that_nobody_writes_to() {
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("pipe");
    if !has("mkfifo", &[pipe.to_str().unwrap()]) {
        return;
    }
    let mut command = Command::new(env!("CARGO_BIN_EXE_undertone"));
    command.args(["scan", pipe.to_str().unwrap(), "-o", folder.path().join("out.jsonl").to_str().unwrap()]);
    interrupt_early(command.env("TMPDIR", folder.path()));
    assert_eq!(names(folder.path()), ["pipe"]);
}
