//! Threads, order, splits, compression and memory change nothing.

use crate::support::{Dice, Logs, START_SECS, Visit, jsonl, options, run, scan_folder, write};
use std::fs;
use std::process::{Command, Stdio};

#[test]
fn threads_and_memory_change_nothing() {
    let folder = Logs::fleet().folder();
    let base = options(&[folder.path().to_owned()]);
    let one = run(&base);
    assert!(!one.findings.is_empty());
    let expected = jsonl(&one);
    for (threads, memory_bytes) in [(2, 1 << 30), (3, 4 << 20), (1, 4 << 20)] {
        let mut changed = base.clone();
        (changed.threads, changed.memory_bytes) = (threads, memory_bytes);
        let report = run(&changed);
        assert_eq!(jsonl(&report), expected, "{threads} threads, {memory_bytes} bytes");
        assert_eq!(
            (
                report.summary.devices,
                report.summary.sessions,
                report.summary.series,
                report.summary.rows_accepted
            ),
            (one.summary.devices, one.summary.sessions, one.summary.series, one.summary.rows_accepted)
        );
    }
}

#[test]
fn the_order_of_rows_and_their_files_change_nothing() {
    let logs = Logs::fleet();
    let expected = jsonl(&scan_folder(logs.folder().path()));

    let mut shuffled = logs.clone();
    let mut dice = Dice::new(99);
    for lines in [&mut shuffled.conn, &mut shuffled.ssl] {
        lines.sort_by_cached_key(|_| dice.next());
    }
    assert_eq!(jsonl(&scan_folder(shuffled.folder().path())), expected, "shuffled");

    let split = tempfile::tempdir().unwrap();
    for (name, lines) in [("conn", &logs.conn), ("ssl", &logs.ssl)] {
        let (first, second) = lines.split_at(lines.len() / 3);
        write(&split.path().join(format!("z-{name}.log")), first);
        write(&split.path().join(format!("a-{name}.log")), second);
    }
    assert_eq!(jsonl(&scan_folder(split.path())), expected, "split");
}

/// What a log may say at the most: 2^64 - 1 bytes, and both ends of time.
#[test]
fn the_largest_numbers_overflow_nothing() {
    let mut logs = Logs::people(3);
    for (start, host) in
        [(START_SECS, "api.example.net"), (-6.2e10, "old.example.net"), (2.5e11, "new.example.net")]
    {
        for number in 0..40_u32 {
            logs.visit(&Visit {
                uid: format!("C{host}{number}"),
                at: start + 60.0 * f64::from(number),
                phone: 0,
                resp: "198.51.100.77",
                host,
                secs: 0.5,
                bytes: (u64::MAX, 1),
            });
        }
    }
    assert_eq!(scan_folder(logs.folder().path()).summary.rows_rejected.len(), 0);
}

#[test]
fn rows_that_come_twice_count_once() {
    let logs = Logs::fleet();
    let once = scan_folder(logs.folder().path());
    let mut twice = logs.clone();
    twice.conn.extend(logs.conn.iter().cloned());
    twice.ssl.extend(logs.ssl.iter().cloned());
    let twice = scan_folder(twice.folder().path());
    assert_eq!(jsonl(&twice), jsonl(&once));
    assert_eq!(twice.summary.sessions, once.summary.sessions);
    let doubled = logs.conn.len() + logs.ssl.len();
    let note = format!("{doubled} records said what another had said and count once");
    assert!(twice.summary.notes.contains(&note), "{:?}", twice.summary.notes);
}

#[test]
fn compressed_files_say_the_same() {
    let folder = Logs::fleet().folder();
    let expected = jsonl(&scan_folder(folder.path()));
    for name in ["conn.log", "ssl.log"] {
        let path = folder.path().join(name);
        let gzip = Command::new("gzip").arg(&path).stdin(Stdio::null()).status();
        if !gzip.is_ok_and(|status| status.success()) {
            println!("skipped: no gzip here");
            return;
        }
        assert!(!path.exists());
        assert!(fs::metadata(folder.path().join(format!("{name}.gz"))).unwrap().len() > 0);
    }
    assert_eq!(jsonl(&scan_folder(folder.path())), expected);
}

#[test]
fn an_open_report_yields_to_the_final_one() {
    let logs = Logs::fleet();
    let expected = scan_folder(logs.folder().path());
    let folder = logs.folder();
    // What an hourly report on long connections says of some of the same connections, with less of their life.
    let open: Vec<String> = logs
        .conn
        .iter()
        .step_by(9)
        .map(|row| row.replace(r#""_path":"conn""#, r#""_path":"open_conn""#))
        .map(|row| {
            let (head, tail) = row.split_once(r#""duration":"#).unwrap();
            let (_, rest) = tail.split_once(',').unwrap();
            format!(r#"{head}"duration":0.000001,{rest}"#)
        })
        .collect();
    write(&folder.path().join("open_conn.log"), &open);
    let report = scan_folder(folder.path());
    assert_eq!(jsonl(&report), jsonl(&expected));
    assert_eq!(report.summary.sessions, expected.summary.sessions);

    // Without the final reports, the open ones stand for the connections.
    let alone = tempfile::tempdir().unwrap();
    write(&alone.path().join("open_conn.log"), &open);
    assert_eq!(scan_folder(alone.path()).summary.sessions, open.len() as u64);
}
