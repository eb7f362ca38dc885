//! What one connection adds to which series: its start, and the messages inside it.

use super::Connection;
use super::hosts::Hosts;
use super::names::Names;
use crate::model::{Exchange, ExchangeKind, Timestamp, Transport};
use crate::series::Service;

/// One check-in of a series, as found in one connection.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sighting {
    /// Place of the connection among those of the device.
    pub(super) connection: u32,
    /// Place of the message in its connection; `None` for the connection itself.
    pub(super) message: Option<u32>,
    /// Number of the host.
    pub(super) host: Option<u32>,
    /// Number of the series.
    pub(super) series: u32,
    /// Whether it stands for a session (or a DNS query), not for a message inside one.
    pub(super) is_start: bool,
    /// When: what is asked of most series is no more than this.
    pub(super) at: Timestamp,
}

/// Where the hosts of a device's messages are looked up.
#[derive(Debug, Clone, Copy)]
pub(super) struct Naming<'n, 'a> {
    pub(super) hosts: &'n Hosts<'a>,
    pub(super) names: &'n Names,
}

impl Naming<'_, '_> {
    /// The host of a message that a connection can go to.
    pub(super) fn usable(&self, host: Option<u32>) -> Option<u32> {
        host.filter(|number| self.hosts.get(*number).is_some_and(|host| host.is_usable))
    }
}

/// The sightings of one connection. DNS: one for each query. Proxied requests: one for each target. Else one
/// for the session, and one for each further message. `hosts` are those of its messages; `file` says the series of
/// a host.
pub(super) fn sightings(
    place: u32,
    (connection, service): (&Connection<'_, '_>, Service),
    hosts: &[Option<u32>],
    naming: Naming<'_, '_>,
    mut file: impl FnMut(Option<u32>) -> u32,
    found: &mut Vec<Sighting>,
) {
    let messages = || (0..).zip(connection.messages().zip(hosts.iter().map(|host| naming.usable(*host))));
    let mut push = |message, at, is_start, host, found: &mut Vec<Sighting>| {
        found.push(Sighting { connection: place, message, host, series: file(host), is_start, at });
    };
    if service == Service::Dns && !connection.messages.is_empty() {
        for (number, (message, host)) in messages().filter(|(_, (m, _))| m.kind == ExchangeKind::Dns) {
            push(Some(number), message.at, true, host, found);
        }
        return;
    }
    let session = connection.session;
    let host = messages().find_map(|(_, (_, host))| host);
    let is_proxied = connection.messages().any(|message| message.is_proxied);
    let first = found.len();
    if !is_proxied {
        let named = host.or_else(|| naming.names.name_of(session.resp.addr, session.start));
        push(None, session.start, true, named, found);
    }
    for (number, (message, own_host)) in messages() {
        if message.kind == ExchangeKind::Dns || (is_opening(message) && !message.is_proxied) {
            continue;
        }
        let own_host = own_host.filter(|_| message.kind != ExchangeKind::Data);
        let message_host = own_host.or_else(|| found.get(first).and_then(|start| start.host)).or(host);
        let is_early = is_proxied && message.is_proxied && message.at.since(session.start) < 5_000_000;
        push(Some(number), message.at, is_early && number == 0, message_host, found);
    }
}

/// Whether a message opens a connection rather than being one inside it.
fn is_opening(message: &Exchange<'_>) -> bool {
    matches!(message.kind, ExchangeKind::Tls | ExchangeKind::Quic | ExchangeKind::WebSocket)
}

/// The application protocol of a connection: of its messages, else as the sensor says, else its transport.
pub(super) fn service_of(connection: &Connection<'_, '_>) -> Service {
    const RANK: [(ExchangeKind, Service); 12] = [
        (ExchangeKind::WebSocket, Service::WebSocket),
        (ExchangeKind::Http, Service::Http),
        (ExchangeKind::Quic, Service::Quic),
        (ExchangeKind::Smtp, Service::Smtp),
        (ExchangeKind::Imap, Service::Imap),
        (ExchangeKind::Pop3, Service::Pop3),
        (ExchangeKind::Ftp, Service::Ftp),
        (ExchangeKind::Irc, Service::Irc),
        (ExchangeKind::Mqtt, Service::Mqtt),
        (ExchangeKind::Tls, Service::Tls),
        (ExchangeKind::Dns, Service::Dns),
        (ExchangeKind::Ntp, Service::Ntp),
    ];
    let seen = connection.messages().fold(0_u32, |seen, message| seen | 1 << message.kind as u32);
    RANK.iter()
        .find(|(kind, _)| seen & 1 << *kind as u32 != 0)
        .map(|(_, service)| *service)
        .or_else(|| connection.session.service.and_then(named_service))
        .unwrap_or(match connection.session.transport {
            Transport::Tcp => Service::Tcp,
            Transport::Udp => Service::Udp,
            Transport::Icmp | Transport::Other => Service::Other,
        })
}

/// The service of a sensor's name, which may list several (`ssl,http`).
fn named_service(names: &str) -> Option<Service> {
    let one = |name: &str| match name {
        "ssl" | "tls" | "https" => Some(Service::Tls),
        "http" | "http2" => Some(Service::Http),
        "quic" | "gquic" => Some(Service::Quic),
        "websocket" => Some(Service::WebSocket),
        "dns" | "mdns" => Some(Service::Dns),
        "smtp" => Some(Service::Smtp),
        "imap" => Some(Service::Imap),
        "pop3" => Some(Service::Pop3),
        "ftp" | "ftp-data" => Some(Service::Ftp),
        "irc" => Some(Service::Irc),
        "mqtt" => Some(Service::Mqtt),
        "ntp" => Some(Service::Ntp),
        "" | "-" | "failed" | "unknown" => None,
        _ => Some(Service::Named),
    };
    names.split(',').filter_map(one).min()
}
