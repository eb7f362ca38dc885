//! The capture reader against Suricata's view of the same captures: connections, names and fingerprints.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test may fail, and says where views differ")]

mod support;

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use support::{Kept, captures, read, shared_data};
use undertone_core::model::{ExchangeKind, Transport};

/// What both sides are compared by.
#[derive(Debug, Default, PartialEq)]
struct View {
    tcp_opened: usize,
    sni: BTreeSet<String>,
    hosts: BTreeSet<String>,
    qnames: BTreeSet<String>,
    quic_sni: BTreeSet<String>,
    /// JA3 and JA4 by originator and responder.
    ja3: BTreeMap<String, BTreeSet<String>>,
    ja4: BTreeMap<String, BTreeSet<String>>,
    subjects: BTreeSet<String>,
}

fn ours(kept: &Kept) -> View {
    let mut view = View {
        tcp_opened: kept
            .sessions
            .iter()
            .filter(|session| session.transport == Transport::Tcp && session.handshake == Some(true))
            .count(),
        ..View::default()
    };
    for exchange in &kept.exchanges {
        let host = exchange.host.as_deref().map(str::to_ascii_lowercase);
        let names = match exchange.kind {
            ExchangeKind::Tls => &mut view.sni,
            ExchangeKind::Http | ExchangeKind::WebSocket => &mut view.hosts,
            ExchangeKind::Dns => &mut view.qnames,
            ExchangeKind::Quic => &mut view.quic_sni,
            _ => continue,
        };
        // Suricata reads no mDNS and LLMNR, and shows bytes that are no text in its own way.
        let is_shown = match exchange.kind {
            ExchangeKind::Dns => {
                exchange.resp.port == 53 && host.as_ref().is_some_and(|host| !host.contains('\\'))
            }
            ExchangeKind::Tls => !exchange.is_proxied,
            _ => true,
        };
        names.extend(host.filter(|_| is_shown));
        let ends = format!("{}:{}", exchange.orig, exchange.resp);
        view.ja3.entry(ends.clone()).or_default().extend(exchange.ja3.clone());
        view.ja4.entry(ends).or_default().extend(exchange.ja4.clone());
        view.subjects.extend(exchange.subject.clone());
    }
    view
}

fn is_plain(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\')
}

fn suricata(log: &str) -> View {
    let mut view = View::default();
    for line in log.lines() {
        let Ok(event) = serde_json::from_str::<Value>(line) else { continue };
        let text = |path: &str| event.pointer(path).and_then(Value::as_str).map(str::to_ascii_lowercase);
        let end = |addr: &str, port: &str| {
            let addr = event.get(addr).and_then(Value::as_str)?.parse().ok()?;
            let port = event.get(port).and_then(Value::as_u64)?;
            Some(undertone_core::model::Endpoint::new(addr, u16::try_from(port).ok()?).to_string())
        };
        let ends = || Some(format!("{}:{}", end("src_ip", "src_port")?, end("dest_ip", "dest_port")?));
        match event.get("event_type").and_then(Value::as_str) {
            Some("flow") => {
                view.tcp_opened += usize::from(event.pointer("/tcp/syn") == Some(&Value::Bool(true)));
            }
            Some("tls") => {
                view.sni.extend(text("/tls/sni"));
                if let Some(ends) = ends() {
                    view.ja3.entry(ends.clone()).or_default().extend(text("/tls/ja3/hash"));
                    view.ja4.entry(ends).or_default().extend(text("/tls/ja4"));
                }
                view.subjects
                    .extend(event.pointer("/tls/subject").and_then(Value::as_str).map(str::to_owned));
            }
            Some("quic") => {
                view.quic_sni.extend(text("/quic/sni"));
                if let Some(ends) = ends() {
                    view.ja3.entry(ends.clone()).or_default().extend(text("/quic/ja3/hash"));
                    view.ja4.entry(ends).or_default().extend(text("/quic/ja4"));
                }
            }
            Some("http") => view.hosts.extend(text("/http/hostname")),
            Some("dns") => view.qnames.extend(text("/dns/rrname").filter(|name| is_plain(name))),
            _ => {}
        }
    }
    view
}

/// The log of a capture: named by its set and its file, which is not unique by itself.
fn log_of(capture: &str) -> Option<String> {
    let (folder, file) = capture.rsplit_once('/')?;
    let set = match folder {
        "pcap/ndpi-mobile" => "ndpi-benign-mobile",
        "pcap/ndpi-tunnel" => "ndpi-malicious-tunnel",
        "pcap/zeek-btest" => "zeek-btest",
        "pcap/suricata-verify" => "suricata-verify",
        _ => "",
    };
    let end = format!("__{file}.eve.json");
    let entries = std::fs::read_dir(shared_data()?.join("eve")).unwrap();
    let mut found: Vec<_> = entries
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            path.file_name()
                .and_then(|name| name.to_str())
                .is_some_and(|name| name.starts_with(set) && name.ends_with(&end))
        })
        .collect();
    found.sort();
    Some(std::fs::read_to_string(found.first()?).unwrap())
}

