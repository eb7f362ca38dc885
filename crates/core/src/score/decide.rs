//! From scored series to findings: one per device, app, destination and day; floors, budget, leads.

use super::budget::Tail;
use super::machine::Machine;
use super::sum::Weighed;
use crate::attack::attacks_of;
use crate::evidence::EvidenceKind;
use crate::finding::{
    Confidence, Finding, FindingApp, FindingDestination, FindingDevice, Severity, Trace, score_of,
};
use crate::model::{Day, Platform, Timestamp};
use crate::series::{Destination, Profile, SeriesKey, Service, stable_hash};
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

/// Stage A that an alert needs at least: a rhythm at 1 in 100, or a channel's persistence.
pub const FLOOR_A_BANS: f64 = 2.0;
/// Stage B that an alert needs at least: a rhythm towards everybody's destination is no alert.
pub const FLOOR_B_BANS: f64 = 0.5;
/// Stage A that a lead needs at least: one capture of minutes holds few check-ins.
const LEAD_FLOOR_A_BANS: f64 = 1.5;
/// Score from which a series is a lead where there is no error control.
pub const LEAD_SCORE_MIN: f64 = 50.0;
/// What plain lookups weigh less than the connections that they are lookups for.
const SHADOW_BANS: f64 = 2.0;
/// How the reason begins of a finding that clears both floors and only exceeds the budget: with a larger budget it
/// would alert.
pub const OVER_BUDGET: &str = "clean phones show something this strong";
/// Addresses listed in a finding.
const ADDRESSES_MAX: usize = 16;

/// A scored series on one day.
#[derive(Debug, Clone, PartialEq)]
pub struct Scored {
    /// Device name.
    pub device_id: String,
    /// Platform.
    pub platform: Platform,
    /// Addresses of the device.
    pub device_addresses: Vec<IpAddr>,
    /// Destinations of a group; empty for every other series.
    pub members: Vec<Destination>,
    /// How the app was found.
    pub attribution: &'static str,
    /// Role of the app.
    pub role: String,
    /// Series.
    pub key: SeriesKey,
    /// Day of its last event.
    pub day: Day,
    /// Whether the phone was seen on days enough before for its series to be known or new.
    pub has_past: bool,
    /// Window summary.
    pub profile: Profile,
    /// Stage A.
    pub machine: Machine,
    /// Sum and evidence.
    pub weighed: Weighed,
}

/// How to decide.
#[derive(Debug, Clone, Copy)]
pub struct DecideOptions {
    /// Whether there are devices enough for error control; else findings are leads.
    pub is_fleet: bool,
    /// Device-day maxima of clean phones.
    pub tails: Tails,
    /// Expected false alerts per 1,000 device-days that an alert may have.
    pub budget_per_1000: f64,
}

/// How high clean phones reach.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tails {
    /// Phones seen for the first time.
    pub first: Tail,
    /// Phones with a past.
    pub later: Tail,
}

impl DecideOptions {
    fn tail(&self, series: &Scored) -> &Tail {
        if series.has_past { &self.tails.later } else { &self.tails.first }
    }
}

/// Turns scored series into findings, all of them, sorted: alerts, leads, the rest; strongest first.
pub fn decide(scored: Vec<Scored>, options: &DecideOptions) -> Vec<Finding> {
    let mut findings: Vec<Finding> =
        absorbed(one_per_destination(scored)).into_iter().map(|series| finding(series, options)).collect();
    if options.is_fleet {
        q_values(&mut findings);
    }
    findings.sort_by(|a, b| {
        (b.alert, b.lead)
            .cmp(&(a.alert, a.lead))
            .then(b.weight_bans.total_cmp(&a.weight_bans))
            .then_with(|| a.id.cmp(&b.id))
    });
    findings
}

/// Device, app, destination and day: there is one finding for each.
type FindingKey = (String, Option<Box<str>>, Destination, Day);

/// The best series of each device, app, destination and day, with the addresses of all of them.
fn one_per_destination(scored: Vec<Scored>) -> Vec<Scored> {
    let mut best: BTreeMap<FindingKey, Scored> = BTreeMap::new();
    for mut series in scored {
        let key =
            (series.device_id.clone(), series.key.app.clone(), series.key.destination.clone(), series.day);
        match best.entry(key) {
            Entry::Vacant(slot) => {
                slot.insert(series);
            }
            Entry::Occupied(mut slot) => {
                if is_better(&series, slot.get()) {
                    std::mem::swap(slot.get_mut(), &mut series);
                }
                if series.key.service != Service::Dns {
                    slot.get_mut().profile.addresses.merge(series.profile.addresses);
                }
            }
        }
    }
    best.into_values().collect()
}

