//! Joins the records of one device: messages to their connections, reports on one connection to one session.
//!
//! Order-free: the records are sorted by everything they hold before anything is decided, so files may come
//! in any order, split anywhere and doubled. Rows of one connection share a `uid`; a sensor that restarts may
//! use an id again, so five-tuple and time decide between sessions of one id.

use crate::model::{ConnState, Exchange, ExchangeKind, Session, Timestamp};
use crate::series::stable_hash;

/// Longest silence between two fragments of one mid-stream TCP flow: sensors drop a silent flow after 5
/// minutes to an hour (Zeek `tcp_inactivity_timeout`, Suricata `flow-timeouts`) and report its keep-alives anew.
const FRAGMENT_GAP_MICROS: i64 = 2 * 3600 * 1_000_000;
/// A message may carry a time slightly before its connection's first packet (rounding of logs).
const CLOCK_SLACK_MICROS: i64 = 1_000_000;
/// How long after the query a DNS answer can come to be one exchange with it.
const DNS_ANSWER_MICROS: i64 = 30 * 1_000_000;

/// One connection with the messages inside it.
#[derive(Debug, Clone, PartialEq)]
pub struct Connection<'a> {
    /// The session; made up from the messages when no sensor reported it.
    pub session: Session<'a>,
    /// Its messages, ascending by time.
    pub messages: Vec<Exchange<'a>>,
    /// Whether a sensor reported the session itself.
    pub is_reported: bool,
}

/// Connections of one device, ascending by (start, uid, endpoints), and how many doubled records were dropped.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Joined<'a> {
    /// Connections.
    pub connections: Vec<Connection<'a>>,
    /// Records that said what another had said.
    pub duplicates: u64,
}

/// Joins sessions and messages of one device.
pub fn join<'a>(sessions: Vec<Session<'a>>, messages: Vec<Exchange<'a>>) -> Joined<'a> {
    let before = sessions.len() + messages.len();
    let sessions = distinct_sessions(sessions);
    let messages = distinct_messages(messages);
    let duplicates = before.saturating_sub(sessions.len() + messages.len()) as u64;
    let mut connections: Vec<Connection<'a>> = sessions
        .into_iter()
        .map(|(_, session)| Connection { session, messages: Vec::new(), is_reported: true })
        .collect();
    attach(&mut connections, messages);
    let mut connections = chain_fragments(connections);
    connections.sort_by(|a, b| session_order(&a.session, &b.session));
    for connection in &mut connections {
        connection.messages.sort_by_key(|message| message.at);
    }
    Joined { connections, duplicates }
}

type Keyed<T> = (u64, T);

/// Puts values into the order of (hash of the uid, `then`). Sorts positions, not values: each value moves once.
fn in_order<T>(
    values: Vec<T>,
    uid: impl Fn(&T) -> &str,
    then: impl Fn(&T, &T) -> std::cmp::Ordering,
) -> impl Iterator<Item = Keyed<T>> {
    let mut order: Vec<(u64, usize)> =
        values.iter().enumerate().map(|(at, value)| (stable_hash(uid(value).as_bytes()), at)).collect();
    order.sort_unstable_by(|(hash_a, a), (hash_b, b)| {
        hash_a.cmp(hash_b).then_with(|| match (values.get(*a), values.get(*b)) {
            (Some(a), Some(b)) => then(a, b),
            _ => std::cmp::Ordering::Equal,
        })
    });
    let mut slots: Vec<Option<T>> = values.into_iter().map(Some).collect();
    order.into_iter().filter_map(move |(hash, at)| Some((hash, slots.get_mut(at)?.take()?)))
}

/// Sorted by (uid hash, uid, five-tuple, start); of the reports on one connection the last word stays.
fn distinct_sessions(sessions: Vec<Session<'_>>) -> Vec<Keyed<Session<'_>>> {
    let count = sessions.len();
    let sorted = in_order(
        sessions,
        |session| session.uid,
        |a, b| {
            (a.uid, a.orig, a.resp, a.transport, a.start, a.is_final, a.duration_micros)
                .cmp(&(b.uid, b.orig, b.resp, b.transport, b.start, b.is_final, b.duration_micros))
                .then_with(|| {
                    (a.orig_bytes, a.resp_bytes, a.state, a.service).cmp(&(
                        b.orig_bytes,
                        b.resp_bytes,
                        b.state,
                        b.service,
                    ))
                })
        },
    );
    let mut kept: Vec<Keyed<Session<'_>>> = Vec::with_capacity(count);
    for (hash, session) in sorted {
        match kept.last_mut() {
            Some((last_hash, last)) if *last_hash == hash && is_same_connection(last, &session) => {
                if has_last_word(last, &session) {
                    *last = session;
                }
            }
            _ => kept.push((hash, session)),
        }
    }
    kept
}

fn is_same_connection(a: &Session<'_>, b: &Session<'_>) -> bool {
    let is_same_tuple = a.uid == b.uid && a.orig == b.orig && a.resp == b.resp && a.transport == b.transport;
    let is_same_start = b.start.since(a.start).abs() <= CLOCK_SLACK_MICROS;
    is_same_tuple && is_same_start && (!a.uid.is_empty() || a == b)
}

/// The final report beats an open one; of two alike, the one that saw more time.
fn has_last_word(known: &Session<'_>, other: &Session<'_>) -> bool {
    let rank = |session: &Session<'_>| {
        (session.is_final, session.duration_micros, session.orig_bytes, session.resp_bytes)
    };
    rank(other) >= rank(known)
}

