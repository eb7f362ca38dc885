//! Compression and archives.

use crate::support::{file, gzip, rows, run, run_limited, zip, zstd};
use undertone_engine::input::{Fault, Limits, Outcome};
use undertone_wire::RejectReason;

/// Rows of a text that end in it.
fn whole_rows(text: &[u8]) -> usize {
    memchr::memchr_iter(b'\n', text).count()
}

#[test]
fn compression_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let text = rows(30_000);
    // All rows are of the same length, so this cuts between two of them.
    let (first, second) = text.split_at(text.len() / 3);
    let plain = run(&[&file(folder.path(), "plain", &text)]);
    assert_eq!(plain.records.len(), 30_000);
    let packed: [(&str, Vec<u8>); 7] = [
        ("gz", gzip(&text)),
        ("gz-members", [gzip(first), gzip(b""), gzip(second)].concat()),
        ("gz-padded", [gzip(&text), vec![0; 1000]].concat()),
        ("gz-gz", gzip(&gzip(&text))),
        ("zst", zstd(&text)),
        ("zst-frames", [zstd(first), b"\x50\x2a\x4d\x18\x03\0\0\0abc".to_vec(), zstd(second)].concat()),
        ("zip", zip(&[("a.txt", first), ("b/c.txt", second)])),
    ];
    for (name, bytes) in packed {
        let read = run(&[&file(folder.path(), name, &bytes)]);
        assert_eq!(read.summary.outcome(), Outcome::Complete, "{name}: {:?}", read.summary);
        assert_eq!(read.records, plain.records, "{name}");
    }
}

#[test]
fn a_gz_cut_anywhere_keeps_the_rows_before() {
    let folder = tempfile::tempdir().unwrap();
    let text = rows(3000);
    let packed = gzip(&text);
    for percent in 2..100 {
        let cut = packed.len() * percent / 100;
        let mut before = Vec::new();
        let mut decoder = flate2::read::GzDecoder::new(packed.get(..cut).unwrap());
        std::io::copy(&mut decoder, &mut before).unwrap_err();
        let read = run(&[&file(folder.path(), "cut.gz", packed.get(..cut).unwrap())]);
        assert!(read.records.len() >= whole_rows(&before), "{percent} %");
        if whole_rows(&before) > 0 {
            assert_eq!(read.summary.outcome(), Outcome::Partial, "{percent} %");
            assert_eq!(read.summary.files[0].fault, Some(Fault::Truncated));
            assert_eq!(read.rejected(RejectReason::Truncated), 1);
        }
    }
}

#[test]
fn a_zst_cut_or_damaged_keeps_the_blocks_before() {
    let folder = tempfile::tempdir().unwrap();
    let text = rows(20_000);
    let packed = zstd(&text);
    // A block is at most 128 KiB of text; only the one that the damage is in may be lost.
    let most_lost = 2 * (128 << 10) / 60;
    for percent in [10, 30, 50, 70, 90, 99] {
        let at = packed.len() * percent / 100;
        let read = run(&[&file(folder.path(), "cut.zst", packed.get(..at).unwrap())]);
        assert!(read.records.len() + most_lost >= 20_000 * percent / 100 * 8 / 10, "{percent} %");
        assert_eq!(read.summary.files[0].fault, Some(Fault::Truncated), "{percent} %");
        let mut flipped = packed.clone();
        flipped[at] ^= 0xff;
        let read = run(&[&file(folder.path(), "flipped.zst", &flipped)]);
        assert!(matches!(read.summary.files[0].fault, Some(Fault::Damaged(_))), "{percent} %");
        assert_eq!(read.summary.outcome(), Outcome::Partial);
    }
}

