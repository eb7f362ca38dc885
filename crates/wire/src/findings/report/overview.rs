//! The fleet at a glance: findings by role, day, protocol and severity.

use super::super::paint::human_count;
use super::charts::bar;
use super::facts::RunFacts;
use crate::page::Said;
use maud::{Markup, PreEscaped, html};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use undertone_core::finding::{Finding, Severity};

/// Rows of a table that are shown; the rest is counted.
const ROWS_MAX: usize = 7;

/// How rows are ordered.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Order {
    Count,
    Name,
}

pub(super) fn section(findings: &[&Finding], run: Option<&RunFacts>) -> Markup {
    let open = || findings.iter().filter(|finding| finding.suppressed.is_none());
    let devices: BTreeSet<&str> = open().map(|finding| finding.device.id.as_str()).collect();
    let alerts = open().filter(|finding| finding.alert).count();
    let leads = open().filter(|finding| finding.lead).count();
    let rest = open().count() - alerts - leads;
    let shown = (findings.len() - open().count()) as u64;
    // Of a scan it is known how many were left out.
    let left_out = run.and_then(|run| run.summary.as_ref()).map_or(0, |summary| summary.suppressed);
    let suppressed = shown.max(left_out);
    let known = run.and_then(|run| run.summary.as_ref()).map(|summary| summary.devices);
    html! {
        section id="overview" aria-labelledby="overview-head" {
            h2 id="overview-head" { "Fleet overview" }
            div.tiles {
                div.tile { b { (human_count(alerts as u64)) } span { "alerts, within the alert budget" } }
                @if leads > 0 { div.tile { b { (human_count(leads as u64)) } span { "leads, ranked without error control" } } }
                @if rest > 0 { div.tile { b { (human_count(rest as u64)) } span { "below the alert threshold" } } }
                @if suppressed > 0 {
                    div.tile {
                        b { (human_count(suppressed)) }
                        span { "suppressed: " @if shown > 0 { "shown below, marked" } @else { "known, and left out" } }
                    }
                }
                div.tile {
                    b { (human_count(devices.len() as u64)) }
                    span { "phones with findings" @if let Some(known) = known { ", of " (human_count(known)) " seen" } }
                }
            }
            div.four {
                (table("By severity", "severity", severities(findings), Order::Name))
                (table("By day", "day", counts(findings, |f| f.day.to_string()), Order::Name))
                (table("By role of the app", "role", counts(findings, |f| f.app.role.clone()), Order::Count))
                (table("By protocol", "service", counts(findings, |f| f.service.clone()), Order::Count))
            }
        }
    }
}

fn counts(findings: &[&Finding], of: impl Fn(&Finding) -> String) -> Vec<(String, usize)> {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for finding in findings {
        *counts.entry(of(finding)).or_default() += 1;
    }
    counts.into_iter().collect()
}

/// Worst first.
fn severities(findings: &[&Finding]) -> Vec<(String, usize)> {
    let count = |severity: Severity| findings.iter().filter(|finding| finding.severity == severity).count();
    let all = Severity::ALL.into_iter().rev().map(|severity| (severity.as_str().to_owned(), count(severity)));
    all.filter(|(_, count)| *count > 0).collect()
}

fn table(title: &str, key: &str, mut rows: Vec<(String, usize)>, order: Order) -> Markup {
    if order == Order::Count {
        rows.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    }
    let more = rows.len().saturating_sub(ROWS_MAX);
    // Of days, the latest.
    if key == "day" {
        rows.drain(..more);
    } else {
        rows.truncate(ROWS_MAX);
    }
    let most = rows.iter().map(|(_, count)| *count).max().unwrap_or(1).max(1);
    html! {
        div.panel {
            table {
                caption { (title) }
                tbody {
                    @for (name, count) in &rows {
                        tr {
                            th scope="row" { a href={ "#q=" (Said(query(key, name))) } { (Said(name)) } }
                            td.mini aria-hidden="true" { (PreEscaped(bar(*count as f64 / most as f64, "fill"))) }
                            td.n { (human_count(*count as u64)) }
                        }
                    }
                }
            }
            @if more > 0 { p.soft { "and " (more) " more" } }
        }
    }
}

/// `key:value`, percent-encoded: anything but plain letters.
fn query(key: &str, value: &str) -> String {
    let mut out = format!("{key}:");
    let quoted = if value.contains(char::is_whitespace) { format!("\"{value}\"") } else { value.to_owned() };
    for byte in quoted.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.".contains(&byte) {
            out.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _infallible = write!(out, "%{byte:02X}");
        }
    }
    out
}
