//! The oracle: a test of the intervals that knows the law it looks for, printed beside our recall.
//!
//! It compares the intervals with the law's own distribution (phone gaps, Doze and missed check-ins included) by
//! likelihood ratio, at 1 in 1,000 against the worst of the nulls of the same mean. It knows period, law and
//! jitter, but sees timing only, and each interval on its own: a law with memory may be easier than it says.

use crate::benign::Benign;
use crate::random::Random;
use std::collections::BTreeMap;
use undertone_simulate::{Law, Schedule, check_ins};

/// Draws under each null: the level of 1 in 1,000 is the tenth largest.
const NULL_DRAWS: usize = 10_000;
/// Series of the law whose power is measured.
const LAW_DRAWS: usize = 400;
/// Intervals from which a series is certain for every law here; longer ones are judged by so many.
const INTERVALS_MAX: usize = 200;
/// Bins of the logarithm of an interval in periods: width, and range to either side.
const BIN: f64 = 0.025;
const BINS: usize = 480;
/// Share of anything else that the law's distribution allows for.
const FOREIGN: f64 = 0.02;

/// Powers, by schedule and number of check-ins.
#[derive(Default)]
pub(super) struct Oracle(BTreeMap<(String, usize), f64>);

impl Oracle {
    /// Power at 1 in 1,000 with so many check-ins; 0 for fewer than four.
    pub(super) fn power(&mut self, schedule: &Schedule, check_ins: u64) -> f64 {
        let intervals = usize::try_from(check_ins).unwrap_or(usize::MAX).saturating_sub(1).min(INTERVALS_MAX);
        if intervals < 3 {
            return 0.0;
        }
        *self.0.entry((format!("{schedule:?}"), intervals)).or_insert_with(|| power(schedule, intervals))
    }
}

fn bin(interval: f64) -> usize {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0..BINS after the clamp")]
    let bin = (interval.max(1e-9).ln() / BIN + BINS as f64 / 2.0).clamp(0.0, (BINS - 1) as f64) as usize;
    bin
}

fn power(schedule: &Schedule, intervals: usize) -> f64 {
    let series = law_series(schedule, intervals);
    let known: Vec<f64> = series.iter().flatten().copied().collect();
    let mean = known.iter().sum::<f64>() / known.len().max(1) as f64;
    let mut random = Random::new(1, intervals as u64);
    let nulls: Vec<Vec<f64>> = Benign::ALL
        .iter()
        .filter(|null| **null != Benign::Sessions)
        .map(|null| null_intervals(*null, &mut random, NULL_DRAWS * intervals, mean))
        .collect();
    let of_law = histogram(known.iter());
    let of_null = histogram(nulls.iter().flat_map(|null| null.iter().step_by(7)));
    let ratio: Vec<f64> = (0..BINS)
        .map(|at| (((1.0 - FOREIGN) * of_law[at] + FOREIGN * of_null[at]) / of_null[at]).ln())
        .collect();
    let score = |series: &[f64]| series.iter().map(|x| ratio[bin(*x)]).sum::<f64>();
    let threshold = nulls
        .iter()
        .map(|null| {
            let mut scores: Vec<f64> = null.chunks_exact(intervals).map(score).collect();
            scores.sort_by(|a, b| b.total_cmp(a));
            scores[NULL_DRAWS / 1000 - 1]
        })
        .fold(f64::NEG_INFINITY, f64::max);
    let found = series.iter().filter(|series| score(series) > threshold).count();
    found as f64 / series.len().max(1) as f64
}

/// Series of the law, intervals in periods.
fn law_series(schedule: &Schedule, intervals: usize) -> Vec<Vec<f64>> {
    let days = (schedule.period_secs * 8.0 * intervals as f64 / 86_400.0).ceil().clamp(1.0, 60.0);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "1..=60")]
    let days = days as u32 + if schedule.law == Law::WorkingHours { 3 } else { 0 };
    (0..LAW_DRAWS as u64)
        .map(|seed| {
            let times = check_ins(schedule, days, intervals + 1, seed);
            times.windows(2).map(|pair| (pair[1] - pair[0]) as f64 / 1e6 / schedule.period_secs).collect()
        })
        .filter(|series: &Vec<f64>| series.len() == intervals)
        .collect()
}

fn null_intervals(null: Benign, random: &mut Random, count: usize, mean: f64) -> Vec<f64> {
    let mut secs = vec![0.0; count];
    // Laws with drawn parameters draw them once for each series.
    for chunk in secs.chunks_mut(count.div_ceil(500).max(1)) {
        null.fill(random, chunk);
    }
    let own = secs.iter().sum::<f64>() / count as f64;
    for x in &mut secs {
        *x *= mean / own;
    }
    secs
}

fn histogram<'a>(values: impl Iterator<Item = &'a f64>) -> Vec<f64> {
    let mut counts = vec![0.2; BINS];
    for value in values {
        counts[bin(*value)] += 1.0;
    }
    let total: f64 = counts.iter().sum();
    counts.iter().map(|count| count / total).collect()
}
