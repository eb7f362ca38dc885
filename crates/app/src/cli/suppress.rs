//! `undertone suppress`, as typed.

use clap::{Args, Subcommand, ValueEnum, ValueHint};
use std::path::PathBuf;

/// Where suppressions are kept unless said otherwise.
const DEFAULT_FILE: &str = "suppressions.yaml";

/// `undertone suppress`
#[derive(Debug, Subcommand)]
pub(crate) enum SuppressCommand {
    /// Add a record, from a finding or in words
    Add(Box<AddArgs>),
    /// Show the records, with their ids and what is left of them
    List(ListArgs),
    /// Take records out of the file
    Remove(RemoveArgs),
    /// End records: from a day on they hide nothing, and stay in the file
    Expire(ExpireArgs),
}

/// The file of a command.
#[derive(Debug, Args)]
pub(crate) struct FileArgs {
    /// Suppressions: YAML
    #[arg(long, default_value = DEFAULT_FILE, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) file: PathBuf,
}

/// `undertone suppress add`
#[derive(Debug, Args)]
pub(crate) struct AddArgs {
    #[command(flatten)]
    pub(crate) file: FileArgs,
    /// Take what is hidden from a finding: findings of a scan as JSON Lines, and the id or its beginning
    #[arg(long, num_args = 2, value_names = ["FINDINGS", "ID"], value_hint = ValueHint::FilePath)]
    pub(crate) from: Option<Vec<String>>,
    /// What of the finding the record pins; what is left out is any
    #[arg(
        long,
        value_enum,
        value_delimiter = ',',
        default_values_t = [Pin::Device, Pin::App, Pin::Destination, Pin::Rhythm],
        requires = "from",
        value_name = "PINS"
    )]
    pub(crate) scope: Vec<Pin>,
    /// A device (repeatable)
    #[arg(long, conflicts_with = "from", value_name = "ID")]
    pub(crate) device: Vec<String>,
    /// A package name or bundle id; `none` is an unknown app (repeatable)
    #[arg(long, conflicts_with = "from", value_name = "ID")]
    pub(crate) app: Vec<String>,
    /// A role (repeatable)
    #[arg(long, conflicts_with = "from", value_name = "ROLE")]
    pub(crate) role: Vec<String>,
    /// A domain, host, address or network (repeatable)
    #[arg(long, conflicts_with = "from", value_name = "PLACE")]
    pub(crate) destination: Vec<String>,
    /// An ATT&CK analytic (repeatable)
    #[arg(long, conflicts_with = "from", value_name = "ID")]
    pub(crate) analytic: Vec<String>,
    /// A service (repeatable)
    #[arg(long, conflicts_with = "from", value_name = "NAME")]
    pub(crate) service: Vec<String>,
    /// Why; whoever reads the list in a year must understand it
    #[arg(long, value_name = "TEXT", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    pub(crate) reason: String,
    /// Who says so [default: the user's name in the environment]
    #[arg(long, value_name = "NAME")]
    pub(crate) author: Option<String>,
    /// When it ends: `30d`, `2026-06-03` (the first day that is shown again) or `never`
    #[arg(long, default_value = "90d", value_name = "END")]
    pub(crate) expires: String,
    /// Day on which it was decided [default: today, UTC]
    #[arg(long, value_name = "DAY")]
    pub(crate) created: Option<String>,
}

/// What of a finding a record pins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Pin {
    /// The device
    Device,
    /// The app, or that it is unknown
    App,
    /// The app's role
    Role,
    /// The destination
    Destination,
    /// The analytic
    Analytic,
    /// The service
    Service,
    /// The median interval, from three quarters to four thirds of it
    Rhythm,
}

/// `undertone suppress list`
#[derive(Debug, Args)]
pub(crate) struct ListArgs {
    #[command(flatten)]
    pub(crate) file: FileArgs,
}

/// `undertone suppress remove`
#[derive(Debug, Args)]
pub(crate) struct RemoveArgs {
    #[command(flatten)]
    pub(crate) file: FileArgs,
    /// Ids, or their beginnings
    #[arg(required_unless_present = "expired", value_name = "ID")]
    pub(crate) ids: Vec<String>,
    /// Those that have expired by today
    #[arg(long, conflicts_with = "ids")]
    pub(crate) expired: bool,
}

/// `undertone suppress expire`
#[derive(Debug, Args)]
pub(crate) struct ExpireArgs {
    #[command(flatten)]
    pub(crate) file: FileArgs,
    /// Ids, or their beginnings
    #[arg(required = true, value_name = "ID")]
    pub(crate) ids: Vec<String>,
    /// First day whose findings are shown again [default: today, UTC]
    #[arg(long, value_name = "DAY")]
    pub(crate) on: Option<String>,
}
