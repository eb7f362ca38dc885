//! Plots of a finding's check-ins as SVG: timeline, intervals, place in the period, bytes.

use super::super::paint::{human_bytes, human_secs};
use super::super::shape::{Histogram, Intervals, Timeline, app_words, bytes, lock_words, phases};
use crate::page::{add, open_svg};
use std::fmt::Write as _;
use undertone_core::finding::{AppState, CheckIn, Lock, Trace};
use undertone_core::model::Timestamp;

/// Width of the timeline, CSS pixels.
const WIDE: f64 = 1120.0;
/// Width and height of the other plots.
const WIDTH: f64 = 360.0;
const HEIGHT: f64 = 190.0;
/// Space around them.
const LEFT: f64 = 48.0;
const RIGHT: f64 = 8.0;
const TOP: f64 = 8.0;
const BOTTOM: f64 = 24.0;
/// Bins of the interval histogram.
const BINS: usize = 56;
/// Bins of a timeline of a few hours.
const SHORT_BINS: usize = 120;
const MILLIS_PER_HOUR: i64 = 3_600_000;
/// Where labels of the axis stand, seconds.
const TICKS_SECS: [f64; 12] =
    [0.1, 1.0, 10.0, 60.0, 300.0, 900.0, 1800.0, 3600.0, 10_800.0, 21_600.0, 43_200.0, 86_400.0];
/// Hours between labels of a timeline, the first that leaves room.
const HOUR_STEPS: [i64; 6] = [1, 3, 6, 12, 24, 48];

/// A plot with what stands beneath it.
pub(super) struct Chart {
    pub(super) title: String,
    pub(super) svg: String,
    pub(super) note: String,
}

