//! Total orders of sessions and messages: what makes a join independent of the order of its input.

use crate::model::{Exchange, Session};
use std::cmp::Ordering;

/// Records up to this number are sorted where they lie; of more, only their places are.
const IN_PLACE_MAX: usize = 8;

/// Sorts records, which are a few hundred bytes each: each moves as little as can be.
pub(super) fn reorder<T: Clone>(records: &mut [T], compare: impl Fn(&T, &T) -> Ordering) {
    if records.len() <= IN_PLACE_MAX {
        records.sort_by(compare);
        return;
    }
    let mut order: Vec<usize> = (0..records.len()).collect();
    order.sort_by(|a, b| match (records.get(*a), records.get(*b)) {
        (Some(a), Some(b)) => compare(a, b),
        _ => Ordering::Equal,
    });
    let sorted: Vec<T> = order.into_iter().filter_map(|at| records.get(at).cloned()).collect();
    if sorted.len() == records.len() {
        records.clone_from_slice(&sorted);
    }
}

/// Order of the reports on the sessions of one id.
pub(super) fn session_rank(a: &Session<'_>, b: &Session<'_>) -> Ordering {
    let first = |s: &Session<'_>| (s.orig, s.resp, s.transport, s.start, s.report, s.duration_micros);
    let then = |s: &Session<'_>| (s.orig_bytes, s.resp_bytes, s.state, s.handshake);
    a.uid
        .cmp(b.uid)
        .then_with(|| first(a).cmp(&first(b)))
        .then_with(|| then(a).cmp(&then(b)))
        .then_with(|| (a.service, a.app).cmp(&(b.service, b.app)))
}

/// Order of connections.
pub(super) fn session_order(a: &Session<'_>, b: &Session<'_>) -> Ordering {
    (a.start, a.uid, a.orig, a.resp, a.transport).cmp(&(b.start, b.uid, b.orig, b.resp, b.transport))
}

/// Order of the messages of one id: by kind and host first, so that a query lies beside its answer.
pub(super) fn message_order(a: &Exchange<'_>, b: &Exchange<'_>) -> Ordering {
    let first = |m: &Exchange<'_>| (m.kind, m.qtype, m.at, m.status, m.orig, m.resp);
    let numbers = |m: &Exchange<'_>| (m.rcode, m.orig_bytes, m.resp_bytes);
    let flags = |m: &Exchange<'_>| (m.transport, m.is_proxied, m.is_cert_valid);
    (a.uid, a.kind, a.host)
        .cmp(&(b.uid, b.kind, b.host))
        .then_with(|| first(a).cmp(&first(b)))
        .then_with(|| (a.method, a.path, a.answers).cmp(&(b.method, b.path, b.answers)))
        .then_with(|| numbers(a).cmp(&numbers(b)))
        .then_with(|| (a.user_agent, a.ja3, a.ja4, a.alpn).cmp(&(b.user_agent, b.ja3, b.ja4, b.alpn)))
        .then_with(|| flags(a).cmp(&flags(b)))
}
