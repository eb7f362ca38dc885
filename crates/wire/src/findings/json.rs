//! JSON as every finding format writes it: numbers of a stated precision and text that no terminal obeys.

use super::text::is_deceptive;
use serde::ser::Error as _;
use serde::{Serialize, Serializer};
use serde_json::ser::{CompactFormatter, Formatter};
use std::fmt::Display;
use std::io::{self, Write};

/// Writes one value as JSON on one line, without the line feed.
///
/// # Errors
/// The output's error, or [`io::ErrorKind::InvalidData`] for a number that must be finite and is not.
pub(crate) fn write_json<W: Write, T: Serialize>(out: W, value: &T) -> io::Result<()> {
    let mut serializer = serde_json::Serializer::with_formatter(out, HarmlessFormatter);
    value.serialize(&mut serializer).map_err(io::Error::from)
}

/// Writes one value as JSON on one line, with the line feed.
pub(crate) fn write_json_line<W: Write, T: Serialize>(mut out: W, value: &T) -> io::Result<()> {
    write_json(&mut out, value)?;
    out.write_all(b"\n")
}

/// Compact JSON in which deceptive characters are `\uXXXX`: the same value, harmless when shown.
struct HarmlessFormatter;

impl Formatter for HarmlessFormatter {
    fn write_string_fragment<W: Write + ?Sized>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        let mut rest = fragment;
        while let Some(at) = rest.find(is_deceptive) {
            let (plain, tail) = rest.split_at(at);
            CompactFormatter.write_string_fragment(writer, plain)?;
            let mut chars = tail.chars();
            let deceptive = chars.next().unwrap_or_default();
            for unit in deceptive.encode_utf16(&mut [0; 2]) {
                write!(writer, "\\u{unit:04x}")?;
            }
            rest = chars.as_str();
        }
        CompactFormatter.write_string_fragment(writer, rest)
    }
}

/// A value shown by its `Display` form (times, days, addresses).
pub(crate) struct Shown<T>(pub(crate) T);

impl<T: Display> Serialize for Shown<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

/// A number that must be finite, rounded to `DECIMALS` decimals.
#[derive(Clone, Copy)]
pub(crate) struct Decimals<const DECIMALS: u8>(pub(crate) f64);

impl<const DECIMALS: u8> Serialize for Decimals<DECIMALS> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if !self.0.is_finite() {
            return Err(S::Error::custom("a number that must be finite is not"));
        }
        serializer.serialize_f64(round_to(self.0, DECIMALS))
    }
}

/// A number to six significant digits; one that is not finite is absent.
#[derive(Clone, Copy)]
pub(crate) struct Significant(pub(crate) f64);

impl Serialize for Significant {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match significant(self.0) {
            Some(value) => serializer.serialize_f64(value),
            None => serializer.serialize_none(),
        }
    }
}

/// The number rounded half away from zero to so many decimals; never `-0.0`.
pub(crate) fn round_to(value: f64, decimals: u8) -> f64 {
    let scale = 10_f64.powi(i32::from(decimals));
    // Past 2^52 a double has no decimals left to round, and the product could overflow.
    if value.abs() >= 4.5e15 / scale {
        return value;
    }
    (value * scale).round() / scale + 0.0
}

/// The number to six significant digits, `None` when it is not finite.
pub(super) fn significant(value: f64) -> Option<f64> {
    if !value.is_finite() {
        return None;
    }
    // Through text: the nearest double to the shown decimal on every platform.
    format!("{value:.5e}").parse::<f64>().ok().map(|rounded| rounded + 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json<T: Serialize>(value: &T) -> String {
        let mut out = Vec::new();
        write_json(&mut out, value).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn deceptive_text_is_escaped_and_reads_back() {
        let text = "a\u{1b}[0m\u{202e}\u{200b}\u{e0041}\u{9b}\"\\";
        let shown = json(&text);
        assert_eq!(shown, r#""a\u001b[0m\u202e\u200b\udb40\udc41\u009b\"\\""#);
        assert_eq!(serde_json::from_str::<String>(&shown).unwrap(), text);
    }

    #[test]
    fn numbers_have_their_precision() {
        assert_eq!(json(&Decimals::<1>(87.34)), "87.3");
        assert_eq!(json(&Decimals::<3>(-0.0001)), "0.0");
        assert_eq!(json(&Decimals::<3>(1e300)), "1e+300");
        assert_eq!(json(&Significant(0.000_123_456_78)), "0.000123457");
        assert_eq!(json(&Significant(123_456_789.0)), "123457000.0");
        assert_eq!(json(&Significant(f64::NAN)), "null");
        assert!(write_json(Vec::new(), &Decimals::<1>(f64::INFINITY)).is_err());
    }
}
