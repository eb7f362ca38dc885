//! `undertone backtest`: the detector on past days, each with what was known by then.

use crate::cli::{BacktestArgs, ShownArgs, TextFormat};
use crate::exit::{Failure, Fault, Outcome};
use crate::output::{Outputs, to_stdout};
use crate::progress::Bar;
use crate::terminal::Console;
use crate::tune::labels;
use crate::{interrupt, scan};
use std::collections::BTreeSet;
use undertone_core::finding::Finding;
use undertone_core::model::Day;
use undertone_engine::input::Progress;
use undertone_engine::{Backtest, BacktestDay, BacktestSpan, ScanOptions, go_on};
use undertone_wire::truth::Truth;
use undertone_wire::tuning::{Counts, Made, PastDay, write_backtest_json, write_backtest_text};

/// Runs the command.
///
/// # Errors
/// See the exit codes of [`crate::exit`].
pub(crate) fn run(args: &BacktestArgs, console: &Console) -> anyhow::Result<Outcome> {
    let (from, to) = (args.from.unwrap_or(FIRST), args.to.unwrap_or(LAST));
    if from > to {
        return Err(Fault::error(Failure::Usage, format!("--from {from} lies after --to {to}")));
    }
    let outputs = Outputs::new(&ShownArgs::files(&args.output))?;
    let truth = args.truth.as_deref().map(labels).transpose()?;
    let stop = interrupt::polite()?;
    let cache = args.cache.folder();
    let progress = Progress::default();
    let backtest = {
        let _bar = Bar::start(&progress, console);
        let options = ScanOptions {
            keeps_below: args.all,
            ..scan::input_options(&args.input.paths, &args.input.reading)
        };
        let span = BacktestSpan { from, to, cache: cache.as_deref() };
        undertone_engine::backtest(&options, span, &progress, &stop)
    };
    let Backtest { days, summary } = backtest.map_err(|error| scan::told(error, console))?;
    go_on(&stop)?;
    if days.is_empty() {
        console.say(|out| scan::summary_of(summary, &[], 0).write_reading(out, console.named_max()));
        return Err(Fault::error(Failure::Data, "no day of the input lies in that span"));
    }
    let outcome = scan::outcome_of_reading(&summary);
    let shown: Vec<&Finding> = days
        .iter()
        .flat_map(|day| &day.findings)
        .filter(|finding| args.all || finding.alert || finding.lead)
        .collect();
    if !args.output.is_empty() {
        outputs.write(&shown, None, console)?;
    }
    let rows = rows(&days, truth.as_deref());
    to_stdout(|out| match args.format {
        TextFormat::Table => write_backtest_text(out, &rows),
        TextFormat::Json => write_backtest_json(out, &rows),
    })?;
    console.say(|out| scan::summary_of(summary, &[], 0).write_reading(out, console.named_max()));
    Ok(outcome)
}

/// Days that nothing lies before or after.
const FIRST: Day = Day::from_number(i32::MIN / 4);
const LAST: Day = Day::from_number(i32::MAX / 4);

fn rows(days: &[BacktestDay], truth: Option<&[Truth]>) -> Vec<PastDay> {
    let mut known: BTreeSet<String> = BTreeSet::new();
    let row = |past: &BacktestDay| {
        let keys: BTreeSet<String> = past.findings.iter().filter(|f| f.alert || f.lead).map(key).collect();
        let repeated = keys.intersection(&known).count() as u64;
        known.extend(keys);
        PastDay {
            day: past.day,
            devices: past.devices,
            history_device_days: past.history_device_days,
            is_calibrated: past.is_calibrated,
            counts: Counts::of(Made { findings: &past.findings, device_days: past.devices }, truth),
            repeated,
        }
    };
    days.iter().map(row).collect()
}

/// Device, app and destination, whatever the day.
fn key(finding: &Finding) -> String {
    let destination = &finding.destination;
    format!(
        "{}\0{:?}\0{:?}\0{:?}\0{:?}",
        finding.device.id,
        finding.app.id,
        destination.domain,
        destination.group,
        destination.domain.is_none().then(|| destination.addresses.first())
    )
}
