//! One rhythm over many destinations: real command and control rotates its addresses, and each of them alone shows
//! too little.
//!
//! Which destinations are rare is known only once all devices are. Until then each device keeps a summary of whatever
//! may be part of a rotation, however short ([`Strays`]). Then those of one app, service, port and networking stack
//! that go to rare destinations are put together ([`rotations`]). A group is kept when its starts pass a cheap test for
//! a pace; the full test of timing is the engine's, as for every series.

use super::filing::{Filing, Groups};
use super::report::SeriesDays;
use crate::destination::knowledge::is_widely_used;
use crate::model::{Day, Network};
use crate::series::{Destination, Profile, SeriesKey, Service};
use crate::timing::together;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

/// Sessions from which a group is looked at; timing needs 8 check-ins.
const STARTS_MIN: usize = 12;
/// Destinations that a group has at least.
const MEMBERS_MIN: usize = 2;
/// One destination's share of the starts from which its own series tells all: a rhythm of which so many check-ins go
/// elsewhere is still found there.
const ONE_SHARE_MAX: f64 = 0.7;
/// Starts within this time are one check-in, microseconds.
const DEAD_MICROS: i64 = 2_000_000;
/// Share of the intervals that must lie within 40 % of their median. A Poisson process has 0.28 there (median
/// `ln 2`: `exp(-0.6 ln 2) - exp(-1.4 ln 2)`), jitter of +-50 % has 0.8, with 40 % of the check-ins missed 0.45.
const PACE_SHARE_MIN: f64 = 0.42;
const NEAR: f64 = 0.4;
/// Starts that the test for a pace looks at, the latest.
const STARTS_MAX: usize = 4096;

/// Series of one device that may be part of a rotation, or of a rhythm of several phones.
#[derive(Debug)]
pub(super) struct Strays {
    /// By the number of the series.
    is_one: Vec<bool>,
    /// How many were left out for the bound.
    pub(super) cut: u64,
}

impl Strays {
    /// Series kept per device: a phone reaches some hundred domains that are not widely used in a week.
    pub(super) const MAX: usize = 4096;

    /// The candidates: not to widely used destinations, of an app and service that has several of them, or of a few
    /// starts at least.
    pub(super) fn of(filing: &Filing<'_>, groups: &Groups, internal: &[Network]) -> Self {
        let is_candidate = filing.destinations_that(|destination| match destination {
            Destination::Domain(domain) => !is_widely_used(domain),
            Destination::Address(addr) => !Network::is_inside(*addr, internal),
            Destination::Group(_) => false,
        });
        let mut by_common: BTreeMap<(u32, Service), Vec<(u32, usize)>> = BTreeMap::new();
        for (number, sightings) in groups.iter().filter(|(_, sightings)| !sightings.is_empty()) {
            let (app, destination) = filing.app_and_destination(number);
            let is_one = is_candidate.get(destination as usize).copied().unwrap_or(false);
            if let Some(service) = filing.service_of(number).filter(|service| is_one && can_rotate(*service))
            {
                by_common.entry((app, service)).or_default().push((number, sightings.len()));
            }
        }
        let mut found: Vec<(u32, usize)> = by_common.into_values().flat_map(worth_keeping).collect();
        let cut = found.len().saturating_sub(Self::MAX);
        if cut > 0 {
            // Numbers are in order of first sight, which is the same however the input was ordered.
            found.sort_unstable_by_key(|(number, count)| (Reverse(*count), *number));
            found.truncate(Self::MAX);
        }
        let mut is_one = vec![false; filing.len()];
        for (number, _) in found {
            if let Some(slot) = is_one.get_mut(number as usize) {
                *slot = true;
            }
        }
        Self { is_one, cut: cut as u64 }
    }

    /// Keeps those of most sessions; how many went.
    pub(super) fn keep_within(strays: &mut Vec<SeriesDays>) -> u64 {
        let cut = strays.len().saturating_sub(Self::MAX);
        if cut > 0 {
            strays.sort_by(|a, b| sessions_of(b).cmp(&sessions_of(a)).then_with(|| a.key.cmp(&b.key)));
            strays.truncate(Self::MAX);
        }
        cut as u64
    }

    /// Whether a series is one.
    pub(super) fn holds(&self, series: u32) -> bool {
        self.is_one.get(series as usize).copied().unwrap_or(false)
    }
}

/// Of the series of one app and service: all where they may be a rotation, else those that may be a part of a rhythm of
/// several phones.
fn worth_keeping(mut series: Vec<(u32, usize)>) -> Vec<(u32, usize)> {
    let starts: usize = series.iter().map(|(_, count)| count).sum();
    if series.len() < MEMBERS_MIN || starts < STARTS_MIN {
        series.retain(|(_, count)| *count >= together::STARTS_MIN);
    }
    series
}

/// Datagrams and lookups scatter by nature; a kept protocol of its own does not rotate.
fn can_rotate(service: Service) -> bool {
    matches!(service, Service::Tls | Service::Http | Service::Tcp | Service::Quic | Service::WebSocket)
}

