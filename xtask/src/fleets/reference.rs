//! `reference`: the device-day maxima of clean fleets and the tail that the project ships.

use super::table::table;
use super::{Arguments, watch};
use anyhow::Result;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use undertone_core::score::budget::{Sight, Tail};
use undertone_core::weigh::HISTORY_DAYS_MIN;

/// Budgets at which the empirical and the fitted weight are shown, per 1,000 device-days.
const RATES: [f64; 5] = [30.0, 10.0, 3.0, 1.0, 0.3];

/// Strongest device-days told.
const TOLD: usize = 60;

/// Days from which a phone has a past.
const DAYS_BEFORE: i32 = HISTORY_DAYS_MIN.cast_signed();

/// A cell of the reference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Cell {
    sight: Sight,
    /// Honest senders with a label count, too, but on the day on which they begin on a phone with a past.
    with_rare: bool,
    /// From the third day on; else the first, since on the second what was there on the first is known.
    is_later: bool,
}

#[derive(Debug, Default)]
struct Sample {
    maxima: Vec<f64>,
    /// Device-days that are loud by way of what an implant hardly is.
    loud: u64,
    /// Those among which they are counted.
    loud_among: u64,
    device_days: u64,
}

/// Simulates clean fleets and fits the tails.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let mut cells: BTreeMap<Cell, Sample> = BTreeMap::new();
    let mut strongest: BTreeMap<Sight, Vec<watch::Row>> = BTreeMap::new();
    let first_scanned = i32::try_from(arguments.learn_days).unwrap_or(i32::MAX);
    watch::each(arguments, |fleet, sight, seen| {
        strongest.entry(sight).or_default().extend(seen.strongest(DAYS_BEFORE));
        crate::say(&format!("loud {:?} of {} phones, {} days", seen.loud, seen.devices, fleet.days().len()));
        for with_rare in [false, true] {
            let is_counted = |row: &watch::Row| {
                row.class == watch::Class::Other || (with_rare && !row.is_rare_at_first_sight())
            };
            let maxima = seen.maxima(is_counted);
            for is_later in [false, true] {
                let is_in = |day: i32| if is_later { day >= DAYS_BEFORE } else { day == first_scanned };
                let days = first_scanned..i32::try_from(arguments.fleet.days).unwrap_or(0);
                let device_days = |is_in: &dyn Fn(i32) -> bool| {
                    days.clone().filter(|day| is_in(*day)).count() as u64 * seen.devices
                };
                let sample = cells.entry(Cell { sight, with_rare, is_later }).or_default();
                sample.device_days += device_days(&is_in);
                sample.loud_among += device_days(&|day| (day >= DAYS_BEFORE) == is_later);
                sample.maxima.extend(maxima.iter().filter(|((day, _), _)| is_in(*day)).map(|(_, s)| *s));
                sample.loud += seen.loud.get(usize::from(is_later)).copied().unwrap_or(0);
            }
        }
        Ok(())
    })?;
    show(arguments, &cells);
    for (sight, rows) in strongest {
        tell(sight, rows);
    }
    if arguments.write { write(arguments, &cells) } else { Ok(()) }
}

fn show(arguments: &Arguments, cells: &BTreeMap<Cell, Sample>) {
    crate::print(&format!("Reference tail: {}", arguments.told()));
    let heads = [
        "view",
        "honest rare senders",
        "days",
        "device-days",
        "over the floors",
        "from bans",
        "rate",
        "scale",
        "S at 30",
        "at 10",
        "at 3",
        "at 1",
        "at 0.3 of 1,000 (seen / fitted)",
    ];
    let rows: Vec<Vec<String>> = cells
        .iter()
        .filter(|(_, sample)| sample.device_days > 0)
        .map(|(cell, sample)| {
            let tail = fit(sample);
            let mut row = vec![
                cell.sight.as_str().to_owned(),
                if cell.with_rare { "counted" } else { "left out" }.to_owned(),
                if cell.is_later { "third and later" } else { "first" }.to_owned(),
                sample.device_days.to_string(),
                sample.maxima.len().to_string(),
            ];
            row.extend(tail.map_or_else(
                || vec!["-".to_owned(); 3],
                |tail| {
                    vec![
                        format!("{:.2}", tail.threshold_bans),
                        format!("{:.4}", tail.rate),
                        format!("{:.3}, shape {:.2}", tail.scale_bans, tail.shape),
                    ]
                },
            ));
            row.extend(RATES.map(|rate| {
                let fitted =
                    tail.map_or_else(|| "-".to_owned(), |tail| format!("{:.2}", weight_at(&tail, rate)));
                format!("{} / {fitted}", seen_at(sample, rate))
            }));
            row
        })
        .collect();
    table("Device-day maxima of clean fleets", &heads, &rows);
}

