//! What a finding is compared with: what its app talks to on other phones, and the thresholds that were in force.

use super::Finding;
use crate::baseline::Baseline;
use crate::device::DeviceReport;
use crate::evidence::{Evidence, EvidenceKind};
use crate::series::{Destination, Service};
use crate::thresholds::{Scope, ThresholdKey, ThresholdSet, ThresholdValue};
use std::collections::{BTreeMap, BTreeSet};

/// What an app does on other devices. The finding's own device is left out of every number: an implant never
/// vouches for itself.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AppUsual {
    /// Other devices that have the app.
    pub others: u32,
    /// Other devices on which the app reaches the finding's destination.
    pub others_here: u32,
    /// What else it reaches on other devices, most devices first, at most [`AppUsual::DESTINATIONS_MAX`].
    pub destinations: Vec<UsualDestination>,
    /// Such destinations that are not listed.
    pub more: u64,
    /// Services that it speaks on other devices, most devices first.
    pub services: Vec<UsualService>,
    /// What the app reaches on the finding's device and on no other, besides the finding's destinations, ascending, at
    /// most [`AppUsual::ALONE_MAX`].
    pub alone: Vec<String>,
    /// Such destinations that are not listed.
    pub alone_more: u64,
}

/// A destination of an app.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsualDestination {
    /// Registrable domain or address.
    pub name: String,
    /// Other devices on which the app reaches it.
    pub others: u32,
}

/// A service that an app speaks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsualService {
    /// Lower-case name, as in a finding's `service`.
    pub name: String,
    /// Other devices on which the app speaks it.
    pub others: u32,
}

impl AppUsual {
    /// Destinations listed at the most.
    pub const DESTINATIONS_MAX: usize = 10;
    /// Destinations of the finding's device alone that are listed at the most.
    pub const ALONE_MAX: usize = 5;

