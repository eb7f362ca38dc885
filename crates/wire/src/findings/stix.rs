//! One STIX 2.1 bundle: for each finding what was observed, and a sighting of ATT&CK's own technique.
//!
//! Ids are version 5 UUIDs of what the objects say (STIX 2.1 section 2.9), so the same findings are the same
//! bundle, and the same address in two bundles is one object. Times are those of the finding.

use super::json::write_json_line;
use super::standard::{
    PRODUCT, confidence_percent, headline, main_attack, pruned, technique_stix_id, uuid_of,
};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::{self, Write};
use std::net::IpAddr;
use undertone_core::finding::Finding;
use undertone_core::model::Timestamp;
use uuid::{Uuid, uuid};

/// Namespace of the ids of cyber-observable objects (STIX 2.1 section 2.9).
const OBSERVABLES: Uuid = uuid!("00abedb4-aa42-466c-9c01-fed23315a9b7");
/// Namespace of the ids of our other objects: made once, at random.
const OURS: Uuid = uuid!("5a2cbd29-5dd8-4b5c-9a14-3f8b6f1f3c0e");
/// Largest count that STIX allows in `number_observed` and `count`.
const COUNT_MAX: u64 = 999_999_999;
/// When our identity object was made: its first release.
const IDENTITY_TIME: &str = "2026-11-23T00:00:00.000Z";

/// Writes all findings as one bundle.
///
/// # Errors
/// The output's error.
pub fn write_stix<W: Write>(out: W, findings: &[&Finding]) -> io::Result<()> {
    // Objects by id: an address that two findings share is one object.
    let mut objects: BTreeMap<String, Value> = BTreeMap::new();
    let identity = identity();
    let identity_id = keep(&mut objects, identity);
    for finding in findings {
        add_finding(&mut objects, finding, &identity_id);
    }
    let all_ids: Vec<_> = objects.keys().cloned().collect();
    let id = format!("bundle--{}", uuid_of(&OURS, &all_ids.join(" ")));
    let objects: Vec<Value> = objects.into_values().collect();
    write_json_line(out, &json!({ "type": "bundle", "id": id, "objects": objects }))
}

fn add_finding(objects: &mut BTreeMap<String, Value>, finding: &Finding, identity: &str) {
    let (first, last) = (time(finding.first_seen), time(finding.last_seen));
    let refs = observables(objects, finding);
    let observed = our_object(
        "observed-data",
        &finding.id,
        json!({
            "created": last, "modified": last, "created_by_ref": identity,
            "first_observed": first, "last_observed": last,
            "number_observed": finding.events.clamp(1, COUNT_MAX),
            "object_refs": refs,
        }),
    );
    let observed = keep(objects, observed);
    let Some(technique) = main_attack(finding).and_then(|attack| technique_stix_id(attack.technique)) else {
        return;
    };
    let sighting = our_object(
        "sighting",
        &finding.id,
        json!({
            "created": last, "modified": last, "created_by_ref": identity,
            "description": headline(finding),
            "first_seen": first, "last_seen": last,
            "count": finding.events.min(COUNT_MAX),
            "confidence": confidence_percent(finding.confidence),
            "labels": finding.suppressed.as_ref().map(|_| json!(["suppressed"])),
            "sighting_of_ref": technique,
            "observed_data_refs": [observed],
            "where_sighted_refs": [identity],
            "external_references": [{ "source_name": PRODUCT, "external_id": finding.id }],
        }),
    );
    keep(objects, sighting);
}

/// Addresses, names, app and the traffic between them; the ids of all.
fn observables(objects: &mut BTreeMap<String, Value>, finding: &Finding) -> Vec<String> {
    let destination = &finding.destination;
    let mut add = |object: Value| keep(objects, object);
    let sources: Vec<_> = finding.device.addresses.iter().map(|ip| add(address(ip))).collect();
    let targets: Vec<_> = destination.addresses.iter().map(|ip| add(address(ip))).collect();
    let name = destination.name.as_ref().or(destination.domain.as_ref());
    // What is no host name must not stand as one (STIX 2.1 section 6.4); the sighting's description has it.
    let name = name.filter(|name| is_host_name(name));
    let mut domain = |name: &String| add(observable("domain-name", json!({ "value": name })));
    let name = name.map(&mut domain);
    let members = destination.members.iter().filter(|member| is_host_name(member));
    let members: Vec<String> = members.map(domain).collect();
    let app = finding.app.id.as_deref().unwrap_or("unknown app");
    let software = add(observable("software", json!({ "name": app })));
    let traffic = targets.first().or(name.as_ref()).map(|target| {
        let mut traffic = observable(
            "network-traffic",
            json!({
                "start": time(finding.first_seen), "end": time(finding.last_seen),
                "src_ref": sources.first(), "dst_ref": target, "dst_port": destination.ports.first(),
                "protocols": [protocol(&finding.service)],
            }),
        );
        // Required beside `end` (STIX 2.1 section 6.12), and no part of the id.
        if let Some(members) = traffic.as_object_mut() {
            members.insert("is_active".to_owned(), false.into());
        }
        add(traffic)
    });
    let mut refs: Vec<String> = [sources, targets, members].concat();
    refs.extend(name.into_iter().chain([software]).chain(traffic));
    refs.sort();
    refs.dedup();
    refs
}

fn identity() -> Value {
    our_object(
        "identity",
        PRODUCT,
        json!({
            "created": IDENTITY_TIME, "modified": IDENTITY_TIME, "name": PRODUCT, "identity_class": "system",
        }),
    )
}

fn address(address: &IpAddr) -> Value {
    let kind = if address.is_ipv4() { "ipv4-addr" } else { "ipv6-addr" };
    observable(kind, json!({ "value": address.to_string() }))
}

/// A cyber-observable object; its id is of its properties, which here are all id-contributing.
fn observable(kind: &str, properties: Value) -> Value {
    let properties = pruned(properties);
    // Keys of a JSON object are sorted here: the canonical form that the id is of.
    let id = format!("{kind}--{}", uuid_of(&OBSERVABLES, &properties.to_string()));
    typed(kind, id, properties)
}

fn our_object(kind: &str, name: &str, properties: Value) -> Value {
    let id = format!("{kind}--{}", uuid_of(&OURS, &format!("{kind} {name}")));
    typed(kind, id, pruned(properties))
}

fn typed(kind: &str, id: String, mut properties: Value) -> Value {
    if let Some(members) = properties.as_object_mut() {
        members.insert("type".to_owned(), kind.into());
        members.insert("spec_version".to_owned(), "2.1".into());
        members.insert("id".to_owned(), id.into());
    }
    properties
}

/// Keeps an object and returns its id.
fn keep(objects: &mut BTreeMap<String, Value>, object: Value) -> String {
    let id = object.get("id").and_then(Value::as_str).unwrap_or_default().to_owned();
    objects.insert(id.clone(), object);
    id
}

/// RFC 1123: labels of letters, digits and inner hyphens. Names on the wire are ASCII, other scripts as `xn--`.
fn is_host_name(name: &str) -> bool {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    name.len() <= 253 && name.split('.').all(is_label)
}

/// A protocol name as STIX wants it: lower case, letters, digits and `-`; `ip` for anything else.
fn protocol(service: &str) -> &str {
    let is_plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    if service == "unknown" || service.is_empty() || !service.bytes().all(is_plain) { "ip" } else { service }
}

/// STIX times have at least milliseconds; ours have microseconds.
fn time(time: Timestamp) -> String {
    time.to_string()
}
