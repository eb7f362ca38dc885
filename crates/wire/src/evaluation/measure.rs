//! The arithmetic.

use super::bands::Band;
use super::labels::Labels;
use super::{
    BUDGETS_PER_1000, Both, Budget, Dimension, Evaluation, EvaluationInput, FalseAlert, Implant,
    READ_PER_DAY, Share,
};
use crate::truth::Truth;
use std::collections::{BTreeMap, BTreeSet};
use undertone_core::finding::Finding;
use undertone_core::model::Day;
use undertone_core::score::OVER_BUDGET;

/// Compares findings with labels.
pub fn evaluate<'a>(input: &EvaluationInput<'a>) -> Evaluation<'a> {
    let judged = judge(input);
    let implants = implants(input.truth, &judged);
    let mut false_alerts: Vec<FalseAlert<'a>> = judged
        .iter()
        .filter(|judged| judged.is_shown() && judged.implants.is_empty())
        .map(|judged| FalseAlert { finding: judged.finding, rare: judged.rare })
        .collect();
    false_alerts.sort_by(|a, b| strongest_first(a.finding, b.finding));
    let count = |is: fn(&Finding) -> bool| input.findings.iter().filter(|finding| is(finding)).count() as u64;
    let budgets = input.device_days.map_or_else(Vec::new, |days| budgets(&judged, input.truth.len(), days));
    Evaluation {
        findings: input.findings.len() as u64,
        alerts: count(|finding| finding.alert),
        leads: count(|finding| finding.lead && !finding.alert),
        device_days: input.device_days,
        recall: share(&implants, |_| true),
        by_dimension: by_dimension(&implants),
        cells: cells(&implants),
        implants,
        false_discovery: false_discovery(&judged),
        precision: precision(&judged),
        false_alerts,
        budgets,
        has_rows_below: input.findings.iter().any(|finding| !is_shown(finding)),
        leaks: None,
    }
}

/// A finding beside the labels.
struct Judged<'a> {
    finding: &'a Finding,
    /// Implants that it is, by number.
    implants: Vec<usize>,
    /// The rare honest sender that it is, if it is no implant.
    rare: Option<&'a Truth>,
}

impl Judged<'_> {
    fn is_shown(&self) -> bool {
        is_shown(self.finding)
    }

    fn is_true(&self) -> bool {
        !self.implants.is_empty()
    }

    /// Whether it alerts at a budget: it clears the floors, and clean phones show it that rarely. `false` for
    /// leads, which state no expectation.
    fn alerts_at(&self, per_1000: f64) -> bool {
        let finding = self.finding;
        let clears_floors =
            finding.alert || finding.below_because.as_deref().is_some_and(|why| why.starts_with(OVER_BUDGET));
        clears_floors && finding.expected_false_per_1000_device_days.is_some_and(|rate| rate <= per_1000)
    }
}

fn judge<'a>(input: &EvaluationInput<'a>) -> Vec<Judged<'a>> {
    let (truth, rare) = (Labels::new(input.truth), Labels::new(input.rare_benign));
    let judged = input.findings.iter().map(|finding| {
        let implants = truth.matching(finding);
        let rare = if implants.is_empty() { rare.first(finding) } else { None };
        Judged { finding, implants, rare }
    });
    judged.collect()
}

const fn is_shown(finding: &Finding) -> bool {
    finding.alert || finding.lead
}

fn strongest_first(a: &Finding, b: &Finding) -> std::cmp::Ordering {
    b.weight_bans.total_cmp(&a.weight_bans).then_with(|| a.id.cmp(&b.id))
}

