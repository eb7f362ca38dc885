//! What a suppression hides, and what it does not.

use super::*;
use crate::attack::attacks_of;
use crate::finding::{FindingApp, FindingDestination, FindingDevice, MEMBERS_MAX};
use crate::model::Platform;

fn finding() -> Finding {
    Finding {
        id: "6f1c0a2b9d3e4f58".to_owned(),
        alert: true,
        day: Day::from_number(20_000),
        attack: attacks_of(Platform::Android, true),
        device: FindingDevice { id: "d-1".to_owned(), platform: Platform::Android, addresses: Vec::new() },
        app: FindingApp { id: Some("com.a".to_owned()), role: "tools".to_owned(), attribution: "name" },
        destination: FindingDestination {
            name: Some("cdn.example.net".to_owned()),
            domain: Some("example.net".to_owned()),
            addresses: vec!["203.0.113.9".parse().unwrap()],
            ports: vec![443],
            group: None,
            members: Vec::new(),
        },
        service: "tls".to_owned(),
        interval_median_secs: Some(300.0),
        ..Finding::default()
    }
}

fn record(matchers: Matchers) -> Suppression {
    Suppression { matchers, reason: "known".to_owned(), author: None, created: None, expires: None }
}

fn one(text: &str) -> Vec<String> {
    vec![text.to_owned()]
}

fn pinned() -> Matchers {
    Matchers {
        device: one("d-1"),
        app: one("com.a"),
        destination: one("example.net"),
        interval: Some(Band::Secs { from_secs: 240.0, to_secs: 375.0 }),
        ..Matchers::default()
    }
}

#[test]
fn a_record_hides_neither_another_device_nor_another_rhythm_nor_another_app() {
    let known = finding();
    assert!(pinned().fit(&known));
    let change = |change: fn(&mut Finding)| {
        let mut other = finding();
        change(&mut other);
        other
    };
    for other in [
        change(|f| f.device.id = "d-2".to_owned()),
        change(|f| f.interval_median_secs = Some(60.0)),
        change(|f| f.interval_median_secs = None),
        change(|f| f.app.id = Some("com.b".to_owned())),
        change(|f| f.app.id = None),
        change(|f| f.destination.domain = Some("example.org".to_owned())),
        change(|f| f.destination.domain = Some("notexample.net".to_owned())),
        change(|f| f.destination.group = Some("ja4=x".to_owned())),
    ] {
        assert!(!pinned().fit(&other), "{other:?}");
    }
}

#[test]
fn a_destination_is_a_domain_a_host_an_address_or_a_network() {
    let to = |value: &str| Matchers { destination: one(value), ..Matchers::default() };
    let named = finding();
    assert!(to("cdn.example.net").fit(&named) && to("example.net").fit(&named));
    // Many names share an address; a finding of a domain is not hidden by it.
    assert!(!to("203.0.113.9").fit(&named) && !to("ample.net").fit(&named) && !to("net.example").fit(&named));
    let mut lying = finding();
    lying.destination.name = Some("good.example.com".to_owned());
    assert!(!to("example.com").fit(&lying), "a name outside the domain decides nothing");
    let mut bare = finding();
    (bare.destination.domain, bare.destination.name) = (None, None);
    assert!(to("203.0.113.9").fit(&bare) && to("203.0.113.0/24").fit(&bare));
    assert!(!to("203.0.113.8").fit(&bare) && !to("198.51.100.0/24").fit(&bare));
    bare.destination.addresses.push("198.51.100.1".parse().unwrap());
    assert!(!to("203.0.113.0/24").fit(&bare), "one address elsewhere is elsewhere");
    let both = vec!["203.0.113.0/24".to_owned(), "198.51.100.1".to_owned()];
    assert!(Matchers { destination: both, ..Matchers::default() }.fit(&bare));
}

/// What ties a group together says nothing of where it goes: another group of the same stack and port goes elsewhere.
#[test]
fn a_group_is_hidden_by_its_name_or_by_all_of_its_members() {
    let to = |values: &[&str]| Matchers {
        destination: values.iter().map(|value| (*value).to_owned()).collect(),
        ..Matchers::default()
    };
    let group = |members: &[&str]| {
        let mut group = finding();
        group.destination.group = Some("ja4=x port=443".to_owned());
        (group.destination.domain, group.destination.name) = (None, None);
        group.destination.members = members.iter().map(|member| (*member).to_owned()).collect();
        group
    };
    let (known, other) = (group(&["203.0.113.9", "a.example"]), group(&["198.51.100.7", "a.example"]));
    let pinned = to(&["203.0.113.0/24", "a.example"]);
    assert!(pinned.fit(&known) && !pinned.fit(&other));
    assert!(!to(&["a.example"]).fit(&known), "one member of several");
    assert!(to(&["ja4=x port=443"]).fit(&known) && to(&["ja4=x port=443"]).fit(&other));
    // A list that may be cut says nothing of the rest.
    let long: Vec<String> = (0..MEMBERS_MAX).map(|n| format!("n{n}.a.example")).collect();
    let mut cut = group(&[]);
    assert!(!to(&["a.example"]).fit(&cut));
    cut.destination.members = long;
    assert!(!to(&["a.example"]).fit(&cut));
    cut.destination.members.pop();
    assert!(to(&["a.example"]).fit(&cut));
}

#[test]
fn the_day_of_the_finding_decides_about_expiry() {
    let mut ending = record(pinned());
    ending.expires = Some(Day::from_number(20_000));
    let mut earlier = finding();
    earlier.day = Day::from_number(19_999);
    let mut findings = [finding(), earlier];
    let uses =
        suppress(&[ending, record(Matchers { app: one("com.z"), ..Matchers::default() })], &mut findings);
    assert_eq!(uses, [RecordUse { hides: 1, too_late: 1 }, RecordUse::default()]);
    assert!(findings[0].suppressed.is_none());
    assert_eq!(findings[1].suppressed.as_ref().map(|s| s.reason.as_str()), Some("known"));
    // Marks of an earlier run do not stay.
    suppress(&[], &mut findings);
    assert!(findings[1].suppressed.is_none());
}

#[test]
fn the_id_is_of_what_is_hidden_alone() {
    let mut a = record(pinned());
    let id = a.id();
    assert_eq!(id.len(), 12);
    a.reason = "other".to_owned();
    a.expires = Some(Day::from_number(1));
    assert_eq!(a.id(), id);
    a.matchers.device.push("d-2".to_owned());
    assert_ne!(a.id(), id);
    let swapped = Matchers { device: vec!["d-2".into(), "d-1".into()], ..a.matchers.clone() };
    assert_eq!(record(swapped).id(), a.id());
    // A value moved to another list is another record.
    let device = record(Matchers { device: one("x"), ..Matchers::default() });
    assert_ne!(device.id(), record(Matchers { app: one("x"), ..Matchers::default() }).id());
}
