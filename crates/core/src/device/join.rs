//! Joins the records of one device: messages to their connections, reports on one connection to one session.
//!
//! Order-free: the records of one id are sorted by everything they hold before anything is decided, so files may
//! come in any order, split anywhere and doubled. Rows of one connection share a `uid`; a sensor that restarts may
//! use an id again, so five-tuple and time decide between sessions of one id.
//!
//! A record never moves far: ids come grouped by their keys, and what comes out are places in the two lists.

use super::chain::chain_fragments;
use super::connection::{Joined, Link};
use super::order::{message_order, reorder, session_order, session_rank};
use crate::model::{ConnState, Exchange, ExchangeKind, Report, Session};
use crate::series::stable_hash;
use std::cmp::Ordering;
use std::ops::Range;

/// A message may carry a time slightly before its connection's first packet (rounding of logs).
const CLOCK_SLACK_MICROS: i64 = 1_000_000;
/// How long after the query a DNS answer can come to be one exchange with it.
const DNS_ANSWER_MICROS: i64 = 30 * 1_000_000;

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

    /// Of the reports on one connection the last word stays, and two directions become one session; how many did.
    fn keep_sessions(&mut self, range: Range<usize>) -> usize {
        self.kept.clear();
        if range.len() < 2 {
            self.kept.extend(range);
            return 0;
        }
        let (first, mut paired) = (range.start, 0);
        let Some(sessions) = self.joined.sessions.get_mut(range) else { return 0 };
        reorder(sessions, |(_, a), (_, b)| session_rank(a, b));
        for at in 0..sessions.len() {
            let (before, rest) = sessions.split_at_mut(at);
            let Some((_, session)) = rest.first_mut() else { break };
            let last = self.kept.last_mut().and_then(|last| Some((before.get(*last - first)?, last)));
            match last {
                Some(((_, known), last)) if is_same_connection(known, session) => {
                    if session.report == Report::OneWay {
                        paired += usize::from(add_direction(session, known));
                        *last = first + at;
                    } else if has_last_word(known, session) {
                        *last = first + at;
                    }
                }
                _ => self.kept.push(first + at),
            }
        }
        paired
    }

    /// Each message once, with DNS queries folded into their answers; what stays is moved to the front.
    fn keep_messages(&mut self, range: Range<usize>) -> Range<usize> {
        let start = range.start;
        let Some(messages) = self.joined.messages.get_mut(range) else { return start..start };
        if messages.len() < 2 {
            return start..start + messages.len();
        }
        reorder(messages, |(_, a), (_, b)| message_order(a, b));
        let mut kept = 1;
        for at in 1..messages.len() {
            let (front, rest) = messages.split_at_mut(at);
            let (Some((_, last)), Some((_, message))) = (front.get_mut(kept - 1), rest.first()) else {
                break;
            };
            if last == message {
                continue;
            }
            if is_answer_of(last, message) {
                *last = Exchange { at: last.at, ..message.clone() };
            } else {
                messages.swap(kept, at);
                kept += 1;
            }
        }
        start..start + kept
    }

    /// Whether all messages of a group are of its only session.
    fn has_one_owner(&self, messages: &Range<usize>) -> bool {
        let [only] = self.kept.as_slice() else { return false };
        let Some((_, session)) = self.joined.sessions.get(*only) else { return false };
        let messages = self.joined.messages.get(messages.clone()).unwrap_or_default();
        !session.uid.is_empty() && messages.iter().all(|(_, message)| message.uid == session.uid)
    }

    fn sort_by_time(&mut self, messages: Range<usize>) {
        if let Some(messages) = self.joined.messages.get_mut(messages).filter(|list| list.len() > 1) {
            reorder(messages, |(_, a), (_, b)| a.at.cmp(&b.at));
        }
    }

    /// Gives each message of a group to its connection; messages without one make their own.
    fn attach(&mut self, key: UidKey, first_link: usize, range: Range<usize>) {
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

fn is_same_connection(a: &Session<'_>, b: &Session<'_>) -> bool {
    let is_same_tuple = a.uid == b.uid && a.orig == b.orig && a.resp == b.resp && a.transport == b.transport;
    let is_same_start = b.start.since(a.start).abs() <= CLOCK_SLACK_MICROS;
    is_same_tuple && is_same_start && (!a.uid.is_empty() || a == b)
}

/// Makes one session of reports on one direction each; whether the other one was another direction. Rows come sorted
/// by their kind, so what is known is of one direction, or of two already.
fn add_direction<'a>(session: &mut Session<'a>, known: &Session<'a>) -> bool {
    let is_back = |session: &Session<'_>| session.orig_bytes.is_none() && session.resp_bytes.is_some();
    let has_both = known.orig_bytes.is_some() && known.resp_bytes.is_some();
    let is_new = !has_both && is_back(known) != is_back(session);
    session.start = session.start.min(known.start);
    session.duration_micros = session.duration_micros.max(known.duration_micros);
    session.orig_bytes = session.orig_bytes.max(known.orig_bytes);
    session.resp_bytes = session.resp_bytes.max(known.resp_bytes);
    session.orig_pkts = session.orig_pkts.max(known.orig_pkts);
    session.resp_pkts = session.resp_pkts.max(known.resp_pkts);
    session.service = session.service.or(known.service);
    if has_both || is_new {
        // A second direction is an answer.
        session.state = ConnState::Established;
    }
    is_new
}