/// What the strongest device-days with a past are made of.
fn tell(sight: Sight, mut rows: Vec<watch::Row>) {
    rows.sort_by(|a, b| b.weight.total_cmp(&a.weight));
    let rows: Vec<Vec<String>> = rows
        .iter()
        .take(TOLD)
        .map(|row| {
            let kinds = row.evidence.iter().map(|(kind, weight)| format!("{} {weight:+.1}", kind.as_str()));
            vec![
                format!("{:.2}", row.weight),
                row.device.clone(),
                row.app.clone(),
                row.destination.clone(),
                format!("{:?}", row.class),
                kinds.collect::<Vec<_>>().join(", "),
            ]
        })
        .collect();
    let title = format!("The strongest device-days with a past, {}", sight.as_str());
    table(&title, &["bans", "device", "app", "destination", "what", "evidence"], &rows);
}

fn fit(sample: &Sample) -> Option<Tail> {
    let silent = usize::try_from(sample.device_days).unwrap_or(0).saturating_sub(sample.maxima.len());
    let all: Vec<f64> = sample.maxima.iter().copied().chain(std::iter::repeat_n(0.0, silent)).collect();
    Tail::fit_clean(&all)
}

/// Share of device-days that are loud by way of what an implant hardly is.
fn loud_rate(sample: &Sample) -> f64 {
    sample.loud as f64 / sample.loud_among as f64
}

/// The weight that the tail expects at a rate.
fn weight_at(tail: &Tail, per_1000: f64) -> f64 {
    let ratio = (1000.0 * tail.rate / per_1000).max(1.0);
    let excess = if tail.shape < 1e-9 { ratio.ln() } else { (ratio.powf(tail.shape) - 1.0) / tail.shape };
    tail.threshold_bans + tail.scale_bans * excess
}

/// The weight that so many device-days reach; a dash where fewer than five do.
fn seen_at(sample: &Sample, per_1000: f64) -> String {
    let mut sorted = sample.maxima.clone();
    sorted.sort_by(|a, b| b.total_cmp(a));
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of a count")]
    let rank = (per_1000 / 1000.0 * sample.device_days as f64).round() as usize;
    if rank < 5 {
        return "-".to_owned();
    }
    sorted.get(rank - 1).map_or_else(|| "0".to_owned(), |s| format!("{s:.2}"))
}

/// Writes the shipped table: honest rare senders are left out at first sight, of the phone's or of theirs, and counted
/// later.
fn write(arguments: &Arguments, cells: &BTreeMap<Cell, Sample>) -> Result<()> {
    let mut text = String::from(
        "//! The shipped tails of device-day maxima of clean fleets. Made by `xtask reference`; do not edit.\n//!\n",
    );
    writeln!(text, "//! {}.", arguments.told())?;
    text.push_str("\nuse super::reference::{FACTOR_MIN_FIRST, FACTOR_MIN_LATER, Reference};\n");
    for (name, sight) in [("NETWORK", Sight::Network), ("TELEMETRY", Sight::Telemetry)] {
        for (days, factor_min, is_later) in
            [("FIRST_DAY", "FACTOR_MIN_FIRST", false), ("LATER_DAYS", "FACTOR_MIN_LATER", true)]
        {
            let cell = Cell { sight, with_rare: is_later, is_later };
            let sample = cells.get(&cell).filter(|sample| sample.device_days > 0);
            let Some((sample, tail)) = sample.and_then(|sample| Some((sample, fit(sample)?))) else {
                anyhow::bail!("no tail for {name} {days}: simulate three days or more, and both views");
            };
            write!(
                text,
                "\n/// {} with {}.\npub(super) const {name}_{days}: Reference = Reference {{\n    threshold_bans: \
                 {:.2},\n    rate: {:.5},\n    scale_bans: {:.3},\n    shape: {:.3},\n    device_days: {},\n    \
                 loud_rate: {:.5},\n    factor_min: {factor_min},\n}};\n",
                if is_later {
                    "Phones with a past, honest rare senders counted from their second day on,"
                } else {
                    "Phones seen for the first time, honest rare senders left out,"
                },
                sight.as_str(),
                tail.threshold_bans,
                tail.rate,
                tail.scale_bans,
                tail.shape,
                sample.device_days,
                loud_rate(sample)
            )?;
        }
    }
    let path =
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/core/src/score/reference_tables.rs");
    std::fs::write(&path, text)?;
    crate::say(&format!("wrote {}", path.display()));
    Ok(())
}
