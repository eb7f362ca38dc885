//! Joins the records of one device: messages to their connections, reports on one connection to one session.
//!
//! Order-free: the records of one id are sorted by everything they hold before anything is decided, so files may
//! come in any order, split anywhere and doubled. Rows of one connection share a `uid`; a sensor that restarts may
//! use an id again, so five-tuple and time decide between sessions of one id.
//!
//! A record never moves far: ids come grouped by their keys, and what comes out are places in the two lists.

mod messages;
mod reports;
#[cfg(test)]
mod tests;

use super::chain::chain_fragments;
use super::connection::{Joined, Link};
use crate::model::{Exchange, Session};
use crate::series::stable_hash;
use std::ops::Range;

/// A message may carry a time slightly before its connection's first packet (rounding of logs).
const CLOCK_SLACK_MICROS: i64 = 1_000_000;

/// Which records may be of one connection: those of one `uid`. Ordered by rank, then by hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct UidKey {
    /// Place of the id among those of the device, in an order of the caller's choice; 0 for all where hashes alone
    /// tell ids apart. Nothing that comes out depends on it: what is near in time should be near here, since the
    /// connections are walked by time and do not fit in a cache.
    pub rank: u32,
    /// Stable hash of the `uid`.
    pub hash: u64,
}

impl UidKey {
    /// The key of an id by its hash alone.
    pub const fn of_hash(hash: u64) -> Self {
        Self { rank: 0, hash }
    }

    pub(super) fn of(uid: &str) -> Self {
        Self::of_hash(stable_hash(uid.as_bytes()))
    }
}

/// A record with the key of its `uid`.
pub type Keyed<T> = (UidKey, T);

/// Joins sessions and messages of one device, in any order.
pub fn join<'a>(sessions: Vec<Session<'a>>, messages: Vec<Exchange<'a>>) -> Joined<'a> {
    let mut sessions: Vec<_> =
        sessions.into_iter().map(|session| (UidKey::of(session.uid), session)).collect();
    let mut messages: Vec<_> =
        messages.into_iter().map(|message| (UidKey::of(message.uid), message)).collect();
    sessions.sort_by_key(|(key, _)| *key);
    messages.sort_by_key(|(key, _)| *key);
    join_grouped(sessions, messages)
}

/// Joins sessions and messages of one device, each ascending by key.
pub fn join_grouped<'a>(sessions: Vec<Keyed<Session<'a>>>, messages: Vec<Keyed<Exchange<'a>>>) -> Joined<'a> {
    let reported = sessions.len();
    let mut joining = Joining {
        joined: Joined { sessions, messages, links: Vec::with_capacity(reported), duplicates: 0 },
        orphans: Vec::new(),
        kept: Vec::new(),
        owners: Vec::new(),
        has_fragments: false,
    };
    let (mut session, mut message) = (0, 0);
    let all_messages = joining.joined.messages.len();
    loop {
        // Behind the sessions that were reported lie those that messages tell of.
        let next_session = (session < reported).then(|| joining.joined.sessions.get(session)).flatten();
        let next_message = joining.joined.messages.get(message);
        let next = next_session.map(|(key, _)| *key).into_iter().chain(next_message.map(|(key, _)| *key));
        let Some(key) = next.min() else { break };
        let sessions = run(&joining.joined.sessions, session, reported, key);
        let messages = run(&joining.joined.messages, message, all_messages, key);
        (session, message) = (sessions.end, messages.end);
        joining.group(key, sessions, messages);
    }
    let Joining { mut joined, mut orphans, has_fragments, .. } = joining;
    joined.links.append(&mut orphans);
    if has_fragments {
        chain_fragments(&mut joined);
    }
    joined.sort_links();
    joined
}

/// The places from `start` on whose key is `key`.
fn run<T>(list: &[Keyed<T>], start: usize, end: usize, key: UidKey) -> Range<usize> {
    let rest = list.get(start..end).unwrap_or_default();
    start..start + rest.iter().take_while(|(known, _)| *known == key).count()
}

/// A join under way. The lists inside are used again for each id.
struct Joining<'a> {
    joined: Joined<'a>,
    /// Connections that only messages tell of.
    orphans: Vec<Link>,
    /// Places of the sessions of an id that stay.
    kept: Vec<usize>,
    /// Connection of each message of an id.
    owners: Vec<usize>,
    has_fragments: bool,
}

impl Joining<'_> {
    /// Joins the records whose ids have one key: nearly always one id, of one connection.
    fn group(&mut self, key: UidKey, sessions: Range<usize>, messages: Range<usize>) {
        let before = sessions.len() + messages.len();
        let paired = self.keep_sessions(sessions);
        let messages = self.keep_messages(messages);
        self.joined.duplicates += (before - self.kept.len() - messages.len() - paired) as u64;
        let first_link = self.joined.links.len();
        for &at in &self.kept {
            let session = self.joined.sessions.get(at).map(|(_, session)| session);
            self.has_fragments |= session.is_some_and(|session| session.handshake == Some(false));
            self.joined.links.push(Link { session: at, messages: 0..0 });
        }
        if messages.is_empty() {
            return;
        }
        if self.has_one_owner(&messages) {
            self.sort_by_time(messages.clone());
            if let Some(link) = self.joined.links.get_mut(first_link) {
                link.messages = messages;
            }
        } else {
            self.attach(key, first_link, messages);
        }
    }
}
