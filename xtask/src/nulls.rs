//! The null tables of the timing statistics: a seeded Monte Carlo under every benign law.
//!
//! Per number of intervals and statistic: the empirical quantile of each law down to a p that about 100 draws lie
//! below, and an exponential tail beyond it on the statistic's score (a power law for the widths and Moran,
//! whose exact lower tail is one: `P(S < t) ~ t^a`), fitted by the mean excess of the lowest 400 draws.
//! The table keeps, per level, the lowest of the laws' quantiles: the union null.

use crate::benign::Benign;
use crate::random::Random;
use anyhow::{Context, Result};
use std::fmt::Write as _;
use undertone_core::timing::{Intervals, Statistic};

/// Numbers of intervals in the table.
pub(crate) const COUNTS: [usize; 24] =
    [7, 8, 9, 10, 11, 12, 14, 16, 18, 20, 23, 27, 32, 39, 48, 60, 80, 100, 140, 200, 256, 400, 800, 2_000];

/// Levels of the table, descending.
pub(crate) const LEVELS: [f64; 22] = [
    0.9, 0.7, 0.5, 0.3, 0.2, 0.1, 0.05, 0.03, 0.02, 0.01, 5e-3, 3e-3, 2e-3, 1e-3, 5e-4, 2e-4, 1e-4, 3e-5,
    1e-5, 1e-6, 3e-7, 1e-7,
];

/// Seed of the shipped tables. Tests and power tables use other seeds.
const SEED: u64 = 0x7469_6d69_6e67;
const DRAWS: usize = 200_000;
/// Lowest draws that the tail is fitted to.
const TAIL_DRAWS: usize = 400;
/// Below this many draws the empirical quantile gives way to the tail.
const EMPIRICAL_DRAWS_MIN: usize = 100;
/// Above this many intervals only laws that may bind (see [`contenders`]) get all draws.
const ALL_LAWS_MAX: usize = 60;
/// The renewal statistic reads at most this many intervals, so later rows repeat.
const RENEWAL_MAX: usize = 256;

/// Ascending scores of each of the given statistics under one law.
pub(crate) fn scores(
    law: Benign,
    statistics: &[Statistic],
    count: usize,
    draws: usize,
    seed: u64,
) -> Vec<Vec<f64>> {
    let mut random = Random::new(seed, stream(law, statistics, count));
    let mut secs = vec![0.0; count];
    let mut scores = vec![Vec::with_capacity(draws); statistics.len()];
    for _ in 0..draws {
        law.fill(&mut random, &mut secs);
        let Some(intervals) = Intervals::from_secs(secs.iter().copied()) else { continue };
        for (statistic, scores) in statistics.iter().zip(&mut scores) {
            scores.push(statistic.score(statistic.value(&intervals)));
        }
    }
    for scores in &mut scores {
        scores.sort_unstable_by(f64::total_cmp);
    }
    scores
}

fn stream(law: Benign, statistics: &[Statistic], count: usize) -> u64 {
    let law = Benign::ALL.iter().position(|l| *l == law).unwrap_or(0) as u64;
    (count as u64 * 64 + law) * 64 + statistics.len() as u64
}

/// The score at each level: empirical, then the fitted tail.
pub(crate) fn quantiles(scores: &[f64]) -> [f64; LEVELS.len()] {
    let draws = scores.len();
    let anchor = TAIL_DRAWS.min(draws / 20).max(2);
    let at = |rank: usize| scores.get(rank).copied().unwrap_or(0.0);
    let top = at(anchor);
    let excess = scores.iter().take(anchor).map(|s| top - s).sum::<f64>() / anchor as f64;
    LEVELS.map(|level| {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 < level < 1")]
        let rank = (level * draws as f64) as usize;
        if rank >= EMPIRICAL_DRAWS_MIN.min(anchor) {
            at(rank)
        } else {
            top + excess * (level * draws as f64 / anchor as f64).ln()
        }
    })
}

/// Laws whose pilot quantiles come near the lowest one of a statistic at some level.
fn contenders(statistics: &[Statistic], count: usize, draws: usize) -> Vec<Benign> {
    let pilots: Vec<(Benign, Vec<Vec<f64>>)> =
        Benign::ALL.iter().map(|law| (*law, scores(*law, statistics, count, draws, SEED ^ 1))).collect();
    let is_near = |own: &[f64], index: usize, level: f64| {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 < level < 1")]
        let rank = (level * draws as f64) as usize;
        let quantile = |(_, scores): &(Benign, Vec<Vec<f64>>)| scores.get(index)?.get(rank).copied();
        let lowest = pilots.iter().filter_map(quantile).fold(f64::INFINITY, f64::min);
        own.partition_point(|s| *s <= lowest) * 10 >= rank * 3
    };
    let may_bind = |scores: &[Vec<f64>]| {
        scores.iter().enumerate().any(|(i, own)| [0.5, 0.1, 0.01, 0.003].iter().any(|p| is_near(own, i, *p)))
    };
    pilots.iter().filter(|(_, scores)| may_bind(scores)).map(|(law, _)| *law).collect()
}

type Row = [f64; LEVELS.len()];

/// The table rows of statistics for one count: per level the lowest quantile over the laws.
pub(crate) fn rows(statistics: &[Statistic], count: usize, draws: usize, seed: u64) -> Vec<Row> {
    let laws = if count <= ALL_LAWS_MAX {
        Benign::ALL.to_vec()
    } else {
        contenders(statistics, count, (draws / 40).max(2_000))
    };
    let scores: Vec<Vec<Vec<f64>>> =
        laws.iter().map(|law| scores(*law, statistics, count, draws, seed)).collect();
    let mut rows: Vec<Row> = (0..statistics.len())
        .map(|i| lowest_quantiles(&scores.iter().filter_map(|law| law.get(i)).collect::<Vec<_>>()))
        .collect();
    for row in &mut rows {
        // Laws cross between levels; a lower level never has a higher score.
        let mut above = f64::INFINITY;
        for low in row {
            above = above.min(*low);
            *low = above;
        }
    }
    rows
}

