//! The comparison as one JSON object.

use super::{Both, Budget, Evaluation, FalseAlert, Implant, LeakReport, LeakRule, Rate, Share};
use crate::findings::json::{Shown, Significant, write_json_line};
use crate::truth::Truth;
use serde::Serialize;
use std::collections::BTreeMap;
use std::io::{self, Write};
use std::net::IpAddr;
use undertone_core::model::Day;

/// Version of the object's shape.
const SCHEMA_VERSION: u32 = 1;

/// Writes the comparison as one JSON object on one line. Shares are 0..=1 and rates per 1,000 device-days, each
/// with `low` and `high`, the ends of its 95 % interval; what cannot be told is `null`.
///
/// # Errors
/// The output's error.
pub fn write_json<W: Write>(out: W, evaluation: &Evaluation<'_>) -> io::Result<()> {
    write_json_line(out, &Row::of(evaluation))
}

#[derive(Serialize)]
struct Row<'a> {
    schema_version: u32,
    findings: u64,
    alerts: u64,
    leads: u64,
    device_days: Option<u64>,
    recall: RecallRow<'a>,
    false_positives: Option<BothRow<RateRow>>,
    false_discovery_rate: BothRow<ShareRow>,
    precision_at_20_per_day: ShareRow,
    budgets: Vec<BudgetRow>,
    has_rows_below: bool,
    notes: Vec<&'static str>,
    implants: Vec<ImplantRow<'a>>,
    false_alerts: Vec<FalseRow<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    leaks: Option<LeaksRow<'a>>,
}

#[derive(Serialize)]
struct LeaksRow<'a> {
    is_passed: bool,
    implants: u64,
    honest_series: u64,
    features: BTreeMap<&'static str, u64>,
    rules: Vec<LeakRow<'a>>,
    rules_cut: u64,
    strong: Vec<LeakRow<'a>>,
    values_cut: u64,
}

#[derive(Serialize)]
struct LeakRow<'a> {
    feature: &'static str,
    value: &'a str,
    implants: u64,
    honest_series: u64,
}

impl<'a> LeaksRow<'a> {
    fn of(report: &'a LeakReport) -> Self {
        let row = |rule: &'a LeakRule| LeakRow {
            feature: rule.feature,
            value: &rule.value,
            implants: rule.implants,
            honest_series: rule.honest_series,
        };
        Self {
            is_passed: report.is_passed(),
            implants: report.implants,
            honest_series: report.honest_series,
            features: report.features.iter().copied().collect(),
            rules: report.rules.iter().map(row).collect(),
            rules_cut: report.rules_cut,
            strong: report.strong.iter().map(row).collect(),
            values_cut: report.values_cut,
        }
    }
}

#[derive(Serialize)]
struct RecallRow<'a> {
    overall: ShareRow,
    by: BTreeMap<&'static str, Vec<BandRow<'a>>>,
    cells: Vec<CellRow<'a>>,
}

#[derive(Serialize)]
struct BandRow<'a> {
    band: &'a str,
    #[serde(flatten)]
    share: ShareRow,
}

#[derive(Serialize)]
struct CellRow<'a> {
    kind: &'a str,
    period: &'a str,
    jitter: &'a str,
    events: &'a str,
    state: &'a str,
    law: &'a str,
    #[serde(flatten)]
    share: ShareRow,
}

#[derive(Serialize)]
struct BothRow<T> {
    all: T,
    without_rare_benign: T,
}

impl<T> BothRow<T> {
    fn of<S>(both: Both<S>, row: impl Fn(S) -> T) -> Self {
        Self { all: row(both.all), without_rare_benign: row(both.without_rare) }
    }
}

#[derive(Serialize)]
struct ShareRow {
    count: u64,
    of: u64,
    share: Option<Significant>,
    low: Option<Significant>,
    high: Option<Significant>,
}

impl ShareRow {
    fn of(share: Share) -> Self {
        let interval = share.interval();
        Self {
            count: share.hits,
            of: share.of,
            share: share.value().map(Significant),
            low: interval.map(|(low, _)| Significant(low)),
            high: interval.map(|(_, high)| Significant(high)),
        }
    }
}

#[derive(Serialize)]
struct RateRow {
    count: u64,
    device_days: u64,
    per_1000: Option<Significant>,
    low: Option<Significant>,
    high: Option<Significant>,
}

impl RateRow {
    fn of(rate: Rate) -> Self {
        let interval = rate.interval();
        Self {
            count: rate.count,
            device_days: rate.device_days,
            per_1000: rate.per_1000().map(Significant),
            low: interval.map(|(low, _)| Significant(low)),
            high: interval.map(|(_, high)| Significant(high)),
        }
    }
}

#[derive(Serialize)]
struct BudgetRow {
    promised_per_1000: f64,
    promised_device_days: Significant,
    observed: BothRow<ShareRow>,
    printed_mean: Option<Significant>,
    recall: ShareRow,
}

