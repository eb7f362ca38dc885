//! The destination: how rare it is, what kind of name it has, and what is known of it.

use super::history::is_new_to_app;
use super::words::{percent, reaching};
use super::{Case, bans_of, plain};
use crate::baseline::{COMMON_SHARE, PeerFeature};
use crate::destination::knowledge::{is_dynamic_dns, is_push_port, is_widely_used, platform_service};
use crate::evidence::{Evidence, EvidenceKind};
use crate::roles::is_shared_carrier;
use crate::series::{Destination, Service};
use crate::text;

/// Traffic of the system that bears no name by which to know it.
const NAMELESS_SYSTEM_BANS: f64 = -2.5;
/// Rarity among machine-driven peers says at most this: where most of an app's peers poll what everybody has, a niche
/// app's own server is rare, too.
const RARITY_CAP_BANS: f64 = 1.2;
/// A destination of a few phones is still uncommon: a campaign is no reason for trust.
const UNCOMMON_CAP_BANS: f64 = 0.7;
/// Oddities of a name add up to at most this.
const ODDITY_CAP_BANS: f64 = 1.2;
/// What they are worth beside the other kinds: small honest servers have such names, too.
const ODDITY_SHARE: f64 = 0.4;
/// What is left of commonness when the app's other copies do not go there, or this one begins to poll it today.
const FOREIGN_SHARE: f64 = 0.3;
/// Share of those who reach a common destination that must poll it for polling to be what it is for.
const POLLED_SHARE: f64 = 0.2;
/// What is left of commonness where nobody else polls.
const UNPOLLED_SHARE: f64 = 0.3;
/// Rare destinations that share one rhythm: feed readers and meshes of devices have them, too.
const ROTATION_BANS: f64 = 1.0;
/// Other phones that must have an app for its habits to be known.
const APP_DEVICES_MIN: u32 = 5;
/// Handshakes or sessions from which a share of oddities means something.
const SEEN_MIN: u64 = 3;

pub(super) fn weigh(case: &Case<'_>) -> Vec<Evidence> {
    let mut found: Vec<Evidence> = platform(case).into_iter().collect();
    found.extend(rarity(case));
    found.extend(oddities(case));
    found
}

/// Known services of the phone platforms.
fn platform(case: &Case<'_>) -> Option<Evidence> {
    let ports = &case.profile.ports;
    let service = case.profile.hosts.ranked().into_iter().find_map(|(host, _)| {
        ports.keys().find_map(|port| platform_service(host, *port)).or_else(|| match case.key.service {
            Service::Dns => platform_service(host, 53).or_else(|| platform_service(host, 443)),
            _ => None,
        })
    });
    if let Some(service) = service {
        let text = format!("{} talks on a rhythm by design ({})", service.name, service.source);
        return Some(plain(EvidenceKind::Destination, None, -4.0, text));
    }
    let is_nameless_push =
        case.profile.hosts.is_empty() && !ports.is_empty() && ports.keys().all(|port| is_push_port(*port));
    let text = if is_nameless_push {
        "the port is that of the platforms' push services, which keep a connection by design".to_owned()
    } else {
        let carrier = case.key.app.as_deref().filter(|app| is_shared_carrier(app))?;
        if !case.is_nameless() {
            return None;
        }
        format!(
            "{carrier} carries the system's own traffic and that of many apps, here to addresses without a name"
        )
    };
    Some(plain(EvidenceKind::Destination, None, NAMELESS_SYSTEM_BANS, text))
}

