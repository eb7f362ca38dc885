//! What the formats of other people's standards share: ATT&CK's objects, numbers for severities, ids that are
//! the same on every run.

use serde_json::{Map, Value};
use undertone_core::attack::Attack;
use undertone_core::finding::{Confidence, Finding, Severity};
use uuid::Uuid;

/// Name of product and vendor in every format.
pub(super) const PRODUCT: &str = "undertone";
/// Version of this program.
pub(super) const PRODUCT_VERSION: &str = env!("CARGO_PKG_VERSION");
/// ATT&CK Mobile tactic of all our techniques.
pub(super) const TACTIC_ID: &str = "TA0037";
/// Its name.
pub(super) const TACTIC_NAME: &str = "Command and Control";

/// One word for how bad, by the scale of a format: what `scale` holds for info, low, medium, high, critical.
pub(super) const fn on_scale(severity: Severity, scale: [u32; 5]) -> u32 {
    let [info, low, medium, high, critical] = scale;
    match severity {
        Severity::Info => info,
        Severity::Low => low,
        Severity::Medium => medium,
        Severity::High => high,
        Severity::Critical => critical,
    }
}

/// Confidence out of 100 as STIX 2.1 maps the words low, medium and high (appendix A, "None / Low / Med / High").
pub(super) const fn confidence_percent(confidence: Confidence) -> u32 {
    match confidence {
        Confidence::Low => 15,
        Confidence::Medium => 50,
        Confidence::High => 85,
    }
}

/// ATT&CK's page of a technique: `T1437.001` is at `techniques/T1437/001`.
pub(crate) fn technique_url(technique: &str) -> String {
    format!("https://attack.mitre.org/techniques/{}/", technique.replace('.', "/"))
}

/// ATT&CK's page of our tactic.
pub(super) fn tactic_url() -> String {
    format!("https://attack.mitre.org/tactics/{TACTIC_ID}/")
}

/// The STIX id of a technique in ATT&CK's own data (`mobile-attack` v19.1).
pub(super) fn technique_stix_id(technique: &str) -> Option<&'static str> {
    match technique {
        "T1437" => Some("attack-pattern--6a3f6490-9c44-40de-b059-e5940f246673"),
        "T1437.001" => Some("attack-pattern--2282a98b-5049-4f61-9381-55baca7c1add"),
        _ => None,
    }
}

/// The most specific technique of a finding.
pub(super) fn main_attack(finding: &Finding) -> Option<&Attack> {
    finding.attack.first()
}

/// The detection rule behind a finding: its analytic, else (platform unknown) its strategy.
pub(super) fn rule_id(finding: &Finding) -> &'static str {
    let strategy = || main_attack(finding).map_or("DET0685", |attack| attack.strategy);
    finding.analytic().map_or_else(strategy, |analytic| analytic.id())
}

/// What a finding is, in one line.
pub(super) fn headline(finding: &Finding) -> String {
    let app = finding.app.id.as_deref().unwrap_or("an unknown app");
    let target = super::table::destination_label(&finding.destination);
    format!("{app} on {} may take commands from {target} over {}", finding.device.id, finding.service)
}

/// Why, in the sentences of the evidence that counts for the finding.
pub(super) fn reasons(finding: &Finding) -> String {
    let counting = finding.evidence.iter().filter(|item| item.weight_bans > 0.0);
    counting.map(|item| item.text.as_str()).collect::<Vec<_>>().join("; ")
}

/// A version 5 UUID (RFC 9562) of a name: the same name, the same id.
pub(super) fn uuid_of(namespace: &Uuid, name: &str) -> String {
    Uuid::new_v5(namespace, name.as_bytes()).hyphenated().to_string()
}

/// The value without nulls, empty lists and empty objects: what is absent is left out.
pub(super) fn pruned(value: Value) -> Value {
    match value {
        Value::Object(members) => {
            let kept = members.into_iter().map(|(key, value)| (key, pruned(value)));
            Value::Object(kept.filter(|(_, value)| !is_void(value)).collect::<Map<_, _>>())
        }
        Value::Array(items) => {
            Value::Array(items.into_iter().map(pruned).filter(|item| !is_void(item)).collect())
        }
        other => other,
    }
}

fn is_void(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.is_empty(),
        _ => false,
    }
}
