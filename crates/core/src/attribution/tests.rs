//! How sessions get their app, case by case.

use super::*;
use proptest::prelude::*;

const SEC: i64 = 1_000_000;

fn at(secs: i64) -> Timestamp {
    Timestamp::from_secs(1_781_000_000 + secs)
}

fn session(secs: i64, orig_port: u16, resp: &str, resp_port: u16) -> SessionFacts<'static> {
    SessionFacts {
        start: at(secs),
        orig: Endpoint::new("10.20.0.7".parse().unwrap(), orig_port),
        resp: Endpoint::new(resp.parse().unwrap(), resp_port),
        transport: Transport::Tcp,
        host: None,
        reported_app: None,
    }
}

fn report(app: &'static str, secs: i64, resp: &str, resp_port: u16) -> ConnectionReport<'static> {
    ConnectionReport {
        app,
        at: at(secs),
        connection: AppConnection {
            transport: Transport::Tcp,
            resp_ip: resp.parse().ok(),
            resp_port: Some(resp_port),
            resp_host: None,
            orig_ip: None,
            orig_port: None,
            orig_is_tunnel: false,
            orig_bytes: None,
            resp_bytes: None,
            end: None,
            stack: None,
            hits: 1,
        },
    }
}

fn by_name(
    app: &'static str,
    host: &'static str,
    from: i64,
    to: i64,
    hits: u32,
) -> ConnectionReport<'static> {
    let mut report = report(app, from, "192.0.2.1", 0);
    report.connection = AppConnection {
        resp_ip: None,
        resp_port: None,
        resp_host: Some(host),
        end: Some(at(to)),
        hits,
        transport: Transport::Other,
        ..report.connection
    };
    report
}

fn attributor<'a>(connections: &'a [ConnectionReport<'a>], sessions: &[SessionFacts<'a>]) -> Attributor<'a> {
    Attributor::new(&DeviceReports { connections, ..DeviceReports::default() }, sessions)
}

/// Apps and confidences in percent.
fn shares(attribution: &Attribution<'_>) -> Vec<(String, i64)> {
    #[expect(clippy::cast_possible_truncation, reason = "a percentage")]
    let percent = |candidate: &Candidate<'_>| (candidate.confidence * 100.0).round() as i64;
    attribution.candidates.iter().map(|each| (each.app.to_owned(), percent(each))).collect()
}

fn check(attribution: &Attribution<'_>, method: AttributionMethod, expected: &[(&str, i64)]) {
    let expected: Vec<(String, i64)> =
        expected.iter().map(|(app, share)| ((*app).to_owned(), *share)).collect();
    assert_eq!((attribution.method, shares(attribution)), (method, expected));
}

#[test]
fn the_originators_port_decides_where_the_network_sees_it() {
    let tuple = |app, secs, port| {
        let mut report = report(app, secs, "203.0.113.9", 443);
        report.connection.orig_port = Some(port);
        report
    };
    let reports = [tuple("a", 0, 4001), tuple("b", 0, 4002), tuple("c", 40, 4001)];
    let join = attributor(&reports, &[]);
    check(&join.attribute(&session(1, 4001, "203.0.113.9", 443)), AttributionMethod::FiveTuple, &[("a", 99)]);
    check(&join.attribute(&session(1, 4002, "203.0.113.9", 443)), AttributionMethod::FiveTuple, &[("b", 99)]);
    check(
        &join.attribute(&session(39, 4001, "203.0.113.9", 443)),
        AttributionMethod::FiveTuple,
        &[("c", 99)],
    );
    let mut udp = session(1, 4001, "203.0.113.9", 443);
    udp.transport = Transport::Udp;
    check(&join.attribute(&udp), AttributionMethod::None, &[]);
}

#[test]
fn behind_a_local_vpn_ports_are_not_compared() {
    let mut tunnelled = report("a", 0, "203.0.113.9", 443);
    tunnelled.connection.orig_ip = "10.215.173.1".parse().ok();
    tunnelled.connection.orig_port = Some(4002);
    tunnelled.connection.orig_is_tunnel = true;
    let mut other = report("b", 300, "203.0.113.9", 443);
    other.connection.orig_port = Some(4002);
    other.connection.orig_is_tunnel = true;
    let reports = [tunnelled, other];
    let join = attributor(&reports, &[]);
    // The network sees another port; and the port that the tunnel used for `b` means nothing.
    check(&join.attribute(&session(1, 50_999, "203.0.113.9", 443)), AttributionMethod::Address, &[("a", 90)]);
    check(&join.attribute(&session(2, 4002, "203.0.113.9", 443)), AttributionMethod::Address, &[("a", 90)]);
    check(&join.attribute(&session(3, 4002, "203.0.113.9", 443)), AttributionMethod::None, &[]);
    check(&join.attribute(&session(1, 4002, "203.0.113.9", 80)), AttributionMethod::None, &[]);
}

