//! Reads suppressions.

use super::{FACTS, MATCHERS};
use crate::config::node::{self, Entry, Node, Value};
use crate::config::{Problem, Problems};
use crate::rfc3339;
use std::net::IpAddr;
use undertone_core::attack::Analytic;
use undertone_core::finding::{Band, Suppression};
use undertone_core::model::{Day, Network, Timestamp};
use undertone_core::series::{Destination, Service};

/// Records of a file at the most: each is held against each finding.
const RECORDS_MAX: usize = 10_000;
/// Values of one list at the most.
const VALUES_MAX: usize = 1000;
/// Longest text, characters.
const TEXT_CHARS_MAX: usize = 1000;
/// Longest interval: a window of days is scored, so none is longer.
const INTERVAL_SECS_MAX: f64 = 1e7;

/// A record and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Placed {
    /// Line of its first key, from 1.
    pub line: u64,
    /// The record.
    pub record: Suppression,
}

/// Reads a file of suppressions; an empty one has none.
///
/// # Errors
/// Every problem of the file, ascending by line.
pub fn parse_suppressions(document: &[u8]) -> Result<Vec<Placed>, Vec<Problem>> {
    let Some(root) = node::parse(document)? else { return Ok(Vec::new()) };
    let mut problems = Problems::default();
    let mut found: Vec<Placed> = Vec::new();
    match &root.value {
        Value::List(items) if items.len() <= RECORDS_MAX => {
            for item in items {
                if let Some(record) = record(item, &mut problems) {
                    let id = record.id();
                    match found.iter().find(|known| known.record.id() == id) {
                        Some(known) => problems.add(
                            item.line,
                            format!("hides the same as the record in line {} ({id})", known.line),
                        ),
                        None => found.push(Placed { line: item.line, record }),
                    }
                }
            }
        }
        Value::Null => {}
        _ => problems.add(root.line, format!("the file must be a list of at most {RECORDS_MAX} records")),
    }
    problems.none_or(found)
}

fn record(item: &Node, problems: &mut Problems) -> Option<Suppression> {
    let before = problems.count();
    let mut found = Suppression {
        matchers: undertone_core::finding::Matchers::default(),
        reason: String::new(),
        author: None,
        created: None,
        expires: None,
    };
    for entry in problems.entries(item, "a record") {
        let matchers = &mut found.matchers;
        match entry.key.as_str() {
            "device" => matchers.device = values(entry, problems),
            "app" => matchers.app = values(entry, problems),
            "role" => matchers.role = values(entry, problems),
            "destination" => matchers.destination = destinations(entry, problems),
            "analytic" => matchers.analytic = analytics(entry, problems),
            "service" => matchers.service = services(entry, problems),
            "interval_secs" => matchers.interval = band(entry, problems),
            "reason" => found.reason = text(entry, &entry.value, problems).unwrap_or_default(),
            "author" => found.author = text(entry, &entry.value, problems),
            "created" => found.created = day(entry, problems),
            "expires" => found.expires = day(entry, problems),
            _ => problems.unknown_key(entry, MATCHERS.into_iter().chain(FACTS)),
        }
    }
    if problems.count() > before {
        return None;
    }
    if found.reason.is_empty() {
        problems.add(item.line, "a record needs a `reason`");
    }
    if found.matchers.is_empty() {
        problems.add(
            item.line,
            format!("a record must name one of {}: it would hide everything", MATCHERS.join(", ")),
        );
    }
    if found.created.zip(found.expires).is_some_and(|(created, expires)| expires < created) {
        problems.add(item.line, "`expires` lies before `created`");
    }
    (problems.count() == before).then_some(found)
}

/// One text or a list of them.
fn values(entry: &Entry, problems: &mut Problems) -> Vec<String> {
    let items: Vec<&Node> = match &entry.value.value {
        Value::List(items) if (1..=VALUES_MAX).contains(&items.len()) => items.iter().collect(),
        Value::List(_) => {
            problems.add(entry.value.line, format!("`{}` must hold 1 to {VALUES_MAX} values", entry.key));
            return Vec::new();
        }
        _ => vec![&entry.value],
    };
    items.into_iter().filter_map(|item| text(entry, item, problems)).collect()
}

