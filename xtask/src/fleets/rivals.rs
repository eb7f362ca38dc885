//! `rivals`: two baselines that live here only, on the same fleets at the same rate of false device-days.
//!
//! * Intervals: coefficient of variation below 0.3, destination on at most 1 % of phones. Ranked by the coefficient.
//! * Four parts, from the published formulas of RITA written anew (timing and size by Bowley skew and median absolute
//!   deviation, duration by coverage, histogram by its own variation), plus prevalence.
//!
//! Both see what Zeek sees: sender, destination name or address, start, bytes sent.

use super::Arguments;
use super::ablation::threshold;
use super::table::{share, table};
use super::watch::{Class, Fleet};
use anyhow::Result;
use std::collections::{BTreeMap, BTreeSet};
use undertone_core::score::budget::Sight;
use undertone_simulate::FleetOptions;
use undertone_wire::truth::Truth;

/// Connections below which neither says anything.
const EVENTS_MIN: usize = 8;
/// Largest share of phones that reach a destination, for the first.
const PREVALENCE_MAX: f64 = 0.01;
/// Variation of intervals, for the first.
const VARIATION_MAX: f64 = 0.3;

/// Connections of one phone to one name or address: start (s) and bytes sent, and the addresses behind it.
#[derive(Default)]
struct Pair {
    times: Vec<f64>,
    sizes: Vec<f64>,
    addresses: BTreeSet<String>,
}

/// Columns of a TSV log by name.
fn columns(text: &str) -> BTreeMap<&str, usize> {
    let head = text.lines().find_map(|line| line.strip_prefix("#fields\t")).unwrap_or_default();
    head.split('\t').enumerate().map(|(at, name)| (name, at)).collect()
}

fn rows<'t>(text: &'t str, names: &[&str]) -> Vec<Vec<&'t str>> {
    let columns = columns(text);
    let places: Vec<usize> = names.iter().filter_map(|name| columns.get(name).copied()).collect();
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines
        .map(|line| {
            let cells: Vec<&str> = line.split('\t').collect();
            places.iter().map(|place| cells.get(*place).copied().unwrap_or("-")).collect()
        })
        .collect()
}

/// Connections by phone and destination over all days; DNS left out.
fn pairs(fleet: &Fleet) -> Result<BTreeMap<(String, String), Pair>> {
    let mut pairs: BTreeMap<(String, String), Pair> = BTreeMap::new();
    for day in fleet.days() {
        let read = |log: &str| std::fs::read_to_string(fleet.path("zeek").join(day.to_string()).join(log));
        let (conn, ssl, http) = (read("conn.log")?, read("ssl.log")?, read("http.log")?);
        let mut names: BTreeMap<&str, &str> = BTreeMap::new();
        for row in rows(&ssl, &["uid", "server_name"]).iter().chain(&rows(&http, &["uid", "host"])) {
            if row[1] != "-" {
                names.insert(row[0], row[1]);
            }
        }
        for row in rows(&conn, &["ts", "uid", "id.orig_h", "id.resp_h", "id.resp_p", "orig_bytes"]) {
            if row[4] == "53" {
                continue;
            }
            let to = names.get(row[1]).copied().unwrap_or(row[3]).to_owned();
            let pair = pairs.entry((row[2].to_owned(), to)).or_default();
            pair.times.push(row[0].parse().unwrap_or(0.0));
            pair.sizes.push(row[5].parse().unwrap_or(0.0));
            pair.addresses.insert(row[3].to_owned());
        }
    }
    for pair in pairs.values_mut() {
        pair.times.sort_by(f64::total_cmp);
    }
    Ok(pairs)
}

/// Variation of the intervals as a score: higher is more regular. `None` where the rule does not fire.
fn intervals(pair: &Pair, prevalence: f64) -> Option<f64> {
    let gaps = gaps(&pair.times);
    let mean = gaps.iter().sum::<f64>() / gaps.len() as f64;
    let spread = (gaps.iter().map(|gap| (gap - mean).powi(2)).sum::<f64>() / gaps.len() as f64).sqrt();
    let variation = spread / mean;
    (variation < VARIATION_MAX && prevalence <= PREVALENCE_MAX).then_some(1.0 - variation)
}

fn gaps(times: &[f64]) -> Vec<f64> {
    times.windows(2).map(|pair| pair[1] - pair[0]).filter(|gap| *gap > 0.0).collect()
}

