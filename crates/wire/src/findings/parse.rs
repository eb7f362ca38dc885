//! Reads findings back from undertone's own format.
//!
//! A findings file may come from anywhere, so names that the types hold as constants are looked up, not
//! trusted, and every list is bounded.

use super::traced::{TraceIn, UsualIn, read_thresholds};
use crate::rfc3339;
use serde::Deserialize;
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::{LazyLock, Mutex, PoisonError};
use thiserror::Error;
use undertone_core::attack::{Attack, Element, attacks_of};
use undertone_core::evidence::{Evidence, EvidenceKind};
use undertone_core::finding::{
    Calibration, Confidence, Finding, FindingApp, FindingDestination, FindingDevice, SCHEMA_VERSION,
    Severity, Suppressed,
};
use undertone_core::model::{Platform, Timestamp};

/// Longest line that holds a finding, bytes. undertone's own stay below 64 KiB.
pub const FINDING_BYTES_MAX: usize = 1 << 20;
/// Most items of one list in a finding.
const ITEMS_MAX: usize = 1024;
/// Most units that this version does not know, over the life of the process; see [`unit_name`].
const FOREIGN_UNITS_MAX: usize = 64;
/// Longest name of a unit, bytes.
const UNIT_BYTES_MAX: usize = 40;
/// The ways in which a session gets its app.
const ATTRIBUTIONS: [&str; 6] = ["five_tuple", "address", "name", "declared", "reported", "none"];

