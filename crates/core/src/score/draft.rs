//! From the scored series of one device to drafts of findings: one per app, destination and day, with all that the rest
//! of the fleet does not decide.

use super::machine::Machine;
use super::sum::{Depth, Weighed};
use super::{FLOOR_A_BANS, FLOOR_B_BANS, LEAD_SCORE_MIN, floor_a, round};
use crate::attack::attacks_of;
use crate::evidence::{Evidence, EvidenceKind};
use crate::finding::{Finding, FindingApp, FindingDestination, FindingDevice, MEMBERS_MAX, Trace, score_of};
use crate::model::{Day, Platform, Timestamp};
use crate::series::{Destination, Profile, SeriesKey, Service, stable_hash};
use crate::timing::INTERVALS_MAX;
use std::cmp::Ordering;
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

/// What plain lookups weigh less than the connections that they are lookups for.
const SHADOW_BANS: f64 = 2.0;
/// Addresses listed in a finding.
const ADDRESSES_MAX: usize = 16;

/// A scored series on one day.
#[derive(Debug, Clone, PartialEq)]
pub struct Scored {
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
    /// Whether it makes its day a loud one (see [`super::reference::is_loud`]).
    pub is_loud: bool,
    /// Whether the phone was seen on days enough before for its series to be known or new.
    pub has_past: bool,
    /// Window summary.
    pub profile: Profile,
    /// Stage A.
    pub machine: Machine,
    /// Sum and evidence.
    pub weighed: Weighed,
}

/// The device that series are of.
#[derive(Debug, Clone, Copy)]
pub struct ScoredDevice<'d> {
    /// Name.
    pub id: &'d str,
    /// Platform.
    pub platform: Platform,
    /// Its addresses.
    pub addresses: &'d [IpAddr],
    /// Whether there are devices enough for error control; else findings are leads.
    pub is_fleet: bool,
}

/// A finding but for what the alert budget decides.
#[derive(Debug, Clone, PartialEq)]
pub struct Draft {
    /// The finding. With a reason why it is below, nothing else can make it an alert.
    pub(super) finding: Finding,
    /// Stage A, bans.
    pub(super) stage_a: f64,
    /// Stage B, bans.
    pub(super) stage_b: f64,
    /// Whether a state of phone or app is known.
    pub(super) knows_state: bool,
    /// See [`Scored::has_past`].
    pub(super) has_past: bool,
}

impl Draft {
    /// Day of its last event.
    pub fn day(&self) -> Day {
        self.finding.day
    }

    /// Id of the finding.
    pub fn id(&self) -> &str {
        &self.finding.id
    }

    /// About how much memory the parts take that [`Draft::shorten`] leaves out, bytes.
    pub fn details_bytes(&self) -> usize {
        let Finding { trace, evidence, sessions, limits, .. } = &self.finding;
        let texts = sessions.iter().chain(limits).map(|text| text.len() + size_of::<String>());
        trace.as_ref().map_or(0, Trace::bytes)
            + evidence.iter().map(|item| item.text.len() + size_of_val(item)).sum::<usize>()
            + texts.sum::<usize>()
    }

    /// Leaves out what only a reader needs: check-ins, evidence, sessions and limits. What decides, and what a
    /// suppression looks at, stays; see [`super::complete`].
    pub fn shorten(&mut self) {
        let Finding { trace, evidence, sessions, limits, .. } = &mut self.finding;
        *trace = None;
        (*evidence, *sessions, *limits) = (Vec::new(), Vec::new(), Vec::new());
    }

    /// `S`, bans.
    pub(super) fn total(&self) -> f64 {
        self.stage_a + self.stage_b
    }

    /// Whether only the budget decides.
    pub(super) fn clears_floors(&self) -> bool {
        self.stage_a >= FLOOR_A_BANS && self.stage_b >= FLOOR_B_BANS
    }
}

