//! What a phone and its owner do over time: on line or not, charging, in the hand, asleep.

use crate::number::{DAY, HOUR, MINUTE, SEC, micros};
use crate::random::Rng;
use undertone_core::model::Platform;

/// A span of time, microseconds, `start <= end`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Span {
    pub(crate) start: i64,
    pub(crate) end: i64,
}

impl Span {
    pub(crate) fn contains(self, at: i64) -> bool {
        (self.start..self.end).contains(&at)
    }

    pub(crate) fn micros(self) -> i64 {
        self.end - self.start
    }
}

/// The span that holds `at`, in a sorted list of disjoint spans.
pub(crate) fn holding(spans: &[Span], at: i64) -> Option<Span> {
    let next = spans.partition_point(|span| span.start <= at);
    next.checked_sub(1).map(|last| spans[last]).filter(|span| span.contains(at))
}

/// The owner taking the phone up.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pickup {
    /// Screen on to screen off.
    pub(crate) screen: Span,
    /// Unlocked to locked; `None` for a glance at the locked screen. May end after the screen went off.
    pub(crate) unlocked: Option<Span>,
}

/// Who the owner is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Person {
    /// Hour of local time at which the day starts and ends.
    pub(crate) wakes_hour: f64,
    pub(crate) sleeps_hour: f64,
    /// Mean minutes between pickups at the busiest time of the day.
    pub(crate) pickup_minutes: f64,
    /// Charges at night.
    pub(crate) charges_at_night: f64,
    /// Turns the radio off at night.
    pub(crate) night_flight_mode: bool,
    /// Local time minus UTC, microseconds.
    pub(crate) utc_offset: i64,
}

/// One phone's time.
#[derive(Debug)]
pub(crate) struct Timeline {
    /// The whole span generated.
    pub(crate) span: Span,
    pub(crate) utc_offset: i64,
    pub(crate) offline: Vec<Span>,
    pub(crate) charging: Vec<Span>,
    pub(crate) pickups: Vec<Pickup>,
    /// Times in which background work waits for a window.
    pub(crate) dozes: Vec<Span>,
    /// Maintenance windows.
    pub(crate) windows: Vec<Span>,
    /// Moments at which the network changed (also each end of an offline gap).
    pub(crate) joins: Vec<i64>,
    /// Offline spans that were a shutdown.
    pub(crate) shutdowns: Vec<Span>,
}

impl Timeline {
    pub(crate) fn new(span: Span, person: &Person, platform: Platform, rng: &mut Rng) -> Self {
        let mut timeline = Self {
            span,
            utc_offset: person.utc_offset,
            offline: Vec::new(),
            charging: Vec::new(),
            pickups: Vec::new(),
            dozes: Vec::new(),
            windows: Vec::new(),
            joins: Vec::new(),
            shutdowns: Vec::new(),
        };
        let first = (span.start + person.utc_offset).div_euclid(DAY) - 1;
        let last = (span.end + person.utc_offset).div_euclid(DAY);
        for day in first..=last {
            timeline.add_day(day, person, rng);
        }
        timeline.offline = united(core::mem::take(&mut timeline.offline));
        timeline.charging = united(core::mem::take(&mut timeline.charging));
        timeline.add_joins(rng);
        timeline.add_dozes(platform, rng);
        timeline
    }

    fn add_day(&mut self, day: i64, person: &Person, rng: &mut Rng) {
        let midnight = day * DAY - person.utc_offset;
        let weekend = matches!((day + 4).rem_euclid(7), 0 | 6);
        let shift = if weekend { 1.1 } else { 0.0 };
        let at_hour = |hour: f64| midnight + micros(hour * 3600.0);
        let wakes = at_hour(person.wakes_hour + shift + 0.4 * rng.normal());
        let sleeps = at_hour(person.sleeps_hour + shift * 0.6 + 0.5 * rng.normal());
        self.add_pickups(Span { start: wakes, end: sleeps.max(wakes + 6 * HOUR) }, midnight, person, rng);
        let night_end = at_hour(24.0 + person.wakes_hour + shift);
        if rng.chance(person.charges_at_night) {
            self.charging.push(Span { start: sleeps - rng.secs(0.0, 2400.0), end: night_end });
        }
        if rng.chance(0.4) {
            let start = at_hour(rng.uniform(10.0, 18.0));
            self.charging.push(Span { start, end: start + rng.secs(1200.0, 7200.0) });
        }
        if person.night_flight_mode && rng.chance(0.85) {
            self.offline.push(Span { start: sleeps, end: night_end });
        }
        for _ in 0..rng.poisson(0.9) {
            let start = at_hour(rng.uniform(6.5, 22.0));
            self.offline.push(Span { start, end: start + micros(rng.lognormal(300.0, 0.9).min(5400.0)) });
        }
        if rng.chance(0.03) {
            let start = at_hour(rng.uniform(0.0, 24.0));
            let gap = Span { start, end: start + rng.secs(1800.0, 30_000.0) };
            self.offline.push(gap);
            self.shutdowns.push(gap);
        }
    }

