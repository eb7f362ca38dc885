//! DNS over UDP and TCP, with mDNS and LLMNR (RFC 1035, RFC 6762, RFC 4795). Lenient on purpose: tunnels send
//! answers that strict parsers refuse, and the question is what matters.

use super::app::Turn;
use super::outlet::{Outlet, Side, Sides};
use super::wire::Reader;
use std::collections::VecDeque;
use std::fmt::Write as _;
use std::net::{Ipv4Addr, Ipv6Addr};
use undertone_core::model::{ExchangeKind, Timestamp};

/// Queries waiting for their response in one flow.
const PENDING_MAX: usize = 256;
/// Longest name, in bytes of its text with escapes; 255 on the wire (RFC 1035), each byte at most 4.
const NAME_TEXT_MAX: usize = 1020;
/// Compression pointers followed for one name.
const POINTERS_MAX: usize = 32;
/// Answers read of one message, and bytes of their text.
const ANSWERS_MAX: usize = 64;
const ANSWERS_TEXT_MAX: usize = 4096;
const HEADER_BYTES: usize = 12;
/// Largest message over TCP that is held.
const MESSAGE_BYTES_MAX: usize = 16 * 1024;

#[derive(Debug)]
struct Message {
    id: u16,
    is_response: bool,
    name: String,
    qtype: u16,
    rcode: u16,
    answers: String,
}

#[derive(Debug)]
struct Query {
    at: Timestamp,
    id: u16,
    name: String,
    qtype: u16,
    bytes: u64,
}

/// DNS of one flow.
#[derive(Debug, Default)]
pub(super) struct Dns {
    pending: VecDeque<Query>,
    /// Bytes of memory that these hold.
    pending_bytes: usize,
    buffers: Sides<Vec<u8>>,
}

impl Dns {
    /// Whether a datagram looks like DNS: at least one question or answer, counts that fit, a name.
    pub(super) fn is_message(datagram: &[u8]) -> bool {
        message(datagram).is_some()
    }

    /// Takes one datagram.
    pub(super) fn datagram(&mut self, datagram: &[u8], out: &mut Outlet<'_>) {
        let Some(message) = message(datagram) else { return };
        let bytes = datagram.len() as u64;
        if !message.is_response {
            self.query(message, bytes, out);
            return;
        }
        let asked =
            self.pending.iter().position(|query| query.id == message.id && query.name == message.name);
        let query = asked.and_then(|index| self.pending.remove(index));
        self.pending_bytes -= query.as_ref().map_or(0, Query::held_bytes);
        let mut exchange = out.exchange(ExchangeKind::Dns, query.as_ref().map_or(out.at, |query| query.at));
        exchange.host = Some(&message.name).filter(|name| !name.is_empty()).map(String::as_str);
        exchange.qtype = Some(message.qtype);
        exchange.rcode = Some(message.rcode);
        exchange.answers = Some(&message.answers).filter(|text| !text.is_empty()).map(String::as_str);
        exchange.orig_bytes = query.map(|query| query.bytes);
        exchange.resp_bytes = Some(bytes);
        out.send(exchange);
    }

    fn query(&mut self, message: Message, bytes: u64, out: &mut Outlet<'_>) {
        // The same query again before its answer is a retransmission of the resolver: one lookup each.
        if self.pending.len() >= PENDING_MAX
            && let Some(oldest) = self.pending.pop_front()
        {
            self.pending_bytes -= oldest.held_bytes();
            oldest.unanswered(out);
        }
        let Message { id, name, qtype, .. } = message;
        let query = Query { at: out.at, id, name, qtype, bytes };
        self.pending_bytes += query.held_bytes();
        self.pending.push_back(query);
    }

    /// Takes bytes of a TCP stream: messages after a length of two bytes.
    pub(super) fn data(&mut self, side: Side, data: &[u8], out: &mut Outlet<'_>) -> Turn {
        let mut buffer = std::mem::take(self.buffers.of_mut(side));
        if buffer.len() + data.len() > 2 * MESSAGE_BYTES_MAX {
            self.finish(out);
            return Turn::Opaque;
        }
        buffer.extend_from_slice(data);
        let mut reader = Reader::new(&buffer);
        let mut used = 0;
        while let Some(len) = reader.u16() {
            let len = usize::from(len);
            if !(HEADER_BYTES..=MESSAGE_BYTES_MAX).contains(&len) {
                self.finish(out);
                return Turn::Opaque;
            }
            let Some(content) = reader.take(len) else { break };
            self.datagram(content, out);
            used += 2 + len;
        }
        buffer.drain(..used);
        *self.buffers.of_mut(side) = buffer;
        Turn::Stay
    }

