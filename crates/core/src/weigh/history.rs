//! History of the series on its own phone: new today, or unchanged for days.

use super::{Case, plain};
use crate::evidence::{Evidence, EvidenceKind};

/// Days that the phone must have been seen before newness means anything.
const DEVICE_DAYS_MIN: u32 = 2;
/// A channel that begins while the phone is watched.
const NEW_BANS: f64 = 1.2;
/// A series known for two days or more; grows to the cap with four.
const KNOWN_BANS_PER_DAY: f64 = 0.6;
const KNOWN_CAP_BANS: f64 = 2.0;

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
    match series {
        0 => {
            Some(item(NEW_BANS, format!("new today: the phone was seen on {device} days before without it")))
        }
        1 => None,
        days => {
            let weight = -(KNOWN_BANS_PER_DAY * f64::from(days)).min(KNOWN_CAP_BANS);
            Some(item(
                weight,
                format!("unchanged for {days} days before, of {device} on which the phone was seen"),
            ))
        }
    }
}
