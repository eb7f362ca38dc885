//! What is found in the fleet, and what is not.

use crate::support::{C2_DOMAIN, Dice, Logs, PHONES, SPAN_SECS, START_SECS, phone_addr, scan_folder, write};
use undertone_core::finding::Finding;
use undertone_core::model::Timestamp;

fn names(finding: &Finding) -> (String, Option<String>) {
    (finding.device.id.clone(), finding.destination.domain.clone())
}

#[test]
fn the_beacon_is_the_only_alert_of_the_fleet() {
    let report = scan_folder(Logs::fleet().folder().path());
    let alerts: Vec<&Finding> = report.findings.iter().filter(|finding| finding.alert).collect();
    let expected = vec![(phone_addr(PHONES - 1), Some(C2_DOMAIN.to_owned()))];
    assert_eq!(alerts.iter().map(|f| names(f)).collect::<Vec<_>>(), expected);
    let interval = alerts[0].interval_median_secs.unwrap();
    assert!((interval - 60.0).abs() < 4.0, "{interval}");
    assert!(report.findings.iter().all(|finding| !finding.lead), "a fleet has alerts, not leads");
    assert!(report.findings.iter().filter(|f| !f.alert).all(|f| f.below_because.is_some()));
    assert_eq!((report.summary.devices, report.summary.device_days), (u64::from(PHONES), u64::from(PHONES)));
}

#[test]
fn the_fleet_without_the_implant_is_silent() {
    let logs = Logs::clean();
    let report = scan_folder(logs.folder().path());
    let alerts: Vec<_> = report.findings.iter().filter(|f| f.alert || f.lead).map(names).collect();
    assert_eq!(alerts, []);
    assert_eq!(report.summary.sessions, logs.conn.len() as u64);
}

#[test]
fn one_phone_gives_leads_and_never_alerts() {
    let mut logs = Logs::default();
    logs.person(0);
    logs.beacon(0);
    let report = scan_folder(logs.folder().path());
    assert!(report.findings.iter().all(|finding| !finding.alert && finding.q_value.is_none()));
    let leads: Vec<_> = report.findings.iter().filter(|finding| finding.lead).map(names).collect();
    assert_eq!(leads, [(phone_addr(0), Some(C2_DOMAIN.to_owned()))]);
}

#[test]
fn a_phones_own_reports_show_the_rhythm_without_any_network_log() {
    let mut dice = Dice::new(3);
    let mut rows = Vec::new();
    let mut at = START_SECS;
    while at < START_SECS + SPAN_SECS {
        #[expect(clippy::cast_possible_truncation, reason = "seconds of this century")]
        let time = Timestamp::from_micros((at * 1e6) as i64);
        rows.push(format!(
            r#"{{"kind":"connection","ts":"{time}","device_id":"d-7","platform":"android","app_id":"com.example.torch","transport":"tcp","resp_ip":"198.51.100.77","resp_port":443,"resp_host":"api.{C2_DOMAIN}","orig_ip":"10.20.0.7","orig_port":{},"orig_bytes":300,"resp_bytes":640,"stack":"okhttp"}}"#,
            30_000 + dice.next() % 20_000
        ));
        at += 60.0 * (0.8 + 0.4 * dice.share());
    }
    let folder = tempfile::tempdir().unwrap();
    write(&folder.path().join("phone.ndjson"), &rows);
    let report = scan_folder(folder.path());
    assert_eq!(report.summary.sessions, rows.len() as u64);
    let found = report.findings.first().unwrap();
    assert_eq!((found.device.id.as_str(), found.app.id.as_deref()), ("d-7", Some("com.example.torch")));
    assert_eq!(found.destination.domain.as_deref(), Some(C2_DOMAIN));
    assert!(found.lead && !found.alert, "{found:?}");
    let interval = found.interval_median_secs.unwrap();
    assert!((interval - 60.0).abs() < 4.0, "{interval}");
}
