//! The check-ins behind a finding, so that it can be drawn and explained without the logs.
//!
//! Bounded: the latest [`Trace::CHECK_INS_MAX`] check-ins in full, and counts by hour for the whole window.

use crate::model::Timestamp;
use crate::score::machine::{Machine, Rhythm};
use crate::series::{Event, EventFlags, Events, Profile};

const MICROS_PER_HOUR: i64 = 3_600_000_000;
/// Dead time where no rhythm was tested: the longest of the burst collapse, 2 s.
const DEAD_TIME_MICROS: i64 = 2_000_000;

/// Which instants of a series its check-ins are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum TraceOf {
    /// Session starts.
    Sessions,
    /// Session starts without the moments that many apps share.
    OwnMoments,
    /// Those of the busiest host or request pattern.
    Pattern,
    /// Messages inside sessions.
    Messages,
}

impl TraceOf {
    /// All.
    pub const ALL: [Self; 4] = [Self::Sessions, Self::OwnMoments, Self::Pattern, Self::Messages];

    /// Lower-case name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sessions => "sessions",
            Self::OwnMoments => "own_moments",
            Self::Pattern => "pattern",
            Self::Messages => "messages",
        }
    }
}

/// Whether the device was locked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Lock {
    /// Not known.
    #[default]
    Unknown,
    /// Locked.
    Locked,
    /// Unlocked.
    Unlocked,
}

/// Where the app was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum AppState {
    /// Not known.
    #[default]
    Unknown,
    /// On the screen.
    Foreground,
    /// In the background.
    Background,
    /// In the background with a visible notification.
    ForegroundService,
}

/// One check-in: a burst of parallel connections counts as one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CheckIn {
    /// Milliseconds since the epoch.
    pub at_millis: i64,
    /// Bytes sent in the burst, by the sessions that say.
    pub orig_bytes: Option<u64>,
    /// Bytes received in the burst, by the sessions that say.
    pub resp_bytes: Option<u64>,
    /// Whether the device was locked at its start.
    pub lock: Lock,
    /// Where the app was at its start.
    pub app: AppState,
    /// Whether the app's push arrived seconds before.
    pub after_push: bool,
}

/// Check-ins of a series.
#[derive(Debug, Clone, PartialEq)]
pub struct Trace {
    /// Which instants they are.
    pub of: TraceOf,
    /// The latest check-ins, ascending.
    pub check_ins: Vec<CheckIn>,
    /// All of the window, listed or not.
    pub total: u64,
    /// The interval that most check-ins keep, seconds; `None` where no rhythm was tested.
    pub period_secs: Option<f64>,
    /// Whether the rhythm was found on the time in which the phone was awake.
    pub is_awake_clock: bool,
    /// Sessions closer than this to the one before are its burst, milliseconds.
    pub dead_time_millis: u64,
    /// Hour of the first count of `per_hour`, hours since the epoch.
    pub first_hour: i64,
    /// Check-ins in each hour of the window, quiet hours included.
    pub per_hour: Vec<u32>,
}

impl Trace {
    /// Check-ins listed at the most: what a plot can show apart, within 12 kB of JSON.
    pub const CHECK_INS_MAX: usize = 400;
    /// Hours counted at the most: a window is 7 days.
    pub const HOURS_MAX: usize = 8 * 24;

    /// The trace of a scored series; `None` without events.
    pub fn of(profile: &Profile, machine: &Machine) -> Option<Self> {
        let (of, events) = shown(profile, machine);
        let best = machine.timing.as_ref().map(|timing| &timing.best);
        #[expect(clippy::cast_possible_truncation, reason = "a dead time is seconds to hours")]
        let dead_time_micros = best.map_or(DEAD_TIME_MICROS, |test| (test.scale_secs * 1e6).round() as i64);
        let mut check_ins = collapsed(&events, dead_time_micros);
        let (first_hour, per_hour) = by_hour(&check_ins)?;
        let total = check_ins.len() as u64;
        check_ins.drain(..check_ins.len().saturating_sub(Self::CHECK_INS_MAX));
        // Many of these wait for the budget: none may hold room for what it left out.
        check_ins.shrink_to_fit();
        let is_awake = |rhythm| matches!(rhythm, Rhythm::AwakeSessions);
        let timing = machine.timing.as_ref();
        Some(Self {
            of,
            check_ins,
            total,
            period_secs: best.map(|test| test.period_secs).filter(|secs| secs.is_finite() && *secs > 0.0),
            is_awake_clock: timing.is_some_and(|t| t.best.is_awake_clock || is_awake(t.rhythm)),
            dead_time_millis: dead_time_micros.unsigned_abs() / 1000,
            first_hour,
            per_hour,
        })
    }

