//! Implants: which phones, which channels, which schedules.
//!
//! Periods and jitters follow public profiles (20 to 37 % jitter is the mode, 50 % and more is rare) with an
//! adversarial tail. An implant lives in an app that the phone has anyway and that its owner may use.

mod channel;
mod plant;

pub use channel::Channel;
pub(crate) use plant::{carrier, plant};

use crate::law::Law;
use crate::options::{FleetOptions, ImplantPin};
use crate::random::Rng;
use std::collections::BTreeMap;

/// One implant as its operator set it up; phones of one campaign share it.
#[derive(Debug, Clone)]
pub(crate) struct Infection {
    /// Number of the campaign: the source of everything its phones share.
    pub(crate) campaign: u64,
    /// More than one phone: the app is the campaign's, installed for it.
    pub(crate) is_shared: bool,
    pub(crate) channel: Channel,
    pub(crate) period_secs: f64,
    pub(crate) jitter: f64,
    pub(crate) miss: f64,
    pub(crate) law: Law,
    /// Whole days before it, still clean; `None` draws when it begins.
    pub(crate) after_days: Option<u32>,
}

/// Which phones are infected, and how.
pub(crate) fn infections(options: &FleetOptions) -> BTreeMap<u32, Infection> {
    let mut rng = Rng::stream(&[options.seed, 0x696e_6665]);
    let mut chosen = chosen_devices(options, &mut rng).into_iter();
    let deck = channel::deck(&mut rng);
    let mut out = BTreeMap::new();
    let mut campaign = 0_usize;
    while chosen.len() > 0 {
        let size = campaign_size(options, campaign, &mut rng).min(chosen.len());
        let channel = options.pin.kind.unwrap_or(deck[campaign % deck.len()]);
        let infection = infection(campaign as u64, size > 1, channel, &options.pin, &mut rng);
        out.extend(chosen.by_ref().take(size).map(|device| (device, infection.clone())));
        campaign += 1;
    }
    out
}

/// One phone, and each fifth time a few; no campaign takes more than a quarter of all implants.
fn campaign_size(options: &FleetOptions, campaign: usize, rng: &mut Rng) -> usize {
    let drawn = if campaign % 5 == 4 { 3 + rng.below(5) } else { 1 };
    let drawn = drawn.min(u64::from(options.infected / 4).max(1));
    crate::number::index(options.pin.campaign.map_or(drawn, u64::from))
}

/// Distinct devices in random order (Floyd's sampling, then a shuffle).
fn chosen_devices(options: &FleetOptions, rng: &mut Rng) -> Vec<u32> {
    let mut set = std::collections::BTreeSet::new();
    for top in options.devices - options.infected..options.devices {
        let candidate = crate::number::low32(rng.below(u64::from(top) + 1));
        if !set.insert(candidate) {
            set.insert(top);
        }
    }
    let mut list: Vec<u32> = set.into_iter().collect();
    for place in (1..list.len()).rev() {
        list.swap(place, crate::number::index(rng.below(place as u64 + 1)));
    }
    list
}

fn infection(campaign: u64, is_shared: bool, channel: Channel, pin: &ImplantPin, rng: &mut Rng) -> Infection {
    const JITTERS: [(f64, f64); 8] = [
        (18.0, 0.0),
        (10.0, 0.1),
        (24.0, 0.2),
        (10.0, 0.3),
        (16.0, 0.37),
        (10.0, 0.5),
        (6.0, 0.6),
        (6.0, 0.7),
    ];
    const MISSES: [(f64, f64); 5] = [(45.0, 0.0), (20.0, 0.05), (17.0, 0.1), (10.0, 0.25), (8.0, 0.4)];
    // Three in ten are nobody's default.
    let period = channel.period_secs(rng) * if rng.chance(0.3) { rng.uniform(0.7, 1.4) } else { 1.0 };
    let jitter = if rng.chance(0.3) { rng.uniform(0.0, 0.7) } else { *rng.weighted(&JITTERS) };
    let miss = *rng.weighted(&MISSES);
    let law = channel.law(rng);
    let law = pin.law.unwrap_or(law);
    // A held connection and an answer to a push have no schedule of their own to jitter or to miss.
    let has_schedule = channel.has_schedule();
    let has_jitter = has_schedule && law != Law::Exact;
    Infection {
        campaign,
        is_shared,
        channel,
        period_secs: pin.period_secs.unwrap_or(period),
        jitter: pin.jitter.unwrap_or(if has_jitter { jitter } else { 0.0 }),
        miss: pin.miss.unwrap_or(if has_schedule { miss } else { 0.0 }),
        law,
        after_days: pin.after_days,
    }
}
