//! Comparisons and backtests for programs.

use super::{Comparison, Counts, PastDay};
use crate::findings::destination_label;
use crate::findings::json::{round_to, write_json_line};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::{self, Write};
use undertone_core::finding::Finding;

/// Writes one object a comparison, each on a line.
///
/// # Errors
/// The output's error.
pub fn write_comparison_json<W: Write>(mut out: W, comparisons: &[Comparison<'_>]) -> io::Result<()> {
    comparisons.iter().try_for_each(|one| {
        let settings: BTreeMap<&str, &str> =
            one.settings.iter().map(|changed| (changed.name.as_str(), changed.value.as_str())).collect();
        let pairs = |rows: &[(&Finding, Option<&Finding>)]| -> Vec<Value> {
            let rows = rows.iter().map(|(finding, other)| {
                let mut row = row(finding);
                row["reason_other"] = json!(other.and_then(|other| other.below_because.as_deref()));
                row
            });
            rows.collect()
        };
        let moved = one.difference.moved.iter().map(|moved| {
            let mut row = row(moved.after);
            row["score_before"] = json!(round_to(moved.before.score, 1));
            row["rank_before"] = json!(moved.ranks.0);
            row["rank"] = json!(moved.ranks.1);
            row
        });
        write_json_line(
            &mut out,
            &json!({
                "schema_version": 1,
                "settings": settings,
                "before": counts(&one.before),
                "after": counts(&one.after),
                "new": pairs(&one.difference.new),
                "gone": pairs(&one.difference.gone),
                "moved": moved.collect::<Vec<_>>(),
                "unchanged": one.difference.same,
            }),
        )
    })
}

/// Writes one object a past day, each on a line.
///
/// # Errors
/// The output's error.
pub fn write_backtest_json<W: Write>(mut out: W, days: &[PastDay]) -> io::Result<()> {
    days.iter().try_for_each(|past| {
        let row = json!({
            "schema_version": 1,
            "day": past.day.to_string(),
            "devices": past.devices,
            "history_device_days": past.history_device_days,
            "calibration": if past.is_calibrated { "history" } else { "reference" },
            "repeated": past.repeated,
            "counts": counts(&past.counts),
        });
        write_json_line(&mut out, &row)
    })
}

fn counts(counts: &Counts) -> Value {
    let by_day: BTreeMap<String, u64> =
        counts.by_day.iter().map(|(day, count)| (day.to_string(), *count)).collect();
    json!({
        "alerts": counts.alerts,
        "leads": counts.leads,
        "below": counts.below,
        "by_day": by_day,
        "expected_false_alerts": counts.expected_false.map(|count| round_to(count, 3)),
        "implants": counts.judged.map(|judged| judged.implants),
        "implants_found": counts.judged.map(|judged| judged.found),
        "shown_wrong": counts.judged.map(|judged| judged.wrong),
    })
}

fn row(finding: &Finding) -> Value {
    json!({
        "id": finding.id,
        "day": finding.day.to_string(),
        "device": finding.device.id,
        "app": finding.app.id,
        "destination": destination_label(&finding.destination),
        "service": finding.service,
        "severity": finding.severity.as_str(),
        "score": round_to(finding.score, 1),
    })
}
