//! A fleet as a reader of its files sees it.

use crate::support::{Written, fleet};
use std::collections::{BTreeMap, BTreeSet};
use undertone_simulate::{Channel, Error, FleetOptions, ImplantPin, Law, LogFormat, write_fleet};

fn small() -> FleetOptions {
    FleetOptions { devices: 40, days: 1, seed: 5, infected: 12, lines: Some(1), ..FleetOptions::default() }
}

#[test]
fn the_same_seed_gives_the_same_bytes_on_any_number_of_threads() {
    let one = fleet(&FleetOptions { threads: 1, ..small() });
    let three = fleet(&FleetOptions { threads: 3, ..small() });
    assert!(one.files() == three.files());
    let other = fleet(&FleetOptions { seed: 6, ..small() });
    assert!(one.files() != other.files());
}

#[test]
fn without_telemetry_the_network_says_the_same() {
    let with = fleet(&small());
    let without = fleet(&FleetOptions { edr: false, ..small() });
    let names: BTreeSet<_> = without.files().into_keys().collect();
    assert!(names.iter().all(|name| !name.starts_with("edr") && !name.starts_with("phones")));
    let mut with = with.files();
    with.retain(|name, _| names.contains(name));
    assert!(with == without.files());
}

/// Rows of conn.log per (device address, responder address, port), and dns.log names per device address.
struct Seen {
    conns: BTreeMap<(String, String, String), u64>,
    names: BTreeMap<String, Vec<String>>,
    rows: u64,
}

fn seen(written: &Written) -> Seen {
    let mut out = Seen { conns: BTreeMap::new(), names: BTreeMap::new(), rows: 0 };
    written.rows("conn", |row| {
        let key = (row.get("id.orig_h"), row.get("id.resp_h"), row.get("id.resp_p"));
        *out.conns.entry((key.0.to_owned(), key.1.to_owned(), key.2.to_owned())).or_default() += 1;
        out.rows += u64::from(row.get("service") != "dns");
    });
    written.rows("dns", |row| {
        out.names.entry(row.get("id.orig_h").to_owned()).or_default().push(row.get("query").to_owned());
    });
    out
}

#[test]
fn truth_is_what_the_logs_show() {
    let written = fleet(&FleetOptions { days: 2, infected: 30, ..small() });
    let seen = seen(&written);
    let truth = written.json("truth.json");
    assert_eq!(truth.len(), 30);
    assert_eq!(written.summary.implants, 30);
    for row in &truth {
        let ip = row["ip"].as_str().unwrap();
        let (events, connections) = (row["events"].as_u64().unwrap(), row["connections"].as_u64().unwrap());
        assert!(events > 0 && connections >= events, "{row}");
        assert!(Channel::from_name(row["kind"].as_str().unwrap()).is_some(), "{row}");
        assert!(Law::from_name(row["law"].as_str().unwrap()).is_some(), "{row}");
        let found = if row["kind"] == "dns" {
            let suffix = format!(".{}", row["domain"].as_str().unwrap());
            seen.names[ip].iter().filter(|name| name.ends_with(&suffix)).count() as u64
        } else {
            let mut found = 0;
            for addr in row["addresses"].as_array().unwrap() {
                for port in row["ports"].as_array().unwrap() {
                    let key = (ip.to_owned(), addr.as_str().unwrap().to_owned(), port.to_string());
                    found += seen.conns.get(&key).copied().unwrap_or(0);
                }
            }
            found
        };
        // Popular addresses carry other traffic of the phone as well.
        match row["kind"].as_str().unwrap() {
            "dead_drop" | "fronting" => assert!(found >= connections, "{row} {found}"),
            _ => assert_eq!(found, connections, "{row}"),
        }
    }
}

