//! The system's schedule: phones give background work to apps at intervals of their own.
//!
//! Android's `WorkManager` and `JobScheduler` run periodic work every 15 minutes at the most often, with a flex of 5
//! minutes and more (androidx source, `MIN_PERIODIC_INTERVAL_MILLIS`); iOS refreshes apps when it likes. A rhythm
//! below that, kept while nobody is there, needs a foreground service, a push or an exact alarm: rare for honest
//! apps without those. A rhythm of a quarter to a whole hour is what any app gets.

use super::words::duration;
use super::{Case, plain};
use crate::evidence::{Evidence, EvidenceKind};
use crate::score::machine::observed_hours;

/// 15 minutes with the least flex of 5: two runs can be 10 to 20 minutes apart.
const SYSTEM_PERIOD_SECS: f64 = 600.0;
/// An hour and its flex: longer rhythms say nothing either way.
const SYSTEM_PERIOD_MAX_SECS: f64 = 4500.0;
/// Hours that must be observed before "round the clock" means anything.
const HOURS_MIN: f64 = 8.0;
/// Share of the observed hours in which the rhythm must be seen.
const ROUND_THE_CLOCK_SHARE: f64 = 0.7;
const LOCKED_SHARE_MIN: f64 = 0.3;
/// Share of the hours in which it was seen that its check-ins must fill: with 40 % missed and half an hour of silence in
/// each, 0.3 is left. A burst fills seconds.
const FILLED_SHARE_MIN: f64 = 0.25;
const OUTSIDE_BANS: f64 = 1.2;
const INSIDE_BANS: f64 = -0.8;

pub(super) fn weigh(case: &Case<'_>) -> Option<Evidence> {
    let timing = case.machine.timing.as_ref().filter(|timing| timing.p_value <= 0.01)?;
    let period = timing.best.period_secs;
    let hours = observed_hours(case.profile);
    if hours < HOURS_MIN {
        return None;
    }
    let item = |weight: f64, text: String| Evidence {
        observed: Some(period),
        unit: "seconds",
        baseline: Some(900.0),
        ..plain(EvidenceKind::State, None, weight, text)
    };
    if (SYSTEM_PERIOD_SECS..SYSTEM_PERIOD_MAX_SECS).contains(&period) {
        let text = format!(
            "about every {}: a rhythm that the system's job scheduler gives to any app",
            duration(period)
        );
        return Some(item(INSIDE_BANS, text));
    }
    let is_unattended = match case.features.locked_share {
        Some(share) => share >= LOCKED_SHARE_MIN,
        None => case.profile.hours.len() as f64 >= ROUND_THE_CLOCK_SHARE * hours,
    };
    let check_ins = case.profile.sessions().max(case.machine.check_ins) as f64;
    let is_kept = check_ins * period >= FILLED_SHARE_MIN * 3600.0 * case.profile.hours.len() as f64;
    (period < SYSTEM_PERIOD_SECS && is_unattended && is_kept).then(|| {
        let text = format!(
            "keeps a rhythm of {} around the clock; the system's job scheduler gives apps one run in 15 min",
            duration(period)
        );
        item(OUTSIDE_BANS, text)
    })
}
