//! History of the series on its own phone: new today, or unchanged for days.

use super::{Case, plain};
use crate::evidence::{Evidence, EvidenceKind};

/// Days that the phone must have been seen before newness means anything.
const DEVICE_DAYS_MIN: u32 = 2;
/// A channel that begins while the phone is watched.
const NEW_BANS: f64 = 1.2;
/// A series that two days or more were long enough to judge. It was shown on the first of them if it was to be shown;
/// a slow one that becomes testable only now loses nothing.
const KNOWN_BANS_PER_DAY: f64 = 1.2;
const KNOWN_CAP_BANS: f64 = 2.4;

pub(super) fn weigh(case: &Case<'_>) -> Option<Evidence> {
    let (device, series) = (case.device_days_before, case.series_days_before);
    if device < DEVICE_DAYS_MIN {
        return None;
    }
    let item = |weight: f64, text: String| Evidence {
        observed: Some(f64::from(series)),
        unit: "days",
        baseline: Some(f64::from(device)),
        ..plain(EvidenceKind::Baseline, None, weight, text)
    };
    if series == 0 {
        let text = format!("new today: the phone was seen on {device} days before without it");
        return Some(item(NEW_BANS, text));
    }
    let days = case.series_days_judged;
    (days >= 2).then(|| {
        let weight = -(KNOWN_BANS_PER_DAY * f64::from(days)).min(KNOWN_CAP_BANS);
        item(weight, format!("the same on {days} days before, of {device} on which the phone was seen"))
    })
}
