//! Plots of a finding's check-ins for a terminal, in plain Unicode: blocks for counts, braille dots for points.

use super::super::paint::{human_bytes, human_secs, padded};
use super::super::shape::{Intervals, Timeline, app_words, bytes, lock_words, phases};
use super::canvas::Canvas;
use std::fmt::Write as _;
use undertone_core::finding::{AppState, CheckIn, Lock, Trace};
use undertone_core::model::Timestamp;

/// Columns before a plot: its labels.
const LABEL: usize = 11;
/// Widest plot, columns.
const PLOT_MAX: usize = 96;
/// Eighths of a block.
const EIGHTHS: [char; 9] = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
/// Rows of a histogram.
const HISTOGRAM_ROWS: usize = 5;
const MILLIS_PER_HOUR: i64 = 3_600_000;
/// Rows of a plot of points.
const POINT_ROWS: usize = 8;

/// A plot: what it is, and its lines.
pub(super) struct Plot {
    pub(super) head: String,
    pub(super) lines: Vec<String>,
}

/// All plots that the trace can give, for a terminal of so many columns.
pub(super) fn plots(trace: &Trace, columns: usize) -> Vec<Plot> {
    let width = columns.saturating_sub(LABEL + 4).clamp(20, PLOT_MAX);
    [Some(timeline(trace, width)), intervals(trace, width), phase(trace, width), scatter(trace, width)]
        .into_iter()
        .flatten()
        .collect()
}

fn row(label: &str, text: &str) -> String {
    format!("{} {}", padded(label, LABEL), text).trim_end().to_owned()
}

fn timeline(trace: &Trace, width: usize) -> Plot {
    let line = Timeline::of(trace, width);
    // Several bins a column, or several columns a bin.
    let per_column = line.counts.len().div_ceil(width).max(1);
    let counts: Vec<u64> = line.counts.chunks(per_column).map(|bins| bins.iter().sum()).collect();
    let repeat = (width / counts.len().max(1)).max(1);
    let columns = counts.len() * repeat;
    let most = counts.iter().copied().max().unwrap_or(0);
    let blocks: String = counts
        .iter()
        .flat_map(|count| std::iter::repeat_n(eighth(*count as f64, most as f64), repeat))
        .collect();
    let bin = human_secs(line.bin_secs() * per_column as f64);
    let mut lines = vec![row("check-ins", &blocks)];
    if trace.knows_lock() {
        lines.push(row("phone", &lane(trace, &line, columns, lock_mark)));
    }
    if trace.knows_app() {
        lines.push(row("app", &lane(trace, &line, columns, app_mark)));
    }
    if trace.check_ins.iter().any(|check_in| check_in.after_push) {
        lines.push(row("push", &lane(trace, &line, columns, |c| if c.after_push { 'P' } else { ' ' })));
    }
    let (from, to) = (moment(line.from, line.to - line.from), moment(line.to, line.to - line.from));
    let gap = columns.saturating_sub(from.len() + to.len()).max(1);
    lines.push(row("UTC", &format!("{from}{}{to}", " ".repeat(gap))));
    if trace.knows_lock() {
        lines.push(row("", &format!("phone: # locked, . unlocked, ? unknown ({})", lock_words(trace))));
    }
    if trace.knows_app() {
        let words = app_words(trace);
        lines.push(row("", &format!("app: F foreground, b background, s service, ? unknown ({words})")));
    }
    let listed = trace.check_ins.len() as u64;
    if listed < trace.total && (trace.knows_lock() || trace.knows_app()) {
        lines.push(row("", &format!("states are those of the latest {listed} of {} check-ins", trace.total)));
    }
    let per_bin = if per_column * repeat == 1 { "a column" } else { "a step" };
    Plot { head: format!("Timeline: {bin} {per_bin}, at most {most} check-ins in one"), lines }
}

/// One mark a column: that of most check-ins in it, blank without any.
fn lane(trace: &Trace, line: &Timeline, columns: usize, mark: fn(&CheckIn) -> char) -> String {
    let mut marks: Vec<Vec<char>> = vec![Vec::new(); columns];
    for check_in in &trace.check_ins {
        let column = line.column(check_in.at_millis, columns);
        let mark = mark(check_in);
        if let Some(cell) = column.and_then(|column| marks.get_mut(column)).filter(|_| mark != ' ') {
            cell.push(mark);
        }
    }
    marks.iter().map(|cell| most_frequent(cell)).collect()
}

fn most_frequent(marks: &[char]) -> char {
    let mut sorted = marks.to_vec();
    sorted.sort_unstable();
    let chunks = sorted.chunk_by(|a, b| a == b);
    chunks.max_by_key(|chunk| chunk.len()).and_then(|chunk| chunk.first()).copied().unwrap_or(' ')
}

fn lock_mark(check_in: &CheckIn) -> char {
    match check_in.lock {
        Lock::Locked => '#',
        Lock::Unlocked => '.',
        Lock::Unknown => '?',
    }
}

fn app_mark(check_in: &CheckIn) -> char {
    match check_in.app {
        AppState::Foreground => 'F',
        AppState::Background => 'b',
        AppState::ForegroundService => 's',
        AppState::Unknown => '?',
    }
}

