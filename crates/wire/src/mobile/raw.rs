//! JSON values kept as text until a field needs them.
//!
//! Vendors write the same field as a number, as a string or as `null`. Keeping the text makes every spelling
//! readable without a value tree, keeps integers exact, and lets a wrong field reject its own row with a
//! reason instead of failing the JSON parser. Skipping a value does not recurse, so nesting costs nothing.

use super::clock;
use crate::json::{Cursor, Fault};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::net::IpAddr;
use std::str::FromStr;
use undertone_core::model::Timestamp;

/// Addresses of one answer list that are kept; resolvers report far fewer (Android logs 10).
const MAX_LIST_ITEMS: usize = 256;

/// One JSON value as it stands in the text.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Raw<'a>(&'a str);

impl<'de: 'a, 'a> Deserialize<'de> for Raw<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        <&RawValue>::deserialize(deserializer).map(|value| Self(value.get()))
    }
}

impl<'a> Raw<'a> {
    /// The value at a cursor, passed over; `None` for `null`.
    pub(crate) fn read(cursor: &mut Cursor<'a>) -> Result<Option<Self>, Fault> {
        cursor.raw().map(|json| (json != "null").then_some(Self(json)))
    }

    /// The JSON text.
    pub(crate) fn json(self) -> &'a str {
        self.0
    }

    /// A string's content, or a number as written. `None` for other values.
    pub(crate) fn text(self) -> Option<Cow<'a, str>> {
        let json = self.0;
        match json.as_bytes().first()? {
            b'"' => {
                let inner = json.strip_prefix('"')?.strip_suffix('"')?;
                if memchr::memchr(b'\\', inner.as_bytes()).is_none() {
                    return Some(Cow::Borrowed(inner));
                }
                serde_json::from_str::<String>(json).ok().map(Cow::Owned)
            }
            b'-' | b'0'..=b'9' => Some(Cow::Borrowed(json)),
            _ => None,
        }
    }

    /// An integer, written as a number or as a string. `None` for others and out of range.
    pub(crate) fn integer<T: FromStr>(self) -> Option<T> {
        self.text()?.trim().parse().ok()
    }

    /// A truth value: `true`, `false`, 0, 1, as such or as a string.
    pub(crate) fn truth(self) -> Option<bool> {
        match self.json().trim_matches('"') {
            "true" | "1" => Some(true),
            "false" | "0" => Some(false),
            _ => None,
        }
    }

    /// An instant; rules of [`clock::parse`].
    pub(crate) fn instant(self) -> Option<Timestamp> {
        clock::parse(&self.text()?)
    }

    /// The items of an array (the first 256), or nothing for other values.
    pub(crate) fn items(self) -> Vec<Raw<'a>> {
        let mut items = self.every_item().unwrap_or_default();
        items.truncate(MAX_LIST_ITEMS);
        items
    }

    /// Every item of an array; `None` for other values. As long as the text is bounded, so is the list.
    pub(crate) fn every_item(self) -> Option<Vec<Raw<'a>>> {
        let mut items = Vec::new();
        let mut cursor = Cursor::new(self.json());
        let read = cursor.list(|item| {
            items.push(Self(item.raw()?));
            Ok(())
        });
        if read.and_then(|()| cursor.end()).is_ok() {
            return Some(items);
        }
        serde_json::from_str(self.json()).ok()
    }

    /// Addresses or names of an answer list: a string as it is, an array joined with `,`. Java's leading `/`
    /// is dropped from each item.
    pub(crate) fn joined(self) -> Cow<'a, str> {
        if !self.json().starts_with('[') {
            return self.text().unwrap_or_default();
        }
        let mut joined = String::new();
        for text in self.items().into_iter().filter_map(Raw::text) {
            if !joined.is_empty() {
                joined.push(',');
            }
            joined.push_str(after_slash(&text));
        }
        Cow::Owned(joined)
    }
}

/// The part after the last `/`: Java prints an address as `host/1.2.3.4` or `/1.2.3.4`.
fn after_slash(text: &str) -> &str {
    text.rsplit('/').next().unwrap_or(text)
}

/// An address as phones print it: bare, in brackets, with a zone (`fe80::1%wlan0`), or after Java's `/`.
/// IPv4-mapped IPv6 becomes IPv4.
pub(crate) fn address(text: &str) -> Option<IpAddr> {
    if let Some(bare) = crate::text::ipv4(text.as_bytes()) {
        return Some(IpAddr::V4(bare));
    }
    let bare = after_slash(text.trim()).trim_matches(['[', ']']);
    let bare = bare.split('%').next()?;
    bare.parse::<IpAddr>().ok().map(|addr| addr.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(json: &str) -> Raw<'_> {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn values_are_read_in_every_spelling() {
        assert_eq!(raw("443").integer::<u16>(), Some(443));
        assert_eq!(raw("\"443\"").integer::<u16>(), Some(443));
        assert_eq!(raw("70000").integer::<u16>(), None);
        assert_eq!(raw("9007199254740993").integer::<u64>(), Some(9_007_199_254_740_993));
        assert_eq!(raw(r#""a\u0062\n""#).text().as_deref(), Some("ab\n"));
        assert_eq!(raw("{\"a\":1}").text(), None);
        assert_eq!(raw("\"1\"").truth(), Some(true));
        assert_eq!(raw("[\"/1.2.3.4\",\"ip6-localhost/::1\"]").joined(), "1.2.3.4,::1");
        assert_eq!(raw("\"1.2.3.4\"").joined(), "1.2.3.4");
    }

    #[test]
    fn addresses_are_read_as_java_prints_them() {
        for (text, expected) in [
            ("/1.2.3.4", "1.2.3.4"),
            ("ip6-localhost/::1", "::1"),
            ("fe80::1%wlan0", "fe80::1"),
            ("[2606:4700::1]", "2606:4700::1"),
            ("::ffff:10.0.0.1", "10.0.0.1"),
        ] {
            assert_eq!(address(text), expected.parse().ok(), "{text}");
        }
        assert_eq!(address("host"), None);
    }

    #[test]
    fn deep_nesting_is_skipped_without_recursion() {
        let json = format!("{}{}", "[".repeat(200_000), "]".repeat(200_000));
        assert_eq!(raw(&json).text(), None);
    }
}
