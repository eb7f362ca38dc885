//! Rows of protocols: what was said in a connection.

use super::super::field::Field;
use super::super::log::Log;
use super::{Fields, Ignored, Miss, Row};
use crate::dns_codes;
use crate::http_target::{Target, host_of};
use undertone_core::model::{Exchange, ExchangeKind, Transport};

impl<'a, F: Fields<'a>> Row<'a, F> {
    /// A message of any log.
    pub(super) fn message(self, log: Log, exchange: &mut Exchange<'a>) -> Result<(), Miss> {
        match log {
            Log::Http => self.http(exchange),
            Log::Ssl => self.ssl(exchange),
            Log::Quic => self.quic(exchange),
            Log::WebSocket => self.websocket(exchange),
            Log::Ntp => self.ntp(exchange),
            Log::Smtp | Log::Ftp | Log::Irc => self.command(log, exchange),
            Log::MqttConnect | Log::MqttPublish | Log::MqttSubscribe => self.mqtt(log, exchange),
            // The others are no messages, and do not come here.
            Log::Dns | Log::Conn | Log::OpenConn | Log::Dhcp => self.dns(exchange),
        }
    }

    /// What every message has.
    fn exchange(
        self,
        exchange: &mut Exchange<'a>,
        kind: ExchangeKind,
        transport: Transport,
    ) -> Result<(), Miss> {
        exchange.kind = kind;
        exchange.transport = transport;
        exchange.orig = self.endpoint(Field::OrigH, Field::OrigP, transport)?;
        exchange.resp = self.endpoint(Field::RespH, Field::RespP, transport)?;
        exchange.uid = self.text(Field::Uid).unwrap_or_default();
        exchange.at = self.at()?;
        Ok(())
    }

    fn http(self, exchange: &mut Exchange<'a>) -> Result<(), Miss> {
        self.exchange(exchange, ExchangeKind::Http, Transport::Tcp)?;
        exchange.method = self.text(Field::Method);
        let target = Target::new(exchange.method, self.text(Field::Host), self.text(Field::Uri));
        exchange.host = target.host;
        exchange.path = target.path;
        exchange.is_proxied = target.is_proxied;
        exchange.status = self.small(Field::StatusCode)?;
        exchange.orig_bytes = self.count(Field::RequestBodyLen)?;
        exchange.resp_bytes = self.count(Field::ResponseBodyLen)?;
        exchange.user_agent = self.text(Field::UserAgent);
        Ok(())
    }

    fn ssl(self, exchange: &mut Exchange<'a>) -> Result<(), Miss> {
        let alpn = self.text(Field::NextProtocol);
        // Zeek logs the TLS inside QUIC here, too, and h3 runs over nothing else (RFC 9114 section 3.1).
        let is_datagram = alpn == Some("h3")
            || self.text(Field::Version).is_some_and(|version| version.starts_with("DTLS"));
        let transport = if is_datagram { Transport::Udp } else { Transport::Tcp };
        self.exchange(exchange, ExchangeKind::Tls, transport)?;
        exchange.host = self.text(Field::ServerName);
        exchange.ja3 = self.text(Field::Ja3);
        exchange.ja4 = self.text(Field::Ja4);
        exchange.alpn = alpn;
        exchange.subject = self.text(Field::Subject);
        exchange.issuer = self.text(Field::Issuer);
        exchange.is_cert_valid = self.text(Field::ValidationStatus).map(|status| status == "ok");
        Ok(())
    }

    fn quic(self, exchange: &mut Exchange<'a>) -> Result<(), Miss> {
        self.exchange(exchange, ExchangeKind::Quic, Transport::Udp)?;
        exchange.host = self.text(Field::ServerName);
        exchange.alpn = self.text(Field::ClientProtocol);
        exchange.ja4 = self.text(Field::Ja4);
        Ok(())
    }

    fn dns(self, exchange: &mut Exchange<'a>) -> Result<(), Miss> {
        let transport = self.text(Field::Proto).map_or(Transport::Udp, Transport::from_name);
        self.exchange(exchange, ExchangeKind::Dns, transport)?;
        exchange.host = self.text(Field::Query);
        exchange.qtype = match self.small(Field::Qtype)? {
            None => self.text(Field::QtypeName).and_then(dns_codes::record_type),
            number => number,
        };
        exchange.rcode = match self.small(Field::Rcode)? {
            None => self.text(Field::RcodeName).and_then(dns_codes::response_code),
            number => number,
        };
        exchange.answers = self.text(Field::Answers);
        Ok(())
    }

    fn websocket(self, exchange: &mut Exchange<'a>) -> Result<(), Miss> {
        self.exchange(exchange, ExchangeKind::WebSocket, Transport::Tcp)?;
        exchange.host = self.text(Field::Host).and_then(host_of);
        exchange.path = self.text(Field::Uri);
        exchange.user_agent = self.text(Field::UserAgent);
        Ok(())
    }

    fn ntp(self, exchange: &mut Exchange<'a>) -> Result<(), Miss> {
        // RFC 5905 figure 10: modes 1 (symmetric active) and 3 (client) ask; the others answer or broadcast.
        match self.small(Field::Mode)? {
            None | Some(1 | 3) => self.exchange(exchange, ExchangeKind::Ntp, Transport::Udp),
            Some(_) => Err(Miss::Ignored(Ignored::NtpAnswer)),
        }
    }

    fn command(self, log: Log, exchange: &mut Exchange<'a>) -> Result<(), Miss> {
        let kind = match log {
            Log::Smtp => ExchangeKind::Smtp,
            Log::Ftp => ExchangeKind::Ftp,
            _ => ExchangeKind::Irc,
        };
        self.exchange(exchange, kind, Transport::Tcp)?;
        if log == Log::Smtp {
            // The log has one row for each message; which commands came is told by what they left.
            exchange.method = if self.text(Field::MailFrom).is_some() {
                Some("MAIL")
            } else {
                self.text(Field::Helo).map(|_| "HELO")
            };
            exchange.user_agent = self.text(Field::UserAgent);
        } else {
            exchange.method = self.text(Field::Command);
            exchange.path = self.text(if log == Log::Ftp { Field::Arg } else { Field::Value });
            exchange.status = self.small(Field::ReplyCode)?;
        }
        Ok(())
    }

    fn mqtt(self, log: Log, exchange: &mut Exchange<'a>) -> Result<(), Miss> {
        self.exchange(exchange, ExchangeKind::Mqtt, Transport::Tcp)?;
        match log {
            Log::MqttPublish => {
                exchange.method = Some("publish");
                exchange.path = self.text(Field::Topic);
                let bytes = self.count(Field::PayloadLen)?;
                match self.flag(Field::FromClient) {
                    Some(true) => exchange.orig_bytes = bytes,
                    Some(false) => exchange.resp_bytes = bytes,
                    None => {}
                }
            }
            Log::MqttSubscribe => {
                exchange.method = Some(match self.text(Field::Action) {
                    Some(action) if action.eq_ignore_ascii_case("MQTT::UNSUBSCRIBE") => "unsubscribe",
                    _ => "subscribe",
                });
                exchange.path = self.text(Field::Topics);
            }
            _ => exchange.method = Some("connect"),
        }
        Ok(())
    }
}
