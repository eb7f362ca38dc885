//! What one connection adds to which series: its start, and the messages inside it.

use super::Connection;
use super::names::Names;
use crate::destination::{is_ip_literal, normal_host};
use crate::model::{Exchange, ExchangeKind, Transport};
use crate::series::{Destination, Service};
use std::borrow::Cow;

/// One check-in of a series, as found in one connection.
#[derive(Debug, Clone)]
pub(super) struct Sighting<'a> {
    pub(super) connection: usize,
    /// The message; `None` for the connection itself.
    pub(super) message: Option<usize>,
    /// Whether it stands for a session (or a DNS query), not for a message inside one.
    pub(super) is_start: bool,
    pub(super) host: Option<Cow<'a, str>>,
    pub(super) service: Service,
}

/// The sightings of one connection. DNS: one for each query. Proxied requests: one for each target. Else one
/// for the session, and one for each further message.
pub(super) fn sightings<'a>(
    index: usize,
    connection: &Connection<'a>,
    names: &Names<'_>,
) -> Vec<Sighting<'a>> {
    let service = service_of(connection);
    let host = connection.messages.iter().find_map(usable_host);
    let sighting =
        |message, is_start, host, service| Sighting { connection: index, message, is_start, host, service };
    if service == Service::Dns && !connection.messages.is_empty() {
        let queries = connection.messages.iter().enumerate().filter(|(_, m)| m.kind == ExchangeKind::Dns);
        return queries.map(|(at, m)| sighting(Some(at), true, usable_host(m), Service::Dns)).collect();
    }
    let is_proxied = connection.messages.iter().any(|message| message.is_proxied);
    let mut found = Vec::with_capacity(1 + connection.messages.len());
    if !is_proxied {
        let resp = connection.session.resp;
        let named = host.clone().or_else(|| {
            names.name_of(resp.addr, connection.session.start).map(|name| Cow::Owned(name.to_owned()))
        });
        found.push(sighting(None, true, named, service));
    }
    let first = connection.session.start;
    for (at, message) in connection.messages.iter().enumerate() {
        let is_handshake =
            matches!(message.kind, ExchangeKind::Tls | ExchangeKind::Quic | ExchangeKind::WebSocket);
        if message.kind == ExchangeKind::Dns || (is_handshake && !message.is_proxied) {
            continue;
        }
        let own_host = if message.kind == ExchangeKind::Data { None } else { usable_host(message) };
        let message_host =
            own_host.or_else(|| found.first().and_then(|start| start.host.clone())).or_else(|| host.clone());
        let is_first_of_proxy = is_proxied && message.is_proxied && message.at.since(first) < 5_000_000;
        found.push(sighting(Some(at), is_first_of_proxy && at == 0, message_host, service));
    }
    found
}

/// The host of a message in normal form; `None` for an empty one.
fn usable_host<'a>(message: &Exchange<'a>) -> Option<Cow<'a, str>> {
    let host = normal_host(message.host?);
    (!host.is_empty() && host.len() <= 253).then_some(host)
}

/// The application protocol of a connection: of its messages, else as the sensor says, else its transport.
pub(super) fn service_of(connection: &Connection<'_>) -> Service {
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
    let seen = |kind: ExchangeKind| connection.messages.iter().any(|message| message.kind == kind);
    RANK.iter()
        .find(|(kind, _)| seen(*kind))
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

/// Where a sighting goes: the host's registrable domain; for a name without a listed suffix or without a name
/// the responder's address.
pub(super) fn destination_of(host: Option<&str>, connection: &Connection<'_>) -> Destination {
    host.and_then(Destination::of_host).unwrap_or(Destination::Address(connection.session.resp.addr))
}

/// Whether the connection shows no name at all, or an address in the place of one.
pub(super) fn is_nameless(host: Option<&str>) -> bool {
    host.is_none_or(is_ip_literal)
}
