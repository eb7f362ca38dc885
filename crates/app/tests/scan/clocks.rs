//! What phones say of the traffic that the network saw, with clocks that are off and feeds that come twice.

use crate::support::{Logs, jsonl, scan_folder, write};
use serde_json::Value;
use undertone_engine::ScanReport;

/// What the phones of some logs say of each connection, their clocks so many seconds ahead.
fn telemetry(logs: &Logs, ahead_secs: f64) -> Vec<String> {
    let told = logs.conn.iter().map(|row| {
        let row: Value = serde_json::from_str(row).unwrap();
        let at = row["ts"].as_f64().unwrap() + ahead_secs;
        let (phone, port, server) = (&row["id.orig_h"], &row["id.orig_p"], &row["id.resp_h"]);
        format!(
            r#"{{"kind":"connection","ts":{at:.6},"device_id":{phone},"platform":"android","app_id":"com.example.app","transport":"tcp","orig_ip":{phone},"orig_port":{port},"resp_ip":{server},"resp_port":443}}"#
        )
    });
    told.collect()
}

fn scanned(logs: &Logs, telemetry: &[String]) -> ScanReport {
    let folder = logs.folder();
    write(&folder.path().join("edr.ndjson"), telemetry);
    scan_folder(folder.path())
}

#[test]
fn clocks_that_are_off_are_told() {
    let mut logs = Logs::default();
    logs.person(0);
    logs.poll(0);
    for (ahead_secs, off, unjoined, note) in [
        (0.2, 0, 0, None),
        (-7.0, 1, 0, Some("of 1 phone (10.20.0.1) was off by a second or more, the most by 7.0 s behind")),
        (7230.0, 0, 1, Some("network logs of 1 phone (10.20.0.1) do not come together")),
    ] {
        let summary = scanned(&logs, &telemetry(&logs, ahead_secs)).summary;
        assert_eq!((summary.clocks.off, summary.clocks.unjoined), (off, unjoined), "{summary:?}");
        let named = [summary.clocks.off_ids.len(), summary.clocks.unjoined_ids.len()];
        assert_eq!(named, [usize::from(off > 0), usize::from(unjoined > 0)]);
        let said: Vec<&String> = summary.notes.iter().filter(|note| note.starts_with("clocks:")).collect();
        assert_eq!(said.len(), usize::from(note.is_some()), "{said:?}");
        assert!(note.is_none_or(|note| said[0].contains(note)), "{said:?}");
    }
}

/// A feed that is given twice says nothing more than once, and what it says twice of one connection is one.
#[test]
fn a_feed_given_twice_changes_nothing() {
    let mut logs = Logs::people(4);
    logs.beacon(3);
    let once = telemetry(&logs, -7.0);
    let twice = [&once[once.len() / 3..], &once, &once[..once.len() / 3]].concat();
    let (one, two) = (scanned(&logs, &once), scanned(&logs, &twice));
    assert_eq!(one.summary.clocks.off, 4);
    assert_eq!(two.summary.clocks, one.summary.clocks);
    assert_eq!(one.summary.attribution, two.summary.attribution);
    assert!(jsonl(&one) == jsonl(&two));
    let note = format!("{} records said what another had said and count once", once.len());
    assert!(two.summary.notes.contains(&note), "{:?}", two.summary.notes);
}

/// A day whose connections nobody logged, while phones went on reporting theirs.
#[test]
fn a_sensor_that_fell_silent_is_told() {
    let mut logs = Logs::default();
    (0..40).for_each(|device| logs.person(device));
    let telemetry = telemetry(&logs, 0.0);
    assert!(silences(&scanned(&logs, &telemetry)).is_empty());
    let at = |row: &String| serde_json::from_str::<Value>(row).unwrap()["ts"].as_f64().unwrap();
    let end = logs.conn.iter().map(at).fold(f64::INFINITY, f64::min) + 4.0 * 3600.0;
    logs.conn.retain(|row| at(row) < end);
    logs.ssl.retain(|row| at(row) < end);
    let notes = silences(&scanned(&logs, &telemetry));
    assert!(notes.iter().any(|note| note.contains("hardly any connections in network logs")), "{notes:?}");
}

fn silences(report: &ScanReport) -> Vec<String> {
    report.summary.notes.iter().filter(|note| note.starts_with("silence:")).cloned().collect()
}
