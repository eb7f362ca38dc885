//! `recall`: which implants alert, beside an oracle that knows their law.

use super::oracle::Oracle;
use super::table::{share, table};
use super::watch::{self, Class, Row, Seen};
use super::{Arguments, watch::Fleet};
use anyhow::Result;
use std::collections::BTreeMap;
use undertone_core::score::budget::Sight;
use undertone_simulate::{Law, Schedule};
use undertone_wire::truth::Truth;

/// Power of the oracle from which an implant counts as detectable by its timing.
const DETECTABLE: f64 = 0.5;
/// Missed implants told.
const TOLD: usize = 40;

/// An implant and what became of it.
pub(super) struct Outcome {
    pub(super) truth: Truth,
    /// Alerted on some day.
    pub(super) found: bool,
    /// Alerted on the last day.
    pub(super) found_last: bool,
    /// Highest weight of a row that clears the floors; `None` without one.
    pub(super) weight: Option<f64>,
    /// Its best row, for those that were missed.
    best: Option<Row>,
    /// Power of a test that knows the law; `None` where there is no schedule.
    oracle: Option<f64>,
}

/// The counts of false alerts that go with recall.
#[derive(Default)]
struct Wrong {
    alerts: usize,
    ordinary: usize,
    rare: usize,
}

/// Simulates infected fleets and counts.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let mut oracle = Oracle::default();
    let mut outcomes: BTreeMap<Sight, Vec<Outcome>> = BTreeMap::new();
    let mut wrong: BTreeMap<Sight, Wrong> = BTreeMap::new();
    watch::each(arguments, |fleet, sight, seen| {
        count_wrong(wrong.entry(sight).or_default(), &seen, arguments.budget_per_1000);
        let found = self::outcomes(fleet, &seen, arguments.budget_per_1000, Some(&mut oracle));
        outcomes.entry(sight).or_default().extend(found);
        Ok(())
    })?;
    crate::print(&format!(
        "Recall at {} false device-days in 1,000: {}",
        arguments.budget_per_1000,
        arguments.told()
    ));
    for (sight, outcomes) in &outcomes {
        show(*sight, outcomes, &wrong[sight]);
    }
    Ok(())
}

/// What became of each implant at a budget.
pub(super) fn outcomes(
    fleet: &Fleet,
    seen: &Seen,
    budget_per_1000: f64,
    mut oracle: Option<&mut Oracle>,
) -> Vec<Outcome> {
    let last = i32::try_from(fleet.days().len()).unwrap_or(1) - 1;
    let mut found: Vec<Outcome> = fleet
        .truth
        .iter()
        .map(|truth| Outcome {
            truth: truth.clone(),
            found: false,
            found_last: false,
            weight: None,
            best: None,
            oracle: oracle.as_mut().and_then(|oracle| power(oracle, truth)),
        })
        .collect();
    for row in &seen.rows {
        let Class::Implants(implants) = &row.class else { continue };
        for at in implants {
            let outcome = &mut found[*at];
            let is_found = row.clears && row.expected <= budget_per_1000;
            outcome.found |= is_found;
            outcome.found_last |= is_found && row.day == last;
            if row.clears {
                outcome.weight = Some(outcome.weight.unwrap_or(0.0).max(row.weight));
            }
            if outcome.best.as_ref().is_none_or(|best| row.weight > best.weight) {
                outcome.best = Some(row.clone());
            }
        }
    }
    found
}

fn power(oracle: &mut Oracle, truth: &Truth) -> Option<f64> {
    // Held connections and answers to pushes have no schedule.
    if matches!(
        truth.kind.as_str(),
        "websocket" | "raw_tcp" | "mqtt" | "push_triggered" | "long_poll" | "irc"
    ) {
        return None;
    }
    let schedule = Schedule {
        law: Law::from_name(truth.law.as_deref()?)?,
        period_secs: truth.period_secs?,
        jitter: truth.jitter?,
        miss: truth.miss?,
    };
    Some(oracle.power(&schedule, truth.events?))
}

fn count_wrong(wrong: &mut Wrong, seen: &Seen, budget_per_1000: f64) {
    for row in seen.rows.iter().filter(|row| row.clears && row.expected <= budget_per_1000) {
        wrong.alerts += 1;
        match row.class {
            Class::Other => wrong.ordinary += 1,
            Class::Rare(_) => wrong.rare += 1,
            Class::Implants(_) => {}
        }
    }
}

