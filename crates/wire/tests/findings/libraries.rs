//! STIX and Sigma against the libraries of their communities: Python's `stix2`, `stix2-validator` and `pySigma`.
//!
//! `UNDERTONE_PYTHON` names an interpreter that has them (`pip install stix2 stix2-validator pysigma`, which the gate
//! does where it can); without them the tests say that they were skipped.

use crate::sample;
use std::io::Write;
use std::process::{Command, Stdio};
use undertone_core::finding::Finding;
use undertone_wire::findings::{Format, TerminalStyle};

/// What the script says about the text; `None` (with a notice) where the module is absent.
#[expect(clippy::print_stdout, reason = "a skipped test says so")]
fn asked(module: &str, script: &str, text: &[u8]) -> Option<(bool, String)> {
    let python = std::env::var_os("UNDERTONE_PYTHON").unwrap_or_else(|| "python3".into());
    let has = Command::new(&python).args(["-c", &format!("import {module}")]).output();
    if !has.is_ok_and(|output| output.status.success()) {
        println!("skipped: no Python with `{module}` (set UNDERTONE_PYTHON)");
        return None;
    }
    let mut child = Command::new(&python)
        .args(["-c", script])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(text).unwrap();
    let output = child.wait_with_output().unwrap();
    let said =
        [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    Some((output.status.success(), said))
}

fn written(format: Format) -> Vec<u8> {
    let mut findings = vec![sample::alert(), sample::lead(), sample::below()];
    findings.extend(sample::HOSTILE.map(sample::hostile));
    let findings: Vec<&Finding> = findings.iter().collect();
    let mut out = Vec::new();
    format.write(&mut out, &findings, TerminalStyle::PLAIN).unwrap();
    out
}

#[test]
fn the_stix_library_takes_the_bundle() {
    const SCRIPT: &str = "import sys, stix2; print(len(stix2.parse(sys.stdin.buffer.read().decode(), allow_custom=False).objects))";
    let bundle = written(Format::Stix);
    let Some((is_good, said)) = asked("stix2", SCRIPT, &bundle) else { return };
    assert!(is_good, "{said}");
    // It refuses what it should: the check can fail.
    let broken = String::from_utf8(bundle).unwrap().replace(r#""is_active":false"#, r#""is_active":true"#);
    assert_eq!(asked("stix2", SCRIPT, broken.as_bytes()).map(|(is_good, _)| is_good), Some(false));
}

/// The JSON Schemas of the standard, which come with the validator.
#[test]
fn the_stix_validator_takes_the_bundle() {
    const SCRIPT: &str = "import sys; from stix2validator import validate_string; \
        result = validate_string(sys.stdin.buffer.read().decode()); \
        print([str(error) for error in result.errors]); sys.exit(not result.is_valid)";
    let bundle = written(Format::Stix);
    let Some((is_good, said)) = asked("stix2validator", SCRIPT, &bundle) else { return };
    assert!(is_good, "{said}");
    let broken = String::from_utf8(bundle).unwrap().replace(r#""first_observed""#, r#""first_observde""#);
    assert_eq!(asked("stix2validator", SCRIPT, broken.as_bytes()).map(|(is_good, _)| is_good), Some(false));
}

#[test]
fn the_sigma_library_takes_the_rule() {
    const SCRIPT: &str = "import sys; from sigma.collection import SigmaCollection as C; \
        rules = C.from_yaml(sys.stdin.buffer.read().decode()).rules; \
        assert len(rules) == 2 and not any(rule.errors for rule in rules), rules; \
        print([condition.parsed for rule in rules for condition in rule.detection.parsed_condition])";
    let Some((is_good, said)) = asked("sigma", SCRIPT, &written(Format::Sigma)) else { return };
    assert!(is_good, "{said}");
}
