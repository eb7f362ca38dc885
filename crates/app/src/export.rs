//! `undertone export`: what the data can show, and findings for other people's tools.

use crate::cli::{CoverageArgs, ExportCommand, NavigatorArgs, TextFormat};
use crate::exit::Outcome;
use crate::output::{to_stdout, write_file};
use crate::terminal::Console;
use crate::{interrupt, scan, stored};
use std::io::{self, Write};
use std::path::Path;
use undertone_core::coverage::Coverage;
use undertone_core::finding::Finding;
use undertone_engine::{Reading, ScanOptions, go_on};
use undertone_wire::coverage::{write_coverage_json, write_coverage_layer, write_coverage_text};
use undertone_wire::findings::{write_navigator, write_stix};

/// Runs the command.
///
/// # Errors
/// Inputs or findings that cannot be read, an output that cannot be written.
pub(crate) fn run(command: &ExportCommand, console: &Console) -> anyhow::Result<Outcome> {
    match command {
        ExportCommand::Coverage(args) => coverage(args, console),
        ExportCommand::Navigator(args) => navigator(args, console),
        ExportCommand::Stix(args) => {
            interrupt::at_once()?;
            let findings = stored::read(&args.input)?;
            write(args.output.as_deref(), |out| write_stix(out, &shown(&findings)))?;
            Ok(Outcome::Done)
        }
    }
}

fn coverage(args: &CoverageArgs, console: &Console) -> anyhow::Result<Outcome> {
    let options = ScanOptions {
        baseline: args.baseline.clone(),
        ..scan::input_options(&args.input.paths, &args.input.reading)
    };
    let (coverage, outcome) = cover(&options, console)?;
    write(args.output.as_deref(), |out| match args.format {
        TextFormat::Table => write_coverage_text(out, &coverage),
        TextFormat::Json => write_coverage_json(out, &coverage),
    })?;
    Ok(outcome)
}

fn navigator(args: &NavigatorArgs, console: &Console) -> anyhow::Result<Outcome> {
    let findings = args.input.as_deref().map(stored::read).transpose()?.unwrap_or_default();
    let findings = shown(&findings);
    if args.paths.is_empty() {
        interrupt::at_once()?;
        write(args.output.as_deref(), |out| write_navigator(out, &findings))?;
        return Ok(Outcome::Done);
    }
    let (coverage, outcome) = cover(&scan::input_options(&args.paths, &args.reading), console)?;
    write(args.output.as_deref(), |out| write_coverage_layer(out, &coverage, &findings))?;
    Ok(outcome)
}

fn cover(options: &ScanOptions, console: &Console) -> anyhow::Result<(Coverage, Outcome)> {
    let stop = interrupt::polite()?;
    let analysis =
        scan::analyse(options, Reading { keeps_seen: true, ..Reading::default() }, &stop, console)?;
    let (coverage, summary) = analysis.coverage();
    go_on(&stop)?;
    let outcome = scan::outcome_of_reading(&summary);
    console.say(|out| scan::summary_of(summary, &[], 0).write_reading(out, console.named_max()));
    Ok((coverage, outcome))
}

/// Alerts and leads.
fn shown(findings: &[Finding]) -> Vec<&Finding> {
    findings.iter().filter(|finding| finding.alert || finding.lead).collect()
}

fn write(path: Option<&Path>, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> anyhow::Result<()> {
    match path {
        Some(path) => write_file(path, write),
        None => to_stdout(write),
    }
}
