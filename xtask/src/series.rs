//! Series of instants for the power table: benign laws in real seconds, and the habits of beacons.

use crate::benign::Benign;
use crate::random::Random;

/// A law of instants.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Series {
    /// A benign law of intervals, mean in the order of minutes.
    Benign(Benign),
    /// Mildly regular benign polling: gamma of shape 2.
    Erlang2,
    /// A person: sessions of actions, each of one to six parallel connections.
    People,
    /// The same, logged in whole seconds.
    PeopleRounded,
    /// The same, on the awake clock of a phone that is silent whenever the person is for 10 minutes.
    PeopleAwake,
    /// Poisson process with a daily rhythm (nights at a tenth).
    Diurnal,
    /// `T (1 +- j U)`.
    Symmetric(f64),
    /// `T (1 - j U)`.
    OneSided(f64),
    /// `T (1 + j Z)`, Gaussian.
    Gaussian(f64),
    /// `T (1 +- 0.1 U)` with a share of check-ins missed.
    Missed(f64),
    /// `T (1 +- 0.3 U)` with a share of check-ins missed.
    MissedJittered(f64),
    /// `T (1 +- 0.1 U)` among foreign Poisson events (share).
    Foreign(f64),
    /// `T (1 +- j U)` on a phone that sleeps for 1 to 2.5 h after about 45 minutes awake.
    Doze(f64),
    /// `T (1 +- 0.2 U)` in working hours only.
    WorkingHours,
    /// Runs of 60 s and of 600 s, +-20 %.
    TwoRhythms,
    /// Back-off 1, 2, 4, 8, 16 T, +-20 %.
    BackOff,
    /// Fibonacci schedule from 10 s, restarted after 12 steps, +-10 %.
    Growing,
    /// Clock-locked with +-j jitter and 40 % missed.
    Locked(f64),
    /// `T (1 +- 0.3 U)`, a quarter of check-ins with one to three retries 5 s apart.
    Retries,
}

impl Series {
    /// `count` check-ins (instants may be more where one check-in has several connections), microseconds.
    pub(crate) fn draw(self, random: &mut Random, count: usize) -> Vec<i64> {
        let period = random.between(30.0_f64.ln(), 3_600.0_f64.ln()).exp();
        let mut secs = match self {
            Self::Benign(law) => benign(random, law, count, period),
            Self::People | Self::PeopleAwake => people(random, count),
            Self::PeopleRounded => people(random, count).into_iter().map(f64::floor).collect(),
            Self::Diurnal => diurnal(random, count),
            Self::Doze(jitter) => doze(random, count, period.min(900.0), jitter),
            Self::Foreign(share) => foreign(random, count, period, share),
            Self::Locked(jitter) => locked(random, count, period, jitter),
            _ => self.renewal(random, count, period),
        };
        secs.sort_by(f64::total_cmp);
        #[expect(clippy::cast_possible_truncation, reason = "years in microseconds fit an i64")]
        let micros = secs.iter().map(|s| (s * 1e6) as i64).collect();
        micros
    }

    fn renewal(self, random: &mut Random, count: usize, period: f64) -> Vec<f64> {
        let mut at = 0.0;
        let mut times = Vec::new();
        let mut since_start = 0.0;
        for step in 0..count {
            times.push(at);
            let mut wait = period * self.wait(random, step);
            if let Self::Missed(share) | Self::MissedJittered(share) = self {
                while random.chance(share) {
                    wait += period * self.wait(random, step);
                }
            }
            if matches!(self, Self::Retries) && random.chance(0.25) {
                for retry in 1..=random.geometric(1.5).min(3) {
                    times.push(at + 5.0 * f64::from(retry));
                }
            }
            since_start += wait;
            if matches!(self, Self::WorkingHours) && since_start > 8.0 * 3_600.0 {
                wait += 16.0 * 3_600.0;
                since_start = 0.0;
            }
            at += wait;
        }
        times
    }

