//! False positives and power of the timing test as a whole, on seeds that the tables have not seen.

use crate::benign::Benign;
use crate::random::Random;
use crate::series::Series;
use undertone_core::timing::{AwakeClock, Options, Verdict, assess};

/// Differs from the seed of the tables.
const SEED: u64 = 0x0070_6f77_6572;

const BENIGN: [(&str, Series); 12] = [
    ("exponential", Series::Benign(Benign::Exponential)),
    ("lognormal 1.0", Series::Benign(Benign::Lognormal(10))),
    ("lognormal 1.5", Series::Benign(Benign::Lognormal(15))),
    ("lognormal 2.0", Series::Benign(Benign::Lognormal(20))),
    ("hyperexponential", Series::Benign(Benign::Hyperexponential)),
    ("gamma 3", Series::Benign(Benign::GammaThree)),
    ("sessions", Series::Benign(Benign::Sessions)),
    ("erlang 2", Series::Erlang2),
    ("people, parallel", Series::People),
    ("people, whole seconds", Series::PeopleRounded),
    ("people, awake clock", Series::PeopleAwake),
    ("diurnal poisson", Series::Diurnal),
];

const BEACONS: [(&str, Series); 30] = [
    ("symmetric 10 %", Series::Symmetric(0.1)),
    ("symmetric 30 %", Series::Symmetric(0.3)),
    ("symmetric 50 %", Series::Symmetric(0.5)),
    ("symmetric 70 %", Series::Symmetric(0.7)),
    ("one-sided 20 %", Series::OneSided(0.2)),
    ("one-sided 37 %", Series::OneSided(0.37)),
    ("one-sided 50 %", Series::OneSided(0.5)),
    ("one-sided 70 %", Series::OneSided(0.7)),
    ("gaussian 10 %", Series::Gaussian(0.1)),
    ("gaussian 20 %", Series::Gaussian(0.2)),
    ("gaussian 30 %", Series::Gaussian(0.3)),
    ("missed 10 %, +-10 %", Series::Missed(0.1)),
    ("missed 25 %, +-10 %", Series::Missed(0.25)),
    ("missed 40 %, +-10 %", Series::Missed(0.4)),
    ("missed 25 %, +-30 %", Series::MissedJittered(0.25)),
    ("missed 40 %, +-30 %", Series::MissedJittered(0.4)),
    ("foreign 10 %", Series::Foreign(0.1)),
    ("foreign 30 %", Series::Foreign(0.3)),
    ("doze +-10 %", Series::Doze(0.1)),
    ("doze +-30 %", Series::Doze(0.3)),
    ("doze +-50 %", Series::Doze(0.5)),
    ("working hours", Series::WorkingHours),
    ("two rhythms", Series::TwoRhythms),
    ("back-off", Series::BackOff),
    ("growing", Series::Growing),
    ("locked 10 %, 40 % missed", Series::Locked(0.1)),
    ("locked 30 %, 40 % missed", Series::Locked(0.3)),
    ("retries, +-30 %", Series::Retries),
    ("symmetric 20 %", Series::Symmetric(0.2)),
    ("symmetric 37 %", Series::Symmetric(0.37)),
];

/// Share of series whose combined p is at or below each level.
fn shares(series: Series, count: usize, draws: usize, levels: &[f64], stream: u64) -> Vec<f64> {
    let mut random = Random::new(SEED, stream);
    let mut hits = vec![0_u32; levels.len()];
    for _ in 0..draws {
        let times = series.draw(&mut random, count);
        let clock = AwakeClock::from_activity(&times, 600_000_000);
        let awake = matches!(series, Series::PeopleAwake).then_some(&clock);
        let p = match assess(&times, &Options { awake, ..Options::default() }) {
            Verdict::Tested(test) => test.p_value,
            Verdict::Insufficient { .. } => 1.0,
        };
        for (hit, level) in hits.iter_mut().zip(levels) {
            *hit += u32::from(p <= *level);
        }
    }
    hits.iter().map(|hit| f64::from(*hit) / draws as f64).collect()
}

/// False positives of the combined p under every benign law: share at p <= 1e-2, 1e-3 and 1e-4.
pub(crate) fn false_positives(draws: usize, counts: &[usize]) {
    let levels = [1e-2, 1e-3, 1e-4];
    crate::print(&format!("| law | n | {} |", levels.map(|l| format!("p<={l:e} (x nominal)")).join(" | ")));
    crate::print("|---|---|---|---|---|");
    for (index, (name, series)) in BENIGN.iter().enumerate() {
        for count in counts {
            let shares = shares(*series, *count, draws, &levels, (index * 100_000 + count) as u64);
            let cells: Vec<String> =
                shares.iter().zip(levels).map(|(s, l)| format!("{s:.1e} ({:.2})", s / l)).collect();
            crate::print(&format!("| {name} | {count} | {} |", cells.join(" | ")));
        }
    }
}

/// Power: share detected at p <= 1e-3 / 1e-5 by number of check-ins.
pub(crate) fn power(draws: usize, counts: &[usize]) {
    let heads: Vec<String> = counts.iter().map(|n| format!("n={n}")).collect();
    crate::print(&format!("| law | {} |", heads.join(" | ")));
    crate::print(&format!("|---|{}", "---|".repeat(counts.len())));
    for (index, (name, series)) in BEACONS.iter().enumerate() {
        let cell = |count: &usize| {
            let stream = (10_000_000 + index * 100_000 + count) as u64;
            let shares = shares(*series, *count, draws, &[1e-3, 1e-5], stream);
            shares.iter().map(|s| format!("{s:.2}")).collect::<Vec<_>>().join(" / ")
        };
        let cells: Vec<String> = counts.iter().map(cell).collect();
        crate::print(&format!("| {name} | {} |", cells.join(" | ")));
    }
}