fn quartiles(values: &[f64]) -> [f64; 3] {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let last = sorted.len() - 1;
    [1, 2, 3].map(|quarter| sorted[(last * quarter + 2) / 4])
}

/// Mean of 1 - |Bowley skew| and of (median - median absolute deviation) / median.
fn spread_score(values: &[f64]) -> f64 {
    let [low, middle, high] = quartiles(values);
    let skew = if high - low < 10.0 || middle <= low || middle >= high {
        0.0
    } else {
        (low + high - 2.0 * middle) / (high - low)
    };
    let deviations: Vec<f64> = values.iter().map(|value| (value - middle).abs()).collect();
    let deviation = quartiles(&deviations)[1];
    let regular = if middle >= 1.0 { ((middle - deviation) / middle).max(0.0) } else { 1.0 };
    f64::midpoint(1.0 - skew.abs(), regular)
}

/// Coverage of the span, and of its hours in a row.
fn duration_score(times: &[f64], span: (f64, f64)) -> f64 {
    let (first, last) = (times[0], times[times.len() - 1]);
    let coverage = ((last - first) / (span.1 - span.0)).clamp(0.0, 1.0);
    let hours: BTreeSet<i64> = times.iter().map(|at| hour(*at)).collect();
    let (mut longest, mut run, mut before) = (0_u32, 0_u32, None);
    for hour in hours {
        run = if before == Some(hour - 1) { run + 1 } else { 1 };
        before = Some(hour);
        longest = longest.max(run);
    }
    coverage.max((f64::from(longest) / 12.0).min(1.0))
}

fn hour(at: f64) -> i64 {
    #[expect(clippy::cast_possible_truncation, reason = "hours of a day within decades")]
    let hour = (at / 3600.0).floor() as i64;
    hour
}

/// 1 - variation of the connections in 24 equal parts of the span.
fn histogram_score(times: &[f64], span: (f64, f64)) -> f64 {
    let mut bins = [0.0_f64; 24];
    for at in times {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0..24 after the clamp")]
        let bin = ((at - span.0) / (span.1 - span.0) * 24.0).clamp(0.0, 23.0) as usize;
        bins[bin] += 1.0;
    }
    let mean = times.len() as f64 / 24.0;
    let spread = (bins.iter().map(|count| (count - mean).powi(2)).sum::<f64>() / 24.0).sqrt();
    (1.0 - spread / mean).max(0.0)
}

fn four_parts(pair: &Pair, prevalence: f64, span: (f64, f64)) -> f64 {
    let gaps = gaps(&pair.times);
    let beacon = 0.25
        * (spread_score(&gaps)
            + spread_score(&pair.sizes)
            + duration_score(&pair.times, span)
            + histogram_score(&pair.times, span));
    // Prevalence moves the severity by 0.15 either way: up to 2 %, from 50 % on.
    let by_prevalence = match prevalence {
        p if p <= 0.02 => 0.15,
        p if p >= 0.5 => -0.15,
        _ => 0.0,
    };
    beacon + by_prevalence
}

/// Scores of one rival over all seeds.
#[derive(Default)]
struct Scores {
    /// Highest of each clean device over the span, of ordinary senders.
    clean: Vec<f64>,
    /// Highest of each implant with its label.
    implants: Vec<(Truth, Option<f64>)>,
}

/// Simulates each seed clean and infected.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let names = [
        "undertone, telemetry",
        "undertone, network",
        "interval variation < 0.3, rare",
        "four parts, prevalence",
    ];
    let mut scores: [Scores; 4] = Default::default();
    let mut phones = 0;
    for seed in &arguments.seeds {
        for is_clean in [true, false] {
            let fleet = Fleet::make(FleetOptions { clean: is_clean, ..arguments.fleet_of(*seed) })?;
            crate::say(&format!("seed {seed} clean {is_clean}"));
            for (at, sight) in [Sight::Telemetry, Sight::Network].into_iter().enumerate() {
                ours(&mut scores[at], &fleet, sight, arguments, is_clean)?;
            }
            let (_, rivals) = scores.split_at_mut(2);
            theirs(rivals, &fleet, is_clean)?;
        }
        phones += u64::from(arguments.fleet.devices);
    }
    // A phone counts once over all days, for all four: the rivals know no days.
    let per_1000 = arguments.budget_per_1000 * f64::from(arguments.fleet.days);
    crate::print(&format!(
        "Rivals at {per_1000} false phones of ordinary senders in 1,000 over {} days: {}",
        arguments.fleet.days,
        arguments.told()
    ));
    let found: Vec<Vec<(&Truth, bool)>> = scores
        .iter()
        .map(|scores| {
            let threshold = threshold(&scores.clean, phones, per_1000);
            scores.implants.iter().map(|(truth, s)| (truth, s.is_some_and(|s| s > threshold))).collect()
        })
        .collect();
    let heads: Vec<&str> = std::iter::once("implants").chain(names).collect();
    table("Recall, all", &heads, &[line("all", &found, |_| true)]);
    for (title, key) in [("channel", 0), ("law", 1)] {
        let name = |truth: &Truth| {
            if key == 0 { truth.kind.clone() } else { truth.law.clone().unwrap_or_default() }
        };
        let groups: BTreeSet<String> = found[0].iter().map(|(truth, _)| name(truth)).collect();
        let rows: Vec<Vec<String>> =
            groups.iter().map(|group| line(group, &found, |truth| name(truth) == *group)).collect();
        table(&format!("Recall by {title}"), &heads, &rows);
    }
    Ok(())
}

