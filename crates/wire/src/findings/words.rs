//! What a finding means, in sentences for a tier-1 analyst: the same in the terminal and on the page.

use super::paint::human_secs;
use super::table::{destination_label, standing};
use undertone_core::attack::{ATTACK_VERSION, Element};
use undertone_core::evidence::{Evidence, EvidenceKind};
use undertone_core::finding::{AppUsual, Finding, threshold_of};
use undertone_core::model::Platform;
use undertone_core::series::Service;
use undertone_core::thresholds::ThresholdKey;

/// Destinations of an app that a sentence names; the table beside it has more.
const NAMED_MAX: usize = 3;
/// Sentences of evidence that stand in the summary of why.
const REASONS_MAX: usize = 3;

/// The app, or that it is unknown.
pub(super) fn app_label(finding: &Finding) -> &str {
    finding.app.id.as_deref().unwrap_or("unknown app")
}

/// What was seen, as facts.
pub(super) fn seen(finding: &Finding) -> Vec<String> {
    let device = &finding.device;
    let platform = match device.platform {
        Platform::Unknown => "platform unknown",
        known => known.as_str(),
    };
    let mut lines = vec![format!("device {} ({platform}){}", device.id, listed(", at ", &device.addresses))];
    let app = &finding.app;
    lines.push(match &app.id {
        Some(id) => format!("app {id}, role {}, known by {}", app.role, attribution_words(app.attribution)),
        None => "app unknown: no telemetry names it".to_owned(),
    });
    let destination = &finding.destination;
    let group = destination.group.as_ref().map_or_else(String::new, |group| format!(", tied by {group}"));
    lines.push(format!(
        "destination {}{}{}{group}, over {}",
        destination_label(destination),
        listed(" at ", &destination.addresses),
        listed(", port ", &destination.ports),
        finding.service
    ));
    if !destination.members.is_empty() {
        lines.push(format!("its destinations: {}", destination.members.join(", ")));
    }
    let span = human_secs(finding.last_seen.since(finding.first_seen) as f64 / 1e6);
    let rhythm = finding
        .interval_median_secs
        .map_or_else(String::new, |secs| format!(", half of them less than {} apart", human_secs(secs)));
    lines.push(format!(
        "{} check-ins in {span}{rhythm}: {} to {}",
        finding.events, finding.first_seen, finding.last_seen
    ));
    lines.push(standing(finding));
    lines.push(format!("ATT&CK Mobile {ATTACK_VERSION}: {}", mapped(finding)));
    lines
}

/// Techniques with their strategies and analytics.
pub(super) fn mapped(finding: &Finding) -> String {
    let mapped = finding.attack.iter().map(|attack| {
        let analytic = attack.analytic.map_or("platform unknown", |analytic| analytic.id());
        format!("{} {} ({}, {analytic})", attack.technique, attack.name, attack.strategy)
    });
    mapped.collect::<Vec<_>>().join("; ")
}

/// How a session got its app, for people.
pub(super) fn attribution_words(attribution: &str) -> &str {
    match attribution {
        "five_tuple" => "the phone's own record of the connection",
        "address" => "the phone's record of that address at that time",
        "name" => "the phone's record of that name",
        "declared" => "your own mapping",
        "reported" => "the phone's log itself",
        _ => "nothing",
    }
}

/// Ids of sessions to look up, each once.
pub(super) fn sessions(finding: &Finding) -> Vec<String> {
    let mut sessions = finding.sessions.clone();
    sessions.dedup();
    sessions
}

/// The first items after `lead`, and how many there are besides; nothing for none.
fn listed<T: ToString>(lead: &str, items: &[T]) -> String {
    if items.is_empty() {
        return String::new();
    }
    format!("{lead}{}", named(items.iter().map(ToString::to_string), 0))
}

