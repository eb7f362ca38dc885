//! Cost of joining and summing up a phone, by its number of connections, and of stage A on a series by its number of
//! check-ins. Budget of a series: 60 microseconds at 24, a millisecond at 10,000.

use criterion::{BenchmarkId, Criterion};
use std::hint::black_box;
use std::net::{IpAddr, Ipv4Addr};
use undertone_core::device::{DeviceInput, join::join, observe};
use undertone_core::model::{
    ConnState, Endpoint, Exchange, ExchangeKind, Report, Session, Timestamp, Transport,
};
use undertone_core::score::machine;
use undertone_core::series::Profile;

/// Texts that the records of a phone borrow.
struct Texts {
    uids: Vec<String>,
    hosts: Vec<String>,
}

impl Texts {
    /// Ids for so many connections, to one host for each 30 of them.
    fn of(connections: usize) -> Self {
        let uids = (0..connections).map(|n| format!("C{n:017}")).collect();
        let hosts = (0..connections.div_ceil(30)).map(|n| format!("h{}.site{n}.example", n % 7)).collect();
        Self { uids, hosts }
    }
}

/// TLS connections with their handshakes, about one a minute.
fn records(texts: &Texts) -> (Vec<Session<'_>>, Vec<Exchange<'_>>) {
    let mut state = 4_321_u64;
    let mut at = 1_777_852_800_000_000_i64;
    let orig = Endpoint::new(IpAddr::V4(Ipv4Addr::new(10, 0, 0, 7)), 40_000);
    let (mut sessions, mut messages) = (Vec::new(), Vec::new());
    for uid in &texts.uids {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        at += i64::try_from(state >> 38).unwrap_or(0);
        let number = usize::try_from(state >> 33).unwrap_or(0) % texts.hosts.len();
        let resp =
            Endpoint::new(IpAddr::V4(Ipv4Addr::from(0xc633_6400 + u32::try_from(number).unwrap_or(0))), 443);
        let start = Timestamp::from_micros(at);
        let message = Exchange {
            host: texts.hosts.get(number).map(String::as_str),
            ja4: Some("t13d1516h2_8daaf6152771_02713d6af862"),
            alpn: Some("h2"),
            ..Exchange::new(ExchangeKind::Tls, uid, start, orig, resp)
        };
        sessions.push(Session {
            uid,
            start,
            duration_micros: Some(state % 9_000_000),
            orig,
            resp,
            transport: Transport::Tcp,
            service: Some("ssl"),
            orig_bytes: Some(state % 4000),
            resp_bytes: Some(state % 90_000),
            orig_pkts: None,
            resp_pkts: None,
            state: ConnState::Established,
            handshake: Some(true),
            local_orig: None,
            local_resp: None,
            orig_l2: None,
            report: Report::Final,
            app: None,
        });
        messages.push(message);
    }
    (sessions, messages)
}

/// The profile of a phone that goes to one place only, of so many check-ins.
fn one_series(check_ins: usize) -> Option<Profile> {
    let mut texts = Texts::of(check_ins);
    texts.hosts.truncate(1);
    let (sessions, messages) = records(&texts);
    let joined = join(sessions, messages);
    let connections = joined.connections();
    let input = DeviceInput { connections: &connections, ..DeviceInput::default() };
    let days = observe(&input).series.into_iter().next()?.days;
    Some(Profile::merged(days.iter().map(|(_, of_day)| of_day)))
}

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    let mut group = criterion.benchmark_group("profile");
    for count in [300, 3_000, 30_000] {
        let texts = Texts::of(count);
        let (sessions, messages) = records(&texts);
        group.bench_function(BenchmarkId::from_parameter(count), |bencher| {
            bencher.iter(|| {
                let joined = join(black_box(sessions.clone()), black_box(messages.clone()));
                let connections = joined.connections();
                observe(&DeviceInput { connections: &connections, ..DeviceInput::default() })
            });
        });
    }
    group.finish();
    let mut group = criterion.benchmark_group("series");
    for count in [24, 288, 2_000, 10_000] {
        let Some(profile) = one_series(count) else { continue };
        let awake = undertone_core::timing::AwakeClock::default();
        group.bench_with_input(BenchmarkId::from_parameter(count), &profile, |bencher, profile| {
            bencher.iter(|| machine::assess(black_box(profile), &awake, i64::MAX));
        });
    }
    group.finish();
    criterion.final_summary();
}
