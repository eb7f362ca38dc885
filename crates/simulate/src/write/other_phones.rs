//! Phones whose owner hands over what the system itself keeps: Android Intrusion Logging, a PCAPdroid table, an iOS
//! App Privacy Report.

use super::edr::{EdrWriter, int, text};
use super::phone::{PhoneRow, PhoneRowKind};
use super::row::{push, push_addr, push_int, push_time};
use crate::device::PhoneLog;
use crate::flow::{Flow, Outcome};
use crate::random::mix;
use crate::world::site::Service;
use std::collections::BTreeMap;
use undertone_core::model::StateKind;

/// File name and content.
pub(crate) fn write(writer: &EdrWriter<'_, '_>, rows: &[PhoneRow]) -> (String, Vec<u8>) {
    let id = &writer.device.id;
    match writer.device.telemetry.log {
        PhoneLog::PcapDroid => (format!("{id}.pcapdroid.csv"), pcapdroid(writer, rows)),
        PhoneLog::PrivacyReport => (format!("{id}.App_Privacy_Report.ndjson"), privacy_report(writer, rows)),
        PhoneLog::IntrusionLogging | PhoneLog::MobileEdr => {
            (format!("{id}.intrusion-log.txt"), intrusion_log(writer, rows))
        }
    }
}

/// Intrusion Logging: network events in milliseconds (TCP and DNS only), security events in nanoseconds, ids in two
/// sequences.
fn intrusion_log(writer: &EdrWriter<'_, '_>, rows: &[PhoneRow]) -> Vec<u8> {
    let (mut network_id, mut security_id) = (16_000_u64, 100_u64);
    let mut out = Vec::new();
    for row in rows {
        let at = row.at + writer.device.telemetry.skew;
        match &row.kind {
            PhoneRowKind::Lookup { site } => {
                network_id += 1;
                let site = writer.device.site(writer.world, *site);
                network_event(&mut out, ("dns_event", network_id, at), writer, row.app);
                text(&mut out, "hostname", site.name.as_deref().unwrap_or_default());
                out.extend_from_slice(b",\"ip_addresses\":[");
                for (place, addr) in site.addrs.iter().enumerate() {
                    out.extend_from_slice(if place > 0 { b",\"/" } else { b"\"/" });
                    push_addr(&mut out, *addr);
                    out.push(b'"');
                }
                out.push(b']');
                int(&mut out, "ip_addresses_count", site.addrs.len() as u64);
                out.extend_from_slice(b"}}\n");
            }
            PhoneRowKind::Question { number } => {
                let Some(query) = writer.queries.get(*number as usize) else { continue };
                network_id += 1;
                network_event(&mut out, ("dns_event", network_id, at), writer, row.app);
                text(&mut out, "hostname", &query.name);
                out.extend_from_slice(b",\"ip_addresses\":[],\"ip_addresses_count\":0}}\n");
            }
            PhoneRowKind::Connection { flow, .. } => {
                let site = writer.device.site(writer.world, flow.site);
                if super::zeek::service_of(site.service).1 {
                    continue;
                }
                network_id += 1;
                network_event(&mut out, ("connect_event", network_id, at), writer, row.app);
                int(&mut out, "port", u64::from(site.port));
                out.extend_from_slice(b",\"ip_address\":\"/");
                push_addr(&mut out, site.addrs[flow.addr as usize]);
                out.extend_from_slice(b"\"}}\n");
            }
            PhoneRowKind::State(state) => {
                let Some(event) = security_event(*state) else { continue };
                security_id += 1;
                let nanos =
                    at.saturating_mul(1000) + i64::from(crate::number::low16(mix(security_id)) % 1000);
                let event = format!(
                    "{{\"security_event\":{{\"event_id\":{security_id},\"event_time\":{nanos},{event}}}}}\n"
                );
                push(&mut out, &event);
            }
            PhoneRowKind::Push | PhoneRowKind::Usage { .. } => {}
        }
    }
    out
}

fn network_event(
    out: &mut Vec<u8>,
    (key, id, at): (&str, u64, i64),
    writer: &EdrWriter<'_, '_>,
    app: Option<u16>,
) {
    let millis = at.div_euclid(1000);
    push(out, &format!("{{\"{key}\":{{\"event_id\":{id},\"event_time\":{millis}"));
    text(out, "package_name", app.map_or("", |app| writer.device.app(app).app.id.as_str()));
}

