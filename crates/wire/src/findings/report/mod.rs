//! Findings as one page that needs nothing else: a ranked list to search, a section a finding, the fleet, the run.
//!
//! Nothing on it is fetched, and only its own style and script apply (a content security policy by hash). Without the
//! script it reads and prints the same; the script searches, filters, sorts and switches between light and dark.

mod charts;
mod detail;
mod facts;
mod overview;

pub use facts::{INPUTS_LISTED_MAX, InputFact, RunFacts};

use super::paint::human_secs;
use super::table::destination_title;
use super::words::app_label;
use crate::page::{Said, policy};
use maud::{Markup, PreEscaped, html};
use std::collections::BTreeSet;
use std::io::{self, Write};
use undertone_core::attack::{ATTACK_VERSION, Analytic, Element};
use undertone_core::finding::{Finding, Severity};

const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("script.js");

/// Writes the page; `run` says where the findings come from, if anywhere.
///
/// # Errors
/// The output's error.
pub fn write_html<W: Write>(mut out: W, findings: &[&Finding], run: Option<&RunFacts>) -> io::Result<()> {
    // In parts, so that the page of thousands of findings is never in memory as a whole.
    out.write_all(b"<!DOCTYPE html>\n<html lang=\"en\">\n")?;
    out.write_all(head().into_string().as_bytes())?;
    out.write_all(b"\n<body>\n")?;
    out.write_all(top(findings).into_string().as_bytes())?;
    out.write_all(b"\n<main id=\"main\">\n")?;
    out.write_all(overview::section(findings, run).into_string().as_bytes())?;
    out.write_all(list(findings).into_string().as_bytes())?;
    out.write_all(b"\n<section aria-labelledby=\"each\"><h2 id=\"each\">Findings one by one</h2>\n")?;
    for (finding, rank) in findings.iter().zip(1..) {
        out.write_all(detail::section(finding, rank).into_string().as_bytes())?;
        out.write_all(b"\n")?;
    }
    out.write_all(b"</section>\n")?;
    out.write_all(facts::section(run, findings).into_string().as_bytes())?;
    out.write_all(b"\n</main>\n")?;
    out.write_all(foot().into_string().as_bytes())?;
    // The element holds the script byte for byte: its hash is in the policy.
    write!(out, "\n<script>{SCRIPT}</script>\n</body>\n</html>\n")
}

fn head() -> Markup {
    html! {
        head {
            meta charset="utf-8";
            meta http-equiv="Content-Security-Policy" content=(PreEscaped(policy(STYLE, Some(SCRIPT))));
            meta name="viewport" content="width=device-width, initial-scale=1";
            meta name="referrer" content="no-referrer";
            meta name="color-scheme" content="light dark";
            title { "undertone report" }
            style { (PreEscaped(STYLE)) }
        }
    }
}

fn top(findings: &[&Finding]) -> Markup {
    let count = |severity: Severity| findings.iter().filter(|finding| finding.severity == severity).count();
    html! {
        a.skip href="#list" { "Skip to the findings" }
        header.top {
            div.bar-in {
                h1 { "undertone report" }
                nav aria-label="Parts of the report" {
                    a href="#overview" { "Overview" }
                    a href="#list" { "Findings" }
                    a href="#run" { "This run" }
                }
                div.need-js { button id="theme" type="button" { "Light or dark" } }
                div.find.need-js role="search" {
                    label.skip for="q" { "Search findings" }
                    input id="q" type="search" autocomplete="off" spellcheck="false" aria-describedby="how"
                        placeholder="Search: device:d-0007  app:torch  dest:example.net  severity:>=high  kind:dns  -role:browser  words";
                    @for severity in Severity::ALL.into_iter().rev().filter(|severity| count(*severity) > 0) {
                        button type="button" data-severity=(severity.as_str()) aria-pressed="false" {
                            (severity.as_str()) " " (count(severity))
                        }
                    }
                    p id="count" role="status" { (findings.len()) " findings" }
                }
            }
        }
    }
}

fn list(findings: &[&Finding]) -> Markup {
    html! {
        section id="list" aria-labelledby="list-head" {
            h2 id="list-head" { "Findings, strongest first" }
            details.need-js { summary { "How to search" } p id="how" {
                "Words must all occur. Keys: " code { "device: app: dest: addr: role: severity: kind: element: technique: is: platform: service: confidence: day: score: events: id:" }
                ". Quote values with blanks, put - before a term to leave it out, compare with " code { "severity:>=high score:>80 events:<50" }
                "; " code { "is:" } " takes alert, lead, below or suppressed. Keys on the keyboard: / search, j and k next and previous finding, Esc clear."
            } }
            div.scroll {
                table {
                    thead {
                        tr {
                            (sortable("#", "rank", "n", true))
                            (sortable("Score", "score", "n y", false))
                            (sortable("Severity", "severity", "", false))
                            (sortable("Phone", "device", "", false))
                            (sortable("App", "app", "", false))
                            (sortable("Destination", "dest", "", false))
                            (sortable("Protocol", "service", "x", false))
                            (sortable("Check-ins", "events", "n x", false))
                            (sortable("Interval", "interval", "n x", false))
                            (sortable("Last seen (UTC)", "last", "x", false))
                        }
                    }
                    tbody { @for (finding, rank) in findings.iter().zip(1..) { (row(finding, rank)) } }
                }
            }
            p id="none" class=(if findings.is_empty() { "soft" } else { "soft empty" }) {
                @if findings.is_empty() { "No findings." } @else { "No finding fits the search." }
            }
        }
    }
}

