//! Plots of a finding's check-ins as SVG: timeline, intervals, place in the period, bytes.

mod frame;
mod intervals;
mod timeline;

pub(super) use intervals::intervals;
pub(super) use timeline::timeline;

use super::super::paint::{human_bytes, human_secs};
use super::super::shape::{bytes, phases};
use crate::page::add;
use frame::Frame;
use undertone_core::finding::Trace;
use undertone_core::model::Timestamp;

const MILLIS_PER_HOUR: i64 = 3_600_000;

/// A plot with what stands beneath it.
pub(super) struct Chart {
    pub(super) title: String,
    pub(super) svg: String,
    pub(super) note: String,
}

fn stamp(at_millis: i64) -> String {
    Timestamp::from_micros(at_millis.saturating_mul(1000)).to_string()
}

/// Where each check-in falls within the period; `None` without a rhythm.
pub(super) fn phase(trace: &Trace) -> Option<Chart> {
    let phases = phases(trace);
    let (first, last) = (phases.first()?.0, phases.last()?.0);
    let period = human_secs(trace.period_secs?);
    if phases.len() < 3 || last <= first {
        return None;
    }
    let title = format!("Place of each check-in within {period}");
    let about = format!("{} check-ins from {} to {}", phases.len(), stamp(first), stamp(last));
    let mut frame = Frame::new(&title, &about);
    let span = (last - first) as f64;
    frame.dots(phases.iter().map(|(at, phase)| ((at - first) as f64 / span, *phase)));
    frame.aside(1.0, "end");
    frame.aside(0.0, "start");
    for (share, at) in [(0.0, first), (1.0, last)] {
        let end = if last - first < MILLIS_PER_HOUR { 19 } else { 16 };
        frame.below(share, &stamp(at).get(5..end).unwrap_or_default().replace('T', " "));
    }
    let note =
        "A straight line is a timer. A cloud means that each wait starts when the last one ended.".to_owned();
    Some(Chart { title, svg: frame.done(), note })
}

/// Bytes out against bytes in; `None` where no check-in says both.
pub(super) fn scatter(trace: &Trace) -> Option<Chart> {
    let points = bytes(trace);
    if points.is_empty() {
        return None;
    }
    let all =
        || points.iter().flat_map(|(sent, received)| [*sent, *received]).map(|n| (n.max(1) as f64).log10());
    let low = all().fold(f64::INFINITY, f64::min).floor();
    let high = all().fold(1.0, f64::max).ceil().max(low + 2.0);
    let share = |bytes: u64| ((bytes.max(1) as f64).log10() - low) / (high - low);
    let title = "Bytes sent and received".to_owned();
    let about = format!("{} check-ins, both scales logarithmic", points.len());
    let mut frame = Frame::new(&title, &about);
    let (x0, y0, x1, y1) = (Frame::x(0.0), Frame::y(0.0), Frame::x(1.0), Frame::y(1.0));
    add(&mut frame.svg, format_args!(r#"<path class="chance" d="M{x0:.1} {y0:.1}L{x1:.1} {y1:.1}"/>"#));
    frame.dots(points.iter().map(|(sent, received)| (share(*sent), share(*received))));
    let mut power = low;
    while power <= high {
        let at = (power - low) / (high - low);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "10^0 to 10^20, saturated"
        )]
        let label = decimal_bytes(10_f64.powf(power) as u64);
        frame.aside(at, &label);
        frame.below(at, &label);
        power += ((high - low) / 4.0).ceil().max(1.0);
    }
    let note = format!(
        "Sent to the right, received upwards; the dashed line is as much as was sent. Median {} sent, {} received. One tight spot is a machine's.",
        median(&points, |p| p.0),
        median(&points, |p| p.1)
    );
    Some(Chart { title, svg: frame.done(), note })
}

/// Powers of ten for an axis: `100 B`, `10 kB`.
fn decimal_bytes(bytes: u64) -> String {
    match bytes {
        0..1000 => format!("{bytes} B"),
        1000..1_000_000 => format!("{} kB", bytes / 1000),
        1_000_000..1_000_000_000 => format!("{} MB", bytes / 1_000_000),
        _ => format!("{} GB", bytes / 1_000_000_000),
    }
}

fn median(points: &[(u64, u64)], of: fn(&(u64, u64)) -> u64) -> String {
    let mut values: Vec<u64> = points.iter().map(of).collect();
    values.sort_unstable();
    human_bytes(values.get(values.len() / 2).copied().unwrap_or(0))
}

/// A bar of a share of its track, for a table.
pub(super) fn bar(share: f64, class: &str) -> String {
    let width = 100.0 * share.clamp(0.0, 1.0);
    format!(
        r#"<svg viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true"><rect class="{class}" width="{width:.1}" height="8"/></svg>"#
    )
}

/// A weight to the right of the middle, or, when it speaks against the finding, to the left.
pub(super) fn weight_bar(weight_bans: f64) -> String {
    // 4 bans is the most that one kind of evidence gives.
    let width = 50.0 * (weight_bans.abs() / 4.0).min(1.0);
    let (class, x) = if weight_bans < 0.0 { ("fill-minus", 50.0 - width) } else { ("fill", 50.0) };
    format!(
        r#"<svg viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true"><rect class="{class}" x="{x:.1}" width="{width:.1}" height="8"/><path class="mid" d="M50 0v8"/></svg>"#
    )
}
