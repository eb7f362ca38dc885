//! [`Telemetry`] as bytes.

use super::codec::{Mask, Reader, Writer};
use undertone_core::model::{
    AppConnection, AppLookup, AppUsage, NetworkingStack, Platform, Push, StateChange, StateKind, Telemetry,
    TelemetryKind,
};

const CONNECTION: u8 = 0;
const LOOKUP: u8 = 1;
const STATE: u8 = 2;
const USAGE: u8 = 3;
const PUSH: u8 = 4;

pub(super) fn encode(event: &Telemetry<'_>, writer: &mut Writer<'_>) {
    writer.time(event.at);
    writer.text(event.device_id);
    writer.byte(match event.platform {
        Platform::Unknown => 0,
        Platform::Android => 1,
        Platform::Ios => 2,
    });
    writer.text(event.source);
    let texts = [event.app_id, event.app_name, event.role];
    let [id, name, role] = texts.map(|text| text.is_some());
    Mask::of(&[id, name, role, event.uid.is_some()]).write(writer);
    texts.into_iter().flatten().for_each(|text| writer.text(text));
    if let Some(uid) = event.uid {
        writer.signed(i64::from(uid));
    }
    encode_kind(&event.kind, writer);
}

fn encode_kind(kind: &TelemetryKind<'_>, writer: &mut Writer<'_>) {
    match kind {
        TelemetryKind::Connection(connection) => {
            writer.byte(CONNECTION);
            encode_connection(connection, writer);
        }
        TelemetryKind::Lookup(lookup) => {
            writer.byte(LOOKUP);
            writer.text(lookup.qname);
            writer.text(lookup.answers);
        }
        TelemetryKind::State(change) => {
            writer.byte(STATE);
            let index = StateKind::NAMES.iter().position(|(state, _)| *state == change.state);
            writer.varint(index.unwrap_or_default() as u64);
        }
        TelemetryKind::Usage(usage) => {
            writer.byte(USAGE);
            writer.time(usage.to);
            writer.flag(usage.is_foreground);
            Mask::of(&[usage.orig_bytes.is_some(), usage.resp_bytes.is_some()]).write(writer);
            [usage.orig_bytes, usage.resp_bytes].into_iter().flatten().for_each(|n| writer.varint(n));
        }
        TelemetryKind::Push(push) => {
            writer.byte(PUSH);
            Mask::of(&[push.bytes.is_some()]).write(writer);
            push.bytes.into_iter().for_each(|n| writer.varint(n));
        }
    }
}

fn encode_connection(connection: &AppConnection<'_>, writer: &mut Writer<'_>) {
    writer.transport(connection.transport);
    writer.flag(Some(connection.orig_is_tunnel));
    writer.varint(u64::from(connection.hits));
    Mask::of(&[
        connection.resp_ip.is_some(),
        connection.resp_port.is_some(),
        connection.resp_host.is_some(),
        connection.orig_ip.is_some(),
        connection.orig_port.is_some(),
        connection.orig_bytes.is_some(),
        connection.resp_bytes.is_some(),
        connection.end.is_some(),
        connection.stack.is_some(),
    ])
    .write(writer);
    connection.resp_ip.into_iter().for_each(|addr| writer.addr(addr));
    connection.resp_port.into_iter().for_each(|port| writer.varint(u64::from(port)));
    connection.resp_host.into_iter().for_each(|host| writer.text(host));
    connection.orig_ip.into_iter().for_each(|addr| writer.addr(addr));
    connection.orig_port.into_iter().for_each(|port| writer.varint(u64::from(port)));
    connection.orig_bytes.into_iter().for_each(|n| writer.varint(n));
    connection.resp_bytes.into_iter().for_each(|n| writer.varint(n));
    connection.end.into_iter().for_each(|time| writer.time(time));
    if let Some(stack) = connection.stack {
        let index = NetworkingStack::NAMES.iter().position(|(known, _)| *known == stack);
        writer.varint(index.unwrap_or(NetworkingStack::NAMES.len() - 1) as u64);
    }
}

pub(super) fn decode<'a>(reader: &mut Reader<'a>) -> Option<Telemetry<'a>> {
    let at = reader.time()?;
    let device_id = reader.text()?;
    let platform = match reader.byte()? {
        0 => Platform::Unknown,
        1 => Platform::Android,
        2 => Platform::Ios,
        _ => return None,
    };
    let source = reader.text()?;
    let mask = Mask::read(reader)?;
    Some(Telemetry {
        at,
        device_id,
        platform,
        source,
        app_id: mask.field(0, || reader.text())?,
        app_name: mask.field(1, || reader.text())?,
        role: mask.field(2, || reader.text())?,
        uid: mask.field(3, || i32::try_from(reader.signed()?).ok())?,
        kind: decode_kind(reader)?,
    })
}

fn decode_kind<'a>(reader: &mut Reader<'a>) -> Option<TelemetryKind<'a>> {
    Some(match reader.byte()? {
        CONNECTION => TelemetryKind::Connection(decode_connection(reader)?),
        LOOKUP => TelemetryKind::Lookup(AppLookup { qname: reader.text()?, answers: reader.text()? }),
        STATE => {
            let (state, _) = *StateKind::NAMES.get(reader.number::<usize>()?)?;
            TelemetryKind::State(StateChange { state })
        }
        USAGE => {
            let to = reader.time()?;
            let is_foreground = reader.flag()?;
            let mask = Mask::read(reader)?;
            TelemetryKind::Usage(AppUsage {
                to,
                is_foreground,
                orig_bytes: mask.field(0, || reader.varint())?,
                resp_bytes: mask.field(1, || reader.varint())?,
            })
        }
        PUSH => {
            let mask = Mask::read(reader)?;
            TelemetryKind::Push(Push { bytes: mask.field(0, || reader.varint())? })
        }
        _ => return None,
    })
}

fn decode_connection<'a>(reader: &mut Reader<'a>) -> Option<AppConnection<'a>> {
    let transport = reader.transport()?;
    let orig_is_tunnel = reader.flag()? == Some(true);
    let hits = reader.number()?;
    let mask = Mask::read(reader)?;
    Some(AppConnection {
        transport,
        orig_is_tunnel,
        hits,
        resp_ip: mask.field(0, || reader.addr())?,
        resp_port: mask.field(1, || reader.number())?,
        resp_host: mask.field(2, || reader.text())?,
        orig_ip: mask.field(3, || reader.addr())?,
        orig_port: mask.field(4, || reader.number())?,
        orig_bytes: mask.field(5, || reader.varint())?,
        resp_bytes: mask.field(6, || reader.varint())?,
        end: mask.field(7, || reader.time())?,
        stack: mask
            .field(8, || NetworkingStack::NAMES.get(reader.number::<usize>()?).map(|(stack, _)| *stack))?,
    })
}