#[test]
fn a_clean_fleet_is_the_same_world_without_implants() {
    let options = FleetOptions { infected: 12, ..small() };
    let infected = fleet(&options);
    let clean = fleet(&FleetOptions { clean: true, ..options });
    assert!(clean.json("truth.json").is_empty());
    assert_eq!(clean.read("rare_benign.json"), infected.read("rare_benign.json"));
    assert_eq!(clean.read("inventory.csv"), infected.read("inventory.csv"));
    let implants: u64 = infected
        .json("truth.json")
        .iter()
        .filter(|row| row["kind"] != "dns")
        .map(|row| row["connections"].as_u64().unwrap())
        .sum();
    assert_eq!(seen(&clean).rows + implants, seen(&infected).rows);
}

#[test]
fn honest_rare_senders_outnumber_implants_three_to_one() {
    for infected in [4, 40] {
        let written = fleet(&FleetOptions { infected, ..small() });
        let lively =
            written.json("rare_benign.json").iter().filter(|row| row["events"].as_u64() > Some(0)).count();
        assert!(lively >= 3 * infected as usize, "{lively} against {infected}");
    }
}

#[test]
fn zeek_headers_and_rows_agree() {
    let written = fleet(&small());
    let mut uids = BTreeSet::new();
    written.rows("conn", |row| {
        assert!(uids.insert(row.get("uid").to_owned()), "uid twice");
        let ts: f64 = row.get("ts").parse().unwrap();
        assert!((1_777_852_800.0..1_777_939_200.0).contains(&ts), "{ts}");
        assert!(row.get("id.orig_h").starts_with("10."));
    });
    let mut rows = uids.len() as u64;
    for log in ["dns", "ssl", "http"] {
        written.rows(log, |row| {
            rows += 1;
            assert!(uids.contains(row.get("uid")), "{log} row without its conn row");
        });
        let text = written.read(&format!("zeek/2026-05-04/{log}.log"));
        let columns =
            |key: &str| text.lines().find(|line| line.starts_with(key)).unwrap().split('\t').count();
        assert_eq!(columns("#fields"), columns("#types"));
    }
    assert_eq!(rows, written.summary.zeek_lines);
}

#[test]
fn json_logs_say_the_same_as_tsv() {
    let tsv = fleet(&small());
    let json = fleet(&FleetOptions { format: LogFormat::Json, ..small() });
    assert_eq!(tsv.summary.zeek_lines, json.summary.zeek_lines);
    let text = json.read("zeek/2026-05-04/conn.log");
    let mut lines = text.lines();
    tsv.rows("conn", |row| {
        let line: serde_json::Value = serde_json::from_str(lines.next().unwrap()).unwrap();
        assert_eq!(line["uid"], row.get("uid"));
        assert_eq!(line["id.resp_p"].to_string(), row.get("id.resp_p"));
        assert_eq!(line.get("service").map_or("-", |service| service.as_str().unwrap()), row.get("service"));
        assert_eq!(line.get("orig_bytes").map_or("-".to_owned(), ToString::to_string), row.get("orig_bytes"));
    });
    assert_eq!(lines.next(), None);
    for log in ["dns", "ssl", "http"] {
        for line in json.read(&format!("zeek/2026-05-04/{log}.log")).lines() {
            let row: serde_json::Value = serde_json::from_str(line).unwrap();
            assert_eq!(row["_path"], log);
        }
    }
}

#[test]
fn phones_speak_four_formats() {
    let written = fleet(&FleetOptions { devices: 40, ..small() });
    let mut kinds: BTreeMap<String, usize> = BTreeMap::new();
    for line in written.read("edr/2026-05-04/mobile-edr.ndjson").lines() {
        let row: serde_json::Value = serde_json::from_str(line).unwrap();
        assert!(row["ts"].as_str().unwrap().ends_with('Z'));
        *kinds.entry(row["kind"].as_str().unwrap().to_owned()).or_default() += 1;
    }
    let names: Vec<&str> = kinds.keys().map(String::as_str).collect();
    assert_eq!(names, ["connection", "lookup", "push", "state", "usage"]);
    let mut found = 0;
    for (name, bytes) in written.files() {
        let text = String::from_utf8(bytes).unwrap();
        let name = name.to_string_lossy().into_owned();
        if name.starts_with("phones") && name.contains("pcapdroid") {
            found += 1;
            assert!(text.lines().all(|line| line.split(',').count() == 17));
        } else if name.starts_with("phones") {
            found += 1;
            assert!(text.lines().all(|line| serde_json::from_str::<serde_json::Value>(line).is_ok()));
        }
        if name.starts_with("phones") {
            assert!(text.lines().count() > 20, "{name}");
        }
    }
    assert_eq!(found, 3);
}

