//! Hours against those of the days before.

use super::super::testing::Scene;
use super::*;
use crate::series::{Event, Events, Service};

const DAY: i64 = 20_000;

/// A series with `counts[day][hour]` sessions, ending on `DAY`.
fn scene(counts: &[&[u32]], flags: EventFlags) -> Scene {
    let mut events = Vec::new();
    let first = DAY + 1 - i64::try_from(counts.len()).unwrap();
    for (day, hours) in (first..).zip(counts) {
        for (hour, count) in (day * 24..).zip(hours.iter()) {
            events.extend((0..i64::from(*count)).map(|at| Event {
                at_micros: hour * MICROS_PER_HOUR + at * 1_000_000,
                tie: at.cast_unsigned(),
                orig_bytes: None,
                resp_bytes: None,
                duration_millis: None,
                pattern_hash: 0,
                flags,
            }));
        }
    }
    let mut scene = Scene::over(Service::Tls);
    scene.profile.starts = Events::of(events);
    scene
}

const QUIET: &[u32] = &[2, 1, 2, 2, 1, 3];

#[test]
fn an_hour_far_above_the_days_before_is_a_spike() {
    let found = weigh(&scene(&[QUIET, QUIET, &[2, 40]], EventFlags::NO_INTERACTION).case()).unwrap();
    assert_eq!(found.element, Some(Element::ConnectionFrequencyThreshold));
    assert_eq!((found.observed, found.baseline, found.baseline_n), (Some(40.0), Some(3.0), Some(12)));
    assert!((found.weight_bans - CAP_BANS).abs() < 1e-12);
}

#[test]
fn a_person_a_short_history_or_a_little_more_is_none() {
    for (counts, flags) in [
        // Somebody was at the phone, or nobody knows.
        (&[QUIET, &[40]][..], EventFlags::INTERACTION),
        (&[QUIET, &[40]], EventFlags::default()),
        (&[&[2, 2], &[40]], EventFlags::NO_INTERACTION),
        (&[QUIET, &[11]], EventFlags::NO_INTERACTION),
        (&[&[1; 6], &[7]], EventFlags::NO_INTERACTION),
        (&[&[40]], EventFlags::NO_INTERACTION),
    ] {
        assert_eq!(weigh(&scene(counts, flags).case()), None, "{counts:?}");
    }
}
