//! Sightings of one series on one day, added up into a profile.

use super::Connection;
use super::hosts::Hosts;
use super::moments::Moments;
use super::observe::DeviceInput;
use super::sighting::Sighting;
use super::tally::{LatestIds, Tally};
use crate::destination::knowledge::is_usual_port;
use crate::destination::{normal_host, registrable_domain};
use crate::dns::DnsQuery;
use crate::model::{ConnState, Exchange, ExchangeKind, Timestamp};
use crate::series::{
    Destination, Event, EventFlags, Events, Profile, SeriesKey, Service, StableKey, stable_hash,
};
use crate::text;
use std::borrow::Cow;
use std::net::IpAddr;

/// What surrounds a device's sightings.
pub(super) struct Circumstances<'c, 'i, 'a> {
    pub(super) input: &'c DeviceInput<'i, 'a>,
    pub(super) hosts: &'c Hosts<'a>,
    pub(super) moments: &'c Moments,
}

impl<'i, 'a> Circumstances<'_, 'i, 'a> {
    pub(super) fn connection(&self, sighting: &Sighting) -> Option<Connection<'i, 'a>> {
        self.input.connections.get(sighting.connection as usize).copied()
    }

    /// See [`super::ahead`].
    #[inline]
    pub(super) fn touch(&self, sighting: &Sighting) -> u64 {
        self.input.connections.get(sighting.connection as usize).map_or(0, Connection::touch)
    }

    fn message(&self, sighting: &Sighting) -> Option<&'i Exchange<'a>> {
        self.connection(sighting)?.message(sighting.message? as usize)
    }

    /// Whether the sighting shows no name at all, or an address in the place of one.
    fn is_nameless(&self, sighting: &Sighting) -> bool {
        sighting.host.and_then(|host| self.hosts.get(host)).is_none_or(|host| host.is_ip_literal)
    }

    fn flags(&self, sighting: &Sighting, at_micros: i64) -> EventFlags {
        let known = self.input.flags.get(sighting.connection as usize).copied().unwrap_or_default();
        if self.moments.is_shared(at_micros) { known.with(EventFlags::SHARED) } else { known }
    }

    /// The class of the path that a request asks for.
    fn path_class(&self, sighting: &Sighting) -> Option<String> {
        let request = self.message(sighting).filter(|message| message.kind == ExchangeKind::Http)?;
        Some(text::path_class(request.path.unwrap_or_default()))
    }

    fn event(&self, sighting: &Sighting, path_class: Option<&str>) -> Option<Event> {
        let connection = self.connection(sighting)?;
        let at_micros = sighting.at.micros();
        let (orig_bytes, resp_bytes) = self.bytes(sighting)?;
        let session = &connection.session;
        let saturate = |n: u64| u32::try_from(n).unwrap_or(u32::MAX);
        Some(Event {
            at_micros,
            tie: connection.uid_hash,
            orig_bytes: orig_bytes.map(saturate),
            resp_bytes: resp_bytes.map(saturate),
            duration_millis: session
                .duration_micros
                .filter(|_| sighting.is_start)
                .map(|n| saturate(n / 1000)),
            pattern_hash: self.pattern_hash(sighting, session.resp.addr, path_class),
            flags: self.flags(sighting, at_micros),
        })
    }

    /// Hash of what a check-in asks for: the host, and for a request its method and path pattern.
    fn pattern_hash(&self, sighting: &Sighting, addr: IpAddr, path_class: Option<&str>) -> u32 {
        let host = sighting.host.and_then(|host| self.hosts.get(host)).filter(|host| !host.is_ip_literal);
        let host = host.map_or_else(|| addr.stable_hash(), |host| host.hash);
        let host = u32::try_from(host >> 32).unwrap_or(u32::MAX);
        let Some(class) = path_class else { return host };
        let method = self.message(sighting).and_then(|message| message.method).unwrap_or_default();
        let pattern = format!("{host} {method} {class}");
        u32::try_from(stable_hash(pattern.as_bytes()) >> 32).unwrap_or(host)
    }

    /// Bytes of a check-in: the message's own, else the session's where the check-in stands for it alone.
    fn bytes(&self, sighting: &Sighting) -> Option<(Option<u64>, Option<u64>)> {
        let connection = self.connection(sighting)?;
        let session = (connection.session.orig_bytes, connection.session.resp_bytes);
        Some(match self.message(sighting) {
            None => session,
            // What a tunnel carries is the session's, which may be that of several.
            Some(message) if message.method == Some("CONNECT") => {
                if connection.messages.len() == 1 {
                    session
                } else {
                    (None, None)
                }
            }
            Some(message) if message.orig_bytes.is_some() || message.resp_bytes.is_some() => {
                (message.orig_bytes, message.resp_bytes)
            }
            Some(_) if connection.messages.len() == 1 => session,
            Some(_) => (None, None),
        })
    }
}

