//! undertone's own format: order of keys, precision, schema, and the way back.

use crate::sample;
use undertone_core::finding::{Finding, MEMBERS_MAX, Trace};
use undertone_wire::findings::{
    FindingError, Format, TerminalStyle, destination_label, destination_title, parse_finding,
    write_explanation, write_jsonl,
};

const SCHEMA: &str = include_str!("../../../../docs/finding.schema.json");

fn validator() -> jsonschema::Validator {
    jsonschema::draft202012::new(&serde_json::from_str(SCHEMA).unwrap()).unwrap()
}

fn jsonl(findings: &[&Finding]) -> String {
    let mut out = Vec::new();
    write_jsonl(&mut out, findings).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn every_kind_of_row_validates_against_the_committed_schema() {
    let validator = validator();
    let mut findings = vec![sample::alert(), sample::lead(), sample::below()];
    findings.extend(sample::HOSTILE.map(sample::hostile));
    for finding in &findings {
        let row: serde_json::Value = serde_json::from_str(&jsonl(&[finding])).unwrap();
        let errors: Vec<_> = validator.iter_errors(&row).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{errors:?}\n{row}");
    }
}

#[test]
fn the_schema_refuses_what_is_not_a_finding() {
    let validator = validator();
    let row: serde_json::Value = serde_json::from_str(&jsonl(&[&sample::alert()])).unwrap();
    for (key, wrong) in [
        ("score", serde_json::json!(101)),
        ("severity", serde_json::json!("severe")),
        ("lead", serde_json::json!(true)),
        ("first_seen", serde_json::json!("2026-05-04 00:03:11")),
        ("extra", serde_json::json!(1)),
    ] {
        let mut row = row.clone();
        row[key] = wrong;
        assert!(!validator.is_valid(&row), "{key}");
    }
}

#[test]
fn what_was_written_reads_back() {
    let mut findings = vec![sample::alert(), sample::lead(), sample::below()];
    findings.extend(sample::HOSTILE.map(sample::hostile));
    for finding in &findings {
        let line = jsonl(&[finding]);
        let back = parse_finding(line.trim_end().as_bytes()).unwrap();
        assert_eq!(jsonl(&[&back]), line);
        assert_eq!(back.destination, finding.destination);
        assert_eq!(back.attack, finding.attack);
        assert_eq!(back.first_seen, finding.first_seen);
    }
}

/// Numbers of 17 digits, too: a finding that is converted to itself is the same bytes.
#[test]
fn every_number_reads_back_to_its_last_digit() {
    for others in 1..2000_u32 {
        let mut finding = sample::alert();
        let p_value = 3.0 / f64::from(others + 64);
        finding.evidence[0].p_value = Some(p_value);
        finding.q_value = Some(p_value / 7.0);
        let line = jsonl(&[&finding]);
        let back = parse_finding(line.trim_end().as_bytes()).unwrap();
        assert_eq!(jsonl(&[&back]), line, "{p_value}");
    }
}

#[test]
fn a_full_trace_reads_back_and_stays_small() {
    let full = Finding {
        trace: Some(sample::trace(i64::try_from(Trace::CHECK_INS_MAX).unwrap())),
        ..sample::alert()
    };
    let line = jsonl(&[&full]);
    assert!(line.len() < 12_000, "{} bytes", line.len());
    let back = parse_finding(line.trim_end().as_bytes()).unwrap();
    assert_eq!(back.trace, full.trace);
    assert_eq!((back.app_usual, back.thresholds), (full.app_usual, full.thresholds));
}

#[test]
fn a_trace_that_does_not_fit_itself_is_refused() {
    let line = jsonl(&[&sample::alert()]);
    let error = |from: &str, to: &str| {
        assert!(line.contains(from), "{from}");
        parse_finding(line.replacen(from, to, 1).as_bytes()).unwrap_err().to_string()
    };
    assert!(error(r#""lock":"----------"#, r#""lock":""#).contains("trace.lock"));
    assert!(error(r#""lock":"-"#, r#""lock":"X"#).contains("trace.lock"));
    assert!(error(r#""of":"sessions""#, r#""of":"guesses""#).contains("trace.of"));
    assert!(error(r#""steps_ms":[0,"#, r#""steps_ms":[-1,"#).contains("trace.steps_ms"));
    let many = format!(r#""steps_ms":[0{},"#, ",1".repeat(2000));
    assert!(error(r#""steps_ms":[0,"#, &many).contains("too many"));
}

#[test]
fn numbers_that_are_not_finite_are_absent_or_refused() {
    let mut finding = sample::alert();
    finding.interval_median_secs = Some(f64::NAN);
    finding.q_value = Some(f64::INFINITY);
    let line = jsonl(&[&finding]);
    assert!(line.contains(r#""interval_median_secs":null"#) && line.contains(r#""q_value":null"#));
    finding.score = f64::NAN;
    let error = write_jsonl(Vec::new(), &[&finding]).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::InvalidData);
}

#[test]
fn foreign_lines_are_refused_with_a_reason() {
    let line = jsonl(&[&sample::alert()]);
    let change = |from: &str, to: &str| {
        assert!(line.contains(from), "{from}");
        parse_finding(line.replacen(from, to, 1).as_bytes()).unwrap_err()
    };
    assert!(matches!(change(r#""schema_version":1"#, r#""schema_version":2"#), FindingError::Version(2)));
    assert!(matches!(change("6f1c0a2b9d3e4f58", "../../etc"), FindingError::Value { field: "id", .. }));
    assert!(matches!(change("five_tuple", "guess"), FindingError::Value { field: "app.attribution", .. }));
    assert!(matches!(
        change(r#""AN1681"},"#, r#""AN1682"},"#),
        FindingError::Value { field: "attack.analytic", .. }
    ));
    assert!(matches!(change(r#""events":288"#, r#""events":-1"#), FindingError::Shape(_)));
    assert!(matches!(change("203.0.113.9", "203.0.113.900"), FindingError::Shape(_)));
    assert!(matches!(parse_finding(b""), Err(FindingError::Shape(_))));
    assert!(matches!(parse_finding(&[b'['; 1000]), Err(FindingError::Shape(_))));
    assert!(matches!(parse_finding(&vec![b' '; 2 << 20]), Err(FindingError::TooLong)));
    let many = line.replacen(r#""ports":[443]"#, &format!(r#""ports":[1{}]"#, ",1".repeat(2000)), 1);
    assert!(matches!(parse_finding(many.as_bytes()), Err(FindingError::TooMany("destination.ports"))));
}

#[test]
fn a_title_says_how_many_destinations_a_name_stands_for() {
    let mut destination = sample::alert().destination;
    destination.name = Some("a.example".to_owned());
    for (members, title) in [
        (0, "a.example"),
        (1, "a.example"),
        (20, "a.example and 19 more"),
        (MEMBERS_MAX, "a.example and at least 63 more"),
    ] {
        destination.members = (0..members).map(|n| format!("d{n}.example")).collect();
        assert_eq!(destination_title(&destination), title);
        assert_eq!(destination_label(&destination), "a.example");
        let finding = Finding { destination: destination.clone(), ..sample::alert() };
        let mut explained = Vec::new();
        write_explanation(&mut explained, &finding, TerminalStyle::PLAIN).unwrap();
        for shown in [written(Format::Table, &finding), written(Format::Html, &finding), explained] {
            assert!(String::from_utf8(shown).unwrap().contains(title), "{title}");
        }
    }
    // Without a name the title is what ties the group.
    let lead = sample::lead().destination;
    assert_eq!(Some(destination_title(&lead)), lead.group);
}

fn written(format: Format, finding: &Finding) -> Vec<u8> {
    let mut out = Vec::new();
    format.write(&mut out, &[finding], TerminalStyle::PLAIN).unwrap();
    out
}
