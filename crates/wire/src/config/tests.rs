//! Configuration files: good, faulty and hostile ones.

use super::*;
use undertone_core::model::Platform;
use undertone_core::series::{Destination, Service};
use undertone_core::thresholds::{Kind, Scope, Thresholds};

fn problems(document: &str) -> Vec<String> {
    let found = parse_config(document.as_bytes()).unwrap_err();
    found.into_iter().map(|problem| format!("{}: {}", problem.line, problem.text)).collect()
}

#[test]
fn the_default_file_says_what_is_built_in() {
    let config = parse_config(DEFAULT_CONFIG.as_bytes()).unwrap();
    assert_eq!(config, Config::default());
    assert_eq!(config.thresholds.global, Thresholds::default());
    let root = node::parse(DEFAULT_CONFIG.as_bytes()).unwrap().unwrap();
    let Value::Map(entries) = root.value else { panic!("no mapping") };
    let keys: Vec<&str> = entries.iter().map(|entry| entry.key.as_str()).collect();
    assert_eq!(keys, ThresholdKey::ALL.map(ThresholdKey::name));
}

#[test]
fn every_default_has_meaning_unit_range_and_origin() {
    for block in DEFAULT_CONFIG.split("\n\n").filter(|block| !block.lines().all(|l| l.starts_with('#'))) {
        let key_line = block.lines().last().unwrap();
        let key = ThresholdKey::from_name(key_line.split(':').next().unwrap()).unwrap();
        let range = match key.kind() {
            Kind::Number { least, most } => format!("Range: {least} to {most}."),
            Kind::Secs { least, most } => format!("Range: {least} to {most}."),
            Kind::Flag => "Range: true, false.".to_owned(),
            Kind::Addresses => "Range: any.".to_owned(),
        };
        for word in ["# Unit: ", "# Origin: ", range.as_str()] {
            assert!(block.contains(word), "{key:?}: {word}");
        }
        assert!(!block.starts_with("# Unit"), "{key:?} says no meaning");
    }
}

#[test]
fn overrides_in_the_commented_example_are_valid() {
    let start = DEFAULT_CONFIG.find("# platforms:").unwrap();
    let uncommented: Vec<&str> = DEFAULT_CONFIG[start..]
        .lines()
        .filter(|line| !line.starts_with("# Declared") && *line != "#")
        .map(|line| line.strip_prefix("# ").unwrap_or(line))
        .collect();
    let config = parse_config(uncommented.join("\n").as_bytes()).unwrap();
    let scope = |platform, role, app| config.thresholds.for_series(Scope { platform, role, app });
    assert!((scope(Platform::Ios, "tools", None).https_cadence_anomaly_threshold - 0.001).abs() < 1e-12);
    let messenger = Some("com.example.messenger");
    assert!(!scope(Platform::Android, "communication", messenger).foreground_state_required);
    assert!(scope(Platform::Android, "communication", None).foreground_state_required);
    let torch = config.declared.services_of(Some("com.example.torch"), "tools").unwrap();
    assert!(torch.contains(&Service::Quic) && !torch.contains(&Service::Irc));
    let example = Destination::Domain("example.com".into());
    assert!(config.declared.expects(Some("any"), "weather", &example).is_some());
}

