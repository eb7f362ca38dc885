//! Reports become connections where no sensor saw the phone, and only there.

use super::*;
use crate::telemetry::Reports;
use undertone_core::device::join::join;
use undertone_core::device::{Connection, DeviceInput, observe};
use undertone_core::model::{AppLookup, Platform};

const MINUTE: i64 = 60;

fn address(text: &str) -> IpAddr {
    text.parse().unwrap()
}

/// A sensor's record of a connection to `resp`, a minute long.
fn record(minutes: i64, resp: &str) -> Session<'static> {
    let orig = Endpoint::new(address("10.0.0.7"), 40_000);
    let at = Timestamp::from_secs(minutes * MINUTE);
    let session = Session::between(at, orig, Endpoint::new(address(resp), 443), Transport::Tcp);
    Session { duration_micros: Some(60_000_000), ..session }
}

fn event(secs: i64, kind: TelemetryKind<'static>) -> Telemetry<'static> {
    Telemetry {
        at: Timestamp::from_secs(secs),
        device_id: "d",
        platform: Platform::Android,
        app_id: Some("com.a"),
        app_name: None,
        role: None,
        uid: None,
        source: "edr",
        kind,
    }
}

/// The phone's report of one, a second late.
fn report(minutes: i64, resp: &str, port: u16) -> Telemetry<'static> {
    let connection = AppConnection {
        transport: Transport::Tcp,
        resp_ip: Some(address(resp)),
        resp_port: Some(port),
        resp_host: None,
        orig_ip: None,
        orig_port: None,
        orig_is_tunnel: true,
        orig_bytes: Some(600),
        resp_bytes: Some(900),
        end: None,
        stack: None,
        hits: 1,
    };
    event(minutes * MINUTE + 1, TelemetryKind::Connection(connection))
}

/// Minutes at which connections start once the reports are added.
fn minutes(records: Vec<Session<'static>>, telemetry: &[Telemetry<'static>]) -> Vec<i64> {
    let mut joined = join(records, Vec::new());
    add_unseen(&mut joined, telemetry);
    let minute = |connection: &Connection<'_, '_>| connection.session.start.micros() / 1_000_000 / MINUTE;
    joined.connections().iter().map(minute).collect()
}

#[test]
fn reports_count_where_no_sensor_saw_the_phone() {
    let records = || (0..10).map(|n| record(10 * n, "192.0.2.1")).collect::<Vec<_>>();
    let mut telemetry: Vec<_> = (0..10).map(|n| report(10 * n, "192.0.2.1", 443)).collect();
    let seen: Vec<i64> = (0..10).map(|n| 10 * n).collect();
    assert_eq!(minutes(records(), &telemetry), seen, "the sensor saw all of them");
    // 29 and 31 minutes after the end of the last record, and at night.
    telemetry
        .extend([(120, "192.0.2.9"), (122, "192.0.2.9"), (600, "192.0.2.9")].map(|(m, a)| report(m, a, 443)));
    assert_eq!(minutes(records(), &telemetry), [seen.as_slice(), &[122, 600]].concat());
    assert_eq!(minutes(Vec::new(), &telemetry).len(), 13, "without a sensor the phone alone tells");
}

#[test]
fn reports_that_sensors_contradict_add_nothing() {
    let records: Vec<_> = (0..10).map(|n| record(10 * n, "192.0.2.1")).collect();
    // A clock that is two hours wrong, or a proxy in between: what is seen at the same time is something else.
    let telemetry: Vec<_> = (0..20).map(|n| report(10 * n, "192.0.2.2", 443)).collect();
    assert_eq!(minutes(records, &telemetry).len(), 10);
}

#[test]
fn a_report_of_no_answer_is_of_a_failed_connection() {
    let mut silent = report(0, "192.0.2.1", 443);
    if let TelemetryKind::Connection(connection) = &mut silent.kind {
        connection.resp_bytes = Some(0);
    }
    let mut joined = Joined::default();
    add_unseen(&mut joined, &[silent, report(1, "192.0.2.1", 443)]);
    let states: Vec<_> = joined.connections().iter().map(|connection| connection.session.state).collect();
    assert_eq!(states, [ConnState::Unanswered, ConnState::Unknown]);
}

