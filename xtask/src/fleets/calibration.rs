//! `calibration`: false alerts promised and observed on clean fleets.

use super::Arguments;
use super::table::{per_1000, table};
use super::watch::{self, Class, Row};
use anyhow::Result;
use std::collections::{BTreeMap, BTreeSet};
use undertone_core::score::budget::Sight;

/// Budgets compared, per 1,000 device-days.
const BUDGETS: [f64; 4] = [0.3, 1.0, 3.0, 10.0];
/// Strongest false alerts told.
const TOLD: usize = 25;

/// Device-days with a false alert, by view, day, budget.
#[derive(Default)]
struct Counts {
    device_days: u64,
    all: [usize; 4],
    /// Without honest rare senders on the day on which they begin.
    known: [usize; 4],
    ordinary: [usize; 4],
}

/// Simulates clean fleets and counts.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let mut counts: BTreeMap<(Sight, i32), Counts> = BTreeMap::new();
    let mut strongest: Vec<(u64, Sight, Row)> = Vec::new();
    watch::each(arguments, |fleet, sight, seen| {
        for day in 0..i32::try_from(fleet.days().len()).unwrap_or(0) {
            let is_scanned = day >= i32::try_from(arguments.learn_days).unwrap_or(i32::MAX);
            let of_day = counts.entry((sight, day)).or_default();
            of_day.device_days += if is_scanned { seen.devices } else { 0 };
            for (at, budget) in BUDGETS.iter().enumerate() {
                let rows = seen.rows.iter().filter(|r| r.day == day && r.clears && r.expected <= *budget);
                let rows: Vec<&Row> = rows.filter(|r| !matches!(r.class, Class::Implants(_))).collect();
                let of = |rows: &mut dyn Iterator<Item = &&Row>| {
                    rows.map(|row| row.device.as_str()).collect::<BTreeSet<&str>>().len()
                };
                of_day.all[at] += of(&mut rows.iter());
                of_day.known[at] += of(&mut rows.iter().filter(|row| !row.is_rare_at_first_sight()));
                of_day.ordinary[at] += of(&mut rows.iter().filter(|row| row.class == Class::Other));
            }
        }
        strongest.extend(seen.rows.into_iter().filter(|r| r.clears).map(|r| (seen.device_days, sight, r)));
        strongest.sort_by(|a, b| b.2.weight.total_cmp(&a.2.weight));
        strongest.truncate(TOLD);
        Ok(())
    })?;
    crate::print(&format!("Promised and observed false alerts: {}", arguments.told()));
    for sight in &arguments.sights {
        let rows = counts.iter().filter(|((of, _), count)| of == sight && count.device_days > 0);
        let rows: Vec<Vec<String>> = rows
            .flat_map(|((_, day), count)| (0..BUDGETS.len()).map(move |at| line(*day, count, at)))
            .collect();
        let heads = [
            "day",
            "device-days",
            "promised per 1,000",
            "observed, ordinary senders",
            "ratio",
            "with honest rare senders, but not on their first day",
            "ratio",
            "with all honest rare senders",
            "ratio",
        ];
        table(&format!("False device-days with {}", sight.as_str()), &heads, &rows);
    }
    let rows: Vec<Vec<String>> = strongest.iter().map(|(_, sight, row)| told(*sight, row)).collect();
    let heads = ["view", "day", "device", "app", "to", "S", "stated per 1,000", "sender", "evidence"];
    table("Strongest rows of clean phones", &heads, &rows);
    Ok(())
}

fn line(day: i32, count: &Counts, at: usize) -> Vec<String> {
    let ratio = |hits: usize| format!("{:.2}", 1000.0 * hits as f64 / count.device_days as f64 / BUDGETS[at]);
    vec![
        (day + 1).to_string(),
        count.device_days.to_string(),
        BUDGETS[at].to_string(),
        per_1000(count.ordinary[at], count.device_days),
        ratio(count.ordinary[at]),
        per_1000(count.known[at], count.device_days),
        ratio(count.known[at]),
        per_1000(count.all[at], count.device_days),
        ratio(count.all[at]),
    ]
}

fn told(sight: Sight, row: &Row) -> Vec<String> {
    let evidence: Vec<String> =
        row.evidence.iter().map(|(kind, bans)| format!("{} {bans:.1}", kind.as_str())).collect();
    vec![
        sight.as_str().to_owned(),
        (row.day + 1).to_string(),
        row.device.clone(),
        row.app.clone(),
        row.destination.clone(),
        format!("{:.2}", row.weight),
        format!("{:.2}", row.expected),
        match &row.class {
            Class::Rare(kind) => kind.clone(),
            Class::Other => "ordinary".to_owned(),
            Class::Implants(_) => "implant".to_owned(),
        },
        evidence.join(", "),
    ]
}