#[test]
fn every_problem_is_reported_with_its_line() {
    let found = problems(
        "beacon_interval_variance_treshold: 1\n\
         payload_symmetry_threshold: 1.5\n\
         foreground_state_required: perhaps\n\
         recent_user_interaction_window_secs: 1.5\n\
         sanctioned_resolvers: [1.1.1.1, resolver]\n\
         platforms:\n  andriod:\n    payload_entropy_threshold: 4\n  ios:\n    sanctioned_resolvers: []\n\
         apps:\n  com.example.a:\n    cadence_anomaly_threshold: high\n    cadence_anomaly_threshold: 0.1\n\
         roles: 7\n\
         app_network_behavior_baseline:\n  apps: {com.example.a: [tls, htpp]}\n  rols: {}\n\
         app_network_role_baseline:\n  roles:\n    weather: [localhost, example.com]\n",
    );
    let expected = [
        "1: unknown key `beacon_interval_variance_treshold`; did you mean `beacon_interval_variance_threshold`?",
        "2: `payload_symmetry_threshold` must be a number from 0 to 1, not `1.5`",
        "3: `foreground_state_required` must be `true` or `false`, not `perhaps`",
        "4: `recent_user_interaction_window_secs` must be a whole number of seconds from 0 to 86400, not `1.5`",
        "5: `sanctioned_resolvers`: `resolver` is no address",
        "7: unknown platform `andriod`, not `android` or `ios`; did you mean `android`?",
        "10: `sanctioned_resolvers` holds for the whole fleet: set it at the outermost level",
        "13: `cadence_anomaly_threshold` must be a number from 0.0000001 to 1, not `high`",
        "14: `cadence_anomaly_threshold` is given twice, first in line 13",
        "15: `roles` must be a mapping of keys to values",
        "17: unknown service `htpp`; did you mean `http`?",
        "18: unknown key `rols`; did you mean `roles`?",
        "21: `localhost` is neither an address nor a name below a public suffix",
    ];
    assert_eq!(found, expected);
}

#[test]
fn hostile_documents_are_refused_with_a_line() {
    for document in [
        "a: [b\n",
        "- list\n",
        "just text",
        "a: &x 1\nb: *x\n",
        &format!("a: {}{}", "[".repeat(5000), "]".repeat(5000)),
        "payload_entropy_threshold: .nan\n",
        "payload_entropy_threshold: 1e999\n",
        "? [complex]\n: 1\n",
    ] {
        assert!(!problems(document).is_empty(), "{document:.20}");
    }
    assert_eq!(parse_config(b"a: \xff").unwrap_err()[0].text, "not UTF-8");
    let many = (0..500).map(|n| format!("unknown{n}: 1")).collect::<Vec<_>>().join("\n");
    let found = problems(&many);
    assert_eq!(found.len(), 101);
    assert!(found[100].ends_with("and 400 more problems"), "{}", found[100]);
}

#[test]
fn an_empty_file_changes_nothing() {
    for document in ["", "\n# nothing\n---\n", "\u{feff}"] {
        assert_eq!(parse_config(document.as_bytes()), Ok(Config::default()), "{document:?}");
    }
}

#[test]
fn apps_are_a_role_each_or_a_role_and_a_name() {
    let document = "com.example.a: Tools\ncom.example.b: {role: games, name: 'B, the game'}\n";
    let indented = format!("apps:\n  {}", document.trim_end().replace('\n', "\n  "));
    for document in [document, &indented] {
        let apps = parse_apps(document.as_bytes()).unwrap();
        let expected = [("com.example.a", "tools"), ("com.example.b", "games")];
        assert_eq!(apps, expected.map(|(app, role)| (app.into(), role.into())).into());
    }
    let found = parse_apps(b"a.b: 7\nc.d: {rol: x}\ne.f: two words\na.b: tools\n").unwrap_err();
    let lines: Vec<u64> = found.iter().map(|problem| problem.line).collect();
    assert_eq!(lines, [1, 2, 3, 4], "{found:?}");
    assert!(found[1].text.contains("did you mean `role`"), "{found:?}");
}

#[test]
fn a_list_of_destinations_may_be_complete() {
    let text = "app_network_role_baseline:\n  apps:\n    com.a: {only: [example.com]}\n    com.b: example.net\n  roles:\n    \
                tools:\n      only: example.org\n";
    let declared = parse_config(text.as_bytes()).unwrap().declared;
    assert!(declared.complete_apps.contains("com.a") && !declared.complete_apps.contains("com.b"));
    assert!(declared.complete_roles.contains("tools"));
    assert_eq!(declared.destinations.apps["com.a"].len(), 1);
    let wrong = "app_network_role_baseline:\n  apps:\n    com.a: {onyl: [example.com]}\n\
                 app_network_behavior_baseline:\n  apps:\n    com.a: {only: [tls]}\n";
    let problems = parse_config(wrong.as_bytes()).unwrap_err();
    assert!(problems[0].text.contains("did you mean `only`?"), "{problems:?}");
    assert!(problems[1].line == 6 && problems[1].text.contains("must be a list"), "{problems:?}");
}
