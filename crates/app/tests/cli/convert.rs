//! Findings in and out of files, pipes and terminals, without any logs.

use crate::support::{Ended, ended, findings, golden, names, run, undertone};
use std::fs;
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};

fn convert(args: &[&str]) -> Ended {
    let input = findings();
    run(&[&["convert", "--in", input.to_str().unwrap()], args].concat())
}

#[test]
fn every_format_comes_out_as_committed() {
    for format in ["table", "jsonl", "csv", "ocsf", "ecs", "bulk", "cef", "stix", "navigator", "sigma"] {
        let ended = convert(&["--all", "--format", format]);
        assert_eq!(ended.code, Some(0), "{}", ended.stderr);
        assert_eq!(ended.stdout, fs::read_to_string(golden(&format!("findings.{format}"))).unwrap());
    }
}

#[test]
fn what_fell_short_is_shown_only_when_asked_for() {
    let count = |args: &[&str]| convert(args).stdout.lines().count();
    assert_eq!(count(&["--format", "jsonl"]), 2);
    assert_eq!(count(&["--format", "jsonl", "--all"]), 4);
    assert_eq!(count(&["--format", "jsonl", "--all", "--top", "3"]), 3);
}

#[test]
fn several_files_are_written_at_once_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    fs::write(path("a.csv"), "old").unwrap();
    let ended = convert(&["--all", "-o", &path("a.csv"), "-o", &format!("jsonl:{}", path("b.json"))]);
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert!(ended.stdout.is_empty());
    assert_eq!(names(folder.path()), ["a.csv", "b.json"]);
    assert_eq!(fs::read(path("a.csv")).unwrap(), fs::read(golden("findings.csv")).unwrap());
    assert_eq!(fs::read(path("b.json")).unwrap(), fs::read(golden("findings.jsonl")).unwrap());
}

/// The second of two outputs would replace the first.
#[test]
fn one_file_for_two_outputs_is_a_usage_error() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("sub")).unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    for other in [path("a.jsonl"), path("sub/../a.jsonl"), format!("csv:{}", path("./a.jsonl"))] {
        let ended = convert(&["-o", &path("a.jsonl"), "-o", &other]);
        assert_eq!(ended.code, Some(64), "{other}: {}", ended.stderr);
        assert!(ended.stderr.contains("is the file of two outputs"), "{}", ended.stderr);
    }
    assert_eq!(names(folder.path()), ["sub"]);
    let ended = convert(&["-o", &path("a.jsonl"), "-o", &path("sub/a.jsonl")]);
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
}

#[test]
fn failed_outputs_are_74_and_leave_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let inside = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    fs::create_dir(inside("folder.csv")).unwrap();
    assert_eq!(convert(&["-o", &inside("absent/a.csv")]).code, Some(74));
    assert_eq!(convert(&["-o", &inside("folder.csv")]).code, Some(74));
    assert_eq!(names(folder.path()), ["folder.csv"]);
    if Path::new("/dev/full").exists() {
        assert_eq!(convert(&["-o", "csv:/dev/full"]).code, Some(74));
        let full = fs::File::options().write(true).open("/dev/full").unwrap();
        let input = findings();
        let args = ["convert", "--format", "csv", "--in", input.to_str().unwrap()];
        assert_eq!(undertone(&args).stdout(full).status().unwrap().code(), Some(74));
    }
}

#[test]
fn lines_that_are_no_findings_are_65_with_their_place() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bad\u{1b}[31m.jsonl");
    let good = fs::read_to_string(findings()).unwrap();
    fs::write(&path, format!("{}\n\n{{}}\n", good.lines().next().unwrap())).unwrap();
    let ended = run(&["convert", "--in", path.to_str().unwrap()]);
    assert_eq!(ended.code, Some(65));
    assert!(ended.stderr.contains(":3:") && !ended.stderr.contains('\u{1b}'), "{}", ended.stderr);
    assert_eq!(run(&["convert", "--in", "absent.jsonl"]).code, Some(65));
}

#[test]
fn a_reader_that_leaves_early_is_no_error() {
    let one = fs::read_to_string(findings()).unwrap();
    let mut child = undertone(&["convert", "--in", "-", "--format", "jsonl"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // More than any pipe holds.
    let mut stdin = child.stdin.take().unwrap();
    for _ in 0..200 {
        stdin.write_all(one.as_bytes()).unwrap();
    }
    let mut stdout = child.stdout.take().unwrap();
    drop(stdin);
    stdout.read_exact(&mut [0; 10]).unwrap();
    drop(stdout);
    let ended = ended(child.wait_with_output().unwrap());
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""));
}

