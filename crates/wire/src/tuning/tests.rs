//! What differs between two lists of findings, and that it is told harmlessly.

use super::*;
use crate::findings::parse_finding;

/// Committed findings: an alert, a lead, one below the threshold, one of hostile text.
fn findings() -> Vec<Finding> {
    let text = include_str!("../../tests/findings/golden/findings.jsonl");
    text.lines().map(|line| parse_finding(line.as_bytes()).unwrap()).collect()
}

/// The same, each id once: the hostile one bears that of the alert.
fn distinct() -> Vec<Finding> {
    let mut known = std::collections::BTreeSet::new();
    findings().into_iter().filter(|finding| known.insert(finding.id.clone())).collect()
}

#[test]
fn a_finding_is_new_gone_moved_or_the_same() {
    let before = distinct();
    let id = |at: usize| before[at].id.as_str();
    let mut after = before.clone();
    let alert = before.iter().position(|finding| finding.alert).unwrap();
    let lead = before.iter().position(|finding| finding.lead).unwrap();
    let below = before.iter().position(|finding| !is_shown(finding)).unwrap();
    (after[alert].alert, after[alert].below_because) = (false, Some("too little".to_owned()));
    after[lead].weight_bans += 1.0;
    after[below].alert = true;
    let found = Difference::of(&before, &after);
    let ids = |rows: &[(&Finding, Option<&Finding>)]| -> Vec<String> {
        rows.iter().map(|(finding, _)| finding.id.clone()).collect()
    };
    assert_eq!((ids(&found.new), ids(&found.gone)), (vec![id(below).to_owned()], vec![id(alert).to_owned()]));
    assert_eq!(found.gone[0].1.unwrap().below_because.as_deref(), Some("too little"));
    assert_eq!(found.moved.len(), 1);
    assert_eq!(found.moved[0].after.id, id(lead));
    let shown = before.iter().filter(|finding| is_shown(finding)).count() as u64;
    assert_eq!(found.same + 2, shown);
    let none = Difference::of(&before, &before);
    assert!(none.new.is_empty() && none.gone.is_empty() && none.moved.is_empty() && none.same == shown);
}

#[test]
fn the_cost_is_the_weakest_alert_over_all_device_days() {
    let mut alerts: Vec<Finding> = findings().into_iter().filter(|finding| finding.alert).take(1).collect();
    let made = |findings: &[Finding]| Counts::of(Made { findings, device_days: 500 }, None);
    // 0.4 in 1,000 device-days, over 500 of them.
    assert!((made(&alerts).expected_false.unwrap() - 0.2).abs() < 1e-12);
    alerts.push(Finding { expected_false_per_1000_device_days: Some(0.9), ..alerts[0].clone() });
    assert!((made(&alerts).expected_false.unwrap() - 0.45).abs() < 1e-12);
    assert_eq!(made(&[]).expected_false, Some(0.0));
    let leads: Vec<Finding> = findings().into_iter().filter(|finding| finding.lead).collect();
    assert_eq!(made(&leads).expected_false, None);
}

#[test]
fn hostile_text_is_harmless_in_a_comparison() {
    let after = findings();
    let comparison = Comparison {
        settings: vec![Changed { name: "a\u{1b}[2J".to_owned(), value: "1".to_owned() }],
        before: Counts::of(Made { findings: &[], device_days: 1 }, None),
        after: Counts::of(Made { findings: &after, device_days: 1 }, None),
        difference: Difference::of(&[], &after),
    };
    let mut out = Vec::new();
    write_comparison_text(&mut out, std::slice::from_ref(&comparison)).unwrap();
    write_comparison_json(&mut out, &[comparison]).unwrap();
    let text = String::from_utf8(out).unwrap();
    assert!(!text.contains('\u{1b}') && !text.contains('\u{202e}'), "{text}");
    assert!(text.contains("new: "), "{text}");
}
