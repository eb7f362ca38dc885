//! Are the fitted tails of the tables honest? The share of benign series below a p that the tables never saw,
//! per statistic, on fresh seeds.

use crate::benign::Benign;
use crate::random::Random;
use undertone_core::timing::{Intervals, Statistic};

/// Differs from the seeds of the tables and of the power tables.
const SEED: u64 = 0x7461_696c;
const LEVELS: [f64; 4] = [1e-3, 1e-4, 1e-5, 1e-6];

/// Prints, per count and statistic, the largest share over the laws at each level, as a multiple of the level.
pub(crate) fn validate(draws: usize, counts: &[usize]) {
    crate::print(&format!("| n intervals | statistic | {} |", LEVELS.map(|l| format!("{l:e}")).join(" | ")));
    crate::print("|---|---|---|---|---|---|");
    for count in counts {
        let mut worst = [[0.0_f64; LEVELS.len()]; Statistic::CHEAP.len()];
        for (stream, law) in Benign::ALL.into_iter().enumerate() {
            let shares = shares(law, *count, draws, stream as u64);
            for (worst, share) in worst.iter_mut().flatten().zip(shares.into_iter().flatten()) {
                *worst = worst.max(share);
            }
        }
        for (statistic, worst) in Statistic::CHEAP.iter().zip(worst) {
            let cells: Vec<String> = worst.iter().zip(LEVELS).map(|(s, l)| format!("{:.2}", s / l)).collect();
            crate::print(&format!("| {count} | {} | {} |", statistic.as_str(), cells.join(" | ")));
        }
    }
}

type Shares = [[f64; LEVELS.len()]; Statistic::CHEAP.len()];

fn shares(law: Benign, count: usize, draws: usize, stream: u64) -> Shares {
    let mut random = Random::new(SEED, (count as u64) << 8 | stream);
    let mut secs = vec![0.0; count];
    let mut shares = Shares::default();
    for _ in 0..draws {
        law.fill(&mut random, &mut secs);
        let Some(intervals) = Intervals::from_secs(secs.iter().copied()) else { continue };
        for (statistic, shares) in Statistic::CHEAP.iter().zip(&mut shares) {
            let p = statistic.p_value(statistic.value(&intervals), count);
            for (share, level) in shares.iter_mut().zip(LEVELS) {
                *share += f64::from(u8::from(p <= level)) / draws as f64;
            }
        }
    }
    shares
}
