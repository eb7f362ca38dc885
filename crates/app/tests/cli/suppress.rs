//! Suppressions: made, applied to old findings, told when they do nothing, ended.

use crate::support::{Ended, findings, run, undertone};
use std::fs;
use std::path::Path;
use std::process::Stdio;

struct Desk {
    folder: tempfile::TempDir,
}

impl Desk {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    fn file(&self) -> String {
        self.folder.path().join("known.yaml").to_str().unwrap().to_owned()
    }

    fn add(&self, args: &[&str]) -> Ended {
        let (input, file) = (findings(), self.file());
        let first = ["suppress", "add", "--file", &file, "--created", "2026-05-04", "--author", "kim"];
        let from = ["--from", input.to_str().unwrap(), "6f1c"];
        run(&[&first[..], &from, args].concat())
    }

    fn convert(&self, args: &[&str]) -> Ended {
        let (input, file) = (findings(), self.file());
        let first = ["convert", "--in", input.to_str().unwrap(), "--all", "--format", "jsonl"];
        run(&[&first[..], &["--suppress", &file], args].concat())
    }

    fn id(&self) -> String {
        let listed = run(&["suppress", "list", "--file", &self.file()]);
        assert_eq!(listed.code, Some(0), "{}", listed.stderr);
        listed.stdout.split_whitespace().next().unwrap().to_owned()
    }
}

/// The devices of the findings that are shown.
fn devices(ended: &Ended) -> Vec<String> {
    let rows = ended.stdout.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    rows.map(|row| row["device"]["id"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_record_from_a_finding_hides_that_one_and_says_so() {
    let desk = Desk::new();
    let ended =
        desk.add(&["--reason", "home automation: \"Kim's\"", "--scope", "device,app,destination,rhythm"]);
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    let text = fs::read_to_string(desk.file()).unwrap();
    for line in [
        "- device: d-0007",
        "  interval_secs: {from: 225, to: 400}",
        "  author: kim",
        "  expires: 2026-08-02",
    ] {
        assert!(text.lines().any(|known| known == line), "{line}\n{text}");
    }
    let all = fs::read_to_string(findings()).unwrap();
    let shown = desk.convert(&[]);
    assert!(!devices(&shown).contains(&"d-0007".to_owned()));
    assert!(shown.stdout.lines().count() < all.lines().count());
    assert!(shown.stderr.contains("findings suppressed"), "{}", shown.stderr);
    // Shown again, marked; nothing else of them differs.
    let marked = desk.convert(&["--show-suppressed"]);
    let mark =
        format!(",\"suppressed\":{{\"by\":\"{}\",\"reason\":\"home automation: \\\"Kim's\\\"\"}}", desk.id());
    assert!(marked.stdout.contains(&mark), "{}", marked.stdout);
    assert_eq!(marked.stdout.replace(&mark, ""), all);
    let ocsf = desk.convert(&["--show-suppressed", "--format", "ocsf"]);
    assert_eq!(ocsf.code, Some(64), "a format given twice is refused");
}

#[test]
fn ocsf_says_suppressed_and_explain_says_why() {
    let desk = Desk::new();
    desk.add(&["--reason", "known"]);
    let (input, file) = (findings(), desk.file());
    let input = input.to_str().unwrap();
    let args =
        ["convert", "--in", input, "--format", "ocsf", "--all", "--suppress", &file, "--show-suppressed"];
    let rows: Vec<serde_json::Value> =
        run(&args).stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let of =
        |id: &str| rows.iter().find(|row| row["metadata"]["uid"].as_str().unwrap().starts_with(id)).unwrap();
    assert_eq!((&of("6f1c")["status_id"], &of("6f1c")["status"]), (&3.into(), &"Suppressed".into()));
    assert_eq!(of("0bad")["status_id"], 1);
    let explained = run(&["explain", "6f1c", "--in", input, "--suppress", &file]);
    assert!(
        explained.stdout.contains(&format!("suppressed by {}: known", desk.id())),
        "{}",
        explained.stdout
    );
}

#[test]
fn what_hides_nothing_or_has_expired_is_told() {
    let desk = Desk::new();
    desk.add(&["--reason", "known", "--expires", "30d"]);
    let other = ["suppress", "add", "--file", &desk.file(), "--device", "d-9", "--reason", "gone phone"];
    assert_eq!(run(&other).code, Some(0));
    let told = desk.convert(&[]);
    assert!(told.stderr.contains("hides nothing (gone phone)"), "{}", told.stderr);
    let ended = run(&["suppress", "expire", &desk.id(), "--file", &desk.file(), "--on", "2026-05-04"]);
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    let told = desk.convert(&[]);
    assert!(told.stderr.contains("expired on 2026-05-04"), "{}", told.stderr);
    assert!(devices(&told).contains(&"d-0007".to_owned()));
    let removed = run(&["suppress", "remove", "--expired", "--file", &desk.file()]);
    assert!(removed.stderr.contains("1 of 2 records removed"), "{}", removed.stderr);
}

#[test]
fn records_that_are_added_at_once_are_all_kept() {
    let desk = Desk::new();
    let file = desk.file();
    let adding: Vec<_> = (0..8)
        .map(|n| {
            let device = format!("d-{n}");
            let args = ["suppress", "add", "--file", &file, "--device", &device, "--reason", "a test"];
            undertone(&args).stderr(Stdio::null()).spawn().unwrap()
        })
        .collect();
    for mut child in adding {
        assert!(child.wait().unwrap().success());
    }
    let listed = run(&["suppress", "list", "--file", &file]);
    assert_eq!(listed.stdout.matches("reason: \"a test\"").count(), 8, "{}", listed.stdout);
}

#[test]
fn records_need_a_reason_and_good_files_and_ids() {
    let desk = Desk::new();
    assert_eq!(desk.add(&[]).code, Some(64));
    assert_eq!(desk.add(&["--reason", " "]).code, Some(64));
    assert_eq!(desk.add(&["--reason", "x", "--expires", "soon"]).code, Some(64));
    let (lead, file) = (findings(), desk.file());
    let analytic =
        ["suppress", "add", "--from", lead.to_str().unwrap(), "0bad", "--reason", "x", "--file", &file];
    let ended = run(&[&analytic[..], &["--scope", "device,analytic"]].concat());
    assert_eq!(ended.code, Some(64), "of an unknown platform no analytic is known: {}", ended.stderr);
    assert!(!Path::new(&desk.file()).exists());
    assert_eq!(desk.add(&["--reason", "x"]).code, Some(0));
    assert_eq!(desk.add(&["--reason", "y"]).code, Some(64), "the same again");
    assert_eq!(run(&["suppress", "remove", "zz", "--file", &desk.file()]).code, Some(64));
    assert_eq!(run(&["suppress", "remove", "--file", &desk.file()]).code, Some(64));
    fs::write(desk.file(), "- device: d\n  reason: r\n  expire: 2026-05-04\n").unwrap();
    for ended in
        [desk.add(&["--reason", "x"]), desk.convert(&[]), run(&["check", "--suppress", &desk.file()])]
    {
        assert_eq!(ended.code, Some(78), "{}", ended.stderr);
        let said = "known.yaml:3: unknown key `expire`; did you mean `expires`?";
        assert!(ended.stderr.contains(said), "{}", ended.stderr);
    }
}