/// Why it is odd for this app: what the app does elsewhere, then the strongest reasons.
pub(super) fn odd(finding: &Finding) -> Vec<String> {
    let mut lines = Vec::new();
    match (&finding.app.id, &finding.app_usual) {
        (Some(app), Some(usual)) => lines.extend(habits(app, finding, usual)),
        (Some(app), None) => lines.push(format!(
            "{app} is of the role {}; what it talks to on other phones is not in this finding.",
            finding.app.role
        )),
        (None, _) => lines.push(
            "The app is unknown, so this is compared with all machine-driven traffic, not with one app's."
                .to_owned(),
        ),
    }
    // What other copies of the app do is said already.
    let is_said = |item: &Evidence| {
        finding.app_usual.is_some() && item.element == Some(Element::AppNetworkRoleBaseline)
    };
    let counting = finding.evidence.iter().filter(|item| item.weight_bans > 0.0 && !is_said(item));
    lines.extend(counting.take(REASONS_MAX).map(|item| sentence(&item.text)));
    lines
}

/// What the app does on other phones, and whether any of them does this.
fn habits(app: &str, finding: &Finding, usual: &AppUsual) -> Vec<String> {
    let role = match finding.app.role.as_str() {
        "unknown" => "of no known role".to_owned(),
        role => format!("of the role {role}"),
    };
    if usual.others == 0 {
        let besides = match usual.alone.as_slice() {
            [] => "and talks to nothing else".to_owned(),
            alone => format!("and besides this talks to {}", named(alone.iter().cloned(), usual.alone_more)),
        };
        return vec![format!("{app}, {role}, is on this phone alone {besides}.")];
    }
    let phones = if usual.others == 1 { "1 other phone" } else { "other phones" };
    let count = if usual.others == 1 { String::new() } else { format!("{} ", usual.others) };
    let destinations = usual.destinations.iter().map(|known| format!("{} (on {})", known.name, known.others));
    let there = if usual.destinations.is_empty() {
        "talks to nothing else there".to_owned()
    } else {
        format!("talks there to {}", named(destinations, usual.more))
    };
    let mut lines = vec![format!("{app}, {role}, is on {count}{phones} and {there}.")];
    let target = destination_label(&finding.destination);
    let group = finding.destination.group.is_some();
    lines.push(match usual.others_here {
        0 if group => "No other phone's copy talks to any of these destinations.".to_owned(),
        0 => format!("No other phone's copy talks to {target}."),
        others if group => {
            format!("{others} of the {} other copies talk to one of these, too.", usual.others)
        }
        others => format!("{others} of the {} other copies talk to {target}, too.", usual.others),
    });
    if !usual.alone.is_empty() {
        let alone = named(usual.alone.iter().cloned(), usual.alone_more);
        lines.push(format!("On this phone alone it also talks to {alone}."));
    }
    let speaking = usual.others_speaking(&finding.service);
    if !usual.services.is_empty() && speaking == 0 {
        let services = usual.services.iter().map(|known| format!("{} (on {})", known.name, known.others));
        let services = services.take(NAMED_MAX).collect::<Vec<_>>().join(", ");
        lines.push(format!("No other copy speaks {}; they speak {services}.", finding.service));
    }
    lines
}

/// The first few of a list, and how many there are besides; `more` are not in the list.
fn named(items: impl ExactSizeIterator<Item = String>, more: u64) -> String {
    let more = more + items.len().saturating_sub(NAMED_MAX) as u64;
    let named = items.take(NAMED_MAX).collect::<Vec<_>>().join(", ");
    if more == 0 { named } else { format!("{named} and {more} more") }
}

/// With a capital and a full stop.
fn sentence(text: &str) -> String {
    let stop = if text.ends_with(['.', '!', '?', '…']) { "" } else { "." };
    let first = text.split(' ').next().unwrap_or_default();
    // A name is written as it is.
    let is_name =
        first.contains(['.', ':', '_', '-']) || Service::ALL.iter().any(|known| known.as_str() == first);
    let mut letters = text.chars();
    match letters.next().filter(|_| !is_name) {
        Some(letter) => format!("{}{}{stop}", letter.to_uppercase(), letters.as_str()),
        None => format!("{text}{stop}"),
    }
}

