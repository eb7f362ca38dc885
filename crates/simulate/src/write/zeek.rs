//! Zeek's conn, dns, ssl and http logs (field names and types of Zeek 6, ssl with JA3 and JA4 added).

use super::row::{Row, push_addr, push_int};
use crate::flow::{Answer, Flow, Outcome, Query};
use crate::number::{signed, unsigned};
use crate::options::LogFormat;
use crate::random::mix;
use crate::world::site::{Cert, Service, Site, UriShape};
use crate::world::stacks::Stack;
use std::net::Ipv4Addr;

/// The logs written, in the order of [`crate::write::DayRows`].
pub(crate) const LOGS: [&str; 4] = ["conn", "dns", "ssl", "http"];

const CONN: (&str, &str) = (
    "service\tduration\torig_bytes\tresp_bytes\tconn_state\tlocal_orig\tlocal_resp\tmissed_bytes\thistory\torig_pkts\torig_ip_bytes\tresp_pkts\tresp_ip_bytes\ttunnel_parents",
    "string\tinterval\tcount\tcount\tstring\tbool\tbool\tcount\tstring\tcount\tcount\tcount\tcount\tset[string]",
);
const DNS: (&str, &str) = (
    "trans_id\trtt\tquery\tqclass\tqclass_name\tqtype\tqtype_name\trcode\trcode_name\tAA\tTC\tRD\tRA\tZ\tanswers\tTTLs\trejected",
    "count\tinterval\tstring\tcount\tstring\tcount\tstring\tcount\tstring\tbool\tbool\tbool\tbool\tcount\tvector[string]\tvector[interval]\tbool",
);
const SSL: (&str, &str) = (
    "version\tcipher\tcurve\tserver_name\tresumed\tlast_alert\tnext_protocol\testablished\tssl_history\tcert_chain_fps\tclient_cert_chain_fps\tsubject\tissuer\tvalidation_status\tja3\tja4",
    "string\tstring\tstring\tstring\tbool\tstring\tstring\tbool\tstring\tvector[string]\tvector[string]\tstring\tstring\tstring\tstring\tstring",
);
const HTTP: (&str, &str) = (
    "trans_depth\tmethod\thost\turi\treferrer\tversion\tuser_agent\torigin\trequest_body_len\tresponse_body_len\tstatus_code\tstatus_msg\tinfo_code\tinfo_msg\ttags\tusername\tpassword\tproxied\torig_fuids\torig_filenames\torig_mime_types\tresp_fuids\tresp_filenames\tresp_mime_types",
    "count\tstring\tstring\tstring\tstring\tstring\tstring\tstring\tcount\tcount\tcount\tstring\tcount\tstring\tset[enum]\tstring\tstring\tset[string]\tvector[string]\tvector[string]\tvector[string]\tvector[string]\tvector[string]\tvector[string]",
);

/// The header of a TSV log; JSON has none. `opened` is `YYYY-MM-DD`.
pub(crate) fn header(log: &str, opened: &str) -> String {
    let (fields, types) = match log {
        "conn" => CONN,
        "dns" => DNS,
        "ssl" => SSL,
        _ => HTTP,
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
        Service::RawTcp => (None, false),
        Service::RawUdp => (None, true),
        Service::Ntp => (Some("ntp"), true),
        Service::Dns => (Some("dns"), true),
    }
}

/// How a connection looks in `conn_state` and `history`.
fn state_of(flow: &Flow, is_udp: bool, is_open: bool) -> (&'static str, &'static str) {
    let odd = flow.salt & 1 == 1;
    match (flow.outcome, is_udp) {
        (Outcome::NoAnswer | Outcome::Refused, true) => ("S0", "D"),
        (_, true) => ("SF", "Dd"),
        (Outcome::NoAnswer, false) => ("S0", "S"),
        (Outcome::Refused, false) => ("REJ", "Sr"),
        (Outcome::Reset, false) if odd => ("RSTO", "ShADadfR"),
        (Outcome::Reset, false) => ("RSTR", "ShADadFr"),
        (Outcome::Complete, false) if is_open => ("S1", "ShADad"),
        (Outcome::Complete, false) if odd => ("SF", "ShADadFf"),
        (Outcome::Complete, false) => ("SF", "ShADadfF"),
    }
}

