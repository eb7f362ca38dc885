//! MQTT 3.1 to 5 over TCP: CONNECT, PUBLISH and SUBSCRIBE (OASIS MQTT 5.0, section 2).

use super::app::Turn;
use super::outlet::{Outlet, Side, Sides};
use super::wire::Reader;
use undertone_core::model::ExchangeKind;

/// Bytes of the start of a packet that are kept: fixed header, topic and names lie there.
const PREFIX_BYTES_MAX: usize = 4096;
/// Longest topic kept.
const TOPIC_BYTES_MAX: usize = 1024;

#[derive(Debug, Default)]
struct Direction {
    prefix: Vec<u8>,
    /// Bytes of the packet in hand that are still to be passed over.
    left: usize,
}

/// MQTT of one connection.
#[derive(Debug, Default)]
pub(super) struct Mqtt {
    directions: Sides<Direction>,
}

impl Mqtt {
    /// True for bytes that begin a CONNECT packet.
    pub(super) fn is_connect(data: &[u8]) -> bool {
        let Some((0x10, rest)) = data.split_first() else { return false };
        let Some((_, used)) = remaining_length(rest) else { return false };
        let name = rest.get(used..).unwrap_or_default();
        name.starts_with(b"\0\x04MQTT") || name.starts_with(b"\0\x06MQIsdp")
    }

    pub(super) fn data(&mut self, side: Side, mut data: &[u8], out: &mut Outlet<'_>) -> Turn {
        while !data.is_empty() {
            let direction = self.directions.of_mut(side);
            if direction.left > 0 {
                let passed = direction.left.min(data.len());
                direction.left -= passed;
                data = data.get(passed..).unwrap_or_default();
                continue;
            }
            let before = direction.prefix.len();
            let room = PREFIX_BYTES_MAX.saturating_sub(before).min(data.len());
            direction.prefix.extend_from_slice(data.get(..room).unwrap_or_default());
            let Some((&first, rest)) = direction.prefix.split_first() else { return Turn::Stay };
            let Some((len, used)) = remaining_length(rest) else {
                return if rest.len() >= 4 { Turn::Opaque } else { Turn::Stay };
            };
            let size = 1 + used + len;
            if direction.prefix.len() < size.min(PREFIX_BYTES_MAX) {
                return Turn::Stay;
            }
            let prefix = std::mem::take(&mut direction.prefix);
            let held = prefix.len().min(size);
            direction.left = size - held;
            data = data.get(held.saturating_sub(before)..).unwrap_or_default();
            let body = prefix.get(1 + used..held).unwrap_or_default();
            if !packet(side, first, body, len, out) {
                return Turn::Opaque;
            }
        }
        Turn::Stay
    }

    pub(super) fn held_bytes(&self) -> usize {
        self.directions.orig.prefix.capacity() + self.directions.resp.prefix.capacity()
    }
}

/// Sends one packet's exchange. False for a type that does not exist.
fn packet(side: Side, first: u8, body: &[u8], len: usize, out: &mut Outlet<'_>) -> bool {
    let mut reader = Reader::new(body);
    let (method, topic) = match first >> 4 {
        0 => return false,
        1 => ("connect", None),
        3 => ("publish", text(&mut reader)),
        8 => {
            reader.u16();
            // Version 5 puts properties before the first filter; its empty list is one zero byte.
            if reader.rest().first() == Some(&0) && reader.rest().get(1) == Some(&0) {
                reader.u8();
            }
            ("subscribe", text(&mut reader))
        }
        _ => return true,
    };
    let mut exchange = out.exchange(ExchangeKind::Mqtt, out.at);
    exchange.method = Some(method);
    exchange.path = topic.as_deref();
    match side {
        Side::Orig => exchange.orig_bytes = Some(len as u64),
        Side::Resp => exchange.resp_bytes = Some(len as u64),
    }
    out.send(exchange);
    true
}

fn text(reader: &mut Reader<'_>) -> Option<String> {
    let len = usize::from(reader.u16()?);
    if len > TOPIC_BYTES_MAX {
        return None;
    }
    Some(String::from_utf8_lossy(reader.take(len)?).into_owned())
}

/// Variable byte integer: value and bytes used, at most 4.
fn remaining_length(bytes: &[u8]) -> Option<(usize, usize)> {
    let mut value = 0;
    for (index, byte) in bytes.iter().take(4).enumerate() {
        value |= usize::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            return Some((value, index + 1));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_and_connects() {
        assert_eq!(remaining_length(&[0x7f]), Some((127, 1)));
        assert_eq!(remaining_length(&[0xff, 0xff, 0xff, 0x7f]), Some((268_435_455, 4)));
        assert_eq!(remaining_length(&[0x80, 0x80, 0x80, 0x80]), None);
        assert!(Mqtt::is_connect(b"\x10\x0c\0\x04MQTT\x04\x02"));
        assert!(!Mqtt::is_connect(b"\x10\x0c\0\x04HTTP"));
    }
}
