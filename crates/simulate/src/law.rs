//! How check-ins are spaced.
//!
//! Laws of public frameworks: Cobalt Strike `T (1 - j U)`, Sliver `T + j T U`, Havoc, Mythic, Empire and `PoshC2`
//! `T (1 +- j U)`. The others are what evaders and operating systems make of a schedule.

use crate::number::{DAY, HOUR, SEC, micros};
use crate::random::Rng;

/// The law of the intervals between check-ins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Law {
    /// The period itself (plus network latency).
    Exact,
    /// Uniform within +- jitter.
    Uniform,
    /// Period shortened by up to jitter (Cobalt Strike).
    OneSided,
    /// Period lengthened by up to jitter (Sliver).
    Additive,
    /// Normal with standard deviation jitter x period / 2.
    Gaussian,
    /// Uniform, with runs of doubling waits (2, 4, 8, 16 periods) after failures.
    BackOff,
    /// Uniform, with episodes at an eighth of the period while an operator works.
    TwoRhythm,
    /// Uniform, from 09:00 to 17:00 local time only.
    WorkingHours,
    /// The period grows by a tenth at each check-in, up to six-fold, then starts again.
    Growing,
    /// Uniform, deferred by the operating system to its maintenance windows.
    DozeBatched,
    /// Locked to the clock: jitter moves a check-in but not the schedule.
    ClockLocked,
    /// Uniform; a quarter of the check-ins fail at first and are tried again one to three times within seconds.
    Retries,
    /// Uniform, on a clock that is set forward or back by up to half an hour now and then.
    ClockSteps,
}

impl Law {
    /// Every law.
    pub const ALL: [Self; 13] = [
        Self::Exact,
        Self::Uniform,
        Self::OneSided,
        Self::Additive,
        Self::Gaussian,
        Self::BackOff,
        Self::TwoRhythm,
        Self::WorkingHours,
        Self::Growing,
        Self::DozeBatched,
        Self::ClockLocked,
        Self::Retries,
        Self::ClockSteps,
    ];

    /// Name in `truth.json`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::Uniform => "uniform",
            Self::OneSided => "one_sided",
            Self::Additive => "additive",
            Self::Gaussian => "gaussian",
            Self::BackOff => "back_off",
            Self::TwoRhythm => "two_rhythm",
            Self::WorkingHours => "working_hours",
            Self::Growing => "growing",
            Self::DozeBatched => "doze_batched",
            Self::ClockLocked => "clock_locked",
            Self::Retries => "retries",
            Self::ClockSteps => "clock_steps",
        }
    }

    /// The law of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|law| law.as_str() == name)
    }
}

/// A law with its parameters and where it stands.
#[derive(Debug, Clone)]
pub(crate) struct Rhythm {
    pub(crate) law: Law,
    /// Period, seconds, above 0.
    pub(crate) period_secs: f64,
    /// Jitter as a share of the period, 0..1.
    pub(crate) jitter: f64,
    /// Local time minus UTC, microseconds (for working hours).
    pub(crate) utc_offset: i64,
    /// Position in a run of back-off, of quick check-ins, or of growth.
    run: u32,
}

impl Rhythm {
    pub(crate) fn new(law: Law, period_secs: f64, jitter: f64, utc_offset: i64) -> Self {
        Self { law, period_secs: period_secs.max(1.0), jitter: jitter.clamp(0.0, 0.95), utc_offset, run: 0 }
    }

    /// The time of the next check-in after one at `now`; always later than `now`.
    pub(crate) fn next(&mut self, now: i64, rng: &mut Rng) -> i64 {
        let symmetric = 1.0 + self.jitter * (2.0 * rng.unit() - 1.0);
        let factor = match self.law {
            Law::Exact => 1.0,
            Law::Uniform | Law::DozeBatched | Law::WorkingHours => symmetric,
            Law::OneSided => 1.0 - self.jitter * rng.unit(),
            Law::Additive => 1.0 + self.jitter * rng.unit(),
            Law::Gaussian => (1.0 + 0.5 * self.jitter * rng.normal()).max(0.05),
            Law::BackOff => symmetric * self.back_off(rng),
            Law::TwoRhythm => symmetric * self.two_rhythm(rng),
            Law::Growing => symmetric * self.growth(),
            Law::ClockLocked => return self.clock_locked(now, rng),
            Law::Retries => match self.retry(rng) {
                Some(wait) => return now + wait,
                None => symmetric,
            },
            Law::ClockSteps => symmetric + self.step(rng),
        };
        let next = now + micros(self.period_secs * factor).max(SEC / 10);
        if self.law == Law::WorkingHours { self.moved_to_work(next, rng) } else { next }
    }

