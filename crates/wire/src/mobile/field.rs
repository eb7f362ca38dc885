//! Optional fields of a row: absent, `null` and empty are `None`; a value that cannot be read is a reason to
//! reject the row.

use super::clock;
use super::raw::{self, Raw};
use super::row::Unused;
use crate::RejectReason;
use std::borrow::Cow;
use std::net::IpAddr;
use std::str::FromStr;
use undertone_core::model::Timestamp;

/// A text that is not blank. Other values than strings and numbers are absent.
pub(crate) fn text(value: Option<Raw<'_>>) -> Option<Cow<'_, str>> {
    let is_ink = |text: &str| text.as_bytes().first().is_some_and(u8::is_ascii_graphic);
    value?.text().filter(|text| is_ink(text) || !text.trim().is_empty())
}

/// An instant; rules of [`clock::parse`].
pub(crate) fn instant(
    value: Option<Raw<'_>>,
    field: &'static str,
) -> Result<Option<Timestamp>, Unused<'static>> {
    let Some(text) = text(value) else { return Ok(None) };
    clock::parse(&text).map(Some).ok_or(Unused::Reject(RejectReason::BadTimestamp, field))
}

/// An integer in the range of `T`, as a number or a string.
pub(crate) fn integer<T: FromStr>(
    value: Option<Raw<'_>>,
    field: &'static str,
) -> Result<Option<T>, Unused<'static>> {
    let Some(value) = value.filter(|value| value.json() != "\"\"") else { return Ok(None) };
    value.integer().map(Some).ok_or(Unused::Reject(RejectReason::BadNumber, field))
}

/// An address; rules of [`raw::address`].
pub(crate) fn address(
    value: Option<Raw<'_>>,
    field: &'static str,
) -> Result<Option<IpAddr>, Unused<'static>> {
    let Some(text) = text(value) else { return Ok(None) };
    raw::address(&text).map(Some).ok_or(Unused::Reject(RejectReason::BadAddress, field))
}
