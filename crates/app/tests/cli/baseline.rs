//! A fleet's baseline: learned, shown, compared, scanned with.

use crate::support::{Ended, run};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// A fleet of 30 phones on one day, learned.
struct Fleet {
    folder: TempDir,
}

impl Fleet {
    fn new(name: &str, extra: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let logs = folder.path().join(name);
        let fleet = ["simulate", logs.to_str().unwrap(), "--devices", "30", "--seed", "5"];
        let ended = run(&[&fleet[..], extra].concat());
        assert_eq!(ended.code, Some(0), "{}", ended.stderr);
        Self { folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn learn(&self, logs: &str, file: &str) -> Ended {
        let (logs, file) = (self.path(logs), self.path(file));
        run(&["baseline", "learn", logs.to_str().unwrap(), "-o", file.to_str().unwrap()])
    }

    /// Findings of a scan with these options.
    fn scan(&self, logs: &str, options: &[&str]) -> Vec<Value> {
        let logs = self.path(logs);
        let ended = run(&[&["scan", logs.to_str().unwrap(), "--all", "--format", "jsonl"], options].concat());
        assert_eq!(ended.code, Some(0), "{}", ended.stderr);
        ended.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

fn json(path: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// A phone whose clock is far ahead takes nothing from the memory of the others.
#[test]
fn one_wrong_clock_erases_no_memory() {
    let fleet = Fleet::new("logs", &[]);
    assert_eq!(fleet.learn("logs", "a.json").code, Some(0));
    let row = r#"{"_path":"conn","ts":4102444800.0,"uid":"Clate","id.orig_h":"10.16.0.10","id.orig_p":40000,"id.resp_h":"203.0.113.9","id.resp_p":443,"proto":"tcp"}"#;
    std::fs::write(fleet.path("logs").join("late.log"), row).unwrap();
    let ended = fleet.learn("logs", "b.json");
    assert!(ended.stderr.contains("wrong clock"), "{}", ended.stderr);
    let known = |file: &str| {
        let habits = json(&fleet.path(file))["habits"].clone();
        (habits["last_day"].clone(), habits["devices"].clone())
    };
    assert_eq!(known("a.json"), known("b.json"));
}

#[test]
fn a_baseline_is_learned_shown_compared_and_used() {
    let fleet = Fleet::new("logs", &["--infected", "2"]);
    let ended = fleet.learn("logs", "a.json");
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    let learned = json(&fleet.path("a.json"));
    let devices = learned["devices"].as_u64().unwrap();
    assert!(devices >= 30, "{devices}");
    for entry in learned["destinations"].as_array().unwrap() {
        assert!(entry["devices"].as_u64().unwrap() >= 2, "{entry}");
    }
    assert!(learned["seen_on_one_device"]["destinations"].as_u64().unwrap() > 0);

    let file = fleet.path("a.json").to_str().unwrap().to_owned();
    let shown = run(&["baseline", "show", &file]);
    assert_eq!(shown.code, Some(0), "{}", shown.stderr);
    assert!(shown.stdout.starts_with(&format!("{devices} devices, ")), "{}", shown.stdout);
    let same = run(&["baseline", "diff", &file, &file]);
    assert!(same.stdout.contains("\ndestinations: 0 differ"), "{}", same.stdout);
    assert_eq!(run(&["check", "--baseline", &file]).code, Some(0));

    // Learned again from the same bytes: the same bytes.
    fleet.learn("logs", "b.json");
    assert_eq!(std::fs::read(fleet.path("a.json")).unwrap(), std::fs::read(fleet.path("b.json")).unwrap());

    calibrates(&fleet, learned, &file);
    declares(&fleet);
}

/// A history that is long enough calibrates; a short one does not, and neither may be damaged.
fn calibrates(fleet: &Fleet, mut learned: Value, file: &str) {
    let calibrations = |findings: &[Value]| -> Vec<String> {
        findings.iter().map(|finding| text(&finding["calibration"]).to_owned()).collect()
    };
    let short = fleet.scan("logs", &["--baseline", file]);
    assert!(!short.is_empty() && calibrations(&short).iter().all(|said| said == "reference"));
    learned["device_days"] = 2000.into();
    learned["device_day_maxima"]["bins"] = serde_json::json!([[0, 1800], [60, 150], [70, 50]]);
    let long = fleet.path("long.json");
    std::fs::write(&long, learned.to_string()).unwrap();
    learned["later_device_day_maxima"]["bins"] = serde_json::json!([]);
    std::fs::write(&long, learned.to_string()).unwrap();
    let findings = fleet.scan("logs", &["--baseline", long.to_str().unwrap()]);
    assert!(calibrations(&findings).iter().all(|said| said == "history"), "{findings:?}");
    learned["device_days"] = 1999.into();
    std::fs::write(&long, learned.to_string()).unwrap();
    let logs = fleet.path("logs");
    let ended = run(&["scan", "--baseline", long.to_str().unwrap(), logs.to_str().unwrap()]);
    assert_eq!(ended.code, Some(78), "{}", ended.stderr);
}

/// What is declared reaches the findings by the element's name; so do roles and thresholds.
fn declares(fleet: &Fleet) {
    let plain = fleet.scan("logs", &[]);
    let finding = plain
        .iter()
        .find(|f| !f["app"]["id"].is_null() && !f["destination"]["domain"].is_null() && f["service"] == "tls")
        .unwrap();
    let (id, app) = (text(&finding["id"]), text(&finding["app"]["id"]));
    let config = fleet.path("config.yaml");
    let yaml = format!(
        "app_network_role_baseline:\n  apps:\n    {app}: [{}]\n\
         app_network_behavior_baseline:\n  roles:\n    sports: [mqtt]\n\
         apps:\n  {app}:\n    beacon_interval_variance_threshold: 0\n",
        text(&finding["destination"]["domain"])
    );
    std::fs::write(&config, yaml).unwrap();
    let apps = fleet.path("apps.yaml");
    std::fs::write(&apps, format!("{app}: sports\n")).unwrap();
    let options = ["--config", config.to_str().unwrap(), "--apps", apps.to_str().unwrap()];
    let declared = fleet.scan("logs", &options);
    let after = declared.iter().find(|f| text(&f["id"]) == id).unwrap();
    assert_eq!(after["app"]["role"], "sports");
    let weight = |element: &str, with: &str| {
        let evidence = after["evidence"].as_array().unwrap();
        let item = evidence.iter().find(|e| e["element"] == element && text(&e["text"]).contains(with));
        item.unwrap_or_else(|| panic!("no {element}: {after}"))["weight_bans"].as_f64().unwrap()
    };
    assert!(weight("AppNetworkRoleBaseline", "is declared as a destination") < 0.0);
    assert!(weight("AppNetworkBehaviorBaseline", "declared for") > 0.0);
    assert!(after["weight_bans"].as_f64().unwrap() < finding["weight_bans"].as_f64().unwrap());
    for item in after["evidence"].as_array().unwrap().iter().filter(|item| item["kind"] == "timing") {
        assert!(item["weight_bans"].as_f64().unwrap() < 0.01, "no rhythm is tight enough: {item}");
    }
}

#[test]
fn nothing_to_learn_from_leaves_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let (log, out) = (folder.path().join("log"), folder.path().join("baseline.json"));
    std::fs::write(&log, "").unwrap();
    let ended = run(&["baseline", "learn", log.to_str().unwrap(), "-o", out.to_str().unwrap()]);
    assert_eq!(ended.code, Some(65), "{}", ended.stderr);
    assert!(!out.exists());
    let ended = run(&["baseline", "show", log.to_str().unwrap()]);
    assert_eq!(ended.code, Some(78), "{}", ended.stderr);
}

/// The nightly job: what was learned of the days before and one new day say of each series what all days together say.
#[test]
fn a_learned_past_calls_nothing_new_that_the_days_themselves_know() {
    let fleet = Fleet::new("logs", &["--days", "3", "--infected", "3", "--infected-after", "2"]);
    let of_days = |days: &[&str]| -> Vec<String> {
        let folders =
            days.iter().flat_map(|day| ["zeek", "edr"].map(|of| format!("logs/{of}/2026-05-{day}")));
        let paths = folders.chain(["logs/inventory.csv".to_owned()]).map(|path| fleet.path(&path));
        paths.map(|path| path.to_str().unwrap().to_owned()).collect()
    };
    let file = fleet.path("learned.json").to_str().unwrap().to_owned();
    let past = of_days(&["04", "05"]);
    let learn =
        [&["baseline", "learn", "-o", &file][..], &past.iter().map(String::as_str).collect::<Vec<_>>()];
    assert_eq!(run(&learn.concat()).code, Some(0));
    let news = |paths: &[String], options: &[&str]| -> Vec<(String, bool)> {
        let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
        let ended = run(&[&["scan", "--all", "--format", "jsonl"], options, &paths[..]].concat());
        assert_eq!(ended.code, Some(0), "{}", ended.stderr);
        let findings = ended.stdout.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        let of_last = findings.filter(|finding| finding["day"] == "2026-05-06");
        let is_new = |finding: &Value| {
            let said = finding["evidence"].as_array().unwrap().iter().map(|item| text(&item["text"]));
            said.into_iter().any(|said| said.starts_with("new today"))
        };
        of_last.map(|finding| (text(&finding["id"]).to_owned(), is_new(&finding))).collect()
    };
    let nightly = news(&of_days(&["06"]), &["--baseline", &file]);
    let whole: BTreeMap<String, bool> = news(&of_days(&["04", "05", "06"]), &[]).into_iter().collect();
    assert!(whole.values().any(|is_new| *is_new), "the implants are new");
    let wrong: Vec<&String> = nightly
        .iter()
        .filter(|(id, is_new)| *is_new && whole.get(id) == Some(&false))
        .map(|(id, _)| id)
        .collect();
    assert!(wrong.is_empty(), "{} of {}: {wrong:?}", wrong.len(), nightly.len());
    let both = nightly.iter().filter(|(id, is_new)| *is_new && whole.get(id) == Some(&true)).count();
    assert!(both > 0, "nothing that is new is called so");
}

/// One phone that polls one server every five minutes of a day, with or without saying its name.
fn polled(day: i64, with_name: bool) -> String {
    let from = 1_790_000_000 - 1_790_000_000 % 86_400 + day * 86_400;
    let rows = (0..200).flat_map(|n| {
        let (at, uid) = (from + 3600 + n * 300, format!("C{day}n{n}"));
        let ends = r#""id.orig_h":"10.0.0.7","id.orig_p":40000,"id.resp_h":"203.0.113.9","id.resp_p":443"#;
        let conn = format!(
            r#"{{"_path":"conn","ts":{at},"uid":"{uid}",{ends},"proto":"tcp","service":"ssl","duration":0.5,"orig_bytes":700,"resp_bytes":900,"conn_state":"SF"}}"#,
        );
        let ssl = format!(r#"{{"_path":"ssl","ts":{at},"uid":"{uid}",{ends},"server_name":"api.example.net"}}"#);
        std::iter::once(conn).chain(with_name.then_some(ssl))
    });
    rows.collect::<Vec<_>>().join("\n") + "\n"
}

/// What a day without lookups and names shows only as an address is known by that address.
#[test]
fn a_place_is_remembered_by_its_addresses_too() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    std::fs::write(at("before.log"), polled(0, true) + &polled(1, true)).unwrap();
    std::fs::write(at("after.log"), polled(2, false)).unwrap();
    let learned = run(&["baseline", "learn", &at("before.log"), "-o", &at("known.json")]);
    assert_eq!(learned.code, Some(0), "{}", learned.stderr);
    let ended =
        run(&["scan", &at("after.log"), "--baseline", &at("known.json"), "--all", "--format", "jsonl"]);
    let finding: Value = serde_json::from_str(ended.stdout.lines().next().unwrap()).unwrap();
    assert!(finding["destination"]["name"].is_null());
    let said: Vec<&str> =
        finding["evidence"].as_array().unwrap().iter().map(|item| text(&item["text"])).collect();
    assert!(said.contains(&"the same on 2 days before, of 2 on which the phone was seen"), "{said:?}");
}

/// What alerted stays open through the nights, until somebody says that it is known.
#[test]
fn an_alert_stays_open_until_it_is_suppressed() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let write = |name: &str, text: &str| std::fs::write(at(name), text).unwrap();
    let elsewhere = |day| {
        polled(day, true).replace("203.0.113.9", "198.51.100.7").replace("api.example.net", "www.example.org")
    };
    write("before.log", &(elsewhere(0) + &elsewhere(1)));
    write("begun.log", &polled(2, true));
    write("next.log", &polled(3, true));
    let learn = |logs: &[&str], more: &[&str]| {
        let logs: Vec<String> = logs.iter().map(|name| at(name)).collect();
        let logs: Vec<&str> = logs.iter().map(String::as_str).collect();
        let file = at("known.json");
        let ended = run(&[&["baseline", "learn", "-o", &file], &logs[..], more].concat());
        assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    };
    let scan = |log: &str| -> (Value, Vec<String>) {
        let file = at("known.json");
        let ended = run(&["scan", &at(log), "--baseline", &file, "--all", "--format", "jsonl"]);
        let finding: Value = serde_json::from_str(ended.stdout.lines().next().unwrap()).unwrap();
        let evidence = finding["evidence"].as_array().unwrap();
        let said = evidence.iter().map(|item| text(&item["text"]).to_owned()).collect();
        (finding, said)
    };
    learn(&["before.log"], &[]);
    let (mut finding, said) = scan("begun.log");
    let new = "the phone was seen on 2 days before without it";
    assert!(said.contains(&format!("new today: {new}")), "{said:?}");
    // One phone is no fleet, and its leads are no alerts.
    (finding["alert"], finding["lead"]) = (true.into(), false.into());
    write("alerts.jsonl", &(finding.to_string() + "\n"));
    let known = "the same on 1 day before, of 3 on which the phone was seen".to_owned();
    learn(&["before.log", "begun.log"], &[]);
    assert!(scan("next.log").1.contains(&known), "{:?}", scan("next.log").1);
    let open = ["--alerts", &at("alerts.jsonl")];
    learn(&["before.log", "begun.log"], &open);
    let since = text(&finding["day"]);
    let told = format!(
        "an alert since {since} that nobody settled: {}",
        new.replace(" without", " that day without")
    );
    assert!(scan("next.log").1.contains(&told), "{:?}", scan("next.log").1);
    let id = text(&finding["id"]);
    let file = at("known.yaml");
    let suppress =
        ["suppress", "add", "--from", &at("alerts.jsonl"), id, "--reason", "ours", "--file", &file];
    assert_eq!(run(&suppress).code, Some(0));
    learn(&["before.log", "begun.log"], &[&open[..], &["--suppress", &file]].concat());
    assert!(scan("next.log").1.contains(&known), "{:?}", scan("next.log").1);
}