/// The timeline.
pub(super) fn timeline(trace: &Trace) -> Chart {
    let line = Timeline::of(trace, SHORT_BINS);
    let lanes = lanes(trace);
    let bars = 74.0;
    let height = TOP + bars + 18.0 + lanes.len() as f64 * 16.0 + 4.0;
    let title = format!("Check-ins over time, {} a bar (UTC)", human_secs(line.bin_secs()));
    let about = format!("{} check-ins from {} to {}", trace.total, stamp(line.from), stamp(line.to));
    let mut svg = open_svg("wide", WIDE, height, &title, &about);
    let width = WIDE - 64.0 - RIGHT;
    let x = |share: f64| 64.0 + width * share;
    let foot = TOP + bars;
    for (at, label) in hours(&line) {
        let Some(share) = line.share(at) else { continue };
        let at = x(share);
        add(&mut svg, format_args!(r#"<path class="grid" d="M{at:.1} {TOP}V{:.1}"/>"#, height - 2.0));
        // The last one would leave the picture.
        if share < 0.97 {
            add(&mut svg, format_args!(r#"<text x="{:.1}" y="{:.1}">{label}</text>"#, at + 3.0, foot + 12.0));
        }
    }
    let most = line.counts.iter().copied().max().unwrap_or(0).max(1);
    let step = width / line.counts.len().max(1) as f64;
    let mut path = String::new();
    for (bin, count) in line.counts.iter().enumerate().filter(|(_, count)| **count > 0) {
        let tall = bars * *count as f64 / most as f64;
        let left = 64.0 + step * bin as f64;
        // Writing to a String cannot fail.
        let _infallible =
            write!(path, "M{left:.1} {foot:.1}v-{tall:.1}h{:.1}v{tall:.1}z", (step - 0.6).max(0.6));
    }
    add(&mut svg, format_args!(r#"<path class="fill" d="{path}"/>"#));
    add(&mut svg, format_args!(r#"<path class="axis-line" d="M64 {foot:.1}H{:.1}"/>"#, WIDE - RIGHT));
    add(&mut svg, format_args!(r#"<text x="58" y="{:.1}" text-anchor="end">{most}</text>"#, TOP + 9.0));
    for (row, lane) in lanes.iter().enumerate() {
        let top = foot + 18.0 + row as f64 * 16.0;
        add(
            &mut svg,
            format_args!(r#"<text x="58" y="{:.1}" text-anchor="end">{}</text>"#, top + 9.0, lane.name),
        );
        add(
            &mut svg,
            format_args!(r#"<rect class="bg" x="64" y="{top:.1}" width="{width:.1}" height="11"/>"#),
        );
        for (class, of) in &lane.marks {
            let mut path = String::new();
            for check_in in trace.check_ins.iter().filter(|check_in| of(check_in)) {
                if let Some(share) = line.share(check_in.at_millis) {
                    let _infallible = write!(path, "M{:.1} {top:.1}v11", x(share));
                }
            }
            if !path.is_empty() {
                add(&mut svg, format_args!(r#"<path class="lane {class}" d="{path}"/>"#));
            }
        }
    }
    svg.push_str("</svg>\n");
    Chart { title, svg, note: timeline_note(trace) }
}

fn timeline_note(trace: &Trace) -> String {
    let mut parts = Vec::new();
    if trace.knows_lock() {
        parts.push(format!("phone: dark is locked, yellow unlocked, grey unknown ({})", lock_words(trace)));
    } else {
        parts.push("lock state unknown".to_owned());
    }
    if trace.knows_app() {
        parts.push(format!(
            "app: yellow is foreground, dark background, blue a visible service, grey unknown ({})",
            app_words(trace)
        ));
    } else {
        parts.push("foreground or background unknown".to_owned());
    }
    let listed = trace.check_ins.len() as u64;
    if listed < trace.total {
        parts.push(format!("states are those of the latest {listed} of {} check-ins", trace.total));
    }
    parts.join("; ")
}

/// Whether a mark is of a check-in.
type Holds = fn(&CheckIn) -> bool;

struct Lane {
    name: &'static str,
    marks: Vec<(&'static str, Holds)>,
}

/// A lane for what is known.
fn lanes(trace: &Trace) -> Vec<Lane> {
    let mut lanes = Vec::new();
    if trace.knows_lock() {
        lanes.push(Lane {
            name: "phone",
            marks: vec![
                ("unknown", |c| c.lock == Lock::Unknown),
                ("locked", |c| c.lock == Lock::Locked),
                ("unlocked", |c| c.lock == Lock::Unlocked),
            ],
        });
    }
    if trace.knows_app() {
        lanes.push(Lane {
            name: "app",
            marks: vec![
                ("unknown", |c| c.app == AppState::Unknown),
                ("background", |c| c.app == AppState::Background),
                ("service", |c| c.app == AppState::ForegroundService),
                ("foreground", |c| c.app == AppState::Foreground),
            ],
        });
    }
    if trace.check_ins.iter().any(|check_in| check_in.after_push) {
        lanes.push(Lane { name: "push", marks: vec![("push", |c| c.after_push)] });
    }
    lanes
}

/// Labels of whole hours, as many as have room.
fn hours(line: &Timeline) -> Vec<(i64, String)> {
    let hours = (line.to - line.from) / MILLIS_PER_HOUR;
    let step = HOUR_STEPS.into_iter().find(|step| hours / step <= 12).unwrap_or(48) * MILLIS_PER_HOUR;
    let first = (line.from + step - 1).div_euclid(step) * step;
    let mut found = Vec::new();
    let mut at = first;
    while at <= line.to && found.len() < 32 {
        let text = stamp(at);
        let is_midnight = text.get(11..16) == Some("00:00");
        let label = text.get(if is_midnight { 5..10 } else { 11..16 }).unwrap_or_default();
        found.push((at, label.to_owned()));
        at += step;
    }
    if found.is_empty() {
        // Less than an hour: the beginning, the middle, and near the end.
        for part in [0, 5, 9] {
            let at = line.from + (line.to - line.from) / 10 * part;
            found.push((at, stamp(at).get(11..19).unwrap_or_default().to_owned()));
        }
    }
    found
}

fn stamp(at_millis: i64) -> String {
    Timestamp::from_micros(at_millis.saturating_mul(1000)).to_string()
}

/// A plot's frame.
struct Frame {
    svg: String,
}

impl Frame {
    fn new(title: &str, about: &str) -> Self {
        let mut svg = open_svg("plot", WIDTH, HEIGHT, title, about);
        let (foot, right) = (HEIGHT - BOTTOM, WIDTH - RIGHT);
        add(&mut svg, format_args!(r#"<path class="axis-line" d="M{LEFT} {TOP}V{foot}H{right}"/>"#));
        Self { svg }
    }

    fn x(share: f64) -> f64 {
        LEFT + (WIDTH - LEFT - RIGHT) * share.clamp(0.0, 1.0)
    }

    fn y(share: f64) -> f64 {
        HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * share.clamp(0.0, 1.0)
    }

    fn below(&mut self, share: f64, label: &str) {
        let anchor = if share < 0.08 {
            "start"
        } else if share > 0.9 {
            "end"
        } else {
            "middle"
        };
        let (x, y) = (Self::x(share), HEIGHT - BOTTOM + 14.0);
        add(
            &mut self.svg,
            format_args!(r#"<text x="{x:.1}" y="{y:.1}" text-anchor="{anchor}">{label}</text>"#),
        );
    }

    fn aside(&mut self, share: f64, label: &str) {
        let (x, y) = (LEFT - 5.0, Self::y(share) + 4.0);
        add(&mut self.svg, format_args!(r#"<text x="{x:.1}" y="{y:.1}" text-anchor="end">{label}</text>"#));
    }

    /// Dots, as one path: a line of no length with round ends.
    fn dots(&mut self, points: impl Iterator<Item = (f64, f64)>) {
        let mut path = String::new();
        for (x, y) in points {
            let _infallible = write!(path, "M{:.1} {:.1}h0", Self::x(x), Self::y(y));
        }
        add(&mut self.svg, format_args!(r#"<path class="dots" d="{path}"/>"#));
    }

    fn done(mut self) -> String {
        self.svg.push_str("</svg>\n");
        self.svg
    }
}

/// Intervals between check-ins; `None` with too few.
pub(super) fn intervals(trace: &Trace) -> Option<Chart> {
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
    let most = histogram.counts.iter().map(|count| *count as f64).fold(1.0, f64::max);
    let most = histogram.chance.iter().copied().fold(most, f64::max);
    let (left, right) = (Frame::x(place(intervals.band.0)), Frame::x(place(intervals.band.1)));
    // At least as wide as a bin, so that clockwork has a band, too.
    let wide = (right - left).max(Frame::x(1.0 / BINS as f64) - Frame::x(0.0));
    let left = f64::midpoint(left, right) - wide / 2.0;
    let (top, tall) = (Frame::y(1.0), Frame::y(0.0) - Frame::y(1.0));
    add(
        &mut frame.svg,
        format_args!(
            r#"<rect class="bandfill" x="{left:.1}" y="{top:.1}" width="{wide:.1}" height="{tall:.1}"/>"#
        ),
    );
    add(
        &mut frame.svg,
        format_args!(
            r#"<rect class="bandmark" x="{left:.1}" y="{:.1}" width="{wide:.1}" height="4"/>"#,
            top + tall
        ),
    );
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
