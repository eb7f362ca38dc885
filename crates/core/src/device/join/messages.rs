//! Messages: each once, and each in the connection that it is of.

use super::super::connection::Link;
use super::super::order::{message_order, reorder};
use super::{CLOCK_SLACK_MICROS, Joining, UidKey};
use crate::model::{Exchange, ExchangeKind, Session};
use std::cmp::Ordering;
use std::ops::Range;

/// How long after the query a DNS answer can come to be one exchange with it.
const DNS_ANSWER_MICROS: i64 = 30 * 1_000_000;

impl Joining<'_> {
    /// Each message once, with DNS queries folded into their answers; what stays is moved to the front.
    pub(super) fn keep_messages(&mut self, range: Range<usize>) -> Range<usize> {
        let start = range.start;
        let Some(messages) = self.joined.messages.get_mut(range) else { return start..start };
        if messages.len() < 2 {
            return start..start + messages.len();
        }
        reorder(messages, |(_, a), (_, b)| message_order(a, b));
        let (mut kept, mut folded) = (1, None);
        for at in 1..messages.len() {
            let (front, rest) = messages.split_at_mut(at);
            let (Some((_, last)), Some((_, message))) = (front.get_mut(kept - 1), rest.first()) else {
                break;
            };
            if last == message || folded.as_ref() == Some(message) {
                continue;
            }
            if is_answer_of(last, message) {
                folded = Some(message.clone());
                *last = Exchange { at: last.at, ..message.clone() };
            } else {
                folded = None;
                messages.swap(kept, at);
                kept += 1;
            }
        }
        start..start + kept
    }

    /// Whether all messages of a group are of its only session.
    pub(super) fn has_one_owner(&self, messages: &Range<usize>) -> bool {
        let [only] = self.kept.as_slice() else { return false };
        let Some((_, session)) = self.joined.sessions.get(*only) else { return false };
        let messages = self.joined.messages.get(messages.clone()).unwrap_or_default();
        !session.uid.is_empty() && messages.iter().all(|(_, message)| message.uid == session.uid)
    }

    pub(super) fn sort_by_time(&mut self, messages: Range<usize>) {
        if let Some(messages) = self.joined.messages.get_mut(messages).filter(|list| list.len() > 1) {
            reorder(messages, |(_, a), (_, b)| a.at.cmp(&b.at));
        }
    }

    /// Gives each message of a group to its connection; messages without one make their own.
    pub(super) fn attach(&mut self, key: UidKey, first_link: usize, range: Range<usize>) {
        let joined = &mut self.joined;
        let first_orphan = joined.sessions.len();
        let messages = joined.messages.get(range.clone()).unwrap_or_default();
        self.owners.clear();
        for (_, message) in messages {
            let reported = |at: usize| joined.sessions.get(at).map(|(_, session)| session);
            let owner = choose(reported, &self.kept, message).unwrap_or_else(|| {
                let last = joined.sessions.get_mut(first_orphan..).and_then(<[_]>::last_mut);
                match last.filter(|(_, session)| is_same_orphan(session, message)) {
                    Some((_, last)) => last.start = last.start.min(message.at),
                    None => joined.sessions.push((key, session_of(message))),
                }
                joined.sessions.len() - 1
            });
            self.owners.push(owner);
        }
        // By connection, then by time.
        let mut order: Vec<(usize, usize)> = self.owners.iter().copied().zip(range.clone()).collect();
        let at = |place: usize| joined.messages.get(place).map(|(_, message)| message.at);
        order.sort_by_key(|(owner, place)| (*owner, at(*place)));
        let sorted: Vec<_> =
            order.iter().filter_map(|(_, place)| joined.messages.get(*place).cloned()).collect();
        if let Some(slots) =
            joined.messages.get_mut(range.clone()).filter(|slots| slots.len() == sorted.len())
        {
            slots.clone_from_slice(&sorted);
        }
        let mut start = range.start;
        for same in order.chunk_by(|(a, _), (b, _)| a == b) {
            let messages = start..start + same.len();
            start = messages.end;
            let Some((owner, _)) = same.first() else { continue };
            let known = self.kept.binary_search(owner).ok();
            match known.and_then(|index| joined.links.get_mut(first_link + index)) {
                Some(link) => link.messages = messages,
                None => self.orphans.push(Link { session: *owner, messages }),
            }
        }
    }
}