/// Writes a conn row. `is_open`: the connection outlived the log.
pub(crate) fn conn(
    out: &mut Vec<u8>,
    format: LogFormat,
    ends: &Ends,
    flow: &Flow,
    service: Service,
    is_open: bool,
) {
    let (name, is_udp) = service_of(service);
    let answered = matches!(flow.outcome, Outcome::Complete | Outcome::Reset);
    let (state, history) = state_of(flow, is_udp, is_open);
    let mut row = ends.begin(out, format, "conn");
    row.text("proto", if is_udp { "udp" } else { "tcp" });
    row.maybe("service", name.filter(|_| answered));
    if answered {
        row.secs("duration", flow.life.max(1));
        row.int("orig_bytes", flow.orig_bytes);
        row.int("resp_bytes", flow.resp_bytes);
    } else {
        row.unset_all(&["duration", "orig_bytes", "resp_bytes"]);
    }
    row.text("conn_state", state);
    row.flag("local_orig", true);
    row.flag("local_resp", ends.resp.is_private());
    row.int("missed_bytes", 0);
    row.text("history", history);
    let header = if is_udp { 28 } else { 52 };
    let up = packets(flow.orig_bytes, flow.resp_bytes, is_udp, answered);
    let down = if answered { packets(flow.resp_bytes, flow.orig_bytes, is_udp, true) } else { 0 };
    let refused = u64::from(flow.outcome == Outcome::Refused && !is_udp);
    row.int("orig_pkts", up);
    row.int("orig_ip_bytes", flow.orig_bytes + up * header);
    row.int("resp_pkts", down + refused);
    row.int("resp_ip_bytes", flow.resp_bytes + down * header + refused * 40);
    row.unset("tunnel_parents");
    row.end();
}

fn packets(own: u64, other: u64, is_udp: bool, answered: bool) -> u64 {
    match (answered, is_udp) {
        (false, _) => 1,
        (true, true) => own.div_ceil(1250).max(1),
        // Data, an acknowledgement for every second packet of the other side, opening and closing.
        (true, false) => own.div_ceil(1400) + other.div_ceil(2800) + 3,
    }
}

/// Writes a dns row for an own question.
pub(crate) fn question(out: &mut Vec<u8>, format: LogFormat, ends: &Ends, flow: &Flow, query: &Query) {
    let (rcode, rcode_name) =
        if matches!(query.answer, Answer::NxDomain) { (3, "NXDOMAIN") } else { (0, "NOERROR") };
    let head =
        DnsHead { rtt: flow.life, name: &query.name, qtype: query.qtype, rcode, rcode_name, salt: flow.salt };
    let mut row = head.begin(out, format, ends);
    if let Answer::Is(text) = &query.answer {
        row.list("answers", &[text], true, |out, text| out.extend_from_slice(text.as_bytes()));
        row.list("TTLs", &[5], false, |out, ttl| super::row::push_secs(out, ttl * 1_000_000));
    } else {
        row.unset_all(&["answers", "TTLs"]);
    }
    row.flag("rejected", false);
    row.end();
}

/// Writes a dns row for the lookup of a site; only type A is answered with addresses.
pub(crate) fn lookup(
    out: &mut Vec<u8>,
    format: LogFormat,
    ends: &Ends,
    (site, name, qtype): (&Site, &str, u16),
    (rtt, salt): (i64, u64),
) {
    let mut row =
        DnsHead { rtt, name, qtype, rcode: 0, rcode_name: "NOERROR", salt }.begin(out, format, ends);
    if qtype == 1 {
        row.list("answers", &site.addrs, true, |out, addr| push_addr(out, *addr));
        let ttl = signed(u64::from(site.ttl_secs)) * 1_000_000;
        row.list("TTLs", &site.addrs, false, |out, _| super::row::push_secs(out, ttl));
    } else {
        row.unset_all(&["answers", "TTLs"]);
    }
    row.flag("rejected", false);
    row.end();
}

