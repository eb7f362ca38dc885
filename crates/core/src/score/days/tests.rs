//! Stage A over several days.

use super::super::machine::Timing;
use super::*;
use crate::series::{Destination, Event, Events, Service};

const DAY_MICROS: i64 = 86_400_000_000;
const MINUTE_MICROS: i64 = 60_000_000;

fn rhythm_of_last(days: &[Vec<i64>]) -> Option<Timing> {
    machine_of_last(days)?.timing
}

/// What is found on the last of some days; of each its instants after midnight.
fn machine_of_last(days: &[Vec<i64>]) -> Option<Machine> {
    let days = (10..).zip(days).map(|(day, instants)| {
        let at = |after: &i64| Event { at_micros: i64::from(day) * DAY_MICROS + after, ..Event::default() };
        let starts = Events::of(instants.iter().map(at).collect());
        (Day::from_number(day), Profile { starts, ..Profile::default() })
    });
    let key =
        SeriesKey { app: None, destination: Destination::Domain("x.example".into()), service: Service::Tls };
    let assessed = assess_all(SeriesDays { key, days: days.collect() }, &AwakeClock::default());
    Some(assessed.last()?.machine.clone())
}

/// So many check-ins, each some minutes after the one before, and up to a tenth of that later.
fn polls(count: i64, minutes: i64) -> Vec<i64> {
    (0..count).map(|n| n * minutes * MINUTE_MICROS + n * n % 7 * minutes * MINUTE_MICROS / 70).collect()
}

/// A person's: visits of a few pages, at other times every day.
fn visits(day: i64) -> Vec<i64> {
    let begin = [31, 95, 240, 301, 480 + 13 * day, 700];
    let pages = [0, 1 + day % 3, 9 + day];
    begin.iter().flat_map(|begin| pages.map(|page| (begin + 5 * day + page) * MINUTE_MICROS)).collect()
}

#[test]
fn a_day_that_leaves_no_doubt_tells_its_own_rhythm() {
    let before: Vec<Vec<i64>> = (0..6).map(visits).collect();
    let people = rhythm_of_last(&before).unwrap();
    assert!(people.p_value > 0.01, "{people:?}");
    let days: Vec<Vec<i64>> = before.into_iter().chain([polls(100, 10)]).collect();
    let machine = machine_of_last(&days).unwrap();
    let polled = machine.timing.unwrap();
    assert!(polled.p_value <= 1e-4 && polled.is_of_last_day, "{polled:?}");
    assert_eq!((polled.best.events, machine.check_ins), (100, 100 + 6 * 18), "of that day, and of all");
}

#[test]
fn what_a_day_alone_does_not_show_is_looked_for_in_the_days_before() {
    let days: Vec<Vec<i64>> = (0..5).map(|_| polls(6, 200)).collect();
    assert_eq!(rhythm_of_last(&days[..1]), None);
    let found = rhythm_of_last(&days).unwrap();
    assert_eq!(found.best.events, 30);
    assert!(found.p_value <= 1e-3, "{found:?}");
}
