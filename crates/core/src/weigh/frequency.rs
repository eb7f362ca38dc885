//! Rate of connections (`ConnectionFrequencyThreshold`): against comparable series, and with nobody at the phone
//! against the earlier days of the series and of its app, and against the app's role (a usage spike, DC0021).

use super::{Case, bans_of, plain};
use crate::attack::Element;
use crate::baseline::{PeerFeature, UsualHour};
use crate::evidence::{Evidence, EvidenceKind};
use crate::series::EventFlags;
use std::collections::BTreeMap;

/// Beside a rhythm, which says how often already (see [`super`]).
const CAP_BANS: f64 = 0.5;

/// Sessions of an hour from which it can be a spike: fewer are one retry.
const SPIKE_SESSIONS_MIN: u32 = 8;
/// Hours before a day that are its history: those of the window's other days.
const HISTORY_HOURS: i64 = 6 * 24;
const MICROS_PER_HOUR: i64 = 3_600_000_000;

/// The strongest: all see the same sessions.
pub(super) fn weigh(case: &Case<'_>) -> Option<Evidence> {
    let found = rate(case).into_iter().chain(spike(case)).chain(app_spike(case));
    found.max_by(|a, b| a.weight_bans.total_cmp(&b.weight_bans))
}

/// The series' sessions by hour with nobody at the phone, and the first hour of its last day.
fn unattended(case: &Case<'_>) -> Option<(BTreeMap<i64, u32>, i64)> {
    let starts = case.profile.starts.latest();
    let last_day = starts.last()?.at_micros.div_euclid(24 * MICROS_PER_HOUR);
    let mut hours: BTreeMap<i64, u32> = BTreeMap::new();
    for event in starts.iter().filter(|event| event.flags.has(EventFlags::NO_INTERACTION)) {
        *hours.entry(event.at_micros.div_euclid(MICROS_PER_HOUR)).or_default() += 1;
    }
    // Of a series that is too busy to be kept whole, the first hour is a part of one.
    if case.profile.starts.total() > starts.len() as u64 {
        hours.remove(&starts.first()?.at_micros.div_euclid(MICROS_PER_HOUR));
    }
    Some((hours, last_day * 24))
}

/// The busiest hour of the last day with nobody at the phone, against such hours of the days before.
fn spike(case: &Case<'_>) -> Option<Evidence> {
    let (mut hours, midnight) = unattended(case)?;
    let today = hours.split_off(&midnight);
    let usual = UsualHour::of(hours.into_values().collect())?;
    let most = today.into_values().max()?;
    let text = format!(
        "{most} connections in one hour with nobody at the phone; on the days before, nine of ten such hours had \
         {} or fewer",
        usual.connections
    );
    spiked(case, most, usual, text)
}

/// The busiest hour of the app as a whole with nobody at the phone, against the app's own days before and against apps
/// of its role; told of the series that makes most of it.
fn app_spike(case: &Case<'_>) -> Option<Evidence> {
    let app = case.key.app.as_deref()?;
    let (own, midnight) = unattended(case)?;
    let at = |hour: i32| i64::from(hour);
    let day = midnight..midnight + 24;
    let busiest = case.app_hours.iter().filter(|(hour, _)| day.contains(&at(*hour)));
    let &(hour, most) = busiest.max_by_key(|(hour, count)| (*count, std::cmp::Reverse(*hour)))?;
    if own.get(&at(hour)).copied().unwrap_or(0).saturating_mul(2) < most {
        return None;
    }
    let history =
        case.app_hours.iter().filter(|(hour, _)| (midnight - HISTORY_HOURS..midnight).contains(&at(*hour)));
    let before = UsualHour::of(history.map(|(_, count)| *count).collect())?;
    // Of a role that is as busy every day, a busy hour is no spike.
    let role = case.role_hours.of(case.role);
    let usual = role.filter(|role| role.connections > before.connections).unwrap_or(before);
    let role =
        role.map_or_else(String::new, |usual| format!("; of other apps of its role, {}", usual.connections));
    let text = format!(
        "{app} made {most} connections in one hour with nobody at the phone, most of them here; on the days before, \
         nine of ten such hours had {} or fewer{role}",
        before.connections
    );
    spiked(case, most, usual, text)
}

fn spiked(case: &Case<'_>, most: u32, usual: UsualHour, text: String) -> Option<Evidence> {
    let ratio = f64::from(most) / f64::from(usual.connections);
    if most < SPIKE_SESSIONS_MIN || ratio < case.thresholds.connection_frequency_threshold {
        return None;
    }
    Some(Evidence {
        observed: Some(f64::from(most)),
        unit: "per_hour",
        baseline: Some(f64::from(usual.connections)),
        baseline_n: Some(usual.hours),
        ..plain(
            EvidenceKind::Frequency,
            Some(Element::ConnectionFrequencyThreshold),
            ratio.log10().min(CAP_BANS),
            text,
        )
    })
}

/// Connections, or messages in them where those are more, per hour with traffic, against comparable series.
fn rate(case: &Case<'_>) -> Option<Evidence> {
    let rate = case.features.rate_per_hour;
    let surprise = case.surprise(PeerFeature::Rate, rate, false)?;
    let usual = surprise.median?;
    if usual <= 0.0 || rate < case.thresholds.connection_frequency_threshold * usual {
        return None;
    }
    let text =
        format!("{rate:.1} connections or messages per hour with traffic; comparable series make {usual:.1}");
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
