//! The learned baseline: written, read back, put in words, compared.

use super::*;
use undertone_core::baseline::{AppReach, Baseline, Bounds, Habits, Learned, Reach, Singles};
use undertone_core::device::{DeviceReport, Reported};
use undertone_core::model::Day;
use undertone_core::score::budget::Sight;
use undertone_core::score::history::FleetMaxima;
use undertone_core::series::{Destination, SeriesKey, Service};

fn sample(devices: u32, shared: &[(&str, u32)]) -> Learned {
    let (first_day, last_day) = (Day::from_number(20_577), Day::from_number(20_580));
    let mut learned = Learned { sight: Sight::Telemetry, ..Learned::default() };
    learned.span = Some((first_day, last_day));
    learned.singles =
        Singles { destinations: 7, apps: 1, app_destinations: 9, stacks: 0, app_stacks: 2, app_services: 1 };
    learned.baseline.devices = devices;
    learned.baseline.device_days = 4 * u64::from(devices);
    for (domain, devices) in shared {
        let reach = Reach { devices: *devices, polled: 1, first_day, last_day };
        let destination = Destination::Domain((*domain).into());
        learned.baseline.destinations.insert(destination.clone(), reach);
        learned.baseline.app_destinations.insert(("com.example.a".into(), destination), reach);
    }
    let address = Destination::Address([203, 0, 113, 9].into());
    learned.baseline.destinations.insert(address, Reach { devices: 2, polled: 0, first_day, last_day });
    learned.baseline.apps.insert("com.example.a".into(), AppReach { devices, personal_devices: 3 });
    learned.baseline.stacks.insert("t13d\u{1b}\"x".into(), 5);
    let app = || Box::from("com.example.a");
    learned.baseline.app_stack_devices.insert(app(), 9);
    learned.baseline.app_stacks.insert((app(), "okhttp".into()), 8);
    learned.baseline.app_services.insert((app(), Service::Tls), 12);
    learned.baseline.app_services.insert((app(), Service::Mqtt), 2);
    learned.maxima.first.add(0, 3 * u64::from(devices));
    learned.maxima.later.add(71, u64::from(devices));
    let mut habits = Habits::until(last_day);
    habits.add_device("d1", &[first_day, last_day]);
    let destination = Destination::Domain("own.example".into());
    let key = SeriesKey { app: Some("com.example.a".into()), destination, service: Service::Tls };
    habits.add_judged("d1", &key, last_day);
    habits.leave_open("d1", Some("com.example.a"), &key.destination, last_day);
    learned.habits = Some(habits);
    learned.baseline.count_networks();
    learned
}

/// What is learned of phones that reach one name, and nameless addresses of one network.
fn of_devices(devices: u8) -> Learned {
    let day = Day::from_number(20_577);
    let reached = |destination| Reported {
        app: Some("com.example.a".into()),
        destination,
        first_day: day,
        last_day: day,
        sightings: 3,
    };
    let mut baseline = Baseline::default();
    let mut maxima = FleetMaxima::default();
    for device in 0..devices {
        let address = Destination::Address([203, 0, 113, device / 2].into());
        let reached = vec![reached(Destination::Domain("a.example".into())), reached(address)];
        baseline.add_device(&DeviceReport { reached, days: vec![day], ..DeviceReport::default() });
        maxima.first.add(0, 1);
    }
    Learned::of(baseline, (maxima, None), Sight::Network, Bounds::default())
}