fn rarity(case: &Case<'_>) -> Option<Evidence> {
    if case.key.destination.is_group() {
        return rotation(case);
    }
    let reach = case.features.reach;
    let Some(surprise) = case.surprise(PeerFeature::Reach, reach, true) else {
        // A learned fleet knows a destination even where too few series run now to compare with.
        return common(case)
            .or_else(|| if case.baseline.is_fleet() { rarity_alone(case) } else { prior(case) });
    };
    let is_alone = case.baseline.others_reaching(&case.key.destination) <= 1;
    let is_rare = reach <= case.thresholds.destination_rarity_threshold || is_alone;
    let (weight, text) = if is_rare {
        let text = format!(
            "{}; {} of comparable series go where so few do",
            reached_by(case),
            percent(surprise.p_value)
        );
        let cap = if case.is_anonymous_host() { RARITY_CAP_BANS / 2.0 } else { RARITY_CAP_BANS };
        (bans_of(&surprise, cap).max(0.3), text)
    } else if let Some(common) = common(case) {
        (common.weight_bans, common.text)
    } else {
        (bans_of(&surprise, UNCOMMON_CAP_BANS), reached_by(case))
    };
    Some(Evidence {
        observed: Some(reach),
        unit: "share_of_devices",
        baseline: surprise.median,
        baseline_n: Some(surprise.peers),
        p_value: Some(surprise.p_value),
        ..plain(EvidenceKind::Destination, None, weight, text)
    })
}

/// How many others go there, in words.
fn reached_by(case: &Case<'_>) -> String {
    let reached = case.baseline.others_reaching(&case.key.destination);
    let others = case.baseline.others();
    format!("{} {}", reaching(reached, others, "device", ""), case.key.destination)
}

/// One rhythm over many destinations. Those that other phones reach, too, may be a service with many servers.
fn rotation(case: &Case<'_>) -> Option<Evidence> {
    if case.members.is_empty() {
        return None;
    }
    let text =
        format!("one rhythm over {} destinations that hardly any other phone reaches", case.members.len());
    Some(Evidence {
        observed: Some(case.members.len() as f64),
        unit: "destinations",
        baseline_n: Some(u64::from(case.baseline.others())),
        ..plain(EvidenceKind::Destination, None, ROTATION_BANS, text)
    })
}

/// A destination that many of the fleet's other devices reach.
fn common(case: &Case<'_>) -> Option<Evidence> {
    let reach = case.features.reach;
    if reach < COMMON_SHARE || !case.baseline.is_fleet() {
        return None;
    }
    let common = -(1.0 + (reach / COMMON_SHARE).log10() * 1.5);
    let is_foreign = is_foreign_to_app(case) || is_new_to_app(case);
    let polled = polled_share(case);
    let weight = if is_foreign { common * FOREIGN_SHARE } else { common * polled.max(UNPOLLED_SHARE) };
    let mut text = format!("{} of the other devices reach {}, too", percent(reach), case.reached_label());
    if !is_foreign && polled < 1.0 {
        text.push_str(", but hardly any of them on a rhythm");
    }
    Some(Evidence {
        observed: Some(reach),
        unit: "share_of_devices",
        baseline_n: Some(u64::from(case.baseline.others())),
        ..plain(EvidenceKind::Destination, None, weight, text)
    })
}

/// How far others' use of a destination excuses this one: in full where a fifth of those who reach it do so on a
/// rhythm, too. What people open all day is no reason for a machine to ask there.
fn polled_share(case: &Case<'_>) -> f64 {
    let reaching = f64::from(case.baseline.others_reaching_itself(&case.key.destination).max(1));
    let here = case.polls.others(&case.key.destination, case.device);
    // Who polled before may be the same phones: they count once.
    let before = case.learned.map_or(0, |learned| learned.polling(&case.key.destination));
    let polling = f64::from(here.max(before));
    (polling / reaching / POLLED_SHARE).min(1.0)
}

/// A fleet with too few machine-driven series to compare with still knows how many phones go there.
fn rarity_alone(case: &Case<'_>) -> Option<Evidence> {
    let (reach, others) = (case.features.reach, case.baseline.others());
    let reached = case.baseline.others_reaching(&case.key.destination);
    if reach > case.thresholds.destination_rarity_threshold {
        return None;
    }
    let weight = (f64::from(others) / (f64::from(reached) + 1.0)).log10().clamp(0.3, RARITY_CAP_BANS);
    Some(Evidence {
        observed: Some(reach),
        unit: "share_of_devices",
        baseline_n: Some(u64::from(others)),
        ..plain(EvidenceKind::Destination, None, weight, reached_by(case))
    })
}

/// Everybody's destination, but of no other phone's copy of this app: commonness then excuses little.
fn is_foreign_to_app(case: &Case<'_>) -> bool {
    case.key.app.as_deref().is_some_and(|app| {
        let standing = case.baseline.app_standing(app);
        standing.other_devices >= APP_DEVICES_MIN
            && case.baseline.others_reaching_by(app, &case.key.destination) == 0
    })
}

