//! What a phone tells of its own connections where no sensor saw it: away from the watched networks, or always.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv6Addr};
use undertone_core::device::{Connection, Joined, Names};
use undertone_core::model::{
    AppConnection, AppTag, ConnState, Endpoint, Exchange, ExchangeKind, Session, Telemetry, TelemetryKind,
    Timestamp, Transport,
};
use undertone_core::series::stable_hash;

/// How near a sensor's record a report must be for the sensor to have seen the same: a phone that is there speaks more
/// often than this (its push service alone every 15 to 28 minutes), and its clock is not as wrong.
const SEEN_MARGIN_MICROS: i64 = 30 * 60 * 1_000_000;
/// Largest difference of the two clocks at which a report and a record are of one connection; the skew's own bound.
const CLOCK_MICROS: i64 = 15 * 60 * 1_000_000;

/// Adds the connections that a phone reported while no sensor saw it. A port of the web stands for its protocol, since
/// no sensor says more; aggregated rows have no times and make no connection.
///
/// What is reported while a sensor sees the phone is what the sensor sees. Where the two disagree on that (a wrong
/// clock, a proxy in between), a report tells nothing new for sure, and none is added.
pub fn add_unseen<'a>(joined: &mut Joined<'a>, telemetry: &[Telemetry<'a>]) {
    let found = unseen(&joined.connections(), telemetry);
    if !found.is_empty() {
        joined.add(found);
    }
}

fn unseen<'a>(connections: &[Connection<'_, 'a>], telemetry: &[Telemetry<'a>]) -> Vec<Reported<'a>> {
    let seen = Seen::of(connections);
    let (near, rest): (Vec<Row<'_, 'a>>, Vec<Row<'_, 'a>>) =
        telemetry.iter().filter_map(single).partition(|(event, _)| seen.is_near(event.at));
    if rest.is_empty() || !agrees(&near, connections) {
        return Vec::new();
    }
    let names = LookedUp::of(&rest, telemetry);
    let mut found: Vec<Reported<'a>> =
        rest.into_iter().map(|(event, connection)| connection_of(event, connection, &names)).collect();
    found.sort_by(|(a, _), (b, _)| {
        let key = |session: &Session<'_>| (session.start, session.resp, session.orig);
        key(a).cmp(&key(b)).then_with(|| a.app.cmp(&b.app))
    });
    found.dedup();
    found
}

/// A session with the message that names its responder.
type Reported<'a> = (Session<'a>, Option<Exchange<'a>>);
/// A row of telemetry that tells of one connection.
type Row<'t, 'a> = (&'t Telemetry<'a>, &'t AppConnection<'a>);

fn single<'t, 'a>(event: &'t Telemetry<'a>) -> Option<Row<'t, 'a>> {
    match &event.kind {
        TelemetryKind::Connection(connection) if connection.hits == 1 => Some((event, connection)),
        _ => None,
    }
}

/// When sensors saw the phone: spans without a longer silence than the margin, ascending.
struct Seen(Vec<(Timestamp, Timestamp)>);

impl Seen {
    /// Of connections ascending by start.
    fn of(connections: &[Connection<'_, '_>]) -> Self {
        let mut spans: Vec<(Timestamp, Timestamp)> = Vec::new();
        for connection in connections {
            let start = connection.session.start;
            let lasted = connection.session.duration_micros.and_then(|micros| i64::try_from(micros).ok());
            let end = start.plus_micros(lasted.unwrap_or(0));
            match spans.last_mut() {
                Some((_, last)) if start.since(*last) <= SEEN_MARGIN_MICROS => *last = end.max(*last),
                _ => spans.push((start, end)),
            }
        }
        Self(spans)
    }

    /// Whether a sensor saw the phone about then.
    fn is_near(&self, at: Timestamp) -> bool {
        let next = self.0.partition_point(|(start, _)| start.since(at) <= SEEN_MARGIN_MICROS);
        let last = next.checked_sub(1).and_then(|last| self.0.get(last));
        last.is_some_and(|(_, end)| at.since(*end) <= SEEN_MARGIN_MICROS)
    }
}

/// Whether sensors saw at least half of what was reported while they saw the phone; nothing reported is no objection.
fn agrees(reports: &[Row<'_, '_>], connections: &[Connection<'_, '_>]) -> bool {
    let slot = |at: Timestamp| at.micros().div_euclid(CLOCK_MICROS);
    let mut addresses = BTreeSet::new();
    let mut hosts = BTreeSet::new();
    for connection in connections {
        let Session { start, resp, .. } = connection.session;
        addresses.insert((resp.addr, resp.port, slot(*start)));
        hosts.extend(connection.messages().filter_map(|message| Some((message.host?, slot(*start)))));
    }
    let is_seen = |(event, connection): &&Row<'_, '_>| {
        let responder = connection.resp_ip.zip(connection.resp_port);
        (slot(event.at) - 1..=slot(event.at) + 1).any(|slot| {
            responder.is_some_and(|(addr, port)| addresses.contains(&(addr.to_canonical(), port, slot)))
                || connection.resp_host.is_some_and(|host| hosts.contains(&(host, slot)))
        })
    };
    2 * reports.iter().filter(is_seen).count() >= reports.len()
}

