//! A day's profile does not depend on how the day's connections were divided.

#![expect(clippy::unwrap_used, reason = "a test that cannot prepare its input must fail")]

use proptest::prelude::*;
use std::collections::BTreeMap;
use undertone_core::device::{DeviceInput, Joined, observe};
use undertone_core::model::{
    ConnState, Day, Endpoint, Exchange, ExchangeKind, Report, Session, Timestamp, Transport,
};
use undertone_core::score::machine::assess;
use undertone_core::series::{EventFlags, Profile, SeriesKey};
use undertone_core::timing::AwakeClock;

/// Midnight of 2026-05-04.
const DAY_SECS: i64 = 1_777_852_800;
/// Series of the device: too few for a moment that many destinations share.
const SERIES: usize = 4;

/// One drawn connection.
#[derive(Debug, Clone)]
struct Drawn {
    millis: i64,
    uid: String,
    bytes: (Option<u64>, Option<u64>),
    duration_micros: Option<u64>,
    last_octet: u8,
    is_answered: bool,
    flags: u16,
    word: String,
}

fn drawn() -> impl Strategy<Value = Drawn> {
    let bytes = || prop::option::of(0..100_000_u64);
    let times = (0..86_400_000_i64, prop::option::of(0..3_600_000_000_u64));
    (times, "[a-f]{0,4}", bytes(), bytes(), 1..40_u8, any::<bool>(), 1..512_u16, "[a-z]{1,3}").prop_map(
        |((millis, duration_micros), uid, orig, resp, last_octet, is_answered, flags, word)| Drawn {
            millis,
            uid,
            bytes: (orig, resp),
            duration_micros,
            last_octet,
            is_answered,
            // The mark of a shared moment is not telemetry's to give.
            flags: flags & !EventFlags::SHARED.0,
            word,
        },
    )
}

impl Drawn {
    /// The connection, to the destination and over the protocol that its series stands for.
    fn connection(&self, series: usize) -> (Session<'_>, Option<Exchange<'_>>) {
        let at = Timestamp::from_micros(DAY_SECS * 1_000_000 + self.millis * 1000);
        let orig = Endpoint::new("10.0.0.7".parse().unwrap(), 40_000);
        let addr = format!("203.0.113.{}", self.last_octet).parse().unwrap();
        let (kind, host, port) = [
            (ExchangeKind::Tls, "www.example.com", 443),
            (ExchangeKind::Http, "api.example.net", 80),
            (ExchangeKind::Dns, "tunnel.example.org", 53),
            (ExchangeKind::Quic, "cdn.example.edu", 8443),
        ][series];
        let resp = Endpoint::new(addr, port);
        let is_udp = matches!(kind, ExchangeKind::Dns | ExchangeKind::Quic);
        let session = Session {
            uid: &self.uid,
            start: at,
            duration_micros: self.duration_micros,
            orig,
            resp,
            transport: if is_udp { Transport::Udp } else { Transport::Tcp },
            service: None,
            orig_bytes: self.bytes.0,
            resp_bytes: self.bytes.1,
            orig_pkts: None,
            resp_pkts: None,
            state: if self.is_answered { ConnState::Established } else { ConnState::Unanswered },
            handshake: Some(self.is_answered),
            local_orig: None,
            local_resp: None,
            orig_l2: None,
            report: Report::Final,
            app: None,
        };
        let message = Exchange {
            host: Some(host),
            method: (kind == ExchangeKind::Http).then_some("GET"),
            path: (kind == ExchangeKind::Http).then_some(&self.word),
            user_agent: (kind == ExchangeKind::Http).then_some(&self.word),
            ja4: Some(&self.word),
            rcode: Some(u16::from(self.last_octet % 4)),
            ..Exchange::new(kind, &self.uid, at, orig, resp)
        };
        (session, Some(message))
    }
}

/// The profiles of connections with the number of their series.
fn profiles(drawn: &[(usize, &Drawn)]) -> BTreeMap<(SeriesKey, Day), Profile> {
    let mut sorted = drawn.to_vec();
    sorted.sort_by_key(|(_, drawn)| drawn.millis);
    let joined = Joined::of(sorted.iter().map(|(series, drawn)| drawn.connection(*series)));
    let connections = joined.connections();
    let flags: Vec<EventFlags> = sorted.iter().map(|(_, drawn)| EventFlags(drawn.flags)).collect();
    let input = DeviceInput { connections: &connections, flags: &flags, ..DeviceInput::default() };
    let series = observe(&input).series;
    series
        .into_iter()
        .flat_map(|series| {
            let key = series.key;
            series.days.into_iter().map(move |(day, profile)| ((key.clone(), day), profile))
        })
        .collect()
}

proptest! {
    #[test]
    fn merged_halves_of_a_day_are_the_day(
        // At least three connections in each half: shorter series get no profile.
        halves in prop::collection::vec(
            (prop::collection::vec(drawn(), 6..25), prop::collection::vec(drawn(), 6..25)),
            SERIES,
        ),
    ) {
        let left: Vec<(usize, &Drawn)> =
            halves.iter().enumerate().flat_map(|(n, (left, _))| left.iter().map(move |d| (n, d))).collect();
        let right: Vec<(usize, &Drawn)> =
            halves.iter().enumerate().flat_map(|(n, (_, right))| right.iter().map(move |d| (n, d))).collect();
        let whole = profiles(&[left.clone(), right.clone()].concat());
        prop_assert_eq!(whole.len(), SERIES);
        for (first, second) in [(&left, &right), (&right, &left)] {
            let mut merged = profiles(first);
            for (key, profile) in profiles(second) {
                merged.entry(key).or_default().merge(&profile);
            }
            prop_assert_eq!(&merged, &whole);
            for (key, profile) in &whole {
                let parts = [profiles(first).remove(key), profiles(second).remove(key)];
                let light = Profile::for_stage_a(parts.iter().flatten());
                let awake = AwakeClock::default();
                let (machine, expected) = (assess(&light, &awake, i64::MAX), assess(profile, &awake, i64::MAX));
                prop_assert_eq!(
                    machine.is_worth_weighing(&light),
                    expected.is_worth_weighing(profile)
                );
                prop_assert_eq!(machine, expected);
            }
        }
    }
}
