//! `undertone convert`: findings of an earlier scan in other formats; no logs needed.

use crate::cli::ConvertArgs;
use crate::exit::Outcome;
use crate::output::Outputs;
use crate::suppressed::Suppressions;
use crate::terminal::Console;
use crate::{facts, interrupt, scan, stored};

/// Runs the command.
///
/// # Errors
/// Findings that cannot be read, outputs that cannot be written.
pub(crate) fn run(args: &ConvertArgs, console: &Console) -> anyhow::Result<Outcome> {
    interrupt::at_once()?;
    let outputs = Outputs::new(&args.shown)?;
    let suppressions = Suppressions::read(args.shown.suppress.as_deref())?;
    let mut findings = stored::read(&args.input)?;
    let notes = suppressions.apply(&mut findings);
    suppressions.tell(&findings, &notes, console);
    let run = outputs.tell_the_run().then(|| facts::of_convert(&args.input));
    outputs.write(&scan::select(&findings, &args.shown), run.as_ref(), console)?;
    Ok(Outcome::Done)
}
