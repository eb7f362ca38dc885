//! Stage A: is this machine-driven command polling, or a persistent channel?
//!
//! Looks at one series of one device only, so it needs no baseline and runs while the device is at hand.

use crate::dns::DnsAssessment;
use crate::series::{Event, EventFlags, Events, Profile};
use crate::timing::{self, AwakeClock, TimingTest};
use bitcode::{Decode, Encode};

/// The busiest host or request pattern is tested by itself when it has at most this share of all.
const PATTERN_SHARE_MAX: f64 = 0.9;
/// Share of events in shared moments from which leaving them out leaves nothing to test.
const SHARED_SHARE_MAX: f64 = 0.6;
/// Sessions after a push from which a series without a rhythm is looked at: it may be driven by them.
const WAKES_MIN: u64 = 8;
/// p-value up to which a series counts as having a rhythm.
pub const RHYTHM_P_MAX: f64 = 0.01;
const MICROS_PER_HOUR: f64 = 3.6e9;

/// Which of a series' instants showed the rhythm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
pub enum Rhythm {
    /// Session starts.
    Sessions,
    /// Session starts on the device's awake clock.
    AwakeSessions,
    /// Session starts without the moments that many apps share.
    OwnMoments,
    /// The busiest host, or the busiest request pattern.
    Pattern,
    /// Messages inside sessions.
    Messages,
    /// Session starts of so many phones at the same destination, put together: each alone shows too few.
    Together(u32),
}

/// The rhythm of a series.
#[derive(Debug, Clone, PartialEq, Encode, Decode)]
pub struct Timing {
    /// Combined over all instants tested, 1e-7..=0.9.
    pub p_value: f64,
    /// The most regular of them.
    pub best: TimingTest,
    /// Which it was.
    pub rhythm: Rhythm,
}

/// How long a series is connected.
#[derive(Debug, Clone, Copy, PartialEq, Encode, Decode)]
pub struct Persistence {
    /// Longest session, seconds.
    pub longest_secs: f64,
    /// Sum of all sessions, seconds.
    pub connected_secs: f64,
    /// Connected time over the span from first to last event and the last session's end, 0..=1.
    pub connected_share: f64,
    /// Hours of the window in which the series was seen.
    pub active_hours: u32,
}

/// What stage A found of one series over one window of days.
#[derive(Debug, Clone, PartialEq, Default, Encode, Decode)]
pub struct Machine {
    /// `None` with fewer than eight check-ins: no evidence, which is not evidence of a person.
    pub timing: Option<Timing>,
    /// Check-ins tested, or those there are when too few.
    pub check_ins: u64,
    /// `None` when no session says how long it was.
    pub persistence: Option<Persistence>,
    /// `None` without DNS queries.
    pub dns: Option<DnsAssessment>,
    /// Hours from its first event to the end of the window in which the device was seen at all: silences of all apps do
    /// not count.
    pub awake_hours: f64,
}

impl Machine {
    /// p-value of a rhythm, 1 where none could be tested (for sorting and gates, not for evidence).
    pub fn timing_p(&self) -> f64 {
        self.timing.as_ref().map_or(1.0, |timing| timing.p_value)
    }

    /// The pace at which it polls, seconds; `None` without a rhythm at 1 %.
    pub fn pace_secs(&self) -> Option<f64> {
        self.timing
            .as_ref()
            .filter(|timing| timing.p_value <= RHYTHM_P_MAX)
            .map(|timing| timing.best.period_secs)
    }

    /// Whether the series is worth comparing with the fleet at all: a trace of a rhythm, a long connection, or DNS
    /// names that carry something.
    pub fn is_worth_weighing(&self, profile: &Profile) -> bool {
        let woken = profile.states.after_push;
        self.timing_p() <= 0.2
            || (woken >= WAKES_MIN && woken * 2 >= profile.sessions())
            || self.persistence.is_some_and(|p| p.connected_secs >= 60.0 && p.connected_share >= 0.5)
            || self.dns.as_ref().is_some_and(|dns| dns.queries >= 8 && dns.information_bits_per_hour >= 200.0)
    }

    /// Whether the series counts as machine-driven when series are compared with each other: a rhythm at 1 %, a
    /// connection of half an hour, or a DNS channel.
    pub fn is_machine_driven(&self) -> bool {
        self.timing_p() <= RHYTHM_P_MAX
            || self.persistence.is_some_and(|p| p.longest_secs >= 1800.0)
            || self.dns.as_ref().is_some_and(|dns| dns.information_bits_per_hour >= 500.0)
    }
}

/// Stage A over the profile of a window that ends at `end_micros`. `awake` is the device's awake clock.
pub fn assess(profile: &Profile, awake: &AwakeClock, end_micros: i64) -> Machine {
    let (timing, check_ins) = timing_of(profile, awake);
    Machine {
        timing,
        check_ins,
        persistence: persistence_of(profile),
        dns: profile.dns.as_ref().and_then(|dns| dns.assess()),
        awake_hours: awake_hours(profile, awake, end_micros),
    }
}

