//! The timeline of a finding: how many check-ins when, and in which state phone and app were.

use super::super::super::paint::human_secs;
use super::super::super::shape::{Timeline, app_words, lock_words};
use super::{Chart, MILLIS_PER_HOUR, stamp};
use crate::page::{add, open_svg};
use std::fmt::Write as _;
use undertone_core::finding::{AppState, CheckIn, Lock, Trace};

/// Width, CSS pixels, and the left and right end of what is drawn.
const WIDTH: f64 = 1120.0;
const LEFT: f64 = 64.0;
const RIGHT: f64 = WIDTH - 8.0;
/// Top of the bars, and where they stand.
const TOP: f64 = 8.0;
const FOOT: f64 = TOP + 74.0;
/// Where the first lane begins, and from one to the next.
const LANES: f64 = FOOT + 18.0;
const LANE_STEP: f64 = 16.0;
/// Bins of a timeline of a few hours.
const SHORT_BINS: usize = 120;
/// Hours between labels, the first that leaves room.
const HOUR_STEPS: [i64; 6] = [1, 3, 6, 12, 24, 48];

/// The timeline.
pub(in super::super) fn timeline(trace: &Trace) -> Chart {
    let line = Timeline::of(trace, SHORT_BINS);
    let lanes = lanes(trace);
    let height = LANES + lanes.len() as f64 * LANE_STEP + 4.0;
    let title = format!("Check-ins over time, {} a bar (UTC)", human_secs(line.bin_secs()));
    let about = format!("{} check-ins from {} to {}", trace.total, stamp(line.from), stamp(line.to));
    let mut svg = open_svg("wide", WIDTH, height, &title, &about);
    draw_hours(&mut svg, &line, height);
    draw_bars(&mut svg, &line);
    for (row, lane) in lanes.iter().enumerate() {
        draw_lane(&mut svg, lane, LANES + row as f64 * LANE_STEP, |holds| {
            let held = trace.check_ins.iter().filter(move |check_in| holds(check_in));
            held.filter_map(|check_in| line.share(check_in.at_millis)).map(x).collect()
        });
    }
    svg.push_str("</svg>\n");
    Chart { title, svg, note: note(trace) }
}

/// Where a share of the time lies.
fn x(share: f64) -> f64 {
    LEFT + (RIGHT - LEFT) * share
}

/// Lines and labels of hours.
fn draw_hours(svg: &mut String, line: &Timeline, height: f64) {
    for (at, label) in hours(line) {
        let Some(share) = line.share(at) else { continue };
        let at = x(share);
        add(svg, format_args!(r#"<path class="grid" d="M{at:.1} {TOP}V{:.1}"/>"#, height - 2.0));
        // The last one would leave the picture.
        if share < 0.97 {
            add(svg, format_args!(r#"<text x="{:.1}" y="{:.1}">{label}</text>"#, at + 3.0, FOOT + 12.0));
        }
    }
}

/// How many check-ins a bin holds.
fn draw_bars(svg: &mut String, line: &Timeline) {
    let most = line.counts.iter().copied().max().unwrap_or(0).max(1);
    let step = (RIGHT - LEFT) / line.counts.len().max(1) as f64;
    let wide = (step - 0.6).max(0.6);
    let mut path = String::new();
    for (bin, count) in line.counts.iter().enumerate().filter(|(_, count)| **count > 0) {
        let tall = (FOOT - TOP) * *count as f64 / most as f64;
        let left = LEFT + step * bin as f64;
        // Writing to a String cannot fail.
        let _infallible = write!(path, "M{left:.1} {FOOT:.1}v-{tall:.1}h{wide:.1}v{tall:.1}z");
    }
    add(svg, format_args!(r#"<path class="fill" d="{path}"/>"#));
    add(svg, format_args!(r#"<path class="axis-line" d="M{LEFT} {FOOT:.1}H{RIGHT:.1}"/>"#));
    add(svg, format_args!(r#"<text x="58" y="{:.1}" text-anchor="end">{most}</text>"#, TOP + 9.0));
}

/// One state: a mark at each place that `places` tells of check-ins in it.
fn draw_lane(svg: &mut String, lane: &Lane, top: f64, places: impl Fn(Holds) -> Vec<f64>) {
    let (below, width, name) = (top + 9.0, RIGHT - LEFT, lane.name);
    add(svg, format_args!(r#"<text x="58" y="{below:.1}" text-anchor="end">{name}</text>"#));
    add(svg, format_args!(r#"<rect class="bg" x="{LEFT}" y="{top:.1}" width="{width:.1}" height="11"/>"#));
    for (class, holds) in &lane.marks {
        let mut path = String::new();
        for x in places(*holds) {
            let _infallible = write!(path, "M{x:.1} {top:.1}v11");
        }
        if !path.is_empty() {
            add(svg, format_args!(r#"<path class="lane {class}" d="{path}"/>"#));
        }
    }
}

fn note(trace: &Trace) -> String {
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
