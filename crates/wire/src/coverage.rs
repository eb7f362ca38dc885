//! What given data could show, for people, for programs, and as a layer for the ATT&CK Navigator.

use crate::findings::human_count;
use crate::findings::json::{round_to, write_json_line};
use crate::findings::navigator::{Layer, layer_row};
use serde_json::{Value, json};
use std::io::{self, Write};
use undertone_core::attack::{ATTACK_VERSION, Analytic, Element};
use undertone_core::coverage::{Coverage, ElementCoverage, Fact};
use undertone_core::finding::Finding;

/// The analytics that name an element.
const fn analytics(element: Element) -> &'static [Analytic] {
    use Analytic::{An1681, An1682, An1793, An1794};
    match element {
        Element::BeaconIntervalVarianceThreshold => &[An1793, An1681],
        Element::CadenceAnomalyThreshold | Element::AppNetworkBehaviorBaseline => &[An1794],
        Element::HttpsCadenceAnomalyThreshold | Element::NotificationWakeFrequencyThreshold => &[An1682],
        Element::ConnectionFrequencyThreshold | Element::PayloadEntropyThreshold => &[An1793],
        Element::PayloadSymmetryThreshold | Element::AppNetworkRoleBaseline => &[An1681],
        Element::SessionPersistenceThreshold => &[An1794, An1682],
    }
}

/// The technique that an analytic detects.
const fn technique(analytic: Analytic) -> &'static str {
    match analytic {
        Analytic::An1681 | Analytic::An1682 => "T1437.001",
        Analytic::An1793 | Analytic::An1794 => "T1437",
    }
}

fn names(element: Element) -> String {
    analytics(element).iter().map(|analytic| analytic.id()).collect::<Vec<_>>().join(", ")
}

/// Writes what is known of how many devices, then the elements.
///
/// # Errors
/// The output's error.
pub fn write_coverage_text<W: Write>(mut out: W, coverage: &Coverage) -> io::Result<()> {
    let devices = coverage.devices;
    writeln!(
        out,
        "{} devices, {} sessions; {}",
        human_count(devices),
        human_count(coverage.sessions),
        if coverage.is_fleet {
            "enough to compare with each other"
        } else {
            "too few to compare with each other"
        }
    )?;
    writeln!(out, "\nKnown")?;
    for fact in &coverage.facts {
        writeln!(out, "  {}", said(fact, coverage))?;
    }
    writeln!(
        out,
        "\n{:<36}{:<16}{:>12}  not on the others because",
        "ATT&CK element", "analytics", "devices"
    )?;
    for element in &coverage.elements {
        let reasons: Vec<String> =
            element.reasons.iter().map(|(reason, count)| format!("{reason} ({count})")).collect();
        let (name, analytics) = (element.element.name(), names(element.element));
        let share = format!("{} of {}", element.covered, element.devices);
        writeln!(
            out,
            "{}",
            format!("{name:<36}{analytics:<16}{share:>12}  {}", reasons.join("; ")).trim_end()
        )?;
    }
    Ok(())
}

fn said(fact: &Fact, coverage: &Coverage) -> String {
    if coverage.devices == 0 {
        return format!("{} unknown: no device was seen", fact.what);
    }
    let unknown = coverage.devices - fact.devices;
    let sessions = match fact.sessions {
        Some(known) if coverage.sessions > 0 => {
            format!(", known for {:.0} % of the sessions", 100.0 * known as f64 / coverage.sessions as f64)
        }
        _ => String::new(),
    };
    if unknown == 0 {
        return format!("{} known for all devices{sessions}", fact.what);
    }
    format!(
        "{} unknown for {unknown} of {} devices{sessions} (from {})",
        fact.what, coverage.devices, fact.source
    )
}

/// Writes one JSON object.
///
/// # Errors
/// The output's error.
pub fn write_coverage_json<W: Write>(out: W, coverage: &Coverage) -> io::Result<()> {
    let facts: Vec<Value> = coverage
        .facts
        .iter()
        .map(|fact| {
            json!({ "what": fact.what, "devices": fact.devices, "sessions": fact.sessions, "source": fact.source })
        })
        .collect();
    let elements: Vec<Value> = coverage
        .elements
        .iter()
        .map(|element| {
            json!({
                "element": element.element.name(),
                "config_key": element.element.config_key(),
                "analytics": analytics(element.element).iter().map(|one| one.id()).collect::<Vec<_>>(),
                "covered": element.covered,
                "devices": element.devices,
                "share": element.share().map(|share| round_to(share, 4)),
                "reasons": element.reasons,
            })
        })
        .collect();
    write_json_line(
        out,
        &json!({
            "schema_version": 1,
            "attack_version": ATTACK_VERSION,
            "devices": coverage.devices,
            "sessions": coverage.sessions,
            "is_fleet": coverage.is_fleet,
            "facts": facts,
            "elements": elements,
        }),
    )
}

