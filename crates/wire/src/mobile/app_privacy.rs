//! iOS App Privacy Report: NDJSON of the last seven days.
//!
//! Rows are sums: an app, a domain, first and last contact and the number of contacts between. They attribute
//! names to apps and carry no timing, no bytes and no state. `access` rows (camera, location, ...) are counted
//! and not used.

use super::raw::{self, Raw};
use super::row::{self, Unused, missing};
use super::{field, head, phone_event};
use crate::{RecordSink, RejectReason};
use serde::Deserialize;
use undertone_core::model::{AppConnection, Platform, Record, Telemetry, TelemetryKind, Transport};

/// Value of `Telemetry::source`.
pub const SOURCE: &str = "app_privacy_report";

#[derive(Deserialize)]
#[serde(bound(deserialize = "'de: 'a"))]
struct Row<'a> {
    #[serde(rename = "type")]
    kind: Option<Raw<'a>>,
    #[serde(rename = "_marker")]
    marker: Option<Raw<'a>>,
    domain: Option<Raw<'a>>,
    #[serde(rename = "firstTimeStamp")]
    first: Option<Raw<'a>>,
    #[serde(rename = "timeStamp")]
    last: Option<Raw<'a>>,
    hits: Option<Raw<'a>>,
    #[serde(rename = "bundleID")]
    bundle_id: Option<Raw<'a>>,
}

/// Reads one line.
///
/// `number` is the line's number, from 1. An empty line is no row. Any other ends in exactly one call of
/// `record`, `reject` or `ignore` (`access`, `_marker`, types that are not known here).
pub fn parse_line<S: RecordSink + ?Sized>(line: &[u8], number: u64, sink: &mut S) {
    if let Some(text) = row::text(line, number, sink) {
        let result = row::object(text).and_then(|row| read(&row, sink));
        row::settle(result, SOURCE, number, sink);
    }
}

/// Whether the head of an input is an App Privacy Report: some of its first objects is a `networkActivity`
/// with a `bundleID`, an `access` with an `accessor`, or a `_marker` of the export.
pub fn sniff(head: &[u8]) -> bool {
    head::objects(head).iter().any(|object| {
        object.is_one_of("type", &["networkActivity"]) && object.has("bundleID")
            || object.is_one_of("type", &["access"]) && object.has("accessor")
            || object.has("_marker") && object.has("exportTimestamp")
    })
}

fn read<'a, S: RecordSink + ?Sized>(row: &Row<'a>, sink: &mut S) -> Result<(), Unused<'a>> {
    if row.marker.is_some() {
        return Err(Unused::Ignore("_marker".into()));
    }
    let kind = field::text(row.kind).ok_or(missing("type"))?;
    if kind != "networkActivity" {
        return Err(Unused::Ignore(kind));
    }
    let domain = field::text(row.domain).ok_or(missing("domain"))?;
    let bundle_id = field::text(row.bundle_id).ok_or(missing("bundleID"))?;
    let last = field::instant(row.last, "timeStamp")?.ok_or(missing("timeStamp"))?;
    let first = field::instant(row.first, "firstTimeStamp")?.unwrap_or(last);
    if last < first {
        return Err(Unused::Reject(RejectReason::BadTimestamp, "timeStamp before firstTimeStamp"));
    }
    let hits = field::integer(row.hits, "hits")?.unwrap_or(1).max(1);
    let resp_ip = raw::address(&domain);
    let connection = AppConnection {
        resp_host: resp_ip.is_none().then_some(domain.as_ref()),
        end: Some(last),
        hits,
        ..phone_event::connection(Transport::Other, resp_ip)
    };
    let event = phone_event::of_device(first, Platform::Ios, SOURCE, TelemetryKind::Connection(connection));
    sink.record(Record::Telemetry(Telemetry { app_id: Some(&bundle_id), ..event }));
    Ok(())
}
