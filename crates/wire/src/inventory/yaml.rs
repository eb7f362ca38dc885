//! The inventory as YAML: a list of rows, alone or under `devices:`.
//!
//! A document that is no such list is rejected as a whole, with the line at which reading failed: it is written
//! by hand, and a half-read inventory would give sessions to the wrong phones.

use super::{Column, Row, column, finish};
use crate::{RecordSink, RejectReason};
use serde::Deserialize;
use serde_saphyr::Spanned;

/// Most nodes of a document: 16 or so per device, room for 300,000 devices. Larger fleets use CSV.
const MAX_NODES: usize = 5_000_000;

/// Most parser events: one per node and two per row.
const MAX_EVENTS: usize = 2 * MAX_NODES;

/// Deepest nesting: list, row, value, and `devices:` around them.
const MAX_DEPTH: usize = 8;

#[derive(Deserialize)]
struct Named {
    devices: Vec<Spanned<YamlRow>>,
}

#[derive(Deserialize)]
struct YamlRow {
    #[serde(alias = "device")]
    device_id: Option<String>,
    #[serde(alias = "ip_address")]
    ip: Option<String>,
    #[serde(alias = "mac_address")]
    mac: Option<String>,
    from: Option<String>,
    to: Option<String>,
    #[serde(alias = "os")]
    platform: Option<String>,
    #[serde(alias = "user")]
    owner: Option<String>,
    #[serde(alias = "hostname")]
    host_name: Option<String>,
}

/// Whether a text is such a list: after comments and `---`, `devices:`, or `- key:` with a known key.
pub(super) fn sniff(text: &[u8]) -> bool {
    let Some(first) = first_content_line(text) else { return false };
    first.starts_with(b"devices:")
        || first.strip_prefix(b"- ").is_some_and(|row| {
            let key = row.trim_ascii_start().split(|byte| *byte == b':').next().unwrap_or_default();
            row.contains(&b':') && matches!(column(key), Some(Column::DeviceId | Column::Ip | Column::Mac))
        })
}

fn first_content_line(text: &[u8]) -> Option<&[u8]> {
    text.split(|byte| *byte == b'\n')
        .map(<[u8]>::trim_ascii)
        .find(|line| !line.is_empty() && !line.starts_with(b"#") && !line.starts_with(b"---"))
}

/// Reads the rows of a document.
pub(super) fn parse<S: RecordSink + ?Sized>(document: &[u8], sink: &mut S) {
    let Ok(text) = std::str::from_utf8(document) else {
        return sink.reject(1, RejectReason::NotUtf8, "document");
    };
    let is_named = first_content_line(document).is_some_and(|line| line.starts_with(b"devices:"));
    let rows = if is_named {
        serde_saphyr::from_str_with_options::<Named>(text, options()).map(|named| named.devices)
    } else {
        serde_saphyr::from_str_with_options(text, options())
    };
    match rows {
        Ok(rows) => rows.iter().for_each(|row| finish(&row.value.borrowed(), row.referenced.line(), sink)),
        Err(error) => {
            let line = error.location().map_or(1, |location| location.line());
            sink.reject(line, RejectReason::Malformed, "not a list of devices");
        }
    }
}

fn options() -> serde_saphyr::Options {
    serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_nodes: MAX_NODES,
            max_events: MAX_EVENTS,
            max_depth: MAX_DEPTH,
            max_documents: 1,
            max_aliases: 0,
            max_anchors: 0,
        },
        with_snippet: false,
        no_schema: false,
    }
}

impl YamlRow {
    fn borrowed(&self) -> Row<'_> {
        let mut row = Row::default();
        for (column, text) in [
            (Column::DeviceId, &self.device_id),
            (Column::Ip, &self.ip),
            (Column::Mac, &self.mac),
            (Column::From, &self.from),
            (Column::To, &self.to),
            (Column::Platform, &self.platform),
            (Column::Owner, &self.owner),
            (Column::HostName, &self.host_name),
        ] {
            if let Some(text) = text {
                row.set(column, text);
            }
        }
        row
    }
}
