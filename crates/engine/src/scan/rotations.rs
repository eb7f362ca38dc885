//! Rotations of each device, put together once the baseline knows which destinations are rare.

use super::waiting::{Strays, last_driven};
use std::collections::BTreeMap;
use undertone_core::baseline::{Baseline, Poll};
use undertone_core::device::rotations;
use undertone_core::model::Day;
use undertone_core::score::days::{Assessed, assess};
use undertone_core::score::machine::Rhythm;
use undertone_core::series::{Destination, SeriesKey};

/// The rotations of one device.
#[derive(Default)]
pub(super) struct Rotations {
    /// One entry for each of their days.
    pub(super) assessed: Vec<Assessed>,
    /// Destinations of each, with their session starts.
    members: BTreeMap<SeriesKey, Vec<(Destination, u32)>>,
    /// The first day on which the device went to a destination of any.
    begun: BTreeMap<Destination, Day>,
}

/// Days before on which a phone went to other rare destinations are no past of a rotation: those count on which it
/// already kept a rhythm, or went where it goes now.
fn with_own_past(mut days: Vec<Assessed>, returning: &BTreeMap<Day, u32>) -> Vec<Assessed> {
    let (mut driven, mut first) = (0, None);
    for day in &mut days {
        let known = returning.get(&day.day).copied().unwrap_or(0);
        (day.days_before, day.days_judged) = (known.max(driven), driven);
        day.first_judged = *first.get_or_insert(day.day);
        if day.machine.is_machine_driven() {
            driven += 1;
        } else if driven == 0 {
            first = None;
        }
    }
    days
}

/// Whether the rhythm is not that of one host, or of one of its request patterns: the host's own series tells of it, and
/// the others, pages that somebody opened, have no part in it.
fn is_of_several_hosts(day: &Assessed) -> bool {
    day.machine.timing.as_ref().is_none_or(|timing| timing.rhythm != Rhythm::Pattern)
}

impl Rotations {
    /// The rotations of a device.
    pub(super) fn of(strays: Strays, baseline: &Baseline) -> Self {
        let mut found = Self::default();
        for rotation in rotations(strays.series, |destination| baseline.may_rotate(destination)) {
            found.members.insert(rotation.series.key.clone(), rotation.members);
            for (destination, day) in rotation.begun {
                found.begun.entry(destination).and_modify(|known| *known = day.min(*known)).or_insert(day);
            }
            let mut assessed = assess(rotation.series, &strays.awake);
            assessed.retain(is_of_several_hosts);
            found.assessed.extend(with_own_past(assessed, &rotation.returning));
        }
        found
    }

    /// Destinations of a rotation; empty for any other series.
    pub(super) fn members(&self, key: &SeriesKey) -> &[(Destination, u32)] {
        self.members.get(key).map_or(&[], Vec::as_slice)
    }

    /// Each rotation with each day on which it kept a rhythm.
    pub(super) fn driven(&self) -> impl Iterator<Item = (&SeriesKey, Day)> {
        let driven = self.assessed.iter().filter(|day| day.machine.is_machine_driven());
        driven.map(|day| (&day.key, day.day))
    }

    /// A rotation polls each of its destinations, at the pace of all, from the day on which the device went there.
    pub(super) fn polls(&self, device: u32) -> impl Iterator<Item = Poll> {
        last_driven(&self.assessed).flat_map(move |series| {
            self.members(&series.key).iter().map(move |(destination, _)| Poll {
                device,
                app: series.key.app.clone(),
                destination: destination.clone(),
                reaching: 1,
                period_secs: series.machine.pace_secs(),
                first_day: self
                    .begun
                    .get(destination)
                    .copied()
                    .unwrap_or(series.day)
                    .max(series.first_judged),
                is_pooled: false,
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use undertone_core::device::SeriesDays;
    use undertone_core::score::days::assess_all;
    use undertone_core::series::{Event, EventFlags, Events, Profile, Service};
    use undertone_core::timing::AwakeClock;

    const SECOND_MICROS: i64 = 1_000_000;

    /// A check-in every half minute for an hour, to the host that `host_of` says, among 60 pages opened now and then.
    fn assessed(host_of: impl Fn(u32) -> u32) -> Vec<Assessed> {
        let event = |at_secs: i64, pattern_hash| Event {
            at_micros: at_secs * SECOND_MICROS,
            tie: 0,
            orig_bytes: None,
            resp_bytes: None,
            duration_millis: None,
            pattern_hash,
            flags: EventFlags::default(),
        };
        let polls = (0..120_u32).map(|n| event(40_000 + 30 * i64::from(n), host_of(n)));
        // Far apart and without an order: n squared modulo a prime.
        let pages = (1..=60_u32).map(|n| event(i64::from(n * n % 83) * 450, 1000 + n));
        let starts = Events::of(polls.chain(pages).collect());
        let series = SeriesDays {
            key: SeriesKey {
                app: Some("com.browser".into()),
                destination: Destination::Group("port=443".into()),
                service: Service::Tls,
            },
            days: vec![(Day::default(), Profile { starts, ..Profile::default() })],
        };
        assess_all(series, &AwakeClock::default())
    }

    #[test]
    fn one_host_that_keeps_a_rhythm_among_pages_is_no_rotation() {
        let of_one = assessed(|_| 1);
        assert_eq!(of_one.first().unwrap().machine.timing.as_ref().unwrap().rhythm, Rhythm::Pattern);
        assert!(!of_one.iter().any(is_of_several_hosts));
        let of_twenty = assessed(|n| n % 20);
        assert!(of_twenty.first().unwrap().machine.is_machine_driven());
        assert!(of_twenty.iter().all(is_of_several_hosts));
    }
}
