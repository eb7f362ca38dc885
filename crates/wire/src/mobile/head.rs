//! A shallow look at the first JSON objects of an input, for detection by content.
//!
//! The head may end anywhere, so this reads what is there and never fails.

/// Objects looked at; a feed may open with rows of kinds that are not known here.
const MAX_OBJECTS: usize = 16;

/// Keys looked at in one object.
const MAX_KEYS: usize = 64;

/// One top-level member of an object: its key and its value's text as far as the head goes, without quotes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Member<'a> {
    /// Key, escapes not resolved.
    pub(crate) key: &'a [u8],
    /// Value: a string without its quotes, else the text.
    pub(crate) value: &'a [u8],
}

/// The head of an object: its top-level members.
#[derive(Debug, Default)]
pub(crate) struct ObjectHead<'a>(Vec<Member<'a>>);

impl<'a> ObjectHead<'a> {
    /// The value of a key.
    pub(crate) fn get(&self, key: &str) -> Option<&'a [u8]> {
        self.0.iter().find(|member| member.key == key.as_bytes()).map(|member| member.value)
    }

    /// The keys, in their order.
    pub(crate) fn keys(&self) -> impl Iterator<Item = &'a [u8]> {
        self.0.iter().map(|member| member.key)
    }

    /// Whether the key is there.
    pub(crate) fn has(&self, key: &str) -> bool {
        self.get(key).is_some()
    }

    /// Whether a key has one of these string values.
    pub(crate) fn is_one_of(&self, key: &str, values: &[&str]) -> bool {
        self.get(key).is_some_and(|value| values.iter().any(|known| known.as_bytes() == value))
    }
}

/// The head without byte order mark and leading white space.
pub(crate) fn trimmed(head: &[u8]) -> &[u8] {
    head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head).trim_ascii_start()
}

/// The first objects of a JSON text: one document, an array of objects, or lines. Empty for other texts.
pub(crate) fn objects(head: &[u8]) -> Vec<ObjectHead<'_>> {
    let mut rest = trimmed(head);
    if rest.first() == Some(&b'[') {
        rest = rest.get(1..).unwrap_or_default();
    }
    let mut found = Vec::new();
    while found.len() < MAX_OBJECTS {
        rest = skip(rest, |byte| byte.is_ascii_whitespace() || byte == b',');
        if rest.first() != Some(&b'{') {
            break;
        }
        let mut object = ObjectHead::default();
        rest = members(rest.get(1..).unwrap_or_default(), &mut object.0);
        found.push(object);
    }
    found
}

/// Reads members up to the closing brace; returns what follows it.
fn members<'a>(mut rest: &'a [u8], found: &mut Vec<Member<'a>>) -> &'a [u8] {
    loop {
        rest = skip(rest, |byte| byte.is_ascii_whitespace() || byte == b',');
        match rest.first() {
            Some(b'"') => {}
            Some(b'}') => return rest.get(1..).unwrap_or_default(),
            _ => return &[],
        }
        let (key, after) = string(rest);
        rest = skip(after, |byte| byte.is_ascii_whitespace() || byte == b':');
        let (value, after) = value(rest);
        rest = after;
        if found.len() < MAX_KEYS {
            found.push(Member { key, value });
        }
    }
}

/// A value and what follows it.
fn value(text: &[u8]) -> (&[u8], &[u8]) {
    match text.first() {
        Some(b'"') => string(text),
        Some(b'{' | b'[') => nested(text),
        _ => {
            let end = text.iter().position(|byte| matches!(byte, b',' | b'}' | b'\n')).unwrap_or(text.len());
            text.split_at(end)
        }
    }
}

/// A string's content and what follows its closing quote. `text` starts with the opening quote.
fn string(text: &[u8]) -> (&[u8], &[u8]) {
    let body = text.get(1..).unwrap_or_default();
    let mut escaped = false;
    for (index, &byte) in body.iter().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => {
                return (body.get(..index).unwrap_or_default(), body.get(index + 1..).unwrap_or_default());
            }
            _ => {}
        }
    }
    (body, &[])
}

/// An object or array and what follows it, by counting brackets outside strings.
fn nested(text: &[u8]) -> (&[u8], &[u8]) {
    let (mut depth, mut in_string, mut escaped) = (0_u32, false, false);
    for (index, &byte) in text.iter().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'{' | b'[' if !in_string => depth += 1,
            b'}' | b']' if !in_string => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return text.split_at(index + 1);
                }
            }
            _ => {}
        }
    }
    (text, &[])
}

/// `text` without its leading bytes of one class.
fn skip(text: &[u8], class: impl Fn(u8) -> bool) -> &[u8] {
    let start = text.iter().position(|&byte| !class(byte)).unwrap_or(text.len());
    text.get(start..).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_are_read_from_every_layout() {
        for text in [
            "{\"a\":1,\"b\":{\"c\":\"}\"}}\n{\"a\":2}",
            "\u{feff} [ {\"a\":1,\n \"b\":[\"]\"]}, {\"a\":\"2\"}]",
            "{\"a\":1, \"b\":2} {\"a\":2, \"x",
        ] {
            let found = objects(text.as_bytes());
            assert_eq!(found.len(), 2, "{text}");
            assert!(found[0].has("b") && !found[0].has("c"), "{text}");
            assert_eq!(found[1].get("a"), Some(&b"2"[..]), "{text}");
        }
        assert!(objects(b"time=\"x\"").is_empty());
        assert!(objects(b"").is_empty());
    }

    #[test]
    fn a_head_cut_anywhere_is_read_as_far_as_it_goes() {
        let text = br#"{"kind":"state","ts":"2026-01-01T00:00:00Z","x":{"y":[1,2,"\""]}}"#;
        for end in 0..text.len() {
            let found = objects(&text[..end]);
            assert!(found.len() <= 1);
        }
        assert!(objects(text)[0].is_one_of("kind", &["state"]));
    }
}
