//! Findings as CSV (RFC 4180) for spreadsheets: one row a finding, every cell quoted and every text guarded.

use super::json::{round_to, significant};
use super::text::guarded_cell;
use csv::{QuoteStyle, Terminator, WriterBuilder};
use std::io::{self, Write};
use undertone_core::finding::Finding;

/// Columns, in order. Lists are joined with `; `.
const COLUMNS: [&str; 35] = [
    "id",
    "alert",
    "lead",
    "reason",
    "day",
    "score",
    "severity",
    "confidence",
    "device",
    "platform",
    "device_addresses",
    "app",
    "role",
    "attribution",
    "destination",
    "domain",
    "addresses",
    "ports",
    "group",
    "members",
    "service",
    "events",
    "interval_median_secs",
    "first_seen",
    "last_seen",
    "weight_bans",
    "expected_false_per_1000_device_days",
    "calibration",
    "q_value",
    "analytic",
    "techniques",
    "evidence",
    "sessions",
    "limits",
    "suppressed",
];

/// Writes a header and one row a finding, in the order given. Lines end in CR LF.
///
/// # Errors
/// The output's error.
pub fn write_csv<W: Write>(out: W, findings: &[&Finding]) -> io::Result<()> {
    let mut writer =
        WriterBuilder::new().quote_style(QuoteStyle::Always).terminator(Terminator::CRLF).from_writer(out);
    writer.write_record(COLUMNS).map_err(as_io)?;
    for finding in findings {
        writer.write_record(cells(finding)).map_err(as_io)?;
    }
    writer.flush()
}

/// The output's own error: a closed pipe must stay known as one.
fn as_io(error: csv::Error) -> io::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        other => io::Error::other(format!("{other:?}")),
    }
}

fn cells(finding: &Finding) -> [String; 35] {
    let text = |value: &str| guarded_cell(value).into_owned();
    let maybe = |value: Option<&str>| text(value.unwrap_or_default());
    let destination = &finding.destination;
    [
        text(&finding.id),
        finding.alert.to_string(),
        finding.lead.to_string(),
        maybe(finding.below_because.as_deref()),
        finding.day.to_string(),
        number(Some(round_to(finding.score, 1))),
        finding.severity.as_str().to_owned(),
        finding.confidence.as_str().to_owned(),
        text(&finding.device.id),
        finding.device.platform.as_str().to_owned(),
        joined(finding.device.addresses.iter()),
        maybe(finding.app.id.as_deref()),
        text(&finding.app.role),
        finding.app.attribution.to_owned(),
        maybe(destination.name.as_deref()),
        maybe(destination.domain.as_deref()),
        joined(destination.addresses.iter()),
        joined(destination.ports.iter()),
        maybe(destination.group.as_deref()),
        joined(destination.members.iter()),
        text(&finding.service),
        finding.events.to_string(),
        number(finding.interval_median_secs.map(|secs| round_to(secs, 3))),
        finding.first_seen.to_string(),
        finding.last_seen.to_string(),
        number(Some(round_to(finding.weight_bans, 3))),
        number(finding.expected_false_per_1000_device_days.and_then(significant)),
        finding.calibration.map_or("", |calibration| calibration.as_str()).to_owned(),
        number(finding.q_value),
        finding.analytic().map_or("", |analytic| analytic.id()).to_owned(),
        joined(finding.attack.iter().map(|attack| attack.technique)),
        joined(finding.evidence.iter().map(|item| &item.text)),
        joined(finding.sessions.iter()),
        joined(finding.limits.iter()),
        maybe(finding.suppressed.as_ref().map(|known| known.reason.as_str())),
    ]
}

/// The number, or an empty cell when it is absent or not finite.
fn number(value: Option<f64>) -> String {
    value.filter(|value| value.is_finite()).map(|value| format!("{value:?}")).unwrap_or_default()
}

fn joined<T: ToString>(items: impl Iterator<Item = T>) -> String {
    let joined = items.map(|item| item.to_string()).collect::<Vec<_>>().join("; ");
    guarded_cell(&joined).into_owned()
}
