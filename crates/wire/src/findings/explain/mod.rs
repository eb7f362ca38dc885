//! One finding in full, for a person who has two minutes: what, why, what was not seen, what to do.

mod canvas;
mod plots;

use super::paint::{TerminalStyle, fitted, padded, severity_code, wrapped};
use super::table::{destination_label, destination_title};
use super::words::{app_label, benign, checks, facts, odd, seen, sessions};
use std::io::{self, Write};
use undertone_core::evidence::Evidence;
use undertone_core::finding::{AppUsual, Finding};
use unicode_width::UnicodeWidthStr;

/// Blocks of the widest bar of a weight: 4 bans is the most that one kind of evidence gives.
const BAR_BLOCKS: f64 = 8.0;
const BAR_BANS: f64 = 4.0;

/// Writes the finding as a page for a terminal, from the finding alone.
///
/// # Errors
/// The output's error.
pub fn write_explanation<W: Write>(out: W, finding: &Finding, style: TerminalStyle) -> io::Result<()> {
    let mut page = Page { out, style };
    page.title(finding)?;
    page.section("What was seen", &seen(finding))?;
    page.section("Why it is odd for this app", &odd(finding))?;
    page.evidence(finding)?;
    page.plots(finding)?;
    page.habits(finding)?;
    page.section(
        "Sessions to look up in the sensor's logs (Zeek `uid`, Suricata `flow_id`)",
        &sessions(finding),
    )?;
    page.section("What could not be seen", &finding.limits)?;
    page.section("Likely benign explanations", &benign(finding))?;
    page.section("What to check next", &checks(finding))
}

/// Writes what the logs say of a finding's sessions, a line a record; nothing without any.
///
/// # Errors
/// The output's error.
pub fn write_rows<W: Write>(out: W, rows: &[String], style: TerminalStyle) -> io::Result<()> {
    Page { out, style }.section("The sessions in the logs", rows)
}

struct Page<W> {
    out: W,
    style: TerminalStyle,
}

impl<W: Write> Page<W> {
    fn title(&mut self, finding: &Finding) -> io::Result<()> {
        let title = format!(
            "{} severity, score {:.1}: {} to {}",
            finding.severity.as_str(),
            finding.score,
            app_label(finding),
            destination_title(&finding.destination)
        );
        let code = severity_code(finding.severity);
        for line in wrapped(&title, self.style.columns()) {
            writeln!(self.out, "{}", self.style.paint(code, &line))?;
        }
        Ok(())
    }

    fn head(&mut self, head: &str) -> io::Result<()> {
        writeln!(self.out)?;
        for line in wrapped(head, self.style.columns()) {
            writeln!(self.out, "{}", self.style.paint("1", &line))?;
        }
        Ok(())
    }

    fn section(&mut self, head: &str, items: &[String]) -> io::Result<()> {
        if items.is_empty() {
            return Ok(());
        }
        self.head(head)?;
        items.iter().try_for_each(|item| self.item(item))
    }

    fn item(&mut self, text: &str) -> io::Result<()> {
        for (at, line) in wrapped(text, self.style.columns().saturating_sub(4)).iter().enumerate() {
            writeln!(self.out, "  {} {line}", if at == 0 { "-" } else { " " })?;
        }
        Ok(())
    }

    /// Each item of evidence: its weight as a bar, its sentence, and its numbers beneath.
    fn evidence(&mut self, finding: &Finding) -> io::Result<()> {
        self.head("Evidence (weight in bans: +1 makes it ten times likelier)")?;
        for item in &finding.evidence {
            let bar = bar(item.weight_bans);
            let lead = format!("  {:>+5.2} {} ", item.weight_bans, padded(&bar, 8));
            let indent = " ".repeat(lead.width());
            let room = self.style.columns().saturating_sub(lead.width());
            let mut lines = wrapped(&format!("{}: {}", item.kind.as_str(), item.text), room).into_iter();
            let code = if item.weight_bans > 0.0 { "0" } else { "2" };
            writeln!(self.out, "{lead}{}", self.style.paint(code, &lines.next().unwrap_or_default()))?;
            for line in lines {
                writeln!(self.out, "{indent}{}", self.style.paint(code, &line))?;
            }
            for line in wrapped(&numbers(finding, item), room) {
                if !line.is_empty() {
                    writeln!(self.out, "{indent}{}", self.style.paint("2", &line))?;
                }
            }
        }
        let sum: f64 = finding.evidence.iter().map(|item| item.weight_bans).sum();
        let total = finding.weight_bans;
        let capped = if (sum - total).abs() > 0.005 { " after the caps of each stage" } else { "" };
        writeln!(self.out, "  {total:>+5.2} together{capped}: score {:.1} of 100", finding.score)
    }

