//! The capture reader over packets made by hand: one test for each thing that it must tell.

#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod support;

use std::net::SocketAddrV4;
use support::build::{
    ACK, Capture, FIN, RST, SYN, Tcp, client_hello, fragment, ipv4, ipv6, udp, udp_datagram,
};
use support::read;
use undertone_core::model::{ConnState, ExchangeKind, Transport};
use undertone_wire::RejectReason;

const SECOND: u64 = 1_000_000;
const NOW: u64 = 1_700_000_000 * SECOND;

fn phone() -> SocketAddrV4 {
    "192.168.7.2:40000".parse().unwrap()
}

fn resolver() -> SocketAddrV4 {
    "203.0.113.53:53".parse().unwrap()
}

/// A DNS question for the A record of `x.org`; `flags` 0x0100 asks, 0x8180 answers.
fn dns(id: u16, flags: u16) -> Vec<u8> {
    let mut bytes = id.to_be_bytes().to_vec();
    bytes.extend(flags.to_be_bytes());
    bytes.extend([0, 1, 0, 0, 0, 0, 0, 0, 1, b'x', 3, b'o', b'r', b'g', 0, 0, 1, 0, 1]);
    bytes
}

#[test]
fn two_requests_of_one_connection() {
    let mut capture = Capture::new();
    let mut tcp = Tcp::new(8080, NOW);
    tcp.open(&mut capture);
    tcp.client(&mut capture, b"GET /a?b=c HTTP/1.1\r\nHost: Beacon.example:8080\r\nUser-Ag");
    tcp.client(&mut capture, b"ent: okhttp/4\r\n\r\n");
    tcp.server(&mut capture, b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n");
    tcp.server(&mut capture, b"3;x=y\r\nyou\r\n0\r\n\r\n");
    tcp.client(&mut capture, b"POST /p HTTP/1.1\r\nHost: beacon.example\r\nContent-Length: 7\r\n\r\npayload");
    tcp.server(&mut capture, b"HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\nnope");
    tcp.close(&mut capture);
    let (summary, kept) = read(capture.bytes());
    assert_eq!((summary.sessions, summary.exchanges), (1, 2));
    let [first, second] = kept.exchanges.as_slice() else { panic!() };
    assert_eq!(
        (first.kind, first.method.as_deref(), first.status),
        (ExchangeKind::Http, Some("GET"), Some(200))
    );
    assert_eq!((first.host.as_deref(), first.path.as_deref()), (Some("Beacon.example"), Some("/a?b=c")));
    assert_eq!(first.user_agent.as_deref(), Some("okhttp/4"));
    assert_eq!((first.orig_bytes, first.resp_bytes), (Some(0), Some(8)));
    assert_eq!((second.method.as_deref(), second.status), (Some("POST"), Some(404)));
    assert_eq!((second.orig_bytes, second.resp_bytes), (Some(7), Some(4)));
    let session = &kept.sessions[0];
    assert_eq!((session.service.as_deref(), session.state), (Some("http"), ConnState::Established));
    assert_eq!((session.handshake, session.orig_pkts, session.resp_pkts), (Some(true), 7, 5));
    assert!(kept.exchanges.iter().all(|exchange| exchange.uid == session.uid));
    assert_eq!(session.orig.to_string(), "192.168.7.2:40000");
}

#[test]
fn segments_out_of_order_and_sent_again_read_the_same() {
    let request: &[u8] = b"GET /x HTTP/1.1\r\nHost: a.example\r\n\r\n";
    let mut capture = Capture::new();
    let mut tcp = Tcp::new(80, NOW);
    tcp.open(&mut capture);
    let begun = tcp.client_seq;
    for (from, to) in [(20, request.len()), (0, 10), (0, 10), (5, 20)] {
        tcp.client_seq = begun + u32::try_from(from).unwrap();
        tcp.client(&mut capture, &request[from..to]);
    }
    tcp.client_seq = begun + u32::try_from(request.len()).unwrap();
    tcp.server(&mut capture, b"HTTP/1.1 204 No Content\r\n\r\n");
    let (_, kept) = read(capture.bytes());
    assert_eq!(kept.exchanges.len(), 1);
    assert_eq!(kept.exchanges[0].path.as_deref(), Some("/x"));
    assert_eq!(kept.sessions[0].orig_bytes, request.len() as u64);
}

#[test]
fn lost_bytes_of_a_body_do_not_lose_the_next_request() {
    let mut capture = Capture::new();
    let mut tcp = Tcp::new(80, NOW);
    tcp.open(&mut capture);
    tcp.client(&mut capture, b"GET /1 HTTP/1.1\r\nHost: a.example\r\n\r\n");
    tcp.server(&mut capture, b"HTTP/1.1 200 OK\r\nContent-Length: 3000\r\n\r\n");
    tcp.server_seq += 2000;
    tcp.server(&mut capture, &[b'x'; 1000]);
    tcp.client(&mut capture, b"GET /2 HTTP/1.1\r\nHost: a.example\r\n\r\n");
    tcp.server(&mut capture, b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    let (_, kept) = read(capture.bytes());
    let seen: Vec<_> =
        kept.exchanges.iter().map(|e| (e.path.as_deref().unwrap(), e.status, e.resp_bytes)).collect();
    assert_eq!(seen, [("/1", Some(200), Some(3000)), ("/2", Some(200), Some(0))]);
    // Only what was captured counts as sent.
    assert_eq!(kept.sessions[0].resp_bytes, 41 + 1000 + 38);
}

#[test]
fn a_proxy_tunnel_names_its_target_and_the_tls_inside() {
    let mut capture = Capture::new();
    let mut tcp = Tcp::new(3128, NOW);
    tcp.open(&mut capture);
    tcp.client(&mut capture, b"CONNECT c2.example:443 HTTP/1.1\r\nHost: c2.example:443\r\n\r\n");
    tcp.server(&mut capture, b"HTTP/1.1 200 Connection established\r\n\r\n");
    let hello = client_hello("c2.example");
    tcp.client(&mut capture, &hello[..30]);
    tcp.client(&mut capture, &hello[30..]);
    tcp.client(&mut capture, b"GET http://plain.example/y HTTP/1.1\r\n\r\n");
    let (_, kept) = read(capture.bytes());
    let connect = &kept.exchanges[0];
    assert_eq!((connect.host.as_deref(), connect.is_proxied), (Some("c2.example"), true));
    let tls = kept.of_kind(ExchangeKind::Tls);
    assert_eq!((tls[0].host.as_deref(), tls[0].is_proxied), (Some("c2.example"), true));
    assert_eq!(tls[0].alpn.as_deref(), Some("h2"));
    // One cipher, two extensions, no version extension: JA4 by its specification.
    assert!(tls[0].ja4.as_deref().unwrap().starts_with("t12d0102h2_"));
}

#[test]
fn a_tunnel_to_an_ipv6_address_is_read_as_in_logs() {
    for target in ["2001:db8::1", "[2001:db8::1]:443", "[2001:db8::1]"] {
        let mut capture = Capture::new();
        let mut tcp = Tcp::new(3128, NOW);
        tcp.open(&mut capture);
        tcp.client(&mut capture, format!("CONNECT {target} HTTP/1.1\r\nHost: proxy:1\r\n\r\n").as_bytes());
        tcp.client(&mut capture, b"GET /x HTTP/1.1\r\nHost: [2001:db8::2]:8080\r\n\r\n");
        let (_, kept) = read(capture.bytes());
        let [connect, get] = kept.exchanges.as_slice() else { panic!("{:?}", kept.exchanges) };
        assert_eq!(
            (connect.host.as_deref(), connect.path.as_deref(), connect.is_proxied),
            (Some("2001:db8::1"), None, true),
            "{target}"
        );
        assert_eq!((get.host.as_deref(), get.path.as_deref()), (Some("2001:db8::2"), Some("/x")));
    }
}

#[test]
fn an_absolute_target_is_a_proxy_request() {
    let mut capture = Capture::new();
    let mut tcp = Tcp::new(3128, NOW);
    tcp.open(&mut capture);
    tcp.client(&mut capture, b"GET http://plain.example/y HTTP/1.1\r\nHost: other\r\n\r\n");
    let (_, kept) = read(capture.bytes());
    let request = &kept.exchanges[0];
    assert_eq!(
        (request.host.as_deref(), request.path.as_deref(), request.is_proxied, request.status),
        (Some("plain.example"), Some("/y"), true, None)
    );
}

#[test]
fn an_upgrade_is_a_websocket_and_then_rounds() {
    let mut capture = Capture::new();
    let mut tcp = Tcp::new(80, NOW);
    tcp.open(&mut capture);
    tcp.client(&mut capture, b"GET /ws HTTP/1.1\r\nHost: a.example\r\nUpgrade: websocket\r\n\r\n");
    tcp.server(&mut capture, b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n");
    for _ in 0..3 {
        tcp.micros += SECOND;
        tcp.client(&mut capture, b"\x81\x05hello");
        tcp.server(&mut capture, b"\x81\x02ok");
    }
    let (_, kept) = read(capture.bytes());
    assert_eq!(kept.of_kind(ExchangeKind::WebSocket).len(), 1);
    let rounds = kept.of_kind(ExchangeKind::Data);
    let sizes: Vec<_> = rounds.iter().map(|e| (e.orig_bytes.unwrap(), e.resp_bytes.unwrap())).collect();
    assert_eq!(sizes, [(7, 4); 3]);
}

#[test]
fn a_held_connection_gives_one_round_for_each_check_in() {
    let mut capture = Capture::new();
    let mut tcp = Tcp::new(7084, NOW);
    tcp.open(&mut capture);
    for _ in 0..20 {
        tcp.micros += SECOND;
        tcp.client(&mut capture, &[0xde; 40]);
        tcp.micros += 300_000;
        tcp.server(&mut capture, &[0xad; 24]);
        // A keep-alive probe: one byte that was sent before.
        tcp.micros += 400_000;
        tcp.client_seq -= 1;
        tcp.send(&mut capture, true, ACK, &[0xde]);
        tcp.client_seq += 1;
    }
    let (_, kept) = read(capture.bytes());
    let rounds = kept.of_kind(ExchangeKind::Data);
    assert_eq!(rounds.len(), 20);
    assert!(rounds.iter().all(|e| (e.orig_bytes, e.resp_bytes) == (Some(40), Some(24))));
    assert_eq!((kept.sessions[0].service.clone(), kept.sessions[0].orig_bytes), (None, 800));
    assert!(rounds.windows(2).all(|pair| pair[1].at.since(pair[0].at) > 1_600_000));
}

#[test]
fn tls_rounds_begin_with_application_data() {
    let mut capture = Capture::new();
    let mut tcp = Tcp::new(443, NOW);
    tcp.open(&mut capture);
    let hello = client_hello("rat.example");
    tcp.client(&mut capture, &hello);
    tcp.server(&mut capture, &[22, 3, 3, 0, 4, 2, 0, 0, 0, 20, 3, 3, 0, 1, 1]);
    tcp.client(&mut capture, &[20, 3, 3, 0, 1, 1]);
    for _ in 0..5 {
        tcp.micros += SECOND;
        tcp.client(&mut capture, &[23, 3, 3, 0, 3, 1, 2, 3]);
        tcp.server(&mut capture, &[23, 3, 3, 0, 1, 9]);
    }
    let (_, kept) = read(capture.bytes());
    assert_eq!(kept.of_kind(ExchangeKind::Tls)[0].host.as_deref(), Some("rat.example"));
    let rounds = kept.of_kind(ExchangeKind::Data);
    assert_eq!(rounds.len(), 5);
    assert!(rounds.iter().all(|e| (e.orig_bytes, e.resp_bytes) == (Some(8), Some(6))));
}

#[test]
fn states_are_those_of_zeek() {
    let state = |act: &dyn Fn(&mut Tcp, &mut Capture)| {
        let mut capture = Capture::new();
        let mut tcp = Tcp::new(443, NOW);
        act(&mut tcp, &mut capture);
        let (_, kept) = read(capture.bytes());
        assert_eq!(kept.sessions.len(), 1);
        assert_eq!(kept.sessions[0].resp.port, 443);
        kept.sessions[0].state
    };
    assert_eq!(state(&|tcp, capture| tcp.send(capture, true, SYN, b"")), ConnState::Unanswered);
    assert_eq!(
        state(&|tcp, capture| {
            tcp.send(capture, true, SYN, b"");
            tcp.send(capture, false, RST | ACK, b"");
        }),
        ConnState::Rejected
    );
    assert_eq!(
        state(&|tcp, capture| {
            tcp.open(capture);
            tcp.send(capture, true, RST, b"");
        }),
        ConnState::Reset
    );
    assert_eq!(
        state(&|tcp, capture| {
            tcp.open(capture);
            tcp.close(capture);
            tcp.send(capture, true, RST, b"");
        }),
        ConnState::Established
    );
    assert_eq!(
        state(&|tcp, capture| {
            tcp.server(capture, b"data");
            tcp.send(capture, true, FIN | ACK, b"");
        }),
        ConnState::Midstream
    );
    // The answer alone still tells who opened.
    assert_eq!(state(&|tcp, capture| tcp.send(capture, false, SYN | ACK, b"")), ConnState::Midstream);
}

#[test]
fn ports_used_again_are_another_session() {
    let mut capture = Capture::new();
    let mut tcp = Tcp::new(443, NOW);
    tcp.open(&mut capture);
    tcp.close(&mut capture);
    tcp.client_seq += 70_000;
    tcp.open(&mut capture);
    // A push connection is silent for half an hour.
    tcp.micros += 1800 * SECOND;
    tcp.client(&mut capture, b"x");
    // Another capture, years before, joined to this one.
    tcp.micros -= 100_000_000 * SECOND;
    tcp.client(&mut capture, b"x");
    let (_, kept) = read(capture.bytes());
    assert_eq!(kept.sessions.len(), 3);
    let mut uids: Vec<_> = kept.sessions.iter().map(|session| session.uid.clone()).collect();
    uids.sort();
    uids.dedup();
    assert_eq!(uids.len(), 3);

    let mut capture = Capture::new();
    for secs in [0, 59, 118, 179] {
        capture.packet(NOW + secs * SECOND, &udp(phone(), resolver(), b"\0\0\0"));
    }
    assert_eq!(read(capture.bytes()).1.sessions.iter().map(|s| s.orig_pkts).collect::<Vec<_>>(), [3, 1]);
}

#[test]
fn lookups_are_paired_with_their_answers() {
    let mut capture = Capture::new();
    capture.packet(NOW, &udp(phone(), resolver(), &dns(1, 0x0100)));
    capture.packet(NOW + 1, &udp(phone(), resolver(), &dns(2, 0x0100)));
    capture.packet(NOW + 900, &udp(resolver(), phone(), &dns(2, 0x8183)));
    let (_, kept) = read(capture.bytes());
    let seen: Vec<_> =
        kept.exchanges.iter().map(|e| (e.host.as_deref(), e.qtype, e.rcode, e.orig_bytes)).collect();
    assert_eq!(seen, [(Some("x.org"), Some(1), Some(3), Some(23)), (Some("x.org"), Some(1), None, Some(23))]);
    assert_eq!(kept.exchanges[0].at.micros(), i64::try_from(NOW + 1).unwrap());
    assert_eq!((kept.sessions.len(), kept.sessions[0].service.as_deref()), (1, Some("dns")));
}

#[test]
fn dns_over_tcp_and_ntp() {
    let mut capture = Capture::new();
    let mut tcp = Tcp::new(53, NOW);
    tcp.open(&mut capture);
    let message = dns(7, 0x0100);
    tcp.client(&mut capture, &[&[0, 23][..], &message].concat());
    tcp.server(&mut capture, &[&[0, 23][..], &dns(7, 0x8180)].concat());
    let mut request = vec![0x23];
    request.resize(48, 0);
    let server = "203.0.113.123:123".parse().unwrap();
    capture.packet(NOW, &udp(phone(), server, &request));
    request[0] = 0x24;
    capture.packet(NOW + 5, &udp(server, phone(), &request));
    let (_, kept) = read(capture.bytes());
    assert_eq!(kept.of_kind(ExchangeKind::Dns)[0].rcode, Some(0));
    assert_eq!(kept.of_kind(ExchangeKind::Ntp)[0].resp_bytes, Some(48));
}

#[test]
fn commands_and_the_tls_after_them() {
    let mut capture = Capture::new();
    let mut tcp = Tcp::new(587, NOW);
    tcp.open(&mut capture);
    tcp.server(&mut capture, b"220 mx.example ESMTP\r\n");
    tcp.client(&mut capture, b"EHLO phone\r\n");
    tcp.server(&mut capture, b"250-mx.example\r\n250 STARTTLS\r\n");
    tcp.client(&mut capture, b"STARTTLS\r\n");
    tcp.server(&mut capture, b"220 go\r\n");
    tcp.client(&mut capture, &client_hello("mx.example"));
    let (_, kept) = read(capture.bytes());
    let methods: Vec<_> = kept.exchanges.iter().map(|e| (e.kind, e.method.as_deref(), e.status)).collect();
    assert_eq!(
        methods,
        [
            (ExchangeKind::Smtp, Some("EHLO"), Some(250)),
            (ExchangeKind::Smtp, Some("STARTTLS"), Some(220)),
            (ExchangeKind::Tls, None, None)
        ]
    );

    let mut capture = Capture::new();
    let mut tcp = Tcp::new(2121, NOW);
    tcp.open(&mut capture);
    tcp.server(&mut capture, b"220 files\r\n");
    tcp.client(&mut capture, b"USER secret\r\n");
    tcp.server(&mut capture, b"331 more\r\n");
    tcp.client(&mut capture, b"STOR loot.zip\r\n");
    tcp.server(&mut capture, b"226 done\r\n");
    let (_, kept) = read(capture.bytes());
    let seen: Vec<_> =
        kept.exchanges.iter().map(|e| (e.method.as_deref(), e.path.as_deref(), e.status)).collect();
    assert_eq!(seen, [(Some("USER"), None, Some(331)), (Some("STOR"), Some("loot.zip"), Some(226))]);
    assert_eq!(kept.sessions[0].service.as_deref(), Some("ftp"));
}

#[test]
fn mqtt_topics_are_read() {
    let mut capture = Capture::new();
    let mut tcp = Tcp::new(1883, NOW);
    tcp.open(&mut capture);
    tcp.client(&mut capture, b"\x10\x0e\0\x04MQTT\x04\x02\0\x3c\0\x02id");
    tcp.server(&mut capture, b"\x20\x02\0\0");
    tcp.client(&mut capture, b"\x82\x08\0\x01\0\x03a/b\0");
    tcp.server(&mut capture, b"\x30\x08\0\x03a/bxyz");
    let (_, kept) = read(capture.bytes());
    let seen: Vec<_> =
        kept.exchanges.iter().map(|e| (e.method.as_deref().unwrap(), e.path.as_deref())).collect();
    assert_eq!(seen, [("connect", None), ("subscribe", Some("a/b")), ("publish", Some("a/b"))]);
}

#[test]
fn fragments_tunnels_and_extension_headers_are_looked_through() {
    let (src, dst) = (*phone().ip(), *resolver().ip());
    let whole = udp_datagram(40_000, 53, &dns(3, 0x0100));
    let mut capture = Capture::new();
    capture.packet(NOW, &fragment(src, dst, 17, (9, 2), &whole[16..]));
    capture.packet(NOW, &fragment(src, dst, 17, (9, 0x2000), &whole[..16]));
    let gtp = [&[0x30, 255, 0, 0, 0, 0, 0, 1][..], &udp(phone(), resolver(), &dns(4, 0x0100))].concat();
    capture.packet(NOW, &udp("10.9.9.1:2152".parse().unwrap(), "10.9.9.2:2152".parse().unwrap(), &gtp));
    capture.packet(NOW, &ipv4(src, dst, 4, &udp(phone(), resolver(), &dns(5, 0x0100))));
    let gre = [&[0, 0, 8, 0][..], &udp(phone(), resolver(), &dns(6, 0x0100))].concat();
    capture.packet(NOW, &ipv4(src, dst, 47, &gre));
    let hop_by_hop = [&[17, 0, 1, 4, 0, 0, 0, 0][..], &whole].concat();
    capture.packet(NOW, &ipv6("fd00::2".parse().unwrap(), "2001:db8::53".parse().unwrap(), 0, &hop_by_hop));
    for (offset_flags, part) in [(1, &whole[..16]), (16, &whole[16..])] {
        let header = [17, 0, 0, offset_flags, 0, 0, 0, 77];
        let packet = ipv6(
            "fd00::3".parse().unwrap(),
            "2001:db8::53".parse().unwrap(),
            44,
            &[&header[..], part].concat(),
        );
        capture.packet(NOW, &packet);
    }
    let (summary, kept) = read(capture.bytes());
    assert_eq!(kept.rejects, []);
    assert_eq!(kept.exchanges.len(), 6);
    assert!(kept.exchanges.iter().all(|exchange| exchange.host.as_deref() == Some("x.org")));
    assert_eq!((summary.sessions, summary.fragments_lost), (3, 0));
    assert!(kept.sessions.iter().all(|session| session.transport == Transport::Udp));
}

#[test]
fn a_packet_cut_by_the_capture_counts_whole() {
    let mut capture = Capture::new();
    let mut tcp = Tcp::new(443, NOW);
    tcp.open(&mut capture);
    let packet = tcp.segment(true, ACK, &[1; 1000]);
    capture.packet(NOW + SECOND, &packet[..68]);
    assert_eq!(read(capture.bytes()).1.sessions[0].orig_bytes, 1000);
}

#[test]
fn both_byte_orders_and_resolutions_agree() {
    let packet = udp(phone(), resolver(), &dns(1, 0x0100));
    let len = u32::try_from(packet.len()).unwrap();
    let mut seen = Vec::new();
    for (magic, is_nanos) in [(0xa1b2_c3d4_u32, false), (0xa1b2_3c4d, true)] {
        for is_big in [false, true] {
            let word = |value: u32| if is_big { value.to_be_bytes() } else { value.to_le_bytes() };
            let half = |value: u16| if is_big { value.to_be_bytes() } else { value.to_le_bytes() };
            let mut bytes = word(magic).to_vec();
            bytes.extend([half(2), half(4)].concat());
            bytes.extend([word(0), word(0), word(65_535), word(101)].concat());
            let fraction = if is_nanos { 250_000_999 } else { 250_000 };
            bytes.extend([word(1_700_000_000), word(fraction), word(len), word(len)].concat());
            bytes.extend(&packet);
            let (_, kept) = read(&bytes);
            assert_eq!(kept.sessions[0].start.micros(), 1_700_000_000_250_000);
            seen.push(kept);
        }
    }
    assert!(seen.windows(2).all(|pair| pair[0] == pair[1]));
}

#[test]
fn damage_is_rejected_and_what_came_before_is_kept() {
    let mut capture = Capture::new();
    capture.packet(NOW, &udp(phone(), resolver(), &dns(1, 0x0100)));
    capture.packet(NOW, &[0x45, 0, 0]);
    let mut bytes = capture.bytes().to_vec();
    bytes.extend([0xff; 40]);
    let (summary, kept) = read(&bytes);
    assert_eq!((summary.packets, summary.sessions), (2, 1));
    let seen: Vec<_> = kept.rejects.iter().map(|(line, reason, _)| (*line, *reason)).collect();
    assert_eq!(seen, [(2, RejectReason::BadPacket), (3, RejectReason::BadPacket)]);

    let (_, kept) = read(b"not a capture");
    assert_eq!(kept.rejects[0].1, RejectReason::NoHeader);
    let (_, kept) = read(&capture.bytes()[..10]);
    assert_eq!(kept.rejects[0].1, RejectReason::Truncated);

    let mut radio = Capture::of_link(127);
    for _ in 0..3 {
        radio.packet(NOW, &[0; 60]);
    }
    let (summary, kept) = read(radio.bytes());
    assert_eq!((summary.packets, summary.sessions, kept.rejects.len()), (3, 0, 3));
    assert!(kept.rejects.iter().all(|reject| reject.1 == RejectReason::Unsupported));
    assert!(kept.rejects[0].2.starts_with("802.11"));
    assert!(kept.ignored.is_empty());
}
