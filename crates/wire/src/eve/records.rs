//! Cells of an EVE event to records. Field meanings: the Suricata user guide, "EVE JSON Format".

use undertone_core::model::{
    Endpoint, Exchange, ExchangeKind, Lease, MacAddr, Platform, Record, Timestamp, Transport,
};

use super::event::{EventCells, Key, Kind};
use super::{dns, flow};
use crate::http_target::Target;
use crate::json::Cursor;
use crate::{RecordSink, RejectReason, text};

/// TLS extension number of ALPN (RFC 7301 section 3.1).
const ALPN_EXTENSION: &str = "16";

/// What an event of a readable type came to when it is not a record.
pub(super) enum Miss {
    /// Counted as ignored, by name.
    Ignored(&'static str),
    /// Rejected; the text names the field.
    Refused(RejectReason, &'static str),
}

/// Hands `sink` the event's records, one reject, or one ignored row.
pub(super) fn emit<S: RecordSink>(kind: Kind, cells: &EventCells<'_>, number: u64, sink: &mut S) {
    let row = Row(cells);
    let made = match kind {
        Kind::Flow => flow::session(row).map(Record::Session),
        Kind::Netflow => flow::direction(row).map(Record::Session),
        Kind::Dhcp => row.lease().map(Record::Lease),
        Kind::Dns => match dns::emit(row, sink) {
            Ok(()) => return,
            Err(miss) => Err(miss),
        },
        Kind::Http => row.http().map(Record::Exchange),
        Kind::Tls => row.tls(ExchangeKind::Tls).map(Record::Exchange),
        Kind::Quic => row.tls(ExchangeKind::Quic).map(Record::Exchange),
        Kind::Smtp => row.smtp().map(Record::Exchange),
        Kind::Ftp => row.ftp().map(Record::Exchange),
        Kind::Mqtt => row.mqtt().map(Record::Exchange),
        Kind::WebSocket => row.websocket().map(Record::Exchange),
    };
    match made {
        Ok(record) => sink.record(record),
        Err(Miss::Ignored(what)) => sink.ignore(what),
        Err(Miss::Refused(reason, field)) => sink.reject(number, reason, field),
    }
}

/// Typed reading of an event's cells.
#[derive(Clone, Copy)]
pub(super) struct Row<'r, 'a>(&'r EventCells<'a>);

impl<'a> Row<'_, 'a> {
    /// A field as it is.
    pub(super) fn get(self, key: Key) -> Option<&'a str> {
        self.0.get(key as usize)
    }

