//! Records as compact bytes: what the engine keeps between reading and joining, in memory or spilled.
//!
//! Private to one run of one build: no version, no compatibility. Integers are LEB128 varints, texts are
//! length-prefixed, optional fields are announced by a bit mask. `decode(encode(r)) == r` is a property test.

mod codec;
mod exchange;
mod session;
mod telemetry;

use codec::{Reader, Writer};
use undertone_core::model::{Exchange, Record, Session, Telemetry};

const SESSION: u8 = 1;
const EXCHANGE: u8 = 2;
const TELEMETRY: u8 = 3;

/// Appends a record to `out`.
///
/// Leases are not packed: they are read before everything else. Returns false for one, with `out` unchanged.
pub fn encode(record: &Record<'_>, out: &mut Vec<u8>) -> bool {
    let mut writer = Writer(out);
    match record {
        Record::Session(session) => {
            writer.byte(SESSION);
            session::encode(session, &mut writer);
        }
        Record::Exchange(message) => {
            writer.byte(EXCHANGE);
            exchange::encode(message, &mut writer);
        }
        Record::Telemetry(event) => {
            writer.byte(TELEMETRY);
            telemetry::encode(event, &mut writer);
        }
        Record::Lease(_) => return false,
    }
    true
}

/// Takes the next record from the front of `bytes`; texts borrow from it. `None` at the end or where the
/// bytes are not what [`encode`] wrote.
pub fn decode<'a>(bytes: &mut &'a [u8]) -> Option<Record<'a>> {
    let mut reader = Reader(bytes);
    let record = match reader.byte()? {
        SESSION => Record::Session(session::decode(&mut reader)?),
        EXCHANGE => Record::Exchange(exchange::decode(&mut reader)?),
        TELEMETRY => Record::Telemetry(telemetry::decode(&mut reader)?),
        _ => return None,
    };
    *bytes = reader.0;
    Some(record)
}

/// Records by kind; sessions and messages with a key.
#[derive(Debug, Default)]
pub struct Lists<'a> {
    /// Sessions.
    pub sessions: Vec<(u64, Session<'a>)>,
    /// Messages.
    pub messages: Vec<(u64, Exchange<'a>)>,
    /// What phones said.
    pub telemetry: Vec<Telemetry<'a>>,
}

impl<'a> Lists<'a> {
    /// Adds the record that [`encode`] wrote, a session or message under `key`; false when it is none.
    pub fn push(&mut self, key: u64, bytes: &'a [u8]) -> bool {
        let Some((kind, rest)) = bytes.split_first() else { return false };
        let mut reader = Reader(rest);
        match *kind {
            SESSION => {
                session::decode(&mut reader).map(|session| self.sessions.push((key, session))).is_some()
            }
            EXCHANGE => {
                exchange::decode(&mut reader).map(|message| self.messages.push((key, message))).is_some()
            }
            TELEMETRY => telemetry::decode(&mut reader).map(|event| self.telemetry.push(event)).is_some(),
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests;
