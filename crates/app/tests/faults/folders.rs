//! Folders that hold more than logs, refuse to be read, or change.

use crate::support::{Rows, folder, has, names, scan, scan_with, shell};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// What cannot be written at the end is refused at the beginning.
#[test]
fn a_summary_that_can_go_nowhere_ends_the_run_before_it_begins() {
    let log = folder(Rows::default());
    let at = |name: &str| log.path().join(name).to_str().unwrap().to_owned();
    for (path, said) in
        [(at("none/summary.json"), "no folder"), (at(""), "is a folder"), (at("conn.log"), "logs")]
    {
        let output = shell("", &["scan", "--all", "--summary", &path, &at("conn.log")]).output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(74), "{stderr}");
        assert!(stderr.contains(said) && !stderr.contains("read 1 file"), "{stderr}");
        assert!(output.stdout.is_empty(), "{path}");
    }
}

#[test]
fn loops_pipes_devices_and_odd_names_in_a_folder() {
    let outer = tempfile::tempdir().unwrap();
    let folder = outer.path().join("in");
    std::fs::create_dir(&folder).unwrap();
    let at = |name: &str| folder.join(name);
    std::fs::write(at("conn.log"), Rows::default().text()).unwrap();
    symlink("..", at("up")).unwrap();
    symlink("itself", at("itself")).unwrap();
    symlink("/dev/zero", at("zero")).unwrap();
    symlink("conn.log", at("again.log")).unwrap();
    let odd = folder.join(OsStr::from_bytes(b"odd\xff\x1b[31m\n.log"));
    std::fs::write(&odd, Rows { count: 50, phone: "10.20.0.8", ..Rows::default() }.text()).unwrap();
    let fifo = has("mkfifo", &[at("pipe").to_str().unwrap()]);
    let ended = scan(&[&folder]);
    // A link to itself cannot be read: part of the input is missing.
    ended.expect(3, 250);
    assert!(!ended.stderr.contains('\u{1b}'), "names are shown escaped: {}", ended.stderr);
    assert!(ended.stderr.contains("zero: a device, not a file"), "{}", ended.stderr);
    assert!(!fifo || ended.stderr.contains("pipe: a FIFO, not a file"), "{}", ended.stderr);
}

#[test]
fn what_may_not_be_read_is_named_and_the_rest_is_read() {
    if !has("setpriv", &["--reuid=65534", "--regid=65534", "--clear-groups", "true"]) {
        return;
    }
    let folder = folder(Rows::default());
    std::fs::create_dir(folder.path().join("closed")).unwrap();
    for name in ["secret.log", "closed/conn.log"] {
        std::fs::write(folder.path().join(name), Rows::default().text()).unwrap();
    }
    let mode = |name: &str, mode| {
        std::fs::set_permissions(folder.path().join(name), std::fs::Permissions::from_mode(mode)).unwrap();
    };
    mode("secret.log", 0o000);
    mode("closed", 0o000);
    mode("", 0o755);
    let binary = env!("CARGO_BIN_EXE_undertone");
    let as_nobody = |args: &[&str]| {
        let mut command = Command::new("setpriv");
        command.args(["--reuid=65534", "--regid=65534", "--clear-groups", binary, "scan"]);
        command.args(args).arg(folder.path()).stdin(Stdio::null()).output().unwrap()
    };
    let read = as_nobody(&["--format", "jsonl"]);
    let said = String::from_utf8(read.stderr).unwrap();
    if said.contains("failed to execute") {
        println!("skipped: nobody may not run the binary here");
        return;
    }
    assert_eq!(read.status.code(), Some(3), "{said}");
    assert!(said.contains("200 rows accepted"), "{said}");
    assert!(said.contains("secret.log: Permission denied") && said.contains("closed: Permission denied"));
    // A folder that takes no file: a clear message, and nothing appears.
    let out = folder.path().join("findings.jsonl");
    let written = as_nobody(&["-o", out.to_str().unwrap()]);
    assert_eq!(written.status.code(), Some(74));
    mode("closed", 0o700);
    assert_eq!(names(folder.path()), ["closed", "conn.log", "secret.log"]);
}

#[test]
fn files_that_grow_shrink_and_vanish_meanwhile() {
    let folder = folder(Rows { count: 40_000, ..Rows::default() });
    let at = |name: &str| folder.path().join(name);
    for number in 0..200 {
        std::fs::write(at(&format!("z{number}.log")), Rows { count: 5, ..Rows::default() }.text()).unwrap();
    }
    let summary = at("summary.json");
    let args = ["scan", "--summary", summary.to_str().unwrap(), folder.path().to_str().unwrap()];
    let mut child = shell("", &args).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let began = Instant::now();
    let mut round = 0;
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        assert!(began.elapsed() < Duration::from_mins(2), "it hangs");
        let meddled = match round % 3 {
            0 => std::fs::remove_file(at(&format!("z{}.log", 199 - round % 200))),
            1 => std::fs::write(at("conn.log"), Rows { count: 40_000 - round, ..Rows::default() }.text()),
            _ => std::fs::write(at("z1.log"), Rows { count: 5 + round, ..Rows::default() }.text()),
        };
        // Once all are gone there is nothing left to remove.
        assert!(meddled.is_ok() || round > 200, "{meddled:?}");
        round += 1;
    };
    // What it could not read it says; how much that was depends on who was faster.
    assert!(matches!(status.code(), Some(0 | 3)), "{status:?}");
}

