//! Stage A: is this machine-driven command polling, or a persistent channel?
//!
//! Looks at one series of one device only, so it needs no baseline and runs while the device is at hand.

use crate::dns::DnsAssessment;
use crate::series::{Event, EventFlags, Profile};
use crate::timing::{self, AwakeClock, TimingTest};
use bitcode::{Decode, Encode};

/// The busiest host or request pattern is tested by itself when it has at most this share of all.
const PATTERN_SHARE_MAX: f64 = 0.9;
/// Share of events in shared moments from which leaving them out leaves nothing to test.
const SHARED_SHARE_MAX: f64 = 0.6;
/// p-value at which session starts leave no doubt: together with as many ways of looking as there are, six, it stays below
/// 1e-4, from which on less says no more (the cap of the evidence).
const CLEAR_P: f64 = 1e-5;
/// Check-ins that it takes besides.
const CLEAR_CHECK_INS: usize = 24;
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
    /// Whether it is that of the last day alone, which left no doubt.
    pub is_of_last_day: bool,
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
}

/// What stage A found of one series over one window of days.
#[derive(Debug, Clone, PartialEq, Default, Encode, Decode)]
pub struct Machine {
    /// `None` with fewer than eight check-ins: no evidence, which is not evidence of a person.
    pub timing: Option<Timing>,
    /// Check-ins at the scale of the rhythm, at most 2,001, or those there are when too few to test.
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

/// Stage A over a profile, whose window ends at `end_micros`. `awake` is the device's awake clock.
pub fn assess(profile: &Profile, awake: &AwakeClock, end_micros: i64) -> Machine {
    with_timing(Tests::of(profile, awake).told(), profile, awake, end_micros)
}

/// Stage A over several days, of which `last` is also there by itself. Its rhythm is told where it leaves no doubt: the
/// days before are asked for what a day alone does not show.
pub fn assess_days(days: &Profile, last: &Profile, awake: &AwakeClock, end_micros: i64) -> Machine {
    let of_last = Tests::of_starts(last);
    let told = if of_last.is_clear() {
        let (timing, check_ins) = of_last.and_other_ways(last, awake).told();
        let timing = timing.map(|timing| Timing { is_of_last_day: true, ..timing });
        let of_all = timing.as_ref().map_or(0, |timing| check_ins_at(days, timing));
        (timing, of_all.max(check_ins))
    } else {
        Tests::of(days, awake).told()
    };
    with_timing(told, days, awake, end_micros)
}

/// Check-ins at the scale of a rhythm, at most 2,001.
fn check_ins_at(profile: &Profile, timing: &Timing) -> u64 {
    let events = if timing.rhythm == Rhythm::Messages { &profile.messages } else { &profile.starts };
    #[expect(clippy::cast_possible_truncation, reason = "a dead time of at most hours")]
    let dead_time_micros = (timing.best.scale_secs * 1e6).round() as i64;
    timing::collapse::collapse(&instants(events.latest()), dead_time_micros).len() as u64
}

fn with_timing(
    (timing, check_ins): (Option<Timing>, u64),
    profile: &Profile,
    awake: &AwakeClock,
    end_micros: i64,
) -> Machine {
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

/// Tests of the instants of one series in several ways.
#[derive(Default)]
struct Tests {
    found: Vec<(Rhythm, timing::Found)>,
    /// Most check-ins of a way that has too few.
    have: u64,
}

impl Tests {
    fn of(profile: &Profile, awake: &AwakeClock) -> Self {
        Self::of_starts(profile).and_other_ways(profile, awake)
    }

    fn of_starts(profile: &Profile) -> Self {
        let mut tests = Self::default();
        tests.add(Rhythm::Sessions, &instants(profile.starts.latest()), &timing::Options::default());
        tests
    }

    /// And of everything else that may show the rhythm.
    fn and_other_ways(mut self, profile: &Profile, awake: &AwakeClock) -> Self {
        let plain = timing::Options::default();
        let (starts, messages) = (profile.starts.latest(), profile.messages.latest());
        let times = instants(starts);
        if !self.is_clear() {
            let on_awake_clock = awake.awake(&times);
            if intervals_differ(&times, &on_awake_clock) {
                self.add(Rhythm::AwakeSessions, &on_awake_clock, &plain);
            }
        }
        if let Some(excluded) = shared_moments(starts) {
            self.add(Rhythm::OwnMoments, &times, &timing::Options { awake: None, excluded: &excluded });
        }
        if !messages.is_empty() {
            self.add(Rhythm::Messages, &instants(messages), &plain);
        }
        for times in [starts, messages].into_iter().filter_map(busiest_pattern) {
            self.add(Rhythm::Pattern, &times, &plain);
        }
        self
    }

    fn add(&mut self, rhythm: Rhythm, times: &[i64], options: &timing::Options<'_>) {
        match timing::find(times, options) {
            Ok(found) => self.found.push((rhythm, found)),
            Err(have) => self.have = self.have.max(have as u64),
        }
    }

    /// Whether session starts on the wall clock leave no doubt.
    fn is_clear(&self) -> bool {
        self.found.iter().any(|(_, found)| found.p_value() <= CLEAR_P && found.events() >= CLEAR_CHECK_INS)
    }

    /// The most regular of them under the p-value of all, and its check-ins.
    fn told(self) -> (Option<Timing>, u64) {
        let parts: Vec<(f64, f64)> = self.found.iter().map(|(_, found)| (found.p_value(), 1.0)).collect();
        let best = self.found.into_iter().min_by(|(_, a), (_, b)| a.p_value().total_cmp(&b.p_value()));
        match (best, timing::combine::combine(&parts)) {
            (Some((rhythm, best)), Some(p_value)) => {
                let best = best.described();
                let check_ins = best.events as u64;
                (Some(Timing { p_value, best, rhythm, is_of_last_day: false }), check_ins)
            }
            _ => (None, self.have),
        }
    }
}

/// Which events lie in moments that many apps share; `None` where there are none, or too many to leave a rhythm.
fn shared_moments(events: &[Event]) -> Option<Vec<bool>> {
    let is_shared: Vec<bool> = events.iter().map(|event| event.flags.has(EventFlags::SHARED)).collect();
    let shared = is_shared.iter().filter(|is| **is).count();
    (shared > 0 && (shared as f64) < SHARED_SHARE_MAX * events.len() as f64).then_some(is_shared)
}

fn instants(events: &[Event]) -> Vec<i64> {
    events.iter().map(|event| event.at_micros).collect()
}

fn intervals_differ(a: &[i64], b: &[i64]) -> bool {
    match (a.first(), a.last(), b.first(), b.last()) {
        (Some(a0), Some(a1), Some(b0), Some(b1)) => a1 - a0 != b1 - b0,
        _ => false,
    }
}

/// Instants of the host or request pattern with most events, where the series has several.
fn busiest_pattern(events: &[Event]) -> Option<Vec<i64>> {
    let mut patterns: Vec<u32> = events.iter().map(|event| event.pattern_hash).collect();
    patterns.sort_unstable();
    let busiest = patterns.chunk_by(|a, b| a == b).max_by_key(|chunk| chunk.len())?;
    let is_one_of_several = (busiest.len() as f64) < PATTERN_SHARE_MAX * patterns.len() as f64;
    let pattern = *busiest.first()?;
    let of_pattern = |event: &&Event| event.pattern_hash == pattern;
    (is_one_of_several && busiest.len() >= timing::CHECK_INS_MIN)
        .then(|| events.iter().filter(of_pattern).map(|event| event.at_micros).collect())
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
    })
}
