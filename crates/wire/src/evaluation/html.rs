//! The comparison as one page: no scripts, nothing remote, light and dark.

use super::svg::{bars, calibration};
use crate::page::markup;
use super::tables::{self, Table};
use super::{Evaluation, Share};
use crate::findings::human_count;
use std::io::{self, Write};

/// Rows of a list on the page; the JSON has all.
const ROWS_MAX: usize = 2000;

const HEAD: &str = r#"<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>undertone eval</title>
<style>
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
</style>
</head>
<body>
<main>
<h1>Findings against the truth</h1>
"#;

/// Writes the comparison as one self-contained page.
///
/// # Errors
/// The output's error.
pub fn write_html<W: Write>(mut out: W, evaluation: &Evaluation<'_>) -> io::Result<()> {
    out.write_all(HEAD.as_bytes())?;
    writeln!(
        out,
        "<p>{} implants. {} rows, of them {} alerts and {} leads. {} device-days.</p>",
        human_count(evaluation.implants.len() as u64),
        human_count(evaluation.findings),
        human_count(evaluation.alerts),
        human_count(evaluation.leads),
        evaluation.device_days.map_or_else(|| "Unknown".to_owned(), human_count),
    )?;
    for note in evaluation.notes() {
        writeln!(out, "<p class=\"note\">{}</p>", markup(note))?;
    }
    write_table(&mut out, &tables::headline(evaluation), None)?;
    if let Some(table) = tables::budgets(evaluation) {
        write_table(&mut out, &table, Some(&calibration(&evaluation.budgets)))?;
    }
    for (table, (_, bands)) in tables::recalls(evaluation).iter().zip(&evaluation.by_dimension) {
        let rows: Vec<(&str, Share)> = bands.clone();
        write_table(&mut out, table, Some(&bars(&table.title, &rows)))?;
    }
    write_folded(&mut out, &tables::cells(evaluation))?;
    write_table(&mut out, &tables::missed(evaluation, ROWS_MAX), None)?;
    write_table(&mut out, &tables::false_alerts(evaluation, ROWS_MAX), None)?;
    out.write_all(
        b"<p>Shares have Wilson's 95 % interval, rates Byar's. A false positive is a shown finding whose device plus \
        domain, address or app matches no implant.</p>\n</main>\n</body>\n</html>\n",
    )
}

fn write_table<W: Write>(out: &mut W, table: &Table, chart: Option<&str>) -> io::Result<()> {
    writeln!(out, "<h2>{}</h2>", markup(&table.title))?;
    out.write_all(chart.unwrap_or_default().as_bytes())?;
    write_cells(out, table)
}

fn write_folded<W: Write>(out: &mut W, table: &Table) -> io::Result<()> {
    writeln!(out, "<details><summary>{}</summary>", markup(&table.title))?;
    write_cells(out, table)?;
    out.write_all(b"</details>\n")
}

fn write_cells<W: Write>(out: &mut W, table: &Table) -> io::Result<()> {
    if table.rows.is_empty() {
        return out.write_all(b"<p>None.</p>\n");
    }
    out.write_all(b"<div class=\"scroll\"><table>\n<thead><tr>")?;
    for (at, head) in table.heads.iter().enumerate() {
        write!(out, "<th scope=\"col\"{}>{}</th>", class(table, at), markup(head))?;
    }
    out.write_all(b"</tr></thead>\n<tbody>\n")?;
    for row in &table.rows {
        out.write_all(b"<tr>")?;
        for (at, cell) in row.iter().enumerate() {
            write!(out, "<td{}>{}</td>", class(table, at), markup(cell))?;
        }
        out.write_all(b"</tr>\n")?;
    }
    out.write_all(b"</tbody></table></div>\n")?;
    if table.cut > 0 {
        writeln!(out, "<p>And {} more, all with --format json.</p>", table.cut)?;
    }
    Ok(())
}

fn class(table: &Table, at: usize) -> &'static str {
    if table.numeric.contains(&at) { " class=\"n\"" } else { "" }
}