/// Sorted by (uid hash, uid, kind, host, type, time, content), each once, with DNS queries folded into their
/// answers.
fn distinct_messages(messages: Vec<Exchange<'_>>) -> Vec<Keyed<Exchange<'_>>> {
    let count = messages.len();
    let mut kept: Vec<Keyed<Exchange<'_>>> = Vec::with_capacity(count);
    for (hash, message) in in_order(messages, |message| message.uid, message_order) {
        match kept.last_mut() {
            Some((_, last)) if *last == message => {}
            Some((last_hash, last)) if *last_hash == hash && is_answer_of(last, &message) => {
                let asked_at = last.at;
                *last = Exchange { at: asked_at, ..message };
            }
            _ => kept.push((hash, message)),
        }
    }
    kept
}

fn message_order(a: &Exchange<'_>, b: &Exchange<'_>) -> std::cmp::Ordering {
    let first = |m: &Exchange<'_>| (m.kind, m.qtype, m.at, m.status, m.orig, m.resp);
    let numbers = |m: &Exchange<'_>| (m.rcode, m.orig_bytes, m.resp_bytes);
    (a.uid, a.kind, a.host)
        .cmp(&(b.uid, b.kind, b.host))
        .then_with(|| first(a).cmp(&first(b)))
        .then_with(|| (a.method, a.path, a.answers).cmp(&(b.method, b.path, b.answers)))
        .then_with(|| numbers(a).cmp(&numbers(b)))
        .then_with(|| (a.user_agent, a.ja3, a.ja4, a.alpn).cmp(&(b.user_agent, b.ja3, b.ja4, b.alpn)))
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

/// Gives each message to its connection; messages without one make their own.
fn attach<'a>(connections: &mut Vec<Connection<'a>>, messages: Vec<Keyed<Exchange<'a>>>) {
    let hashes: Vec<u64> =
        connections.iter().map(|connection| stable_hash(connection.session.uid.as_bytes())).collect();
    let reported = connections.len();
    let mut first = 0;
    let mut orphans_from = reported;
    for (hash, message) in messages {
        while hashes.get(first).is_some_and(|&known| known < hash) {
            first += 1;
        }
        let same_id =
            hashes.get(first..).unwrap_or_default().iter().take_while(|&&known| known == hash).count();
        let choice = choose(connections, first..first + same_id, &message);
        if let Some(connection) = choice.and_then(|at| connections.get_mut(at)) {
            connection.messages.push(message);
            continue;
        }
        let is_same_orphan = |connection: &Connection<'_>| {
            !message.uid.is_empty()
                && connection.session.uid == message.uid
                && (connection.session.orig, connection.session.resp) == (message.orig, message.resp)
        };
        orphans_from = orphans_from.max(reported);
        match connections.get_mut(orphans_from..).and_then(<[_]>::last_mut) {
            Some(last) if is_same_orphan(last) => {
                last.session.start = last.session.start.min(message.at);
                last.messages.push(message);
            }
            _ => connections.push(Connection {
                session: session_of(&message),
                messages: vec![message],
                is_reported: false,
            }),
        }
    }
}

/// The connection of a message among those of its id: the latest that had begun, of the same endpoints where
/// several fit.
fn choose(
    connections: &[Connection<'_>],
    range: std::ops::Range<usize>,
    message: &Exchange<'_>,
) -> Option<usize> {
    if message.uid.is_empty() {
        return None;
    }
    let fits = |at: &usize| {
        connections.get(*at).is_some_and(|connection| {
            let session = &connection.session;
            session.uid == message.uid && (session.orig, session.resp) == (message.orig, message.resp)
        })
    };
    let begun = |at: &usize| {
        connections.get(*at).is_some_and(|c| c.session.start.since(message.at) <= CLOCK_SLACK_MICROS)
    };
    let candidates: Vec<usize> = range.clone().filter(fits).collect();
    let start_of = |at: &usize| connections.get(*at).map(|c| c.session.start);
    candidates
        .iter()
        .copied()
        .filter(begun)
        .max_by_key(start_of)
        .or_else(|| candidates.iter().copied().min_by_key(start_of))
        .or_else(|| {
            range.into_iter().find(|at| connections.get(*at).is_some_and(|c| c.session.uid == message.uid))
        })
}

/// The session that a message stands for when no sensor reported its connection.
fn session_of<'a>(message: &Exchange<'a>) -> Session<'a> {
    Session {
        uid: message.uid,
        start: message.at,
        duration_micros: None,
        orig: message.orig,
        resp: message.resp,
        transport: message.transport,
        service: None,
        orig_bytes: None,
        resp_bytes: None,
        orig_pkts: None,
        resp_pkts: None,
        state: ConnState::Unknown,
        handshake: None,
        local_orig: None,
        local_resp: None,
        orig_l2: None,
        is_final: true,
        app: None,
    }
}

