//! Bombs and other inputs that try to cost too much.

use crate::support::{file, gzip, rows, run, run_limited, zip, zstd};
use undertone_engine::input::{Fault, Limits, Outcome};
use undertone_wire::RejectReason;

fn bomb_text(bytes: usize) -> Vec<u8> {
    let mut text = rows(10);
    text.resize(bytes, b'\t');
    text
}

#[test]
fn a_bomb_ends_at_its_ratio_and_keeps_the_rows_before() {
    let folder = tempfile::tempdir().unwrap();
    let text = bomb_text(40_000_000);
    let limits = Limits { decompressed_base_bytes: 8 << 20, ..Limits::default() };
    let entry = zip(&[("bomb", &text)]);
    for (name, bytes) in [("a.gz", gzip(&text)), ("a.zst", zstd(&text)), ("a.zip", entry)] {
        let read = run_limited(&file(folder.path(), name, &bytes), limits);
        assert_eq!(read.records.len(), 10, "{name}");
        let fault = read.summary.files[0].fault.clone();
        assert!(matches!(fault, Some(Fault::RatioExceeded { ratio: 250, .. })), "{name}: {fault:?}");
        assert_eq!(read.rejected(RejectReason::LimitReached), 1, "{name}");
        assert_eq!(read.summary.outcome(), Outcome::Partial, "{name}");
        assert!(read.summary.bytes() < 30_000_000, "the rest was not read");
    }
}

#[test]
fn a_bomb_of_unknown_content_is_skipped_with_its_name() {
    let folder = tempfile::tempdir().unwrap();
    let read = run(&[&file(folder.path(), "bomb.gz", &gzip(&vec![b'\t'; 50_000_000]))]);
    assert_eq!(read.skipped()[0].1, "unknown content");
    assert_eq!(read.summary.outcome(), Outcome::NothingUsable);
}

#[test]
fn entries_of_one_archive_share_its_budget() {
    let folder = tempfile::tempdir().unwrap();
    let text = bomb_text(4_000_000);
    let entries: Vec<_> = (0..10).map(|number| (format!("entry-{number}"), text.as_slice())).collect();
    let entries: Vec<_> = entries.iter().map(|(name, bytes)| (name.as_str(), *bytes)).collect();
    // Only every second entry is compressed; the stored ones cost no budget.
    let packed = zip(&entries);
    let base = Limits { decompressed_base_bytes: 6_000_000, decompressed_ratio_max: 0, ..Limits::default() };
    let read = run_limited(&file(folder.path(), "many.zip", &packed), base);
    let stopped = read.summary.partial().count();
    assert!(stopped >= 3, "one whole entry fits and one begins: {stopped}");
}

#[test]
fn long_lines_are_dropped_without_being_stored() {
    let folder = tempfile::tempdir().unwrap();
    let mut text = rows(100);
    text.extend_from_slice(b"{\"kind\":\"state\",\"x\":\"");
    text.resize(text.len() + (8 << 20), b'A');
    text.extend_from_slice(b"\"}\n");
    text.extend_from_slice(&rows(100));
    for (name, bytes) in [("plain", text.clone()), ("zst", zstd(&text))] {
        let read = run(&[&file(folder.path(), name, &bytes)]);
        assert_eq!(read.records.len(), 200, "{name}");
        assert_eq!(read.rejected(RejectReason::LineTooLong), 1, "{name}");
        let rejects = &read.summary.files[0].tally.rejected[&RejectReason::LineTooLong];
        assert_eq!(rejects.first_line, 101);
        assert_eq!(read.summary.bytes(), text.len() as u64, "what was dropped was read, too");
        assert_eq!(read.summary.outcome(), Outcome::Complete);
    }
}

#[test]
fn a_document_has_a_largest_size() {
    let folder = tempfile::tempdir().unwrap();
    let mut text = b"user=0\n  Last 24 hour events\n".to_vec();
    for second in 0..60 {
        text.extend_from_slice(
            format!(
                "    time=\"2026-09-26 23:10:{second:02}\" type=KEYGUARD_HIDDEN package=android flags=0x0\n"
            )
            .as_bytes(),
        );
    }
    let path = file(folder.path(), "usagestats.txt", &text);
    let options = undertone_engine::input::ReadOptions {
        utc_offset: undertone_wire::mobile::usagestats::UtcOffset::parse("+02:00"),
        ..Default::default()
    };
    let whole = crate::support::run_with(&[&path], &options);
    assert_eq!(whole.records.len(), 60);
    let limits = Limits { document_bytes_max: 2000, ..Limits::default() };
    let cut = crate::support::run_with(&[&path], &undertone_engine::input::ReadOptions { limits, ..options });
    assert!(!cut.records.is_empty() && cut.records.len() < 60);
    assert_eq!(cut.summary.files[0].fault, Some(Fault::BytesExceeded(2000)));
    assert_eq!(cut.summary.outcome(), Outcome::Partial);
}
