//! One finding in full, for a person who has two minutes: what, why, what was not seen, what to do.

use super::paint::{TerminalStyle, human_secs, padded, severity_code, wrapped};
use super::table::{destination_label, standing};
use super::text::escaped;
use std::io::{self, Write};
use undertone_core::attack::ATTACK_VERSION;
use undertone_core::evidence::{Evidence, EvidenceKind};
use undertone_core::finding::Finding;
use undertone_core::model::Platform;

/// Writes the finding as a page for a terminal, from the finding alone.
///
/// # Errors
/// The output's error.
pub fn write_explanation<W: Write>(out: W, finding: &Finding, style: TerminalStyle) -> io::Result<()> {
    let mut page = Page { out, style };
    page.title(finding)?;
    page.section("What was seen", &seen(finding))?;
    page.evidence(&finding.evidence)?;
    page.section(
        "Sessions to look up in the sensor's logs (Zeek `uid`, Suricata `flow_id`)",
        &finding.sessions,
    )?;
    page.section("What could not be seen", &finding.limits)?;
    page.section("Likely benign explanations", &benign(finding))?;
    page.section("What to check next", &checks(finding))
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
            destination_label(&finding.destination)
        );
        let code = severity_code(finding.severity);
        for line in wrapped(&title, self.style.columns()) {
            writeln!(self.out, "{}", self.style.paint(code, &line))?;
        }
        Ok(())
    }

    fn section(&mut self, head: &str, items: &[String]) -> io::Result<()> {
        if items.is_empty() {
            return Ok(());
        }
        writeln!(self.out, "\n{}", self.style.paint("1", head))?;
        items.iter().try_for_each(|item| self.item(item))
    }

    fn item(&mut self, text: &str) -> io::Result<()> {
        for (at, line) in wrapped(text, self.style.columns().saturating_sub(4)).iter().enumerate() {
            writeln!(self.out, "  {} {line}", if at == 0 { "-" } else { " " })?;
        }
        Ok(())
    }

    /// The evidence as a table: weight, kind, observed against usual, ATT&CK element; a sentence beneath each.
    fn evidence(&mut self, evidence: &[Evidence]) -> io::Result<()> {
        writeln!(self.out, "\n{}", self.style.paint("1", "Why it is odd"))?;
        let rows: Vec<[String; 5]> = evidence.iter().map(facts).collect();
        let heads = ["weight", "kind", "observed", "usual", "ATT&CK element"].map(str::to_owned);
        let widths: [usize; 5] = std::array::from_fn(|column| {
            let cells = rows.iter().chain([&heads]).filter_map(|row| row.get(column));
            cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
        });
        let line = |row: &[String; 5]| {
            let cells: Vec<_> = row.iter().zip(widths).map(|(cell, width)| padded(cell, width)).collect();
            format!("  {}", cells.join("  ").trim_end())
        };
        writeln!(self.out, "{}", self.style.paint("2", &line(&heads)))?;
        for (item, row) in evidence.iter().zip(&rows) {
            writeln!(self.out, "{}", line(row))?;
            for text in wrapped(&item.text, self.style.columns().saturating_sub(10)) {
                writeln!(self.out, "          {text}")?;
            }
        }
        let sum: f64 = evidence.iter().map(|item| item.weight_bans).sum();
        writeln!(self.out, "  {sum:+.2} bans together; +1 makes it ten times likelier")
    }
}

fn app_label(finding: &Finding) -> String {
    finding.app.id.clone().unwrap_or_else(|| format!("unknown app on {}", finding.device.id))
}

fn seen(finding: &Finding) -> Vec<String> {
    let device = &finding.device;
    let mut lines = vec![
        format!("device {} ({}){}", device.id, device.platform.as_str(), listed(" at ", &device.addresses)),
        match &finding.app.id {
            Some(app) => {
                format!("app {app}, role {}, known by {}", finding.app.role, finding.app.attribution)
            }
            None => "app unknown: the network alone does not say which".to_owned(),
        },
    ];
    let destination = &finding.destination;
    let group = destination.group.as_deref().map_or_else(String::new, |group| format!(", tied by {group}"));
    lines.push(format!(
        "destination {}{}{}{group}, over {}",
        destination_label(destination),
        listed(" at ", &destination.addresses),
        listed(", port ", &destination.ports),
        finding.service
    ));
    let span = human_secs(finding.last_seen.since(finding.first_seen) as f64 / 1e6);
    let rhythm = finding
        .interval_median_secs
        .map_or_else(String::new, |secs| format!(", half of them less than {} apart", human_secs(secs)));
    lines.push(format!(
        "{} check-ins in {span}{rhythm}: {} to {}",
        finding.events, finding.first_seen, finding.last_seen
    ));
    lines.push(standing(finding));
    let mapped = finding.attack.iter().map(|attack| {
        let analytic = attack.analytic.map_or("platform unknown", |analytic| analytic.id());
        format!("{} {} ({}, {analytic})", attack.technique, attack.name, attack.strategy)
    });
    lines.push(format!("ATT&CK Mobile {ATTACK_VERSION}: {}", mapped.collect::<Vec<_>>().join("; ")));
    lines
}

