//! Zeek's conn, dns, ssl and http logs (field names and types of Zeek 6, ssl with JA3 and JA4 added).

mod conn;
mod dns;
mod http;
mod ssl;

pub(crate) use conn::conn;
pub(crate) use dns::{lookup, question};
pub(crate) use http::http;
pub(crate) use ssl::ssl;

use super::row::Row;
use crate::flow::Flow;
use crate::number::{signed, unsigned};
use crate::options::LogFormat;
use crate::random::mix;
use crate::world::site::Service;
use std::net::Ipv4Addr;

/// The logs written, in the order of [`crate::write::DayRows`].
pub(crate) const LOGS: [&str; 4] = ["conn", "dns", "ssl", "http"];

/// The header of a TSV log; JSON has none. `opened` is `YYYY-MM-DD`.
pub(crate) fn header(log: &str, opened: &str) -> String {
    let (fields, types) = match log {
        "conn" => conn::FIELDS,
        "dns" => dns::FIELDS,
        "ssl" => ssl::FIELDS,
        _ => http::FIELDS,
    };
    let (proto, proto_type) = if matches!(log, "conn" | "dns") { ("\tproto", "\tenum") } else { ("", "") };
    format!(
        "#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n#path\t{log}\n#open\t{opened}-00-00-00\n\
         #fields\tts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p{proto}\t{fields}\n\
         #types\ttime\tstring\taddr\tport\taddr\tport{proto_type}\t{types}\n"
    )
}

/// What every row of one connection shares.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ends {
    pub(crate) at: i64,
    pub(crate) uid: [u8; 18],
    pub(crate) orig: Ipv4Addr,
    pub(crate) orig_port: u16,
    pub(crate) resp: Ipv4Addr,
    pub(crate) resp_port: u16,
}

/// A uid as Zeek makes them: `C` and 17 characters of base 62.
pub(crate) fn uid(mut number: u64) -> [u8; 18] {
    const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let mut out = [b'C'; 18];
    for (place, byte) in out.iter_mut().enumerate().skip(1) {
        *byte = ALPHABET[crate::number::index(number % 62)];
        number /= 62;
        if place == 9 {
            number = mix(number ^ 0x5a65_656b);
        }
    }
    out
}

impl Ends {
    fn begin<'a>(&self, out: &'a mut Vec<u8>, format: LogFormat, path: &str) -> Row<'a> {
        let mut row = Row::begin(out, format, path);
        row.secs("ts", self.at);
        row.plain("uid", |out| out.extend_from_slice(&self.uid));
        row.addr("id.orig_h", self.orig);
        row.int("id.orig_p", u64::from(self.orig_port));
        row.addr("id.resp_h", self.resp);
        row.int("id.resp_p", u64::from(self.resp_port));
        row
    }
}

/// What `service` says, and whether the transport is UDP.
pub(crate) fn service_of(service: Service) -> (Option<&'static str>, bool) {
    match service {
        Service::Tls => (Some("ssl"), false),
        Service::Quic => (Some("quic,ssl"), true),
        Service::Http => (Some("http"), false),
        Service::Mqtt => (Some("mqtt"), false),
        Service::Imap => (Some("imap"), false),
        Service::Smtp => (Some("smtp"), false),
        Service::Irc => (Some("irc"), false),
        Service::Ftp => (Some("ftp"), false),
        Service::RawTcp => (None, false),
        Service::RawUdp => (None, true),
        Service::Ntp => (Some("ntp"), true),
        Service::Dns => (Some("dns"), true),
    }
}

/// The end of a connection.
pub(crate) fn end_of(flow: &Flow) -> i64 {
    flow.at.saturating_add(signed(unsigned(flow.life)))
}
