//! The frame of a small plot: axes, labels, dots.

use crate::page::{add, open_svg};
use std::fmt::Write as _;

/// Width and height, CSS pixels.
const WIDTH: f64 = 360.0;
const HEIGHT: f64 = 190.0;
/// Space around what is drawn.
const LEFT: f64 = 48.0;
const RIGHT: f64 = 8.0;
const TOP: f64 = 8.0;
const BOTTOM: f64 = 24.0;

/// A plot's frame.
pub(super) struct Frame {
    pub(super) svg: String,
}

impl Frame {
    pub(super) fn new(title: &str, about: &str) -> Self {
        let mut svg = open_svg("plot", WIDTH, HEIGHT, title, about);
        let (foot, right) = (HEIGHT - BOTTOM, WIDTH - RIGHT);
        add(&mut svg, format_args!(r#"<path class="axis-line" d="M{LEFT} {TOP}V{foot}H{right}"/>"#));
        Self { svg }
    }

    pub(super) fn x(share: f64) -> f64 {
        LEFT + (WIDTH - LEFT - RIGHT) * share.clamp(0.0, 1.0)
    }

    pub(super) fn y(share: f64) -> f64 {
        HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * share.clamp(0.0, 1.0)
    }

    pub(super) fn below(&mut self, share: f64, label: &str) {
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

    pub(super) fn aside(&mut self, share: f64, label: &str) {
        let (x, y) = (LEFT - 5.0, Self::y(share) + 4.0);
        add(&mut self.svg, format_args!(r#"<text x="{x:.1}" y="{y:.1}" text-anchor="end">{label}</text>"#));
    }

    /// Dots, as one path: a line of no length with round ends.
    pub(super) fn dots(&mut self, points: impl Iterator<Item = (f64, f64)>) {
        let mut path = String::new();
        for (x, y) in points {
            let _infallible = write!(path, "M{:.1} {:.1}h0", Self::x(x), Self::y(y));
        }
        add(&mut self.svg, format_args!(r#"<path class="dots" d="{path}"/>"#));
    }

    pub(super) fn done(mut self) -> String {
        self.svg.push_str("</svg>\n");
        self.svg
    }
}
