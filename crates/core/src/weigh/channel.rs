//! Channels that are not told by session starts: persistent connections (`SessionPersistenceThreshold`) and DNS.

use super::words::{duration, percent};
use super::{Case, plain};
use crate::attack::Element;
use crate::dns::DnsAssessment;
use crate::evidence::{Evidence, EvidenceKind};
use crate::score::machine::Persistence;
use crate::series::Service;

/// A connection that is always there says nearly as much as a rhythm: push services do it, too, but to destinations
/// that everybody has.
const PERSISTENCE_CAP_BANS: f64 = 3.5;
/// Bans of each tenfold of a fifth of an hour.
const PERSISTENCE_SCALE: f64 = 1.75;
/// A DNS channel is seldom anything else.
const DNS_CAP_BANS: f64 = 4.0;
/// What the rhythm of plain lookups is discounted by: a resolver's cache and an app in use make one together.
const PLAIN_LOOKUP_BANS: f64 = 3.0;
/// Connected time below which persistence is not looked at.
const CONNECTED_SECS_MIN: f64 = 1800.0;

/// Services whose connections can be kept as a channel.
const KEPT_SERVICES: [Service; 9] = [
    Service::Tls,
    Service::Http,
    Service::WebSocket,
    Service::Quic,
    Service::Tcp,
    Service::Mqtt,
    Service::Irc,
    Service::Named,
    Service::Imap,
];

/// Whether connections of the service can be kept as a channel.
pub(super) fn is_kept_service(service: Service) -> bool {
    KEPT_SERVICES.contains(&service)
}

/// In a capture of minutes: seconds that a connection is kept, and messages inside it.
const KEPT_SECS_MIN: f64 = 60.0;
const KEPT_MESSAGES_MIN: u64 = 10;
const KEPT_BANS: f64 = 1.5;

/// One phone, minutes of capture: a connection that is there all the time, with messages going to and fro.
fn kept_open(case: &Case<'_>, found: Persistence) -> Option<Evidence> {
    let messages = case.profile.messages.total();
    let is_kept = !case.baseline.is_fleet()
        && found.longest_secs >= KEPT_SECS_MIN
        && found.connected_share >= 0.8
        && messages >= KEPT_MESSAGES_MIN;
    is_kept.then(|| {
        let text = format!(
            "connected for {} of the time it was seen, {} at a stretch, with {messages} messages in all",
            percent(found.connected_share),
            duration(found.longest_secs)
        );
        Evidence {
            observed: Some(found.connected_share),
            unit: "share",
            baseline: Some(case.thresholds.session_persistence_threshold),
            ..plain(EvidenceKind::Persistence, Some(Element::SessionPersistenceThreshold), KEPT_BANS, text)
        }
    })
}

/// Long-lived or always reconnecting sessions.
pub(super) fn persistence(case: &Case<'_>) -> Option<Evidence> {
    let found = case.machine.persistence?;
    let threshold = case.thresholds.session_persistence_threshold;
    if !is_kept_service(case.key.service) || found.connected_share < threshold {
        return None;
    }
    if found.connected_secs < CONNECTED_SECS_MIN {
        return kept_open(case, found);
    }
    // 1.75 bans from two hours on, 3.5 from a day on: hours by the decade.
    let decades = (found.connected_secs / 3600.0 * 5.0).log10();
    let weight = (PERSISTENCE_SCALE * decades).clamp(0.0, PERSISTENCE_CAP_BANS);
    // Sessions that overlap come to more than the time there was.
    let text = if found.connected_share >= 1.0 {
        "connected all the time it was seen".to_owned()
    } else {
        let (total, share) = (duration(found.connected_secs), percent(found.connected_share));
        format!("connected for {total} in all, {share} of the time it was seen")
    };
    let text = format!("{text}; its longest session lasted {}", duration(found.longest_secs));
    Some(Evidence {
        observed: Some(found.connected_share),
        unit: "share",
        baseline: Some(threshold),
        ..plain(EvidenceKind::Persistence, Some(Element::SessionPersistenceThreshold), weight, text)
    })
}

/// What the names of lookups carry, in bans.
struct Carried {
    /// Names that are hardly ever asked twice carry something: no cache asks so.
    is_channel: bool,
    information: f64,
    types: f64,
    failing: f64,
}

impl Carried {
    fn of(rate: &DnsAssessment, threshold: f64) -> Self {
        let unusual = rate.unusual_type_share.unwrap_or(0.0);
        let is_many = rate.distinct_labels >= 8.0;
        let is_channel = is_many && rate.distinct_labels_per_query > 0.4;
        let information = 1.0 + (rate.information_bits_per_hour / threshold).log10() * 1.5;
        Self {
            is_channel,
            information: if is_channel { information.max(0.0) } else { 0.0 },
            types: if rate.queries >= 8 && unusual > 0.3 { 1.0 + unusual } else { 0.0 },
            failing: if is_many && is_failing(rate) { 0.5 } else { 0.0 },
        }
    }

