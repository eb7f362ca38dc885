//! QUIC Initial packets: the ClientHello under keys that anyone can derive (RFC 9000, RFC 9001, RFC 9369).

use super::hello::{self, Carrier, Hello};
use super::outlet::{Outlet, Side};
use super::quic_keys::{Keys, Version};
use super::wire::Reader;
use std::collections::BTreeMap;
use undertone_core::model::{ExchangeKind, Timestamp};

/// Initial packets decrypted for one flow; a large ClientHello takes 2 to 4.
const INITIALS_MAX: u32 = 32;
/// CRYPTO bytes kept of one flow.
const CRYPTO_BYTES_MAX: usize = 64 * 1024;
/// CRYPTO frames kept of one flow; Chrome scatters its ClientHello over dozens.
const CRYPTO_FRAMES_MAX: usize = 512;
/// Long connection ids end here (RFC 9000 section 17.2).
const CONNECTION_ID_MAX: u8 = 20;

/// The handshake of one QUIC flow.
#[derive(Default)]
pub(super) struct Quic {
    keys: Option<(Vec<u8>, Keys)>,
    begun: Option<Timestamp>,
    crypto: BTreeMap<u64, Vec<u8>>,
    crypto_bytes: usize,
    initials: u32,
    hello: Option<Hello>,
    is_sent: bool,
    is_opened: bool,
}

/// A long header up to its payload.
struct Long<'a> {
    version: Version,
    is_initial: bool,
    destination: &'a [u8],
    /// Offset of the packet number.
    number_at: usize,
    /// Bytes of the whole packet.
    size: usize,
}

impl Quic {
    /// Whether a datagram begins a QUIC connection of a version that is known here.
    pub(super) fn is_initial(datagram: &[u8]) -> bool {
        long_header(datagram).is_some_and(|long| long.is_initial)
    }

    /// Takes one datagram.
    pub(super) fn datagram(&mut self, side: Side, datagram: &[u8], out: &mut Outlet<'_>) {
        match datagram.first() {
            Some(first) if first & 0x80 == 0 && side == Side::Orig => {
                self.is_opened = true;
                self.finish(out);
            }
            Some(first) if first & 0x80 != 0 && side == Side::Orig && self.hello.is_none() => {
                self.long_packets(datagram, out);
            }
            _ => {}
        }
    }

    /// True once the originator sent protected data: from then on datagrams are rounds.
    pub(super) fn is_opened(&self) -> bool {
        self.is_opened
    }

    fn long_packets(&mut self, mut datagram: &[u8], out: &mut Outlet<'_>) {
        self.begun.get_or_insert(out.at);
        while let Some(long) = long_header(datagram) {
            let (packet, rest) = datagram.split_at(long.size.min(datagram.len()));
            datagram = rest;
            if long.is_initial && self.initials < INITIALS_MAX && self.hello.is_none() {
                self.initials += 1;
                if let Some(frames) = self.open(packet, &long) {
                    self.take_frames(&frames);
                    self.hello = self.client_hello();
                }
            }
        }
        if self.hello.is_some() {
            self.crypto = BTreeMap::new();
            self.crypto_bytes = 0;
            self.finish(out);
        }
    }

    /// Decrypts with the keys of the first connection id, or of this packet's (after a Retry).
    fn open(&mut self, packet: &[u8], long: &Long<'_>) -> Option<Vec<u8>> {
        if let Some((_, keys)) = &self.keys
            && let Some(frames) = keys.open(packet, long.number_at)
        {
            return Some(frames);
        }
        if self.keys.as_ref().is_some_and(|(id, _)| id == long.destination) {
            return None;
        }
        let keys = Keys::of_client(long.version, long.destination)?;
        let frames = keys.open(packet, long.number_at)?;
        self.keys = Some((long.destination.to_vec(), keys));
        Some(frames)
    }

    fn take_frames(&mut self, frames: &[u8]) {
        let mut reader = Reader::new(frames);
        while let Some(kind) = reader.varint() {
            let taken = match kind {
                0 | 1 => Some(()),
                2 | 3 => skip_ack(&mut reader, kind == 3),
                6 => self.take_crypto(&mut reader),
                _ => None,
            };
            if taken.is_none() {
                return;
            }
        }
    }