    fn add_pickups(&mut self, awake: Span, midnight: i64, person: &Person, rng: &mut Rng) {
        let mut at = awake.start;
        loop {
            let hour = (at - midnight) as f64 / HOUR as f64;
            let mean = person.pickup_minutes * 60.0 / activity(hour);
            at += rng.wait(mean) + 20 * SEC;
            if at >= awake.end {
                break;
            }
            let pickup = one_pickup(at, rng);
            at = pickup.unlocked.map_or(pickup.screen.end, |unlocked| unlocked.end.max(pickup.screen.end));
            self.pickups.push(pickup);
        }
        if rng.chance(0.12) {
            let pickup = one_pickup(awake.end + rng.secs(5400.0, 16_000.0), rng);
            self.pickups.push(pickup);
        }
    }

    /// Network changes: after offline gaps, and between home, way and work.
    fn add_joins(&mut self, rng: &mut Rng) {
        self.joins.extend(self.offline.iter().map(|gap| gap.end));
        let days = self.span.micros() as f64 / DAY as f64;
        for _ in 0..rng.poisson((2.5 * days).min(90.0)) {
            self.joins.push(rng.range(self.span.start, self.span.end));
        }
        self.joins.retain(|at| self.span.contains(*at));
        self.joins.sort_unstable();
    }

    fn add_dozes(&mut self, platform: Platform, rng: &mut Rng) {
        let mut idle_from = self.span.start - HOUR;
        let ends: Vec<Span> = self.pickups.iter().map(|pickup| pickup.screen).collect();
        let tail = Span { start: self.span.end + HOUR, end: self.span.end + HOUR };
        for screen in ends.into_iter().chain([tail]) {
            let idle = Span { start: idle_from, end: screen.start };
            idle_from = screen.end;
            let is_charging = holding(&self.charging, idle.start + idle.micros() / 2).is_some();
            if idle.micros() > 6 * MINUTE && (!is_charging || platform == Platform::Ios) {
                self.add_doze(idle, platform, rng);
            }
        }
    }

    /// Light Doze: windows 5, 10, 15, 15 ... minutes apart; deep Doze, once the phone lies still for an hour:
    /// 1, 2, 4, 6 hours apart (AOSP `DeviceIdleController`). iOS: background refresh at 15 to 60 minutes.
    fn add_doze(&mut self, idle: Span, platform: Platform, rng: &mut Rng) {
        let doze = Span { start: idle.start + rng.secs(240.0, 360.0), end: idle.end };
        self.dozes.push(doze);
        let lies_still = doze.micros() > 3 * HOUR || rng.chance(0.3);
        let mut at = doze.start;
        let (mut light, mut deep) = (5.0, 1.0);
        loop {
            let minutes = if platform == Platform::Ios {
                rng.uniform(15.0, 60.0)
            } else if lies_still && at - doze.start > HOUR {
                let minutes = deep * 60.0;
                deep = f64::min(deep * 2.0, 6.0);
                minutes
            } else {
                let minutes = light;
                light = f64::min(light * 2.0, 15.0);
                minutes
            };
            at += micros(minutes * 60.0) + rng.secs(0.0, 40.0);
            if at >= doze.end {
                return;
            }
            self.windows.push(Span { start: at, end: at + rng.secs(60.0, 300.0) });
        }
    }

    /// Whether the phone can send at `at`.
    pub(crate) fn is_online(&self, at: i64) -> bool {
        self.span.contains(at) && holding(&self.offline, at).is_none()
    }