    fn plots(&mut self, finding: &Finding) -> io::Result<()> {
        let Some(trace) = &finding.trace else { return Ok(()) };
        for plot in plots::plots(trace, self.style.columns()) {
            self.head(&plot.head)?;
            for line in plot.lines {
                self.plot_line(&line)?;
            }
        }
        if trace.is_awake_clock {
            let note = "the rhythm was found on the time in which the phone was awake; while it slept, waits look longer";
            self.plot_line(&format!("{}{note}", " ".repeat(12)))?;
        }
        Ok(())
    }

    /// A line of a plot; one too long (a note) goes on below itself.
    fn plot_line(&mut self, line: &str) -> io::Result<()> {
        if line.width() + 2 <= self.style.columns() {
            return writeln!(self.out, "  {line}");
        }
        wrapped(line, self.style.columns().saturating_sub(14))
            .iter()
            .try_for_each(|part| writeln!(self.out, "              {part}"))
    }

    /// What the app does on other phones, with this finding last.
    fn habits(&mut self, finding: &Finding) -> io::Result<()> {
        let Some(usual) = finding.app_usual.as_ref().filter(|usual| usual.others > 0) else { return Ok(()) };
        self.head(&format!("What {} does on other phones", app_label(finding)))?;
        let own = destination_label(&finding.destination);
        let rows = usual.destinations.iter().map(|known| (known.others, known.name.as_str(), ""));
        self.shares(usual, rows.chain([(usual.others_here, own.as_str(), "  <- this finding")]))?;
        if usual.more > 0 {
            writeln!(self.out, "  and {} more destinations", usual.more)?;
        }
        if usual.services.is_empty() {
            return Ok(());
        }
        writeln!(self.out)?;
        let speaks_it = |name: &str| if name == finding.service { "  <- this finding" } else { "" };
        let rows =
            usual.services.iter().map(|known| (known.others, known.name.as_str(), speaks_it(&known.name)));
        let own = (usual.others_speaking(&finding.service) == 0).then_some((
            0,
            finding.service.as_str(),
            "  <- this finding",
        ));
        self.shares(usual, rows.chain(own))
    }

    /// A line each: on how many other phones, as a bar, of what, and a mark.
    fn shares<'f>(
        &mut self,
        usual: &AppUsual,
        rows: impl Iterator<Item = (u32, &'f str, &'f str)>,
    ) -> io::Result<()> {
        for (others, name, mark) in rows {
            let share = f64::from(others) / f64::from(usual.others.max(1));
            let bar = padded(&blocks(share * BAR_BLOCKS), 8);
            let lead = format!("  {others:>5} of {:<5} {bar} ", usual.others);
            let room = self.style.columns().saturating_sub(lead.width() + mark.width());
            writeln!(self.out, "{lead}{}{mark}", fitted(name, room))?;
        }
        Ok(())
    }
}

/// The numbers of an item of evidence, on one line; empty where it has none.
fn numbers(finding: &Finding, item: &Evidence) -> String {
    let facts = facts(finding, item);
    let mut parts = Vec::new();
    parts.extend(facts.observed.map(|text| format!("observed {text}")));
    parts.extend(facts.usual.map(|text| format!("usual {text}")));
    parts.extend(facts.threshold.map(|(value, key)| format!("{key} {value}")));
    parts.extend(facts.element.map(|element| format!("ATT&CK {element}")));
    parts.join("; ")
}

fn bar(weight_bans: f64) -> String {
    let blocks = blocks(weight_bans.abs() / BAR_BANS * BAR_BLOCKS);
    if weight_bans < 0.0 { blocks.replace(['█', '▌'], "░") } else { blocks }
}

/// A bar of whole and half blocks.
fn blocks(length: f64) -> String {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to the bar")]
    let halves = (length.clamp(0.0, BAR_BLOCKS) * 2.0).round() as usize;
    format!("{}{}", "█".repeat(halves / 2), if halves % 2 == 1 { "▌" } else { "" })
}
