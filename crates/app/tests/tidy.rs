//! What lints cannot hold: length and head of files, and nothing of the machine they were written on.

#![expect(clippy::unwrap_used, reason = "a test that cannot prepare its input must fail")]

use std::path::{Path, PathBuf};

/// Longest source file, lines. Past it, cut by meaning.
const LINES_MAX: usize = 600;
/// Files that only hold data made by a program.
const GENERATED: [&str; 2] = ["null_tables", "generated"];
/// Where text is looked at.
const TEXTS: [&str; 8] = ["rs", "toml", "md", "json", "yml", "yaml", "sh", "txt"];

#[test]
fn files_are_short() {
    for (path, text) in files(&["rs"]) {
        let name = path.to_string_lossy();
        let lines = text.lines().count();
        assert!(
            lines <= LINES_MAX || GENERATED.iter().any(|word| name.contains(word)),
            "{name}: {lines} lines"
        );
    }
}

#[test]
fn every_source_says_what_it_is_for() {
    let silent = files(&["rs"]).into_iter().filter(|(_, text)| !text.starts_with("//!"));
    let silent: Vec<_> = silent.map(|(path, _)| path).collect();
    assert!(silent.is_empty(), "these do not open with //!: {silent:?}");
}

#[test]
fn nothing_names_the_machine() {
    // In two parts, so that this file does not name them either.
    let banned = [concat!("/wo", "rk/"), concat!("/ro", "ot/"), concat!("/home", "/runner")];
    for (path, text) in files(&TEXTS) {
        let found = banned.iter().find(|word| text.contains(**word));
        assert_eq!(found, None, "{}", path.display());
    }
}

#[test]
fn no_test_is_switched_off() {
    let banned = [concat!("#[ig", "nore"), concat!("#[should_", "panic"), concat!("#[al", "low(")];
    for (path, text) in files(&["rs"]) {
        let found = banned.iter().find(|word| text.contains(**word));
        assert_eq!(found, None, "{}", path.display());
    }
}

/// Every text file of the project with one of these extensions.
fn files(extensions: &[&str]) -> Vec<(PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap();
    let mut found = Vec::new();
    for folder in ["crates", "xtask", "docs", "fuzz", "bench", ".ci"] {
        walk(&root.join(folder), extensions, &mut found);
    }
    for name in ["Cargo.toml", "README.md", "ARCHITECTURE.md", "CHANGELOG.md", "clippy.toml", "deny.toml"] {
        push(&root.join(name), extensions, &mut found);
    }
    assert!(!found.is_empty());
    found
}

fn walk(folder: &Path, extensions: &[&str], found: &mut Vec<(PathBuf, String)>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for entry in entries {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.ends_with("target") {
            walk(&path, extensions, found);
        } else {
            push(&path, extensions, found);
        }
    }
}

fn push(path: &Path, extensions: &[&str], found: &mut Vec<(PathBuf, String)>) {
    let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    if extensions.contains(&extension)
        && let Ok(text) = std::fs::read_to_string(path)
    {
        found.push((path.to_owned(), text));
    }
}
