//! Words for a terminal: colour where wanted, widths as a terminal counts them, times as people say them.

use super::text::escaped;
use undertone_core::finding::Severity;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// How a terminal wants its text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TerminalStyle {
    /// Columns; at least 40 are used.
    pub width: usize,
    /// Whether to use ANSI colours.
    pub colour: bool,
}

impl TerminalStyle {
    /// Plain text, 120 columns: for files and pipes.
    pub const PLAIN: Self = Self { width: 120, colour: false };

    /// The columns to fill: the terminal's, but no fewer than a finding can be read in.
    pub(super) fn columns(self) -> usize {
        self.width.clamp(40, 400)
    }

    /// The text in an ANSI style (`1` bold, `2` dim, `31` red, ...), where colours are wanted.
    pub(super) fn paint(self, code: &str, text: &str) -> String {
        if self.colour { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    }
}

/// ANSI style of a severity.
pub(super) const fn severity_code(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "1;35",
        Severity::High => "1;31",
        Severity::Medium => "33",
        Severity::Low => "36",
        Severity::Info => "2",
    }
}

/// Escaped, and cut with `…` to so many columns.
pub(super) fn fitted(text: &str, columns: usize) -> String {
    let text = escaped(text);
    if text.width() <= columns {
        return text.into_owned();
    }
    let mut out = String::new();
    let mut used = 1;
    for c in text.chars() {
        used += c.width().unwrap_or(0);
        if used > columns {
            break;
        }
        out.push(c);
    }
    out.push('…');
    out
}

/// Filled with blanks to so many columns.
pub(super) fn padded(text: &str, columns: usize) -> String {
    let missing = columns.saturating_sub(text.width());
    format!("{text}{}", " ".repeat(missing))
}

/// Escaped, and broken at blanks into lines of so many columns; a longer word is broken anywhere.
pub(super) fn wrapped(text: &str, columns: usize) -> Vec<String> {
    let columns = columns.max(8);
    let mut lines = vec![String::new()];
    let mut used = 0;
    for word in escaped(text).split(' ').filter(|word| !word.is_empty()) {
        let width = word.width();
        if used > 0 && used + 1 + width > columns {
            lines.push(String::new());
            used = 0;
        }
        for piece in [" "].into_iter().take(usize::from(used > 0)).chain([word]) {
            for c in piece.chars() {
                let width = c.width().unwrap_or(0);
                if used + width > columns {
                    lines.push(String::new());
                    used = 0;
                }
                if let Some(line) = lines.last_mut() {
                    line.push(c);
                }
                used += width;
            }
        }
    }
    lines
}

/// A length of time in one or two units: `850 ms`, `2.5 s`, `5 min`, `1 h 30 min`, `2 d 4 h`.
pub fn human_secs(secs: f64) -> String {
    if !secs.is_finite() || secs < 0.0 {
        return "-".to_owned();
    }
    if secs < 0.9995 {
        return format!("{:.0} ms", secs * 1000.0);
    }
    if secs < 99.95 {
        let tenths = format!("{secs:.1}");
        return format!("{} s", tenths.strip_suffix(".0").unwrap_or(&tenths));
    }
    // Whole seconds from here on; 1e15 s is beyond any log.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to 0..=1e15")]
    let whole = secs.round().min(1e15) as u64;
    let (big, big_unit, small, small_unit) = match whole {
        0..3600 => (whole / 60, "min", whole % 60, "s"),
        3600..86_400 => (whole / 3600, "h", whole % 3600 / 60, "min"),
        _ => (whole / 86_400, "d", whole % 86_400 / 3600, "h"),
    };
    if small == 0 { format!("{big} {big_unit}") } else { format!("{big} {big_unit} {small} {small_unit}") }
}

/// A count with thin groups for people: `1,234,567`.
pub fn human_count(count: u64) -> String {
    let digits = count.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// `1 device`, `1,200 devices`: a noun in the number that is counted.
pub(super) fn counted(count: u64, noun: &str) -> String {
    format!("{} {noun}{}", human_count(count), if count == 1 { "" } else { "s" })
}

/// Bytes for people, in powers of 1024: `3.2 MiB`.
pub fn human_bytes(bytes: u64) -> String {
    const UNITS: [&str; 6] = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
    if bytes < 1024 {
        return format!("{bytes} B");
    }
    let mut value = bytes as f64 / 1024.0;
    let mut units = UNITS.iter();
    let mut unit = units.next().unwrap_or(&"KiB");
    while value >= 1023.95 {
        let Some(next) = units.next() else { break };
        value /= 1024.0;
        unit = next;
    }
    format!("{value:.1} {unit}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_said_in_two_units() {
        for (secs, said) in [
            (0.85, "850 ms"),
            (1.0, "1 s"),
            (2.53, "2.5 s"),
            (99.94, "99.9 s"),
            (100.0, "1 min 40 s"),
            (300.2, "5 min"),
            (5400.0, "1 h 30 min"),
            (187_200.0, "2 d 4 h"),
            (f64::NAN, "-"),
        ] {
            assert_eq!(human_secs(secs), said);
        }
    }

    #[test]
    fn counts_and_bytes_are_grouped() {
        assert_eq!(human_count(999), "999");
        assert_eq!(human_count(1_234_567), "1,234,567");
        assert_eq!(human_bytes(1023), "1023 B");
        assert_eq!(human_bytes(1024 * 1024 - 1), "1.0 MiB");
        assert_eq!(human_bytes(3_355_443), "3.2 MiB");
    }

    #[test]
    fn text_fits_its_columns() {
        assert_eq!(fitted("abcdef", 4), "abc…");
        assert_eq!(fitted("漢字漢字", 5), "漢字…");
        assert_eq!(fitted("a\u{1b}b", 20), "a\\u{1b}b");
        assert_eq!(wrapped("one two three", 8), ["one two", "three"]);
        assert_eq!(wrapped("abcdefghijkl x", 8), ["abcdefgh", "ijkl x"]);
        assert_eq!(padded("漢", 4).width(), 4);
    }
}
