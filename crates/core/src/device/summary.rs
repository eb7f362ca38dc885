//! Sightings of one series on one day, added up into a profile.

use super::Connection;
use super::moments::Moments;
use super::names::Names;
use super::observe::{DeviceInput, Stray, host_hash};
use super::sighting::{Sighting, is_nameless};
use crate::destination::knowledge::is_usual_port;
use crate::destination::{normal_host, registrable_domain};
use crate::dns::DnsQuery;
use crate::model::{ConnState, Exchange, ExchangeKind, Timestamp};
use crate::series::{Destination, Event, EventFlags, Events, Profile, SeriesKey, Service, stable_hash};
use crate::text;
use std::net::IpAddr;

const MICROS_PER_HOUR: i64 = 3_600_000_000;

/// What surrounds a device's sightings.
pub(super) struct Circumstances<'c, 'i, 'a> {
    pub(super) input: &'c DeviceInput<'i, 'a>,
    pub(super) names: &'c Names<'a>,
    pub(super) moments: &'c Moments,
}

impl<'c, 'a> Circumstances<'c, '_, 'a> {
    fn connection(&self, sighting: &Sighting<'_>) -> Option<&'c Connection<'a>> {
        self.input.connections.get(sighting.connection)
    }

    fn message(&self, sighting: &Sighting<'_>) -> Option<&'c Exchange<'a>> {
        self.connection(sighting)?.messages.get(sighting.message?)
    }

    pub(super) fn time_of(&self, sighting: &Sighting<'_>) -> Option<Timestamp> {
        match sighting.message {
            None => self.connection(sighting).map(|connection| connection.session.start),
            Some(_) => self.message(sighting).map(|message| message.at),
        }
    }

    /// Connected time of a group's sessions, microseconds.
    pub(super) fn connected_micros(&self, group: &[Sighting<'_>]) -> u64 {
        let sessions = group.iter().filter(|sighting| sighting.is_start).filter_map(|s| self.connection(s));
        sessions.filter_map(|connection| connection.session.duration_micros).sum()
    }

    fn flags(&self, sighting: &Sighting<'_>, at_micros: i64) -> EventFlags {
        let known = self.input.flags.get(sighting.connection).copied().unwrap_or_default();
        if self.moments.is_shared(at_micros) { known.with(EventFlags::SHARED) } else { known }
    }

    fn event(&self, sighting: &Sighting<'_>) -> Option<Event> {
        let connection = self.connection(sighting)?;
        let at_micros = self.time_of(sighting)?.micros();
        let (orig_bytes, resp_bytes) = self.bytes(sighting)?;
        let session = &connection.session;
        let saturate = |n: u64| u32::try_from(n).unwrap_or(u32::MAX);
        Some(Event {
            at_micros,
            tie: stable_hash(session.uid.as_bytes()),
            orig_bytes: orig_bytes.map(saturate),
            resp_bytes: resp_bytes.map(saturate),
            duration_millis: session
                .duration_micros
                .filter(|_| sighting.is_start)
                .map(|n| saturate(n / 1000)),
            pattern_hash: self.pattern_hash(sighting, session.resp.addr),
            flags: self.flags(sighting, at_micros),
        })
    }

    /// Hash of what a check-in asks for: the host, and for a request its method and path pattern.
    fn pattern_hash(&self, sighting: &Sighting<'_>, addr: IpAddr) -> u32 {
        let host = host_hash(sighting.host.as_deref(), addr);
        match self.message(sighting) {
            Some(message) if message.kind == ExchangeKind::Http => {
                let class = text::path_class(message.path.unwrap_or_default());
                let pattern = format!("{host} {} {class}", message.method.unwrap_or_default());
                u32::try_from(stable_hash(pattern.as_bytes()) >> 32).unwrap_or(host)
            }
            _ => host,
        }
    }

    /// Bytes of a check-in: the message's own, else the session's where the check-in stands for it alone.
    fn bytes(&self, sighting: &Sighting<'_>) -> Option<(Option<u64>, Option<u64>)> {
        let connection = self.connection(sighting)?;
        let session = (connection.session.orig_bytes, connection.session.resp_bytes);
        Some(match self.message(sighting) {
            None => session,
            Some(message) if message.orig_bytes.is_some() || message.resp_bytes.is_some() => {
                (message.orig_bytes, message.resp_bytes)
            }
            Some(_) if connection.messages.len() == 1 => session,
            Some(_) => (None, None),
        })
    }

    /// The stray session of a sighting.
    pub(super) fn stray(&self, key: &SeriesKey, sighting: &Sighting<'_>) -> Option<Stray> {
        let connection = self.connection(sighting)?;
        Some(Stray {
            event: self.event(sighting)?,
            destination: key.destination.clone(),
            app: key.app.clone(),
            service: key.service,
            port: connection.session.resp.port,
            fingerprint: connection.messages.iter().find_map(fingerprint_of).map(Box::from),
            uid: connection.session.uid.into(),
            addr: connection.session.resp.addr,
            host: sighting.host.as_deref().map(Box::from),
        })
    }
}

