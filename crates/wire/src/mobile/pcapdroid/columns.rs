//! Which column is where, although nothing is quoted.

use crate::RejectReason;
use crate::mobile::row::Unused;

/// Columns of free text, which stand together and may hold commas.
const FREE: [&str; 5] = ["app", "packagename", "proto", "status", "info"];

/// Most columns of a header.
const MAX_COLUMNS: usize = 64;

/// Most parts of a row: more commas than that are not an app label.
const MAX_PARTS: usize = 512;

/// The columns of a file, by the lower-case names of its header.
#[derive(Debug)]
pub(super) struct Columns {
    /// Before the free texts, counted from the left.
    left: Vec<String>,
    /// The free texts.
    free: Vec<String>,
    /// Behind the free texts, counted from the right end.
    right: Vec<String>,
}

/// One row by column; empty is absent.
#[derive(Debug, Default)]
pub(super) struct Fields<'a> {
    pub(super) ip_proto: Option<&'a str>,
    pub(super) src_ip: Option<&'a str>,
    pub(super) src_port: Option<&'a str>,
    pub(super) dst_ip: Option<&'a str>,
    pub(super) dst_port: Option<&'a str>,
    pub(super) uid: Option<&'a str>,
    pub(super) app: Option<&'a str>,
    pub(super) package: Option<&'a str>,
    pub(super) proto: Option<&'a str>,
    pub(super) info: Option<&'a str>,
    pub(super) bytes_sent: Option<&'a str>,
    pub(super) bytes_rcvd: Option<&'a str>,
    pub(super) first_seen: Option<&'a str>,
    pub(super) last_seen: Option<&'a str>,
}

impl Columns {
    /// The columns of a header line; `None` for any other line.
    pub(super) fn from_header(line: &str) -> Option<Self> {
        let is_header = line.len() >= 12
            && line.get(..8).is_some_and(|start| !start.contains(|c: char| c.is_ascii_digit()));
        if !is_header {
            return None;
        }
        let names: Vec<String> = line
            .split(',')
            .take(MAX_COLUMNS)
            .map(|name| name.trim_matches(['"', ' ']).to_ascii_lowercase())
            .collect();
        if !["ipproto", "dstip", "firstseen"].iter().all(|name| names.iter().any(|found| found == name)) {
            return None;
        }
        let is_free = |name: &String| FREE.contains(&name.as_str());
        let first = names.iter().position(is_free).unwrap_or(names.len());
        let behind = names.iter().rposition(is_free).map_or(first, |last| last + 1);
        let mut names = names.into_iter();
        let left = names.by_ref().take(first).collect();
        let free = names.by_ref().take(behind - first).collect();
        Some(Self { left, free, right: names.collect() })
    }

    /// The fields of a row.
    pub(super) fn split<'a>(&self, line: &'a str) -> Result<Fields<'a>, Unused<'a>> {
        let parts: Vec<&'a str> = line.split(',').take(MAX_PARTS).collect();
        let anchored = self.left.len() + self.right.len();
        if parts.len() < anchored + self.free.len() {
            return Err(Unused::Reject(RejectReason::MissingColumns, "fewer columns than the header"));
        }
        if parts.len() == MAX_PARTS {
            return Err(Unused::Reject(RejectReason::LimitReached, "over 511 commas"));
        }
        let (left, rest) = parts.split_at(self.left.len());
        let (free, right) = rest.split_at(rest.len() - self.right.len());
        let mut fields = Fields::default();
        let anchors = self.left.iter().zip(left).chain(self.right.iter().zip(right));
        for (name, value) in anchors {
            fields.set(name, value);
        }
        for (name, value) in self.free.iter().zip(self.free_texts(line, free)) {
            fields.set(name, value);
        }
        Ok(fields)
    }

    /// The free texts of a row, one per column. Where there are more parts than columns, some label or info
    /// holds commas: the package (or, in files without one, the protocol) tells where the label ends.
    fn free_texts<'a>(&self, line: &'a str, parts: &[&'a str]) -> Vec<&'a str> {
        let extra = parts.len().saturating_sub(self.free.len());
        let mut label_extra = 0;
        let has_label = self.free.first().is_some_and(|name| name == "app");
        if extra > 0 && has_label {
            let anchor: fn(&str) -> bool = match self.free.get(1).map(String::as_str) {
                Some("packagename") => is_package,
                _ => is_protocol,
            };
            let ends = 1..=1 + extra;
            label_extra =
                ends.clone().position(|at| parts.get(at).is_some_and(|part| anchor(part))).unwrap_or(0);
        }
        let mut texts = Vec::with_capacity(self.free.len());
        let mut next = 0;
        for index in 0..self.free.len() {
            let taken = match index {
                0 if has_label => 1 + label_extra,
                _ if index + 1 == self.free.len() => parts.len().saturating_sub(next),
                _ => 1,
            };
            texts.push(joined(line, parts.get(next..next + taken).unwrap_or_default()));
            next += taken;
        }
        texts
    }
}

impl<'a> Fields<'a> {
    fn set(&mut self, name: &str, value: &'a str) {
        let value = value.trim_matches(['"', ' ']);
        let field = match name {
            "ipproto" => &mut self.ip_proto,
            "srcip" => &mut self.src_ip,
            "srcport" => &mut self.src_port,
            "dstip" => &mut self.dst_ip,
            "dstport" => &mut self.dst_port,
            "uid" => &mut self.uid,
            "app" => &mut self.app,
            "packagename" => &mut self.package,
            "proto" => &mut self.proto,
            "info" => &mut self.info,
            "bytessent" => &mut self.bytes_sent,
            "bytesrcvd" => &mut self.bytes_rcvd,
            "firstseen" => &mut self.first_seen,
            "lastseen" => &mut self.last_seen,
            _ => return,
        };
        *field = (!value.is_empty()).then_some(value);
    }
}

/// Neighbouring parts of a line as the one text that they were, commas included.
fn joined<'a>(line: &'a str, parts: &[&'a str]) -> &'a str {
    let (Some(first), Some(last)) = (parts.first(), parts.last()) else { return "" };
    let start = first.as_ptr() as usize - line.as_ptr() as usize;
    let end = last.as_ptr() as usize + last.len() - line.as_ptr() as usize;
    line.get(start..end).unwrap_or_default()
}

/// `com.example.app`: words of letters, digits and `_`, at least one dot. Android's own `android` counts.
fn is_package(part: &str) -> bool {
    part == "android"
        || part.contains('.')
            && part.split('.').all(|word| {
                word.starts_with(|first: char| first.is_ascii_alphabetic())
                    && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
            })
}

/// A protocol as nDPI names it: `TLS`, `DNS`, `HTTP`, `QUIC`, `TCP`, `ICMPv6`, `TLS.Google`.
fn is_protocol(part: &str) -> bool {
    let mut bytes = part.bytes();
    part.len() <= 24
        && bytes.next().is_some_and(|first| first.is_ascii_uppercase())
        && bytes.next().is_some_and(|second| second.is_ascii_uppercase())
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-' | b'/'))
}
