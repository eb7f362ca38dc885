//! Reports on one connection: of several the last word stays, and two directions become one session.

use super::super::order::{reorder, session_rank};
use super::{CLOCK_SLACK_MICROS, Joining};
use crate::model::{ConnState, Report, Session};
use std::ops::Range;

impl Joining<'_> {
    /// Of the reports on one connection the last word stays, and two directions become one session; how many did.
    pub(super) fn keep_sessions(&mut self, range: Range<usize>) -> usize {
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
