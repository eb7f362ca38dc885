//! HTTP/1 along a connection: request and response heads, bodies skipped (RFC 9112). Heads are read by
//! `httparse`; after lost bytes the parser finds the next head by its first line.

use super::app::Turn;
use super::outlet::{Outlet, Side};
use std::collections::VecDeque;
use undertone_core::model::{ExchangeKind, Timestamp};

/// Largest head read.
const HEAD_BYTES_MAX: usize = 32 * 1024;
/// Header fields read of one head.
const FIELDS_MAX: usize = 128;
/// Requests waiting for their response (pipelining).
const PENDING_MAX: usize = 64;
/// Longest text kept of a path or a `User-Agent`.
const TEXT_BYTES_MAX: usize = 2048;
/// Longest method kept; the registered ones have at most 17 letters.
const METHOD_BYTES_MAX: usize = 32;
/// Longest line of a chunk size with its extensions.
const CHUNK_LINE_MAX: usize = 1024;

/// What the next bytes of a direction belong to.
#[derive(Debug, Default)]
enum Stage {
    #[default]
    Head,
    Body(u64),
    ToClose,
    ChunkSize(Vec<u8>),
    ChunkData(u64),
    /// Trailer fields after the last chunk, up to the empty line.
    Trailer(usize),
    /// Bytes were lost: looks for the next head.
    Lost,
}

#[derive(Debug)]
struct Request {
    at: Timestamp,
    method: String,
    host: Option<String>,
    path: String,
    user_agent: Option<String>,
    is_proxied: bool,
    is_upgrade: bool,
    body_bytes: u64,
}

/// A response whose body is still arriving.
#[derive(Debug)]
struct Response {
    request: Option<Request>,
    at: Timestamp,
    status: u16,
    body_bytes: u64,
}

/// HTTP of one connection.
#[derive(Debug, Default)]
pub(super) struct Http {
    orig_stage: Stage,
    resp_stage: Stage,
    orig_head: Vec<u8>,
    resp_head: Vec<u8>,
    pending: VecDeque<Request>,
    response: Option<Response>,
}

/// How a body ends.
enum Framing {
    Length(u64),
    Chunked,
    ToClose,
}

impl Http {
    /// True for bytes that begin a request: a method, then a space.
    pub(super) fn is_request(data: &[u8]) -> bool {
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
        METHODS.iter().any(|method| {
            data.strip_prefix(method.as_bytes()).is_some_and(|rest| rest.first() == Some(&b' '))
        })
    }

    /// True for bytes that begin a response.
    pub(super) fn is_response(data: &[u8]) -> bool {
        data.starts_with(b"HTTP/1.")
    }

    pub(super) fn data(&mut self, side: Side, mut data: &[u8], out: &mut Outlet<'_>) -> Turn {
        while !data.is_empty() {
            let stage = match side {
                Side::Orig => &mut self.orig_stage,
                Side::Resp => &mut self.resp_stage,
            };
            let body_bytes = match stage {
                Stage::Head => match self.head(side, &mut data, out) {
                    Turn::Stay => continue,
                    turn => return turn,
                },
                Stage::Lost => {
                    let is_head =
                        if side == Side::Orig { Self::is_request(data) } else { Self::is_response(data) };
                    if !is_head {
                        return Turn::Stay;
                    }
                    *stage = Stage::Head;
                    0
                }
                _ => stage.pass(&mut data),
            };
            let is_done = matches!(stage, Stage::Head);
            self.count_body(side, body_bytes, is_done, out);
        }
        Turn::Stay
    }

    /// Bytes were lost in one direction.
    pub(super) fn gap(&mut self, side: Side, len: u64, out: &mut Outlet<'_>) {
        let (stage, head) = match side {
            Side::Orig => (&mut self.orig_stage, &mut self.orig_head),
            Side::Resp => (&mut self.resp_stage, &mut self.resp_head),
        };
        head.clear();
        match stage {
            Stage::Body(left) if *left >= len => {
                *left -= len;
                if *left == 0 {
                    *stage = Stage::Head;
                }
                let is_done = matches!(stage, Stage::Head);
                self.count_body(side, len, is_done, out);
            }
            Stage::ChunkData(left) if *left > len => {
                *left -= len;
                self.count_body(side, len, false, out);
            }
            Stage::ToClose => self.count_body(side, len, false, out),
            _ => {
                *stage = Stage::Lost;
                // Which response belongs to which request is not known past lost responses.
                if side == Side::Resp {
                    self.flush(out);
                }
            }
        }
    }

