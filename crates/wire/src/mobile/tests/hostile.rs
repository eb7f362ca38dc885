//! Any input at all: no panic, every row ends once, and no source claims another's.

use super::super::packages::UidMap;
use super::super::pcapdroid::PcapdroidCsv;
use super::super::usagestats::UtcOffset;
use super::super::{amapi, app_privacy, dump, edr, intrusion, netstats, pcapdroid, usagestats};
use super::Seen;
use crate::{RejectReason, inventory};
use proptest::prelude::*;

type Sniffer = fn(&[u8]) -> bool;

/// Sniffers by source.
const SNIFFERS: [(&str, Sniffer); 9] = [
    ("edr", edr::sniff),
    ("intrusion", intrusion::sniff),
    ("amapi", amapi::sniff),
    ("pcapdroid", pcapdroid::sniff),
    ("usagestats", usagestats::sniff),
    ("netstats", netstats::sniff),
    ("app_privacy", app_privacy::sniff),
    ("dump", dump::sniff),
    ("inventory", inventory::sniff),
];

fn claimed(head: &[u8]) -> Vec<&'static str> {
    SNIFFERS.iter().filter(|(_, sniff)| sniff(head)).map(|(name, _)| *name).collect()
}

/// One head of each source, and of inputs that belong to others.
const HEADS: [(&str, &str); 17] = [
    ("edr", r#"{"ts":1,"device_id":"a","kind":"state","state":"locked"}"#),
    ("intrusion", r#"{"new_event":{}}{"security_event":{"event_id":1}}"#),
    ("amapi", "{\n \"device\":\"enterprises/x/devices/y\", \"usageLogEvents\":["),
    ("amapi", r#"{"message":{"attributes":{"notificationType":"USAGE_LOGS"},"data":"#),
    (
        "pcapdroid",
        "IPProto,SrcIP,SrcPort,DstIp,DstPort,UID,App,Proto,Status,Info,BytesSent,BytesRcvd,PktsSent,PktsRcvd,FirstSeen,LastSeen\n6,",
    ),
    ("usagestats", "user=0\n  Last 24 hour events (timeRange=\"2026\" )\n"),
    ("netstats", "UID stats:\n  ident=[{type=0}] uid=1 set=DEFAULT tag=0x0\n"),
    ("app_privacy", r#"{"accessor":{},"type":"access"}"#),
    ("dump", "== dumpstate: 2026-09-27 12:00:00\n  NetworkStatsHistory: bucketDuration=7200"),
    ("inventory", "mac,device_id\n"),
    ("", r#"{"ts":1591367999.305988,"uid":"C1","id.orig_h":"10.0.0.1","id.orig_p":1,"proto":"tcp"}"#),
    ("", r#"{"_path":"conn","ts":"2026-01-01T00:00:00Z","uid":"C1","kind":"x"}"#),
    ("", r#"{"timestamp":"2026-01-01T00:00:00","event_type":"flow","flow_id":1,"src_ip":"10.0.0.1"}"#),
    ("", "#separator \\x09\n#path\tconn\n#fields\tts\tuid\n"),
    ("", r#"{"event":{"metadata":{"vendor":"Jamf"}},"type":"x"}"#),
    ("", r#"{"kind":"Event","apiVersion":"v1","ts":1}"#),
    ("", "\u{0}\u{1}binary"),
];

#[test]
fn each_input_is_claimed_by_its_source_alone() {
    for (source, head) in HEADS {
        let expected: Vec<&str> = Some(source).filter(|name| !name.is_empty()).into_iter().collect();
        for prefix in ["", "\u{feff}", " \r\n", "\u{feff}\n "] {
            assert_eq!(claimed(format!("{prefix}{head}").as_bytes()), expected, "{prefix:?}{head}");
        }
    }
}

/// Everything that parses, on one text.
fn parse_all(text: &[u8]) -> (Seen, usize) {
    let (mut seen, mut rows) = (Seen::default(), 0);
    let mut csv = PcapdroidCsv::new();
    for (number, line) in (1..).zip(text.split(|byte| *byte == b'\n')) {
        for parser in 0..5 {
            let before = seen.counts();
            match parser {
                0 => edr::parse_line(line, number, &mut seen),
                1 => intrusion::parse_line(line, number, &mut seen),
                2 => app_privacy::parse_line(line, number, &mut seen),
                3 => csv.parse_line(line, number, &mut seen),
                _ => amapi::parse_line(line, number, &mut seen),
            }
            let after = seen.counts();
            let ended = [after.0 > before.0, after.1 > before.1, after.2 > before.2];
            // A line of amapi holds many rows; of the others, one.
            assert!(parser == 4 || ended.iter().filter(|end| **end).count() <= 1);
            rows += usize::from(ended.contains(&true));
        }
    }
    amapi::parse(text, &mut seen);
    usagestats::parse(text, Some(UtcOffset::UTC), &mut seen);
    netstats::parse(text, &UidMap::from_dump(text), &mut seen);
    inventory::parse(text, &mut seen);
    (seen, rows)
}

#[test]
fn damage_far_behind_is_not_read_again_from_every_line() {
    let opened = 2000;
    let text = format!("{{\n\"usageLogEvents\":[]\n}}\n{}}}", "[\n".repeat(opened));
    let mut seen = Seen::default();
    amapi::parse(text.as_bytes(), &mut seen);
    // Each row of damage stands for having read to the end of the text: 16 times, and nearly so.
    assert!(seen.rejects.len() <= 18, "{} of {opened} lines", seen.rejects.len());
    let (line, reason, _) = seen.rejects.last().unwrap();
    assert_eq!((*reason, *line > 4), (RejectReason::LimitReached, true));
    // Of a batch that is printed over many lines, damage costs the rows that it hits.
    let event =
        "  {\n   \"eventType\": \"KEYGUARD_SECURED\",\n   \"eventTime\": \"2026-11-20T09:00:00Z\"\n  }";
    let batch = format!("{{\n \"device\": \"d\",\n \"usageLogEvents\": [\n{event},\n{event} oops\n ]\n}}\n");
    let mut seen = Seen::default();
    amapi::parse(format!("{batch}{}", batch.replace(" oops", "")).as_bytes(), &mut seen);
    assert!(seen.rejects.iter().all(|(_, reason, _)| *reason == RejectReason::BadJson), "{:?}", seen.rejects);
    assert_eq!(seen.counts().0, 2, "the batch behind is read");
}

fn fragments() -> impl Strategy<Value = Vec<u8>> {
    let words = prop::sample::select(vec![
        "{",
        "}",
        "[",
        "]",
        "\"",
        ":",
        ",",
        "\n",
        " ",
        "\\",
        "/",
        "=",
        "\u{660}",
        "\u{feff}",
        "é",
        "0",
        "-1",
        "1781041621662367888",
        "1e308",
        "\"kind\":\"state\"",
        "\"ts\":1777852991",
        "\"device_id\":\"d\"",
        "\"state\":\"locked\"",
        "{\"security_event\":",
        "\"event_id\":18446744073709551615",
        "\"event_time\":1781042586823",
        "\"keyguard_secured\":{}",
        "{\"connect_event\":",
        "\"ip_address\":\"/\"",
        "\"usageLogEvents\":[",
        "\"data\":\"e30=\"",
        "\"message\":",
        "IPProto,DstIp,FirstSeen,App,Info\n",
        "6,1.2.3.4,2026-11-20T09:05:00Z,",
        "time=\"2026-09-26 23:10:03\"",
        " type=1",
        " package=com.x",
        "UID stats:\n",
        " ident=[] uid=10147 set=DEFAULT",
        "NetworkStatsHistory: bucketDuration=7200\n",
        "\n   st=1790661600 rb=1 tb=2\n",
        "DUMP OF SERVICE usagestats:",
        "DUMP OF SERVICE package:",
        "Package [com.x] (",
        "userId=10147",
        "device_id,ip,mac\n",
        "- device_id: ",
        "devices:\n",
        "\"type\":\"networkActivity\"",
    ]);
    prop::collection::vec(words, 0..40).prop_map(|words| words.concat().into_bytes())
}

proptest! {
    #[test]
    fn nothing_panics_on_broken_rows(text in fragments(), flip in any::<(usize, u8)>()) {
        let mut text = text;
        if !text.is_empty() {
            let at = flip.0 % text.len();
            text[at] = flip.1;
        }
        let (seen, rows) = parse_all(&text);
        prop_assert!(seen.counts().0 + seen.counts().1 + seen.counts().2 >= rows);
        claimed(&text);
    }

    #[test]
    fn nothing_panics_on_any_bytes(text in prop::collection::vec(any::<u8>(), 0..300)) {
        parse_all(&text);
        claimed(&text);
    }
}

#[test]
fn nesting_does_not_overflow_the_stack() {
    for open in ["[", "{\"a\":", "{\"message\":", "{\"data\":[", "- ["] {
        parse_all(open.repeat(100_000).as_bytes());
        claimed(open.repeat(100_000).as_bytes());
    }
}
