//! A cursor over one JSON line.
//!
//! Log lines are read millions at a time, and all that is wanted of them is a dozen fields as *text*: numbers
//! must not pass through floating point, and an ignored value costs nothing but its bytes. The cursor borrows
//! from the line, allocates nothing, knows exactly how deep it is, and never recurses on input. It is more
//! lenient than RFC 8259 where damage does no harm: control characters inside strings and the order of commas
//! inside ignored values are not checked.

use memchr::memchr2;

use crate::RejectReason;

/// Deepest nesting that is followed. Zeek needs 2 and EVE 5.
pub(crate) const MAX_DEPTH: u32 = 127;

/// Why a line was left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Not JSON.
    Malformed,
    /// Nested deeper than [`MAX_DEPTH`].
    TooDeep,
    /// The caller has seen enough.
    Stop,
}

/// A value as the line writes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scalar<'a> {
    /// `null`, or an object.
    Absent,
    /// A number, `true`, `false`, or the inside of a string that needs no decoding.
    Plain(&'a str),
    /// A string with escapes or a list, quotes and brackets included: see [`decode`].
    Coded(&'a str),
}

/// A position in a line.
#[derive(Debug, Clone)]
pub(crate) struct Cursor<'a> {
    text: &'a str,
    at: usize,
    depth: u32,
}

impl<'a> Cursor<'a> {
    /// A cursor at the start of `text`.
    pub(crate) fn new(text: &'a str) -> Self {
        Self { text, at: 0, depth: 0 }
    }

    /// Reads an object, calling `field` with each key and the cursor before its value, which it must consume.
    /// Keys are given as written.
    pub(crate) fn object(
        &mut self,
        mut field: impl FnMut(&'a str, &mut Self) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        self.enter(b'{')?;
        if self.peek() == Some(b'}') {
            return self.leave();
        }
        loop {
            let key = match self.string()? {
                Scalar::Plain(key) | Scalar::Coded(key) => key,
                Scalar::Absent => "",
            };
            self.expect(b':')?;
            field(key, self)?;
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b'}') => return self.leave(),
                _ => return Err(Fault::Malformed),
            }
        }
    }