/// The client fingerprint of a handshake: JA4, else JA3.
pub(super) fn fingerprint_of<'a>(message: &Exchange<'a>) -> Option<&'a str> {
    message.ja4.or(message.ja3).filter(|text| !text.is_empty())
}

/// A profile in the making: events are gathered unsorted, values counted before they are copied.
#[derive(Default)]
pub(super) struct Summary<'a> {
    profile: Profile,
    starts: Vec<Event>,
    messages: Vec<Event>,
    hours: Vec<i32>,
    hosts: Tally<u32>,
    addresses: Tally<IpAddr>,
    ports: Tally<u16>,
    fingerprints: Tally<&'a str>,
    alpns: Tally<&'a str>,
    agents: Tally<&'a str>,
    stacks: Tally<&'a str>,
    methods: Tally<&'a str>,
    uids: LatestIds<'a>,
}

/// Stands for the domain of a DNS channel: its names are as many as its messages, only their parent is counted.
const DOMAIN: u32 = u32::MAX;

impl<'a> Summary<'a> {
    pub(super) fn add(
        &mut self,
        key: &SeriesKey,
        sighting: &Sighting,
        circumstances: &Circumstances<'_, '_, 'a>,
    ) {
        let path_class = circumstances.path_class(sighting);
        let event = circumstances.event(sighting, path_class.as_deref());
        let (Some(event), Some(connection)) = (event, circumstances.connection(sighting)) else {
            return;
        };
        let hour = Timestamp::from_micros(event.at_micros).hour();
        if self.hours.last() != Some(&hour) {
            self.hours.push(hour);
        }
        if sighting.is_start {
            self.add_session(key, sighting, &connection, circumstances, event);
        } else {
            self.messages.push(event);
        }
        if let Some(message) = circumstances.message(sighting) {
            let host = sighting.host.map(|host| circumstances.hosts.text(host));
            self.add_message(key, (message, host), path_class);
        } else {
            connection.messages().filter(|m| is_handshake(m.kind)).for_each(|m| self.add_handshake(m));
        }
    }

    fn add_session(
        &mut self,
        key: &SeriesKey,
        sighting: &Sighting,
        connection: &Connection<'_, 'a>,
        circumstances: &Circumstances<'_, '_, 'a>,
        event: Event,
    ) {
        let session = &connection.session;
        let profile = &mut self.profile;
        self.starts.push(event);
        profile.states.add(event.flags);
        self.addresses.add(session.resp.addr, &mut profile.addresses, |addr| addr);
        self.ports.add(session.resp.port, &mut profile.ports, |port| port);
        if let Some(host) = sighting.host {
            let is_channel = key.service == Service::Dns && matches!(key.destination, Destination::Domain(_));
            let host = if is_channel { DOMAIN } else { host };
            self.hosts.add(host, &mut profile.hosts, |host| counted_host(host, key, circumstances.hosts));
        }
        if let Some(stack) = circumstances.input.stacks.get(sighting.connection as usize).copied().flatten() {
            self.stacks.add(stack, &mut profile.stacks, Box::from);
        }
        let duration = session.duration_micros.unwrap_or(0);
        profile.longest_micros = profile.longest_micros.max(duration);
        profile.connected_micros = profile.connected_micros.saturating_add(duration);
        profile.orig_bytes = profile.orig_bytes.saturating_add(session.orig_bytes.unwrap_or(0));
        profile.resp_bytes = profile.resp_bytes.saturating_add(session.resp_bytes.unwrap_or(0));
        self.uids.add(event.at_micros, session.uid);
        let tick = |slot: &mut u64, is: bool| *slot += u64::from(is);
        let marks = &mut profile.marks;
        tick(&mut marks.failed, matches!(session.state, ConnState::Unanswered | ConnState::Rejected));
        tick(&mut marks.midstream, session.handshake == Some(false));
        tick(&mut marks.shared_moments, event.flags.has(EventFlags::SHARED));
        tick(&mut marks.odd_ports, !is_usual_port(key.service, session.resp.port));
        if key.service != Service::Dns {
            let is_nameless = circumstances.is_nameless(sighting);
            tick(&mut marks.without_name, is_nameless);
            let host = sighting.host.filter(|_| !is_nameless);
            let resolved = host.and_then(|host| circumstances.hosts.was_resolved(host));
            tick(&mut marks.never_resolved, resolved == Some(false));
            tick(&mut marks.name_mismatches, has_name_mismatch(connection));
        }
    }