#[test]
fn a_damaged_gz_keeps_the_rows_before_and_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let text = rows(20_000);
    let mut packed = gzip(&text);
    let end = packed.len();
    packed[end - 6] ^= 1;
    let read = run(&[&file(folder.path(), "checksum.gz", &packed)]);
    assert_eq!(read.records.len(), 20_000);
    assert!(matches!(read.summary.files[0].fault, Some(Fault::Damaged(_))));
    assert_eq!(read.summary.outcome(), Outcome::Partial);
    // A member of a kind that cannot be: everything before it stands.
    let members = [gzip(&text), b"\x1f\x8b\x08\xe0broken".to_vec()].concat();
    let read = run(&[&file(folder.path(), "member.gz", &members)]);
    assert_eq!(read.records.len(), 20_000);
    assert_eq!(read.summary.outcome(), Outcome::Partial);
}

#[test]
fn trailing_garbage_is_named_and_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    for (name, packed) in [("a.gz", gzip(&rows(100))), ("a.zst", zstd(&rows(100)))] {
        let read = run(&[&file(folder.path(), name, &[packed, b"garbage at the end".to_vec()].concat())]);
        assert_eq!(read.records.len(), 100, "{name}");
        assert_eq!(read.summary.files[0].fault, Some(Fault::TrailingGarbage), "{name}");
        assert_eq!(read.summary.outcome(), Outcome::Complete, "{name}");
    }
}

#[test]
fn archives_are_read_two_levels_deep_and_no_further_than_allowed() {
    let folder = tempfile::tempdir().unwrap();
    let text = rows(50);
    let inner = zip(&[("log.txt", &text), ("../../escape.txt", &text), ("log.gz", &gzip(&text))]);
    let outer = zip(&[("inner.zip", &inner), ("note.md", b"# not a log\n"), ("dir/", b"")]);
    let path = file(folder.path(), "outer.zip", &zip(&[("outer.zip", &outer)]));
    let read = run(&[&path]);
    assert_eq!(read.records.len(), 150);
    let names: Vec<_> = read.summary.files.iter().map(|file| file.name.rsplit_once('!').unwrap().1).collect();
    assert_eq!(names, ["log.txt", "../../escape.txt", "log.gz"]);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is extracted");
    let limits = Limits { archive_depth_max: 2, ..Limits::default() };
    let read = run_limited(&path, limits);
    assert_eq!(read.records.len(), 0);
    assert!(read.skipped().iter().any(|(_, why)| why == "limit reached: archive within archive"));
    assert_eq!(read.summary.outcome(), Outcome::NothingUsable);
    let read = run_limited(&path, Limits { archive_entries_max: 1, ..Limits::default() });
    assert_eq!(read.records.len(), 50);
    assert_eq!(read.summary.outcome(), Outcome::Partial);
}

#[test]
fn a_large_nested_archive_is_spooled() {
    let folder = tempfile::tempdir().unwrap();
    let text = rows(150_000);
    let inner = zip(&[("empty.txt", b""), ("stored.txt", &text)]);
    assert!(inner.len() > 12_000_000, "larger than what is kept in memory");
    let path = file(folder.path(), "a.zip.gz", &gzip(&inner));
    assert_eq!(run(&[&path]).records.len(), 150_000);
    let read = run_limited(&path, Limits { spool_bytes_max: 1_000_000, ..Limits::default() });
    assert_eq!(read.skipped()[0].1, "larger than the limit of 1000000 bytes");
    assert_eq!(read.rejected(RejectReason::LimitReached), 1);
}

#[test]
fn broken_archives_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let text = rows(1000);
    let whole = zip(&[("a.txt", &text), ("b.txt", &text)]);
    let cut = whole.get(..whole.len() / 2).unwrap();
    let read = run(&[&file(folder.path(), "cut.zip", cut)]);
    assert_eq!(read.summary.outcome(), Outcome::NothingUsable);
    assert_eq!(read.rejected(RejectReason::Damaged), 1);
    // A wrong byte inside the stored entry: only the checksum shows it.
    let mut flipped = whole.clone();
    let at = whole.windows(10).rposition(|window| window == b"1700000500").unwrap();
    flipped[at + 9] = b'1';
    let read = run(&[&file(folder.path(), "flipped.zip", &flipped)]);
    assert_eq!(read.records.len(), 2000);
    assert_eq!(read.summary.outcome(), Outcome::Partial);
    assert!(matches!(read.summary.files[1].fault, Some(Fault::Damaged(_))));
}
