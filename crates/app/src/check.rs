//! `undertone check`: configuration files, looked over.

use crate::cli::CheckArgs;
use crate::exit::Outcome;
use crate::interrupt;
use crate::output::to_stdout;
use std::path::{Path, PathBuf};
use undertone_engine::{ScanError, read_apps, read_config, read_learned, read_suppressions};
use undertone_wire::config::DEFAULT_CONFIG;
use undertone_wire::findings::text::escaped;

/// Runs the command.
///
/// # Errors
/// Every problem of every file, or standard output that cannot be written.
pub(crate) fn run(args: &CheckArgs) -> anyhow::Result<Outcome> {
    interrupt::at_once()?;
    if args.print_default {
        to_stdout(|out| out.write_all(DEFAULT_CONFIG.as_bytes()))?;
        return Ok(Outcome::Done);
    }
    let mut problems = Vec::new();
    let mut good = Vec::new();
    let mut look = |paths: &[PathBuf], check: fn(&Path) -> Result<(), Vec<String>>| {
        for path in paths {
            match check(path) {
                Ok(()) => good.push(path.display().to_string()),
                Err(found) => problems.extend(found),
            }
        }
    };
    look(&args.config, |path| read_config(path).map(drop));
    look(&args.apps, |path| read_apps(path).map(drop));
    look(&args.baseline, |path| read_learned(path).map(drop));
    look(&args.suppress, |path| read_suppressions(path).map(drop));
    to_stdout(|out| good.iter().try_for_each(|name| writeln!(out, "{}: good", escaped(name))))?;
    if problems.is_empty() { Ok(Outcome::Done) } else { Err(ScanError::Config(problems).into()) }
}