    /// Sends the queries that nobody answered.
    pub(super) fn finish(&mut self, out: &mut Outlet<'_>) {
        self.pending_bytes = 0;
        for query in self.pending.drain(..) {
            query.unanswered(out);
        }
    }

    pub(super) fn held_bytes(&self) -> usize {
        self.buffers.orig.capacity() + self.buffers.resp.capacity() + self.pending_bytes
    }
}

impl Query {
    fn held_bytes(&self) -> usize {
        size_of::<Self>() + self.name.capacity()
    }

    fn unanswered(&self, out: &mut Outlet<'_>) {
        let mut exchange = out.exchange(ExchangeKind::Dns, self.at);
        exchange.host = Some(self.name.as_str()).filter(|name| !name.is_empty());
        exchange.qtype = Some(self.qtype);
        exchange.orig_bytes = Some(self.bytes);
        out.send(exchange);
    }
}

/// Reads a message: its first question, or its first answer where there is no question (mDNS).
fn message(bytes: &[u8]) -> Option<Message> {
    const RECORDS_MAX: u16 = 1024;
    let mut reader = Reader::new(bytes);
    let id = reader.u16()?;
    let flags = reader.u16()?;
    let (questions, answers) = (reader.u16()?, reader.u16()?);
    let others = (reader.u16()?, reader.u16()?);
    let opcode = (flags >> 11) & 15;
    let is_plausible = opcode <= 6
        && (questions > 0 || answers > 0)
        && questions <= 256
        && [answers, others.0, others.1].iter().all(|count| *count <= RECORDS_MAX);
    if !is_plausible {
        return None;
    }
    let mut first = None;
    for _ in 0..questions {
        let at = bytes.len() - reader.rest().len();
        let (name, used) = name(bytes, at)?;
        reader.take(used)?;
        let qtype = reader.u16()?;
        reader.u16()?;
        first.get_or_insert((name, qtype));
    }
    let mut text = String::new();
    for _ in 0..usize::from(answers).min(ANSWERS_MAX) {
        let Some((name, qtype)) = answer(bytes, &mut reader, &mut text) else { break };
        first.get_or_insert((name, qtype));
    }
    let (name, qtype) = first?;
    Some(Message { id, is_response: flags & 0x8000 != 0, name, qtype, rcode: flags & 15, answers: text })
}

/// Reads one resource record and appends its data to `text`. The record's name and type.
fn answer(bytes: &[u8], reader: &mut Reader<'_>, text: &mut String) -> Option<(String, u16)> {
    let at = bytes.len() - reader.rest().len();
    let (owner, used) = name(bytes, at)?;
    reader.take(used)?;
    let kind = reader.u16()?;
    reader.take(6)?;
    let len = usize::from(reader.u16()?);
    let data_at = bytes.len() - reader.rest().len();
    let data = reader.take(len)?;
    let value = match kind {
        1 => <[u8; 4]>::try_from(data).ok().map(|octets| Ipv4Addr::from(octets).to_string()),
        28 => <[u8; 16]>::try_from(data).ok().map(|octets| Ipv6Addr::from(octets).to_string()),
        2 | 5 | 12 | 39 => name(bytes, data_at).map(|(name, _)| name),
        15 => name(bytes, data_at + 2).map(|(name, _)| name),
        33 => name(bytes, data_at + 6).map(|(name, _)| name),
        16 => Some(text_strings(data)),
        _ => None,
    };
    if let Some(value) = value
        && text.len() + value.len() < ANSWERS_TEXT_MAX
    {
        if !text.is_empty() {
            text.push(',');
        }
        text.push_str(&value);
    }
    Some((owner, kind))
}

/// The character strings of a TXT record, joined with a space.
fn text_strings(data: &[u8]) -> String {
    let mut reader = Reader::new(data);
    let mut text = String::new();
    while let Some(part) = reader.u8().and_then(|len| reader.take(usize::from(len))) {
        if !text.is_empty() {
            text.push(' ');
        }
        for byte in part {
            push_escaped(&mut text, *byte);
        }
    }
    text
}