#[test]
fn a_report_is_named_by_the_lookup_before_it() {
    let lookup = |secs, qname, answers| event(secs, TelemetryKind::Lookup(AppLookup { qname, answers }));
    let telemetry = [
        lookup(0, "old.example", "192.0.2.1"),
        lookup(500, "new.example", "192.0.2.5,192.0.2.1"),
        lookup(900, "later.example", "192.0.2.1"),
        report(10, "192.0.2.1", 443),
        report(11, "192.0.2.1", 7777),
    ];
    let mut joined = Joined::default();
    add_unseen(&mut joined, &telemetry);
    let connections = joined.connections();
    let told: Vec<_> = connections
        .iter()
        .map(|connection| {
            let host = connection.messages().find_map(|message| message.host);
            (connection.session.service, host)
        })
        .collect();
    // Port 7777 stands for no protocol, and a name without one would claim it.
    assert_eq!(told, [(Some("ssl"), Some("new.example")), (None, None)]);
}

/// A sensor that sees 30 lookups of the phone, but not those of one name: those the phone tells of.
#[test]
fn lookups_that_the_phone_tells_of_are_lookups() {
    let end = |addr: &str, port| Endpoint::new(address(addr), port);
    let names: Vec<String> = (0..30).map(|n| format!("h{n}.example.org")).collect();
    let mut messages: Vec<Exchange<'_>> = (0..)
        .zip(&names)
        .map(|(n, name)| {
            let (orig, resp) = (end("10.0.0.7", 50_000), end("10.0.0.1", 53));
            let asked = Exchange::new(ExchangeKind::Dns, name, Timestamp::from_secs(n), orig, resp);
            Exchange { host: Some(name), ..asked }
        })
        .collect();
    let uids: Vec<String> = (0..10).map(|n| format!("C{n}")).collect();
    let mut sessions = Vec::new();
    for (n, uid) in (0..).zip(&uids) {
        let session = Session { uid, ..record(10 * n, "192.0.2.1") };
        let hello = Exchange::new(ExchangeKind::Tls, uid, session.start, session.orig, session.resp);
        messages.push(Exchange { host: Some("API.example.net"), ..hello });
        sessions.push(session);
    }
    let never_resolved = |telemetry: &[Telemetry<'static>]| {
        let joined = join(sessions.clone(), messages.clone());
        let (connections, reports) = (joined.connections(), Reports::of(telemetry));
        let asked = reports.asked();
        let input = DeviceInput { connections: &connections, asked, ..DeviceInput::default() };
        let series = observe(&input).series;
        let to_it = series.iter().find(|series| series.key.destination.to_string() == "example.net").unwrap();
        to_it.days.iter().map(|(_, profile)| profile.marks.never_resolved).sum::<u64>()
    };
    assert_eq!(never_resolved(&[]), 10);
    let lookup = AppLookup { qname: "api.example.net", answers: "192.0.2.1" };
    assert_eq!(never_resolved(&[event(5, TelemetryKind::Lookup(lookup))]), 0);
}

/// Sensors saw the phone in the same spans whatever the order of their records, and as one walk in time finds them.
#[test]
fn spans_do_not_depend_on_the_order_of_records() {
    let records: Vec<Session<'_>> = [0, 20, 61, 130, 95, 500, 531, 900, 960, 931, 25]
        .into_iter()
        .map(|minutes| record(minutes, "192.0.2.1"))
        .collect();
    let near = |records: &[Session<'_>]| -> Vec<bool> {
        let mut seen = Seen::default();
        for record in records {
            seen.add_session(record);
        }
        (-40..1_040).map(|minutes| seen.is_near(Timestamp::from_secs(minutes * MINUTE))).collect()
    };
    let expected: Vec<bool> = (-40..1_040)
        .map(|minutes: i64| {
            // Half an hour before a span begins, and after the last of its minutes.
            [(0, 21), (61, 62), (95, 96), (130, 131), (500, 501), (531, 532), (900, 961), (25, 26)]
                .iter()
                .any(|(start, end)| start - 30 <= minutes && minutes <= end + 30)
        })
        .collect();
    assert_eq!(near(&records), expected);
    let mut turned = records.clone();
    turned.reverse();
    assert_eq!(near(&turned), expected);
    turned.sort_by_key(|record| record.start);
    assert_eq!(near(&turned), expected);
}

/// Whose records are scattered over more than a century has no clock: nothing tells what sensors did not see of it.
#[test]
fn spans_are_bounded() {
    let mut seen = Seen::default();
    for hour in 0..60_000 {
        seen.add_instant(Timestamp::from_secs(hour * 7_200));
    }
    assert!(!seen.is_near(Timestamp::from_secs(3_600)));
    for hour in 60_000..70_000 {
        seen.add_instant(Timestamp::from_secs(hour * 7_200));
    }
    assert!(seen.is_near(Timestamp::from_secs(3_600)) && seen.is_near(Timestamp::from_secs(-1)));
}