/// Series that share everything but their destination, as one.
#[derive(Debug, Clone, PartialEq)]
pub struct Rotation {
    /// The sum, under a [`Destination::Group`].
    pub series: SeriesDays,
    /// Destinations with their starts, ascending.
    pub members: Vec<(Destination, u32)>,
    /// Days on which most of its starts went where it had gone before, with on how many days before that was.
    pub returning: BTreeMap<Day, u32>,
    /// The first day of each destination.
    pub begun: BTreeMap<Destination, Day>,
}

/// What the series of a group have in common.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Common {
    app: Option<Box<str>>,
    service: Service,
    port: u16,
    stack: Option<Box<str>>,
}

impl Common {
    fn of(stray: &SeriesDays) -> Option<Self> {
        let (_, latest) = stray.days.last()?;
        let (port, _) = latest.ports.top()?;
        let stack = latest.fingerprints.top().map(|(fingerprint, _)| stack_of(fingerprint));
        Some(Self { app: stray.key.app.clone(), service: stray.key.service, port: *port, stack })
    }

    fn label(&self) -> String {
        match &self.stack {
            Some(stack) if stack.contains('_') => format!("ja4={stack} port={}", self.port),
            Some(stack) => format!("ja3={stack} port={}", self.port),
            None => format!("port={}", self.port),
        }
    }
}

/// A TLS fingerprint as it is towards a name: by its fourth letter JA4 says whether one was sent, and the same program
/// sends one to a name and none to an address.
fn stack_of(fingerprint: &str) -> Box<str> {
    let towards_address = fingerprint.split_at_checked(3).filter(|_| fingerprint.contains('_'));
    match towards_address.and_then(|(first, rest)| Some((first, rest.strip_prefix('i')?))) {
        Some((first, rest)) => format!("{first}d{rest}").into(),
        None => fingerprint.into(),
    }
}

/// The groups of a device that keep a pace over destinations of which `is_rare` says so.
pub fn rotations(strays: Vec<SeriesDays>, is_rare: impl Fn(&Destination) -> bool) -> Vec<Rotation> {
    let mut groups: BTreeMap<Common, Vec<SeriesDays>> = BTreeMap::new();
    for stray in strays.into_iter().filter(|stray| is_rare(&stray.key.destination)) {
        if let Some(common) = Common::of(&stray) {
            groups.entry(common).or_default().push(stray);
        }
    }
    groups.into_iter().filter_map(|(common, strays)| rotation(&common, &strays)).collect()
}

fn sessions_of(stray: &SeriesDays) -> u64 {
    stray.days.iter().map(|(_, day)| day.sessions()).sum()
}

fn rotation(common: &Common, strays: &[SeriesDays]) -> Option<Rotation> {
    let mut members: Vec<(Destination, u32)> = strays
        .iter()
        .map(|stray| (stray.key.destination.clone(), u32::try_from(sessions_of(stray)).unwrap_or(u32::MAX)))
        .collect();
    members.sort_unstable();
    let all: u64 = members.iter().map(|(_, starts)| u64::from(*starts)).sum();
    let most = members.iter().map(|(_, starts)| *starts).max()?;
    if members.len() < MEMBERS_MIN || all < STARTS_MIN as u64 || f64::from(most) > ONE_SHARE_MAX * all as f64
    {
        return None;
    }
    let times = strays.iter().flat_map(|stray| &stray.days).flat_map(|(_, day)| day.starts.latest());
    if !keeps_a_pace(times.map(|event| event.at_micros).collect()) {
        return None;
    }
    let returning = returning(strays);
    let first = |stray: &SeriesDays| Some((stray.key.destination.clone(), stray.days.first()?.0));
    let begun = strays.iter().filter_map(first).collect();
    let mut days: BTreeMap<Day, Vec<&Profile>> = BTreeMap::new();
    for (day, profile) in strays.iter().flat_map(|stray| &stray.days) {
        days.entry(*day).or_default().push(profile);
    }
    let destination = Destination::Group(common.label().into());
    let key = SeriesKey { app: common.app.clone(), destination, service: common.service };
    let days = days.into_iter().map(|(day, parts)| (day, Profile::merged(parts.into_iter()))).collect();
    Some(Rotation { series: SeriesDays { key, days }, members, returning, begun })
}

/// See [`Rotation::returning`].
fn returning(strays: &[SeriesDays]) -> BTreeMap<Day, u32> {
    let days: BTreeSet<Day> = strays.iter().flat_map(|stray| &stray.days).map(|(day, _)| *day).collect();
    let before = |day: Day| {
        let (mut known, mut all, mut days_before) = (0, 0, BTreeSet::new());
        for stray in strays {
            let Ok(at) = stray.days.binary_search_by_key(&day, |(of, _)| *of) else { continue };
            let (earlier, from) = stray.days.split_at(at);
            let starts = from.first().map_or(0, |(_, profile)| profile.sessions());
            all += starts;
            known += if earlier.is_empty() { 0 } else { starts };
            days_before.extend(earlier.iter().map(|(of, _)| *of));
        }
        (2 * known > all).then(|| (day, u32::try_from(days_before.len()).unwrap_or(u32::MAX)))
    };
    days.iter().copied().filter_map(before).collect()
}

