//! `undertone scan`: inputs in, findings out.

use crate::cli::{ReadingArgs, ScanArgs, ShownArgs};
use crate::exit::{Failure, Fault, Outcome};
use crate::output::{Outputs, check_writable, write_file};
use crate::progress::Bar;
use crate::suppressed::Suppressions;
use crate::terminal::Console;
use crate::{facts, interrupt};
use std::path::{Path, PathBuf};
use undertone_core::finding::{Finding, Severity};
use undertone_engine::input::{InputPath, Progress, StopFlag};
use undertone_engine::{Analysis, Reading, ScanError, ScanOptions, ScanReport, ScanSummary, go_on};
use undertone_wire::findings::{ClockFacts, RejectedRows, RunSummary};

/// Runs the command.
///
/// # Errors
/// See the exit codes of [`crate::exit`].
pub(crate) fn run(args: &ScanArgs, console: &Console) -> anyhow::Result<Outcome> {
    let outputs = Outputs::new(&args.shown)?;
    if let Some(path) = &args.summary {
        check_writable(path)?;
        outputs.spare(path)?;
    }
    let suppressions = Suppressions::read(args.shown.suppress.as_deref())?;
    let stop = interrupt::polite()?;
    let options = options(args);
    let mut report = match scan(&options, &stop, console) {
        Ok(report) => report,
        Err(ScanError::NoUsableInput(summary)) => return without_input(args, *summary, console),
        Err(error) => return Err(error.into()),
    };
    go_on(&stop)?;
    report.summary.notes.extend(suppressions.apply(&mut report.findings));
    let shown = select(&report.findings, &args.shown);
    let read = outcome_of_reading(&report.summary);
    let summary = summary_of(report.summary, &report.findings, shown.len());
    let run = outputs.tell_the_run().then(|| facts::of_scan(&options, &summary, &report.thresholds));
    outputs.write(&shown, run.as_ref(), console)?;
    tell(&summary, args.summary.as_deref(), console)?;
    if let (Some(path), Some(first)) = (outputs.stored(), shown.first()) {
        let id: String = first.id.chars().take(8).collect();
        console.hint(&format!("look at one: undertone explain {id} --in {}", path.display()));
    }
    Ok(outcome(&report.findings, args.fail_on.as_deref(), read))
}

/// Scans with a progress bar.
pub(crate) fn scan(
    options: &ScanOptions,
    stop: &StopFlag,
    console: &Console,
) -> Result<ScanReport, ScanError> {
    let progress = Progress::default();
    let _bar = Bar::start(&progress, console);
    undertone_engine::scan(options, &progress, stop)
}

/// Reads inputs and looks at each device, with a progress bar; nothing is decided yet.
///
/// # Errors
/// Those of a scan; what was read is told when none of it was of use.
pub(crate) fn analyse(
    options: &ScanOptions,
    reading: Reading<'_>,
    stop: &StopFlag,
    console: &Console,
) -> anyhow::Result<Analysis> {
    let progress = Progress::default();
    let analysis = {
        let _bar = Bar::start(&progress, console);
        Analysis::of(options, reading, &progress, stop)
    };
    analysis.map_err(|error| told(error, console))
}

/// The error, once what was read has been told where nothing was of use.
pub(crate) fn told(error: ScanError, console: &Console) -> anyhow::Error {
    match error {
        ScanError::NoUsableInput(summary) => {
            let error = no_input(&summary);
            console.say(|out| summary_of(*summary, &[], 0).write_reading(out, console.named_max()));
            error
        }
        error => error.into(),
    }
}

/// Says that nothing was of use, and the first reason.
pub(crate) fn no_input(summary: &ScanSummary) -> anyhow::Error {
    let reason = match summary.skipped.first().or(summary.partial.first()) {
        Some((name, why)) => format!("`{name}`: {why}"),
        // What was accepted and is of no use are inventories.
        None if summary.rows_accepted > 0 => "no files were found but inventories".to_owned(),
        None if summary.files > 0 => "no row of it could be used".to_owned(),
        None => "no files were found".to_owned(),
    };
    Fault::error(Failure::Data, format!("no usable input: {reason}"))
}

/// The findings to show: alerts and leads, with `--all` the rest too, without suppressed ones, at most `--top`.
pub(crate) fn select<'a>(findings: &'a [Finding], args: &ShownArgs) -> Vec<&'a Finding> {
    let shown = findings
        .iter()
        .filter(|finding| args.all || finding.alert || finding.lead)
        .filter(|finding| args.show_suppressed || finding.suppressed.is_none() || args.suppress.is_none());
    shown.take(args.top.unwrap_or(usize::MAX)).collect()
}

