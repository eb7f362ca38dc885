//! Declared baselines: what an app, or an app of its role, is known to do.
//!
//! `AppNetworkBehaviorBaseline` maps what an app is for to the protocols that it speaks; a user's lists, else a short
//! shipped one for protocols that few apps have a purpose for. `AppNetworkRoleBaseline` maps it to where it goes.
//! Keeping to a declaration speaks for the app, leaving it speaks against it. What a user declares overrides what was
//! learned.

use super::{Case, plain};
use crate::attack::Element;
use crate::baseline::Verdict;
use crate::evidence::{Evidence, EvidenceKind};
use crate::roles::ROLE_UNKNOWN;
use crate::series::{Destination, Service};
use std::collections::BTreeSet;

/// Somebody wrote down that the app goes there: as strong as a server of one's own.
const EXPECTED_BANS: f64 = -3.0;
/// Somebody wrote down every place that the app goes to, and this is another one: as strong as a service of its own.
const OUTSIDE_BANS: f64 = 1.0;
/// Somebody wrote down what the app speaks, and this is something else.
const UNDECLARED_SERVICE_BANS: f64 = 1.0;
/// It speaks what somebody wrote down, and few other apps speak it: the declaration explains an oddity.
const DECLARED_SERVICE_BANS: f64 = -0.5;
/// It speaks what somebody wrote down, and every app does: that says little, implants use the web, too.
const DECLARED_WEB_BANS: f64 = -0.1;
/// A protocol that the role has no known purpose for; what such a protocol weighs without a known app.
const NO_PURPOSE_BANS: f64 = 0.4;
/// Items of a list that a sentence names.
const NAMED_MAX: usize = 5;

/// Protocols that most apps have no purpose for, with the roles that have one. Roles are those of the shipped map and
/// of Google Play's categories. Origin: what the well-known apps of each role do (mail, chat, home automation, files).
const PURPOSES: [(Service, &[&str]); 6] = [
    (Service::Smtp, MAIL),
    (Service::Imap, MAIL),
    (Service::Pop3, MAIL),
    (Service::Ftp, &["productivity", "tools", "business", "photography"]),
    (Service::Irc, &["communication", "social"]),
    (Service::Mqtt, DEVICES),
];
const MAIL: &[&str] = &["communication", "business", "productivity", "system"];
/// Apps that talk to things, and chats built on the same protocol.
const DEVICES: &[&str] = &[
    "communication",
    "social",
    "system",
    "house_home",
    "house_and_home",
    "lifestyle",
    "auto_vehicles",
    "auto_and_vehicles",
    "health_fitness",
    "health_and_fitness",
];

pub(super) fn weigh(case: &Case<'_>) -> Vec<Evidence> {
    destination(case).into_iter().chain(service(case)).collect()
}

/// Whether the destination is on a declared list.
pub(super) fn knows_destination(case: &Case<'_>) -> bool {
    matches!(verdict(case), Some(Verdict::Declared(_)))
}

fn verdict<'c>(case: &Case<'c>) -> Option<Verdict<'c>> {
    case.declared.destination(case.key.app.as_deref(), case.role, &case.key.destination)
}

fn destination(case: &Case<'_>) -> Option<Evidence> {
    let destination = &case.key.destination;
    let (weight, text) = match verdict(case)? {
        Verdict::Declared(name) => {
            (EXPECTED_BANS, format!("{destination} is declared as a destination of {name}"))
        }
        // Look-ups go to a resolver whatever is looked up; a group has many destinations.
        Verdict::Outside(_) if is_nobodys(case) => return None,
        Verdict::Outside(name) => {
            let lists = &case.declared.destinations;
            let listed = lists.apps.get(name).or_else(|| lists.roles.get(name));
            let text =
                format!("{destination} is none of the destinations declared for {name} ({})", named(listed));
            (OUTSIDE_BANS, text)
        }
    };
    Some(plain(EvidenceKind::Baseline, Some(Element::AppNetworkRoleBaseline), weight, text))
}

fn is_nobodys(case: &Case<'_>) -> bool {
    let is_lookup =
        case.key.service == Service::Dns && matches!(case.key.destination, Destination::Address(_));
    is_lookup || matches!(case.key.destination, Destination::Group(_))
}

fn service(case: &Case<'_>) -> Option<Evidence> {
    let app = case.key.app.as_deref();
    let (weight, text) = match case.declared.services_of(app, case.role) {
        Some(declared) => declared_service(case, declared),
        None => (NO_PURPOSE_BANS, without_purpose(case)?),
    };
    Some(plain(EvidenceKind::Baseline, Some(Element::AppNetworkBehaviorBaseline), weight, text))
}

/// Against what a user declares.
fn declared_service(case: &Case<'_>, declared: &BTreeSet<Service>) -> (f64, String) {
    let spoken = case.key.service.as_str();
    let own = case.key.app.as_deref().filter(|app| case.declared.services.apps.contains_key(*app));
    let name = own.unwrap_or(case.role);
    if declared.contains(&case.key.service) {
        let is_usual = case.is_web() || case.key.service == Service::Dns;
        let weight = if is_usual { DECLARED_WEB_BANS } else { DECLARED_SERVICE_BANS };
        return (weight, format!("it speaks {spoken}, as declared for {name}"));
    }
    let names: Vec<&str> = declared.iter().map(|service| service.as_str()).collect();
    let names = if names.is_empty() { "nothing".to_owned() } else { names.join(", ") };
    (UNDECLARED_SERVICE_BANS, format!("it speaks {spoken}; declared for {name} is {names}"))
}

/// Against the shipped map; `None` where the role has a purpose for the service, or there is no app to ask for.
fn without_purpose(case: &Case<'_>) -> Option<String> {
    case.key.app.as_ref()?;
    let (service, roles) = PURPOSES.iter().find(|(service, _)| *service == case.key.service)?;
    let spoken = service.as_str();
    match case.role {
        role if roles.contains(&role) => None,
        // Mail clients are many, and few of them are in any map.
        "unknown" | ROLE_UNKNOWN if matches!(service, Service::Imap | Service::Pop3) => None,
        "unknown" | ROLE_UNKNOWN => Some(format!("{spoken} is not what phones' apps usually speak")),
        role => Some(format!("an app of the role `{role}` has no known purpose for {spoken}")),
    }
}

/// The first few of a list.
fn named(listed: Option<&BTreeSet<Destination>>) -> String {
    let Some(listed) = listed.filter(|listed| !listed.is_empty()) else { return "none".to_owned() };
    let mut names: Vec<String> = listed.iter().take(NAMED_MAX).map(ToString::to_string).collect();
    if listed.len() > NAMED_MAX {
        names.push(format!("and {} more", listed.len() - NAMED_MAX));
    }
    names.join(", ")
}

#[cfg(test)]
mod tests;
