//! Round trips: every field of every record, present and absent.

use super::{decode, encode, time_of};
use proptest::prelude::*;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use undertone_core::model::*;

fn addr() -> impl Strategy<Value = IpAddr> {
    prop_oneof![
        any::<u32>().prop_map(|bits| IpAddr::V4(Ipv4Addr::from(bits))),
        any::<u128>().prop_map(|bits| IpAddr::V6(Ipv6Addr::from(bits))),
    ]
}

fn round_trip(record: &Record<'_>) {
    let mut bytes = b"before".to_vec();
    assert!(encode(record, &mut bytes));
    let mut rest = &bytes[6..];
    assert_eq!(decode(&mut rest).as_ref(), Some(record));
    assert!(rest.is_empty());
    let at = match record {
        Record::Session(session) => session.start,
        Record::Exchange(message) => message.at,
        Record::Telemetry(event) => event.at,
        Record::Lease(_) => unreachable!("leases are not packed"),
    };
    assert_eq!(time_of(&bytes[6..]), Some(at));
    for cut in 6..bytes.len() {
        assert_eq!(decode(&mut &bytes[6..cut]), None, "a cut record is no record");
    }
}

proptest! {
    #[test]
    fn sessions(a in addr(), b in addr(), p in any::<u16>(), start in any::<i64>(), n in any::<Option<u64>>(),
                flag in any::<Option<bool>>(), text in "\\PC{0,20}", with_app in any::<bool>()) {
        round_trip(&Record::Session(Session {
            uid: &text, start: Timestamp::from_micros(start), duration_micros: n,
            orig: Endpoint { addr: a, port: p }, resp: Endpoint { addr: b, port: 443 },
            transport: Transport::Udp, service: flag.map(|_| text.as_str()), orig_bytes: n, resp_bytes: None,
            orig_pkts: Some(3), resp_pkts: n, state: ConnState::Reset, handshake: flag, local_orig: flag,
            local_resp: None, orig_l2: flag.map(|_| MacAddr([1, 2, 3, 4, 5, 255])), report: if with_app { Report::Final } else { Report::OneWay },
            app: with_app.then_some(AppTag { uid: -1, package: Some(&text), name: None }),
        }));
    }

    #[test]
    fn exchanges(a in addr(), b in addr(), at in any::<i64>(), n in any::<Option<u16>>(), text in "\\PC{0,20}") {
        let end = |addr| Endpoint { addr, port: 53 };
        let some = n.map(|_| text.as_str());
        round_trip(&Record::Exchange(Exchange {
            host: some, path: Some("/x"), status: n, qtype: n, rcode: Some(3), answers: some, ja4: some,
            orig_bytes: n.map(u64::from), is_cert_valid: Some(false), is_proxied: true,
            ..Exchange::new(ExchangeKind::Dns, &text, Timestamp::from_micros(at), end(a), end(b))
        }));
    }

    #[test]
    fn telemetry(a in addr(), at in any::<i64>(), n in any::<Option<u64>>(), text in "\\PC{0,20}", which in 0..5) {
        let kind = match which {
            0 => TelemetryKind::Connection(AppConnection {
                transport: Transport::Tcp, resp_ip: Some(a), resp_port: Some(443), resp_host: n.map(|_| text.as_str()),
                orig_ip: None, orig_port: n.map(|_| 5), orig_is_tunnel: true, orig_bytes: n, resp_bytes: None,
                end: n.map(|_| Timestamp::from_secs(9)), stack: Some(NetworkingStack::Cronet), hits: 7,
            }),
            1 => TelemetryKind::Lookup(AppLookup { qname: &text, answers: "192.0.2.1,192.0.2.2" }),
            2 => TelemetryKind::State(StateChange { state: StateKind::UserInteraction }),
            3 => TelemetryKind::Usage(AppUsage {
                to: Timestamp::from_secs(1), orig_bytes: n, resp_bytes: n, is_foreground: Some(true),
            }),
            _ => TelemetryKind::Push(Push { bytes: n }),
        };
        round_trip(&Record::Telemetry(Telemetry {
            at: Timestamp::from_micros(at), device_id: &text, platform: Platform::Ios, app_id: Some(&text),
            app_name: None, role: n.map(|_| "tools"), uid: n.map(|_| -5), source: "mobile_edr", kind,
        }));
    }

    #[test]
    fn any_bytes_decode_or_not_but_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let mut rest = bytes.as_slice();
        while decode(&mut rest).is_some() {}
    }
}
