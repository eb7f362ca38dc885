//! What a phone tells of its own connections where no sensor saw it: away from the watched networks, or always.

mod seen;

pub use seen::Seen;

use seen::Agreement;
use std::net::{IpAddr, Ipv6Addr};
use undertone_core::device::{Joined, Names, route_of_addr, route_of_host};
use undertone_core::model::{
    AppConnection, AppTag, ConnState, Endpoint, Exchange, ExchangeKind, Session, Telemetry, TelemetryKind,
    Timestamp, Transport,
};
use undertone_core::series::stable_hash;

/// Adds the connections that a phone reported while no sensor saw it.
pub fn add_unseen<'a>(joined: &mut Joined<'a>, telemetry: &[Telemetry<'a>]) {
    // Nearly all phones of a scan of network logs report nothing: their connections are not walked for it.
    if telemetry.iter().all(|event| single(event).is_none()) {
        return;
    }
    let recorded = joined.connections();
    let mut seen = Seen::default();
    for connection in &recorded {
        seen.add_session(connection.session);
    }
    let mut unseen = Unseen::of(telemetry, &seen);
    if unseen.rest.is_empty() {
        return;
    }
    for connection in &recorded {
        unseen.note_session(connection.session);
        let hosts = connection.messages().filter_map(|message| message.host);
        hosts.for_each(|host| unseen.note_host(host, connection.session.start));
    }
    joined.add(connections(unseen.told()));
}

/// A session with the message that names its responder.
type Connection<'a> = (Session<'a>, Option<Exchange<'a>>);

/// The connections of reports, each once, in an order that does not depend on theirs.
pub fn connections<'u, 't: 'u, 'a: 't>(
    reports: impl Iterator<Item = Report<'u, 't, 'a>>,
) -> Vec<Connection<'a>> {
    let mut found: Vec<Connection<'a>> = reports.map(|report| report.connection()).collect();
    found.sort_by(|(a, _), (b, _)| {
        let key = |session: &Session<'_>| (session.start, session.resp, session.orig);
        key(a).cmp(&key(b)).then_with(|| a.app.cmp(&b.app))
    });
    found.dedup();
    found
}

/// What a phone reported while no sensor saw it. A port of the web stands for its protocol, since no sensor says more;
/// aggregated rows have no times and make no connection.
///
/// What is reported while a sensor sees the phone is what the sensor sees. Where the two disagree on that (a wrong
/// clock, a proxy in between), a report tells nothing new for sure, and none is told.
#[derive(Debug)]
pub struct Unseen<'t, 'a> {
    rest: Vec<Row<'t, 'a>>,
    agreement: Agreement,
    names: LookedUp<'a>,
}

impl<'t, 'a> Unseen<'t, 'a> {
    /// Of the telemetry of a phone that sensors saw at times.
    pub fn of(telemetry: &'t [Telemetry<'a>], seen: &Seen) -> Self {
        let (near, rest): (Vec<Row<'t, 'a>>, Vec<Row<'t, 'a>>) =
            telemetry.iter().filter_map(single).partition(|(event, _)| seen.is_near(event.at));
        let is_told = !rest.is_empty();
        let agreement = if is_told { Agreement::on(&near) } else { Agreement::default() };
        Self { agreement, names: LookedUp::of(&rest, if is_told { telemetry } else { &[] }), rest }
    }

    /// Takes note of a session that a sensor recorded.
    pub fn note_session(&mut self, session: &Session<'_>) {
        self.agreement.note_session(session);
    }

    /// Takes note of a host that a sensor saw named.
    pub fn note_host(&mut self, host: &str, at: Timestamp) {
        self.agreement.note_host(host, at);
    }

    /// The reports that tell of connections, once all that sensors recorded was noted.
    pub fn told(&self) -> impl Iterator<Item = Report<'_, 't, 'a>> {
        let rest = if self.agreement.holds() { self.rest.as_slice() } else { &[] };
        rest.iter().map(|row| Report { row: *row, names: &self.names })
    }

    /// One of them, by its place.
    pub fn report(&self, place: usize) -> Option<Report<'_, 't, 'a>> {
        self.rest.get(place).map(|row| Report { row: *row, names: &self.names })
    }
}

/// A report of a connection that no sensor saw.
#[derive(Debug, Clone, Copy)]
pub struct Report<'u, 't, 'a> {
    row: Row<'t, 'a>,
    names: &'u LookedUp<'a>,
}

impl<'a> Report<'_, '_, 'a> {
    /// When it began.
    pub fn at(&self) -> Timestamp {
        self.row.0.at
    }

    /// The stable number of its destination.
    pub fn route(&self) -> u64 {
        let (session, message) = self.connection();
        let host = message.and_then(|message| message.host);
        host.and_then(route_of_host).unwrap_or_else(|| route_of_addr(session.resp.addr))
    }

    fn connection(&self) -> Connection<'a> {
        connection_of(self.row.0, self.row.1, self.names)
    }
}

/// A row of telemetry that tells of one connection.
type Row<'t, 'a> = (&'t Telemetry<'a>, &'t AppConnection<'a>);

fn single<'t, 'a>(event: &'t Telemetry<'a>) -> Option<Row<'t, 'a>> {
    match &event.kind {
        TelemetryKind::Connection(connection) if connection.hits == 1 => Some((event, connection)),
        _ => None,
    }
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
#[derive(Debug)]
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
) -> Connection<'a> {
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
