//! Text of one field to a value: counts, times, addresses, ports. Shared by the log parsers.
//!
//! Nothing here allocates or goes through floating point. `None` always means "not such a value".

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use undertone_core::model::Timestamp;

use crate::rfc3339;

/// Longest text that a record carries, bytes. Host names end at 253 and useful URIs well below this.
pub const MAX_TEXT_BYTES: usize = 4096;

/// Most significant digits kept of a decimal number; the rest are below a microsecond for any time on Earth.
const MAX_DIGITS: u64 = 100_000_000_000_000_000;

/// The text, cut to [`MAX_TEXT_BYTES`] at a character boundary.
pub fn clip(text: &str) -> &str {
    if text.len() <= MAX_TEXT_BYTES {
        return text;
    }
    text.get(..text.floor_char_boundary(MAX_TEXT_BYTES)).unwrap_or_default()
}

/// A line without its line end.
pub fn trim_line_end(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}

/// A whole number: `146`, or a decimal that is whole (`146.0`, `1e3`) as other JSON writers print it.
pub fn count(text: &str) -> Option<u64> {
    let bytes = text.as_bytes();
    // Nineteen digits cannot overflow.
    if bytes.is_empty() || bytes.len() > 19 {
        return text.parse().ok();
    }
    let mut value = 0_u64;
    for &byte in bytes {
        if !byte.is_ascii_digit() {
            return whole_decimal(text);
        }
        value = value * 10 + u64::from(byte - b'0');
    }
    Some(value)
}

/// The slow path of [`count`].
fn whole_decimal(text: &str) -> Option<u64> {
    let micros = u64::try_from(decimal_micros(text)?).ok()?;
    (micros % 1_000_000 == 0).then_some(micros / 1_000_000)
}

/// A port number, 0..=65535.
pub fn port(text: &str) -> Option<u16> {
    count(text).and_then(|number| u16::try_from(number).ok())
}

/// Millionths of a decimal number (`0.0012309551`, `4.294967e+09`), the seventh decimal rounded half up.
///
/// Rounding makes the full-precision intervals of Zeek's JSON equal to the six decimals of its TSV. `None` when
/// the result does not fit `i64` or the text is not a decimal number.
pub fn decimal_micros(text: &str) -> Option<i64> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (mantissa, power) = mantissa_and_power(digits.as_bytes())?;
    let power = power.checked_add(6)?;
    let magnitude = if mantissa == 0 {
        0
    } else if power >= 0 {
        mantissa.checked_mul(10_u64.checked_pow(u32::try_from(power).ok()?)?)?
    } else {
        match 10_u64.checked_pow(power.unsigned_abs()) {
            Some(divisor) => (mantissa + divisor / 2) / divisor,
            None => 0,
        }
    };
    let micros = i64::try_from(magnitude).ok()?;
    Some(if negative { -micros } else { micros })
}

/// An unsigned decimal as (digits, power of ten); digits past the seventeenth only move the power.
fn mantissa_and_power(text: &[u8]) -> Option<(u64, i32)> {
    let mut mantissa = 0_u64;
    let mut power = 0_i32;
    let mut is_fraction = false;
    let mut seen = false;
    for (at, &byte) in text.iter().enumerate() {
        match byte {
            b'0'..=b'9' => {
                seen = true;
                if mantissa < MAX_DIGITS {
                    mantissa = mantissa * 10 + u64::from(byte - b'0');
                    power -= i32::from(is_fraction);
                } else {
                    power += i32::from(!is_fraction);
                }
            }
            b'.' if !is_fraction => is_fraction = true,
            b'e' | b'E' if seen => {
                let exponent = std::str::from_utf8(text.get(at + 1..)?).ok()?.parse::<i32>().ok()?;
                return Some((mantissa, power.checked_add(exponent)?));
            }
            _ => return None,
        }
    }
    seen.then_some((mantissa, power))
}

/// A time: decimal seconds since the epoch or RFC 3339.
pub fn instant(text: &str) -> Option<Timestamp> {
    zeek_instant(text.as_bytes())
        .or_else(|| Timestamp::from_decimal_secs(text.as_bytes()))
        .or_else(|| rfc3339::parse(text))
        .or_else(|| text.contains(['e', 'E']).then(|| decimal_micros(text))?.map(Timestamp::from_micros))
}

/// Ten digits, a point, six digits: how Zeek writes every time from 2001 to 2286. Needs no check for overflow.
fn zeek_instant(text: &[u8]) -> Option<Timestamp> {
    let (secs, fraction) = text.split_first_chunk::<10>()?;
    let [b'.', fraction @ ..] = fraction else { return None };
    let fraction: &[u8; 6] = fraction.try_into().ok()?;
    let mut micros = 0_i64;
    let mut odd = 0_u8;
    for byte in secs.iter().chain(fraction) {
        let digit = byte.wrapping_sub(b'0');
        odd |= u8::from(digit > 9);
        micros = micros * 10 + i64::from(digit);
    }
    (odd == 0).then(|| Timestamp::from_micros(micros))
}

