//! An application-layer message inside a connection (ATT&CK data component DC0085, Network Traffic Content).

use super::{Endpoint, Timestamp, Transport};

/// What kind of message an [`Exchange`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ExchangeKind {
    /// An HTTP request with its response.
    Http,
    /// A TLS handshake.
    Tls,
    /// A QUIC Initial.
    Quic,
    /// A DNS query with its response.
    Dns,
    /// A WebSocket upgrade.
    WebSocket,
    /// An SMTP transaction or command.
    Smtp,
    /// An IMAP command.
    Imap,
    /// A POP3 command.
    Pop3,
    /// An FTP command.
    Ftp,
    /// An IRC command.
    Irc,
    /// An MQTT connect, publish or subscribe.
    Mqtt,
    /// An NTP request.
    Ntp,
    /// A burst of application data of a protocol that is not decoded (one side spoke, the other may have
    /// answered), from a packet capture.
    Data,
}

impl ExchangeKind {
    /// Lower-case protocol name, used as the series' `service`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Tls => "tls",
            Self::Quic => "quic",
            Self::Dns => "dns",
            Self::WebSocket => "websocket",
            Self::Smtp => "smtp",
            Self::Imap => "imap",
            Self::Pop3 => "pop3",
            Self::Ftp => "ftp",
            Self::Irc => "irc",
            Self::Mqtt => "mqtt",
            Self::Ntp => "ntp",
            Self::Data => "data",
        }
    }
}

/// One application-layer message. Fields that its kind does not have are `None`.
#[derive(Debug, Clone, PartialEq)]
pub struct Exchange<'a> {
    /// The connection's id, as in [`super::Session::uid`]. Empty when the source has none.
    pub uid: &'a str,
    /// When the message was seen.
    pub at: Timestamp,
    /// Who opened the connection.
    pub orig: Endpoint,
    /// Who answered.
    pub resp: Endpoint,
    /// Transport.
    pub transport: Transport,
    /// What it is.
    pub kind: ExchangeKind,
    /// SNI, `Host`, or query name; the *target* for a proxy request. Lower-cased by the engine, as sent here.
    pub host: Option<&'a str>,
    /// True when the request went through an HTTP proxy (CONNECT or an absolute URI): the responder of the
    /// connection is then not the destination.
    pub is_proxied: bool,
    /// HTTP method, or the command of a command protocol (SMTP `MAIL`, FTP `RETR`, MQTT `publish`).
    pub method: Option<&'a str>,
    /// HTTP path and query as sent, MQTT topic, FTP argument.
    pub path: Option<&'a str>,
    /// HTTP or FTP status code.
    pub status: Option<u16>,
    /// Body bytes of the originator.
    pub orig_bytes: Option<u64>,
    /// Body bytes of the responder.
    pub resp_bytes: Option<u64>,
    /// `User-Agent` or its like.
    pub user_agent: Option<&'a str>,
    /// JA3 of the client (32 hex digits).
    pub ja3: Option<&'a str>,
    /// JA4 of the client.
    pub ja4: Option<&'a str>,
    /// First application protocol offered or chosen (`h2`, `http/1.1`, `h3`).
    pub alpn: Option<&'a str>,
    /// Subject of the server's certificate, where seen.
    pub subject: Option<&'a str>,
    /// Issuer of the server's certificate, where seen.
    pub issuer: Option<&'a str>,
    /// Whether the certificate chain was valid, where the sensor checked.
    pub is_cert_valid: Option<bool>,
    /// DNS query type number (1 A, 28 AAAA, 16 TXT, 10 NULL, ...).
    pub qtype: Option<u16>,
    /// DNS response code (0 NOERROR, 3 NXDOMAIN).
    pub rcode: Option<u16>,
    /// DNS answers as the sensor lists them, joined with `,`: addresses, names or texts.
    pub answers: Option<&'a str>,
}

impl<'a> Exchange<'a> {
    /// A message of `kind` with every optional field absent.
    pub const fn new(
        kind: ExchangeKind,
        uid: &'a str,
        at: Timestamp,
        orig: Endpoint,
        resp: Endpoint,
    ) -> Self {
        Self {
            uid,
            at,
            orig,
            resp,
            transport: Transport::Tcp,
            kind,
            host: None,
            is_proxied: false,
            method: None,
            path: None,
            status: None,
            orig_bytes: None,
            resp_bytes: None,
            user_agent: None,
            ja3: None,
            ja4: None,
            alpn: None,
            subject: None,
            issuer: None,
            is_cert_valid: None,
            qtype: None,
            rcode: None,
            answers: None,
        }
    }
}
