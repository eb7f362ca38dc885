//! Folders, links, special files and names.

use crate::support::{file, rows, run};
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::process::Command;
use undertone_engine::input::Outcome;

#[test]
fn a_folder_is_read_in_name_order_with_all_below_it() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir_all(folder.path().join("b/c")).unwrap();
    file(folder.path(), "z", &rows(1));
    file(folder.path(), "a", &rows(2));
    file(&folder.path().join("b/c"), "deep", &rows(3));
    file(folder.path(), "readme.md", b"# unknown\n");
    file(folder.path(), "empty", b"");
    let read = run(&[folder.path()]);
    let names: Vec<_> = read.summary.files.iter().map(|file| file.name.rsplit('/').next().unwrap()).collect();
    assert_eq!(names, ["a", "deep", "z"]);
    let reasons: Vec<_> = read.skipped().into_iter().map(|(_, reason)| reason).collect();
    assert_eq!(reasons, ["empty", "unknown content"]);
    assert_eq!(read.summary.outcome(), Outcome::Complete, "unknown and empty files lose nothing");
    assert_eq!(read.progress.bytes_done(), read.summary.bytes());
    assert!(read.progress.bytes_total() >= read.progress.bytes_done());
}

#[test]
fn links_never_lead_twice_to_the_same_rows() {
    let folder = tempfile::tempdir().unwrap();
    let log = file(folder.path(), "a.log", &rows(5));
    fs::hard_link(&log, folder.path().join("b.log")).unwrap();
    symlink("a.log", folder.path().join("current")).unwrap();
    symlink(".", folder.path().join("loop")).unwrap();
    symlink("self", folder.path().join("self")).unwrap();
    symlink("nowhere", folder.path().join("broken")).unwrap();
    let read = run(&[folder.path(), &log, folder.path()]);
    assert_eq!(read.records.len(), 5);
    let count = |reason: &str| read.skipped().iter().filter(|(_, why)| why.starts_with(reason)).count();
    assert_eq!(count("already read"), 5, "{:?}", read.skipped());
    assert_eq!(read.skipped().len(), 7, "a loop and a broken link cannot be read");
    assert_eq!(read.summary.outcome(), Outcome::Partial);
}

#[test]
fn special_files_in_a_folder_are_skipped_and_named() {
    let folder = tempfile::tempdir().unwrap();
    file(folder.path(), "a.log", &rows(5));
    assert!(Command::new("mkfifo").arg(folder.path().join("pipe")).status().unwrap().success());
    let _socket = std::os::unix::net::UnixListener::bind(folder.path().join("socket")).unwrap();
    symlink("/dev/zero", folder.path().join("zero")).unwrap();
    let read = run(&[folder.path()]);
    assert_eq!(read.records.len(), 5);
    let reasons: Vec<_> = read.skipped().into_iter().map(|(_, reason)| reason).collect();
    assert_eq!(reasons, ["a FIFO, not a file", "a socket, not a file", "a device, not a file"]);
    assert_eq!(read.summary.outcome(), Outcome::Complete);
}

#[test]
fn a_fifo_that_is_named_is_read() {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in [
        ("plain", rows(5000)),
        ("zip", crate::support::zip(&[("a", &rows(2000)), ("b", &rows(3000))])),
        ("gz", crate::support::gzip(&rows(5000))),
    ] {
        let path = folder.path().join(name);
        assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
        let target = path.clone();
        let writer = std::thread::spawn(move || fs::write(target, bytes));
        let read = run(&[&path]);
        writer.join().unwrap().unwrap();
        assert_eq!(read.records.len(), 5000, "{name}");
        assert_eq!(read.summary.outcome(), Outcome::Complete, "{name}");
    }
}

#[test]
fn a_refused_folder_is_named_and_the_rest_is_read() {
    let folder = tempfile::tempdir().unwrap();
    file(folder.path(), "a.log", &rows(5));
    let closed = folder.path().join("closed");
    fs::create_dir(&closed).unwrap();
    file(&closed, "b.log", &rows(5));
    let secret = file(folder.path(), "secret.log", &rows(5));
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o0)).unwrap();
    fs::set_permissions(&secret, fs::Permissions::from_mode(0o0)).unwrap();
    let is_root = fs::read_dir(&closed).is_ok();
    let read = run(&[folder.path(), &folder.path().join("missing")]);
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o700)).unwrap();
    // Root reads everything; then only the missing file is refused.
    let (records, refused) = if is_root { (15, 1) } else { (5, 3) };
    assert_eq!(read.records.len(), records);
    assert_eq!(read.skipped().len(), refused);
    assert_eq!(read.summary.outcome(), Outcome::Partial);
}

#[test]
fn odd_names_are_read_and_shown_escaped() {
    let folder = tempfile::tempdir().unwrap();
    let name = OsStr::from_bytes(b"odd\xff\n\x1b[31m");
    fs::write(folder.path().join(name), rows(3)).unwrap();
    let read = run(&[folder.path()]);
    assert_eq!(read.records.len(), 3);
    assert!(read.summary.files[0].name.ends_with("odd\\xff\\x0a\\x1b[31m"));
}

#[test]
fn ten_thousand_small_files_and_a_deep_folder() {
    let folder = tempfile::tempdir().unwrap();
    for number in 0..10_000 {
        file(folder.path(), &format!("{number:05}"), &rows(2));
    }
    let mut deep = folder.path().join("deep");
    for _ in 0..400 {
        deep.push("d");
    }
    fs::create_dir_all(&deep).unwrap();
    file(&deep, "log", &rows(1));
    let read = run(&[folder.path()]);
    assert_eq!(read.records.len(), 20_001);
    assert_eq!(read.summary.outcome(), Outcome::Complete);
}