/// What the phone looked up: when, the name, and the answers joined with commas.
type Lookup<'a> = (Timestamp, &'a str, &'a str);

fn lookup<'a>(event: &Telemetry<'a>) -> Option<Lookup<'a>> {
    match &event.kind {
        TelemetryKind::Lookup(lookup) => Some((event.at, lookup.qname, lookup.answers)),
        _ => None,
    }
}

/// Names, by its lookups, of what a phone reported without one.
struct LookedUp<'a> {
    lookups: Vec<Lookup<'a>>,
    /// Of the addresses, the place of the lookup that names them.
    names: Names,
}

impl<'a> LookedUp<'a> {
    fn of(rows: &[Row<'_, 'a>], telemetry: &[Telemetry<'a>]) -> Self {
        let lookups: Vec<Lookup<'a>> = telemetry.iter().filter_map(lookup).collect();
        let nameless = rows.iter().filter(|(_, connection)| connection.resp_host.is_none());
        let addresses = nameless.filter_map(|(_, connection)| Some(connection.resp_ip?.to_canonical()));
        let asked: Vec<(Timestamp, u32, &str)> =
            (0..).zip(&lookups).map(|(place, (at, _, answers))| (*at, place, *answers)).collect();
        let name = |place: u32| lookups.get(place as usize).map_or("", |(_, name, _)| *name);
        let names = Names::of(addresses, &asked, name);
        Self { lookups, names }
    }

    fn name_of(&self, address: IpAddr, at: Timestamp) -> Option<&'a str> {
        let place = self.names.name_of(address.to_canonical(), at)?;
        self.lookups.get(place as usize).map(|(_, name, _)| *name)
    }
}

fn connection_of<'a>(
    event: &Telemetry<'a>,
    connection: &AppConnection<'a>,
    names: &LookedUp<'a>,
) -> Reported<'a> {
    let unknown = IpAddr::V6(Ipv6Addr::UNSPECIFIED);
    let orig = Endpoint::new(connection.orig_ip.unwrap_or(unknown), connection.orig_port.unwrap_or(0));
    let resp_addr = connection.resp_ip.unwrap_or_else(|| stand_in(connection.resp_host.unwrap_or_default()));
    let port = connection.resp_port.unwrap_or(0);
    let resp = Endpoint::new(resp_addr, port);
    let kind = protocol_of(connection.transport, port);
    let session = Session {
        duration_micros: connection.end.and_then(|end| u64::try_from(end.since(event.at)).ok()),
        service: kind.map(service_name),
        state: state_of(connection),
        orig_bytes: connection.orig_bytes,
        resp_bytes: connection.resp_bytes,
        app: event.app_id.map(|package| AppTag {
            uid: event.uid.unwrap_or(-1),
            package: Some(package),
            name: event.app_name,
        }),
        ..Session::between(event.at, orig, resp, connection.transport)
    };
    let looked_up = || kind.and_then(|_| names.name_of(resp_addr, event.at));
    let message = connection.resp_host.or_else(looked_up).map(|host| {
        let kind = kind.unwrap_or(ExchangeKind::Tls);
        Exchange { host: Some(host), ..Exchange::new(kind, "", event.at, session.orig, session.resp) }
    });
    (session, message)
}

/// The protocol that a port stands for where no sensor looked inside (IANA's registry).
fn protocol_of(transport: Transport, port: u16) -> Option<ExchangeKind> {
    match (transport, port) {
        (Transport::Tcp, 80 | 8080) => Some(ExchangeKind::Http),
        (Transport::Tcp, 443 | 465 | 853 | 993 | 995 | 5223 | 8443 | 8883) => Some(ExchangeKind::Tls),
        (Transport::Udp, 443) => Some(ExchangeKind::Quic),
        _ => None,
    }
}

/// A TCP connection over which nothing came back was not answered, as far as the phone can tell.
fn state_of(connection: &AppConnection<'_>) -> ConnState {
    match (connection.transport, connection.resp_bytes) {
        (Transport::Tcp, Some(0)) => ConnState::Unanswered,
        _ => ConnState::Unknown,
    }
}

/// As sensors name it.
const fn service_name(kind: ExchangeKind) -> &'static str {
    match kind {
        ExchangeKind::Http => "http",
        ExchangeKind::Quic => "quic",
        _ => "ssl",
    }
}

/// An address out of the discard-only block (RFC 6666) for a responder that is known by name alone.
fn stand_in(host: &str) -> IpAddr {
    let hash = stable_hash(host.as_bytes());
    IpAddr::V6(Ipv6Addr::from(0x0100_0000_0000_0000_0000_0000_0000_0000_u128 | u128::from(hash)))
}

#[cfg(test)]
mod tests;
