//! OCSF 1.8.0 Detection Finding (class 2004), one event a line.
//!
//! ATT&CK stands inside `finding_info`; each item of evidence is an anomaly with its baseline, ATT&CK's element
//! in `observation_type`; OCSF knows no mobile app, so the app is a resource (`ecosystem-notes` section 2).
//! The time of the event is that of the last check-in, so that a second run writes the same bytes.

use super::json::{significant, write_json_line};
use super::standard::{
    PRODUCT, PRODUCT_VERSION, TACTIC_ID, TACTIC_NAME, headline, main_attack, on_scale, pruned, reasons,
    rule_id, tactic_url, technique_url,
};
use serde_json::{Value, json};
use std::io::{self, Write};
use undertone_core::attack::{ATTACK_VERSION, Attack, Element};
use undertone_core::evidence::Evidence;
use undertone_core::finding::{Calibration, Confidence, Finding};
use undertone_core::model::{Platform, Timestamp};

/// Version of the schema.
const OCSF_VERSION: &str = "1.8.0";

/// Writes one Detection Finding a line.
///
/// # Errors
/// The output's error.
pub fn write_ocsf<W: Write>(mut out: W, findings: &[&Finding]) -> io::Result<()> {
    findings.iter().try_for_each(|finding| write_json_line(&mut out, &event(finding)))
}

fn event(finding: &Finding) -> Value {
    pruned(json!({
        "activity_id": 1, "activity_name": "Create",
        "category_uid": 2, "category_name": "Findings",
        "class_uid": 2004, "class_name": "Detection Finding",
        "type_uid": 200_401, "type_name": "Detection Finding: Create",
        "time": millis(finding.last_seen),
        "start_time": millis(finding.first_seen),
        "end_time": millis(finding.last_seen),
        "count": finding.events,
        "severity_id": on_scale(finding.severity, [1, 2, 3, 4, 5]),
        "severity": captions(finding.severity.as_str(), "info", "Informational"),
        "confidence_id": match finding.confidence { Confidence::Low => 1, Confidence::Medium => 2, Confidence::High => 3 },
        "confidence": captions(finding.confidence.as_str(), "", ""),
        "status_id": if finding.suppressed.is_some() { 3 } else { 1 },
        "status": if finding.suppressed.is_some() { "Suppressed" } else { "New" },
        "status_detail": finding.suppressed.as_ref().map(|known| &known.reason),
        "is_alert": finding.alert,
        "message": headline(finding),
        "metadata": {
            "version": OCSF_VERSION,
            "uid": finding.id,
            "log_name": "findings",
            "profiles": ["security_control", "host"],
            "product": { "name": PRODUCT, "vendor_name": PRODUCT, "version": PRODUCT_VERSION },
        },
        "finding_info": finding_info(finding),
        "device": device(finding),
        "resources": app(finding),
        "evidences": [evidence(finding)],
        "anomaly_analyses": anomaly_analyses(finding),
        "observables": observables(finding),
        "unmapped": {
            "score": super::json::round_to(finding.score, 1),
            "weight_bans": super::json::round_to(finding.weight_bans, 3),
            "expected_false_per_1000_device_days":
                finding.expected_false_per_1000_device_days.and_then(significant),
            "calibration": finding.calibration.map(Calibration::as_str),
            "interval_median_secs": finding.interval_median_secs.map(|secs| super::json::round_to(secs, 3)),
            "lead": finding.lead,
            "reason": finding.below_because,
            "limits": finding.limits,
        },
    }))
}

fn finding_info(finding: &Finding) -> Value {
    json!({
        "uid": finding.id,
        "title": headline(finding),
        "desc": reasons(finding),
        "types": ["Command and Control"],
        "analytic": {
            "type_id": 3, "type": "Statistical",
            "uid": rule_id(finding),
            "name": main_attack(finding).map_or("Application Layer Protocol", |attack| attack.name),
            "category": TACTIC_NAME,
            "version": PRODUCT_VERSION,
        },
        "attacks": finding.attack.iter().map(attack).collect::<Vec<_>>(),
        "first_seen_time": millis(finding.first_seen),
        "last_seen_time": millis(finding.last_seen),
        "created_time": millis(finding.last_seen),
        "related_events_count": finding.events,
    })
}

fn attack(attack: &Attack) -> Value {
    let named = json!({
        "uid": attack.technique, "name": attack.name, "src_url": technique_url(attack.technique),
    });
    let parent = attack.technique.split_once('.').map(|(parent, _)| parent);
    let (technique, sub_technique) = match parent {
        Some(parent) => (
            json!({ "uid": parent, "name": "Application Layer Protocol", "src_url": technique_url(parent) }),
            named,
        ),
        None => (named, Value::Null),
    };
    json!({
        "version": ATTACK_VERSION,
        "tactic": { "uid": TACTIC_ID, "name": TACTIC_NAME, "src_url": tactic_url() },
        "technique": technique,
        "sub_technique": sub_technique,
    })
}

