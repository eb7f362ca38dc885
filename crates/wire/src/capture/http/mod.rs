//! HTTP/1 along a connection: request and response heads, bodies skipped (RFC 9112). Heads are read by
//! `httparse`; after lost bytes the parser finds the next head by its first line.

mod body;
mod head;

use super::app::Turn;
use super::outlet::{Outlet, Side};
use body::{Framing, Stage};
use head::{Request, ResponseHead, head_end};
pub(super) use head::{is_request, is_response};
use std::collections::VecDeque;
use undertone_core::model::{ExchangeKind, Timestamp};

/// Largest head read.
const HEAD_BYTES_MAX: usize = 32 * 1024;
/// Requests waiting for their response (pipelining).
const PENDING_MAX: usize = 64;

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

impl Http {
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
                    let is_head = if side == Side::Orig { is_request(data) } else { is_response(data) };
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
        let Some((request, framing)) = Request::read(head, out.at) else {
            self.flush(out);
            return Turn::Opaque;
        };
        self.orig_stage = framing.map_or(Stage::Head, Stage::of);
        if self.pending.len() >= PENDING_MAX
            && let Some(oldest) = self.pending.pop_front()
        {
            oldest.unanswered(out);
        }
        self.pending.push_back(request);
        Turn::Stay
    }

    fn respond(&mut self, head: &[u8], out: &mut Outlet<'_>) -> Turn {
        let Some(ResponseHead { status, framing }) = ResponseHead::read(head) else {
            self.flush(out);
            return Turn::Opaque;
        };
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
        self.resp_stage = match framing.unwrap_or(Framing::ToClose) {
            _ if is_head || status == 204 || status == 304 => Stage::Head,
            framing => Stage::of(framing),
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

#[cfg(test)]
mod tests {
    use super::super::outlet::with_outlet;
    use super::head::{METHOD_BYTES_MAX, TEXT_BYTES_MAX};
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
