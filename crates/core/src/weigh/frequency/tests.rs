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
                flags,
                ..Event::default()
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

/// The series' hours as its app's, with `others` connections of its other series in each.
fn app_hours(counts: &[&[u32]], others: u32) -> Vec<(i32, u32)> {
    let first = DAY + 1 - i64::try_from(counts.len()).unwrap();
    let days = (first..).zip(counts).flat_map(|(day, hours)| (day * 24..).zip(hours.iter()));
    days.map(|(hour, count)| (i32::try_from(hour).unwrap(), count + others)).collect()
}

#[test]
fn a_spike_is_that_of_the_app_and_told_of_the_series_that_makes_it() {
    // The series is new today: it has no days before, but the app has.
    let today: &[&[u32]] = &[&[2, 40]];
    let before: &[&[u32]] = &[QUIET, QUIET, &[2, 40]];
    let mut scene = scene(today, EventFlags::NO_INTERACTION);
    assert_eq!(weigh(&scene.case()), None);
    scene.app_hours = app_hours(before, 1);
    let found = weigh(&scene.case()).unwrap();
    assert_eq!((found.observed, found.baseline, found.baseline_n), (Some(41.0), Some(4.0), Some(12)));
    assert!(found.text.starts_with("com.a made 41 connections"), "{}", found.text);
    // Most of the app's hour are connections of other series.
    scene.app_hours = app_hours(before, 50);
    assert_eq!(weigh(&scene.case()), None);
}

#[test]
fn what_is_usual_for_the_role_is_no_spike() {
    let mut scene = scene(&[&[2, 40]], EventFlags::NO_INTERACTION);
    scene.app_hours = app_hours(&[QUIET, QUIET, &[2, 40]], 0);
    let busy = vec![(0, 30); 20];
    scene.role_hours = crate::baseline::RoleHours::new((0..11).map(|device| (device, "tools", &busy)));
    assert_eq!(weigh(&scene.case()), None);
    let calm = vec![(0, 5); 20];
    scene.role_hours = crate::baseline::RoleHours::new((0..11).map(|device| (device, "tools", &calm)));
    let found = weigh(&scene.case()).unwrap();
    assert_eq!((found.baseline, found.baseline_n), (Some(5.0), Some(220)));
}

#[test]
fn only_the_hour_that_is_cut_off_leaves_the_history() {
    let mut scene = scene(&[QUIET, QUIET, &[2, 40]], EventFlags::NO_INTERACTION);
    // What is cut off lies in an hour with somebody at the phone, before all others.
    let mut events = scene.profile.starts.latest().to_vec();
    let before = (DAY - 2) * 24 * MICROS_PER_HOUR - 1;
    let attended = (0..5000).map(|n| Event {
        at_micros: before,
        tie: n,
        flags: EventFlags::INTERACTION,
        ..Event::default()
    });
    events.extend(attended);
    scene.profile.starts = Events::of(events);
    assert!(scene.profile.starts.total() > scene.profile.starts.latest().len() as u64);
    assert_eq!(weigh(&scene.case()).unwrap().baseline_n, Some(12));
}
