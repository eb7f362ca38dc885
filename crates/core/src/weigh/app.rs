//! The app itself: how common it is, and whether the destination is its own habit
//! (`AppNetworkBehaviorBaseline`, `AppNetworkRoleBaseline`).

use super::words::{counted, percent, reaching};
use super::{Case, plain};
use crate::attack::Element;
use crate::destination::knowledge::is_cloud_api;
use crate::evidence::{Evidence, EvidenceKind};
use crate::roles::is_self_hosted;
use crate::series::Destination;

/// Share of the fleet that must have an app for its habit to count in full.
const WIDE_SHARE: f64 = 0.1;
/// Roles whose apps talk to public cloud services as their purpose.
const CLOUD_ROLES: [&str; 9] = [
    "communication",
    "social",
    "productivity",
    "browser",
    "system",
    "network_only",
    "news",
    "business",
    "photography",
];

/// Whoever hosts a small service does so in a public cloud, with a name of its own there.
const DEAD_DROP_BANS: f64 = 0.6;
/// About half of what small apps poll bears their name, and little of what implants do. Anybody can choose a name: less
/// than the tenfold.
const OWN_PLACE_BANS: f64 = 0.8;
/// What many package names hold, so that it names no app.
const GENERIC_PARTS: [&str; 8] = ["android", "client", "free", "lite", "main", "mobile", "official", "plus"];
/// Letters from which a name is more than a word that any app may have, such as `app` or `ios`.
const NAME_LEN_MIN: usize = 4;
/// Every fleet has a long tail of apps that one person likes.
const ALONE_BANS: f64 = 0.2;
/// What a name is worth that anybody can give to an app: less than the fleet's own copies, which are asked first.
const SELF_HOSTED_BANS: f64 = 2.0;
/// A place of its own of one copy of an app in five is no news.
const HABIT_PRIOR_BANS: f64 = 0.7;
/// Bans that count for each ban of the odds: the strongest evidence that telemetry gives.
const FOREIGN_SCALE: f64 = 1.6;
/// Other phones at the most that reach a server of somebody's own: a household shares one.
const OWN_OTHERS_MAX: u32 = 2;
/// What no other copy does says at most this.
const FOREIGN_CAP_BANS: f64 = 2.4;

/// Whether the destination bears the app's name, as `com.example.app` has `example.com` or `ex-ample.net`: makers name
/// apps after their domains, and an app's places are polled wherever it is. Whoever makes a malicious app can do the
/// same: a place that only that app goes to stays news.
pub(super) fn is_of_the_app_itself(case: &Case<'_>) -> bool {
    let (Some(app), Destination::Domain(domain)) = (case.key.app.as_deref(), &case.key.destination) else {
        return false;
    };
    let name = domain.split('.').next().unwrap_or_default().replace('-', "");
    let mut parts = app.split('.');
    // Not the first, which is the top-level domain.
    parts.next().is_some()
        && domain.contains('.')
        && name.len() >= NAME_LEN_MIN
        && !GENERIC_PARTS.contains(&name.as_str())
        && parts.any(|part| part == name)
}

/// A place of the app's maker, by its name.
fn own_place(case: &Case<'_>) -> Option<Evidence> {
    is_of_the_app_itself(case).then(|| {
        let text = format!(
            "{} bears the app's name: many apps poll a domain of their maker's",
            case.key.destination
        );
        plain(EvidenceKind::Baseline, None, -OWN_PLACE_BANS, text)
    })
}

/// What was learned of the app; nothing where its destination is declared, since that overrides it.
pub(super) fn weigh(case: &Case<'_>) -> Vec<Evidence> {
    let mut found = Vec::new();
    if super::declared::knows_destination(case) {
        return found;
    }
    if let Some(app) = case.key.app.as_deref() {
        found.extend(habit(case, app));
        found.extend(dead_drop(case, app));
        found.extend(own_place(case));
    }
    found
}

