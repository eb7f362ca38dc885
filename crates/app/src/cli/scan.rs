//! `undertone scan`, and what other commands share with it: what to read, and what to show.

use super::values::{byte_size, format_parser, network, severity_parser, threads, utc_offset_secs};
use clap::{Args, ValueHint};
use std::path::PathBuf;
use undertone_core::model::Network;

/// `undertone scan`
#[derive(Debug, Args)]
pub(crate) struct ScanArgs {
    #[command(flatten)]
    pub(crate) input: InputArgs,
    #[command(flatten)]
    pub(crate) shown: ShownArgs,
    /// Exit with 2 when a finding is at least this severe
    #[arg(long, value_name = "SEVERITY", value_parser = severity_parser())]
    pub(crate) fail_on: Option<String>,
    /// Write the run summary as JSON to a file
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) summary: Option<PathBuf>,
    /// Baseline learned from this fleet's history (`undertone baseline learn`)
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) baseline: Option<PathBuf>,
}

/// What to read, and how.
#[derive(Debug, Args)]
pub(crate) struct InputArgs {
    /// Files or folders, recognised by content; `-` is standard input
    #[arg(required = true, value_name = "PATH", value_hint = ValueHint::AnyPath)]
    pub(crate) paths: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) reading: ReadingArgs,
}

/// How inputs are read and scored, whatever the command.
#[derive(Debug, Args)]
pub(crate) struct ReadingArgs {
    /// Threads, at most 256; 0 takes every core
    #[arg(long, default_value_t = 0, value_name = "N", value_parser = threads)]
    pub(crate) threads: usize,
    /// A network that is inside, besides the private ones (repeatable)
    #[arg(long, value_name = "NET", value_parser = network)]
    pub(crate) internal: Vec<Network>,
    /// Inventory of devices: CSV or YAML (repeatable)
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) inventory: Vec<PathBuf>,
    /// Roles of apps: YAML
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) apps: Option<PathBuf>,
    /// Thresholds and declared baselines: YAML (`undertone check --print-default`)
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) config: Option<PathBuf>,
    /// Offset from UTC for files whose times name no zone: `Z`, `+02:00`, `-0530`
    #[arg(long, default_value = "Z", value_name = "OFFSET", value_parser = utc_offset_secs, allow_hyphen_values = true)]
    pub(crate) timezone: i32,
    /// Memory to stay within: `512M`, `2G`
    #[arg(long, default_value = "1G", value_name = "SIZE", value_parser = byte_size)]
    pub(crate) memory: u64,
}

/// Which findings are shown, and where.
#[derive(Debug, Args)]
pub(crate) struct ShownArgs {
    /// Format on standard output [default: table on a terminal, else jsonl], or of a file whose name tells none
    #[arg(long, value_name = "FORMAT", value_parser = format_parser())]
    pub(crate) format: Option<String>,
    /// Also write to a file, the format by its extension or named before it, `csv:FILE` (repeatable);
    /// standard output is then used only with a --format that no file takes
    #[arg(short, long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) output: Vec<String>,
    /// Show only the first N
    #[arg(long, value_name = "N")]
    pub(crate) top: Option<usize>,
    /// Show what fell short of the alert threshold, too, with the reason
    #[arg(long)]
    pub(crate) all: bool,
    /// Hide what these suppressions name (`undertone suppress`)
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) suppress: Option<PathBuf>,
    /// Show suppressed findings, too, marked as such
    #[arg(long)]
    pub(crate) show_suppressed: bool,
}

impl ShownArgs {
    /// Files alone, for a command that has its own standard output.
    pub(crate) fn files(output: &[String]) -> Self {
        let (format, top, suppress) = (None, None, None);
        Self { format, output: output.to_vec(), top, all: true, suppress, show_suppressed: true }
    }
}
