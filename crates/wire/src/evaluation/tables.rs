//! The numbers as tables, the same ones for a terminal and for a page.

use super::{Budget, Evaluation, FalseAlert, Implant, LEAK_SHARE_MAX, LeakRule, READ_PER_DAY, Rate, Share};
use crate::findings::human_secs;
use undertone_core::finding::Finding;

/// A table: texts, as unescaped as they came.
pub(super) struct Table {
    pub(super) title: String,
    pub(super) heads: Vec<&'static str>,
    pub(super) rows: Vec<Vec<String>>,
    /// Columns of numbers, set flush right.
    pub(super) numeric: std::ops::Range<usize>,
    /// Rows left out.
    pub(super) cut: usize,
}

/// What the whole comparison comes to.
pub(super) fn headline(evaluation: &Evaluation<'_>) -> Table {
    let false_discovery = evaluation.false_discovery;
    let mut rows = vec![
        measure("recall: implants shown", share_cells(evaluation.recall)),
        measure(&format!("precision at {READ_PER_DAY} per day"), share_cells(evaluation.precision)),
        measure("false discovery rate", share_cells(false_discovery.all)),
        measure("  without rare honest senders", share_cells(false_discovery.without_rare)),
    ];
    if let Some(rate) = evaluation.false_rate() {
        rows.push(measure("false positives per 1,000 device-days", rate_cells(rate.all)));
        rows.push(measure("  without rare honest senders", rate_cells(rate.without_rare)));
    }
    Table {
        title: "Overall".to_owned(),
        heads: vec!["measure", "count", "of", "value", "95 % interval"],
        rows,
        numeric: 1..5,
        cut: 0,
    }
}

/// Recall by each property.
pub(super) fn recalls(evaluation: &Evaluation<'_>) -> Vec<Table> {
    let of = |(dimension, bands): &(super::Dimension, Vec<(&str, Share)>)| Table {
        title: format!("Recall by {}", dimension.heading()),
        heads: vec![dimension.as_str(), "found", "implants", "recall", "95 % interval"],
        rows: bands.iter().map(|(name, share)| measure(name, share_cells(*share))).collect(),
        numeric: 1..5,
        cut: 0,
    };
    evaluation.by_dimension.iter().map(of).collect()
}

/// Recall in cells of several properties.
pub(super) fn cells(evaluation: &Evaluation<'_>) -> Table {
    let row = |(names, share): &([&str; 6], Share)| {
        let names = names.iter().map(|name| (*name).to_owned());
        names.chain(share_cells(*share)).collect()
    };
    let mut heads: Vec<&'static str> = super::Dimension::CROSSED.iter().map(|d| d.as_str()).collect();
    heads.extend(["found", "implants", "recall", "95 % interval"]);
    Table {
        title: "Recall by all of them together".to_owned(),
        heads,
        rows: evaluation.cells.iter().map(row).collect(),
        numeric: 6..10,
        cut: 0,
    }
}

/// Promised against observed; `None` without the numbers for it.
pub(super) fn budgets(evaluation: &Evaluation<'_>) -> Option<Table> {
    let row = |budget: &Budget| {
        let (all, other) = (budget.observed.all, budget.observed.without_rare);
        vec![
            number(budget.per_1000),
            number(budget.promised),
            all.hits.to_string(),
            per_1000(all),
            per_1000_interval(all),
            other.hits.to_string(),
            per_1000(other),
            budget.printed_mean.map_or_else(dash, number),
            budget.recall.value().map_or_else(dash, percent),
        ]
    };
    let heads = vec![
        "promised per 1,000",
        "promised",
        "observed",
        "per 1,000",
        "95 % interval",
        "not rare",
        "per 1,000",
        "mean printed",
        "recall",
    ];
    (!evaluation.budgets.is_empty()).then(|| Table {
        title: "False device-days, promised and observed, at four budgets".to_owned(),
        numeric: 0..heads.len(),
        heads,
        rows: evaluation.budgets.iter().map(row).collect(),
        cut: 0,
    })
}

/// Single features that give implants away; empty when nobody looked.
pub(super) fn leaks(evaluation: &Evaluation<'_>, most: usize) -> Vec<Table> {
    let Some(report) = &evaluation.leaks else { return Vec::new() };
    let share = |implants: u64| percent(implants as f64 / report.implants.max(1) as f64);
    let line = |rule: &LeakRule| {
        let honest = rule.honest_series.to_string();
        vec![
            rule.feature.to_owned(),
            rule.value.clone(),
            rule.implants.to_string(),
            share(rule.implants),
            honest,
        ]
    };
    let rules = |title: String, rules: &[LeakRule], cut: u64| Table {
        title,
        heads: vec!["feature", "value", "implants", "share", "honest series"],
        rows: rules.iter().take(most).map(line).collect(),
        numeric: 2..5,
        cut: rules.len().saturating_sub(most) + usize::try_from(cut).unwrap_or(usize::MAX),
    };
    let verdict = if report.is_passed() { "passed" } else { "FAILED" };
    let features = Table {
        title: format!(
            "Leaks: {verdict} (at most {} of {} implants may be given away by one feature without false positives)",
            percent(LEAK_SHARE_MAX),
            report.implants
        ),
        heads: vec!["feature", "implants", "share"],
        rows: std::iter::once(("any one rule", report.rules.first().map_or(0, |rule| rule.implants)))
            .chain(report.features.iter().copied())
            .map(|(name, implants)| vec![name.to_owned(), implants.to_string(), share(implants)])
            .collect(),
        numeric: 1..3,
        cut: 0,
    };
    vec![
        features,
        rules("Rules without a false positive".to_owned(), &report.rules, report.rules_cut),
        rules("Values ten times as frequent among implants".to_owned(), &report.strong, 0),
    ]
}

