//! `undertone tune` and `undertone backtest`, as typed.

use super::InputArgs;
use clap::{ArgGroup, Args, ValueEnum, ValueHint};
use std::path::PathBuf;
use undertone_core::model::Day;
use undertone_wire::config::{Setting, parse_sweep};
use undertone_wire::suppress::parse_day;

/// Formats of a comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum TextFormat {
    /// Aligned text
    Table,
    /// JSON Lines
    Json,
}

/// Where records of inputs are kept from run to run.
#[derive(Debug, Args)]
pub(crate) struct CacheArgs {
    /// Folder for the records of inputs, so that the next run need not parse them; the files hold what the logs hold
    /// [default: `undertone` in the user's cache folder]
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) cache: Option<PathBuf>,
    /// Keep nothing for the next run, and use nothing of an earlier one
    #[arg(long, conflicts_with = "cache")]
    pub(crate) no_cache: bool,
}

impl CacheArgs {
    /// The folder; `None` where nothing is to be kept, or no folder is known.
    pub(crate) fn folder(&self) -> Option<PathBuf> {
        if self.no_cache {
            return None;
        }
        // XDG Base Directory Specification: an absolute path, else the default below the home folder.
        let absolute =
            |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
        let user = || absolute("XDG_CACHE_HOME").or_else(|| absolute("HOME").map(|home| home.join(".cache")));
        self.cache.clone().or_else(|| user().map(|folder| folder.join("undertone")))
    }
}

/// `undertone tune`
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("change").args(["set", "sweep"]).required(true).multiple(true))]
pub(crate) struct TuneArgs {
    #[command(flatten)]
    pub(crate) input: InputArgs,
    /// A threshold to change: `KEY=VALUE`, or `roles.NAME.KEY=VALUE`, `apps.ID.KEY=VALUE`, `platforms.NAME.KEY=VALUE`
    /// (repeatable: all together)
    #[arg(long, value_name = "KEY=VALUE", value_parser = Setting::parse)]
    pub(crate) set: Vec<Setting>,
    /// A threshold to go through: `KEY=FROM..TO` or `KEY=FROM..TO:STEPS`, one row a value, on top of --set
    #[arg(long, value_name = "KEY=FROM..TO", value_parser = sweep)]
    pub(crate) sweep: Option<Sweep>,
    /// Labels of implants: found and wrong ones are counted
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) truth: Option<PathBuf>,
    /// Baseline learned from this fleet's history (`undertone baseline learn`)
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) baseline: Option<PathBuf>,
    /// Format
    #[arg(long, value_enum, default_value_t = TextFormat::Table, value_name = "FORMAT")]
    pub(crate) format: TextFormat,
    #[command(flatten)]
    pub(crate) cache: CacheArgs,
}

/// The settings of a sweep.
#[derive(Debug, Clone)]
pub(crate) struct Sweep(pub(crate) Vec<Setting>);

fn sweep(text: &str) -> Result<Sweep, String> {
    parse_sweep(text).map(Sweep)
}

/// `undertone backtest`
#[derive(Debug, Args)]
pub(crate) struct BacktestArgs {
    #[command(flatten)]
    pub(crate) input: InputArgs,
    /// First day, as 2026-05-04, UTC; days before it are history [default: the first day of the input]
    #[arg(long, value_name = "DAY", value_parser = day)]
    pub(crate) from: Option<Day>,
    /// Last day [default: the last day of the input]
    #[arg(long, value_name = "DAY", value_parser = day)]
    pub(crate) to: Option<Day>,
    /// Labels of implants: found and wrong ones are counted
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) truth: Option<PathBuf>,
    /// Format on standard output
    #[arg(long, value_enum, default_value_t = TextFormat::Table, value_name = "FORMAT")]
    pub(crate) format: TextFormat,
    /// Also write the findings of all days to a file, as `scan -o` does (repeatable)
    #[arg(short, long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) output: Vec<String>,
    /// Write what fell short of an alert, too
    #[arg(long)]
    pub(crate) all: bool,
    #[command(flatten)]
    pub(crate) cache: CacheArgs,
}

fn day(text: &str) -> Result<Day, String> {
    parse_day(text).ok_or_else(|| "not a day such as 2026-05-04".to_owned())
}
