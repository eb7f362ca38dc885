//! The capture reader over every sample capture, against what is known of them.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test may fail, and says what it counted")]

mod support;

use std::collections::BTreeSet;
use support::{Exchange, Kept, captures, read};
use undertone_core::model::{ExchangeKind, Transport};

/// The sample whose path ends so; `None` where the data is absent.
fn sample(folder: &str, end: &str) -> Option<Kept> {
    let found = captures(folder).into_iter().find(|(name, _)| name.ends_with(end))?;
    Some(read(&found.1).1)
}

/// Median of the gaps between exchanges, milliseconds.
fn median_gap_millis(exchanges: &[&Exchange]) -> i64 {
    let mut gaps: Vec<i64> = exchanges.windows(2).map(|pair| pair[1].at.since(pair[0].at) / 1000).collect();
    gaps.sort_unstable();
    gaps[gaps.len() / 2]
}

#[test]
fn every_sample_gives_sessions() {
    let (mut packets, mut sessions, mut count) = (0, 0, 0);
    for (name, bytes) in captures("pcap").into_iter().chain(captures("mobile/pcapdroid")) {
        let (summary, kept) = read(&bytes);
        // Its last block is cut; every other sample is whole.
        if name.ends_with("extra.pcapng") {
            assert_eq!(kept.rejects.len(), 1, "{name}");
        } else {
            assert_eq!(kept.rejects, [], "{name}");
        }
        assert!(summary.sessions > 0, "{name}");
        let used: u64 = kept.sessions.iter().map(|session| session.orig_pkts + session.resp_pkts).sum();
        let ignored: u64 = kept.ignored.values().sum();
        assert_eq!(used + ignored, summary.packets, "{name}: each packet is in a session or counted");
        let uids: BTreeSet<_> = kept.sessions.iter().map(|session| &session.uid).collect();
        assert_eq!(uids.len(), kept.sessions.len(), "{name}: one uid for each session");
        (packets, sessions, count) = (packets + summary.packets, sessions + summary.sessions, count + 1);
    }
    println!("{count} captures, {packets} packets, {sessions} sessions");
}

#[test]
fn check_ins_of_rats_in_one_connection_are_seen() {
    // The first checks in every 13.5 s with other rounds between; retransmissions make it look faster.
    for (capture, port, low, high, times_min) in [
        ("cd010953-5faf-4054-86be-58c020c3a532.pcap", 4041, 12_000, 13_600, 12),
        ("9596cf60-0da6-47a7-a375-1f25ae32d843.pcap", 4782, 990, 1030, 35),
    ] {
        let Some(kept) = sample("pcap/asyncrat", capture) else { continue };
        let rounds = kept.of_kind(ExchangeKind::Data);
        let rounds: Vec<_> =
            rounds.into_iter().filter(|e| e.resp.port == port && e.orig_bytes > Some(0)).collect();
        let gaps = rounds.windows(2).map(|pair| pair[1].at.since(pair[0].at) / 1000);
        let regular = gaps.filter(|gap| (low..=high).contains(gap)).count();
        println!(
            "{capture}: {} rounds, median gap {} ms, {regular} regular",
            rounds.len(),
            median_gap_millis(&rounds)
        );
        assert!(regular >= times_min, "{regular}");
        let uids: BTreeSet<_> = rounds.iter().map(|exchange| &exchange.uid).collect();
        assert_eq!(uids.len(), 1, "one connection");
    }
}

#[test]
fn posts_tunnels_and_loops_are_counted() {
    if let Some(kept) = sample("pcap/caldera", "ragdoll.pcap") {
        let posts = kept.exchanges.iter().filter(|e| e.method.as_deref() == Some("POST"));
        assert_eq!(posts.filter(|e| e.path.as_deref() == Some("/weather")).count(), 9);
    }
    if let Some(kept) = sample("pcap/ndpi-tunnel", "dns-tunnel-iodine.pcap") {
        let nulls = kept.exchanges.iter().filter(|e| e.qtype == Some(10)).count();
        assert!(nulls > 200, "{nulls}");
        assert!(kept.exchanges.iter().all(|e| e.host.as_deref().unwrap().ends_with("pirate.sea")));
    }
    if let Some(kept) = sample("pcap/ndpi-tunnel", "dns_exfiltration.pcap") {
        assert_eq!(kept.of_kind(ExchangeKind::Dns).len(), 150);
    }
    if let Some(kept) = sample("pcap/slips", "test-cc-capture-1.pcap") {
        let hellos = kept.of_kind(ExchangeKind::Tls);
        let to_c2: Vec<_> =
            hellos.iter().filter(|e| e.resp.addr.to_string() == "141.193.213.21").copied().collect();
        let gap = median_gap_millis(&to_c2);
        println!("{} handshakes, median gap {gap} ms", to_c2.len());
        assert!(to_c2.len() >= 290 && (2150..2250).contains(&gap));
    }
}

#[test]
fn the_phone_names_its_apps() {
    let apps = |file: &str| {
        let kept = sample("mobile/pcapdroid", file)?;
        Some(
            kept.sessions
                .into_iter()
                .map(|session| (session.resp.port, session.transport, session.app))
                .collect::<Vec<_>>(),
        )
    };
    for (file, has_package) in
        [("SYNTHETIC_two_flows_trailer.pcap", false), ("SYNTHETIC_two_flows_uidmap.pcapng", true)]
    {
        let Some(apps) = apps(file) else { continue };
        println!("{file}: {apps:?}");
        assert!(!apps.is_empty());
        assert!(apps.iter().all(|(_, transport, app)| {
            *transport == Transport::Icmp
                || app.as_ref().is_some_and(|(uid, package, name)| {
                    *uid > 0 && package.is_some() == has_package && name.is_some()
                })
        }));
    }
    if let Some(apps) = apps("two_flows.pcap") {
        assert!(apps.iter().all(|(_, _, app)| app.is_none()));
    }
}
