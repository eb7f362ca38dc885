//! Ends that come early: full disks, closed pipes, Ctrl-C.

use crate::support::{Rows, folder, has, names, shell};
use std::io::{Read as _, Write as _};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

fn run(before: &str, args: &[&str]) -> Output {
    let output = shell(before, args).output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(!stderr.contains("panicked"), "{stderr}");
    output
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// Enough distinct rows to pass a quarter of the smallest memory that may be asked for.
pub(crate) fn too_much() -> TempDir {
    // Long ids make much of few rows.
    let uid = "C".repeat(400);
    folder(Rows { count: 60_000, every_secs: 1, uid: &uid, ..Rows::default() })
}

#[test]
fn an_output_without_room_is_said_and_leaves_nothing() {
    if !Path::new("/dev/full").exists() {
        println!("skipped: no /dev/full here");
        return;
    }
    let folder = folder(Rows::default());
    let input = text(folder.path());
    let full = run("", &["scan", "--all", "-o", "jsonl:/dev/full", input]);
    assert_eq!(full.status.code(), Some(74));
    assert!(String::from_utf8_lossy(&full.stderr).contains("No space left"));
    let redirected = run("exec >/dev/full;", &["scan", "--all", "--format", "jsonl", input]);
    assert_eq!(redirected.status.code(), Some(74));
    // What is said on standard error is not worth failing for.
    let unheard = run("exec 2>/dev/full;", &["scan", "--all", "--format", "jsonl", input]);
    assert_eq!(unheard.status.code(), Some(0));
    // A file that may not grow: the old one stays, the new one goes.
    let out = folder.path().join("findings.jsonl");
    std::fs::write(&out, "old").unwrap();
    let small = run(
        "trap '' XFSZ; ulimit -f 0;",
        &["scan", "--all", "-o", text(&out), text(&folder.path().join("conn.log"))],
    );
    assert_eq!(small.status.code(), Some(74), "{}", String::from_utf8_lossy(&small.stderr));
    assert_eq!(std::fs::read_to_string(&out).unwrap(), "old");
    assert_eq!(names(folder.path()), ["conn.log", "findings.jsonl"]);
}

#[test]
fn a_full_disk_while_spilling_is_said_and_leaves_nothing() {
    let folder = too_much();
    let spill = tempfile::tempdir().unwrap();
    let before = format!("trap '' XFSZ; ulimit -f 64; export TMPDIR='{}';", spill.path().display());
    let args = ["scan", "--memory", "64M", "--format", "jsonl", text(folder.path())];
    let small = run(&before, &args);
    assert_eq!(small.status.code(), Some(74), "{}", String::from_utf8_lossy(&small.stderr));
    let said = String::from_utf8_lossy(&small.stderr);
    assert!(said.contains("temporary storage") && said.contains(text(spill.path())), "{said}");
    assert!(names(spill.path()).is_empty());

    let mount = ["-t", "tmpfs", "-o", "size=256k", "tmpfs", text(spill.path())];
    if !has("mount", &mount) {
        return;
    }
    let before = format!("export TMPDIR='{}';", spill.path().display());
    let full = run(&before, &args);
    let left = names(spill.path());
    let unmounted = Command::new("umount").arg(spill.path()).status().unwrap();
    assert!(unmounted.success());
    assert_eq!(full.status.code(), Some(74), "{}", String::from_utf8_lossy(&full.stderr));
    assert!(left.is_empty(), "{left:?}");
}

/// What a scan moves to the disk besides packed records as they come: each time there is too little room at a later
/// step than the first.
#[test]
fn a_disk_that_fills_up_later_is_said_and_leaves_nothing() {
    let at_once = |count, uid, phones: i64| {
        let folder = tempfile::tempdir().unwrap();
        let mut text = String::new();
        for phone in 0..phones {
            let phone = format!("10.20.{}.{}", phone / 250, phone % 250);
            text += &Rows { count, every_secs: 1, uid, phone: &phone, ..Rows::default() }.text();
        }
        std::fs::write(folder.path().join("conn.log"), text).unwrap();
        folder
    };
    let long = "C".repeat(400);
    let cases: [(&str, TempDir, u32, &[&str]); 3] = [
        // The first spill of packed records (a quarter of 64 MiB) fits, the second does not.
        ("the second spill", at_once(60_000, &long, 1), 15_000, &["scan", "--format", "jsonl"]),
        // Packed records fit in memory; those of one large phone, put together anew, do not.
        ("a phone in parts", at_once(60_000, "C", 1), 64, &["scan", "--format", "jsonl"]),
        // Phones without a series that may be a machine's wait for the end of `learn`, and nothing else is too much.
        ("phones that wait", at_once(1, "C", 55_000), 64, &["baseline", "learn", "-o", "/dev/null"]),
    ];
    for (what, folder, room_kib, args) in &cases {
        let spill = tempfile::tempdir().unwrap();
        let before = |room: &str| {
            format!("trap '' XFSZ; ulimit -f {room}; export TMPDIR='{}';", spill.path().display())
        };
        let args = [*args, &["--memory", "64M", text(folder.path())]].concat();
        let small = run(&before(&room_kib.to_string()), &args);
        let said = String::from_utf8_lossy(&small.stderr);
        assert_eq!(small.status.code(), Some(74), "{what}: {said}");
        assert!(said.contains("temporary storage") && small.stdout.is_empty(), "{what}: {said}");
        assert!(names(spill.path()).is_empty(), "{what}");
        let roomy = run(&before("unlimited"), &args);
        assert_eq!(roomy.status.code(), Some(0), "{what}: {}", String::from_utf8_lossy(&roomy.stderr));
    }
    // The same phones without a past are scanned with as little room.
    let (_, phones, room_kib, _) = &cases[2];
    let before = format!("trap '' XFSZ; ulimit -f {room_kib};");
    let scanned = run(&before, &["scan", "--memory", "64M", "--format", "jsonl", text(phones.path())]);
    assert_eq!(scanned.status.code(), Some(0), "{}", String::from_utf8_lossy(&scanned.stderr));
}

#[test]
fn a_reader_that_leaves_early_is_no_failure() {
    let folder = folder(Rows { count: 2000, ..Rows::default() });
    let binary = env!("CARGO_BIN_EXE_undertone");
    let line = format!(
        "'{binary}' scan --all --format jsonl '{}' | head -c 1; echo \" ${{PIPESTATUS[0]}}\"",
        folder.path().display()
    );
    let output = Command::new("bash").args(["-c", &line]).output().unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "{ 0\n");
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(!stderr.contains("panicked") && !stderr.contains("error"), "{stderr}");
}