    /// Other devices on which the app speaks a service.
    pub fn others_speaking(&self, service: &str) -> u32 {
        self.services.iter().find(|known| known.name == service).map_or(0, |known| known.others)
    }
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

/// Adds to every alert and lead what it is compared with. `reports` are those of the devices, by their ids.
pub fn add_context(
    findings: &mut [Finding],
    baseline: &Baseline,
    thresholds: &ThresholdSet,
    reports: &BTreeMap<&str, &DeviceReport>,
) {
    for finding in findings {
        finding.thresholds = in_force(finding, thresholds);
        if let (Some(app), true) = (&finding.app.id, finding.trace.is_some()) {
            let own = Own::of(finding, app, reports.get(finding.device.id.as_str()).copied());
            finding.app_usual = usual(app, &own, baseline);
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

/// What the app does on the finding's device.
#[derive(Default)]
struct Own<'r> {
    /// Where the finding points.
    here: BTreeSet<Destination>,
    reached: BTreeSet<&'r Destination>,
    services: BTreeSet<Service>,
}

impl<'r> Own<'r> {
    fn of(finding: &Finding, app: &str, report: Option<&'r DeviceReport>) -> Self {
        let Some(report) = report else { return Self { here: here(finding), ..Self::default() } };
        let of_app = |known: Option<&str>| known == Some(app);
        let reached = report.reached.iter().filter(|reported| of_app(reported.app.as_deref()));
        let services = report.app_services.iter().filter(|(known, _)| of_app(Some(known)));
        Self {
            here: here(finding),
            reached: reached.map(|reported| &reported.destination).collect(),
            services: services.map(|(_, service)| *service).collect(),
        }
    }
}

/// The destinations of a finding as the baseline counts them: one, or the members of a group.
fn here(finding: &Finding) -> BTreeSet<Destination> {
    let destination = &finding.destination;
    if destination.group.is_some() {
        let member = |name: &String| match name.parse() {
            Ok(addr) => Destination::Address(addr),
            Err(_) => Destination::Domain(name.as_str().into()),
        };
        return destination.members.iter().map(member).collect();
    }
    let one = match &destination.domain {
        Some(domain) => Some(Destination::Domain(domain.as_str().into())),
        None => destination.addresses.first().copied().map(Destination::Address),
    };
    one.into_iter().collect()
}

fn usual(app: &str, own: &Own<'_>, baseline: &Baseline) -> Option<AppUsual> {
    let others = baseline.apps.get(app)?.devices.saturating_sub(1);
    // The least destination there is: where the app's entries begin.
    let from = (Box::from(app), Destination::Domain("".into()));
    let of_app = baseline.app_destinations.range(from..).take_while(|((known, _), _)| known.as_ref() == app);
    let (mut others_here, mut found, mut alone) = (0, Vec::new(), Vec::new());
    for ((_, destination), reach) in of_app {
        let besides = reach.devices.saturating_sub(u32::from(own.reached.contains(destination)));
        if own.here.contains(destination) {
            others_here = others_here.max(besides);
        } else if besides > 0 {
            found.push((besides, destination));
        } else {
            alone.push(destination);
        }
    }
    found.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(b.1)));
    let listed = found.iter().take(AppUsual::DESTINATIONS_MAX);
    let destinations: Vec<UsualDestination> =
        listed.map(|(others, name)| UsualDestination { name: name.to_string(), others: *others }).collect();
    let named: Vec<String> = alone.iter().take(AppUsual::ALONE_MAX).map(ToString::to_string).collect();
    Some(AppUsual {
        others,
        others_here,
        more: (found.len() - destinations.len()) as u64,
        destinations,
        services: services(app, own, baseline),
        alone_more: (alone.len() - named.len()) as u64,
        alone: named,
    })
}

fn services(app: &str, own: &Own<'_>, baseline: &Baseline) -> Vec<UsualService> {
    let spoken = Service::ALL.into_iter().filter_map(|service| {
        let devices = *baseline.app_services.get(&(Box::from(app), service))?;
        let others = devices.saturating_sub(u32::from(own.services.contains(&service)));
        (others > 0).then(|| UsualService { name: service.as_str().to_owned(), others })
    });
    let mut spoken: Vec<UsualService> = spoken.collect();
    spoken.sort_by(|a, b| b.others.cmp(&a.others).then_with(|| a.name.cmp(&b.name)));
    spoken
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::device::Reported;
    use crate::finding::{FindingApp, FindingDestination, FindingDevice, Trace, TraceOf};
    use crate::model::Day;

    const APP: &str = "com.a";

    fn domain(name: &str) -> Destination {
        Destination::Domain(name.into())
    }

    fn report(domains: &[&str], services: &[Service]) -> DeviceReport {
        let day = Day::from_number(1);
        let reached = domains.iter().map(|name| Reported {
            app: Some(APP.into()),
            destination: domain(name),
            first_day: day,
            last_day: day,
            sightings: 1,
        });
        DeviceReport {
            reached: reached.collect(),
            app_services: services.iter().map(|service| (APP.into(), *service)).collect(),
            days: vec![day],
            ..DeviceReport::default()
        }
    }

    fn finding(destination: FindingDestination) -> Finding {
        let trace = Trace {
            of: TraceOf::Sessions,
            check_ins: Vec::new(),
            total: 0,
            period_secs: None,
            is_awake_clock: false,
            dead_time_millis: 0,
            first_hour: 0,
            per_hour: Vec::new(),
        };
        Finding {
            device: FindingDevice { id: "d-1".to_owned(), ..FindingDevice::default() },
            app: FindingApp { id: Some(APP.to_owned()), ..FindingApp::default() },
            destination,
            trace: Some(trace),
            ..Finding::default()
        }
    }

    fn usual_of(destination: FindingDestination, own: &DeviceReport, others: &[DeviceReport]) -> AppUsual {
        let mut baseline = Baseline::default();
        others.iter().chain([own]).for_each(|report| baseline.add_device(report));
        let mut findings = [finding(destination)];
        let reports = BTreeMap::from([("d-1", own)]);
        add_context(&mut findings, &baseline, &ThresholdSet::default(), &reports);
        findings[0].app_usual.clone().unwrap()
    }

    #[test]
    fn the_own_device_counts_in_no_number() {
        let own = report(&["c2.example", "api.example", "odd.example"], &[Service::Tls, Service::Mqtt]);
        let others = [
            report(&["api.example"], &[Service::Tls]),
            report(&["api.example", "ads.example"], &[Service::Tls]),
        ];
        let here =
            FindingDestination { domain: Some("c2.example".to_owned()), ..FindingDestination::default() };
        let usual = usual_of(here, &own, &others);
        assert_eq!((usual.others, usual.others_here), (2, 0));
        let listed: Vec<_> =
            usual.destinations.iter().map(|known| (known.name.as_str(), known.others)).collect();
        assert_eq!(listed, [("api.example", 2), ("ads.example", 1)]);
        assert_eq!((usual.alone.as_slice(), usual.alone_more), (&["odd.example".to_owned()][..], 0));
        assert_eq!((usual.others_speaking("tls"), usual.others_speaking("mqtt")), (2, 0));
        assert_eq!(usual.services.len(), 1);
    }

    #[test]
    fn what_a_group_rotates_over_is_not_what_the_app_usually_reaches() {
        let own = report(&["a.example", "api.example", "b.example"], &[Service::Tcp]);
        let here = FindingDestination {
            group: Some("port=9001".to_owned()),
            members: vec!["a.example".to_owned(), "b.example".to_owned()],
            ..FindingDestination::default()
        };
        let usual = usual_of(here, &own, &[report(&["api.example"], &[Service::Tls])]);
        assert_eq!((usual.others_here, usual.destinations.len()), (0, 1));
        assert_eq!((usual.alone.len(), usual.alone_more), (0, 0));
    }

    #[test]
    fn lists_are_bounded_and_what_they_leave_out_is_counted() {
        let names: Vec<String> = (0..30).map(|n| format!("d{n}.example")).collect();
        let all: Vec<&str> = names.iter().map(String::as_str).collect();
        let here =
            FindingDestination { domain: Some("d0.example".to_owned()), ..FindingDestination::default() };
        let usual = usual_of(here, &report(&all, &[]), &[report(&all[..20], &[])]);
        assert_eq!((usual.destinations.len(), usual.more, usual.others_here), (10, 9, 1));
        assert_eq!((usual.alone.len(), usual.alone_more), (5, 5));
    }
}
