//! Development tasks.
//!
//! * `nulls [DRAWS]`: makes the null tables of the timing statistics.
//! * `false-positives DRAWS COUNT...`: share of benign series below a p, by law and number of check-ins.
//! * `tails DRAWS COUNT...`: share of benign series below a p, by statistic and number of intervals.
//! * `power DRAWS COUNT...`: share of beacons below a p, by habit and number of check-ins.

mod benign;
mod nulls;
mod power;
mod random;
mod series;
mod tails;

use anyhow::{Result, bail};
use std::path::Path;

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
        _ => bail!("usage: xtask nulls [DRAWS] | (false-positives | tails | power) DRAWS COUNT..."),
    }
    Ok(())
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
