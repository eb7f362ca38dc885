//! From the scored series of one device to drafts of findings: one per app, destination and day, with all that the rest
//! of the fleet does not decide.

mod ranked;
mod shortfall;

use super::machine::Machine;
use super::sum::{Depth, Weighed};
use super::{FLOOR_A_BANS, FLOOR_B_BANS, round};
use crate::attack::attacks_of;
use crate::finding::{Finding, FindingApp, FindingDestination, FindingDevice, MEMBERS_MAX, Trace, score_of};
use crate::model::{Day, Platform, Timestamp};
use crate::series::{Destination, Profile, SeriesKey, stable_hash};
use crate::timing::INTERVALS_MAX;
use ranked::{Ranked, absorbed, one_per_destination};
use shortfall::Shortfall;
use std::collections::BTreeSet;
use std::net::IpAddr;

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

fn limits(device: ScoredDevice<'_>, series: &Scored) -> Vec<String> {
    let states = &series.profile.states;
    let is_capped = series.machine.timing.as_ref().is_some_and(|timing| timing.best.events > INTERVALS_MAX);
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
    use crate::series::Service;

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
