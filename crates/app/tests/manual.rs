//! The manual: every command in `docs/` that a reader may type is run, page by page, in an empty folder.

#![expect(clippy::unwrap_used, reason = "helpers of tests are no test functions, but fail like them")]
#![expect(clippy::print_stdout, reason = "a skipped test says so")]

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Where a block of commands begins and ends.
const OPEN: &str = "```sh";
const CLOSE: &str = "```";

fn page(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs").join(name)
}

/// The commands of a page, in order.
fn commands(text: &str) -> String {
    let mut script = String::new();
    let mut is_inside = false;
    for line in text.lines() {
        match line.trim_end() {
            OPEN => is_inside = true,
            CLOSE => is_inside = false,
            line if is_inside => {
                script.push_str(line);
                script.push('\n');
            }
            _ => {}
        }
    }
    script
}

fn runs(name: &str) {
    let script = commands(&fs::read_to_string(page(name)).unwrap());
    assert!(script.contains("undertone "), "{name} has no commands");
    let folder = tempfile::tempdir().unwrap();
    let binaries = Path::new(env!("CARGO_BIN_EXE_undertone")).parent().unwrap().to_owned();
    let path = env::var_os("PATH").unwrap_or_default();
    let path = env::join_paths([binaries].into_iter().chain(env::split_paths(&path))).unwrap();
    let shell = Command::new("sh")
        .args(["-exc", &script])
        .current_dir(folder.path())
        .env("PATH", path)
        .env("XDG_CACHE_HOME", folder.path())
        .output();
    let Ok(output) = shell else {
        println!("skipped: no `sh` on this system");
        return;
    };
    let (said, told) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{name}: {}\n{told}\n{said}", output.status);
}

#[test]
fn the_tutorial_runs() {
    runs("tutorial-one-phone.md");
}

#[test]
fn the_fleet_guide_runs() {
    runs("fleet-guide.md");
}

#[test]
fn the_tuning_guide_runs() {
    runs("tuning.md");
}

#[test]
fn the_output_reference_runs() {
    runs("output-reference.md");
}

/// Every key of a finding stands in the reference.
#[test]
fn the_output_reference_is_complete() {
    let schema = fs::read_to_string(page("finding.schema.json")).unwrap();
    let schema: serde_json::Value = serde_json::from_str(&schema).unwrap();
    let reference = fs::read_to_string(page("output-reference.md")).unwrap();
    let properties = schema["properties"].as_object().unwrap();
    assert!(properties.len() > 20);
    for name in properties.keys() {
        assert!(
            reference.contains(&format!("`{name}`")) || reference.contains(&format!("`{name}.")),
            "{name}"
        );
    }
}