    fn take_crypto(&mut self, reader: &mut Reader<'_>) -> Option<()> {
        let offset = reader.varint()?;
        let len = usize::try_from(reader.varint()?).ok()?;
        let data = reader.take(len)?;
        // A frame that is sent again may be longer: then it takes the place of the one before.
        let known = self.crypto.get(&offset).map_or(0, Vec::len);
        let bytes = self.crypto_bytes - known + len;
        if len > known && bytes <= CRYPTO_BYTES_MAX && self.crypto.len() < CRYPTO_FRAMES_MAX {
            self.crypto_bytes = bytes;
            self.crypto.insert(offset, data.to_vec());
        }
        Some(())
    }

    /// The ClientHello once every byte of it is there.
    fn client_hello(&self) -> Option<Hello> {
        let mut message = Vec::with_capacity(self.crypto_bytes);
        for (offset, data) in &self.crypto {
            let offset = usize::try_from(*offset).ok()?;
            let Some(known) = message.len().checked_sub(offset) else { break };
            message.extend_from_slice(data.get(known..).unwrap_or_default());
        }
        let mut reader = Reader::new(&message);
        if reader.u8()? != 1 {
            return None;
        }
        let len = reader.u24()?;
        hello::read(reader.take(len)?, Carrier::Quic)
    }

    /// Sends the handshake, once; without a ClientHello when it could not be read.
    pub(super) fn finish(&mut self, out: &mut Outlet<'_>) {
        let Some(at) = self.begun else { return };
        if self.is_sent {
            return;
        }
        self.is_sent = true;
        let mut exchange = out.exchange(ExchangeKind::Quic, at);
        if let Some(hello) = &self.hello {
            exchange.host = hello.server_name.as_deref();
            exchange.alpn = hello.alpn.as_deref();
            exchange.ja3 = Some(&hello.ja3);
            exchange.ja4 = Some(&hello.ja4);
        }
        out.send(exchange);
    }

    pub(super) fn held_bytes(&self) -> usize {
        self.crypto_bytes
    }
}

fn skip_ack(reader: &mut Reader<'_>, has_counts: bool) -> Option<()> {
    reader.varint()?;
    reader.varint()?;
    let ranges = reader.varint()?;
    reader.varint()?;
    // Each range takes at least two bytes, so the packet bounds the loop.
    for _ in 0..ranges {
        reader.varint()?;
        reader.varint()?;
    }
    if has_counts {
        for _ in 0..3 {
            reader.varint()?;
        }
    }
    Some(())
}

/// Reads a long header; `None` for short headers, unknown versions and damage.
fn long_header(packet: &[u8]) -> Option<Long<'_>> {
    let mut reader = Reader::new(packet);
    let first = reader.u8()?;
    // The fixed bit may be greased away (RFC 9287), so it is not asked for.
    if first & 0x80 == 0 {
        return None;
    }
    let version = Version::from_number(reader.u32()?)?;
    let len = reader.u8().filter(|len| *len <= CONNECTION_ID_MAX)?;
    let destination = reader.take(usize::from(len))?;
    let len = reader.u8().filter(|len| *len <= CONNECTION_ID_MAX)?;
    reader.take(usize::from(len))?;
    let kind = (first >> 4) & 3;
    let is_initial = kind == version.initial_type();
    if kind == version.retry_type() {
        return Some(Long { version, is_initial: false, destination, number_at: 0, size: packet.len() });
    }
    if is_initial {
        let token = usize::try_from(reader.varint()?).ok()?;
        reader.take(token)?;
    }
    let len = usize::try_from(reader.varint()?).ok()?;
    let number_at = packet.len() - reader.rest().len();
    // A packet cut by the capture cannot be decrypted, but is still a QUIC packet.
    Some(Long { version, is_initial, destination, number_at, size: number_at.checked_add(len)? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_that_are_not_quic_are_refused() {
        assert!(!Quic::is_initial(&[]));
        assert!(!Quic::is_initial(&[0xc0, 0, 0, 0, 9, 0, 0, 0, 0]));
        assert!(!Quic::is_initial(&[0xc0, 0, 0, 0, 1, 21]));
        assert!(Quic::is_initial(&[0xc0, 0, 0, 0, 1, 1, 7, 0, 0, 2, 1, 1]));
    }

    #[test]
    fn crypto_frames_in_any_order_are_put_together() {
        let mut quic = Quic::default();
        quic.take_frames(&[1, 0, 0, 6, 2, 2, b'c', b'd', 2, 0, 0, 1, 0, 9, 9, 6, 0, 2, b'a', b'b']);
        let text: Vec<u8> = quic.crypto.values().flatten().copied().collect();
        assert_eq!(text, b"abcd");
        quic.take_frames(&[6, 0x40]);
        assert_eq!(quic.crypto.len(), 2);
    }
}