    /// Reads a list, calling `item` with the cursor before each item, which it must consume.
    pub(crate) fn list(&mut self, mut item: impl FnMut(&mut Self) -> Result<(), Fault>) -> Result<(), Fault> {
        self.enter(b'[')?;
        if self.peek() == Some(b']') {
            return self.leave();
        }
        loop {
            item(self)?;
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b']') => return self.leave(),
                _ => return Err(Fault::Malformed),
            }
        }
    }

    /// Reads any value; a list of one plain string is that string.
    pub(crate) fn value(&mut self) -> Result<Scalar<'a>, Fault> {
        match self.peek() {
            Some(b'"') => self.string(),
            Some(b'-' | b'0'..=b'9') => Ok(Scalar::Plain(self.number())),
            Some(b't') => self.literal("true").map(Scalar::Plain),
            Some(b'f') => self.literal("false").map(Scalar::Plain),
            Some(b'n') => self.literal("null").map(|_| Scalar::Absent),
            Some(b'{') => self.skip_nested().map(|_| Scalar::Absent),
            Some(b'[') => self.skip_nested().map(single_or_list),
            _ => Err(Fault::Malformed),
        }
    }

    /// Reads an object or a list as written; other values are passed over.
    pub(crate) fn nested(&mut self) -> Result<Option<&'a str>, Fault> {
        match self.peek() {
            Some(b'{' | b'[') => self.skip_nested().map(Some),
            _ => self.value().map(|_| None),
        }
    }

    /// Any value as written.
    pub(crate) fn raw(&mut self) -> Result<&'a str, Fault> {
        let first = self.peek();
        let start = self.at;
        match first {
            Some(b'"') => {
                self.at += 1;
                self.pass_string()?;
            }
            Some(b'{' | b'[') => return self.skip_nested(),
            _ => {
                self.value()?;
            }
        }
        self.slice(start, self.at)
    }

    /// Passes over any value.
    pub(crate) fn skip(&mut self) -> Result<(), Fault> {
        match self.peek() {
            Some(b'{' | b'[') => self.skip_nested().map(|_| ()),
            _ => self.value().map(|_| ()),
        }
    }

    /// The next byte that is not white space.
    pub(crate) fn peek(&mut self) -> Option<u8> {
        loop {
            let byte = *self.text.as_bytes().get(self.at)?;
            if !matches!(byte, b' ' | b'\t' | b'\r' | b'\n') {
                return Some(byte);
            }
            self.at += 1;
        }
    }

    /// Succeeds when nothing but white space is left.
    pub(crate) fn end(&mut self) -> Result<(), Fault> {
        if self.peek().is_none() { Ok(()) } else { Err(Fault::Malformed) }
    }

    fn expect(&mut self, byte: u8) -> Result<(), Fault> {
        if self.peek() == Some(byte) {
            self.at += 1;
            return Ok(());
        }
        Err(Fault::Malformed)
    }

    fn enter(&mut self, open: u8) -> Result<(), Fault> {
        self.expect(open)?;
        self.depth += 1;
        if self.depth > MAX_DEPTH { Err(Fault::TooDeep) } else { Ok(()) }
    }

    /// Passes the closing bracket that was just peeked at.
    #[expect(clippy::unnecessary_wraps, reason = "both callers return its result")]
    fn leave(&mut self) -> Result<(), Fault> {
        self.at += 1;
        self.depth -= 1;
        Ok(())
    }

    fn slice(&self, from: usize, to: usize) -> Result<&'a str, Fault> {
        self.text.get(from..to).ok_or(Fault::Malformed)
    }

    fn string(&mut self) -> Result<Scalar<'a>, Fault> {
        self.expect(b'"')?;
        let start = self.at;
        let is_escaped = self.pass_string()?;
        if is_escaped {
            return self.slice(start - 1, self.at).map(Scalar::Coded);
        }
        self.slice(start, self.at - 1).map(Scalar::Plain)
    }

    /// From inside a string to behind its closing quote; whether it holds escapes.
    fn pass_string(&mut self) -> Result<bool, Fault> {
        let bytes = self.text.as_bytes();
        let mut is_escaped = false;
        loop {
            let rest = bytes.get(self.at..).unwrap_or_default();
            let found = memchr2(b'"', b'\\', rest).ok_or(Fault::Malformed)?;
            if rest.get(found) == Some(&b'"') {
                self.at += found + 1;
                return Ok(is_escaped);
            }
            is_escaped = true;
            self.at += found + 2;
        }
    }

    fn number(&mut self) -> &'a str {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let length = rest
            .bytes()
            .position(|byte| !matches!(byte, b'0'..=b'9' | b'.' | b'-' | b'+' | b'e' | b'E'))
            .unwrap_or(rest.len());
        self.at += length;
        rest.get(..length).unwrap_or_default()
    }

    fn literal(&mut self, name: &'static str) -> Result<&'static str, Fault> {
        if self.text.as_bytes().get(self.at..).is_some_and(|rest| rest.starts_with(name.as_bytes())) {
            self.at += name.len();
            return Ok(name);
        }
        Err(Fault::Malformed)
    }

    /// Passes over an object or list without recursion; brackets must match. Returns it as written.
    fn skip_nested(&mut self) -> Result<&'a str, Fault> {
        let start = self.at;
        let bytes = self.text.as_bytes();
        // One bit for each open bracket: 1 is an object. MAX_DEPTH is below the number of bits.
        let mut open = 0_u128;
        let mut depth = 0_u32;
        loop {
            let byte = *bytes.get(self.at).ok_or(Fault::Malformed)?;
            self.at += 1;
            match byte {
                b'"' => {
                    self.pass_string()?;
                }
                b'{' | b'[' => {
                    depth += 1;
                    if self.depth + depth > MAX_DEPTH {
                        return Err(Fault::TooDeep);
                    }
                    open = open << 1 | u128::from(byte == b'{');
                }
                b'}' | b']' => {
                    if (open & 1 == 1) != (byte == b'}') {
                        return Err(Fault::Malformed);
                    }
                    open >>= 1;
                    depth -= 1;
                    if depth == 0 {
                        return self.slice(start, self.at);
                    }
                }
                _ => {}
            }
        }
    }
}

/// A list as a value: the text of its only item when that is a plain string, else the list.
fn single_or_list(list: &str) -> Scalar<'_> {
    let inside = list.strip_prefix("[\"").and_then(|rest| rest.strip_suffix("\"]"));
    match inside {
        Some(text) if memchr2(b'"', b'\\', text.as_bytes()).is_none() => Scalar::Plain(text),
        None if list.len() == 2 => Scalar::Absent,
        _ => Scalar::Coded(list),
    }
}

