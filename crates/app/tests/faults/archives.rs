//! Archives and compressed files made to hurt.

use crate::support::{Rows, names, scan};
use std::io::Write as _;
use std::path::PathBuf;
use tempfile::TempDir;

fn file(name: &str, bytes: &[u8]) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, bytes).unwrap();
    (folder, path)
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// A zip archive of deflated entries, whatever they are called (APPNOTE.TXT 4.3: local headers, directory, end).
fn zip_of(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let (mut out, mut directory) = (Vec::new(), Vec::new());
    let size = |bytes: usize| u32::try_from(bytes).unwrap().to_le_bytes();
    for (name, bytes) in entries {
        let mut crc = flate2::Crc::new();
        crc.update(bytes);
        let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(bytes).unwrap();
        let packed = encoder.finish().unwrap();
        let name_size = u16::try_from(name.len()).unwrap().to_le_bytes();
        // Version 2.0, no flags, method 8, no time; checksum, sizes, length of the name, nothing extra.
        let mut common = vec![20, 0, 0, 0, 8, 0, 0, 0, 0, 0];
        common.extend([crc.sum().to_le_bytes(), size(packed.len()), size(bytes.len())].concat());
        common.extend([name_size, [0, 0]].concat());
        directory.extend(
            [&b"PK\x01\x02\x14\0"[..], &common, &[0; 10], &size(out.len()), name.as_bytes()].concat(),
        );
        out.extend([b"PK\x03\x04", common.as_slice(), name.as_bytes(), &packed].concat());
    }
    let count = u16::try_from(entries.len()).unwrap().to_le_bytes();
    let end = [&b"PK\x05\x06\0\0\0\0"[..], &count, &count, &size(directory.len()), &size(out.len()), &[0, 0]]
        .concat();
    out.extend([directory, end].concat());
    out
}

/// Good rows, then 200 MB of nothing.
fn bomb() -> Vec<u8> {
    let mut text = Rows::default().text().into_bytes();
    text.resize(text.len() + 200_000_000, b'\n');
    text
}

#[test]
fn bombs_end_at_the_limit_and_keep_the_rows_before() {
    let bomb = bomb();
    for bytes in [gzip(&bomb), zip_of(&[("a.log", &bomb)])] {
        assert!(bytes.len() < 1_000_000);
        let (_folder, path) = file("bomb", &bytes);
        let ended = scan(&[&path]);
        ended.expect(3, 200);
        assert!(ended.stderr.contains("times its size"), "{}", ended.stderr);
    }
}

#[test]
fn archives_in_archives_end_at_the_limit() {
    let mut inner = zip_of(&[("conn.log", Rows::default().text().as_bytes())]);
    for _ in 0..5 {
        let copies: Vec<_> = (0..10).map(|number| format!("{number}.zip")).collect();
        let entries: Vec<_> = copies.iter().map(|name| (name.as_str(), inner.as_slice())).collect();
        inner = zip_of(&entries);
    }
    let good = Rows { phone: "10.20.0.8", uid: "D", ..Rows::default() }.text();
    let (_folder, path) = file("nest.zip", &zip_of(&[("good.log", good.as_bytes()), ("nest.zip", &inner)]));
    let ended = scan(&[&path]);
    ended.expect(3, 200);
    assert!(ended.stderr.contains("archive within archive"), "{}", ended.stderr);
}

/// Entries that are all the same bytes of the archive (Fifield, "A better zip bomb", 2019): what they cost is held
/// against the size on disk, not against what each of them claims.
#[test]
fn entries_that_overlap_end_at_the_limit() {
    let text = Rows { count: 40_000, ..Rows::default() }.text();
    let one = zip_of(&[("000000.log", text.as_bytes())]);
    let local = &one[..one.windows(4).position(|bytes| bytes == b"PK\x01\x02").unwrap()];
    let listed = &one[local.len()..one.len() - 22];
    let count = 500_u16;
    let mut directory = Vec::new();
    for number in 0..count {
        directory.extend_from_slice(&listed[..listed.len() - 10]);
        directory.extend(format!("{number:06}.log").bytes());
    }
    let size = |bytes: usize| u32::try_from(bytes).unwrap().to_le_bytes();
    let counts = [count.to_le_bytes(), count.to_le_bytes()].concat();
    let end =
        [&b"PK\x05\x06\0\0\0\0"[..], &counts, &size(directory.len()), &size(local.len()), &[0, 0]].concat();
    let (_folder, path) = file("overlap.zip", &[local, &directory, &end].concat());
    let began = std::time::Instant::now();
    let ended = scan(&[&path]);
    assert_eq!(ended.code, Some(3), "{}", ended.stderr);
    // 500 times 15 MB would be 7 GB; 64 MiB and 250 times the size on disk are allowed.
    assert!((40_000..20_000_000).contains(&ended.accepted()), "{}", ended.accepted());
    assert!(ended.stderr.contains("times its size") || ended.stderr.contains("overlap"), "{}", ended.stderr);
    println!("{} rows in {:.1} s", ended.accepted(), began.elapsed().as_secs_f64());
}

#[test]
fn names_of_entries_lead_nowhere() {
    let text = Rows::default().text();
    let names_in = ["../../escaped.log", "/tmp/escaped-undertone.log", "a/\u{1b}[31m.log", "C:\\x.log"];
    let entries: Vec<_> = names_in.iter().map(|name| (*name, text.as_bytes())).collect();
    let (folder, path) = file("slip.zip", &zip_of(&entries));
    let ended = scan(&[&path]);
    ended.expect(0, 800);
    assert!(!ended.stderr.contains('\u{1b}') && !ended.stdout.contains('\u{1b}'));
    assert_eq!(names(folder.path()), ["slip.zip"]);
    assert!(!folder.path().join("../../escaped.log").exists());
    assert!(!PathBuf::from("/tmp/escaped-undertone.log").exists());
}

#[test]
fn members_garbage_and_padding_of_gzip() {
    let text = Rows::default().text();
    let (first, second) = text.split_at(text.len() / 3);
    let members = [gzip(first.as_bytes()), gzip(b""), gzip(second.as_bytes())].concat();
    for tail in [&b""[..], b"garbage garbage garbage", &[0; 512]] {
        let (_folder, path) = file("conn.00:00:00-01:00:00.log.gz", &[&members[..], tail].concat());
        scan(&[&path]).expect(0, 200);
    }
}

#[test]
fn frames_of_zstd_and_a_window_that_is_too_large() {
    let text = Rows::default().text();
    let (first, second) = text.split_at(text.len() / 3);
    let frame = |text: &str| zstd::encode_all(text.as_bytes(), 3).unwrap();
    let (_folder, path) = file("conn.log.zst", &[frame(first), frame(second)].concat());
    scan(&[&path]).expect(0, 200);

    // A header that asks for a window of 2 GiB (RFC 8878 section 3.1.1.1.2: exponent 21).
    let mut wide = vec![0x28, 0xb5, 0x2f, 0xfd, 0x00, 21 << 3];
    wide.extend([1, 0, 0]);
    let (_folder, path) = file("wide.zst", &wide);
    let ended = scan(&[&path]);
    assert_eq!(ended.code, Some(65), "{}", ended.stderr);
    let (_folder, path) = file("both.log.zst", &[frame(&text), wide].concat());
    scan(&[&path]).expect(3, 200);
}
