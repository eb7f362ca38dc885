//! The command line, as typed.

mod export;
mod suppress;
mod tune;

pub(crate) use export::{CoverageArgs, ExportCommand, NavigatorArgs};
pub(crate) use suppress::{AddArgs, ExpireArgs, ListArgs, Pin, RemoveArgs, SuppressCommand};
pub(crate) use tune::{BacktestArgs, TextFormat, TuneArgs};

use clap::builder::PossibleValuesParser;
use clap::{Args, Parser, Subcommand, ValueEnum, ValueHint};
use std::path::PathBuf;
use undertone_core::finding::Severity;
use undertone_core::model::Network;
use undertone_wire::findings::Format;

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
}

/// Which findings are shown, and where.
#[derive(Debug, Args)]
pub(crate) struct ShownArgs {
    /// Format on standard output [default: table on a terminal, else jsonl]
    #[arg(long, value_name = "FORMAT", value_parser = format_parser())]
    pub(crate) format: Option<String>,
    /// Also write to a file, the format by its extension or named before it, `csv:FILE` (repeatable);
    /// standard output is then used only with --format
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
    #[arg(long = "in", value_name = "FINDINGS", value_hint = ValueHint::FilePath, required_unless_present = "paths")]
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

fn format_parser() -> PossibleValuesParser {
    PossibleValuesParser::new(Format::ALL.map(Format::name))
}

fn severity_parser() -> PossibleValuesParser {
    PossibleValuesParser::new(Severity::ALL.map(Severity::as_str))
}

fn network(text: &str) -> Result<Network, String> {
    Network::parse(text).ok_or_else(|| "not a network such as `10.20.0.0/16` or `2001:db8::/32`".to_owned())
}

/// Each thread takes some memory of its own, and no machine that reads logs has more cores.
const THREADS_MAX: usize = 256;

fn threads(text: &str) -> Result<usize, String> {
    let threads = text.parse().ok().filter(|threads| *threads <= THREADS_MAX);
    threads.ok_or_else(|| format!("not a number from 0 to {THREADS_MAX}"))
}

/// Seconds east of UTC: `Z`, `UTC`, `+HH:MM`, `-HHMM`, `+HH`.
fn utc_offset_secs(text: &str) -> Result<i32, String> {
    let wrong = || "not an offset such as `Z`, `+02:00` or `-0530`".to_owned();
    if text.eq_ignore_ascii_case("z") || text.eq_ignore_ascii_case("utc") {
        return Ok(0);
    }
    let (sign, digits) = match text.split_at_checked(1) {
        Some(("+", digits)) => (1, digits),
        Some(("-", digits)) => (-1, digits),
        _ => return Err(wrong()),
    };
    let (hours, minutes) = match digits.split_once(':') {
        Some(parts) => parts,
        None if digits.len() == 4 => digits.split_at_checked(2).ok_or_else(wrong)?,
        None => (digits, "00"),
    };
    if [hours, minutes].iter().any(|part| part.len() != 2 || !part.bytes().all(|b| b.is_ascii_digit())) {
        return Err(wrong());
    }
    let parse = |text: &str| text.parse::<i32>().map_err(|_not_a_number| wrong());
    let (hours, minutes) = (parse(hours)?, parse(minutes)?);
    if hours > 14 || minutes > 59 { Err(wrong()) } else { Ok(sign * (hours * 3600 + minutes * 60)) }
}

/// Bytes: a whole number with an optional `K`, `M`, `G` or `T` (powers of 1024), at least 64 MiB.
fn byte_size(text: &str) -> Result<u64, String> {
    const LEAST: u64 = 64 << 20;
    let lower = text.to_ascii_lowercase();
    let bare = lower.trim_end_matches("ib").trim_end_matches('b');
    let digits = bare.trim_end_matches(['k', 'm', 'g', 't']);
    let shift = match bare.strip_prefix(digits) {
        Some("") => 0,
        Some("k") => 10,
        Some("m") => 20,
        Some("g") => 30,
        Some("t") => 40,
        _ => return Err("not a size such as `512M` or `2G`".to_owned()),
    };
    let count =
        digits.parse::<u64>().map_err(|_not_a_number| "not a size such as `512M` or `2G`".to_owned())?;
    match count.checked_mul(1 << shift) {
        Some(bytes) if bytes >= LEAST => Ok(bytes),
        Some(_) => Err("less than 64M".to_owned()),
        None => Err("too large".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        use clap::CommandFactory as _;
        Cli::command().debug_assert();
    }

    #[test]
    fn offsets_are_seconds_east() {
        for (text, secs) in [("Z", 0), ("utc", 0), ("+02:00", 7200), ("-0530", -19_800), ("+14", 50_400)] {
            assert_eq!(utc_offset_secs(text), Ok(secs), "{text}");
        }
        for text in ["", "2", "+2", "+15:00", "+02:60", "+é0", "Europe/Berlin", "+1:000"] {
            assert!(utc_offset_secs(text).is_err(), "{text}");
        }
    }

    #[test]
    fn sizes_are_powers_of_1024() {
        assert_eq!(byte_size("1G"), Ok(1 << 30));
        assert_eq!(byte_size("512MiB"), Ok(512 << 20));
        assert_eq!(byte_size("67108864"), Ok(64 << 20));
        for text in ["", "G", "1K", "1.5G", "-1G", "99999999999T", "1GG"] {
            assert!(byte_size(text).is_err(), "{text}");
        }
    }
}