    fn count_body(&mut self, side: Side, bytes: u64, is_done: bool, out: &mut Outlet<'_>) {
        match side {
            Side::Orig => {
                if let Some(request) = self.pending.back_mut() {
                    request.body_bytes += bytes;
                } else if let Some(request) = self.response.as_mut().and_then(|r| r.request.as_mut()) {
                    // The server answered before the request was whole.
                    request.body_bytes += bytes;
                }
            }
            Side::Resp => {
                if let Some(response) = &mut self.response {
                    response.body_bytes += bytes;
                }
                if is_done && let Some(response) = self.response.take() {
                    response.send(ExchangeKind::Http, out);
                }
            }
        }
    }

    /// Gathers a head and reads it. Takes from `data` what it used.
    fn head(&mut self, side: Side, data: &mut &[u8], out: &mut Outlet<'_>) -> Turn {
        let head = match side {
            Side::Orig => &mut self.orig_head,
            Side::Resp => &mut self.resp_head,
        };
        if head.is_empty() {
            // Empty lines before a head are allowed (RFC 9112 section 2.2).
            while let Some((b'\r' | b'\n', rest)) = data.split_first() {
                *data = rest;
            }
            if data.is_empty() {
                return Turn::Stay;
            }
        }
        let searched = head.len().saturating_sub(3);
        let before = head.len();
        let room = HEAD_BYTES_MAX - before.min(HEAD_BYTES_MAX);
        let (new, _) = data.split_at(room.min(data.len()));
        head.extend_from_slice(new);
        let Some(end) = head_end(head, searched) else {
            *data = data.get(new.len()..).unwrap_or_default();
            if head.len() >= HEAD_BYTES_MAX {
                head.clear();
                self.flush(out);
                return Turn::Opaque;
            }
            return Turn::Stay;
        };
        *data = data.get(end.saturating_sub(before)..).unwrap_or_default();
        head.truncate(end);
        let whole = std::mem::take(head);
        match side {
            Side::Orig => self.request(&whole, out),
            Side::Resp => self.respond(&whole, out),
        }
    }

    fn request(&mut self, head: &[u8], out: &mut Outlet<'_>) -> Turn {
        let mut fields = [httparse::EMPTY_HEADER; FIELDS_MAX];
        let mut parsed = httparse::Request::new(&mut fields);
        if parsed.parse(head).is_err() {
            self.flush(out);
            return Turn::Opaque;
        }
        let method = cut(parsed.method.unwrap_or_default(), METHOD_BYTES_MAX);
        let target = parsed.path.unwrap_or_default();
        let (absolute_host, path) = split_target(&method, target);
        let is_proxied = absolute_host.is_some();
        let request = Request {
            at: out.at,
            host: absolute_host.map(|host| cut(without_port(host), TEXT_BYTES_MAX)).or_else(|| {
                field(parsed.headers, "host").map(|host| cut(without_port(&host), TEXT_BYTES_MAX))
            }),
            path: cut(path, TEXT_BYTES_MAX),
            user_agent: field(parsed.headers, "user-agent").map(|agent| cut(&agent, TEXT_BYTES_MAX)),
            is_proxied,
            is_upgrade: field(parsed.headers, "upgrade")
                .is_some_and(|to| to.eq_ignore_ascii_case("websocket")),
            body_bytes: 0,
            method,
        };
        self.orig_stage = match framing(parsed.headers) {
            Some(Framing::Length(0)) | None => Stage::Head,
            Some(Framing::Length(len)) => Stage::Body(len),
            Some(Framing::Chunked) => Stage::ChunkSize(Vec::new()),
            Some(Framing::ToClose) => Stage::ToClose,
        };
        if self.pending.len() >= PENDING_MAX
            && let Some(oldest) = self.pending.pop_front()
        {
            oldest.unanswered(out);
        }
        self.pending.push_back(request);
        Turn::Stay
    }

