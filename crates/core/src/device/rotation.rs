//! One rhythm over many destinations: real command and control rotates its addresses, and each of them alone shows
//! too little.
//!
//! Sessions of one app, service, port and networking stack are put together whatever their destination. A group is
//! kept when its starts pass a cheap test for a pace; the full test of timing is the engine's, as for every series. Who
//! else reaches the destinations is not known yet: the members are kept for the baseline to judge
//! ([`crate::weigh::Case::members`]).

use super::filing::Filing;
use super::sighting::Sighting;
use super::summary::{Circumstances, fingerprint_of};
use crate::destination::knowledge::is_widely_used;
use crate::model::Network;
use crate::series::{Destination, SeriesKey, Service};
use std::collections::BTreeMap;

/// Sessions from which a group is looked at; timing needs 8 check-ins.
const STARTS_MIN: usize = 12;
/// Destinations that a group has at least.
const MEMBERS_MIN: usize = 4;
/// One destination's share of the starts from which its own series tells all.
const ONE_SHARE_MAX: f64 = 0.5;
/// Starts within this time are one check-in, microseconds.
const DEAD_MICROS: i64 = 2_000_000;
/// Share of the intervals that must lie within 40 % of their median. A Poisson process has 0.28 there (median
/// `ln 2`: `exp(-0.6 ln 2) - exp(-1.4 ln 2)`), jitter of +-50 % has 0.8, with 40 % of the check-ins missed 0.45.
const PACE_SHARE_MIN: f64 = 0.42;
const NEAR: f64 = 0.4;
/// Starts that the test for a pace looks at, the latest.
const STARTS_MAX: usize = 4096;

/// Sessions that share everything but their destination.
#[derive(Debug, Clone)]
pub(super) struct Rotation {
    /// Key with a [`Destination::Group`].
    pub(super) key: SeriesKey,
    /// Its starts, ascending by time.
    pub(super) sightings: Vec<Sighting>,
    /// Destinations with their starts, ascending.
    pub(super) members: Vec<(Destination, u32)>,
}

/// What the sessions of a group have in common.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Common<'a> {
    app: u32,
    service: Service,
    port: u16,
    fingerprint: Option<&'a str>,
}

/// The groups of a device that keep a pace.
pub(super) fn rotations(
    filing: &Filing,
    found: &[Sighting],
    circumstances: &Circumstances<'_, '_, '_>,
) -> Vec<Rotation> {
    let is_candidate = filing.destinations_that(|destination| match destination {
        Destination::Domain(domain) => !is_widely_used(domain),
        Destination::Address(addr) => !Network::is_inside_by_kind(*addr),
        Destination::Group(_) => false,
    });
    let mut groups: BTreeMap<Common<'_>, Vec<Sighting>> = BTreeMap::new();
    for sighting in found.iter().filter(|sighting| sighting.is_start) {
        let (app, destination) = filing.app_and_destination(sighting.series);
        if !is_candidate.get(destination as usize).copied().unwrap_or(false) {
            continue;
        }
        let Some(connection) = circumstances.connection(sighting) else { continue };
        let Some(service) = filing.service_of(sighting.series).filter(|s| can_rotate(*s)) else { continue };
        let fingerprint = connection.messages().find_map(fingerprint_of);
        let common = Common { app, service, port: connection.session.resp.port, fingerprint };
        groups.entry(common).or_default().push(*sighting);
    }
    groups.into_iter().filter_map(|(common, group)| rotation(filing, &common, group)).collect()
}

/// Datagrams and lookups scatter by nature; a kept protocol of its own does not rotate.
fn can_rotate(service: Service) -> bool {
    matches!(service, Service::Tls | Service::Http | Service::Tcp | Service::Quic | Service::WebSocket)
}

fn rotation(filing: &Filing, common: &Common<'_>, group: Vec<Sighting>) -> Option<Rotation> {
    if group.len() < STARTS_MIN {
        return None;
    }
    let mut counts: BTreeMap<u32, u32> = BTreeMap::new();
    for sighting in &group {
        *counts.entry(filing.app_and_destination(sighting.series).1).or_default() += 1;
    }
    let most = counts.values().copied().max().unwrap_or(0);
    if counts.len() < MEMBERS_MIN || f64::from(most) > ONE_SHARE_MAX * group.len() as f64 {
        return None;
    }
    let latest = group.get(group.len().saturating_sub(STARTS_MAX)..).unwrap_or_default();
    let times = latest.iter().map(|sighting| sighting.at.micros()).collect();
    if !keeps_a_pace(times) {
        return None;
    }
    let mut members: Vec<(Destination, u32)> = counts
        .into_iter()
        .filter_map(|(number, starts)| Some((filing.destination_of(number)?.clone(), starts)))
        .collect();
    members.sort_unstable();
    let label = match common.fingerprint {
        Some(fingerprint) => format!("port {}, TLS fingerprint {fingerprint}", common.port),
        None => format!("port {}", common.port),
    };
    let destination = Destination::Group(label.into());
    let key = SeriesKey { app: filing.app_of(common.app), destination, service: common.service };
    Some(Rotation { key, sightings: group, members })
}

fn keeps_a_pace(mut times: Vec<i64>) -> bool {
    times.sort_unstable();
    let mut last = i64::MIN;
    times.retain(|at| {
        let is_new = at.saturating_sub(last) > DEAD_MICROS;
        last = *at;
        is_new
    });
    let mut intervals: Vec<i64> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
    intervals.sort_unstable();
    let Some(&median) = intervals.get(intervals.len() / 2) else { return false };
    let is_near = |interval: &&i64| (**interval - median).abs() as f64 <= NEAR * median as f64;
    intervals.len() + 1 >= STARTS_MIN
        && intervals.iter().filter(is_near).count() as f64 >= PACE_SHARE_MIN * intervals.len() as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

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
        assert!(!keeps_a_pace(secs(&[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12])));
    }
}
