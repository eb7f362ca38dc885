//! Clocks of phones: epoch numbers whose unit is told by their size, and RFC 3339.

use crate::rfc3339;
use undertone_core::model::Timestamp;

/// Smallest epoch number accepted, in seconds: 1973-03-03. Below it the units below overlap, and a phone that
/// reports such a time has a clock that was never set.
const MIN_SECS: u64 = 100_000_000;

/// From here on a number is milliseconds: as seconds it would be past the year 5138.
const MIN_MILLIS: u64 = 100_000_000_000;

/// From here on a number is microseconds.
const MIN_MICROS: u64 = 100_000_000_000_000;

/// From here on a number is nanoseconds; `u64` itself ends in the year 2554.
const MIN_NANOS: u64 = 100_000_000_000_000_000;

/// An instant as a phone writes it: an epoch number in seconds, milliseconds, microseconds or nanoseconds
/// (told apart by magnitude, a fraction is allowed), or RFC 3339.
///
/// `None` for any other text and for times before 1973-03-03. Integers never pass through floating point.
pub(crate) fn parse(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    let is_epoch = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    if is_epoch { epoch(text) } else { rfc3339::parse(text) }
}

/// An epoch number whose unit is told by its magnitude; see [`parse`].
pub(crate) fn epoch(text: &str) -> Option<Timestamp> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let value: u64 = whole.parse().ok()?;
    if !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let decimals = match value {
        MIN_SECS..MIN_MILLIS => 6,
        MIN_MILLIS..MIN_MICROS => 3,
        MIN_MICROS..MIN_NANOS => 0,
        MIN_NANOS.. => return Some(Timestamp::from_micros(i64::try_from(value / 1000).ok()?)),
        _ => return None,
    };
    let mut micros = value;
    let mut digits = fraction.bytes();
    for _ in 0..decimals {
        let digit = digits.next().map_or(0, |byte| u64::from(byte - b'0'));
        micros = micros.checked_mul(10)?.checked_add(digit)?;
    }
    i64::try_from(micros).ok().map(Timestamp::from_micros)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_unit_is_told_by_magnitude() {
        let expected = Some(Timestamp::from_micros(1_781_042_586_821_000));
        for text in [
            "1781042586.821",
            "1781042586821",
            "1781042586821000",
            "1781042586821000000",
            " 1781042586821.0 ",
        ] {
            assert_eq!(parse(text), expected, "{text}");
        }
        assert_eq!(parse("1781041621662367888"), Some(Timestamp::from_micros(1_781_041_621_662_367)));
        assert_eq!(parse("1781042586"), Some(Timestamp::from_secs(1_781_042_586)));
        for bad in ["", ".", "0", "-5", "1e9", "12.3.4", "99999999999999999999", "99999999", "now"] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn zones_are_honoured() {
        assert_eq!(parse("2026-11-20T10:05:00.012+01:00"), parse("2026-11-20T09:05:00.012Z"));
        assert!(parse("2026-11-20T09:05:00.012Z").is_some());
    }
}