/// The drafts of one device's series.
#[derive(Debug, Default)]
pub struct Drafts {
    /// With [`Depth::Candidates`] only those that may be alerts or leads.
    pub drafts: Vec<Draft>,
    /// How many others there are then.
    pub below: u64,
}

/// Makes the drafts of one device's series, which were weighed as far as `depth`.
pub fn drafts(device: ScoredDevice<'_>, scored: Vec<Scored>, depth: Depth) -> Drafts {
    let ranked = scored.into_iter().map(|series| Ranked::of(series, device.is_fleet)).collect();
    let mut found = Drafts::default();
    for Ranked { series, shortfall } in absorbed(one_per_destination(ranked)) {
        if depth == Depth::Candidates && shortfall.is_some() {
            found.below += 1;
        } else {
            found.drafts.push(draft(device, series, shortfall));
        }
    }
    found
}

/// A series with why it is neither alert nor lead, whatever the budget; `None` where it may be one.
struct Ranked {
    series: Scored,
    shortfall: Option<Shortfall>,
}

impl Ranked {
    fn of(series: Scored, is_fleet: bool) -> Self {
        Self { shortfall: shortfall(&series, is_fleet), series }
    }

    fn rank(&self) -> Rank {
        (self.shortfall.is_none(), self.series.weighed.total())
    }

    /// The rank among the services of a place: lookups weigh less than what they are lookups for, unless they are the
    /// channel.
    fn rank_of_service(&self) -> Rank {
        let is_channel = |item: &Evidence| item.kind == EvidenceKind::Dns && item.weight_bans > 0.0;
        let Scored { key, weighed, .. } = &self.series;
        let is_shadow = key.service == Service::Dns && !weighed.evidence.iter().any(is_channel);
        let (may_be_told, bans) = self.rank();
        (may_be_told, bans - if is_shadow { SHADOW_BANS } else { 0.0 })
    }
}

/// Whether a series may be a finding, then its weight, bans: what may not be one comes last, however heavy it is.
type Rank = (bool, f64);

fn by_rank(a: &Rank, b: &Rank) -> Ordering {
    a.0.cmp(&b.0).then(a.1.total_cmp(&b.1))
}

/// App, destination and day: there is one finding of a device for each.
type FindingKey = (Option<Box<str>>, Destination, Day);

fn finding_key(series: &Scored) -> FindingKey {
    (series.key.app.clone(), series.key.destination.clone(), series.day)
}

/// The best series of each app, destination and day, with the addresses of all of them.
fn one_per_destination(ranked: Vec<Ranked>) -> Vec<Ranked> {
    let mut best: BTreeMap<FindingKey, Ranked> = BTreeMap::new();
    for mut one in ranked {
        match best.entry(finding_key(&one.series)) {
            Entry::Vacant(slot) => {
                slot.insert(one);
            }
            Entry::Occupied(mut slot) => {
                if is_better(&one, slot.get()) {
                    std::mem::swap(slot.get_mut(), &mut one);
                }
                if one.series.key.service != Service::Dns {
                    slot.get_mut().series.profile.addresses.merge(&one.series.profile.addresses);
                }
            }
        }
    }
    best.into_values().collect()
}

/// Leaves out what a group of the same app and day tells better: its members that rank no higher than it.
fn absorbed(ranked: Vec<Ranked>) -> Vec<Ranked> {
    let mut groups: BTreeMap<FindingKey, Rank> = BTreeMap::new();
    for group in ranked.iter().filter(|one| !one.series.members.is_empty()) {
        let (Scored { key, members, day, .. }, rank) = (&group.series, group.rank());
        for member in members {
            let known = groups.entry((key.app.clone(), member.clone(), *day)).or_insert(rank);
            if by_rank(known, &rank).is_lt() {
                *known = rank;
            }
        }
    }
    if groups.is_empty() {
        return ranked;
    }
    let is_told = |one: &Ranked| {
        let group = groups.get(&finding_key(&one.series));
        group.is_some_and(|group| by_rank(group, &one.rank()).is_ge())
    };
    ranked.into_iter().filter(|one| !is_told(one)).collect()
}

