//! `undertone convert`: findings of an earlier scan in other formats; no logs needed.

use crate::cli::ConvertArgs;
use crate::exit::Outcome;
use crate::output::Outputs;
use crate::terminal::Console;
use crate::{facts, interrupt, scan, stored};

/// Runs the command.
///
/// # Errors
/// Findings that cannot be read, outputs that cannot be written.
pub(crate) fn run(args: &ConvertArgs, console: &Console) -> anyhow::Result<Outcome> {
    interrupt::at_once()?;
    let outputs = Outputs::new(&args.shown)?;
    let findings = stored::read(&args.input)?;
    let run = outputs.tell_the_run().then(|| facts::of_convert(&args.input));
    outputs.write(&scan::select(&findings, &args.shown), run.as_ref(), console)?;
    Ok(Outcome::Done)
}