/// A block of eighths; anything above nothing shows.
fn eighth(value: f64, most: f64) -> char {
    if value <= 0.0 || most <= 0.0 {
        return EIGHTHS[0];
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to 1..=8")]
    let level = (value / most * 8.0).ceil().clamp(1.0, 8.0) as usize;
    EIGHTHS.get(level).copied().unwrap_or('█')
}

fn intervals(trace: &Trace, width: usize) -> Option<Plot> {
    let intervals = Intervals::of(trace)?;
    let histogram = intervals.histogram(width.min(64));
    let bins = histogram.counts.len();
    let most = histogram.counts.iter().map(|count| *count as f64).fold(1.0, f64::max);
    let mut lines = Vec::new();
    for level in (0..HISTOGRAM_ROWS).rev() {
        let full = most / HISTOGRAM_ROWS as f64;
        let floor = full * level as f64;
        let cells = histogram.counts.iter().zip(&histogram.chance);
        let text: String = cells
            .map(|(count, chance)| {
                let block = eighth(*count as f64 - floor, full);
                let is_curve = *chance > floor && *chance <= floor + full;
                if block == ' ' && is_curve { '·' } else { block }
            })
            .collect();
        let label = if level + 1 == HISTOGRAM_ROWS { format!("{most:.0}") } else { String::new() };
        lines.push(row(&label, &text));
    }
    lines.push(row("half", &band(&intervals, &histogram.edges, bins)));
    let ends = [histogram.edges.first(), histogram.edges.last()];
    let [first, last] = ends.map(|edge| human_secs(edge.copied().unwrap_or_default()));
    let gap = bins.saturating_sub(first.chars().count() + last.chars().count()).max(1);
    lines.push(row("", &format!("{first}{}{last}", " ".repeat(gap))));
    let mut note = format!(
        "the half of {} intervals that is closest together: {} to {}; dots: what chance would look like",
        intervals.len(),
        human_secs(intervals.band.0),
        human_secs(intervals.band.1)
    );
    if histogram.longer > 0 {
        // Writing to a String cannot fail.
        let _infallible = write!(note, "; longer and not drawn: {}", histogram.longer);
    }
    lines.push(row("", &note));
    let head = format!(
        "Time between check-ins: about every {}, give or take {:.0} %",
        human_secs(intervals.period),
        intervals.band_percent()
    );
    Some(Plot { head, lines })
}

/// A line under the bins in which the half of the intervals lies that is closest together.
fn band(intervals: &Intervals, edges: &[f64], bins: usize) -> String {
    let pairs = edges.iter().zip(edges.iter().skip(1)).take(bins);
    pairs.map(|(a, b)| if *b >= intervals.band.0 && *a <= intervals.band.1 { '━' } else { ' ' }).collect()
}

fn phase(trace: &Trace, width: usize) -> Option<Plot> {
    let phases = phases(trace);
    let (first, last) = (phases.first()?.0, phases.last()?.0);
    if phases.len() < 3 || last <= first {
        return None;
    }
    let mut canvas = Canvas::new(width, POINT_ROWS);
    for (at, phase) in &phases {
        canvas.dot((at - first) as f64 / (last - first) as f64, *phase);
    }
    let period = human_secs(trace.period_secs?);
    let mut lines = framed(&canvas, "end", "start");
    let (from, to) = (moment(first, last - first), moment(last, last - first));
    lines.push(row(
        "UTC",
        &format!("{from}{}{to}", " ".repeat(width.saturating_sub(from.len() + to.len()).max(1))),
    ));
    lines.push(row(
        "",
        "a straight line is a timer; a cloud means that each wait starts when the last one ended",
    ));
    Some(Plot { head: format!("Place of each check-in within {period}"), lines })
}

fn scatter(trace: &Trace, width: usize) -> Option<Plot> {
    let points = bytes(trace);
    let most = points.iter().flat_map(|(sent, received)| [*sent, *received]).max()?.max(10);
    let width = width.min(40);
    let mut canvas = Canvas::new(width, POINT_ROWS);
    let least = points.iter().flat_map(|(sent, received)| [*sent, *received]).min()?.clamp(1, most / 10);
    let share =
        |bytes: u64| (bytes.max(1) as f64 / least as f64).log10() / (most as f64 / least as f64).log10();
    for (sent, received) in &points {
        canvas.dot(share(*sent), share(*received));
    }
    let mut lines = framed(&canvas, "received", "");
    let (left, right) = (human_bytes(least), human_bytes(most));
    let gap = (width + 1).saturating_sub(left.len() + right.len()).max(1);
    lines.push(row("sent", &format!("{left}{}{right}", " ".repeat(gap))));
    lines.push(row(
        "",
        &format!(
            "median {} sent, {} received; one tight spot is a machine's",
            middle(&points, |p| p.0),
            middle(&points, |p| p.1)
        ),
    ));
    Some(Plot { head: format!("Bytes of {} check-ins, both scales logarithmic", points.len()), lines })
}

fn middle(points: &[(u64, u64)], of: fn(&(u64, u64)) -> u64) -> String {
    let mut values: Vec<u64> = points.iter().map(of).collect();
    values.sort_unstable();
    human_bytes(values.get(values.len() / 2).copied().unwrap_or(0))
}

/// The rows of a canvas with a label at the top and at the bottom.
fn framed(canvas: &Canvas, top: &str, bottom: &str) -> Vec<String> {
    let rows = canvas.rows();
    let last = rows.len().saturating_sub(1);
    let label = |at| {
        if at == 0 {
            top
        } else if at == last {
            bottom
        } else {
            ""
        }
    };
    rows.iter().enumerate().map(|(at, text)| row(label(at), text)).collect()
}

/// `05-04 13:20`, with seconds where the whole is less than an hour.
fn moment(at_millis: i64, span_millis: i64) -> String {
    let text = Timestamp::from_micros(at_millis.saturating_mul(1000)).to_string();
    let end = if span_millis < MILLIS_PER_HOUR { 19 } else { 16 };
    text.get(5..end).map_or(text.clone(), |part| part.replace('T', " "))
}