#[test]
fn one_finding_is_explained_from_the_beginning_of_its_id() {
    let input = findings();
    let explain = |id: &str| run(&["explain", id, "--in", input.to_str().unwrap()]);
    let ended = explain("0badc0de");
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    for said in
        ["What was seen", "Why it is odd", "ja4=t13d1516h2", "no app attribution", "What to check next"]
    {
        assert!(ended.stdout.contains(said), "{said}");
    }
    assert_eq!(explain("0").code, Some(64));
    assert_eq!(explain("ffff").code, Some(64));
    assert_eq!(explain("").code, Some(64));
}

/// A session of very many messages takes no room from the others.
#[test]
fn every_session_of_a_finding_is_shown() {
    let folder = tempfile::tempdir().unwrap();
    let (stored, log) = (folder.path().join("found.jsonl"), folder.path().join("http.log"));
    let first = fs::read_to_string(findings()).unwrap().lines().next().unwrap().to_owned();
    let mut finding: serde_json::Value = serde_json::from_str(&first).unwrap();
    finding["sessions"] = serde_json::json!(["Cfirst", "Clong"]);
    fs::write(&stored, finding.to_string()).unwrap();
    let row = |uid: &str, at: u32| {
        format!(
            r#"{{"_path":"http","ts":{at}.5,"uid":"{uid}","id.orig_h":"10.20.0.7","id.orig_p":40000,"id.resp_h":"203.0.113.9","id.resp_p":80,"method":"GET","host":"a.example","uri":"/"}}"#
        )
    };
    let rows: Vec<String> =
        std::iter::once(row("Cfirst", 1)).chain((2..3002).map(|at| row("Clong", at))).collect();
    fs::write(&log, rows.join("\n")).unwrap();
    let id = finding["id"].as_str().unwrap();
    let ended = run(&["explain", id, "--in", stored.to_str().unwrap(), log.to_str().unwrap()]);
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert!(!ended.stdout.contains("not in these logs"), "{}", ended.stdout);
    assert!(ended.stdout.contains("Cfirst 1970-01-01T00:00:01"), "{}", ended.stdout);
    assert!(ended.stdout.contains("Clong and 2960 more"), "{}", ended.stdout);
}

#[test]
#[expect(clippy::print_stdout, reason = "a skipped test says so")]
fn ctrl_c_is_130() {
    let mut child =
        undertone(&["convert", "--in", "-"]).stdin(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    wait_for_handler(child.id());
    let killed = Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    if killed.is_ok_and(|status| status.success()) {
        assert_eq!(ended_with_stdin_open(&mut child), Some(130));
    } else {
        println!("skipped: no `kill` on this system");
        child.kill().unwrap();
    }
    child.wait().unwrap();
}

/// Waits until the process catches SIGINT (bit 2 of `SigCgt`, proc(5)), at most ten seconds.
fn wait_for_handler(pid: u32) {
    let catches = || {
        let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
        let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:"));
        caught.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).is_some_and(|mask| mask & 2 != 0)
    };
    for _ in 0..500 {
        if catches() {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
}

/// Waits with standard input still open (`wait` alone would close it, which ends the command by itself).
fn ended_with_stdin_open(child: &mut std::process::Child) -> Option<i32> {
    let stdin = child.stdin.take();
    let code = child.wait().unwrap().code();
    drop(stdin);
    code
}

#[test]
#[expect(clippy::print_stdout, reason = "a skipped test says so")]
fn colours_are_for_terminals_that_want_them() {
    assert!(!convert(&["--format", "table"]).stdout.contains('\u{1b}'));
    let on_terminal = |environment: &str| {
        let (binary, input) = (env!("CARGO_BIN_EXE_undertone"), findings());
        let line = format!("{environment} '{binary}' convert --format table --in '{}'", input.display());
        let output =
            Command::new("script").args(["-qec", &line, "/dev/null"]).env_remove("NO_COLOR").output();
        output.ok().filter(|output| output.status.success()).map(|output| output.stdout)
    };
    match (on_terminal(""), on_terminal("NO_COLOR=1")) {
        (Some(wanted), Some(unwanted)) => {
            assert!(wanted.contains(&0x1b), "{}", String::from_utf8_lossy(&wanted));
            assert!(!unwanted.contains(&0x1b), "{}", String::from_utf8_lossy(&unwanted));
        }
        _ => println!("skipped: no `script` to make a terminal with"),
    }
}