    /// About how much memory it takes, bytes.
    pub(crate) fn bytes(&self) -> usize {
        size_of_val(self.check_ins.as_slice()) + size_of_val(self.per_hour.as_slice())
    }

    /// When the first listed check-in was.
    pub fn start(&self) -> Option<Timestamp> {
        self.check_ins.first().map(CheckIn::at)
    }

    /// Whether the lock state of any listed check-in is known.
    pub fn knows_lock(&self) -> bool {
        self.check_ins.iter().any(|check_in| check_in.lock != Lock::Unknown)
    }

    /// Whether the app's state at any listed check-in is known.
    pub fn knows_app(&self) -> bool {
        self.check_ins.iter().any(|check_in| check_in.app != AppState::Unknown)
    }

    /// Times between listed check-ins, seconds.
    pub fn intervals_secs(&self) -> Vec<f64> {
        let times = self.check_ins.iter().map(|check_in| check_in.at_millis);
        times.clone().zip(times.skip(1)).map(|(a, b)| b.saturating_sub(a) as f64 / 1000.0).collect()
    }
}

impl CheckIn {
    /// When it was.
    pub const fn at(&self) -> Timestamp {
        Timestamp::from_micros(self.at_millis.saturating_mul(1000))
    }
}

/// The events in which the rhythm was found, else the session starts.
fn shown(profile: &Profile, machine: &Machine) -> (TraceOf, Vec<Event>) {
    let all = |events: &Events| events.latest().to_vec();
    let sessions = || {
        if profile.starts.latest().is_empty() {
            (TraceOf::Messages, all(&profile.messages))
        } else {
            (TraceOf::Sessions, all(&profile.starts))
        }
    };
    match machine.timing.as_ref().map(|timing| timing.rhythm) {
        None | Some(Rhythm::Sessions | Rhythm::AwakeSessions | Rhythm::Together(_)) => sessions(),
        Some(Rhythm::Messages) => (TraceOf::Messages, all(&profile.messages)),
        Some(Rhythm::OwnMoments) => {
            let own = profile.starts.latest().iter().filter(|event| !event.flags.has(EventFlags::SHARED));
            (TraceOf::OwnMoments, own.copied().collect())
        }
        Some(Rhythm::Pattern) => {
            let wanted = machine.check_ins;
            let candidates = [&profile.starts, &profile.messages].map(busiest_pattern);
            let distance = |events: &Vec<Event>| (events.len() as u64).abs_diff(wanted);
            let nearest = candidates.into_iter().filter(|events| !events.is_empty()).min_by_key(distance);
            nearest.map_or_else(sessions, |events| (TraceOf::Pattern, events))
        }
    }
}

fn busiest_pattern(events: &Events) -> Vec<Event> {
    let mut patterns: Vec<u32> = events.latest().iter().map(|event| event.pattern_hash).collect();
    patterns.sort_unstable();
    let busiest = patterns.chunk_by(|a, b| a == b).max_by_key(|chunk| chunk.len());
    let Some(&pattern) = busiest.and_then(<[u32]>::first) else { return Vec::new() };
    events.latest().iter().filter(|event| event.pattern_hash == pattern).copied().collect()
}

/// One check-in for each burst of ascending events.
fn collapsed(events: &[Event], dead_time_micros: i64) -> Vec<CheckIn> {
    let mut check_ins: Vec<CheckIn> = Vec::new();
    let mut before: Option<i64> = None;
    for event in events {
        let joins = before.is_some_and(|at| event.at_micros.saturating_sub(at) <= dead_time_micros);
        before = Some(event.at_micros);
        let (sent, received) = (event.orig_bytes.map(u64::from), event.resp_bytes.map(u64::from));
        match check_ins.last_mut().filter(|_| joins) {
            Some(burst) => {
                burst.orig_bytes = sum(burst.orig_bytes, sent);
                burst.resp_bytes = sum(burst.resp_bytes, received);
                burst.after_push |= event.flags.has(EventFlags::AFTER_PUSH);
            }
            None => check_ins.push(CheckIn {
                at_millis: event.at_micros.div_euclid(1000),
                orig_bytes: sent,
                resp_bytes: received,
                lock: lock_of(event.flags),
                app: app_of(event.flags),
                after_push: event.flags.has(EventFlags::AFTER_PUSH),
            }),
        }
    }
    check_ins
}

