//! Protocol misuse: odd ports, requests without a Host, resolvers that are not sanctioned, raw channels.

use super::words::percent;
use super::{Case, plain};
use crate::destination::knowledge::is_push_port;
use crate::evidence::{Evidence, EvidenceKind};
use crate::series::Service;

/// Oddities of a protocol add up to at most this.
const CAP_BANS: f64 = 1.2;
/// What misuse is worth beside the other kinds: small honest servers sit on odd ports, too.
const SHARE: f64 = 0.5;
/// A channel without an answer carries no command; apps knock at dead servers for hours, by a timer.
const UNANSWERED_BANS: f64 = -5.0;

pub(super) fn weigh(case: &Case<'_>) -> Option<Evidence> {
    let marks = &case.profile.marks;
    let sessions = case.profile.sessions().max(1);
    let is_unanswered = marks.failed * 10 >= sessions * 9;
    let mut parts: Vec<(f64, String)> = Vec::new();
    let ports: Vec<String> =
        case.profile.ports.ranked().into_iter().take(3).map(|(port, _)| port.to_string()).collect();
    let odd = marks.odd_ports as f64 / sessions as f64;
    if odd > 0.5 && !is_unanswered {
        let text =
            format!("{} on port {}, which is not its own", case.key.service.as_str(), ports.join(", "));
        parts.push((0.6, text));
    }
    if marks.requests >= 3 && marks.without_host * 2 > marks.requests {
        parts.push((
            0.5,
            format!(
                "{} of its HTTP requests have no Host",
                percent(marks.without_host as f64 / marks.requests as f64)
            ),
        ));
    }
    match case.key.service {
        Service::Tcp if !is_unanswered && !case.profile.ports.keys().all(|port| is_push_port(*port)) => {
            parts.push((
                0.4,
                format!("TCP on port {} in no protocol that the sensor knows", ports.join(", ")),
            ));
        }
        Service::Udp | Service::Other | Service::Ntp => {
            parts.push((
                -2.0,
                "media, games and time use such datagrams; application-layer C2 seldom does".to_owned(),
            ));
        }
        Service::Dns => unsanctioned(case, &mut parts),
        // Of a known app, its role says whether it has a purpose for them (`declared`).
        Service::Irc | Service::Ftp | Service::Mqtt | Service::Smtp if case.key.app.is_none() => {
            parts
                .push((0.4, format!("{} is not what phones' apps usually speak", case.key.service.as_str())));
        }
        _ => {}
    }
    if is_unanswered {
        parts.push((
            UNANSWERED_BANS,
            format!(
                "nobody answered {} of {sessions} sessions: retries against a server that is not there",
                marks.failed
            ),
        ));
    }
    if parts.is_empty() {
        return None;
    }
    let weight: f64 = parts.iter().map(|(weight, _)| weight).sum();
    let weight = case.beside_others(weight.min(CAP_BANS), SHARE);
    let texts: Vec<String> = parts.into_iter().map(|(_, text)| text).collect();
    Some(plain(EvidenceKind::Misuse, None, weight, texts.join("; ")))
}

fn unsanctioned(case: &Case<'_>, parts: &mut Vec<(f64, String)>) {
    let sanctioned = &case.thresholds.sanctioned_resolvers;
    let stranger = case.profile.addresses.keys().find(|addr| !sanctioned.contains(addr));
    if let (false, Some(resolver)) = (sanctioned.is_empty(), stranger) {
        parts.push((0.6, format!("it asks {resolver}, which is not a sanctioned resolver")));
    }
}
