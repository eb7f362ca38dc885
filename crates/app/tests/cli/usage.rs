//! Help, usage errors and runs without input.

use crate::support::{names, run};

#[test]
fn help_and_version_go_to_standard_output() {
    for args in [&["--help"][..], &["scan", "--help"], &["help", "convert"], &["--version"]] {
        let ended = run(args);
        assert_eq!(ended.code, Some(0), "{args:?}");
        assert!(ended.stdout.contains("undertone") && ended.stderr.is_empty(), "{args:?}");
    }
}

#[test]
fn every_command_and_exit_code_is_in_the_help() {
    let help = run(&["--help"]).stdout;
    for word in [
        "demo",
        "scan",
        "explain",
        "convert",
        "eval",
        "check",
        "suppress",
        "tune",
        "backtest",
        "export",
        "baseline",
        "simulate",
        "formats",
        "completions",
        "man",
        "65",
        "74",
        "130",
    ] {
        assert!(help.contains(word), "{word}");
    }
}

#[test]
fn usage_errors_are_64() {
    for args in [
        &[][..],
        &["nonsense"],
        &["scan"],
        &["scan", "--format", "xml", "x"],
        &["scan", "--fail-on", "severe", "x"],
        &["scan", "--internal", "10.0.0.0/99", "x"],
        &["scan", "--timezone", "Mars", "x"],
        &["scan", "--memory", "12", "x"],
        &["scan", "-o", "report.unknown", "x"],
        &["scan", "-o", "csv:", "x"],
        &["scan", "-q", "-v", "x"],
        &["completions", "tcsh"],
        &["eval", "--in", "x"],
        &["eval", "--truth", "x"],
        &["eval", "--truth", "x", "--in", "x", "y"],
        &["eval", "--truth", "x", "--in", "x", "--device-days", "0"],
    ] {
        let ended = run(args);
        assert_eq!(ended.code, Some(64), "{args:?}: {}", ended.stderr);
        assert!(ended.stdout.is_empty() && !ended.stderr.is_empty(), "{args:?}");
    }
}

#[test]
fn no_usable_input_is_65_and_summarised() {
    let folder = tempfile::tempdir().unwrap();
    let summary = folder.path().join("summary.json");
    let missing = folder.path().join("missing.log");
    let findings = folder.path().join("findings.jsonl");
    let args = ["scan", "--summary", summary.to_str().unwrap(), "-o", findings.to_str().unwrap()];
    let ended = run(&[&args[..], &[missing.to_str().unwrap()]].concat());
    assert_eq!(ended.code, Some(65), "{}", ended.stderr);
    assert!(ended.stdout.is_empty());
    assert!(ended.stderr.contains("missing.log`: No such file"), "{}", ended.stderr);
    assert!(!ended.stderr.contains("0 alerts"), "{}", ended.stderr);
    let summary: serde_json::Value = serde_json::from_slice(&std::fs::read(&summary).unwrap()).unwrap();
    assert_eq!(summary["rows_accepted"], 0);
    assert_eq!(names(folder.path()), ["summary.json"]);
}

#[test]
fn every_shell_gets_completions() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let ended = run(&["completions", shell]);
        assert_eq!(ended.code, Some(0), "{shell}");
        assert!(ended.stdout.contains("simulate"), "{shell}");
    }
}

#[test]
fn every_command_has_a_manual_page() {
    let folder = tempfile::tempdir().unwrap();
    let man = folder.path().join("man1");
    assert_eq!(run(&["man", "-o", man.to_str().unwrap()]).code, Some(0));
    let pages = names(&man);
    for page in ["undertone.1", "undertone-scan.1", "undertone-suppress-add.1", "undertone-export-coverage.1"]
    {
        assert!(pages.iter().any(|name| name == page), "{page}: {pages:?}");
    }
    let printed = run(&["man"]).stdout;
    assert_eq!(printed.as_bytes(), std::fs::read(man.join("undertone.1")).unwrap());
    assert!(printed.contains(".TH undertone 1") && printed.contains("backtest"), "{printed}");
    let scan = std::fs::read_to_string(man.join("undertone-scan.1")).unwrap();
    assert!(scan.contains("\\-\\-suppress"), "{scan}");
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    assert_eq!(run(&["man", "-o", file.join("x").to_str().unwrap()]).code, Some(74));
}

#[test]
fn formats_are_listed() {
    let ended = run(&["formats"]);
    for name in ["table", "jsonl", "csv", "ocsf", "ecs", "bulk", "cef", "stix", "navigator", "sigma"] {
        assert!(ended.stdout.lines().any(|line| line.starts_with(name)), "{name}");
    }
}

#[test]
fn a_fleet_is_not_written_over_files() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("mine"), "x").unwrap();
    assert_eq!(run(&["simulate", folder.path().to_str().unwrap()]).code, Some(74));
    assert_eq!(names(folder.path()), ["mine"]);
    let out = folder.path().join("new");
    let ended = run(&["simulate", out.to_str().unwrap(), "--devices", "3", "--infected", "4"]);
    assert_eq!(ended.code, Some(64), "{}", ended.stderr);
}