    fn respond(&mut self, head: &[u8], out: &mut Outlet<'_>) -> Turn {
        let mut fields = [httparse::EMPTY_HEADER; FIELDS_MAX];
        let mut parsed = httparse::Response::new(&mut fields);
        if parsed.parse(head).is_err() {
            self.flush(out);
            return Turn::Opaque;
        }
        let status = parsed.code.unwrap_or_default();
        // 100 Continue and 103 Early Hints announce the response, they are none.
        if (100..200).contains(&status) && status != 101 {
            return Turn::Stay;
        }
        let request = self.pending.pop_front();
        let is_connect = request.as_ref().is_some_and(|request| request.method == "CONNECT");
        let is_head = request.as_ref().is_some_and(|request| request.method == "HEAD");
        let is_upgrade = request.as_ref().is_some_and(|request| request.is_upgrade);
        let response = Response { request, at: out.at, status, body_bytes: 0 };
        if is_connect && (200..300).contains(&status) {
            let target = response.request.as_ref().and_then(|request| request.host.clone());
            response.send(ExchangeKind::Http, out);
            return Turn::Tunnel(target.map(Into::into));
        }
        if status == 101 {
            let kind = if is_upgrade { ExchangeKind::WebSocket } else { ExchangeKind::Http };
            response.send(kind, out);
            return Turn::Opaque;
        }
        let framing = framing(parsed.headers).unwrap_or(Framing::ToClose);
        self.resp_stage = match framing {
            _ if is_head || status == 204 || status == 304 => Stage::Head,
            Framing::Length(0) => Stage::Head,
            Framing::Length(len) => Stage::Body(len),
            Framing::Chunked => Stage::ChunkSize(Vec::new()),
            Framing::ToClose => Stage::ToClose,
        };
        if matches!(self.resp_stage, Stage::Head) {
            response.send(ExchangeKind::Http, out);
        } else {
            self.response = Some(response);
        }
        Turn::Stay
    }

    /// Sends what is under way: responses cut short and requests without an answer.
    pub(super) fn flush(&mut self, out: &mut Outlet<'_>) {
        if let Some(response) = self.response.take() {
            response.send(ExchangeKind::Http, out);
        }
        for request in self.pending.drain(..) {
            request.unanswered(out);
        }
    }

    pub(super) fn held_bytes(&self) -> usize {
        let answered = self.response.as_ref().and_then(|response| response.request.as_ref());
        let requests: usize = self.pending.iter().chain(answered).map(Request::held_bytes).sum();
        let sizes = self.orig_stage.held_bytes() + self.resp_stage.held_bytes();
        self.orig_head.capacity() + self.resp_head.capacity() + sizes + requests
    }
}

impl Stage {
    fn held_bytes(&self) -> usize {
        if let Self::ChunkSize(line) = self { line.capacity() } else { 0 }
    }

    /// Passes over bytes of a body; how many of them were body, framing not counted.
    fn pass(&mut self, data: &mut &[u8]) -> u64 {
        match self {
            Self::Head | Self::Lost => 0,
            Self::ToClose => take(data, u64::MAX),
            Self::Body(left) => {
                let taken = take(data, *left);
                *left -= taken;
                if *left == 0 {
                    *self = Self::Head;
                }
                taken
            }
            Self::ChunkData(left) => {
                let taken = take(data, *left);
                *left -= taken;
                // The two bytes of the line end belong to the chunk's count here, not to the body.
                let line_end = taken.min(2_u64.saturating_sub(*left));
                if *left == 0 {
                    *self = Self::ChunkSize(Vec::new());
                }
                taken - line_end
            }
            Self::ChunkSize(line) => {
                let Some((&byte, rest)) = data.split_first() else { return 0 };
                *data = rest;
                if byte != b'\n' {
                    line.push(byte);
                    if line.len() > CHUNK_LINE_MAX {
                        *self = Self::Lost;
                    }
                    return 0;
                }
                *self = match chunk_size(line) {
                    Some(0) => Self::Trailer(0),
                    Some(size) => Self::ChunkData(size.saturating_add(2)),
                    None => Self::Lost,
                };
                0
            }
            Self::Trailer(line_len) => {
                let Some((&byte, rest)) = data.split_first() else { return 0 };
                *data = rest;
                match byte {
                    b'\n' if *line_len == 0 => *self = Self::Head,
                    b'\n' => *line_len = 0,
                    b'\r' => {}
                    _ => *line_len += 1,
                }
                0
            }
        }
    }
}