/// Per level the lowest of the laws' quantiles.
///
/// A law takes part in the fitted tail only where it holds at least a tenth of the share of the lowest law at the
/// last empirical level: the tails of all laws steepen, so a line drawn from the body of a far law
/// would cross the near ones where the law itself never does.
fn lowest_quantiles(laws: &[&Vec<f64>]) -> Row {
    let rank = EMPIRICAL_DRAWS_MIN;
    let lowest = laws.iter().filter_map(|s| s.get(rank)).copied().fold(f64::INFINITY, f64::min);
    let mut row = [f64::INFINITY; LEVELS.len()];
    for scores in laws {
        let has_tail = scores.partition_point(|s| *s <= lowest) * 10 >= rank;
        for ((low, quantile), level) in row.iter_mut().zip(quantiles(scores)).zip(LEVELS) {
            if has_tail || level * scores.len() as f64 >= rank as f64 {
                *low = low.min(quantile);
            }
        }
    }
    row
}

/// Every row: per statistic, per count.
fn all_rows(draws: usize) -> Vec<Vec<Row>> {
    let mut tables: Vec<Vec<Row>> = vec![Vec::new(); Statistic::ALL.len()];
    for count in COUNTS {
        let mut made = rows(&Statistic::CHEAP, count, draws, SEED);
        let renewal_before = tables.last().and_then(|rows| rows.last()).copied();
        match renewal_before {
            Some(row) if count > RENEWAL_MAX => made.push(row),
            _ => made.extend(rows(&[Statistic::Renewal], count, draws, SEED)),
        }
        for (table, row) in tables.iter_mut().zip(made) {
            table.push(row);
        }
        crate::say(&format!("{count} intervals"));
    }
    tables
}

/// Makes the tables and writes them to `path`.
pub(crate) fn write_tables(path: &std::path::Path, draws: Option<usize>) -> Result<()> {
    let draws = draws.unwrap_or(DRAWS);
    let mut text = header(draws);
    writeln!(text, "pub(super) static SCORES: [[[i32; {}]; {}]; 6] = [", LEVELS.len(), COUNTS.len())?;
    for (statistic, table) in Statistic::ALL.iter().zip(all_rows(draws)) {
        writeln!(text, "  // {}\n  [", statistic.as_str())?;
        for row in table {
            let cells: Vec<String> = row.iter().map(|score| format!("{:.0}", score * 1e4)).collect();
            writeln!(text, "    [{}],", cells.join(","))?;
        }
        text.push_str("  ],\n");
    }
    text.push_str("];\n");
    std::fs::write(path, text).with_context(|| format!("write `{}`", path.display()))
}

fn header(draws: usize) -> String {
    let counts: Vec<String> = COUNTS.iter().map(ToString::to_string).collect();
    let levels: Vec<String> = LEVELS.iter().map(|level| format!("{level:e}")).collect();
    format!(
        "//! Null tables of the timing statistics. Generated: `cargo run --release -p xtask -- nulls`.\n\
         //!\n\
         //! {draws} draws per law, statistic and count, seed {SEED:#x}; union of the laws in `xtask/src/benign.rs`;\n\
         //! below a p of {:e} the tail is fitted (`xtask/src/nulls.rs`).\n\n\
         /// Numbers of intervals of the table rows.\npub const INTERVAL_COUNTS: [u16; {}] = [{}];\n\n\
         /// Levels p of the table columns, descending.\npub const LEVELS: [f64; {}] = [{}];\n\n\
         /// Scores (statistic, count, level) times 10,000: a share p of benign series scores lower.\n",
        EMPIRICAL_DRAWS_MIN as f64 / draws as f64,
        COUNTS.len(),
        counts.join(","),
        LEVELS.len(),
        levels.join(","),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Another seed and fewer draws give the same p-values within Monte-Carlo error.
    #[test]
    fn shipped_tables_are_reproducible() {
        const TEST_DRAWS: usize = 20_000;
        for count in [8, 11, 23] {
            let rows = rows(&Statistic::ALL, count, TEST_DRAWS, 977);
            for (statistic, row) in Statistic::ALL.into_iter().zip(rows) {
                for (level, score) in
                    LEVELS.iter().zip(row).filter(|(level, _)| (1e-3..=0.5).contains(*level))
                {
                    let value = match statistic {
                        Statistic::Entropy => score,
                        Statistic::Renewal => -score,
                        _ => score.exp(),
                    };
                    let p = statistic.p_value(value, count);
                    // Five standard errors of a binomial share, and 10 % for the interpolation of the table.
                    let error = 5.0 * (level / TEST_DRAWS as f64).sqrt() + 0.1 * level;
                    assert!((p - level).abs() <= error, "{statistic:?} {count} {level}: {p}");
                }
            }
        }
    }

    #[test]
    fn tail_of_a_power_law_is_found() {
        // Scores ln(u) of uniform u: P(score < s) = e^s exactly, so the quantile of p is ln p.
        let mut random = Random::new(5, 5);
        let mut scores: Vec<f64> = (0..200_000).map(|_| random.uniform().ln()).collect();
        scores.sort_unstable_by(f64::total_cmp);
        for (level, quantile) in LEVELS.iter().zip(quantiles(&scores)) {
            // The tail's scale has a standard error of 5 %: at 1e-7, 9.9 scales below its anchor, 0.5.
            assert!((quantile - level.ln()).abs() < 1.0, "{level}: {quantile}");
        }
    }
}
