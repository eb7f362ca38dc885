//! Labels and inventory.

use super::edr::text;
use super::row::{push, push_addr, push_int};
use crate::device::Device;
use crate::label::{Label, LabelKind};
use undertone_core::model::MacAddr;

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
        quoted(out, |out| push(out, domain));
    });
    list(out, "addresses", &label.addresses, |out, addr| quoted(out, |out| push_addr(out, *addr)));
    list(out, "ports", &label.ports, |out, port| push_int(out, u64::from(*port)));
    text(out, "kind", kind);
    let rest = format!(
        ",\"period_secs\":{},\"jitter\":{:.3},\"miss\":{:.3},\"law\":\"{}\",\"locked_share\":{:.3},\"events\":{},\"connections\":{}}}",
        label.period_secs,
        label.jitter,
        label.miss,
        label.law.as_str(),
        label.locked_share,
        label.done.events,
        label.done.connections
    );
    push(out, &rest);
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
    let platform = device.platform.as_str();
    let (id, ip, mac) = (&device.id, device.ip, MacAddr(device.mac));
    push(out, &format!("{id},{ip},{mac},,,{platform},person-{:05}\n", device.index));
}
