//! Nobody there: background, locked, without interaction; and exchanges that follow a push.

use super::words::{counted, percent};
use super::{Case, bans_of, plain};
use crate::attack::Element;
use crate::baseline::PeerFeature;
use crate::evidence::{Evidence, EvidenceKind};

/// Background traffic is ordinary; more of it than the role's says a little, beside a rhythm around the clock.
const STATE_CAP_BANS: f64 = 0.5;
const WAKE_CAP_BANS: f64 = 2.0;
/// Sessions of which nearly all follow a push within seconds are driven by it: pushes fill a thousandth of a day, so that
/// chance puts next to none there. That is a machine's channel, whatever its clock.
const DRIVEN_BANS: f64 = 1.0;
const DRIVEN_SHARE_MIN: f64 = 0.8;
const DRIVEN_SESSIONS_MIN: u64 = 8;
/// Hours with sessions from which wakes count in full: commands come all day, a conversation within the hour.
const WAKE_HOURS_FULL: f64 = 8.0;
/// More wakes than the threshold allows.
const FREQUENT_BANS: f64 = 0.5;
/// Share of the sessions from which all of them count as seen in use: clocks and reports are a little off.
const IN_USE_SHARE_MIN: f64 = 0.9;
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

/// Locked, or nobody at the phone, more than the machine-driven series of the role are: background work is
/// ordinary, so only the surprise counts.
fn nobody_there(case: &Case<'_>) -> Option<Evidence> {
    let states = &case.profile.states;
    let features = &case.features;
    let locked = (
        features.locked_share,
        PeerFeature::Locked,
        states.locked,
        states.lock_known(),
        "while the phone was locked",
    );
    let unattended = (
        features.unattended_share,
        PeerFeature::Unattended,
        states.without_interaction,
        states.interaction_known(),
        "without a touch of the phone shortly before",
    );
    let mut best: Option<Evidence> = None;
    for (observed, feature, count, known, what) in [locked, unattended] {
        let Some(observed) = observed else { continue };
        let (weight, usual, peers) = match case.surprise(feature, observed, false) {
            Some(found) => (bans_of(&found, STATE_CAP_BANS), found.median, Some(found.peers)),
            None => ((observed - 0.5).max(0.0), None, None),
        };
        let mut text = format!("{count} of {known} sessions {what}");
        if let Some(usual) = usual {
            text = format!("{text}; comparable series: {}", percent(usual));
        }
        if best.as_ref().is_none_or(|known| weight > known.weight_bans) {
            best = Some(Evidence {
                observed: Some(observed),
                unit: "share",
                baseline: usual,
                baseline_n: peers.or(Some(known)),
                ..plain(EvidenceKind::State, None, weight, text)
            });
        }
    }
    best
}

/// Whether most sessions fall into times in which the app ran a visible foreground service.
pub(super) fn is_in_service(case: &Case<'_>) -> bool {
    let states = &case.profile.states;
    states.app_known() >= KNOWN_MIN && share(states.foreground_service, states.app_known()) > 0.5
}

/// Whether it talks only while somebody uses the app: it is on the screen, or it is a browser on an unlocked phone.
pub(super) fn is_while_used(case: &Case<'_>) -> bool {
    let states = &case.profile.states;
    let is_nearly_all = |part, known| known >= KNOWN_MIN && share(part, known) >= IN_USE_SHARE_MIN;
    is_nearly_all(states.foreground, states.screen_known())
        || (case.role == "browser" && is_nearly_all(states.unlocked, states.lock_known()))
}

/// Somebody used the app while it talked, or it ran as a visible foreground service.
fn foreground(case: &Case<'_>) -> Option<Evidence> {
    let states = &case.profile.states;
    if states.app_known() < KNOWN_MIN {
        return None;
    }
    if is_in_service(case) {
        let known = states.app_known();
        let text = format!(
            "{} of {known} sessions while the app ran a visible foreground service",
            states.foreground_service
        );
        return Some(Evidence {
            observed: Some(share(states.foreground_service, known)),
            unit: "share",
            ..plain(EvidenceKind::State, None, -1.0, text)
        });
    }
    let known = states.screen_known();
    let in_front = share(states.foreground, known);
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
    let active_hours = u32::try_from(case.profile.hours.len().max(1)).unwrap_or(u32::MAX);
    let hours = f64::from(active_hours);
    let per_hour = states.after_push as f64 / hours;
    let is_frequent = per_hour > case.thresholds.notification_wake_frequency_threshold;
    let is_driven = observed >= DRIVEN_SHARE_MIN && sessions >= DRIVEN_SESSIONS_MIN;
    let weight =
        observed + if is_driven { DRIVEN_BANS } else { 0.0 } + if is_frequent { FREQUENT_BANS } else { 0.0 };
    let weight = weight.min(WAKE_CAP_BANS) * (hours / WAKE_HOURS_FULL).min(1.0);
    let text = format!(
        "{} of {sessions} sessions ({}) start seconds after a push; they fill {}, with {per_hour:.1} wakes in each",
        states.after_push,
        percent(observed),
        counted(active_hours, "hour")
    );
    Some(Evidence {
        observed: Some(per_hour),
        unit: "wakes_per_hour",
        baseline: Some(case.thresholds.notification_wake_frequency_threshold),
        ..plain(EvidenceKind::Wake, Some(Element::NotificationWakeFrequencyThreshold), weight, text)
    })
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Scene, check_ins};
    use super::*;
    use crate::series::Service;

    /// Bans of sixteen sessions that all follow a push, in so many hours.
    fn wake_bans(hours: i32) -> f64 {
        let mut scene = Scene::over(Service::Tls);
        scene.profile.starts = check_ins((0..16).map(|n| n * 10_000_000));
        scene.profile.states.after_push = 16;
        scene.profile.hours = (0..hours).collect();
        wakes(&scene.case()).unwrap().weight_bans
    }

    #[test]
    fn pushes_of_one_conversation_count_less_than_those_of_a_day() {
        assert!((wake_bans(8) - WAKE_CAP_BANS).abs() < 1e-12);
        assert!((wake_bans(16) - WAKE_CAP_BANS).abs() < 1e-12);
        assert!((wake_bans(2) - WAKE_CAP_BANS / 4.0).abs() < 1e-12);
    }
}
