//! Configuration files: checked, printed, used.

use crate::support::run;
use std::path::Path;

fn write(folder: &Path, name: &str, text: &str) -> String {
    let path = folder.join(name);
    std::fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn the_default_file_is_printed_and_good() {
    let folder = tempfile::tempdir().unwrap();
    let printed = run(&["check", "--print-default"]);
    assert_eq!(printed.code, Some(0), "{}", printed.stderr);
    let file = write(folder.path(), "default.yaml", &printed.stdout);
    let checked = run(&["check", &file]);
    assert_eq!(checked.code, Some(0), "{}", checked.stderr);
    assert!(checked.stdout.ends_with("default.yaml: good\n"), "{}", checked.stdout);
}

#[test]
fn every_problem_of_every_file_is_said_with_its_line() {
    let folder = tempfile::tempdir().unwrap();
    let config =
        write(folder.path(), "c.yaml", "# c\npayload_entropy_treshold: 4\nroles: {tools: {foo: 1}}\n");
    let apps = write(folder.path(), "a.yaml", "com.example.a: two words\n");
    let good = write(folder.path(), "good.yaml", "payload_entropy_threshold: 4\n");
    let ended = run(&["check", &config, &good, "--apps", &apps]);
    assert_eq!(ended.code, Some(78), "{}", ended.stderr);
    let errors: Vec<&str> = ended.stderr.lines().collect();
    assert_eq!(errors.len(), 3, "{errors:?}");
    assert!(
        errors[0].contains("c.yaml:2: ") && errors[0].contains("`payload_entropy_threshold`"),
        "{errors:?}"
    );
    assert!(errors[1].contains("c.yaml:3: unknown key `foo`"), "{errors:?}");
    assert!(errors[2].contains("a.yaml:1: "), "{errors:?}");
    assert!(ended.stdout.contains("good.yaml: good"), "{}", ended.stdout);
}

#[test]
fn a_faulty_configuration_stops_a_scan_before_it_reads() {
    let folder = tempfile::tempdir().unwrap();
    let config = write(folder.path(), "c.yaml", "alert_budget_per_1000_device_days: 0\n");
    let apps = write(folder.path(), "a.yaml", "[]\n");
    let log = write(folder.path(), "log", "");
    let missing = folder.path().join("missing");
    for option in ["--config", "--apps", "--baseline", "--inventory"] {
        let ended = run(&["scan", option, missing.to_str().unwrap(), &log]);
        assert_eq!(ended.code, Some(78), "{option}: {}", ended.stderr);
    }
    let no_inventory = write(folder.path(), "phones.csv", "foo,bar\n1,2\n");
    let ended = run(&["scan", "--inventory", &no_inventory, &log]);
    assert_eq!(ended.code, Some(78), "{}", ended.stderr);
    assert!(ended.stderr.contains("phones.csv: unknown content"), "{}", ended.stderr);
    let ended = run(&["scan", "--config", &config, "--apps", &apps, &log]);
    assert_eq!(ended.code, Some(78), "{}", ended.stderr);
    assert!(ended.stderr.contains("c.yaml:1: ") && ended.stderr.contains("a.yaml:1: "), "{}", ended.stderr);
}

#[test]
fn check_without_anything_to_check_is_a_usage_error() {
    assert_eq!(run(&["check"]).code, Some(64));
    assert_eq!(run(&["check", "--print-default", "x.yaml"]).code, Some(64));
}
