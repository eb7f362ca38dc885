//! Heads of requests and responses.

use super::super::outlet::Outlet;
use super::body::Framing;
use crate::http_target::Target;
use undertone_core::model::{Exchange, ExchangeKind, Timestamp};

/// Header fields read of one head.
const FIELDS_MAX: usize = 128;
/// Longest text kept of a host, a path or a `User-Agent`.
pub(super) const TEXT_BYTES_MAX: usize = 2048;
/// Longest method kept; the registered ones have at most 17 letters.
pub(super) const METHOD_BYTES_MAX: usize = 32;

/// A request whose answer is to come.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) at: Timestamp,
    pub(super) method: String,
    pub(super) host: Option<String>,
    pub(super) path: Option<String>,
    pub(super) user_agent: Option<String>,
    pub(super) is_proxied: bool,
    pub(super) is_upgrade: bool,
    pub(super) body_bytes: u64,
}

/// What a response's head says.
#[derive(Debug)]
pub(super) struct ResponseHead {
    pub(super) status: u16,
    /// How the body ends, where fields say it.
    pub(super) framing: Option<Framing>,
}

impl Request {
    /// Reads a head; the request, and how its body ends where fields say it.
    pub(super) fn read(head: &[u8], at: Timestamp) -> Option<(Self, Option<Framing>)> {
        let mut fields = [httparse::EMPTY_HEADER; FIELDS_MAX];
        let mut parsed = httparse::Request::new(&mut fields);
        parsed.parse(head).ok()?;
        let host = field(parsed.headers, "host");
        let target = Target::new(parsed.method, host.as_deref(), parsed.path);
        let text = |text: &str| cut(text, TEXT_BYTES_MAX);
        let upgrade = field(parsed.headers, "upgrade");
        let request = Self {
            at,
            method: cut(parsed.method.unwrap_or_default(), METHOD_BYTES_MAX),
            host: target.host.map(text),
            path: target.path.map(text),
            user_agent: field(parsed.headers, "user-agent").as_deref().map(text),
            is_proxied: target.is_proxied,
            is_upgrade: upgrade.is_some_and(|to| to.eq_ignore_ascii_case("websocket")),
            body_bytes: 0,
        };
        Some((request, framing(parsed.headers)))
    }

    /// Bytes of memory that it holds.
    pub(super) fn held_bytes(&self) -> usize {
        let texts = [self.host.as_ref(), self.path.as_ref(), self.user_agent.as_ref(), Some(&self.method)];
        size_of::<Self>() + texts.into_iter().flatten().map(String::capacity).sum::<usize>()
    }

    /// Writes down what was asked.
    pub(super) fn fill<'a>(&'a self, exchange: &mut Exchange<'a>) {
        exchange.host = self.host.as_deref();
        exchange.is_proxied = self.is_proxied;
        exchange.method = Some(&self.method);
        exchange.path = self.path.as_deref();
        exchange.user_agent = self.user_agent.as_deref();
        exchange.orig_bytes = Some(self.body_bytes);
    }

    /// Sends it alone.
    pub(super) fn unanswered(&self, out: &mut Outlet<'_>) {
        let mut exchange = out.exchange(ExchangeKind::Http, self.at);
        self.fill(&mut exchange);
        out.send(exchange);
    }
}

impl ResponseHead {
    /// Reads a head.
    pub(super) fn read(head: &[u8]) -> Option<Self> {
        let mut fields = [httparse::EMPTY_HEADER; FIELDS_MAX];
        let mut parsed = httparse::Response::new(&mut fields);
        parsed.parse(head).ok()?;
        Some(Self { status: parsed.code.unwrap_or_default(), framing: framing(parsed.headers) })
    }
}

/// True for bytes that begin a request: a method, then a space.
pub(in crate::capture) fn is_request(data: &[u8]) -> bool {
    const METHODS: [&str; 22] = [
        "GET",
        "POST",
        "HEAD",
        "PUT",
        "DELETE",
        "OPTIONS",
        "PATCH",
        "CONNECT",
        "TRACE",
        "PROPFIND",
        "PROPPATCH",
        "MKCOL",
        "COPY",
        "MOVE",
        "LOCK",
        "UNLOCK",
        "REPORT",
        "SEARCH",
        "SUBSCRIBE",
        "NOTIFY",
        "M-SEARCH",
        "SOURCE",
    ];
    METHODS
        .iter()
        .any(|method| data.strip_prefix(method.as_bytes()).is_some_and(|rest| rest.first() == Some(&b' ')))
}

/// True for bytes that begin a response.
pub(in crate::capture) fn is_response(data: &[u8]) -> bool {
    data.starts_with(b"HTTP/1.")
}

/// One past the empty line that ends a head, looking from `from`. A bare line feed is allowed.
pub(super) fn head_end(head: &[u8], from: usize) -> Option<usize> {
    memchr::memchr_iter(b'\n', head.get(from..)?).map(|at| from + at).find_map(|at| {
        match head.get(at + 1..)? {
            [b'\n', ..] => Some(at + 2),
            [b'\r', b'\n', ..] => Some(at + 3),
            _ => None,
        }
    })
}

fn field(fields: &[httparse::Header<'_>], name: &str) -> Option<String> {
    let value = fields.iter().find(|field| field.name.eq_ignore_ascii_case(name))?.value;
    let text = String::from_utf8_lossy(value);
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

/// How the fields say that a body ends; `None` when they say nothing.
fn framing(fields: &[httparse::Header<'_>]) -> Option<Framing> {
    if let Some(coding) = field(fields, "transfer-encoding") {
        let last = coding.rsplit(',').next().unwrap_or_default().trim();
        return Some(if last.eq_ignore_ascii_case("chunked") { Framing::Chunked } else { Framing::ToClose });
    }
    field(fields, "content-length").map(|len| len.parse().map_or(Framing::ToClose, Framing::Length))
}

/// A text cut at so many bytes, on a character.
fn cut(text: &str, most: usize) -> String {
    text.get(..text.floor_char_boundary(most)).unwrap_or_default().to_owned()
}
