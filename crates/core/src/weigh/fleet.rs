//! The same destination on several phones: a campaign, or a service that people use.
//!
//! That a few phones share a destination is no reason for trust: one operator infects several. What tells the two
//! apart is what the others do there. A channel is polled on every phone that reaches it, at one pace; a service has
//! people, who come when they like.

use super::app::is_of_the_app_itself;
use super::history::polled_before;
use super::{Case, plain};
use crate::baseline::COMMON_SHARE;
use crate::evidence::{Evidence, EvidenceKind};
use crate::score::machine::{Rhythm, Timing};
use crate::series::Destination;
use std::cmp::Reverse;

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
        None => case.others_at_this_pace(destination),
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

/// Whether days before tell that the company is young. Without them an app that a few people have is on several phones
/// at one pace, as a campaign is, and there are far more of those; of a pool its rhythm tells the pace, not its age.
fn is_young(case: &Case<'_>) -> bool {
    case.has_past()
        && polled_before(case).phones == 0
        && (case.past.series_days == 0 || pooled_phones(case).is_none())
}

pub(super) fn weigh(case: &Case<'_>) -> Option<Evidence> {
    let is_explained = case.features.reach >= COMMON_SHARE || is_of_the_app_itself(case) || case.is_appliance;
    if !case.baseline.is_fleet() || is_explained || !is_young(case) {
        return None;
    }
    let is_polled = |(together, reaching): &(u32, u32)| {
        *together > 0 && f64::from(*together) >= TOGETHER_SHARE_MIN * f64::from(*reaching)
    };
    let polled = case.destinations().map(|to| together_at(case, to)).filter(is_polled);
    let (together, reaching) = polled.max_by_key(|(together, reaching)| (*together, Reverse(*reaching)))?;
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

#[cfg(test)]
mod tests {
    use super::super::HISTORY_DAYS_MIN;
    use super::super::testing::{Scene, check_ins};
    use super::*;
    use crate::baseline::{Baseline, FLEET_DEVICES_MIN, Past, Poll, Polls, Reach};
    use crate::model::Day;
    use crate::score::machine;
    use crate::series::Service;
    use crate::timing::AwakeClock;

    /// A series of a check-in a minute on a phone, and three other phones of a fleet that do the same.
    fn scene() -> Scene {
        let mut scene = Scene::over(Service::Tls);
        scene.profile.starts = check_ins((0..600).map(|minute| minute * 60_000_000));
        scene.machine = machine::assess(&scene.profile, &AwakeClock::default(), 36_000_000_000);
        let (day, destination) = (Day::from_number(0), scene.key.destination.clone());
        let reach = Reach { devices: 4, polled: 4, first_day: day, last_day: day };
        scene.baseline = Baseline { devices: 10 * FLEET_DEVICES_MIN, ..Baseline::default() };
        scene.baseline.destinations.insert(destination.clone(), reach);
        scene.polls = Polls::new((0..4).map(|device| Poll {
            device,
            app: None,
            destination: destination.clone(),
            reaching: 4,
            period_secs: Some(60.0),
            first_day: day,
            is_pooled: false,
        }));
        scene
    }

    #[test]
    fn company_counts_where_days_before_tell_that_it_is_new_and_among_phones_only() {
        let scene = scene();
        let bans_on = |day, device_days, is_appliance| {
            let past = Past { device_days, ..Past::default() };
            weigh(&Case { is_appliance, day, past, ..scene.case() }).map(|item| item.weight_bans)
        };
        let bans = |device_days, is_appliance| bans_on(Day::from_number(0), device_days, is_appliance);
        let of_three = FIRST_BANS + DOUBLING_BANS * 3.0_f64.log2();
        assert_eq!(bans(HISTORY_DAYS_MIN, false), Some(of_three));
        assert_eq!(bans(HISTORY_DAYS_MIN, true), None);
        assert_eq!((bans(0, false), bans(HISTORY_DAYS_MIN - 1, false)), (None, None));
        // The others did so on the day before: what they have is older.
        assert_eq!(bans_on(Day::from_number(1), HISTORY_DAYS_MIN, false), None);
    }
}
