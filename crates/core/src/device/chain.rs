//! Makes one session of the fragments that sensors report of one long TCP flow.
//!
//! Later fragments have no handshake and follow within a gap. Only connections that share their five-tuple with a
//! fragment are looked at; the others stay where they are.

use super::connection::{Joined, Link};
use super::order::session_order;
use crate::model::{Endpoint, Session, Timestamp, Transport};

/// Longest silence between two fragments of one mid-stream TCP flow: sensors drop a silent flow after 5
/// minutes to an hour (Zeek `tcp_inactivity_timeout`, Suricata `flow-timeouts`) and report its keep-alives anew.
const FRAGMENT_GAP_MICROS: i64 = 2 * 3600 * 1_000_000;

type Tuple = (Transport, Endpoint, Endpoint);

/// A connection with its place among all.
type Placed = (usize, Link);

fn tuple(session: &Session<'_>) -> Tuple {
    (session.transport, session.orig, session.resp)
}

/// Chains the fragments among the connections; the order of the others does not change.
pub(super) fn chain_fragments(joined: &mut Joined<'_>) {
    let fragments = joined.links.iter().filter_map(|link| joined.sessions.get(link.session));
    let mut tuples: Vec<Tuple> = fragments
        .filter(|(_, session)| session.handshake == Some(false))
        .map(|(_, session)| tuple(session))
        .collect();
    tuples.sort_unstable();
    tuples.dedup();
    // Most connections are told from fragments by their port alone.
    let mut ports: Vec<u16> = tuples.iter().map(|(_, orig, _)| orig.port).collect();
    ports.sort_unstable();
    ports.dedup();
    let is_of_chain = |link: &Link| {
        joined.sessions.get(link.session).is_some_and(|(_, session)| {
            ports.binary_search(&session.orig.port).is_ok() && tuples.binary_search(&tuple(session)).is_ok()
        })
    };
    let (mut chained, others): (Vec<Placed>, Vec<Placed>) =
        std::mem::take(&mut joined.links).into_iter().enumerate().partition(|(_, link)| is_of_chain(link));
    chained.sort_by(|(_, a), (_, b)| {
        match (joined.sessions.get(a.session), joined.sessions.get(b.session)) {
            (Some((_, a)), Some((_, b))) => tuple(a).cmp(&tuple(b)).then_with(|| session_order(a, b)),
            _ => std::cmp::Ordering::Equal,
        }
    });
    let mut links: Vec<Placed> = others;
    links.extend(chain(joined, chained));
    links.sort_by_key(|(place, _)| *place);
    joined.links = links.into_iter().map(|(_, link)| link).collect();
}

/// Chains connections that are sorted by tuple and start.
fn chain(joined: &mut Joined<'_>, sorted: Vec<Placed>) -> Vec<Placed> {
    let mut chained: Vec<Placed> = Vec::with_capacity(sorted.len());
    for (place, link) in sorted {
        let Some((_, fragment)) = joined.sessions.get(link.session).cloned() else { continue };
        let last = chained.last_mut().map(|(_, last)| last);
        let flow = last.and_then(|last| Some((joined.sessions.get_mut(last.session)?, last)));
        match flow {
            Some(((_, flow), last)) if continues(flow, &fragment) => {
                extend(flow, &fragment);
                append_messages(joined, last, link);
            }
            _ => chained.push((place, link)),
        }
    }
    for (_, link) in &chained {
        if let Some(messages) = joined.messages.get_mut(link.messages.clone()) {
            messages.sort_by_key(|(_, message)| message.at);
        }
    }
    chained
}

/// Puts the messages of a fragment behind those of its flow.
fn append_messages(joined: &mut Joined<'_>, flow: &mut Link, fragment: Link) {
    if fragment.messages.is_empty() {
        return;
    }
    if flow.messages.is_empty() {
        flow.messages = fragment.messages;
        return;
    }
    let start = joined.messages.len();
    // What lies at the end already only grows.
    let is_last = flow.messages.end == start;
    let moved = if is_last { fragment.messages.clone() } else { flow.messages.clone() };
    joined.messages.extend_from_within(moved);
    if !is_last {
        joined.messages.extend_from_within(fragment.messages);
    }
    flow.messages = if is_last { flow.messages.start } else { start }..joined.messages.len();
}

fn continues(flow: &Session<'_>, fragment: &Session<'_>) -> bool {
    fragment.handshake == Some(false)
        && tuple(flow) == tuple(fragment)
        && fragment.start.since(end_of(flow)) <= FRAGMENT_GAP_MICROS
}

fn end_of(session: &Session<'_>) -> Timestamp {
    let micros = session.duration_micros.and_then(|micros| i64::try_from(micros).ok()).unwrap_or(0);
    session.start.plus_micros(micros)
}

fn extend<'a>(flow: &mut Session<'a>, fragment: &Session<'a>) {
    fn sum(a: Option<u64>, b: Option<u64>) -> Option<u64> {
        match (a, b) {
            (Some(a), Some(b)) => Some(a.saturating_add(b)),
            (a, b) => a.or(b),
        }
    }
    let end = end_of(flow).max(end_of(fragment));
    flow.duration_micros = u64::try_from(end.since(flow.start)).ok();
    flow.orig_bytes = sum(flow.orig_bytes, fragment.orig_bytes);
    flow.resp_bytes = sum(flow.resp_bytes, fragment.resp_bytes);
    flow.orig_pkts = sum(flow.orig_pkts, fragment.orig_pkts);
    flow.resp_pkts = sum(flow.resp_pkts, fragment.resp_pkts);
    flow.service = flow.service.or(fragment.service);
    flow.app = flow.app.or(fragment.app);
}
