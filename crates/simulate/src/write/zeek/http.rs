//! http.log.

use super::{Ends, uid};
use crate::flow::Flow;
use crate::options::LogFormat;
use crate::random::mix;
use crate::world::site::{Site, UriShape};
use crate::write::row::push_int;

/// Fields after the connection's own, and their types.
pub(super) const FIELDS: (&str, &str) = (
    "trans_depth\tmethod\thost\turi\treferrer\tversion\tuser_agent\torigin\trequest_body_len\tresponse_body_len\tstatus_code\tstatus_msg\tinfo_code\tinfo_msg\ttags\tusername\tpassword\tproxied\torig_fuids\torig_filenames\torig_mime_types\tresp_fuids\tresp_filenames\tresp_mime_types",
    "count\tstring\tstring\tstring\tstring\tstring\tstring\tstring\tcount\tcount\tcount\tstring\tcount\tstring\tset[enum]\tstring\tstring\tset[string]\tvector[string]\tvector[string]\tvector[string]\tvector[string]\tvector[string]\tvector[string]",
);

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
