//! Time as an integer, parsed from decimal text without going through floating point.

use bitcode::{Decode, Encode};
use std::fmt;

/// Microseconds since the Unix epoch, UTC. May be negative (before 1970).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp(i64);

const MICROS_PER_SEC: i64 = 1_000_000;
const SECS_PER_DAY: i64 = 86_400;

impl Timestamp {
    /// A timestamp from microseconds since the epoch.
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// A timestamp from whole seconds since the epoch; saturates at the range of `i64` microseconds.
    pub const fn from_secs(secs: i64) -> Self {
        Self(secs.saturating_mul(MICROS_PER_SEC))
    }

    /// Microseconds since the epoch.
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// Microseconds from `earlier` to `self`; negative when `self` is the earlier one. Saturates.
    pub const fn since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }

    /// The timestamp `micros` later. Saturates.
    #[must_use]
    pub const fn plus_micros(self, micros: i64) -> Self {
        Self(self.0.saturating_add(micros))
    }

    /// The UTC day of this instant.
    pub const fn day(self) -> Day {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "|i64 micros| / 86.4e9 is below 1.07e8, inside i32"
        )]
        Day(self.0.div_euclid(MICROS_PER_SEC * SECS_PER_DAY) as i32)
    }

    /// Hours since the epoch, rounded down; the 40,000 years before and after it that an `i64` of microseconds has beyond
    /// an `i32` of hours count as the ends.
    pub fn hour(self) -> i32 {
        const MICROS_PER_HOUR: i64 = MICROS_PER_SEC * SECS_PER_DAY / 24;
        let hour = self.0.div_euclid(MICROS_PER_HOUR);
        i32::try_from(hour).unwrap_or(if hour < 0 { i32::MIN } else { i32::MAX })
    }

    /// Parses decimal seconds since the epoch (`1557859990.123456`), as Zeek and Suricata write them.
    ///
    /// Digits past the sixth decimal are cut. `None` for an empty text, an exponent, a sign other than a
    /// leading `-`, or a value beyond +-9.2e12 seconds.
    pub fn from_decimal_secs(text: &[u8]) -> Option<Self> {
        decimal_micros(text).map(Self)
    }
}

/// Microseconds of a decimal number of seconds; the rules of [`Timestamp::from_decimal_secs`].
pub(crate) fn decimal_micros(text: &[u8]) -> Option<i64> {
    let (negative, digits) = match text.split_first()? {
        (b'-', rest) => (true, rest),
        _ => (false, text),
    };
    let mut whole: i64 = 0;
    let mut seen = 0_usize;
    let mut rest = digits.iter();
    for &byte in rest.by_ref() {
        match byte {
            b'0'..=b'9' => {
                seen += 1;
                whole = whole.checked_mul(10)?.checked_add(i64::from(byte - b'0'))?;
            }
            b'.' => break,
            _ => return None,
        }
    }
    let mut fraction: i64 = 0;
    let mut scale: i64 = MICROS_PER_SEC;
    for &byte in rest {
        if !byte.is_ascii_digit() {
            return None;
        }
        seen += 1;
        if scale > 1 {
            scale /= 10;
            fraction += i64::from(byte - b'0') * scale;
        }
    }
    if seen == 0 {
        return None;
    }
    let micros = whole.checked_mul(MICROS_PER_SEC)?.checked_add(fraction)?;
    Some(if negative { -micros } else { micros })
}

impl fmt::Display for Timestamp {
    /// RFC 3339 with microseconds: `2026-05-04T00:03:11.120000Z`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let micros = self.0.rem_euclid(MICROS_PER_SEC * SECS_PER_DAY);
        let secs = micros / MICROS_PER_SEC;
        write!(
            f,
            "{}T{:02}:{:02}:{:02}.{:06}Z",
            self.day(),
            secs / 3600,
            secs / 60 % 60,
            secs % 60,
            micros % MICROS_PER_SEC
        )
    }
}

/// A UTC day, counted from 1970-01-01.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Encode, Decode)]
pub struct Day(i32);

impl Day {
    /// A day from its number since 1970-01-01.
    pub const fn from_number(number: i32) -> Self {
        Self(number)
    }

    /// Days since 1970-01-01.
    pub const fn number(self) -> i32 {
        self.0
    }

    /// The first instant of the day.
    pub const fn start(self) -> Timestamp {
        Timestamp::from_secs(self.0 as i64 * SECS_PER_DAY)
    }

    /// The day `days` later (or earlier, when negative).
    #[must_use]
    pub const fn plus(self, days: i32) -> Self {
        Self(self.0.saturating_add(days))
    }

    /// The day of a proleptic Gregorian date; `None` when month or day of the month is out of range.
    pub fn from_ymd(year: i32, month: u32, day: u32) -> Option<Self> {
        const LENGTHS: [u32; 12] = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
        let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        let length = *LENGTHS.get(usize::try_from(month).ok()?.checked_sub(1)?)?;
        let length = if month == 2 && leap { 29 } else { length };
        if day == 0 || day > length || !(-9999..=9999).contains(&year) {
            return None;
        }
        // Days from civil (Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms").
        let y = i64::from(year) - i64::from(month <= 2);
        let era = y.div_euclid(400);
        let year_of_era = y.rem_euclid(400);
        let month_index = i64::from((month + 9) % 12);
        let day_of_year = (153 * month_index + 2) / 5 + i64::from(day) - 1;
        let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
        i32::try_from(era * 146_097 + day_of_era - 719_468).ok().map(Self)
    }

    /// Year, month (1..=12) and day of the month (1..=31).
    pub fn ymd(self) -> (i64, i64, i64) {
        // Civil from days, the inverse of the algorithm above.
        let z = i64::from(self.0) + 719_468;
        let era = z.div_euclid(146_097);
        let day_of_era = z.rem_euclid(146_097);
        let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let month_index = (5 * day_of_year + 2) / 153;
        let month = if month_index < 10 { month_index + 3 } else { month_index - 9 };
        (
            year_of_era + era * 400 + i64::from(month <= 2),
            month,
            day_of_year - (153 * month_index + 2) / 5 + 1,
        )
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = self.ymd();
        write!(f, "{year:04}-{month:02}-{day:02}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimal_seconds_keep_every_microsecond() {
        let parse = |text: &str| Timestamp::from_decimal_secs(text.as_bytes()).map(Timestamp::micros);
        assert_eq!(parse("1557859990.123456"), Some(1_557_859_990_123_456));
        assert_eq!(parse("1557859990"), Some(1_557_859_990_000_000));
        assert_eq!(parse("0.1"), Some(100_000));
        assert_eq!(parse("1.1234567"), Some(1_123_456));
        assert_eq!(parse("-1.5"), Some(-1_500_000));
        for bad in ["", ".", "-", "1e9", "nan", "1.2.3", " 1", "99999999999999999999"] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn days_and_dates_agree() {
        for number in [-719_468, -1, 0, 1, 11_016, 20_577, 49_709] {
            let day = Day::from_number(number);
            let (year, month, of_month) = day.ymd();
            let back = Day::from_ymd(
                i32::try_from(year).unwrap(),
                u32::try_from(month).unwrap(),
                u32::try_from(of_month).unwrap(),
            );
            assert_eq!(back, Some(day));
        }
        assert_eq!(Day::from_ymd(2026, 2, 29), None);
        assert_eq!(Timestamp::from_micros(1_777_852_991_120_000).to_string(), "2026-05-04T00:03:11.120000Z");
        assert_eq!(Timestamp::from_micros(-1).to_string(), "1969-12-31T23:59:59.999999Z");
    }
}
