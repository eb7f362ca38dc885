//! Charts as inline SVG: bars with intervals, and promised against observed. Colours come from the page's CSS.

use super::{Budget, Share};
use crate::page::{add, markup, open_svg};

/// Width of a chart, CSS pixels.
const WIDTH: f64 = 720.0;
/// Where bars begin: names stand to the left.
const LEFT: f64 = 250.0;
/// Where bars of 100 % end; the numbers stand to the right.
const RIGHT: f64 = 560.0;
/// Height of one bar's row.
const ROW: f64 = 24.0;
/// Characters of a name that fit.
const NAME_CHARS_MAX: usize = 38;

/// Shares as horizontal bars with their 95 % intervals.
pub(super) fn bars(title: &str, rows: &[(&str, Share)]) -> String {
    let height = ROW * rows.len() as f64 + 26.0;
    let mut svg = open(title, height);
    for quarter in 0..=4_u8 {
        let share = f64::from(quarter) / 4.0;
        let x = at(share);
        add(
            &mut svg,
            format_args!(
                "<line class=\"grid\" x1=\"{x:.1}\" y1=\"0\" x2=\"{x:.1}\" y2=\"{:.1}\"/>",
                height - 20.0
            ),
        );
        let label = format!("{:.0} %", share * 100.0);
        add(
            &mut svg,
            format_args!(
                "<text class=\"axis\" x=\"{x:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{label}</text>",
                height - 6.0
            ),
        );
    }
    for (row, (name, share)) in rows.iter().enumerate() {
        bar(&mut svg, ROW * row as f64, name, *share);
    }
    svg.push_str("</svg>\n");
    svg
}

fn bar(svg: &mut String, top: f64, name: &str, share: Share) {
    let middle = top + ROW / 2.0;
    let base = middle + 4.0;
    let short = shortened(name);
    let name = markup(&short);
    let counts = format!("{} of {}", share.hits, share.of);
    add(svg, format_args!("<text x=\"{:.1}\" y=\"{base:.1}\" text-anchor=\"end\">{name}</text>", LEFT - 8.0));
    add(svg, format_args!("<text x=\"{:.1}\" y=\"{base:.1}\">{counts}</text>", RIGHT + 12.0));
    let (Some(value), Some((low, high))) = (share.value(), share.interval()) else { return };
    let width = at(value) - LEFT;
    add(
        svg,
        format_args!(
            "<rect class=\"bar\" x=\"{LEFT:.1}\" y=\"{:.1}\" width=\"{width:.1}\" height=\"14\"/>",
            middle - 7.0
        ),
    );
    let (low, high) = (at(low), at(high));
    add(
        svg,
        format_args!(
            "<path class=\"whisker\" d=\"M{low:.1} {middle:.1}H{high:.1}M{low:.1} {:.1}v8M{high:.1} {:.1}v8\"/>",
            middle - 4.0,
            middle - 4.0
        ),
    );
}

fn at(share: f64) -> f64 {
    LEFT + (RIGHT - LEFT) * share.clamp(0.0, 1.0)
}

fn shortened(name: &str) -> String {
    let mut chars = name.chars();
    let mut short: String = chars.by_ref().take(NAME_CHARS_MAX).collect();
    if chars.next().is_some() {
        short.push('…');
    }
    short
}

/// Side of the square plot.
const SIDE: f64 = 300.0;
/// Space left of it and above it.
const MARGIN: f64 = 60.0;
/// Decades shown, in log10 of a rate per 1,000: 0.1 to 100.
const DECADES: (f64, f64) = (-1.0, 2.0);