/// The summary of a run, in the words of the output formats.
pub(crate) fn summary_of(summary: ScanSummary, findings: &[Finding], shown: usize) -> RunSummary {
    let count = |of: fn(&Finding) -> bool| {
        findings.iter().filter(|finding| finding.suppressed.is_none() && of(finding)).count() as u64
    };
    let suppressed = findings.iter().filter(|f| f.suppressed.is_some() && (f.alert || f.lead)).count() as u64;
    let rejected = |rows: undertone_engine::Rejected| RejectedRows {
        count: rows.count,
        first_file: rows.first_file,
        first_line: rows.first_line,
        first_detail: rows.first_detail,
    };
    RunSummary {
        files: summary.files,
        bytes: summary.bytes,
        rows_accepted: summary.rows_accepted,
        rows_rejected: summary
            .rows_rejected
            .into_iter()
            .map(|(why, rows)| (why.to_owned(), rejected(rows)))
            .collect(),
        rows_ignored: summary.rows_ignored,
        skipped: summary.skipped,
        partial: summary.partial,
        devices: summary.devices,
        series: summary.series,
        sessions: summary.sessions,
        device_days: summary.device_days,
        first: summary.first,
        last: summary.last,
        attribution: summary.attribution.into_iter().map(|(how, n)| (how.to_owned(), n)).collect(),
        clocks: ClockFacts {
            compared: summary.clocks.compared,
            off: summary.clocks.off,
            ahead_most_secs: summary.clocks.ahead_most_micros as f64 / 1e6,
            unjoined: summary.clocks.unjoined,
            off_ids: summary.clocks.off_ids.into_iter().map(String::from).collect(),
            unjoined_ids: summary.clocks.unjoined_ids.into_iter().map(String::from).collect(),
        },
        notes: summary.notes,
        findings: shown as u64,
        alerts: count(|finding| finding.alert),
        leads: count(|finding| finding.lead),
        below: summary.below + count(|finding| !finding.alert && !finding.lead),
        suppressed,
    }
}

/// A run whose inputs gave nothing: the summary is told all the same.
fn without_input(args: &ScanArgs, summary: ScanSummary, console: &Console) -> anyhow::Result<Outcome> {
    let error = no_input(&summary);
    let summary = summary_of(summary, &[], 0);
    console.say(|out| summary.write_reading(out, console.named_max()));
    if let Some(path) = &args.summary {
        write_file(path, |out| summary.write_json(out))?;
    }
    Err(error)
}

/// Tells the summary of a run, and writes it to a file where asked for.
fn tell(summary: &RunSummary, file: Option<&Path>, console: &Console) -> anyhow::Result<()> {
    console.say(|out| summary.write_text(out, console.named_max()));
    match file {
        Some(path) => write_file(path, |out| summary.write_json(out)),
        None => Ok(()),
    }
}

/// Every alert and lead counts for `--fail-on`, shown or cut by `--top`, but none that is suppressed.
fn outcome(findings: &[Finding], fail_on: Option<&str>, read: Outcome) -> Outcome {
    let floor = fail_on.and_then(|name| Severity::ALL.into_iter().find(|severity| severity.as_str() == name));
    let mut severities =
        findings.iter().filter(|f| (f.alert || f.lead) && f.suppressed.is_none()).map(|f| f.severity);
    if floor.is_some_and(|floor| severities.any(|severity| severity >= floor)) {
        Outcome::FailOn
    } else {
        read
    }
}

/// Whether all that was asked for was read.
pub(crate) fn outcome_of_reading(summary: &ScanSummary) -> Outcome {
    if summary.is_incomplete { Outcome::Partial } else { Outcome::Done }
}

fn options(args: &ScanArgs) -> ScanOptions {
    ScanOptions {
        baseline: args.baseline.clone(),
        keeps_below: args.shown.all,
        ..input_options(&args.input.paths, &args.input.reading)
    }
}

/// Options of any command that reads inputs.
pub(crate) fn input_options(paths: &[PathBuf], reading: &ReadingArgs) -> ScanOptions {
    ScanOptions {
        threads: reading.threads,
        internal: reading.internal.clone(),
        inventory: reading.inventory.clone(),
        apps: reading.apps.clone(),
        config: reading.config.clone(),
        utc_offset_secs: reading.timezone,
        memory_bytes: reading.memory,
        ..ScanOptions::new(paths.iter().map(|path| input(path)).collect())
    }
}

/// A path as typed: `-` is standard input.
fn input(path: &Path) -> InputPath {
    if path.as_os_str() == "-" { InputPath::Stdin } else { InputPath::Path(path.to_owned()) }
}
