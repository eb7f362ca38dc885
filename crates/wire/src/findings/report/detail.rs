//! One finding in full on the page.

use super::super::paint::human_secs;
use super::super::table::{destination_label, destination_title, own_standing, standing};
use super::super::words::{app_label, benign, checks, facts, mapped, odd, seen, sessions};
use super::charts::{self, Chart, bar, weight_bar};
use super::severity_mark;
use crate::page::Said;
use maud::{Markup, PreEscaped, html};
use undertone_core::evidence::Evidence;
use undertone_core::finding::Finding;

/// The id of a finding's section.
pub(super) fn anchor(rank: usize) -> String {
    format!("f{rank}")
}

pub(super) fn section(finding: &Finding, rank: usize) -> Markup {
    let id = anchor(rank);
    let head = format!("{id}-head");
    html! {
        section.finding id=(id) aria-labelledby=(head) {
            header {
                h3 id=(head) {
                    a.rank href={ "#" (id) } { (rank) }
                    (Said(app_label(finding))) " → " (Said(destination_title(&finding.destination)))
                }
                (severity_mark(finding.severity))
                span { "score " b { (format!("{:.1}", finding.score)) } }
                span { "confidence " (finding.confidence.as_str()) }
                span { "phone " code.copy { (Said(&finding.device.id)) } " (" (finding.device.platform.as_str()) ")" }
                span { (Said(&finding.service)) }
                span {
                    (finding.events) " check-ins"
                    @if let Some(secs) = finding.interval_median_secs { ", median interval " (human_secs(secs)) }
                }
            }
            @if let Some(known) = &finding.suppressed {
                p.known-note role="note" { b { "Suppressed: " } (Said(&known.reason)) " (record " code.copy { (Said(&known.by)) } ")" }
            }
            p { (Said(own_standing(finding))) "." }
            div.two {
                div.block { h4 { "Why it is odd for this app" } (list(&odd(finding))) }
                div.block { h4 { "What was seen" } (list(&summary_of(finding))) }
            }
            (plots(finding))
            (evidence(finding))
            div.two { (habits(finding)) (pivots(finding)) }
            div.three {
                div.block { h4 { "What to check next" } (list(&checks(finding))) }
                div.block { h4 { "Likely benign explanations" } (list_or(&benign(finding), "None is typical of this evidence.")) }
                div.block { h4 { "What could not be seen" } (list_or(&finding.limits, "Nothing is noted.")) }
            }
        }
    }
}

/// The facts but for the standing, which has its own line, and the ids, which stand at the foot.
fn summary_of(finding: &Finding) -> Vec<String> {
    let own = standing(finding);
    seen(finding).into_iter().filter(|line| *line != own).collect()
}

fn list(items: &[String]) -> Markup {
    html! { ul { @for item in items { li { (Said(item)) } } } }
}

fn list_or(items: &[String], none: &str) -> Markup {
    if items.is_empty() {
        return html! { p.soft { (none) } };
    }
    list(items)
}

fn plots(finding: &Finding) -> Markup {
    let Some(trace) = &finding.trace else {
        return html! { p.soft { "This finding holds no check-ins to draw." } };
    };
    let small = [charts::intervals(trace), charts::phase(trace), charts::scatter(trace)];
    html! {
        div.wide-plot { (figure(&charts::timeline(trace))) }
        div.three { @for chart in small.iter().flatten() { (figure(chart)) } }
    }
}

fn figure(chart: &Chart) -> Markup {
    html! {
        figure {
            h4 { (chart.title) }
            (PreEscaped(&chart.svg))
            figcaption { (chart.note) }
        }
    }
}

fn evidence(finding: &Finding) -> Markup {
    html! {
        div.scroll {
            table.evidence {
                caption { "Evidence, strongest first. Weights in bans: +1 makes command and control ten times likelier" }
                thead {
                    tr {
                        th.n scope="col" { "Weight" }
                        th scope="col" { span.soft { "against | for" } }
                        th scope="col" { "Kind" }
                        th.n scope="col" { "Observed" }
                        th.n scope="col" { "Usual (of)" }
                        th.n scope="col" { "Threshold" }
                        th scope="col" { "In words, with the element of ATT&CK" }
                    }
                }
                tbody { @for item in &finding.evidence { (evidence_row(finding, item)) } }
                tfoot {
                    tr {
                        td.n { b { (format!("{:+.2}", finding.weight_bans)) } }
                        td colspan="6" { "together, after the caps of each stage: score " (format!("{:.1}", finding.score)) " of 100" }
                    }
                }
            }
        }
    }
}