#[test]
fn ten_thousand_small_files_need_no_ten_thousand_descriptors() {
    let folder = tempfile::tempdir().unwrap();
    let text = Rows { count: 10_000, ..Rows::default() }.text();
    for (number, row) in text.lines().enumerate() {
        std::fs::write(folder.path().join(format!("conn.{number}.log")), row).unwrap();
    }
    let ended = scan_with("ulimit -n 64;", &[], &[folder.path()]);
    ended.expect(0, 10_000);
    assert_eq!(ended.summary["sessions"], 10_000);
    let whole = tempfile::tempdir().unwrap();
    std::fs::write(whole.path().join("conn.log"), text).unwrap();
    assert_eq!(scan(&[whole.path()]).stdout, ended.stdout);
}

#[test]
fn a_path_that_is_not_there_beside_one_that_is() {
    let folder = folder(Rows::default());
    let missing = folder.path().join("missing.log");
    let ended = scan(&[folder.path(), Path::new(&missing)]);
    ended.expect(3, 200);
    assert!(ended.stderr.contains("missing.log: No such file"), "{}", ended.stderr);
}

#[test]
fn a_read_only_folder_takes_no_output_and_keeps_what_it_has() {
    if !has("setpriv", &["--reuid=65534", "--regid=65534", "--clear-groups", "true"]) {
        return;
    }
    let folder = folder(Rows::default());
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o555)).unwrap();
    let out = folder.path().join("findings.jsonl");
    let scan = |args: &[&str]| {
        let mut command = Command::new("setpriv");
        command.args(["--reuid=65534", "--regid=65534", "--clear-groups", env!("CARGO_BIN_EXE_undertone")]);
        command.args(["scan", "--all", "--format", "jsonl"]).args(args).arg(folder.path());
        command.stdin(Stdio::null()).output().unwrap()
    };
    let written = scan(&["-o", out.to_str().unwrap()]);
    let said = String::from_utf8(written.stderr).unwrap();
    if said.contains("failed to execute") {
        println!("skipped: nobody may not run the binary here");
        return;
    }
    assert_eq!(written.status.code(), Some(74), "{said}");
    // Reading from it needs nothing of it.
    let read = scan(&[]);
    assert_eq!(read.status.code(), Some(0), "{}", String::from_utf8_lossy(&read.stderr));
    assert!(!read.stdout.is_empty());
    assert_eq!(names(folder.path()), ["conn.log"]);
}

/// A feed that is missing is an error with an inventory as without one: an inventory is no log.
#[test]
fn an_inventory_beside_nothing_is_no_usable_input() {
    let outer = tempfile::tempdir().unwrap();
    let (folder, list) = (outer.path().join("in"), outer.path().join("inventory.csv"));
    std::fs::create_dir(&folder).unwrap();
    let rows = "device_id,ip,from,to\nd-1,10.20.0.7,2026-05-01T00:00:00Z,2026-06-01T00:00:00Z\n";
    std::fs::write(&list, rows).unwrap();
    let inventory = ["--inventory", list.to_str().unwrap()];
    let ended = scan_with("", &inventory, &[&folder]);
    assert_eq!(ended.code, Some(65), "{}", ended.stderr);
    assert!(ended.stderr.contains("no usable input: no files were found"), "{}", ended.stderr);
    // The same where it lies in the folder, or beside what is no log.
    std::fs::copy(&list, folder.join("inventory.csv")).unwrap();
    assert_eq!(scan(&[&folder]).code, Some(65));
    std::fs::write(folder.join("notes.txt"), "nothing to see\n").unwrap();
    let ended = scan_with("", &inventory, &[&folder]);
    assert_eq!(ended.code, Some(65), "{}", ended.stderr);
    // An empty log is no error, and a log that is there is read.
    std::fs::remove_file(folder.join("notes.txt")).unwrap();
    std::fs::write(folder.join("conn.log"), "").unwrap();
    assert_eq!(scan_with("", &inventory, &[&folder]).code, Some(0));
    std::fs::write(folder.join("conn.log"), Rows::default().text()).unwrap();
    assert_eq!(scan_with("", &inventory, &[&folder]).code, Some(0));
}
