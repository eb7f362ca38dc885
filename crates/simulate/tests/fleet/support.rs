//! Reads a written fleet back.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use undertone_simulate::{FleetOptions, FleetSummary, write_fleet};

/// A fleet in a temporary folder.
pub(crate) struct Written {
    folder: tempfile::TempDir,
    pub(crate) summary: FleetSummary,
}

/// Writes a fleet.
pub(crate) fn fleet(options: &FleetOptions) -> Written {
    let folder = tempfile::tempdir().unwrap();
    let summary = write_fleet(options, folder.path()).unwrap();
    Written { folder, summary }
}

/// One row of a TSV log: field name to value.
pub(crate) struct Row<'a> {
    fields: &'a [String],
    values: Vec<&'a str>,
}

impl Row<'_> {
    pub(crate) fn get(&self, field: &str) -> &str {
        let place =
            self.fields.iter().position(|name| name == field).unwrap_or_else(|| panic!("no field {field}"));
        self.values[place]
    }
}

impl Written {
    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path().join(name)).unwrap()
    }

    pub(crate) fn json(&self, name: &str) -> Vec<serde_json::Value> {
        serde_json::from_str(&self.read(name)).unwrap()
    }

    /// Every file with its bytes, in order of names.
    pub(crate) fn files(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let mut out = BTreeMap::new();
        let mut folders = vec![self.path().to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    let name = path.strip_prefix(self.path()).unwrap().to_owned();
                    out.insert(name, std::fs::read(path).unwrap());
                }
            }
        }
        out
    }

    /// Calls `see` for each row of one Zeek log, all days.
    pub(crate) fn rows(&self, log: &str, mut see: impl FnMut(&Row<'_>)) {
        for (name, bytes) in self.files() {
            if name.file_name().unwrap() != format!("{log}.log").as_str() {
                continue;
            }
            let text = String::from_utf8(bytes).unwrap();
            let header = text.lines().find_map(|line| line.strip_prefix("#fields\t")).unwrap();
            let fields: Vec<String> = header.split('\t').map(str::to_owned).collect();
            for line in text.lines().filter(|line| !line.starts_with('#')) {
                let values: Vec<&str> = line.split('\t').collect();
                assert_eq!(values.len(), fields.len(), "{line}");
                see(&Row { fields: &fields, values });
            }
        }
    }
}
