//! Every Zeek and EVE sample in the shared data, read to the last line.

mod common;

use common::{Tally, content, files, shared_data};
use undertone_wire::{RejectReason, eve, zeek};

/// Reads an input the way the engine does: by content, header by header. `None` when it is no log.
fn read(bytes: &[u8]) -> Option<Tally> {
    let mut tally = Tally::default();
    let lines = || bytes.split_inclusive(|&byte| byte == b'\n').zip(1..);
    let head = &bytes[..bytes.len().min(4096)];
    if zeek::sniff(head) {
        let mut header = None;
        let (mut offset, mut was_comment) = (0, false);
        for (line, number) in lines() {
            let is_comment = line.starts_with(b"#");
            if is_comment && !was_comment {
                header = zeek::Header::parse(&bytes[offset..]).or(header);
            }
            was_comment = is_comment;
            offset += line.len();
            zeek::parse_row(header.as_ref()?, line, number, &mut tally);
        }
    } else if eve::sniff(head) {
        lines().for_each(|(line, number)| eve::parse_line(line, number, &mut tally));
    } else if zeek::json::sniff(head) {
        lines().for_each(|(line, number)| zeek::json::parse_line(line, number, &mut tally));
    } else {
        return None;
    }
    Some(tally)
}

fn rows_of(bytes: &[u8]) -> u64 {
    let is_row = |line: &&[u8]| !line.trim_ascii_end().is_empty() && !line.starts_with(b"#");
    bytes.split(|&byte| byte == b'\n').filter(is_row).count() as u64
}

/// Samples with rows that must be rejected, and why.
const DAMAGED: [(&str, RejectReason, u64); 4] = [
    ("rita-has_unknown_field/http.log", RejectReason::MissingColumns, 1),
    ("rita-truncated/conn.log", RejectReason::MissingColumns, 1),
    ("rita-truncated/conn_json.log", RejectReason::BadJson, 1),
    ("rita-truncated/conn_json.log", RejectReason::BadNumber, 1),
];

#[test]
fn every_zeek_row_is_counted_once_and_only_damage_is_rejected() {
    let Some(data) = shared_data() else { return };
    let (mut records, mut wrong) = (0, Vec::new());
    for path in files(&data.join("zeek")) {
        let bytes = content(&path);
        let name = path.to_string_lossy().into_owned();
        let Some(tally) = read(&bytes) else { continue };
        assert_eq!(tally.rows(), rows_of(&bytes), "{name}");
        records += tally.records.len();
        if name.contains("btest-baselines") {
            // Times are masked there: every row of a readable log is rejected for it.
            assert!(tally.rejects.keys().all(|reason| *reason == RejectReason::BadTimestamp), "{name}");
            continue;
        }
        let damage = DAMAGED.iter().filter(|(file, ..)| name.ends_with(file));
        let expected = damage.map(|(_, reason, count)| (*reason, *count)).collect();
        if tally.rejects != expected {
            wrong.push((name, tally.details));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(records > 10_000, "{records}");
}

#[test]
fn every_eve_line_is_counted() {
    let Some(data) = shared_data() else { return };
    let mut records = 0;
    for path in files(&data.join("eve")) {
        let bytes = content(&path);
        let Some(tally) = read(&bytes) else { panic!("not taken for EVE: {}", path.display()) };
        assert_eq!(tally.rows(), rows_of(&bytes), "{}", path.display());
        assert_eq!(tally.rejected(), 0, "{}: {:?}", path.display(), tally.details);
        records += tally.records.len();
    }
    assert!(records > 9_000, "{records}");
}

#[test]
fn tsv_and_json_of_the_same_traffic_give_the_same_records() {
    let Some(data) = shared_data() else { return };
    let sample = data.join("zeek/zed-sample");
    let mut records = 0;
    for tsv in files(&sample.join("zeek-default")) {
        let name = tsv.file_name().unwrap().to_string_lossy().replace(".log.gz", ".json.gz");
        let from_tsv = read(&content(&tsv)).unwrap();
        let json_bytes = content(&sample.join("zeek-json").join(&name));
        let mut from_json = Tally::default();
        for (line, number) in json_bytes.split(|&byte| byte == b'\n').zip(1..) {
            zeek::json::parse_line(line, number, &mut from_json);
        }
        let (mut left, mut right) = (from_tsv.records, from_json.records);
        left.sort();
        right.sort();
        assert_eq!(left.len(), right.len(), "{name}");
        for (left, right) in left.iter().zip(&right) {
            assert_eq!(left, right, "{name}");
        }
        assert_eq!(from_tsv.ignored, from_json.ignored, "{name}");
        records += left.len();
    }
    assert!(records > 50_000, "{records}");
}

#[test]
fn phone_telemetry_is_nobodys_log() {
    let Some(data) = shared_data() else { return };
    for path in files(&data.join("mobile")) {
        let bytes = content(&path);
        let head = &bytes[..bytes.len().min(4096)];
        let claimed = zeek::sniff(head) || zeek::json::sniff(head) || eve::sniff(head);
        assert!(!claimed, "{}", path.display());
    }
}
