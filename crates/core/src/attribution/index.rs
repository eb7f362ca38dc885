//! The reports of one device, sorted for each question of the join. Times are the sensor's: the skew is off.

use super::spans::{ReportSpan, SpanIndex};
use super::{ConnectionReport, DeviceReports, SessionFacts, Skew, Tally, skew};
use crate::destination::{normal_host, registrable_domain};
use crate::model::{Timestamp, Transport};
use hashbrown::HashMap;
use std::collections::BTreeMap;
use std::net::IpAddr;

/// How far a report and a session may be apart to be one connection by its address: 2 seconds (DESIGN 3).
const ADDRESS_MICROS: i64 = 2_000_000;

/// How far they may be apart when the originator's port matches as well: a minute, in which Android does not use
/// a port again for the same responder (Linux `TIME_WAIT` is 60 s).
const FIVE_TUPLE_MICROS: i64 = 60_000_000;

/// How long an answer explains a connection: 5 minutes, a usual time-to-live. Apps connect within milliseconds
/// of a lookup, and later ones come from their cache.
const LOOKUP_MICROS: i64 = 300_000_000;

/// Answers of one lookup that are used.
const MAX_ANSWERS: usize = 256;

/// A report of one connection with address.
#[derive(Debug, Clone, Copy)]
struct Contact<'a> {
    resp_ip: IpAddr,
    resp_port: Option<u16>,
    at: Timestamp,
    transport: Transport,
    orig_ip: Option<IpAddr>,
    /// `None` also for the port of a local tunnel.
    orig_port: Option<u16>,
    app: &'a str,
}

/// A contact by what it is looked up by: number of the responder, port of the originator or 0, and time, in one number
/// (32, 16 and 64 bits), since that compares in two instructions. With its place among the contacts.
type Sorted = (u128, u32);

/// The number that stands for a responder, a port and a time.
fn sort_key(responder: u32, port: u16, at: Timestamp) -> u128 {
    // With the sign turned, order of the numbers is order of the times.
    let at = at.micros().cast_unsigned() ^ 1 << 63;
    u128::from(responder) << 80 | u128::from(port) << 64 | u128::from(at)
}

/// The reports of one device.
#[derive(Debug)]
pub(super) struct ReportIndex<'a> {
    contacts: Vec<Contact<'a>>,
    /// Numbers of the responders; only ever asked, never walked.
    responders: HashMap<IpAddr, u32, foldhash::fast::RandomState>,
    /// Ascending by (responder, time).
    by_address: Vec<Sorted>,
    /// Those with an originator port, ascending by (responder, originator port, time).
    by_orig_port: Vec<Sorted>,
    /// By host, normal form.
    hosts: BTreeMap<Box<str>, SpanIndex<'a>>,
    /// By registrable domain.
    domains: BTreeMap<Box<str>, SpanIndex<'a>>,
    /// By address that a lookup answered or an aggregated report names.
    answers: BTreeMap<IpAddr, SpanIndex<'a>>,
    has_skew: bool,
}

impl<'a> ReportIndex<'a> {
    /// Sorts the reports.
    pub(super) fn new(reports: &DeviceReports<'a>, skew: Option<Skew>) -> Self {
        let ahead = skew.map_or(0, |skew| skew.micros);
        let mut spans = Spans::default();
        let mut index = Self {
            contacts: Vec::new(),
            responders: HashMap::default(),
            by_address: Vec::new(),
            by_orig_port: Vec::new(),
            hosts: BTreeMap::new(),
            domains: BTreeMap::new(),
            answers: BTreeMap::new(),
            has_skew: skew.is_some(),
        };
        for report in reports.connections {
            let at = report.at.plus_micros(-ahead);
            spans.connection(report, at, ahead);
            if let Some(contact) = contact(report, at) {
                index.add(contact);
            }
        }
        for lookup in reports.lookups {
            let at = lookup.at.plus_micros(-ahead);
            spans.lookup(
                lookup.qname,
                lookup.answers,
                &around(at, at.plus_micros(LOOKUP_MICROS), lookup.app, 1),
            );
        }
        index.by_address.sort_unstable();
        index.by_orig_port.sort_unstable();
        let (hosts, domains) = Spans::hosts_and_domains(spans.names);
        (index.hosts, index.domains) = (indexed(hosts), indexed(domains));
        index.answers = indexed(spans.answers);
        index
    }

