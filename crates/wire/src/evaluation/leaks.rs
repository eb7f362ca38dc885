//! Whether a labelled fleet gives its implants away: single features that separate them from honest traffic with no
//! timing and no baseline. A detector that is measured on a fleet with such a leak proves nothing.

use crate::truth::Truth;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use undertone_core::destination::{is_ip_literal, registrable_domain};
use undertone_core::device::{Connection, DeviceInput};
use undertone_core::model::Exchange;
use undertone_core::text::{path_class, user_agent_family};

/// Largest share of implants that one rule may separate without false positives.
pub const LEAK_SHARE_MAX: f64 = 0.2;
/// Values kept of each gatherer; more are counted as cut. Fleets of ten thousand phones stay below it.
const VALUES_MAX: usize = 4_000_000;
/// Rules listed.
const RULES_MAX: usize = 200;

/// Implants and honest series that show one value.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Shown {
    implants: BTreeSet<u32>,
    honest: u64,
}

/// Gathers features, device by device; gatherers of parts are merged in any order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Leaks {
    values: BTreeMap<(&'static str, Box<str>), Shown>,
    /// Of each app: phones with traffic of it, its implants and its honest series.
    apps: BTreeMap<Box<str>, (u64, Shown)>,
    implants: BTreeSet<u32>,
    honest_series: u64,
    cut: u64,
}

/// One rule: all that show this value are implants.
#[derive(Debug, Clone, PartialEq)]
pub struct LeakRule {
    /// Feature.
    pub feature: &'static str,
    /// Value.
    pub value: String,
    /// Implants that show it.
    pub implants: u64,
    /// Honest series (device, app, destination) that show it.
    pub honest_series: u64,
}

/// What was found.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct LeakReport {
    /// Implants with traffic.
    pub implants: u64,
    /// Honest series.
    pub honest_series: u64,
    /// Rules without a false positive, most implants first, and how many more there are.
    pub rules: Vec<LeakRule>,
    /// Rules not listed.
    pub rules_cut: u64,
    /// Of each feature, implants that some value of it gives away without false positives; most first. Exact sizes
    /// are left out: of thousands of values some are always seen once.
    pub features: Vec<(&'static str, u64)>,
    /// Rules with false positives whose share of implants is at least ten times that of honest series, most first.
    pub strong: Vec<LeakRule>,
    /// Values that were not kept.
    pub values_cut: u64,
}

impl LeakReport {
    /// Whether no single rule and no feature separates more than [`LEAK_SHARE_MAX`] of the implants.
    pub fn is_passed(&self) -> bool {
        let most = LEAK_SHARE_MAX * self.implants as f64;
        let worst = self.rules.first().map_or(0, |rule| rule.implants);
        let feature = self.features.first().map_or(0, |(_, implants)| *implants);
        worst as f64 <= most && feature as f64 <= most
    }
}

/// A series, for counting: app and destination.
type Group<'a> = (Option<&'a str>, String);