#[test]
fn a_clock_that_is_off_is_found_and_taken_off() {
    for skew in [-90, 90, 0, 899] {
        let addresses: Vec<String> = (1..=5).map(|host| format!("203.0.113.{host}")).collect();
        let mut sessions: Vec<SessionFacts<'_>> =
            (0..).zip(&addresses).map(|(step, addr)| session(step * 1000, 5000, addr, 443)).collect();
        let mut reports: Vec<ConnectionReport<'_>> =
            (0..).zip(&addresses).map(|(step, addr)| report("a", step * 1000 + skew, addr, 443)).collect();
        // A responder that both sides saw often, and one wrong match, do not disturb the median.
        for step in 0..50 {
            sessions.push(session(step * 60, 5000, "198.51.100.1", 443));
            reports.push(report("b", step * 60 + skew, "198.51.100.1", 443));
        }
        sessions.push(session(20, 5000, "198.51.100.2", 443));
        reports.push(report("c", 300, "198.51.100.2", 443));
        let join = attributor(&reports, &sessions);
        let found = join.skew().unwrap();
        assert_eq!((found.micros, found.spread_micros), (skew * SEC, 0));
        check(&join.attribute(&sessions[0]), AttributionMethod::Address, &[("a", 90)]);
        check(&join.attribute(&sessions[5]), AttributionMethod::Address, &[("b", 90)]);
        check(&join.attribute(&session(20, 5000, "198.51.100.2", 443)), AttributionMethod::None, &[]);
    }
}

#[test]
fn a_beacon_to_one_address_gives_its_skew_too() {
    let sessions: Vec<SessionFacts<'_>> =
        (0..20).map(|step| session(step * 60, 5000, "203.0.113.9", 443)).collect();
    let reports: Vec<ConnectionReport<'_>> =
        (0..20).map(|step| report("a", step * 60 + 90, "203.0.113.9", 443)).collect();
    assert_eq!(
        attributor(&reports, &sessions).skew().map(|skew| (skew.micros, skew.matches)),
        Some((90 * SEC, 20))
    );
}

#[test]
fn differences_that_are_no_constant_are_no_skew() {
    let addresses: Vec<String> = (1..=6).map(|host| format!("203.0.113.{host}")).collect();
    let sessions: Vec<SessionFacts<'_>> = addresses.iter().map(|addr| session(0, 5000, addr, 443)).collect();
    let reports: Vec<ConnectionReport<'_>> =
        (0..).zip(&addresses).map(|(step, addr)| report("a", step * 50, addr, 443)).collect();
    assert_eq!(attributor(&reports, &sessions).skew(), None);
    assert_eq!(attributor(&reports[..2], &sessions).skew(), None);
    assert_eq!(attributor(&[], &sessions).skew(), None);
}

#[test]
fn two_apps_at_one_address_are_both_kept() {
    let reports = [
        report("a", 0, "203.0.113.9", 443),
        report("b", 1, "203.0.113.9", 443),
        report("b", 1, "203.0.113.9", 443),
    ];
    let join = attributor(&reports, &[]);
    let found = join.attribute(&session(0, 5000, "203.0.113.9", 443));
    check(&found, AttributionMethod::Address, &[("b", 60), ("a", 30)]);
    assert_eq!(found.only_app(), None);
}