impl BudgetRow {
    fn of(budget: &Budget) -> Self {
        Self {
            promised_per_1000: budget.per_1000,
            promised_device_days: Significant(budget.promised),
            observed: BothRow::of(budget.observed, ShareRow::of),
            printed_mean: budget.printed_mean.map(Significant),
            recall: ShareRow::of(budget.recall),
        }
    }
}

#[derive(Serialize)]
struct LabelRow<'a> {
    device: &'a str,
    ip: Option<Shown<IpAddr>>,
    app: Option<&'a str>,
    domain: Option<&'a str>,
    kind: &'a str,
    period_secs: Option<Significant>,
    jitter: Option<Significant>,
    miss: Option<Significant>,
    law: Option<&'a str>,
    events: Option<u64>,
}

impl<'a> LabelRow<'a> {
    fn of(truth: &'a Truth) -> Self {
        Self {
            device: &truth.device,
            ip: truth.ip.map(Shown),
            app: truth.app.as_deref(),
            domain: truth.domain.as_deref(),
            kind: &truth.kind,
            period_secs: truth.period_secs.map(Significant),
            jitter: truth.jitter.map(Significant),
            miss: truth.miss.map(Significant),
            law: truth.law.as_deref(),
            events: truth.events,
        }
    }
}

#[derive(Serialize)]
struct ImplantRow<'a> {
    #[serde(flatten)]
    label: LabelRow<'a>,
    found: bool,
    shown: u64,
    finding: Option<&'a str>,
    weight_bans: Option<Significant>,
    reason: Option<&'a str>,
}

impl<'a> ImplantRow<'a> {
    fn of(implant: &Implant<'a>) -> Self {
        Self {
            label: LabelRow::of(implant.truth),
            found: implant.shown > 0,
            shown: implant.shown,
            finding: implant.best.map(|finding| finding.id.as_str()),
            weight_bans: implant.best.map(|finding| Significant(finding.weight_bans)),
            reason: implant.best.and_then(|finding| finding.below_because.as_deref()),
        }
    }
}

#[derive(Serialize)]
struct FalseRow<'a> {
    finding: &'a str,
    day: Shown<Day>,
    device: &'a str,
    app: Option<&'a str>,
    name: Option<&'a str>,
    domain: Option<&'a str>,
    service: &'a str,
    weight_bans: Significant,
    rare_benign: Option<&'a str>,
}

impl<'a> FalseRow<'a> {
    fn of(alert: &FalseAlert<'a>) -> Self {
        let finding = alert.finding;
        Self {
            finding: &finding.id,
            day: Shown(finding.day),
            device: &finding.device.id,
            app: finding.app.id.as_deref(),
            name: finding.destination.name.as_deref(),
            domain: finding.destination.domain.as_deref(),
            service: &finding.service,
            weight_bans: Significant(finding.weight_bans),
            rare_benign: alert.rare.map(|truth| truth.kind.as_str()),
        }
    }
}

impl<'a> Row<'a> {
    fn of(evaluation: &'a Evaluation<'_>) -> Self {
        Self {
            schema_version: SCHEMA_VERSION,
            findings: evaluation.findings,
            alerts: evaluation.alerts,
            leads: evaluation.leads,
            device_days: evaluation.device_days,
            recall: RecallRow::of(evaluation),
            false_positives: evaluation.false_rate().map(|rate| BothRow::of(rate, RateRow::of)),
            false_discovery_rate: BothRow::of(evaluation.false_discovery, ShareRow::of),
            precision_at_20_per_day: ShareRow::of(evaluation.precision),
            budgets: evaluation.budgets.iter().map(BudgetRow::of).collect(),
            has_rows_below: evaluation.has_rows_below,
            notes: evaluation.notes(),
            implants: evaluation.implants.iter().map(ImplantRow::of).collect(),
            false_alerts: evaluation.false_alerts.iter().map(FalseRow::of).collect(),
            leaks: evaluation.leaks.as_ref().map(LeaksRow::of),
        }
    }
}

impl<'a> RecallRow<'a> {
    fn of(evaluation: &'a Evaluation<'_>) -> Self {
        let band = |(band, share): &(&'a str, Share)| BandRow { band, share: ShareRow::of(*share) };
        let by = evaluation.by_dimension.iter();
        let cell = |([kind, period, jitter, events, state, law], share): &([&'a str; 6], Share)| CellRow {
            kind,
            period,
            jitter,
            events,
            state,
            law,
            share: ShareRow::of(*share),
        };
        Self {
            overall: ShareRow::of(evaluation.recall),
            by: by.map(|(of, bands)| (of.as_str(), bands.iter().map(band).collect())).collect(),
            cells: evaluation.cells.iter().map(cell).collect(),
        }
    }
}
