//! Threads, changing files and interruption.

use crate::support::{Kept, Run, file, gzip, rows, run, run_with};
use std::fs;
use std::path::Path;
use undertone_core::model::Record;
use undertone_engine::input::{
    Fault, InputPath, Outcome, Plan, Progress, ReadOptions, SourceInfo, SourceSink, read_records,
};
use undertone_wire::{RecordSink, RejectReason};

fn threads(paths: &[&Path], threads: usize) -> Run {
    run_with(paths, &ReadOptions { threads, ..ReadOptions::default() })
}

#[test]
fn the_number_of_threads_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mut text = rows(60_000);
    text.extend_from_slice(b"not json\n{\"kind\":\"state\"}\n");
    text.extend_from_slice(&rows(100));
    let plain = file(folder.path(), "plain", &text);
    let packed = file(folder.path(), "packed", &gzip(&text));
    let one = threads(&[&plain, &packed], 1);
    assert_eq!(one.records.len(), 120_200);
    for count in [2, 3, 8] {
        let many = threads(&[&plain, &packed], count);
        assert_eq!(many.records, one.records);
        assert_eq!(many.summary, one.summary);
    }
    let tally = &one.summary.files[0].tally;
    assert_eq!(tally.rejected[&RejectReason::BadJson].first_line, 60_001);
    assert_eq!(one.summary.files[1].tally, *tally);
}

#[test]
fn one_file_is_shared_by_all_threads() {
    let folder = tempfile::tempdir().unwrap();
    let path = file(folder.path(), "big", &rows(400_000));
    let options = ReadOptions { threads: 2, ..ReadOptions::default() };
    let progress = Progress::default();
    let plan = Plan::new(&[InputPath::Path(path)], &options, &progress);
    let (sinks, summary) = read_records(&plan, &options, |_| Kept::default(), &progress);
    assert_eq!(summary.accepted(), 400_000);
    assert!(sinks.iter().all(|sink| !sink.records.is_empty()), "both threads had a share");
}

/// Does something to the input at the first record.
struct Meddler<F: FnMut()>(Option<F>);

impl<F: FnMut()> RecordSink for Meddler<F> {
    fn record(&mut self, _: Record<'_>) {
        if let Some(mut meddle) = self.0.take() {
            meddle();
        }
    }
    fn reject(&mut self, _: u64, _: RejectReason, _: &str) {}
    fn ignore(&mut self, _: &str) {}
}

impl<F: FnMut()> SourceSink for Meddler<F> {
    fn begin_source(&mut self, _: &SourceInfo<'_>) {}
}

/// Reads one file while `meddle` runs at its first record.
fn meddled(path: &Path, meddle: impl FnMut() + Send + Clone) -> undertone_engine::input::InputSummary {
    let options = ReadOptions { threads: 1, ..ReadOptions::default() };
    let progress = Progress::default();
    let plan = Plan::new(&[InputPath::Path(path.to_owned())], &options, &progress);
    read_records(&plan, &options, |_| Meddler(Some(meddle.clone())), &progress).1
}

#[test]
fn files_that_change_while_they_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let text = rows(60_000);
    let path = file(folder.path(), "log", &text);
    let size = text.len() as u64;
    let shrunk =
        meddled(&path, || fs::OpenOptions::new().write(true).open(&path).unwrap().set_len(10).unwrap());
    assert!(shrunk.accepted() > 0 && shrunk.accepted() < 60_000);
    assert!(matches!(shrunk.files[0].fault, Some(Fault::Shrank { expected, .. }) if expected == size));
    assert_eq!(shrunk.outcome(), Outcome::Partial);

    fs::write(&path, &text).unwrap();
    let grown = meddled(&path, || {
        use std::io::Write;
        fs::OpenOptions::new().append(true).open(&path).unwrap().write_all(&rows(10)).unwrap();
    });
    assert_eq!(grown.accepted(), 60_010);
    assert_eq!(grown.outcome(), Outcome::Complete);

    fs::write(&path, &text).unwrap();
    let removed = meddled(&path, || fs::remove_file(&path).unwrap());
    assert_eq!(removed.accepted(), 60_000, "an open file stays readable");
}

#[test]
fn a_file_that_vanishes_before_it_is_read_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let (gone, stays) = (file(folder.path(), "gone", &rows(5)), file(folder.path(), "stays", &rows(5)));
    let options = ReadOptions::default();
    let progress = Progress::default();
    let inputs = [InputPath::Path(gone.clone()), InputPath::Path(stays)];
    let plan = Plan::new(&inputs, &options, &progress);
    fs::remove_file(gone).unwrap();
    let (_, summary) = read_records(&plan, &options, |_| Kept::default(), &progress);
    assert_eq!(summary.accepted(), 5);
    assert_eq!(summary.skipped.len(), 1);
    assert_eq!(summary.outcome(), Outcome::Partial);
}

#[test]
fn a_stop_ends_the_run_between_blocks() {
    let folder = tempfile::tempdir().unwrap();
    let path = file(folder.path(), "log", &rows(100_000));
    let options = ReadOptions { threads: 2, ..ReadOptions::default() };
    let progress = Progress::default();
    let plan = Plan::new(&[InputPath::Path(path)], &options, &progress);
    let stop = options.stop.clone();
    let (_, summary) = read_records(&plan, &options, |_| Meddler(Some(|| stop.stop())), &progress);
    assert!(summary.interrupted);
    assert!(summary.accepted() < 100_000);
    assert_eq!(summary.outcome(), Outcome::Partial);
}

#[test]
fn rows_without_a_last_newline_and_with_carriage_returns_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let text = String::from_utf8(rows(10)).unwrap().replace('\n', "\r\n");
    let read = run(&[&file(folder.path(), "log", text.trim_end().as_bytes())]);
    assert_eq!(read.records.len(), 10);
}