/// Leaves out what a group of the same device, app and day tells better: its members that weigh no more than it.
fn absorbed(scored: Vec<Scored>) -> Vec<Scored> {
    let mut groups: BTreeMap<FindingKey, f64> = BTreeMap::new();
    for group in scored.iter().filter(|series| !series.members.is_empty()) {
        let weight = group.weighed.total();
        for member in &group.members {
            let key = (group.device_id.clone(), group.key.app.clone(), member.clone(), group.day);
            let known = groups.entry(key).or_insert(weight);
            *known = known.max(weight);
        }
    }
    if groups.is_empty() {
        return scored;
    }
    let is_told = |series: &Scored| {
        let key =
            (series.device_id.clone(), series.key.app.clone(), series.key.destination.clone(), series.day);
        groups.get(&key).is_some_and(|weight| *weight >= series.weighed.total())
    };
    scored.into_iter().filter(|series| !is_told(series)).collect()
}

/// The heavier series; of lookups and what they are lookups for, the latter, unless the lookups are the channel.
fn is_better(a: &Scored, b: &Scored) -> bool {
    let rank = |series: &Scored| {
        let is_shadow = series.key.service == Service::Dns
            && !series.weighed.evidence.iter().any(|e| e.kind == EvidenceKind::Dns && e.weight_bans > 0.0);
        series.weighed.total() - if is_shadow { SHADOW_BANS } else { 0.0 }
    };
    rank(a).total_cmp(&rank(b)).then_with(|| b.key.service.cmp(&a.key.service)).is_gt()
}

fn finding(series: Scored, options: &DecideOptions) -> Finding {
    let weight = round(series.weighed.total(), 3);
    let score = score_of(weight);
    let tail = *options.tail(&series);
    let expected = tail.expected_per_1000(weight);
    let shortfall = shortfall(&series, expected, options);
    let floor_a = if options.is_fleet { FLOOR_A_BANS } else { LEAD_FLOOR_A_BANS };
    let is_over_floor = series.weighed.stage_a >= floor_a;
    let alert = options.is_fleet && shortfall.is_none();
    let lead = !options.is_fleet && score >= LEAD_SCORE_MIN && is_over_floor;
    let below_because = if alert || lead {
        None
    } else if options.is_fleet {
        shortfall
    } else if is_over_floor {
        Some(format!("score {score} is below that of a lead ({LEAD_SCORE_MIN})"))
    } else {
        Some(too_little_machine(&series))
    };
    let (first_seen, last_seen) =
        series.profile.span().unwrap_or((Timestamp::default(), Timestamp::default()));
    let limits = limits(&series, options);
    // Rows far below any threshold are thousands; nobody looks at their rhythm.
    let is_near = below_because.as_deref().is_none_or(|why| why.starts_with(OVER_BUDGET));
    let trace = if is_near { Trace::of(&series.profile, &series.machine) } else { None };
    let severity = severity(alert, lead, weight);
    let confidence = confidence(&series, alert, options);
    Finding {
        id: id_of(&series),
        alert,
        lead,
        below_because,
        day: series.day,
        attack: attacks_of(series.platform, series.key.service.is_web()),
        first_seen,
        last_seen,
        events: series.machine.check_ins.max(1),
        interval_median_secs: series.machine.timing.as_ref().map(|t| round(t.best.interval_median_secs, 3)),
        score,
        weight_bans: weight,
        expected_false_per_1000_device_days: options.is_fleet.then(|| significant(expected)),
        calibration: options.is_fleet.then_some(tail.calibration),
        q_value: None,
        severity,
        confidence,
        destination: destination(&series),
        service: series.key.service.as_str().to_owned(),
        sessions: series.profile.uids.latest_first().map(str::to_owned).collect(),
        evidence: series.weighed.evidence,
        limits,
        thresholds: Vec::new(),
        trace,
        app_usual: None,
        suppressed: None,
        app: FindingApp {
            id: series.key.app.map(String::from),
            role: series.role,
            attribution: series.attribution,
        },
        device: FindingDevice {
            id: series.device_id,
            platform: series.platform,
            addresses: series.device_addresses,
        },
    }
}

/// Why the series is no alert; `None` when it is one.
fn shortfall(series: &Scored, expected: f64, options: &DecideOptions) -> Option<String> {
    if series.weighed.stage_a < FLOOR_A_BANS {
        return Some(too_little_machine(series));
    }
    if series.weighed.stage_b < FLOOR_B_BANS {
        return Some("machine-driven, but nothing sets it apart from what is normal here".to_owned());
    }
    (expected > options.budget_per_1000).then(|| {
        format!(
            "{OVER_BUDGET} {} times in 1,000 device-days; the budget is {}",
            significant(expected),
            options.budget_per_1000
        )
    })
}

fn too_little_machine(series: &Scored) -> String {
    match &series.machine.timing {
        None => {
            format!("insufficient data for a rhythm: {} check-ins, 8 are needed", series.machine.check_ins)
        }
        Some(_) => "not clearly machine-driven".to_owned(),
    }
}

