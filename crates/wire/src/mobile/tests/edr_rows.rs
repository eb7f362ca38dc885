//! MobileEDR: the guide, the schema and the parser say the same.

use super::super::edr;
use super::{Seen, check_lines};
use crate::RejectReason;

const GUIDE: &str = include_str!("../../../../../docs/mobile-edr.md");
const SCHEMA: &str = include_str!("../../../../../docs/mobile-edr.schema.json");

/// The guide's examples, in its order.
fn examples() -> Vec<&'static str> {
    GUIDE.lines().filter(|line| line.starts_with('{')).collect()
}

fn read(text: &str) -> Seen {
    check_lines(text, edr::parse_line)
}

#[test]
fn the_guides_examples_parse_as_it_says() {
    let seen = read(&examples().join("\n"));
    assert_eq!(
        seen.telemetry,
        [
            "2026-05-04T00:03:11.120000Z d-0007|android|com.example.torch|-|-|- mobile_edr tcp \
             203.0.113.9:443 cdn.example.net from 10.20.0.7:41234 1180/4120 end 2026-05-04T00:03:12.400000Z okhttp x1",
            "2026-05-04T00:03:11.118000Z d-0007|android|com.example.torch|-|-|- mobile_edr \
             lookup cdn.example.net [203.0.113.9]",
            "2026-05-04T00:00:00.000000Z d-0007|android|-|-|-|- mobile_edr state Locked",
            "2026-05-04T00:00:00.000000Z d-0007|ios|com.example.notes|-|-|- mobile_edr \
             usage to 2026-05-04T02:00:00.000000Z 51200/204800 foreground false",
            "2026-05-04T00:03:10.900000Z d-0007|ios|com.example.notes|-|-|- mobile_edr push 812",
        ]
    );
    assert_eq!(seen.counts(), (5, 0, 0));
}

#[test]
fn the_schema_names_the_kinds_states_and_fields_of_the_parser() {
    let schema: serde_json::Value = serde_json::from_str(SCHEMA).unwrap();
    let properties = schema["properties"].as_object().unwrap();
    assert_eq!(properties["kind"]["enum"], serde_json::json!(edr::KINDS));
    let states: Vec<&str> = undertone_core::model::StateKind::NAMES.iter().map(|(_, name)| *name).collect();
    assert_eq!(properties["state"]["enum"], serde_json::json!(states));
    let mut named: Vec<&str> = properties.keys().map(String::as_str).collect();
    let mut known = edr::FIELDS.to_vec();
    named.sort_unstable();
    known.sort_unstable();
    assert_eq!(named, known);
    let validator = jsonschema::draft202012::new(&schema).unwrap();
    for example in examples() {
        let row: serde_json::Value = serde_json::from_str(example).unwrap();
        assert!(validator.is_valid(&row), "{example}");
        assert!(row.as_object().unwrap().keys().all(|key| known.contains(&key.as_str())), "{example}");
    }
}

#[test]
fn every_clock_and_spelling_is_read() {
    let seen = read(
        r#"{"kind":"push","ts":1777852991.118,"device_id":7,"uid":"10234"}
{"kind":"push","ts":"1777852991118000","device_id":"\u0037","platform":null,"future":{"a":[1,{}]}}
 {"kind":"push","ts":1777852991118000000,"device_id":"7","platform":"iPadOS","source":"acme"}

{"kind":"state","ts":"2026-05-04T02:03:11.118+02:00","device_id":"7","state":"USER_INTERACTION","app_id":""}"#,
    );
    let at = "2026-05-04T00:03:11.118000Z";
    assert_eq!(
        seen.telemetry,
        [
            format!("{at} 7|unknown|-|-|-|10234 mobile_edr push -"),
            format!("{at} 7|unknown|-|-|-|- mobile_edr push -"),
            format!("{at} 7|ios|-|-|-|- acme push -"),
            format!("{at} 7|unknown|-|-|-|- mobile_edr state UserInteraction"),
        ]
    );
    assert_eq!(seen.counts(), (4, 0, 0));
}

#[test]
fn every_other_row_is_rejected_or_ignored_once() {
    use RejectReason as R;
    let common = r#""ts":1777852991,"device_id":"7""#;
    let check = |body: &str, reason: RejectReason| {
        let line = format!("{{{common}{body}}}");
        let seen = read(&line);
        assert_eq!(seen.counts(), (0, 1, 0), "{line}");
        assert_eq!(seen.rejects[0].1, reason, "{line}");
    };
    check("", R::MissingField);
    check(r#","kind":"connection""#, R::MissingField);
    check(r#","kind":"connection","resp_ip":"1.2.3""#, R::BadAddress);
    check(r#","kind":"connection","resp_ip":"1.2.3.4","resp_port":65536"#, R::BadNumber);
    check(r#","kind":"connection","resp_ip":"1.2.3.4","orig_bytes":-1"#, R::BadNumber);
    check(r#","kind":"connection","resp_ip":"1.2.3.4","end_ts":1777852990"#, R::BadTimestamp);
    check(r#","kind":"lookup""#, R::MissingField);
    check(r#","kind":"state""#, R::MissingField);
    check(r#","kind":"state","state":"foreground""#, R::MissingField);
    check(r#","kind":"usage""#, R::MissingField);
    check(r#","kind":"usage","to":12"#, R::BadTimestamp);
    check(r#","kind":"push","bytes":[1]"#, R::BadNumber);
    check(r#","kind":"push","uid":9999999999"#, R::BadNumber);
    check(r#","kind":"push","kind":"push""#, R::BadJson);
    check(r#","kind":"push"}"#, R::BadJson);
    for line in ["[]", "7", "{", "nonsense", "[\"push\",1777852991,\"7\"]"] {
        let seen = read(line);
        assert_eq!((seen.counts(), seen.rejects[0].1), ((0, 1, 0), R::BadJson), "{line}");
    }
    let seen = read(&format!(
        "{{{common},\"kind\":\"threat\"}}\n{{{common},\"kind\":\"state\",\"state\":\"dozing\"}}"
    ));
    assert_eq!(seen.ignored, ["mobile_edr:threat", "mobile_edr:state:dozing"]);
    assert_eq!(seen.counts(), (0, 0, 2));
    let mut seen = Seen::default();
    edr::parse_line(b"{\"kind\":\"\xff\"}", 3, &mut seen);
    assert_eq!(seen.rejects[0], (3, R::NotUtf8, "line".to_owned()));
    let mut seen = Seen::default();
    edr::parse_line(&vec![b' '; 2 << 20], 4, &mut seen);
    assert_eq!(seen.rejects[0].1, R::LineTooLong);
}

#[test]
fn the_schema_refuses_what_the_parser_rejects() {
    let schema = serde_json::from_str(SCHEMA).unwrap();
    let validator = jsonschema::draft202012::new(&schema).unwrap();
    for body in [
        r#""kind":"connection","resp_port":443"#,
        r#""kind":"connection","resp_ip":"1.2.3.4","resp_port":65536"#,
        r#""kind":"connection","resp_ip":"1.2.3.4","orig_bytes":-1"#,
        r#""kind":"lookup""#,
        r#""kind":"state""#,
        r#""kind":"state","state":"background""#,
        r#""kind":"usage""#,
        r#""kind":"push","bytes":"many""#,
    ] {
        let line = format!("{{\"ts\":1777852991,\"device_id\":\"d\",{body}}}");
        assert!(!validator.is_valid(&serde_json::from_str(&line).unwrap()), "{line}");
        assert_eq!(read(&line).counts(), (0, 1, 0), "{line}");
    }
}