/// Whether `answer` is the answer to the query that `query` reported alone (EVE logs both).
fn is_answer_of(query: &Exchange<'_>, answer: &Exchange<'_>) -> bool {
    query.kind == ExchangeKind::Dns
        && answer.kind == ExchangeKind::Dns
        && query.rcode.is_none()
        && answer.rcode.is_some()
        && (query.uid, query.host, query.qtype) == (answer.uid, answer.host, answer.qtype)
        && (0..=DNS_ANSWER_MICROS).contains(&answer.at.since(query.at))
}

/// Whether a message belongs to the connection that a message before it made.
fn is_same_orphan(session: &Session<'_>, message: &Exchange<'_>) -> bool {
    !message.uid.is_empty()
        && session.uid == message.uid
        && (session.orig, session.resp) == (message.orig, message.resp)
}

/// The connection of a message among those of its id: the latest that had begun, of the same endpoints where several
/// fit. `kept`: places in the order of [`session_rank`], so that of many sessions of one id few are looked at.
pub(super) fn choose<'s, 'a: 's>(
    session: impl Fn(usize) -> Option<&'s Session<'a>>,
    kept: &[usize],
    message: &Exchange<'_>,
) -> Option<usize> {
    if message.uid.is_empty() {
        return None;
    }
    let by_tuple = |session: &Session<'_>| {
        let ends = (session.orig, session.resp).cmp(&(message.orig, message.resp));
        session.uid.cmp(message.uid).then(ends)
    };
    let fits = equal(kept, |at| session(at).map_or(Ordering::Less, by_tuple));
    let (mut begun, mut first, mut rest) = (None, None, fits);
    while let Some((at, Session { transport, start, .. })) =
        rest.first().and_then(|at| session(*at).map(|s| (*at, s)))
    {
        // Of one transport they ascend by start.
        let alike =
            rest.partition_point(|at| session(*at).is_some_and(|session| session.transport <= *transport));
        let (of_transport, others) = rest.split_at(alike);
        let has_begun = |session: &Session<'_>| session.start.since(message.at) <= CLOCK_SLACK_MICROS;
        let ahead = of_transport.partition_point(|at| session(*at).is_some_and(has_begun));
        let latest = ahead.checked_sub(1).and_then(|last| of_transport.get(last));
        let latest = latest.and_then(|at| Some((session(*at)?.start, *at)));
        begun = latest.filter(|(start, _)| begun.is_none_or(|(known, _)| *start >= known)).or(begun);
        first = first.filter(|(known, _)| known <= start).or(Some((*start, at)));
        rest = others;
    }
    let of_id =
        || equal(kept, |at| session(at).map_or(Ordering::Less, |session| session.uid.cmp(message.uid)));
    begun.or(first).map(|(_, at)| at).or_else(|| of_id().first().copied())
}

/// The places that compare as equal, of places that ascend.
fn equal(places: &[usize], compare: impl Fn(usize) -> Ordering) -> &[usize] {
    let from = places.partition_point(|at| compare(*at).is_lt());
    let rest = places.get(from..).unwrap_or_default();
    rest.get(..rest.partition_point(|at| compare(*at).is_eq())).unwrap_or_default()
}

/// The session that a message stands for when no sensor reported its connection.
pub(super) fn session_of<'a>(message: &Exchange<'a>) -> Session<'a> {
    Session {
        uid: message.uid,
        ..Session::between(message.at, message.orig, message.resp, message.transport)
    }
}
