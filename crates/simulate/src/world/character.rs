//! What differs from one fleet to the next beyond chance: drawn once for each seed.
//!
//! A detector that was tuned on fleets which all share one habit (how many rare apps a phone has, that every lookup
//! is seen, that every phone has an agent) fails on the first fleet without it. So each such habit is a draw.

use crate::random::Rng;

/// Draws of one seed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Character {
    /// Apps of the long tail per platform: few are shared by several phones, many are not.
    pub(crate) tail_apps: u64,
    /// Apps of the long tail on a phone: at least, and more on average.
    pub(crate) tail_least: u64,
    pub(crate) tail_mean: f64,
    /// Exponent of the common apps' prevalence: below 1 everybody has the same apps.
    pub(crate) prevalence_power: f64,
    /// Share of phones whose agent reports.
    pub(crate) agents: f64,
    /// Share of rows that an agent loses, at least and at most.
    pub(crate) agent_loss: (f64, f64),
    /// Share of connections that the sensor does not log.
    pub(crate) sensor_loss: f64,
    /// Resolution of the sensor's clock, microseconds.
    pub(crate) resolution: i64,
    /// Share of phones whose lookups nobody sees.
    pub(crate) hidden_dns: f64,
    /// Share of ordinary sites whose name is not in the handshake (encrypted `ClientHello`, old clients).
    pub(crate) hidden_names: f64,
    /// Share of implants that live in an app of the long tail.
    pub(crate) rare_carriers: f64,
    /// Spread of the mix of honest rare senders: sigma of the logarithm of each kind's weight.
    pub(crate) honest_tilt: f64,
}

impl Character {
    /// The character of a seed.
    pub(crate) fn draw(seed: u64) -> Self {
        let mut rng = Rng::stream(&[seed, 0x6368_6172]);
        let between = |rng: &mut Rng, low: f64, high: f64| {
            crate::number::count(libm::exp(rng.uniform(libm::log(low), libm::log(high))))
        };
        let tail_apps = between(&mut rng, 200.0, 1200.0);
        let full = rng.chance(0.7);
        let most_lost = rng.uniform(0.03, 0.1);
        Self {
            tail_apps,
            tail_least: 1 + rng.below(3),
            tail_mean: rng.uniform(3.0, 7.0),
            prevalence_power: rng.uniform(0.7, 1.4),
            agents: if full { 1.0 } else { rng.uniform(0.8, 1.0) },
            agent_loss: (0.01, most_lost),
            sensor_loss: if rng.chance(0.5) { 0.0 } else { rng.uniform(0.0, 0.03) },
            resolution: *rng.weighted(&[(65.0, 1), (25.0, 1_000), (10.0, 1_000_000)]),
            hidden_dns: rng.uniform(0.03, 0.3),
            hidden_names: if rng.chance(0.5) { 0.0 } else { rng.uniform(0.0, 0.06) },
            rare_carriers: rng.uniform(0.4, 0.9),
            honest_tilt: rng.uniform(0.0, 0.7),
        }
    }
}
