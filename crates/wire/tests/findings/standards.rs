//! ECS, `_bulk`, CEF, STIX, Navigator and Sigma: what their specifications ask for, by hand.

use crate::sample;
use serde_json::Value;
use std::collections::BTreeSet;
use undertone_core::finding::Finding;
use undertone_wire::findings::{Format, TerminalStyle, parse_finding};

fn samples() -> Vec<Finding> {
    let mut findings = vec![sample::alert(), sample::lead(), sample::below()];
    findings.extend(sample::HOSTILE.map(sample::hostile));
    findings
}

fn written(format: Format, findings: &[Finding]) -> String {
    let findings: Vec<&Finding> = findings.iter().collect();
    let mut out = Vec::new();
    format.write(&mut out, &findings, TerminalStyle::PLAIN).unwrap();
    String::from_utf8(out).unwrap()
}

fn rows(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn every_format_is_made_from_stored_findings_alone() {
    let findings = samples();
    let stored = written(Format::Jsonl, &findings);
    let back: Vec<Finding> = stored.lines().map(|line| parse_finding(line.as_bytes()).unwrap()).collect();
    for format in Format::ALL {
        assert_eq!(written(format, &findings), written(format, &back), "{}", format.name());
    }
}

#[test]
fn ecs_alerts_carry_the_fields_that_dashboards_use() {
    let findings = samples();
    let documents = rows(&written(Format::Ecs, &findings));
    assert_eq!(documents.len(), findings.len());
    let alert = &documents[0];
    assert_eq!(alert["@timestamp"], "2026-05-04T23:58:40.001000Z");
    assert_eq!(alert["event"]["kind"], "alert");
    assert_eq!(alert["event"]["severity"], 73);
    assert_eq!(alert["rule"]["id"], "AN1681");
    assert_eq!(alert["threat"]["technique"]["id"][0], "T1437");
    assert_eq!(alert["threat"]["technique"]["subtechnique"]["id"][0], "T1437.001");
    assert_eq!(alert["host"]["os"]["type"], "android");
    assert_eq!(alert["package"]["name"], "com.example.torch");
    assert_eq!(alert["source"]["ip"], "10.20.0.7");
    assert_eq!(alert["beacon_stats"]["interval"], 300.2);
    let lead = &documents[1];
    assert_eq!(lead["rule"]["id"], "DET0685");
    assert!(lead.get("package").is_none() && lead["threat"]["technique"].get("subtechnique").is_none());
}

#[test]
fn bulk_creates_each_document_under_the_findings_id() {
    let findings = samples();
    let rows = rows(&written(Format::Bulk, &findings));
    assert_eq!(rows.len(), 2 * findings.len());
    for (pair, finding) in rows.chunks(2).zip(&findings) {
        assert_eq!(pair[0]["create"]["_id"], finding.id.as_str());
        assert_eq!(pair[0]["create"]["_index"], "logs-undertone.findings-default");
        assert_eq!(pair[1]["event"]["id"], finding.id.as_str());
    }
}

#[test]
fn cef_lines_have_seven_header_fields_whatever_the_text() {
    let findings = samples();
    let text = written(Format::Cef, &findings);
    assert_eq!(text.lines().count(), findings.len());
    for (line, finding) in text.lines().zip(&findings) {
        let (syslog, cef) = line.split_once("CEF:").unwrap();
        assert!(
            syslog.starts_with('<')
                && syslog.contains(">1 2026-05-04T23:58:40.001000Z - undertone - finding - ")
        );
        assert_eq!(fields(cef, '|').len(), 8, "{line}");
        let extension = fields(cef, '|').pop().unwrap();
        let keys: Vec<_> =
            unescaped(&extension, '=').into_iter().map(|at| key_before(&extension, at)).collect();
        assert_eq!(keys.len(), keys.iter().collect::<BTreeSet<_>>().len(), "a key stands twice: {line}");
        check_syslog(syslog);
        check_lengths(&extension);
        let id = format!("externalId={}", finding.id);
        assert!(extension.contains(&id) && keys.iter().all(|key| key.chars().all(char::is_alphanumeric)));
    }
}

/// RFC 5424, section 6: priority and version, time, host, app, process, message id, structured data.
fn check_syslog(head: &str) {
    let (priority, rest) = head.strip_prefix('<').and_then(|text| text.split_once('>')).unwrap();
    assert!(priority.parse::<u8>().unwrap() <= 191 && priority.len() <= 3);
    let parts: Vec<&str> = rest.split(' ').collect();
    let [version, time, host, app, process, message, data, end] = parts[..] else { panic!("{head}") };
    assert_eq!(
        (version, host, app, process, message, data, end),
        ("1", "-", "undertone", "-", "finding", "-", "")
    );
    // At the most six digits of a second's fraction.
    assert!(time.len() == 27 && time.ends_with('Z'), "{time}");
}

/// No value is longer than `ArcSight`'s dictionary has room for, in characters before escaping.
fn check_lengths(extension: &str) {
    let starts = unescaped(extension, '=');
    for (at, next) in starts.iter().zip(starts.iter().skip(1).map(Some).chain([None])) {
        let key = key_before(extension, *at);
        let end = next.map_or(extension.len(), |next| *next - key_before(extension, *next).len() - 1);
        let value = &extension[at + 1..end];
        let most = match key {
            "app" => 31,
            "externalId" => 40,
            "act" => 63,
            "deviceExternalId" => 255,
            key if key.starts_with("cs") => 4000,
            _ => 1023,
        };
        // Two characters stand for an escaped one; a deceptive one is shown as its number.
        let escapes = value.matches('\\').count();
        let numbers = value.matches("\\\\u{").count() * "\\u{202e}".len();
        assert!(value.chars().count() <= most + escapes + numbers, "{key}: {value}");
    }
}

/// Where `wanted` stands without a backslash before it.
fn unescaped(text: &str, wanted: char) -> Vec<usize> {
    let mut found = Vec::new();
    let mut is_escaped = false;
    for (at, c) in text.char_indices() {
        if c == wanted && !is_escaped {
            found.push(at);
        }
        is_escaped = c == '\\' && !is_escaped;
    }
    found
}

/// The first seven fields and the rest.
fn fields(text: &str, separator: char) -> Vec<String> {
    let mut fields = Vec::new();
    let mut start = 0;
    for at in unescaped(text, separator).into_iter().take(7) {
        fields.push(text[start..at].to_owned());
        start = at + 1;
    }
    fields.push(text[start..].to_owned());
    fields
}

fn key_before(text: &str, at: usize) -> &str {
    text[..at].rsplit(' ').next().unwrap()
}

#[test]
fn a_stix_bundle_refers_to_what_it_holds() {
    let bundle: Value = serde_json::from_str(&written(Format::Stix, &samples())).unwrap();
    let objects = bundle["objects"].as_array().unwrap();
    let ids: BTreeSet<&str> = objects.iter().map(|object| object["id"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), objects.len());
    let kinds: BTreeSet<&str> = objects.iter().map(|object| object["type"].as_str().unwrap()).collect();
    for kind in
        ["identity", "sighting", "observed-data", "ipv4-addr", "ipv6-addr", "domain-name", "network-traffic"]
    {
        assert!(kinds.contains(kind), "{kind}");
    }
    for object in objects.iter().chain([&bundle]) {
        check_id(object);
    }
    for object in objects {
        assert_eq!(object["spec_version"], "2.1");
        for (key, value) in object.as_object().unwrap() {
            let refs: Vec<&str> = match value {
                Value::String(one) if key.ends_with("_ref") => vec![one],
                Value::Array(many) if key.ends_with("_refs") => {
                    many.iter().filter_map(Value::as_str).collect()
                }
                _ => continue,
            };
            assert!(!refs.is_empty(), "{key} of {object}");
            let known = |id: &&str| ids.contains(*id) || id.starts_with("attack-pattern--");
            assert!(refs.iter().all(known), "{key} of {object}");
        }
        // STIX 2.1 section 6.12: traffic that has ended is not active.
        assert!(object["end"].is_null() || object["is_active"] == false, "{object}");
        if object["type"] == "observed-data" {
            assert!(object["number_observed"].as_u64().unwrap() >= 1);
        }
    }
}

/// The id is the type and a version 5 UUID.
fn check_id(object: &Value) {
    let id = object["id"].as_str().unwrap();
    let (kind, uuid) = id.split_once("--").unwrap();
    assert_eq!(object["type"], kind);
    let parts: Vec<_> = uuid.split('-').map(str::len).collect();
    assert_eq!(parts, [8, 4, 4, 4, 12], "{id}");
    assert_eq!(&uuid[14..15], "5", "{id}");
}

#[test]
fn an_address_has_the_id_that_the_standard_gives_it() {
    // STIX 2.1 section 2.9: UUIDv5 of {"value":"203.0.113.9"}; computed with Python's uuid.uuid5.
    let bundle = written(Format::Stix, &[sample::alert()]);
    assert!(bundle.contains("ipv4-addr--39090fdc-366e-571f-ab5b-d05e2918f88f"), "{bundle}");
}

#[test]
fn a_navigator_layer_scores_each_technique_by_its_strongest_finding() {
    let layer: Value = serde_json::from_str(&written(Format::Navigator, &samples())).unwrap();
    assert_eq!(layer["domain"], "mobile-attack");
    assert_eq!(
        layer["versions"],
        serde_json::json!({ "attack": "19", "navigator": "5.1.0", "layer": "4.5" })
    );
    let techniques = layer["techniques"].as_array().unwrap();
    let ids: Vec<_> = techniques.iter().map(|technique| technique["techniqueID"].as_str().unwrap()).collect();
    assert_eq!(ids, ["T1437", "T1437.001"]);
    assert_eq!(techniques[1]["score"], 87.3);
    let none: Value = serde_json::from_str(&written(Format::Navigator, &[])).unwrap();
    assert_eq!(none["techniques"], serde_json::json!([]));
    for layer in [&layer, &none] {
        check_layer(layer);
    }
}

/// Keys and types by "ATT&CK Navigator Layer File Format Definition" 4.5: those that it requires, and none that it
/// does not know.
fn check_layer(layer: &Value) {
    let known = |object: &Value, required: &[&str], others: &[&str]| {
        let keys: BTreeSet<&str> = object.as_object().unwrap().keys().map(String::as_str).collect();
        for key in required {
            assert!(keys.contains(key), "{key} of {object}");
        }
        let foreign: Vec<_> =
            keys.iter().filter(|key| !required.contains(key) && !others.contains(key)).collect();
        assert!(foreign.is_empty(), "{foreign:?}");
    };
    known(
        layer,
        &["versions", "name", "domain"],
        &[
            "description",
            "techniques",
            "gradient",
            "legendItems",
            "links",
            "metadata",
            "sorting",
            "hideDisabled",
        ],
    );
    known(&layer["versions"], &["layer", "navigator"], &["attack"]);
    known(&layer["gradient"], &["colors", "minValue", "maxValue"], &[]);
    assert!(layer["gradient"]["colors"].as_array().unwrap().len() >= 2);
    for item in layer["legendItems"].as_array().unwrap() {
        known(item, &["label", "color"], &[]);
        let colour = item["color"].as_str().unwrap();
        assert!(colour.len() == 7 && colour.starts_with('#'), "{colour}");
    }
    for technique in layer["techniques"].as_array().unwrap() {
        known(
            technique,
            &["techniqueID"],
            &["tactic", "score", "comment", "enabled", "color", "metadata", "links", "showSubtechniques"],
        );
        assert!(technique["score"].is_number() && technique["comment"].is_string());
        assert_eq!(technique["tactic"], "command-and-control");
        for row in technique["metadata"].as_array().unwrap() {
            known(row, &["name", "value"], &[]);
            assert!(row["name"].is_string() && row["value"].is_string(), "{row}");
        }
        for link in technique["links"].as_array().unwrap() {
            known(link, &["label", "url"], &[]);
        }
    }
}

#[test]
fn the_sigma_rules_name_keys_that_findings_have() {
    let rules = written(Format::Sigma, &[]);
    let rules: Vec<&str> = rules.split("---\n").collect();
    let finding = &rows(&written(Format::Jsonl, &[sample::alert()]))[0];
    for (rule, level) in rules.iter().zip(["level: high", "level: medium"]) {
        let fields = rule.split_once("\nfields:\n").unwrap().1.split_once("\nfalsepositives:").unwrap().0;
        for field in fields.lines().map(|line| line.trim().trim_start_matches("- ")) {
            let value = field.split('.').fold(finding, |value, key| &value[key]);
            assert!(!value.is_null(), "{field}");
        }
        for key in ["title:", "id:", "logsource:", "detection:", "condition: alert and severe", level] {
            assert!(rule.contains(key), "{key}");
        }
    }
    // An alert has one of three severities, and one rule for each.
    for severity in ["medium", "high", "critical"] {
        let of = rules.iter().filter(|rule| rule.contains(&format!("      - {severity}\n")));
        assert_eq!(of.count(), 1, "{severity}");
    }
}