/// Makes one session of the fragments that sensors report of one long TCP flow: later fragments have no
/// handshake and follow within the gap.
fn chain_fragments(mut connections: Vec<Connection<'_>>) -> Vec<Connection<'_>> {
    if !connections.iter().any(|connection| connection.session.handshake == Some(false)) {
        return connections;
    }
    connections.sort_by(|a, b| {
        let tuple = |c: &Connection<'_>| (c.session.transport, c.session.orig, c.session.resp);
        tuple(a).cmp(&tuple(b)).then_with(|| session_order(&a.session, &b.session))
    });
    let mut chained: Vec<Connection<'_>> = Vec::with_capacity(connections.len());
    for connection in connections {
        match chained.last_mut() {
            Some(last) if continues(&last.session, &connection.session) => extend(last, connection),
            _ => chained.push(connection),
        }
    }
    chained
}

fn continues(flow: &Session<'_>, fragment: &Session<'_>) -> bool {
    fragment.handshake == Some(false)
        && (flow.transport, flow.orig, flow.resp) == (fragment.transport, fragment.orig, fragment.resp)
        && fragment.start.since(end_of(flow)) <= FRAGMENT_GAP_MICROS
}

fn end_of(session: &Session<'_>) -> Timestamp {
    let micros = session.duration_micros.and_then(|micros| i64::try_from(micros).ok()).unwrap_or(0);
    session.start.plus_micros(micros)
}

fn extend<'a>(flow: &mut Connection<'a>, fragment: Connection<'a>) {
    fn sum(a: Option<u64>, b: Option<u64>) -> Option<u64> {
        match (a, b) {
            (Some(a), Some(b)) => Some(a.saturating_add(b)),
            (a, b) => a.or(b),
        }
    }
    let end = end_of(&flow.session).max(end_of(&fragment.session));
    let session = &mut flow.session;
    session.duration_micros = u64::try_from(end.since(session.start)).ok();
    session.orig_bytes = sum(session.orig_bytes, fragment.session.orig_bytes);
    session.resp_bytes = sum(session.resp_bytes, fragment.session.resp_bytes);
    session.orig_pkts = sum(session.orig_pkts, fragment.session.orig_pkts);
    session.resp_pkts = sum(session.resp_pkts, fragment.session.resp_pkts);
    session.service = session.service.or(fragment.session.service);
    session.app = session.app.or(fragment.session.app);
    flow.messages.extend(fragment.messages);
}

fn session_order(a: &Session<'_>, b: &Session<'_>) -> std::cmp::Ordering {
    (a.start, a.uid, a.orig, a.resp, a.transport).cmp(&(b.start, b.uid, b.orig, b.resp, b.transport))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Endpoint, Transport};

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
        let shape: Vec<_> =
            joined.connections.iter().map(|c| (c.session.uid, c.messages.len(), c.is_reported)).collect();
        assert_eq!(shape, [("x", 1, false), ("a", 1, true), ("b", 2, true)]);
        let reversed = join(sessions.into_iter().rev().collect(), messages.into_iter().rev().collect());
        assert_eq!(reversed, joined);
    }

    #[test]
    fn doubled_rows_count_once_and_the_final_report_wins() {
        let open = Session { is_final: false, duration_micros: Some(900), ..session("a", 10) };
        let last = Session { duration_micros: Some(500), ..session("a", 10) };
        let joined = join(vec![last.clone(), open, last.clone()], vec![message("a", 11), message("a", 11)]);
        assert_eq!(joined.connections.len(), 1);
        assert_eq!(joined.connections[0].session, last);
        assert_eq!(joined.connections[0].messages.len(), 1);
        assert_eq!(joined.duplicates, 3);
    }

    #[test]
    fn an_id_used_again_after_a_restart_is_another_session() {
        let joined =
            join(vec![session("a", 10), session("a", 5000)], vec![message("a", 11), message("a", 5001)]);
        let shape: Vec<_> = joined.connections.iter().map(|c| c.messages.len()).collect();
        assert_eq!(shape, [1, 1]);
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
            .connections
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
        assert_eq!(joined.connections.len(), 1);
        let messages = &joined.connections[0].messages;
        assert_eq!(messages.len(), 1);
        assert_eq!((messages[0].at, messages[0].rcode), (Timestamp::from_secs(5), Some(0)));
    }
}
