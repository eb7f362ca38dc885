//! Benign laws of intervals: the nulls that the tables are made under.

use crate::random::Random;

/// A benign law of intervals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Benign {
    /// Poisson process.
    Exponential,
    /// Lognormal, sigma in tenths.
    Lognormal(u8),
    /// Two exponential phases; share and ratio of the means drawn per series (0.2..0.8, 3..100).
    Hyperexponential,
    /// Gamma of shape 3: the minimum effect.
    GammaThree,
    /// A person: sessions of 3 to 12 actions with lognormal pauses (median 12 s), half an hour apart.
    Sessions,
}

impl Benign {
    /// The union of nulls.
    pub(crate) const ALL: [Self; 7] = [
        Self::GammaThree,
        Self::Exponential,
        Self::Lognormal(10),
        Self::Lognormal(15),
        Self::Lognormal(20),
        Self::Hyperexponential,
        Self::Sessions,
    ];

    /// Fills a series of intervals (seconds).
    pub(crate) fn fill(self, random: &mut Random, secs: &mut [f64]) {
        match self {
            Self::Exponential => secs.fill_with(|| random.exponential()),
            Self::Lognormal(tenths) => {
                let sigma = f64::from(tenths) / 10.0;
                secs.fill_with(|| random.lognormal(1.0, sigma));
            }
            Self::GammaThree => secs.fill_with(|| random.gamma(3)),
            Self::Hyperexponential => {
                let share = random.between(0.2, 0.8);
                let ratio = random.between(3.0_f64.ln(), 100.0_f64.ln()).exp();
                for x in secs {
                    let mean = if random.chance(share) { ratio } else { 1.0 };
                    *x = mean * random.exponential();
                }
            }
            Self::Sessions => sessions(random, secs),
        }
    }
}

fn sessions(random: &mut Random, secs: &mut [f64]) {
    let actions = random.between(3.0, 12.0);
    let sigma = random.between(0.8, 1.3);
    for x in secs {
        let is_pause = random.chance(1.0 / actions);
        *x = if is_pause { 1_800.0 * random.exponential() } else { random.lognormal(12.0, sigma) };
    }
}
