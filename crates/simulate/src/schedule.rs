//! The check-ins of one schedule on one phone, without the fleet: what a test that knows the law may study.

use crate::device::timeline::{Person, Span, Timeline};
use crate::law::{Law, Rhythm};
use crate::number::{DAY, HOUR, micros};
use crate::random::Rng;
use undertone_core::model::Platform;

/// A schedule.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Schedule {
    /// Law of the intervals.
    pub law: Law,
    /// Period, seconds, at least 1.
    pub period_secs: f64,
    /// Jitter as a share of the period, 0..0.95.
    pub jitter: f64,
    /// Share of check-ins left out, 0..1.
    pub miss: f64,
}

/// When a sender of this schedule checks in on some phone over `days` days, microseconds, at most `most`: with the
/// phone's offline gaps, and its Doze windows where the law is deferred.
pub fn check_ins(schedule: &Schedule, days: u32, most: usize, seed: u64) -> Vec<i64> {
    let mut rng = Rng::stream(&[seed, 0x7363_6865]);
    let span = Span { start: 20_577 * DAY, end: (20_577 + i64::from(days)) * DAY };
    let person = Person {
        wakes_hour: 6.9 + 0.9 * rng.normal(),
        sleeps_hour: 23.0 + rng.normal(),
        pickup_minutes: rng.lognormal(7.5, 0.45).clamp(2.5, 40.0),
        charges_at_night: *rng.pick(&[0.05, 0.3, 0.8, 0.95]),
        night_flight_mode: rng.chance(0.07),
        utc_offset: 2 * HOUR,
    };
    let platform = if rng.chance(0.25) { Platform::Ios } else { Platform::Android };
    let timeline = Timeline::new(span, &person, platform, &mut rng);
    let mut rhythm = Rhythm::new(schedule.law, schedule.period_secs, schedule.jitter, person.utc_offset);
    let mut at = span.start + micros(schedule.period_secs * rng.unit());
    let mut found = Vec::new();
    while at < span.end && found.len() < most {
        if schedule.law == Law::DozeBatched {
            at = timeline.deferred(at, &mut rng);
        }
        if !rng.chance(schedule.miss) && timeline.is_online(at) {
            found.push(at + micros(0.03 * rng.exponential(1.0)));
        }
        at = rhythm.next(at, &mut rng);
    }
    found
}
