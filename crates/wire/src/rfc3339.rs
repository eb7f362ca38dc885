//! Times as RFC 3339 writes them, and the near misses that logs contain.

use undertone_core::model::{Day, Timestamp};

const MICROS_PER_SEC: i64 = 1_000_000;

/// Parses `2017-03-04T12:00:00.123456Z` and its common variants.
///
/// The separator is `T`, `t` or a space; the fraction has at most nine digits, of which those past the sixth
/// are cut; the offset is `Z`, `z`, `+HH:MM`, `+HHMM` or `+HH` (or `-`). Second 60 (a leap second) is the first
/// instant of the next minute. `None` for anything else, a time without an offset included: it names no
/// instant.
pub fn parse(text: &str) -> Option<Timestamp> {
    parse_bytes(text.as_bytes())
}

/// [`parse`] for bytes that nobody checked for UTF-8; all accepted forms are ASCII.
pub fn parse_bytes(text: &[u8]) -> Option<Timestamp> {
    let (fixed, rest) = text.split_first_chunk::<19>()?;
    let day = day(fixed)?;
    let secs = secs_of_day(fixed)?;
    let (fraction, offset) = fraction(rest)?;
    let offset_secs = offset_secs(offset)?;
    let local = day.start().plus_micros(secs * MICROS_PER_SEC + fraction);
    Some(local.plus_micros(-offset_secs * MICROS_PER_SEC))
}

/// The date in `YYYY-MM-DD...`.
fn day(fixed: &[u8; 19]) -> Option<Day> {
    let [y3, y2, y1, y0, b'-', m1, m0, b'-', d1, d0, b'T' | b't' | b' ', ..] = fixed else { return None };
    let year = two(*y3, *y2)? * 100 + two(*y1, *y0)?;
    Day::from_ymd(i32::try_from(year).ok()?, two(*m1, *m0)?, two(*d1, *d0)?)
}

/// Seconds since midnight in `...HH:MM:SS`.
fn secs_of_day(fixed: &[u8; 19]) -> Option<i64> {
    let [.., h1, h0, b':', m1, m0, b':', s1, s0] = fixed else { return None };
    let (hour, minute, second) = (two(*h1, *h0)?, two(*m1, *m0)?, two(*s1, *s0)?);
    (hour < 24 && minute < 60 && second <= 60).then(|| i64::from(hour * 3600 + minute * 60 + second))
}

/// Microseconds of an optional `.123456789`, and what follows it.
fn fraction(rest: &[u8]) -> Option<(i64, &[u8])> {
    let Some((b'.', digits)) = rest.split_first() else { return Some((0, rest)) };
    let mut micros = 0;
    let mut scale = MICROS_PER_SEC;
    let mut count = 0;
    while let Some(byte) = digits.get(count).filter(|byte| byte.is_ascii_digit()) {
        scale /= 10;
        micros += i64::from(byte - b'0') * scale;
        count += 1;
    }
    (1..=9).contains(&count).then(|| (micros, digits.get(count..).unwrap_or_default()))
}

/// Seconds that the written time is ahead of UTC.
fn offset_secs(offset: &[u8]) -> Option<i64> {
    let (sign, hours, minutes) = match offset {
        [b'Z' | b'z'] => return Some(0),
        [sign, h1, h0] => (*sign, two(*h1, *h0)?, 0),
        [sign, h1, h0, m1, m0] | [sign, h1, h0, b':', m1, m0] => (*sign, two(*h1, *h0)?, two(*m1, *m0)?),
        _ => return None,
    };
    if hours >= 24 || minutes >= 60 {
        return None;
    }
    let secs = i64::from(hours * 3600 + minutes * 60);
    match sign {
        b'+' => Some(secs),
        b'-' => Some(-secs),
        _ => None,
    }
}

/// The number that two digits write.
fn two(tens: u8, ones: u8) -> Option<u32> {
    let digit = |byte: u8| byte.is_ascii_digit().then(|| u32::from(byte - b'0'));
    Some(digit(tens)? * 10 + digit(ones)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn micros(text: &str) -> Option<i64> {
        parse(text).map(Timestamp::micros)
    }

    #[test]
    fn variants_name_the_same_instant() {
        for text in [
            "2017-03-04T12:00:00.123456Z",
            "2017-03-04t12:00:00.123456z",
            "2017-03-04 12:00:00.123456789+00:00",
            "2017-03-04T12:00:00.123456+0000",
            "2017-03-04T12:00:00.123456-00",
            "2017-03-04T17:30:00.123456+05:30",
            "2017-03-04T04:00:00.123456-0800",
        ] {
            assert_eq!(micros(text), Some(1_488_628_800_123_456), "{text}");
        }
        assert_eq!(micros("2017-03-04T12:00:00Z"), Some(1_488_628_800_000_000));
        assert_eq!(micros("2017-03-04T12:00:00.5Z"), Some(1_488_628_800_500_000));
        assert_eq!(micros("1969-12-31T23:59:59.999999Z"), Some(-1));
        assert_eq!(micros("2016-12-31T23:59:60Z"), micros("2017-01-01T00:00:00Z"));
    }

    #[test]
    fn what_names_no_instant_is_refused() {
        for text in [
            "",
            "2017-03-04",
            "2017-03-04T12:00:00",
            "2017-02-29T12:00:00Z",
            "2017-13-01T12:00:00Z",
            "2017-03-04T24:00:00Z",
            "2017-03-04T12:60:00Z",
            "2017-03-04T12:00:61Z",
            "2017-03-04T12:00:00.Z",
            "2017-03-04T12:00:00.1234567890Z",
            "2017-03-04T12:00:00+24:00",
            "2017-03-04T12:00:00*00:00",
            "2017-03-04T12:00:00ZZ",
            "2017-03-04x12:00:00Z",
            "+017-03-04T12:00:00Z",
        ] {
            assert_eq!(micros(text), None, "{text}");
        }
    }

    #[test]
    fn what_is_printed_is_read_back() {
        for micros in [0, 1, -1, 1_777_852_991_120_000, -62_135_596_800_000_000, 253_402_300_799_999_999] {
            let at = Timestamp::from_micros(micros);
            assert_eq!(parse(&at.to_string()), Some(at));
        }
    }
}
