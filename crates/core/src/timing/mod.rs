//! Beacon-like periodicity (ATT&CK `BeaconIntervalVarianceThreshold`, `CadenceAnomalyThreshold`,
//! `HTTPSCadenceAnomalyThreshold`): are these instants a machine's check-ins?
//!
//! Instants are read on the wall clock and on the device's awake clock, bursts of parallel connections become check-ins at up to
//! three scales, each scale is read as a whole, without its long gaps and stretch by stretch, and each reading is
//! tested by six statistics against the union of benign laws (exponential, lognormal sigma 1 to 2,
//! hyperexponential, gamma of shape 3, bursts of human sessions). Everything is joined by the Cauchy
//! combination into one p-value that holds under each of those laws.
//!
//! Not spectral: the jitter of real implants adds up from check-in to check-in (renewal), so phase is lost and the
//! spectral peak vanishes at +-50 % jitter whatever the number of events.
//!
//! Known gaps: jitter of +-70 % and more is not told from mildly regular polling below about 100 check-ins;
//! long-lived sessions have no check-ins (see persistence); a pace of one second is not told in logs of whole seconds;
//! regular is not malicious.

use bitcode::{Decode, Encode};

pub mod awake;
pub mod collapse;
pub mod combine;
mod intervals;
#[expect(clippy::unreadable_literal, reason = "generated; nobody reads single cells")]
#[rustfmt::skip]
mod null_tables;
mod pvalue;
pub mod renewal;
pub mod statistics;
pub mod together;
pub mod views;

pub use awake::AwakeClock;
pub use intervals::{INTERVALS_MAX, INTERVALS_MIN, Intervals};
pub use null_tables::{INTERVAL_COUNTS, LEVELS};
pub use statistics::Statistic;
pub use together::{Together, together};
pub use views::View;

/// Fewest check-ins that are tested.
pub const CHECK_INS_MIN: usize = INTERVALS_MIN + 1;

/// The renewal statistic is computed where a cheap one is at or below this p. Above it the combined p is far
/// from any threshold, with or without.
const RENEWAL_GATE_P: f64 = 0.3;

/// Two scales whose numbers of check-ins differ by at most 1 in 200 are not tested twice.
const SAME_SERIES_DIVISOR: usize = 200;

/// A scale with at most this p is clear by itself.
const CLEAR_P: f64 = 1e-4;

/// A whole second: the resolution of logs that drop the fraction.
const SECOND_MICROS: i64 = 1_000_000;

/// What a series is tested with.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options<'a> {
    /// The device's awake clock. The series is tested on it and on the wall clock: which one a timer runs on
    /// depends on the timer, and a phone whose only traffic is the series has no awake clock of its own.
    pub awake: Option<&'a AwakeClock>,
    /// True for each instant to leave out, because many apps of the device fire at it (maintenance windows,
    /// network changes). Shorter than the instants: the rest is kept.
    pub excluded: &'a [bool],
}

/// The result of a test.
#[expect(clippy::large_enum_variant, reason = "a verdict is read and dropped; it is never stored in bulk")]
#[derive(Debug, Clone, PartialEq)]
pub enum Verdict {
    /// Too few check-ins to say anything: not evidence for a benign series.
    Insufficient {
        /// Check-ins that stand clearly apart, at the scale that has most of them; 0 where no scale has any.
        have: usize,
        /// Check-ins needed.
        need: usize,
    },
    /// Tested.
    Tested(TimingTest),
}

/// A tested series. Everything but `p_value` describes one scale (the coarsest that is clear) and the reading of it
/// that looks most regular.
#[derive(Debug, Clone, PartialEq, Encode, Decode)]
pub struct TimingTest {
    /// Check-ins after burst collapse, at most 2,001 (the latest are used).
    pub events: usize,
    /// Median interval, seconds, > 0.
    pub interval_median_secs: f64,
    /// The interval that most check-ins keep, seconds, > 0: unlike the median it stands through missed
    /// check-ins.
    pub period_secs: f64,
    /// Robust interval dispersion, 0 = clockwork, about 1.5 = Poisson process (see
    /// [`statistics::dispersion`]). `BeaconIntervalVarianceThreshold` is a bound on it.
    pub dispersion: f64,
    /// Share of benign series that look as regular or more, over all scales, readings and statistics:
    /// 1e-7..=0.9 (in practice from 2.5e-7).
    pub p_value: f64,
    /// True when it is told of on the awake clock.
    pub is_awake_clock: bool,
    /// Dead time of the burst collapse, seconds.
    pub scale_secs: f64,
    /// Which reading.
    pub view: View,
    /// Every statistic of the reading.
    pub statistics: [StatisticTest; Statistic::ALL.len()],
}

