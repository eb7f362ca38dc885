//! Which destination a record belongs to, before connections are joined.

use std::collections::BTreeMap;
use undertone_core::device::{Names, route_of_addr, route_of_host};
use undertone_core::model::{Endpoint, Exchange, ExchangeKind, Record, Timestamp};

/// Where a record goes.
pub(super) struct Route {
    pub(super) destination: u64,
    /// Start of the session that it is.
    pub(super) start: Option<Timestamp>,
    /// Destinations of the addresses that it names, a lookup.
    pub(super) named: Vec<u64>,
}

impl Route {
    /// The same with other numbers for its destinations.
    pub(super) fn map(self, number: impl Fn(u64) -> u64) -> Self {
        let named = self.named.into_iter().map(&number).collect();
        Self { destination: number(self.destination), named, ..self }
    }
}

/// The hosts of the connections of one id.
pub(super) struct Hosts {
    /// First host of each connection: when it was said, and its destination.
    first: BTreeMap<(Endpoint, Endpoint), (Timestamp, u64)>,
    /// Whether all that is said is lookups: then each goes where its name does.
    has_only_lookups: bool,
}

impl Hosts {
    pub(super) fn of<'r>(records: impl Iterator<Item = &'r Record<'r>>) -> Self {
        let mut hosts = Self { first: BTreeMap::new(), has_only_lookups: true };
        for record in records {
            let Record::Exchange(message) = record else { continue };
            hosts.has_only_lookups &= message.kind == ExchangeKind::Dns;
            if let Some(route) = message.host.and_then(route_of_host) {
                let said = (message.at, route);
                let first = hosts.first.entry((message.orig, message.resp)).or_insert(said);
                *first = said.min(*first);
            }
        }
        hosts
    }

    pub(super) fn route(&self, record: &Record<'_>) -> Route {
        let of_connection = |orig: Endpoint, resp: Endpoint| {
            self.first.get(&(orig, resp)).map_or_else(|| route_of_addr(resp.addr), |(_, route)| *route)
        };
        match record {
            Record::Session(session) => {
                let is_outward = !session.resp.is_local_scope();
                let destination = of_connection(session.orig, session.resp);
                Route { destination, start: is_outward.then_some(session.start), named: Vec::new() }
            }
            Record::Exchange(message) => {
                let own = message.host.filter(|_| self.has_only_lookups || message.is_proxied);
                let destination =
                    own.and_then(route_of_host).unwrap_or_else(|| of_connection(message.orig, message.resp));
                Route { destination, start: None, named: named(message) }
            }
            _ => Route { destination: 0, start: None, named: Vec::new() },
        }
    }
}

/// Destinations of the addresses that a lookup names.
fn named(message: &Exchange<'_>) -> Vec<u64> {
    let Some(answers) = message.answers.filter(|_| message.kind == ExchangeKind::Dns) else {
        return Vec::new();
    };
    let addrs = answers.split(',').take(Names::ANSWERS_MAX).filter_map(|answer| answer.trim().parse().ok());
    addrs.map(route_of_addr).collect()
}