fn sum(a: Option<u64>, b: Option<u64>) -> Option<u64> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.saturating_add(b)),
        (one, other) => one.or(other),
    }
}

fn lock_of(flags: EventFlags) -> Lock {
    if flags.has(EventFlags::LOCKED) {
        Lock::Locked
    } else if flags.has(EventFlags::UNLOCKED) {
        Lock::Unlocked
    } else {
        Lock::Unknown
    }
}

fn app_of(flags: EventFlags) -> AppState {
    if flags.has(EventFlags::FOREGROUND_SERVICE) {
        AppState::ForegroundService
    } else if flags.has(EventFlags::FOREGROUND) {
        AppState::Foreground
    } else if flags.has(EventFlags::BACKGROUND) {
        AppState::Background
    } else {
        AppState::Unknown
    }
}

/// Check-ins by hour, at most the latest [`Trace::HOURS_MAX`] hours; `None` without check-ins.
fn by_hour(check_ins: &[CheckIn]) -> Option<(i64, Vec<u32>)> {
    let hour_of = |check_in: &CheckIn| check_in.at_millis.div_euclid(MICROS_PER_HOUR / 1000);
    let (first, last) = (hour_of(check_ins.first()?), hour_of(check_ins.last()?));
    let hours = usize::try_from(last - first).map_or(Trace::HOURS_MAX, |span| span + 1).min(Trace::HOURS_MAX);
    let first = last - i64::try_from(hours).unwrap_or(0) + 1;
    let mut counts = vec![0_u32; hours];
    for check_in in check_ins {
        let at = usize::try_from(hour_of(check_in) - first).ok();
        if let Some(count) = at.and_then(|at| counts.get_mut(at)) {
            *count += 1;
        }
    }
    Some((first, counts))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(at_secs: i64, flags: EventFlags) -> Event {
        Event {
            at_micros: at_secs * 1_000_000,
            tie: 0,
            orig_bytes: Some(100),
            resp_bytes: None,
            duration_millis: None,
            pattern_hash: 1,
            flags,
        }
    }

    fn trace(events: Vec<Event>) -> Trace {
        let profile = Profile { starts: Events::of(events), ..Profile::default() };
        Trace::of(&profile, &Machine::default()).unwrap()
    }

    #[test]
    fn a_burst_is_one_check_in_and_its_bytes_add_up() {
        let locked = EventFlags::LOCKED.with(EventFlags::BACKGROUND);
        let trace = trace(vec![event(0, locked), event(1, locked), event(2, locked), event(60, locked)]);
        assert_eq!(trace.total, 2);
        assert_eq!(trace.check_ins[0].orig_bytes, Some(300));
        assert_eq!(trace.check_ins[0].resp_bytes, None);
        assert_eq!((trace.check_ins[1].lock, trace.check_ins[1].app), (Lock::Locked, AppState::Background));
        assert_eq!(trace.intervals_secs(), [60.0]);
    }

    #[test]
    fn the_latest_are_kept_and_every_hour_is_counted() {
        let plain = EventFlags::default();
        let trace = trace((0..1000).map(|n| event(n * 600, plain)).collect());
        assert_eq!((trace.check_ins.len(), trace.total), (Trace::CHECK_INS_MAX, 1000));
        assert_eq!(trace.check_ins.last().unwrap().at_millis, 999 * 600_000);
        // 6 an hour, 4 in the last one.
        assert_eq!((trace.per_hour.len(), trace.per_hour[0], trace.per_hour[166]), (167, 6, 4));
        assert!(!trace.knows_lock() && !trace.knows_app());
    }

    #[test]
    fn no_events_are_no_trace() {
        assert_eq!(Trace::of(&Profile::default(), &Machine::default()), None);
    }
}