/// Why a line is not a finding.
#[derive(Debug, Error)]
pub enum FindingError {
    /// The line is longer than [`FINDING_BYTES_MAX`].
    #[error("line longer than {FINDING_BYTES_MAX} bytes")]
    TooLong,
    /// The line is not JSON of the right shape.
    #[error("not a finding: {0}")]
    Shape(#[from] serde_json::Error),
    /// The schema is of another version.
    #[error("schema version `{0}`, this program reads `{SCHEMA_VERSION}`")]
    Version(u32),
    /// A field holds something that no finding holds.
    #[error("`{field}` holds an unknown value `{value}`")]
    Value {
        /// The key, with its parent (`device.platform`).
        field: &'static str,
        /// What it holds, shortened.
        value: String,
    },
    /// A list is longer than any finding's.
    #[error("`{0}` has too many items")]
    TooMany(&'static str),
}

/// Parses one line of JSON Lines. Keys that this version does not know are passed over.
///
/// # Errors
/// [`FindingError`] for anything but a finding of [`SCHEMA_VERSION`].
pub fn parse_finding(line: &[u8]) -> Result<Finding, FindingError> {
    if line.len() > FINDING_BYTES_MAX {
        return Err(FindingError::TooLong);
    }
    let row: FindingRow<'_> = serde_json::from_slice(line)?;
    if row.schema_version != SCHEMA_VERSION {
        return Err(FindingError::Version(row.schema_version));
    }
    row.into_finding()
}

#[derive(Deserialize)]
struct FindingRow<'a> {
    schema_version: u32,
    id: String,
    alert: bool,
    lead: bool,
    #[serde(default)]
    reason: Option<String>,
    #[serde(borrow)]
    day: Cow<'a, str>,
    attack: Vec<AttackRow>,
    first_seen: Cow<'a, str>,
    last_seen: Cow<'a, str>,
    device: DeviceRow,
    app: AppRow,
    destination: DestinationRow,
    service: String,
    events: u64,
    interval_median_secs: Option<f64>,
    score: f64,
    weight_bans: f64,
    expected_false_per_1000_device_days: Option<f64>,
    #[serde(default)]
    calibration: Option<String>,
    q_value: Option<f64>,
    severity: String,
    confidence: String,
    evidence: Vec<EvidenceRow>,
    sessions: Vec<String>,
    limits: Vec<String>,
    #[serde(default)]
    thresholds: BTreeMap<String, f64>,
    #[serde(default)]
    app_usual: Option<UsualIn>,
    #[serde(default)]
    trace: Option<TraceIn>,
    #[serde(default)]
    suppressed: Option<SuppressedRow>,
}

#[derive(Deserialize)]
struct SuppressedRow {
    by: String,
    reason: String,
}

#[derive(Deserialize)]
struct AttackRow {
    technique: String,
    analytic: Option<String>,
}

#[derive(Deserialize)]
struct DeviceRow {
    id: String,
    platform: String,
    addresses: Vec<IpAddr>,
}

#[derive(Deserialize)]
struct AppRow {
    id: Option<String>,
    role: String,
    attribution: String,
}

#[derive(Deserialize)]
struct DestinationRow {
    name: Option<String>,
    domain: Option<String>,
    addresses: Vec<IpAddr>,
    ports: Vec<u16>,
    group: Option<String>,
    #[serde(default)]
    members: Vec<String>,
}

#[derive(Deserialize)]
struct EvidenceRow {
    kind: String,
    element: Option<String>,
    observed: Option<f64>,
    unit: String,
    baseline: Option<f64>,
    baseline_n: Option<u64>,
    p_value: Option<f64>,
    weight_bans: f64,
    text: String,
}

impl FindingRow<'_> {
    fn into_finding(self) -> Result<Finding, FindingError> {
        self.check_bounds()?;
        let platform = platform(&self.device.platform)?;
        let first_seen = time("first_seen", &self.first_seen)?;
        let last_seen = time("last_seen", &self.last_seen)?;
        let day = rfc3339::parse(&format!("{}T00:00:00Z", self.day))
            .ok_or_else(|| unknown("day", &self.day))?
            .day();
        Ok(Finding {
            attack: self.attack.iter().map(|row| row.attack(platform)).collect::<Result<_, _>>()?,
            evidence: self.evidence.into_iter().map(EvidenceRow::into_evidence).collect::<Result<_, _>>()?,
            device: FindingDevice { id: self.device.id, platform, addresses: self.device.addresses },
            app: FindingApp {
                id: self.app.id,
                role: self.app.role,
                attribution: lookup("app.attribution", &self.app.attribution, ATTRIBUTIONS, |name| name)?,
            },
            destination: FindingDestination {
                name: self.destination.name,
                domain: self.destination.domain,
                addresses: self.destination.addresses,
                ports: self.destination.ports,
                group: self.destination.group,
                members: self.destination.members,
            },
            calibration: match &self.calibration {
                Some(name) => Some(lookup("calibration", name, Calibration::ALL, Calibration::as_str)?),
                None => None,
            },
            severity: lookup("severity", &self.severity, Severity::ALL, Severity::as_str)?,
            confidence: lookup("confidence", &self.confidence, Confidence::ALL, Confidence::as_str)?,
            id: self.id,
            alert: self.alert,
            lead: self.lead,
            below_because: self.reason,
            day,
            first_seen,
            last_seen,
            service: self.service,
            events: self.events,
            interval_median_secs: self.interval_median_secs,
            score: self.score,
            weight_bans: self.weight_bans,
            expected_false_per_1000_device_days: self.expected_false_per_1000_device_days,
            q_value: self.q_value,
            sessions: self.sessions,
            limits: self.limits,
            thresholds: read_thresholds(self.thresholds),
            app_usual: self.app_usual.map(UsualIn::into_usual).transpose()?,
            trace: self.trace.map(TraceIn::into_trace).transpose()?,
            suppressed: self.suppressed.map(|row| Suppressed { by: row.by, reason: row.reason }),
        })
    }