fn keeps_a_pace(mut times: Vec<i64>) -> bool {
    times.sort_unstable();
    times.drain(..times.len().saturating_sub(STARTS_MAX));
    let mut last = i64::MIN;
    times.retain(|at| {
        let is_new = at.saturating_sub(last) > DEAD_MICROS;
        last = *at;
        is_new
    });
    let mut intervals: Vec<i64> = times.windows(2).map(|pair| pair[1].saturating_sub(pair[0])).collect();
    intervals.sort_unstable();
    let Some(&median) = intervals.get(intervals.len() / 2) else { return false };
    let is_near = |interval: &&i64| (**interval - median).abs() as f64 <= NEAR * median as f64;
    intervals.len() + 1 >= STARTS_MIN
        && intervals.iter().filter(is_near).count() as f64 >= PACE_SHARE_MIN * intervals.len() as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::weigh::testing::check_ins;
    use std::net::IpAddr;
    use std::time::Duration;

    #[test]
    fn a_program_has_one_stack_with_and_without_a_name() {
        let towards_name = "t13d1516h2_8daaf6152771_e5627efa2ab1";
        assert_eq!(&*stack_of("t13i1516h2_8daaf6152771_e5627efa2ab1"), towards_name);
        assert_eq!(&*stack_of(towards_name), towards_name);
        // A JA3 is a hash: no letter of it means anything.
        assert_eq!(&*stack_of("773i906b0efdefa24a7f2b8eb6985bf3"), "773i906b0efdefa24a7f2b8eb6985bf3");
    }

    /// A check-in a minute for two hours: every `every`-th to one address, the others to another.
    fn shared_between_two(every: i64) -> Vec<SeriesDays> {
        let stray = |last: u8, is_mine: fn(i64, i64) -> bool| {
            let minutes = (0..120).filter(|minute| is_mine(*minute, every));
            let mut profile =
                Profile { starts: check_ins(minutes.map(|m| m * 60_000_000)), ..Profile::default() };
            profile.ports.add(443);
            let destination = Destination::Address(IpAddr::from([203, 0, 113, last]));
            let key = SeriesKey { app: None, destination, service: Service::Tls };
            SeriesDays { key, days: vec![(Day::default(), profile)] }
        };
        vec![stray(1, |minute, every| minute % every == 0), stray(2, |minute, every| minute % every != 0)]
    }

    #[test]
    fn two_addresses_are_a_rotation_unless_one_of_them_tells_all() {
        let found = rotations(shared_between_two(2), |_| true);
        let [rotation] = found.as_slice() else { panic!("one rotation: {found:?}") };
        assert_eq!(rotation.series.days[0].1.sessions(), 120);
        assert_eq!(rotation.members.iter().map(|(_, starts)| *starts).collect::<Vec<_>>(), [60, 60]);
        assert!(rotation.returning.is_empty(), "there is no day before");
        assert!(rotations(shared_between_two(4), |_| true).is_empty());
        assert!(rotations(shared_between_two(2), |_| false).is_empty());
    }

    #[test]
    fn it_returns_to_where_it_went_on_days_before() {
        let stray = |last: u8, days: &[i32]| {
            let of = |day: &i32| {
                let starts = check_ins((0..20).map(|n| i64::from(*day) * 86_400_000_000 + n * 60_000_000));
                (Day::from_number(*day), Profile { starts, ..Profile::default() })
            };
            let destination = Destination::Address(IpAddr::from([203, 0, 113, last]));
            let key = SeriesKey { app: None, destination, service: Service::Tls };
            SeriesDays { key, days: days.iter().map(of).collect() }
        };
        let strays = [stray(1, &[1, 2, 4]), stray(2, &[2, 4]), stray(3, &[3])];
        // On the second day half went to a new one, on the third all; on the fourth all were known, since two days.
        assert_eq!(returning(&strays), BTreeMap::from([(Day::from_number(4), 2)]));
    }

    #[test]
    fn a_pace_is_told_from_chance_and_from_bursts() {
        let secs = |list: &[i64]| list.iter().map(|at| at * 1_000_000).collect::<Vec<_>>();
        let paced: Vec<i64> = (0..40).map(|n| n * 60 + n * 7 % 25).collect();
        assert!(keeps_a_pace(secs(&paced)));
        // Quantiles of the exponential law in a shuffled order: what chance looks like.
        let mut at = 0;
        let chance: Vec<i64> = (0..200)
            .map(|n| {
                let wait = -60.0 * (1.0 - (f64::from(n * 77 % 200) + 0.5) / 200.0_f64).ln();
                at += Duration::from_secs_f64(wait).as_micros();
                i64::try_from(at).unwrap()
            })
            .collect();
        assert!(!keeps_a_pace(chance));
        let ends_of_time =
            (0..20).flat_map(|n| [i64::MIN / 2 - n * 60_000_000, i64::MAX / 2 + n * 60_000_000]);
        assert!(keeps_a_pace(ends_of_time.collect()), "38 of 39 waits are a minute");
        assert!(!keeps_a_pace(secs(&[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12])));
    }
}