/// Writes a Navigator layer 4.5 of the coverage: for each technique the mean share of the devices that its elements
/// can be measured on, out of 100, and the findings beside it where there are any.
///
/// # Errors
/// The output's error.
pub fn write_coverage_layer<W: Write>(out: W, coverage: &Coverage, findings: &[&Finding]) -> io::Result<()> {
    Layer {
        name: "undertone coverage",
        description: "How much of the given data can show the technique: the mean over the mutable elements of its \
                      analytics of the share of devices that have what the element needs.",
        techniques: ["T1437", "T1437.001"].map(|id| technique_row(id, coverage, findings)).to_vec(),
        colours: ["#ffffff", "#cfe8ff", "#0060c0"],
        legend: [
            ("0: the data cannot show it", "#ffffff"),
            ("100: every device has all that is needed", "#0060c0"),
        ],
    }
    .write(out)
}

fn technique_row(id: &str, coverage: &Coverage, findings: &[&Finding]) -> Value {
    let of_technique = |element: &&ElementCoverage| {
        analytics(element.element).iter().any(|analytic| technique(*analytic) == id)
    };
    let elements: Vec<&ElementCoverage> = coverage.elements.iter().filter(of_technique).collect();
    let shares: Vec<f64> = elements.iter().filter_map(|element| element.share()).collect();
    let mean = if shares.is_empty() { 0.0 } else { shares.iter().sum::<f64>() / shares.len() as f64 };
    let mut metadata: Vec<Value> = elements
        .iter()
        .map(|element| {
            let value = format!("{} of {} devices", element.covered, element.devices);
            json!({ "name": element.element.name(), "value": value })
        })
        .collect();
    let found = findings.iter().filter(|finding| finding.attack.iter().any(|attack| attack.technique == id));
    let found: Vec<&&Finding> = found.collect();
    if !findings.is_empty() {
        let best = found.iter().map(|finding| finding.score).fold(0.0, f64::max);
        metadata.push(json!({ "name": "findings", "value": found.len().to_string() }));
        metadata.push(json!({ "name": "highest score", "value": format!("{best:.1}") }));
    }
    let comment = format!("{} elements, {} findings", elements.len(), found.len());
    layer_row(id, 100.0 * mean, &comment, &metadata)
}

#[cfg(test)]
mod tests {
    use super::*;
    use undertone_core::coverage::{DeviceSeen, Surroundings};
    use undertone_core::model::Platform;

    fn coverage() -> Coverage {
        let seen = DeviceSeen { sessions: 10, with_sizes: 10, web_check_ins: 10, ..DeviceSeen::default() };
        let locked = DeviceSeen { with_lock_state: 5, ..seen };
        Coverage::of(&[(Platform::Android, seen), (Platform::Android, locked)], Surroundings::default())
    }

    #[test]
    fn the_text_counts_devices_and_says_why_not() {
        let mut out = Vec::new();
        write_coverage_text(&mut out, &coverage()).unwrap();
        let text = String::from_utf8(out).unwrap();
        for said in [
            "2 devices, 20 sessions; too few to compare with each other",
            "platform known for all devices",
            "lock state unknown for 1 of 2 devices, known for 25 % of the sessions",
            "BeaconIntervalVarianceThreshold     AN1793, AN1681        2 of 2\n",
            "fewer than 30 phones to compare with (2)",
        ] {
            assert!(text.contains(said), "{said}\n{text}");
        }
    }

    #[test]
    fn the_layer_scores_each_technique_by_its_elements() {
        let mut out = Vec::new();
        write_coverage_layer(&mut out, &coverage(), &[]).unwrap();
        let layer: Value = serde_json::from_slice(&out).unwrap();
        let rows = layer["techniques"].as_array().unwrap();
        assert_eq!(rows.len(), 2);
        // Of T1437.001: timing 1, symmetry 1, role, wake, persistence 0; HTTPS cadence is for no Android device.
        assert_eq!(rows[1]["techniqueID"], "T1437.001");
        assert_eq!(rows[1]["score"], 40.0);
    }
}
