//! TLS over TCP: records to handshake messages, up to the first application data (RFC 5246, RFC 8446).

use super::app::Turn;
use super::hello::{self, Carrier, Hello};
use super::outlet::{Outlet, Side, Sides};
use super::wire::Reader;
use undertone_core::model::{ExchangeKind, Timestamp};

/// Handshake bytes kept of one direction; a ClientHello with post-quantum shares has 2 KiB, a chain 4 KiB.
const HANDSHAKE_BYTES_MAX: usize = 64 * 1024;
/// Longest text kept of the names in a certificate.
const NAMES_BYTES_MAX: usize = 2048;
/// Largest record of TLS 1.2 (2^14 + 2048); TLS 1.3 allows less.
const RECORD_BYTES_MAX: usize = 16_384 + 2048;

const CHANGE_CIPHER_SPEC: u8 = 20;
const ALERT: u8 = 21;
const HANDSHAKE: u8 = 22;
const APPLICATION_DATA: u8 = 23;

#[derive(Debug, Default)]
struct Direction {
    head: Vec<u8>,
    record_left: usize,
    kind: u8,
    messages: Vec<u8>,
    is_encrypted: bool,
}

/// The handshake of one connection.
#[derive(Debug, Default)]
pub(super) struct Tls {
    directions: Sides<Direction>,
    hello: Option<(Timestamp, Hello)>,
    certificate: Option<Certificate>,
    is_sent: bool,
    /// Target of the CONNECT request that this handshake runs in.
    proxied_to: Option<Box<str>>,
}

/// Names in the server's certificate, which TLS 1.2 and older send in clear.
#[derive(Debug)]
struct Certificate {
    subject: String,
    issuer: String,
}

/// What one record's bytes led to.
enum Event {
    Continue,
    ApplicationData,
    NotTls,
}

impl Tls {
    pub(super) fn new(proxied_to: Option<Box<str>>) -> Self {
        Self { proxied_to, ..Self::default() }
    }

    /// True for bytes that begin a ClientHello record.
    pub(super) fn is_client_hello(data: &[u8]) -> bool {
        matches!(data, [HANDSHAKE, 3, 0..=4, _, _, 1, ..])
    }

    /// True for bytes that begin any record.
    pub(super) fn is_record(data: &[u8]) -> bool {
        let [CHANGE_CIPHER_SPEC..=APPLICATION_DATA, 3, 0..=4, high, low, ..] = data else { return false };
        let len = usize::from(u16::from_be_bytes([*high, *low]));
        len > 0 && len <= RECORD_BYTES_MAX
    }

    pub(super) fn data(&mut self, side: Side, mut data: &[u8], out: &mut Outlet<'_>) -> Turn {
        while !data.is_empty() {
            let direction = self.directions.of_mut(side);
            if direction.record_left == 0 {
                let wanted = 5 - direction.head.len().min(5);
                let (head, rest) = data.split_at(wanted.min(data.len()));
                direction.head.extend_from_slice(head);
                data = rest;
                match direction.open_record() {
                    Event::Continue => {}
                    Event::ApplicationData if side == Side::Orig => {
                        self.finish(out);
                        return Turn::Opaque;
                    }
                    Event::ApplicationData => self.finish(out),
                    Event::NotTls => {
                        self.finish(out);
                        return Turn::Opaque;
                    }
                }
                continue;
            }
            let (content, rest) = data.split_at(direction.record_left.min(data.len()));
            data = rest;
            direction.record_left -= content.len();
            if direction.kind == HANDSHAKE && !direction.is_encrypted {
                if direction.messages.len() + content.len() > HANDSHAKE_BYTES_MAX {
                    self.finish(out);
                    return Turn::Opaque;
                }
                direction.messages.extend_from_slice(content);
                self.read_messages(side, out);
            }
        }
        Turn::Stay
    }

    fn read_messages(&mut self, side: Side, out: &mut Outlet<'_>) {
        let direction = self.directions.of_mut(side);
        let mut done = 0;
        loop {
            let mut reader = Reader::new(direction.messages.get(done..).unwrap_or_default());
            let (Some(kind), Some(len)) = (reader.u8(), reader.u24()) else { break };
            let Some(body) = reader.take(len) else { break };
            if side == Side::Orig && kind == 1 && self.hello.is_none() {
                self.hello = hello::read(body, Carrier::Tcp).map(|hello| (out.at, hello));
            }
            if side == Side::Resp && kind == 11 && self.certificate.is_none() {
                self.certificate = certificate(body);
            }
            done += 4 + len;
        }
        direction.messages.drain(..done.min(direction.messages.len()));
    }

    /// Sends the handshake, once.
    pub(super) fn finish(&mut self, out: &mut Outlet<'_>) {
        if self.is_sent {
            return;
        }
        let Some((at, hello)) = &self.hello else { return };
        self.is_sent = true;
        let mut exchange = out.exchange(ExchangeKind::Tls, *at);
        exchange.host = hello.server_name.as_deref().or(self.proxied_to.as_deref());
        exchange.is_proxied = self.proxied_to.is_some();
        exchange.alpn = hello.alpn.as_deref();
        exchange.ja3 = Some(&hello.ja3);
        exchange.ja4 = Some(&hello.ja4);
        exchange.subject = self.certificate.as_ref().map(|certificate| certificate.subject.as_str());
        exchange.issuer = self.certificate.as_ref().map(|certificate| certificate.issuer.as_str());
        out.send(exchange);
    }

    pub(super) fn held_bytes(&self) -> usize {
        self.directions.orig.messages.capacity() + self.directions.resp.messages.capacity()
    }
}

/// The first certificate of a Certificate message: the server's own.
fn certificate(body: &[u8]) -> Option<Certificate> {
    let mut reader = Reader::new(body);
    reader.u24()?;
    let len = reader.u24()?;
    let (_, parsed) = x509_parser::parse_x509_certificate(reader.take(len)?).ok()?;
    let text = |name: String| (name.len() <= NAMES_BYTES_MAX).then_some(name);
    Some(Certificate {
        subject: text(parsed.subject().to_string())?,
        issuer: text(parsed.issuer().to_string())?,
    })
}

impl Direction {
    fn open_record(&mut self) -> Event {
        let [kind, major, minor, high, low] = *self.head.as_slice() else { return Event::Continue };
        self.head.clear();
        let len = usize::from(u16::from_be_bytes([high, low]));
        if major != 3 || minor > 4 || len > RECORD_BYTES_MAX {
            return Event::NotTls;
        }
        self.kind = kind;
        self.record_left = len;
        match kind {
            CHANGE_CIPHER_SPEC => {
                self.is_encrypted = true;
                Event::Continue
            }
            ALERT | HANDSHAKE => Event::Continue,
            APPLICATION_DATA => Event::ApplicationData,
            _ => Event::NotTls,
        }
    }
}