fn device(finding: &Finding) -> Value {
    let os = match finding.device.platform {
        Platform::Android => json!({ "name": "Android", "type": "Android", "type_id": 201 }),
        Platform::Ios => json!({ "name": "iOS", "type": "iOS", "type_id": 301 }),
        Platform::Unknown => Value::Null,
    };
    let is_phone = finding.device.platform != Platform::Unknown;
    json!({
        "uid": finding.device.id,
        "name": finding.device.id,
        "type_id": if is_phone { 5 } else { 0 },
        "type": if is_phone { "Mobile" } else { "Unknown" },
        "ip": finding.device.addresses.first().map(ToString::to_string),
        "os": os,
    })
}

fn app(finding: &Finding) -> Value {
    let Some(app) = &finding.app.id else { return Value::Null };
    json!([{ "uid": app, "name": app, "type": "mobile-app", "labels": [finding.app.role] }])
}

/// Endpoints and what ties them, in one artifact.
fn evidence(finding: &Finding) -> Value {
    let destination = &finding.destination;
    let ja4 = destination.group.as_deref().and_then(|group| group.strip_prefix("ja4="));
    let ja4 = ja4.and_then(|rest| rest.split(' ').next());
    json!({
        "src_endpoint": {
            "uid": finding.device.id,
            "name": finding.device.id,
            "ip": finding.device.addresses.first().map(ToString::to_string),
        },
        "dst_endpoint": {
            "name": super::table::destination_label(destination),
            "hostname": destination.name,
            "domain": destination.domain,
            "ip": destination.addresses.first().map(ToString::to_string),
            "port": destination.ports.first(),
            "svc_name": finding.service,
        },
        "connection_info": { "direction_id": 2, "direction": "Outbound" },
        "ja4_fingerprint_list": ja4.map(|value| json!([{ "type_id": 1, "type": "JA4", "value": value }])),
        "data": {
            "sessions": finding.sessions,
            "addresses": destination.addresses.iter().map(ToString::to_string).collect::<Vec<_>>(),
            "ports": destination.ports,
        },
    })
}

fn anomaly_analyses(finding: &Finding) -> Value {
    if finding.evidence.is_empty() {
        return Value::Null;
    }
    let app = finding.app.id.as_ref().map(|app| json!({ "name": app, "type": "mobile-app" }));
    json!([{
        "analysis_targets": [app, { "name": finding.device.id, "type": "device" }],
        "anomalies": finding.evidence.iter().map(anomaly).collect::<Vec<_>>(),
        "baselines": finding.evidence.iter().filter_map(baseline).collect::<Vec<_>>(),
    }])
}

fn anomaly(item: &Evidence) -> Value {
    json!({
        "observation_parameter": item.kind.as_str(),
        "observation_type": item.element.map(Element::name),
        "observed_pattern": item.text,
        // A value is required; evidence without a number is a fact.
        "observations": [{ "value": number(item, item.observed).unwrap_or_else(|| "present".to_owned()) }],
    })
}

fn baseline(item: &Evidence) -> Option<Value> {
    let value = number(item, item.baseline)?;
    Some(json!({
        "observation_parameter": item.kind.as_str(),
        "observation_type": item.element.map(Element::name),
        "observations": [{ "value": value, "count": item.baseline_n }],
    }))
}

fn number(item: &Evidence, value: Option<f64>) -> Option<String> {
    value.and_then(significant).map(|value| format!("{value} {}", item.unit))
}

fn observables(finding: &Finding) -> Value {
    let destination = &finding.destination;
    let row = |name: &str, type_id: u32, kind: &str, value: &str| json!({ "name": name, "type_id": type_id, "type": kind, "value": value });
    let mut rows = vec![row("device.uid", 47, "Device UID", &finding.device.id)];
    rows.extend(finding.app.id.iter().map(|app| row("resources[].uid", 10, "Resource UID", app)));
    rows.extend(
        destination.name.iter().map(|name| row("evidences[].dst_endpoint.hostname", 1, "Hostname", name)),
    );
    let others = destination.members.iter().filter(|member| destination.name.as_ref() != Some(*member));
    rows.extend(others.map(|member| row("evidences[].data.members", 1, "Hostname", member)));
    let addresses = destination.addresses.iter().map(ToString::to_string);
    rows.extend(addresses.map(|address| row("evidences[].data.addresses", 2, "IP Address", &address)));
    Value::Array(rows)
}

/// OCSF's caption of one of our words: with a capital, `known` by its own caption.
fn captions(word: &str, known: &str, caption: &str) -> String {
    if word == known {
        return caption.to_owned();
    }
    let mut letters = word.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// Milliseconds since the epoch.
fn millis(time: Timestamp) -> i64 {
    time.micros().div_euclid(1000)
}