/// Whether other phones' copies of the app go there, too; one server per person is a habit as well.
fn habit(case: &Case<'_>, app: &str) -> Option<Evidence> {
    if !case.baseline.is_fleet() {
        return None;
    }
    let standing = case.baseline.app_standing(app);
    let there = case.baseline.others_reaching_by(app, &case.key.destination);
    let devices = standing.other_devices;
    let (weight, text) = if standing.is_self_hosted && is_own_place(case) {
        (
            -3.0,
            format!(
                "{app} is on {}, each with a server of its own: self-hosted by design",
                counted(devices, "other phone")
            ),
        )
    } else if is_self_hosted(app) && is_own_place(case) {
        (-SELF_HOSTED_BANS, format!("{app} is made to talk to a server of one's own (shipped list)"))
    } else if devices == 0 {
        (ALONE_BANS, format!("no other phone of the fleet has {app}"))
    } else {
        let share = f64::from(there) / f64::from(devices);
        if share >= 0.2 {
            // Few phones that have the app and all go there may be its users or its victims: only an app that is
            // spread widely vouches for its own destination.
            let spread = f64::from(devices) / f64::from(case.baseline.others().max(1));
            let weight = -2.0 * share.min(0.75) * (spread / WIDE_SHARE).min(1.0);
            let others = counted(devices, "other phone");
            (weight, format!("{} of the {others} with {app} reach it, too", percent(share)))
        } else if devices >= 5 && there == 0 && !case.is_anonymous_host() {
            foreign(case, app, devices)
        } else {
            (
                0.2,
                format!(
                    "{} {}",
                    reaching(there, devices, "phone", &format!(" with {app}")),
                    case.reached_label()
                ),
            )
        }
    };
    Some(Evidence {
        observed: Some(f64::from(there)),
        unit: "devices",
        baseline: Some(f64::from(devices)),
        baseline_n: Some(u64::from(devices)),
        ..plain(EvidenceKind::Baseline, Some(Element::AppNetworkRoleBaseline), weight, text)
    })
}

/// Whether the destination can be a server of its owner: one place, and not one that others go to.
fn is_own_place(case: &Case<'_>) -> bool {
    let destination = &case.key.destination;
    !destination.is_group() && case.baseline.others_reaching(destination) <= OWN_OTHERS_MAX
}

/// No other copy of the app goes there. Worth what is left once one knows how many of the other copies poll some place
/// of their own: with `k` of `n`, an honest copy does so with probability `(k + 1) / (n + 2)` (Laplace's rule), a copy
/// that carries a channel always.
fn foreign(case: &Case<'_>, app: &str, devices: u32) -> (f64, String) {
    let personal = case.polls.personal_of_app(app, case.device);
    let honest = (f64::from(personal) + 1.0) / (f64::from(devices) + 2.0);
    let weight = (FOREIGN_SCALE * (-honest.log10() - HABIT_PRIOR_BANS)).clamp(-1.0, FOREIGN_CAP_BANS);
    let text = format!("none of the {devices} other phones with {app} reach {}", case.reached_label());
    let text = match personal {
        0 => text,
        _ => format!("{text}, but on {personal} of them it polls a place of its own, too"),
    };
    (weight, text)
}

/// A public service that carries dead drops, polled by an app that has no such purpose.
fn dead_drop(case: &Case<'_>, app: &str) -> Option<Evidence> {
    let (host, _) = case.profile.hosts.top()?;
    if !is_cloud_api(host) || CLOUD_ROLES.contains(&case.role) {
        return None;
    }
    if case.baseline.others_reaching_by(app, &case.key.destination) > 0 {
        return None;
    }
    let text = format!("{host} is a public service; an app of the role `{}` has no purpose there", case.role);
    Some(plain(EvidenceKind::Baseline, Some(Element::AppNetworkBehaviorBaseline), DEAD_DROP_BANS, text))
}

#[cfg(test)]
mod tests {
    use super::super::testing::Scene;
    use super::*;
    use crate::series::Service;

    #[test]
    fn makers_name_apps_after_their_domains() {
        let mut scene = Scene::over(Service::Tls);
        for (app, domain, is_own) in [
            ("com.bikeloop.ios", "bikeloop.com", true),
            ("uk.co.shop", "shop.co.uk", true),
            ("com.bikeloop.ios", "bike-loop.net", true),
            ("com.bikeloop.ios", "loop.com", false),
            ("com.bikeloop.ios", "bikeloop", false),
            ("com.app.ios", "app.net", false),
            ("com.bikeloop.mobile", "mobile.net", false),
            ("com", "bikeloop.com", false),
        ] {
            scene.key.app = Some(app.into());
            scene.key.destination = Destination::Domain(domain.into());
            assert_eq!(is_of_the_app_itself(&scene.case()), is_own, "{app} at {domain}");
        }
    }
}
