//! Comparisons and backtests for people.

use super::{Comparison, Counts, Difference, PastDay};
use crate::findings::text::escaped;
use crate::findings::{destination_title, human_count};
use std::collections::BTreeSet;
use std::io::{self, Write};
use undertone_core::finding::Finding;

/// Findings of a kind that are named; the JSON names all.
const NAMED_MAX: usize = 20;

/// Writes comparisons: one in full, several as a table with one row each.
///
/// # Errors
/// The output's error.
pub fn write_comparison_text<W: Write>(mut out: W, comparisons: &[Comparison<'_>]) -> io::Result<()> {
    match comparisons {
        [] => Ok(()),
        [one] => write_one(&mut out, one),
        several => write_sweep(&mut out, several),
    }
}

fn write_one<W: Write>(out: &mut W, comparison: &Comparison<'_>) -> io::Result<()> {
    for changed in &comparison.settings {
        writeln!(out, "{} = {}", escaped(&changed.name), escaped(&changed.value))?;
    }
    let Comparison { before, after, difference, .. } = comparison;
    writeln!(out, "\n{:<28}{:>10}{:>10}", "", "before", "after")?;
    let mut row = |name: &str, a: String, b: String| writeln!(out, "{name:<28}{a:>10}{b:>10}");
    row("alerts", human_count(before.alerts), human_count(after.alerts))?;
    row("leads", human_count(before.leads), human_count(after.leads))?;
    row("below the threshold", human_count(before.below), human_count(after.below))?;
    let days: BTreeSet<_> = before.by_day.keys().chain(after.by_day.keys()).collect();
    for day in days {
        let of = |counts: &Counts| human_count(counts.by_day.get(day).copied().unwrap_or(0));
        row(&format!("  shown on {day}"), of(before), of(after))?;
    }
    row("expected false alerts", expected(before), expected(after))?;
    if let (Some(was), Some(is)) = (before.judged, after.judged) {
        row(&format!("implants found, of {}", is.implants), human_count(was.found), human_count(is.found))?;
        row("shown that are none", human_count(was.wrong), human_count(is.wrong))?;
    }
    write_difference(out, difference)
}

/// Alerts that clean phones are expected to bring.
fn expected(counts: &Counts) -> String {
    match counts.expected_false {
        None => "-".to_owned(),
        Some(count) if count >= 9.95 => format!("{count:.0}"),
        Some(count) => format!("{count:.2}"),
    }
}

fn write_difference<W: Write>(out: &mut W, difference: &Difference<'_>) -> io::Result<()> {
    writeln!(out, "\nnew: {}", difference.new.len())?;
    for (finding, was) in difference.new.iter().take(NAMED_MAX) {
        writeln!(out, "  + {}", line(finding))?;
        if let Some(reason) = was.and_then(|was| was.below_because.as_deref()) {
            writeln!(out, "      before: {}", escaped(reason))?;
        }
    }
    more(out, difference.new.len())?;
    writeln!(out, "gone: {}", difference.gone.len())?;
    for (finding, now) in difference.gone.iter().take(NAMED_MAX) {
        writeln!(out, "  - {}", line(finding))?;
        if let Some(reason) = now.and_then(|now| now.below_because.as_deref()) {
            writeln!(out, "      now: {}", escaped(reason))?;
        }
    }
    more(out, difference.gone.len())?;
    writeln!(out, "moved: {}, unchanged: {}", difference.moved.len(), human_count(difference.same))?;
    for moved in difference.moved.iter().take(NAMED_MAX) {
        let (was, is) = moved.ranks;
        writeln!(out, "  ~ {} (score {:.1}, place {was} -> {is})", line(moved.after), moved.before.score)?;
    }
    more(out, difference.moved.len())
}

fn more<W: Write>(out: &mut W, all: usize) -> io::Result<()> {
    match all.saturating_sub(NAMED_MAX) {
        0 => Ok(()),
        hidden => writeln!(out, "    and {hidden} more, all with --format json"),
    }
}

fn line(finding: &Finding) -> String {
    let id: String = finding.id.chars().take(8).collect();
    let app = finding.app.id.as_deref().unwrap_or("unknown app");
    let target = destination_title(&finding.destination);
    let device = &finding.device.id;
    let text = format!(
        "{:.1} {} {} {device} {app} to {target} over {} [{id}]",
        finding.score,
        finding.severity.as_str(),
        finding.day,
        finding.service
    );
    escaped(&text).into_owned()
}

fn write_sweep<W: Write>(out: &mut W, comparisons: &[Comparison<'_>]) -> io::Result<()> {
    let name = comparisons.iter().find_map(|one| one.settings.last()).map_or("", |changed| &changed.name);
    writeln!(out, "{}", escaped(name))?;
    let has_truth = comparisons.iter().any(|one| one.after.judged.is_some());
    write!(out, "{:>12}", "value")?;
    for head in ["alerts", "leads", "new", "gone", "moved", "expected false"] {
        write!(out, "  {head:>6}")?;
    }
    writeln!(out, "{}", if has_truth { "   found  wrong" } else { "" })?;
    if let Some(first) = comparisons.first() {
        sweep_row(out, "as it is", &first.before, None)?;
    }
    for one in comparisons {
        let value = one.settings.last().map_or("", |changed| &changed.value);
        sweep_row(out, &escaped(value), &one.after, Some(&one.difference))?;
    }
    Ok(())
}

fn sweep_row<W: Write>(
    out: &mut W,
    value: &str,
    counts: &Counts,
    difference: Option<&Difference<'_>>,
) -> io::Result<()> {
    write!(out, "{value:>12}  {:>6}  {:>6}", human_count(counts.alerts), human_count(counts.leads))?;
    match difference {
        Some(found) => {
            write!(out, "  {:>6}  {:>6}  {:>6}", found.new.len(), found.gone.len(), found.moved.len())?;
        }
        None => write!(out, "  {:>6}  {:>6}  {:>6}", "", "", "")?,
    }
    write!(out, "  {:>14}", expected(counts))?;
    match counts.judged {
        Some(judged) => {
            writeln!(out, "  {:>6} {:>6}", format!("{}/{}", judged.found, judged.implants), judged.wrong)
        }
        None => writeln!(out),
    }
}

/// Writes past days, one row each, and their totals.
///
/// # Errors
/// The output's error.
pub fn write_backtest_text<W: Write>(mut out: W, days: &[PastDay]) -> io::Result<()> {
    let has_truth = days.iter().any(|day| day.counts.judged.is_some());
    writeln!(
        out,
        "{:<10}  {:>7}  {:>7}  {:<9}  {:>6}  {:>5}  {:>8}  {:>14}{}",
        "day",
        "devices",
        "history",
        "budget by",
        "alerts",
        "leads",
        "repeated",
        "expected false",
        if has_truth { "   found  wrong" } else { "" }
    )?;
    for past in days {
        let calibration = if past.is_calibrated { "history" } else { "reference" };
        write!(
            out,
            "{:<10}  {:>7}  {:>7}  {calibration:<9}  {:>6}  {:>5}  {:>8}  {:>14}",
            past.day.to_string(),
            past.devices,
            past.history_device_days,
            past.counts.alerts,
            past.counts.leads,
            past.repeated,
            expected(&past.counts)
        )?;
        match past.counts.judged {
            Some(judged) => {
                let found = format!("{}/{}", judged.found, judged.implants);
                writeln!(out, "  {found:>6} {:>6}", judged.wrong)?;
            }
            None => writeln!(out)?,
        }
    }
    let sum = |of: fn(&PastDay) -> u64| days.iter().map(of).sum::<u64>();
    let device_days = sum(|day| day.devices);
    let shown = sum(|day| day.counts.alerts + day.counts.leads);
    let per_1000 = if device_days == 0 { 0.0 } else { 1000.0 * shown as f64 / device_days as f64 };
    writeln!(
        out,
        "{} days, {} device-days: {} alerts, {} leads ({} of them repeated), {per_1000:.1} in 1,000 device-days",
        days.len(),
        human_count(device_days),
        human_count(sum(|day| day.counts.alerts)),
        human_count(sum(|day| day.counts.leads)),
        human_count(sum(|day| day.repeated)),
    )
}
