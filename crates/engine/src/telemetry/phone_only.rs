//! Phones without any network log: their own connection events stand for sessions.

use std::net::{IpAddr, Ipv6Addr};
use undertone_core::device::Joined;
use undertone_core::model::{
    AppConnection, AppTag, Endpoint, Exchange, ExchangeKind, Session, Telemetry, TelemetryKind,
};
use undertone_core::series::stable_hash;

/// The connections that a phone reported, ascending by time. A port of the web stands for its protocol, since no
/// sensor says more; aggregated rows have no times and make no connection.
pub fn connections_of_phone<'a>(telemetry: &[Telemetry<'a>]) -> Joined<'a> {
    let mut found: Vec<Reported<'a>> = telemetry
        .iter()
        .filter_map(|event| match &event.kind {
            TelemetryKind::Connection(connection) if connection.hits == 1 => {
                Some(connection_of(event, connection))
            }
            _ => None,
        })
        .collect();
    found.sort_by(|(a, _), (b, _)| {
        let key = |session: &Session<'_>| (session.start, session.resp, session.orig);
        key(a).cmp(&key(b)).then_with(|| a.app.cmp(&b.app))
    });
    found.dedup();
    Joined::of(found)
}

/// A session with the message that names its responder.
type Reported<'a> = (Session<'a>, Option<Exchange<'a>>);

fn connection_of<'a>(event: &Telemetry<'a>, connection: &AppConnection<'a>) -> Reported<'a> {
    let unknown = IpAddr::V6(Ipv6Addr::UNSPECIFIED);
    let orig = Endpoint::new(connection.orig_ip.unwrap_or(unknown), connection.orig_port.unwrap_or(0));
    let resp_addr = connection.resp_ip.unwrap_or_else(|| stand_in(connection.resp_host.unwrap_or_default()));
    let port = connection.resp_port.unwrap_or(0);
    let resp = Endpoint::new(resp_addr, port);
    let session = Session {
        duration_micros: connection.end.and_then(|end| u64::try_from(end.since(event.at)).ok()),
        orig_bytes: connection.orig_bytes,
        resp_bytes: connection.resp_bytes,
        app: event.app_id.map(|package| AppTag {
            uid: event.uid.unwrap_or(-1),
            package: Some(package),
            name: event.app_name,
        }),
        ..Session::between(event.at, orig, resp, connection.transport)
    };
    let message = connection.resp_host.map(|host| {
        let kind = if port == 80 { ExchangeKind::Http } else { ExchangeKind::Tls };
        Exchange { host: Some(host), ..Exchange::new(kind, "", event.at, session.orig, session.resp) }
    });
    (session, message)
}

/// An address out of the discard-only block (RFC 6666) for a responder that is known by name alone.
fn stand_in(host: &str) -> IpAddr {
    let hash = stable_hash(host.as_bytes());
    IpAddr::V6(Ipv6Addr::from(0x0100_0000_0000_0000_0000_0000_0000_0000_u128 | u128::from(hash)))
}