/// What one series showed.
#[derive(Default)]
struct Facts {
    implants: BTreeSet<u32>,
    values: BTreeSet<(&'static str, Box<str>)>,
    addresses: BTreeSet<IpAddr>,
    connections: u64,
}

impl Leaks {
    /// Adds a device; `truth` is the whole fleet's.
    pub fn add(&mut self, device_id: &str, device: &DeviceInput<'_, '_>, truth: &[Truth]) {
        let addresses: BTreeSet<IpAddr> = device.connections.iter().map(|c| c.session.orig.addr).collect();
        let own: Vec<(u32, &Truth)> =
            (0..).zip(truth).filter(|(_, truth)| is_device(truth, device_id, &addresses)).collect();
        let mut groups: BTreeMap<(bool, Group<'_>), Facts> = BTreeMap::new();
        for (at, connection) in device.connections.iter().enumerate() {
            let app = device.apps.get(at).copied().flatten();
            let implants: BTreeSet<u32> = own
                .iter()
                .filter(|(_, truth)| is_implant(truth, connection, app))
                .map(|(number, _)| *number)
                .collect();
            let key = (!implants.is_empty(), (app, destination(connection)));
            let facts = groups.entry(key).or_default();
            facts.implants.extend(implants);
            facts.addresses.insert(connection.session.resp.addr);
            facts.connections += 1;
            if let Some(stack) = device.stacks.get(at).copied().flatten() {
                facts.values.insert(("networking stack", stack.into()));
            }
            connection_values(connection, &mut facts.values);
        }
        let apps: BTreeSet<&str> = groups.keys().filter_map(|(_, (app, _))| *app).collect();
        for app in apps {
            self.apps.entry(app.into()).or_default().0 += 1;
        }
        for ((_, (app, _)), mut facts) in groups {
            facts.values.insert(("addresses of one destination", band(facts.addresses.len() as u64)));
            facts.values.insert(("connections", band(facts.connections)));
            self.count(app, facts);
        }
    }

    fn count(&mut self, app: Option<&str>, facts: Facts) {
        if let Some((_, shown)) = app.and_then(|app| self.apps.get_mut(app)) {
            shown.implants.extend(&facts.implants);
            shown.honest += u64::from(facts.implants.is_empty());
        }
        self.honest_series += u64::from(facts.implants.is_empty());
        self.implants.extend(&facts.implants);
        for value in facts.values {
            if self.values.len() >= VALUES_MAX && !self.values.contains_key(&value) {
                self.cut += 1;
                continue;
            }
            let shown = self.values.entry(value).or_default();
            shown.implants.extend(&facts.implants);
            shown.honest += u64::from(facts.implants.is_empty());
        }
    }

    /// Adds what another gatherer gathered from other devices.
    pub fn merge(&mut self, other: Self) {
        for (value, shown) in other.values {
            let mine = self.values.entry(value).or_default();
            mine.implants.extend(shown.implants);
            mine.honest += shown.honest;
        }
        for (app, (phones, shown)) in other.apps {
            let mine = self.apps.entry(app).or_default();
            mine.0 += phones;
            mine.1.implants.extend(shown.implants);
            mine.1.honest += shown.honest;
        }
        self.implants.extend(other.implants);
        self.honest_series += other.honest_series;
        self.cut += other.cut;
    }

    /// The rules.
    pub fn report(mut self) -> LeakReport {
        let rare: Vec<(Box<str>, Shown)> =
            self.apps.values().map(|(phones, shown)| (band(*phones), shown.clone())).collect();
        for (phones, shown) in rare {
            let mine = self.values.entry(("phones with the app", phones)).or_default();
            mine.implants.extend(shown.implants);
            mine.honest += shown.honest;
        }
        let mut features: BTreeMap<&'static str, BTreeSet<u32>> = BTreeMap::new();
        let (mut rules, mut strong) = (Vec::new(), Vec::new());
        for ((feature, value), shown) in &self.values {
            if shown.implants.is_empty() {
                continue;
            }
            let implants = shown.implants.len() as u64;
            let rule = LeakRule { feature, value: value.to_string(), implants, honest_series: shown.honest };
            if shown.honest == 0 {
                rules.push(rule);
                if !feature.ends_with("exact") {
                    features.entry(feature).or_default().extend(&shown.implants);
                }
            } else if implants as f64 / self.implants.len() as f64
                >= 10.0 * shown.honest as f64 / self.honest_series as f64
            {
                strong.push(rule);
            }
        }
        let most_first = |rules: &mut Vec<LeakRule>| {
            rules.sort_by(|a, b| {
                b.implants.cmp(&a.implants).then_with(|| (a.feature, &a.value).cmp(&(b.feature, &b.value)))
            });
            let cut = rules.len().saturating_sub(RULES_MAX) as u64;
            rules.truncate(RULES_MAX);
            cut
        };
        let rules_cut = most_first(&mut rules);
        most_first(&mut strong);
        let mut features: Vec<(&'static str, u64)> =
            features.into_iter().map(|(feature, implants)| (feature, implants.len() as u64)).collect();
        features.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(b.0)));
        LeakReport {
            implants: self.implants.len() as u64,
            honest_series: self.honest_series,
            rules,
            rules_cut,
            features,
            strong,
            values_cut: self.cut,
        }
    }
}

fn is_device(truth: &Truth, device_id: &str, addresses: &BTreeSet<IpAddr>) -> bool {
    device_id == truth.device
        || truth.ip.is_some_and(|ip| addresses.contains(&ip) || device_id == ip.to_string())
}

/// Whether a connection is the implant's: its name, or its address where no name is seen; and its app where known.
fn is_implant(truth: &Truth, connection: &Connection<'_, '_>, app: Option<&str>) -> bool {
    let other_app = app.is_some() && truth.app.is_some() && app != truth.app.as_deref();
    let mut hosts = connection.messages().filter_map(|message| message.host).peekable();
    if hosts.peek().is_none() {
        return !other_app && truth.addresses.contains(&connection.session.resp.addr);
    }
    let named = hosts.any(|host| {
        is_ip_literal(host) && truth.addresses.contains(&connection.session.resp.addr)
            || truth.domain.iter().chain(&truth.domains).any(|domain| crate::truth::is_under(host, domain))
    });
    // Lookups are the system's, for whichever app.
    let is_lookup = connection.session.resp.port == 53;
    named && (is_lookup || !other_app)
}

fn destination(connection: &Connection<'_, '_>) -> String {
    let host = connection.messages().find_map(|message| message.host);
    let domain = host.and_then(registrable_domain).map(str::to_ascii_lowercase);
    domain.unwrap_or_else(|| connection.session.resp.addr.to_string())
}

/// Powers of two, as the first number of each: 1, 2, 4 to 7 and so on.
fn band(count: u64) -> Box<str> {
    if count <= 2 {
        return count.to_string().into();
    }
    let low = 1_u64 << count.ilog2();
    format!("{low} to {}", low.saturating_mul(2) - 1).into()
}

/// An eighth of a power of two.
fn size_class(bytes: u64) -> Box<str> {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "at most 512")]
    let class = ((bytes as f64 + 1.0).log2() * 8.0).floor() as u32;
    format!("from {:.0}", (f64::from(class) / 8.0).exp2() - 1.0).into()
}

