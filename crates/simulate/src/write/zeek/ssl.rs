//! ssl.log.

use super::Ends;
use crate::flow::Flow;
use crate::options::LogFormat;
use crate::random::mix;
use crate::world::site::{Cert, Service, Site};
use crate::world::stacks::Stack;
use crate::write::row::Row;

/// Fields after the connection's own, and their types.
pub(super) const FIELDS: (&str, &str) = (
    "version\tcipher\tcurve\tserver_name\tresumed\tlast_alert\tnext_protocol\testablished\tssl_history\tcert_chain_fps\tclient_cert_chain_fps\tsubject\tissuer\tvalidation_status\tja3\tja4",
    "string\tstring\tstring\tstring\tbool\tstring\tstring\tbool\tstring\tvector[string]\tvector[string]\tstring\tstring\tstring\tstring\tstring",
);

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
