//! conn.log.

use super::{Ends, service_of};
use crate::flow::{Flow, Outcome};
use crate::options::LogFormat;
use crate::world::site::Service;

/// Fields after the connection's own, and their types.
pub(super) const FIELDS: (&str, &str) = (
    "service\tduration\torig_bytes\tresp_bytes\tconn_state\tlocal_orig\tlocal_resp\tmissed_bytes\thistory\torig_pkts\torig_ip_bytes\tresp_pkts\tresp_ip_bytes\ttunnel_parents",
    "string\tinterval\tcount\tcount\tstring\tbool\tbool\tcount\tstring\tcount\tcount\tcount\tcount\tset[string]",
);

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