/// One statistic of a reading.
#[derive(Debug, Clone, Copy, PartialEq, Encode, Decode)]
pub struct StatisticTest {
    /// Which.
    pub statistic: Statistic,
    /// Value and p-value (1e-7..=0.9); `None` for the renewal ratio where nothing cheap looked regular.
    pub result: Option<(f64, f64)>,
}

/// Tests a series of instants (microseconds; any order, duplicates are dropped) for regularity.
pub fn assess(times: &[i64], options: &Options<'_>) -> Verdict {
    match find(times, options) {
        Ok(found) => Verdict::Tested(found.described()),
        Err(have) => Verdict::Insufficient { have, need: CHECK_INS_MIN },
    }
}

/// [`assess`] without the description: of several tests of one series only one is told of. The error is how many
/// check-ins there are where they are too few.
pub fn find(times: &[i64], options: &Options<'_>) -> Result<Found, usize> {
    let kept = without_excluded(times, options.excluded);
    let awake = options.awake.map(|clock| ascending(clock.awake(&kept)));
    let wall = ascending(kept);
    let has_slept = |awake: &Vec<i64>| awake.len() != wall.len() || span(awake) != span(&wall);
    let is_rounded = is_whole_seconds(&wall);
    let (mut have, wall_test) = assess_clock(&wall, is_rounded);
    let mut tests: Vec<Option<Found>> = vec![wall_test];
    if let Some(awake) = awake.filter(has_slept) {
        let (count, test) = assess_clock(&awake, is_rounded);
        have = have.max(count);
        tests.push(test.map(|test| Found { is_awake_clock: true, ..test }));
    }
    let parts: Vec<(f64, f64)> = tests.iter().flatten().map(|test| (test.p_value, 1.0)).collect();
    let told = tests.into_iter().flatten().min_by(|a, b| a.p_value.total_cmp(&b.p_value));
    told.zip(combine::combine(&parts))
        .map(|(told, p_value)| Found { p_value, is_rounded, ..told })
        .ok_or(have)
}

/// Tests ascending instants of one clock (`is_rounded`: logged in whole seconds): the check-ins at the scale with
/// most, and the test over all scales.
fn assess_clock(times: &[i64], is_rounded: bool) -> (usize, Option<Found>) {
    let scales =
        if is_rounded { collapse::scales(&spread_within_second(times)) } else { collapse::scales(times) };
    let have = scales.iter().map(|s| s.at_micros.len()).max().unwrap_or(0);
    let mut tested: Vec<Found> = Vec::new();
    let mut parts: Vec<(f64, f64)> = Vec::new();
    let mut known = 0;
    for scale in &scales {
        let count = scale.total;
        // A scale that merges next to nothing more than the one before it is the same series.
        let is_same = (known - known.min(count)) * SAME_SERIES_DIVISOR <= known;
        if !is_same || tested.is_empty() {
            let Some(test) = assess_scale(scale) else { continue };
            tested.push(test);
        }
        known = count;
        parts.extend(tested.last().map(|test| (test.p_value, 1.0)));
    }
    let told = clearest(tested);
    let combined = combine::combine(&parts);
    (have, told.zip(combined).map(|(told, p_value)| Found { p_value, ..told }))
}

/// The scale that is told of: the coarsest that is clear by itself, else the one with the least p. The fine scales
/// count parallel connections and retries as check-ins of their own.
fn clearest(tested: Vec<Found>) -> Option<Found> {
    let least = tested.iter().map(|test| test.p_value).fold(f64::INFINITY, f64::min);
    tested.into_iter().rev().find(|test| test.p_value <= least.max(CLEAR_P))
}

fn without_excluded(times: &[i64], excluded: &[bool]) -> Vec<i64> {
    if excluded.is_empty() {
        return times.to_vec();
    }
    let is_excluded = |index: usize| excluded.get(index).copied().unwrap_or(false);
    times.iter().enumerate().filter(|(index, _)| !is_excluded(*index)).map(|(_, at)| *at).collect()
}

/// Ascending and distinct.
fn ascending(mut times: Vec<i64>) -> Vec<i64> {
    if !times.is_sorted() {
        times.sort_unstable();
    }
    times.dedup();
    times
}

/// From the first instant to the last, microseconds; 0 when empty.
fn span(times: &[i64]) -> i64 {
    times.last().zip(times.first()).map_or(0, |(last, first)| last.saturating_sub(*first))
}