/// Implants that were not shown, at most `most` of them.
pub(super) fn missed(evaluation: &Evaluation<'_>, most: usize) -> Table {
    let missed: Vec<_> = evaluation.implants.iter().filter(|implant| implant.shown == 0).collect();
    Table {
        title: format!("Missed implants: {}", missed.len()),
        heads: vec!["device", "app", "to", "kind", "period", "jitter", "events", "score", "why not"],
        rows: missed
            .iter()
            .take(most)
            .map(|implant| missed_row(implant, evaluation.has_rows_below))
            .collect(),
        numeric: 4..8,
        cut: missed.len().saturating_sub(most),
    }
}

fn missed_row(implant: &Implant<'_>, has_rows_below: bool) -> Vec<String> {
    let truth = implant.truth;
    let why = match implant.best {
        None if has_rows_below => "no row at all".to_owned(),
        None => "not among the rows given".to_owned(),
        Some(finding) => finding.below_because.clone().unwrap_or_else(dash),
    };
    vec![
        truth.device.clone(),
        truth.app.clone().unwrap_or_else(dash),
        truth
            .domain
            .clone()
            .or_else(|| truth.addresses.first().map(ToString::to_string))
            .unwrap_or_else(dash),
        truth.kind.clone(),
        truth.period_secs.map_or_else(dash, human_secs),
        truth.jitter.map_or_else(dash, percent_whole),
        truth.events.map_or_else(dash, |events| events.to_string()),
        implant.best.map_or_else(dash, |finding| format!("{:.1}", finding.score)),
        why,
    ]
}

/// False alerts, strongest first, at most `most` of them.
pub(super) fn false_alerts(evaluation: &Evaluation<'_>, most: usize) -> Table {
    let all = &evaluation.false_alerts;
    Table {
        title: format!("False positives: {}", all.len()),
        heads: vec!["day", "device", "app", "to", "service", "score", "rare honest sender", "finding"],
        rows: all.iter().take(most).map(false_row).collect(),
        numeric: 5..6,
        cut: all.len().saturating_sub(most),
    }
}

fn false_row(alert: &FalseAlert<'_>) -> Vec<String> {
    let finding = alert.finding;
    vec![
        finding.day.to_string(),
        finding.device.id.clone(),
        finding.app.id.clone().unwrap_or_else(|| "unknown".to_owned()),
        destination(finding),
        finding.service.clone(),
        format!("{:.1}", finding.score),
        alert.rare.map_or_else(|| "no".to_owned(), |truth| truth.kind.clone()),
        finding.id.clone(),
    ]
}

fn destination(finding: &Finding) -> String {
    let to = &finding.destination;
    let named = to.domain.clone().or_else(|| to.group.clone()).or_else(|| to.name.clone());
    named.or_else(|| to.addresses.first().map(ToString::to_string)).unwrap_or_else(|| "unknown".to_owned())
}

fn measure(name: &str, cells: [String; 4]) -> Vec<String> {
    [name.to_owned()].into_iter().chain(cells).collect()
}

fn share_cells(share: Share) -> [String; 4] {
    let interval =
        share.interval().map_or_else(dash, |(low, high)| format!("{} to {}", percent(low), percent(high)));
    [share.hits.to_string(), share.of.to_string(), share.value().map_or_else(dash, percent), interval]
}

fn rate_cells(rate: Rate) -> [String; 4] {
    let interval =
        rate.interval().map_or_else(dash, |(low, high)| format!("{} to {}", number(low), number(high)));
    [
        rate.count.to_string(),
        rate.device_days.to_string(),
        rate.per_1000().map_or_else(dash, number),
        interval,
    ]
}

fn per_1000(share: Share) -> String {
    share.value().map_or_else(dash, |value| number(1000.0 * value))
}

fn per_1000_interval(share: Share) -> String {
    let shown = |(low, high): (f64, f64)| format!("{} to {}", number(1000.0 * low), number(1000.0 * high));
    share.interval().map_or_else(dash, shown)
}

/// A share with one decimal, as people read it.
pub(super) fn percent(share: f64) -> String {
    format!("{:.1} %", 100.0 * share)
}

fn percent_whole(share: f64) -> String {
    format!("{:.0} %", 100.0 * share)
}

/// A rate with two decimals below ten.
pub(super) fn number(value: f64) -> String {
    if value >= 10.0 { format!("{value:.1}") } else { format!("{value:.2}") }
}

fn dash() -> String {
    "-".to_owned()
}
