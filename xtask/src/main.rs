//! Development tasks.
//!
//! * `nulls [DRAWS]`: makes the null tables of the timing statistics.
//! * `false-positives DRAWS COUNT...`: share of benign series below a p, by law and number of check-ins.
//! * `tails DRAWS COUNT...`: share of benign series below a p, by statistic and number of intervals.
//! * `power DRAWS COUNT...`: share of beacons below a p, by habit and number of check-ins.
//!
//! On simulated fleets, with `--seeds A..B --devices N --days D --infected N --honest RATE --learn DAYS --budget B
//! --sight telemetry|network|both` and, for implants, `--kind --law --period --jitter --miss --campaign`:
//!
//! * `reference [--write]`: the shipped tail of device-day maxima of clean fleets.
//! * `calibration`: false alerts promised and observed on clean fleets.
//! * `recall`: implants that alert, beside a test that knows their law.
//! * `ablation`: recall with each kind of evidence left out once.
//! * `rivals`: recall beside two baselines, at the same rate of false alerts.

mod benign;
mod fleets;
mod nulls;
mod power;
mod random;
mod series;
mod tails;

use anyhow::{Result, bail};
use fleets::Arguments;
use std::path::Path;
use undertone_simulate::FleetOptions;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let tables = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/core/src/timing/null_tables.rs");
    let numbers = |words: &[&str]| words.iter().map(|w| w.parse::<usize>()).collect::<Result<Vec<_>, _>>();
    match words.as_slice() {
        ["nulls"] => nulls::write_tables(&tables, None)?,
        ["nulls", draws] => nulls::write_tables(&tables, Some(draws.parse()?))?,
        ["false-positives", draws, counts @ ..] => power::false_positives(draws.parse()?, &numbers(counts)?),
        ["tails", draws, counts @ ..] => tails::validate(draws.parse()?, &numbers(counts)?),
        ["power", draws, counts @ ..] => power::power(draws.parse()?, &numbers(counts)?),
        ["reference", options @ ..] => fleets::reference::run(&Arguments::parse(options, clean())?)?,
        ["calibration", options @ ..] => fleets::calibration::run(&Arguments::parse(options, clean())?)?,
        ["recall", options @ ..] => fleets::recall::run(&Arguments::parse(options, infected())?)?,
        ["ablation", options @ ..] => fleets::ablation::run(&Arguments::parse(options, infected())?)?,
        ["rivals", options @ ..] => fleets::rivals::run(&Arguments::parse(options, infected())?)?,
        _ => bail!(
            "usage: xtask nulls [DRAWS] | (false-positives | tails | power) DRAWS COUNT... | (reference | calibration | \
             recall | ablation | rivals) [--OPTION VALUE]..."
        ),
    }
    Ok(())
}

/// Three days of 300 clean phones.
fn clean() -> FleetOptions {
    FleetOptions { devices: 300, days: 3, infected: 0, clean: true, ..FleetOptions::default() }
}

/// The same with an implant on each twentieth.
fn infected() -> FleetOptions {
    FleetOptions { infected: 15, clean: false, ..clean() }
}

/// Progress, to the terminal.
#[expect(clippy::print_stderr, reason = "a development tool talks to its terminal")]
fn say(text: &str) {
    eprintln!("{text}");
}

/// A line of a result.
#[expect(clippy::print_stdout, reason = "a development tool prints its tables")]
fn print(text: &str) {
    println!("{text}");
}