#[derive(Debug, Default)]
struct Tally {
    equal: usize,
    captures: usize,
}

impl Tally {
    fn add<T: PartialEq + std::fmt::Debug>(&mut self, name: &str, what: &str, ours: &T, theirs: &T) {
        self.captures += 1;
        if ours == theirs {
            self.equal += 1;
        } else {
            println!("{name} {what}: ours {ours:?} suricata {theirs:?}");
        }
    }
}

fn differences(ours: &BTreeSet<String>, theirs: &BTreeSet<String>) -> (Vec<String>, Vec<String>) {
    (ours.difference(theirs).cloned().collect(), theirs.difference(ours).cloned().collect())
}

/// Whether two JA4 differ in their last part only.
fn is_equal_but_last(ours: &str, theirs: &str) -> bool {
    ours.rsplit_once('_').map(|(head, _)| head) == theirs.rsplit_once('_').map(|(head, _)| head)
}

#[test]
fn suricata_sees_the_same() {
    let mut tallies: BTreeMap<&str, Tally> = BTreeMap::new();
    let mut missing: BTreeMap<&str, usize> = BTreeMap::new();
    let mut without_algorithms = 0;
    let (mut ja3, mut ja4) = ([0_usize; 2], [0_usize; 2]);
    for (name, bytes) in captures("pcap") {
        let Some(log) = log_of(&name) else { continue };
        let (_, kept) = read(&bytes);
        let (ours, theirs) = (ours(&kept), suricata(&log));
        tallies.entry("tcp_opened").or_default().add(&name, "tcp", &ours.tcp_opened, &theirs.tcp_opened);
        for (what, ours, theirs) in [
            ("sni", &ours.sni, &theirs.sni),
            ("hosts", &ours.hosts, &theirs.hosts),
            ("qnames", &ours.qnames, &theirs.qnames),
            ("quic_sni", &ours.quic_sni, &theirs.quic_sni),
            ("subjects", &ours.subjects, &theirs.subjects),
        ] {
            let none = (Vec::new(), Vec::new());
            *missing.entry(what).or_default() += theirs.difference(ours).count();
            tallies.entry(what).or_default().add(&name, what, &differences(ours, theirs), &none);
        }
        for (what, ours, theirs, count) in
            [("ja3", &ours.ja3, &theirs.ja3, &mut ja3), ("ja4", &ours.ja4, &theirs.ja4, &mut ja4)]
        {
            for (ends, values) in theirs {
                for value in values {
                    count[1] += 1;
                    let ours = ours.get(ends);
                    if ours.is_some_and(|ours| ours.contains(value)) {
                        count[0] += 1;
                    } else if what == "ja4"
                        && ours.is_some_and(|ours| ours.iter().any(|our| is_equal_but_last(our, value)))
                    {
                        without_algorithms += 1;
                    } else {
                        println!("{name} {what} {ends}: ours {ours:?} suricata {value}");
                    }
                }
            }
        }
    }
    println!(
        "{tallies:?}\nmissing {missing:?}\nja3 {ja3:?} ja4 {ja4:?} and {without_algorithms} but the last part"
    );
    if ja3[1] == 0 {
        return;
    }
    // What Suricata 7.0.10 shows and this reader does not; measured on these captures, with the reasons beside.
    for (what, most) in [("sni", 0), ("hosts", 0), ("qnames", 0), ("quic_sni", 2), ("subjects", 0)] {
        // The QUIC names are of Google's own handshake (Q043, Q046), which is not decoded.
        assert!(missing[what] <= most, "{what}: {}", missing[what]);
    }
    assert_eq!(ja3[0], ja3[1]);
    // Suricata hashes a trailing `_` where a ClientHello has no signature algorithms; the specification does not.
    assert_eq!(ja4[0] + without_algorithms, ja4[1]);
    assert!(without_algorithms * 10 < ja4[1]);
    // The rest: see `tcp_opened` above; retries of one attempt and joined captures are cut in other places.
    assert!(tallies["tcp_opened"].equal * 100 >= tallies["tcp_opened"].captures * 85);
}