/// Appends what a [`Scalar::Coded`] text says: a string unescaped, or the scalars of a list joined with `,`.
/// Lone surrogates and unknown escapes become U+FFFD.
pub(crate) fn decode(coded: &str, out: &mut String) {
    if coded.starts_with('[') {
        let mut is_first = true;
        // A fault ends the list early: the line was already accepted as a whole.
        let _ended = Cursor::new(coded).list(|item| {
            match item.value()? {
                Scalar::Absent => return Ok(()),
                Scalar::Plain(text) => {
                    comma(&mut is_first, out);
                    out.push_str(text);
                }
                Scalar::Coded(text) => {
                    comma(&mut is_first, out);
                    if text.starts_with('"') {
                        unescape(text, out);
                    }
                }
            }
            Ok(())
        });
    } else {
        unescape(coded, out);
    }
}

fn comma(is_first: &mut bool, out: &mut String) {
    if !std::mem::take(is_first) {
        out.push(',');
    }
}

/// Appends the text of a string, given with its quotes.
fn unescape(quoted: &str, out: &mut String) {
    let mut rest = quoted.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(quoted);
    while let Some((plain, escape)) = rest.split_once('\\') {
        out.push_str(plain);
        let mut chars = escape.chars();
        let decoded = match chars.next() {
            Some(same @ ('"' | '\\' | '/')) => same,
            Some('b') => '\u{8}',
            Some('f') => '\u{c}',
            Some('n') => '\n',
            Some('r') => '\r',
            Some('t') => '\t',
            Some('u') => {
                let (decoded, length) = unicode(chars.as_str());
                out.push(decoded);
                rest = chars.as_str().get(length..).unwrap_or_default();
                continue;
            }
            _ => char::REPLACEMENT_CHARACTER,
        };
        out.push(decoded);
        rest = chars.as_str();
    }
    out.push_str(rest);
}

/// The character after `\u`, and how many bytes behind the `u` it took.
fn unicode(text: &str) -> (char, usize) {
    let unit = |from: usize| {
        let digits = text.get(from..from + 4)?;
        digits.bytes().all(|byte| byte.is_ascii_hexdigit()).then_some(())?;
        u32::from_str_radix(digits, 16).ok()
    };
    let Some(high) = unit(0) else { return (char::REPLACEMENT_CHARACTER, 0) };
    if let Some(decoded) = char::from_u32(high) {
        return (decoded, 4);
    }
    let low = if text.get(4..6) == Some("\\u") { unit(6) } else { None };
    match low {
        Some(low @ 0xdc00..=0xdfff) if high < 0xdc00 => {
            let code = 0x1_0000 + ((high - 0xd800) << 10) + (low - 0xdc00);
            (char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER), 10)
        }
        _ => (char::REPLACEMENT_CHARACTER, 4),
    }
}

/// Most keys that [`first_keys`] looks at.
const MAX_SNIFFED_KEYS: usize = 64;

/// The keys of the first line of an input, as far as the `head` of it goes. Empty when it is not a JSON object.
pub(crate) fn first_keys(head: &[u8]) -> Vec<&str> {
    let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
    let line =
        head.split(|&byte| byte == b'\n').find(|line| !line.trim_ascii().is_empty()).unwrap_or_default();
    // A head that ends inside a character is good up to there.
    let text = match std::str::from_utf8(line) {
        Ok(text) => text,
        Err(error) => {
            line.get(..error.valid_up_to()).and_then(|good| std::str::from_utf8(good).ok()).unwrap_or("")
        }
    };
    let mut keys = Vec::new();
    // The line may be cut: whatever was seen before the fault counts.
    let _ended = Cursor::new(text).object(|key, value| {
        keys.push(key);
        if keys.len() == MAX_SNIFFED_KEYS { Err(Fault::Stop) } else { value.skip() }
    });
    keys
}

impl Fault {
    /// How a line with this fault is rejected.
    pub(crate) fn reject(self) -> (RejectReason, &'static str) {
        match self {
            Self::Malformed | Self::Stop => (RejectReason::BadJson, "not a JSON object"),
            Self::TooDeep => (RejectReason::TooDeep, "nested deeper than 127"),
        }
    }
}

#[cfg(test)]
mod tests;