/// An address; IPv4 and IPv6 in any form that RFC 4291 allows, with or without a zone (`%eth0`).
pub fn addr(text: &str) -> Option<IpAddr> {
    match ipv4(text.as_bytes()) {
        Some(v4) => Some(IpAddr::V4(v4)),
        None => ipv6(text).map(IpAddr::V6),
    }
}

/// Dotted decimal: four groups of one to three digits, each at most 255, no leading zero (it would be octal
/// to some readers).
fn ipv4(text: &[u8]) -> Option<Ipv4Addr> {
    let mut octets = [0_u8; 4];
    let mut rest = text.iter();
    for (index, octet) in octets.iter_mut().enumerate() {
        let mut value = 0_u32;
        let mut digits = 0_u32;
        let mut ended_by_dot = false;
        for &byte in rest.by_ref() {
            if byte == b'.' {
                ended_by_dot = true;
                break;
            }
            if !byte.is_ascii_digit() || digits == 3 || (digits > 0 && value == 0) {
                return None;
            }
            value = value * 10 + u32::from(byte - b'0');
            digits += 1;
        }
        if digits == 0 || ended_by_dot != (index < 3) {
            return None;
        }
        *octet = u8::try_from(value).ok()?;
    }
    Some(Ipv4Addr::from(octets))
}

/// The standard library's reading, without the zone.
fn ipv6(text: &str) -> Option<Ipv6Addr> {
    text.split_once('%').map_or(text, |(addr, _)| addr).parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_whole() {
        for (text, value) in [
            ("0", Some(0)),
            ("146", Some(146)),
            ("146.0", Some(146)),
            ("1e3", Some(1000)),
            ("18446744073709551615", Some(u64::MAX)),
            ("18446744073709551616", None),
            ("", None),
            ("-1", None),
            ("1.5", None),
            ("1e999", None),
            ("0x10", None),
        ] {
            assert_eq!(count(text), value, "{text}");
        }
        assert_eq!(port("65535"), Some(65_535));
        assert_eq!(port("99999"), None);
    }

    #[test]
    fn decimals_round_at_the_microsecond() {
        for (text, micros) in [
            ("0.0012309551239013672", Some(1231)),
            ("12.821130990982056", Some(12_821_131)),
            ("4.294967e+09", Some(4_294_967_000_000_000)),
            ("1.5E-3", Some(1500)),
            ("-0.25", Some(-250_000)),
            ("3", Some(3_000_000)),
            ("0.00000000000000000000000000001", Some(0)),
            ("0e999999999", Some(0)),
            ("1e999", None),
            ("1e99999999999", None),
            ("99999999999999999999", None),
            ("1.2.3", None),
            (".", None),
            ("e5", None),
            ("", None),
            ("nan", None),
        ] {
            assert_eq!(decimal_micros(text), micros, "{text}");
        }
    }

    #[test]
    fn times_are_decimal_or_rfc3339() {
        for text in ["1521911720.6", "1.5219117206e9", "2018-03-24T17:15:20.6Z"] {
            assert_eq!(instant(text).map(Timestamp::micros), Some(1_521_911_720_600_000), "{text}");
        }
        for text in ["", "1e999", "XXXXXXXXXX.XXXXXX", "yesterday"] {
            assert_eq!(instant(text), None, "{text}");
        }
    }

    #[test]
    fn own_ipv4_reading_is_the_standard_one() {
        for text in [
            "0.0.0.0",
            "255.255.255.255",
            "10.1.22.133",
            "256.1.1.1",
            "01.1.1.1",
            "00.1.1.1",
            "1.1.1",
            "1.1.1.1.1",
            "1.1.1.",
            ".1.1.1",
            "1..1.1",
            "1.1.1.1 ",
            "1.1.1.0001",
            "",
            "a.b.c.d",
        ] {
            assert_eq!(ipv4(text.as_bytes()), text.parse().ok(), "{text}");
        }
        assert_eq!(addr("fe80::1%eth0"), "fe80::1".parse().ok());
        assert_eq!(addr("0000:0000:0000:0000:0000:0000:0000:0001"), "::1".parse().ok());
        assert_eq!(addr("example.com"), None);
    }

    #[test]
    fn long_texts_are_cut_between_characters() {
        let long = format!("a{}", "é".repeat(MAX_TEXT_BYTES));
        assert_eq!(clip(&long).len(), MAX_TEXT_BYTES - 1);
        assert_eq!(clip("short"), "short");
    }
}