fn implants<'a>(truth: &'a [Truth], judged: &[Judged<'a>]) -> Vec<Implant<'a>> {
    let mut implants: Vec<Implant<'a>> =
        truth.iter().map(|truth| Implant { truth, shown: 0, best: None }).collect();
    for judged in judged {
        for at in &judged.implants {
            let Some(implant) = implants.get_mut(*at) else { continue };
            implant.shown += u64::from(judged.is_shown());
            let is_better = implant.best.is_none_or(|best| {
                let shown_first = is_shown(best).cmp(&judged.is_shown());
                shown_first.then_with(|| strongest_first(judged.finding, best)).is_lt()
            });
            if is_better {
                implant.best = Some(judged.finding);
            }
        }
    }
    implants
}

fn share(implants: &[Implant<'_>], is_in: impl Fn(&Truth) -> bool) -> Share {
    let mut share = Share::default();
    for implant in implants.iter().filter(|implant| is_in(implant.truth)) {
        share.count(implant.shown > 0);
    }
    share
}

fn by_dimension<'a>(implants: &[Implant<'a>]) -> Vec<(Dimension, Vec<(&'a str, Share)>)> {
    let of = |dimension: Dimension| {
        let mut bands: BTreeMap<Band<'a>, Share> = BTreeMap::new();
        for implant in implants {
            bands.entry(dimension.band(implant.truth)).or_default().count(implant.shown > 0);
        }
        (dimension, bands.into_iter().map(|((_, name), share)| (name, share)).collect())
    };
    Dimension::ALL.into_iter().map(of).collect()
}

fn cells<'a>(implants: &[Implant<'a>]) -> Vec<([&'a str; 6], Share)> {
    let mut cells: BTreeMap<[Band<'a>; 6], Share> = BTreeMap::new();
    for implant in implants {
        let key = Dimension::CROSSED.map(|dimension| dimension.band(implant.truth));
        cells.entry(key).or_default().count(implant.shown > 0);
    }
    cells.into_iter().map(|(key, share)| (key.map(|(_, name)| name), share)).collect()
}

fn false_discovery(judged: &[Judged<'_>]) -> Both<Share> {
    let mut found = Both::<Share>::default();
    for judged in judged.iter().filter(|judged| judged.is_shown()) {
        found.all.count(!judged.is_true());
        if judged.rare.is_none() {
            found.without_rare.count(!judged.is_true());
        }
    }
    found
}

fn precision(judged: &[Judged<'_>]) -> Share {
    let mut days: BTreeMap<Day, Vec<&Judged<'_>>> = BTreeMap::new();
    for judged in judged.iter().filter(|judged| judged.is_shown()) {
        days.entry(judged.finding.day).or_default().push(judged);
    }
    let mut precision = Share::default();
    for mut day in days.into_values() {
        day.sort_by(|a, b| strongest_first(a.finding, b.finding));
        day.iter().take(READ_PER_DAY).for_each(|judged| precision.count(judged.is_true()));
    }
    precision
}

fn budgets(judged: &[Judged<'_>], implants: usize, device_days: u64) -> Vec<Budget> {
    let states_any = judged.iter().any(|judged| judged.finding.expected_false_per_1000_device_days.is_some());
    if !states_any || device_days == 0 {
        return Vec::new();
    }
    BUDGETS_PER_1000.iter().map(|per_1000| budget(judged, implants, device_days, *per_1000)).collect()
}

fn budget(judged: &[Judged<'_>], implants: usize, device_days: u64, per_1000: f64) -> Budget {
    let mut found: BTreeSet<usize> = BTreeSet::new();
    // The least expectation of each device-day with a false alert; and the device-days that are not merely rare.
    let mut wrong: BTreeMap<(Day, &str), f64> = BTreeMap::new();
    let mut not_rare: BTreeSet<(Day, &str)> = BTreeSet::new();
    for judged in judged.iter().filter(|judged| judged.alerts_at(per_1000)) {
        found.extend(&judged.implants);
        if judged.is_true() {
            continue;
        }
        let day = (judged.finding.day, judged.finding.device.id.as_str());
        let printed = judged.finding.expected_false_per_1000_device_days.unwrap_or(per_1000);
        let least = wrong.entry(day).or_insert(printed);
        *least = least.min(printed);
        if judged.rare.is_none() {
            not_rare.insert(day);
        }
    }
    let count = wrong.len() as u64;
    let share = |hits: u64| Share { hits, of: device_days.max(hits) };
    Budget {
        per_1000,
        promised: per_1000 * device_days as f64 / 1000.0,
        observed: Both { all: share(count), without_rare: share(not_rare.len() as u64) },
        printed_mean: (count > 0).then(|| wrong.values().sum::<f64>() / count as f64),
        recall: Share { hits: found.len() as u64, of: implants as u64 },
    }
}