/// The client fingerprint of a handshake: JA4, else JA3.
pub(super) fn fingerprint_of<'a>(message: &Exchange<'a>) -> Option<&'a str> {
    message.ja4.or(message.ja3).filter(|text| !text.is_empty())
}

/// A profile in the making: events are gathered unsorted.
#[derive(Default)]
pub(super) struct Summary {
    profile: Profile,
    starts: Vec<Event>,
    messages: Vec<Event>,
}

impl Summary {
    pub(super) fn add(
        &mut self,
        key: &SeriesKey,
        sighting: &Sighting<'_>,
        circumstances: &Circumstances<'_, '_, '_>,
    ) {
        let (Some(event), Some(connection)) =
            (circumstances.event(sighting), circumstances.connection(sighting))
        else {
            return;
        };
        #[expect(
            clippy::cast_possible_truncation,
            reason = "|i64 micros| / 3.6e9 is below 2.6e9 / 1e0; clamped"
        )]
        let hour = event.at_micros.div_euclid(MICROS_PER_HOUR).clamp(i64::from(i32::MIN), i64::from(i32::MAX))
            as i32;
        if self.profile.hours.last() != Some(&hour) {
            self.profile.hours.push(hour);
        }
        if sighting.is_start {
            self.add_session(key, sighting, connection, circumstances, event);
        } else {
            self.messages.push(event);
        }
        if let Some(message) = circumstances.message(sighting) {
            self.add_message(key, message);
        } else {
            let handshakes = connection.messages.iter();
            handshakes.filter(|m| is_handshake(m.kind)).for_each(|m| self.add_handshake(m));
        }
    }

    fn add_session(
        &mut self,
        key: &SeriesKey,
        sighting: &Sighting<'_>,
        connection: &Connection<'_>,
        circumstances: &Circumstances<'_, '_, '_>,
        event: Event,
    ) {
        let session = &connection.session;
        let profile = &mut self.profile;
        self.starts.push(event);
        profile.states.add(event.flags);
        profile.addresses.add(session.resp.addr);
        profile.ports.add(session.resp.port);
        if let Some(host) = sighting.host.as_deref() {
            profile.hosts.add(counted_host(host, key));
        }
        if let Some(stack) = circumstances.input.stacks.get(sighting.connection).copied().flatten() {
            profile.stacks.add(stack);
        }
        let duration = session.duration_micros.unwrap_or(0);
        profile.longest_micros = profile.longest_micros.max(duration);
        profile.connected_micros = profile.connected_micros.saturating_add(duration);
        profile.orig_bytes = profile.orig_bytes.saturating_add(session.orig_bytes.unwrap_or(0));
        profile.resp_bytes = profile.resp_bytes.saturating_add(session.resp_bytes.unwrap_or(0));
        profile.uids.add(event.at_micros, session.uid);
        let tick = |slot: &mut u64, is: bool| *slot += u64::from(is);
        let marks = &mut profile.marks;
        tick(&mut marks.failed, matches!(session.state, ConnState::Unanswered | ConnState::Rejected));
        tick(&mut marks.midstream, session.handshake == Some(false));
        tick(&mut marks.shared_moments, event.flags.has(EventFlags::SHARED));
        tick(&mut marks.odd_ports, !is_usual_port(key.service, session.resp.port));
        if key.service != Service::Dns {
            let host = sighting.host.as_deref();
            tick(&mut marks.without_name, is_nameless(host));
            let resolved =
                host.filter(|h| !is_nameless(Some(h))).and_then(|h| circumstances.names.was_resolved(h));
            tick(&mut marks.never_resolved, resolved == Some(false));
            tick(&mut marks.name_mismatches, has_name_mismatch(connection));
        }
    }

    fn add_handshake(&mut self, message: &Exchange<'_>) {
        let profile = &mut self.profile;
        profile.marks.handshakes += 1;
        profile.marks.without_sni += u64::from(message.host.is_none_or(str::is_empty));
        profile.marks.invalid_certificates += u64::from(message.is_cert_valid == Some(false));
        if let Some(fingerprint) = fingerprint_of(message) {
            profile.fingerprints.add(fingerprint.into());
        }
        if let Some(alpn) = message.alpn.filter(|alpn| !alpn.is_empty()) {
            profile.alpns.add(alpn.into());
        }
    }

    fn add_message(&mut self, key: &SeriesKey, message: &Exchange<'_>) {
        match message.kind {
            ExchangeKind::Dns => {
                let host = message.host.map(normal_host).unwrap_or_default();
                let domain = match &key.destination {
                    Destination::Domain(domain) => domain.as_ref(),
                    _ => "",
                };
                let (at, qtype, rcode) = (message.at, message.qtype, message.rcode);
                let query = DnsQuery { at, qname: &host, domain, qtype, rcode };
                self.profile.dns.get_or_insert_default().update(&query);
            }
            ExchangeKind::Http => self.add_request(message),
            kind if is_handshake(kind) => self.add_handshake(message),
            _ => {
                if let Some(command) = message.method.filter(|command| !command.is_empty()) {
                    self.profile.methods.add(command.into());
                }
            }
        }
    }

    fn add_request(&mut self, message: &Exchange<'_>) {
        let profile = &mut self.profile;
        profile.marks.requests += 1;
        profile.marks.proxied += u64::from(message.is_proxied);
        profile.marks.without_host += u64::from(message.host.is_none_or(str::is_empty));
        if let Some(method) = message.method {
            profile.methods.add(method.into());
        }
        if let Some(path) = message.path {
            profile.paths.add(text::path_class(path).into());
            profile.path_entropy.add(text::bits_per_char(path.as_bytes()));
        }
        if let Some(agent) = message.user_agent {
            profile.user_agents.add(text::user_agent_family(agent).into());
        }
    }

    pub(super) fn finish(self) -> Profile {
        let mut profile = self.profile;
        profile.starts = Events::of(self.starts);
        profile.messages = Events::of(self.messages);
        profile.hours.sort_unstable();
        profile.hours.dedup();
        profile
    }
}

fn is_handshake(kind: ExchangeKind) -> bool {
    matches!(kind, ExchangeKind::Tls | ExchangeKind::Quic)
}

/// Names of a DNS channel are as many as its messages: only their parent is counted.
fn counted_host(host: &str, key: &SeriesKey) -> Box<str> {
    match &key.destination {
        Destination::Domain(domain) if key.service == Service::Dns => domain.clone(),
        _ => host.into(),
    }
}

/// SNI and Host of one connection name different registrable domains (domain fronting).
fn has_name_mismatch(connection: &Connection<'_>) -> bool {
    let name = |kind: ExchangeKind| {
        let message = connection.messages.iter().find(|m| m.kind == kind && !m.is_proxied)?;
        message.host.map(normal_host)
    };
    match (name(ExchangeKind::Tls), name(ExchangeKind::Http)) {
        (Some(sni), Some(host)) => {
            matches!((registrable_domain(&sni), registrable_domain(&host)), (Some(a), Some(b)) if a != b)
        }
        _ => false,
    }
}