/// The items after `lead`, or nothing for none.
fn listed<T: ToString>(lead: &str, items: &[T]) -> String {
    if items.is_empty() {
        return String::new();
    }
    format!("{lead}{}", items.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "))
}

fn facts(item: &Evidence) -> [String; 5] {
    let number = |value: Option<f64>| value.map(|value| format!("{} {}", short(value), item.unit));
    let usual = match (number(item.baseline), item.baseline_n) {
        (Some(usual), Some(n)) => format!("{usual} (of {n})"),
        (Some(usual), None) => usual,
        (None, _) => "-".to_owned(),
    };
    let row = [
        format!("{:+.2}", item.weight_bans),
        item.kind.as_str().to_owned(),
        number(item.observed).unwrap_or_else(|| "-".to_owned()),
        usual,
        item.element.map_or("-", |element| element.name()).to_owned(),
    ];
    row.map(|cell| escaped(&cell).into_owned())
}

/// A number with three significant digits, without an exponent where people read it.
fn short(value: f64) -> String {
    let size = value.abs();
    if size >= 1e6 || (size > 0.0 && size < 1e-3) {
        format!("{value:.2e}")
    } else if size >= 100.0 {
        format!("{value:.0}")
    } else {
        let text = format!("{value:.*}", if size >= 10.0 { 1 } else { 3 });
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    }
}

/// What an honest app may do that looks like this, by the evidence that counts for the finding.
fn benign(finding: &Finding) -> Vec<String> {
    let speaks_for = |kind| finding.evidence.iter().any(|item| item.kind == kind && item.weight_bans > 0.0);
    let known = [
        (
            EvidenceKind::Timing,
            "a job that polls by the clock: sync, telemetry, status page, home automation",
        ),
        (
            EvidenceKind::Persistence,
            "a connection kept for messages or pushes: chat, mail, VoIP, VPN, remote support",
        ),
        (
            EvidenceKind::Dns,
            "names that carry data on purpose: anti-virus lookups, CDNs, ad networks, DNS tests",
        ),
        (EvidenceKind::State, "work that a person started and left: playback, navigation, backup, download"),
        (EvidenceKind::Destination, "a service that few people use: self-hosted, regional, new, or in-house"),
        (EvidenceKind::Size, "keep-alives and status answers, which all have one size"),
        (EvidenceKind::Frequency, "a retry loop of a broken app or an unreachable server"),
        (EvidenceKind::Entropy, "session ids, hashes or cache keys in paths and names"),
        (EvidenceKind::Stack, "an app with its own network library: games, Flutter, Go or Rust code"),
        (EvidenceKind::Misuse, "a developer's or network tool, or a vendor's own protocol"),
        (EvidenceKind::Wake, "an app that fetches what each push announces"),
        (EvidenceKind::Fleet, "a new app or update that was rolled out to several phones at once"),
    ];
    known.into_iter().filter(|(kind, _)| speaks_for(*kind)).map(|(_, text)| text.to_owned()).collect()
}

/// What an analyst can do now, from what the finding knows and does not know.
fn checks(finding: &Finding) -> Vec<String> {
    let target = destination_label(&finding.destination);
    let mut checks = vec![match &finding.app.id {
        Some(app) => {
            format!("is {app} in the device management's list, from which store, signed by whom, since when?")
        }
        None => {
            format!("which app on {} talks to {target}? Ask its telemetry or its user", finding.device.id)
        }
    }];
    checks.push(match &finding.destination.domain {
        Some(domain) => format!("who registered {domain}, when, and what certificate does it show?"),
        None => format!("who runs {target}, and why is no name used?"),
    });
    checks.push(format!("do other devices talk to {target}, and with which apps?"));
    if !finding.sessions.is_empty() {
        checks.push(
            "read the sessions above in the sensor's logs: sizes, names, what was resolved before".to_owned(),
        );
    }
    if finding.device.platform == Platform::Unknown {
        checks.push("is the device a phone at all? Its platform is unknown".to_owned());
    }
    checks.push("if nobody can explain it, isolate the device and keep its state for forensics".to_owned());
    checks
}
