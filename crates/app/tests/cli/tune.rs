//! Thresholds tried, past days run, coverage counted: on a small fleet of two days, simulated once.

use crate::support::run;
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// The fleet's folder; tests share it and change nothing in it.
fn fleet() -> PathBuf {
    static FLEET: OnceLock<PathBuf> = OnceLock::new();
    let folder = FLEET.get_or_init(|| {
        let fleet = Path::new(env!("CARGO_TARGET_TMPDIR")).join("fleet-of-two-days");
        if fleet.exists() {
            fs::remove_dir_all(&fleet).unwrap();
        }
        let args = ["simulate", fleet.to_str().unwrap(), "--devices", "6", "--days", "2", "--infected", "1"];
        assert_eq!(run(&args).code, Some(0));
        fleet
    });
    folder.clone()
}

fn at(path: &str) -> String {
    fleet().join(path).to_str().unwrap().to_owned()
}

fn rows(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// A past day is what `baseline learn` on the days before and `scan --baseline` give, to the byte.
#[test]
fn a_past_day_is_scanned_as_it_would_have_been() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (base, scanned, tested) = (path("base.json"), path("scan.jsonl"), path("backtest.jsonl"));
    let inventory = at("inventory.csv");
    let first = [at("zeek/2026-05-04"), at("edr/2026-05-04")];
    let learn = ["baseline", "learn", "-o", &base, "--inventory", &inventory, &first[0], &first[1]];
    assert_eq!(run(&learn).code, Some(0));
    let both = [at("zeek"), at("edr")];
    let inputs = ["--inventory", &inventory, &both[0], &both[1], "--all", "-o"];
    let ended = run(&[&["scan", "--baseline", &base][..], &inputs, &[&scanned]].concat());
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    let days = ["--from", "2026-05-05", "--to", "2026-05-05", "--format", "json"];
    let ended = run(&[&["backtest"][..], &inputs, &[&tested], &days].concat());
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    let scanned = fs::read_to_string(scanned).unwrap();
    let of_day: String =
        scanned.split_inclusive('\n').filter(|line| line.contains("\"day\":\"2026-05-05\"")).collect();
    assert!(of_day.lines().count() > 20 && of_day.len() < scanned.len());
    assert_eq!(fs::read_to_string(tested).unwrap(), of_day);
    let told = rows(&ended.stdout);
    assert_eq!(told.len(), 1);
    assert_eq!((&told[0]["day"], &told[0]["calibration"]), (&"2026-05-05".into(), &"reference".into()));
    assert!(told[0]["history_device_days"].as_u64().unwrap() >= 6);
}

#[test]
fn a_past_day_without_history_and_days_without_data_say_so() {
    let inputs = [at("zeek"), at("edr")];
    let first = run(&["backtest", &inputs[0], &inputs[1], "--to", "2026-05-04", "--format", "json", "-q"]);
    assert_eq!(rows(&first.stdout).last().unwrap()["day"], "2026-05-04");
    assert_eq!(rows(&first.stdout)[0]["history_device_days"], 0);
    let none = run(&["backtest", &inputs[0], "--from", "2026-06-01"]);
    assert_eq!(none.code, Some(65), "{}", none.stderr);
    assert_eq!(run(&["backtest", &inputs[0], "--from", "2026-06-01", "--to", "2026-05-01"]).code, Some(64));
    assert_eq!(run(&["backtest", &inputs[0], "--from", "yesterday"]).code, Some(64));
}