fn is_better(a: &Ranked, b: &Ranked) -> bool {
    let by_service = || b.series.key.service.cmp(&a.series.key.service);
    by_rank(&a.rank_of_service(), &b.rank_of_service()).then_with(by_service).is_gt()
}

fn draft(device: ScoredDevice<'_>, series: Scored, shortfall: Option<Shortfall>) -> Draft {
    let weight = round(series.weighed.total(), 3);
    let score = score_of(weight);
    let below_because = shortfall.map(|shortfall| shortfall.told(&series, score));
    let (first_seen, last_seen) =
        series.profile.span().unwrap_or((Timestamp::default(), Timestamp::default()));
    // Rows far below any threshold are thousands; nobody looks at their rhythm.
    let trace = if below_because.is_none() { Trace::of(&series.profile, &series.machine) } else { None };
    let finding = Finding {
        id: id_of(device.id, &series),
        below_because,
        day: series.day,
        attack: attacks_of(device.platform, series.key.service.is_web()),
        first_seen,
        last_seen,
        events: events_of(&series).max(1),
        interval_median_secs: series.machine.timing.as_ref().map(|t| round(t.best.interval_median_secs, 3)),
        score,
        weight_bans: weight,
        destination: destination(&series),
        service: series.key.service.as_str().to_owned(),
        sessions: series.profile.uids.latest_first().map(str::to_owned).collect(),
        limits: limits(device, &series),
        trace,
        app: FindingApp {
            id: series.key.app.map(String::from),
            role: series.role,
            attribution: series.attribution,
        },
        device: FindingDevice {
            id: device.id.to_owned(),
            platform: device.platform,
            addresses: device.addresses.to_vec(),
        },
        evidence: series.weighed.evidence,
        ..Finding::default()
    };
    let states = &series.profile.states;
    Draft {
        finding,
        stage_a: series.weighed.stage_a,
        stage_b: series.weighed.stage_b,
        knows_state: states.lock_known() > 0 || states.app_known() > 0,
        has_past: series.has_past,
    }
}

/// Check-ins: as many as its rhythm has, or, of a series with more than are tested, all its sessions.
fn events_of(series: &Scored) -> u64 {
    let Machine { check_ins, .. } = series.machine;
    if check_ins > INTERVALS_MAX as u64 { check_ins.max(series.profile.starts.total()) } else { check_ins }
}

/// Why a series is neither alert nor lead, whatever the budget.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shortfall {
    TooLittleMachine,
    LikeOthers,
    LowScore,
}

fn shortfall(series: &Scored, is_fleet: bool) -> Option<Shortfall> {
    if series.weighed.stage_a < floor_a(is_fleet) {
        return Some(Shortfall::TooLittleMachine);
    }
    if is_fleet {
        return (series.weighed.stage_b < FLOOR_B_BANS).then_some(Shortfall::LikeOthers);
    }
    let score = score_of(round(series.weighed.total(), 3));
    (score < LEAD_SCORE_MIN).then_some(Shortfall::LowScore)
}

impl Shortfall {
    fn told(self, series: &Scored, score: f64) -> String {
        match self {
            Self::TooLittleMachine => too_little_machine(series),
            Self::LikeOthers => {
                "machine-driven, but nothing sets it apart from what is normal here".to_owned()
            }
            Self::LowScore => format!("score {score} is below that of a lead ({LEAD_SCORE_MIN})"),
        }
    }
}

fn too_little_machine(series: &Scored) -> String {
    match &series.machine.timing {
        None => {
            format!("insufficient data for a rhythm: {} check-ins, 8 are needed", series.machine.check_ins)
        }
        Some(_) => "not clearly machine-driven".to_owned(),
    }
}