    fn back_off(&mut self, rng: &mut Rng) -> f64 {
        if self.run == 0 && rng.chance(0.05) {
            self.run = 1;
        }
        match self.run {
            0 => 1.0,
            run => {
                self.run = if run >= 4 || rng.chance(0.3) { 0 } else { run + 1 };
                f64::from(1_u32 << run)
            }
        }
    }

    fn two_rhythm(&mut self, rng: &mut Rng) -> f64 {
        if self.run == 0 {
            if rng.chance(0.03) {
                self.run = 8 + u32::try_from(rng.below(22)).unwrap_or(0);
            }
            return 1.0;
        }
        self.run -= 1;
        0.125
    }

    /// The wait before another try, while there are any.
    fn retry(&mut self, rng: &mut Rng) -> Option<i64> {
        if self.run == 0 {
            // Where a run ends, the next check-in is due.
            self.run = if rng.chance(0.25) { 2 + u32::try_from(rng.below(3)).unwrap_or(0) } else { 1 };
        }
        self.run -= 1;
        (self.run > 0).then(|| micros(5.0 * rng.uniform(0.8, 1.2)))
    }

    /// A step of the clock, in periods: one in a hundred waits, or one a day.
    fn step(&self, rng: &mut Rng) -> f64 {
        let often = (self.period_secs / 86_400.0).max(0.01);
        if rng.chance(often) { (rng.uniform(-1800.0, 1800.0) / self.period_secs).max(-0.9) } else { 0.0 }
    }

    fn growth(&mut self) -> f64 {
        let factor = libm::pow(1.1, f64::from(self.run)).min(6.0);
        self.run = if factor < 6.0 { self.run + 1 } else { 0 };
        factor
    }

    /// The next multiple of the period, moved by its own jitter and a little latency of the scheduler.
    fn clock_locked(&self, now: i64, rng: &mut Rng) -> i64 {
        let period = micros(self.period_secs);
        let slot = now.div_euclid(period) + 1;
        let shift = self.jitter * self.period_secs * rng.unit() * 0.9;
        (slot * period + micros(shift)).max(now + 1)
    }

    fn moved_to_work(&self, at: i64, rng: &mut Rng) -> i64 {
        let local = at + self.utc_offset;
        let of_day = local.rem_euclid(DAY);
        if (9 * HOUR..17 * HOUR).contains(&of_day) {
            return at;
        }
        let midnight = local - of_day + if of_day >= 17 * HOUR { DAY } else { 0 };
        midnight + 9 * HOUR - self.utc_offset + rng.secs(0.0, self.period_secs.min(3600.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn intervals(law: Law, jitter: f64) -> Vec<f64> {
        let mut rng = Rng::stream(&[1, 2]);
        let mut rhythm = Rhythm::new(law, 100.0, jitter, 0);
        let mut at = 20_000 * DAY + 10 * HOUR;
        (0..4000)
            .map(|_| {
                let next = rhythm.next(at, &mut rng);
                let gap = (next - at) as f64 / 1e6;
                at = next;
                gap
            })
            .collect()
    }

    #[test]
    fn laws_keep_their_ranges_and_means() {
        for (law, low, high, mean) in [
            (Law::Exact, 100.0, 100.0, 100.0),
            (Law::Uniform, 60.0, 140.0, 100.0),
            (Law::OneSided, 60.0, 100.0, 80.0),
            (Law::Additive, 100.0, 140.0, 120.0),
            (Law::Gaussian, 5.0, 220.0, 100.0),
            (Law::ClockLocked, 60.0, 140.0, 100.0),
        ] {
            let gaps = intervals(law, 0.4);
            assert!(gaps.iter().all(|gap| (low - 1e-3..=high + 1e-3).contains(gap)), "{law:?}");
            let got = gaps.iter().sum::<f64>() / 4000.0;
            assert!((got - mean).abs() < 1.5, "{law:?} {got}");
        }
    }

    #[test]
    fn back_off_doubles_and_two_rhythm_hurries() {
        assert!(intervals(Law::BackOff, 0.0).iter().any(|gap| (gap - 800.0).abs() < 1.0));
        assert!(intervals(Law::TwoRhythm, 0.0).iter().any(|gap| (gap - 12.5).abs() < 1.0));
        assert!(intervals(Law::Growing, 0.0).iter().any(|gap| *gap > 500.0));
    }

    #[test]
    fn names_round_trip() {
        for law in Law::ALL {
            assert_eq!(Law::from_name(law.as_str()), Some(law));
        }
    }
}