/// The name at an offset, without the final dot, and its length there. Bytes that are not printable become
/// `\DDD` (RFC 1035 section 5.1).
fn name(bytes: &[u8], mut at: usize) -> Option<(String, usize)> {
    let begun = at;
    let mut text = String::new();
    let mut used = None;
    let mut pointers = 0;
    loop {
        let len = usize::from(*bytes.get(at)?);
        match len {
            0 => return Some((text, used.unwrap_or_else(|| at + 1 - begun))),
            1..=63 => {
                if !text.is_empty() {
                    text.push('.');
                }
                for byte in bytes.get(at + 1..at + 1 + len)? {
                    push_escaped(&mut text, *byte);
                }
                if text.len() > NAME_TEXT_MAX {
                    return None;
                }
                at += 1 + len;
            }
            0xc0.. => {
                pointers += 1;
                let target = (len & 0x3f) << 8 | usize::from(*bytes.get(at + 1)?);
                used = used.or_else(|| Some(at + 2 - begun));
                // Pointers go back, which with the count ends every loop.
                if pointers > POINTERS_MAX || target >= at {
                    return None;
                }
                at = target;
            }
            _ => return None,
        }
    }
}

fn push_escaped(text: &mut String, byte: u8) {
    match byte {
        b'.' | b'\\' => text.extend(['\\', char::from(byte)]),
        0x21..=0x7e => text.push(char::from(byte)),
        _ => {
            // Writing to a String cannot fail.
            let _ignored: std::fmt::Result = write!(text, "\\{byte:03}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::outlet::with_outlet;
    use super::*;

    fn query(name: &[&[u8]]) -> Vec<u8> {
        let mut bytes = vec![0, 7, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
        for label in name {
            bytes.push(u8::try_from(label.len()).unwrap());
            bytes.extend_from_slice(label);
        }
        bytes.extend([0, 0, 10, 0, 1]);
        bytes
    }

    #[test]
    fn a_question_is_read() {
        let read = message(&query(&[b"a\xffb", b"pirate", b"sea"])).unwrap();
        assert_eq!(
            (read.name.as_str(), read.qtype, read.is_response, read.id),
            (r"a\255b.pirate.sea", 10, false, 7)
        );
    }

    #[test]
    fn queries_count_for_the_names_that_they_hold() {
        let long = [0xff; 60];
        let mut question = query(&[&long, &long, &long, &long]);
        with_outlet(|out| {
            let mut dns = Dns::default();
            for _ in 0..2 * PENDING_MAX {
                dns.datagram(&question, out);
            }
            let held: usize = dns.pending.iter().map(|query| query.name.capacity()).sum();
            assert!(held >= PENDING_MAX * 4 * 240 && dns.held_bytes() >= held, "{held} {}", dns.held_bytes());
            question[2] |= 0x80;
            for _ in 0..2 * PENDING_MAX {
                dns.datagram(&question, out);
            }
            assert_eq!((dns.pending.len(), dns.held_bytes()), (0, 0));
        });
    }

    #[test]
    fn answers_follow_pointers() {
        let mut bytes = query(&[b"x", b"org"]);
        bytes[2] = 0x81;
        bytes[7] = 3;
        bytes.extend([0xc0, 12, 0, 5, 0, 1, 0, 0, 0, 9, 0, 4, 1, b'y', 0xc0, 14]);
        bytes.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 9, 0, 4, 192, 0, 2, 1]);
        bytes.extend([0xc0, 12, 0, 16, 0, 1, 0, 0, 0, 9, 0, 4, 1, b'a', 1, b'b']);
        let read = message(&bytes).unwrap();
        assert_eq!(read.answers, "y.org,192.0.2.1,a b");
        assert!(read.is_response);
    }

    #[test]
    fn loops_and_damage_end() {
        let mut bytes = query(&[b"x"]);
        bytes.truncate(12);
        bytes.extend([0xc0, 12, 0, 1, 0, 1]);
        assert!(message(&bytes).is_none());
        let whole = query(&[b"abc", b"de"]);
        for len in 0..whole.len() {
            assert!(message(&whole[..len]).is_none());
        }
    }
}