    /// The wait before the next check-in, in periods.
    fn wait(self, random: &mut Random, step: usize) -> f64 {
        let mut around = |j: f64| 1.0 + random.between(-j, j);
        match self {
            Self::Symmetric(j) => around(j),
            Self::OneSided(j) => 1.0 - j * random.uniform(),
            Self::Gaussian(j) => (1.0 + j * random.normal()).max(0.02),
            Self::MissedJittered(_) | Self::Retries => around(0.3),
            Self::TwoRhythms => around(0.2) * if (step / 6).is_multiple_of(2) { 1.0 } else { 0.1 },
            Self::BackOff => around(0.2) * f64::from(1_u32 << (step % 5)),
            Self::Growing => {
                let (mut a, mut b) = (1.0, 1.0);
                for _ in 0..step % 12 {
                    (a, b) = (b, a + b);
                }
                around(0.1) * a
            }
            Self::WorkingHours => around(0.2),
            Self::Erlang2 => random.gamma(2),
            _ => around(0.1),
        }
    }
}

fn benign(random: &mut Random, law: Benign, count: usize, period: f64) -> Vec<f64> {
    let mut waits = vec![0.0; count.saturating_sub(1)];
    law.fill(random, &mut waits);
    let scale = if law == Benign::Sessions { 1.0 } else { period };
    let mut at = 0.0;
    let rest = waits.iter().map(|wait| {
        at += wait * scale;
        at
    });
    std::iter::once(0.0).chain(rest).collect()
}

fn people(random: &mut Random, count: usize) -> Vec<f64> {
    let mut at = 0.0;
    let mut times = Vec::new();
    let (actions, sigma) = (random.between(3.0, 12.0), random.between(0.8, 1.3));
    let pause = random.lognormal(10.0, 0.7);
    for _ in 0..count {
        for _ in 0..random.geometric(2.5).min(6) {
            times.push(at + random.lognormal(0.2, 1.2));
        }
        at += if random.chance(1.0 / actions) {
            random.lognormal(2_400.0, 1.0)
        } else {
            random.lognormal(pause, sigma)
        };
    }
    times
}

fn diurnal(random: &mut Random, count: usize) -> Vec<f64> {
    let mut at = random.between(0.0, 86_400.0);
    let mean = random.between(60.0_f64.ln(), 3_600.0_f64.ln()).exp();
    let mut times = Vec::new();
    while times.len() < count {
        at += mean * random.exponential();
        let hour = at / 3_600.0 % 24.0;
        let rate =
            if hour < 7.0 { 0.1 } else { 0.55 + 0.45 * ((hour - 7.0) / 17.0 * std::f64::consts::PI).sin() };
        if random.chance(rate) {
            times.push(at);
        }
    }
    times
}

fn doze(random: &mut Random, count: usize, period: f64, jitter: f64) -> Vec<f64> {
    let (mut at, mut times) = (0.0, Vec::new());
    let mut sleep_at = 2_700.0 * random.exponential();
    while times.len() < count {
        times.push(at);
        at += period * (1.0 + random.between(-jitter, jitter));
        if at > sleep_at {
            // A check-in that falls due asleep fires at the end of the window.
            at = at.max(sleep_at + 3_600.0 * random.between(1.0, 2.5));
            sleep_at = at + 2_700.0 * random.exponential();
        }
    }
    times
}

fn foreign(random: &mut Random, count: usize, period: f64, share: f64) -> Vec<f64> {
    let mut times = Vec::new();
    let mut at = 0.0;
    let own = (count as f64 * (1.0 - share)).round();
    while (times.len() as f64) < own {
        times.push(at);
        at += period * (1.0 + random.between(-0.1, 0.1));
    }
    while times.len() < count {
        times.push(random.between(0.0, at));
    }
    times
}

fn locked(random: &mut Random, count: usize, period: f64, jitter: f64) -> Vec<f64> {
    let (mut tick, mut times) = (0.0, Vec::new());
    while times.len() < count {
        tick += 1.0;
        if !random.chance(0.4) {
            times.push(period * (tick + random.between(-jitter, jitter)));
        }
    }
    times
}
