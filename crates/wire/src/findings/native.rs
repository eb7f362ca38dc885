//! undertone's own format: one finding a line, the schema of `docs/finding.schema.json`.
//!
//! Keys stand in a fixed order and numbers have a fixed precision, so that the same findings are the same
//! bytes. This is the one format that reads back (`parse`), from which every other one can be made.

use super::json::{Decimals, Shown, Significant, write_json_line};
use super::traced::{TraceRow, UsualRow, thresholds};
use serde::Serialize;
use std::collections::BTreeMap;
use std::io::{self, Write};
use std::net::IpAddr;
use undertone_core::attack::{Analytic, Attack, Element};
use undertone_core::evidence::Evidence;
use undertone_core::finding::{Calibration, Finding, SCHEMA_VERSION};
use undertone_core::model::{Day, Timestamp};

/// Writes findings as JSON Lines, in the order given.
///
/// # Errors
/// The output's error, or [`io::ErrorKind::InvalidData`] for a score or weight that is not finite.
pub fn write_jsonl<W: Write>(mut out: W, findings: &[&Finding]) -> io::Result<()> {
    for finding in findings {
        write_json_line(&mut out, &FindingRow::of(finding))?;
    }
    Ok(())
}

#[derive(Serialize)]
struct FindingRow<'a> {
    schema_version: u32,
    id: &'a str,
    alert: bool,
    lead: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
    day: Shown<Day>,
    analytic: Option<&'static str>,
    attack: Vec<AttackRow>,
    first_seen: Shown<Timestamp>,
    last_seen: Shown<Timestamp>,
    device: DeviceRow<'a>,
    app: AppRow<'a>,
    destination: DestinationRow<'a>,
    service: &'a str,
    events: u64,
    interval_median_secs: Option<Decimals<3>>,
    score: Decimals<1>,
    weight_bans: Decimals<3>,
    expected_false_per_1000_device_days: Option<Significant>,
    calibration: Option<&'static str>,
    q_value: Option<f64>,
    severity: &'static str,
    confidence: &'static str,
    evidence: Vec<EvidenceRow<'a>>,
    sessions: &'a [String],
    limits: &'a [String],
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    thresholds: BTreeMap<&'static str, f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    app_usual: Option<UsualRow<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    trace: Option<TraceRow>,
    #[serde(skip_serializing_if = "Option::is_none")]
    suppressed: Option<SuppressedRow<'a>>,
}

#[derive(Serialize)]
struct SuppressedRow<'a> {
    by: &'a str,
    reason: &'a str,
}

impl<'a> FindingRow<'a> {
    fn of(finding: &'a Finding) -> Self {
        Self {
            schema_version: SCHEMA_VERSION,
            id: &finding.id,
            alert: finding.alert,
            lead: finding.lead,
            reason: finding.below_because.as_deref(),
            day: Shown(finding.day),
            analytic: finding.analytic().map(Analytic::id),
            attack: finding.attack.iter().map(AttackRow::of).collect(),
            first_seen: Shown(finding.first_seen),
            last_seen: Shown(finding.last_seen),
            device: DeviceRow {
                id: &finding.device.id,
                platform: finding.device.platform.as_str(),
                addresses: shown(&finding.device.addresses),
            },
            app: AppRow {
                id: finding.app.id.as_deref(),
                role: &finding.app.role,
                attribution: finding.app.attribution,
            },
            destination: DestinationRow {
                name: finding.destination.name.as_deref(),
                domain: finding.destination.domain.as_deref(),
                addresses: shown(&finding.destination.addresses),
                ports: &finding.destination.ports,
                group: finding.destination.group.as_deref(),
                members: &finding.destination.members,
            },
            service: &finding.service,
            events: finding.events,
            interval_median_secs: finite(finding.interval_median_secs).map(Decimals),
            score: Decimals(finding.score),
            weight_bans: Decimals(finding.weight_bans),
            expected_false_per_1000_device_days: finding.expected_false_per_1000_device_days.map(Significant),
            calibration: finding.calibration.map(Calibration::as_str),
            q_value: finite(finding.q_value),
            severity: finding.severity.as_str(),
            confidence: finding.confidence.as_str(),
            evidence: finding.evidence.iter().map(EvidenceRow::of).collect(),
            sessions: &finding.sessions,
            limits: &finding.limits,
            thresholds: thresholds(finding),
            app_usual: finding.app_usual.as_ref().map(UsualRow::of),
            trace: finding.trace.as_ref().map(TraceRow::of),
            suppressed: finding.suppressed.as_ref().map(|s| SuppressedRow { by: &s.by, reason: &s.reason }),
        }
    }
}

#[derive(Serialize)]
struct AttackRow {
    technique: &'static str,
    strategy: &'static str,
    analytic: Option<&'static str>,
}

impl AttackRow {
    fn of(attack: &Attack) -> Self {
        Self {
            technique: attack.technique,
            strategy: attack.strategy,
            analytic: attack.analytic.map(Analytic::id),
        }
    }
}

#[derive(Serialize)]
struct DeviceRow<'a> {
    id: &'a str,
    platform: &'static str,
    addresses: Vec<Shown<IpAddr>>,
}

#[derive(Serialize)]
struct AppRow<'a> {
    id: Option<&'a str>,
    role: &'a str,
    attribution: &'static str,
}

#[derive(Serialize)]
struct DestinationRow<'a> {
    name: Option<&'a str>,
    domain: Option<&'a str>,
    addresses: Vec<Shown<IpAddr>>,
    ports: &'a [u16],
    group: Option<&'a str>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    members: &'a [String],
}

#[derive(Serialize)]
struct EvidenceRow<'a> {
    kind: &'static str,
    element: Option<&'static str>,
    observed: Option<Significant>,
    unit: &'static str,
    baseline: Option<Significant>,
    baseline_n: Option<u64>,
    p_value: Option<f64>,
    weight_bans: Decimals<3>,
    text: &'a str,
}

impl<'a> EvidenceRow<'a> {
    fn of(evidence: &'a Evidence) -> Self {
        Self {
            kind: evidence.kind.as_str(),
            element: evidence.element.map(Element::name),
            observed: evidence.observed.map(Significant),
            unit: evidence.unit,
            baseline: evidence.baseline.map(Significant),
            baseline_n: evidence.baseline_n,
            p_value: finite(evidence.p_value),
            weight_bans: Decimals(evidence.weight_bans),
            text: &evidence.text,
        }
    }
}

fn shown(addresses: &[IpAddr]) -> Vec<Shown<IpAddr>> {
    addresses.iter().copied().map(Shown).collect()
}

fn finite(value: Option<f64>) -> Option<f64> {
    value.filter(|value| value.is_finite())
}
