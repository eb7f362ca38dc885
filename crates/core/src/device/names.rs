//! Which name an address had for a device, from the lookups that were seen.

use super::Connection;
use crate::destination::normal_host;
use crate::model::{ExchangeKind, Timestamp};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

/// How long an answer names an address. Longer than most time-to-live values: apps keep connections and
/// caches longer than they should.
const NAME_KEPT_MICROS: i64 = 24 * 3600 * 1_000_000;
/// Answers read per lookup at the most.
const ANSWERS_MAX: usize = 32;
/// Lookups that must be seen before a name without one means anything.
const LOOKUPS_MIN: usize = 20;

/// Names that a device resolved.
#[derive(Debug, Clone, Default)]
pub struct Names<'a> {
    by_addr: BTreeMap<IpAddr, Vec<(Timestamp, Cow<'a, str>)>>,
    asked: BTreeSet<Cow<'a, str>>,
}

impl<'a> Names<'a> {
    /// The names in the DNS messages of a device's connections.
    pub fn of_connections(connections: &[Connection<'a>]) -> Self {
        let mut names = Self::default();
        for connection in connections {
            for message in &connection.messages {
                if let (ExchangeKind::Dns, Some(host)) = (message.kind, message.host) {
                    names.add(message.at, host, message.answers.unwrap_or_default());
                }
            }
        }
        names.seal();
        names
    }

    /// Notes a lookup: the name and its answers, joined with commas.
    pub fn add(&mut self, at: Timestamp, qname: &'a str, answers: &str) {
        let name = normal_host(qname);
        for answer in answers.split(',').take(ANSWERS_MAX) {
            if let Ok(addr) = answer.trim().parse::<IpAddr>() {
                self.by_addr.entry(addr.to_canonical()).or_default().push((at, name.clone()));
            }
        }
        self.asked.insert(name);
    }

    /// Sorts what was added; call once before asking.
    pub fn seal(&mut self) {
        for names in self.by_addr.values_mut() {
            names.sort();
            names.dedup();
        }
    }

    /// The name that the address had at `at`: of the latest lookup before it that is not too old.
    pub fn name_of(&self, addr: IpAddr, at: Timestamp) -> Option<&str> {
        let names = self.by_addr.get(&addr)?;
        let until = names.partition_point(|(asked_at, _)| *asked_at <= at.plus_micros(1_000_000));
        let (asked_at, name) = names.get(until.checked_sub(1)?)?;
        (at.since(*asked_at) <= NAME_KEPT_MICROS).then_some(name.as_ref())
    }

    /// Whether the device was seen to look the name up; `None` when too few lookups are visible to tell.
    pub fn was_resolved(&self, host: &str) -> Option<bool> {
        (self.asked.len() >= LOOKUPS_MIN).then(|| self.asked.contains(host))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_lookup_before_a_connection_names_it() {
        let mut names = Names::default();
        let at = Timestamp::from_secs;
        names.add(at(100), "Old.example.com.", "cname.example.net, 192.0.2.1");
        names.add(at(200), "new.example.com", "192.0.2.1,2001:db8::1");
        names.seal();
        let addr: IpAddr = "192.0.2.1".parse().unwrap();
        assert_eq!(names.name_of(addr, at(50)), None);
        assert_eq!(names.name_of(addr, at(150)), Some("old.example.com"));
        assert_eq!(names.name_of(addr, at(250)), Some("new.example.com"));
        assert_eq!(names.name_of(addr, at(200_000)), None);
        assert_eq!(names.was_resolved("new.example.com"), None, "two lookups say nothing of the rest");
    }
}
