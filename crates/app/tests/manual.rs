//! The manual: every command in `README.md` and `docs/` that a reader may type is run, page by page, in an empty folder.

#![expect(clippy::unwrap_used, reason = "helpers of tests are no test functions, but fail like them")]
#![expect(clippy::print_stdout, reason = "a skipped test says so")]

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Where a block of commands begins and ends; in the other kind of block commands stand after a prompt, between what
/// they print.
const OPEN: &str = "```sh";
const OPEN_CONSOLE: &str = "```console";
const PROMPT: &str = "$ ";
const CLOSE: &str = "```";
/// Builds and runs undertone itself: not for a test of it.
const DEVELOPMENT: &str = "cargo ";

fn page(name: &str) -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    if name == "README.md" { root.join(name) } else { root.join("docs").join(name) }
}

/// The commands of a page, in order.
fn commands(text: &str) -> String {
    let mut script = String::new();
    let mut block = None;
    for line in text.lines() {
        let command = match line.trim_end() {
            open @ (OPEN | OPEN_CONSOLE) => {
                block = Some(open);
                continue;
            }
            CLOSE => {
                block = None;
                continue;
            }
            line if block == Some(OPEN) => Some(line),
            line if block == Some(OPEN_CONSOLE) => line.strip_prefix(PROMPT),
            _ => None,
        };
        if let Some(command) = command.filter(|command| !command.starts_with(DEVELOPMENT)) {
            script.push_str(command);
            script.push('\n');
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
fn the_readme_runs() {
    runs("README.md");
}

/// A page that gains commands gains a test.
#[test]
fn no_page_has_commands_that_nothing_runs() {
    let run = ["tutorial-one-phone.md", "fleet-guide.md", "tuning.md", "output-reference.md"];
    for entry in fs::read_dir(page("")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.extension().is_some_and(|extension| extension == "md") && !run.contains(&name.as_str()) {
            assert_eq!(commands(&fs::read_to_string(&path).unwrap()), "", "{name}");
        }
    }
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
