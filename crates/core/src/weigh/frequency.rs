//! Rate of connections (`ConnectionFrequencyThreshold`): against comparable series, and with nobody at the phone
//! against the series' own earlier days (a usage spike, DC0021).

use super::{Case, bans_of, plain};
use crate::attack::Element;
use crate::baseline::PeerFeature;
use crate::evidence::{Evidence, EvidenceKind};
use crate::series::EventFlags;
use std::collections::BTreeMap;

const CAP_BANS: f64 = 1.0;

/// Hours of earlier days from which they are a history.
const HISTORY_HOURS_MIN: usize = 6;
/// Sessions of an hour from which it can be a spike: fewer are one retry.
const SPIKE_SESSIONS_MIN: u32 = 8;
/// Of the earlier hours, the share that a usual hour is not above.
const USUAL_SHARE: f64 = 0.9;
const MICROS_PER_HOUR: i64 = 3_600_000_000;

/// The stronger of the two: both see the same sessions.
pub(super) fn weigh(case: &Case<'_>) -> Option<Evidence> {
    let found = rate(case).into_iter().chain(spike(case));
    found.max_by(|a, b| a.weight_bans.total_cmp(&b.weight_bans))
}

/// The busiest hour of the last day with nobody at the phone, against such hours of the days before.
fn spike(case: &Case<'_>) -> Option<Evidence> {
    let starts = case.profile.starts.latest();
    let last_day = starts.last()?.at_micros.div_euclid(24 * MICROS_PER_HOUR);
    let mut hours: BTreeMap<i64, u32> = BTreeMap::new();
    for event in starts.iter().filter(|event| event.flags.has(EventFlags::NO_INTERACTION)) {
        *hours.entry(event.at_micros.div_euclid(MICROS_PER_HOUR)).or_default() += 1;
    }
    // Of a series that is too busy to be kept whole, the first hour is a part of one.
    if case.profile.starts.total() > starts.len() as u64 {
        hours.pop_first();
    }
    let today = hours.split_off(&(last_day * 24));
    let mut history: Vec<u32> = hours.into_values().collect();
    history.sort_unstable();
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 <= share <= 1")]
    let at = (history.len().saturating_sub(1) as f64 * USUAL_SHARE).round() as usize;
    let usual = history.get(at).copied().filter(|_| history.len() >= HISTORY_HOURS_MIN)?;
    let most = today.into_values().max()?;
    let ratio = f64::from(most) / f64::from(usual);
    if most < SPIKE_SESSIONS_MIN || ratio < case.thresholds.connection_frequency_threshold {
        return None;
    }
    let text = format!(
        "{most} connections in one hour with nobody at the phone; on the days before, nine of ten such hours had \
         {usual} or fewer"
    );
    Some(Evidence {
        observed: Some(f64::from(most)),
        unit: "per_hour",
        baseline: Some(f64::from(usual)),
        baseline_n: Some(history.len() as u64),
        ..plain(
            EvidenceKind::Frequency,
            Some(Element::ConnectionFrequencyThreshold),
            ratio.log10().min(CAP_BANS),
            text,
        )
    })
}

/// Check-ins per active hour against comparable series.
fn rate(case: &Case<'_>) -> Option<Evidence> {
    let rate = case.features.rate_per_hour;
    let surprise = case.surprise(PeerFeature::Rate, rate, false)?;
    let usual = surprise.median?;
    if usual <= 0.0 || rate < case.thresholds.connection_frequency_threshold * usual {
        return None;
    }
    let text = format!("{rate:.1} check-ins per active hour; comparable series make {usual:.1}");
    Some(Evidence {
        observed: Some(rate),
        unit: "per_hour",
        baseline: Some(usual),
        baseline_n: Some(surprise.peers),
        p_value: Some(surprise.p_value),
        ..plain(
            EvidenceKind::Frequency,
            Some(Element::ConnectionFrequencyThreshold),
            bans_of(&surprise, CAP_BANS),
            text,
        )
    })
}

#[cfg(test)]
mod tests;
