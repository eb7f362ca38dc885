//! Properties of the log parsers: no input panics, every row is counted once, and the two formats agree.

mod common;

use common::Tally;
use proptest::prelude::*;
use undertone_wire::{eve, rfc3339, text, zeek};

const FIELDS: &str = "#path\tconn\n#fields\tts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tproto\tservice\tduration\torig_bytes\thistory\n";
const ROW: &str = "1777852991.120000\tCk2yB4\t10.20.0.7\t49152\t203.0.113.9\t443\ttcp\tssl\t1.5\t10\tShA";
const ZEEK_JSON: &str = r#"{"ts":1777852991.120000,"uid":"C\u00e9","id.orig_h":"10.20.0.7","id.orig_p":49152,"id.resp_h":"203.0.113.9","id.resp_p":53,"proto":"udp","query":"a.example","qtype":16,"answers":["TXT a\"b","c"],"rejected":false}"#;
const EVE: [&str; 3] = [
    r#"{"timestamp":"2026-05-04T00:03:11.120000+0000","flow_id":12,"event_type":"flow","src_ip":"10.20.0.7","src_port":49152,"dest_ip":"203.0.113.9","dest_port":443,"proto":"TCP","flow":{"pkts_toserver":3,"pkts_toclient":2,"bytes_toserver":706,"bytes_toclient":140,"start":"2026-05-04T00:03:00.000001+0000"},"tcp":{"tcp_flags_ts":"1b","tcp_flags_tc":"12"}}"#,
    r#"{"timestamp":"2026-05-04T00:03:11.120000+0000","flow_id":12,"event_type":"dns","src_ip":"10.20.0.7","src_port":49152,"dest_ip":"203.0.113.9","dest_port":53,"proto":"UDP","dns":{"type":"response","queries":[{"rrname":"a\u0041","rrtype":"A"}],"answers":[{"rdata":"1.2.3.4"}],"grouped":{"A":["x"]}}}"#,
    r#"{"timestamp":"2026-05-04T00:03:11.120000+0000","flow_id":12,"event_type":"mqtt","src_ip":"10.20.0.7","src_port":49152,"dest_ip":"203.0.113.9","dest_port":1883,"proto":"TCP","mqtt":{"subscribe":{"topics":[{"topic":"a"}]}}}"#,
];

/// A line with a few bytes replaced, inserted or cut off.
fn damaged(line: &'static str) -> impl Strategy<Value = Vec<u8>> {
    let edit = (
        any::<prop::sample::Index>(),
        prop::sample::select(b"\"\\{}[]:,\t-.e0x\x00\xff\xc3\n ".to_vec()),
        0..3_u8,
    );
    (prop::collection::vec(edit, 0..6), any::<prop::sample::Index>(), any::<bool>()).prop_map(
        move |(edits, cut, is_cut)| {
            let mut bytes = line.as_bytes().to_vec();
            for (at, byte, kind) in edits {
                let at = at.index(bytes.len());
                match kind {
                    0 => bytes[at] = byte,
                    1 => bytes.insert(at, byte),
                    _ => {
                        bytes.remove(at);
                    }
                }
            }
            if is_cut {
                bytes.truncate(cut.index(bytes.len() + 1));
            }
            bytes
        },
    )
}

fn is_row(line: &[u8]) -> u64 {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    u64::from(!line.strip_suffix(b"\r").unwrap_or(line).is_empty())
}

proptest! {
    #[test]
    fn a_damaged_tsv_row_counts_once(line in damaged(ROW)) {
        let header = zeek::Header::parse(FIELDS.as_bytes()).unwrap();
        let mut tally = Tally::default();
        zeek::parse_row(&header, &line, 1, &mut tally);
        let is_comment = line.starts_with(b"#");
        prop_assert_eq!(tally.rows(), if is_comment { 0 } else { is_row(&line) });
    }

    #[test]
    fn a_damaged_zeek_json_line_counts_once(line in damaged(ZEEK_JSON)) {
        let mut tally = Tally::default();
        zeek::json::parse_line(&line, 1, &mut tally);
        prop_assert_eq!(tally.rows(), is_row(&line));
    }

    #[test]
    fn a_damaged_eve_line_counts(line in prop_oneof![damaged(EVE[0]), damaged(EVE[1]), damaged(EVE[2])]) {
        let mut tally = Tally::default();
        eve::parse_line(&line, 1, &mut tally);
        prop_assert!(tally.rows() >= is_row(&line));
    }

    #[test]
    fn random_bytes_harm_nobody(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let mut tally = Tally::default();
        zeek::json::parse_line(&bytes, 1, &mut tally);
        eve::parse_line(&bytes, 1, &mut tally);
        let header = [FIELDS.as_bytes(), &bytes].concat();
        for block in [bytes.as_slice(), &header] {
            if let Some(header) = zeek::Header::parse(block) {
                zeek::parse_row(&header, &bytes, 1, &mut tally);
            }
            let _claimed = (zeek::sniff(block), zeek::json::sniff(block), eve::sniff(block));
        }
        let _none = rfc3339::parse_bytes(&bytes);
    }

    /// Whatever a JSON library writes, the cursor reads as the library does: the host of a DNS row.
    #[test]
    fn json_strings_are_read_as_serde_json_reads_them(name in "\\PC{0,40}|[\\x00-\\x7f]{0,20}", key in "x[a-z\"\\\\é]{1,6}") {
        let line = serde_json::json!({
            "_path": "dns", "ts": 1.5, "id.orig_h": "10.0.0.1", "id.resp_h": "10.0.0.2", "query": name,
            key: [{"nested": [name, null, 1.5e300, true]}],
        });
        let mut tally = Tally::default();
        zeek::json::parse_line(line.to_string().as_bytes(), 1, &mut tally);
        let host = (!name.is_empty()).then_some(name.as_str());
        prop_assert_eq!(tally.records.len(), 1);
        prop_assert!(tally.records[0].contains(&format!("host: {host:?},")), "{:?}", tally.records);
    }

    /// Nothing that a JSON library refuses becomes a record, save for what the cursor documents as lenient.
    #[test]
    fn what_serde_json_accepts_is_no_bad_json(line in damaged(ZEEK_JSON)) {
        let is_object = serde_json::from_slice::<serde_json::Map<String, serde_json::Value>>(&line).is_ok();
        let mut tally = Tally::default();
        zeek::json::parse_line(&line, 1, &mut tally);
        if is_object {
            prop_assert!(!tally.rejects.contains_key(&undertone_wire::RejectReason::BadJson));
        }
    }

    #[test]
    fn counts_and_addresses_are_read_as_the_standard_library_reads_them(
        number in any::<u64>(), v4 in any::<std::net::Ipv4Addr>(), v6 in any::<std::net::Ipv6Addr>(), other in "[0-9.]{0,16}"
    ) {
        prop_assert_eq!(text::count(&number.to_string()), Some(number));
        prop_assert_eq!(text::addr(&v4.to_string()), Some(v4.into()));
        prop_assert_eq!(text::addr(&v6.to_string()), Some(v6.into()));
        prop_assert_eq!(text::addr(&other), other.parse().ok());
    }

    #[test]
    fn times_survive_printing(micros in -60_000_000_000_000_000_i64..200_000_000_000_000_000) {
        let at = undertone_core::model::Timestamp::from_micros(micros);
        prop_assert_eq!(rfc3339::parse(&at.to_string()), Some(at));
    }
}
