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
