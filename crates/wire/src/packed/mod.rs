//! Records as compact bytes: what the engine keeps between reading and joining, in memory or spilled.
//!
//! Private to one build: no version, no compatibility. Integers are LEB128 varints, texts are
//! length-prefixed, optional fields are announced by a bit mask. `decode(encode(r)) == r` is a property test.

mod codec;
mod exchange;
mod run;
mod session;
mod telemetry;

pub use run::RunHead;

use codec::{Reader, Writer};
use undertone_core::model::Record;

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

#[cfg(test)]
mod tests;
