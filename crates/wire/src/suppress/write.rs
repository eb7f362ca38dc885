//! Writes records as YAML that reads back as what it was, whatever the texts hold.

use crate::findings::text::is_deceptive;
use std::fmt::Write as _;
use undertone_core::finding::{Band, Suppression};

/// Writes records as a YAML list, in the order given.
pub fn write_records(records: &[Suppression]) -> String {
    records.iter().map(record).collect()
}

/// One record, its lines ended.
pub(super) fn record(record: &Suppression) -> String {
    let mut lines: Vec<String> = Vec::new();
    for (name, values) in record.matchers.lists() {
        match values {
            [] => {}
            [one] => lines.push(format!("{name}: {}", quoted(one))),
            several => {
                let list: Vec<String> = several.iter().map(|value| quoted(value)).collect();
                lines.push(format!("{name}: [{}]", list.join(", ")));
            }
        }
    }
    match record.matchers.interval {
        Some(Band::Secs { from_secs, to_secs }) => {
            lines.push(format!("interval_secs: {{from: {from_secs}, to: {to_secs}}}"));
        }
        Some(Band::NoInterval) => lines.push("interval_secs: none".to_owned()),
        None => {}
    }
    lines.push(format!("reason: {}", quoted(&record.reason)));
    lines.extend(record.author.as_ref().map(|author| format!("author: {}", quoted(author))));
    lines.extend(record.created.map(|day| format!("created: {day}")));
    lines.extend(record.expires.map(|day| format!("expires: {day}")));
    let mut text = String::new();
    for (at, line) in lines.iter().enumerate() {
        text.push_str(if at == 0 { "- " } else { "  " });
        text.push_str(line);
        text.push('\n');
    }
    text
}

/// A plain scalar where nobody could read it otherwise, else a double-quoted one (YAML 1.2 section 7.3.1).
fn quoted(text: &str) -> String {
    let is_plain = text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || "._-/".contains(c))
        && !RESERVED.contains(&text.to_ascii_lowercase().as_str());
    if is_plain {
        return text.to_owned();
    }
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            c if is_deceptive(c) => {
                // Writing to a String cannot fail.
                let _infallible = write!(out, "\\U{:08X}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// Words that YAML 1.1 or 1.2 reads as something else than a text.
const RESERVED: [&str; 10] = ["null", "true", "false", "yes", "no", "on", "off", "y", "n", "nan"];
