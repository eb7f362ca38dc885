//! What identifies a series.

use super::counts::StableKey;
use crate::destination::registrable_domain;
use bitcode::{Decode, Encode};
use std::fmt;
use std::net::IpAddr;

/// Application protocol of a series.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
pub enum Service {
    /// TLS over TCP (HTTPS and others that are not told apart).
    Tls,
    /// Clear HTTP.
    Http,
    /// QUIC, HTTP/3.
    Quic,
    /// WebSocket.
    WebSocket,
    /// DNS queries.
    Dns,
    /// SMTP.
    Smtp,
    /// IMAP.
    Imap,
    /// POP3.
    Pop3,
    /// FTP.
    Ftp,
    /// IRC.
    Irc,
    /// MQTT.
    Mqtt,
    /// NTP.
    Ntp,
    /// Another protocol that the sensor names (`ssh`, `sip`, ...), not one that phones' apps use for C2 here.
    Named,
    /// TCP without a known protocol.
    Tcp,
    /// UDP without a known protocol.
    Udp,
    /// Neither.
    Other,
}

impl Service {
    /// All.
    pub const ALL: [Self; 16] = [
        Self::Tls,
        Self::Http,
        Self::Quic,
        Self::WebSocket,
        Self::Dns,
        Self::Smtp,
        Self::Imap,
        Self::Pop3,
        Self::Ftp,
        Self::Irc,
        Self::Mqtt,
        Self::Ntp,
        Self::Named,
        Self::Tcp,
        Self::Udp,
        Self::Other,
    ];

    /// The service of a name as [`Service::as_str`] gives it.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|service| service.as_str() == name)
    }

    /// Lower-case name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Tls => "tls",
            Self::Http => "http",
            Self::Quic => "quic",
            Self::WebSocket => "websocket",
            Self::Dns => "dns",
            Self::Smtp => "smtp",
            Self::Imap => "imap",
            Self::Pop3 => "pop3",
            Self::Ftp => "ftp",
            Self::Irc => "irc",
            Self::Mqtt => "mqtt",
            Self::Ntp => "ntp",
            Self::Named => "named",
            Self::Tcp => "tcp",
            Self::Udp => "udp",
            Self::Other => "other",
        }
    }

    /// Whether ATT&CK counts it as web (T1437.001).
    pub const fn is_web(self) -> bool {
        matches!(self, Self::Tls | Self::Http | Self::Quic | Self::WebSocket)
    }
}

/// Where a series goes: a registrable domain, or an address when no name is known.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
pub enum Destination {
    /// Registrable domain (Public Suffix List with its private section), lower case.
    Domain(Box<str>),
    /// Address.
    Address(IpAddr),
    /// Many rare destinations of one device, tied by a fingerprint or port.
    Group(Box<str>),
}

impl StableKey for Destination {
    fn stable_hash(&self) -> u64 {
        match self {
            Self::Domain(name) => name.stable_hash(),
            Self::Address(addr) => addr.stable_hash(),
            Self::Group(name) => !name.stable_hash(),
        }
    }
}

impl Destination {
    /// Whether it stands for many destinations that share one rhythm.
    pub fn is_group(&self) -> bool {
        matches!(self, Self::Group(_))
    }

    /// Bytes that its text takes.
    pub fn text_bytes(&self) -> usize {
        match self {
            Self::Domain(text) | Self::Group(text) => text.len(),
            Self::Address(_) => 0,
        }
    }

    /// The destination of a host name; an IP literal is an address. `None` when the name has no listed public
    /// suffix or is one.
    pub fn of_host(host: &str) -> Option<Self> {
        match host.trim_matches(['[', ']']).parse::<IpAddr>() {
            Ok(addr) => Some(Self::Address(addr.to_canonical())),
            Err(_) => registrable_domain(host).map(|domain| Self::Domain(domain.into())),
        }
    }
}

impl fmt::Display for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Domain(name) | Self::Group(name) => f.write_str(name),
            Self::Address(addr) => addr.fmt(f),
        }
    }
}

/// What identifies a series within its device.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
pub struct SeriesKey {
    /// App, where known.
    pub app: Option<Box<str>>,
    /// Destination.
    pub destination: Destination,
    /// Service.
    pub service: Service,
}
