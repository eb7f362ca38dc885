//! OCSF events against the compiled schema of the standard: known attributes, required ones, types, enums and
//! "at least one of" rules, all the way down.

use crate::sample;
use serde_json::Value;
use std::path::Path;
use undertone_wire::findings::write_ocsf;

/// The compiled schema, `None` (with a notice) where the shared data is absent.
#[expect(clippy::print_stdout, reason = "a skipped test says so")]
fn schema() -> Option<Value> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let shared = std::env::var_os("UNDERTONE_SHARED").map_or_else(|| root.join("../shared"), Into::into);
    let path = shared.join("data/schemas/ocsf-1.8.0.json");
    let Ok(text) = std::fs::read_to_string(&path) else {
        println!("skipped: no OCSF schema (set UNDERTONE_SHARED)");
        return None;
    };
    Some(serde_json::from_str(&text).unwrap())
}

#[test]
fn events_are_valid_by_the_standards_own_schema() {
    let Some(schema) = schema() else { return };
    let mut findings = vec![sample::alert(), sample::lead(), sample::below()];
    findings.extend(sample::HOSTILE.map(sample::hostile));
    for finding in &findings {
        let mut out = Vec::new();
        write_ocsf(&mut out, &[finding]).unwrap();
        let event: Value = serde_json::from_slice(&out).unwrap();
        let mut errors = Vec::new();
        check_object(&schema, &schema["classes"]["detection_finding"], &event, "", &mut errors);
        assert!(errors.is_empty(), "{errors:#?}");
    }
}

/// What the class requires, written down here for machines that have not its schema.
#[test]
fn events_have_what_the_class_requires() {
    for finding in [sample::alert(), sample::lead(), sample::below(), sample::hostile("x")] {
        let mut out = Vec::new();
        write_ocsf(&mut out, &[&finding]).unwrap();
        let event: Value = serde_json::from_slice(&out).unwrap();
        for (at, wanted) in
            [("/category_uid", 2), ("/class_uid", 2004), ("/activity_id", 1), ("/type_uid", 200_401)]
        {
            assert_eq!(event.pointer(at), Some(&Value::from(wanted)), "{at}");
        }
        for at in ["/time", "/severity_id", "/finding_info/analytic/type_id", "/finding_info/first_seen_time"]
        {
            assert!(event.pointer(at).is_some_and(Value::is_i64), "{at}");
        }
        for at in ["/metadata/version", "/metadata/product/name", "/finding_info/uid", "/finding_info/title"]
        {
            assert!(event.pointer(at).is_some_and(Value::is_string), "{at}");
        }
        assert_eq!(event["metadata"]["version"], "1.8.0");
        assert_eq!(event["device"]["type_id"], if finding.lead { 0 } else { 5 });
        let attacks = event["finding_info"]["attacks"].as_array().unwrap();
        assert!(!attacks.is_empty() && attacks.iter().all(|attack| attack["tactic"]["uid"] == "TA0037"));
        assert!(event["anomaly_analyses"].as_array().is_some_and(|all| !all.is_empty()));
        let resource = &event["resources"][0];
        assert_eq!(resource["uid"].as_str(), finding.app.id.as_deref());
    }
}

#[test]
fn the_check_sees_what_is_wrong() {
    let Some(schema) = schema() else { return };
    let mut out = Vec::new();
    write_ocsf(&mut out, &[&sample::alert()]).unwrap();
    let event: Value = serde_json::from_slice(&out).unwrap();
    let errors_of = |change: &dyn Fn(&mut Value)| {
        let mut event = event.clone();
        change(&mut event);
        let mut errors = Vec::new();
        check_object(&schema, &schema["classes"]["detection_finding"], &event, "", &mut errors);
        errors.len()
    };
    assert_eq!(errors_of(&|_| {}), 0);
    assert_eq!(errors_of(&|event| event["severity_id"] = 42.into()), 1);
    assert_eq!(errors_of(&|event| event["invented"] = 1.into()), 1);
    assert_eq!(errors_of(&|event| event["time"] = "now".into()), 1);
    assert_eq!(errors_of(&|event| event["device"]["ip"] = "10.0.0.1000".into()), 1);
    assert_eq!(errors_of(&|event| event["evidences"][0]["dst_endpoint"]["port"] = 70_000.into()), 1);
    assert_eq!(errors_of(&|event| drop(event["finding_info"].as_object_mut().unwrap().remove("uid"))), 1);
}

fn check_object(schema: &Value, definition: &Value, object: &Value, at: &str, errors: &mut Vec<String>) {
    let (Some(attributes), Some(members)) = (definition["attributes"].as_object(), object.as_object()) else {
        errors.push(format!("{at}: not an object"));
        return;
    };
    for (key, value) in members {
        match attributes.get(key) {
            Some(attribute) => check_attribute(schema, attribute, value, &format!("{at}.{key}"), errors),
            None => errors.push(format!("{at}.{key}: unknown")),
        }
    }
    let profiles = object["metadata"]["profiles"].as_array().cloned().unwrap_or_default();
    for (key, attribute) in attributes {
        let applies = attribute["profile"].is_null() || profiles.contains(&attribute["profile"]);
        if attribute["requirement"] == "required" && applies && !members.contains_key(key) {
            errors.push(format!("{at}.{key}: required"));
        }
    }
    if let Some(any) = definition["constraints"]["at_least_one"].as_array()
        && !any.iter().any(|key| members.contains_key(key.as_str().unwrap()))
    {
        errors.push(format!("{at}: none of {any:?}"));
    }
}

fn check_attribute(schema: &Value, attribute: &Value, value: &Value, at: &str, errors: &mut Vec<String>) {
    if attribute["is_array"] == true {
        match value.as_array() {
            Some(items) => items.iter().for_each(|item| check_value(schema, attribute, item, at, errors)),
            None => errors.push(format!("{at}: not a list")),
        }
    } else {
        check_value(schema, attribute, value, at, errors);
    }
}

fn check_value(schema: &Value, attribute: &Value, value: &Value, at: &str, errors: &mut Vec<String>) {
    if let Some(known) = attribute["enum"].as_object()
        && !known.contains_key(&value.to_string())
        && !known.contains_key(value.as_str().unwrap_or_default())
    {
        errors.push(format!("{at}: {value} is not in the enum"));
    }
    let kind = attribute["type"].as_str().unwrap();
    let fits = match kind {
        "integer_t" | "long_t" | "timestamp_t" | "port_t" => value.is_i64() || value.is_u64(),
        "float_t" => value.is_number(),
        "boolean_t" => value.is_boolean(),
        "json_t" => true,
        "object" => value.is_object(),
        kind if kind.ends_with("_t") => value.is_string(),
        kind => {
            let definition = &schema["objects"][kind];
            return check_object(schema, definition, value, at, errors);
        }
    };
    if !fits || !is_in_bounds(&schema["types"][kind], value) {
        errors.push(format!("{at}: {value} is not of {kind}"));
    }
}

/// Pattern, length and range of a primitive type, as a JSON Schema.
fn is_in_bounds(kind: &Value, value: &Value) -> bool {
    let mut rules = serde_json::Map::new();
    for (from, to) in [("regex", "pattern"), ("max_len", "maxLength")] {
        if !kind[from].is_null() {
            rules.insert(to.to_owned(), kind[from].clone());
        }
    }
    for (at, to) in [(0, "minimum"), (1, "maximum")] {
        if let Some(bound) = kind["range"].get(at) {
            rules.insert(to.to_owned(), bound.clone());
        }
    }
    rules.is_empty() || jsonschema::draft202012::new(&Value::Object(rules)).unwrap().is_valid(value)
}
