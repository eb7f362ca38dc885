//! Findings of an earlier scan, read back.

use crate::exit::{Failure, Fault};
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, stdin};
use std::path::Path;
use undertone_core::finding::Finding;
use undertone_wire::findings::{FINDING_BYTES_MAX, parse_finding};

/// Reads findings as JSON Lines; `-` is standard input. Empty lines are passed over.
///
/// # Errors
/// A file that cannot be read, or a line that is not a finding, with its number.
pub(crate) fn read(path: &Path) -> anyhow::Result<Vec<Finding>> {
    if path.as_os_str() == "-" {
        return read_lines("standard input", stdin().lock());
    }
    let name = path.display().to_string();
    let file = File::open(path).map_err(|error| unreadable(&name, &error))?;
    read_lines(&name, BufReader::new(file))
}

/// Largest file of labels or summary of a run, bytes: a label of a phone takes about 400.
const DOCUMENT_BYTES_MAX: u64 = 64 << 20;

/// The bytes of a file that is read as a whole.
///
/// # Errors
/// A file that cannot be read, or one that is too large: what is named may be a device that never ends.
pub(crate) fn document(path: &Path) -> anyhow::Result<Vec<u8>> {
    let name = path.display().to_string();
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(DOCUMENT_BYTES_MAX + 1).read_to_end(&mut bytes))
        .map_err(|error| unreadable(&name, &error))?;
    if bytes.len() as u64 > DOCUMENT_BYTES_MAX {
        let message = format!("`{name}` is over {} MiB", DOCUMENT_BYTES_MAX >> 20);
        return Err(Fault::error(Failure::Data, message));
    }
    Ok(bytes)
}

fn read_lines(name: &str, mut input: impl BufRead) -> anyhow::Result<Vec<Finding>> {
    let mut findings = Vec::new();
    let mut line = Vec::new();
    for number in 1_u64.. {
        line.clear();
        let limit = FINDING_BYTES_MAX as u64 + 2;
        let taken = input
            .by_ref()
            .take(limit)
            .read_until(b'\n', &mut line)
            .map_err(|error| unreadable(name, &error))?;
        if taken == 0 {
            break;
        }
        let text = line.trim_ascii();
        if !text.is_empty() {
            let finding = parse_finding(text).map_err(|error| {
                Fault::error(
                    Failure::Data,
                    format!("{name}:{number}: {error}; `scan -o findings.jsonl` writes such lines"),
                )
            })?;
            findings.push(finding);
        }
    }
    Ok(findings)
}

fn unreadable(name: &str, error: &io::Error) -> anyhow::Error {
    Fault::error(Failure::Data, format!("cannot read `{name}`: {error}"))
}
