//! The same destination on several phones: a campaign, or a service that people use.
//!
//! That a few phones share a destination is no reason for trust: one operator infects several. What tells the two
//! apart is what the others do there. A channel is polled on every phone that reaches it, at one pace; a service has
//! people, who come when they like.

use super::app::is_of_the_app_itself;
use super::history::polled_before;
use super::{Case, HISTORY_DAYS_MIN, plain};
use crate::baseline::{COMMON_SHARE, Past};
use crate::evidence::{Evidence, EvidenceKind};
use crate::score::machine::{Rhythm, Timing};
use crate::series::Destination;

/// Share of the phones at a destination that must poll it at one pace.
const TOGETHER_SHARE_MIN: f64 = 0.5;
/// One more phone at the same pace, and what each doubling adds: an app that few phones have does the same.
const FIRST_BANS: f64 = 0.3;
const DOUBLING_BANS: f64 = 0.2;
const CAP_BANS: f64 = 0.9;

/// Other phones that poll a destination at the pace of the case, and those that reach it.
fn together_at(case: &Case<'_>, destination: &Destination) -> (u32, u32) {
    let together = match pooled_phones(case) {
        Some(phones) => phones.saturating_sub(1),
        None => case.polls.at_this_pace(destination, case.device, case.machine.pace_secs()),
    };
    (together, case.baseline.others_reaching(destination))
}

/// Phones of a rhythm that only several show together: then that they share a pace is told already.
fn pooled_phones(case: &Case<'_>) -> Option<u32> {
    match case.machine.timing {
        Some(Timing { rhythm: Rhythm::Together(phones), .. }) => Some(phones),
        _ => None,
    }
}

/// Whether all of them began today, on phones with a past: that the pace does not tell.
fn is_new_everywhere(case: &Case<'_>) -> bool {
    let Past { device_days, series_days, .. } = case.past;
    device_days >= HISTORY_DAYS_MIN && series_days == 0 && polled_before(case).phones == 0
}

pub(super) fn weigh(case: &Case<'_>) -> Option<Evidence> {
    if !case.baseline.is_fleet() || case.features.reach >= COMMON_SHARE || is_of_the_app_itself(case) {
        return None;
    }
    if pooled_phones(case).is_some() && !is_new_everywhere(case) {
        return None;
    }
    let (together, reaching) = case.destinations().map(|to| together_at(case, to)).max()?;
    if together == 0 || f64::from(together) < TOGETHER_SHARE_MIN * f64::from(reaching) {
        return None;
    }
    let weight = (FIRST_BANS + DOUBLING_BANS * f64::from(together).log2()).min(CAP_BANS);
    let text = match (together, reaching) {
        (1, 0 | 1) => "the one other phone that reaches it polls it at the same pace".to_owned(),
        (1, _) => format!("1 of the {reaching} other phones that reach it polls it at the same pace"),
        _ => format!("{together} of the {reaching} other phones that reach it poll it at the same pace"),
    };
    Some(Evidence {
        observed: Some(f64::from(together)),
        unit: "devices",
        baseline_n: Some(u64::from(reaching)),
        ..plain(EvidenceKind::Fleet, None, weight, text)
    })
}