#[test]
fn two_apps_with_one_host_are_both_kept() {
    let reports = [
        by_name("com.chat", "cdn.example.net", 0, 1000, 30),
        by_name("com.game", "cdn.example.net", 500, 2000, 5),
        by_name("com.shop", "img.example.net", 0, 4000, 60),
    ];
    let join = attributor(&reports, &[]);
    let ask = |secs, host| {
        let facts = SessionFacts { host: Some(host), ..session(secs, 5000, "203.0.113.9", 443) };
        let found = join.attribute(&facts);
        (found.method, shares(&found))
    };
    let one = |app: &str, share| (AttributionMethod::Name, vec![(app.to_owned(), share)]);
    assert_eq!(ask(100, "CDN.example.net."), one("com.chat", 70));
    let both = vec![("com.chat".to_owned(), 60), ("com.game".to_owned(), 10)];
    assert_eq!(ask(700, "cdn.example.net"), (AttributionMethod::Name, both));
    // Out of the span of the host's own reports, the domain's say less.
    assert_eq!(ask(3000, "cdn.example.net"), one("com.shop", 50));
    assert_eq!(ask(3000, "api.example.net"), one("com.shop", 50));
    assert_eq!(ask(5000, "cdn.example.net"), (AttributionMethod::None, vec![]));
    assert_eq!(ask(100, "example.org"), (AttributionMethod::None, vec![]));
    // A public suffix is nobody's domain.
    assert_eq!(ask(100, "net"), (AttributionMethod::None, vec![]));
}

#[test]
fn a_lookup_names_its_app_by_name_and_by_answer() {
    let lookups = [LookupReport {
        app: "a",
        at: at(0),
        qname: "c2.example.net",
        answers: "203.0.113.9,::ffff:203.0.113.10",
    }];
    let reports = DeviceReports { lookups: &lookups, ..DeviceReports::default() };
    let join = Attributor::new(&reports, []);
    let named = SessionFacts { host: Some("c2.example.net"), ..session(1, 5000, "198.51.100.53", 53) };
    check(&join.attribute(&named), AttributionMethod::Name, &[("a", 70)]);
    check(&join.attribute(&session(250, 5000, "203.0.113.10", 443)), AttributionMethod::Name, &[("a", 50)]);
    check(&join.attribute(&session(400, 5000, "203.0.113.10", 443)), AttributionMethod::None, &[]);
    check(&join.attribute(&session(-10, 5000, "203.0.113.9", 443)), AttributionMethod::None, &[]);
}

#[test]
fn what_the_capture_names_comes_first() {
    let join = Attributor::new(&DeviceReports::default(), []);
    let tagged = SessionFacts { reported_app: Some("d"), ..session(0, 1, "203.0.113.9", 443) };
    check(&join.attribute(&tagged), AttributionMethod::Reported, &[("d", 100)]);
}

proptest! {
    #[test]
    fn order_does_not_matter_and_confidence_is_a_share(
        rows in prop::collection::vec((0_usize..4, 0_i64..200, 1_u8..5, any::<bool>()), 0..40),
        asked in prop::collection::vec((0_i64..200, 1_u8..5), 1..20),
    ) {
        let apps = ["a", "b", "c", "d"];
        let hosts = ["x.example.net", "y.example.net", "example.org", "localhost", "z"];
        let addr = |host: u8| format!("203.0.113.{host}");
        let mut reports: Vec<ConnectionReport<'_>> = rows
            .iter()
            .map(|&(app, secs, host, is_named)| {
                if is_named {
                    by_name(apps[app], hosts[usize::from(host)], secs, secs + 50, u32::from(host))
                } else {
                    report(apps[app], secs, &addr(host), 443)
                }
            })
            .collect();
        let mut sessions: Vec<SessionFacts<'_>> = asked
            .iter()
            .map(|&(secs, host)| SessionFacts {
                host: Some(hosts[usize::from(host)]),
                ..session(secs, 5000, &addr(host), 443)
            })
            .collect();
        let reversed_reports: Vec<ConnectionReport<'_>> = reports.iter().rev().cloned().collect();
        let reversed_sessions: Vec<SessionFacts<'_>> = sessions.iter().rev().copied().collect();
        let (one, other) = (attributor(&reports, &sessions), attributor(&reversed_reports, &reversed_sessions));
        prop_assert_eq!(one.skew(), other.skew());
        for facts in &sessions {
            let found = one.attribute(facts);
            prop_assert_eq!(&found, &other.attribute(facts));
            let sum: f64 = found.candidates.iter().map(|candidate| candidate.confidence).sum();
            prop_assert!((0.0..=1.000_001).contains(&sum));
            prop_assert_eq!(found.candidates.is_empty(), found.method == AttributionMethod::None);
        }
        reports.clear();
        sessions.clear();
    }
}