impl Request {
    fn held_bytes(&self) -> usize {
        let texts = [self.host.as_ref(), self.user_agent.as_ref(), Some(&self.method), Some(&self.path)];
        size_of::<Self>() + texts.into_iter().flatten().map(String::capacity).sum::<usize>()
    }

    fn fill<'a>(&'a self, exchange: &mut undertone_core::model::Exchange<'a>) {
        exchange.host = self.host.as_deref();
        exchange.is_proxied = self.is_proxied;
        exchange.method = Some(&self.method);
        exchange.path = Some(&self.path);
        exchange.user_agent = self.user_agent.as_deref();
        exchange.orig_bytes = Some(self.body_bytes);
    }

    fn unanswered(&self, out: &mut Outlet<'_>) {
        let mut exchange = out.exchange(ExchangeKind::Http, self.at);
        self.fill(&mut exchange);
        out.send(exchange);
    }
}

impl Response {
    fn send(&self, kind: ExchangeKind, out: &mut Outlet<'_>) {
        let at = self.request.as_ref().map_or(self.at, |request| request.at);
        let mut exchange = out.exchange(kind, at);
        if let Some(request) = &self.request {
            request.fill(&mut exchange);
        }
        exchange.status = Some(self.status);
        exchange.resp_bytes = Some(self.body_bytes);
        out.send(exchange);
    }
}

/// Takes up to `most` bytes from the front; how many.
fn take(data: &mut &[u8], most: u64) -> u64 {
    let len = usize::try_from(most).unwrap_or(usize::MAX).min(data.len());
    *data = data.get(len..).unwrap_or_default();
    len as u64
}

/// One past the empty line that ends a head, looking from `from`. A bare line feed is allowed.
fn head_end(head: &[u8], from: usize) -> Option<usize> {
    memchr::memchr_iter(b'\n', head.get(from..)?).map(|at| from + at).find_map(|at| {
        match head.get(at + 1..)? {
            [b'\n', ..] => Some(at + 2),
            [b'\r', b'\n', ..] => Some(at + 3),
            _ => None,
        }
    })
}

fn chunk_size(line: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(line).ok()?;
    let digits = text.split(';').next()?.trim();
    // A sign is not a digit, though `from_str_radix` takes it.
    if !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    u64::from_str_radix(digits, 16).ok()
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

/// Host and path of a request target; the host only where the target names it, which a proxy request does
/// (RFC 9112 section 3.2).
fn split_target<'a>(method: &str, target: &'a str) -> (Option<&'a str>, &'a str) {
    if method == "CONNECT" {
        return (Some(target), "");
    }
    let Some((scheme, rest)) = target.split_once("://") else { return (None, target) };
    if scheme.is_empty() || !scheme.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return (None, target);
    }
    let path_at = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at_checked(path_at).unwrap_or((rest, ""));
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    (Some(host), if path.is_empty() { "/" } else { path })
}

/// The host without `:port`, as Zeek and Suricata give it.
fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    }
}

/// A text cut at so many bytes, on a character.
fn cut(text: &str, most: usize) -> String {
    text.get(..text.floor_char_boundary(most)).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::super::outlet::with_outlet;
    use super::*;

    #[test]
    fn requests_count_for_what_they_hold() {
        let long = "x".repeat(3000);
        let request = format!("{long} /{long} HTTP/1.1\r\nHost: {long}\r\nUser-Agent: {long}\r\n\r\n");
        with_outlet(|out| {
            let mut http = Http::default();
            for _ in 0..10 {
                http.data(Side::Orig, request.as_bytes(), out);
            }
            assert_eq!(http.pending[0].method.len(), METHOD_BYTES_MAX);
            let texts = 3 * TEXT_BYTES_MAX + METHOD_BYTES_MAX;
            assert!(http.held_bytes() >= 10 * texts, "{}", http.held_bytes());
            // A request whose answer is still arriving is held as well.
            (0..9).for_each(|_| drop(http.data(Side::Resp, b"HTTP/1.1 204 x\r\n\r\n", out)));
            http.data(Side::Resp, b"HTTP/1.1 200 x\r\nContent-Length: 9\r\n\r\n", out);
            assert!(http.pending.is_empty());
            assert!((texts..2 * texts).contains(&http.held_bytes()), "{}", http.held_bytes());
        });
    }
}
