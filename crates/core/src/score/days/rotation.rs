//! Rotations day by day: what their past is, and what is none.

use super::super::machine::Rhythm;
use super::{Assessed, assess};
use crate::device::SeriesDays;
use crate::model::Day;
use crate::timing::AwakeClock;
use std::collections::BTreeMap;

/// Stage A on each day of a rotation over several destinations. `returning`: by day, on how many days before the device
/// went to a destination of that day.
pub fn assess_rotation(
    series: SeriesDays,
    returning: &BTreeMap<Day, u32>,
    awake: &AwakeClock,
) -> Vec<Assessed> {
    let mut assessed = assess(series, awake);
    assessed.retain(is_of_several_hosts);
    with_own_past(assessed, returning)
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

#[cfg(test)]
mod tests {
    use super::super::assess_all;
    use super::*;
    use crate::series::{Destination, Event, EventFlags, Events, Profile, SeriesKey, Service};

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
