//! A YAML document as a tree that knows its lines.

use super::{CONFIG_BYTES_MAX, Problem};
use serde::Deserialize;
use serde::de::{Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_saphyr::Spanned;
use std::fmt;

/// Most nodes: eight for each of 100,000 apps.
const NODES_MAX: usize = 800_000;
/// Deepest nesting: section, name, list, value, and some to spare for a message that says more than "too deep".
const DEPTH_MAX: usize = 16;
/// Longest text that a message repeats, characters.
const SHOWN_CHARS: usize = 60;

/// A value and the line on which it stands.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) line: u64,
    pub(crate) value: Value,
}

/// A value.
#[derive(Debug)]
pub(crate) enum Value {
    Null,
    Flag(bool),
    Number(f64),
    Text(String),
    List(Vec<Node>),
    Map(Vec<Entry>),
}

/// A key with its value.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) line: u64,
    pub(crate) key: String,
    pub(crate) value: Node,
}

impl Node {
    /// The value as a message shows it.
    pub(crate) fn shown(&self) -> String {
        match &self.value {
            Value::Null => "nothing".to_owned(),
            Value::Flag(flag) => format!("`{flag}`"),
            Value::Number(number) => format!("`{number}`"),
            Value::Text(text) => format!("`{}`", text.chars().take(SHOWN_CHARS).collect::<String>()),
            Value::List(_) => "a list".to_owned(),
            Value::Map(_) => "a mapping".to_owned(),
        }
    }

    /// The value as a text; a number is no text.
    pub(crate) fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }
}

/// Reads a document; `None` for one without content.
pub(crate) fn parse(document: &[u8]) -> Result<Option<Node>, Vec<Problem>> {
    let problem = |line, text: String| vec![Problem { line, text }];
    if document.len() > CONFIG_BYTES_MAX {
        return Err(problem(1, format!("the file is over {} MiB", CONFIG_BYTES_MAX >> 20)));
    }
    let text = std::str::from_utf8(document).map_err(|error| {
        let before = document.get(..error.valid_up_to()).unwrap_or_default();
        problem(1 + memchr::memchr_iter(b'\n', before).count() as u64, "not UTF-8".to_owned())
    })?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let is_empty = text.lines().map(str::trim).all(|l| l.is_empty() || l.starts_with('#') || l == "---");
    if is_empty {
        return Ok(None);
    }
    match serde_saphyr::from_str_with_options::<Spanned<Value>>(text, options()) {
        Ok(root) => Ok(Some(Node { line: root.referenced.line(), value: root.value })),
        Err(error) => {
            let line = error.location().map_or(1, |location| location.line());
            let text = error.without_snippet().to_string();
            Err(problem(line, format!("not YAML that can be read: {}", text.replace('\n', " "))))
        }
    }
}

fn options() -> serde_saphyr::Options {
    serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_nodes: NODES_MAX,
            max_events: 2 * NODES_MAX,
            max_depth: DEPTH_MAX,
            max_documents: 1,
            max_aliases: 0,
            max_anchors: 0,
        },
        // Repeated keys are problems like any other, reported with the rest.
        duplicate_keys: serde_saphyr::DuplicateKeyPolicy::PassThrough,
        with_snippet: false,
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ValueVisitor)
    }
}

struct ValueVisitor;

impl<'de> Visitor<'de> for ValueVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_bool<E: Error>(self, flag: bool) -> Result<Value, E> {
        Ok(Value::Flag(flag))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Value, E> {
        Ok(Value::Number(number as f64))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Value, E> {
        Ok(Value::Number(number as f64))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Value, E> {
        Ok(Value::Number(number))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Value, E> {
        Ok(Value::Text(text.to_owned()))
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_none<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element::<Spanned<Value>>()? {
            list.push(Node { line: item.referenced.line(), value: item.value });
        }
        Ok(Value::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut map = Vec::new();
        while let Some(key) = entries.next_key::<Spanned<String>>()? {
            let value = entries.next_value::<Spanned<Value>>()?;
            map.push(Entry {
                line: key.referenced.line(),
                key: key.value,
                value: Node { line: value.referenced.line(), value: value.value },
            });
        }
        Ok(Value::Map(map))
    }
}
