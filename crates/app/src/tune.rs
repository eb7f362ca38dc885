//! `undertone tune`: findings before and after a change of thresholds. The inputs are read once, whatever is tried.

use crate::cli::{TextFormat, TuneArgs};
use crate::exit::{Failure, Fault, Outcome};
use crate::output::to_stdout;
use crate::terminal::Console;
use crate::{interrupt, scan, stored};
use std::path::Path;
use undertone_core::thresholds::{ThresholdKey, ThresholdSet};
use undertone_engine::{Reading, ScanOptions, ScanReport, go_on};
use undertone_wire::config::Setting;
use undertone_wire::truth::{Truth, parse_truth};
use undertone_wire::tuning::{
    Changed, Comparison, Counts, Difference, Made, write_comparison_json, write_comparison_text,
};

/// Runs the command.
///
/// # Errors
/// See the exit codes of [`crate::exit`].
pub(crate) fn run(args: &TuneArgs, console: &Console) -> anyhow::Result<Outcome> {
    let truth = args.truth.as_deref().map(labels).transpose()?;
    let options = ScanOptions {
        baseline: args.baseline.clone(),
        ..scan::input_options(&args.input.paths, &args.input.reading)
    };
    let stop = interrupt::polite()?;
    let cache = args.cache.folder();
    let reading = Reading { cache: cache.as_deref(), ..Reading::default() };
    let mut analysis = scan::analyse(&options, reading, &stop, console)?;
    let base = analysis.thresholds().clone();
    let before = analysis.decide(&base)?;
    let outcome = scan::outcome_of_reading(&before.summary);
    console
        .say(|out| scan::summary_of(before.summary.clone(), &[], 0).write_reading(out, console.named_max()));

    let mut afters: Vec<(Vec<Changed>, ScanReport)> = Vec::new();
    for settings in variants(args) {
        go_on(&stop)?;
        let mut thresholds = base.clone();
        for setting in &settings {
            setting.apply(&mut thresholds);
        }
        if settings.iter().any(|setting| setting.key().acts_while_reading()) {
            let reading = Reading { thresholds: Some(&thresholds), ..reading };
            analysis = scan::analyse(&options, reading, &stop, console)?;
        }
        let changed =
            settings.iter().map(|s| Changed { name: s.name().to_owned(), value: s.shown() }).collect();
        afters.push((changed, analysis.decide(&thresholds)?));
    }
    go_on(&stop)?;
    let comparisons = compared(&before, &afters, truth.as_deref());
    to_stdout(|out| match args.format {
        TextFormat::Table => write_comparison_text(out, &comparisons),
        TextFormat::Json => write_comparison_json(out, &comparisons),
    })?;
    tell_limits(&base, &afters, console);
    Ok(outcome)
}

/// What is tried: the settings together, or they and each value of the sweep.
fn variants(args: &TuneArgs) -> Vec<Vec<Setting>> {
    match &args.sweep {
        None => vec![args.set.clone()],
        Some(sweep) => {
            let with = |value: &Setting| args.set.iter().cloned().chain([value.clone()]).collect();
            sweep.0.iter().map(with).collect()
        }
    }
}

fn compared<'f>(
    before: &'f ScanReport,
    afters: &'f [(Vec<Changed>, ScanReport)],
    truth: Option<&[Truth]>,
) -> Vec<Comparison<'f>> {
    let made =
        |report: &'f ScanReport| Made { findings: &report.findings, device_days: report.summary.device_days };
    let was = Counts::of(made(before), truth);
    let comparison = |(settings, after): &'f (Vec<Changed>, ScanReport)| Comparison {
        settings: settings.clone(),
        before: was.clone(),
        after: Counts::of(made(after), truth),
        difference: Difference::of(&before.findings, &after.findings),
    };
    afters.iter().map(comparison).collect()
}

/// Says what the numbers cannot: expectations rest on a tail that was measured with other thresholds.
fn tell_limits(base: &ThresholdSet, afters: &[(Vec<Changed>, ScanReport)], console: &Console) {
    let budget = ThresholdKey::AlertBudget.name();
    let is_budget_alone = afters.iter().all(|(changed, _)| changed.iter().all(|one| one.name == budget));
    let is_default = *base == ThresholdSet::default();
    if is_budget_alone && is_default {
        return;
    }
    console.say(|out| {
        writeln!(
            out,
            "note: expected false alerts rest on weights measured with the default thresholds; labels (--truth) or a \
             backtest say what a change really costs"
        )
    });
}

/// Reads labels of implants.
///
/// # Errors
/// A file that cannot be read or holds no labels.
pub(crate) fn labels(path: &Path) -> anyhow::Result<Vec<Truth>> {
    parse_truth(&stored::document(path)?).map_err(|error| {
        Fault::error(Failure::Data, format!("`{}` holds no labels: {error}", path.display()))
    })
}
