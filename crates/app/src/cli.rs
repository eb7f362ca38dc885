//! The command line, as typed.

mod export;
mod scan;
mod suppress;
mod tune;
mod values;

pub(crate) use export::{CoverageArgs, ExportCommand, NavigatorArgs};
pub(crate) use scan::{InputArgs, ReadingArgs, ScanArgs, ShownArgs};
pub(crate) use suppress::{AddArgs, ExpireArgs, ListArgs, Pin, RemoveArgs, SuppressCommand};
pub(crate) use tune::{BacktestArgs, TextFormat, TuneArgs};

use clap::{Args, Parser, Subcommand, ValueEnum, ValueHint};
use std::path::PathBuf;

/// Finds command and control hidden under ordinary app traffic on phones.
///
/// Reads Zeek and Suricata logs, packet captures and phone telemetry; prints the few series that look like
/// command and control over an application protocol, each explained (ATT&CK Mobile DET0685, DET0620).
#[derive(Debug, Parser)]
#[command(name = "undertone", version, max_term_width = 110, after_help = AFTER_HELP)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
    #[command(flatten)]
    pub(crate) global: GlobalArgs,
}

const AFTER_HELP: &str = "First steps:
  undertone demo
      simulates a fleet, and shows its findings beside the truth
  undertone scan LOGS --format table -o findings.jsonl
      what to look at, strongest first
  undertone explain ID --in findings.jsonl
      one finding in full
  undertone suppress add --from findings.jsonl ID --reason TEXT
      hides what is known and harmless, until it ends

Exit codes: 0 ran; 2 findings at or above --fail-on; 3 part of the input was unreadable; \
64 usage; 65 no usable input; 70 internal; 74 output failed; 78 configuration; 130 interrupted.";

/// Options of every command.
#[derive(Debug, Args)]
pub(crate) struct GlobalArgs {
    /// Say nothing on stderr but errors
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub(crate) quiet: bool,
    /// Say more on stderr
    #[arg(short, long, global = true)]
    pub(crate) verbose: bool,
    /// No colours, even on a terminal (also: `NO_COLOR` in the environment)
    #[arg(long, global = true)]
    pub(crate) no_color: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Simulate a small fleet, scan it and show the findings beside the truth; needs no input
    Demo(DemoArgs),
    /// Scan logs, captures and telemetry; findings go to standard output
    Scan(Box<ScanArgs>),
    /// Show one finding in full: what was seen, why it is odd, what to check next
    Explain(ExplainArgs),
    /// Write findings of an earlier scan in other formats
    Convert(ConvertArgs),
    /// Compare findings with labels: recall, false positives, promised against observed
    Eval(Box<EvalArgs>),
    /// Learn, show and compare what is normal in a fleet
    #[command(subcommand)]
    Baseline(BaselineCommand),
    /// Hide findings that somebody looked at and found known, with a reason and an end
    #[command(subcommand)]
    Suppress(SuppressCommand),
    /// Show what a change of thresholds would do to the findings
    Tune(Box<TuneArgs>),
    /// Run the detector day by day on past days, each with what was known by then
    Backtest(Box<BacktestArgs>),
    /// Say what the data can show, and write findings for other tools
    #[command(subcommand)]
    Export(ExportCommand),
    /// Say what is wrong in a configuration file, or print the default one
    Check(CheckArgs),
    /// Write a labelled fleet of phones as logs and telemetry
    Simulate(SimulateArgs),
    /// List the formats that findings are written in
    Formats,
    /// Print shell completions
    Completions(CompletionsArgs),
    /// Print the manual page, or write one for each command
    Man(ManArgs),
}

/// `undertone demo`
#[derive(Debug, Args)]
pub(crate) struct DemoArgs {
    /// Phones in the fleet
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u32).range(30..=500))]
    pub(crate) devices: u32,
    /// Seed of everything random
    #[arg(long, default_value_t = 3)]
    pub(crate) seed: u64,
}

/// `undertone check`
#[derive(Debug, Args)]
#[command(arg_required_else_help = true)]
pub(crate) struct CheckArgs {
    /// Thresholds and declared baselines: YAML
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) config: Vec<PathBuf>,
    /// Roles of apps: YAML (repeatable)
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) apps: Vec<PathBuf>,
    /// A learned baseline (repeatable)
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) baseline: Vec<PathBuf>,
    /// Suppressions (repeatable)
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) suppress: Vec<PathBuf>,
    /// Print the default file: every threshold with its unit, range, default and origin
    #[arg(long, exclusive = true)]
    pub(crate) print_default: bool,
}

/// `undertone baseline`
#[derive(Debug, Subcommand)]
pub(crate) enum BaselineCommand {
    /// Learn what is normal from logs and telemetry of ordinary days
    Learn(Box<LearnArgs>),
    /// Show what a baseline holds
    Show {
        /// A learned baseline
        #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
        file: PathBuf,
    },
    /// Show what changed from one baseline to another
    Diff {
        /// The earlier one
        #[arg(value_name = "A", value_hint = ValueHint::FilePath)]
        before: PathBuf,
        /// The later one
        #[arg(value_name = "B", value_hint = ValueHint::FilePath)]
        after: PathBuf,
    },
}

