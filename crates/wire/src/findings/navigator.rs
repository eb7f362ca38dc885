//! An ATT&CK Navigator layer 4.5 of the findings: each technique with the highest score found for it.

use super::json::{round_to, write_json_line};
use super::standard::technique_url;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::{self, Write};
use undertone_core::attack::ATTACK_VERSION;
use undertone_core::finding::{Finding, Severity};

/// Writes one layer.
///
/// # Errors
/// The output's error.
pub fn write_navigator<W: Write>(out: W, findings: &[&Finding]) -> io::Result<()> {
    let mut by_technique: BTreeMap<&str, Vec<&Finding>> = BTreeMap::new();
    for finding in findings {
        for attack in &finding.attack {
            by_technique.entry(attack.technique).or_default().push(finding);
        }
    }
    let techniques: Vec<_> = by_technique.iter().map(|(id, findings)| technique(id, findings)).collect();
    let major = ATTACK_VERSION.split('.').next().unwrap_or(ATTACK_VERSION);
    write_json_line(
        out,
        &json!({
            "name": "undertone findings",
            "description": "Techniques that undertone found signs of; the score is that of the strongest finding.",
            "versions": { "attack": major, "navigator": "5.1.0", "layer": "4.5" },
            "domain": "mobile-attack",
            "techniques": techniques,
            "gradient": { "colors": ["#ffffff", "#ffb000", "#d00000"], "minValue": 0, "maxValue": 100 },
            "legendItems": [
                { "label": "score 50: a lead", "color": "#ffb000" },
                { "label": "score 100", "color": "#d00000" },
            ],
        }),
    )
}

fn technique(id: &str, findings: &[&Finding]) -> Value {
    let score = findings.iter().map(|finding| finding.score).fold(0.0, f64::max);
    let count = |severity: Severity| findings.iter().filter(|finding| finding.severity == severity).count();
    let by_severity = Severity::ALL
        .into_iter()
        .rev()
        .map(|severity| json!({ "name": severity.as_str(), "value": count(severity).to_string() }));
    let devices: std::collections::BTreeSet<_> = findings.iter().map(|finding| &finding.device.id).collect();
    json!({
        "techniqueID": id,
        "tactic": "command-and-control",
        "score": round_to(score, 1),
        "enabled": true,
        "comment": format!("{} findings on {} devices", findings.len(), devices.len()),
        "metadata": by_severity.collect::<Vec<_>>(),
        "links": [{ "label": "ATT&CK", "url": technique_url(id) }],
        "showSubtechniques": true,
    })
}
