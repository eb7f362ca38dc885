//! `undertone eval`: findings, stored or made now, against labels.

use crate::cli::{EvalArgs, EvalFormat};
use crate::exit::{Failure, Fault, Outcome};
use crate::output::{to_stdout, write_file};
use crate::terminal::Console;
use crate::tune::labels;
use crate::{interrupt, scan, stored};
use std::io::{self, Write};
use std::path::Path;
use undertone_core::finding::Finding;
use undertone_engine::input::{Progress, StopFlag};
use undertone_engine::{ScanOptions, go_on, visit};
use undertone_wire::evaluation::{
    Evaluation, EvaluationInput, LeakReport, Leaks, evaluate, write_html, write_json, write_text,
};
use undertone_wire::findings::parse_device_days;
use undertone_wire::truth::Truth;

/// Runs the command.
///
/// # Errors
/// Labels or findings that cannot be read, a scan that fails, an output that cannot be written.
pub(crate) fn run(args: &EvalArgs, console: &Console) -> anyhow::Result<Outcome> {
    let truth = labels(&args.truth)?;
    let rare_benign = args.benign.as_deref().map_or_else(|| Ok(Vec::new()), labels)?;
    let given = args.scan_summary.as_deref().map(device_days).transpose()?.or(args.device_days);
    let made = findings(args, console)?;
    let mut evaluation = evaluate(&EvaluationInput {
        findings: &made.findings,
        truth: &truth,
        rare_benign: &rare_benign,
        device_days: given.or(made.device_days),
    });
    evaluation.leaks = args.leaks.then(|| leaks(args, &truth, &made.stop)).transpose()?;
    let is_leaking = evaluation.leaks.as_ref().is_some_and(|report| !report.is_passed());
    let format = format_of(args);
    match &args.output {
        Some(path) => write_file(path, |out| write(out, format, &evaluation))?,
        None => to_stdout(|out| write(out, format, &evaluation))?,
    }
    Ok(if is_leaking { Outcome::FailOn } else { made.outcome })
}

/// Reads the inputs again, for what they hold rather than for what was found in them.
fn leaks(args: &EvalArgs, truth: &[Truth], stop: &StopFlag) -> anyhow::Result<LeakReport> {
    let parts = visit(&options(args), &Progress::default(), stop, Leaks::default, |leaks, id, device| {
        leaks.add(id, device, truth);
    })?;
    let mut all = Leaks::default();
    for part in parts {
        all.merge(part);
    }
    Ok(all.report())
}

/// Findings to compare.
struct Made {
    findings: Vec<Finding>,
    device_days: Option<u64>,
    outcome: Outcome,
    /// Raised by Ctrl-C.
    stop: StopFlag,
}

fn findings(args: &EvalArgs, console: &Console) -> anyhow::Result<Made> {
    if let Some(path) = &args.input {
        interrupt::at_once()?;
        return Ok(Made {
            findings: stored::read(path)?,
            device_days: None,
            outcome: Outcome::Done,
            stop: StopFlag::default(),
        });
    }
    let stop = interrupt::polite()?;
    let report = scan::scan(&options(args), &stop, console)?;
    go_on(&stop)?;
    let outcome = scan::outcome_of_reading(&report.summary);
    let device_days = Some(report.summary.device_days);
    let shown = report.findings.iter().filter(|finding| finding.alert || finding.lead).count();
    let summary = scan::summary_of(report.summary, &report.findings, shown);
    console.say(|out| summary.write_text(out, console.named_max()));
    Ok(Made { findings: report.findings, device_days, outcome, stop })
}

fn options(args: &EvalArgs) -> ScanOptions {
    ScanOptions { baseline: args.baseline.clone(), ..scan::input_options(&args.paths, &args.reading) }
}

fn device_days(path: &Path) -> anyhow::Result<u64> {
    parse_device_days(&stored::document(path)?).map_err(|error| {
        Fault::error(Failure::Data, format!("`{}` is no summary of a scan: {error}", path.display()))
    })
}

fn format_of(args: &EvalArgs) -> EvalFormat {
    let extension = args.output.as_deref().and_then(Path::extension).and_then(|extension| extension.to_str());
    args.format.unwrap_or_else(|| match extension.map(str::to_ascii_lowercase).as_deref() {
        Some("json") => EvalFormat::Json,
        Some("html" | "htm") => EvalFormat::Html,
        _ => EvalFormat::Table,
    })
}

fn write(out: &mut dyn Write, format: EvalFormat, evaluation: &Evaluation<'_>) -> io::Result<()> {
    match format {
        EvalFormat::Table => write_text(out, evaluation),
        EvalFormat::Json => write_json(out, evaluation),
        EvalFormat::Html => write_html(out, evaluation),
    }
}