/// Promised against observed rates on logarithmic axes, with the factor of 2 that honest numbers keep to.
pub(super) fn calibration(budgets: &[Budget]) -> String {
    let mut svg = open("Promised against observed false device-days per 1,000", SIDE + 1.8 * MARGIN);
    let factor = std::f64::consts::LOG10_2;
    let (low, high) = DECADES;
    let points: Vec<String> = [(low, factor), (low, -factor), (high, -factor), (high, factor)]
        .iter()
        .map(|(x, shift)| format!("{:.1},{:.1}", across(*x), down(x + shift)))
        .collect();
    add(&mut svg, format_args!(r#"<polygon class="band" points="{}"/>"#, points.join(" ")));
    for decade in [-1.0, 0.0, 1.0, 2.0] {
        axis(&mut svg, decade);
    }
    for budget in budgets {
        // Shifted a little, so that the two do not hide each other.
        point(&mut svg, budget.per_1000, -4.0, "all", budget.observed.all);
        point(&mut svg, budget.per_1000, 4.0, "other", budget.observed.without_rare);
    }
    legend(&mut svg);
    svg.push_str("</svg>\n");
    svg
}

/// The two lines of a decade with their labels.
fn axis(svg: &mut String, decade: f64) {
    let (x, y, label) = (across(decade), down(decade), 10_f64.powf(decade));
    let (left, right, foot, top) = (across(DECADES.0), across(DECADES.1), down(DECADES.0), down(DECADES.1));
    let lines = format!("M{x:.1} {foot:.1}V{top:.1}M{left:.1} {y:.1}H{right:.1}");
    add(svg, format_args!(r#"<path class="grid" d="{lines}"/>"#));
    let (below, aside, middle) = (foot + 16.0, left - 6.0, y + 4.0);
    add(
        svg,
        format_args!(r#"<text class="axis" x="{x:.1}" y="{below:.1}" text-anchor="middle">{label}</text>"#),
    );
    add(
        svg,
        format_args!(r#"<text class="axis" x="{aside:.1}" y="{middle:.1}" text-anchor="end">{label}</text>"#),
    );
}

fn legend(svg: &mut String) {
    let (middle, foot) = (across(f64::midpoint(DECADES.0, DECADES.1)), down(DECADES.0) + 36.0);
    let promised = "promised per 1,000 device-days";
    add(svg, format_args!(r#"<text x="{middle:.1}" y="{foot:.1}" text-anchor="middle">{promised}</text>"#));
    let rows = [
        ("all", "observed, every false positive"),
        ("other", "without rare honest senders"),
        ("band", "within a factor of 2"),
    ];
    let (box_x, text_x) = (across(DECADES.1) + 30.0, across(DECADES.1) + 50.0);
    let mut y = MARGIN;
    for (class, text) in rows {
        let box_y = y - 10.0;
        add(
            svg,
            format_args!(r#"<rect class="{class}" x="{box_x:.1}" y="{box_y:.1}" width="12" height="12"/>"#),
        );
        add(svg, format_args!(r#"<text x="{text_x:.1}" y="{y:.1}">{text}</text>"#));
        y += 22.0;
    }
}

fn point(svg: &mut String, promised: f64, shift: f64, class: &str, observed: Share) {
    let (Some(value), Some((low, high))) = (observed.value(), observed.interval()) else { return };
    let x = across(promised.log10()) + shift;
    let y = |share: f64| down((1000.0 * share).log10());
    add(svg, format_args!("<path class=\"whisker\" d=\"M{x:.1} {:.1}V{:.1}\"/>", y(low), y(high)));
    add(svg, format_args!("<circle class=\"{class}\" cx=\"{x:.1}\" cy=\"{:.1}\" r=\"5\"/>", y(value)));
}

fn across(log10: f64) -> f64 {
    let share = (log10.clamp(DECADES.0, DECADES.1) - DECADES.0) / (DECADES.1 - DECADES.0);
    MARGIN + SIDE * share
}

/// From the top; a rate of 0 lies on the lower edge.
fn down(log10: f64) -> f64 {
    let share = (log10.clamp(DECADES.0, DECADES.1) - DECADES.0) / (DECADES.1 - DECADES.0);
    MARGIN / 2.0 + SIDE * (1.0 - share)
}

fn open(title: &str, height: f64) -> String {
    open_svg("chart", WIDTH, height, title, "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_is_as_long_as_its_share() {
        let svg = bars("t", &[("half", Share { hits: 2, of: 4 }), ("none", Share { hits: 0, of: 0 })]);
        // (560 - 250) / 2.
        assert!(svg.contains("width=\"155.0\""), "{svg}");
        assert_eq!(svg.matches("class=\"bar\"").count(), 1);
        assert!(svg.contains("0 of 0"));
    }
}