fn awake_hours(profile: &Profile, awake: &AwakeClock, end_micros: i64) -> f64 {
    profile.span().map_or(0.0, |(first, last)| {
        let (first, last) = (first.micros(), last.micros());
        let end = awake.last_seen_by(end_micros).unwrap_or(last).max(last);
        (end - first - awake.asleep_micros(first, end)) as f64 / MICROS_PER_HOUR
    })
}

/// Hours from first to last event, at least one tenth: a capture of seconds is not an hour's evidence.
pub fn observed_hours(profile: &Profile) -> f64 {
    let span = profile.span().map_or(0, |(first, last)| last.since(first));
    (span as f64 / MICROS_PER_HOUR).max(0.1)
}

fn timing_of(profile: &Profile, awake: &AwakeClock) -> (Option<Timing>, u64) {
    let mut tests: Vec<(Rhythm, timing::Found)> = Vec::new();
    let mut have = 0;
    let mut test = |rhythm, times: &[i64], options: &timing::Options<'_>| match timing::find(times, options) {
        Ok(test) => tests.push((rhythm, test)),
        Err(found) => have = have.max(found as u64),
    };
    let plain = timing::Options::default();
    let starts = instants(&profile.starts);
    test(Rhythm::Sessions, &starts, &plain);
    let on_awake_clock = awake.awake(&starts);
    if intervals_differ(&starts, &on_awake_clock) {
        test(Rhythm::AwakeSessions, &on_awake_clock, &plain);
    }
    let excluded: Vec<bool> =
        profile.starts.latest().iter().map(|event| event.flags.has(EventFlags::SHARED)).collect();
    let shared = excluded.iter().filter(|is| **is).count();
    if shared > 0 && (shared as f64) < SHARED_SHARE_MAX * starts.len() as f64 {
        test(Rhythm::OwnMoments, &starts, &timing::Options { awake: None, excluded: &excluded });
    }
    if let Some(times) = busiest_pattern(&profile.starts) {
        test(Rhythm::Pattern, &times, &plain);
    }
    if profile.messages.total() > 0 {
        test(Rhythm::Messages, &instants(&profile.messages), &plain);
        if let Some(times) = busiest_pattern(&profile.messages) {
            test(Rhythm::Pattern, &times, &plain);
        }
    }
    let parts: Vec<(f64, f64)> = tests.iter().map(|(_, test)| (test.p_value(), 1.0)).collect();
    let best = tests.into_iter().min_by(|(_, a), (_, b)| a.p_value().total_cmp(&b.p_value()));
    match (best, timing::combine::combine(&parts)) {
        (Some((rhythm, best)), Some(p_value)) => {
            let best = best.described();
            let check_ins = best.events as u64;
            (Some(Timing { p_value, best, rhythm }), check_ins)
        }
        _ => (None, have),
    }
}

fn instants(events: &Events) -> Vec<i64> {
    events.latest().iter().map(|event| event.at_micros).collect()
}

fn intervals_differ(a: &[i64], b: &[i64]) -> bool {
    match (a.first(), a.last(), b.first(), b.last()) {
        (Some(a0), Some(a1), Some(b0), Some(b1)) => a1 - a0 != b1 - b0,
        _ => false,
    }
}

/// Instants of the host or request pattern with most events, where the series has several.
fn busiest_pattern(events: &Events) -> Option<Vec<i64>> {
    let mut patterns: Vec<u32> = events.latest().iter().map(|event| event.pattern_hash).collect();
    patterns.sort_unstable();
    let busiest = patterns.chunk_by(|a, b| a == b).max_by_key(|chunk| chunk.len())?;
    let is_one_of_several = (busiest.len() as f64) < PATTERN_SHARE_MAX * patterns.len() as f64;
    let pattern = *busiest.first()?;
    let of_pattern = |event: &&Event| event.pattern_hash == pattern;
    (is_one_of_several && busiest.len() >= timing::CHECK_INS_MIN)
        .then(|| events.latest().iter().filter(of_pattern).map(|event| event.at_micros).collect())
}

fn persistence_of(profile: &Profile) -> Option<Persistence> {
    if profile.connected_micros == 0 {
        return None;
    }
    let (first, last) = profile.span()?;
    let last_duration = profile.starts.latest().last().and_then(|event| event.duration_millis).unwrap_or(0);
    let observed = last.since(first) as f64 + f64::from(last_duration) * 1000.0;
    let connected = profile.connected_micros as f64;
    Some(Persistence {
        longest_secs: profile.longest_micros as f64 / 1e6,
        connected_secs: connected / 1e6,
        connected_share: if observed > 0.0 { (connected / observed).min(1.0) } else { 0.0 },
        active_hours: u32::try_from(profile.hours.len()).unwrap_or(u32::MAX),
    })
}
