//! The comparison as one page: no scripts, nothing remote, light and dark.

use super::svg::{bars, calibration};
use super::tables::{self, Table};
use super::{Evaluation, Share};
use crate::findings::human_count;
use crate::page::{Said, policy};
use maud::{DOCTYPE, Markup, PreEscaped, html};
use std::io::{self, Write};

/// Rows of a list on the page; the JSON has all.
const ROWS_MAX: usize = 2000;

const STYLE: &str = "\
:root{color-scheme:light dark;--ink:#1b1f24;--paper:#fff;--soft:#57606a;--line:#d0d7de;--bar:#0969da;--other:#bc4c00;--band:#dafbe1}
@media (prefers-color-scheme:dark){:root{--ink:#e6edf3;--paper:#0d1117;--soft:#9198a1;--line:#3d444d;--bar:#4493f8;--other:#f0883e;--band:#12351f}}
body{margin:2rem auto;max-width:62rem;padding:0 1rem;font:15px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--paper)}
h1{font-size:1.5rem}h2{font-size:1.15rem;margin-top:2.2rem}
.note{border-left:3px solid var(--other);padding-left:.7rem}
.scroll{overflow-x:auto}
table{border-collapse:collapse;font-size:.9rem}
th,td{padding:.25rem .7rem;border-bottom:1px solid var(--line);text-align:left;vertical-align:top;overflow-wrap:anywhere}
th{color:var(--soft);font-weight:600}
.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
svg{max-width:100%;height:auto;font:12px system-ui,sans-serif}
svg text{fill:var(--ink)}svg .axis{fill:var(--soft)}
.grid{stroke:var(--line);fill:none}.whisker{stroke:var(--ink);fill:none;opacity:.75}
.bar,.all{fill:var(--bar)}.other{fill:var(--other)}.band{fill:var(--band)}
@media print{body{margin:0}details{display:block}}
";

/// Writes the comparison as one self-contained page.
///
/// # Errors
/// The output's error.
pub fn write_html<W: Write>(mut out: W, evaluation: &Evaluation<'_>) -> io::Result<()> {
    out.write_all(page(evaluation).into_string().as_bytes())?;
    out.write_all(b"\n")
}

fn page(evaluation: &Evaluation<'_>) -> Markup {
    let bands = tables::recalls(evaluation);
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(PreEscaped(policy(STYLE, None)));
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { "undertone eval" }
                style { (PreEscaped(STYLE)) }
            }
            body {
                main {
                    h1 { "Findings against the truth" }
                    (counts(evaluation))
                    @for note in evaluation.notes() { p.note { (Said(note)) } }
                    (titled(&tables::headline(evaluation), None))
                    @if let Some(table) = tables::budgets(evaluation) {
                        (titled(&table, Some(calibration(&evaluation.budgets))))
                    }
                    @for (table, (_, bands)) in bands.iter().zip(&evaluation.by_dimension) {
                        (titled(table, Some(chart_of(&table.title, bands))))
                    }
                    @let folded = tables::cells(evaluation);
                    details { summary { (Said(&folded.title)) } (cells(&folded)) }
                    @for table in tables::leaks(evaluation, ROWS_MAX) { (titled(&table, None)) }
                    (titled(&tables::missed(evaluation, ROWS_MAX), None))
                    (titled(&tables::false_alerts(evaluation, ROWS_MAX), None))
                    p {
                        "Shares have Wilson's 95 % interval, rates Byar's. A false positive is a shown finding whose device plus domain, address or app matches no implant."
                    }
                }
            }
        }
    }
}

fn counts(evaluation: &Evaluation<'_>) -> Markup {
    html! {
        p {
            (human_count(evaluation.implants.len() as u64)) " implants. "
            (human_count(evaluation.findings)) " rows, of them " (human_count(evaluation.alerts)) " alerts and "
            (human_count(evaluation.leads)) " leads. "
            (evaluation.device_days.map_or_else(|| "Unknown".to_owned(), human_count)) " device-days."
        }
    }
}

fn chart_of(title: &str, bands: &[(&str, Share)]) -> String {
    let rows: Vec<(&str, Share)> = bands.to_vec();
    bars(title, &rows)
}

fn titled(table: &Table, chart: Option<String>) -> Markup {
    html! {
        h2 { (Said(&table.title)) }
        @if let Some(chart) = chart { (PreEscaped(chart)) }
        (cells(table))
    }
}

fn cells(table: &Table) -> Markup {
    if table.rows.is_empty() {
        return html! { p { "None." } };
    }
    let class = |at: usize| table.numeric.contains(&at).then_some("n");
    html! {
        div.scroll {
            table {
                thead {
                    tr { @for (at, head) in table.heads.iter().enumerate() { th scope="col" class=[class(at)] { (Said(head)) } } }
                }
                tbody {
                    @for row in &table.rows {
                        tr { @for (at, cell) in row.iter().enumerate() { td class=[class(at)] { (Said(cell)) } } }
                    }
                }
            }
        }
        @if table.cut > 0 { p { "And " (table.cut) " more, all with --format json." } }
    }
}