    #[expect(clippy::cast_possible_truncation, reason = "one device has far fewer than 2^32 reports")]
    fn add(&mut self, contact: Contact<'a>) {
        let next = self.responders.len() as u32;
        let responder = *self.responders.entry(contact.resp_ip).or_insert(next);
        let place = self.contacts.len() as u32;
        self.by_address.push((sort_key(responder, 0, contact.at), place));
        if let Some(port) = contact.orig_port {
            self.by_orig_port.push((sort_key(responder, port, contact.at), place));
        }
        self.contacts.push(contact);
    }

    /// The number of a responder that a report of one connection names.
    pub(super) fn responder(&self, addr: IpAddr) -> Option<u32> {
        self.responders.get(&addr).copied()
    }

    /// The contacts of a sorted list from one key to another, both included.
    fn between(&self, sorted: &[Sorted], from: u128, to: u128) -> impl Iterator<Item = &Contact<'a>> {
        let first = sorted.partition_point(|(key, _)| *key < from);
        let near = sorted.iter().skip(first).take_while(move |(key, _)| *key <= to);
        near.filter_map(|(_, place)| self.contacts.get(*place as usize))
    }

    /// Apps that reported the same originator port and responder, nearest in time.
    pub(super) fn by_five_tuple(&self, session: &SessionFacts<'_>, responder: u32) -> Tally<'a> {
        let reach = if self.has_skew { FIVE_TUPLE_MICROS } else { skew::MAX_SKEW_MICROS };
        let key = |micros| sort_key(responder, session.orig.port, session.start.plus_micros(micros));
        let near = self.between(&self.by_orig_port, key(-reach), key(reach));
        let fits = near.filter(|contact| {
            contact.fits(session) && contact.orig_ip.is_none_or(|orig| orig == session.orig.addr)
        });
        let mut nearest = (u64::MAX, Tally::default());
        for contact in fits {
            let distance = contact.at.since(session.start).unsigned_abs();
            if distance < nearest.0 {
                nearest = (distance, Tally::default());
            }
            if distance == nearest.0 {
                nearest.1.add(contact.app, 1);
            }
        }
        nearest.1
    }

    /// Apps that reported the responder within 2 seconds.
    pub(super) fn by_address(&self, session: &SessionFacts<'_>, responder: u32) -> Tally<'a> {
        let key = |micros| sort_key(responder, 0, session.start.plus_micros(micros));
        let near = self.between(&self.by_address, key(-ADDRESS_MICROS), key(ADDRESS_MICROS));
        let mut tally = Tally::default();
        near.filter(|contact| contact.fits(session)).for_each(|contact| tally.add(contact.app, 1));
        tally
    }

    /// Apps that were reported with this very host at `at`. `host` in normal form.
    pub(super) fn by_host(&self, at: Timestamp, host: &str) -> Tally<'a> {
        tally(self.hosts.get(host), at)
    }

    /// Apps that were reported with a host of the same registrable domain at `at`. `host` in normal form.
    pub(super) fn by_domain(&self, at: Timestamp, host: &str) -> Tally<'a> {
        registrable_domain(host).map(|domain| tally(self.domains.get(domain), at)).unwrap_or_default()
    }

    /// Apps whose lookups answered this address not long before `at`.
    pub(super) fn by_answer(&self, at: Timestamp, addr: IpAddr) -> Tally<'a> {
        tally(self.answers.get(&addr), at)
    }
}

impl Contact<'_> {
    /// Whether responder port and transport agree, as far as both are said.
    fn fits(&self, session: &SessionFacts<'_>) -> bool {
        let either_unsaid = [self.transport, session.transport].contains(&Transport::Other);
        self.resp_port.is_none_or(|port| port == session.resp.port)
            && (either_unsaid || self.transport == session.transport)
    }
}

