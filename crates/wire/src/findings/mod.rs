//! Findings out, in every format that people and programs ask for, and back in from undertone's own.
//!
//! A writer takes findings in the order in which they are to appear and writes them to any
//! [`std::io::Write`]. None reads a clock or makes a random id, so the same findings are the same bytes. Text
//! that an attacker chose is harmless in each ([`text`]).

mod cef;
mod csv;
mod ecs;
mod explain;
pub(crate) mod json;
mod native;
pub(crate) mod navigator;
mod ocsf;
mod paint;
mod parse;
mod report;
mod shape;
mod sigma;
mod standard;
mod stix;
mod summary;
mod table;
pub mod text;
mod traced;
mod words;

pub use cef::write_cef;
pub use csv::write_csv;
pub use ecs::{write_bulk, write_ecs};
pub use explain::{write_explanation, write_rows};
pub use native::write_jsonl;
pub use navigator::write_navigator;
pub use ocsf::write_ocsf;
pub use paint::{TerminalStyle, human_bytes, human_count, human_secs};
pub use parse::{FINDING_BYTES_MAX, FindingError, parse_finding};
pub use report::{INPUTS_LISTED_MAX, InputFact, RunFacts, write_html};
pub use sigma::write_sigma;
pub use stix::write_stix;
pub use summary::{ClockFacts, NAMED_MAX, RejectedRows, RunSummary, parse_device_days};
pub use table::{destination_label, destination_title, write_table};

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
    /// OCSF Detection Finding.
    Ocsf,
    /// Elastic Common Schema alerts.
    Ecs,
    /// The same as a body for `_bulk`.
    Bulk,
    /// Common Event Format in syslog.
    Cef,
    /// A STIX bundle.
    Stix,
    /// An ATT&CK Navigator layer.
    Navigator,
    /// Sigma rules over our findings.
    Sigma,
    /// One page for a browser.
    Html,
}

impl Format {
    /// All formats, in the order in which they are listed.
    pub const ALL: [Self; 11] = [
        Self::Table,
        Self::Jsonl,
        Self::Csv,
        Self::Ocsf,
        Self::Ecs,
        Self::Bulk,
        Self::Cef,
        Self::Stix,
        Self::Navigator,
        Self::Sigma,
        Self::Html,
    ];

    /// The name on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Table => "table",
            Self::Jsonl => "jsonl",
            Self::Csv => "csv",
            Self::Ocsf => "ocsf",
            Self::Ecs => "ecs",
            Self::Bulk => "bulk",
            Self::Cef => "cef",
            Self::Stix => "stix",
            Self::Navigator => "navigator",
            Self::Sigma => "sigma",
            Self::Html => "html",
        }
    }

    /// File extensions that mean this format where nothing else names one. `json` is that of JSON Lines, as in Suricata's
    /// `eve.json`; other formats share it ([`Self::is_json`]).
    pub const fn extensions(self) -> &'static [&'static str] {
        match self {
            Self::Table => &["txt"],
            Self::Jsonl => &["jsonl", "ndjson", "json"],
            Self::Csv => &["csv"],
            Self::Cef => &["cef"],
            Self::Html => &["html", "htm"],
            Self::Ocsf | Self::Ecs | Self::Bulk | Self::Stix | Self::Navigator | Self::Sigma => &[],
        }
    }

    /// Whether what is written is JSON, whole or line by line.
    pub const fn is_json(self) -> bool {
        match self {
            Self::Jsonl | Self::Ocsf | Self::Ecs | Self::Bulk | Self::Stix | Self::Navigator => true,
            Self::Table | Self::Csv | Self::Cef | Self::Html | Self::Sigma => false,
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
            Self::Ocsf => "OCSF 1.8.0 Detection Finding, one event a line",
            Self::Ecs => "Elastic Common Schema 9.4 alerts, one document a line",
            Self::Bulk => "the same as a body for Elasticsearch or OpenSearch _bulk, delivered at most once",
            Self::Cef => "Common Event Format in RFC 5424 syslog, one line a finding",
            Self::Stix => "one STIX 2.1 bundle: observed data and sightings of ATT&CK techniques",
            Self::Navigator => "an ATT&CK Navigator layer 4.5 (mobile-attack) of the findings",
            Self::Sigma => {
                "Sigma 2.1 rules that match undertone's alerts, one for each level; the same for any findings"
            }
            Self::Html => "one page that needs nothing else: search, plots, evidence, run facts",
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
        self.write_of_run(out, findings, style, None)
    }

    /// Whether the format has a place for [`RunFacts`].
    pub const fn tells_the_run(self) -> bool {
        matches!(self, Self::Html)
    }

    /// Writes the findings in this format, with what is known of the run where the format has a place for it.
    ///
    /// # Errors
    /// Those of [`Self::write`].
    pub fn write_of_run<W: Write>(
        self,
        out: W,
        findings: &[&Finding],
        style: TerminalStyle,
        run: Option<&RunFacts>,
    ) -> io::Result<()> {
        match self {
            Self::Table => write_table(out, findings, style),
            Self::Jsonl => write_jsonl(out, findings),
            Self::Csv => write_csv(out, findings),
            Self::Ocsf => write_ocsf(out, findings),
            Self::Ecs => write_ecs(out, findings),
            Self::Bulk => write_bulk(out, findings),
            Self::Cef => write_cef(out, findings),
            Self::Stix => write_stix(out, findings),
            Self::Navigator => write_navigator(out, findings),
            Self::Sigma => write_sigma(out),
            Self::Html => write_html(out, findings, run),
        }
    }
}
