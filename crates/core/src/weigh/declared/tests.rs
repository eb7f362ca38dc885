//! Declarations that are kept to and left.

use super::super::testing::Scene;
use super::*;
use std::collections::BTreeSet;

fn domain(name: &str) -> Destination {
    Destination::Domain(name.into())
}

/// Weight in tenths of a ban and element of each item.
fn weighed(scene: &Scene) -> Vec<(i32, &'static str)> {
    let found = weigh(&scene.case());
    #[expect(clippy::cast_possible_truncation, reason = "weights are below 10")]
    let rows = found.into_iter().map(|e| ((e.weight_bans * 10.0).round() as i32, e.element.unwrap().name()));
    rows.collect()
}

const ROLE: &str = "AppNetworkRoleBaseline";
const BEHAVIOR: &str = "AppNetworkBehaviorBaseline";

#[test]
fn a_declared_destination_excuses_and_a_complete_list_accuses() {
    let mut scene = Scene::over(Service::Tls);
    assert_eq!(weighed(&scene), []);
    scene.declared.destinations.roles.insert("tools".into(), BTreeSet::from([domain("r.example")]));
    assert_eq!(weighed(&scene), [], "a list that may have gaps says nothing of the rest");
    scene.declared.complete_roles.insert("tools".into());
    assert_eq!(weighed(&scene), [(10, ROLE)]);
    assert!(weigh(&scene.case())[0].text.contains("declared for tools (r.example)"));
    scene.declared.destinations.apps.insert("com.a".into(), BTreeSet::from([domain("x.example")]));
    assert_eq!(weighed(&scene), [(-30, ROLE)]);
    // Declared beats learned: nothing of the app's habits is weighed.
    assert!(super::super::app::weigh(&scene.case()).is_empty());
    let mut lookup = Scene::over(Service::Dns);
    lookup.key.destination = Destination::Address([9, 9, 9, 9].into());
    lookup.declared = scene.declared.clone();
    lookup.declared.complete_apps.insert("com.a".into());
    assert_eq!(weighed(&lookup), [], "a resolver is nobody's destination");
}

#[test]
fn a_declared_service_explains_an_odd_one_and_another_accuses() {
    let mut scene = Scene::over(Service::Mqtt);
    assert_eq!(weighed(&scene), [(4, BEHAVIOR)], "tools have no purpose for it");
    scene.declared.services.roles.insert("tools".into(), BTreeSet::from([Service::Tls]));
    assert_eq!(weighed(&scene), [(10, BEHAVIOR)]);
    scene.declared.services.apps.insert("com.a".into(), BTreeSet::from([Service::Mqtt, Service::Tls]));
    assert_eq!(weighed(&scene), [(-5, BEHAVIOR)]);
    scene.key.service = Service::Tls;
    assert_eq!(weighed(&scene), [(-1, BEHAVIOR)]);
}

#[test]
fn roles_have_purposes_for_protocols() {
    for (service, role, expected) in [
        (Service::Mqtt, "house_home", None),
        (Service::Mqtt, "house_and_home", None),
        (Service::Imap, "unknown", None),
        (Service::Imap, "communication", None),
        (Service::Imap, "games", Some("an app of the role `games` has no known purpose for imap")),
        (Service::Irc, "unknown", Some("irc is not what phones' apps usually speak")),
        (Service::Tls, "games", None),
    ] {
        let mut scene = Scene::over(service);
        scene.role = role;
        let found = weigh(&scene.case());
        assert_eq!(found.first().map(|item| item.text.as_str()), expected, "{role}");
    }
    let mut unknown = Scene::over(Service::Mqtt);
    unknown.key.app = None;
    assert!(weigh(&unknown.case()).is_empty(), "without an app there is no function to compare with");
}