fn show(sight: Sight, outcomes: &[Outcome], wrong: &Wrong) {
    let view = sight.as_str();
    let is_plain = |o: &&Outcome| rhythm_of(&o.truth) == "plain";
    let is_detectable = |o: &&Outcome| o.oracle.is_none_or(|power| power >= DETECTABLE);
    let groups: [(&str, Vec<&Outcome>); 4] = [
        ("all", outcomes.iter().collect()),
        (
            "plain: jitter to 35 %, 24 check-ins, 10 % missed at most",
            outcomes.iter().filter(is_plain).collect(),
        ),
        ("hard, oracle 0.5 or more", outcomes.iter().filter(|o| !is_plain(o) && is_detectable(o)).collect()),
        ("hard, oracle below 0.5", outcomes.iter().filter(|o| !is_plain(o) && !is_detectable(o)).collect()),
    ];
    let rows: Vec<Vec<String>> = groups.iter().map(|(name, of)| line(vec![(*name).to_owned()], of)).collect();
    table(&format!("Recall with {view}"), &["implants", "any day", "last day", "oracle"], &rows);
    let total = wrong.alerts.max(1) as f64;
    crate::print(&format!(
        "\nFalse discovery rate: {:.3} with honest rare senders, {:.3} without ({} alerts, {} of ordinary senders, \
         {} of honest rare senders).",
        (wrong.ordinary + wrong.rare) as f64 / total,
        wrong.ordinary as f64 / (total - wrong.rare as f64).max(1.0),
        wrong.alerts,
        wrong.ordinary,
        wrong.rare
    ));
    by(outcomes, view, &["channel"], |truth| vec![truth.kind.clone()]);
    by(outcomes, view, &["law"], |truth| vec![truth.law.clone().unwrap_or_default()]);
    by(outcomes, view, &["check-ins"], |truth| vec![events_of(truth)]);
    by(outcomes, view, &["missed"], |truth| vec![format!("{:.0} %", 100.0 * truth.miss.unwrap_or(0.0))]);
    by(outcomes, view, &["period", "jitter"], |truth| vec![period_of(truth), jitter_of(truth)]);
    by(outcomes, view, &["channel", "rhythm"], |truth| vec![truth.kind.clone(), rhythm_of(truth).to_owned()]);
    let missed = outcomes.iter().filter(|o| !o.found && is_detectable(o)).take(TOLD);
    let rows: Vec<Vec<String>> = missed.map(missed_line).collect();
    let heads = [
        "device",
        "app",
        "channel",
        "law",
        "period",
        "jitter",
        "missed",
        "check-ins",
        "oracle",
        "S",
        "evidence of the best row",
    ];
    table(&format!("Missed though detectable, with {view}"), &heads, &rows);
}

fn by(outcomes: &[Outcome], view: &str, heads: &[&str], key: impl Fn(&Truth) -> Vec<String>) {
    let mut groups: BTreeMap<Vec<String>, Vec<&Outcome>> = BTreeMap::new();
    for outcome in outcomes {
        groups.entry(key(&outcome.truth)).or_default().push(outcome);
    }
    let rows: Vec<Vec<String>> = groups.into_iter().map(|(name, of)| line(name, &of)).collect();
    let title = format!("Recall with {view} by {}", heads.join(" and "));
    let heads: Vec<&str> = heads.iter().copied().chain(["any day", "last day", "oracle"]).collect();
    table(&title, &heads, &rows);
}

fn line(mut name: Vec<String>, of: &[&Outcome]) -> Vec<String> {
    let powers: Vec<f64> = of.iter().filter_map(|o| o.oracle).collect();
    name.push(share(of.iter().filter(|o| o.found).count(), of.len()));
    name.push(share(of.iter().filter(|o| o.found_last).count(), of.len()));
    name.push(if powers.is_empty() {
        "-".to_owned()
    } else {
        format!("{:.2}", powers.iter().sum::<f64>() / powers.len() as f64)
    });
    name
}

fn missed_line(outcome: &Outcome) -> Vec<String> {
    let truth = &outcome.truth;
    let evidence = outcome.best.iter().flat_map(|row| &row.evidence);
    let evidence: Vec<String> = evidence.map(|(kind, bans)| format!("{} {bans:.1}", kind.as_str())).collect();
    vec![
        truth.device.clone(),
        truth.app.clone().unwrap_or_default(),
        truth.kind.clone(),
        truth.law.clone().unwrap_or_default(),
        format!("{:.0} s", truth.period_secs.unwrap_or(0.0)),
        format!("{:.2}", truth.jitter.unwrap_or(0.0)),
        format!("{:.2}", truth.miss.unwrap_or(0.0)),
        truth.events.unwrap_or(0).to_string(),
        outcome.oracle.map_or_else(|| "-".to_owned(), |power| format!("{power:.2}")),
        outcome.best.as_ref().map_or_else(|| "no row".to_owned(), |row| format!("{:.2}", row.weight)),
        evidence.join(", "),
    ]
}

fn rhythm_of(truth: &Truth) -> &'static str {
    let is_plain = truth.jitter.unwrap_or(1.0) <= 0.3505
        && truth.events.unwrap_or(0) >= 24
        && truth.miss.unwrap_or(1.0) <= 0.1005;
    if is_plain { "plain" } else { "hard" }
}

fn period_of(truth: &Truth) -> String {
    let secs = truth.period_secs.unwrap_or(0.0);
    let bands = [(60.0, "1 under 1 min"), (600.0, "2 1 to 10 min"), (3600.0, "3 10 to 60 min")];
    bands.iter().find(|(end, _)| secs < *end).map_or("4 1 to 12 h", |(_, name)| name).to_owned()
}

fn jitter_of(truth: &Truth) -> String {
    format!("{:.0} %", 100.0 * truth.jitter.unwrap_or(0.0))
}

fn events_of(truth: &Truth) -> String {
    let events = truth.events.unwrap_or(0);
    let bands = [(8, "1 under 8"), (24, "2 8 to 23"), (100, "3 24 to 99"), (1000, "4 100 to 999")];
    bands.iter().find(|(end, _)| events < *end).map_or("5 1,000 and more", |(_, name)| name).to_owned()
}
