//! Labels and inventory.

use super::edr::text;
use super::row::{push_addr, push_int};
use crate::device::Device;
use crate::label::{Label, LabelKind};
use std::io::Write as _;
use undertone_core::model::Platform;

/// Appends one element of `truth.json` (or `rare_benign.json`), with the comma before it.
///
/// `domain` is the registrable domain of the first host, `null` for bare addresses; `events` are check-ins that
/// reached the wire, `connections` the rows they left in conn.log.
pub(crate) fn label(out: &mut Vec<u8>, device: &Device<'_>, label: &Label) {
    let kind = match label.kind {
        LabelKind::Implant(channel) => channel.as_str(),
        LabelKind::Honest(pattern) => pattern,
    };
    out.extend_from_slice(b",\n{\"device\":\"");
    out.extend_from_slice(device.id.as_bytes());
    out.extend_from_slice(b"\",\"ip\":\"");
    push_addr(out, device.ip);
    out.push(b'"');
    text(out, "app", &label.app);
    match label.domains.first() {
        Some(domain) => text(out, "domain", domain),
        None => out.extend_from_slice(b",\"domain\":null"),
    }
    list(out, "domains", &label.domains, |out, domain| {
        quoted(out, |out| out.extend_from_slice(domain.as_bytes()))
    });
    list(out, "addresses", &label.addresses, |out, addr| quoted(out, |out| push_addr(out, *addr)));
    list(out, "ports", &label.ports, |out, port| push_int(out, u64::from(*port)));
    text(out, "kind", kind);
    // Writing to a vector cannot fail.
    let _ = write!(
        out,
        ",\"period_secs\":{},\"jitter\":{:.3},\"miss\":{:.3},\"law\":\"{}\",\"events\":{},\"connections\":{}}}",
        label.period_secs,
        label.jitter,
        label.miss,
        label.law.as_str(),
        label.done.events,
        label.done.connections
    );
}

fn quoted(out: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) {
    out.push(b'"');
    write(out);
    out.push(b'"');
}

fn list<T>(out: &mut Vec<u8>, name: &str, items: &[T], mut write: impl FnMut(&mut Vec<u8>, &T)) {
    out.extend_from_slice(b",\"");
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b"\":[");
    for (place, item) in items.iter().enumerate() {
        if place > 0 {
            out.push(b',');
        }
        write(out, item);
    }
    out.push(b']');
}

/// First line of `inventory.csv`.
pub(crate) const INVENTORY_HEADER: &str = "device_id,ip,mac,from,to,platform,owner\n";

/// Appends one line of `inventory.csv`; the lease is open-ended.
pub(crate) fn inventory(out: &mut Vec<u8>, device: &Device<'_>) {
    let [a, b, c, d, e, f] = device.mac;
    let platform = if device.platform == Platform::Ios { "ios" } else { "android" };
    // Writing to a vector cannot fail.
    let _ = writeln!(
        out,
        "{},{},{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{f:02x},,,{platform},person-{:05}",
        device.id, device.ip, device.index
    );
}