    /// A text, cut to the longest that a record carries.
    pub(super) fn text(self, key: Key) -> Option<&'a str> {
        self.get(key).map(text::clip)
    }

    /// A field in the form that `parse` reads; `reason` when it is there but cannot be read.
    pub(super) fn parsed<T>(
        self,
        key: Key,
        reason: RejectReason,
        parse: impl FnOnce(&'a str) -> Option<T>,
    ) -> Result<Option<T>, Miss> {
        match self.get(key) {
            None => Ok(None),
            Some(text) => match parse(text) {
                Some(value) => Ok(Some(value)),
                None => Err(Miss::Refused(reason, name(key))),
            },
        }
    }

    pub(super) fn count(self, key: Key) -> Result<Option<u64>, Miss> {
        self.parsed(key, RejectReason::BadNumber, text::count)
    }

    pub(super) fn time(self, key: Key) -> Result<Option<Timestamp>, Miss> {
        self.parsed(key, RejectReason::BadTimestamp, text::instant)
    }

    /// When the event was logged.
    pub(super) fn at(self) -> Result<Timestamp, Miss> {
        self.time(Key::Timestamp)?.ok_or_else(|| missing(Key::Timestamp))
    }

    pub(super) fn uid(self) -> &'a str {
        self.text(Key::FlowId).unwrap_or_default()
    }

    /// The `proto` field, a name or an IP protocol number.
    pub(super) fn transport(self) -> Transport {
        self.get(Key::Proto).map_or(Transport::Other, |proto| match proto.parse::<u8>() {
            Ok(number) => Transport::from_number(number),
            Err(_) => Transport::from_name(proto),
        })
    }

    pub(super) fn orig(self, transport: Transport) -> Result<Endpoint, Miss> {
        self.endpoint(Key::SrcIp, Key::SrcPort, transport)
    }

    pub(super) fn resp(self, transport: Transport) -> Result<Endpoint, Miss> {
        self.endpoint(Key::DestIp, Key::DestPort, transport)
    }

    fn endpoint(self, addr: Key, port: Key, transport: Transport) -> Result<Endpoint, Miss> {
        let ip = self.parsed(addr, RejectReason::BadAddress, text::addr)?.ok_or_else(|| missing(addr))?;
        let number = self.parsed(port, RejectReason::BadNumber, text::port)?.unwrap_or(0);
        Ok(Endpoint::new(ip, if transport == Transport::Icmp { 0 } else { number }))
    }

    fn exchange(self, kind: ExchangeKind) -> Result<Exchange<'a>, Miss> {
        let transport = self.transport();
        let (orig, resp) = (self.orig(transport)?, self.resp(transport)?);
        let mut exchange = Exchange::new(kind, self.uid(), self.at()?, orig, resp);
        exchange.transport = transport;
        Ok(exchange)
    }

    fn http(self) -> Result<Exchange<'a>, Miss> {
        let is_request = [Key::Hostname, Key::Url, Key::Method, Key::Status];
        if is_request.iter().all(|key| self.get(*key).is_none()) {
            // HTTP/2 logs its settings, window updates and resets as events of their own.
            return Err(Miss::Ignored("http without request"));
        }
        let mut exchange = self.exchange(ExchangeKind::Http)?;
        exchange.method = self.text(Key::Method);
        let target = Target::new(exchange.method, self.text(Key::Hostname), self.text(Key::Url));
        exchange.host = target.host;
        exchange.path = target.path;
        exchange.is_proxied = target.is_proxied;
        exchange.status = self.parsed(Key::Status, RejectReason::BadNumber, text::port)?;
        exchange.resp_bytes = self.count(Key::Length)?;
        exchange.user_agent = self.text(Key::UserAgent);
        Ok(exchange)
    }

    /// TLS, and QUIC, which carries it.
    fn tls(self, kind: ExchangeKind) -> Result<Exchange<'a>, Miss> {
        let mut exchange = self.exchange(kind)?;
        exchange.host = self.text(Key::Sni);
        exchange.ja3 = self.text(Key::Ja3);
        exchange.ja4 = self.text(Key::Ja4);
        exchange.subject = self.text(Key::Subject);
        exchange.issuer = self.text(Key::Issuer);
        exchange.user_agent = self.text(Key::UserAgent);
        let first = |list: &'a str| list.split(',').next();
        exchange.alpn = self
            .text(Key::ServerAlpn)
            .or_else(|| self.text(Key::ClientAlpn))
            .and_then(first)
            .or_else(|| self.get(Key::Extensions).and_then(alpn_extension).map(text::clip));
        Ok(exchange)
    }

    fn smtp(self) -> Result<Exchange<'a>, Miss> {
        let mut exchange = self.exchange(ExchangeKind::Smtp)?;
        exchange.method = if self.get(Key::MailFrom).is_some() {
            Some("MAIL")
        } else {
            self.get(Key::Helo).map(|_| "HELO")
        };
        Ok(exchange)
    }

    fn ftp(self) -> Result<Exchange<'a>, Miss> {
        let mut exchange = self.exchange(ExchangeKind::Ftp)?;
        exchange.method = self.text(Key::Command);
        exchange.path = self.text(Key::CommandData);
        // A list of codes; the first answers the command.
        let first = |codes: &'a str| codes.split(',').next().and_then(text::port);
        exchange.status = self.parsed(Key::CompletionCode, RejectReason::BadNumber, first)?;
        Ok(exchange)
    }

    fn mqtt(self) -> Result<Exchange<'a>, Miss> {
        let Some(method) = self.text(Key::Method) else { return Err(Miss::Ignored("mqtt control")) };
        let mut exchange = self.exchange(ExchangeKind::Mqtt)?;
        exchange.method = Some(method);
        exchange.path = self.text(Key::Topic);
        Ok(exchange)
    }

    fn websocket(self) -> Result<Exchange<'a>, Miss> {
        let mut exchange = self.exchange(ExchangeKind::WebSocket)?;
        exchange.method = self.text(Key::Opcode);
        Ok(exchange)
    }

    fn lease(self) -> Result<Lease<'a>, Miss> {
        if self.get(Key::DhcpType) != Some("ack") {
            return Err(Miss::Ignored("dhcp without ack"));
        }
        let from = self.at()?;
        let held = |key| {
            let addr = self.parsed(key, RejectReason::BadAddress, text::addr)?;
            Ok(addr.map(|addr| addr.to_canonical()).filter(|addr| !addr.is_unspecified()))
        };
        let addr = match held(Key::AssignedIp)? {
            None => held(Key::ClientIp)?,
            addr => addr,
        };
        let Some(addr) = addr else { return Err(Miss::Ignored("dhcp without address")) };
        let mac = self.parsed(Key::ClientMac, RejectReason::Malformed, MacAddr::parse)?;
        // 0xffffffff seconds is no end (RFC 2131 section 3.3).
        let secs = self.count(Key::LeaseTime)?.filter(|&secs| secs > 0 && secs < u64::from(u32::MAX));
        let secs = secs.and_then(|secs| i64::try_from(secs).ok());
        Ok(Lease {
            device_id: None,
            addr: Some(addr),
            mac: Some(mac.ok_or_else(|| missing(Key::ClientMac))?),
            from: Some(from),
            to: secs.map(|secs| from.plus_micros(secs * 1_000_000)),
            platform: Platform::Unknown,
            owner: None,
            host_name: self.text(Key::Hostname),
        })
    }
}

