//! The time between check-ins, as a histogram beside what chance would give.

use super::super::super::paint::human_secs;
use super::super::super::shape::{Histogram, Intervals};
use super::Chart;
use super::frame::Frame;
use crate::page::add;
use std::fmt::Write as _;
use undertone_core::finding::Trace;

/// Bins of the histogram.
const BINS: usize = 56;
/// Where labels of the axis stand, seconds.
const TICKS_SECS: [f64; 12] =
    [0.1, 1.0, 10.0, 60.0, 300.0, 900.0, 1800.0, 3600.0, 10_800.0, 21_600.0, 43_200.0, 86_400.0];

/// Intervals between check-ins; `None` with too few.
pub(in super::super) fn intervals(trace: &Trace) -> Option<Chart> {
    let intervals = Intervals::of(trace)?;
    let histogram = intervals.histogram(BINS);
    let (low, high) = (human_secs(intervals.band.0), human_secs(intervals.band.1));
    let period = human_secs(intervals.period);
    let title = format!("Time between check-ins: about {period}");
    let about =
        format!("The half of {} intervals that is closest together: {low} to {high}", intervals.len());
    let mut frame = Frame::new(&title, &about);
    draw_histogram(&mut frame, &histogram, &intervals);
    let mut note = format!("{about} (green). Dashed: what chance would look like.");
    if histogram.longer > 0 {
        let _infallible = write!(note, " Longer and not drawn: {}.", histogram.longer);
    }
    if trace.is_awake_clock {
        note.push_str(
            " The rhythm was found on the time in which the phone was awake; asleep, waits look longer.",
        );
    }
    Some(Chart { title, svg: frame.done(), note })
}

fn draw_histogram(frame: &mut Frame, histogram: &Histogram, intervals: &Intervals) {
    let (Some(first), Some(last)) = (histogram.edges.first(), histogram.edges.last()) else { return };
    let place = |secs: f64| (secs / first).ln() / (last / first).ln();
    draw_band(frame, place(intervals.band.0), place(intervals.band.1));
    let most = histogram.counts.iter().map(|count| *count as f64).fold(1.0, f64::max);
    let most = histogram.chance.iter().copied().fold(most, f64::max);
    draw_bars(frame, histogram, most);
    frame.aside(1.0, &format!("{most:.0}"));
    let mut before = f64::NEG_INFINITY;
    for tick in TICKS_SECS {
        let share = place(tick);
        if (0.0..=1.0).contains(&share) && share - before > 0.16 {
            before = share;
            frame.below(share, &human_secs(tick));
        }
    }
    if before.is_infinite() {
        frame.below(0.0, &human_secs(*first));
        frame.below(1.0, &human_secs(*last));
    }
}

/// The half of the intervals that is closest together, at least as wide as a bin: clockwork has a band, too.
fn draw_band(frame: &mut Frame, from: f64, to: f64) {
    let (left, right) = (Frame::x(from), Frame::x(to));
    let wide = (right - left).max(Frame::x(1.0 / BINS as f64) - Frame::x(0.0));
    let left = f64::midpoint(left, right) - wide / 2.0;
    let (top, foot) = (Frame::y(1.0), Frame::y(0.0));
    let mut draw = |class: &str, top: f64, tall: f64| {
        add(
            &mut frame.svg,
            format_args!(
                r#"<rect class="{class}" x="{left:.1}" y="{top:.1}" width="{wide:.1}" height="{tall}"/>"#
            ),
        );
    };
    draw("bandfill", top, foot - top);
    draw("bandmark", foot, 4.0);
}

/// How many intervals a bin holds, and how many chance would give it.
fn draw_bars(frame: &mut Frame, histogram: &Histogram, most: f64) {
    let (mut bars, mut curve) = (String::new(), String::new());
    let step = 1.0 / histogram.counts.len().max(1) as f64;
    for (bin, (count, chance)) in histogram.counts.iter().zip(&histogram.chance).enumerate() {
        let (left, right) = (Frame::x(step * bin as f64), Frame::x(step * (bin + 1) as f64));
        let (y, foot) = (Frame::y(*count as f64 / most), Frame::y(0.0));
        if *count > 0 {
            let _infallible = write!(bars, "M{left:.1} {foot:.1}V{y:.1}H{:.1}V{foot:.1}z", right - 0.5);
        }
        let head = if bin == 0 { 'M' } else { 'L' };
        let _infallible =
            write!(curve, "{head}{:.1} {:.1}", f64::midpoint(left, right), Frame::y(chance / most));
    }
    add(&mut frame.svg, format_args!(r#"<path class="fill" d="{bars}"/>"#));
    add(&mut frame.svg, format_args!(r#"<path class="chance" d="{curve}"/>"#));
}
