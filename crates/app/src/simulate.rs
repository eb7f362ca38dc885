//! `undertone simulate`: a labelled fleet of phones on disk.

use crate::cli::SimulateArgs;
use crate::exit::{Failure, Fault, Outcome};
use crate::interrupt::{self, Temporary};
use crate::terminal::Console;
use std::path::Path;
use undertone_simulate::{Error, FleetOptions, ImplantPin, write_fleet_within};

/// Runs the command.
///
/// # Errors
/// An option out of range, a folder that is not empty, a file that cannot be written.
pub(crate) fn run(args: &SimulateArgs, console: &Console) -> anyhow::Result<Outcome> {
    interrupt::at_once()?;
    let options = FleetOptions {
        devices: args.devices,
        days: args.days,
        seed: args.seed,
        infected: args.infected,
        clean: args.clean,
        honest: args.honest,
        edr: !args.no_edr,
        pin: ImplantPin { after_days: args.infected_after, ..ImplantPin::default() },
        ..FleetOptions::default()
    };
    check_empty(&args.out)?;
    write_whole(&args.out, &options)?;
    console.say(|out| {
        let (devices, days) = (options.devices, options.days);
        let (phones, span) = (plural(devices, "phone"), plural(days, "day"));
        writeln!(out, "wrote {phones} over {span} to {}", args.out.display())
    });
    Ok(Outcome::Done)
}

fn plural(count: u32, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

/// Writes a fleet into a folder that is there.
///
/// # Errors
/// An option out of range as usage, anything else as a failed output.
pub(crate) fn write(folder: &Path, options: &FleetOptions) -> anyhow::Result<()> {
    write_fleet_within(options, folder).map_err(told)?;
    Ok(())
}

fn told(error: Error) -> anyhow::Error {
    let failure = if matches!(error, Error::Option { .. }) { Failure::Usage } else { Failure::Output };
    Fault::error(failure, format!("{:#}", anyhow::Error::new(error)))
}

/// Writes a fleet into a folder that is empty or not there, whole or not at all: half a fleet looks like a small one.
fn write_whole(folder: &Path, options: &FleetOptions) -> anyhow::Result<()> {
    let was_there = folder.is_dir();
    let made = Temporary::made(|| std::fs::create_dir_all(folder).map(|()| folder));
    let _temporary =
        made.map_err(|source| told(Error::Write { path: folder.display().to_string(), source }))?;
    write(folder, options).inspect_err(|_| {
        // What cannot be removed now cannot be helped: the error that is told is the one that led here.
        let _removed = std::fs::remove_dir_all(folder);
        if was_there {
            let _made = std::fs::create_dir(folder);
        }
    })
}

fn check_empty(folder: &Path) -> anyhow::Result<()> {
    let is_empty = match folder.read_dir() {
        Ok(mut entries) => entries.next().is_none(),
        Err(error) => error.kind() == std::io::ErrorKind::NotFound,
    };
    if is_empty {
        Ok(())
    } else {
        Err(Fault::error(Failure::Output, format!("`{}` is not an empty folder", folder.display())))
    }
}
