//! Hand-written EVE events of each type and version, and what must become of them.

mod common;

use common::{Check, Tally};
use undertone_core::model::{ConnState, Exchange, ExchangeKind, Record, Report, Session, Transport};
use undertone_wire::{RejectReason, eve};

const TCP: &str = r#""timestamp":"2026-05-04T00:03:11.120000+0000","flow_id":1278891210910732,"src_ip":"10.20.0.7","src_port":49152,"dest_ip":"203.0.113.9","dest_port":443,"proto":"TCP""#;
const UDP: &str = r#""timestamp":"2026-05-04T00:03:11.120000+0000","flow_id":1278891210910732,"src_ip":"10.20.0.7","src_port":49152,"dest_ip":"10.20.0.1","dest_port":53,"proto":"UDP""#;

fn line(common: &str, event_type: &str, members: &str) -> String {
    format!(r#"{{{common},"event_type":"{event_type}",{members}}}"#)
}

fn check(line: &str, check: impl Fn(&Record<'_>)) {
    let mut sink = Check { check, records: 0 };
    eve::parse_line(line.as_bytes(), 1, &mut sink);
    assert_eq!(sink.records, 1, "{line}");
}

fn read(line: &str) -> Tally {
    let mut tally = Tally::default();
    eve::parse_line(line.as_bytes(), 1, &mut tally);
    tally
}

fn exchange<'r, 'a>(record: &'r Record<'a>, kind: ExchangeKind) -> &'r Exchange<'a> {
    let Record::Exchange(exchange) = record else { panic!("{record:?}") };
    assert_eq!(exchange.kind, kind);
    assert_eq!(exchange.uid, "1278891210910732");
    assert_eq!(exchange.at.micros(), 1_777_852_991_120_000);
    assert_eq!(exchange.orig.to_string(), "10.20.0.7:49152");
    exchange
}

fn check_flow(common: &str, flow: &str, tcp: &str, check_session: impl Fn(&Session<'_>)) {
    let members = format!(
        r#""app_proto":"tls","flow":{{{flow},"start":"2026-05-04T00:03:00.000001+0000","end":"2026-05-04T00:03:10.500000+0000","age":10}}{tcp}"#
    );
    check(&line(common, "flow", &members), |record| {
        let Record::Session(session) = record else { panic!("{record:?}") };
        assert_eq!(session.uid, "1278891210910732");
        assert_eq!(
            (session.start.micros(), session.duration_micros),
            (1_777_852_980_000_001, Some(10_499_999))
        );
        check_session(session);
    });
}

#[test]
fn flow_is_a_session_with_estimated_payload() {
    // 3 packets with timestamps, one of them the SYN: 3 * (54 + 12) + 8 + 500 bytes of data.
    let flow =
        r#""pkts_toserver":3,"pkts_toclient":2,"bytes_toserver":706,"bytes_toclient":140,"state":"closed""#;
    let tcp = r#","tcp":{"tcp_flags":"1b","tcp_flags_ts":"1b","tcp_flags_tc":"12","syn":true}"#;
    check_flow(TCP, flow, tcp, |session| {
        assert_eq!((session.orig_bytes, session.resp_bytes), (Some(500), Some(0)));
        assert_eq!((session.orig_pkts, session.resp_pkts), (Some(3), Some(2)));
        assert_eq!((session.state, session.handshake), (ConnState::Established, Some(true)));
        assert_eq!((session.service, session.transport), (Some("tls"), Transport::Tcp));
    });
    // 4 packets without timestamps: the answers have no room for them.
    let flow = r#""pkts_toserver":4,"pkts_toclient":3,"bytes_toserver":328,"bytes_toclient":174"#;
    let tcp = r#","tcp":{"tcp_flags_ts":"1e","tcp_flags_tc":"12"}"#;
    check_flow(TCP, flow, tcp, |session| {
        assert_eq!((session.orig_bytes, session.resp_bytes), (Some(100), Some(0)));
        assert_eq!(session.state, ConnState::Reset);
    });
    // UDP is exact: 14 + 20 + 8 a packet.
    check_flow(
        UDP,
        r#""pkts_toserver":2,"pkts_toclient":0,"bytes_toserver":148,"bytes_toclient":0"#,
        "",
        |session| {
            assert_eq!((session.orig_bytes, session.resp_bytes), (Some(64), Some(0)));
            assert_eq!((session.state, session.handshake), (ConnState::Unanswered, None));
        },
    );
}

#[test]
fn flow_states_follow_the_flags() {
    let state = |ts: &str, tc: &str, answers: u32, expected: ConnState| {
        let flow = format!(
            r#""pkts_toserver":3,"pkts_toclient":{answers},"bytes_toserver":400,"bytes_toclient":400"#
        );
        let tcp = format!(r#","tcp":{{"tcp_flags_ts":"{ts}","tcp_flags_tc":"{tc}"}}"#);
        check_flow(TCP, &flow, &tcp, |session| assert_eq!(session.state, expected, "{ts} {tc}"));
    };
    state("02", "00", 0, ConnState::Unanswered);
    state("02", "14", 1, ConnState::Rejected);
    state("1a", "1a", 3, ConnState::Established);
    state("1b", "1f", 3, ConnState::Established);
    state("1a", "1e", 3, ConnState::Reset);
    state("18", "18", 3, ConnState::Midstream);
}

#[test]
fn tls_and_quic_are_handshakes() {
    let tls = r#""tls":{"subject":"CN=a","issuerdn":"CN=b","sni":"cdn.example.net","ja3":{"hash":"j3","string":"771,1"},"ja3s":{"hash":"no"},"ja4":"j4","client_alpns":["h2","http/1.1"]}"#;
    check(&line(TCP, "tls", tls), |record| {
        let tls = exchange(record, ExchangeKind::Tls);
        assert_eq!((tls.host, tls.ja3, tls.ja4), (Some("cdn.example.net"), Some("j3"), Some("j4")));
        assert_eq!((tls.subject, tls.issuer, tls.alpn), (Some("CN=a"), Some("CN=b"), Some("h2")));
        assert_eq!(tls.is_cert_valid, None);
    });
    let quic = r#""quic":{"version":"1","sni":"a.example","ja3":{"hash":"j3","string":""},"ja4":"q4","ua":"UA","extensions":[{"name":"alpn","type":16,"values":["h3","h3-29"]},{"type":0,"values":["x"]}]}"#;
    check(&line(UDP, "quic", quic), |record| {
        let quic = exchange(record, ExchangeKind::Quic);
        assert_eq!((quic.host, quic.alpn, quic.user_agent), (Some("a.example"), Some("h3"), Some("UA")));
        assert_eq!((quic.transport, quic.ja4), (Transport::Udp, Some("q4")));
    });
}

#[test]
fn http_names_the_target_of_a_proxy() {
    let http = r#""http":{"hostname":"a.example","http_port":8080,"url":"\/p?q=\u00e9","http_user_agent":"UA","http_method":"GET","status":200,"length":5099}"#;
    check(&line(TCP, "http", http), |record| {
        let http = exchange(record, ExchangeKind::Http);
        assert_eq!((http.host, http.path, http.is_proxied), (Some("a.example"), Some("/p?q=é"), false));
        assert_eq!((http.method, http.status, http.resp_bytes), (Some("GET"), Some(200), Some(5099)));
        assert_eq!((http.user_agent, http.orig_bytes), (Some("UA"), None));
    });
    check(&line(TCP, "http", r#""http":{"http_method":"CONNECT","url":"b.example:443"}"#), |record| {
        let http = exchange(record, ExchangeKind::Http);
        assert_eq!((http.host, http.is_proxied), (Some("b.example"), true));
    });
    let settings = read(&line(TCP, "http", r#""http":{"version":"2","http2":{"stream_id":0}}"#));
    assert_eq!(settings.ignored.get("http without request"), Some(&1));
}

#[test]
fn every_version_of_dns_gives_the_same_fields() {
    for dns in [
        r#""dns":{"version":2,"type":"query","id":1,"rrname":"a.example","rrtype":"AAAA","tx_id":0}"#,
        r#""dns":{"version":3,"type":"request","id":1,"queries":[{"rrname":"a.example","rrtype":"AAAA"}]}"#,
    ] {
        check(&line(UDP, "dns", dns), |record| {
            let dns = exchange(record, ExchangeKind::Dns);
            assert_eq!((dns.host, dns.qtype), (Some("a.example"), Some(28)));
            assert_eq!((dns.rcode, dns.answers), (None, None));
        });
    }
    for dns in [
        r#""dns":{"type":"answer","id":1,"rcode":"NOERROR","rrname":"a.example","rrtype":"AAAA","ttl":9,"rdata":"2001:db8::1"}"#,
        r#""dns":{"version":2,"type":"answer","rrname":"a.example","rrtype":"AAAA","rcode":"NOERROR","answers":[{"rrname":"a.example","rrtype":"AAAA","ttl":9,"rdata":"2001:db8::1"},{"rrname":"a.example","rrtype":"SOA","soa":{"mname":"x"}}],"grouped":{"AAAA":["2001:db8::1"]}}"#,
        r#""dns":{"version":2,"type":"answer","rrname":"a.example","rrtype":"AAAA","rcode":"NOERROR","grouped":{"AAAA":["2001:db8::1"],"SOA":[{"mname":"x"}]}}"#,
        r#""dns":{"version":3,"type":"response","rcode":"NOERROR","queries":[{"rrname":"a.example","rrtype":"AAAA"}],"answers":[{"rrname":"a.example","rdata":"2001:db8::1"}]}"#,
    ] {
        // Old versions log the answer in the direction of its packet.
        let turned = UDP
            .replace(r#""src_ip":"10.20.0.7","src_port":49152"#, r#""src_ip":"10.20.0.1","src_port":53"#)
            .replace(r#""dest_ip":"10.20.0.1","dest_port":53"#, r#""dest_ip":"10.20.0.7","dest_port":49152"#);
        for common in [UDP, &turned] {
            check(&line(common, "dns", dns), |record| {
                let dns = exchange(record, ExchangeKind::Dns);
                assert_eq!((dns.host, dns.qtype, dns.rcode), (Some("a.example"), Some(28), Some(0)));
                assert_eq!(dns.answers, Some("2001:db8::1"));
            });
        }
    }
    let two = r#""dns":{"version":3,"type":"request","queries":[{"rrname":"a","rrtype":"A"},{"rrname":"b","rrtype":"A"}]}"#;
    assert_eq!(read(&line(UDP, "dns", two)).records.len(), 2);
}

#[test]
fn command_protocols_give_command_and_argument() {
    check(&line(TCP, "smtp", r#""smtp":{"helo":"h","mail_from":"<a@b>","rcpt_to":["<c@d>"]}"#), |record| {
        assert_eq!(exchange(record, ExchangeKind::Smtp).method, Some("MAIL"));
    });
    let ftp = r#""ftp":{"command":"RETR","command_data":"f","completion_code":["150","226"],"reply":["ok"]}"#;
    check(&line(TCP, "ftp", ftp), |record| {
        let ftp = exchange(record, ExchangeKind::Ftp);
        assert_eq!((ftp.method, ftp.path, ftp.status), (Some("RETR"), Some("f"), Some(150)));
    });
    check(
        &line(TCP, "mqtt", r#""mqtt":{"publish":{"qos":1,"topic":"up/1","message":"x"},"puback":{}}"#),
        |record| {
            let mqtt = exchange(record, ExchangeKind::Mqtt);
            assert_eq!((mqtt.method, mqtt.path), (Some("publish"), Some("up/1")));
        },
    );
    check(
        &line(TCP, "mqtt", r#""mqtt":{"subscribe":{"topics":[{"topic":"a","qos":0},{"topic":"b"}]}}"#),
        |record| {
            let mqtt = exchange(record, ExchangeKind::Mqtt);
            assert_eq!((mqtt.method, mqtt.path), (Some("subscribe"), Some("a")));
        },
    );
    assert_eq!(read(&line(TCP, "mqtt", r#""mqtt":{"pingreq":{}}"#)).ignored.get("mqtt control"), Some(&1));
    check(&line(TCP, "websocket", r#""websocket":{"fin":true,"opcode":"text"}"#), |record| {
        assert_eq!(exchange(record, ExchangeKind::WebSocket).method, Some("text"));
    });
}

#[test]
fn dhcp_is_a_lease_when_acknowledged() {
    let dhcp = r#""dhcp":{"type":"reply","client_mac":"02:00:00:00:00:09","assigned_ip":"10.20.0.9","dhcp_type":"ack","lease_time":600,"hostname":"phone"}"#;
    check(&line(UDP, "dhcp", dhcp), |record| {
        let Record::Lease(lease) = record else { panic!("{record:?}") };
        assert_eq!((lease.addr, lease.host_name), ("10.20.0.9".parse().ok(), Some("phone")));
        assert_eq!(lease.to.unwrap().since(lease.from.unwrap()), 600_000_000);
    });
    let offer = dhcp.replace("ack", "offer");
    assert_eq!(read(&line(UDP, "dhcp", &offer)).ignored.get("dhcp without ack"), Some(&1));
}

#[test]
fn netflow_is_one_direction_of_a_session() {
    // 6 frames of 14 + 20 + 20 bytes of headers, timestamps (12) in each, 8 more options in the SYN.
    let there = r#""app_proto":"tls","netflow":{"pkts":6,"bytes":904,"start":"2026-05-04T00:03:11.5Z","end":"2026-05-04T00:03:13Z","age":2,"min_ttl":64,"max_ttl":64},"tcp":{"tcp_flags":"1b","syn":true,"psh":true}"#;
    check(&line(TCP, "netflow", there), |record| {
        let Record::Session(session) = record else { panic!("{record:?}") };
        assert_eq!((session.report, session.handshake), (Report::OneWay, None));
        assert_eq!((session.orig_bytes, session.resp_bytes), (Some(904 - 6 * 54 - 6 * 12 - 8), None));
        assert_eq!((session.orig_pkts, session.resp_pkts), (Some(6), None));
        assert_eq!((session.duration_micros, session.service), (Some(1_500_000), Some("tls")));
        assert_eq!((session.orig.port, session.resp.port), (49152, 443));
    });
    let damaged = there.replace("904", "-1");
    assert_eq!(read(&line(TCP, "netflow", &damaged)).rejects.get(&RejectReason::BadNumber), Some(&1));
}

#[test]
fn other_events_are_ignored_by_name() {
    for name in ["stats", "alert", "fileinfo", "anomaly", "ike", "drop", "what-is-new"] {
        assert_eq!(read(&line(TCP, name, r#""x":{"y":[1]}"#)).ignored.get(name), Some(&1));
    }
}

#[test]
fn damage_is_rejected_by_reason() {
    let flow = r#""flow":{"pkts_toserver":3,"bytes_toserver":400}"#;
    for (line, expected) in [
        (line(TCP, "flow", flow).replace('}', ""), RejectReason::BadJson),
        (line(&TCP.replace("49152", "99999"), "flow", flow), RejectReason::BadNumber),
        (line(TCP, "flow", &flow.replace("400", "1e999")), RejectReason::BadNumber),
        (line(TCP, "flow", &flow.replace("400", "-4")), RejectReason::BadNumber),
        (line(&TCP.replace("2026-05-04", "2026-05-32"), "tls", r#""tls":{}"#), RejectReason::BadTimestamp),
        (line(&TCP.replace("10.20.0.7", "phone"), "tls", r#""tls":{}"#), RejectReason::BadAddress),
        (line(r#""timestamp":"2026-05-04T00:03:11Z""#, "tls", r#""tls":{}"#), RejectReason::MissingField),
        (
            line(TCP, "tls", &format!(r#""tls":{}{}"#, "[".repeat(100_000), "]".repeat(100_000))),
            RejectReason::TooDeep,
        ),
        (line(TCP, "tls", &r#""a":{"#.repeat(100_000)), RejectReason::TooDeep),
        (format!("{{{TCP}}}"), RejectReason::MissingField),
        ("#fields".to_owned(), RejectReason::BadJson),
    ] {
        let tally = read(&line);
        assert_eq!(tally.rejects.keys().collect::<Vec<_>>(), [&expected], "{}", &line[..line.len().min(300)]);
        assert_eq!(tally.rows(), 1);
    }
    let mut tally = Tally::default();
    eve::parse_line(b"{\"event_type\":\"t\xff\"}", 1, &mut tally);
    assert_eq!(tally.rejects.get(&RejectReason::NotUtf8), Some(&1));
}

#[test]
fn eve_is_known_by_content() {
    assert!(eve::sniff(br#"{"timestamp":"x","flow_id":1,"event_type":"flow","src_ip":"10."#));
    assert!(eve::sniff(b"\xef\xbb\xbf\n{\"timestamp\":\"x\",\"event_type\":\"stats\"}\n"));
    assert!(!eve::sniff(br#"{"event_type":"click"}"#));
    assert!(!eve::sniff(br#"{"ts":1,"uid":"C"}"#));
}
