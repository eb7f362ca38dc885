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
use undertone_core::device::{Keyed, UidKey};
use undertone_core::model::{Exchange, Record, Session, Telemetry, Timestamp};

const SESSION: u8 = 1;
const EXCHANGE: u8 = 2;
const TELEMETRY: u8 = 3;

/// Appends a record to `out`.
///
/// Leases are not packed: they say whose the other records are. Returns false for one, with `out` unchanged.
pub fn encode(record: &Record<'_>, out: &mut Vec<u8>) -> bool {
    match record {
        Record::Session(session) => encode_session(session, out),
        Record::Exchange(message) => encode_exchange(message, out),
        Record::Telemetry(event) => encode_telemetry(event, out),
        Record::Lease(_) => return false,
    }
    true
}

/// Appends a session to `out`.
pub fn encode_session(session: &Session<'_>, out: &mut Vec<u8>) {
    out.push(SESSION);
    session::encode(session, &mut Writer(out));
}

/// Appends a message to `out`.
pub fn encode_exchange(message: &Exchange<'_>, out: &mut Vec<u8>) {
    out.push(EXCHANGE);
    exchange::encode(message, &mut Writer(out));
}

/// Appends an event to `out`.
pub fn encode_telemetry(event: &Telemetry<'_>, out: &mut Vec<u8>) {
    out.push(TELEMETRY);
    telemetry::encode(event, &mut Writer(out));
}

/// Takes the next record from the front of `bytes`; texts borrow from it. `None` at the end or where the
/// bytes are not what [`encode`] wrote.
pub fn decode<'a>(bytes: &mut &'a [u8]) -> Option<Record<'a>> {
    let mut reader = Reader(bytes);
    let record = match reader.byte()? {
        SESSION => {
            let mut session = session::blank();
            session::decode_into(&mut reader, &mut session)?;
            Record::Session(session)
        }
        EXCHANGE => {
            let mut message = exchange::blank();
            exchange::decode_into(&mut reader, &mut message)?;
            Record::Exchange(message)
        }
        TELEMETRY => Record::Telemetry(telemetry::decode(&mut reader)?),
        _ => return None,
    };
    *bytes = reader.0;
    Some(record)
}

/// What a packed record is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A session.
    Session,
    /// A message.
    Exchange,
    /// What a phone said.
    Telemetry,
}

/// What the record at the front of `bytes` is, without a look at the rest of it.
pub fn kind_of(bytes: &[u8]) -> Option<Kind> {
    match *bytes.first()? {
        SESSION => Some(Kind::Session),
        EXCHANGE => Some(Kind::Exchange),
        TELEMETRY => Some(Kind::Telemetry),
        _ => None,
    }
}

/// When the record at the front of `bytes` was, without a look at the rest of it: a session by its start.
pub fn time_of(bytes: &[u8]) -> Option<Timestamp> {
    let (kind, rest) = bytes.split_first()?;
    let mut reader = Reader(rest);
    match *kind {
        SESSION => session::time(&mut reader),
        EXCHANGE => exchange::time(&mut reader),
        TELEMETRY => reader.time(),
        _ => None,
    }
}

/// How many records there are of each kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RecordCounts([usize; 3]);

impl RecordCounts {
    /// Counts the record that [`encode`] wrote.
    pub fn add(&mut self, record: &[u8]) {
        let kind = record.first().map_or(0, |kind| usize::from(*kind));
        if let Some(count) = self.0.get_mut(kind.wrapping_sub(usize::from(SESSION))) {
            *count += 1;
        }
    }

    /// The larger count of each kind.
    #[must_use]
    pub fn max(self, other: Self) -> Self {
        let [sessions, messages, telemetry] = self.0;
        let [more_sessions, more_messages, more_telemetry] = other.0;
        Self([sessions.max(more_sessions), messages.max(more_messages), telemetry.max(more_telemetry)])
    }
}

/// Records by kind; sessions and messages with a key.
#[derive(Debug, Default)]
pub struct Lists<'a> {
    /// Sessions.
    pub sessions: Vec<Keyed<Session<'a>>>,
    /// Messages.
    pub messages: Vec<Keyed<Exchange<'a>>>,
    /// What phones said.
    pub telemetry: Vec<Telemetry<'a>>,
}

impl<'a> Lists<'a> {
    /// The same room, empty, for records that borrow from other bytes.
    pub fn recycled<'b>(self) -> Lists<'b> {
        // Collecting in place: the list is empty, its memory stays.
        fn emptied<A, B>(mut list: Vec<A>) -> Vec<B> {
            list.clear();
            list.into_iter().filter_map(|_| None).collect()
        }
        Lists {
            sessions: emptied(self.sessions),
            messages: emptied(self.messages),
            telemetry: emptied(self.telemetry),
        }
    }

    /// Makes room for so many records: growing would copy what is there.
    pub fn reserve(&mut self, counts: RecordCounts) {
        let [sessions, messages, telemetry] = counts.0;
        self.sessions.reserve(sessions);
        self.messages.reserve(messages);
        self.telemetry.reserve(telemetry);
    }

    /// Adds the record that [`encode`] wrote, a session or message under `key`; false when it is none. Whose it is is
    /// settled by then, so a session goes without its link-layer address: two sensors see two.
    pub fn push(&mut self, key: UidKey, bytes: &'a [u8]) -> bool {
        let Some((kind, rest)) = bytes.split_first() else { return false };
        let mut reader = Reader(rest);
        match *kind {
            SESSION => {
                self.sessions.push(const { (UidKey::of_hash(0), session::blank()) });
                let is_read = self.sessions.last_mut().is_some_and(|place| {
                    place.0 = key;
                    let is_read = session::decode_into(&mut reader, &mut place.1).is_some();
                    place.1.orig_l2 = None;
                    is_read
                });
                if !is_read {
                    self.sessions.pop();
                }
                is_read
            }
            EXCHANGE => {
                self.messages.push(const { (UidKey::of_hash(0), exchange::blank()) });
                let is_read = self.messages.last_mut().is_some_and(|place| {
                    place.0 = key;
                    exchange::decode_into(&mut reader, &mut place.1).is_some()
                });
                if !is_read {
                    self.messages.pop();
                }
                is_read
            }
            TELEMETRY => telemetry::decode(&mut reader).map(|event| self.telemetry.push(event)).is_some(),
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests;