/// An item of evidence in words and numbers.
pub(super) struct Facts {
    /// What was observed, with its unit.
    pub(super) observed: Option<String>,
    /// What is usual, with its unit and how many stand behind it.
    pub(super) usual: Option<String>,
    /// The threshold in force, and its key.
    pub(super) threshold: Option<(String, &'static str)>,
    /// ATT&CK's element.
    pub(super) element: Option<&'static str>,
}

/// The numbers of an item of evidence.
pub(super) fn facts(finding: &Finding, item: &Evidence) -> Facts {
    let unit = item.unit.replace('_', " ");
    let number = |value: Option<f64>| value.map(|value| with_unit(value, &unit));
    let usual = match (number(item.baseline), item.baseline_n) {
        (Some(usual), Some(n)) => Some(format!("{usual} (of {n})")),
        (usual, _) => usual,
    };
    let threshold = threshold_of(item).and_then(|key| {
        let in_force = finding.thresholds.iter().find(|known| known.key == key)?;
        Some((threshold_words(key, in_force.value), key.name()))
    });
    Facts { observed: number(item.observed), usual, threshold, element: item.element.map(Element::name) }
}

/// A threshold with the side on which the evidence counts.
fn threshold_words(key: ThresholdKey, value: f64) -> String {
    match key {
        ThresholdKey::CadenceAnomaly | ThresholdKey::HttpsCadenceAnomaly => format!("p ≤ {}", short(value)),
        ThresholdKey::ConnectionFrequency => format!("≥ {} times the usual", short(value)),
        ThresholdKey::DestinationRarity => format!("≤ {}", with_unit(value, "share of devices")),
        ThresholdKey::SessionPersistence => format!("≥ {}", with_unit(value, "share")),
        ThresholdKey::NotificationWakeFrequency => format!("> {} per hour", short(value)),
        ThresholdKey::DnsInformationRate => format!("≥ {} bits per hour", short(value)),
        ThresholdKey::PayloadEntropy => format!("≥ {} bits per character", short(value)),
        ThresholdKey::BeaconIntervalVariance | ThresholdKey::PayloadSymmetry => format!("≤ {}", short(value)),
        _ => short(value),
    }
}

fn with_unit(value: f64, unit: &str) -> String {
    match unit {
        "" | "ratio" => short(value),
        "share" => format!("{} %", short(value * 100.0)),
        "share of sessions" => format!("{} % of sessions", short(value * 100.0)),
        "share of devices" => format!("{} % of devices", short(value * 100.0)),
        "seconds" => human_secs(value),
        unit => {
            let (value, (noun, rest)) = (short(value), unit.split_at(unit.find(' ').unwrap_or(unit.len())));
            let noun = if value == "1" { noun.strip_suffix('s').unwrap_or(noun) } else { noun };
            format!("{value} {noun}{rest}")
        }
    }
}

/// A number with three significant digits, without an exponent where people read it.
pub(super) fn short(value: f64) -> String {
    let size = value.abs();
    if size >= 1e6 || (size > 0.0 && size < 1e-6) {
        format!("{value:.2e}")
    } else if size > 0.0 && size < 1e-3 {
        // One digit: what is this small is small, whatever its second digit.
        format!(
            "{value:.*}",
            if size < 1e-5 {
                6
            } else if size < 1e-4 {
                5
            } else {
                4
            }
        )
    } else if size >= 100.0 {
        format!("{value:.0}")
    } else {
        let text = format!("{value:.*}", if size >= 10.0 { 1 } else { 3 });
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    }
}

/// What an honest app may do that looks like this, by the evidence that counts for the finding.
pub(super) fn benign(finding: &Finding) -> Vec<String> {
    let speaks_for = |kind| finding.evidence.iter().any(|item| item.kind == kind && item.weight_bans > 0.0);
    let known = [
        (
            EvidenceKind::Timing,
            "a job that polls by the clock: sync, telemetry, status page, home automation",
        ),
        (
            EvidenceKind::Persistence,
            "a connection kept for messages or pushes: chat, mail, VoIP, VPN, remote support",
        ),
        (
            EvidenceKind::Dns,
            "names that carry data on purpose: anti-virus lookups, CDNs, ad networks, DNS tests",
        ),
        (EvidenceKind::State, "work that a person started and left: playback, navigation, backup, download"),
        (EvidenceKind::Destination, "a service that few people use: self-hosted, regional, new, or in-house"),
        (EvidenceKind::Size, "keep-alives and status answers, which all have one size"),
        (EvidenceKind::Frequency, "a retry loop of a broken app or an unreachable server"),
        (EvidenceKind::Entropy, "session ids, hashes or cache keys in paths and names"),
        (EvidenceKind::Stack, "an app with its own network library: games, Flutter, Go or Rust code"),
        (EvidenceKind::Misuse, "a developer's or network tool, or a vendor's own protocol"),
        (EvidenceKind::Wake, "an app that fetches what each push announces"),
        (EvidenceKind::Fleet, "a new app or update that was rolled out to several phones at once"),
    ];
    known.into_iter().filter(|(kind, _)| speaks_for(*kind)).map(|(_, text)| text.to_owned()).collect()
}

/// Whether the evidence says that no other device reaches the place.
fn is_alone(finding: &Finding) -> bool {
    finding.evidence.iter().any(|item| {
        item.unit == "share_of_devices"
            && item.observed.is_some_and(|share| share <= 0.0)
            && item.baseline_n.is_some_and(|others| others > 0)
    })
}

/// What an analyst can do now, from what the finding knows and does not know.
pub(super) fn checks(finding: &Finding) -> Vec<String> {
    let target = destination_label(&finding.destination);
    let mut checks = vec![match &finding.app.id {
        Some(app) => {
            format!("is {app} in the device management's list, from which store, signed by whom, since when?")
        }
        None => {
            format!("which app on {} talks to {target}? Ask its telemetry or its user", finding.device.id)
        }
    }];
    checks.push(match &finding.destination.domain {
        Some(domain) => format!("who registered {domain}, when, and what certificate does it show?"),
        None if finding.destination.group.is_some() => {
            "who runs the addresses of this rotation, and what do they have in common?".to_owned()
        }
        None if finding.destination.name.is_some() => {
            format!("who runs {target}? The name has no public suffix")
        }
        None => format!("who runs {target}, and why is no name used?"),
    });
    if !is_alone(finding) {
        checks.push(format!("do other devices talk to {target}, and with which apps?"));
    }
    if !finding.sessions.is_empty() {
        checks.push(
            "read the sessions of this finding in the sensor's logs: sizes, names, what was resolved before"
                .to_owned(),
        );
    }
    if finding.device.platform == Platform::Unknown {
        checks.push("is the device a phone at all? Its platform is unknown".to_owned());
    }
    let id = finding.id.get(..8).unwrap_or(&finding.id);
    checks.push(format!(
        "if it is known and honest, hide it with a reason: undertone suppress add --from FINDINGS {id} --reason TEXT"
    ));
    checks.push("if nobody can explain it, isolate the device and keep its state for forensics".to_owned());
    checks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_told_in_units_for_people() {
        let table = [
            (79_242.2, "seconds", "22 h"),
            (0.5, "share", "50 %"),
            (0.01, "share of devices", "1 % of devices"),
            (0.31, "ratio", "0.31"),
            (2.0, "days", "2 days"),
            (1.0, "devices", "1 device"),
            (1.0, "bits per hour", "1 bit per hour"),
            (1.4, "devices", "1.4 devices"),
            (1.0, "per hour", "1 per hour"),
        ];
        for (value, unit, told) in table {
            assert_eq!(with_unit(value, unit), told);
        }
    }
}