fn line(name: &str, found: &[Vec<(&Truth, bool)>], is_in: impl Fn(&Truth) -> bool) -> Vec<String> {
    let cells = found.iter().map(|of| {
        let of: Vec<bool> = of.iter().filter(|(truth, _)| is_in(truth)).map(|(_, found)| *found).collect();
        share(of.iter().filter(|found| **found).count(), of.len())
    });
    std::iter::once(name.to_owned()).chain(cells).collect()
}

fn ours(
    scores: &mut Scores,
    fleet: &Fleet,
    sight: Sight,
    arguments: &Arguments,
    is_clean: bool,
) -> Result<()> {
    let seen = fleet.seen(sight, arguments.learn_days)?;
    let rows = seen.rows.iter().filter(|row| row.clears);
    if is_clean {
        let mut maxima: BTreeMap<&str, f64> = BTreeMap::new();
        for row in rows.filter(|row| row.class == Class::Other) {
            let highest = maxima.entry(&row.device).or_insert(row.weight);
            *highest = highest.max(row.weight);
        }
        scores.clean.extend(maxima.into_values());
        return Ok(());
    }
    let mut best = vec![None; fleet.truth.len()];
    for row in rows {
        let Class::Implants(implants) = &row.class else { continue };
        for at in implants {
            best[*at] = Some(f64::max(best[*at].unwrap_or(0.0), row.weight));
        }
    }
    scores.implants.extend(fleet.truth.iter().cloned().zip(best));
    Ok(())
}

fn theirs(scores: &mut [Scores], fleet: &Fleet, is_clean: bool) -> Result<()> {
    let pairs = pairs(fleet)?;
    let phones: BTreeSet<&str> = pairs.keys().map(|(from, _)| from.as_str()).collect();
    let mut reach: BTreeMap<&str, usize> = BTreeMap::new();
    for (_, to) in pairs.keys() {
        *reach.entry(to).or_default() += 1;
    }
    let times = || pairs.values().flat_map(|pair| &pair.times);
    let span = (times().copied().fold(f64::MAX, f64::min), times().copied().fold(0.0, f64::max));
    let mut maxima: [BTreeMap<&str, f64>; 2] = Default::default();
    let mut best = [vec![None; fleet.truth.len()], vec![None; fleet.truth.len()]];
    for ((from, to), pair) in &pairs {
        if gaps(&pair.times).len() + 1 < EVENTS_MIN {
            continue;
        }
        let prevalence = reach[to.as_str()] as f64 / phones.len() as f64;
        let both = [intervals(pair, prevalence), Some(four_parts(pair, prevalence, span))];
        for (rival, score) in both.into_iter().enumerate() {
            let Some(score) = score else { continue };
            let keep = |slot: &mut Option<f64>| *slot = Some(f64::max(slot.unwrap_or(score), score));
            if is_clean {
                if !fleet.is_rare(from, to, &pair.addresses) {
                    let highest = maxima[rival].entry(from).or_insert(score);
                    *highest = highest.max(score);
                }
            } else {
                for at in fleet.implants_at(from, to, &pair.addresses) {
                    keep(&mut best[rival][at]);
                }
            }
        }
    }
    for ((scores, maxima), best) in scores.iter_mut().zip(maxima).zip(best) {
        scores.clean.extend(maxima.into_values());
        if !is_clean {
            scores.implants.extend(fleet.truth.iter().cloned().zip(best));
        }
    }
    Ok(())
}