    fn add_handshake(&mut self, message: &Exchange<'a>) {
        let profile = &mut self.profile;
        profile.marks.handshakes += 1;
        profile.marks.without_sni += u64::from(message.host.is_none_or(str::is_empty));
        profile.marks.invalid_certificates += u64::from(message.is_cert_valid == Some(false));
        if let Some(fingerprint) = fingerprint_of(message) {
            self.fingerprints.add(fingerprint, &mut profile.fingerprints, Box::from);
        }
        if let Some(alpn) = message.alpn.filter(|alpn| !alpn.is_empty()) {
            self.alpns.add(alpn, &mut profile.alpns, Box::from);
        }
    }

    /// Adds a message, with the normal form of its host where that is one that a connection can go to.
    fn add_message(
        &mut self,
        key: &SeriesKey,
        (message, host): (&Exchange<'a>, Option<&str>),
        path_class: Option<String>,
    ) {
        match message.kind {
            ExchangeKind::Dns => {
                let host =
                    host.map(Cow::Borrowed).or_else(|| message.host.map(normal_host)).unwrap_or_default();
                let domain = match &key.destination {
                    Destination::Domain(domain) => domain.as_ref(),
                    _ => "",
                };
                let (at, qtype, rcode) = (message.at, message.qtype, message.rcode);
                let query = DnsQuery { at, qname: &host, domain, qtype, rcode };
                self.profile.dns.get_or_insert_default().update(&query);
            }
            ExchangeKind::Http => self.add_request(message, path_class),
            kind if is_handshake(kind) => self.add_handshake(message),
            _ => {
                if let Some(command) = message.method.filter(|command| !command.is_empty()) {
                    self.methods.add(command, &mut self.profile.methods, Box::from);
                }
            }
        }
    }

    fn add_request(&mut self, message: &Exchange<'a>, path_class: Option<String>) {
        let profile = &mut self.profile;
        profile.marks.requests += 1;
        profile.marks.proxied += u64::from(message.is_proxied);
        profile.marks.without_host += u64::from(message.host.is_none_or(str::is_empty));
        if let Some(method) = message.method {
            self.methods.add(method, &mut profile.methods, Box::from);
        }
        if let (Some(path), Some(class)) = (message.path, path_class) {
            profile.paths.add(class.into());
            profile.path_entropy.add(text::bits_per_char(path.as_bytes()));
        }
        if let Some(agent) = message.user_agent {
            self.agents.add(text::user_agent_family(agent), &mut profile.user_agents, Box::from);
        }
    }

    /// The profile. What is left is empty and keeps its room for the next series.
    pub(super) fn finish(&mut self, key: &SeriesKey, hosts: &Hosts<'_>) -> Profile {
        let mut profile = std::mem::take(&mut self.profile);
        self.hosts.flush(&mut profile.hosts, |host| counted_host(host, key, hosts));
        self.addresses.flush(&mut profile.addresses, |addr| addr);
        self.ports.flush(&mut profile.ports, |port| port);
        self.fingerprints.flush(&mut profile.fingerprints, Box::from);
        self.alpns.flush(&mut profile.alpns, Box::from);
        self.agents.flush(&mut profile.user_agents, Box::from);
        self.stacks.flush(&mut profile.stacks, Box::from);
        self.methods.flush(&mut profile.methods, Box::from);
        profile.uids = self.uids.drained();
        profile.starts = Events::drained(&mut self.starts);
        profile.messages = Events::drained(&mut self.messages);
        self.hours.sort_unstable();
        self.hours.dedup();
        profile.hours = self.hours.as_slice().to_vec();
        self.hours.clear();
        profile
    }
}

fn is_handshake(kind: ExchangeKind) -> bool {
    matches!(kind, ExchangeKind::Tls | ExchangeKind::Quic)
}

fn counted_host(host: u32, key: &SeriesKey, hosts: &Hosts<'_>) -> Box<str> {
    match &key.destination {
        Destination::Domain(domain) if host == DOMAIN => domain.clone(),
        _ => hosts.text(host).into(),
    }
}

/// SNI and Host of one connection name different registrable domains (domain fronting).
fn has_name_mismatch(connection: &Connection<'_, '_>) -> bool {
    if connection.messages.len() < 2 {
        return false;
    }
    let name = |kind: ExchangeKind| {
        let message = connection.messages().find(|m| m.kind == kind && !m.is_proxied)?;
        message.host.map(normal_host)
    };
    match (name(ExchangeKind::Tls), name(ExchangeKind::Http)) {
        (Some(sni), Some(host)) => {
            matches!((registrable_domain(&sni), registrable_domain(&host)), (Some(a), Some(b)) if a != b)
        }
        _ => false,
    }
}
