//! Text that an attacker chose, made harmless where people or programs read it.
//!
//! Host names, user agents, package labels and file names come from the network. A terminal obeys control
//! characters, a reader is fooled by bidirectional and invisible ones, and a spreadsheet runs a cell that
//! starts like a formula.

use std::borrow::Cow;
use std::fmt::Write as _;

/// Whether a character is shown escaped: controls (C0, DEL, C1), line separators, bidirectional controls and
/// characters that print nothing.
///
/// Sources: Unicode TR 36 section 3.5 and UAX 9 (bidirectional), TR 39 section 3.1 (default ignorables).
pub fn is_deceptive(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}'
            | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}')
}

/// The text with every deceptive character written as `\u{..}`; harmless on a terminal and in a log.
pub fn escaped(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_deceptive) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if is_deceptive(c) {
            push_escape(&mut out, c);
        } else {
            out.push(c);
        }
    }
    Cow::Owned(out)
}

/// A spreadsheet cell: escaped, and with a leading `'` where a spreadsheet would read a formula.
///
/// A cell is guarded when its first character, after any quotes and blanks, is one of `= + - @`, TAB or CR
/// (OWASP, "CSV Injection"), or the full-width form of one of the signs.
pub fn guarded_cell(text: &str) -> Cow<'_, str> {
    let bare = text.trim_start_matches(['"', '\'', ' ']);
    let risky = ['=', '+', '-', '@', '\t', '\r', '\n', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}'];
    if bare.starts_with(risky) { Cow::Owned(format!("'{}", escaped(text))) } else { escaped(text) }
}

fn push_escape(out: &mut String, c: char) {
    // Writing to a String cannot fail.
    let _infallible = write!(out, "\\u{{{:x}}}", u32::from(c));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deceptive_characters_are_shown_as_numbers() {
        for (text, shown) in [
            ("plain.example.net", "plain.example.net"),
            ("caf\u{e9}.example", "caf\u{e9}.example"),
            ("\u{1b}[31mred", "\\u{1b}[31mred"),
            ("a\u{202e}gpj.exe", "a\\u{202e}gpj.exe"),
            ("a\u{200b}b\u{feff}", "a\\u{200b}b\\u{feff}"),
            ("two\r\nlines", "two\\u{d}\\u{a}lines"),
            ("c1\u{9b}31m", "c1\\u{9b}31m"),
            ("tag\u{e0041}", "tag\\u{e0041}"),
        ] {
            assert_eq!(escaped(text), shown);
        }
    }

    #[test]
    fn formulas_are_guarded_even_behind_quotes() {
        for text in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\"=1", "\"\"@x", " =1", "\u{ff1d}1"] {
            assert!(guarded_cell(text).starts_with('\''), "{text:?}");
        }
        for text in ["a=b", "10.0.0.1", "", "example.net", "\"quoted\""] {
            assert_eq!(guarded_cell(text), text);
        }
    }
}
