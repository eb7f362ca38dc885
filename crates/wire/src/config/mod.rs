//! What people write to configure a run: thresholds and declared baselines ([`parse_config`]), roles of apps
//! ([`parse_apps`]).
//!
//! YAML. A file with any problem is refused as a whole, with every problem and its line: half a configuration is
//! one that nobody asked for.

mod apps;
mod declared;
pub(crate) mod nearest;
pub(crate) mod node;
mod setting;
mod thresholds;

pub use apps::{AppRoles, parse_apps};
pub use nearest::hint;
pub use setting::{Setting, parse_sweep};

use node::{Entry, Node, Value};
use undertone_core::baseline::Declared;
use undertone_core::thresholds::{ThresholdKey, ThresholdSet};

/// The default thresholds as a commented file: meaning, unit, range, default and origin of each.
pub const DEFAULT_CONFIG: &str = include_str!("default.yaml");

/// Largest file, bytes: room for an override of each of 100,000 apps.
pub const CONFIG_BYTES_MAX: usize = 16 << 20;

/// Problems reported of one file; more are counted.
const PROBLEMS_MAX: usize = 100;

/// What a configuration file says.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Config {
    /// Thresholds.
    pub thresholds: ThresholdSet,
    /// Declared baselines.
    pub declared: Declared,
}

/// Something wrong in a file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// Line, from 1.
    pub line: u64,
    /// What is wrong, in lower case and without a full stop.
    pub text: String,
}

/// Reads a configuration file. An empty one gives the defaults.
///
/// # Errors
/// Every problem of the file, ascending by line, at most 100 and the number of the rest.
pub fn parse_config(document: &[u8]) -> Result<Config, Vec<Problem>> {
    let Some(root) = node::parse(document)? else { return Ok(Config::default()) };
    let mut problems = Problems::default();
    let mut config = Config::default();
    for entry in problems.entries(&root, "the file") {
        match entry.key.as_str() {
            "platforms" | "roles" | "apps" => {
                thresholds::scoped(&mut config.thresholds, entry, &mut problems);
            }
            "app_network_behavior_baseline" => {
                declared::services(&mut config.declared, &entry.value, &mut problems);
            }
            "app_network_role_baseline" => {
                declared::destinations(&mut config.declared, &entry.value, &mut problems);
            }
            _ => thresholds::global(&mut config.thresholds.global, entry, &mut problems),
        }
    }
    problems.none_or(config)
}

/// Keys of a file's outermost level.
fn outer_keys() -> impl Iterator<Item = &'static str> {
    let sections =
        ["platforms", "roles", "apps", "app_network_behavior_baseline", "app_network_role_baseline"];
    ThresholdKey::ALL.into_iter().map(ThresholdKey::name).chain(sections)
}

/// Problems found so far.
#[derive(Debug, Default)]
pub(crate) struct Problems(Vec<Problem>);

impl Problems {
    pub(crate) fn add(&mut self, line: u64, text: impl Into<String>) {
        self.0.push(Problem { line, text: text.into() });
    }

    /// How many so far.
    pub(crate) fn count(&self) -> usize {
        self.0.len()
    }

    /// The entries of a mapping, each key once; nothing of anything else, which is a problem.
    pub(crate) fn entries<'n>(&mut self, node: &'n Node, what: &str) -> Vec<&'n Entry> {
        let entries = match &node.value {
            Value::Map(entries) => entries,
            Value::Null => return Vec::new(),
            _ => {
                self.add(node.line, format!("{what} must be a mapping of keys to values"));
                return Vec::new();
            }
        };
        let mut first = std::collections::BTreeMap::new();
        let mut found = Vec::with_capacity(entries.len());
        for entry in entries {
            if let Some(line) = first.get(entry.key.as_str()) {
                self.add(entry.line, format!("`{}` is given twice, first in line {line}", entry.key));
            } else {
                first.insert(entry.key.as_str(), entry.line);
                found.push(entry);
            }
        }
        found
    }

    pub(crate) fn unknown_key(&mut self, entry: &Entry, known: impl Iterator<Item = &'static str>) {
        let hint = hint(&entry.key, known);
        self.add(entry.line, format!("unknown key `{}`{hint}", entry.key));
    }

    pub(crate) fn none_or<T>(mut self, value: T) -> Result<T, Vec<Problem>> {
        if self.0.is_empty() {
            return Ok(value);
        }
        self.0.sort();
        let more = self.0.len().saturating_sub(PROBLEMS_MAX);
        self.0.truncate(PROBLEMS_MAX);
        if let (true, Some(line)) = (more > 0, self.0.last().map(|problem| problem.line)) {
            self.add(line, format!("and {more} more problems"));
        }
        Err(self.0)
    }
}

#[cfg(test)]
mod tests;
