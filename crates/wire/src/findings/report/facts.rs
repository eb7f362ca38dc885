//! What a report says of the run that it comes from.

use super::super::paint::{human_bytes, human_count};
use super::super::standard::PRODUCT_VERSION;
use super::super::summary::{RunSummary, covered};
use crate::page::Said;
use maud::{Markup, html};
use std::collections::BTreeMap;
use undertone_core::attack::ATTACK_VERSION;
use undertone_core::finding::Finding;

/// Inputs listed in a report.
pub const INPUTS_LISTED_MAX: usize = 500;
/// Skipped and partly read inputs, and notes, listed in a report.
const NAMED_MAX: usize = 50;

/// The run that a report comes from.
#[derive(Debug, Clone, Default)]
pub struct RunFacts {
    /// The command line, word by word.
    pub command_line: Vec<String>,
    /// Inputs in the order in which they were read, at most [`INPUTS_LISTED_MAX`].
    pub inputs: Vec<InputFact>,
    /// Inputs that are not listed.
    pub inputs_more: u64,
    /// Thresholds in force for the whole fleet, by name.
    pub thresholds: Vec<(&'static str, String)>,
    /// Where other ones hold: `platform ios`, `app com.example.a`.
    pub overrides: Vec<String>,
    /// What was read.
    pub summary: Option<RunSummary>,
}

/// One input.
#[derive(Debug, Clone)]
pub struct InputFact {
    /// Its name as given or found.
    pub name: String,
    /// Its size as it lies on disk.
    pub bytes: Option<u64>,
    /// SHA-256 of its bytes in hex, or why there is none.
    pub sha256: Result<String, String>,
}

pub(super) fn section(run: Option<&RunFacts>, findings: &[&Finding]) -> Markup {
    html! {
        section id="run" aria-labelledby="run-head" {
            h2 id="run-head" { "This run" }
            div.two {
                div.block {
                    (about(run))
                    @if let Some(run) = run { (inputs(run)) }
                }
                div.block {
                    (unseen(findings, run))
                    @if let Some(run) = run { (thresholds(run)) }
                }
            }
        }
    }
}

fn about(run: Option<&RunFacts>) -> Markup {
    let summary = run.and_then(|run| run.summary.as_ref());
    html! {
        h3 { "Program and input" }
        dl {
            dt { "undertone" } dd { (PRODUCT_VERSION) ", ATT&CK Mobile " (ATTACK_VERSION) }
            @if let Some(run) = run {
                dt { "Command line" }
                dd { code.copy { (Said(command(&run.command_line))) } }
            }
            @if let Some(summary) = summary {
                dt { "Read" }
                dd {
                    (human_count(summary.files)) " files, " (human_bytes(summary.bytes)) " unpacked; "
                    (human_count(summary.rows_accepted)) " rows accepted, "
                    (human_count(summary.rows_rejected.values().map(|rows| rows.count).sum())) " rejected, "
                    (human_count(summary.rows_ignored.values().sum())) " ignored"
                }
                @if let (Some(first), Some(last)) = (summary.first, summary.last) {
                    dt { "Covers" } dd { (covered(first, last)) ": " (first) " to " (last) }
                }
                dt { "Phones" }
                dd {
                    (human_count(summary.devices)) " devices, " (human_count(summary.device_days)) " device-days, "
                    (human_count(summary.series)) " series, " (human_count(summary.sessions)) " sessions"
                }
                @if !summary.attribution.is_empty() {
                    dt { "Apps known by" }
                    dd {
                        @for (at, (how, count)) in summary.attribution.iter().enumerate() {
                            @if at > 0 { ", " } (Said(how)) " " (human_count(*count))
                        }
                    }
                }
                dt { "Results" }
                dd {
                    (human_count(summary.alerts)) " alerts, " (human_count(summary.leads)) " leads, "
                    (human_count(summary.below)) " series below the alert threshold"
                }
            }
        }
    }
}

/// The command line as a shell would take it.
fn command(words: &[String]) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=,@%+".contains(c);
    let quoted = words.iter().map(|word| {
        if !word.is_empty() && word.chars().all(is_plain) {
            word.clone()
        } else {
            format!("'{}'", word.replace('\'', r"'\''"))
        }
    });
    quoted.collect::<Vec<_>>().join(" ")
}

fn inputs(run: &RunFacts) -> Markup {
    html! {
        @if !run.inputs.is_empty() {
            div.scroll {
                table {
                    caption { "Inputs" }
                    thead { tr { th scope="col" { "File" } th.n scope="col" { "Size" } th scope="col" { "SHA-256" } } }
                    tbody {
                        @for input in &run.inputs {
                            tr {
                                th scope="row" { (Said(&input.name)) }
                                td.n { (input.bytes.map_or_else(|| "-".to_owned(), human_bytes)) }
                                td.w {
                                    @match &input.sha256 {
                                        Ok(sum) => code.copy { (sum) },
                                        Err(why) => span.soft { (Said(why)) },
                                    }
                                }
                            }
                        }
                    }
                }
            }
            @if run.inputs_more > 0 { p.soft { "and " (human_count(run.inputs_more)) " more inputs" } }
        }
    }
}

fn thresholds(run: &RunFacts) -> Markup {
    html! {
        @if !run.thresholds.is_empty() {
            table {
                caption { "Thresholds in force" }
                thead { tr { th scope="col" { "Name" } th.n scope="col" { "Value" } } }
                tbody {
                    @for (name, value) in &run.thresholds {
                        tr { th scope="row" { code { (name) } } td.n { (Said(value)) } }
                    }
                }
            }
            @if !run.overrides.is_empty() {
                p.soft { "Others hold for " (Said(run.overrides.join(", "))) "." }
            }
        }
    }
}

/// What could not be seen: by findings, then in the input.
fn unseen(findings: &[&Finding], run: Option<&RunFacts>) -> Markup {
    let mut limits: BTreeMap<&str, usize> = BTreeMap::new();
    for limit in findings.iter().flat_map(|finding| &finding.limits) {
        *limits.entry(limit).or_default() += 1;
    }
    let mut limits: Vec<_> = limits.into_iter().collect();
    limits.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(b.0)));
    let summary = run.and_then(|run| run.summary.as_ref());
    html! {
        h3 { "What could not be seen" }
        @if limits.is_empty() && summary.is_none() { p.soft { "Nothing is noted." } }
        ul {
            @for (limit, count) in limits.iter().take(NAMED_MAX) {
                li { (Said(limit)) " " span.soft { "(" (count) " of " (findings.len()) " findings)" } }
            }
            @if let Some(summary) = summary {
                @for (path, why) in summary.partial.iter().take(NAMED_MAX) {
                    li { "read in part: " (Said(path)) ": " (Said(why)) }
                }
                @for (path, why) in summary.skipped.iter().take(NAMED_MAX) {
                    li { "skipped: " (Said(path)) ": " (Said(why)) }
                }
                @for (reason, rows) in &summary.rows_rejected {
                    li {
                        (human_count(rows.count)) " rows rejected, " (Said(reason)) ", the first at "
                        (Said(&rows.first_file)) ":" (rows.first_line)
                    }
                }
                @for note in summary.notes.iter().take(NAMED_MAX) { li { (Said(note)) } }
            }
        }
    }
}
