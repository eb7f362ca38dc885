//! [`Exchange`] as bytes.

use super::codec::{Mask, Reader, Writer, flag_code, flag_of, transport_code, transport_of};
use std::net::{IpAddr, Ipv4Addr};
use undertone_core::model::{Endpoint, Exchange, ExchangeKind, Timestamp};

const KINDS: [ExchangeKind; 13] = [
    ExchangeKind::Http,
    ExchangeKind::Tls,
    ExchangeKind::Quic,
    ExchangeKind::Dns,
    ExchangeKind::WebSocket,
    ExchangeKind::Smtp,
    ExchangeKind::Imap,
    ExchangeKind::Pop3,
    ExchangeKind::Ftp,
    ExchangeKind::Irc,
    ExchangeKind::Mqtt,
    ExchangeKind::Ntp,
    ExchangeKind::Data,
];

/// Texts besides the id, which is always there.
const TEXTS: usize = 10;
/// Bits of the second byte: the family of either address.
const ORIG_IS_V6: u8 = 1 << 6;
const RESP_IS_V6: u8 = 1 << 7;

/// What has one size comes first, then addresses and numbers, then all texts in one piece.
pub(super) fn encode(message: &Exchange<'_>, writer: &mut Writer<'_>) {
    let texts = [
        message.host,
        message.method,
        message.path,
        message.user_agent,
        message.ja3,
        message.ja4,
        message.alpn,
        message.subject,
        message.issuer,
        message.answers,
    ];
    let numbers = [
        message.status.map(u64::from),
        message.qtype.map(u64::from),
        message.rcode.map(u64::from),
        message.orig_bytes,
        message.resp_bytes,
    ];
    let mut present = [false; 15];
    let has_text = texts.iter().map(Option::is_some);
    let has_number = numbers.iter().map(Option::is_some);
    present.iter_mut().zip(has_text.chain(has_number)).for_each(|(slot, is)| *slot = is);
    let kind = KINDS.iter().position(|kind| *kind == message.kind).unwrap_or(KINDS.len() - 1);
    let family = |end: Endpoint, bit: u8| if end.addr.is_ipv6() { bit } else { 0 };
    let first = transport_code(message.transport)
        | u8::from(message.is_proxied) << 2
        | flag_code(message.is_cert_valid) << 3;
    let second =
        u8::try_from(kind).unwrap_or(0) | family(message.orig, ORIG_IS_V6) | family(message.resp, RESP_IS_V6);
    let [mask_low, mask_high] = Mask::of(&present).short();
    let [p, q] = message.orig.port.to_le_bytes();
    let [r, s] = message.resp.port.to_le_bytes();
    writer.raw(&[first, second, mask_low, mask_high, p, q, r, s]);
    writer.raw(&message.at.micros().to_le_bytes());
    writer.octets(message.orig.addr);
    writer.octets(message.resp.addr);
    numbers.into_iter().flatten().for_each(|number| writer.varint(number));
    writer.texts(std::iter::once(message.uid).chain(texts.into_iter().flatten()));
}

/// When: behind the 8 bytes that stand before it in [`encode`].
pub(super) fn time(reader: &mut Reader<'_>) -> Option<Timestamp> {
    let _before: [u8; 8] = reader.array()?;
    Some(Timestamp::from_micros(i64::from_le_bytes(reader.array()?)))
}

/// A message to decode into.
pub(super) const fn blank<'a>() -> Exchange<'a> {
    let nowhere = Endpoint { addr: IpAddr::V4(Ipv4Addr::UNSPECIFIED), port: 0 };
    Exchange::new(ExchangeKind::Data, "", Timestamp::from_micros(0), nowhere, nowhere)
}

/// Fills a [`blank`] message, where it lies: it is a few hundred bytes, and moving it costs more than reading it.
pub(super) fn decode_into<'a>(reader: &mut Reader<'a>, message: &mut Exchange<'a>) -> Option<()> {
    let [first, second, mask_low, mask_high, p, q, r, s] = reader.array()?;
    let mask = Mask::of_short([mask_low, mask_high]);
    message.kind = *KINDS.get(usize::from(second & !(ORIG_IS_V6 | RESP_IS_V6)))?;
    message.transport = transport_of(first);
    message.is_proxied = first & 4 != 0;
    message.is_cert_valid = flag_of(first >> 3)?;
    message.at = Timestamp::from_micros(i64::from_le_bytes(reader.array()?));
    message.orig =
        Endpoint { addr: reader.octets(second & ORIG_IS_V6 != 0)?, port: u16::from_le_bytes([p, q]) };
    message.resp =
        Endpoint { addr: reader.octets(second & RESP_IS_V6 != 0)?, port: u16::from_le_bytes([r, s]) };
    message.status = mask.field(10, || reader.number())?;
    message.qtype = mask.field(11, || reader.number())?;
    message.rcode = mask.field(12, || reader.number())?;
    message.orig_bytes = mask.field(13, || reader.varint())?;
    message.resp_bytes = mask.field(14, || reader.varint())?;
    let count = (0..).take(TEXTS).filter(|bit| mask.has(*bit)).count();
    let texts = reader.texts::<{ TEXTS + 1 }>(count + 1)?;
    let mut texts = texts.into_iter();
    message.uid = texts.next()?;
    let slots = [
        &mut message.host,
        &mut message.method,
        &mut message.path,
        &mut message.user_agent,
        &mut message.ja3,
        &mut message.ja4,
        &mut message.alpn,
        &mut message.subject,
        &mut message.issuer,
        &mut message.answers,
    ];
    for (bit, slot) in (0..).zip(slots) {
        if mask.has(bit) {
            *slot = texts.next();
        }
    }
    Some(())
}