/// TCP payload of the connections that were seen to open, by their ends: both directions and how many there were.
fn payload<'a>(sessions: impl Iterator<Item = &'a Payload>) -> BTreeMap<String, (u64, u64, u64)> {
    let mut sums = BTreeMap::<String, (u64, u64, u64)>::new();
    for session in sessions {
        let sum = sums.entry(session.ends.clone()).or_default();
        *sum = (sum.0 + session.orig_bytes, sum.1 + session.resp_bytes, sum.2 + 1);
    }
    sums
}

/// One TCP connection that was seen to open.
struct Payload {
    ends: String,
    orig_bytes: u64,
    resp_bytes: u64,
}

/// Keeps what `payload` needs of an EVE log.
#[derive(Default)]
struct EveFlows(Vec<Payload>);

impl undertone_wire::RecordSink for EveFlows {
    fn record(&mut self, record: undertone_core::model::Record<'_>) {
        let undertone_core::model::Record::Session(session) = record else { return };
        if session.transport == Transport::Tcp && session.handshake == Some(true) {
            self.0.push(Payload {
                ends: format!("{}:{}", session.orig, session.resp),
                orig_bytes: session.orig_bytes.unwrap_or(0),
                resp_bytes: session.resp_bytes.unwrap_or(0),
            });
        }
    }

    fn reject(&mut self, line: u64, reason: undertone_wire::RejectReason, detail: &str) {
        panic!("line {line}: {reason:?} {detail}");
    }

    fn ignore(&mut self, _: &str) {}
}

/// Byte totals of TCP with a handshake, capture by capture: ours count payload; EVE counts frames, from which its
/// reader estimates payload (see `eve::flow`).
///
/// What differs, checked against the sequence numbers of the packets: payload that was sent again counts once in
/// ours and twice in EVE's (`alexa-app`, `weibo`, `smtp`); a few connections that mix packets with and without
/// timestamps are estimated too low or too high (`dns_doh`, `doh`, `dns-over-http2-post`, `ocsp`, `coap_mqtt`); raw IP
/// has no Ethernet header to take off (`psiphon3`). Connections in one view only reuse their ports or were cut into
/// two by a long silence.
#[test]
fn suricata_counts_the_same_bytes() {
    let (mut compared, mut close, mut ours_bytes, mut eve_bytes, mut one_sided) = (0, 0, 0, 0, 0);
    for (name, bytes) in captures("pcap") {
        let Some(log) = log_of(&name) else { continue };
        let (_, kept) = read(&bytes);
        let opened = kept
            .sessions
            .iter()
            .filter(|session| session.transport == Transport::Tcp && session.handshake == Some(true))
            .map(|session| Payload {
                ends: format!("{}:{}", session.orig, session.resp),
                orig_bytes: session.orig_bytes,
                resp_bytes: session.resp_bytes,
            })
            .collect::<Vec<_>>();
        let mut flows = EveFlows::default();
        log.split('\n').for_each(|line| undertone_wire::eve::parse_line(line.as_bytes(), 1, &mut flows));
        let (ours, theirs) = (payload(opened.iter()), payload(flows.0.iter()));
        let unmatched = ours.keys().filter(|ends| !theirs.contains_key(*ends)).count()
            + theirs.keys().filter(|ends| !ours.contains_key(*ends)).count();
        one_sided += unmatched;
        let both = ours.iter().filter_map(|(ends, ours)| Some((ours, theirs.get(ends)?)));
        let (mut mine, mut eve) = (0, 0);
        for (ours, theirs) in both {
            // Ports used again: the two cut connections in other places.
            if ours.2 == theirs.2 {
                (mine, eve) = (mine + ours.0 + ours.1, eve + theirs.0 + theirs.1);
            }
        }
        if mine + eve > 0 {
            compared += 1;
            // Padding and options that EVE cannot tell apart: a tenth, or 64 bytes where little was sent.
            let is_close = mine.abs_diff(eve) * 10 <= mine || mine.abs_diff(eve) <= 64;
            close += usize::from(is_close);
            if !is_close || unmatched > 0 {
                println!("{name}: ours {mine} bytes, eve {eve}; {unmatched} connections in one view only");
            }
        }
        (ours_bytes, eve_bytes) = (ours_bytes + mine, eve_bytes + eve);
    }
    println!(
        "{compared} captures, {close} close; ours {ours_bytes} bytes, eve {eve_bytes}; {one_sided} in one view only"
    );
    if compared == 0 {
        return;
    }
    assert!(ours_bytes.abs_diff(eve_bytes) * 20 <= ours_bytes, "the sums differ by more than 5 %");
    assert!(close * 100 >= compared * 90, "{close} of {compared} captures are close");
}
