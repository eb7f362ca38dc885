//! What the crates may depend on, and what the inner ones may not do (DESIGN section 10).

#![expect(clippy::unwrap_used, reason = "a test that cannot prepare its input must fail")]

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Which of our crates each of our crates may use. `xtask` may use all.
const EDGES: [(&str, &[&str]); 5] = [
    ("undertone-core", &[]),
    ("undertone-wire", &["undertone-core"]),
    ("undertone-engine", &["undertone-core", "undertone-wire"]),
    ("undertone-simulate", &["undertone-core", "undertone-wire"]),
    ("undertone", &["undertone-core", "undertone-wire", "undertone-engine", "undertone-simulate"]),
];
/// What only `undertone-wire` may use.
const WIRE_ONLY: [&str; 4] = ["serde", "serde_json", "serde_derive", "serde-saphyr"];
/// What no source of `undertone-core` names: it is pure.
const NOT_IN_CORE: [&str; 8] = [
    "std::fs",
    "std::env",
    "std::io",
    "std::thread",
    "std::process",
    "SystemTime",
    "Instant::now",
    "TcpStream",
];
/// What no source of `undertone-wire` names: it is sans-I/O.
const NOT_IN_WIRE: [&str; 6] =
    ["std::fs", "File::open", "std::env::", "std::process", "SystemTime::now", "Instant::now"];

#[test]
fn crates_depend_one_way() {
    let graph = dependencies();
    let ours: BTreeSet<&str> = EDGES.iter().map(|(name, _)| *name).collect();
    for (name, allowed) in EDGES {
        let uses = &graph[name];
        let wrong: Vec<_> =
            uses.iter().filter(|d| ours.contains(d.as_str()) && !allowed.contains(&d.as_str())).collect();
        assert!(wrong.is_empty(), "{name} must not depend on {wrong:?}");
    }
    let unknown: Vec<_> =
        graph.keys().filter(|name| !ours.contains(name.as_str()) && *name != "xtask").collect();
    assert!(unknown.is_empty(), "{unknown:?} have no place in the architecture yet: add them to EDGES");
}

#[test]
fn serde_is_known_to_wire_alone() {
    for (name, uses) in dependencies() {
        if name != "undertone-wire" && name != "xtask" {
            let wrong: Vec<_> = uses.iter().filter(|d| WIRE_ONLY.contains(&d.as_str())).collect();
            assert!(wrong.is_empty(), "{name} must not depend on {wrong:?}");
        }
    }
}

#[test]
fn the_inner_crates_do_no_io() {
    for (krate, banned) in [("core", NOT_IN_CORE.as_slice()), ("wire", NOT_IN_WIRE.as_slice())] {
        for path in sources(&root().join("crates").join(krate).join("src")) {
            let source = std::fs::read_to_string(&path).unwrap();
            let code = source.lines().take_while(|line| !line.starts_with("mod tests"));
            let found = code.flat_map(|line| banned.iter().filter(|word| line.contains(**word))).next();
            assert_eq!(found, None, "{} names it", path.display());
        }
    }
}

/// Maps of `hashbrown` give numbers to addresses and names; their order is another in every run. A new one has to be
/// named here, with what it is called, and nothing may walk it.
#[test]
fn hash_maps_of_core_are_only_asked() {
    let maps = BTreeMap::from([
        ("attribution/index.rs", &["responders", "places"][..]),
        ("device/filing.rs", &["numbers", "by_addr", "series"]),
        ("device/interner.rs", &["numbers"]),
        ("device/names.rs", &["wanted"]),
    ]);
    let core = root().join("crates/core/src");
    let mut found = BTreeSet::new();
    for path in sources(&core) {
        let text = std::fs::read_to_string(&path).unwrap();
        let name = path.strip_prefix(&core).unwrap().to_str().unwrap().to_owned();
        if !text.contains("hashbrown") {
            continue;
        }
        let known = maps.get(name.as_str()).unwrap_or_else(|| panic!("{name} has a map that is not listed"));
        // Each map is a field; a map under another name would be one more.
        let fields =
            text.lines().map(str::trim).filter(|line| !line.starts_with("//") && !line.starts_with("type "));
        let is_map =
            |line: &&str| [": HashMap<", ": HashTable<", ": Numbers<"].iter().any(|of| line.contains(of));
        let kept = fields.filter(is_map).count();
        assert_eq!(kept, known.len(), "{name} keeps other maps than those listed");
        let flat: String = text.split_whitespace().collect();
        for map in *known {
            for walk in [".iter", ".keys", ".values", ".into_", ".drain", ".retain", ".extract_if"] {
                assert!(!flat.contains(&format!("{map}{walk}")), "{name} walks `{map}`");
            }
            assert!(
                !flat.contains(&format!("in&self.{map}{{")) && !flat.contains(&format!("in&mutself.{map}{{"))
            );
            assert!(!flat.contains(&format!("inself.{map}{{")), "{name} walks `{map}`");
        }
        found.insert(name);
    }
    assert_eq!(found.len(), maps.len(), "a listed file has no such map any more: {found:?}");
}

/// Normal and build dependencies of each crate of the workspace, by name.
fn dependencies() -> BTreeMap<String, BTreeSet<String>> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--no-deps", "--offline"])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    let uses = |package: &Value| {
        let dependencies = package["dependencies"].as_array().unwrap().iter();
        let linked = dependencies.filter(|d| d["kind"] != "dev");
        linked.map(|d| d["name"].as_str().unwrap().to_owned()).collect()
    };
    packages.iter().map(|package| (package["name"].as_str().unwrap().to_owned(), uses(package))).collect()
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Source files under a folder, tests left out.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.ends_with("tests") {
            continue;
        }
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") && !path.ends_with("tests.rs") {
            found.push(path);
        }
    }
    found
}