/// Without a fleet: what is known of the world's destinations.
fn prior(case: &Case<'_>) -> Option<Evidence> {
    let item = |weight: f64, text: String| Some(plain(EvidenceKind::Destination, None, weight, text));
    match &case.key.destination {
        Destination::Domain(domain) if is_widely_used(domain) => {
            item(-2.5, format!("{domain} is one that phones everywhere talk to (shipped list)"))
        }
        Destination::Domain(domain) => {
            item(0.5, format!("{domain} is not among the widely used destinations (shipped list)"))
        }
        Destination::Address(addr) if case.is_inside() && case.key.service == Service::Dns => {
            item(-0.5, format!("{addr} is a resolver on the own network"))
        }
        Destination::Address(addr) => item(0.5, format!("no fleet shows whether {addr} is common")),
        Destination::Group(_) => None,
    }
}

/// Kinds of names that hide an operator. Shares of what was seen, not single sightings.
fn oddities(case: &Case<'_>) -> Option<Evidence> {
    let marks = &case.profile.marks;
    let sessions = case.profile.sessions();
    let share = |count: u64, of: u64| if of < SEEN_MIN { 0.0 } else { count as f64 / of as f64 };
    let mut parts: Vec<(f64, String)> = Vec::new();
    if !case.is_inside()
        && case.key.service != Service::Dns
        && (share(marks.without_name, sessions) > 0.8
            || (sessions < SEEN_MIN && marks.without_name == sessions && sessions > 0))
    {
        let weight = if case.is_anonymous_host() { 0.3 } else { 0.6 };
        parts.push((weight, "it goes to an address without any name".to_owned()));
    }
    if share(marks.without_sni, marks.handshakes) > 0.8 {
        parts.push((0.4, "TLS without a server name".to_owned()));
    }
    if share(marks.never_resolved, sessions) > 0.8 {
        parts.push((0.3, "the phone was never seen to look the name up".to_owned()));
    }
    if share(marks.invalid_certificates, marks.handshakes) > 0.5 {
        parts.push((0.5, "the certificate is not valid".to_owned()));
    }
    if share(marks.name_mismatches, sessions) > 0.5 {
        parts.push((0.8, "the server name in TLS and the Host inside differ".to_owned()));
    }
    if let Some((host, _)) = case.profile.hosts.top() {
        if is_dynamic_dns(host) {
            parts.push((0.6, format!("{host} lies under a dynamic DNS or tunnel provider")));
        }
        if let Destination::Domain(domain) = &case.key.destination {
            let label = domain.split('.').next().unwrap_or_default();
            if text::dga_likeness(label).is_some_and(|found| found.score > 0.5) {
                parts.push((0.6, format!("{domain} looks made by a program")));
            }
        }
    }
    let weight: f64 = parts.iter().map(|(weight, _)| weight).sum();
    if parts.is_empty() {
        return None;
    }
    let texts: Vec<String> = parts.into_iter().map(|(_, text)| text).collect();
    let weight = case.beside_others(weight.min(ODDITY_CAP_BANS), ODDITY_SHARE);
    Some(plain(EvidenceKind::Destination, None, weight, texts.join("; ")))
}

#[cfg(test)]
mod tests {
    use super::super::testing::Scene;
    use super::*;
    use std::net::Ipv4Addr;

    #[test]
    fn a_system_transport_is_excused_where_nothing_bears_a_name() {
        let nameless = Destination::Address(Ipv4Addr::new(203, 0, 113, 7).into());
        let named = Destination::Domain("x.example".into());
        for (app, destination, bans) in [
            ("com.google.android.gms", &nameless, Some(NAMELESS_SYSTEM_BANS)),
            ("com.google.android.gms", &named, None),
            ("com.a", &nameless, None),
        ] {
            let mut scene = Scene::over(Service::Tcp);
            scene.key.app = Some(app.into());
            scene.key.destination = destination.clone();
            let found = platform(&scene.case()).map(|item| item.weight_bans);
            assert_eq!(found, bans, "{app} to {destination}");
        }
    }
}
