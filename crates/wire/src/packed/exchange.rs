//! [`Exchange`] as bytes.

use super::codec::{Mask, Reader, Writer};
use undertone_core::model::{Exchange, ExchangeKind};

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

pub(super) fn encode(message: &Exchange<'_>, writer: &mut Writer<'_>) {
    writer.text(message.uid);
    writer.time(message.at);
    writer.endpoint(message.orig);
    writer.endpoint(message.resp);
    writer.transport(message.transport);
    let kind = KINDS.iter().position(|kind| *kind == message.kind).unwrap_or(KINDS.len() - 1);
    writer.varint(kind as u64);
    writer.flag(Some(message.is_proxied));
    writer.flag(message.is_cert_valid);
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
    Mask::of(&present).write(writer);
    texts.into_iter().flatten().for_each(|text| writer.text(text));
    numbers.into_iter().flatten().for_each(|number| writer.varint(number));
}

pub(super) fn decode<'a>(reader: &mut Reader<'a>) -> Option<Exchange<'a>> {
    let uid = reader.text()?;
    let at = reader.time()?;
    let orig = reader.endpoint()?;
    let resp = reader.endpoint()?;
    let transport = reader.transport()?;
    let kind = *KINDS.get(reader.number::<usize>()?)?;
    let is_proxied = reader.flag()? == Some(true);
    let is_cert_valid = reader.flag()?;
    let mask = Mask::read(reader)?;
    Some(Exchange {
        transport,
        is_proxied,
        is_cert_valid,
        host: mask.field(0, || reader.text())?,
        method: mask.field(1, || reader.text())?,
        path: mask.field(2, || reader.text())?,
        user_agent: mask.field(3, || reader.text())?,
        ja3: mask.field(4, || reader.text())?,
        ja4: mask.field(5, || reader.text())?,
        alpn: mask.field(6, || reader.text())?,
        subject: mask.field(7, || reader.text())?,
        issuer: mask.field(8, || reader.text())?,
        answers: mask.field(9, || reader.text())?,
        status: mask.field(10, || reader.number())?,
        qtype: mask.field(11, || reader.number())?,
        rcode: mask.field(12, || reader.number())?,
        orig_bytes: mask.field(13, || reader.varint())?,
        resp_bytes: mask.field(14, || reader.varint())?,
        ..Exchange::new(kind, uid, at, orig, resp)
    })
}
