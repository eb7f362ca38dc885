//! Connections of one device: a session with the messages inside it.

use super::join::{Keyed, UidKey};
use super::order::session_order;
use crate::model::{Exchange, Session};
use std::cmp::Ordering;
use std::ops::Range;

/// One connection with the messages inside it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Connection<'c, 'a> {
    /// The session; made up from the messages when no sensor reported it.
    pub session: &'c Session<'a>,
    /// Stable hash of the session's `uid`.
    pub uid_hash: u64,
    /// Its messages, ascending by time.
    pub messages: &'c [Keyed<Exchange<'a>>],
}

impl<'c, 'a> Connection<'c, 'a> {
    /// The messages without their keys.
    pub fn messages(&self) -> impl Iterator<Item = &'c Exchange<'a>> + Clone + use<'c, 'a> {
        self.messages.iter().map(|(_, message)| message)
    }

    /// The message at a place.
    pub fn message(&self, at: usize) -> Option<&'c Exchange<'a>> {
        self.messages.get(at).map(|(_, message)| message)
    }
}

/// Where the parts of a connection lie.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Link {
    pub(super) session: usize,
    pub(super) messages: Range<usize>,
}

/// Connections of one device, and how many doubled records were dropped.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Joined<'a> {
    pub(super) sessions: Vec<Keyed<Session<'a>>>,
    pub(super) messages: Vec<Keyed<Exchange<'a>>>,
    pub(super) links: Vec<Link>,
    /// Records that said what another had said.
    pub duplicates: u64,
}

impl<'a> Joined<'a> {
    /// Connections as they are: each a session and at most one message.
    pub fn of(connections: impl IntoIterator<Item = (Session<'a>, Option<Exchange<'a>>)>) -> Self {
        let mut joined = Self::default();
        joined.add(connections);
        joined
    }

    /// Adds connections as they are: each a session and at most one message.
    pub fn add(&mut self, connections: impl IntoIterator<Item = (Session<'a>, Option<Exchange<'a>>)>) {
        for (session, message) in connections {
            let key = UidKey::of(session.uid);
            let first = self.messages.len();
            self.messages.extend(message.map(|message| (key, message)));
            let messages = first..self.messages.len();
            self.links.push(Link { session: self.sessions.len(), messages });
            self.sessions.push((key, session));
        }
        self.sort_links();
    }

    /// Connections, ascending by (start, uid, endpoints).
    pub fn connections(&self) -> Vec<Connection<'_, 'a>> {
        let connection = |link: &Link| {
            let (key, session) = self.sessions.get(link.session)?;
            let messages = self.messages.get(link.messages.clone()).unwrap_or_default();
            Some(Connection { session, uid_hash: key.hash, messages })
        };
        let mut connections = Vec::with_capacity(self.links.len());
        connections.extend(self.links.iter().filter_map(connection));
        connections
    }

    /// Puts the connections into their order: by start, then by all that tells them apart.
    pub(super) fn sort_links(&mut self) {
        let session = |at: usize| self.sessions.get(self.links.get(at)?.session).map(|(_, session)| session);
        let start = |at: usize| session(at).map_or(i64::MIN, |session| session.start.micros());
        let mut order: Vec<(i64, usize)> = (0..self.links.len()).map(|at| (start(at), at)).collect();
        // Stable, since that sort makes use of stretches that are in order: mostly all of it is.
        order.sort_by_key(|(start, _)| *start);
        for same in order.chunk_by_mut(|(a, _), (b, _)| a == b).filter(|same| same.len() > 1) {
            same.sort_by(|(_, a), (_, b)| match (session(*a), session(*b)) {
                (Some(one), Some(other)) => session_order(one, other),
                _ => Ordering::Equal,
            });
        }
        self.links = order.into_iter().filter_map(|(_, at)| self.links.get(at).cloned()).collect();
    }

    /// Gives the lists back, emptied, to be filled again.
    pub fn into_lists(self) -> (Vec<Keyed<Session<'a>>>, Vec<Keyed<Exchange<'a>>>) {
        let (mut sessions, mut messages) = (self.sessions, self.messages);
        sessions.clear();
        messages.clear();
        (sessions, messages)
    }
}
