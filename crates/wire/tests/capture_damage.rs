//! Cut, mutated and random captures: no panic, an end, and nothing made up.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test may fail, and says what it did")]

mod support;

use proptest::prelude::*;
use support::build::{Capture, Tcp, client_hello, udp};
use support::{captures, read};

/// A capture with a little of everything.
fn sample() -> Vec<u8> {
    let mut capture = Capture::new();
    for (index, port) in [80, 443, 53, 25, 1883, 7084].into_iter().enumerate() {
        let mut tcp = Tcp::new(port, 1_700_000_000_000_000 + index as u64);
        tcp.client.set_port(40_000 + u16::try_from(index).unwrap());
        tcp.open(&mut capture);
        match port {
            80 => tcp.client(
                &mut capture,
                b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
            ),
            443 => tcp.client(&mut capture, &client_hello("a.example")),
            53 => tcp.client(&mut capture, b"\0\x13\0\x01\x01\0\0\x01\0\0\0\0\0\0\x01x\0\0\x01\0\x01"),
            25 => tcp.server(&mut capture, b"220 mx ESMTP\r\n"),
            1883 => tcp.client(&mut capture, b"\x10\x0e\0\x04MQTT\x04\x02\0\x3c\0\x02id"),
            _ => tcp.client(&mut capture, &[7; 100]),
        }
        tcp.server(&mut capture, b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc");
        tcp.close(&mut capture);
    }
    let quic = [0xc0, 0, 0, 0, 1, 8, 1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 0x40, 40, 1, 2, 3, 4, 5, 6, 7, 8];
    let (src, dst) = ("10.0.0.1:5000".parse().unwrap(), "203.0.113.1:443".parse().unwrap());
    capture.packet(1_700_000_001_000_000, &udp(src, dst, &[&quic[..], &[9; 60]].concat()));
    capture.bytes().to_vec()
}

/// Reads, and checks what must hold for any input.
fn check(bytes: &[u8]) {
    let (summary, kept) = read(bytes);
    let packets: u64 = kept.sessions.iter().map(|session| session.orig_pkts + session.resp_pkts).sum();
    assert!(packets <= summary.packets);
    assert!(kept.sessions.len() as u64 <= summary.packets);
    assert!(kept.rejects.iter().all(|(line, ..)| *line >= 1 && *line <= summary.packets + 1));
    for exchange in &kept.exchanges {
        assert!(kept.sessions.iter().any(|session| session.uid == exchange.uid));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn mutated_captures_end(changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..12)) {
        let mut bytes = sample();
        for (place, value) in changes {
            // The file header stays, so that the packets are reached.
            let at = 24 + place.index(bytes.len() - 24);
            bytes[at] = value;
        }
        check(&bytes);
    }

    #[test]
    fn random_bytes_after_a_header_end(kind in 0..3_u8, noise in prop::collection::vec(any::<u8>(), 0..4096)) {
        let mut bytes: Vec<u8> = match kind {
            0 => sample()[..24].to_vec(),
            1 => [&[0x4d, 0x3c, 0xb2, 0xa1][..], &sample()[4..24]].concat(),
            _ => [
                &[0x0a, 0x0d, 0x0d, 0x0a, 28, 0, 0, 0, 0x4d, 0x3c, 0x2b, 0x1a, 1, 0, 0, 0][..],
                &[0xff; 8], &[28, 0, 0, 0],
            ].concat(),
        };
        bytes.extend(noise);
        check(&bytes);
    }

    #[test]
    fn packets_of_random_bytes_end(payloads in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..200), 1..20)) {
        let mut capture = Capture::of_link(1);
        for (index, payload) in payloads.iter().enumerate() {
            let frame = [&[2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0, 0x45][..], payload].concat();
            capture.packet(index as u64 * 1_000_000, &frame);
        }
        check(capture.bytes());
    }
}

#[test]
fn every_cut_of_a_capture_ends() {
    let bytes = sample();
    for len in 0..bytes.len() {
        check(&bytes[..len]);
    }
}

/// Bytes of the samples changed by a fixed sequence, so that a failure can be repeated.
#[test]
fn samples_cut_and_mutated_end() {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state >> 16).unwrap()
    };
    let mut count = 0;
    for (_, bytes) in captures("pcap").into_iter().filter(|(_, bytes)| bytes.len() < 400_000) {
        check(&bytes[..next() % bytes.len()]);
        for changes in [5, 100] {
            let mut mutated = bytes.clone();
            for _ in 0..changes {
                let at = 24 + next() % (mutated.len() - 24);
                mutated[at] = u8::try_from(next() % 256).unwrap();
            }
            check(&mutated);
            count += 1;
        }
    }
    println!("{count} mutated captures read");
}