fn written(learned: &Learned) -> String {
    let mut out = Vec::new();
    write_learned(&mut out, learned).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn what_is_written_is_read_back() {
    let nameless = Destination::Address([203, 0, 113, 99].into());
    assert_eq!(of_devices(40).baseline.others_reaching(&nameless), 39, "a network is everybody's");
    for learned in
        [sample(40, &[("example.com", 40), ("example.org", 2)]), of_devices(40), Learned::default()]
    {
        let text = written(&learned);
        assert_eq!(parse_learned(text.as_bytes()), Ok(learned), "{text}");
    }
    let text = written(&sample(40, &[("example.com", 40)]));
    let entry = "{\"devices\":40,\"domain\":\"example.com\",\"first_day\":\"2026-05-04\",\"last_day\":\"2026-05-07\",\"polled\":1}";
    assert!(text.lines().any(|line| line.trim().trim_end_matches(',') == entry), "{text}");
}

#[test]
fn a_file_that_contradicts_itself_is_refused() {
    let good = written(&sample(40, &[("example.com", 40)]));
    for (from, to, says) in [
        ("\"devices\":40,\"domain\"", "\"devices\":41,\"domain\"", "41 devices"),
        ("\"devices\":40,\"domain\"", "\"devices\":1,\"domain\"", "2 to 40"),
        ("\"last_day\":\"2026-05-07\"}", "\"last_day\":\"2026-05-01\"}", "dates in order"),
        ("\"domain\":\"example.com\"", "\"domain\":\"\"", "empty"),
        ("[71,40]", "[71,39]", "device-days"),
        ("[71,40]", "[999,40]", "above the last"),
        (
            "\"has_common\": true,\n\"devices\": [\n [\"",
            "\"has_common\": true,\n\"devices\": [\n [\"x",
            "hexadecimal",
        ),
        ("\"bin_bans\":0.05", "\"bin_bans\":0.5", "bin_bans"),
        ("\"sight\": \"telemetry\"", "\"sight\": \"psychic\"", "sight"),
        ("\"schema_version\": 1", "\"schema_version\": 2", "version 2"),
        ("\"cut\": 0", "\"cuts\": 0", "cuts"),
        ("\"service\":\"mqtt\"", "\"service\":\"gopher\"", "fields"),
        ("\"stack\":\"okhttp\"", "\"service\":\"tls\"", "fields"),
        ("\"stack\":\"okhttp\"", "\"stack\":\"\"", "empty"),
    ] {
        let bad = good.replacen(from, to, 1);
        assert_ne!(bad, good, "{from}");
        let problems = parse_learned(bad.as_bytes()).unwrap_err();
        assert!(problems.iter().any(|problem| problem.text.contains(says)), "{to}: {problems:?}");
    }
    let cut = &good[..good.len() / 2];
    assert!(parse_learned(cut.as_bytes()).unwrap_err()[0].line > 5);
    let deep = "[".repeat(100_000);
    assert_eq!(parse_learned(deep.as_bytes()).unwrap_err().len(), 1);
}

#[test]
fn words_escape_what_others_wrote_and_count_what_is_not_named() {
    let mut out = Vec::new();
    let learned = sample(40, &[("example.com", 40), ("example.org", 4)]);
    write_learned_text(&mut out, &learned, 2).unwrap();
    let text = String::from_utf8(out).unwrap();
    for expected in [
        "40 devices, 160 device-days, 2026-05-04 to 2026-05-07",
        "destinations: 3 shared, 7 on one device",
        "100.0 %       40  example.com",
        "and 1 more",
        "com.example.a with okhttp",
        "services by app: 2 shared, 1 on one device",
        "too few",
    ] {
        assert!(text.contains(expected), "{expected}: {text}");
    }
    assert!(!text.contains('\u{1b}'), "{text}");
}

#[test]
fn differences_are_new_gone_and_changed() {
    let before = sample(40, &[("gone.example", 20), ("same.example", 20), ("grown.example", 4)]);
    let after = sample(80, &[("new.example", 8), ("same.example", 41), ("grown.example", 40)]);
    let mut out = Vec::new();
    let count = write_difference(&mut out, &before, &after, 10).unwrap();
    let text = String::from_utf8(out).unwrap();
    let lines: Vec<&str> = text.lines().filter(|line| line.ends_with(".example")).collect();
    let expected = ["  -  50.0 % ->   0.0 %  gone.example", "  ~  10.0 % ->  50.0 %  grown.example"];
    assert_eq!(&lines[..2], expected, "{text}");
    assert_eq!(lines[2], "  +   0.0 % ->  10.0 %  new.example", "{text}");
    assert_eq!(count, 9, "{text}");
    let mut same = Vec::new();
    assert_eq!(write_difference(&mut same, &after, &after, 10).unwrap(), 0);
}
