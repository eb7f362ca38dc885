//! How far a phone's clock is ahead of the sensor's.

use super::{ConnectionReport, SessionFacts};
use crate::model::Timestamp;
use std::net::IpAddr;

/// Largest skew looked for: 15 minutes. Phones set their clock by the network; a larger difference between the
/// two reports of a responder is two different connections.
pub(super) const MAX_SKEW_MICROS: i64 = 15 * 60 * 1_000_000;

/// Matches needed: one or two may be chance.
const MIN_MATCHES: usize = 3;

/// Largest median deviation from the median: with more, the differences are no constant skew. The same 2 seconds
/// within which an address matches.
const MAX_SPREAD_MICROS: i64 = 2_000_000;

/// A responder's connections are paired in their order up to this many; a median needs no more.
const MAX_PAIRS_PER_RESPONDER: usize = 1_000;

/// The estimated skew of one device: the median difference (phone minus sensor) over responders that both sides
/// saw equally often.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Skew {
    /// Microseconds that the phone's clock is ahead.
    pub micros: i64,
    /// Matches behind it.
    pub matches: usize,
    /// Median absolute deviation of the matches from it, microseconds.
    pub spread_micros: i64,
}

/// A responder's address and port, and when.
type Contact = (IpAddr, u16, Timestamp);

impl Skew {
    /// Estimates the skew of one device. Responders that either side saw once count first; where fewer than 3 of
    /// them match, those that both sides saw equally often do, connection by connection in their order. `None`
    /// with fewer than 3 matches, or where they disagree by more than 2 seconds in the median.
    pub(super) fn estimate<'s>(
        reports: &[ConnectionReport<'_>],
        sessions: impl IntoIterator<Item = &'s SessionFacts<'s>>,
    ) -> Option<Self> {
        let mut reported: Vec<Contact> = reports.iter().filter_map(contact).collect();
        if reported.is_empty() {
            return None;
        }
        let mut seen: Vec<Contact> = sessions
            .into_iter()
            .map(|session| (session.resp.addr, session.resp.port, session.start))
            .collect();
        reported.sort_unstable();
        seen.sort_unstable();
        let mut differences = pairs(&reported, &seen, 1);
        if differences.len() < MIN_MATCHES {
            differences = pairs(&reported, &seen, MAX_PAIRS_PER_RESPONDER);
        }
        let matches = differences.len();
        let micros = median(&mut differences).filter(|_| matches >= MIN_MATCHES)?;
        let mut deviations: Vec<i64> = differences.iter().map(|each| (each - micros).abs()).collect();
        let spread_micros = median(&mut deviations)?;
        (spread_micros <= MAX_SPREAD_MICROS).then_some(Self { micros, matches, spread_micros })
    }
}

/// The responder of a report that stands for one connection.
fn contact(report: &ConnectionReport<'_>) -> Option<Contact> {
    let connection = &report.connection;
    let is_single = connection.hits == 1;
    is_single.then_some((connection.resp_ip?, connection.resp_port?, report.at))
}

/// Differences (report minus session) of responders that both sides saw equally often, `most` times at most.
fn pairs(reported: &[Contact], seen: &[Contact], most: usize) -> Vec<i64> {
    let is_same = |left: &Contact, right: &Contact| (left.0, left.1) == (right.0, right.1);
    let mut differences = Vec::new();
    let mut sessions = seen.chunk_by(is_same).peekable();
    for group in reported.chunk_by(is_same) {
        let Some(key) = group.first().map(|contact| (contact.0, contact.1)) else { continue };
        let of = |group: &&[Contact]| group.first().map(|contact| (contact.0, contact.1));
        while sessions.next_if(|group| of(group) < Some(key)).is_some() {}
        let Some(others) = sessions.next_if(|group| of(group) == Some(key)) else { continue };
        if group.len() == others.len() && group.len() <= most {
            let each = group.iter().zip(others).map(|(report, session)| report.2.since(session.2));
            differences.extend(each.filter(|each| each.unsigned_abs() <= MAX_SKEW_MICROS.unsigned_abs()));
        }
    }
    differences
}

/// The median; of an even number the lower one. Sorts. `None` of nothing.
fn median(values: &mut [i64]) -> Option<i64> {
    values.sort_unstable();
    values.get(values.len().checked_sub(1)? / 2).copied()
}