/// The contact of a report that stands for one connection and names an address.
fn contact<'a>(report: &ConnectionReport<'a>, at: Timestamp) -> Option<Contact<'a>> {
    let connection = &report.connection;
    let is_single = connection.hits == 1;
    let orig_port = connection.orig_port.filter(|port| *port != 0 && !connection.orig_is_tunnel);
    is_single.then_some(Contact {
        resp_ip: connection.resp_ip?,
        resp_port: connection.resp_port,
        at,
        transport: connection.transport,
        orig_ip: connection.orig_ip,
        orig_port,
        app: report.app,
    })
}

/// Spans by what they were reported with.
#[derive(Default)]
struct Spans<'a> {
    /// By name as sent: a phone asks for the same few again and again.
    names: Vec<(&'a str, Vec<ReportSpan<'a>>)>,
    /// Place of each name in `names`; only ever asked, never walked.
    places: HashMap<&'a str, usize, foldhash::fast::RandomState>,
    answers: BTreeMap<IpAddr, Vec<ReportSpan<'a>>>,
}

/// Spans by name.
type Named<'a> = BTreeMap<Box<str>, Vec<ReportSpan<'a>>>;

impl<'a> Spans<'a> {
    fn connection(&mut self, report: &ConnectionReport<'a>, at: Timestamp, ahead: i64) {
        let connection = &report.connection;
        let to = connection.end.map_or(at, |end| end.plus_micros(-ahead));
        let span = around(at, to, report.app, u64::from(connection.hits));
        if let Some(host) = connection.resp_host {
            self.name(host, span);
        }
        // An aggregated row has no time of its own, so its address is no better than a name.
        if let Some(addr) = connection.resp_ip.filter(|_| connection.hits > 1) {
            self.answers.entry(addr).or_default().push(span);
        }
    }

    fn lookup(&mut self, qname: &'a str, answers: &str, span: &ReportSpan<'a>) {
        self.name(qname, *span);
        for addr in
            answers.split(',').take(MAX_ANSWERS).filter_map(|answer| answer.trim().parse::<IpAddr>().ok())
        {
            self.answers.entry(addr.to_canonical()).or_default().push(*span);
        }
    }

    fn name(&mut self, host: &'a str, span: ReportSpan<'a>) {
        let next = self.names.len();
        let place = *self.places.entry(host).or_insert(next);
        match self.names.get_mut(place) {
            Some((_, spans)) => spans.push(span),
            None => self.names.push((host, vec![span])),
        }
    }

    /// Spans by host in normal form, and by registrable domain.
    fn hosts_and_domains(names: Vec<(&'a str, Vec<ReportSpan<'a>>)>) -> (Named<'a>, Named<'a>) {
        let (mut hosts, mut domains) = (Named::new(), Named::new());
        for (name, spans) in names {
            let host = normal_host(name);
            if let Some(domain) = registrable_domain(&host) {
                domains.entry(domain.into()).or_default().extend_from_slice(&spans);
            }
            hosts.entry(host.into()).or_default().extend(spans);
        }
        (hosts, domains)
    }
}

/// A span with the 2 seconds that clocks and logs may differ on both sides.
fn around(from: Timestamp, to: Timestamp, app: &str, hits: u64) -> ReportSpan<'_> {
    ReportSpan { from: from.plus_micros(-ADDRESS_MICROS), to: to.plus_micros(ADDRESS_MICROS), app, hits }
}

fn indexed<K: Ord>(spans: BTreeMap<K, Vec<ReportSpan<'_>>>) -> BTreeMap<K, SpanIndex<'_>> {
    spans.into_iter().map(|(key, spans)| (key, SpanIndex::new(spans))).collect()
}

fn tally<'a>(index: Option<&SpanIndex<'a>>, at: Timestamp) -> Tally<'a> {
    let mut tally = Tally::default();
    if let Some(index) = index {
        index.visit(at, |span| tally.add(span.app, span.hits));
    }
    tally
}
