//! History of the series on its own phone: new today, or unchanged for days.

use super::{Case, plain};
use crate::evidence::{Evidence, EvidenceKind};

/// Days that a phone must have been seen before newness means anything.
pub const HISTORY_DAYS_MIN: u32 = 2;

/// A channel that begins while the phone is watched: of a phone's machines, one in forty is new on a day.
const NEW_BANS: f64 = 1.6;
/// A series that was there, and long enough to be judged (eight check-ins), on a day before. It was shown then if it was to be shown; a
/// slow one that becomes testable only now loses nothing.
const KNOWN_BANS_PER_DAY: f64 = 1.6;
const KNOWN_CAP_BANS: f64 = 3.2;

pub(super) fn weigh(case: &Case<'_>) -> Option<Evidence> {
    let past = case.past;
    if past.device_days < HISTORY_DAYS_MIN {
        return None;
    }
    let item = |weight: f64, text: String| Evidence {
        observed: Some(f64::from(past.series_days)),
        unit: "days",
        baseline: Some(f64::from(past.device_days)),
        ..plain(EvidenceKind::Baseline, None, weight, text)
    };
    let days = past.device_days;
    if past.series_days == 0 {
        let before = case.destinations().map(|to| case.polls.before(to, case.device, case.day));
        return Some(match before.max().unwrap_or(0) {
            0 => item(NEW_BANS, format!("new today: the phone was seen on {days} days before without it")),
            // What spreads from phone to phone may be an app as well as a campaign.
            others => {
                item(0.0, format!("new on this phone, but polled on days before by {others} other phones"))
            }
        });
    }
    (past.days_judged > 0).then(|| {
        let judged = past.days_judged;
        let weight = -(KNOWN_BANS_PER_DAY * f64::from(judged)).min(KNOWN_CAP_BANS);
        item(weight, format!("the same on {judged} days before, of {days} on which the phone was seen"))
    })
}
