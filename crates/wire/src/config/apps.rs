//! Roles of apps as their owner declares them: `com.example.app: role`, or `com.example.app: {role: ..., name: ...}`
//! with a name for whoever reads the file.

use super::node::{self, Entry, Value};
use super::{Problem, Problems};
use std::collections::BTreeMap;

/// Longest role, name or app id, bytes.
const NAME_BYTES_MAX: usize = 256;

/// Roles by package name or bundle id.
pub type AppRoles = BTreeMap<Box<str>, Box<str>>;

/// Reads a file of apps, alone or under `apps:`.
///
/// # Errors
/// Every problem of the file, ascending by line.
pub fn parse_apps(document: &[u8]) -> Result<AppRoles, Vec<Problem>> {
    let Some(root) = node::parse(document)? else { return Ok(AppRoles::new()) };
    let mut problems = Problems::default();
    let mut apps = AppRoles::new();
    let mut entries = problems.entries(&root, "the file");
    if let [only] = entries.as_slice()
        && only.key == "apps"
        && matches!(only.value.value, Value::Map(_))
    {
        entries = problems.entries(&only.value, "`apps`");
    }
    for entry in entries {
        app(&mut apps, entry, &mut problems);
    }
    problems.none_or(apps)
}

fn app(apps: &mut AppRoles, entry: &Entry, problems: &mut Problems) {
    let id: Box<str> = entry.key.as_str().into();
    if entry.key.is_empty() || entry.key.len() > NAME_BYTES_MAX {
        return problems.add(entry.line, "not a package name or bundle id");
    }
    match &entry.value.value {
        Value::Text(role) => {
            apps.extend(named(&entry.key, role, entry.value.line, problems).map(|r| (id, r)));
        }
        Value::Map(_) => {
            for field in problems.entries(&entry.value, &format!("`{}`", entry.key)) {
                let text = field.value.text().unwrap_or_default();
                let line = field.value.line;
                match field.key.as_str() {
                    "role" => {
                        apps.extend(named(&entry.key, text, line, problems).map(|r| (id.clone(), r)));
                    }
                    "name" if text.is_empty() => problems.add(line, "`name` must be a text"),
                    "name" => {}
                    _ => problems.unknown_key(field, ["role", "name"].into_iter()),
                }
            }
        }
        _ => problems.add(
            entry.value.line,
            format!(
                "`{}` must be a role or `{{role: ..., name: ...}}`, not {}",
                entry.key,
                entry.value.shown()
            ),
        ),
    }
}

/// A role: a word of letters, digits and `_`, in any case.
fn named(app: &str, role: &str, line: u64, problems: &mut Problems) -> Option<Box<str>> {
    let is_word = !role.is_empty()
        && role.len() <= NAME_BYTES_MAX
        && role.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if !is_word {
        problems.add(line, format!("the role of `{app}` must be one word such as `tools` or `music_audio`"));
    }
    is_word.then(|| role.to_ascii_lowercase().into())
}