struct DnsHead<'a> {
    rtt: i64,
    name: &'a str,
    qtype: u16,
    rcode: u64,
    rcode_name: &'static str,
    salt: u64,
}

impl DnsHead<'_> {
    fn begin<'o>(&self, out: &'o mut Vec<u8>, format: LogFormat, ends: &Ends) -> Row<'o> {
        let mut row = ends.begin(out, format, "dns");
        row.text("proto", "udp");
        row.int("trans_id", mix(self.salt) & 0xffff);
        row.secs("rtt", self.rtt);
        row.text("query", self.name);
        row.int("qclass", 1);
        row.text("qclass_name", "C_INTERNET");
        row.int("qtype", u64::from(self.qtype));
        row.text("qtype_name", qtype_name(self.qtype));
        row.int("rcode", self.rcode);
        row.text("rcode_name", self.rcode_name);
        row.flag("AA", false);
        row.flag("TC", false);
        row.flag("RD", true);
        row.flag("RA", true);
        row.int("Z", 0);
        row
    }
}

fn qtype_name(qtype: u16) -> &'static str {
    match qtype {
        1 => "A",
        5 => "CNAME",
        10 => "NULL",
        15 => "MX",
        16 => "TXT",
        28 => "AAAA",
        65 => "HTTPS",
        _ => "unknown",
    }
}

const AUTHORITIES: [&str; 4] = [
    "CN=R11,O=Openkeys,C=US",
    "CN=WE1,O=Edge Trust Services,C=US",
    "CN=Certalia DV R36,O=Certalia,C=GB",
    "CN=RSA CA M02,O=Cloud Trust,C=US",
];

/// Writes an ssl row.
pub(crate) fn ssl(
    out: &mut Vec<u8>,
    format: LogFormat,
    ends: &Ends,
    flow: &Flow,
    (site, stack): (&Site, &Stack),
) {
    let is_quic = site.service == Service::Quic;
    let is_tls12 = site.is_tls12 && !is_quic;
    let odd = site.flight_bytes & 1 == 1;
    let cipher = match (is_tls12, odd) {
        (false, false) => "TLS_AES_128_GCM_SHA256",
        (false, true) => "TLS_AES_256_GCM_SHA384",
        (true, false) => "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
        (true, true) => "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
    };
    let host = site.name.as_deref().filter(|_| site.sends_sni);
    let mut row = ends.begin(out, format, "ssl");
    row.text("version", if is_tls12 { "TLSv12" } else { "TLSv13" });
    row.text("cipher", cipher);
    row.text("curve", "x25519");
    row.maybe("server_name", host);
    row.flag("resumed", flow.resumed);
    row.unset("last_alert");
    row.maybe("next_protocol", stack.alpn.filter(|_| is_tls12));
    row.flag("established", true);
    row.text("ssl_history", if is_tls12 && !flow.resumed { "CsxkniTIi" } else { "CsTI" });
    if is_tls12 && !flow.resumed {
        certificate(&mut row, site);
    } else {
        row.unset_all(&["cert_chain_fps", "client_cert_chain_fps", "subject", "issuer", "validation_status"]);
    }
    row.text("ja3", stack.ja3(host.is_some(), flow.salt >> 8));
    row.plain("ja4", |out| stack.ja4(is_quic, host.is_some(), out));
    row.end();
}