fn evidence_row(finding: &Finding, item: &Evidence) -> Markup {
    let facts = facts(finding, item);
    let cell = |text: &Option<String>| text.clone().unwrap_or_else(|| "–".to_owned());
    let class = if item.weight_bans > 0.0 { "for" } else { "against" };
    html! {
        tr class=(class) {
            td.n { (format!("{:+.2}", item.weight_bans)) }
            td.weigh { (PreEscaped(weight_bar(item.weight_bans))) }
            td { (item.kind.as_str()) }
            td.n data-label="observed" { (Said(cell(&facts.observed))) }
            td.n data-label="usual" { (Said(cell(&facts.usual))) }
            td.n data-label="threshold" {
                @match &facts.threshold {
                    Some((value, key)) => span title=(key) { (value) },
                    None => "–",
                }
            }
            td.w { (Said(&item.text)) @if let Some(element) = facts.element { span.elem { (element) } } }
        }
    }
}

/// What the app does on other phones, with this finding last.
fn habits(finding: &Finding) -> Markup {
    let app = app_label(finding);
    let Some(usual) = &finding.app_usual else {
        return html! { div.block { h4 { "What the app does on other phones" } p.soft { "Not known." } } };
    };
    if usual.others == 0 {
        return html! {
            div.block { h4 { "What the app does on other phones" } p.soft { "No other phone has " (Said(app)) "." } }
        };
    }
    let destinations = usual.destinations.iter().map(|known| (known.name.clone(), known.others));
    let services = usual.services.iter().map(|known| (known.name.clone(), known.others));
    let (here, speaking) = (usual.others_here, usual.others_speaking(&finding.service));
    html! {
        div.scroll.habits {
            table {
                caption {
                    "What " (Said(app)) " does on the " (usual.others) " other phones that have it"
                    @if usual.more > 0 { "; " (usual.more) " more destinations are not listed" }
                }
                (shares("Destination", usual.others, destinations, (&destination_label(&finding.destination), here)))
                @if !usual.services.is_empty() {
                    (shares("Protocol", usual.others, services, (&finding.service, speaking)))
                }
            }
        }
    }
}

/// A row each with a bar; the finding's own last, whether others have it or not.
fn shares(head: &str, others: u32, rows: impl Iterator<Item = (String, u32)>, own: (&str, u32)) -> Markup {
    let share = |count: u32| f64::from(count) / f64::from(others.max(1));
    html! {
        thead { tr { th scope="col" { (head) } th scope="col" { span.soft { "share" } } th.n scope="col" { "Phones" } } }
        tbody {
            @for (name, count) in rows.filter(|(name, _)| name != own.0) {
                tr {
                    th scope="row" { (Said(&name)) }
                    td.mini aria-hidden="true" { (PreEscaped(bar(share(count), "fill"))) }
                    td.n { (count) " of " (others) }
                }
            }
            tr {
                th scope="row" { b { (Said(own.0)) } " " span.soft { "this finding" } }
                td.mini aria-hidden="true" { (PreEscaped(bar(share(own.1), "own"))) }
                td.n { (own.1) " of " (others) }
            }
        }
    }
}

/// What to look up elsewhere, each in one click to copy.
fn pivots(finding: &Finding) -> Markup {
    let destination = &finding.destination;
    html! {
        div.block {
            h4 { "To look up" }
            dl {
                dt { "finding" } dd { code.copy { (Said(&finding.id)) } }
                @if !finding.sessions.is_empty() {
                    dt { "sessions" }
                    dd { @for id in sessions(finding) { code.copy { (Said(&id)) } " " } }
                }
                @if !destination.addresses.is_empty() {
                    dt { "addresses" }
                    dd { @for address in &destination.addresses { code.copy { (address) } " " } }
                }
                dt { "ATT&CK" } dd { (mapped(finding)) }
            }
        }
    }
}
