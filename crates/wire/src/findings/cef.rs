//! `ArcSight` Common Event Format in syslog (RFC 5424), one line a finding.
//!
//! Escapes by the CEF specification: `|` and `\` in the header, `=`, `\` and line ends in values. A value that an
//! attacker chose can therefore neither end its field nor start a line.

use super::standard::{PRODUCT, PRODUCT_VERSION, headline, main_attack, on_scale, reasons, rule_id};
use super::text::{escaped, is_deceptive};
use std::fmt::Write as _;
use std::io::{self, Write};
use std::net::IpAddr;
use undertone_core::finding::Finding;
use undertone_core::model::Timestamp;

/// RFC 5424 facility `local0`.
const FACILITY: u32 = 16;
/// Longest values, in characters, by the CEF dictionary.
const HEADER_MAX: usize = 512;
const NAME_MAX: usize = 1023;
const TEXT_MAX: usize = 4000;
const APP_MAX: usize = 31;
const DEVICE_MAX: usize = 255;

/// Writes one syslog line a finding.
///
/// # Errors
/// The output's error.
pub fn write_cef<W: Write>(mut out: W, findings: &[&Finding]) -> io::Result<()> {
    findings.iter().try_for_each(|finding| writeln!(out, "{}", line(finding)))
}

fn line(finding: &Finding) -> String {
    let priority = FACILITY * 8 + on_scale(finding.severity, [6, 5, 4, 3, 2]);
    let name = main_attack(finding).map_or("Application Layer Protocol", |attack| attack.name);
    let severity = on_scale(finding.severity, [1, 3, 5, 8, 10]);
    let time = finding.last_seen;
    format!(
        "<{priority}>1 {time} - {PRODUCT} - finding - CEF:0|{PRODUCT}|{PRODUCT}|{}|{}|{}|{severity}|{}",
        header(PRODUCT_VERSION),
        header(rule_id(finding)),
        header(name),
        extension(finding)
    )
}

fn extension(finding: &Finding) -> String {
    let destination = &finding.destination;
    let mut fields = Fields::default();
    fields.address("src", ("c6a2", "Source IPv6 Address"), finding.device.addresses.first());
    fields.address("dst", ("c6a3", "Destination IPv6 Address"), destination.addresses.first());
    fields.put_some("dpt", destination.ports.first());
    fields.put_some("dhost", destination.name.as_ref());
    fields.put("deviceExternalId", &finding.device.id);
    fields.put_some("sproc", finding.app.id.as_ref());
    fields.put("app", &finding.service);
    fields.put("cnt", &finding.events.to_string());
    fields.put("start", &millis(finding.first_seen));
    fields.put("end", &millis(finding.last_seen));
    fields.put("rt", &millis(finding.last_seen));
    fields.put("externalId", &finding.id);
    fields.put("act", finding.standing());
    fields.labelled("cs1", "attackTechnique", main_attack(finding).map(|attack| attack.technique));
    fields.labelled("cs2", "confidence", Some(finding.confidence.as_str()));
    fields.labelled("cs3", "appRole", Some(finding.app.role.as_str()));
    fields.labelled("cs4", "destinationGroup", destination.group.as_deref());
    fields.labelled("cs5", "sessions", Some(finding.sessions.join(" ")).filter(|s| !s.is_empty()).as_deref());
    fields.labelled("cs6", "limits", Some(finding.limits.join("; ")).filter(|s| !s.is_empty()).as_deref());
    fields.labelled("cn1", "score", Some(format!("{:.0}", finding.score)).as_deref());
    fields.put("reason", &reasons(finding));
    fields.put("msg", &headline(finding));
    fields.0
}

/// The fields of an extension, parted by blanks.
#[derive(Default)]
struct Fields(String);

impl Fields {
    fn put(&mut self, key: &str, text: &str) {
        if !self.0.is_empty() {
            self.0.push(' ');
        }
        let longest = match key {
            "app" => APP_MAX,
            "deviceExternalId" => DEVICE_MAX,
            key if key.starts_with("cs") => TEXT_MAX,
            _ => NAME_MAX,
        };
        // Writing to a String cannot fail.
        let _infallible = write!(self.0, "{key}={}", value(text, longest));
    }

    fn put_some<T: ToString>(&mut self, key: &str, item: Option<T>) {
        if let Some(item) = item {
            self.put(key, &item.to_string());
        }
    }

    fn labelled(&mut self, key: &str, label: &str, text: Option<&str>) {
        if let Some(text) = text {
            self.put(&format!("{key}Label"), label);
            self.put(key, text);
        }
    }

    /// An IPv4 address under `key`; IPv6 has fields of its own, with a label.
    fn address(&mut self, key: &str, (key_v6, label): (&str, &str), address: Option<&IpAddr>) {
        match address {
            Some(IpAddr::V4(v4)) => self.put(key, &v4.to_string()),
            Some(IpAddr::V6(v6)) => self.labelled(key_v6, label, Some(v6.to_string().as_str())),
            None => {}
        }
    }
}

fn header(text: &str) -> String {
    let short: String = text.chars().take(HEADER_MAX).collect();
    escaped(&short).replace('\\', "\\\\").replace('|', "\\|")
}

fn value(text: &str, longest: usize) -> String {
    let mut out = String::new();
    for c in text.chars().take(longest) {
        match c {
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\\' | '=' => out.extend(['\\', c]),
            c if is_deceptive(c) => out.push_str(&escaped(c.encode_utf8(&mut [0; 4])).replace('\\', "\\\\")),
            c => out.push(c),
        }
    }
    out
}

/// Milliseconds since the epoch.
fn millis(time: Timestamp) -> String {
    time.micros().div_euclid(1000).to_string()
}
