//! What a finding is compared with: what its app normally talks to, and the thresholds that were in force.

use super::Finding;
use crate::baseline::Baseline;
use crate::evidence::{Evidence, EvidenceKind};
use crate::series::Destination;
use crate::thresholds::{Scope, ThresholdKey, ThresholdSet, ThresholdValue};
use std::collections::BTreeMap;

/// What an app talks to across the fleet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppUsual {
    /// Devices that have the app, the finding's own among them.
    pub devices: u32,
    /// Other devices on which the app reaches the finding's destination.
    pub others_here: u32,
    /// Its other destinations, most devices first, at most [`AppUsual::DESTINATIONS_MAX`].
    pub destinations: Vec<UsualDestination>,
    /// Destinations that are not listed.
    pub more: u64,
}

/// A destination of an app.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsualDestination {
    /// Registrable domain or address.
    pub name: String,
    /// Devices on which the app reaches it.
    pub devices: u32,
}

impl AppUsual {
    /// Destinations listed at the most.
    pub const DESTINATIONS_MAX: usize = 10;
}

/// A threshold that was in force for a finding.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct InForce {
    /// Which.
    pub key: ThresholdKey,
    /// Its value, in the unit of its documentation.
    pub value: f64,
}

/// The threshold that an item of evidence is held against; `None` where there is none with a number.
pub fn threshold_of(evidence: &Evidence) -> Option<ThresholdKey> {
    match (evidence.element, evidence.kind) {
        (Some(element), _) => ThresholdKey::from_name(element.config_key()),
        (None, EvidenceKind::Destination) if evidence.unit == "share_of_devices" => {
            Some(ThresholdKey::DestinationRarity)
        }
        (None, EvidenceKind::Dns) if evidence.unit == "bits_per_hour" => {
            Some(ThresholdKey::DnsInformationRate)
        }
        _ => None,
    }
}

/// Adds to every alert and lead what it is compared with.
pub fn add_context(findings: &mut [Finding], baseline: &Baseline, thresholds: &ThresholdSet) {
    let mut known: BTreeMap<String, Option<AppUsual>> = BTreeMap::new();
    for finding in findings {
        finding.thresholds = in_force(finding, thresholds);
        if let (Some(app), true) = (&finding.app.id, finding.trace.is_some()) {
            let usual = known.entry(app.clone()).or_insert_with(|| usual_of(app, baseline));
            finding.app_usual = usual.as_ref().map(|usual| without_own(usual, finding, app, baseline));
        }
    }
}

fn in_force(finding: &Finding, thresholds: &ThresholdSet) -> Vec<InForce> {
    let mut keys: Vec<ThresholdKey> = finding.evidence.iter().filter_map(threshold_of).collect();
    keys.sort_unstable();
    keys.dedup();
    let scope =
        Scope { platform: finding.device.platform, role: &finding.app.role, app: finding.app.id.as_deref() };
    let values = thresholds.for_series(scope);
    let number = |key| match values.get(key) {
        ThresholdValue::Number(value) => Some(InForce { key, value }),
        _ => None,
    };
    keys.into_iter().filter_map(number).collect()
}

/// Everything that the app reaches, by devices: one destination more than are listed, so that one can be left out.
fn usual_of(app: &str, baseline: &Baseline) -> Option<AppUsual> {
    let devices = baseline.apps.get(app)?.devices;
    // The least destination there is: where the app's entries begin.
    let from = (Box::from(app), Destination::Domain("".into()));
    let reached = baseline.app_destinations.range(from..).take_while(|((known, _), _)| known.as_ref() == app);
    let mut destinations: Vec<(u32, &Destination)> =
        reached.map(|((_, destination), reach)| (reach.devices, destination)).collect();
    destinations.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(b.1)));
    let total = destinations.len() as u64;
    let listed = destinations.into_iter().take(AppUsual::DESTINATIONS_MAX + 1);
    let destinations: Vec<UsualDestination> =
        listed.map(|(devices, name)| UsualDestination { name: name.to_string(), devices }).collect();
    Some(AppUsual { devices, others_here: 0, more: total, destinations })
}

fn without_own(usual: &AppUsual, finding: &Finding, app: &str, baseline: &Baseline) -> AppUsual {
    let own = destination_of(finding);
    let reach = own.as_ref().and_then(|own| baseline.app_destinations.get(&(app.into(), own.clone())));
    let name = own.as_ref().map(ToString::to_string);
    let others = usual.destinations.iter().filter(|known| Some(&known.name) != name.as_ref());
    let destinations: Vec<_> = others.take(AppUsual::DESTINATIONS_MAX).cloned().collect();
    AppUsual {
        devices: usual.devices,
        others_here: reach.map_or(0, |reach| reach.devices.saturating_sub(1)),
        more: usual.more.saturating_sub(destinations.len() as u64 + u64::from(reach.is_some())),
        destinations,
    }
}

/// Where the finding points, as the baseline counts it; `None` for a group.
fn destination_of(finding: &Finding) -> Option<Destination> {
    let destination = &finding.destination;
    match (&destination.group, &destination.domain) {
        (Some(_), _) => None,
        (None, Some(domain)) => Some(Destination::Domain(domain.as_str().into())),
        (None, None) => destination.addresses.first().copied().map(Destination::Address),
    }
}
