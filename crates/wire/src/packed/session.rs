//! [`Session`] as bytes.

use super::codec::{Mask, Reader, Writer, flag_code, flag_of, transport_code, transport_of};
use std::net::{IpAddr, Ipv4Addr};
use undertone_core::model::{AppTag, ConnState, Endpoint, MacAddr, Report, Session, Timestamp, Transport};

const STATES: [ConnState; 6] = [
    ConnState::Established,
    ConnState::Reset,
    ConnState::Unanswered,
    ConnState::Rejected,
    ConnState::Midstream,
    ConnState::Unknown,
];

/// Bits of the second byte: the family of either address.
const ORIG_IS_V6: u8 = 1 << 6;
const RESP_IS_V6: u8 = 1 << 7;

/// What has one size comes first, then addresses and numbers, then the texts in one piece.
pub(super) fn encode(session: &Session<'_>, writer: &mut Writer<'_>) {
    let state = STATES.iter().position(|state| *state == session.state).unwrap_or(STATES.len() - 1);
    let numbers = [
        session.duration_micros,
        session.orig_bytes,
        session.resp_bytes,
        session.orig_pkts,
        session.resp_pkts,
    ];
    let [duration, orig_bytes, resp_bytes, orig_pkts, resp_pkts] = numbers.map(|n| n.is_some());
    let [mask, _] = Mask::of(&[
        duration,
        orig_bytes,
        resp_bytes,
        orig_pkts,
        resp_pkts,
        session.service.is_some(),
        session.orig_l2.is_some(),
        session.app.is_some(),
    ])
    .short();
    let family = |end: Endpoint, bit: u8| if end.addr.is_ipv6() { bit } else { 0 };
    let first = transport_code(session.transport)
        | flag_code(session.handshake) << 2
        | flag_code(session.local_orig) << 4
        | flag_code(session.local_resp) << 6;
    let second = u8::try_from(state).unwrap_or(0)
        | report_code(session.report) << 3
        | family(session.orig, ORIG_IS_V6)
        | family(session.resp, RESP_IS_V6);
    let [p, q] = session.orig.port.to_le_bytes();
    let [r, s] = session.resp.port.to_le_bytes();
    writer.raw(&[first, second, mask, p, q, r, s]);
    writer.raw(&session.start.micros().to_le_bytes());
    writer.octets(session.orig.addr);
    writer.octets(session.resp.addr);
    numbers.into_iter().flatten().for_each(|number| writer.varint(number));
    writer.texts(std::iter::once(session.uid).chain(session.service));
    if let Some(MacAddr(bytes)) = session.orig_l2 {
        writer.raw(&bytes);
    }
    if let Some(app) = &session.app {
        encode_app(app, writer);
    }
}

fn encode_app(app: &AppTag<'_>, writer: &mut Writer<'_>) {
    writer.signed(i64::from(app.uid));
    for text in [app.package, app.name] {
        writer.flag(Some(text.is_some()));
        writer.text(text.unwrap_or_default());
    }
}

/// Two bits.
const fn report_code(report: Report) -> u8 {
    match report {
        Report::OneWay => 0,
        Report::Open => 1,
        Report::Final => 2,
    }
}

fn report_of(code: u8) -> Option<Report> {
    match code & 3 {
        0 => Some(Report::OneWay),
        1 => Some(Report::Open),
        2 => Some(Report::Final),
        _ => None,
    }
}

/// When: behind the 7 bytes that stand before it in [`encode`].
pub(super) fn time(reader: &mut Reader<'_>) -> Option<Timestamp> {
    let _before: [u8; 7] = reader.array()?;
    Some(Timestamp::from_micros(i64::from_le_bytes(reader.array()?)))
}

/// A session to decode into.
pub(super) const fn blank<'a>() -> Session<'a> {
    let nowhere = Endpoint { addr: IpAddr::V4(Ipv4Addr::UNSPECIFIED), port: 0 };
    Session::between(Timestamp::from_micros(0), nowhere, nowhere, Transport::Other)
}

/// Fills a [`blank`] session, where it lies: it is a few hundred bytes, and moving it costs more than reading it.
pub(super) fn decode_into<'a>(reader: &mut Reader<'a>, session: &mut Session<'a>) -> Option<()> {
    let [first, second, mask, p, q, r, s] = reader.array()?;
    let mask = Mask::of_short([mask, 0]);
    session.transport = transport_of(first);
    session.handshake = flag_of(first >> 2)?;
    session.local_orig = flag_of(first >> 4)?;
    session.local_resp = flag_of(first >> 6)?;
    session.state = *STATES.get(usize::from(second & 7))?;
    session.report = report_of(second >> 3)?;
    session.start = Timestamp::from_micros(i64::from_le_bytes(reader.array()?));
    session.orig =
        Endpoint { addr: reader.octets(second & ORIG_IS_V6 != 0)?, port: u16::from_le_bytes([p, q]) };
    session.resp =
        Endpoint { addr: reader.octets(second & RESP_IS_V6 != 0)?, port: u16::from_le_bytes([r, s]) };
    session.duration_micros = mask.field(0, || reader.varint())?;
    session.orig_bytes = mask.field(1, || reader.varint())?;
    session.resp_bytes = mask.field(2, || reader.varint())?;
    session.orig_pkts = mask.field(3, || reader.varint())?;
    session.resp_pkts = mask.field(4, || reader.varint())?;
    let [uid, service] = reader.texts::<2>(1 + usize::from(mask.has(5)))?;
    session.uid = uid;
    session.service = mask.has(5).then_some(service);
    session.orig_l2 = mask.field(6, || reader.array().map(MacAddr))?;
    session.app = mask.field(7, || decode_app(reader))?;
    Some(())
}

fn decode_app<'a>(reader: &mut Reader<'a>) -> Option<AppTag<'a>> {
    let uid = i32::try_from(reader.signed()?).ok()?;
    let mut text = || {
        let is_some = reader.flag()? == Some(true);
        reader.text().map(|text| is_some.then_some(text))
    };
    Some(AppTag { uid, package: text()?, name: text()? })
}
