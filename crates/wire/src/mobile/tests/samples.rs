//! The shared samples, where they are: each is claimed by its source, and every row of it is used or ignored.
//!
//! The folder is found by `UNDERTONE_SHARED` (the folder that holds `data`), else beside the workspace.

use super::super::packages::UidMap;
use super::super::pcapdroid::PcapdroidCsv;
use super::super::usagestats::UtcOffset;
use super::super::{amapi, app_privacy, intrusion, netstats, pcapdroid, usagestats};
use super::Seen;
use std::path::PathBuf;

type Sniffer = fn(&[u8]) -> bool;

#[expect(clippy::print_stdout, reason = "a skipped sample must be seen")]
fn sample(name: &str) -> Option<Vec<u8>> {
    let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared");
    let shared = std::env::var_os("UNDERTONE_SHARED").map_or_else(|| PathBuf::from(beside), PathBuf::from);
    let found = std::fs::read(shared.join("data/mobile").join(name)).ok();
    if found.is_none() {
        println!("skipped: no sample {name}");
    }
    found
}

/// Reads a sample with its parser; checks that its own sniffer claims it.
fn read(name: &str, sniff: Sniffer, parse: impl FnOnce(&[u8], &mut Seen)) -> Option<Seen> {
    let text = sample(name)?;
    assert!(sniff(text.get(..4096).unwrap_or(&text)), "{name} is not recognised");
    let mut seen = Seen::default();
    parse(&text, &mut seen);
    assert!(seen.rejects.is_empty(), "{name}: {:?}", seen.rejects);
    Some(seen)
}

fn by_line(text: &[u8], mut parse: impl FnMut(&[u8], u64)) {
    (1..).zip(text.split(|byte| *byte == b'\n')).for_each(|(number, line)| parse(line, number));
}

#[test]
fn intrusion_logging() {
    let seen = read("intrusion_logging/real_pixel_excerpts.ndjson", intrusion::sniff, |text, seen| {
        by_line(text, |line, number| intrusion::parse_line(line, number, seen));
    });
    let Some(seen) = seen else { return };
    assert_eq!(seen.counts(), (5, 0, 2));
    assert_eq!(
        seen.telemetry[0],
        "2026-06-09T22:03:06.821000Z |android|org.thoughtcrime.securesms|-|-|- intrusion_logging lookup \
         cdn3.signal.org [2606:4700::6812:a2f,2606:4700::6812:b2f,104.18.11.47,104.18.10.47]"
    );
    assert_eq!(seen.ignored, ["intrusion_logging:app_process_start", "intrusion_logging:adb_sync_recv_file"]);
}

#[test]
fn android_management() {
    let name = "amapi/SYNTHETIC_batch_usage_log_events.json";
    let Some(seen) = read(name, amapi::sniff, amapi::parse) else { return };
    assert_eq!(seen.counts(), (3, 0, 1));
    assert!(seen.telemetry[1].contains(" 3a1b2c3d|android|com.example.torch|"));
}

#[test]
fn pcapdroid_csv() {
    let seen = read("pcapdroid/SYNTHETIC_connections.csv", pcapdroid::sniff, |text, seen| {
        let mut reader = PcapdroidCsv::new();
        by_line(text, |line, number| reader.parse_line(line, number, seen));
    });
    let Some(seen) = seen else { return };
    assert_eq!(seen.counts(), (4, 0, 0));
    assert!(seen.telemetry[3].starts_with("2026-11-20T07:01:11.002000Z |android|com.google.android.gms|"));
}

#[test]
fn dumps() {
    let seen = read("android_dumpsys/usagestats_excerpt.txt", usagestats::sniff, |text, seen| {
        usagestats::parse(text, Some(UtcOffset::UTC), seen);
    });
    assert!(seen.is_none_or(|seen| seen.counts() == (8, 0, 0)));
    let seen = read("android_dumpsys/netstats_detail_excerpt.txt", netstats::sniff, |text, seen| {
        netstats::parse(text, &UidMap::default(), seen);
    });
    let Some(seen) = seen else { return };
    assert_eq!(seen.counts(), (4, 0, 0));
    assert_eq!(
        seen.telemetry[0],
        "2026-09-29T06:00:00.000000Z |android|-|-|-|10147 netstats usage to 2026-09-29T08:00:00.000000Z 50/100 \
         foreground false"
    );
}

#[test]
fn app_privacy_report() {
    let parse = |text: &[u8], seen: &mut Seen| {
        by_line(text, |line, number| app_privacy::parse_line(line, number, seen));
    };
    let seen = read("ios_app_privacy/plaso_ios_app_privacy_report.ndjson", app_privacy::sniff, parse);
    assert!(seen.is_none_or(|seen| {
        let (records, _, ignored) = seen.counts();
        records + ignored == 72 && records == 64
    }));
    let seen = read("ios_app_privacy/apple_doc_example.ndjson", app_privacy::sniff, parse);
    assert!(seen.is_none_or(|seen| seen.counts() == (2, 0, 0)));
}

/// What belongs to other parsers, or to none yet, is claimed by nobody here.
#[test]
fn others_are_not_claimed() {
    let sniffers: [Sniffer; 8] = [
        super::super::edr::sniff,
        intrusion::sniff,
        amapi::sniff,
        pcapdroid::sniff,
        usagestats::sniff,
        netstats::sniff,
        app_privacy::sniff,
        crate::inventory::sniff,
    ];
    for name in [
        "amapi/amapi_usage_log_schemas.json",
        "attack/attack_objects_v19.1.json",
        "jamf/network_traffic_stream.ndjson",
        "jamf/threat_events_stream.ndjson",
        "lookout/mra_v2_threat.json",
        "zscaler/nss_web_example.json",
        "mvt/dumpsys_battery.txt",
        "mvt/DataUsage.sqlite",
        "pcapdroid/two_flows.pcap",
    ] {
        let Some(text) = sample(name) else { continue };
        let head = text.get(..4096).unwrap_or(&text);
        assert!(!sniffers.iter().any(|sniff| sniff(head)), "{name}");
    }
}