#[test]
fn a_pin_fixes_every_implant() {
    let pin = ImplantPin {
        kind: Some(Channel::Https),
        period_secs: Some(300.0),
        jitter: Some(0.2),
        miss: Some(0.1),
        law: Some(Law::OneSided),
        campaign: Some(6),
        after_days: None,
    };
    let written = fleet(&FleetOptions { pin, ..small() });
    let truth = written.json("truth.json");
    let apps: BTreeSet<&str> = truth.iter().map(|row| row["domain"].as_str().unwrap_or_default()).collect();
    assert_eq!(apps.len(), 2);
    for row in &truth {
        assert_eq!((&row["kind"], &row["law"]), (&"https".into(), &"one_sided".into()));
        assert_eq!(row["period_secs"], 300);
        let events = row["events"].as_u64().unwrap();
        assert!((100..300).contains(&events), "{row}");
    }
}

#[test]
fn every_channel_and_law_leaves_a_trace() {
    for channel in Channel::ALL {
        let pin = ImplantPin { kind: Some(channel), ..ImplantPin::default() };
        let options = FleetOptions { devices: 3, infected: 3, days: 2, pin, edr: false, ..small() };
        let truth = fleet(&options).json("truth.json");
        assert!(truth.iter().all(|row| row["kind"] == channel.as_str()));
        assert!(truth.iter().any(|row| row["events"].as_u64() > Some(3)), "{channel:?}");
    }
    for law in Law::ALL {
        let pin = ImplantPin {
            kind: Some(Channel::Https),
            law: Some(law),
            period_secs: Some(600.0),
            ..ImplantPin::default()
        };
        let options = FleetOptions { devices: 3, infected: 3, pin, edr: false, ..small() };
        let truth = fleet(&options).json("truth.json");
        assert!(truth.iter().any(|row| row["events"].as_u64() > Some(10)), "{law:?}");
    }
}

#[test]
fn wrong_options_are_refused() {
    let check = |options: FleetOptions, name: &str| {
        let folder = tempfile::tempdir().unwrap();
        match write_fleet(&options, folder.path()) {
            Err(Error::Option { option, .. }) => assert_eq!(option, name),
            other => panic!("{other:?}"),
        }
    };
    check(FleetOptions { devices: 0, infected: 0, ..small() }, "devices");
    check(FleetOptions { days: 91, ..small() }, "days");
    check(FleetOptions { infected: 41, ..small() }, "infected");
    check(
        FleetOptions { pin: ImplantPin { jitter: Some(2.0), ..ImplantPin::default() }, ..small() },
        "jitter",
    );
}

#[test]
fn implants_can_begin_after_clean_days() {
    let pin = ImplantPin { kind: Some(Channel::Https), after_days: Some(1), ..ImplantPin::default() };
    let written = fleet(&FleetOptions { pin, days: 2, ..small() });
    let truth = written.json("truth.json");
    assert!(!truth.is_empty());
    for domain in truth.iter().filter_map(|row| row["domain"].as_str()) {
        let speaks = |day: &str| {
            let log = written.read(&format!("zeek/{day}/ssl.log"));
            log.lines().any(|line| line.contains(domain))
        };
        assert!(!speaks("2026-05-04") && speaks("2026-05-05"), "{domain}");
    }
    let pin = ImplantPin { after_days: Some(2), ..ImplantPin::default() };
    let out = tempfile::tempdir().unwrap();
    let refused = write_fleet(&FleetOptions { pin, days: 2, ..small() }, &out.path().join("fleet"));
    assert!(matches!(refused, Err(Error::Option { option: "infected-after", .. })), "{refused:?}");
}
