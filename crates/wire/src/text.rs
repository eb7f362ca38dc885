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
#[inline]
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
    // How Zeek's TSV writes it: a point and six digits.
    if let Some((whole, [b'.', fraction @ ..])) = text.as_bytes().split_last_chunk::<7>()
        && let (Some(whole), Some(fraction)) =
            (up_to_eight_digits(whole), eight_digits(with_fraction(*b"00", *fraction)))
    {
        return Some(i64::from(whole) * 1_000_000 + i64::from(fraction));
    }
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

/// A time: decimal seconds since the epoch, milliseconds where a log pipeline made these of them, or RFC 3339.
pub fn instant(text: &str) -> Option<Timestamp> {
    zeek_instant(text.as_bytes()).or_else(|| {
        let number = Timestamp::from_decimal_secs(text.as_bytes())
            .or_else(|| text.contains(['e', 'E']).then(|| decimal_micros(text))?.map(Timestamp::from_micros));
        number.map_or_else(|| rfc3339::parse(text), in_calendar)
    })
}

/// A number of seconds as the time that it is. From the year 33,658 on it is one of milliseconds, the first of which lies
/// in 2001; from the year 10,000 to there it is no time.
fn in_calendar(at: Timestamp) -> Option<Timestamp> {
    match at.micros() {
        MILLIS_MIN.. => within_calendar(Timestamp::from_micros(at.micros() / 1000)),
        _ => within_calendar(at),
    }
}

/// The time if RFC 3339 can write it: of the years 0 to 9999.
pub(crate) fn within_calendar(at: Timestamp) -> Option<Timestamp> {
    Some(at).filter(|at| (YEAR_0..YEAR_10_000).contains(&at.micros()))
}

/// 0000-01-01T00:00:00Z, microseconds.
const YEAR_0: i64 = -62_167_219_200_000_000;

/// 10000-01-01T00:00:00Z, which RFC 3339 cannot write, microseconds.
const YEAR_10_000: i64 = 253_402_300_800_000_000;
/// A million million seconds, microseconds.
const MILLIS_MIN: i64 = 1_000_000_000_000_000_000;

/// Ten digits, a point, six digits: how Zeek writes every time from 2001 to 2286. Needs no check for overflow.
fn zeek_instant(text: &[u8]) -> Option<Timestamp> {
    let text: &[u8; 17] = text.try_into().ok()?;
    let (high, rest) = text.split_first_chunk::<8>()?;
    let [tens, units, b'.', fraction @ ..] = rest else { return None };
    let low = with_fraction([*tens, *units], *fraction.first_chunk::<6>()?);
    let (high, low) = (eight_digits(*high)?, eight_digits(low)?);
    Some(Timestamp::from_micros(i64::from(high) * 100_000_000 + i64::from(low)))
}

/// Two digits and six behind a point, without the point.
fn with_fraction(whole: [u8; 2], fraction: [u8; 6]) -> [u8; 8] {
    let mut digits = [0; 8];
    digits[..2].copy_from_slice(&whole);
    digits[2..].copy_from_slice(&fraction);
    digits
}

/// The number that one to eight digits are.
fn up_to_eight_digits(text: &[u8]) -> Option<u32> {
    let is_number = (1..=8).contains(&text.len()) && text.iter().all(u8::is_ascii_digit);
    is_number.then(|| text.iter().fold(0, |value, byte| value * 10 + u32::from(byte - b'0')))
}

/// The number that eight digits are; neighbours are joined in one word, to pairs, to fours, to all.
fn eight_digits(text: [u8; 8]) -> Option<u32> {
    const ZEROS: u64 = 0x3030_3030_3030_3030;
    let word = u64::from_le_bytes(text);
    let digits = word.wrapping_sub(ZEROS);
    // A byte below '0' borrows and sets its high bit or its neighbour's; one above '9' does when 6 is added to its
    // low half: exact, since every byte must have the high half of '0' to begin with.
    let is_digits = word & 0xf0f0_f0f0_f0f0_f0f0 == ZEROS
        && digits.wrapping_add(0x0606_0606_0606_0606) & 0xf0f0_f0f0_f0f0_f0f0 == 0;
    if !is_digits {
        return None;
    }
    let pairs = (digits * 10 + (digits >> 8)) & 0x00ff_00ff_00ff_00ff;
    let fours = (pairs * 100 + (pairs >> 16)) & 0x0000_ffff_0000_ffff;
    u32::try_from((fours * 10_000 + (fours >> 32)) & 0xffff_ffff).ok()
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
pub(crate) fn ipv4(text: &[u8]) -> Option<Ipv4Addr> {
    let mut rest = text;
    let mut address = 0_u32;
    for index in 0..4 {
        if index > 0 {
            rest = rest.strip_prefix(b".")?;
        }
        let (octet, tail) = octet(rest)?;
        address = address << 8 | octet;
        rest = tail;
    }
    rest.is_empty().then(|| Ipv4Addr::from(address))
}

/// The number of one to three digits that a text starts with, 0..=255, and what follows it.
#[inline]
fn octet(text: &[u8]) -> Option<(u32, &[u8])> {
    let digit =
        |at: usize| text.get(at).map(|byte| u32::from(byte.wrapping_sub(b'0'))).filter(|digit| *digit <= 9);
    let first = digit(0)?;
    let Some(second) = digit(1) else { return Some((first, text.get(1..)?)) };
    let (octet, length) = match digit(2) {
        None => (first * 10 + second, 2),
        Some(third) => (first * 100 + second * 10 + third, 3),
    };
    (first > 0 && octet <= 255).then_some((octet, text.get(length..)?))
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
        for text in ["1521911720600", "1521911720600.0", "1.5219117206e12"] {
            assert_eq!(instant(text).map(Timestamp::micros), Some(1_521_911_720_600_000), "{text}");
        }
        assert_eq!(instant("1521911720600.25").map(Timestamp::micros), Some(1_521_911_720_600_250));
        assert_eq!(
            instant("253402300799").map(Timestamp::day),
            undertone_core::model::Day::from_ymd(9999, 12, 31)
        );
        for text in ["", "1e999", "XXXXXXXXXX.XXXXXX", "yesterday", "253402300800", "999999999999"] {
            assert_eq!(instant(text), None, "{text}");
        }
    }

    #[test]
    fn eight_digits_are_told_from_anything_else() {
        assert_eq!(eight_digits(*b"00000000"), Some(0));
        assert_eq!(eight_digits(*b"12345678"), Some(12_345_678));
        assert_eq!(eight_digits(*b"99999999"), Some(99_999_999));
        for at in 0..8 {
            for byte in 0..=255_u8 {
                let mut text = *b"12345678";
                text[at] = byte;
                let expected = std::str::from_utf8(&text).ok().filter(|text| !text.starts_with('+'));
                assert_eq!(eight_digits(text), expected.and_then(|text| text.parse().ok()), "{text:?}");
            }
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
            "999.1.1.1",
            "1.1.1.256",
            "9999999999.1.1",
            "111111111111111",
            "0.00.0.0",
            "1.1.1.1.",
            "100.200.050.1",
            "1...111",
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
