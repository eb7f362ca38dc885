//! The capture reader over every sample capture.

mod support;

use support::{captures, read};

#[test]
fn every_sample_is_read() {
    for (name, bytes) in captures("pcap") {
        let (summary, kept) = read(&bytes);
        let data = kept.of_kind(undertone_core::model::ExchangeKind::Data).len();
        println!(
            "{name}: {} packets, {} sessions, {} exchanges ({data} data), rejects {:?}, ignored {:?}",
            summary.packets,
            summary.sessions,
            summary.exchanges,
            kept.rejects.iter().take(2).collect::<Vec<_>>(),
            kept.ignored
        );
    }
}

#[test]
fn peek() {
    for (name, bytes) in captures("pcap") {
        let wanted = [
            ("asyncrat", 4041),
            ("asyncrat", 7084),
            ("asyncrat", 4782),
            ("njrat", 15145),
            ("wechat.pcap", 5228),
        ];
        for (file, port) in wanted {
            if !name.contains(file) {
                continue;
            }
            let (_, kept) = read(&bytes);
            for s in kept.sessions.iter().filter(|s| s.resp.port == port) {
                println!("{name} {s:?}");
            }
            let mut last = 0;
            for e in kept.exchanges.iter().filter(|e| e.resp.port == port) {
                let at = e.at.micros();
                println!(
                    "  +{} {:?} {:?} {:?} {:?}",
                    (at - last) / 1000,
                    e.kind,
                    e.orig_bytes,
                    e.resp_bytes,
                    e.host
                );
                last = at;
            }
        }
        if name.ends_with("irc.pcap")
            || name.contains("async-01")
            || name.contains("websocket.pcap")
            || name.contains("bad-caplen")
            || name.contains("zeek-btest/smtp.pcap")
        {
            let (_, kept) = read(&bytes);
            for s in &kept.sessions {
                println!("{name} {s:?}");
            }
        }
    }
}
