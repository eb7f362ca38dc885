//! Elastic Common Schema 9.4 alerts, one document a line, and the same for Elasticsearch's `_bulk`.
//!
//! `event.kind: alert` is meant for rules that run outside Elastic. In `_bulk`, every document is *created* under
//! the finding's id, so a second delivery is refused with 409 instead of doubled.

use super::json::{round_to, significant, write_json_line};
use super::standard::{
    PRODUCT, PRODUCT_VERSION, TACTIC_ID, TACTIC_NAME, headline, main_attack, on_scale, pruned, reasons,
    rule_id, tactic_url, technique_url,
};
use serde_json::{Value, json};
use std::io::{self, Write};
use undertone_core::attack::Attack;
use undertone_core::evidence::EvidenceKind;
use undertone_core::finding::{Calibration, Finding};
use undertone_core::model::Platform;

/// Version of the schema.
const ECS_VERSION: &str = "9.4.0";
/// Dataset of our documents.
const DATASET: &str = "undertone.findings";
/// The data stream that the documents belong to.
const DATA_STREAM: &str = "logs-undertone.findings-default";

/// Writes one alert a line.
///
/// # Errors
/// The output's error.
pub fn write_ecs<W: Write>(mut out: W, findings: &[&Finding]) -> io::Result<()> {
    findings.iter().try_for_each(|finding| write_json_line(&mut out, &document(finding)))
}

/// Writes a body for `POST _bulk`: an action and a document a finding.
///
/// # Errors
/// The output's error.
pub fn write_bulk<W: Write>(mut out: W, findings: &[&Finding]) -> io::Result<()> {
    findings.iter().try_for_each(|finding| {
        let action = json!({ "create": { "_index": DATA_STREAM, "_id": finding.id } });
        write_json_line(&mut out, &action)?;
        write_json_line(&mut out, &document(finding))
    })
}

fn document(finding: &Finding) -> Value {
    let device = &finding.device;
    let destination = &finding.destination;
    let addresses = || device.addresses.iter().chain(&destination.addresses);
    let hosts = || [&destination.name, &destination.domain].into_iter().flatten().chain(&destination.members);
    pruned(json!({
        "@timestamp": finding.last_seen.to_string(),
        "ecs": { "version": ECS_VERSION },
        "message": headline(finding),
        "event": event(finding),
        "rule": {
            "id": rule_id(finding),
            "name": main_attack(finding).map(|attack| attack.name),
            "ruleset": main_attack(finding).map(|attack| attack.strategy),
            "version": PRODUCT_VERSION,
            "reference": main_attack(finding).map(|attack| strategy_url(attack.strategy)),
        },
        "threat": threat(finding),
        "device": { "id": device.id },
        "host": { "os": match device.platform {
            Platform::Android => json!({ "type": "android", "platform": "android" }),
            Platform::Ios => json!({ "type": "ios", "platform": "ios" }),
            Platform::Unknown => Value::Null,
        } },
        "package": { "name": finding.app.id },
        "source": { "ip": device.addresses.first().map(ToString::to_string) },
        "destination": {
            "ip": destination.addresses.first().map(ToString::to_string),
            "port": destination.ports.first(),
            "domain": destination.name,
            "registered_domain": destination.domain,
        },
        "network": { "protocol": finding.service, "direction": "outbound" },
        "observer": { "vendor": PRODUCT, "product": PRODUCT, "type": "ids", "version": PRODUCT_VERSION },
        "related": {
            "ip": addresses().map(ToString::to_string).collect::<Vec<_>>(),
            "hosts": hosts().collect::<std::collections::BTreeSet<_>>(),
        },
        "data_stream": { "type": "logs", "dataset": DATASET, "namespace": "default" },
        "beacon_stats": beacon_stats(finding),
        "undertone": own(finding),
    }))
}

fn event(finding: &Finding) -> Value {
    json!({
        "kind": "alert",
        "category": ["network", "intrusion_detection"],
        "type": ["info"],
        "module": PRODUCT,
        "dataset": DATASET,
        "id": finding.id,
        // The risk numbers of Elastic's own rules for low, medium, high and critical.
        "severity": on_scale(finding.severity, [1, 21, 47, 73, 99]),
        "risk_score": round_to(finding.score, 1),
        "reason": reasons(finding),
        "start": finding.first_seen.to_string(),
        "end": finding.last_seen.to_string(),
    })
}

fn threat(finding: &Finding) -> Value {
    let of = |is_sub: bool| finding.attack.iter().find(|attack| attack.technique.contains('.') == is_sub);
    let listed = |attack: &Attack| json!({ "id": [attack.technique], "name": [attack.name], "reference": [technique_url(attack.technique)] });
    let mut technique = of(false).map(listed).unwrap_or_default();
    if let (Some(members), Some(sub)) = (technique.as_object_mut(), of(true)) {
        members.insert("subtechnique".to_owned(), listed(sub));
    }
    json!({
        "framework": "MITRE ATT&CK",
        "tactic": { "id": [TACTIC_ID], "name": [TACTIC_NAME], "reference": [tactic_url()] },
        "technique": technique,
    })
}

/// Elastic's own names for a rhythm, where there is one.
fn beacon_stats(finding: &Finding) -> Value {
    let has_rhythm =
        finding.evidence.iter().any(|item| item.kind == EvidenceKind::Timing && item.weight_bans > 0.0);
    if !has_rhythm {
        return Value::Null;
    }
    json!({ "is_beaconing": true, "interval": finding.interval_median_secs.map(|secs| round_to(secs, 3)) })
}

fn own(finding: &Finding) -> Value {
    json!({
        "alert": finding.alert,
        "lead": finding.lead,
        "below_because": finding.below_because,
        "confidence": finding.confidence.as_str(),
        "events": finding.events,
        "weight_bans": round_to(finding.weight_bans, 3),
        "expected_false_per_1000_device_days": finding.expected_false_per_1000_device_days.and_then(significant),
        "calibration": finding.calibration.map(Calibration::as_str),
        "app_role": finding.app.role,
        "app_attribution": finding.app.attribution,
        "group": finding.destination.group,
        "sessions": finding.sessions,
        "limits": finding.limits,
        "suppressed": finding.suppressed.as_ref().map(|known| json!({ "by": known.by, "reason": known.reason })),
    })
}

fn strategy_url(strategy: &str) -> String {
    format!("https://attack.mitre.org/detectionstrategies/{strategy}/")
}