fn certificate(row: &mut Row<'_>, site: &Site) {
    let name = site.domain.as_deref().unwrap_or("localhost");
    let print = mix(site.flight_bytes ^ u64::from(site.addrs.first().map_or(0, |addr| addr.to_bits())));
    row.list("cert_chain_fps", &[print], true, |out, print| {
        for turn in 0..4 {
            out.extend_from_slice(format!("{:016x}", mix(print ^ turn)).as_bytes());
        }
    });
    row.unset("client_cert_chain_fps");
    row.plain("subject", |out| {
        out.extend_from_slice(b"CN=");
        out.extend_from_slice(name.as_bytes());
    });
    match site.cert {
        Cert::Public(number) => {
            row.text("issuer", AUTHORITIES[usize::from(number) % AUTHORITIES.len()]);
            row.text("validation_status", "ok");
        }
        Cert::SelfSigned => {
            row.plain("issuer", |out| {
                out.extend_from_slice(b"CN=");
                out.extend_from_slice(name.as_bytes());
            });
            row.text("validation_status", "self signed certificate");
        }
    }
}

/// Writes an http row.
pub(crate) fn http(
    out: &mut Vec<u8>,
    format: LogFormat,
    ends: &Ends,
    flow: &Flow,
    (site, agent): (&Site, &str),
) {
    let is_socket = site.uri == UriShape::Socket;
    let is_post = flow.is_post && !matches!(site.uri, UriShape::Probe | UriShape::Root);
    let (status, message) = match (site.uri, flow.salt % 40) {
        (UriShape::Probe, 0..39) => (204, "No Content"),
        (UriShape::Probe, _) => (302, "Found"),
        (UriShape::Socket, 0..20) => (101, "Switching Protocols"),
        (_, 38) => (304, "Not Modified"),
        (_, 39) => (404, "Not Found"),
        _ => (200, "OK"),
    };
    let mut row = ends.begin(out, format, "http");
    row.int("trans_depth", 1);
    row.text("method", if is_post && !is_socket { "POST" } else { "GET" });
    match site.name.as_deref() {
        Some(name) => row.text("host", name),
        None => row.addr("host", ends.resp),
    }
    row.plain("uri", |out| uri(out, site.uri, flow.salt));
    row.unset("referrer");
    row.text("version", "1.1");
    row.text("user_agent", agent);
    row.unset("origin");
    row.int("request_body_len", if is_post { flow.orig_bytes.saturating_sub(210) } else { 0 });
    row.int("response_body_len", if status == 204 { 0 } else { flow.resp_bytes.saturating_sub(230) });
    row.int("status_code", status);
    row.text("status_msg", message);
    row.unset_all(&["info_code", "info_msg"]);
    if format == LogFormat::Tsv {
        row.text("tags", "(empty)");
    }
    let rest =
        ["username", "password", "proxied", "orig_fuids", "orig_filenames", "orig_mime_types", "resp_fuids"];
    row.unset_all(&rest);
    row.unset_all(&["resp_filenames", "resp_mime_types"]);
    row.end();
}

fn uri(out: &mut Vec<u8>, shape: UriShape, salt: u64) {
    let hex = |out: &mut Vec<u8>| out.extend_from_slice(format!("{:016x}", mix(salt)).as_bytes());
    match shape {
        UriShape::Root => out.push(b'/'),
        UriShape::Probe => out.extend_from_slice(b"/generate_204"),
        UriShape::Feed => out.extend_from_slice(b"/feed.xml"),
        UriShape::Api => {
            out.extend_from_slice(b"/api/v2/sync?cursor=");
            push_int(out, salt & 0xf_ffff);
        }
        UriShape::Script => {
            out.extend_from_slice(b"/gate.php?id=");
            hex(out);
        }
        UriShape::Asset => {
            out.extend_from_slice(b"/assets/");
            hex(out);
            out.extend_from_slice(b".jpg");
        }
        UriShape::Opaque => {
            out.extend_from_slice(b"/b/");
            out.extend_from_slice(&uid(salt));
            out.extend_from_slice(&uid(mix(salt)));
        }
        UriShape::Socket => {
            out.extend_from_slice(b"/socket.io/?EIO=4&transport=websocket&sid=");
            out.extend_from_slice(&uid(salt));
        }
    }
}

/// The end of a connection.
pub(crate) fn end_of(flow: &Flow) -> i64 {
    flow.at.saturating_add(signed(unsigned(flow.life)))
}