/// True when all instants are whole seconds apart.
fn is_whole_seconds(times: &[i64]) -> bool {
    let Some(first) = times.first() else { return false };
    times.iter().all(|at| at.wrapping_sub(*first) % SECOND_MICROS == 0)
}

/// Spreads whole-second instants over their second, by the hash of their rank (splitmix64). Rounding makes equal
/// intervals out of unequal ones, and equal intervals are what regularity looks like; so would any even sequence.
fn spread_within_second(times: &[i64]) -> Vec<i64> {
    let spread = |(rank, at): (u64, &i64)| {
        let x = rank.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        at.saturating_add(i64::try_from((x ^ (x >> 31)) % SECOND_MICROS.unsigned_abs()).unwrap_or(0))
    };
    let mut times: Vec<i64> = (0..).zip(times).map(spread).collect();
    times.sort_unstable();
    times
}

/// Tests the check-ins of one scale over all readings; `None` when there are too few.
fn assess_scale(scale: &collapse::CheckIns) -> Option<Found> {
    let times = &scale.at_micros;
    let secs = |micros: i64| micros as f64 * 1e-6;
    let pairs = times.iter().zip(times.iter().skip(1));
    let whole = Intervals::from_secs(pairs.map(|(a, b)| secs(b.saturating_sub(*a))))?;
    let mut parts = Vec::new();
    let mut best: Option<(f64, View, Intervals, Statistics)> = None;
    for views::Reading { view, intervals, weight } in views::readings(whole, secs(scale.median_micros)) {
        let (statistics, p_value) = test_intervals(&intervals);
        parts.push((p_value, weight));
        if best.as_ref().is_none_or(|(least, ..)| p_value < *least) {
            best = Some((p_value, view, intervals, statistics));
        }
    }
    let p_value = combine::combine(&parts)?;
    let (_, view, intervals, statistics) = best?;
    let (events, scale_secs) = (times.len(), scale.dead_time_micros as f64 * 1e-6);
    let (is_awake_clock, is_rounded) = (false, false);
    Some(Found { p_value, events, scale_secs, is_awake_clock, is_rounded, view, intervals, statistics })
}

/// A series or a scale of it that was tested. Of those of a series only one is told of, so only that one is described
/// in full.
#[derive(Debug)]
pub struct Found {
    p_value: f64,
    events: usize,
    scale_secs: f64,
    is_awake_clock: bool,
    /// Whether the instants are of whole seconds.
    is_rounded: bool,
    view: View,
    /// The reading that looks most regular.
    intervals: Intervals,
    statistics: Statistics,
}

impl Found {
    /// As [`TimingTest::p_value`].
    pub fn p_value(&self) -> f64 {
        self.p_value
    }

    /// As [`TimingTest::events`].
    pub fn events(&self) -> usize {
        self.events
    }

    /// All that is told of it.
    pub fn described(self) -> TimingTest {
        // What was spread within its second is told by the second.
        let told = |secs: f64| if self.is_rounded { secs.round().max(1.0) } else { secs };
        TimingTest {
            events: self.events,
            interval_median_secs: told(self.intervals.ln_median().exp()),
            period_secs: told(statistics::period_secs(&self.intervals)),
            dispersion: statistics::dispersion(&self.intervals),
            p_value: self.p_value,
            is_awake_clock: self.is_awake_clock,
            scale_secs: self.scale_secs,
            view: self.view,
            statistics: self.statistics,
        }
    }
}

type Statistics = [StatisticTest; Statistic::ALL.len()];

/// Tests one sample of intervals by every statistic; the combined p-value of one reading.
pub fn test_intervals(intervals: &Intervals) -> ([StatisticTest; Statistic::ALL.len()], f64) {
    let row = pvalue::TableRow::of(intervals.len());
    let test = |statistic: Statistic| {
        let value = statistic.value(intervals);
        (value, statistic.p_value_at(value, row))
    };
    let mut tests = Statistic::ALL.map(|statistic| StatisticTest { statistic, result: None });
    let mut least = combine::P_MAX;
    for slot in &mut tests {
        if slot.statistic != Statistic::Renewal || least <= RENEWAL_GATE_P {
            let result = test(slot.statistic);
            least = least.min(result.1);
            slot.result = Some(result);
        }
    }
    // A part that was not computed neither helps nor hurts: tan(pi (1/2 - 1/2)) = 0.
    let parts = tests.map(|slot| (slot.result.map_or(0.5, |(_, p)| p), slot.statistic.weight()));
    (tests, combine::combine(&parts).unwrap_or(combine::P_MAX))
}