fn sortable(name: &str, key: &str, class: &str, is_sorted: bool) -> Markup {
    let sort = is_sorted.then_some("ascending");
    html! {
        th scope="col" class=(class) aria-sort=[sort] { button type="button" data-sort=(key) { (name) } }
    }
}

fn row(finding: &Finding, rank: usize) -> Markup {
    let section = detail::anchor(rank);
    let target = destination_title(&finding.destination);
    html! {
        tr data-section=(section) data-rank=(rank) data-id=(Said(&finding.id)) data-is=(finding.standing())
            data-score=(format!("{:.1}", finding.score)) data-severity=(finding.severity.as_str())
            data-confidence=(finding.confidence.as_str()) data-device=(Said(&finding.device.id))
            data-platform=(finding.device.platform.as_str()) data-app=(Said(app_label(finding)))
            data-role=(Said(&finding.app.role)) data-dest=(Said(destinations(finding)))
            data-addresses=(addresses(finding)) data-service=(Said(&finding.service)) data-events=(finding.events)
            data-interval=(finding.interval_median_secs.unwrap_or_default()) data-day=(finding.day.to_string())
            data-last=(finding.last_seen.to_string()) data-kinds=(kinds(finding)) data-elements=(elements(finding))
            data-techniques=(techniques(finding)) class=[finding.suppressed.as_ref().map(|_| "known")] {
            td.n { (rank) }
            td.n.y { (format!("{:.1}", finding.score)) }
            td { (severity_mark(finding.severity)) }
            td.w { (Said(&finding.device.id)) }
            td.w {
                a href={ "#" (section) } { (Said(app_label(finding))) }
                @if finding.suppressed.is_some() { " " span.tag { "suppressed" } }
            }
            td.w { (Said(&target)) }
            td.x { (Said(&finding.service)) }
            td.n.x { (finding.events) }
            td.n.x { (finding.interval_median_secs.map_or_else(|| "–".to_owned(), human_secs)) }
            td.x.t { (finding.last_seen.to_string().get(..16).unwrap_or_default().replace('T', " ")) }
        }
    }
}

/// Five bars, each higher than the one before.
const BARS: [&str; 5] =
    ["M0 12v-4h3V12z", "M5 12v-6h3V12z", "M10 12v-8h3V12z", "M15 12v-10h3V12z", "M20 12v-12h3V12z"];

/// The word, and as many of five bars as it is high: never the colour alone.
fn severity_mark(severity: Severity) -> Markup {
    let level = Severity::ALL.iter().position(|known| *known == severity).unwrap_or(0);
    let (on, off) = BARS.split_at(level + 1);
    html! {
        span class={ "sev " (severity.as_str()) } {
            svg viewBox="0 0 23 12" aria-hidden="true" {
                path.on d=(on.concat()) {}
                path.off d=(off.concat()) {}
            }
            (severity.as_str())
        }
    }
}

/// Every name of the destination, for the search.
fn destinations(finding: &Finding) -> String {
    let destination = &finding.destination;
    let names = [&destination.name, &destination.domain, &destination.group].into_iter().flatten();
    let mut all: Vec<String> = names.cloned().collect();
    all.extend(destination.addresses.iter().map(ToString::to_string));
    all.dedup();
    all.join(" ")
}

fn addresses(finding: &Finding) -> String {
    let all = finding.device.addresses.iter().chain(&finding.destination.addresses);
    all.map(ToString::to_string).collect::<Vec<_>>().join(" ")
}

/// Kinds of evidence that count for the finding.
fn kinds(finding: &Finding) -> String {
    let counting = finding.evidence.iter().filter(|item| item.weight_bans > 0.0);
    joined(counting.map(|item| item.kind.as_str()))
}

fn elements(finding: &Finding) -> String {
    let counting = finding.evidence.iter().filter(|item| item.weight_bans > 0.0);
    joined(counting.filter_map(|item| item.element).map(Element::name))
}

fn techniques(finding: &Finding) -> String {
    let of = |attack: &undertone_core::attack::Attack| {
        [Some(attack.technique), Some(attack.strategy), attack.analytic.map(Analytic::id)]
    };
    joined(finding.attack.iter().flat_map(of).flatten())
}

fn joined<'a>(words: impl Iterator<Item = &'a str>) -> String {
    words.collect::<BTreeSet<_>>().into_iter().collect::<Vec<_>>().join(" ")
}

fn foot() -> Markup {
    html! {
        footer {
            p {
                "Findings of undertone, which implements DET0685 and DET0620 of MITRE ATT&CK for Mobile " (ATTACK_VERSION)
                ". Read them as questions to ask, not as proof. Times are UTC. This page holds everything it shows and fetches nothing."
            }
        }
    }
}