/// The final report beats an open one; of two alike, the one that saw more time.
fn has_last_word(known: &Session<'_>, other: &Session<'_>) -> bool {
    let rank = |session: &Session<'_>| {
        (session.report, session.duration_micros, session.orig_bytes, session.resp_bytes)
    };
    rank(other) >= rank(known)
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
fn choose<'s, 'a: 's>(
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
fn session_of<'a>(message: &Exchange<'a>) -> Session<'a> {
    Session {
        uid: message.uid,
        ..Session::between(message.at, message.orig, message.resp, message.transport)
    }
}

impl Joined<'_> {
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
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::device::Connection;
    use crate::model::{Endpoint, Timestamp, Transport};

    fn end(text: &str, port: u16) -> Endpoint {
        Endpoint::new(text.parse().unwrap(), port)
    }

    fn session(uid: &str, secs: i64) -> Session<'_> {
        let message = Exchange::new(
            ExchangeKind::Tls,
            uid,
            Timestamp::from_secs(secs),
            end("10.0.0.1", 5),
            end("192.0.2.1", 443),
        );
        Session { duration_micros: Some(1), handshake: Some(true), ..session_of(&message) }
    }

    fn message(uid: &str, secs: i64) -> Exchange<'_> {
        Exchange::new(
            ExchangeKind::Http,
            uid,
            Timestamp::from_secs(secs),
            end("10.0.0.1", 5),
            end("192.0.2.1", 443),
        )
    }

    #[test]
    fn messages_find_their_connection_in_any_order() {
        let sessions = vec![session("a", 10), session("b", 20)];
        let messages = vec![message("b", 21), message("a", 11), message("b", 25), message("x", 1)];
        let joined = join(sessions.clone(), messages.clone());
        // Only a session that a sensor reported says whether it saw the opening.
        let is_reported = |c: &Connection<'_, '_>| c.session.handshake.is_some();
        let shape: Vec<_> =
            joined.connections().iter().map(|c| (c.session.uid, c.messages.len(), is_reported(c))).collect();
        assert_eq!(shape, [("x", 1, false), ("a", 1, true), ("b", 2, true)]);
        let reversed = join(sessions.into_iter().rev().collect(), messages.into_iter().rev().collect());
        assert_eq!(reversed.connections(), joined.connections());
    }

    #[test]
    fn doubled_rows_count_once_and_the_final_report_wins() {
        let open = Session { report: Report::Open, duration_micros: Some(900), ..session("a", 10) };
        let last = Session { duration_micros: Some(500), ..session("a", 10) };
        let joined = join(vec![last.clone(), open, last.clone()], vec![message("a", 11), message("a", 11)]);
        assert_eq!(joined.connections().len(), 1);
        assert_eq!(*joined.connections()[0].session, last);
        assert_eq!(joined.connections()[0].messages.len(), 1);
        assert_eq!(joined.duplicates, 3);
    }

    #[test]
    fn two_directions_are_one_session_and_the_flow_has_the_last_word() {
        let half = Session { report: Report::OneWay, handshake: None, ..session("a", 10) };
        let there = Session { orig_bytes: Some(300), service: Some("tls"), ..half.clone() };
        let back = Session { resp_bytes: Some(7000), duration_micros: Some(5), ..half.clone() };
        let mut all = vec![back.clone(), there.clone(), back.clone(), there.clone()];
        for _ in 0..4 {
            all.rotate_left(1);
            let joined = join(all.clone(), vec![message("a", 11)]);
            let connections = joined.connections();
            let found: Vec<_> = connections
                .iter()
                .map(|c| (c.session.orig_bytes, c.session.resp_bytes, c.session.service, c.session.state))
                .collect();
            assert_eq!(found, [(Some(300), Some(7000), Some("tls"), ConnState::Established)]);
            assert_eq!(connections[0].messages.len(), 1);
        }
        let flow = Session { orig_bytes: Some(250), resp_bytes: Some(6000), ..session("a", 10) };
        let joined = join(vec![flow.clone(), there.clone(), back], vec![]);
        assert_eq!(joined.connections().iter().map(|c| c.session.clone()).collect::<Vec<_>>(), [flow]);
        // One direction alone says nothing of the other.
        let joined = join(vec![there], vec![]);
        let alone = joined.connections()[0].session.clone();
        assert_eq!((alone.resp_bytes, alone.state), (None, ConnState::Unknown));
    }

    #[test]
    fn an_id_used_again_after_a_restart_is_another_session() {
        let joined =
            join(vec![session("a", 10), session("a", 5000)], vec![message("a", 11), message("a", 5001)]);
        let shape: Vec<_> = joined.connections().iter().map(|c| c.messages.len()).collect();
        assert_eq!(shape, [1, 1]);
    }

    /// What [`choose`] finds, by looking at all sessions.
    fn chosen_of_all(sessions: &[Session<'_>], message: &Exchange<'_>) -> Option<usize> {
        let of_id = (0..sessions.len()).filter(|at| sessions[*at].uid == message.uid);
        let is_between =
            |at: &usize| (sessions[*at].orig, sessions[*at].resp) == (message.orig, message.resp);
        let fits = of_id.clone().filter(is_between);
        let has_begun = |at: &usize| sessions[*at].start.since(message.at) <= CLOCK_SLACK_MICROS;
        let begun = fits.clone().filter(has_begun).max_by_key(|at| sessions[*at].start);
        begun.or_else(|| fits.min_by_key(|at| sessions[*at].start)).or_else(|| of_id.clone().next())
    }

    #[test]
    fn few_of_many_sessions_of_one_id_are_looked_at() {
        let transports = [Transport::Tcp, Transport::Udp];
        let mut sessions: Vec<_> = (0..4000)
            .map(|n| Session {
                transport: transports[n % 2],
                resp: end("192.0.2.1", 443 + u16::try_from(n % 3).unwrap()),
                ..session(if n % 5 == 0 { "b" } else { "a" }, i64::try_from(n / 4).unwrap() * 10)
            })
            .collect();
        sessions.sort_by(session_rank);
        let kept: Vec<usize> = (0..sessions.len()).collect();
        let looks = std::cell::Cell::new(0);
        let mut messages = 0;
        for uid in ["a", "b", "c"] {
            for secs in (-15..10_050).step_by(97) {
                for port in 442..447 {
                    let message = Exchange { resp: end("192.0.2.1", port), ..message(uid, secs) };
                    let look = |at: usize| {
                        looks.set(looks.get() + 1);
                        sessions.get(at)
                    };
                    assert_eq!(
                        choose(look, &kept, &message),
                        chosen_of_all(&sessions, &message),
                        "{message:?}"
                    );
                    messages += 1;
                }
            }
        }
        assert!(looks.get() < 100 * messages, "{} of {} sessions", looks.get() / messages, sessions.len());
    }

    #[test]
    fn keep_alive_fragments_of_one_flow_are_one_session() {
        let fragment = |uid, secs| Session {
            handshake: Some(false),
            orig_bytes: Some(1),
            transport: Transport::Tcp,
            ..session(uid, secs)
        };
        let joined = join(
            vec![fragment("a", 0), fragment("b", 600), fragment("c", 1200), fragment("d", 90_000)],
            vec![],
        );
        let shape: Vec<_> = joined
            .connections()
            .iter()
            .map(|c| (c.session.uid, c.session.orig_bytes, c.session.duration_micros))
            .collect();
        assert_eq!(shape, [("a", Some(3), Some(1_200_000_001)), ("d", Some(1), Some(1))]);
    }

    #[test]
    fn a_dns_query_and_its_answer_are_one_exchange() {
        let query =
            Exchange { kind: ExchangeKind::Dns, host: Some("a.example"), qtype: Some(1), ..message("a", 5) };
        let answer = Exchange { at: Timestamp::from_secs(6), rcode: Some(0), ..query.clone() };
        let joined = join(vec![], vec![answer, query]);
        assert_eq!(joined.connections().len(), 1);
        let messages = &joined.connections()[0].messages;
        assert_eq!(messages.len(), 1);
        assert_eq!((messages[0].1.at, messages[0].1.rcode), (Timestamp::from_secs(5), Some(0)));
    }
}
