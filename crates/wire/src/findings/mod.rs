//! Findings out, in every format that people and programs ask for, and back in from undertone's own.
//!
//! A writer takes findings in the order in which they are to appear and writes them to any
//! [`std::io::Write`]. None reads a clock or makes a random id, so the same findings are the same bytes. Text
//! that an attacker chose is harmless in each ([`text`]).

mod csv;
mod explain;
mod json;
mod native;
mod paint;
mod parse;
mod summary;
mod table;
pub mod text;

pub use csv::write_csv;
pub use explain::write_explanation;
pub use native::write_jsonl;
pub use paint::{TerminalStyle, human_bytes, human_count, human_secs};
pub use parse::{FINDING_BYTES_MAX, FindingError, parse_finding};
pub use summary::{NAMED_MAX, RejectedRows, RunSummary};
pub use table::write_table;

use std::io::{self, Write};
use undertone_core::finding::Finding;

/// A format that findings are written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// A table for a terminal.
    Table,
    /// undertone's own JSON Lines.
    Jsonl,
    /// CSV for spreadsheets.
    Csv,
}

impl Format {
    /// All formats, in the order in which they are listed.
    pub const ALL: [Self; 3] = [Self::Table, Self::Jsonl, Self::Csv];

    /// The name on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Table => "table",
            Self::Jsonl => "jsonl",
            Self::Csv => "csv",
        }
    }

    /// File extensions that mean this format.
    pub const fn extensions(self) -> &'static [&'static str] {
        match self {
            Self::Table => &["txt"],
            Self::Jsonl => &["jsonl", "ndjson"],
            Self::Csv => &["csv"],
        }
    }

    /// What the format is for, in one line.
    pub const fn purpose(self) -> &'static str {
        match self {
            Self::Table => "a table for a terminal, the strongest reasons under each finding",
            Self::Jsonl => {
                "undertone's own schema, one finding a line; every other format can be made from it"
            }
            Self::Csv => "RFC 4180 for spreadsheets, formulas disarmed",
        }
    }

    /// The format of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.name() == name)
    }

    /// The format of a file extension, in any case.
    pub fn from_extension(extension: &str) -> Option<Self> {
        let means =
            |format: &Self| format.extensions().iter().any(|known| known.eq_ignore_ascii_case(extension));
        Self::ALL.into_iter().find(means)
    }

    /// Writes the findings in this format; `style` matters to the table alone.
    ///
    /// # Errors
    /// The output's error, or [`io::ErrorKind::InvalidData`] for a score or weight that is not finite.
    pub fn write<W: Write>(self, out: W, findings: &[&Finding], style: TerminalStyle) -> io::Result<()> {
        match self {
            Self::Table => write_table(out, findings, style),
            Self::Jsonl => write_jsonl(out, findings),
            Self::Csv => write_csv(out, findings),
        }
    }
}
