//! Suricata's `netflow` rows: two of them, one for each direction, are one session; beside a `flow` row they say
//! nothing new.

use crate::support::{scan_folder, write};
use undertone_engine::ScanReport;

const CHECK_INS: u32 = 200;
/// 2026-05-04T00:00:00Z.
const START_SECS: u32 = 1_777_852_800;

/// Rows of each connection: its flow, there, and back.
fn rows() -> Vec<[String; 3]> {
    let row = |number: u32| {
        let at = f64::from(START_SECS + number * 120 + number * 7 % 5);
        let (start, end) = (format!(r#""start":{at:.3}"#), format!(r#""end":{:.3}"#, at + 1.5));
        let common = format!(
            r#""timestamp":{:.3},"flow_id":{},"proto":"TCP","app_proto":"tls""#,
            at + 60.0,
            900 + number
        );
        let (phone, server) = (("10.20.0.7", 40_000 + number), ("203.0.113.9", 443));
        let from_to = |from: (&str, u32), to: (&str, u32)| {
            format!(
                r#""src_ip":"{}","src_port":{},"dest_ip":"{}","dest_port":{}"#,
                from.0, from.1, to.0, to.1
            )
        };
        let times = format!(r#"{start},{end},"age":1"#);
        [
            format!(
                r#"{{{common},{},"event_type":"flow","flow":{{"pkts_toserver":6,"pkts_toclient":5,"bytes_toserver":904,"bytes_toclient":1200,{times}}},"tcp":{{"tcp_flags_ts":"1b","tcp_flags_tc":"1b"}}}}"#,
                from_to(phone, server)
            ),
            format!(
                r#"{{{common},{},"event_type":"netflow","netflow":{{"pkts":6,"bytes":904,{times}}},"tcp":{{"tcp_flags":"1b"}}}}"#,
                from_to(phone, server)
            ),
            format!(
                r#"{{{common},{},"event_type":"netflow","netflow":{{"pkts":5,"bytes":1200,{times}}},"tcp":{{"tcp_flags":"1b"}}}}"#,
                from_to(server, phone)
            ),
        ]
    };
    (0..CHECK_INS).map(row).collect()
}

fn scan(rows: impl IntoIterator<Item = String>) -> ScanReport {
    let folder = tempfile::tempdir().unwrap();
    write(&folder.path().join("eve.json"), &rows.into_iter().collect::<Vec<_>>());
    scan_folder(folder.path())
}

/// What a scan says of the traffic, in short.
fn seen(report: &ScanReport) -> (u64, u64, u64, Vec<String>) {
    let findings = report.findings.iter().map(|finding| {
        let sizes = finding.trace.as_ref().map(|trace| {
            trace
                .check_ins
                .iter()
                .map(|check_in| (check_in.orig_bytes, check_in.resp_bytes))
                .collect::<Vec<_>>()
        });
        format!("{} {:?} {} {sizes:?}", finding.device.id, finding.destination.addresses, finding.events)
    });
    (report.summary.devices, report.summary.sessions, report.summary.series, findings.collect())
}

#[test]
fn two_directions_are_one_session_in_any_order() {
    let flows = scan(rows().into_iter().map(|[flow, _, _]| flow));
    let (devices, sessions, series, findings) = seen(&flows);
    assert_eq!((devices, sessions, series), (1, u64::from(CHECK_INS), 1));
    assert!(!findings.is_empty());
    let both = scan(rows().into_iter().flat_map(|[_, there, back]| [there, back]));
    assert_eq!(seen(&both), seen(&flows));
    assert_eq!(both.summary.rows_accepted, u64::from(2 * CHECK_INS));
    // A second direction is no repetition, nor does a connection come from outside.
    assert_eq!(both.summary.notes, Vec::<String>::new());
    let all_back_first =
        rows().into_iter().map(|[_, _, back]| back).chain(rows().into_iter().map(|[_, there, _]| there));
    assert_eq!(seen(&scan(all_back_first)), seen(&flows));
}

#[test]
fn a_flow_row_has_the_last_word() {
    let flows = scan(rows().into_iter().map(|[flow, _, _]| flow));
    let all = scan(rows().into_iter().flatten());
    assert_eq!(seen(&all), seen(&flows));
}

#[test]
fn a_direction_without_answer_is_a_session_whose_answer_is_not_known() {
    let there = scan(rows().into_iter().map(|[_, there, _]| there));
    let (devices, sessions, series, _) = seen(&there);
    assert_eq!((devices, sessions, series), (1, u64::from(CHECK_INS), 1));
    let answers = there.findings.iter().flat_map(|finding| &finding.trace).flat_map(|trace| &trace.check_ins);
    assert!(answers.into_iter().all(|check_in| check_in.resp_bytes.is_none()));
}
