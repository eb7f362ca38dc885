//! Nobody there: background, locked, without interaction; and exchanges that follow a push.

use super::words::percent;
use super::{Case, plain};
use crate::attack::Element;
use crate::evidence::{Evidence, EvidenceKind};

/// Background traffic is ordinary; on its own it says little.
const STATE_CAP_BANS: f64 = 1.5;
const WAKE_CAP_BANS: f64 = 1.0;
/// Sessions of known state from which shares mean something.
const KNOWN_MIN: u64 = 6;

pub(super) fn weigh(case: &Case<'_>) -> Vec<Evidence> {
    let mut found: Vec<Evidence> = nobody_there(case).into_iter().collect();
    found.extend(foreground(case));
    found.extend(wakes(case));
    found
}

fn share(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

/// Share of sessions at which nobody was there, by the best state known.
fn nobody_there(case: &Case<'_>) -> Option<Evidence> {
    let states = &case.profile.states;
    let (count, known, what) = [
        (states.locked, states.lock_known(), "while the phone was locked"),
        (states.without_interaction, states.interaction_known(), "without anybody touching the phone"),
        (states.background, states.app_known(), "while the app was in the background"),
    ]
    .into_iter()
    .filter(|(_, known, _)| *known >= KNOWN_MIN)
    .max_by(|a, b| share(a.0, a.1).total_cmp(&share(b.0, b.1)))?;
    let observed = share(count, known);
    let is_background = share(states.background, states.app_known()) > 0.8;
    let weight =
        ((observed - 0.5).max(0.0) * 2.0 + if is_background { 0.3 } else { 0.0 }).min(STATE_CAP_BANS);
    if weight <= 0.05 {
        return None;
    }
    Some(Evidence {
        observed: Some(observed),
        unit: "share",
        baseline_n: Some(known),
        ..plain(EvidenceKind::State, None, weight, format!("{count} of {known} sessions {what}"))
    })
}

/// Somebody used the app while it talked, or it ran as a visible foreground service.
fn foreground(case: &Case<'_>) -> Option<Evidence> {
    let states = &case.profile.states;
    let known = states.app_known();
    if known < KNOWN_MIN {
        return None;
    }
    let in_front = share(states.foreground, known);
    let in_service = share(states.foreground_service, known);
    if in_service > 0.5 {
        let text = format!(
            "{} of {known} sessions while the app ran a visible foreground service",
            states.foreground_service
        );
        return Some(Evidence {
            observed: Some(in_service),
            unit: "share",
            ..plain(EvidenceKind::State, None, -1.0, text)
        });
    }
    if case.thresholds.foreground_state_required && in_front > 0.5 {
        let text = format!("{} of {known} sessions while the app was on the screen", states.foreground);
        return Some(Evidence {
            observed: Some(in_front),
            unit: "share",
            ..plain(EvidenceKind::State, None, -1.5 * in_front, text)
        });
    }
    None
}

/// Sessions seconds after a push to the app: commands can come that way.
fn wakes(case: &Case<'_>) -> Option<Evidence> {
    let states = &case.profile.states;
    let sessions = case.profile.sessions();
    if states.after_push < 4 {
        return None;
    }
    let observed = share(states.after_push, sessions);
    let per_hour = states.after_push as f64 / case.profile.hours.len().max(1) as f64;
    let is_frequent = per_hour > case.thresholds.notification_wake_frequency_threshold;
    let weight = (observed * 0.5 + if is_frequent { 0.5 } else { 0.0 }).min(WAKE_CAP_BANS);
    let text = format!(
        "{} of {sessions} sessions start seconds after a push ({per_hour:.1} wakes per active hour), {} of all",
        states.after_push,
        percent(observed)
    );
    Some(Evidence {
        observed: Some(per_hour),
        unit: "wakes_per_hour",
        baseline: Some(case.thresholds.notification_wake_frequency_threshold),
        ..plain(EvidenceKind::Wake, Some(Element::NotificationWakeFrequencyThreshold), weight, text)
    })
}
