//! Hand-made records in every order.

use super::messages::{choose, session_of};
use super::*;
use crate::device::Connection;
use crate::device::order::session_rank;
use crate::model::{ConnState, Endpoint, ExchangeKind, Report, Timestamp, Transport};

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
    let joined = join(vec![session("a", 10), session("a", 5000)], vec![message("a", 11), message("a", 5001)]);
    let shape: Vec<_> = joined.connections().iter().map(|c| c.messages.len()).collect();
    assert_eq!(shape, [1, 1]);
}

/// What [`choose`] finds, by looking at all sessions.
fn chosen_of_all(sessions: &[Session<'_>], message: &Exchange<'_>) -> Option<usize> {
    let of_id = (0..sessions.len()).filter(|at| sessions[*at].uid == message.uid);
    let is_between = |at: &usize| (sessions[*at].orig, sessions[*at].resp) == (message.orig, message.resp);
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
                assert_eq!(choose(look, &kept, &message), chosen_of_all(&sessions, &message), "{message:?}");
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
    let joined =
        join(vec![fragment("a", 0), fragment("b", 600), fragment("c", 1200), fragment("d", 90_000)], vec![]);
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

#[test]
fn doubled_queries_and_answers_are_one_exchange() {
    let query =
        Exchange { kind: ExchangeKind::Dns, host: Some("a.example"), qtype: Some(1), ..message("a", 5) };
    let answer = Exchange { at: Timestamp::from_secs(6), rcode: Some(0), ..query.clone() };
    let again = Exchange { at: Timestamp::from_secs(50), ..query.clone() };
    let once = vec![query.clone(), answer.clone(), again.clone()];
    let twice = vec![answer.clone(), query.clone(), again.clone(), query, answer, again];
    let (once, twice) = (join(vec![], once), join(vec![], twice));
    assert_eq!(once.connections()[0].messages.len(), 2);
    assert_eq!(twice.connections(), once.connections());
}
