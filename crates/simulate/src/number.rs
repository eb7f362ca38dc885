//! Conversions between floats, counts and times, in one place so that each cast states why it is safe.

/// Microseconds in a second.
pub(crate) const SEC: i64 = 1_000_000;
/// Microseconds in a minute.
pub(crate) const MINUTE: i64 = 60 * SEC;
/// Microseconds in an hour.
pub(crate) const HOUR: i64 = 60 * MINUTE;
/// Microseconds in a day.
pub(crate) const DAY: i64 = 24 * HOUR;

/// A non-negative count from a float: NaN and negatives give 0, large values saturate.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "float to integer `as` saturates, which is the documented result"
)]
pub(crate) fn count(value: f64) -> u64 {
    value as u64
}

/// Microseconds from seconds; saturates.
#[expect(clippy::cast_possible_truncation, reason = "float to integer `as` saturates")]
pub(crate) fn micros(secs: f64) -> i64 {
    (secs * 1e6) as i64
}

/// An index from a random draw that is already below a `usize` length.
#[expect(clippy::cast_possible_truncation, reason = "the caller drew it below a slice length")]
pub(crate) fn index(value: u64) -> usize {
    value as usize
}

/// An unsigned view of a time span; negative spans give 0.
pub(crate) fn unsigned(micros: i64) -> u64 {
    u64::try_from(micros).unwrap_or(0)
}

/// A signed view of a small unsigned number; saturates.
pub(crate) fn signed(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// The low 16 bits.
#[expect(clippy::cast_possible_truncation, reason = "the low bits are wanted")]
pub(crate) fn low16(value: u64) -> u16 {
    value as u16
}

/// The low 32 bits.
#[expect(clippy::cast_possible_truncation, reason = "the low bits are wanted")]
pub(crate) fn low32(value: u64) -> u32 {
    value as u32
}

/// The low 8 bits.
#[expect(clippy::cast_possible_truncation, reason = "the low bits are wanted")]
pub(crate) fn low8(value: u64) -> u8 {
    value as u8
}