/// One wrong clock puts 56 years before the data, and as many empty days.
#[test]
fn only_days_that_hold_records_are_walked() {
    let folder = tempfile::tempdir().unwrap();
    let early = folder.path().join("early.log");
    let row = r#"{"_path":"conn","ts":1.0,"uid":"Cearly","id.orig_h":"10.16.0.10","id.orig_p":40000,"id.resp_h":"203.0.113.9","id.resp_p":443,"proto":"tcp"}"#;
    fs::write(&early, row).unwrap();
    let days = |more: &[&str]| {
        let ended = run(&[&["backtest", &at("zeek"), "--format", "json", "-q"], more].concat());
        assert_eq!(ended.code, Some(0), "{}", ended.stderr);
        rows(&ended.stdout).iter().map(|row| row["day"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let plain = days(&[]);
    assert!(plain.starts_with(&["2026-05-04".to_owned(), "2026-05-05".to_owned()]), "{plain:?}");
    assert_eq!(days(&[early.to_str().unwrap()]), [&["1970-01-01".to_owned()], &plain[..]].concat());
}

/// A file that cannot be read at all is told by the exit code, as `scan` does.
#[test]
fn every_command_says_that_a_file_could_not_be_read() {
    let folder = tempfile::tempdir().unwrap();
    let broken = folder.path().join("broken.gz");
    fs::write(&broken, b"\x1f\x8b\x08\x00 and no more").unwrap();
    let inputs = [at("zeek"), broken.to_str().unwrap().to_owned()];
    for command in [
        &["scan"][..],
        &["tune", "--set", "payload_symmetry_threshold=0.1"],
        &["backtest"],
        &["export", "coverage"],
        &["export", "navigator"],
    ] {
        let ended = run(&[command, &["-q", &inputs[0], &inputs[1]]].concat());
        assert_eq!(ended.code, Some(3), "{command:?}: {}", ended.stderr);
    }
}

/// What tune shows as "after" is what a scan with that configuration finds.
#[test]
fn tuning_shows_what_a_scan_would_find() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("config.yaml");
    fs::write(&config, "payload_symmetry_threshold: 0.05\nrecent_user_interaction_window_secs: 900\n")
        .unwrap();
    let inputs = [at("zeek"), at("edr")];
    let shown = |args: &[&str]| {
        let ended = run(&[&["scan", "--format", "jsonl", "-q", &inputs[0], &inputs[1]], args].concat());
        rows(&ended.stdout).iter().map(|row| row["id"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let (before, after) = (shown(&[]), shown(&["--config", config.to_str().unwrap()]));
    let set =
        ["--set", "payload_symmetry_threshold=0.05", "--set", "recent_user_interaction_window_secs=900"];
    let tune = ["tune", "--format", "json", "-q", &inputs[0], &inputs[1]];
    let ended = run(&[&tune[..], &set].concat());
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    let told = &rows(&ended.stdout)[0];
    let ids = |key: &str| -> Vec<String> {
        let rows = told[key].as_array().unwrap();
        rows.iter().map(|row| row["id"].as_str().unwrap().to_owned()).collect()
    };
    let missing = |from: &[String], of: &[String]| -> Vec<String> {
        let mut ids: Vec<String> = from.iter().filter(|id| !of.contains(id)).cloned().collect();
        ids.sort();
        ids
    };
    let sorted = |mut ids: Vec<String>| {
        ids.sort();
        ids
    };
    assert_eq!(sorted(ids("new")), missing(&after, &before));
    assert_eq!(sorted(ids("gone")), missing(&before, &after));
    let count = |key: &str| told[key]["alerts"].as_u64().unwrap() + told[key]["leads"].as_u64().unwrap();
    assert_eq!((count("before"), count("after")), (before.len() as u64, after.len() as u64));
    assert!(!ids("moved").is_empty() || !ids("new").is_empty() || !ids("gone").is_empty(), "{told}");
}

#[test]
fn a_sweep_has_a_row_for_each_value() {
    let (zeek, truth) = (at("zeek"), at("truth.json"));
    let sweep = ["--sweep", "destination_rarity_threshold=0.01..0.5:3", "--truth", &truth];
    let ended = run(&[&["tune", &zeek, "--format", "json", "-q"][..], &sweep].concat());
    let values: Vec<String> = rows(&ended.stdout)
        .iter()
        .map(|row| row["settings"]["destination_rarity_threshold"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(values, ["0.01", "0.07071", "0.5"]);
    assert_eq!(rows(&ended.stdout)[0]["after"]["implants"], 1);
    let table = run(&[&["tune", &zeek, "-q"][..], &sweep].concat());
    assert_eq!(table.stdout.lines().count(), 6, "{}", table.stdout);
    for args in [
        &["tune", &zeek][..],
        &["tune", &zeek, "--set", "destination_rarity=1"],
        &["tune", &zeek, "--set", "x"],
    ] {
        let ended = run(args);
        assert_eq!(ended.code, Some(64), "{}", ended.stderr);
    }
}

#[test]
fn coverage_says_what_the_data_cannot_show() {
    let (all, zeek) = (at(""), at("zeek"));
    let table = run(&["export", "coverage", &zeek, "-q"]);
    assert_eq!(table.code, Some(0), "{}", table.stderr);
    assert!(table.stdout.contains("lock state unknown for 6 of 6 devices"), "{}", table.stdout);
    let json =
        |path: &str| rows(&run(&["export", "coverage", path, "-q", "--format", "json"]).stdout).remove(0);
    let (bare, full) = (json(&zeek), json(&all));
    let share = |coverage: &Value, name: &str| {
        let elements = coverage["elements"].as_array().unwrap();
        assert_eq!(elements.len(), 10);
        let found = elements.iter().find(|element| element["element"] == name).unwrap();
        found["share"].as_f64()
    };
    assert_eq!(share(&bare, "NotificationWakeFrequencyThreshold"), Some(0.0));
    assert!(share(&full, "NotificationWakeFrequencyThreshold").unwrap() > 0.5);
    assert_eq!(share(&bare, "PayloadSymmetryThreshold"), Some(1.0));
    assert_eq!(share(&full, "AppNetworkRoleBaseline"), Some(0.0), "six phones are no fleet");
    let layer = rows(&run(&["export", "navigator", &zeek, "-q"]).stdout).remove(0);
    assert_eq!((&layer["domain"], &layer["versions"]["layer"]), (&"mobile-attack".into(), &"4.5".into()));
    assert_eq!(layer["techniques"].as_array().unwrap().len(), 2);
    assert_eq!(run(&["export", "navigator"]).code, Some(64));
    assert_eq!(run(&["export", "coverage", "absent"]).code, Some(65));
}

#[test]
fn stored_findings_are_exported_as_convert_writes_them() {
    let input = crate::support::findings();
    let input = input.to_str().unwrap();
    for format in ["stix", "navigator"] {
        let exported = run(&["export", format, "--in", input]);
        assert_eq!(exported.code, Some(0), "{}", exported.stderr);
        assert_eq!(exported.stdout, run(&["convert", "--in", input, "--format", format]).stdout);
    }
}

/// Makes a file's bytes wrong.
type Damage<'d> = &'d dyn Fn(&[u8]) -> Vec<u8>;

/// Records of inputs are kept, used while the inputs are the same, and never when they are not or the file is damaged.
#[test]
fn inputs_are_read_again_only_when_they_changed() {
    let folder = tempfile::tempdir().unwrap();
    let (logs, cache) = (folder.path().join("logs"), folder.path().join("cache"));
    fs::create_dir(&logs).unwrap();
    for name in ["conn.log", "ssl.log"] {
        fs::copy(at(&format!("zeek/2026-05-04/{name}")), logs.join(name)).unwrap();
    }
    let (logs, cache) = (logs.to_str().unwrap().to_owned(), cache.to_str().unwrap().to_owned());
    let tune = |more: &[&str]| {
        let set = ["--set", "payload_symmetry_threshold=0.1", "--format", "json"];
        let ended = run(&[&["tune", &logs][..], &set, more].concat());
        assert_eq!(ended.code, Some(0), "{}", ended.stderr);
        let said = ended
            .stderr
            .replace("note: the inputs are as they were: what they hold comes from the cache\n", "");
        ((ended.stdout, said.clone()), said != ended.stderr)
    };
    let plain = tune(&["--no-cache"]);
    assert!(!Path::new(&cache).exists());
    let cached = ["--cache", cache.as_str()];
    assert_eq!(tune(&cached), (plain.0.clone(), false), "the first run reads");
    assert_eq!(tune(&cached), (plain.0.clone(), true), "the second does not, and says and finds the same");
    assert_eq!(tune(&[&cached[..], &["--memory", "64M"]].concat()), (plain.0.clone(), true));
    let kept = || crate::support::names(Path::new(&cache));
    // The records, and the devices that they come to.
    let files: Vec<_> = kept().iter().map(|name| Path::new(&cache).join(name)).collect();
    assert_eq!(files.len(), 2);
    #[cfg(unix)]
    for file in &files {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = fs::metadata(file).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "logs are nobody else's business");
    }
    let whole: Vec<Vec<u8>> = files.iter().map(|file| fs::read(file).unwrap()).collect();
    let flipped = |bytes: &[u8]| {
        let mut bytes = bytes.to_vec();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 0x40;
        bytes
    };
    let damages: [Damage<'_>; 4] = [
        &|bytes| bytes[..bytes.len() - 1].to_vec(),
        &|bytes| bytes[..40].to_vec(),
        &|_| Vec::new(),
        &flipped,
    ];
    for (number, damage) in damages.iter().enumerate() {
        for damaged in [&[0][..], &[1], &[0, 1]] {
            for at in 0..2 {
                let bytes = if damaged.contains(&at) { damage(&whole[at]) } else { whole[at].clone() };
                fs::write(&files[at], bytes).unwrap();
            }
            // Of the two files one that is whole is enough.
            assert_eq!(tune(&cached), (plain.0.clone(), damaged.len() < 2), "{number}: {damaged:?}");
        }
    }
    // What decides while a phone is looked at makes other devices of the same records.
    let config = Path::new(&logs).parent().unwrap().join("window.yaml");
    fs::write(&config, "recent_user_interaction_window_secs: 600\n").unwrap();
    let windowed = tune(&[&cached[..], &["--config", config.to_str().unwrap()]].concat());
    assert!(windowed.1 && kept().len() == 3);
    let log = Path::new(&logs).join("conn.log");
    let text = fs::read_to_string(&log).unwrap();
    let cut = text.trim_end().rfind('\n').unwrap();
    fs::write(&log, &text[..=cut]).unwrap();
    let changed = tune(&cached);
    assert!(!changed.1 && changed.0 != plain.0, "one row less is another input");
    assert_eq!(kept().len(), 5);
}