    /// The limits of a finding: a hex id, at least one technique, bounded lists.
    fn check_bounds(&self) -> Result<(), FindingError> {
        let id_is_hex = (8..=64).contains(&self.id.len()) && self.id.bytes().all(|b| b.is_ascii_hexdigit());
        if !id_is_hex {
            return Err(unknown("id", &self.id));
        }
        if self.attack.is_empty() {
            return Err(unknown("attack", "[]"));
        }
        for (field, items) in [
            ("attack", self.attack.len()),
            ("device.addresses", self.device.addresses.len()),
            ("destination.addresses", self.destination.addresses.len()),
            ("destination.ports", self.destination.ports.len()),
            ("destination.members", self.destination.members.len()),
            ("thresholds", self.thresholds.len()),
            ("evidence", self.evidence.len()),
            ("sessions", self.sessions.len()),
            ("limits", self.limits.len()),
        ] {
            if items > ITEMS_MAX {
                return Err(FindingError::TooMany(field));
            }
        }
        Ok(())
    }
}

impl AttackRow {
    fn attack(&self, platform: Platform) -> Result<Attack, FindingError> {
        let known = attacks_of(platform, true).into_iter().find(|attack| attack.technique == self.technique);
        let attack = known.ok_or_else(|| unknown("attack.technique", &self.technique))?;
        match &self.analytic {
            Some(id) if attack.analytic.is_none_or(|analytic| analytic.id() != id) => {
                Err(unknown("attack.analytic", id))
            }
            Some(_) => Ok(attack),
            None => Ok(Attack { analytic: None, ..attack }),
        }
    }
}

impl EvidenceRow {
    fn into_evidence(self) -> Result<Evidence, FindingError> {
        Ok(Evidence {
            kind: lookup("evidence.kind", &self.kind, EvidenceKind::ALL, EvidenceKind::as_str)?,
            element: match &self.element {
                Some(name) => Some(lookup("evidence.element", name, Element::ALL, Element::name)?),
                None => None,
            },
            observed: self.observed,
            unit: unit_name(&self.unit).ok_or_else(|| unknown("evidence.unit", &self.unit))?,
            baseline: self.baseline,
            baseline_n: self.baseline_n,
            p_value: self.p_value,
            weight_bans: self.weight_bans,
            text: self.text,
        })
    }
}

fn time(field: &'static str, text: &str) -> Result<Timestamp, FindingError> {
    rfc3339::parse(text).ok_or_else(|| unknown(field, text))
}

fn platform(name: &str) -> Result<Platform, FindingError> {
    let all = [Platform::Android, Platform::Ios, Platform::Unknown];
    lookup("device.platform", name, all, Platform::as_str)
}

/// The value whose name is `name`.
pub(super) fn lookup<T: Copy, const N: usize>(
    field: &'static str,
    name: &str,
    all: [T; N],
    name_of: impl Fn(T) -> &'static str,
) -> Result<T, FindingError> {
    all.into_iter().find(|value| name_of(*value) == name).ok_or_else(|| unknown(field, name))
}

pub(super) fn unknown(field: &'static str, value: &str) -> FindingError {
    FindingError::Value {
        field,
        value: super::text::escaped(&value.chars().take(60).collect::<String>()).into_owned(),
    }
}

/// The unit of a name. Units are constants of the detector; those of another version are kept for the life of
/// the process, a bounded number of them, so that its findings read back. `None` past the bounds.
fn unit_name(name: &str) -> Option<&'static str> {
    static FOREIGN: LazyLock<Mutex<BTreeSet<&'static str>>> = LazyLock::new(Mutex::default);
    let is_plain = name.bytes().all(|b| b.is_ascii_alphanumeric() || b"_/%. ".contains(&b));
    if !is_plain || name.len() > UNIT_BYTES_MAX {
        return None;
    }
    let mut foreign = FOREIGN.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = foreign.get(name) {
        return Some(known);
    }
    if foreign.len() >= FOREIGN_UNITS_MAX {
        return None;
    }
    let kept: &'static str = Box::leak(name.to_owned().into_boxed_str());
    foreign.insert(kept);
    Some(kept)
}
