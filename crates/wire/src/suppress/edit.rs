//! Changes a file of suppressions as text: a line is touched only where the change is. Every change is read back and
//! must come to what was asked for, else nothing is changed.

use super::read::{Placed, parse_suppressions};
use super::write::record as written;
use thiserror::Error;
use undertone_core::finding::Suppression;
use undertone_core::model::Day;

/// Why a file was not changed.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum EditError {
    /// A record that hides the same is there already.
    #[error("`{0}` is there already")]
    Known(String),
    /// No record of that id.
    #[error("no suppression `{0}`")]
    Unknown(String),
    /// The file is written in a way that a change as text would break.
    #[error("the file is laid out in a way that this program does not change: edit it by hand")]
    Layout,
}

/// Adds a record at the end.
///
/// # Errors
/// One that hides the same is there, or the file's layout forbids it.
pub fn add_record(document: &str, record: &Suppression) -> Result<String, EditError> {
    let before = read(document)?;
    let id = record.id();
    if before.iter().any(|known| known.record.id() == id) {
        return Err(EditError::Known(id));
    }
    let mut text = document.to_owned();
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
    text.push_str(&written(record));
    let wanted = before.into_iter().map(|placed| placed.record).chain([record.clone()]).collect();
    checked(text, &wanted)
}

/// Removes the records of some ids; comments above them go with them.
///
/// # Errors
/// An id that no record has, or the file's layout forbids it.
pub fn remove_records(document: &str, ids: &[String]) -> Result<String, EditError> {
    let before = read(document)?;
    known(&before, ids)?;
    let lines: Vec<&str> = document.split_inclusive('\n').collect();
    let starts = starts(&lines, &before)?;
    let mut text = String::new();
    text.extend(lines.iter().take(starts.first().copied().unwrap_or(lines.len())).copied());
    for (number, placed) in before.iter().enumerate() {
        if !ids.contains(&placed.record.id()) {
            let from = starts.get(number).copied().unwrap_or(lines.len());
            let to = starts.get(number + 1).copied().unwrap_or(lines.len());
            text.extend(lines.iter().take(to).skip(from).copied());
        }
    }
    let wanted = before.into_iter().map(|p| p.record).filter(|record| !ids.contains(&record.id())).collect();
    checked(text, &wanted)
}

/// Sets the day from which the records of some ids hide nothing.
///
/// # Errors
/// An id that no record has, or the file's layout forbids it.
pub fn set_expiry(document: &str, ids: &[String], day: Day) -> Result<String, EditError> {
    let before = read(document)?;
    known(&before, ids)?;
    let lines: Vec<&str> = document.split_inclusive('\n').collect();
    let starts = starts(&lines, &before)?;
    let mut text = String::new();
    text.extend(lines.iter().take(starts.first().copied().unwrap_or(lines.len())).copied());
    let mut wanted = Vec::with_capacity(before.len());
    for (number, placed) in before.into_iter().enumerate() {
        let from = starts.get(number).copied().unwrap_or(lines.len());
        let to = starts.get(number + 1).copied().unwrap_or(lines.len());
        let own: Vec<&str> = lines.iter().take(to).skip(from).copied().collect();
        let mut record = placed.record;
        if ids.contains(&record.id()) {
            // A record made for a later day than this one ends on the day on which it was made.
            let day = record.created.map_or(day, |created| day.max(created));
            record.expires = Some(day);
            text.push_str(&with_expiry(&own, day));
        } else {
            text.extend(own);
        }
        wanted.push(record);
    }
    checked(text, &wanted)
}

/// The lines of a record with its expiry replaced, or added before what trails it.
fn with_expiry(lines: &[&str], day: Day) -> String {
    let own_line = format!("expires: {day}\n");
    let is_expiry =
        |line: &str| line.trim_start().trim_start_matches("- ").trim_start().starts_with("expires:");
    if let Some(at) = lines.iter().position(|line| is_expiry(line)) {
        let mut text = String::new();
        for (number, line) in lines.iter().enumerate() {
            let head = line.split("expires:").next().unwrap_or_default();
            if number == at {
                text.extend([head, &own_line]);
            } else {
                text.push_str(line);
            }
        }
        return text;
    }
    let is_trailing = |line: &&&str| line.trim().is_empty() || line.trim_start().starts_with('#');
    let trailing = lines.iter().rev().take_while(is_trailing).count();
    let (own, rest) = lines.split_at(lines.len() - trailing);
    let mut text: String = own.concat();
    if !text.ends_with('\n') {
        text.push('\n');
    }
    text.extend(["  ", &own_line]);
    text.push_str(&rest.concat());
    text
}

/// Index of the first line of each record: where its dash is, or the comments right above it.
fn starts(lines: &[&str], records: &[Placed]) -> Result<Vec<usize>, EditError> {
    let mut found = Vec::with_capacity(records.len());
    let mut floor = 0;
    for placed in records {
        let key =
            usize::try_from(placed.line).unwrap_or(usize::MAX).checked_sub(1).ok_or(EditError::Layout)?;
        let mut at = key;
        while !lines.get(at).ok_or(EditError::Layout)?.starts_with('-') {
            at = at.checked_sub(1).filter(|at| *at >= floor).ok_or(EditError::Layout)?;
        }
        let dash = at;
        while at > floor && lines.get(at - 1).is_some_and(|line| line.starts_with('#')) {
            at -= 1;
        }
        found.push(at);
        floor = dash + 1;
    }
    Ok(found)
}

fn known(records: &[Placed], ids: &[String]) -> Result<(), EditError> {
    match ids.iter().find(|id| !records.iter().any(|placed| placed.record.id() == **id)) {
        Some(id) => Err(EditError::Unknown(id.clone())),
        None => Ok(()),
    }
}

fn read(document: &str) -> Result<Vec<Placed>, EditError> {
    parse_suppressions(document.as_bytes()).map_err(|_problems| EditError::Layout)
}

fn checked(text: String, wanted: &Vec<Suppression>) -> Result<String, EditError> {
    let found: Vec<Suppression> = read(&text)?.into_iter().map(|placed| placed.record).collect();
    if found == *wanted { Ok(text) } else { Err(EditError::Layout) }
}