/// Benjamini-Hochberg over the device-day maxima of each day.
fn q_values(findings: &mut [Finding]) {
    let mut days: BTreeMap<Day, BTreeMap<String, f64>> = BTreeMap::new();
    for finding in findings.iter() {
        let p = finding.expected_false_per_1000_device_days.unwrap_or(1000.0) / 1000.0;
        let least = days.entry(finding.day).or_default().entry(finding.device.id.clone()).or_insert(1.0);
        *least = least.min(p);
    }
    let mut q_of: BTreeMap<(Day, String), f64> = BTreeMap::new();
    for (day, devices) in days {
        let mut ranked: Vec<(f64, String)> = devices.into_iter().map(|(device, p)| (p, device)).collect();
        ranked.sort_by(|a, b| a.0.total_cmp(&b.0).then_with(|| a.1.cmp(&b.1)));
        let count = ranked.len() as f64;
        let mut least = 1.0_f64;
        for (rank, (p, device)) in ranked.into_iter().enumerate().rev() {
            least = least.min(p * count / (rank + 1) as f64);
            q_of.insert((day, device), least);
        }
    }
    for finding in findings {
        finding.q_value = q_of.get(&(finding.day, finding.device.id.clone())).map(|q| significant(*q));
    }
}

fn severity(alert: bool, lead: bool, weight: f64) -> Severity {
    match (alert, lead) {
        (true, _) if weight >= 9.0 => Severity::Critical,
        (true, _) if weight >= 7.0 => Severity::High,
        (true, _) => Severity::Medium,
        (_, true) if weight >= 6.0 => Severity::Medium,
        (_, true) => Severity::Low,
        _ => Severity::Info,
    }
}

/// High with app, state and own history known; one missing of them is medium, and so are two.
fn confidence(series: &Scored, alert: bool, options: &DecideOptions) -> Confidence {
    if !alert {
        return Confidence::Low;
    }
    let states = &series.profile.states;
    let missing = [
        series.key.app.is_none(),
        states.lock_known() == 0 && states.app_known() == 0,
        options.tail(series).calibration == crate::finding::Calibration::Reference,
    ];
    match missing.into_iter().filter(|is| *is).count() {
        0 => Confidence::High,
        1 | 2 => Confidence::Medium,
        _ => Confidence::Low,
    }
}

fn limits(series: &Scored, options: &DecideOptions) -> Vec<String> {
    let states = &series.profile.states;
    let mut limits = Vec::new();
    let mut note = |is: bool, text: &str| {
        if is {
            limits.push(text.to_owned());
        }
    };
    note(series.key.app.is_none(), "the app is unknown: no telemetry names it");
    note(series.platform == Platform::Unknown, "the platform is unknown: no platform analytic applies");
    note(states.lock_known() == 0, "device lock state unknown");
    note(states.app_known() == 0, "foreground or background unknown");
    note(!options.is_fleet, "fewer than 30 devices: ranked by shipped priors, without error control");
    note(
        options.is_fleet && options.tail(series).calibration == crate::finding::Calibration::Reference,
        "a server that fewer than 1 in 100 phones use (one's own cloud, home automation) can look like this; the \
         expectation leaves those out",
    );
    let is_capped = series.profile.starts.total() > series.profile.starts.latest().len() as u64;
    note(is_capped, "only the latest events of a very busy series were tested");
    limits
}

fn destination(series: &Scored) -> FindingDestination {
    let profile = &series.profile;
    let ports: BTreeSet<u16> = profile.ports.keys().copied().collect();
    let mut addresses: Vec<IpAddr> = profile.addresses.ranked().into_iter().map(|(addr, _)| *addr).collect();
    let (domain, group) = match &series.key.destination {
        Destination::Domain(domain) => (Some(domain.to_string()), None),
        Destination::Address(addr) => {
            if !addresses.contains(addr) {
                addresses.insert(0, *addr);
            }
            (None, None)
        }
        Destination::Group(name) => (None, Some(name.to_string())),
    };
    addresses.truncate(ADDRESSES_MAX);
    FindingDestination {
        name: profile.hosts.top().map(|(host, _)| host.to_string()),
        domain,
        addresses,
        ports: ports.into_iter().collect(),
        group,
    }
}

/// 128 bits, in hex, of device, app, destination and day.
fn id_of(series: &Scored) -> String {
    let app = series.key.app.as_deref().unwrap_or_default();
    let text = format!("{}\0{app}\0{:?}\0{}", series.device_id, series.key.destination, series.day);
    let salted = format!("undertone\0{text}");
    format!("{:016x}{:016x}", stable_hash(text.as_bytes()), stable_hash(salted.as_bytes()))
}

fn round(value: f64, digits: i32) -> f64 {
    let scale = 10_f64.powi(digits);
    (value * scale).round() / scale
}

/// Two significant digits.
fn significant(value: f64) -> f64 {
    if value <= 0.0 || !value.is_finite() {
        return 0.0;
    }
    #[expect(clippy::cast_possible_truncation, reason = "log10 of a finite f64 is within +-324")]
    let digits = 1 - value.log10().floor() as i32;
    if digits > 15 { value } else { round(value, digits) }
}