fn security_event(state: StateKind) -> Option<&'static str> {
    match state {
        StateKind::Unlocked => Some("\"keyguard_dismissed\":{}"),
        StateKind::Locked => Some("\"keyguard_secured\":{}"),
        StateKind::Boot => {
            Some("\"os_startup\":{\"verified_boot_state\":\"green\",\"dm_verity_mode\":\"enforcing\"}")
        }
        StateKind::Shutdown => Some("\"os_shutdown\":{}"),
        _ => None,
    }
}

/// PCAPdroid's table: unquoted, tunnel addresses, times in milliseconds.
fn pcapdroid(writer: &EdrWriter<'_, '_>, rows: &[PhoneRow]) -> Vec<u8> {
    let mut out =
        b"IPProto,SrcIP,SrcPort,DstIp,DstPort,UID,App,PackageName,Proto,Status,Info,BytesSent,BytesRcvd,\
        PktsSent,PktsRcvd,FirstSeen,LastSeen\n"
            .to_vec();
    for row in rows {
        if let (PhoneRowKind::Connection { flow, .. }, Some(app)) = (&row.kind, row.app) {
            pcapdroid_row(&mut out, writer, flow, app);
        }
    }
    out
}

fn pcapdroid_row(out: &mut Vec<u8>, writer: &EdrWriter<'_, '_>, flow: &Flow, app: u16) {
    let site = writer.device.site(writer.world, flow.site);
    let is_udp = super::zeek::service_of(site.service).1;
    let installed = writer.device.app(app);
    let answered = matches!(flow.outcome, Outcome::Complete | Outcome::Reset);
    let proto = match site.service {
        Service::Tls if answered => "TLS",
        Service::Quic => "QUIC",
        Service::Http if answered => "HTTP",
        Service::Ntp => "NTP",
        Service::Mqtt => "MQTT",
        Service::Imap => "IMAP",
        Service::Smtp => "SMTP",
        Service::Irc => "IRC",
        Service::Ftp => "FTP",
        _ if is_udp => "UDP",
        _ => "TCP",
    };
    let port = 32_768 + mix(flow.salt) % 28_232;
    let start = flow.at + writer.device.telemetry.skew;
    let end = start + flow.life;
    push(out, &format!("{},10.215.173.1,{port},", if is_udp { 17 } else { 6 }));
    push_addr(out, site.addrs[flow.addr as usize]);
    let rest = format!(
        ",{},{},{},{},{proto},{},{},{},{},{},{},",
        site.port,
        installed.uid,
        installed.app.name,
        installed.app.id,
        if answered { "Closed" } else { "Error" },
        site.name.as_deref().unwrap_or_default(),
        flow.orig_bytes,
        flow.resp_bytes,
        flow.orig_bytes / 1200 + 1,
        flow.resp_bytes / 1200 + u64::from(answered),
    );
    push(out, &rest);
    push_time(out, start, 3);
    out.push(b',');
    push_time(out, end, 3);
    out.push(b'\n');
}

/// App Privacy Report: one row per app and name over the last seven days, first and last time and how often.
fn privacy_report(writer: &EdrWriter<'_, '_>, rows: &[PhoneRow]) -> Vec<u8> {
    let mut contacts: BTreeMap<(u16, String), (i64, i64, u64)> = BTreeMap::new();
    for row in rows {
        let PhoneRowKind::Connection { flow, .. } = &row.kind else { continue };
        let site = writer.device.site(writer.world, flow.site);
        let name = site.name.clone().unwrap_or_else(|| site.addrs[flow.addr as usize].to_string());
        let at = row.at + writer.device.telemetry.skew;
        let contact = contacts.entry((flow.app, name)).or_insert((at, at, 0));
        *contact = (contact.0, at, contact.2 + 1);
    }
    let mut out = Vec::new();
    for ((app, name), (first, last, hits)) in contacts {
        out.extend_from_slice(b"{\"domain\":\"");
        out.extend_from_slice(name.as_bytes());
        out.extend_from_slice(b"\",\"firstTimeStamp\":\"");
        push_time(&mut out, first, 3);
        out.extend_from_slice(b"\",\"context\":\"\",\"timeStamp\":\"");
        push_time(&mut out, last, 3);
        out.extend_from_slice(b"\",\"domainType\":2,\"initiatedType\":\"AppInitiated\",\"hits\":");
        push_int(&mut out, hits);
        text(&mut out, "type", "networkActivity");
        text(&mut out, "domainOwner", "");
        text(&mut out, "bundleID", &writer.device.app(app).app.id);
        out.extend_from_slice(b"}\n");
    }
    out
}
