//! The comparison as aligned text.

use super::Evaluation;
use super::tables::{self, Table};
use crate::findings::human_count;
use crate::findings::text::escaped;
use std::io::{self, Write};
use unicode_width::UnicodeWidthStr;

/// Missed implants and false alerts named in the text; JSON and the page name all.
const NAMED_MAX: usize = 20;

/// Writes the comparison as aligned tables.
///
/// # Errors
/// The output's error.
pub fn write_text<W: Write>(mut out: W, evaluation: &Evaluation<'_>) -> io::Result<()> {
    let count = human_count;
    writeln!(
        out,
        "{} implants; {} rows, of them {} alerts and {} leads; {} device-days",
        count(evaluation.implants.len() as u64),
        count(evaluation.findings),
        count(evaluation.alerts),
        count(evaluation.leads),
        evaluation.device_days.map_or_else(|| "unknown".to_owned(), count),
    )?;
    for note in evaluation.notes() {
        writeln!(out, "note: {note}")?;
    }
    let named =
        [tables::missed(evaluation, NAMED_MAX), tables::false_alerts(evaluation, NAMED_MAX)].into_iter();
    let all = [tables::headline(evaluation)]
        .into_iter()
        .chain(tables::budgets(evaluation))
        .chain(tables::recalls(evaluation))
        .chain(tables::leaks(evaluation, NAMED_MAX))
        .chain(named);
    for table in all.filter(|table| !table.rows.is_empty()) {
        write_table(&mut out, &table)?;
    }
    Ok(())
}

fn write_table<W: Write>(out: &mut W, table: &Table) -> io::Result<()> {
    let cells: Vec<Vec<String>> =
        table.rows.iter().map(|row| row.iter().map(|cell| escaped(cell).into_owned()).collect()).collect();
    let mut widths: Vec<usize> = table.heads.iter().map(|head| head.width()).collect();
    for row in &cells {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.width());
        }
    }
    writeln!(out, "\n{}", table.title)?;
    let heads = table.heads.iter().map(|head| (*head).to_owned()).collect();
    for row in [heads].iter().chain(&cells) {
        writeln!(out, "  {}", line(row, &widths, table))?;
    }
    if table.cut > 0 {
        writeln!(out, "  and {} more, all with --format json or html", table.cut)?;
    }
    Ok(())
}

fn line(row: &[String], widths: &[usize], table: &Table) -> String {
    let cells = row.iter().zip(widths).enumerate().map(|(at, (cell, width))| {
        let blank = " ".repeat(width.saturating_sub(cell.width()));
        if table.numeric.contains(&at) { format!("{blank}{cell}") } else { format!("{cell}{blank}") }
    });
    cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
}
