//! Findings as a table for a terminal: one line of facts each, the strongest reasons beneath.

use super::paint::{TerminalStyle, fitted, human_secs, padded, severity_code, wrapped};
use std::cmp::Reverse;
use std::io::{self, Write};
use undertone_core::finding::{Finding, FindingDestination, MEMBERS_MAX};
use unicode_width::UnicodeWidthStr;

/// Reasons shown with each finding; `explain` shows all.
const REASONS_SHOWN: usize = 4;
/// Columns in order; device, app, destination and service shrink to fit the terminal.
const HEADS: [&str; 9] =
    ["#", "score", "severity", "device", "app", "destination", "service", "events", "interval"];
/// The columns that shrink, with the least width of each.
const SHRINKING: [(usize, usize); 4] = [(3, 8), (4, 8), (5, 12), (6, 7)];
/// Columns of numbers, set flush right.
const NUMERIC: [usize; 3] = [0, 1, 7];

/// Writes findings as a table, in the order given, numbered from 1. Nothing but a note for no findings.
///
/// # Errors
/// The output's error.
pub fn write_table<W: Write>(mut out: W, findings: &[&Finding], style: TerminalStyle) -> io::Result<()> {
    if findings.is_empty() {
        return writeln!(out, "no findings");
    }
    let rows: Vec<[String; 9]> =
        findings.iter().zip(1_u64..).map(|(finding, rank)| cells(finding, rank)).collect();
    let widths = widths(&rows, style.columns());
    writeln!(out, "{}", style.paint("1", &line(&HEADS.map(str::to_owned), &widths)))?;
    let has_days =
        findings.iter().any(|finding| Some(finding.day) != findings.first().map(|first| first.day));
    for (finding, row) in findings.iter().zip(&rows) {
        writeln!(out, "{}", style.paint(severity_code(finding.severity), &line(row, &widths)))?;
        for (lead, text) in in_full(row, &widths).into_iter().chain(notes(finding, has_days)) {
            let indent = " ".repeat(5);
            for (at, part) in wrapped(&text, style.columns().saturating_sub(7)).iter().enumerate() {
                let bullet = if at == 0 { lead } else { " " };
                writeln!(out, "{indent}{bullet} {part}")?;
            }
        }
    }
    Ok(())
}

/// Where a finding points, in one word: the name, else the group, else the domain, else the address.
pub fn destination_label(destination: &FindingDestination) -> String {
    let named = destination.name.clone().or_else(|| destination.group.clone());
    named
        .or_else(|| destination.domain.clone())
        .or_else(|| destination.addresses.first().map(ToString::to_string))
        .unwrap_or_else(|| "unknown".to_owned())
}

/// The same for a title: a name that stands for many destinations says so.
pub fn destination_title(destination: &FindingDestination) -> String {
    let label = destination_label(destination);
    let more = destination.members.len().saturating_sub(1);
    // A group without a name is told by what ties it, which counts nothing.
    match &destination.name {
        Some(_) if more > 0 && destination.members.len() >= MEMBERS_MAX => {
            format!("{label} and at least {more} more")
        }
        Some(_) if more > 0 => format!("{label} and {more} more"),
        _ => label,
    }
}

fn cells(finding: &Finding, rank: u64) -> [String; 9] {
    [
        rank.to_string(),
        format!("{:.1}", finding.score),
        finding.severity.as_str().to_owned(),
        finding.device.id.clone(),
        finding.app.id.clone().unwrap_or_else(|| "unknown".to_owned()),
        destination_title(&finding.destination),
        finding.service.clone(),
        finding.events.to_string(),
        finding.interval_median_secs.map_or_else(|| "-".to_owned(), human_secs),
    ]
}

/// Device, app and destination in full, where a narrow terminal cuts one of them.
fn in_full(row: &[String; 9], widths: &[usize; 9]) -> Option<(&'static str, String)> {
    let [_, _, _, device, app, destination, ..] = row;
    let is_cut = row.iter().zip(widths).any(|(cell, width)| super::text::escaped(cell).width() > *width);
    is_cut.then(|| (">", format!("{device}: {app} to {destination}")))
}

/// What stands under a finding: its day where there are several, what it is worth, then why.
fn notes(finding: &Finding, has_days: bool) -> Vec<(&'static str, String)> {
    let day = if has_days { format!("{}: ", finding.day) } else { String::new() };
    let mut notes = vec![("=", format!("{day}{}", standing(finding)))];
    let mut evidence: Vec<_> = finding.evidence.iter().filter(|item| item.weight_bans > 0.0).collect();
    evidence.sort_by_key(|item| Reverse(Weight(item.weight_bans)));
    let hidden = evidence.len().saturating_sub(REASONS_SHOWN);
    notes.extend(evidence.iter().take(REASONS_SHOWN).map(|item| ("-", item.text.clone())));
    if hidden > 0 {
        notes.push((" ", format!("and {hidden} more")));
    }
    notes
}

/// Whether this is an alert, a lead or neither, and how far to trust it.
pub(super) fn standing(finding: &Finding) -> String {
    match &finding.suppressed {
        Some(known) => format!("suppressed by {}: {}; {}", known.by, known.reason, own_standing(finding)),
        None => own_standing(finding),
    }
}

pub(super) fn own_standing(finding: &Finding) -> String {
    let id = &finding.id;
    let confidence = finding.confidence.as_str();
    if finding.alert {
        let rate = finding.expected_false_per_1000_device_days.map_or_else(String::new, |rate| {
            format!("; clean phones show something this strong {} times in 1,000 device-days", short(rate))
        });
        format!("alert {id}, confidence {confidence}{rate}")
    } else if finding.lead {
        format!("lead {id}, confidence {confidence}: too few devices for an error rate, ranked for a person")
    } else {
        let reason = finding.below_because.as_deref().unwrap_or("no reason given");
        format!("below the alert threshold {id}: {reason}")
    }
}

/// A rate with as many digits as it deserves.
fn short(rate: f64) -> String {
    if rate >= 10.0 {
        format!("{rate:.0}")
    } else if rate >= 0.095 {
        format!("{rate:.1}")
    } else if rate >= 0.0095 {
        format!("{rate:.2}")
    } else {
        "fewer than 0.01".to_owned()
    }
}

/// A weight with a total order, so that it can be sorted by.
#[derive(PartialEq)]
struct Weight(f64);

impl Eq for Weight {}

impl PartialOrd for Weight {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Weight {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.total_cmp(&other.0)
    }
}

/// Widths that hold every cell if the terminal is wide enough; else the widest shrinking column gives way.
fn widths(rows: &[[String; 9]], columns: usize) -> [usize; 9] {
    let mut widths = HEADS.map(UnicodeWidthStr::width);
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(super::text::escaped(cell).width());
        }
    }
    let gaps = 2 * (HEADS.len() - 1);
    while widths.iter().sum::<usize>() + gaps > columns {
        let widest = SHRINKING
            .iter()
            .filter(|(at, least)| widths.get(*at).is_some_and(|width| width > least))
            .max_by_key(|(at, _)| widths.get(*at).copied());
        let Some(width) = widest.and_then(|(at, _)| widths.get_mut(*at)) else { break };
        *width -= 1;
    }
    widths
}

fn line(row: &[String; 9], widths: &[usize; 9]) -> String {
    let cells = row.iter().zip(widths).enumerate().map(|(at, (cell, &width))| {
        let cell = fitted(cell, width);
        if NUMERIC.contains(&at) {
            format!("{}{cell}", " ".repeat(width.saturating_sub(cell.width())))
        } else {
            padded(&cell, width)
        }
    });
    cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
}