/// The first protocol of the ALPN extension in QUIC's list of extensions.
fn alpn_extension(extensions: &str) -> Option<&str> {
    let mut found = None;
    let mut cursor = Cursor::new(extensions);
    // The list was accepted as part of its line; whatever is odd inside of it ends it.
    let _ended = cursor.list(|item| {
        let (mut is_alpn, mut values) = (false, None);
        item.object(|key, value| {
            match key {
                "type" => is_alpn = value.value()? == crate::json::Scalar::Plain(ALPN_EXTENSION),
                "values" => values = value.nested()?,
                _ => value.skip()?,
            }
            Ok(())
        })?;
        if is_alpn {
            found = values;
        }
        Ok(())
    });
    let list = found?.strip_prefix("[\"")?;
    let first = list.split('"').next()?;
    (!first.is_empty() && !first.contains('\\')).then_some(first)
}

/// Refuses a row that lacks a field it cannot do without.
pub(super) fn missing(key: Key) -> Miss {
    Miss::Refused(RejectReason::MissingField, name(key))
}

/// EVE's name of a key that can be refused.
fn name(key: Key) -> &'static str {
    match key {
        Key::Timestamp => "timestamp",
        Key::SrcIp => "src_ip",
        Key::SrcPort => "src_port",
        Key::DestIp => "dest_ip",
        Key::DestPort => "dest_port",
        Key::FlowStart => "flow.start",
        Key::FlowEnd => "flow.end",
        Key::FlowAge => "flow.age",
        Key::BytesToServer => "flow.bytes_toserver",
        Key::BytesToClient => "flow.bytes_toclient",
        Key::PktsToServer => "flow.pkts_toserver",
        Key::PktsToClient => "flow.pkts_toclient",
        Key::TcpFlags | Key::TcpFlagsToServer | Key::TcpFlagsToClient => "tcp.tcp_flags",
        Key::Status => "http.status",
        Key::Length => "http.length",
        Key::CompletionCode => "ftp.completion_code",
        Key::ClientMac => "dhcp.client_mac",
        Key::AssignedIp => "dhcp.assigned_ip",
        Key::ClientIp => "dhcp.client_ip",
        Key::LeaseTime => "dhcp.lease_time",
        _ => "field",
    }
}
