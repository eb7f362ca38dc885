//! `undertone export`, as typed.

use super::{InputArgs, ReadingArgs, TextFormat};
use clap::{Args, Subcommand, ValueHint};
use std::path::PathBuf;

/// `undertone export`
#[derive(Debug, Subcommand)]
pub(crate) enum ExportCommand {
    /// What the given data could show and could not, element by element of ATT&CK
    Coverage(Box<CoverageArgs>),
    /// An ATT&CK Navigator layer: of findings, or of the coverage of given data with findings beside it
    Navigator(Box<NavigatorArgs>),
    /// A STIX 2.1 bundle of findings
    Stix(StixArgs),
}

/// `undertone export coverage`
#[derive(Debug, Args)]
pub(crate) struct CoverageArgs {
    #[command(flatten)]
    pub(crate) input: InputArgs,
    /// Baseline learned from this fleet's history: its phones count for comparison
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) baseline: Option<PathBuf>,
    /// Format
    #[arg(long, value_enum, default_value_t = TextFormat::Table, value_name = "FORMAT")]
    pub(crate) format: TextFormat,
    /// Write to a file instead of standard output
    #[arg(short, long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) output: Option<PathBuf>,
}

/// `undertone export navigator`
#[derive(Debug, Args)]
pub(crate) struct NavigatorArgs {
    /// Files and folders whose coverage is scored
    #[arg(value_name = "PATH", value_hint = ValueHint::AnyPath, required_unless_present = "input")]
    pub(crate) paths: Vec<PathBuf>,
    /// Findings of an earlier scan, as JSON Lines; `-` is standard input. Without a PATH they are scored
    #[arg(long = "in", value_name = "FINDINGS", value_hint = ValueHint::FilePath)]
    pub(crate) input: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) reading: ReadingArgs,
    /// Write to a file instead of standard output
    #[arg(short, long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) output: Option<PathBuf>,
}

/// `undertone export stix`
#[derive(Debug, Args)]
pub(crate) struct StixArgs {
    /// Findings of an earlier scan, as JSON Lines; `-` is standard input
    #[arg(long = "in", value_name = "FINDINGS", value_hint = ValueHint::FilePath)]
    pub(crate) input: PathBuf,
    /// Write to a file instead of standard output
    #[arg(short, long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) output: Option<PathBuf>,
}