fn limits(device: ScoredDevice<'_>, series: &Scored) -> Vec<String> {
    let states = &series.profile.states;
    let is_capped = series.machine.check_ins > INTERVALS_MAX as u64;
    let limits = [
        (series.key.app.is_none(), "the app is unknown: no telemetry names it"),
        (device.platform == Platform::Unknown, "the platform is unknown: no platform analytic applies"),
        (states.lock_known() == 0, "device lock state unknown"),
        (states.app_known() == 0, "foreground or background unknown"),
        (!device.is_fleet, "fewer than 30 devices: ranked by shipped priors, without error control"),
        (is_capped, "only the latest 2,000 intervals of a very busy series were tested for a rhythm"),
    ];
    limits.into_iter().filter(|(is, _)| *is).map(|(_, text)| text.to_owned()).collect()
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
        name: host_name(profile),
        domain,
        addresses,
        ports: ports.into_iter().collect(),
        group,
        members: series.members.iter().take(MEMBERS_MAX).map(ToString::to_string).collect(),
    }
}

/// The most used host name. A `Host` header may hold an address, which is none.
fn host_name(profile: &Profile) -> Option<String> {
    let mut hosts = profile.hosts.ranked().into_iter().map(|(host, _)| host);
    hosts.find(|host| host.parse::<IpAddr>().is_err()).map(ToString::to_string)
}

/// 128 bits, in hex, of device, app, destination and day.
fn id_of(device: &str, series: &Scored) -> String {
    let app = series.key.app.as_deref().unwrap_or_default();
    let text = format!("{device}\0{app}\0{:?}\0{}", series.key.destination, series.day);
    let salted = format!("undertone\0{text}");
    format!("{:016x}{:016x}", stable_hash(text.as_bytes()), stable_hash(salted.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A series towards one place, of so many bans on both stages.
    fn scored(service: Service, stage_a: f64, stage_b: f64) -> Scored {
        Scored {
            members: Vec::new(),
            attribution: "none",
            role: "network_only".to_owned(),
            key: SeriesKey { app: None, destination: Destination::Domain("a.example".into()), service },
            day: Day::from_number(0),
            is_loud: false,
            has_past: true,
            profile: Profile::default(),
            machine: Machine::default(),
            weighed: Weighed { stage_a, stage_b, stage_b_at_first_sight: stage_b, evidence: Vec::new() },
        }
    }

    const PHONE: ScoredDevice<'static> =
        ScoredDevice { id: "a", platform: Platform::Android, addresses: &[], is_fleet: true };

    #[test]
    fn what_may_be_a_finding_is_not_hidden_by_what_may_not() {
        let (heavy, machine) = (scored(Service::Tls, 1.0, 6.5), scored(Service::Http, 4.0, 3.0));
        let both = || vec![heavy.clone(), machine.clone()];
        let found = drafts(PHONE, both(), Depth::Full).drafts;
        let told: Vec<_> =
            found.iter().map(|draft| (draft.finding.service.as_str(), draft.clears_floors())).collect();
        assert_eq!(told, [("http", true)]);
        // A group that is none itself hides none of its members either.
        let key = SeriesKey { destination: Destination::Group("port=443".into()), ..heavy.key.clone() };
        let group = Scored { members: vec![machine.key.destination.clone()], key, ..heavy.clone() };
        assert_eq!(drafts(PHONE, vec![group, machine.clone()], Depth::Full).drafts.len(), 2);
    }

    #[test]
    fn what_nobody_asks_for_is_counted() {
        let all = || vec![scored(Service::Tls, 1.0, 6.5)];
        let few = drafts(PHONE, all(), Depth::Candidates);
        assert_eq!((few.drafts.len(), few.below), (0, 1));
        let full = drafts(PHONE, all(), Depth::Full);
        assert_eq!((full.drafts.len(), full.below), (1, 0));
    }

    #[test]
    fn an_address_is_no_host_name() {
        let mut profile = Profile::default();
        profile.hosts.add_times("203.0.113.9".into(), 5);
        assert_eq!(host_name(&profile), None);
        profile.hosts.add("a.example".into());
        assert_eq!(host_name(&profile).as_deref(), Some("a.example"));
    }
}