fn destinations(entry: &Entry, problems: &mut Problems) -> Vec<String> {
    let bare = |name: String| {
        let is_group = ["ja4=", "ja3=", "port="].iter().any(|tie| name.starts_with(tie));
        if is_group { name } else { name.trim_start_matches("*.").trim_end_matches('.').to_ascii_lowercase() }
    };
    let found: Vec<String> = values(entry, problems).into_iter().map(bare).collect();
    for (text, why) in found.iter().filter_map(|text| Some((text, no_place(text)?))) {
        problems.add(entry.value.line, format!("`{text}` is {why}"));
    }
    found
}

/// Why a text is no place; `None` for an address, a network, a name below a public suffix, and for what ties a group
/// together. No name is of digits and points, has a colon or a slash; a public suffix alone would hide everybody below.
fn no_place(text: &str) -> Option<&'static str> {
    if text.contains('=') || text.parse::<IpAddr>().is_ok() || Network::parse(text).is_some() {
        return None;
    }
    let is_numeric = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    if is_numeric || text.contains([':', '/']) {
        return Some("no address and no network, such as 203.0.113.0/24");
    }
    Destination::of_host(text).is_none().then_some("neither an address nor a name below a public suffix")
}

/// Services as findings have them.
fn services(entry: &Entry, problems: &mut Problems) -> Vec<String> {
    let found = values(entry, problems);
    for name in found.iter().filter(|name| Service::from_name(name).is_none()) {
        let known = Service::ALL.map(Service::as_str).join(", ");
        problems.add(entry.value.line, format!("unknown service `{name}`, not one of {known}"));
    }
    found
}

fn analytics(entry: &Entry, problems: &mut Problems) -> Vec<String> {
    let known = [Analytic::An1681, Analytic::An1682, Analytic::An1793, Analytic::An1794].map(Analytic::id);
    let found: Vec<String> = values(entry, problems).iter().map(|id| id.to_ascii_uppercase()).collect();
    for id in found.iter().filter(|id| !known.contains(&id.as_str())) {
        problems.add(entry.value.line, format!("unknown analytic `{id}`, not one of {}", known.join(", ")));
    }
    found
}

fn band(entry: &Entry, problems: &mut Problems) -> Option<Band> {
    if entry.value.text() == Some("none") {
        return Some(Band::NoInterval);
    }
    let before = problems.count();
    let (mut from, mut to) = (None, None);
    for end in problems.entries(&entry.value, "`interval_secs` (`{from: .., to: ..}` or `none`)") {
        let secs = match end.value.value {
            Value::Number(secs) if secs > 0.0 && secs <= INTERVAL_SECS_MAX => Some(secs),
            _ => {
                let shown = end.value.shown();
                problems.add(end.value.line, format!("`{}` must be seconds over 0, not {shown}", end.key));
                None
            }
        };
        match end.key.as_str() {
            "from" => from = secs,
            "to" => to = secs,
            _ => problems.unknown_key(end, ["from", "to"].into_iter()),
        }
    }
    match (from, to) {
        (Some(from_secs), Some(to_secs)) if from_secs <= to_secs => Some(Band::Secs { from_secs, to_secs }),
        // What is wrong with an end was said.
        _ if problems.count() > before => None,
        _ => {
            problems.add(entry.line, "`interval_secs` needs `from` and `to`, `from` not above `to`");
            None
        }
    }
}

fn day(entry: &Entry, problems: &mut Problems) -> Option<Day> {
    let found = entry.value.text().and_then(parse_day);
    if found.is_none() {
        let shown = entry.value.shown();
        problems
            .add(entry.value.line, format!("`{}` must be a day such as 2026-05-04, not {shown}", entry.key));
    }
    found
}

/// A day as `2026-05-04`.
pub fn parse_day(text: &str) -> Option<Day> {
    if text.len() != 10 {
        return None;
    }
    rfc3339::parse(&format!("{text}T00:00:00Z")).map(Timestamp::day)
}

fn text(entry: &Entry, node: &Node, problems: &mut Problems) -> Option<String> {
    let found = node.text().map(str::trim);
    match found {
        Some(found) if !found.is_empty() && found.chars().count() <= TEXT_CHARS_MAX => Some(found.to_owned()),
        _ => {
            let what = match node.value {
                Value::Number(_) | Value::Flag(_) => ": put it in quotes",
                _ => "",
            };
            let shown = node.shown();
            problems.add(
                node.line,
                format!(
                    "`{}` must be a text of 1 to {TEXT_CHARS_MAX} characters, not {shown}{what}",
                    entry.key
                ),
            );
            None
        }
    }
}
