//! MobileEDR NDJSON: one object a line, as undertone reads it from any phone agent.

use super::phone::{PhoneRow, PhoneRowKind};
use super::row::{push_addr, push_int, push_json, push_time};
use crate::device::Device;
use crate::flow::{Answer, Flow, Outcome, Query};
use crate::world::World;
use crate::world::site::Service;
use undertone_core::model::{Platform, StateKind};

/// Appends ` "name":` after a comma.
fn name(out: &mut Vec<u8>, name: &str) {
    out.extend_from_slice(b",\"");
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b"\":");
}

pub(crate) fn text(out: &mut Vec<u8>, field: &str, value: &str) {
    name(out, field);
    out.push(b'"');
    push_json(out, value);
    out.push(b'"');
}

pub(crate) fn int(out: &mut Vec<u8>, field: &str, value: u64) {
    name(out, field);
    push_int(out, value);
}

fn time_field(out: &mut Vec<u8>, field: &str, at: i64) {
    name(out, field);
    out.push(b'"');
    push_time(out, at, 6);
    out.push(b'"');
}

/// Writes one device's rows.
pub(crate) struct EdrWriter<'a, 'w> {
    pub(crate) world: &'w World,
    pub(crate) device: &'a Device<'w>,
    pub(crate) queries: &'a [Query],
}

impl EdrWriter<'_, '_> {
    /// Appends one row; times carry the phone's clock skew.
    pub(crate) fn row(&self, out: &mut Vec<u8>, row: &PhoneRow) {
        let kind = match row.kind {
            PhoneRowKind::Connection { .. } => "connection",
            PhoneRowKind::Lookup { .. } | PhoneRowKind::Question { .. } => "lookup",
            PhoneRowKind::State(_) => "state",
            PhoneRowKind::Push => "push",
            PhoneRowKind::Usage { .. } => "usage",
        };
        out.extend_from_slice(b"{\"kind\":\"");
        out.extend_from_slice(kind.as_bytes());
        out.extend_from_slice(b"\",\"ts\":\"");
        push_time(out, row.at + self.device.telemetry.skew, 6);
        out.push(b'"');
        text(out, "device_id", &self.device.id);
        text(out, "platform", self.device.platform.as_str());
        if let Some(app) = row.app {
            self.app(out, app);
        }
        match &row.kind {
            PhoneRowKind::Connection { flow, orig_port } => self.connection(out, flow, *orig_port),
            PhoneRowKind::Lookup { site } => {
                let site = self.device.site(self.world, *site);
                text(out, "qname", site.name.as_deref().unwrap_or_default());
                out.extend_from_slice(b",\"answers\":[");
                for (place, addr) in site.addrs.iter().enumerate() {
                    out.extend_from_slice(if place > 0 { b",\"" } else { b"\"" });
                    push_addr(out, *addr);
                    out.push(b'"');
                }
                out.push(b']');
            }
            PhoneRowKind::Question { number } => self.question(out, *number),
            PhoneRowKind::State(state) => text(out, "state", state_name(*state)),
            PhoneRowKind::Push => {}
            PhoneRowKind::Usage { to, orig_bytes, resp_bytes, foreground } => {
                time_field(out, "from", row.at + self.device.telemetry.skew);
                time_field(out, "to", to + self.device.telemetry.skew);
                int(out, "orig_bytes", *orig_bytes);
                int(out, "resp_bytes", *resp_bytes);
                text(out, "set", if *foreground { "foreground" } else { "default" });
            }
        }
        out.extend_from_slice(b"}\n");
    }

    fn app(&self, out: &mut Vec<u8>, app: u16) {
        let installed = self.device.app(app);
        text(out, "app_id", &installed.app.id);
        text(out, "app_name", &installed.app.name);
        if self.device.platform == Platform::Android {
            text(out, "role", installed.app.role);
            int(out, "uid", u64::from(installed.uid.unsigned_abs()));
        }
    }

    fn connection(&self, out: &mut Vec<u8>, flow: &Flow, orig_port: u16) {
        let site = self.device.site(self.world, flow.site);
        let (_, is_udp) = super::zeek::service_of(site.service);
        text(out, "transport", if is_udp { "udp" } else { "tcp" });
        name(out, "resp_ip");
        out.push(b'"');
        push_addr(out, site.addrs[flow.addr as usize]);
        out.push(b'"');
        int(out, "resp_port", u64::from(site.port));
        if let Some(host) = &site.name {
            text(out, "resp_host", host);
        }
        name(out, "orig_ip");
        if self.device.telemetry.is_tunnel {
            out.extend_from_slice(b"\"10.215.173.1\"");
            // The tunnel's own ports have nothing to do with the network's.
            int(out, "orig_port", 32_768 + crate::random::mix(flow.salt) % 28_232);
            out.extend_from_slice(b",\"orig_is_tunnel\":true");
        } else {
            out.push(b'"');
            push_addr(out, self.device.ip);
            out.push(b'"');
            int(out, "orig_port", u64::from(orig_port));
        }
        if matches!(flow.outcome, Outcome::Complete | Outcome::Reset) {
            int(out, "orig_bytes", flow.orig_bytes);
            int(out, "resp_bytes", flow.resp_bytes);
            time_field(out, "end_ts", super::zeek::end_of(flow) + self.device.telemetry.skew);
        }
        if matches!(site.service, Service::Tls | Service::Quic | Service::Http) {
            text(out, "stack", self.world.stacks.get(flow.stack).edr.as_str());
        } else {
            text(out, "stack", "bsd_socket");
        }
    }

    fn question(&self, out: &mut Vec<u8>, number: u32) {
        let Some(query) = self.queries.get(number as usize) else { return };
        text(out, "qname", &query.name);
        if let Answer::Is(answer) = &query.answer {
            out.extend_from_slice(b",\"answers\":[\"");
            push_json(out, answer);
            out.extend_from_slice(b"\"]");
        }
    }
}

/// The name of a state in MobileEDR.
fn state_name(state: StateKind) -> &'static str {
    StateKind::NAMES.iter().find(|(known, _)| *known == state).map_or("", |(_, name)| *name)
}
