//! `undertone baseline`: what is normal, learned, shown and compared.

use crate::cli::{BaselineCommand, LearnArgs};
use crate::exit::{Failure, Fault, Outcome};
use crate::output::{to_stdout, write_file};
use crate::progress::Bar;
use crate::suppressed::Suppressions;
use crate::terminal::Console;
use crate::{interrupt, scan, stored};
use std::path::Path;
use undertone_core::baseline::{Habits, Learned};
use undertone_core::finding::Finding;
use undertone_engine::input::Progress;
use undertone_engine::{ScanError, go_on, read_learned};
use undertone_wire::learned::{write_difference, write_learned, write_learned_text};

/// Runs the command.
///
/// # Errors
/// Inputs or baselines that cannot be read, output that cannot be written.
pub(crate) fn run(command: &BaselineCommand, console: &Console) -> anyhow::Result<Outcome> {
    match command {
        BaselineCommand::Learn(args) => return learn(args, console),
        BaselineCommand::Show { file } => {
            interrupt::at_once()?;
            let learned = known(file)?;
            to_stdout(|out| write_learned_text(out, &learned, console.named_max()))?;
        }
        BaselineCommand::Diff { before, after } => {
            interrupt::at_once()?;
            let (before, after) = (known(before)?, known(after)?);
            to_stdout(|out| write_difference(out, &before, &after, console.named_max()).map(drop))?;
        }
    }
    Ok(Outcome::Done)
}

fn known(path: &Path) -> Result<Learned, ScanError> {
    read_learned(path).map_err(ScanError::Config)
}

fn learn(args: &LearnArgs, console: &Console) -> anyhow::Result<Outcome> {
    let alerts = open_alerts(args)?;
    let stop = interrupt::polite()?;
    let progress = Progress::default();
    let learning = {
        let _bar = Bar::start(&progress, console);
        undertone_engine::learn(
            &scan::input_options(&args.input.paths, &args.input.reading),
            &progress,
            &stop,
        )
    };
    let (mut learned, summary) = match learning {
        Ok(learned) => learned,
        Err(ScanError::NoUsableInput(summary)) => {
            let error = scan::no_input(&summary);
            console.say(|out| scan::summary_of(*summary, &[], 0).write_reading(out, console.named_max()));
            return Err(error);
        }
        Err(error) => return Err(error.into()),
    };
    go_on(&stop)?;
    if learned.baseline.devices == 0 {
        return Err(Fault::error(Failure::Data, "nothing to learn from: no device made a connection"));
    }
    if let Some(habits) = &mut learned.habits {
        leave_open(habits, &alerts);
    }
    write_file(&args.output, |out| write_learned(out, &learned))?;
    let read = scan::outcome_of_reading(&summary);
    let summary = scan::summary_of(summary, &[], 0);
    console.say(|out| {
        summary.write_reading(&mut *out, console.named_max())?;
        writeln!(out)?;
        write_learned_text(out, &learned, 0)
    });
    Ok(read)
}

/// Alerts of earlier scans that nobody settled.
fn open_alerts(args: &LearnArgs) -> anyhow::Result<Vec<Finding>> {
    let suppressions = Suppressions::read(args.suppress.as_deref())?;
    let mut found = Vec::new();
    for path in &args.alerts {
        found.extend(stored::read(path)?);
    }
    suppressions.apply(&mut found);
    found.retain(|finding| finding.alert && finding.suppressed.is_none());
    Ok(found)
}

fn leave_open(habits: &mut Habits, alerts: &[Finding]) {
    for Finding { device, app, destination, day, .. } in alerts {
        for place in destination.places() {
            habits.leave_open(&device.id, app.id.as_deref(), &place, *day);
        }
    }
}
