//! When sensors saw a phone, and whether they saw what it reported then.

use super::Row;
use hashbrown::HashMap;
use std::collections::BTreeMap;
use std::net::IpAddr;
use undertone_core::model::{Session, Timestamp};
use undertone_core::series::stable_hash;

/// How near a sensor's record a report must be for the sensor to have seen the same: a phone that is there speaks more
/// often than this (its push service alone every 15 to 28 minutes), and its clock is not as wrong.
const MARGIN_MICROS: i64 = 30 * 60 * 1_000_000;
/// Most spans that are kept: silences of over half an hour, one after the other for years. Whoever's records are more
/// scattered has no clock, and counts as always seen.
const SPANS_MAX: usize = 1 << 16;
/// Largest difference of the two clocks at which a report and a record are of one connection; the skew's own bound.
const CLOCK_MICROS: i64 = 15 * 60 * 1_000_000;

/// When sensors saw a phone, whatever the order of what they recorded.
#[derive(Debug, Default)]
pub struct Seen {
    /// Start to end of spans without a longer silence than the margin; longer silences lie between them.
    spans: BTreeMap<Timestamp, Timestamp>,
}

impl Seen {
    /// Adds a session.
    pub fn add_session(&mut self, session: &Session<'_>) {
        let lasted = session.duration_micros.and_then(|micros| i64::try_from(micros).ok());
        self.add(session.start, session.start.plus_micros(lasted.unwrap_or(0)));
    }

    /// Adds an instant.
    pub fn add_instant(&mut self, at: Timestamp) {
        self.add(at, at);
    }

    fn add(&mut self, mut start: Timestamp, mut end: Timestamp) {
        while let Some((&known, &until)) = self.spans.range(..=end.plus_micros(MARGIN_MICROS)).next_back() {
            if start.since(until) > MARGIN_MICROS {
                break;
            }
            if known <= start && end <= until {
                return;
            }
            self.spans.remove(&known);
            (start, end) = (start.min(known), end.max(until));
        }
        self.spans.insert(start, end);
        if self.spans.len() > SPANS_MAX {
            let [first, last] = [i64::MIN, i64::MAX].map(Timestamp::from_micros);
            self.spans = BTreeMap::from([(first, last)]);
        }
    }

    /// Whether a sensor saw the phone about then.
    pub(super) fn is_near(&self, at: Timestamp) -> bool {
        let last = self.spans.range(..=at.plus_micros(MARGIN_MICROS)).next_back();
        last.is_some_and(|(_, end)| at.since(*end) <= MARGIN_MICROS)
    }
}

/// Places of reports in a list, by something of theirs and a quarter of an hour.
type Places<K> = HashMap<(K, i64), Vec<usize>, foldhash::fast::RandomState>;

/// Whether sensors saw what a phone reported while they saw the phone. Asked by what they recorded, in any order.
#[derive(Debug, Default)]
pub(super) struct Agreement {
    addresses: Places<(IpAddr, u16)>,
    /// By the hashes of their names.
    hosts: Places<u64>,
    is_seen: Vec<bool>,
}

impl Agreement {
    /// On these reports.
    pub(super) fn on(reports: &[Row<'_, '_>]) -> Self {
        let mut found = Self { is_seen: vec![false; reports.len()], ..Self::default() };
        for (place, (event, connection)) in reports.iter().enumerate() {
            for slot in slot(event.at) - 1..=slot(event.at) + 1 {
                if let Some((addr, port)) = connection.resp_ip.zip(connection.resp_port) {
                    found.addresses.entry(((addr.to_canonical(), port), slot)).or_default().push(place);
                }
                if let Some(host) = connection.resp_host {
                    found.hosts.entry((stable_hash(host.as_bytes()), slot)).or_default().push(place);
                }
            }
        }
        found
    }

    /// Takes note of a session that a sensor recorded.
    pub(super) fn note_session(&mut self, session: &Session<'_>) {
        let to = (session.resp.addr, session.resp.port);
        let places = self.addresses.remove(&(to, slot(session.start)));
        self.mark(places);
    }

    /// Takes note of a host that a sensor saw named.
    pub(super) fn note_host(&mut self, host: &str, at: Timestamp) {
        let places = self.hosts.remove(&(stable_hash(host.as_bytes()), slot(at)));
        self.mark(places);
    }

    fn mark(&mut self, places: Option<Vec<usize>>) {
        for place in places.unwrap_or_default() {
            if let Some(is_seen) = self.is_seen.get_mut(place) {
                *is_seen = true;
            }
        }
    }

    /// Whether they saw at least half; nothing reported is no objection.
    pub(super) fn holds(&self) -> bool {
        2 * self.is_seen.iter().filter(|is| **is).count() >= self.is_seen.len()
    }
}

fn slot(at: Timestamp) -> i64 {
    at.micros().div_euclid(CLOCK_MICROS)
}