/// Exit code of a child; `None` when it was killed, as it is when it does not end in 30 s.
pub(crate) fn end_of(child: &mut Child) -> Option<i32> {
    let began = Instant::now();
    while began.elapsed() < Duration::from_secs(30) {
        if let Some(status) = child.try_wait().unwrap() {
            return status.code();
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    child.kill().unwrap();
    None
}

pub(crate) fn interrupt(child: &Child) {
    let sent = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(sent.success());
}

/// Waits until a child catches SIGINT (bit 2 of `SigCgt`, proc(5)).
pub(crate) fn wait_until_it_listens(child: &Child) {
    let listens = || {
        let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
        let mask = status.lines().find_map(|line| line.strip_prefix("SigCgt:")).map(str::trim);
        mask.and_then(|mask| u64::from_str_radix(mask, 16).ok()).is_some_and(|mask| mask & 2 != 0)
    };
    for _ in 0..1000 {
        if listens() {
            return;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("it never listens");
}

/// Starts a command and interrupts it once it listens: that is what it ends by.
pub(crate) fn interrupt_early(command: &mut Command) {
    let quiet = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = quiet.spawn().unwrap();
    wait_until_it_listens(&child);
    interrupt(&child);
    assert_eq!(end_of(&mut child), Some(130));
}

#[test]
fn ctrl_c_leaves_nothing_even_while_a_pipe_is_silent() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("findings.jsonl");
    let mut child = Command::new(env!("CARGO_BIN_EXE_undertone"))
        .args(["scan", "-", "-o", text(&out)])
        .env("TMPDIR", folder.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    wait_until_it_listens(&child);
    // Rows, then silence: the read never returns by itself.
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(Rows { count: 2000, ..Rows::default() }.text().as_bytes()).unwrap();
    interrupt(&child);
    assert_eq!(end_of(&mut child), Some(130));
    drop(stdin);
    let mut said = String::new();
    child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    assert!(!said.contains("panicked"), "{said}");
    assert!(names(folder.path()).is_empty());
}

#[test]
fn ctrl_c_in_the_middle_of_a_scan_leaves_nothing() {
    let input = too_much();
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("findings.jsonl");
    let mut command = Command::new(env!("CARGO_BIN_EXE_undertone"));
    command.args(["scan", "--memory", "64M", text(input.path()), "-o", text(&out)]);
    interrupt_early(command.env("TMPDIR", folder.path()));
    assert!(names(folder.path()).is_empty());
}