/// `undertone baseline learn`
#[derive(Debug, Args)]
pub(crate) struct LearnArgs {
    #[command(flatten)]
    pub(crate) input: InputArgs,
    /// Where the baseline goes: JSON, one entry a line
    #[arg(short, long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) output: PathBuf,
    /// Findings of earlier scans, as JSON Lines: their alerts stay open until they are suppressed; without it, what an
    /// alert names is known from then on and hardly ever alerts again (repeatable; `-` is standard input)
    #[arg(long, value_name = "FINDINGS", value_hint = ValueHint::FilePath)]
    pub(crate) alerts: Vec<PathBuf>,
    /// What was looked at and found known is not open
    #[arg(long, value_name = "FILE", requires = "alerts", value_hint = ValueHint::FilePath)]
    pub(crate) suppress: Option<PathBuf>,
}

/// `undertone explain`
#[derive(Debug, Args)]
pub(crate) struct ExplainArgs {
    /// Id of the finding, or enough of its beginning
    pub(crate) id: String,
    /// Findings of an earlier scan, as JSON Lines; `-` is standard input
    #[arg(long = "in", value_name = "FINDINGS", value_hint = ValueHint::FilePath)]
    pub(crate) input: PathBuf,
    /// Logs or telemetry to read the finding's connections from again; without them the finding alone is explained
    #[arg(value_name = "PATH", value_hint = ValueHint::AnyPath)]
    pub(crate) paths: Vec<PathBuf>,
    /// Say whether one of these suppressions hides it (`undertone suppress`)
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) suppress: Option<PathBuf>,
}

/// `undertone convert`
#[derive(Debug, Args)]
pub(crate) struct ConvertArgs {
    /// Findings of an earlier scan, as JSON Lines; `-` is standard input
    #[arg(long = "in", value_name = "FINDINGS", value_hint = ValueHint::FilePath)]
    pub(crate) input: PathBuf,
    #[command(flatten)]
    pub(crate) shown: ShownArgs,
}

/// `undertone eval`
#[derive(Debug, Args)]
pub(crate) struct EvalArgs {
    /// Labels of the implants: JSON as `undertone simulate` writes it
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) truth: PathBuf,
    /// Findings of an earlier scan, as JSON Lines, best made with `scan --all`; `-` is standard input
    #[arg(long = "in", value_name = "FINDINGS", value_hint = ValueHint::FilePath, required_unless_present = "paths", conflicts_with_all = ["ReadingArgs", "baseline"])]
    pub(crate) input: Option<PathBuf>,
    /// Or files and folders to scan
    #[arg(value_name = "PATH", value_hint = ValueHint::AnyPath, conflicts_with = "input")]
    pub(crate) paths: Vec<PathBuf>,
    /// Labels of rare honest senders: false positives among them are told apart
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) benign: Option<PathBuf>,
    /// Also look for single features that give implants away in the data itself; exit with 2 when one gives away more
    /// than a fifth of them
    #[arg(long, conflicts_with = "input")]
    pub(crate) leaks: bool,
    /// Days with traffic, summed over devices [default: those of the scan]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) device_days: Option<u64>,
    /// The same, from what `scan --summary` wrote
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, conflicts_with = "device_days")]
    pub(crate) scan_summary: Option<PathBuf>,
    /// Format [default: that of the file's extension, else table]
    #[arg(long, value_enum, value_name = "FORMAT")]
    pub(crate) format: Option<EvalFormat>,
    /// Write to a file instead of standard output
    #[arg(short, long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) output: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) reading: ReadingArgs,
    /// Baseline learned from this fleet's history (`undertone baseline learn`)
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) baseline: Option<PathBuf>,
}

/// Formats of a comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum EvalFormat {
    /// Aligned tables
    Table,
    /// One JSON object
    Json,
    /// One page with charts
    Html,
}

/// `undertone simulate`
#[derive(Debug, Args)]
pub(crate) struct SimulateArgs {
    /// Folder to write to; made if absent, else it must be empty
    #[arg(value_hint = ValueHint::DirPath)]
    pub(crate) out: PathBuf,
    /// Phones
    #[arg(long, default_value_t = 100)]
    pub(crate) devices: u32,
    /// UTC days
    #[arg(long, default_value_t = 1)]
    pub(crate) days: u32,
    /// Seed of everything random: the same seed gives the same bytes
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// Phones with an implant
    #[arg(long, default_value_t = 5)]
    pub(crate) infected: u32,
    /// Days at the beginning on which no phone is infected yet [default: most implants are there from the start]
    #[arg(long, value_name = "DAYS")]
    pub(crate) infected_after: Option<u32>,
    /// Leave every implant out; the rest stays the same
    #[arg(long)]
    pub(crate) clean: bool,
    /// Honest senders per phone that are rare, regular and often self-hosted, on average [default: 1.6, and five
    /// for each implant]
    #[arg(long, value_name = "RATE")]
    pub(crate) honest: Option<f64>,
    /// Network logs only, no phone telemetry
    #[arg(long)]
    pub(crate) no_edr: bool,
}

/// `undertone completions`
#[derive(Debug, Args)]
pub(crate) struct CompletionsArgs {
    /// Shell
    #[arg(value_enum)]
    pub(crate) shell: Shell,
}

/// `undertone man`
#[derive(Debug, Args)]
pub(crate) struct ManArgs {
    /// Folder to write a page for each command to; made if absent
    #[arg(short, long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) output: Option<PathBuf>,
}

/// Shells with completions.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Shell {
    Bash,
    Elvish,
    Fish,
    Powershell,
    Zsh,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        use clap::CommandFactory as _;
        Cli::command().debug_assert();
    }
}