    fn bans(&self) -> f64 {
        (self.information + self.types + self.failing).clamp(0.0, DNS_CAP_BANS)
    }

    fn is_nothing(&self) -> bool {
        !self.is_channel && self.bans() <= 0.0
    }
}

/// Whether most of the names that are asked for do not exist.
fn is_failing(rate: &DnsAssessment) -> bool {
    rate.queries >= 8 && rate.nxdomain_share.unwrap_or(0.0) > 0.5
}

/// Whether the series is lookups that carry nothing, whose sizes are those of the name.
pub(super) fn is_plain_lookups(case: &Case<'_>) -> bool {
    let threshold = case.thresholds.dns_information_rate_threshold;
    let carries_nothing = |rate| Carried::of(rate, threshold).is_nothing();
    case.key.service == Service::Dns && case.machine.dns.as_ref().is_some_and(carries_nothing)
}

/// Information carried in names, unusual query types, and many names that do not exist. Address lookups that carry nothing
/// keep the rhythm of a cache, whoever asks; a few names that do not exist, that of a client whose server is gone.
pub(super) fn dns(case: &Case<'_>) -> Option<Evidence> {
    if is_plain_lookups(case) {
        let text = if case.machine.dns.as_ref().is_some_and(is_failing) {
            "lookups of the same names, which do not exist: a client whose server is gone asks again and again"
        } else {
            "plain lookups that carry nothing: a cache asks again when an answer expires"
        };
        return Some(plain(EvidenceKind::Dns, None, -PLAIN_LOOKUP_BANS, text.to_owned()));
    }
    let rate = case.machine.dns.as_ref()?;
    let threshold = case.thresholds.dns_information_rate_threshold;
    let carried = Carried::of(rate, threshold);
    let (weight, bits) = (carried.bans(), rate.information_bits_per_hour);
    if weight <= 0.0 {
        return None;
    }
    let mut text = format!(
        "{:.0} different labels below one domain carry {bits:.0} bits per hour (a channel starts near {threshold:.0})",
        rate.distinct_labels
    );
    if carried.types > 0.0 {
        let unusual = percent(rate.unusual_type_share.unwrap_or(0.0));
        text = format!("{text}; {unusual} of the queries ask for unusual types");
    }
    if carried.failing > 0.0 {
        let failing = percent(rate.nxdomain_share.unwrap_or(0.0));
        text = format!("{text}; {failing} of the answers say that the name does not exist");
    }
    Some(Evidence {
        observed: Some(bits),
        unit: "bits_per_hour",
        baseline: Some(threshold),
        ..plain(EvidenceKind::Dns, None, weight, text)
    })
}

#[cfg(test)]
mod tests {
    use super::super::testing::Scene;
    use super::*;
    use crate::dns::{DnsChannel, DnsQuery};
    use crate::model::Timestamp;
    use crate::series::Service;

    /// Sessions that overlap come to more than the time there was.
    #[test]
    fn nothing_is_connected_for_longer_than_it_was_seen() {
        let said = |connected_secs, connected_share| {
            let mut scene = Scene::over(Service::Tls);
            scene.machine.persistence =
                Some(Persistence { longest_secs: 900.0, connected_secs, connected_share });
            persistence(&scene.case()).map(|item| item.text).unwrap()
        };
        let whole = "connected all the time it was seen; its longest session lasted 15 min";
        assert_eq!(said(93_600.0, 1.0), whole);
        let most =
            "connected for 22 h in all, 92 % of the time it was seen; its longest session lasted 15 min";
        assert_eq!(said(79_200.0, 0.92), most);
    }

    /// Lookups a minute apart of names that do not exist, so many of them different.
    fn bans_of_failing(different: i64) -> Option<f64> {
        let mut channel = DnsChannel::default();
        for n in 0..120 {
            let qname = format!("h{}.gone.example", n % different);
            let at = Timestamp::from_secs(60 * n);
            let (qtype, rcode) = (Some(1), Some(3));
            channel.update(&DnsQuery { at, qname: &qname, domain: "gone.example", qtype, rcode });
        }
        let mut scene = Scene::over(Service::Dns);
        scene.machine.dns = channel.assess();
        dns(&scene.case()).map(|item| item.weight_bans)
    }

    #[test]
    fn many_names_that_do_not_exist_are_odd_and_one_that_is_gone_is_not() {
        assert_eq!(bans_of_failing(1), Some(-PLAIN_LOOKUP_BANS));
        assert_eq!(bans_of_failing(3), Some(-PLAIN_LOOKUP_BANS));
        assert_eq!(bans_of_failing(20), Some(0.5));
    }
}
