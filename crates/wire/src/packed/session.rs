//! [`Session`] as bytes.

use super::codec::{Mask, Reader, Writer};
use undertone_core::model::{AppTag, ConnState, MacAddr, Report, Session};

const STATES: [ConnState; 6] = [
    ConnState::Established,
    ConnState::Reset,
    ConnState::Unanswered,
    ConnState::Rejected,
    ConnState::Midstream,
    ConnState::Unknown,
];

pub(super) fn encode(session: &Session<'_>, writer: &mut Writer<'_>) {
    writer.text(session.uid);
    writer.time(session.start);
    writer.endpoint(session.orig);
    writer.endpoint(session.resp);
    writer.transport(session.transport);
    let state = STATES.iter().position(|state| *state == session.state).unwrap_or(STATES.len() - 1);
    writer.varint(state as u64);
    writer.flag(session.handshake);
    writer.flag(session.local_orig);
    writer.flag(session.local_resp);
    writer.flag(match session.report {
        Report::OneWay => None,
        Report::Open => Some(false),
        Report::Final => Some(true),
    });
    let numbers = [
        session.duration_micros,
        session.orig_bytes,
        session.resp_bytes,
        session.orig_pkts,
        session.resp_pkts,
    ];
    let [duration, orig_bytes, resp_bytes, orig_pkts, resp_pkts] = numbers.map(|n| n.is_some());
    Mask::of(&[
        duration,
        orig_bytes,
        resp_bytes,
        orig_pkts,
        resp_pkts,
        session.service.is_some(),
        session.orig_l2.is_some(),
        session.app.is_some(),
    ])
    .write(writer);
    numbers.into_iter().flatten().for_each(|number| writer.varint(number));
    if let Some(service) = session.service {
        writer.text(service);
    }
    if let Some(MacAddr(bytes)) = session.orig_l2 {
        for byte in bytes {
            writer.byte(byte);
        }
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

pub(super) fn decode<'a>(reader: &mut Reader<'a>) -> Option<Session<'a>> {
    let uid = reader.text()?;
    let start = reader.time()?;
    let orig = reader.endpoint()?;
    let resp = reader.endpoint()?;
    let transport = reader.transport()?;
    let state = *STATES.get(reader.number::<usize>()?)?;
    let handshake = reader.flag()?;
    let local_orig = reader.flag()?;
    let local_resp = reader.flag()?;
    let report = match reader.flag()? {
        None => Report::OneWay,
        Some(false) => Report::Open,
        Some(true) => Report::Final,
    };
    let mask = Mask::read(reader)?;
    Some(Session {
        uid,
        start,
        orig,
        resp,
        transport,
        state,
        handshake,
        local_orig,
        local_resp,
        report,
        duration_micros: mask.field(0, || reader.varint())?,
        orig_bytes: mask.field(1, || reader.varint())?,
        resp_bytes: mask.field(2, || reader.varint())?,
        orig_pkts: mask.field(3, || reader.varint())?,
        resp_pkts: mask.field(4, || reader.varint())?,
        service: mask.field(5, || reader.text())?,
        orig_l2: mask.field(6, || decode_mac(reader))?,
        app: mask.field(7, || decode_app(reader))?,
    })
}

fn decode_mac(reader: &mut Reader<'_>) -> Option<MacAddr> {
    let mut bytes = [0; 6];
    for byte in &mut bytes {
        *byte = reader.byte()?;
    }
    Some(MacAddr(bytes))
}

fn decode_app<'a>(reader: &mut Reader<'a>) -> Option<AppTag<'a>> {
    let uid = i32::try_from(reader.signed()?).ok()?;
    let mut text = || {
        let is_some = reader.flag()? == Some(true);
        reader.text().map(|text| is_some.then_some(text))
    };
    Some(AppTag { uid, package: text()?, name: text()? })
}