    /// When work due at `at` runs if the system may defer it: at once, in the next window, or when Doze ends.
    pub(crate) fn deferred(&self, at: i64, rng: &mut Rng) -> i64 {
        let Some(doze) = holding(&self.dozes, at) else { return at };
        if holding(&self.windows, at).is_some() {
            return at;
        }
        let next = self.windows.partition_point(|window| window.start <= at);
        let window = self.windows.get(next).map_or(i64::MAX, |window| window.start);
        window.min(doze.end) + micros(rng.exponential(6.0).min(50.0))
    }

    /// Whether the device is unlocked at `at`.
    pub(crate) fn is_unlocked(&self, at: i64) -> bool {
        // Pickups do not overlap; an unlocked phone may stay so until shortly after the screen went off.
        let next = self.pickups.partition_point(|pickup| pickup.screen.start <= at);
        let last = next.checked_sub(1).and_then(|last| self.pickups.get(last));
        last.is_some_and(|pickup| pickup.unlocked.is_some_and(|span| span.contains(at)))
    }
}

/// How active people are by the hour, 1 at the busiest.
fn activity(hour: f64) -> f64 {
    const BY_HOUR: [f64; 24] = [
        0.4, 0.3, 0.2, 0.2, 0.2, 0.3, 0.5, 0.8, 0.8, 0.6, 0.6, 0.7, 0.9, 0.8, 0.6, 0.6, 0.7, 0.8, 0.9, 1.0,
        1.0, 1.0, 0.9, 0.6,
    ];
    BY_HOUR[crate::number::index(crate::number::count(hour)) % 24]
}

fn one_pickup(at: i64, rng: &mut Rng) -> Pickup {
    if rng.chance(0.16) {
        return Pickup { screen: Span { start: at, end: at + rng.secs(4.0, 15.0) }, unlocked: None };
    }
    let end = at + micros(rng.lognormal(75.0, 1.1).clamp(8.0, 2700.0));
    let lock_delay = if rng.chance(0.7) { 0 } else { rng.secs(1.0, 30.0) };
    let unlock_delay = rng.secs(0.4, 3.0);
    Pickup {
        screen: Span { start: at, end },
        unlocked: Some(Span { start: at + unlock_delay, end: end + lock_delay }),
    }
}

/// Sorted and merged spans.
fn united(mut spans: Vec<Span>) -> Vec<Span> {
    spans.sort_unstable();
    let mut out: Vec<Span> = Vec::with_capacity(spans.len());
    for span in spans {
        match out.last_mut() {
            Some(last) if span.start <= last.end => last.end = last.end.max(span.end),
            _ => out.push(span),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn timeline() -> Timeline {
        let span = Span { start: 20_577 * DAY, end: 20_580 * DAY };
        let person = Person {
            wakes_hour: 7.0,
            sleeps_hour: 23.0,
            pickup_minutes: 9.0,
            charges_at_night: 0.3,
            night_flight_mode: false,
            utc_offset: 2 * HOUR,
        };
        Timeline::new(span, &person, Platform::Android, &mut Rng::stream(&[3]))
    }

    #[test]
    fn spans_are_sorted_and_disjoint() {
        let t = timeline();
        for spans in [&t.offline, &t.charging, &t.dozes, &t.windows] {
            assert!(spans.windows(2).all(|pair| pair[0].end <= pair[1].start), "{spans:?}");
        }
        assert!(t.pickups.windows(2).all(|pair| pair[0].screen.end <= pair[1].screen.start));
        let per_day = t.pickups.len() / 5;
        assert!((30..150).contains(&per_day), "{per_day} pickups a day");
    }

    #[test]
    fn deferred_work_runs_in_windows_or_when_doze_ends() {
        let t = timeline();
        let mut rng = Rng::stream(&[4]);
        for doze in t.dozes.iter().filter(|doze| doze.micros() > HOUR) {
            let at = doze.start + SEC;
            let run = t.deferred(at, &mut rng);
            assert!(run > at && run <= doze.end + MINUTE);
        }
        assert!(t.windows.len() > 20);
    }

    #[test]
    fn people_sleep() {
        let t = timeline();
        let night = (0..3).flat_map(|day| (0..240).map(move |m| t_at(day, m)));
        let unlocked = night.filter(|at| t.is_unlocked(*at)).count();
        assert!(unlocked < 60, "{unlocked}");
    }

    /// A minute between 01:00 and 05:00 local time.
    fn t_at(day: i64, minute: i64) -> i64 {
        (20_577 + day) * DAY + 23 * HOUR + minute * MINUTE
    }
}
