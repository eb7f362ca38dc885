//! An ATT&CK Navigator layer 4.5 of the findings: each technique with the highest score found for it.

use super::json::{round_to, write_json_line};
use super::standard::technique_url;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};
use undertone_core::attack::ATTACK_VERSION;
use undertone_core::finding::{Finding, Severity};

/// A layer: what it is, its techniques, and the colours of scores from 0 to 100 with what they mean.
pub(crate) struct Layer<'l> {
    pub(crate) name: &'l str,
    pub(crate) description: &'l str,
    pub(crate) techniques: Vec<Value>,
    pub(crate) colours: [&'l str; 3],
    pub(crate) legend: [(&'l str, &'l str); 2],
}

impl Layer<'_> {
    /// Writes it.
    ///
    /// # Errors
    /// The output's error.
    pub(crate) fn write<W: Write>(&self, out: W) -> io::Result<()> {
        let major = ATTACK_VERSION.split('.').next().unwrap_or(ATTACK_VERSION);
        let legend = self.legend.map(|(label, colour)| json!({ "label": label, "color": colour }));
        write_json_line(
            out,
            &json!({
                "name": self.name,
                "description": self.description,
                "versions": { "attack": major, "navigator": "5.1.0", "layer": "4.5" },
                "domain": "mobile-attack",
                "techniques": self.techniques,
                "gradient": { "colors": self.colours, "minValue": 0, "maxValue": 100 },
                "legendItems": legend,
            }),
        )
    }
}

/// A technique of a layer, with its score from 0 to 100.
pub(crate) fn layer_row(id: &str, score: f64, comment: &str, metadata: &[Value]) -> Value {
    json!({
        "techniqueID": id,
        "tactic": "command-and-control",
        "score": round_to(score, 1),
        "enabled": true,
        "comment": comment,
        "metadata": metadata,
        "links": [{ "label": "ATT&CK", "url": technique_url(id) }],
        "showSubtechniques": true,
    })
}

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
    Layer {
        name: "undertone findings",
        description: "Techniques that undertone found signs of; the score is that of the strongest finding.",
        techniques: by_technique.iter().map(|(id, findings)| technique(id, findings)).collect(),
        colours: ["#ffffff", "#ffb000", "#d00000"],
        legend: [("score 50: a lead", "#ffb000"), ("score 100", "#d00000")],
    }
    .write(out)
}

fn technique(id: &str, findings: &[&Finding]) -> Value {
    let score = findings.iter().map(|finding| finding.score).fold(0.0, f64::max);
    let count = |severity: Severity| findings.iter().filter(|finding| finding.severity == severity).count();
    let by_severity = Severity::ALL
        .into_iter()
        .rev()
        .map(|severity| json!({ "name": severity.as_str(), "value": count(severity).to_string() }));
    let devices: BTreeSet<_> = findings.iter().map(|finding| &finding.device.id).collect();
    let comment = format!("{} findings on {} devices", findings.len(), devices.len());
    layer_row(id, score, &comment, &by_severity.collect::<Vec<_>>())
}