fn connection_values(connection: &Connection<'_, '_>, values: &mut BTreeSet<(&'static str, Box<str>)>) {
    let session = &connection.session;
    let mut put = |feature, value: Box<str>| {
        values.insert((feature, value));
    };
    let service = session.service.unwrap_or("none");
    put("service", service.into());
    put("port", session.resp.port.to_string().into());
    put("port and service", format!("{} {service}", session.resp.port).into());
    put("outcome", format!("{:?}", session.state).into());
    if let (Some(sent), Some(received)) = (session.orig_bytes, session.resp_bytes) {
        put("sent, exact", sent.to_string().into());
        put("received, exact", received.to_string().into());
        put("sent, class", size_class(sent));
        put("received, class", size_class(received));
    }
    if let Some(micros) = session.duration_micros {
        put("duration, class", size_class(micros / 1000));
    }
    if connection.messages().all(|message| message.host.is_none()) {
        put("name", "none".into());
    }
    for message in connection.messages() {
        message_values(message, &mut put);
    }
}

fn message_values(message: &Exchange<'_>, put: &mut impl FnMut(&'static str, Box<str>)) {
    let texts = [
        ("ja3", message.ja3),
        ("ja4", message.ja4),
        ("alpn", message.alpn),
        ("method", message.method),
        ("issuer", message.issuer),
        ("user agent", message.user_agent),
    ];
    for (feature, text) in texts {
        if let Some(text) = text {
            put(feature, text.into());
        }
    }
    put("protocol", message.kind.as_str().into());
    if let Some(agent) = message.user_agent {
        put("user agent family", user_agent_family(agent).into());
    }
    if let Some(path) = message.path {
        put("path class", path_class(path).into());
    }
    if let Some(qtype) = message.qtype {
        put("lookup type", qtype.to_string().into());
    }
    let numbers = [("status", message.status), ("lookup outcome", message.rcode)];
    for (feature, number) in numbers {
        if let Some(number) = number {
            put(feature, number.to_string().into());
        }
    }
    if let Some(is_valid) = message.is_cert_valid {
        put("certificate", if is_valid { "valid" } else { "not valid" }.into());
    }
    match message.host {
        Some(host) if is_ip_literal(host) => put("name", "address literal".into()),
        Some(host) => {
            put("top-level domain", host.rsplit('.').next().unwrap_or_default().to_ascii_lowercase().into());
            put("labels of the name", host.split('.').count().to_string().into());
            put("length of the name", band(host.len() as u64));
        }
        None => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::truth::parse_truth;
    use undertone_core::device::Joined;
    use undertone_core::model::{ConnState, Endpoint, ExchangeKind, Report, Session, Timestamp, Transport};

    type Parts<'a> = (Session<'a>, Option<Exchange<'a>>);

    fn connection<'a>(host: &'a str, ja4: &'a str, port: u16) -> Parts<'a> {
        let orig = Endpoint { addr: "10.0.0.1".parse().unwrap(), port: 40_000 };
        let resp = Endpoint { addr: "203.0.113.9".parse().unwrap(), port };
        let start = Timestamp::from_micros(1);
        let session = Session {
            uid: "C1",
            start,
            duration_micros: None,
            orig,
            resp,
            transport: Transport::Tcp,
            service: Some("ssl"),
            orig_bytes: Some(100),
            resp_bytes: Some(200),
            orig_pkts: None,
            resp_pkts: None,
            state: ConnState::Established,
            handshake: None,
            local_orig: None,
            local_resp: None,
            orig_l2: None,
            report: Report::Final,
            app: None,
        };
        let tls = Exchange {
            host: Some(host),
            ja4: Some(ja4),
            ..Exchange::new(ExchangeKind::Tls, "C1", start, orig, resp)
        };
        (session, Some(tls))
    }

    fn gathered(parts: &[Parts<'_>]) -> Leaks {
        let truth = parse_truth(br#"[{"device":"d","domain":"evil.example","kind":"https"}]"#).unwrap();
        let joined = Joined::of(parts.iter().cloned());
        let mut leaks = Leaks::default();
        let connections = joined.connections();
        leaks.add("d", &DeviceInput { connections: &connections, ..DeviceInput::default() }, &truth);
        leaks
    }

    fn leaks(parts: &[Parts<'_>]) -> LeakReport {
        gathered(parts).report()
    }

    #[test]
    fn a_fingerprint_of_implants_alone_is_a_leak() {
        let report = leaks(&[connection("evil.example", "bad", 443), connection("ok.example", "good", 443)]);
        assert_eq!((report.implants, report.honest_series), (1, 1));
        assert!(report.rules.iter().any(|rule| rule.feature == "ja4" && rule.value == "bad"), "{report:?}");
        assert!(!report.is_passed());
    }

    #[test]
    fn what_honest_traffic_shows_too_is_none() {
        let report =
            leaks(&[connection("evil.example", "same", 443), connection("good.example", "same", 443)]);
        assert!(report.is_passed(), "{report:?}");
    }

    #[test]
    fn parts_merge_to_the_whole() {
        let all = [connection("evil.example", "bad", 443), connection("ok.example", "good", 8443)];
        let mut parts = Leaks::default();
        for part in all.chunks(1) {
            parts.merge(gathered(part));
        }
        assert_eq!(parts.report(), leaks(&all));
    }
}
